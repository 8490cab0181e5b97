### cli: командная строка.
### Каждый ключ здесь начинается с `cli-`. Пробелы в начале текста пишутся {"  "}.

cli-about = Выполняет список задач проекта силами агента-программиста и переживает любой сбой
cli-examples =
    Примеры:
      codeagent demo                                  посмотреть: работа, SIGKILL, восстановление
      codeagent init                                  конфигурация и первый список задач
      codeagent run --exec 'claude -p {"{"}task_text{"}"}'    выполнить список и выйти
      codeagent status                                что происходит сейчас

    Коды выхода: 0 всё сделано, 1 задача не удалась окончательно, 2 ошибка вызова или конфигурации,
    3 контрольная точка занята, 4 она повреждена, 5 диск, 129/130/143 остановлен сигналом

## Метки и заголовки.

cli-label-error = ошибка
cli-label-hint = подсказка
cli-label-warning = предупреждение
cli-label-note = замечание
cli-heading-usage = Использование
cli-heading-commands = Команды
cli-heading-arguments = Аргументы
cli-heading-options = Параметры
cli-heading-global = Параметры всех команд
cli-usage-options = [ПАРАМЕТРЫ]
cli-usage-command = <КОМАНДА>

## Параметры, которые стоят где угодно.

cli-arg-project = Папка проекта (иначе $PROJECT_DIR, иначе текущая папка)
cli-arg-config = Конфигурация (иначе config/config.yaml в папке проекта)
cli-arg-lang = Язык сообщений: ru или en (иначе `locale` из конфигурации, иначе LANG)
cli-arg-color = Цвета: auto, always или never; auto учитывает NO_COLOR
cli-arg-log-level = Наименее важные строки журнала: debug, info, warning, error или critical
cli-arg-log-format = Строки журнала: text или json
cli-arg-quiet = Только важное: предупреждения и ошибки
cli-arg-verbose = Подробнее: также отладочные строки
cli-arg-help = Эта справка
cli-arg-version = Версия
cli-arg-json = Напечатать один объект JSON
cli-arg-id = ID задачи, как его показывает `codeagent list`
cli-arg-ids = ID задач, как их показывает `codeagent list`

## run, serve

cli-run-about = Выполнять список задач, пока есть что делать, затем выйти
cli-run-examples =
    Примеры:
      codeagent run
      codeagent run --dry-run
      codeagent run --exec './agent.sh {"{"}task_text{"}"}'
cli-run-dry-run = Сказать, что и в каком порядке выполнялось бы, ничего не трогая
cli-run-exec = Команда агента: делится на слова, как в оболочке, но запускается без неё; подставляются {"{"}task_text{"}"}, {"{"}task_id{"}"}, {"{"}task_file{"}"}, {"{"}attempt{"}"}, {"{"}project_dir{"}"}, {"{"}prompt{"}"}, {"{"}heading{"}"}, {"{"}parents{"}"} и {"{"}date{"}"}
cli-run-max-iterations = Не больше стольких проходов по списку
cli-serve-about = То же, но без конца: работает, ждёт изменений списка, работает дальше
cli-serve-examples =
    Примеры:
      codeagent serve
      codeagent serve --project ~/work/shop --log-format json

## Живая строка и конец `run`.

cli-wait-retry = ожидание { $time } перед новой попыткой
cli-wait-between = ожидание { $time } перед следующей задачей
cli-wait-next = делать нечего; новая проверка через { $time }
cli-wait-paused = пауза: слишком много задач подряд не удалось окончательно
cli-run-finished = Выполнено: { $completed } из { $total }; с ошибкой или пропущено: { $failed }{ $left ->
        [0] {""}
       *[other] ; осталось: { $left }
    }
cli-run-nothing = Делать нечего.
cli-run-nothing-more = Делать нечего; с ошибкой или пропущено: { $failed } (`codeagent list --state failed`)
cli-run-would = Будет выполнено:
cli-run-would-wait = через { $time }
cli-run-would-recover = была прервана
cli-run-would-later = после родительской
cli-run-would-not = Не будет выполнено, хотя отметки нет: задача с тем же текстом или ID уже решена (снова выполнит `codeagent retry ID`):

