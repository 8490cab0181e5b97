# The agent of the soak: what it does is said by the first part of its task's id. It keeps a ledger outside of the
# project (O_APPEND, one write a line), and holds a lock while anything of it lives: two of one task would meet there.
id=$CODEAGENT_TASK_ID
say() { echo "$1 $id $CODEAGENT_ATTEMPT" >> "@OUT@/ledger"; }
first() { [ ! -e "@OUT@/did.$id" ] && : > "@OUT@/did.$id"; }
exec 9> "@OUT@/lock.$id"
flock -n -E 77 9
[ $? = 77 ] && say overlap
life=$(cat "@OUT@/life")
say start
case $id in
once*) first && exit 1 ;;
never*) exit 1 ;;
hang*) first && sleep 60 ;;
daemon*) setsid sleep 60 & ;;
tick*)
    # Ticks its own box, as many agents do; and fails after it the first time.
    flock "@OUT@/list.lock" sed -i "s/- \[ \] \(.*<!-- id: $id -->\)/- [x] \1/" "$CODEAGENT_PROJECT_DIR/todo.md"
    first && exit 1 ;;
clean*)
    # Everything that git does not know is gone: the checkpoint, its journals, the socket, the logs. Until the server
    # has written them anew, no kill comes, and without a server nothing is cleaned: a checkpoint that is gone as a
    # whole is the documented way to reset.
    (
        flock 8
        [ "$life" = "$(cat "@OUT@/life")" ] || exit 0
        git -C "$CODEAGENT_PROJECT_DIR" clean -fdxq
        n=0
        until [ -s "$CODEAGENT_PROJECT_DIR/data/.codeagent_checkpoint.json" ]; do
            n=$((n + 1)); [ $n -gt 500 ] && { say unguarded; break; }
            sleep 0.01; echo waiting
        done
        sleep 0.2
    ) 8> "@OUT@/clean.lock" ;;
*) sleep 0.0$((CODEAGENT_ATTEMPT % 4)) ;;
esac
say end
