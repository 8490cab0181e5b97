### python: log and errors of the package for Python.
### Every key here begins with `python-`. Leading blanks of a text are written {"  "}.

## The log, logger codeagent.checkpoint_manager.

python-opened = Checkpoint opened: { $path }
python-opened-read-only = Checkpoint opened for reading only: { $path }
python-former-default = A new checkpoint is begun here. { $path } lies where the Python implementation kept its own, and is not read; to go on with it: checkpoint_file="{ $name }"
python-server-stopped = Server stopped. Clean stop: { $clean }
python-yes = yes
python-no = no
python-task-added = Task added: { $id }
python-task-started = Task started: { $id } (attempt { $attempt })
python-task-completed = Task completed: { $id }
python-task-failed = Task failed: { $id } - { $error }
python-task-put-back = The attempt was interrupted, the task is pending again: { $id }
python-task-retried = Task pending again: { $id }
python-step-done = Step { $step } of { $total } done: { $id }
python-cleared = Old tasks cleared: { $count }
python-known-result = Completed before, the stored result is taken: { $id }

## Refusals: nothing was changed.

python-unknown-task = There is no task { $id }: nothing was changed
python-task-exists = There is a task { $id } already: nothing was changed
python-wrong-state = Cannot { $verb } task { $id }, it is { $state }: nothing was changed
python-given-up = Task { $id } is not worked any more ({ $reason }): nothing was changed
python-empty-text = A task needs a text: nothing was changed
python-bad-step = There is no step { $step } of { $total }: nothing was changed

## Errors.

python-error-read = cannot { $action } { $path }: { $why }
python-error-disk = cannot { $action } { $path }: { $why }; nothing unsaved was acknowledged
python-error-taken-over = a newer CheckpointManager of this process has opened the same file; this one writes no more
python-error-forked = this CheckpointManager belongs to the parent process; open one of your own in the child (read_only=True while the parent works)
python-error-read-only = the checkpoint is open for reading only
python-error-result-cleared = task { $id } is completed, but its result was cleared from the checkpoint (clear_old_tasks); retry_task("{ $id }", "{ $text }") has it run again
python-hint-read-only = read_only=True can read it meanwhile
python-sessions-set-aside = The sessions file is damaged and was set aside as { $path }
python-log-closed = Log closed
