#!/bin/bash
# SPDX-License-Identifier: MIT
# A partition table counts in sectors: on a disk whose sectors are larger or smaller nothing finds what it tells of, and the machine
# doesn't start, long after all went well. And a whole disk within a partition, or a filesystem over a disk's partitions, is a slip of
# the hand. All of it is refused before anything is written.
#
# cases: gpt-onto-4k gpt-of-4k mbr-onto-4k fits option from-device from-stream as-nbdcopy
# cases: disk-onto-partition filesystem-onto-disk

. "$(dirname "$0")/../functions.sh"
requires_root
requires_program losetup blockdev sfdisk mkfs.ext4

# make_table LABEL SECTOR-SIZE: in.img has it.
make_table() {
    local disk
    attach disk in.img --sector-size "$2"
    echo "start=$((1048576 / $2)), type=linux" | sed "s/linux/$([ "$1" = gpt ] && echo linux || echo 83)/" |
        sfdisk -q --no-reread --no-tell-kernel --label "$1" "$disk"
    detach "$disk"
}

untouched() {
    blockdev --flushbufs "$to"
    same before.img out.img
}

make_image in.img 12M 17
junk out.img 16M
cp out.img before.img
words='has a partition table for sectors of 512 bytes, and /dev/loop[0-9]+ has sectors of 4096'

case $1 in
gpt-onto-4k)
    make_table gpt 512
    attach to out.img --sector-size 4096
    must_fail 1 "in.img $words.*; nothing was written" in.img "$to"
    untouched ;;
gpt-of-4k)
    make_table gpt 4096
    attach to out.img
    must_fail 1 "sectors of 4096 bytes, and $to has sectors of 512" in.img "$to"
    untouched ;;
mbr-onto-4k)
    make_table dos 512
    attach to out.img --sector-size 4096
    must_fail 1 "in.img $words" in.img "$to"
    untouched ;;
fits)
    for sector in 512 4096; do
        for label in gpt dos; do
            make_table "$label" "$sector"
            attach to out.img --sector-size "$sector"
            must_copy in.img "$to"
            blockdev --flushbufs "$to"
            cmp -n 12582912 in.img out.img
        done
    done ;;
option)
    make_table gpt 512
    attach to out.img --sector-size 4096
    must_copy --any-sector-size in.img "$to"
    blockdev --flushbufs "$to"
    cmp -n 12582912 in.img out.img
    must_copy in.img copy.img ;;
from-device)
    make_table gpt 512
    attach from in.img
    attach to out.img --sector-size 4096
    must_fail 1 "$from $words" "$from" "$to"
    untouched ;;
from-stream)
    make_table gpt 512
    attach to out.img --sector-size 4096
    "$DECANT" - "$to" <in.img >said 2>err && fail "exit code 0" # a file
    grep -Eq "^decant: standard input $words" err || fail "got: $(cat err)"
    cat in.img | "$DECANT" - "$to" >said 2>err && fail "exit code 0"
    grep -Eq "^decant: standard input $words" err || fail "got: $(cat err)"
    untouched
    # What is kept of the stream's front for that is not lost, however small reads are.
    cat in.img | "$DECANT" --any-sector-size --request-size=4K - "$to"
    blockdev --flushbufs "$to"
    cmp -n 12582912 in.img out.img ;;
as-nbdcopy)
    make_table gpt 512
    attach to out.img --sector-size 4096
    "${DECANT%/*}/nbdcopy" in.img "$to" 2>err || fail "exit code $?: $(cat err)"
    grep -Eq "^nbdcopy: warning: in.img $words" err || fail "got: $(cat err)"
    blockdev --flushbufs "$to"
    cmp -n 12582912 in.img out.img ;;
disk-onto-partition|filesystem-onto-disk)
    attach to out.img
    partition add "$to" 1 2048 26624 2>part.err || skip "no partition can be added here: $(cat part.err)"
    at_exit=("partition delete $to 1 2>/dev/null" "${at_exit[@]}")
    wait_for test -b "${to}p1"
    if [ "$1" = disk-onto-partition ]; then
        make_table dos 512
        must_fail 1 "in.img is a whole disk, with a partition table, and ${to}p1 is a partition" in.img "${to}p1"
        untouched
        must_copy --force-destination in.img "${to}p1"
        mkfs.ext4 -q -F in.img
        must_copy in.img "${to}p1"
        exit 0
    fi
    mkfs.ext4 -q -F in.img
    must_fail 1 "in.img is one filesystem \(ext4\), and $to is a disk with partitions, all of which would be lost" in.img "$to"
    untouched
    must_copy --force-destination in.img "$to" ;;
*) fail "no such case" ;;
esac
