### core: words that every part uses.
### Every key here begins with `core-`. Leading blanks of a text are written {"  "}.

core-log-file = the log file { $path } cannot be written: { $why }

## The states of tasks: the guide's names, as `--state` and `--json` have them.

core-state-pending = pending
core-state-in_progress = in_progress
core-state-completed = completed
core-state-failed = failed
core-state-rolled_back = rolled_back
