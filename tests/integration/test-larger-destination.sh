#!/bin/bash
# SPDX-License-Identifier: MIT
# What lies behind the source's end on a larger destination belongs to somebody
# else and stays bit for bit, whatever block the end falls into.
#
# cases: nbdkit qemu-raw qemu-qcow2 nbd-server big-blocks compressed source-empty

. "$(dirname "$0")/../functions.sh"
requires_program nbdkit qemu-nbd qemu-img nbd-server

junk out.img 8M

for size in 1 5000001 5242880 5242881 8388607; do
    make_image in.img "$size" "$size"
    # What has to come of it.
    cp out.img expected.img
    dd if=in.img of=expected.img bs=64K conv=notrunc status=none
    case $1 in
    nbdkit)
        serve_nbdkit s file out.img
        must_copy in.img "$(uri s)" ;;
    qemu-raw)
        serve_qemu s --discard=unmap -f raw out.img
        must_copy in.img "$(uri s)" ;;
    qemu-qcow2|compressed)
        rm -f out.qcow2
        if [ "$1" = compressed ]; then
            # Clusters that are there can't be compressed again: a new one.
            requires_qemu_driver compress
            qemu-img create -q -f qcow2 out.qcow2 8M
            cp in.img expected.img
            truncate -s 8M expected.img
            serve_qemu s --image-opts driver=compress,file.driver=qcow2,file.file.driver=file,file.file.filename=out.qcow2
        else
            qemu-img convert -f raw -O qcow2 out.img out.qcow2
            serve_qemu s --discard=unmap -f qcow2 out.qcow2
        fi
        must_copy in.img "$(uri s)"
        end_server s
        qemu-img check -q out.qcow2 || fail "the qcow2 is damaged"
        qemu-img convert -f qcow2 -O raw out.qcow2 out.img ;;
    nbd-server)
        serve_nbd_server s out.img
        must_copy in.img "$(uri s disk)" ;;
    big-blocks)
        requires_nbdkit_filter blocksize-policy
        serve_nbdkit s --filter=blocksize-policy file out.img blocksize-minimum=64K \
            blocksize-preferred=1M blocksize-maximum=2M blocksize-error-policy=error
        must_copy in.img "$(uri s)" ;;
    source-empty)
        : >in.img
        cp out.img expected.img
        serve_nbdkit s file out.img
        must_copy in.img "$(uri s)" ;;
    *) fail "no such case" ;;
    esac
    end_server s
    same out.img expected.img
done
