### cli: the command line.
### Every key here begins with `cli-`. Leading blanks of a text are written {"  "}.

cli-about = Works through a project's TODO list with a coding agent, and survives every crash
cli-examples =
    Examples:
      codeagent demo                                  see it work, be killed and recover
      codeagent init                                  a configuration and a first TODO list
      codeagent run --exec 'claude -p {"{"}task_text{"}"}'    work through the list, then exit
      codeagent status                                what happens just now

    Exit codes: 0 done, 1 a task failed for good, 2 bad usage or configuration, 3 checkpoint in use,
    4 checkpoint damaged, 5 disk, 129/130/143 stopped by a signal

## Labels and headings.

cli-label-error = error
cli-label-hint = hint
cli-label-warning = warning
cli-label-note = note
cli-heading-usage = Usage
cli-heading-commands = Commands
cli-heading-arguments = Arguments
cli-heading-options = Options
cli-heading-global = Options of every command
cli-usage-options = [OPTIONS]
cli-usage-command = <COMMAND>

## Flags that stand anywhere.

cli-arg-project = The project folder (else $PROJECT_DIR, else the current folder)
cli-arg-config = The configuration (else config/config.yaml in the project folder)
cli-arg-lang = Language of messages: ru or en (else `locale` of the configuration, else LANG)
cli-arg-color = Colours: auto, always or never; auto honours NO_COLOR
cli-arg-log-level = Least grave log lines: debug, info, warning, error or critical
cli-arg-log-format = Log lines as text or json
cli-arg-quiet = Say only what matters: warnings and errors
cli-arg-verbose = Say more: debug lines too
cli-arg-help = This help
cli-arg-version = The version
cli-arg-json = Print one JSON object
cli-arg-id = The task's id, as `codeagent list` shows it
cli-arg-ids = The tasks' ids, as `codeagent list` shows them

## run, serve

cli-run-about = Work through the TODO list until nothing is left to do, then exit
cli-run-examples =
    Examples:
      codeagent run
      codeagent run --dry-run
      codeagent run --exec './agent.sh {"{"}task_text{"}"}'
cli-run-dry-run = Say what would run, in this order, and touch nothing
cli-run-exec = The agent's command, split like a shell does and run without one; {"{"}task_text{"}"}, {"{"}task_id{"}"}, {"{"}task_file{"}"}, {"{"}attempt{"}"}, {"{"}project_dir{"}"}, {"{"}prompt{"}"}, {"{"}heading{"}"}, {"{"}parents{"}"} and {"{"}date{"}"} are put in
cli-run-max-iterations = Passes over the list at most
cli-serve-about = The same, for ever: works, waits for changes of the list, works on
cli-serve-examples =
    Examples:
      codeagent serve
      codeagent serve --project ~/work/shop --log-format json

## The live line and the end of `run`.

cli-wait-retry = waiting { $time } before another attempt
cli-wait-between = waiting { $time } before the next task
cli-wait-next = nothing to do; looking again in { $time }
cli-wait-paused = paused: too many tasks in a row failed for good
cli-run-finished = Done: { $completed } of { $total }; failed or skipped: { $failed }{ $left ->
        [0] {""}
       *[other] ; left: { $left }
    }
cli-run-nothing = Nothing to do.
cli-run-nothing-more = Nothing to do; failed or skipped: { $failed } (`codeagent list --state failed`)
cli-run-would = Would run:
cli-run-would-wait = in { $time }
cli-run-would-recover = was interrupted
cli-run-would-later = after its parent
cli-run-would-not = Would not run, though the box is open: the task, of the same text or id, is settled (`codeagent retry ID` runs it again):

## add, list, show

cli-add-about = Add a task that stands in no file
cli-add-examples =
    Examples:
      codeagent add 'Write the release notes'
      codeagent add --id notes --metadata '{"{"}"area": "docs"{"}"}' 'Write the release notes'
      codeagent add - < long-task.txt
cli-add-text = What is to be done; - reads it from standard input
cli-add-id = An id of your own: letters, digits, dot, underscore and hyphen, at most 64
cli-add-metadata = A JSON object that is kept with the task
cli-add-done = Added { $id }: { $text }
cli-list-about = List the tasks
cli-list-examples =
    Examples:
      codeagent list
      codeagent list --state failed
      codeagent list --json