## add, list, show

cli-add-about = Добавить задачу, которой нет ни в одном файле
cli-add-examples =
    Примеры:
      codeagent add 'Написать примечания к выпуску'
      codeagent add --id notes --metadata '{"{"}"area": "docs"{"}"}' 'Написать примечания к выпуску'
      codeagent add - < long-task.txt
cli-add-text = Что сделать; - читает текст со стандартного ввода
cli-add-id = Свой ID: латинские буквы, цифры, точка, подчёркивание и дефис, не больше 64
cli-add-metadata = Объект JSON, который хранится вместе с задачей
cli-add-done = Добавлена { $id }: { $text }
cli-list-about = Показать список задач
cli-list-examples =
    Примеры:
      codeagent list
      codeagent list --state failed
      codeagent list --json
cli-list-state = Только такие: pending (ожидает), in_progress (выполняется), completed (выполнено), failed (не удалось) или rolled_back (откачено)
cli-list-empty = Задач нет.
cli-list-empty-yet = Задач ещё нет: список задач возьмёт первый запуск (его покажет `codeagent run --dry-run`).
cli-log-former-config = Конфигурация не читается, сервер продолжает с прежней: { $error }
cli-list-head-id = ID
cli-list-head-state = СОСТОЯНИЕ
cli-list-head-attempts = ПОПЫТКИ
cli-list-head-text = ЗАДАЧА
cli-show-about = Показать о задаче всё
cli-show-examples =
    Примеры:
      codeagent show task_2c26b46b68ff
      codeagent show task_2c26b46b68ff --json
cli-show-id = ID
cli-show-text = Задача
cli-show-state = Состояние
cli-show-attempts = Попытки
cli-show-started = Начало
cli-show-ended = Конец
cli-show-error = Ошибка
cli-show-steps = Шаги
cli-show-steps-of = { $done } из { $total } выполнено
cli-show-result = Результат
cli-show-metadata = Метаданные
cli-show-waits = повторится через { $time }
cli-show-excused = не в счёт: { $n }
cli-show-crashes = оборвано сбоем: { $n }
cli-final-attempt-limit = исчерпаны попытки
cli-final-crash-limit = исчерпан предел сбоев
cli-final-skipped = пропущена
cli-final-cancelled = отменена
cli-final-uncertain = неизвестно, была ли она выполнена

## status

cli-status-about = Сервер, сессия, счётчики, текущая задача и что восстановил последний запуск
cli-status-examples =
    Примеры:
      codeagent status
      codeagent status --json
cli-status-server = Сервер
cli-status-no-server = не запущен
cli-status-unreachable = работает (процесс { $pid }), но спросить его нельзя: он как раз запускается или завершается, или его сокета нет
cli-status-server-is = { $activity } (`{ $mode }`, процесс { $pid }, уже { $uptime })
cli-activity-working = работает
cli-activity-waiting = ждёт
cli-activity-paused = приостановлен: слишком много задач подряд не удалось окончательно
cli-activity-stopping = останавливается
cli-status-recovered = Восстановлено
cli-status-recovered-is = после некорректного останова: прервано { $interrupted }; { $survivors ->
    [one] завершён { $survivors } процесс
    [few] завершено { $survivors } процесса
   *[other] завершено { $survivors } процессов
} погибшего сервера; не закончено { $incomplete }, с ошибками { $failed }
cli-status-session = Сессия
cli-status-session-of = { $session }, итерация { $iterations }
cli-status-started = Запуск
cli-status-stopped = Останов
cli-status-unclean = последний останов был некорректным: следующий запуск восстановит работу
cli-status-tasks = Задачи
cli-status-pruned = и { $n } выполненных, убранных из контрольной точки
cli-status-current = В работе
cli-status-cut-off = Прервана
cli-status-attempt = попытка { $n }
cli-status-checkpoint = Контрольная точка
cli-status-no-checkpoint = { $path } (файла ещё нет)
cli-ago = { $time } назад
cli-span-seconds = { $s } с
cli-span-minutes = { $min } мин { $s } с
cli-span-hours = { $h } ч { $min } мин
cli-span-days = { $d } д { $h } ч

