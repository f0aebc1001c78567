#!/bin/bash
# SPDX-License-Identifier: MIT
# A copy also ends from outside: a signal, a reader that goes away, a disk that
# fills up. Each is a failure that says how far it got, and none is a silence.
#
# cases: term int hangup-ignored signalled-twice while-flushing while-flushing-twice while-flushing-verified reader-gone disk-full-file disk-full-sparse-file standard-output-closed

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter delay
make_block 65536 >block.data
for ((i = 0; i < 128; i++)); do printf '%08d' "$i"; tail -c +9 block.data; done >in.img

one_line_about() {
    cat err
    is_one_message && grep -q '^decant: ' err || fail "one line expected: $(cat err)"
    grep -Eq -e "$1" err || fail "the line should match '$1'"
}

case $1 in
term|int)
    serve_nbdkit s --filter=delay file in.img rdelay=200ms
    "$DECANT" --memory=1M -C 1 "$(uri s)" out.img 2>err &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    wait_for cmp -s -n 65536 in.img out.img
    kill "-${1^^}" "$pid"
    code=0
    wait "$pid" || code=$?
    # Either it says so and fails, or it lets the signal have it; both end it.
    [ "$code" -eq 1 ] || fail "exit code $code, not 1"
    one_line_about 'signal|interrupt|stopped|terminat'
    good=$(sed -n 's/.*below offset \([0-9][0-9]*\).*/\1/p' err)
    [ -n "$good" ] || fail "not said how far the data is good"
    cmp -n "$good" in.img out.img
    end_server s
    serve_nbdkit s file in.img
    goes_on in.img out.img ;;
hangup-ignored) # as by nohup: it goes on
    serve_nbdkit s --filter=delay file in.img rdelay=20ms
    (trap '' HUP; exec "$DECANT" --memory=1M -C 1 "$(uri s)" out.img 2>err) &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    wait_for cmp -s -n 65536 in.img out.img
    kill -HUP "$pid"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    same in.img out.img ;;
signalled-twice)
    # The first waits for what is under way, here for far too long; the second
    # means it.
    junk out.img 8M
    serve_nbdkit d --filter=log --filter=delay file out.img wdelay=100 logfile="$TEST_DIR/log"
    "$DECANT" in.img "$(uri d)" 2>err &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    wait_for grep -q ' Write id=' log
    kill -INT "$pid"
    wait_for has_taken "$pid"
    kill -0 "$pid" 2>/dev/null || fail "it didn't wait for what was under way: $(cat err)"
    kill -INT "$pid"
    code=0
    wait "$pid" || code=$?
    [ "$code" -ne 0 ] || fail "it claims to be done"
    kill -KILL "$(cat d.pid)" 2>/dev/null || true # it would wait for its writes, where it doesn't fail at an assertion
    end_server d
    serve_nbdkit d file out.img
    goes_on in.img out.img ;;
while-flushing|while-flushing-twice|while-flushing-verified)
    # All is there but not known to be on the disk: the end is near, and worth waiting for; but not for those who can't.
    requires_nbdkit_plugin eval
    size=$(size_of in.img)
    serve_nbdkit d eval get_size="echo $size" can_write='exit 0' can_flush='exit 0' pwrite='cat >/dev/null' \
        pread='dd if=/dev/zero iflag=count_bytes count=$3 bs=256K status=none' \
        flush='touch "$TEST_DIR/flushing"; until [ -e "$TEST_DIR/flush" ]; do sleep 0.02; done'
    verify=
    [ "$1" != while-flushing-verified ] || verify=--verify
    "$DECANT" $verify in.img "$(uri d)" 2>err &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    wait_for test -e flushing
    kill -INT "$pid"
    wait_for has_taken "$pid"
    code=0
    case $1 in
    *-twice) kill -INT "$pid"; wait "$pid" || code=$?; touch flush ;;
    *) touch flush; wait "$pid" || code=$? ;;
    esac
    case $1 in
    *-twice)
        [ "$code" -eq 1 ] || fail "exit code $code, not 1"
        one_line_about 'signal'
        goes_on in.img flushing true ;; # the server keeps nothing
    *-verified) # which is long, and is what the signal stops
        [ "$code" -eq 1 ] || fail "exit code $code, not 1: $(cat err)"
        one_line_about 'stopped by signal 2' ;;
    *)
        [ "$code" -eq 0 ] || fail "exit code $code of a copy that is complete: $(cat err)" ;;
    esac ;;
reader-gone)
    code=0
    { "$DECANT" in.img - 2>err || echo $? >code; } | head -c 100000 >out.part
    [ "$(cat code)" -eq 1 ] || fail "exit code $(cat code), not 1"
    one_line_about 'writing'
    goes_on in.img out.img >out.img ;;
disk-full-file|disk-full-sparse-file)
    requires_root
    mkdir small
    mount -t tmpfs -o size=2M tmpfs small 2>mount.err || skip "may not mount: $(cat mount.err)"
    at_exit+=("umount small")
    [ "$1" = disk-full-file ] || truncate -s 1G in.img
    run_decant in.img small/out.img
    [ "$code" -eq 1 ] || fail "exit code $code, not 1: $(cat err)"
    one_line_about 'No space left'
    mount -o remount,size=20M small
    goes_on in.img small/out.img same_sparse ;;
standard-output-closed)
    code=0
    "$DECANT" in.img - 2>err >&- || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code, not 1"
    one_line_about '.' ;;
*) fail "no such case" ;;
esac
