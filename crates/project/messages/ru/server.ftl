### server: the server: banner, iterations, tasks.
### Every key here begins with `server-`. Leading blanks of a text are written {"  "}.