## log

cli-log-about = Напечатать журнал задачи
cli-log-examples =
    Примеры:
      codeagent log task_2c26b46b68ff
      codeagent log task_2c26b46b68ff --attempt 2
      codeagent log task_2c26b46b68ff --follow
cli-log-follow = Продолжать, пока попытка не закончится
cli-log-attempt = Только эта попытка
cli-log-raw = Как есть, даже на терминале: с цветами и всем, что напечатал агент

## retry, skip, cancel, rollback, stop, restart

cli-retry-about = Выполнить задачу снова: прежние попытки больше не в счёт
cli-retry-examples =
    Примеры:
      codeagent retry task_2c26b46b68ff
      codeagent retry --failed
cli-retry-failed = Все задачи, которые не удались, кроме пропущенных и отменённых
cli-retry-none-failed = Неудавшихся задач нет.
cli-retry-done = { $id } будет выполнена снова. { $text }
cli-skip-about = Не выполнять задачу
cli-skip-examples =
    Пример:
      codeagent skip task_2c26b46b68ff
cli-skip-done = { $id } пропущена. { $text }
cli-cancel-about = Прервать выполняемую задачу и больше к ней не возвращаться
cli-cancel-examples =
    Пример:
      codeagent cancel task_2c26b46b68ff
cli-cancel-done = { $id } отменена. { $text }
cli-rollback-about = Отметить задачу как откаченную (её файлы не трогаются); выполняемая прерывается
cli-rollback-examples =
    Пример:
      codeagent rollback task_2c26b46b68ff
cli-rollback-done = { $id } откачена. { $text }
cli-stop-about = Остановить сервер после текущей задачи
cli-stop-examples =
    Примеры:
      codeagent stop
      codeagent stop --now --wait
cli-stop-wait = Ждать, пока сервер не завершится
cli-stop-now = Прервать текущую задачу; она вернётся в список, а попытка не считается
cli-stop-done = Сервер остановится после текущей задачи.
cli-stop-done-now = Сервер останавливается.
cli-stop-not-waited = Ожидания не будет: задача, которую сервер доводит до конца, и есть та, что просит.
cli-stop-waited = Сервер остановлен.
cli-restart-about = Перезапустить сервер после текущей задачи, перечитав конфигурацию
cli-restart-examples =
    Пример:
      codeagent restart
cli-restart-done = Сервер перезапустится после текущей задачи.

## checkpoint

cli-checkpoint-about = Обслуживание файлов контрольной точки
cli-checkpoint-examples =
    Примеры:
      codeagent checkpoint verify
      codeagent checkpoint export backup.json
      codeagent checkpoint repair
cli-checkpoint-verify-about = Сказать, что в файлах и целы ли они; ничего не меняет
cli-checkpoint-verify-examples =
    Примеры:
      codeagent checkpoint verify
      codeagent checkpoint verify --json
cli-checkpoint-export-about = Записать текущее состояние одним документом JSON
cli-checkpoint-export-examples =
    Примеры:
      codeagent checkpoint export backup.json
      codeagent checkpoint export -
cli-checkpoint-export-file = Файл, которого ещё нет; - означает стандартный вывод
cli-checkpoint-import-about = Взять документ JSON как новое состояние; прежние файлы откладываются
cli-checkpoint-import-examples =
    Пример:
      codeagent checkpoint import backup.json
cli-checkpoint-import-file = Контрольная точка этой реализации или реализации на Python
cli-checkpoint-reset-about = Отложить контрольную точку и начать с пустой
cli-checkpoint-reset-examples =
    Пример:
      codeagent checkpoint reset
cli-checkpoint-repair-about = Спасти из повреждённой контрольной точки всё, что читается; повреждённые файлы сохраняются
cli-checkpoint-repair-examples =
    Пример:
      codeagent checkpoint repair
