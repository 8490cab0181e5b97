### config: configuration: errors, notices, the description of each key.
### Every key here begins with `config-`. Leading blanks of a text are written {"  "}.

## Errors: the place and the key stand before them.

config-error-unreadable = cannot be read: { $why }
config-error-missing = does not exist
config-error-is-a-folder = is a folder where a file should be
config-error-not-a-folder = is not a folder
config-error-not-usable = is a pipe, a socket or a device where a file should be
config-error-too-large = is larger than { $max } bytes
config-error-not-utf8 = is not UTF-8 from here on
config-error-duplicate = stands here a second time; the first is in line { $line }
config-error-wrong-type = expected { $expected }, found { $found }
config-error-not-a-section = expected keys and values under it
config-error-out-of-range = { $found } is not between { $min } and { $max }
config-error-negative-time = a time cannot be negative: { $found }
config-error-time-too-long = { $found } seconds are more than a hundred years
config-error-zero-limit = a limit of 0 seconds would end every attempt at once
config-error-not-a-choice = `{ $found }` is none of { $words }
config-error-empty = is empty
config-error-no-variable = the variable { $name } is not set, neither in the environment nor in .env
config-error-bad-expansion = a variable is written {"${"}NAME{"}"} or {"${"}NAME:-default{"}"}
config-error-unknown-key = there is no such key
config-error-placeholder = `{ $found }` is no placeholder; did you mean `{ $known }`?

## What a key expects.

config-expected-bool = true or false
config-expected-count = a whole number
config-expected-bytes = a size in bytes
config-expected-seconds = a time in seconds (0 or more)
config-expected-limit = a time in seconds (more than 0) or null
config-expected-text = a text
config-expected-path = a path
config-expected-argv = a list of words
config-expected-choice = a word

config-found-nothing = nothing
config-found-list = a list
config-found-section = keys and values
config-found-text = the text "{ $text }"

## YAML.

config-yaml-syntax = not valid YAML: { $info }
config-yaml-tab = a tab stands where YAML wants spaces
config-yaml-too-deep = nested deeper than { $limit } levels
config-yaml-too-many = more than { $limit } values
config-yaml-aliases = the aliases (*name) copy too much
config-yaml-alias-of-itself = the alias (*name) names the value that it stands in
config-yaml-second-document = a second document begins here (---)

## Hints.

config-hint-tab = replace the tab by spaces
config-hint-argv = write the command as a list: ["./agent.sh", "{"{"}task_text{"}"}"]
config-hint-quotes = leave the quotes out
config-hint-variable = set it, or write a default: {"${"}NAME:-default{"}"}
config-hint-expansion = for the characters themselves write {"$${"}
config-hint-no-limit = for no limit write null
config-hint-keys = "codeagent config show" lists all keys

## Notices.

config-notice-unknown = { $place }: not used by codeagent: { $names }
config-notice-did-you-mean = { $place }: `{ $key }` is unknown; did you mean `{ $known }`?
config-notice-variable-did-you-mean = the variable { $name } sets nothing; did you mean { $known }?
config-notice-variable-unknown = the variable { $name } sets nothing: there is no such key
config-notice-bad-env-line = { $place }: not understood, expected NAME=value
config-notice-env-unreadable = the file of variables is left out: { $error }
config-notice-base-dir-ignored = { $place }: project.base_dir names another folder; it counts only in a file given by --config
config-notice-log-fields = logging.format: unknown fields: { $names }
config-notice-log-without-message = logging.format does not contain %(message)s: log lines will not say anything
config-notice-placeholder = { $place }: { $key }: `{ $found }` is no placeholder and is handed on as it is

## What `config check` doubts.

config-check-readable = { $path }: readable, but see the warnings
config-check-no-command = { $key } is not set: there is no program to start
config-check-no-task = { $key } has no placeholder and executor.stdin is `none`: the agent learns of its task by $CODEAGENT_TASK_TEXT alone; most want {"{"}prompt{"}"} or {"{"}task_text{"}"} among their arguments
config-check-no-list = there is no TODO list: write one (todo.md with lines such as `- [ ] task`), or use `codeagent init` or `codeagent add`

## The description of each section and key. The default is added where they are shown.

