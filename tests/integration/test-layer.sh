#!/bin/bash
# SPDX-License-Identifier: MIT
# A chain of images is rebuilt image by image: each copy brings what that image
# itself has, so that every level reads as before, and each image alone has the
# same parts as before.
#
# cases: chain chain-in-big-clusters alone

. "$(dirname "$0")/../functions.sh"
requires_program qemu-img qemu-io qemu-nbd perl

change() { # IMAGE SEED
    image_writes "$2" 8 $((8192 * 512)) 3 200 600 | qemu-io -f qcow2 "$1" >io.log || fail "qemu-io: $(cat io.log)"
}

create() { # IMAGE [BACKING]
    if [ -n "${2-}" ]; then
        qemu-img create -q -f qcow2 -o "$options" -b "$2" -F qcow2 "$1"
    else
        qemu-img create -q -f qcow2 -o "$options" "$1" 4M
    fi
}

# Which parts an image has by itself.
parts_of() {
    qemu-img map --output=json "json:{\"driver\":\"qcow2\",\"backing\":null,\"file\":{\"driver\":\"file\",\"filename\":\"$1\"}}" |
        sed -n 's/.*"start": \([0-9]*\), "length": \([0-9]*\).*"present": \([a-z]*\).*/\1 \2 \3/p' |
        awk '{ if ($3 == last) { length_ += $2 } else { if (NR > 1) print start, length_, last; start = $1; length_ = $2; last = $3 } }
            END { print start, length_, last }'
}

options=cluster_size=64k
[ "$1" != chain-in-big-clusters ] || options=cluster_size=512k

create old1.qcow2 && change old1.qcow2 1
create old2.qcow2 old1.qcow2 && change old2.qcow2 2
create old3.qcow2 old2.qcow2 && change old3.qcow2 3

case $1 in
chain|chain-in-big-clusters)
    below=
    for level in 1 2 3; do
        create new$level.qcow2 "$below"
        serve_qemu s -r -f qcow2 -A old$level.qcow2
        serve_qemu d -f qcow2 new$level.qcow2
        must_copy --layer "$(uri s)" "$(uri d)"
        end_server s
        end_server d
        qemu-img compare -q -f qcow2 -F qcow2 old$level.qcow2 new$level.qcow2 || fail "level $level differs"
        parts_of old$level.qcow2 >old
        parts_of new$level.qcow2 >new
        diff old new >&2 || fail "level $level has other parts"
        below=new$level.qcow2
    done
    [ "$(wc -l <old)" -ge 3 ] || fail "the last image is all one: $(cat old)" ;;
alone)
    # Without its backing file, an image says the same of itself.
    create new1.qcow2
    cp old2.qcow2 below.qcow2
    create new3.qcow2 below.qcow2
    serve_qemu s -r -A 'json:{"driver":"qcow2","backing":null,"file":{"driver":"file","filename":"old3.qcow2"}}'
    serve_qemu d -f qcow2 new3.qcow2
    must_copy --layer "$(uri s)" "$(uri d)"
    end_server d
    qemu-img compare -q -f qcow2 -F qcow2 old3.qcow2 new3.qcow2 || fail "it differs" ;;
*) fail "no such case" ;;
esac
