### cli: the command line.
### Every key here begins with `cli-`. Leading blanks of a text are written {"  "}.
