#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that decant starts has nothing of the data's descriptors, ends with decant whatever happens, and leaves
# nothing behind: a server that runs on keeps an image open and locked.
#
# cases: prints-into-the-copy prints-into-the-answer reads-the-copy no-bitmap no-layer no-context read-only too-small
# cases: info-no-export term-while-starting term-while-starting-info ignores-sigterm stopped signalled-while-ending
# cases: one-signal decant-killed says-how-it-ended no-such-command not-a-program signals-as-before names-in-tmp
# cases: last-words last-words-odd last-words-of-each words-unchanged words-after-signals words-after-us words-slowly
# cases: nobody-reads-words who-listens grandchild-speaks one-listener-each

. "$(dirname "$0")/../functions.sh"
odd=$TOP/tests/odd-server
requires_program setpriv

printf '#!/bin/sh\necho $$ >pid\nexec "$@"\n' >start
chmod +x start

# Whether the process in the file `pid` has ended.
server_is_gone() {
    [ -s pid ] || fail "it was never started"
    ! grep -q . "/proc/$(cat pid)/cmdline" 2>/dev/null || fail "the server still runs"
}

# Whether decant, started with `&`, ends within this many seconds.
ends_within() {
    local i
    for ((i = 0; i < $1 * 50; i++)); do
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.02
    done
    ! kill -0 "$pid" 2>/dev/null || fail "it still runs after $1 seconds"
    code=0
    wait "$pid" || code=$?
}

# What is said of an earlier one is gone before anybody looks.
in_background() {
    rm -f err pid
    "$DECANT" "$@" 2>err &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    at_exit+=('[ ! -s pid ] || kill -KILL $(cat pid) 2>/dev/null')
}

# says WORDS COMMAND...: fails, and this is how its last line goes on behind the server's end.
says() {
    local words=$1
    shift
    run_decant "$@"
    [ "$code" -eq 1 ] || fail "exit code $code, not 1: $(cat err)"
    grep '^decant: ' err >told || true
    case $(cat told) in
    *": it ended with exit code 3$words") ;;
    *) fail "not '$words': $(cat err)" ;;
    esac
}

# The processes that listen to what comes out of this one's standard error.
listeners_to() {
    local pipe
    pipe=$(readlink "/proc/$1/fd/2")
    { find /proc/[0-9]*/fd -name 0 -printf '%l %p\n' 2>/dev/null || true; } | awk -F'[ /]' -v pipe="$pipe" '$1 == pipe { print $4 }'
}

case $1 in
prints-into-the-copy)
    requires_program nbdkit
    make_image in.img 1M
    run_decant '[' sh -c 'echo words; exec nbdkit file in.img' ']' - >out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    grep -qx words err || fail "what it prints is lost"
    same in.img out.img ;;
prints-into-the-answer)
    requires_program nbdkit
    run_decant info --size '[' sh -c 'echo words; exec nbdkit memory 1M' ']' >out
    [ "$(cat out)" = 1048576 ] || fail "$(cat out)"
    run_decant map --json '[' sh -c 'echo words; exec nbdkit memory 1M' ']' >out
    ! grep -q words out || fail "$(cat out)" ;;
reads-the-copy)
    requires_program nbdkit
    make_image in.img 1M
    truncate -s 1M out.img
    run_decant - '[' sh -c 'head -c 512 >/dev/null; exec nbdkit file out.img' ']' <in.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    same in.img out.img ;;
no-bitmap|no-layer|no-context|info-no-export)
    requires_program qemu-nbd
    qemu-img create -q -f qcow2 disk.qcow2 1M
    truncate -s 1M out.img
    server=('[' ./start qemu-nbd -f qcow2 disk.qcow2 ']')
    case $1 in
    no-bitmap) must_fail 1 monday --dirty-bitmap=monday "${server[@]}" out.img ;;
    no-layer) must_fail 1 'allocation-depth' --layer "${server[@]}" out.img ;;
    no-context) must_fail 1 'qemu:allocation-depth' map --context=qemu:allocation-depth "${server[@]}" ;;
    info-no-export) must_fail 1 'no answer about' info '[' ./start qemu-nbd -x other -f qcow2 disk.qcow2 ']' ;;
    esac
    server_is_gone ;;
