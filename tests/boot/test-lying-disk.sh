#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk that says that it has written what it hasn't, or gives back something else: the kernel's own way of playing one, under a copy
# that is verified. It is found, where it is, and never called good; and once the disk is honest, the same command is all it takes.
# cases: drops-writes corrupts-writes
# long cases: corrupts-reads
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"

# The sectors that are lied about. What is verified is told apart by blocks of 64 KiB.
sectors=16384 first=5000 count=9
case $1 in
drops-writes) lie='1 drop_writes' ;;
corrupts-writes) lie='5 corrupt_bio_byte 1 w 90 0' ;;
corrupts-reads) lie='5 corrupt_bio_byte 1 r 90 0' ;;
esac
{
    beginning_of_init
    cat <<'END'
until [ -b /dev/vda ] && [ -b /dev/vdb ]; do sleep 0.1; done
copy() {
    decant --yes --any-content --verify --json /dev/vda /dev/mapper/lying >/out
    echo "machine: $1: code $?"
    tr -d '\n' </out | sed "s/^/machine: $1: /"
    echo
}
device lying </lying
copy lying
decant compare /dev/vda /dev/mapper/lying
echo "machine: compare: code $?"
dmsetup reload lying /honest && dmsetup suspend lying && dmsetup resume lying
copy honest
poweroff -f
END
} >init
cat >lying <<END
0 $first linear /dev/vdb 0
$first $count flakey /dev/vdb $first 0 1000000 $lie
$((first + count)) $((sectors - first - count)) linear /dev/vdb $((first + count))
END
echo "0 $sectors linear /dev/vdb 0" >honest

make_block $((sectors * 512)) >target.raw
cp target.raw source.img
junk out.img $((sectors * 512))
initramfs_with "$TEST_DIR/init" dm-mod dm-flakey
more_of_initramfs both "file 0644 /lying $TEST_DIR/lying" "file 0644 /honest $TEST_DIR/honest" >all
INITRAMFS=all boot rdinit=/run-this -drive file=out.img,format=raw,if=virtio,cache=unsafe </dev/null

block=65536
at=$((first * 512 / block * block))
console_says '^machine: lying: code 4$'
console_says "^machine: lying: .*\"result\": \"differs\".*\"good-below\": $at,.*\"differing\": $block, *\"differs-at\": ${at}[,}]"
console_says "at offset $at"
console_says '^machine: compare: code 2$'
console_says '^machine: honest: code 0$'
console_says "^machine: honest: .*\"result\": \"done\".*\"verified\": $((sectors * 512))[,}]"
same source.img out.img