cli-checkpoint-exported = записана: { $path }
cli-checkpoint-imported = принята: { $path }
cli-checkpoint-whole = Контрольная точка цела: исправлять нечего.
cli-checkpoint-repaired = Исправлено: задач { $tasks }, событий из журналов { $events }. Задач с неясным состоянием: { $uncertain }; они отмечены как неудавшиеся и снова выполняются только по `codeagent retry`
cli-verify-head-file = ФАЙЛ
cli-verify-head-condition = СОСТОЯНИЕ
cli-verify-missing = нет
cli-verify-snapshot = снимок { $epoch }, задач: { $tasks }
cli-verify-saved-by-other = сохранён реализацией на Python или вручную, задач: { $tasks }
cli-verify-document = документ другой программы или сделанный вручную, задач: { $tasks }
cli-verify-journal = журнал { $epoch }, записей: { $records }
cli-verify-journal-torn = журнал { $epoch }, записей: { $records }, неподтверждённых байт в конце: { $bytes }
cli-verify-unused = журнал, которым не пользовались
cli-verify-newer = записан более новой версией ({ $version })
cli-verify-damaged = повреждён: { $what }
cli-verify-whole = Всё подтверждённое на месте; задач: { $tasks }
cli-verify-would-say = Следующий запуск сообщит:

## config, init, completions, demo, help

cli-config-about = Посмотреть конфигурацию
cli-config-examples =
    Примеры:
      codeagent config show
      codeagent config check
cli-config-show-about = Каждое значение и откуда оно взялось
cli-config-show-examples =
    Примеры:
      codeagent config show
      CODEAGENT_SERVER__CHECK_INTERVAL=5 codeagent config show --json
cli-config-check-about = Проверить конфигурацию и сказать, что в ней не так
cli-config-check-examples =
    Пример:
      codeagent config check --config config/config.yaml
cli-config-schema-about = Напечатать JSON Schema конфигурации, для редакторов
cli-config-schema-examples =
    Пример:
      codeagent config schema > codeagent.schema.json
cli-config-head-key = КЛЮЧ
cli-config-head-origin = ОТКУДА
cli-config-head-value = ЗНАЧЕНИЕ
cli-config-default = по умолчанию
cli-config-fine = { $path }: всё в порядке
cli-config-none = в { $dir } нет config/config.yaml: действуют значения по умолчанию
cli-init-about = Записать config/config.yaml с пояснением каждого ключа и первый todo.md; ничего не перезаписывает
cli-init-examples =
    Примеры:
      codeagent init
      codeagent init --project ~/work/shop --lang ru
cli-init-todo =
    # TODO

    - [ ] Замените эту строку первой задачей
cli-init-made = записан: { $path }
cli-init-kept = уже есть, оставлен как был: { $path }
cli-init-next = Дальше: укажите `executor.command` в конфигурации, впишите задачи в список и запустите `codeagent run`.
cli-completions-about = Напечатать дополнение команд для оболочки
cli-completions-examples =
    Примеры:
      codeagent completions bash > ~/.local/share/bash-completion/completions/codeagent
      codeagent completions zsh > ~/.zfunc/_codeagent
      codeagent completions fish > ~/.config/fish/completions/codeagent.fish
cli-completions-shell = bash, zsh, fish, elvish или powershell
cli-demo-about = Посмотреть в деле: восемь мелких задач во временном проекте, SIGKILL на полпути и восстановление
cli-demo-examples =
    Пример:
      codeagent demo
cli-demo-keep = Сохранить временный проект
cli-help-about = Справка о команде
cli-help-examples =
    Пример:
      codeagent help run
cli-help-command = Команда; без неё — общая справка

## Командная строка, которую нельзя понять.

cli-usage-unknown-argument = неизвестный аргумент `{ $arg }`
cli-usage-unknown-command = нет команды `{ $command }`
cli-usage-missing-command = после `{ $command }` нужна команда
cli-usage-missing-value = для `{ $arg }` нужно значение
cli-usage-invalid-value = `{ $value }` не подходит как значение `{ $arg }`
cli-usage-missing-argument = не хватает: { $args }
cli-usage-twice = `{ $arg }` указан дважды
cli-usage-conflict = `{ $arg }` нельзя указать вместе с `{ $other }`
cli-usage-too-many-values = `{ $value }` — лишнее значение для `{ $arg }`
cli-usage-not-utf8 = аргумент не в UTF-8
cli-usage-possible = возможно: { $values }
cli-usage-did-you-mean = может быть, `{ $word }`?
cli-usage-see-help = что возможно, покажет `{ $command } --help`

