#!/bin/bash
# SPDX-License-Identifier: MIT
# A copy that stands still says for whom, since when and how long it will, and when that is over; once each, and never
# into the disk.
#
# cases: plain terminal destination gives-up stopped stopped-json forever into-the-disk into-a-pipe as-nbdcopy

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter rate
head -c 16M /dev/urandom >in.img

serve_slowly() { serve_nbdkit s --filter=rate file "${1-in.img}" rate=32M; }
# Kills the server once the copy has begun, and brings it back once that was said in the file $1.
restart_meanwhile() { # FILE [IMAGE]
    local image=${2-in.img} pid
    pid=$(cat s.pid)
    (
        wait_for cmp -s -n 65536 in.img out.img 2>cmp.err
        kill -KILL "$pid"
        wait_for has_ended "$pid"
        wait_for grep -q "${3-trying again}" "$1"
        rm -f s.sock
        exec setpriv --pdeathsig TERM nbdkit -f -U s.sock file "$image" >>s.server 2>&1
    ) &
    server_pid[again]=$!
}
lost='s.sock: the (server closed the connection|connection was (reset|lost)); trying again for up to 120 s'
count() { # N PATTERN FILE
    [ "$(grep -Ec "$2" "$3")" -eq "$1" ] || fail "not $1 times: $2: $(cat -A "$3")"
}

case $1 in
plain)
    serve_slowly
    : >err
    restart_meanwhile err
    must_copy "$(uri s)" out.img
    same in.img out.img
    [ "$(wc -l <err)" -eq 2 ] || fail "two lines expected: $(cat err)"
    sed -n 1p err | finds -E "^decant: .*$lost\$" || fail "got: $(cat err)"
    sed -n 2p err | finds -E '^decant: .*s.sock is back: going on at offset [1-9][0-9]*$' || fail "got: $(cat err)" ;;
terminal)
    # Lines of their own, and between them who is waited for, and how long already.
    serve_slowly
    : >seen
    restart_meanwhile seen in.img 'waiting 0:0[1-9], for nbd'
    code=0
    timeout "$DECANT_LIMIT_S" "$TOP/tests/terminal" 120 '' "$DECANT" -p "$(uri s)" out.img </dev/null >seen || code=$?
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat -A seen)"
    same in.img out.img
    sed 's/\r$//' seen | tr '\r' '\n' | sed 's/\x1b\[[JK]//g' >lines
    count 1 "^decant: .*$lost\$" lines
    count 1 '^decant: .*s.sock is back: going on at offset [1-9][0-9]*$' lines
    grep -Eq '^decant: .* of 16.0 MiB \([0-9]+ %\), waiting 0:0[0-9], for nbd\+unix:' lines || fail "got: $(cat -A seen)"
    [ "$(wc -l <seen)" -eq 3 ] || fail "three lines are to stay: $(cat -A seen)" ;;
destination)
    junk out.img 16M
    serve_slowly out.img
    : >err
    restart_meanwhile err out.img
    must_copy --retry=60.5 in.img "$(uri s)"
    same in.img out.img
    count 1 'trying again for up to 60.5 s$' err
    count 1 's.sock is back: going on at offset [0-9]+$' err ;;
gives-up)
    # With how to go on, which the same server takes later.
    serve_slowly
    pid=$(cat s.pid)
    (wait_for cmp -s -n 65536 in.img out.img 2>cmp.err; kill -KILL "$pid") &
    code=0
    run_decant --retry=1 "$(uri s)" out.img
    [ "$code" -eq 1 ] || fail "exit code $code: $(cat err)"
    count 1 'trying again for up to 1 s$' err
    count 1 'reading .*s.sock failed at offset [0-9]+: .*: (go on|copy again) with$' err
    end_server s
    serve_slowly
    goes_on in.img out.img ;;
stopped|stopped-json)
    # A signal ends the wait too, at once.
    serve_slowly
    options=(--retry=forever --no-extents)
    [ "$1" = stopped ] || options+=(--json)
    "$DECANT" "${options[@]}" "$(uri s)" out.img 2>err >out &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    wait_for cmp -s -n 65536 in.img out.img 2>cmp.err
    kill -KILL "$(cat s.pid)"
    wait_for grep -q 'trying again' err
    kill -TERM "$pid"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code: $(cat err)"
    count 1 '^decant: stopped by signal 15; the copy is good below offset [1-9][0-9]* .*: go on with$' err
    if [ "$1" = stopped-json ]; then
        requires_program jq
        [ "$(jq -r '."go-on"' out)" = "$(sed -n 's/^  //p' err)" ] || fail "another command: $(cat out err)"
        [ "$(jq '."good-below"' out)" -gt 0 ] || fail "got: $(cat out)"
    fi
    end_server s
    serve_slowly
    goes_on in.img out.img ;;
forever)
    serve_slowly
    : >err
    restart_meanwhile err
    must_copy --retry=forever "$(uri s)" out.img
    count 1 'trying again until it is back$' err ;;
into-the-disk|into-a-pipe)
    # What is said would be part of it; a copy that goes on well is a disk.
    serve_slowly
    case $1 in
    into-the-disk) "$DECANT" "$(uri s)" - >out.img 2>&1 & ;;
    into-a-pipe) "$DECANT" "$(uri s)" - 2>&1 | cat >out.img & ;;
    esac
    pid=$!
    at_exit+=("kill $pid 2>/dev/null")
    wait_for cmp -s -n 65536 in.img out.img 2>cmp.err
    kill -KILL "$(cat s.pid)"
    end_server s
    serve_slowly
    wait "$pid" || fail "exit code $?: $(tail -n 2 out.img)"
    same in.img out.img ;;
as-nbdcopy)
    # Which gives up at once, unless it is told otherwise, and begins with its name.
    ln -s "$DECANT" nbdcopy
    DECANT=./nbdcopy
    serve_slowly
    : >err
    restart_meanwhile err
    must_copy --retry=120 "$(uri s)" out.img
    same in.img out.img
    count 2 '^nbdcopy: .*s.sock' err ;;
*) fail "no such case" ;;
esac
