#!/bin/bash
# SPDX-License-Identifier: MIT
# Without a network, the PC's appliance takes its image from a file on a stick, by the stick's label; it reads the file systems that
# sticks and disks have, and says what there is when the name is wrong. The map of the copy may be on the same stick.
# cases: file-systems
# long cases: stick
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
# shellcheck disable=SC2034 # for boot
board=pc-x86_64
export NIC=none
requires_program mke2fs mkfs.vfat mcopy mkfs.btrfs mkfs.xfs mkfs.exfat xorriso mkntfs ntfscp

make_image source.img 8M
mkdir -p tree/images
cp --sparse=always source.img tree/images/golden.img
truncate -s 16M target.raw

# make_file_system TYPE: a disk TYPE.raw with the tree on it, labelled by its type in capitals.
make_file_system() {
    truncate -s 320M "$1.raw"
    case $1 in
    ext4) mke2fs -q -t ext4 -L EXT4 -d tree ext4.raw ;;
    vfat) mkfs.vfat -n VFAT vfat.raw && mcopy -s -i vfat.raw tree/images :: ;;
    btrfs) mkfs.btrfs -q -L BTRFS --rootdir tree btrfs.raw ;;
    xfs)
        printf '%s\n' / '0 0' 'd--755 0 0' 'images d--755 0 0' 'golden.img ---644 0 0 tree/images/golden.img' '$' '$' >proto
        mkfs.xfs -q -L XFS -p proto xfs.raw ;;
    exfat) mkfs.exfat -L EXFAT exfat.raw ;; # and nobody here to put files on it
    iso9660) rm iso9660.raw && xorriso -as mkisofs -quiet -V ISO9660 -R -o iso9660.raw tree ;;
    ntfs) mkntfs -q -F -Q -L NTFS ntfs.raw && ntfscp -f -q ntfs.raw tree/images/golden.img golden.img ;;
    esac >made 2>&1 || fail "$1: $(cat made)"
}

case $1 in
stick)
    make_file_system vfat
    MORE_DISKS="usb=vfat.raw" DISK_ON=nvme \
        boot "decant.source=LABEL=VFAT:/images/golden.img decant.destination=/dev/nvme0n1 decant.mapfile=label:VFAT/golden.map decant.then=poweroff" </dev/null
    console_says '^decant: the map is golden.map on /dev/sda, a new one'
    console_says '^decant: result=ok '
    cmp -n "$(stat -c %s source.img)" source.img target.raw
    mcopy -i vfat.raw ::golden.map . || fail "no map was left"
    grep -q '^0x0* *0x00800000 *+' golden.map || fail "the map isn't finished: $(cat golden.map)"
    MORE_DISKS="usb=vfat.raw" DISK_ON=nvme \
        boot "decant.source=LABEL=VFAT:/golden.img decant.destination=/dev/nvme0n1 decant.then=poweroff" </dev/null
    console_says '^decant: result=failed code=64 reason=decant.source=LABEL=VFAT:/golden.img: there is no such file on it, but: /images/golden.img' ;;
file-systems)
    more=() types=(ext4 vfat btrfs xfs exfat iso9660 ntfs)
    cat >profile <<'END'
while read -r type; do
    medium "LABEL=$type" && echo "$type: mounted as $(awk '$2 == "/mnt" { print $3 }' /proc/mounts)" &&
        for file in $(find /mnt -type f -name golden.img); do echo "$type: $(sha256sum <"$file")"; done && umount /mnt
done </types
poweroff -f
END
    for type in "${types[@]}"; do
        make_file_system "$type"
        more+=("virtio=$type.raw")
        echo "${type^^}"
    done >types
    second_initramfs "file 0644 /etc/profile $TEST_DIR/profile" "file 0644 /types $TEST_DIR/types" >both
    MORE_DISKS="${more[*]}" INITRAMFS=both boot decant.then=shell </dev/null
    ! grep 'Invalid ELF' console || fail "modules that say no are tried again as what they aren't"
    sum=$(sha256sum <source.img)
    for type in "${types[@]}"; do
        console_says "^${type^^}: mounted as ${type}"
        [ "$type" = exfat ] || console_says "^${type^^}: $sum"
    done ;;
esac
