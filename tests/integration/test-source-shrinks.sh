#!/bin/bash
# SPDX-License-Identifier: MIT
# A source file that others cut short while it is copied is no longer what was to be copied: where it ended there was
# data once, and zeros in its place are no success, whether its extents, its data or nothing more was to be asked for.
#
# cases: before-its-extents before-its-data after-its-extents no-ring grown redirected

. "$(dirname "$0")/../functions.sh"
requires_holes

# Copies it slowly, and has a command change it once its first bytes have arrived.
copy_meanwhile() { # COMMAND ARGUMENTS...
    "${trace[@]}" "$DECANT" --rate-limit=2M "$source" out.img <in.img 2>err &
    local pid=$!
    wait_for cmp -s -n 65536 in.img out.img 2>cmp.err
    "$@"
    code=0
    wait "$pid" || code=$?
}

trace=()
source=in.img
head -c 4M /dev/urandom >in.img
case $1 in
before-its-extents)
    # Asked for as the copy comes nearer, not at the start.
    sparse_image in.img 2G 0 2000000000
    head -c 4M /dev/urandom | dd of=in.img bs=1M conv=notrunc iflag=fullblock status=none
    copy_meanwhile truncate -s 4M in.img
    must_say 'reading in.img failed at offset [0-9]+: it became shorter meanwhile; the copy is good below'
    goes_on in.img out.img <in.img ;;
before-its-data)
    head -c 16M /dev/urandom >in.img
    copy_meanwhile truncate -s 1M in.img
    must_say 'reading in.img failed at offset [0-9]+: it became shorter meanwhile; the copy is good below'
    goes_on in.img out.img <in.img ;;
after-its-extents)
    truncate -s 16M in.img
    copy_meanwhile truncate -s 4M in.img
    must_say 'in.img became shorter while it was read: copy again with'
    goes_on in.img out.img <in.img ;;
no-ring)
    requires_strace
    trace=(strace -f -o trace -e inject=io_uring_setup:error=ENOSYS)
    head -c 16M /dev/urandom >in.img
    copy_meanwhile truncate -s 1M in.img
    must_say 'it became shorter meanwhile'
    goes_on in.img out.img <in.img ;;
redirected)
    source=-
    copy_meanwhile truncate -s 3M in.img
    must_say 'standard input: it became shorter meanwhile'
    goes_on in.img out.img <in.img ;;
grown)
    # What it has more by now was not asked for.
    cp in.img before.img
    copy_meanwhile truncate -s 8M in.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    same before.img out.img ;;
*) fail "no such case" ;;
esac
