#!/bin/bash
# SPDX-License-Identifier: MIT
# A machine with no network, started from the CD, saves its disk to a stick as a compressed qcow2, and gets another one from an OVA there, as its menu asks: both
# in one go, one after the other. No packet went anywhere meanwhile, nor could it.
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
# shellcheck disable=SC2034 # for boot
board=convert-x86_64
requires_program qemu-img mke2fs debugfs

make_image target.raw 8M 1
cp target.raw before
make_image wanted.img 8M 2
mkdir tree
qemu-img convert -f raw -O vmdk -o subformat=streamOptimized wanted.img tree/wanted-disk1.vmdk
echo '<Envelope/>' >tree/wanted.ovf
tar --format=ustar -C tree -cf wanted.ova wanted.ovf wanted-disk1.vmdk
rm tree/*
mv wanted.ova tree/
truncate -s 32M stick.raw
mke2fs -q -F -t ext4 -L STICK -d tree stick.raw

type() {
    type_at 'automatically in 2[0-7]s' x
    type_at 'What? ' '1\r'
    type_at 'The disk that is read' 'nvme0n1\r'
    type_at 'The file system that the image is written to' '1\r'
    type_at 'What is the file to be called' 'saved.qcow2\r'
    type_at 'Type nvme0n1 to begin' 'nvme0n1\r'
    type_at 'What is to be done' '7\r'
    type_at 'What? ' '2\r' 2
    wait_for shown 'The file system that the image is on'
    type_at . "$(sed -n 's/^ *\([0-9]*\)  .* LABEL="STICK".*/\1/p' console | tail -n 1)\\r"
    type_at 'Which file' 'wanted.ova\r'
    type_at 'The disk that is OVERWRITTEN' 'nvme0n1\r'
    type_at 'Type nvme0n1 to begin' 'nvme0n1\r' 2
    type_at 'What is to be done' '4\r' 2
    type_at 'decant:~# ' 'cat /proc/net/snmp*; echo cards: $(ls /sys/class/net); exit\r'
    type_at 'What is to be done' '6\r' 3
}
MEMORY_MIB=256 MEDIUM=cdrom=$TOP/build/boards/$board/decant-$board.iso MORE_DISKS=usb=stick.raw DISK_ON=nvme boot_typed ''
[ "$(grep -c '^decant: result=ok bytes=8388608 ' console)" = 2 ] || fail "not twice: $(cat console)"
grep -q '^decant .*\[ qemu-nbd ' console || fail "by another server: $(cat console)"
console_says '^cards: lo$'
[ "$(awk '/^Ip: [0-9]/ { print $4, $11 } /^Ip6(InReceives|OutRequests)/ { print $2 }' console | xargs)" = '0 0 0 0' ] ||
    fail "something has talked over IP: $(cat console)"
memory_suffices

# The disk first, then what it was.
same wanted.img target.raw
debugfs -R 'dump saved.qcow2 saved.qcow2' stick.raw 2>debugfs.said
qemu-img check -q -f qcow2 saved.qcow2 || fail "the qcow2 is damaged"
qemu-img compare -q -f raw -F qcow2 before saved.qcow2 || fail "the qcow2 has something else in it"
qemu-img check --output=json -f qcow2 saved.qcow2 | finds '"compressed-clusters": [1-9]' || fail "it isn't compressed"