cli-list-state = Only these: pending, in_progress, completed, failed or rolled_back
cli-list-empty = No tasks.
cli-list-empty-yet = No tasks yet: the first run takes the TODO list over (`codeagent run --dry-run` shows it).
cli-log-former-config = The configuration cannot be read, the server goes on with the former one: { $error }
cli-list-head-id = ID
cli-list-head-state = STATE
cli-list-head-attempts = ATTEMPTS
cli-list-head-text = TASK
cli-show-about = Show everything about a task
cli-show-examples =
    Examples:
      codeagent show task_2c26b46b68ff
      codeagent show task_2c26b46b68ff --json
cli-show-id = Id
cli-show-text = Task
cli-show-state = State
cli-show-attempts = Attempts
cli-show-started = Started
cli-show-ended = Ended
cli-show-error = Error
cli-show-steps = Steps
cli-show-steps-of = { $done } of { $total } done
cli-show-result = Result
cli-show-metadata = Metadata
cli-show-waits = tried again in { $time }
cli-show-excused = { $n } excused
cli-show-crashes = { $n } cut off by a crash
cli-final-attempt-limit = the attempt limit is reached
cli-final-crash-limit = the limit of crashes is reached
cli-final-skipped = skipped
cli-final-cancelled = cancelled
cli-final-uncertain = whether it was done is uncertain

## status

cli-status-about = Server, session, counts, the current task, and what the last start recovered
cli-status-examples =
    Examples:
      codeagent status
      codeagent status --json
cli-status-server = Server
cli-status-no-server = not running
cli-status-unreachable = runs (process { $pid }), but cannot be asked: it is just starting or ending, or its socket is gone
cli-status-server-is = { $activity } (`{ $mode }`, process { $pid }, for { $uptime })
cli-activity-working = working
cli-activity-waiting = waiting
cli-activity-paused = paused: too many tasks in a row failed for good
cli-activity-stopping = stopping
cli-status-recovered = Recovered
cli-status-recovered-is = after an unclean stop: interrupted { $interrupted }; { $survivors ->
    [one] { $survivors } process
   *[other] { $survivors } processes
} of the dead server ended; { $incomplete } unfinished, { $failed } failed
cli-status-session = Session
cli-status-session-of = { $session }, iteration { $iterations }
cli-status-started = Started
cli-status-stopped = Stopped
cli-status-unclean = the last stop was not clean: the next start recovers
cli-status-tasks = Tasks
cli-status-pruned = and { $n } completed ones that left the checkpoint
cli-status-current = At work
cli-status-cut-off = Cut off
cli-status-attempt = attempt { $n }
cli-status-checkpoint = Checkpoint
cli-status-no-checkpoint = { $path } (does not exist yet)
cli-ago = { $time } ago
cli-span-seconds = { $s } s
cli-span-minutes = { $min } min { $s } s
cli-span-hours = { $h } h { $min } min
cli-span-days = { $d } d { $h } h

## log

cli-log-about = Print the log of a task
cli-log-examples =
    Examples:
      codeagent log task_2c26b46b68ff
      codeagent log task_2c26b46b68ff --attempt 2
      codeagent log task_2c26b46b68ff --follow
cli-log-follow = Go on until the attempt ends
cli-log-attempt = Only this attempt
cli-log-raw = As it is, also on a terminal: colours and whatever else the agent printed

## retry, skip, cancel, rollback, stop, restart

cli-retry-about = Run a task again: its earlier attempts no longer count
cli-retry-examples =
    Examples:
      codeagent retry task_2c26b46b68ff
      codeagent retry --failed
cli-retry-failed = All tasks that failed, but not those that were skipped or cancelled
cli-retry-none-failed = No task has failed.
cli-retry-done = { $id } will run again. { $text }
cli-skip-about = Don't run a task
cli-skip-examples =
    Example:
      codeagent skip task_2c26b46b68ff
cli-skip-done = { $id } is skipped. { $text }
cli-cancel-about = End a running task and give it up
cli-cancel-examples =
    Example:
      codeagent cancel task_2c26b46b68ff
cli-cancel-done = { $id } is cancelled. { $text }
cli-rollback-about = Mark a task as rolled back (its files are not touched); one that runs is ended
cli-rollback-examples =
    Example:
      codeagent rollback task_2c26b46b68ff