## Ошибки.

cli-error-output = не удаётся писать в стандартный вывод: { $why }
cli-error-file = { $path }: { $why }
cli-error-exists = { $path } уже есть и не перезаписывается
cli-hint-exists = выберите другое имя
cli-error-no-document = это не контрольная точка; ничего не изменено
cli-error-no-log = журнала задачи { $id } нет
cli-error-no-log-of = журнала попытки { $attempt } задачи { $id } нет
cli-hint-no-log = журнал появляется, когда задача выполнялась, и есть, пока его никто не удалит; хранятся 20 последних и журналы неудавшихся задач
cli-error-no-server = для проекта { $dir } сервер не запущен
cli-hint-no-server = запустите его: `codeagent run` или `codeagent serve`; другую папку называет `--project DIR`
cli-error-no-socket = процесс { $pid } работает над этим проектом, но спросить его нельзя: его сокета нет
cli-hint-no-socket = `kill { $pid }` завершит его так же, как `codeagent stop --now`
cli-error-socket = сервер на { $path } не отвечает: { $what }
cli-error-silent = сервер на { $path } не отвечает уже { $seconds } с
cli-hint-silent = возможно, он приостановлен (SIGSTOP) или завис его диск; очнувшись, он ещё может выполнить запрошенное
cli-hint-socket = возможно, он как раз завершается: повторите; работает ли он, покажет `codeagent status`
cli-error-unknown-task = нет задачи { $id }
cli-hint-unknown-task = все ID показывает `codeagent list`
cli-error-pruned-task = задача { $id } выполнена и удалена из контрольной точки: когда и как, больше не хранится
cli-hint-pruned-task = `codeagent retry { $id }` выполнит её снова; сколько выполненных задач остаётся, задаёт `server.checkpoint.keep_completed_tasks`
cli-error-task-exists = задача { $id } уже есть
cli-hint-task-exists = `codeagent show { $id }` покажет её, `codeagent retry { $id }` выполнит снова
cli-error-still-runs = процесс задачи { $id } не удаётся завершить: pid { $pid }
cli-error-wrong-state = { $verb } для { $id } невозможен: состояние задачи — { $state }
cli-hint-skip-running = выполняемую задачу прерывает `codeagent cancel`
cli-hint-cancel = отменить можно только выполняемую задачу; ожидающую пропускает `codeagent skip`
cli-hint-retry = она уже ждёт или выполняется; подробности покажет `codeagent show`
cli-hint-rollback-pending = у задачи, которая ждёт выполнения, нечего откатывать
cli-error-empty-text = у задачи должен быть текст
cli-error-bad-id = ID — это от 1 до 64 латинских букв, цифр, точек, подчёркиваний и дефисов
cli-error-bad-metadata = метаданные должны быть объектом JSON
cli-error-bad-request = сервер не понимает запрос: { $what }
cli-error-metadata = `--metadata` должно быть объектом JSON: { $why }
cli-hint-metadata = например --metadata '{"{"}"area": "docs"{"}"}'
cli-error-exec = `--exec` не делится на слова: оно пустое или не закрыта кавычка
cli-hint-exec = например --exec './agent.sh {"{"}task_text{"}"}'
cli-error-in-use = контрольная точка занята процессом { $pid }
cli-error-in-use-on = контрольная точка занята процессом { $pid } на { $host }
cli-error-in-use-unknown = контрольная точка занята другим процессом
cli-error-lock = блокировка: { $path }
cli-hint-in-use = над проектом одновременно работает один сервер; работающий остановит `codeagent stop`
cli-error-damaged = контрольная точка повреждена так, что автоматически её не восстановить; ничего не изменено
cli-hint-damaged = `codeagent checkpoint repair` спасёт всё, что читается, и сохранит повреждённые файлы; `codeagent checkpoint import FILE` возьмёт вашу копию
cli-error-nothing-to-salvage = в повреждённой контрольной точке не читается ни одна задача: восстанавливать нечего; ничего не изменено
cli-hint-nothing-to-salvage = `codeagent checkpoint import FILE` возьмёт вашу копию; `codeagent checkpoint reset` начнёт заново и сохранит повреждённые файлы
cli-error-newer = { $path } записан более новой версией ({ $version }); ничего не изменено
cli-hint-newer = используйте ту версию
cli-error-network = { $dir } находится на сетевой файловой системе ({ $kind }), где блокировки и sync могут не действовать
cli-hint-network = держите контрольную точку на локальном диске: `server.checkpoint.checkpoint_file`
cli-error-store = сервер больше не может сохранять состояние: { $what }
cli-error-read = не удаётся { $action } { $path }: { $why }
cli-error-disk = не удаётся { $action } { $path }: { $why }; ничего несохранённого не подтверждено
cli-hint-disk = освободите место или исправьте диск и запустите снова: всё подтверждённое на месте
cli-hint-too-many-files = увеличьте предел открытых файлов (`ulimit -n`) и запустите снова: всё подтверждённое на месте
cli-hint-no-processes = увеличьте предел процессов (`ulimit -u`) или освободите память и запустите снова: всё подтверждённое на месте
cli-hint-not-writable = сделайте папку и её файлы доступными этому пользователю для записи и запустите снова: всё подтверждённое на месте
cli-hint-in-the-way = имя нашего файла или папки занято другим: уберите его и запустите снова
cli-hint-folder-gone = папки больше нет: верните её или создайте новую и запустите снова
cli-hint-not-utf8 = сохраните файл в UTF-8, например `iconv -f CP1251 -t UTF-8`
cli-hint-too-large = разделите список или увеличьте `project.todo_max_bytes`
cli-error-fenced = контрольная точка перешла к другой части этого процесса
cli-error-closed = контрольная точка уже закрыта

