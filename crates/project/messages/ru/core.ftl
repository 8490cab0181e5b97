### core: words that every part uses.
### Every key here begins with `core-`. Leading blanks of a text are written {"  "}.

core-log-file = файл журнала { $path } не записывается: { $why }

## Состояния задач.

core-state-pending = ожидает
core-state-in_progress = выполняется
core-state-completed = выполнено
core-state-failed = не удалось
core-state-rolled_back = откачено
