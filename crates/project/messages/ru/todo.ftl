### todo: TODO list, status file, sessions, task logs.
### Every key here begins with `todo-`. Leading blanks of a text are written {"  "}.

## Что может быть не так со списком; перед большинством сообщений стоят файл и место.

todo-error-io = { $path }: { $error }
todo-error-too-large = { $path }: { $bytes } байт больше, чем разрешает project.todo_max_bytes ({ $limit })
todo-error-not-utf8 = { $path }:{ $line }: с этой строки текст не в UTF-8
todo-error-keeps-changing = { $path }: файл всё время кто-то меняет, отметку поставить не удалось
todo-notice-not-a-file = имя списка задач носит папка, канал или устройство; пропущено
todo-notice-dangling-link = символическая ссылка никуда не ведёт; пропущена
todo-notice-unclosed-fence = блок кода не закрыт: всё после этой строки считается кодом, а не задачами
todo-notice-unclosed-comment = комментарий HTML не закрыт: всё после этой строки считается комментарием
todo-notice-bad-id = id состоит из 1–64 латинских букв, цифр, точек, подчёркиваний и дефисов: этот не принят, задача опознаётся по тексту
todo-notice-marks-differ = в другом месте у задачи другая отметка: «выполнено» важнее «пропущено», а оно важнее открытой
todo-notice-same-id = этот id уже дан другому тексту: это одна задача, выполняется только первый текст
todo-notice-same-text = такой же текст стоит выше: это одна задача, выполняемая один раз; чтобы задача стала отдельной, допишите `<!-- id: ИМЯ -->` (в YAML — `id:`)
todo-notice-too-deep = вложенность больше 64 уровней: более глубокие задачи считаются детьми 64-го
todo-notice-no-text = у элемента нет текста, он пропущен: напишите `- текст` или, с другими ключами, `- text: …`
todo-notice-list-in-list = список на месте задачи пропущен: подзадачи пишутся под `children:` своей задачи
todo-notice-bad-flag = ни true, ни false; считается за false
todo-notice-looks-like-task = похоже на задачу, но не читается как задача: напишите `- [ ] …`
todo-notice-no-text-key = у элемента нет ни `text:`, ни `task:`, он пропущен: напишите, что сделать, как `text: …`
todo-notice-means-flag = этот ключ не читается: что задача решена, говорит `done: true` или `skipped: true`
todo-notice-means-children = то, что стоит под этим ключом, не читается; возможно, имелся в виду список под `children:`?
todo-notice-more = и отсюда ещё { $count } таких же
todo-notice-no-tasks = нет списка: ни под `tasks:` или `todo:`, ни самого по себе; в этом файле нет задач
todo-notice-cannot-edit = отметку здесь нельзя поставить, не переписав лишнего; поставьте её вручную