read-only)
    truncate -s 1M in.img out.img
    must_fail 1 'read-only' in.img '[' ./start qemu-nbd --persistent -r -f raw out.img ']'
    server_is_gone ;;
too-small)
    truncate -s 1M in.img out.img
    must_fail 1 'too small' in.img '[' ./start nbdkit memory 512K ']'
    server_is_gone ;;
term-while-starting|term-while-starting-info)
    # The server has come up, and says nothing.
    truncate -s 1M in.img
    case $1 in
    *-info) in_background info '[' ./start "$odd" - in.img stall=hello ']' ;;
    *) in_background '[' ./start "$odd" - in.img stall=hello ']' out.img ;;
    esac
    wait_for grep -qs hello err
    kill -TERM "$pid"
    ends_within 10
    [ "$code" -eq 1 ] || fail "exit code $code, not 1"
    grep -q '^decant: stopped by signal 15$' err || fail "$(cat err)"
    server_is_gone ;;
ignores-sigterm|stopped)
    # The first signal ends the copy, a second one at once, whatever the server does.
    truncate -s 1M in.img
    in_background '[' ./start "$odd" - in.img stall=read ignores-sigterm ']' out.img
    wait_for grep -qs read err
    [ "$1" != stopped ] || kill -STOP "$(cat pid)"
    kill -INT "$pid"
    wait_for has_taken "$pid"
    kill -INT "$pid"
    ends_within 5
    [ "$code" -eq 1 ] || fail "exit code $code, not 1"
    server_is_gone ;;
one-signal)
    # However little the servers at both ends do: six seconds later all is over.
    truncate -s 1M in.img
    make_image out.img 1M
    for stall in read write; do
        case $stall in
        read) in_background '[' ./start "$odd" - out.img stall=read ignores-sigterm ']' new.img ;;
        write) in_background out.img '[' ./start "$odd" - in.img stall=write ignores-sigterm ']' ;;
        esac
        wait_for grep -qs $stall err
        kill -TERM "$pid"
        ends_within 6
        [ "$code" -eq 1 ] || fail "exit code $code, not 1"
        server_is_gone
    done ;;
signalled-while-ending)
    # All is copied; the server doesn't end. A signal then is enough.
    truncate -s 1M in.img out.img
    in_background in.img '[' ./start "$odd" - out.img ignores-sigterm ']'
    wait_for grep -qs goodbye err
    sleep 0.3
    kill -0 "$pid" 2>/dev/null || fail "the server was given no time: $(cat err)"
    kill -TERM "$pid"
    ends_within 5
    [ "$code" -eq 1 ] || fail "exit code $code, not 1"
    grep -q '^decant: .*killed.*may be missing' err || fail "$(cat err)"
    server_is_gone ;;
decant-killed)
    truncate -s 1M in.img
    in_background '[' ./start "$odd" - in.img stall=read ']' out.img
    wait_for grep -qs read err
    kill -KILL "$pid"
    wait_for has_ended "$(cat pid)"
    server_is_gone ;;
says-how-it-ended)
    must_fail 1 'it ended with exit code 3$' '[' sh -c 'exit 3' ']' out.img
    must_fail 1 'it was ended by signal 9$' info '[' sh -c 'kill -9 $$' ']' ;;
no-such-command)
    must_fail 1 'there is no such command' '[' ./nosuch ']' out.img
    must_fail 1 'there is no such command' info '[' nosuchcommandhere ']'
    # Where one of the directories to look in is closed to us, it could be there.
    mkdir closed
    chmod 0 closed
    PATH=$PWD/closed:$PATH must_fail 1 'there is no such command' '[' nosuchcommandhere ']' out.img ;;
not-a-program)
    touch file
    must_fail 1 'Permission denied' '[' ./file ']' out.img ;;
