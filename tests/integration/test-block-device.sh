#!/bin/bash
# SPDX-License-Identifier: MIT
# Block devices are what the appliance writes: of a fixed size, with sectors that
# direct I/O has to keep to, and full of somebody's old data.
#
# cases: source destination both source-4k destination-4k both-4k destination-larger
# cases: destination-too-small destination-discarded same-device odd-pipe to-nbd direct mounted
# cases: partition-onto-disk disk-onto-partition partition-onto-partition
# cases: partitions-reread partitions-in-use partitions-in-use-nbdcopy no-partitions
# cases: loop-onto-its-file file-onto-its-loop loop-onto-its-device loops-of-one-file loops-side-by-side

. "$(dirname "$0")/../functions.sh"
requires_root
requires_program losetup blockdev

# What is on the device's file, past the caches.
settle() {
    blockdev --flushbufs "$to"
}

make_image in.img 12M 71
junk out.img 12M

case $1 in
source|source-4k)
    case $1 in *-4k) attach from in.img --sector-size 4096 ;; *) attach from in.img ;; esac
    rm out.img
    must_copy "$from" out.img ;;
destination|destination-4k)
    case $1 in *-4k) attach to out.img --sector-size 4096 ;; *) attach to out.img ;; esac
    must_copy in.img "$to"
    settle ;;
both|both-4k)
    case $1 in *-4k) o=(--sector-size 4096) ;; *) o=() ;; esac
    attach from in.img "${o[@]}"
    attach to out.img "${o[@]}"
    must_copy "$from" "$to"
    settle ;;
destination-larger)
    # The source ends inside a sector; what is behind it stays.
    truncate -s 5000003 in.img
    cp out.img expected.img
    dd if=in.img of=expected.img bs=64K conv=notrunc status=none
    attach to out.img --sector-size 4096
    must_copy in.img "$to"
    settle
    same expected.img out.img
    exit 0 ;;
destination-too-small)
    truncate -s 8M out.img
    cp out.img before.img
    attach to out.img
    must_fail 1 '8388608|12582912' in.img "$to"
    settle
    same before.img out.img
    exit 0 ;;
destination-discarded)
    # What is zero on the source is zero on the device, whatever was there.
    truncate -s 0 in.img; truncate -s 12M in.img
    attach to out.img
    must_copy in.img "$to"
    settle ;;
same-device)
    attach to out.img
    cp out.img before.img
    must_fail 1 "$(basename "$to")" "$to" "$to"
    ln -s "$to" link
    must_fail 1 "$(basename "$to")|link" "$to" link
    settle
    same before.img out.img
    exit 0 ;;
odd-pipe)
    truncate -s 5000003 in.img
    cp out.img expected.img
    dd if=in.img of=expected.img bs=64K conv=notrunc status=none
    attach to out.img
    cat in.img | must_copy - "$to"
    settle
    same expected.img out.img
    exit 0 ;;
to-nbd)
    requires_program nbdkit
    attach from in.img
    serve_nbdkit d file out.img
    must_copy "$from" "$(uri d)" ;;
direct)
    # Written past the page cache, in whole sectors.
    requires_strace
    attach to out.img --sector-size 4096
    # (Through the ring no writes show, so without it.)
    strace -e trace=open,openat,pwrite64,io_uring_setup -e inject=io_uring_setup:error=ENOSYS -o trace \
        "$DECANT" in.img "$to" || fail "exit code $?"
    grep -q "$to.*O_DIRECT" trace || fail "opened without O_DIRECT: $(grep "$to" trace)"
    sed -n 's/^pwrite64(.*, \([0-9]*\), \([0-9]*\)) = .*/\1 \2/p' trace >writes
    [ -s writes ] || fail "no writes: $(tail -n 3 trace)"
    awk '$1 % 4096 || $2 % 4096 { bad = 1 } END { exit bad }' writes || fail "writes that aren't whole sectors"
    settle ;;
