#!/bin/bash
# SPDX-License-Identifier: MIT
# Beyond 4 GiB numbers of 32 bits end, and so do requests without extended
# headers; holes of that size must cost neither time nor disk.
#
# cases: nbdkit:file-new file:nbdkit qemu-qcow2:qemu-qcow2 qemu-raw:file-new file:qemu-raw
# cases: file:file-new nbdkit:null file:null nbdkit:nbdkit file:file odd terabyte pipe

. "$(dirname "$0")/../functions.sh"
requires_program nbdkit qemu-nbd qemu-img
requires_holes

offsets=(0 2147418112 4294901760 4294967296 5368643584)

case $1 in
odd)
    sparse_image in.img 5368709123 "${offsets[@]}"
    printf 'end' | dd of=in.img bs=1 seek=5368709120 conv=notrunc status=none
    copy_kinds nbdkit file-new in.img
    allocated_at_most out.img 2M ;;
terabyte)
    sparse_image in.img 1T 0 1099511562240
    copy_kinds nbdkit file-new in.img
    allocated_at_most out.img 2M ;;
pipe)
    # To a pipe each byte has to go: 4 GiB and a bit.
    sparse_image in.img 4295032832 0 4294967296
    must_copy in.img - | cmp - in.img ;;
*)
    sparse_image in.img 5G "${offsets[@]}"
    copy_kinds "${1%%:*}" "${1##*:}" in.img
    case $1 in *:file*|file:nbdkit|nbdkit:nbdkit) allocated_at_most out.img 80M ;; esac ;;
esac
