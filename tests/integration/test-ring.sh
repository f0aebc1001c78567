#!/bin/bash
# SPDX-License-Identifier: MIT
# Files and devices are read and written through io_uring, past the page cache;
# where the kernel has none, or takes nothing at the moment, the same bytes arrive
# without. What of a source is in the page cache is taken from there.
#
# cases: used no-ring no-direct refused-now grows odd fails
# cases: read-past-the-cache read-from-the-cache read-odd read-no-ring read-refused-now
. "$(dirname "$0")/../functions.sh"
requires_strace

make_image in.img 24M 81

# Runs decant under strace with faults injected; the trace is in the file `trace`.
traced() { # INJECTION ARGUMENTS...
    local inject=$1
    shift
    strace -f -o trace ${inject:+-e inject="$inject"} "$DECANT" "$@" || fail "exit code $?: decant $*"
}

# Whether files can be written directly here, as the ring wants it.
requires_direct() {
    dd if=/dev/zero of=probe bs=4096 count=1 oflag=direct status=none 2>/dev/null || skip "no direct I/O in $TEST_DIR"
    grep -q . /proc/sys/kernel/io_uring_disabled 2>/dev/null &&
        [ "$(cat /proc/sys/kernel/io_uring_disabled)" != 0 ] && skip "io_uring is switched off here"
    return 0
}

# Out of the page cache, so that it has to be read from the disk; and how many bytes of it are in there.
forget() { dd of="$1" oflag=nocache conv=notrunc,fdatasync count=0 status=none; }
cached_bytes() { fincore --bytes --noheadings --output RES "$1" | tr -d ' '; }
requires_forgetting() {
    requires_direct
    requires_program fincore
    forget in.img
    [ "$(cached_bytes in.img)" = 0 ] || skip "the page cache keeps files in $TEST_DIR"
}

case $1 in
used)
    requires_direct
    traced '' in.img out.img
    grep -q 'io_uring_enter' trace || fail "the ring was not used"
    [ "$(grep -c pwrite64 trace)" -eq 0 ] || fail "writes beside the ring: $(grep pwrite64 trace | sed -n 1,2p)" ;;
no-ring)
    traced io_uring_setup:error=ENOSYS in.img out.img
    grep -q pwrite64 trace || fail "no writes at all" ;;
no-direct)
    # The file system says so when the file is opened.
    rm -f out.img
    strace -f -o trace -P out.img -e inject=open:error=EINVAL:when=1 "$DECANT" in.img out.img || fail "exit code $?"
    grep -q 'O_DIRECT.*INJECTED' trace || fail "nothing was refused"
    ! grep 'out.img.*O_DIRECT.* = [0-9]' trace || fail "opened directly" ;;
refused-now)
    requires_direct
    traced io_uring_enter:error=EAGAIN:when=2+2 in.img out.img
    grep -q 'io_uring_enter.*EAGAIN' trace || fail "nothing was refused"
    grep -q pwrite64 trace || fail "what was refused was not written otherwise" ;;
grows)
    # Zeros and data of a stream, whose length is known only at the end.
    truncate -s 25000003 in.img
    cat in.img | must_copy - out.img ;;
odd)
    for odd in 1 4095 4097 1000003; do
        make_image in.img "$odd" "$odd"
        must_copy in.img out.img
        same in.img out.img
    done ;;
read-past-the-cache)
    requires_forgetting
    traced '' in.img out.img
    [ "$(grep -c pread64 trace)" -eq 0 ] || fail "reads beside the ring: $(grep pread64 trace | sed -n 1,2p)"
    [ "$(cached_bytes in.img)" = 0 ] || fail "reading it filled the page cache" ;;
read-from-the-cache)
    requires_direct
    cat in.img >/dev/null
    traced '' in.img out.img
    grep -q pread64 trace || fail "read from the disk what was in memory" ;;
read-odd)
    for odd in 1 4095 4097 1000003; do
        make_image in.img "$odd" "$odd"
        requires_forgetting
        must_copy in.img out.img
        same in.img out.img
    done ;;
read-no-ring)
    forget in.img
    traced io_uring_setup:error=ENOSYS in.img out.img
    grep -q pread64 trace || fail "no reads at all" ;;
read-refused-now)
    requires_forgetting
    traced io_uring_enter:error=EAGAIN:when=1+2 in.img out.img
    grep -q pread64 trace || fail "what was refused was not read otherwise" ;;
fails)
    # A file system that is full says so, with the offset.
    requires_root
    requires_program losetup mke2fs
    make_block 10485760 >in.img
    truncate -s 32M small.img
    mke2fs -q -F small.img
    mkdir mnt
    mount -o loop small.img mnt 2>mount.err || skip "may not mount: $(cat mount.err)"
    at_exit+=("umount mnt")
    head -c "$(df --output=avail -B1 mnt | awk 'NR == 2 { print $1 - 6291456 }')" /dev/zero >mnt/ballast
    must_fail 1 'writing mnt/out.img failed at offset [0-9]+: No space left on device; the copy is good below' in.img mnt/out.img
    good=$(sed -n 's/.*good below offset \([0-9]*\).*/\1/p' err)
    cmp -n "$good" in.img mnt/out.img
    rm mnt/ballast
    goes_on in.img mnt/out.img
    exit 0 ;;
esac
same in.img out.img