mounted)
    requires_program mke2fs mount
    attach to out.img
    mke2fs -q "$to"
    mkdir mnt
    mount "$to" mnt 2>mount.err || skip "may not mount: $(cat mount.err)"
    at_exit=("umount mnt" "${at_exit[@]}")
    must_fail 1 "$to is in use" in.img "$to"
    exit 0 ;;
partition-onto-disk|disk-onto-partition|partition-onto-partition)
    # Without a partition table, which this kernel may not know.
    attach to out.img
    partition add "$to" 1 2048 8192 2>part.err || skip "no partition can be added here: $(cat part.err)"
    at_exit=("partition delete $to 1" "${at_exit[@]}")
    partition add "$to" 2 10240 8192
    at_exit=("partition delete $to 2" "${at_exit[@]}")
    wait_for test -b "${to}p2"
    case $1 in
    partition-onto-disk) must_fail 1 "${to}p1 and $to have bytes in common" "${to}p1" "$to" ;;
    disk-onto-partition) must_fail 1 "$to and ${to}p2 have bytes in common" "$to" "${to}p2" ;;
    *)
        dd if=in.img of="${to}p1" bs=1M count=4 conv=fsync status=none
        must_copy "${to}p1" "${to}p2"
        blockdev --flushbufs "${to}p2"
        cmp -n 4194304 in.img "${to}p2" || fail "not copied" ;;
    esac
    [ "$1" = partition-onto-partition ] || cmp -s out.img <(junk again.img 12M; cat again.img) || fail "it was written to"
    exit 0 ;;
partitions-reread|partitions-in-use*|no-partitions)
    # The kernel has a partition that isn't in the image: it is to notice.
    case $1 in no-*) attach to out.img ;; *) attach to out.img --partscan ;; esac
    partition add "$to" 1 2048 8192 2>part.err || skip "no partition can be added here: $(cat part.err)"
    wait_for test -b "${to}p1"
    at_exit=("partition delete $to 1 2>/dev/null" "${at_exit[@]}")
    case $1 in
    partitions-reread)
        must_copy in.img "$to"
        [ ! -s err ] || fail "got: $(cat err)"
        [ ! -e "/sys/block/${to##*/}/${to##*/}p1" ] || fail "the old partition is still there" ;;
    partitions-in-use)
        exec 9<"${to}p1"
        must_copy in.img "$to"
        exec 9<&-
        grep -q "^decant: $to: the kernel keeps the old partition table, as one of its partitions is in use" err ||
            fail "got: $(cat err)" ;;
    partitions-in-use-nbdcopy)
        exec 9<"${to}p1"
        "${DECANT%/*}/nbdcopy" in.img "$to" 2>err || fail "exit code $?"
        exec 9<&-
        [ ! -s err ] || fail "got: $(cat err)" ;;
    no-partitions)
        # Such a device doesn't look for any.
        must_copy in.img "$to"
        [ ! -s err ] || fail "got: $(cat err)" ;;
    esac
    settle ;;
loop-onto-its-file|file-onto-its-loop)
    cp in.img disk.img
    attach from disk.img
    case $1 in
    loop-*) must_fail 1 "$from and disk.img have bytes in common" "$from" disk.img ;;
    *) must_fail 1 "disk.img and $from have bytes in common" disk.img "$from" ;;
    esac
    same in.img disk.img
    exit 0 ;;
loop-onto-its-device|loops-of-one-file|loops-side-by-side)
    cp in.img disk.img
    attach to disk.img
    case $1 in
    loop-onto-its-device)
        attach from "$to" --offset 1M
        must_fail 1 "$from and $to have bytes in common" "$from" "$to"
        settle ;;
    loops-of-one-file)
        attach from disk.img --offset 4M
        must_fail 1 "$from and $to have bytes in common" "$from" "$to"
        settle ;;
    *)
        attach from disk.img --sizelimit 4M
        attach to disk.img --offset 6M
        must_copy "$from" "$to"
        settle
        cmp -n 4194304 in.img "$to" || fail "not copied"
        exit 0 ;;
    esac
    same in.img disk.img
    exit 0 ;;
*) fail "no such case" ;;
esac
same in.img out.img