signals-as-before)
    # It takes signals as decant did at start, and none of them is held back.
    requires_program nbdkit
    run_decant info --size '[' sh -c 'cat /proc/self/status >signals; exec nbdkit memory 1M' ']' >out
    sh -c 'cat /proc/self/status' >before
    for mask in SigBlk SigIgn; do
        [ "$(grep "^$mask:" signals)" = "$(grep "^$mask:" before)" ] || fail "$(grep "^$mask:" before signals)"
    done ;;
names-in-tmp)
    requires_strace
    strace -f -o trace -e trace=mkdir,rmdir,unlink "$DECANT" info --size '[' nbdkit memory 1M ']' >out
    directory=$(sed -n 's|.*mkdir("\(/tmp/decant-[^"]*\)".*|\1|p' trace)
    [ -n "$directory" ] && [ ! -e "$directory" ] || fail "left behind: $directory" ;;
last-words)
    server=('[' sh -c 'echo one >&2; echo "nbdkit: error: no such file" >&2; exit 3' ']')
    words=', saying: nbdkit: error: no such file'
    says "$words" "${server[@]}" out.img
    says "$words" info "${server[@]}"
    says "$words" map "${server[@]}"
    grep -qx one err || fail "what it said before is lost: $(cat err)"
    says ', saying: printed' info '[' sh -c 'echo printed; exit 3' ']'
    says '' info '[' sh -c 'echo >&2; exit 3' ']' ;;
last-words-odd)
    says_of() { printf "$1" >words; says "$2" info '[' sh -c 'cat words >&2; exit 3' ']'; }
    says_of 'one\ntwo\n\n  \n' ', saying: two'
    says_of '10%%\r20%%\r\n' ', saying: 20%'
    says_of 'a\033[31mred\302\233\377z\n' ', saying: a?[31mred??z'
    x=$(printf '%01000d' 0)
    says_of "$x\n" ", saying: ${x:0:112}..."
    # Our own line is behind it in the same one.
    printf 'no end' >words
    run_decant info '[' sh -c 'cat words >&2; exit 3' ']'
    grep -qx 'no enddecant: .*exit code 3, saying: no end' err || fail "$(cat err)" ;;
last-words-of-each)
    # What the first one said isn't what the second one did.
    says '' info --wait=2 '[' sh -c 'if [ -e once ]; then exit 3; fi; echo first >&2; : >once; exit 3' ']'
    grep -qx first err || fail "$(cat err)" ;;
words-unchanged)
    requires_program nbdkit
    head -c 1M /dev/urandom >words
    run_decant info --size '[' sh -c 'cat words >&2; exec nbdkit memory 1M' ']' >out
    [ "$code" -eq 0 ] || fail "exit code $code"
    same words err ;;
words-after-signals)
    # Signals to all of us, as ^C is one: the server speaks on, and is heard.
    truncate -s 1M in.img
    cat >late <<'EOF'
#!/bin/sh
trap '' INT HUP
trap 'trap "" TERM; kill $!; head -c 200000 /dev/zero | tr "\0" x >&2; echo late words >&2; exit 0' TERM
echo $$ >pid
sleep 300 2>/dev/null >&2 &
echo ready >&2
wait
EOF
    chmod +x late
    for signal in INT HUP TERM; do
        rm -f err pid
        setsid "$DECANT" '[' ./late ']' out.img 2>err &
        pid=$!
        at_exit+=("kill -KILL -- -$pid 2>/dev/null")
        wait_for grep -qs ready err
        listener=$(listeners_to "$(cat pid)")
        kill -$signal -- "-$pid"
        ends_within 6
        [ "$code" -eq 1 ] || fail "exit code $code, not 1"
        [ "$(tr -dc x <err | wc -c)" -eq 200000 ] || fail "words are missing after SIG$signal"
        grep -q 'late words$' err || fail "its last words are missing after SIG$signal"
        wait_for has_ended "$listener"
        server_is_gone
    done ;;
