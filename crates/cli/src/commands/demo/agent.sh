#!/bin/sh
# The demo's stand-in for a coding agent: works one small task and keeps a ledger of what it did.
set -eu
echo "start $CODEAGENT_TASK_ID $CODEAGENT_ATTEMPT" >> ledger.txt
echo "working: $CODEAGENT_TASK_TEXT"
case $CODEAGENT_TASK_ID in
hello)
    echo "hello, world" > hello.txt
    grep -q hello hello.txt ;;
copy)
    cp hello.txt copy.txt
    cmp hello.txt copy.txt ;;
numbers)
    i=1
    while [ $i -le 100 ]; do echo $i; i=$((i + 1)); done > numbers.txt
    [ "$(wc -l < numbers.txt)" -eq 100 ] ;;
flaky)
    if [ "$CODEAGENT_ATTEMPT" -eq 1 ]; then
        echo "error: connection reset (as it happens)" >&2
        exit 1
    fi
    echo fetched > fetched.txt ;;
build)
    for step in 1 2 3 4 5 6; do
        echo "compiling, step $step of 6"
        sleep 0.5
    done
    echo built > built.txt ;;
impossible)
    echo "error: this cannot be done" >&2
    exit 1 ;;
hang)
    echo "waiting for an answer that never comes"
    sleep 600 ;;
report)
    ls hello.txt copy.txt numbers.txt fetched.txt built.txt > report.txt
    [ "$(wc -l < report.txt)" -eq 5 ] ;;
esac
echo "done $CODEAGENT_TASK_ID $CODEAGENT_ATTEMPT" >> ledger.txt