cli-rollback-done = { $id } is rolled back. { $text }
cli-stop-about = Stop the server after its current task
cli-stop-examples =
    Examples:
      codeagent stop
      codeagent stop --now --wait
cli-stop-wait = Wait until the server has ended
cli-stop-now = End the current task; it goes back to the list and the attempt does not count
cli-stop-done = The server stops after its current task.
cli-stop-not-waited = Not waited for: the task that the server lets finish is the one that asks.
cli-stop-waited = The server has ended.
cli-stop-done-now = The server stops now.
cli-restart-about = Restart the server after its current task, with the configuration read anew
cli-restart-examples =
    Example:
      codeagent restart
cli-restart-done = The server restarts after its current task.

## checkpoint

cli-checkpoint-about = Look after the checkpoint files
cli-checkpoint-examples =
    Examples:
      codeagent checkpoint verify
      codeagent checkpoint export backup.json
      codeagent checkpoint repair
cli-checkpoint-verify-about = Say what the files hold and whether they are whole; changes nothing
cli-checkpoint-verify-examples =
    Examples:
      codeagent checkpoint verify
      codeagent checkpoint verify --json
cli-checkpoint-export-about = Write the present state as one JSON document
cli-checkpoint-export-examples =
    Examples:
      codeagent checkpoint export backup.json
      codeagent checkpoint export -
cli-checkpoint-export-file = A file that does not exist yet; - is standard output
cli-checkpoint-import-about = Take a JSON document as the new state; the old files are set aside
cli-checkpoint-import-examples =
    Example:
      codeagent checkpoint import backup.json
cli-checkpoint-import-file = A checkpoint of this or of the Python implementation
cli-checkpoint-reset-about = Set the checkpoint aside and start with an empty one
cli-checkpoint-reset-examples =
    Example:
      codeagent checkpoint reset
cli-checkpoint-repair-about = Save what is readable of a damaged checkpoint; the damaged files are kept
cli-checkpoint-repair-examples =
    Example:
      codeagent checkpoint repair
cli-checkpoint-exported = written: { $path }
cli-checkpoint-imported = taken over: { $path }
cli-checkpoint-whole = The checkpoint is whole: nothing to repair.
cli-checkpoint-repaired = Repaired: { $tasks } tasks, { $events } events from journals. Tasks whose state is uncertain: { $uncertain }; they are failed and run again only by `codeagent retry`
cli-verify-head-file = FILE
cli-verify-head-condition = CONDITION
cli-verify-missing = missing
cli-verify-snapshot = snapshot { $epoch }, tasks: { $tasks }
cli-verify-saved-by-other = saved by the Python implementation or by hand, tasks: { $tasks }
cli-verify-document = a document of another program or made by hand, tasks: { $tasks }
cli-verify-journal = journal { $epoch }, records: { $records }
cli-verify-journal-torn = journal { $epoch }, records: { $records }, bytes at its end that were never acknowledged: { $bytes }
cli-verify-unused = a journal that was never used
cli-verify-newer = made by a newer version ({ $version })
cli-verify-damaged = damaged: { $what }
cli-verify-whole = Everything that was acknowledged is there; tasks: { $tasks }
cli-verify-would-say = The next start will say:

## config, init, completions, demo, help

cli-config-about = Look at the configuration
cli-config-examples =
    Examples:
      codeagent config show
      codeagent config check
cli-config-show-about = Every value and where it comes from
cli-config-show-examples =
    Examples:
      codeagent config show
      CODEAGENT_SERVER__CHECK_INTERVAL=5 codeagent config show --json
cli-config-check-about = Check the configuration and say what is wrong with it
cli-config-check-examples =
    Example:
      codeagent config check --config config/config.yaml
cli-config-schema-about = Print the JSON Schema of the configuration, for editors
cli-config-schema-examples =
    Example:
      codeagent config schema > codeagent.schema.json
cli-config-head-key = KEY
cli-config-head-origin = FROM
cli-config-head-value = VALUE
cli-config-default = default
cli-config-fine = { $path }: fine
cli-config-none = { $dir } has no config/config.yaml: the defaults count
cli-init-about = Write config/config.yaml with every key explained, and a first todo.md; overwrites nothing
cli-init-examples =
    Examples:
      codeagent init
      codeagent init --project ~/work/shop --lang en
cli-init-todo =
    # TODO

    - [ ] Replace this line by the first task
