#!/bin/bash
# SPDX-License-Identifier: MIT
# What a copy relies on when it goes on after a loss: an end whose server goes or falls silent says so, in words; it
# comes back once the server does, by itself as the same disk only; and each request comes back once, whatever happens.
#
# cases: restarted killed stopped silent-handshake not-there other-size other-rights command command-stopped command-fails
# cases: one-of-several one-falls-silent all-of-several written-to

. "$(dirname "$0")/../functions.sh"
client=$TOP/build/tests/end-client
[ -x "$client" ] || fail "$client: build first (make check)"
odd=$TOP/tests/odd-server
make_image disk.img 1M
DECANT_LIMIT_S=30

begin() { # ARGUMENTS
    : >out
    "$client" "$@" >>out 2>err &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    wait_for says answered
}

says() {
    grep -Eqx "$1" out
}

# What it says from here on.
anew() {
    : >out
}

is_back() {
    wait_for says here
    wait_for says answered
}

# Ends it: every request must have come back no more than once.
finish() {
    kill -TERM "$pid" 2>/dev/null || true
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat out err)"
}

serve() {
    serve_odd s disk.img "$@"
}

# The processes that serve connections.
connections_of() {
    cat /proc/"${server_pid[s]}"/task/*/children
}

case $1 in
restarted|killed)
    serve
    begin "$(uri s)"
    [ "$1" = restarted ] || kill -KILL "${server_pid[s]}"
    end_server s
    wait_for says 'lost: (the server closed the connection|the connection was reset)'
    anew
    serve
    is_back
    finish ;;
stopped)
    # What has stopped is left, and what goes on later is another connection.
    serve
    begin -t 1000 "$(uri s)"
    victim=$(connections_of)
    kill -STOP "${server_pid[s]}" $victim
    wait_for says 'lost: no answer for 1 s to a read at offset [0-9]+'
    wait_for says 'lost: no answer for 1 s: not even a greeting'
    anew
    kill -CONT "${server_pid[s]}"
    is_back
    kill -KILL $victim
    finish ;;
silent-handshake)
    serve
    begin -t 1000 "$(uri s)"
    for stall in hello structured go; do
        end_server s
        serve "stall=$stall"
        wait_for says "lost: no answer for 1 s.*"
        wait_for grep -Eq 'greeting|STRUCTURED|NBD_OPT_GO' out
        anew
    done
    end_server s
    serve
    is_back
    finish ;;
not-there)
    serve
    begin "$(uri s)"
    end_server s
    wait_for says 'lost: Connection refused'
    rm -f s.sock
    wait_for says 'lost: No such file or directory'
    anew
    serve
    is_back
    finish ;;
other-size)
    serve
    begin "$(uri s)"
    end_server s
    truncate -s 2M disk.img
    serve
    wait_for says 'other: it has 2097152 bytes now, not 1048576'
    finish ;;
other-rights)
    serve
    begin -w "$(uri s)"
    end_server s
    serve read-only
    wait_for says 'other: it is read-only now'
    finish ;;
command)
    # It is started again, and what it said by its end is passed on.
    begin '[' sh -c 'echo $$ >pid; exec "$0" "$@"' "$odd" - disk.img ']'
    for signal in KILL TERM; do
        anew
        kill -KILL $(cat "/proc/$(cat pid)/task/$(cat pid)/children")
        kill -$signal "$(cat pid)"
        wait_for says "lost: it was ended by signal ($(kill -l KILL)|$(kill -l TERM)), saying: [0-9]+ [a-z]+"
        is_back
    done
    finish
    ! grep -q . "/proc/$(cat pid)/cmdline" 2>/dev/null || fail "the server still runs" ;;
command-stopped)
    begin -t 1000 '[' sh -c 'echo $$ >pid; exec "$0" "$@"' "$odd" - disk.img ']'
    first=$(cat pid)
    anew
    kill -STOP "$first" $(cat "/proc/$first/task/$first/children")
    wait_for says 'lost: no answer for 1 s to a read at offset [0-9]+'
    is_back
    ! grep -q . "/proc/$first/cmdline" 2>/dev/null || fail "the first server still runs"
    finish ;;
command-fails)
    begin '[' sh -c 'echo $$ >pid; [ ! -e over ] || { echo over >&2; exit 7; }; exec "$0" "$@"' "$odd" - disk.img ']'
    touch over
    kill -KILL $(cat "/proc/$(cat pid)/task/$(cat pid)/children") "$(cat pid)"
    wait_for says 'lost: it ended with exit code 7, saying: over'
    rm over
    anew
    is_back
    finish ;;
one-of-several)
    # What one carried comes back; the others work on, and its place is taken.
    make_image disk.img 64M
    serve multi-conn
    begin -c 3 "$(uri s)"
    wait_for grep -qx '2 read' s.server
    anew
    kill -KILL "$(connections_of | cut -d ' ' -f 2)"
    wait_for says back
    wait_for grep -qx '3 read' s.server
    ! says 'lost.*' || fail "it was lost: $(cat out)"
    finish ;;
one-falls-silent)
    make_image disk.img 64M
    serve multi-conn
    begin -c 3 -t 1000 "$(uri s)"
    wait_for grep -qx '2 read' s.server
    anew
    victim=$(connections_of | cut -d ' ' -f 2)
    kill -STOP "$victim"
    wait_for says back
    wait_for grep -qx '3 read' s.server
    ! says 'lost.*' || fail "it was lost: $(cat out)"
    kill -KILL "$victim"
    finish ;;
all-of-several)
    make_image disk.img 64M
    serve multi-conn
    begin -c 3 "$(uri s)"
    wait_for grep -qx '2 read' s.server
    end_server s
    wait_for says 'lost: .*'
    anew
    : >s.server
    serve multi-conn
    is_back
    wait_for grep -qx '2 read' s.server
    finish ;;
written-to)
    serve
    begin -w -t 1000 "$(uri s)"
    end_server s
    wait_for says 'lost: .*'
    anew
    serve stall=write
    wait_for says 'lost: no answer for 1 s to a write at offset [0-9]+'
    end_server s
    anew
    serve
    is_back
    finish ;;
*) fail "no such case" ;;
esac