## Чего не могут `run` и `serve`.

cli-error-no-executor = исполнитель не настроен: задачи выполнять некому
cli-hint-no-executor = укажите `executor.command` в config/config.yaml (его пишет `codeagent init`) или --exec './agent.sh {"{"}task_text{"}"}'
cli-error-agents-found = агенты, найденные в PATH: { $agents }
cli-error-no-list = в { $dir } нет списка задач
cli-hint-no-list = создайте его (todo.md со строками вида `- [ ] задача`; читаются и todo.txt, todo.yaml, также в папке todo/), или `codeagent init`, или `codeagent add`
cli-error-system = { $what }: { $why }
cli-error-agent-broken = слишком много задач подряд не удалось окончательно: похоже, не работает сам агент
cli-hint-agent-broken = посмотрите `codeagent log ID` одной из них; `codeagent retry ID` выполнит её снова
cli-error-list-missing = список выполнен, но следующий создать не удалось; причина — в строке журнала «Новый список не создан»
cli-hint-list-missing = исправьте `server.auto_todo_generation.command` (или выключите: `enabled: false`) и запустите снова
cli-error-cannot-start = { $why }; ни одна попытка не израсходована
cli-hint-cannot-start = проверьте `--exec` или `executor.command` (`codeagent config show`)
cli-todo-too-large = { $path }: { $bytes } байт больше, чем `project.todo_max_bytes` ({ $limit })
cli-todo-not-utf8 = { $path }:{ $line }: не UTF-8
cli-todo-keeps-changing = { $path }: менялся всё время, пока нужно было поставить отметку

## Что пытались сделать, для `cli-error-disk`.

cli-action-create = создать
cli-action-export = выгрузить
cli-action-keep = сохранить
cli-action-link = создать ссылку на
cli-action-list = прочесть папку
cli-action-lock = заблокировать
cli-action-look-at = осмотреть
cli-action-open = открыть
cli-action-read = прочесть
cli-action-remove = удалить
cli-action-rename = переименовать
cli-action-set-aside = отложить
cli-action-start-a-thread = запустить поток для
cli-action-sync = записать на носитель (sync)
cli-action-write = записать
