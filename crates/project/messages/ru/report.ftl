### report: the recovery report. The guide's words, to the letter: scripts look for them.
### Every key here begins with `report-`. Leading blanks of a text are written {"  "}.

report-unclean = ОБНАРУЖЕН НЕКОРРЕКТНЫЙ ОСТАНОВ СЕРВЕРА
report-last-start = Последний запуск: { $time }
report-last-stop = Последний останов: { $time }
report-session = Сессия: { $id }
report-iterations = Итераций выполнено: { $count }
report-interrupted = Прерванная задача: { $text }
report-id = {"  "}- ID: { $id }
report-attempts = {"  "}- Попыток: { $count }
report-began = {"  "}- Начало: { $time }
report-reset = Прерванная задача сброшена для повторного выполнения
report-given-up = Задача прервана сбоем уже { $crashes } раз и больше не запускается сама (codeagent retry вернёт её в очередь)
report-still-there = Процесс задачи не удаётся завершить: задача не будет запущена снова, пока он жив
report-unfinished = Незавершенных задач: { $count }
report-unfinished-task = {"  "}- { $text } (состояние: { $state })
report-more = {"  "}… ещё { $count }
report-failed = Задач с ошибками: { $count }
report-continues = Сервер продолжит работу с последней контрольной точки
report-was-clean = Предыдущий останов был корректным
report-nothing-to-recover = Восстановление не требуется
report-goes-on = Продолжение с последней итерации
report-survivor-ended = Завершён процесс, оставшийся от прежнего сервера: pid { $pid }, { $command }
report-survivor-stays = Процесс, оставшийся от прежнего сервера, не удалось завершить: pid { $pid }, { $command }
report-survivors-of-new = Контрольная точка новая, но в этой папке ещё работали процессы прежнего сервера
report-survivors-of-clean = Контрольная точка говорит о корректном останове, но в этой папке ещё работали процессы прежнего сервера
report-status = Восстановление после сбоя. Незавершенных задач: { $count }
