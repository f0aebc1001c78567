#!/bin/bash
# SPDX-License-Identifier: MIT
# partclone knows which blocks of a file system are in use, and writes them down as a domain for ddrescue: a copy within it is the file
# system, whole and with all its files, and nothing is read or written outside of it.
#
# cases: ext4 xfs btrfs ntfs offset

. "$(dirname "$0")/../functions.sh"
requires_root

# make FILE KIND: a file system with some files, of which some are gone again.
make() {
    case $2 in
    ntfs) mkntfs -q -F "$1" >made 2>&1 ;;
    *) "mkfs.$2" -q "$1" >made 2>&1 ;;
    esac || fail "$(cat made)"
    fill "$1"
}
fill() {
    mkdir -p there
    mount -o loop "$1" there || fail "it can't be mounted"
    at_exit+=("umount $PWD/there 2>/dev/null")
    cp -r "$TOP/src" "$TOP/docs" there/
    sync
    rm -r there/docs/man
    umount there
}
domain_of() { partclone."$1" -D -s "$2" -o dom.map -L partclone.log "${@:3}" >said 2>&1 || fail "$(cat said partclone.log)"; }

kind=$1
[ "$kind" != offset ] || kind=ext4
requires_program "partclone.$kind" mount
case $kind in
ext4) checks="e2fsck -fn" ;;
xfs) checks="xfs_repair -n" ;;
btrfs) checks="btrfs check" ;;
ntfs) checks="ntfsinfo -m" ;; # ntfsfix wants the boot sector's copy, which partclone leaves out
esac
truncate -s 400M fs.img
make fs.img "$kind"
size=$(size_of fs.img) start=0
if [ "$1" = offset ]; then
    # Of a partition, for the disk that it is on.
    start=1048576
    truncate -s $((start + size)) disk.img
    put disk.img "$start" <fs.img
    domain_of "$kind" fs.img --offset_domain=$start
else
    domain_of "$kind" fs.img
    mv fs.img disk.img
fi
junk out.img "$(size_of disk.img)"
cp out.img wanted.img
perl -ne 'next if /^#/; my @w = split; printf "%d %d\n", hex $w[0], hex $w[1] if ($w[2] // "") eq "+"' dom.map >finished
[ -s finished ] || fail "nothing is in use: $(cat dom.map)"
while read -r offset bytes; do
    slice disk.img "$offset" $((offset + bytes)) | put wanted.img "$offset"
done <finished
must_copy --yes --domain=dom.map disk.img out.img
same wanted.img out.img
slice out.img "$start" $((start + size)) >alone.img
$checks alone.img >checked 2>&1 || fail "$(cat checked)"
mount -o loop,ro alone.img there
for folder in "$TOP"/src/*/; do diff -r "$folder" "there/src/$(basename "$folder")" >different || fail "$(head different)"; done
umount there
