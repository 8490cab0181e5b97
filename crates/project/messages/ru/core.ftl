### core: words that every part uses.
### Every key here begins with `core-`. Leading blanks of a text are written {"  "}.

core-log-file = файл журнала { $path } не записывается: { $why }
