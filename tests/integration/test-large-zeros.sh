#!/bin/bash
# SPDX-License-Identifier: MIT
# A hole larger than what servers get right in one request leaves no old byte behind:
# nbdkit before 1.44.1, over storage that can't zero, writes the first 64 MiB of a
# larger request again and again. nbdcopy asks for larger ones all the same, once it has
# seen that they work; also where the end of the first is zero already.
#
# cases: decant nbdcopy nbdcopy-end-is-zero

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_plugin eval

size=209715200
truncate -s "$size" in.img
head -c "$size" /dev/zero | tr '\0' '\377' >out.img
serve_nbdkit s eval get_size="echo $size" can_zero='exit 0' \
    pread='dd if="$TEST_DIR/out.img" iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=1M status=none' \
    pwrite='dd of="$TEST_DIR/out.img" oflag=seek_bytes seek=$4 bs=1M iflag=fullblock conv=notrunc status=none' \
    zero='echo EOPNOTSUPP not here >&2; exit 1'
[ "$1" = decant ] || DECANT=$(dirname "$DECANT")/nbdcopy
[ "$1" != nbdcopy-end-is-zero ] || dd if=/dev/zero of=out.img bs=4K count=1 seek=32767 conv=notrunc status=none
must_copy in.img "$(uri s)"
same in.img out.img
