### report: the recovery report and what the checkpoint says.
### Every key here begins with `report-`. Leading blanks of a text are written {"  "}.
