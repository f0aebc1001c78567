#!/bin/bash
# SPDX-License-Identifier: MIT
# File systems differ in what they do to writes past the page cache while a file grows, has holes punched, or is
# written to through the cache close by; a copy must be right on every one of them, from each kind of source,
# with and without io_uring, direct or not.
#
# cases: ext4 xfs xfs-16k xfs-64k btrfs f2fs tmpfs overlay

. "$(dirname "$0")/../functions.sh"
requires_root
requires_program losetup qemu-img qemu-io qemu-nbd perl
requires_strace

# mount_image MKFS-COMMAND...: a new file system on a file, at mnt.
mount_image() {
    requires_program "$1"
    truncate -s 512M disk.img
    "$@" disk.img >mkfs.log 2>&1 || fail "$*: $(cat mkfs.log)"
    mount -o loop disk.img mnt 2>mount.err || skip "this kernel does not mount it: $*"
    at_exit+=("umount mnt")
}

mkdir mnt
case $1 in
ext4) mount_image mke2fs -q -F -t ext4 ;;
xfs) mount_image mkfs.xfs -q ;;
xfs-16k | xfs-64k) mount_image mkfs.xfs -q -b "size=${1#xfs-}" ;;
btrfs) mount_image mkfs.btrfs -q ;;
f2fs) mount_image mkfs.f2fs -q ;;
tmpfs)
    mount -t tmpfs tmpfs mnt 2>mount.err || skip "may not mount: $(cat mount.err)"
    at_exit+=("umount mnt") ;;
overlay)
    # Neither layer may be on an overlay itself, as a container's root often is.
    mount -t tmpfs tmpfs mnt 2>mount.err || skip "may not mount: $(cat mount.err)"
    at_exit+=("umount mnt")
    mkdir mnt/lower mnt/upper mnt/work mnt/merged
    mount -t overlay overlay -o lowerdir=mnt/lower,upperdir=mnt/upper,workdir=mnt/work mnt/merged 2>mount.err ||
        skip "this kernel has no overlayfs"
    at_exit=("umount mnt/merged" "${at_exit[@]}") ;;
esac
place=mnt
[ "$1" != overlay ] || place=mnt/merged

make_image ragged.img 9M 91
truncate -s 9000003 ragged.img
make_block 6291456 >full.img
# Data with holes of a few pages in between, and a hole at the end: a stream of it grows by turns of both.
perl -e 'for $i (0 .. 511) { print $i % 8 == 3 || $i % 8 == 6 || $i > 500 ? "\0" x 32768 : sprintf("%08d", $i) x 4096 }' >holes.img

# As it is; without the ring; without direct I/O, which the file system refuses when a file is opened so.
run_decant_as() { # MANNER ARGUMENTS...
    local inject only=()
    case $1 in
    plain) must_copy "${@:2}"; return ;;
    no-ring) inject=io_uring_setup:error=ENOSYS ;;
    no-direct) inject=open:error=EINVAL:when=1 only=(-P "${*: -1}") ;;
    esac
    strace -f -o trace "${only[@]}" -e inject=$inject "$DECANT" "${@:2}" || fail "exit code $?: $*"
}

for manner in plain no-ring no-direct; do
    for image in ragged full holes; do
        # A stream, more than once: what goes wrong here does so now and then.
        for round in 1 2 3; do
            rm -f "$place/out.img"
            run_decant_as $manner - "$place/out.img" < <(cat $image.img)
            same $image.img "$place/out.img"
        done
        # Longer than it by far, and full of something else.
        run_decant_as $manner full.img "$place/in.img"
        cat full.img full.img full.img >"$place/out.img"
        cp $image.img "$place/in.img"
        run_decant_as $manner "$place/in.img" "$place/out.img"
        same $image.img "$place/out.img"
        rm -f "$place/out.img" "$place/in.img"
        run_decant_as $manner '[' nbdkit --exit-with-parent file $image.img ']' "$place/out.img"
        same $image.img "$place/out.img"
    done
done

# Parts of a disk, of all lengths: what isn't whole blocks of the file system lies beside what is.
size=$((24 * 1048576 + 3 * 512))
qemu-img create -q -f qcow2 disk.qcow2 $size
changes() { # SEED: in pieces that begin and end anywhere
    image_writes "$1" 300 $size 16 64 300 | qemu-io -f qcow2 disk.qcow2 >io.log || fail "qemu-io: $(cat io.log)"
}
changes 1
qemu-img convert -f qcow2 -O raw disk.qcow2 "$place/out.img"
for round in 2 3 4 5 6 7; do
    qemu-img bitmap --add -g 512 -f qcow2 disk.qcow2 "b$round"
    changes $round
    serve_qemu s -r -f qcow2 -B "b$round" disk.qcow2
    must_copy --dirty-bitmap="b$round" "$(uri s)" "$place/out.img"
    end_server s
    qemu-img convert -f qcow2 -O raw disk.qcow2 now.img
    same now.img "$place/out.img"
done
