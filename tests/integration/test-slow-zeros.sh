#!/bin/bash
# SPDX-License-Identifier: MIT
# A device that has no command for zeros writes them out, for minutes, and all that while the call for it doesn't return. Signals
# and progress are looked at in between: through the ring, or else in parts that take a moment each.
#
# cases: ring signal-between-parts progress-between-parts slow-writes refused-by-the-ring allocated

. "$(dirname "$0")/../functions.sh"
requires_root
requires_strace
requires_program losetup blockdev

truncate -s 512M in.img
truncate -s 512M out.img
head -c 4M /dev/urandom | dd of=out.img bs=1M conv=notrunc iflag=fullblock status=none
device=$(losetup --find --show out.img 2>losetup.err) || skip "no loop device: $(cat losetup.err)"
at_exit+=("losetup --detach $device")

without_ring=(-e inject=io_uring_setup:error=ENOSYS)
traced=io_uring_setup,fallocate,ioctl,pwrite64
# Starts decant with each fallocate taking a second.
start() { # STRACE-OPTION... -- DECANT-OPTION...
    local options=()
    while [ "$1" != -- ]; do options+=("$1"); shift; done
    shift
    : >trace
    strace -f -o trace -e trace=$traced "${options[@]}" "$DECANT" "$@" in.img "$device" 2>err &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
}
# Whether there are N such calls in the trace.
has_calls() { # N CALL
    [ "$(grep -c "$2(.*DELAYED" trace)" -ge "$1" ]
}
slow=(-e inject=fallocate:delay_enter=1000000)

# What a device was given.
same_flushed() {
    blockdev --flushbufs "$device"
    same_front "$1" "$2"
}

case $1 in
ring)
    # None of them is made by us.
    grep -q . /proc/sys/kernel/io_uring_disabled 2>/dev/null &&
        [ "$(cat /proc/sys/kernel/io_uring_disabled)" != 0 ] && skip "io_uring is switched off here"
    strace -f -o trace -e trace=$traced "$DECANT" in.img "$device" || fail "exit code $?"
    ! grep -E 'fallocate|BLKZEROOUT' trace || fail "waited for"
    blockdev --flushbufs "$device"
    same_sparse in.img out.img ;;
signal-between-parts)
    start "${without_ring[@]}" "${slow[@]}" --
    wait_for has_calls 2 fallocate
    kill -INT "$(awk '{ print $1; exit }' trace)"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code, not 1: $(cat err)"
    grep -q 'stopped by signal 2; the copy is good below offset [1-9]' err || fail "got: $(cat err)"
    # The one that was under way, and one more at most.
    calls=$(grep -c fallocate trace)
    [ "$calls" -le 4 ] || fail "$calls calls: $(cat trace)"
    good=$(sed -n 's/.*good below offset \([0-9]*\).*/\1/p' err)
    blockdev --flushbufs "$device"
    cmp -n "$good" in.img out.img
    goes_on in.img out.img same_flushed ;;
progress-between-parts)
    start "${without_ring[@]}" "${slow[@]}" -- --progress=9 9>progress
    wait_for has_calls 3 fallocate
    wait_for test -s progress
    kill -TERM "$(awk '{ print $1; exit }' trace)"
    wait "$pid" && fail "exit code 0"
    # Parts are small where they take long.
    sed -n 's/.*fallocate([^,]*, [^,]*, [0-9]*, \([0-9]*\)).*/\1/p' trace | awk '$1 > 1048576 { exit 1 }' ||
        fail "too much at once: $(cat trace)"
    goes_on in.img out.img same_flushed 9>progress ;;
slow-writes)
    # The same holds for writes that aren't made through the ring.
    head -c 32M /dev/urandom >in.img
    start "${without_ring[@]}" -e inject=pwrite64:delay_enter=300000 --
    wait_for has_calls 2 pwrite64
    kill -INT "$(awk '{ print $1; exit }' trace)"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code, not 1: $(cat err)"
    calls=$(grep -c pwrite64 trace)
    [ "$calls" -le 6 ] || fail "$calls calls: $(cat trace)"
    goes_on in.img out.img same_flushed ;;
refused-by-the-ring)
    # What the kernel doesn't take now is done otherwise.
    strace -f -o trace -e trace=$traced,io_uring_enter -e inject=io_uring_enter:error=EAGAIN "$DECANT" in.img "$device" ||
        fail "exit code $?"
    grep -q fallocate trace || fail "no zeros at all"
    blockdev --flushbufs "$device"
    same_sparse in.img out.img ;;
allocated)
    # Zeros that are no holes, by the second way.
    strace -f -o trace -e trace=$traced "${without_ring[@]}" "$DECANT" --allocated in.img "$device" || fail "exit code $?"
    grep -q 'ZERO_RANGE' trace && ! grep -q PUNCH_HOLE trace || fail "not as wanted: $(head -n 5 trace)"
    blockdev --flushbufs "$device"
    same_sparse in.img out.img ;;
*) fail "no such case" ;;
esac
