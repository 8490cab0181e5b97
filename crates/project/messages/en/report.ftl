### report: the recovery report.
### Every key here begins with `report-`. Leading blanks of a text are written {"  "}.

report-unclean = THE SERVER DID NOT STOP CLEANLY
report-last-start = Last start: { $time }
report-last-stop = Last stop: { $time }
report-session = Session: { $id }
report-iterations = Iterations done: { $count }
report-interrupted = Interrupted task: { $text }
report-id = {"  "}- ID: { $id }
report-attempts = {"  "}- Attempts: { $count }
report-began = {"  "}- Started: { $time }
report-reset = The interrupted task was reset and will run again
report-given-up = The task was cut off by { $crashes } crashes and is not started by itself any more (codeagent retry puts it back)
report-still-there = A process of the task cannot be ended: the task is not started again while it lives
report-unfinished = Unfinished tasks: { $count }
report-unfinished-task = {"  "}- { $text } (state: { $state })
report-more = {"  "}… { $count } more
report-failed = Failed tasks: { $count }
report-continues = The server goes on from the last checkpoint
report-was-clean = The previous stop was clean
report-nothing-to-recover = Nothing to recover
report-goes-on = Going on from the last iteration
report-survivor-ended = Ended a process that the previous server had left: pid { $pid }, { $command }
report-survivor-stays = A process that the previous server had left cannot be ended: pid { $pid }, { $command }
report-survivors-of-new = The checkpoint is new, yet an earlier server of this folder had left processes at work
report-survivors-of-clean = The checkpoint tells of a clean stop, yet an earlier server of this folder had left processes at work
report-status = Recovered from a crash. Unfinished tasks: { $count }
