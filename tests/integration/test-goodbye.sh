#!/bin/bash
# SPDX-License-Identifier: MIT
# What has been answered and flushed is done: a server, or a proxy before it, that never closes the connection
# after the goodbye costs a moment, and neither the exit code, nor the report, nor the digest.
#
# cases: source destination info map signal tls-handshake

. "$(dirname "$0")/../functions.sh"
make_image in.img 1M
cp in.img disk.img
DECANT_LIMIT_S=30

case $1 in
source)
    serve_odd s disk.img never-closes multi-conn
    must_copy --report --sha256 "$(uri s)" out.img >digest
    grep -q 'bytes=1048576 ' err || fail "no report: $(cat err)"
    [ "$(cat digest)" = "sha256:$(sha256sum <in.img | cut -d ' ' -f 1)" ] || fail "no digest: $(cat digest)"
    same in.img out.img ;;
destination)
    truncate -s 0 disk.img
    truncate -s 1M disk.img
    serve_odd d disk.img never-closes
    must_copy in.img "$(uri d)"
    same in.img disk.img ;;
info)
    serve_odd s disk.img never-closes
    run_decant info --size "$(uri s)" >out
    [ "$code" -eq 0 ] && [ "$(cat out)" = 1048576 ] || fail "exit code $code: $(cat out err)"
    run_decant info "$(uri s)" >out
    [ "$code" -eq 0 ] && grep -q 'export-size: 1048576' out || fail "exit code $code: $(cat out err)" ;;
map)
    serve_odd s disk.img never-closes
    run_decant map "$(uri s)" >out
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)" ;;
signal)
    # A server that says nothing at all is waited for as long as the operator likes.
    for verb in copy info map size; do
        words=("$verb" "$(uri s)")
        stall=go
        case $verb in copy) words+=(out.img) ;; size) words=(info --size "${words[1]}") stall=info ;; esac
        serve_odd s disk.img stall=$stall
        : >s.server
        "$DECANT" "${words[@]}" 2>err >out &
        pid=$!
        at_exit+=("kill -KILL $pid 2>/dev/null")
        wait_for grep -q " $stall\$" s.server
        kill -INT "$pid"
        code=0
        wait "$pid" || code=$?
        [ "$code" -eq 1 ] || fail "exit code $code of $verb"
        grep -q '^decant: stopped by signal 2$' err || fail "$verb: $(cat err)"
        end_server s
    done ;;
tls-handshake)
    # Nor does it take the processor for what it waits for: here for a second.
    serve_odd s disk.img tls-mute
    "$DECANT" "nbds+unix:///?socket=$TEST_DIR/s.sock&tls-verify-peer=0" out.img 2>err &
    at_exit+=("kill $! 2>/dev/null")
    wait_for grep -qs starttls s.server
    sleep 1
    ticks=$(awk '{ print $14 + $15 }' /proc/$!/stat)
    kill -INT $!
    wait $! || true
    grep -q '^decant: stopped by signal 2$' err || fail "$(cat err)"
    [ $((ticks * 10)) -le $((4 * $(getconf CLK_TCK))) ] || fail "a spin: $ticks ticks of processor time" ;;
*) fail "no such case" ;;
esac
