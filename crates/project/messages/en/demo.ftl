### demo: what `codeagent demo` says.
### Every key here begins with `demo-`. Leading blanks of a text are written {"  "}.

demo-intro = A scratch project in { $path } with eight small tasks:
demo-list-title = Demo
demo-task-hello = Write hello.txt
demo-task-copy = Copy hello.txt and compare the copy
demo-task-numbers = Write a hundred numbers and count them
demo-task-flaky = Fetch something: fails once, then succeeds
demo-task-build = Build for three seconds: the server is killed meanwhile
demo-task-impossible = Do the impossible: always fails
demo-task-hang = Hang without a word
demo-task-report = Check that all files are there
demo-first-start = First start: codeagent run
demo-killed = kill -9 { $pid }: the server is dead, its agent still works
demo-second-start = Second start: codeagent run
demo-summary = What was kept
demo-done = completed
demo-failed = given up,
demo-attempts = in { $count ->
        [one] one attempt
       *[other] { $count } attempts
    }{ $crashes ->
        [0] {""}
        [one] , one cut off by the crash
       *[other] , { $crashes } cut off by crashes
    }
demo-counts = Completed before the kill: { $before }, kept: { $kept }, { $lost } lost, { $repeated } repeated.
demo-kept = The project stays in { $path }
demo-never-came = the long task of the demo never began
demo-broken = This is not what should have happened (the second run ended with { $status }). Please report it.