config-template-head =
    Configuration of codeagent. Every line that begins with "#" and a key shows its default (of commands, an example):
    take the "#" away to set it. Variables: {"${"}NAME{"}"} and {"${"}NAME:-default{"}"}, from the environment and from .env.
    Paths start at the project folder. CODEAGENT_SERVER__TASK_DELAY=1 in the environment overrides server.task_delay.

config-doc-project = The files in the project folder.
config-doc-project-base_dir = The project folder; counts in a file given by --config.
config-doc-project-docs_dir = The folder of the project's documentation.
config-doc-project-status_file = The Markdown file in which the course of the work is recorded.
config-doc-project-todo_format = The kind of TODO file that is looked for first: md, txt or yaml.
config-doc-project-todo_max_bytes = Larger TODO files are refused (bytes).
config-doc-server = The server's loop.
config-doc-server-check_interval = Wait between two iterations (seconds).
config-doc-server-task_delay = Wait between two tasks (seconds).
config-doc-server-max_iterations = Stop after so many iterations; null: never.
config-doc-server-http_enabled = Monitoring over HTTP (this version does not offer it yet).
config-doc-server-http_port = Port of the monitoring; 0: any free one.
config-doc-server-checkpoint = The checkpoint: what survives a crash.
config-doc-server-checkpoint-enabled = Keep the checkpoint on disk. false: nothing survives the end of the process.
config-doc-server-checkpoint-checkpoint_file = The checkpoint file; its backup and journal stand beside it.
config-doc-server-checkpoint-max_task_attempts = After so many failed attempts a task is skipped.
config-doc-server-checkpoint-max_task_crashes = After so many attempts that a crash cut off a task is skipped.
config-doc-server-checkpoint-keep_completed_tasks = So many completed tasks stay in the checkpoint; older ones are pruned, yet never run again.
config-doc-server-auto_todo_generation = A new TODO list when the present one is done.
config-doc-server-auto_todo_generation-enabled = Let the command write a new list.
config-doc-server-auto_todo_generation-command = The program that writes the list, with its arguments (no shell).
config-doc-server-auto_todo_generation-max_generations_per_session = At most so many lists a session.
config-doc-server-auto_todo_generation-output_dir = The folder of generated lists.
config-doc-server-auto_todo_generation-session_tracker_file = The file in which sessions and their generations are recorded.
config-doc-executor = The program that works a task.
config-doc-executor-command =
    The program with its arguments (no shell). Placeholders: {"{"}task_text{"}"} {"{"}task_id{"}"} {"{"}task_file{"}"}
    {"{"}prompt{"}"} {"{"}attempt{"}"} {"{"}project_dir{"}"} {"{"}date{"}"}
config-doc-executor-prompt = The template of {"{"}prompt{"}"}; also {"{"}heading{"}"} and {"{"}parents{"}"}.
config-doc-executor-stdin = What the program reads from its standard input: none or prompt.
config-doc-executor-timeout = Longest time of one attempt (seconds); null: no limit.
config-doc-executor-idle_timeout = Longest time without a byte of output (seconds); null: no limit.
config-doc-executor-kill_grace = Time between SIGTERM and SIGKILL (seconds).
config-doc-executor-max_log_bytes = So much output of an attempt is kept: its head and its tail (bytes).
config-doc-executor-max_consecutive_failures = After so many tasks in a row that failed for good the work stops: the agent itself is broken.
config-doc-executor-retry = The wait before another attempt of a failed task.
config-doc-executor-retry-initial_delay = Wait after the first failure; it doubles with each further one (seconds).
config-doc-executor-retry-max_delay = Longest wait (seconds).
config-doc-executor-retry-jitter = Wait a random part of that time.
config-doc-logging = Log lines, on stderr and in a file.
config-doc-logging-level = The least grave level that is written: DEBUG, INFO, WARNING, ERROR or CRITICAL.
config-doc-logging-format = A template in Python's style, or json; null: %(asctime)s - %(levelname)s - %(message)s
config-doc-logging-file = The log file; null: none. At 10 MiB a new one begins, and the last five are kept.
config-doc-logging-console = Also write to stderr.
config-doc-logging-color = Colours on a terminal (NO_COLOR turns them off).
config-doc-locale = The language of messages: ru or en; null: that of the environment.
