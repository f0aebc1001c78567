#!/bin/bash
# SPDX-License-Identifier: MIT
# A compressed qcow2 takes each cluster once and whole: a write that isn't, or a
# second one to the same cluster, fails or wastes the compression. So this is the
# hardest test of aligned writes, with fragmented sources and large clusters.
#
# cases: 64K:mixed 64K:fragments 64K:random 64K:empty 64K:odd
# cases: 2M:mixed 2M:fragments 2M:random 2M:odd 512:fragments
# cases: 64K:local 2M:local 64K:pipe 64K:no-extents

. "$(dirname "$0")/../functions.sh"
requires_program qemu-nbd qemu-img nbdkit
requires_qemu_driver compress

cluster=${1%%:*} kind=${1##*:}
case $kind in
mixed|local|pipe|no-extents) make_image in.img 24M 51 ;;
odd) make_image in.img 21000003 52 ;;
empty) truncate -s 16M in.img ;;
fragments)      # 4 KiB holes all over, and none of it in step with the clusters
    perl -e 'open(my $o, ">", "in.img") or die; for (0 .. 2799) { seek $o, $_ * 8192 + 4096, 0; print $o chr(1 + $_ % 255) x 4096 }'
    truncate -s 24M in.img ;;
random)
    requires_nbdkit_plugin sparse-random
    serve_nbdkit r sparse-random 64M seed=53 percent=30 runlength=49152 random-content=true
    qemu-img convert -f raw -O raw "$(uri r)" in.img
    end_server r ;;
esac
size=$(size_of in.img)

# The compress driver only takes images of whole clusters.
whole=$(($(bytes "$cluster") < 65536 ? 65536 : $(bytes "$cluster")))
qemu-img create -q -f qcow2 -o cluster_size="$cluster" out.qcow2 \
    $(((size + whole - 1) / whole * whole))
serve_qemu d --image-opts driver=compress,file.driver=qcow2,file.file.driver=file,file.file.filename=out.qcow2
case $kind in
local) must_copy in.img "$(uri d)" ;;
pipe) cat in.img | must_copy - "$(uri d)" ;;
no-extents)
    serve_nbdkit s --filter=noextents file in.img
    must_copy --no-extents "$(uri s)" "$(uri d)" ;;
*)
    serve_nbdkit s file in.img
    must_copy "$(uri s)" "$(uri d)" ;;
esac
end_server d
qemu-img check -f qcow2 out.qcow2 || fail "the image is damaged"
# (qemu-img compare unpacks each cluster for every extent of the other side.)
qemu-img convert -f qcow2 -O raw out.qcow2 out.img
qemu-img compare -f raw -F raw in.img out.img || fail "the content differs"
# All the data in it is compressed: every cluster was written whole, and once.
# (qemu keeps random bytes as they are, since compressing gains nothing.)
qemu-img check --output=json -f qcow2 out.qcow2 >check
count() { sed -n "s/.*\"$1-clusters\": \([0-9]*\).*/\1/p" check; }
[ "$kind" = random ] || [ "$(count compressed)" = "$(count allocated)" ] ||
    fail "$(count compressed) of $(count allocated) clusters are compressed"
[ "$kind" = empty ] || [ "$(count allocated)" -gt 0 ] || fail "no cluster is there: $(cat check)"
