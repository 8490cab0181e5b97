### server: what a server says while it works.
### Every key here begins with `server-`. Leading blanks of a text are written {"  "}.

## Start and stop.

server-started = Сервер запущен. Сессия: { $session }
server-stopping = Останов: текущая задача завершается и вернётся в очередь (до { $seconds } с). Ещё раз (Ctrl+C): завершить её сразу
server-stopped = Сервер остановлен. Чистый останов: да
server-checkpoint-off = Контрольные точки выключены (server.checkpoint.enabled: false): после останова ничего не сохранится
server-no-socket = Локальный сокет недоступен, команды не смогут обратиться к этому серверу: { $error }
server-iteration = Итерация { $number }
server-waiting = Нет задач. Следующая проверка через { $seconds } с
server-waiting-retry = Повтор неудачной задачи через { $seconds } с
server-paused = Работа приостановлена. Её продолжит правка списка задач, codeagent retry или codeagent restart
server-asked = Запрошено: { $what }
server-agent-broken = Подряд окончательно не выполнено задач: { $count }. Похоже, сломан сам агент: новые задачи не запускаются
server-pruned = Очищено старых задач: { $count }

## Tasks.

server-task-started = Задача начата: { $id } (попытка { $attempt }) - { $text }
server-task-completed = Задача завершена: { $id } ({ $seconds } с)
server-task-will-retry = Задача завершена с ошибкой: { $id } - { $error }. Повтор через { $delay } с
server-task-given-up = Задача завершена с ошибкой и пропущена: { $id } - { $error }
server-task-deferred = Задача прервана остановом и возвращена в очередь: { $id }
server-task-rolled-back = Задача отмечена как откаченная: { $id }
server-exit-code = код выхода { $code }
server-exit-signal = завершён сигналом { $signal }
server-exit-stopped = остановлен
server-exit-unknown = завершился неизвестно как
server-timed-out = превышено время попытки: прошло { $seconds } с (executor.timeout)
server-idle-timed-out = нет вывода дольше допустимого, прошло { $seconds } с (executor.idle_timeout)

## Why an agent could not be started.

server-command-empty = команда исполнителя пуста
server-command-not-found = программа не найдена: { $program }
server-command-not-executable = программу нельзя запустить: { $program } ({ $error })
server-text-too-long = { $item }: { $bytes } байт, система не принимает столько; передайте текст через {"{"}task_file{"}"} или executor.stdin: prompt
server-text-nul = { $item }: байт NUL, система его не принимает; передайте текст через {"{"}task_file{"}"} или executor.stdin: prompt
server-dir-gone = папки проекта больше нет: { $path }
server-cannot-start = не удалось запустить процесс: { $error }
server-item-argument = аргумент { $number }
server-item-variable = переменная { $name }
server-item-whole = аргументы и окружение вместе
server-item-dir = папка проекта

## The list.

server-list-added = Новых задач в списке: { $count }
server-list-unreadable = Список задач сейчас не читается, работа идёт по прежнему: { $error }
server-sessions-set-aside = Файл сессий был повреждён и сохранён как { $path }; созданные ранее списки больше не учитываются
server-list-held = { $count ->
        [one] { $count } задача отложена, её строки больше нет в списке задач: { $tasks }. Верните строку в список, и работа продолжится, или откажитесь: codeagent skip { $ids }
        [few] { $count } задачи отложены, их строк больше нет в списке задач: { $tasks }. Верните строки в список, и работа продолжится, или откажитесь: codeagent skip { $ids }
       *[other] { $count } задач отложено, их строк больше нет в списке задач: { $tasks }. Верните строки в список, и работа продолжится, или откажитесь: codeagent skip { $ids }
    }
server-boxes-unwritten = Отметки в списке задач не записаны (в контрольной точке они есть): { $error }
server-boxes-marked-again = { $count ->
        [one] У { $count } решённой задачи (с тем же текстом или ID) отметки не было, она ставится: { $ids }. Выполнить ещё раз: codeagent retry ID
       *[other] У { $count } решённых задач (с тем же текстом или ID) отметок не было, они ставятся: { $ids }. Выполнить ещё раз: codeagent retry ID
    }
server-boxes-owed = { $count ->
        [one] Поставлена { $count } отметка, не записанная до останова: { $ids }
        [few] Поставлено { $count } отметки, не записанные до останова: { $ids }
       *[other] Поставлено { $count } отметок, не записанных до останова: { $ids }
    }
server-left-running = { $count ->
        [one] Завершён { $count } процесс, оставленный агентом: { $id }
        [few] Завершено { $count } процесса, оставленных агентом: { $id }
       *[other] Завершено { $count } процессов, оставленных агентом: { $id }
    }
server-ticked-by-hand = Задача отмечена выполненной в списке: { $id }
server-skipped-by-hand = Задача отмечена пропущенной в списке: { $id }

## Generation of a new list.

server-generation-started = Список выполнен, создаётся новый
server-generation-done = Создан новый список, задач: { $count }
server-generation-failed = Новый список не создан: { $error }
server-generation-no-list = команда завершилась успешно, но файла нет: { $path }
server-generation-limit = Достигнут предел новых списков за сессию (max_generations_per_session)

## Status file and task logs.

server-status-title = Статус проекта
server-status-history = История выполнения
server-status-completed = Выполнено
server-status-failed = Не выполнено
server-status-rolled-back = Откачено
server-status-unwritten = Файл статуса не записан: { $path }: { $error }
server-log-unwritten = Журнал задачи не записан: { $error }

## Files of the checkpoint.

server-store-created = Создана новая контрольная точка
server-store-reset = Файлы контрольной точки удалены: начата новая, оставшиеся файлы отложены ({ $count })
server-store-load-error = Ошибка загрузки checkpoint: { $reason }
server-store-trying-backup = Попытка восстановления из backup файла
server-store-restored = Успешно восстановлено из backup
server-store-main-missing = файла нет
server-store-main-older = файл старше резервной копии
server-store-set-aside = Файл { $from } отложен как { $to }: { $why }
server-store-replayed = Из журнала восстановлено изменений: { $count }
server-store-torn = Отброшен недописанный конец журнала: { $bytes } байт, ничего подтверждённого в нём нет
server-store-imported = Принят файл контрольной точки другой программы
server-store-saved-by-other = Файл контрольной точки сохранён другой программой и принят. Выполненных задач, о которых она не знала: { $count }; повторно они не запустятся
server-store-completions-kept = Выполненных задач, которые в импортированном файле выполненными не были: { $count }; они остаются выполненными и повторно не запустятся (заново запускает codeagent retry)
server-store-completions-unread = Повреждённая контрольная точка прочитана лишь частично: что было выполнено в нечитаемой части, неизвестно, и оно может запуститься повторно. Невыполненных задач импорта, которых это может касаться: { $count }; перед запуском посмотрите codeagent status (codeagent skip пропустит задачу)
server-store-recreated = Файлы контрольной точки были удалены во время работы и записаны заново, ничего не потеряно
server-store-recreated-beside-unread = Файлы контрольной точки были удалены во время работы и записаны заново. Чужие файлы на их месте прочитать не удалось, они отложены: добавленных туда задач среди задач нет
server-store-tasks-taken-over = Принято задач, добавленных, пока файлы контрольной точки были удалены: { $count }
server-aside-damaged = повреждён или изменён вручную (изменённый вручную можно принять: codeagent checkpoint import)
server-aside-older = старше того, что есть
server-aside-foreign = другая программа положила его на место нашего
server-aside-reset = сброс
server-aside-replaced = его место занял импорт
server-aside-repaired = прочитан при починке
