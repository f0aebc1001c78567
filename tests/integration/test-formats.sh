#!/bin/bash
# SPDX-License-Identifier: MIT
# On the appliance that converts, a file's name says by which server it is read or written: each format that one gets from elsewhere comes
# out as the disk that it was made of, and a disk becomes a qcow2 that is compressed. None of it has a socket of a network's.
# cases: read ova large-ova refused write
. "$(dirname "$0")/../functions.sh"
requires_program qemu-nbd qemu-img nbdkit xz
requires_strace
play_busybox
traced=(strace -f -qq -A -e "trace=socket,socketpair" -o "$TEST_DIR/sockets")
play traced "exec ${traced[*]} '$DECANT' \"\$@\""
DECANT=$TEST_DIR/bin/traced

formats() { PATH=$TEST_DIR/bin:$PATH "${traced[@]}" "$busybox" ash "$TOP/rootfs/formats" "$@" 2>said; }
# shows FILE: what the server shows, copied.
shows() {
    local words
    formats read "$1" >words || fail "$1: $(cat said)"
    mapfile -t words <words
    [ "${#words[@]}" -gt 2 ] || fail "$1: no server"
    must_copy "${words[@]}" out.img
    same_front source.img out.img
    rm out.img
}
# Also in a folder whose name is one that QEMU's options have to be told apart from.
mkdir 'here, file.driver=null'
cd 'here, file.driver=null'
make_image source.img 2M

case $1 in
read)
    for made in qcow2:qcow2 vmdk:VMDK vhdx:vhdx vpc:vhd; do
        qemu-img convert -f raw -O "${made%:*}" source.img "a disk.${made#*:}"
        shows "$PWD/a disk.${made#*:}"
    done
    xz -k --block-size=1MiB source.img
    shows "$PWD/source.img.xz"
    for name in source.img qcow2 'disk.qcow2.img'; do [ -z "$(formats read "$name")" ] || fail "$name isn't raw"; done ;;
ova)
    qemu-img convert -f raw -O vmdk -o subformat=streamOptimized source.img one-disk1.vmdk
    echo '<Envelope/>' >one.ovf
    tar --format=ustar -cf one.ova one.ovf one-disk1.vmdk
    shows "$PWD/one.ova" ;;
large-ova)
    # Of 9 GiB, whose size octal digits don't hold; what is beyond the disk itself is never read.
    qemu-img convert -f raw -O vmdk source.img large.vmdk
    truncate -s 9G large.vmdk
    perl -e 'my $name = shift; my $h = pack("a100 a8 a8 a8", $name, "0000644", "0000000", "0000000") . "\x80" . pack("x3 Q>", 9 * 2**30) . pack("a12 a8 a1 a100 a8", "00000000000", "", "0", "", "ustar  ");
        print $h . "\0" x (512 - length $h)' large.vmdk >header
    { cat header; head -c 16M large.vmdk; } >large.ova
    truncate -s $((9 * 1024 * 1024 * 1024 + 512 + 1024)) large.ova
    shows "$PWD/large.ova" ;;
refused)
    echo 'no archive at all' >no.ova
    ! formats read "$PWD/no.ova" || fail "any file is an OVA"
    grep -q 'not an OVA' said || fail "$(cat said)"
    touch a.vmdk b.vmdk
    tar --format=ustar -cf two.ova a.vmdk b.vmdk
    ! formats read "$PWD/two.ova" || fail "one of two disks"
    grep -q 'several disks' said || fail "$(cat said)"
    tar --format=ustar -cf none.ova source.img
    ! formats read "$PWD/none.ova" || fail "a disk that isn't there"
    grep -q 'no VMDK' said || fail "$(cat said)" ;;
write)
    formats write "$PWD/out.qcow2" "$(size_of source.img)" >words || fail "$(cat said)"
    mapfile -t words <words
    must_copy source.img "${words[@]}"
    [ "$(qemu-img info -f qcow2 out.qcow2 | sed -n 's/^virtual size.*(\([0-9]*\) bytes)$/\1/p')" = "$(size_of source.img)" ] || fail "another size"
    qemu-img check --output=json -f qcow2 out.qcow2 | finds '"compressed-clusters": [1-9]' || fail "not compressed"
    qemu-img compare -q -f raw -F qcow2 source.img out.qcow2 || fail "the content differs"
    [ -z "$(formats write "$PWD/out.img" 512)" ] || fail "out.img isn't raw" ;;
*) fail "no such case" ;;
esac
cd "$TEST_DIR"
[ "$1" = refused ] || grep -q '(AF_UNIX, ' sockets || fail "no socket was seen: $(cat sockets)"
! grep '(AF_' sockets | grep -v '(AF_UNIX, ' || fail "that isn't from one to the other"
