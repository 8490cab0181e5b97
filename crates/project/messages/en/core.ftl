### core: words that every part uses.
### Every key here begins with `core-`. Leading blanks of a text are written {"  "}.

core-log-file = the log file { $path } cannot be written: { $why }