cli-init-made = written: { $path }
cli-init-kept = is there, left as it is: { $path }
cli-init-next = Next: set `executor.command` in the configuration, write your tasks into the list, then `codeagent run`.
cli-completions-about = Print completions for a shell
cli-completions-examples =
    Examples:
      codeagent completions bash > ~/.local/share/bash-completion/completions/codeagent
      codeagent completions zsh > ~/.zfunc/_codeagent
      codeagent completions fish > ~/.config/fish/completions/codeagent.fish
cli-completions-shell = bash, zsh, fish, elvish or powershell
cli-demo-about = See it work: eight small tasks in a scratch project, a SIGKILL half-way, and the recovery
cli-demo-examples =
    Example:
      codeagent demo
cli-demo-keep = Keep the scratch project
cli-help-about = Help for a command
cli-help-examples =
    Example:
      codeagent help run
cli-help-command = The command; none for the overview

## A command line that makes no sense.

cli-usage-unknown-argument = unknown argument `{ $arg }`
cli-usage-unknown-command = there is no command `{ $command }`
cli-usage-missing-command = `{ $command }` needs a command
cli-usage-missing-value = `{ $arg }` needs a value
cli-usage-invalid-value = `{ $value }` is no value of `{ $arg }`
cli-usage-missing-argument = missing: { $args }
cli-usage-twice = `{ $arg }` stands there twice
cli-usage-conflict = `{ $arg }` does not go together with `{ $other }`
cli-usage-too-many-values = `{ $value }` is one value too many for `{ $arg }`
cli-usage-not-utf8 = an argument is not UTF-8
cli-usage-possible = possible: { $values }
cli-usage-did-you-mean = did you mean `{ $word }`?
cli-usage-see-help = `{ $command } --help` shows what there is

## Errors.

cli-error-output = cannot write to standard output: { $why }
cli-error-file = { $path }: { $why }
cli-error-exists = { $path } exists already and is not overwritten
cli-hint-exists = choose another name
cli-error-no-document = this is no checkpoint; nothing was changed
cli-error-no-log = there is no log of { $id }
cli-error-no-log-of = there is no log of attempt { $attempt } of { $id }
cli-hint-no-log = a log exists once the task has run, as long as nobody deletes it; the newest 20 are kept, and those of failed tasks
cli-error-no-server = no server runs for the project { $dir }
cli-hint-no-server = start one with `codeagent run` or `codeagent serve`; `--project DIR` names another folder
cli-error-no-socket = process { $pid } works on this project, but cannot be asked: its socket is not there
cli-hint-no-socket = `kill { $pid }` ends it as `codeagent stop --now` would
cli-error-socket = the server at { $path } does not answer: { $what }
cli-error-silent = the server at { $path } has not answered for { $seconds } s
cli-hint-silent = it may be stopped (SIGSTOP), or its disk hangs; it may still do what was asked once it goes on
cli-hint-socket = it may be about to end: try again; `codeagent status` shows whether it still runs
cli-error-unknown-task = there is no task { $id }
cli-hint-unknown-task = `codeagent list` shows all ids
cli-error-pruned-task = { $id } is completed and was pruned: when and how is no longer kept
cli-hint-pruned-task = `codeagent retry { $id }` runs it again; `server.checkpoint.keep_completed_tasks` says how many completed tasks stay
cli-error-task-exists = there is a task { $id } already
cli-hint-task-exists = `codeagent show { $id }` shows it; `codeagent retry { $id }` runs it again
cli-error-still-runs = a process of { $id } cannot be ended: pid { $pid }
cli-error-wrong-state = cannot { $verb } { $id }: it is { $state }
cli-hint-skip-running = a running task is ended by `codeagent cancel`
cli-hint-cancel = only a running task can be cancelled; one that waits is passed over by `codeagent skip`
cli-hint-retry = it is waiting or running already; `codeagent show` says which
cli-hint-rollback-pending = a task that waits to run has nothing to roll back
cli-error-empty-text = a task needs a text
cli-error-bad-id = an id consists of 1 to 64 letters, digits, dots, underscores and hyphens
cli-error-bad-metadata = the metadata must be a JSON object
cli-error-bad-request = the server does not understand: { $what }
cli-error-metadata = `--metadata` must be a JSON object: { $why }
cli-hint-metadata = for example --metadata '{"{"}"area": "docs"{"}"}'
cli-error-exec = `--exec` cannot be split into words: it is empty, or a quotation mark is left open
cli-hint-exec = for example --exec './agent.sh {"{"}task_text{"}"}'
cli-error-in-use = the checkpoint is in use by process { $pid }
cli-error-in-use-on = the checkpoint is in use by process { $pid } on { $host }
cli-error-in-use-unknown = the checkpoint is in use by another process
cli-error-lock = lock: { $path }
cli-hint-in-use = one server works on a project at a time; `codeagent stop` ends the running one
cli-error-damaged = the checkpoint is damaged beyond automatic repair; nothing was changed
cli-hint-damaged = `codeagent checkpoint repair` saves what is readable and keeps the damaged files; `codeagent checkpoint import FILE` takes a copy of yours
cli-error-nothing-to-salvage = no task can be read of the damaged checkpoint: there is nothing to repair; nothing was changed
cli-hint-nothing-to-salvage = `codeagent checkpoint import FILE` takes a copy of yours; `codeagent checkpoint reset` begins anew and keeps the damaged files
cli-error-newer = { $path } was written by a newer version ({ $version }); nothing was changed
cli-hint-newer = use that version
cli-error-network = { $dir } is on a network file system ({ $kind }), where locks and syncs may not hold
cli-hint-network = put the checkpoint on a local disk: `server.checkpoint.checkpoint_file`
cli-error-store = the server can no longer save its state: { $what }
cli-error-read = cannot { $action } { $path }: { $why }
cli-error-disk = cannot { $action } { $path }: { $why }; nothing unsaved was acknowledged
cli-hint-disk = make space or mend the disk, then start again: everything that was acknowledged is there
cli-hint-too-many-files = raise the limit of open files (`ulimit -n`), then start again: everything that was acknowledged is there
cli-hint-no-processes = raise the limit of processes (`ulimit -u`), or free memory, and start again: everything that was acknowledged is there
cli-hint-not-writable = make the folder and its files writable for this user, then start again: everything that was acknowledged is there
cli-hint-in-the-way = something else has the name of our file or folder: move it away, then start again
cli-hint-folder-gone = the folder is gone: put it back, or make a new one and start again
cli-hint-not-utf8 = save the file as UTF-8; for example `iconv -f LATIN1 -t UTF-8`
cli-hint-too-large = split the list, or raise `project.todo_max_bytes`
cli-error-fenced = another part of this process has taken the checkpoint over
cli-error-closed = the checkpoint is closed already

