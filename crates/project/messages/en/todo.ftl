### todo: TODO list, status file, sessions, task logs.
### Every key here begins with `todo-`. Leading blanks of a text are written {"  "}.

## What can be wrong with a list; place and file stand before most of them.

todo-error-io = { $path }: { $error }
todo-error-too-large = { $path }: { $bytes } bytes are more than project.todo_max_bytes allows ({ $limit })
todo-error-not-utf8 = { $path }:{ $line }: not UTF-8 from this line on
todo-error-keeps-changing = { $path }: someone kept writing the file while a box was to be ticked
todo-notice-not-a-file = a folder, pipe or device has the name of a TODO list and is passed over
todo-notice-dangling-link = the symbolic link leads nowhere and is passed over
todo-notice-unclosed-fence = a code block is never closed: everything after this line counts as code, not as tasks
todo-notice-unclosed-comment = an HTML comment is never closed: everything after this line counts as comment
todo-notice-bad-id = an id is 1 to 64 letters, digits, dots, underscores or hyphens: this one is ignored, the task goes by its text
todo-notice-marks-differ = the task stands elsewhere with another mark: done counts before skipped, skipped before open
todo-notice-same-id = another text has the same id: both are one task, and only the first text is worked
todo-notice-same-text = the same text stands above: both are one task, worked once; for a task of its own, write `<!-- id: NAME -->` behind it (in YAML, `id:`)
todo-notice-too-deep = tasks nest deeper than 64 levels: deeper ones count as children of the 64th
todo-notice-no-text = an item has no text and is passed over: write `- text`, or `- text: …` with further keys
todo-notice-list-in-list = a list where a task should be is passed over: tasks under a task stand under its `children:`
todo-notice-bad-flag = neither true nor false, and taken for false
todo-notice-looks-like-task = looks like a task but is not read as one: write `- [ ] …`
todo-notice-no-text-key = an item has neither `text:` nor `task:` and is passed over: write what is to be done as `text: …`
todo-notice-means-flag = this key is not read: a task is settled by `done: true` or `skipped: true`
todo-notice-means-children = what stands under this key is not read; did you mean a list under `children:`?
todo-notice-more = and { $count } more like these from here on
todo-notice-no-tasks = no list, neither under `tasks:` or `todo:` nor by itself: no tasks in this file
todo-notice-cannot-edit = the mark cannot be set here without rewriting more than this item; set it by hand