words-after-us)
    # decant is killed: what the server has to say by its end is still passed on.
    printf '%s\n' '#!/bin/sh' 'trap "kill \$!; echo late words >&2; exit 0" TERM' 'echo $$ >pid' \
        'sleep 300 2>/dev/null >&2 &' 'echo ready >&2' wait >late
    chmod +x late
    in_background '[' ./late ']' out.img
    wait_for grep -qs ready err
    listener=$(listeners_to "$(cat pid)")
    [ -n "$listener" ] || fail "nobody listens"
    kill -KILL "$pid"
    wait_for has_ended "$(cat pid)"
    wait_for has_ended "$listener"
    grep -qx 'late words' err || fail "$(cat err)" ;;
words-slowly)
    # Standard error that takes nothing for a while: the server has ended long before its words are taken.
    requires_program nbdkit
    mkfifo slow
    exec 7<>slow
    seq -f '%015.0f' 6000 >words # 96,000 bytes: more than one pipe takes
    "$DECANT" info --size '[' sh -c 'echo $$ >pid; cat words >&2; exec nbdkit memory 1M' ']' >out 2>slow 7<&- &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    wait_for test -s pid
    wait_for has_ended "$(cat pid)"
    sleep 1
    kill -0 "$pid" 2>/dev/null || fail "it didn't wait for its words"
    head -c 96000 <&7 >err
    ends_within 10
    [ "$code" -eq 0 ] || fail "exit code $code"
    same words err ;;
nobody-reads-words)
    # Standard error that is closed, or whose reader is gone: the server isn't stopped by it.
    requires_program nbdkit
    server=('[' sh -c 'head -c 1M /dev/zero >&2; exec nbdkit memory 1M' ']')
    timeout 60 "$DECANT" info --size "${server[@]}" >out 2>&-
    [ "$(cat out)" = 1048576 ] || fail "closed: $(cat out)"
    mkfifo gone
    exec 7<>gone 8>gone 7<&-
    timeout 60 "$DECANT" info --size "${server[@]}" >out 2>&8
    [ "$(cat out)" = 1048576 ] || fail "without a reader: $(cat out)" ;;
who-listens)
    # It has nothing open but what it needs, nor what decant works with in its memory.
    truncate -s 1M in.img out.img
    in_background --memory=64M '[' ./start "$odd" - in.img stall=read ']' out.img
    wait_for grep -qs read err
    listener=$(listeners_to "$(cat pid)")
    [ "$(find "/proc/$listener/fd" -type l -printf '%f ')" = '0 2 ' ] || fail "$(ls -l "/proc/$listener/fd")"
    ! grep -q io_uring "/proc/$listener/maps" || fail "it holds a ring: $(cat "/proc/$listener/maps")"
    [ "$(awk '/^VmSize/ { print $2 }' "/proc/$listener/status")" -lt 16384 ] || fail "$(cat "/proc/$listener/status")"
    kill -TERM "$pid"
    ends_within 6
    wait_for has_ended "$listener" ;;
grandchild-speaks)
    # Somebody whom the server leaves behind still has its standard error.
    requires_program nbdkit
    in_background info --size '[' sh -c 'sleep 300 & echo $! >pid; exec nbdkit memory 1M' ']' >out
    ends_within 10
    [ "$code" -eq 0 ] && [ "$(cat out)" = 1048576 ] || fail "exit code $code: $(cat err)"
    [ -z "$(listeners_to "$(cat pid)")" ] || fail "somebody still listens" ;;
one-listener-each)
    # A server that is started again, while somebody of the first still holds on: one listens, not two.
    cat >again <<'EOF'
#!/bin/sh
[ ! -e first ] || { echo $$ >second; exec "$@"; }
sleep 300 3<&- &
echo $! >pid
echo $! >first
echo sorry >&2
exit 3
EOF
    chmod +x again
    truncate -s 1M in.img
    in_background --wait=60 '[' ./again "$odd" - in.img stall=read ']' out.img
    wait_for grep -qs read err
    [ -z "$(listeners_to "$(cat first)")" ] || fail "somebody still listens to the first"
    [ "$(listeners_to "$(cat second)" | wc -w)" -eq 1 ] || fail "not one: $(listeners_to "$(cat second)")"
    kill -TERM "$pid"
    ends_within 6
    has_ended "$(cat second)" || fail "the server still runs" ;;
*) fail "no such case" ;;
esac
