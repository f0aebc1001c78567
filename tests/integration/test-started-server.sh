#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that decant starts has nothing of the data's descriptors, ends with decant whatever happens, and leaves
# nothing behind: a server that runs on keeps an image open and locked.
#
# cases: prints-into-the-copy prints-into-the-answer reads-the-copy no-bitmap no-layer no-context read-only too-small
# cases: info-no-export term-while-starting term-while-starting-info ignores-sigterm stopped signalled-while-ending
# cases: one-signal decant-killed says-how-it-ended no-such-command not-a-program signals-as-before names-in-tmp

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

in_background() {
    "$DECANT" "$@" 2>err &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    at_exit+=('[ ! -s pid ] || kill -KILL $(cat pid) 2>/dev/null')
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
        rm -f pid
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
*) fail "no such case" ;;
esac
