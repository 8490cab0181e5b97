### todo: TODO list, status file, sessions, task logs.
### Every key here begins with `todo-`. Leading blanks of a text are written {"  "}.