## What `run` and `serve` can't do.

cli-error-no-executor = no executor is configured: nothing could work a task
cli-hint-no-executor = set `executor.command` in config/config.yaml (`codeagent init` writes one), or give --exec './agent.sh {"{"}task_text{"}"}'
cli-error-agents-found = agents found in PATH: { $agents }
cli-error-no-list = there is no TODO list in { $dir }
cli-hint-no-list = write one (todo.md with lines such as `- [ ] task`; todo.txt and todo.yaml are read too, also in the folder todo/), or `codeagent init`, or `codeagent add`
cli-error-system = { $what }: { $why }
cli-error-agent-broken = too many tasks in a row failed for good: the agent itself seems broken
cli-hint-agent-broken = look at `codeagent log ID` of one of them; `codeagent retry ID` runs it again
cli-error-list-missing = the list is done, but the next one could not be written; the line `No new list` of the log says why
cli-hint-list-missing = mend `server.auto_todo_generation.command` (or switch it off: `enabled: false`), then start again
cli-error-cannot-start = { $why }; no attempt was used up
cli-hint-cannot-start = check `--exec`, or `executor.command` (`codeagent config show`)
cli-todo-too-large = { $path }: { $bytes } bytes are more than `project.todo_max_bytes` ({ $limit })
cli-todo-not-utf8 = { $path }:{ $line }: not UTF-8
cli-todo-keeps-changing = { $path }: kept changing while a box was to be ticked

## What was tried, in `cli-error-disk`.

cli-action-create = create
cli-action-export = export
cli-action-keep = keep
cli-action-link = link
cli-action-list = list
cli-action-lock = lock
cli-action-look-at = look at
cli-action-open = open
cli-action-read = read
cli-action-remove = remove
cli-action-rename = rename
cli-action-set-aside = set aside
cli-action-start-a-thread = start a thread for
cli-action-sync = sync
cli-action-write = write
