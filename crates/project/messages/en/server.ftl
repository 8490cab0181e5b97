### server: what a server says while it works.
### Every key here begins with `server-`. Leading blanks of a text are written {"  "}.

## Start and stop.

server-started = Server started. Session: { $session }
server-stopping = Stopping: the running task is ended and put back (up to { $seconds } s). Once more (Ctrl+C) ends it at once
server-stopped = Server stopped. Clean stop: yes
server-checkpoint-off = Checkpoints are off (server.checkpoint.enabled: false): nothing will survive the end
server-no-socket = No local socket, commands cannot reach this server: { $error }
server-iteration = Iteration { $number }
server-waiting = Nothing to do. Next look in { $seconds } s
server-waiting-retry = A failed task is tried again in { $seconds } s
server-paused = Paused. An edit of the list, codeagent retry or codeagent restart goes on
server-asked = Asked for: { $what }
server-agent-broken = { $count } tasks in a row failed for good. The agent itself seems to be broken: no new task is started
server-pruned = Old tasks pruned: { $count }

## Tasks.

server-task-started = Task started: { $id } (attempt { $attempt }) - { $text }
server-task-completed = Task completed: { $id } ({ $seconds } s)
server-task-will-retry = Task failed: { $id } - { $error }. Next attempt in { $delay } s
server-task-given-up = Task failed for good and is skipped: { $id } - { $error }
server-task-deferred = Task interrupted by the stop and put back: { $id }
server-task-rolled-back = Task marked as rolled back: { $id }
server-exit-code = exit code { $code }
server-exit-signal = ended by signal { $signal }
server-exit-stopped = stopped
server-exit-unknown = ended, nobody knows how
server-timed-out = no end within the attempt's time, { $seconds } s (executor.timeout)
server-idle-timed-out = no output for too long, { $seconds } s after the start (executor.idle_timeout)

## Why an agent could not be started.

server-command-empty = the executor's command is empty
server-command-not-found = program not found: { $program }
server-command-not-executable = program cannot be executed: { $program } ({ $error })
server-text-too-long = { $item }: { $bytes } bytes are more than the system takes; hand the text over by {"{"}task_file{"}"} or executor.stdin: prompt
server-text-nul = { $item }: a NUL byte, which the system does not take; hand the text over by {"{"}task_file{"}"} or executor.stdin: prompt
server-dir-gone = the project folder is gone: { $path }
server-cannot-start = no process could be started: { $error }
server-item-argument = argument { $number }
server-item-variable = variable { $name }
server-item-whole = arguments and environment together
server-item-dir = the project folder

## The list.

server-list-added = New tasks in the list: { $count }
server-list-unreadable = The TODO list cannot be read just now, going on by what it said before: { $error }
server-sessions-set-aside = The file of sessions was damaged and is kept as { $path }; lists generated so far are not counted any more
server-list-held = { $count ->
        [one] A task is held: its line is gone from the TODO list: { $tasks }. Put the line back and it is worked, or give the task up: codeagent skip { $ids }
       *[other] { $count } tasks are held: their lines are gone from the TODO list: { $tasks }. Put the lines back and they are worked, or give the tasks up: codeagent skip { $ids }
    }
server-boxes-unwritten = Boxes of the TODO list were not written (the checkpoint has them): { $error }
server-boxes-marked-again = { $count ->
        [one] A box was open though its task, of the same text or id, is settled; it is marked: { $ids }. To run it again: codeagent retry ID
       *[other] { $count } boxes were open though their tasks, of the same text or id, are settled; they are marked: { $ids }. To run one again: codeagent retry ID
    }
server-boxes-owed = { $count ->
        [one] A box is marked that was owed since before the stop: { $ids }
       *[other] { $count } boxes are marked that were owed since before the stop: { $ids }
    }
server-left-running = { $count ->
        [one] Ended a process that the agent had left running: { $id }
       *[other] Ended { $count } processes that the agent had left running: { $id }
    }
server-ticked-by-hand = Task ticked as done in the list: { $id }
server-skipped-by-hand = Task marked as skipped in the list: { $id }

## Generation of a new list.

server-generation-started = The list is done, a new one is being written
server-generation-done = New list written, tasks: { $count }
server-generation-failed = No new list: { $error }
server-generation-no-list = the command succeeded, but there is no file: { $path }
server-generation-limit = This session may not write another list (max_generations_per_session)

## Status file and task logs.

server-status-title = Project status
server-status-history = History
server-status-completed = Completed
server-status-failed = Failed
server-status-rolled-back = Rolled back
server-status-unwritten = The status file was not written: { $path }: { $error }
server-log-unwritten = A task log was not written: { $error }

## Files of the checkpoint.

server-store-created = A new checkpoint was created
server-store-reset = The checkpoint files were deleted: a new one begins, what was left is set aside ({ $count })
server-store-load-error = Cannot load the checkpoint: { $reason }
server-store-trying-backup = Trying the backup file
server-store-restored = Restored from the backup
server-store-main-missing = there is no file
server-store-main-older = the file is older than the backup
server-store-set-aside = { $from } was set aside as { $to }: { $why }
server-store-replayed = Transitions replayed from the journal: { $count }
server-store-torn = The torn end of the journal was dropped: { $bytes } bytes, nothing acknowledged is in it
server-store-imported = The checkpoint file of another program was taken over
server-store-saved-by-other = The checkpoint file was saved by another program and taken over. Completed tasks that it did not know: { $count }; they will not run again
server-store-completions-kept = Completed tasks that the imported file did not know as such: { $count }; they stay completed and will not run again (codeagent retry runs one anew)
server-store-completions-unread = The damaged checkpoint could be read only in part: what was completed in the unreadable part is not known, and may run again. Open tasks of the import that this may concern: { $count }; see codeagent status before you start (codeagent skip leaves one out)
server-store-recreated = The checkpoint files were deleted during the work and written anew, nothing was lost
server-store-recreated-beside-unread = The checkpoint files were deleted during the work and written anew. Files of another writer that lay in their place can't be read and were set aside: tasks that were added there are not in the list of tasks
server-store-tasks-taken-over = Tasks that were added while the checkpoint files were deleted, and were taken over: { $count }
server-aside-damaged = damaged, or edited by hand (the latter can be taken over: codeagent checkpoint import)
server-aside-older = older than what there is
server-aside-foreign = another program has put it in the place of ours
server-aside-reset = reset
server-aside-replaced = an import has taken its place
server-aside-repaired = read by a repair
