### python: журнал и ошибки пакета для Python.
### Every key here begins with `python-`. Leading blanks of a text are written {"  "}.

## Журнал, логгер codeagent.checkpoint_manager.

python-opened = Контрольная точка открыта: { $path }
python-opened-read-only = Контрольная точка открыта только для чтения: { $path }
python-former-default = Здесь начата новая контрольная точка. { $path } лежит там, где её хранила реализация на Python, и не читается; продолжить с ней: checkpoint_file="{ $name }"
python-server-stopped = Сервер остановлен. Чистый останов: { $clean }
python-yes = да
python-no = нет
python-task-added = Задача добавлена: { $id }
python-task-started = Задача начата: { $id } (попытка { $attempt })
python-task-completed = Задача завершена: { $id }
python-task-failed = Задача завершена с ошибкой: { $id } - { $error }
python-task-put-back = Выполнение прервано, задача вернулась в очередь: { $id }
python-task-retried = Задача снова в очереди: { $id }
python-step-done = Шаг { $step } из { $total } выполнен: { $id }
python-cleared = Очищено старых задач: { $count }
python-known-result = Уже выполнено, взят сохранённый результат: { $id }

## Отказы: ничего не изменено.

python-unknown-task = Нет задачи { $id }: ничего не изменено
python-task-exists = Задача { $id } уже есть: ничего не изменено
python-wrong-state = Действие { $verb } с задачей { $id } невозможно, её состояние { $state }: ничего не изменено
python-given-up = Задача { $id } больше не выполняется ({ $reason }): ничего не изменено
python-empty-text = У задачи должен быть текст: ничего не изменено
python-bad-step = Нет шага { $step } из { $total }: ничего не изменено

## Ошибки.

python-error-read = операция { $action } с { $path } не удалась: { $why }
python-error-disk = операция { $action } с { $path } не удалась: { $why }; ничего несохранённого не подтверждено
python-error-taken-over = более новый CheckpointManager этого процесса открыл тот же файл; этот больше ничего не запишет
python-error-forked = этот CheckpointManager принадлежит родительскому процессу; откройте в потомке свой (read_only=True, пока работает родитель)
python-error-read-only = контрольная точка открыта только для чтения
python-error-result-cleared = задача { $id } выполнена, но её результат удалён из контрольной точки (clear_old_tasks); снова её выполнит retry_task("{ $id }", "{ $text }")
python-hint-read-only = читать можно и сейчас: read_only=True
python-sessions-set-aside = Файл сессий повреждён и отложен как { $path }
python-log-closed = Журнал закрыт
