#!/bin/bash
# SPDX-License-Identifier: MIT
# Any kind of source has to arrive on any kind of destination whole: each pair is
# a case of its own, so that a broken edge shows as its row or its column.
#
# cases: nbdkit:nbdkit nbdkit:qemu-raw nbdkit:qemu-qcow2 nbdkit:nbd-server nbdkit:file
# cases: nbdkit:file-new nbdkit:pipe nbdkit:null nbdkit:command-nbdkit nbdkit:command-qemu
# cases: qemu-raw:nbdkit qemu-raw:qemu-raw qemu-raw:qemu-qcow2 qemu-raw:nbd-server qemu-raw:file
# cases: qemu-raw:file-new qemu-raw:pipe qemu-raw:null qemu-raw:command-nbdkit qemu-raw:command-qemu
# cases: qemu-qcow2:nbdkit qemu-qcow2:qemu-raw qemu-qcow2:qemu-qcow2 qemu-qcow2:nbd-server
# cases: qemu-qcow2:file qemu-qcow2:file-new qemu-qcow2:pipe qemu-qcow2:null qemu-qcow2:command-nbdkit
# cases: qemu-qcow2:command-qemu
# cases: nbd-server:nbdkit nbd-server:qemu-raw nbd-server:qemu-qcow2 nbd-server:nbd-server
# cases: nbd-server:file nbd-server:file-new nbd-server:pipe nbd-server:null nbd-server:command-nbdkit
# cases: nbd-server:command-qemu
# cases: file:nbdkit file:qemu-raw file:qemu-qcow2 file:nbd-server file:file file:file-new
# cases: file:pipe file:null file:command-nbdkit file:command-qemu
# cases: pipe:nbdkit pipe:qemu-raw pipe:qemu-qcow2 pipe:nbd-server pipe:file pipe:file-new
# cases: pipe:pipe pipe:null pipe:command-nbdkit pipe:command-qemu
# cases: command-nbdkit:nbdkit command-nbdkit:qemu-raw command-nbdkit:qemu-qcow2
# cases: command-nbdkit:nbd-server command-nbdkit:file command-nbdkit:file-new command-nbdkit:pipe
# cases: command-nbdkit:null command-nbdkit:command-nbdkit command-nbdkit:command-qemu
# cases: command-qemu:nbdkit command-qemu:qemu-raw command-qemu:qemu-qcow2 command-qemu:nbd-server
# cases: command-qemu:file command-qemu:file-new command-qemu:pipe command-qemu:null
# cases: command-qemu:command-nbdkit command-qemu:command-qemu

. "$(dirname "$0")/../functions.sh"
requires_program nbdkit qemu-nbd qemu-img nbd-server

from=${1%%:*} to=${1##*:}
for size in 0 1 1000003 397824 5242880; do
    echo "$size bytes"
    make_image in.img "$size" "$((size + 1))"
    copy_kinds "$from" "$to" in.img
done
