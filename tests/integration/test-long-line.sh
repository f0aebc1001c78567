#!/bin/bash
# SPDX-License-Identifier: MIT
# A write that has been sent needs no memory here while its answer is on the way: over a long line more is being written than
# the memory holds, and what arrives is right all the same. The server answers none before enough of them have begun.
#
# cases: from-slots from-staging tls

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter log
requires_nbdkit_plugin eval

size=6M writes_min=12 options=() filters=() parameters=()
make_image in.img "$(bytes $size)" 31
case $1 in
from-staging)       # blocks of several pieces, put together in one of sixteen buffers each
    requires_nbdkit_filter blocksize-policy
    size=8M writes_min=24
    perl -e 'open(my $o, ">", "in.img") or die;
        for (0 .. 127) { seek $o, $_ * 65536 + 4096, 0; print $o chr(1 + $_ % 255) x 20000 }'
    truncate -s $size in.img
    filters=(--filter=blocksize-policy)
    parameters=(blocksize-minimum=1 blocksize-preferred=64K blocksize-maximum=32M) ;;
tls)
    . "$(dirname "$0")/../tls.sh"
    make_server p256
    options=(--tls=require --tls-certificates="$TEST_DIR/server") ;;
esac
truncate -s "$(bytes $size)" out.img
# For half a minute at most: then the count below tells what was wrong.
export writes_min
serve_nbdkit d --threads=64 "${options[@]}" --filter=log "${filters[@]}" eval "${parameters[@]}" logfile="$TEST_DIR/log" \
    thread_model='echo parallel' get_size="echo $(bytes $size)" can_write='exit 0' can_flush='exit 0' flush='exit 0' \
    pread='dd if="$TEST_DIR/out.img" iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=256K status=none' \
    pwrite='for try in $(seq 600); do
        [ "$(grep -c " Write id=.*\.\.\.$" "$TEST_DIR/log")" -lt "$writes_min" ] || break
        sleep 0.05
    done
    dd of="$TEST_DIR/out.img" oflag=seek_bytes seek=$4 bs=256K conv=notrunc status=none'
case $1 in
tls) to=$(tls_uri d "$with_ca") ;;
*) to=$(uri d) ;;
esac
must_copy --memory=1M --connections=1 in.img "$to"
end_server d
same in.img out.img
began=$(awk '/ Write id=.*\.\.\.$/ { n++ } / \.\.\.Write id=/ { print n; exit }' log)
echo "$began writes began before the first was answered"
[ "$began" -ge "$writes_min" ] || fail "only $began writes began before the first was answered, $writes_min expected at least"
