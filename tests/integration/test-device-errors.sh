#!/bin/bash
# SPDX-License-Identifier: MIT
# What goes wrong with a disk comes as an errno whose own words mislead: a disk that was pulled has "no space left", a bad
# sector "no data available", and one that is read-only fails at its first write, which is one too late.
#
# cases: read-only read-only-attached read-only-refused read-only-source pulled-destination pulled-source
# cases: smaller-destination medium-error-source medium-error-destination medium-error-flush thin-is-full read-only-later

. "$(dirname "$0")/../functions.sh"
requires_root
requires_program losetup blockdev
requires_strace

head -c 8M /dev/urandom >in.img
junk out.img 8M
untouched() {
    junk before.img 8M
    blockdev --flushbufs "$device"
    same before.img out.img
}
# What the device was given.
same_flushed() {
    blockdev --flushbufs "$device"
    same "$1" "$2"
}
# Copies slowly, and has commands run once the first bytes have arrived at a file.
copy_meanwhile() { # SOURCE DESTINATION FILE COMMANDS
    "$DECANT" --retry=0 --rate-limit=2M "$1" "$2" 2>err &
    local pid=$!
    wait_for cmp -s -n 65536 in.img "$3" 2>cmp.err
    eval "$4"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code, not 1: $(cat err)"
}
# Without the ring, whose errors can't be injected.
must_fail_with() { # PATTERN INJECTION ARGUMENTS...
    code=0
    strace -f -o trace -e inject=io_uring_setup:error=ENOSYS -e inject="$2" "$DECANT" "${@:3}" 2>err || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code, not 1: $(cat err)"
    grep -Eq "$1" err || fail "the line should match '$1': $(cat err)"
}

case $1 in
read-only)
    attach device out.img
    blockdev --setro "$device"
    at_exit=("blockdev --setrw $device" "${at_exit[@]}")
    must_fail 1 "$device is read-only; nothing was written" in.img "$device"
    untouched ;;
read-only-attached)
    attach device out.img --read-only
    must_fail 1 "$device is read-only; nothing was written" in.img "$device"
    untouched ;;
read-only-refused)
    # Other kernels say so when it is opened.
    attach device out.img --read-only
    for errno in EACCES EROFS; do
        code=0
        strace -o trace -P "$device" -e inject=open:error=$errno:when=1 "$DECANT" in.img "$device" 2>err || code=$?
        grep -q INJECTED trace || fail "nothing was refused"
        [ "$code" -eq 1 ] && grep -q "$device is read-only; nothing was written" err || fail "got $code: $(cat err)"
    done ;;
read-only-source)
    attach device in.img --read-only
    must_copy "$device" out.img
    same in.img out.img ;;
pulled-destination) # what it had goes with it here, and so nothing goes on
    attach device out.img
    copy_meanwhile in.img "$device" out.img 'truncate -s 0 out.img; losetup -c "$device"'
    grep -Eq "writing $device failed at offset [0-9]+: the device has gone; " err || fail "got: $(cat err)" ;;
smaller-destination) # likewise
    attach device out.img
    copy_meanwhile in.img "$device" out.img 'truncate -s 512K out.img; losetup -c "$device"'
    grep -Eq "writing $device failed at offset [0-9]+: the device has become smaller; " err || fail "got: $(cat err)" ;;
pulled-source)
    cp in.img disk.img
    attach device disk.img
    copy_meanwhile "$device" out.img out.img 'truncate -s 0 disk.img; losetup -c "$device"'
    grep -Eq "reading $device failed at offset [0-9]+: the device has gone; " err || fail "got: $(cat err)"
    cp in.img disk.img
    losetup -c "$device"
    goes_on in.img out.img ;;
medium-error-source)
    must_fail_with 'reading in.img failed at offset [0-9]+: medium error' pread64:error=ENODATA:when=3+ in.img out.img
    goes_on in.img out.img
    attach device in.img
    must_fail_with "reading $device failed at offset [0-9]+: medium error" pread64:error=ENODATA:when=3+ "$device" out.img
    goes_on in.img out.img ;;
medium-error-destination)
    attach device out.img
    must_fail_with "writing $device failed at offset [0-9]+: medium error" pwrite64:error=ENODATA:when=3+ in.img "$device"
    goes_on in.img out.img same_flushed ;;
medium-error-flush)
    attach device out.img
    must_fail_with "flushing $device failed: medium error" fsync:error=ENODATA in.img "$device"
    goes_on in.img out.img same_flushed ;;
thin-is-full)
    attach device out.img
    must_fail_with "writing $device failed at offset [0-9]+: no space is left where the device keeps its data" \
        pwrite64:error=ENOSPC:when=3+ in.img "$device"
    goes_on in.img out.img same_flushed ;;
read-only-later)
    attach device out.img
    at_exit=("blockdev --setrw $device" "${at_exit[@]}")
    copy_meanwhile in.img "$device" out.img 'blockdev --setro "$device"'
    grep -Eq "writing $device failed at offset [0-9]+: the device has become read-only; " err || fail "got: $(cat err)"
    blockdev --setrw "$device"
    goes_on in.img out.img same_flushed ;;
*) fail "no such case" ;;
esac
