#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that dies in the middle of a copy, and isn't waited for, is a failure that says so, soon, on
# one line, with how far the data is good; nothing hangs and nothing is claimed.
#
# cases: source destination destination-qcow2 source-before-block-status command-source command-destination
# cases: send-refused

. "$(dirname "$0")/../functions.sh"
requires_program qemu-nbd
requires_qemu_driver throttle

size=33554432
make_block 65536 >block.data
for ((i = 0; i < 512; i++)); do printf '%08d' "$i"; tail -c +9 block.data; done >in.img
junk out.img "$size"

throttled() {
    echo "driver=throttle,throttle-group=t,file.driver=raw,file.file.driver=file,file.file.filename=$1"
}
limit=throttle-group,id=t,x-bps-total=8388608

good_below_is_true() {
    local good
    good=$(sed -n 's/.*below offset \([0-9][0-9]*\).*/\1/p' err)
    [ -n "$good" ] || fail "not said how far the data is good: $(cat err)"
    [ "$good" -lt "$size" ] || fail "all of it is said to be good: $(cat err)"
    cmp -n "$good" in.img out.img || fail "the data below $good is not what it should be"
}

# Runs the copy, and kills the process in the file $1 once something has moved.
fails_when_killed() {
    local victim=$1
    shift
    (
        wait_for cmp -s -n 65536 in.img out.img
        wait_for test -s "$victim"
        touch moving
        kill -KILL "$(cat "$victim")"
    ) &
    local killer=$!
    at_exit+=("kill $killer 2>/dev/null")
    must_fail 1 '.' --retry=0 "$@"
    wait "$killer"
    [ -e moving ] || fail "it failed before anything had moved: $(cat err)"
}

case $1 in
source)
    serve_qemu s --object "$limit" --image-opts "$(throttled in.img)"
    fails_when_killed s.pid "$(uri s)" out.img
    grep -Eq 's.sock|source' err || fail "which side? $(cat err)"
    good_below_is_true
    end_server s
    serve_qemu s -r -f raw in.img
    goes_on in.img out.img ;;
destination)
    serve_qemu s --object "$limit" --image-opts "$(throttled out.img)"
    fails_when_killed s.pid in.img "$(uri s)"
    grep -Eq 's.sock|destination' err || fail "which side? $(cat err)"
    good_below_is_true
    end_server s
    serve_qemu s -f raw out.img
    goes_on in.img out.img ;;
destination-qcow2)
    # What it took it had in memory: nothing may be called good that wasn't flushed.
    requires_program qemu-img
    qemu-img create -q -f qcow2 d.qcow2 "$size"
    serve_qemu s --object "$limit" --image-opts "driver=qcow2,file.$(throttled d.qcow2 | sed 's/,/,file./g')"
    (
        has_taken_much() { [ "$(size_of d.qcow2)" -ge 8000000 ]; }
        wait_for has_taken_much
        kill -KILL "$(cat s.pid)"
    ) &
    must_fail 1 's.sock.*(the server closed the connection|the connection was reset)' --retry=0 in.img "$(uri s)"
    wait $!
    good=$(sed -n 's/.*good below offset \([0-9][0-9]*\).*/\1/p' err)
    qemu-img convert -U -f qcow2 -O raw d.qcow2 out.img
    cmp -n "${good:-0}" in.img out.img || fail "the data below $good is not what it should be: $(cat err)"
    grep -Eq 'confirmed below offset [1-9]|only confirmed|good below' err || fail "not said how far it got: $(cat err)"
    end_server s
    serve_qemu s -f qcow2 d.qcow2
    same_in_qcow2() { qemu-img compare -q -U -f raw -F qcow2 "$1" "$2" || fail "$1 and $2 differ"; }
    goes_on in.img d.qcow2 same_in_qcow2 ;;
source-before-block-status)
    # It dies on being asked, not on being read.
    requires_nbdkit_plugin eval
    serve_nbdkit s eval get_size="echo $size" can_extents='exit 0' \
        pread='dd if=/dev/zero iflag=count_bytes count=$3 bs=256K status=none' \
        extents='kill -KILL $(cat "$TEST_DIR/s.pid"); sleep 1'
    must_fail 1 's.sock|source' --retry=0 "$(uri s)" out.img
    end_server s
    serve_nbdkit s file in.img
    goes_on in.img out.img ;;
command-source)
    fails_when_killed s.pid '[' qemu-nbd --persistent --shared=8 --pid-file="$PWD/s.pid" \
        --object "$limit" --image-opts "$(throttled in.img)" ']' out.img
    good_below_is_true
    goes_on in.img out.img ;;
command-destination)
    fails_when_killed s.pid in.img '[' qemu-nbd --persistent --shared=8 --pid-file="$PWD/s.pid" \
        --object "$limit" --image-opts "$(throttled out.img)" ']'
    good_below_is_true
    goes_on in.img out.img ;;
send-refused)
    # The kernel is short of memory when the flush is sent, the last request but for the goodbye: heard at once, not when no answer came.
    requires_strace
    # As much as goes off in one piece, so that there are as many of them each time.
    head -c 16K in.img >small.img
    truncate -s 16K small.out
    serve_qemu d -f raw small.out
    sent() { strace -o trace -e trace=sendmsg "$@" "$DECANT" -C1 --retry=0 --timeout=1 small.img "$(uri d)" 2>err; }
    sent || fail "exit code $?: $(cat err)"
    last=$(($(grep -c sendmsg trace) - 1))
    code=0
    sent -e inject=sendmsg:error=ENOBUFS:when="$last" || code=$?
    grep -q INJECTED trace || fail "nothing was refused"
    must_say 'flushing .* failed: send: No buffer space available; the copy is confirmed below offset 16384, but nothing of it is flushed' ;;
*) fail "no such case" ;;
esac
