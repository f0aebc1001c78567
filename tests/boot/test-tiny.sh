#!/bin/bash
# SPDX-License-Identifier: MIT
# The tiny appliance is one file, no larger than promised. With as much memory as promised it images a disk behind each controller that it
# has drivers for, by each of its network cards, and from a file; over TLS too; and it fails as others do. Its kernel takes minutes to
# build, so it isn't among what `make check` runs.
#
# long cases: one-file disk-virtio disk-nvme disk-ahci disk-scsi card-e1000 large file-ext4 file-ext2 by-serial
# long cases: tls:ca-in-a-second-initramfs failures:refused demo

. "$(dirname "$0")/../functions.sh"
export TEST_BOARD=tiny-x86_64
. "$(dirname "$0")/machine.sh"

built=$TOP/build/boards/$board
requires_file "$built/vmlinuz"
unset MEMORY_MIB

case $1 in
*:*)
    mkdir other
    TEST_DIR=$PWD/other TMPDIR=$PWD/other "$TOP/tests/boot/test-${1%%:*}.sh" "${1#*:}"
    exit ;;
one-file)
    [ "$(find "$built" -type f -printf '%f\n' | sort | xargs)" = "vmlinuz vmlinuz.version" ] || fail "more than one file: $(ls "$built")"
    size=$(stat -c %s "$built/vmlinuz")
    echo "$size bytes"
    [ "$size" -le $((6 << 20)) ] || fail "$size bytes are more than 6 MiB"
    [ "$(memory_mib)" = 64 ] || fail "it takes another memory than is promised"
    grep -Eqx 'linux-source-[0-9.]+ [^ ]+ sha256:[0-9a-f]{64}' "$built/vmlinuz.version" || fail "out of what: $(cat "$built/vmlinuz.version")"
    exit ;;
demo)
    requires_program qemu-nbd mke2fs
    cd "$TOP"
    mkdir "$TEST_DIR/build"
    ln -s "$TOP"/build/{boards,decant,third_party} "$TEST_DIR/build/"
    boards/demo "$TEST_DIR/build" "$board"
    exit ;;
esac

make_image source.img "$([ "$1" = large ] && echo 128M || echo 16M)"
size=$(stat -c %s source.img)
serve_tcp source 127.0.0.1 --readonly file source.img
from=nbd://10.0.2.2:$port/
truncate -s "$size" target.raw
yes 'what was there before' | dd of=target.raw bs=64K count=$((size / 65536)) iflag=fullblock conv=notrunc status=none || true

# images [PARAMETER...]: what it is told besides; and it doesn't say that it lacks memory.
images() {
    boot "$* decant.then=poweroff" "${more[@]}" </dev/null
    console_says "^decant: result=ok bytes=$size "
    memory_suffices
    same source.img target.raw
}
more=()

# file_system TYPE: a disk with the image on it, and the arguments that add it.
file_system() {
    requires_program mke2fs
    mkdir -p tree/images
    cp --sparse=always source.img tree/images/golden.img
    truncate -s 64M stick.raw
    mke2fs -q -t "$1" -L STICK -d tree stick.raw >made 2>&1 || fail "$(cat made)"
    cp stick.raw stick.before
    more=(-drive "file=stick.raw,format=raw,if=none,id=stick" -device "virtio-blk-pci,drive=stick")
    export NIC=none
}

case $1 in
disk-virtio) images "decant.source=$from decant.destination=/dev/vda" ;;
disk-nvme) DISK_ON=nvme images "decant.source=$from decant.destination=/dev/nvme0n1" ;;
disk-ahci) DISK_ON=ahci images "decant.source=$from decant.destination=/dev/sda" ;;
disk-scsi) DISK_ON=virtio-scsi images "decant.source=$from decant.destination=/dev/sda" ;;
card-e1000)
    NIC=e1000 images "decant.source=$from decant.destination=virtio,only"
    console_says '^network: eth0 has 10\.0\.2\.15/24' ;;
large) # more than it has memory
    images "decant.source=$from decant.destination=/dev/vda decant.options=--verify" ;;
file-ext4 | file-ext2)
    file_system "${1#file-}"
    images "decant.source=LABEL=STICK:/images/golden.img decant.destination=/dev/vda"
    same stick.before stick.raw ;;
by-serial)
    truncate -s 16M other.raw
    more=(-drive "file=other.raw,format=raw,if=none,id=other" -device "nvme,drive=other,serial=OTHER")
    DISK_ON=nvme images "decant.source=$from decant.destination=serial:disk decant.options=--report" ;;
*) fail "no such case" ;;
esac
