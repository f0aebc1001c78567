#!/bin/bash
# SPDX-License-Identifier: MIT
# When a read or a write fails in the middle of a copy, the operator needs the
# offset, the cause and how far the data is good, and that last number has to be
# true: what lies below it on the destination is the source.
#
# cases: read-first read-middle read-last read-all write-first write-middle write-all write-no-space
# cases: flush write-and-flush zero-refused pipe-too-long

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_plugin eval
requires_nbdkit_filter error

size=8388608
make_image in.img "$size" 21
# No zeros, so that each part of it is read and written as data.
make_block 65536 >block.data
for ((i = 0; i < 128; i++)); do printf '%08d' "$i"; tail -c +9 block.data; done >in.img
junk out.img "$size"

# A server over FILE that refuses reads that touch the byte at offset $2.
serve_bad_reads() {
    serve_nbdkit s eval get_size="echo $size" can_extents='exit 3' \
        pread='if [ $4 -le '"$2"' ] && [ $(($4 + $3)) -gt '"$2"' ]; then echo EIO bad sector >&2; exit 1; fi
            dd if="$TEST_DIR/'"$1"'" iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=256K status=none'
}

# serve_bad_writes CAUSE OFFSET [FLUSH]
serve_bad_writes() {
    serve_nbdkit s eval get_size="echo $size" can_flush='exit 0' \
        pread='dd if="$TEST_DIR/out.img" iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=256K status=none' \
        pwrite='if [ $4 -le '"$2"' ] && [ $(($4 + $3)) -gt '"$2"' ]; then cat >/dev/null; echo '"$1"' refused >&2; exit 1; fi
            dd of="$TEST_DIR/out.img" oflag=seek_bytes seek=$4 bs=256K conv=notrunc status=none' \
        flush="${3:-exit 0}"
}

# names_offset BAD: one of the numbers in the message is where the request that
# touched BAD started (a request holds 32 MiB at most, here 1 MiB).
names_offset() {
    grep -o '[0-9][0-9]*' err |
        awk -v bad="$1" '$1 <= bad && $1 + 1048576 > bad { found = 1 } END { exit !found }' ||
        fail "no offset near $1 in: $(cat err)"
}

# The promise: everything below that offset must be so.
good_below_is_true() {
    local good
    good=$(sed -n 's/.*below offset \([0-9][0-9]*\).*/\1/p' err)
    [ -n "$good" ] || fail "not said how far the data is good: $(cat err)"
    [ "$good" -le "$1" ] || fail "$good is said to be good, but the fault is at $1"
    cmp -n "$good" in.img out.img || fail "the data below $good is not what it should be"
}

# mended FILE: the same server without its fault has FILE.
mended() {
    end_server s
    serve_nbdkit s file "$1"
}

case $1 in
read-first|read-middle|read-last)
    case $1 in read-first) bad=0 ;; read-middle) bad=5000000 ;; *) bad=8388607 ;; esac
    serve_bad_reads in.img "$bad"
    must_fail 1 'reading' "$(uri s)" out.img
    names_offset "$bad"
    good_below_is_true "$bad"
    grep -q 'Input/output error' err || grep -q 'I/O error' err || fail "no cause: $(cat err)"
    mended in.img
    goes_on in.img out.img ;;
read-all)
    serve_nbdkit s --filter=error file in.img error-pread-rate=100%
    must_fail 1 'reading' "$(uri s)" out.img
    names_offset 0
    mended in.img
    goes_on in.img out.img ;;
write-first|write-middle)
    case $1 in write-first) bad=0 ;; *) bad=5000000 ;; esac
    serve_bad_writes EIO "$bad"
    must_fail 1 'writing' in.img "$(uri s)"
    names_offset "$bad"
    good_below_is_true "$bad"
    mended out.img
    goes_on in.img out.img ;;
write-all)
    serve_nbdkit s --filter=error file out.img error-pwrite-rate=100%
    must_fail 1 'writing' in.img "$(uri s)"
    names_offset 0
    mended out.img
    goes_on in.img out.img ;;
write-no-space)
    serve_bad_writes ENOSPC 6000000
    must_fail 1 'writing' in.img "$(uri s)"
    grep -q 'No space left' err || fail "no cause: $(cat err)"
    good_below_is_true 6000000
    mended out.img
    goes_on in.img out.img ;;
flush)
    # A thin pool that is full, a card that dies: all is taken, and nothing is known to be there.
    serve_bad_writes EIO "$size" 'echo EIO the medium is gone >&2; exit 1'
    must_fail 1 'flushing .*s.sock.* failed: (Input/output|I/O) error; the copy is confirmed below offset 8388608, but nothing of it is flushed' \
        in.img "$(uri s)"
    ! grep -q 'good below' err || fail "nothing is known to be good: $(cat err)"
    mended out.img
    goes_on in.img out.img ;;
write-and-flush)
    serve_bad_writes ENOSPC 6000000 'echo EIO the medium is gone >&2; exit 1'
    must_fail 1 'writing .* failed at offset [0-9]+: No space left on device, and flushing .* failed: (Input/output|I/O) error' \
        in.img "$(uri s)"
    ! grep -q 'good below' err || fail "nothing is known to be good: $(cat err)"
    mended out.img
    goes_on in.img out.img ;;
zero-refused)
    # Whatever the cause, a disk without power isn't one that lacks a command.
    truncate -s 0 in.img; truncate -s "$size" in.img
    serve_nbdkit s --filter=error file out.img error=EIO error-zero-rate=100% error-pwrite-rate=100%
    must_fail 1 'zeroing|writing' in.img "$(uri s)"
    names_offset 0
    mended out.img
    goes_on in.img out.img ;;
pipe-too-long)
    # A pipe has no size until it ends; more than the destination holds is an error.
    truncate -s 1M out.img
    serve_nbdkit s file out.img
    must_fail 1 '1048576' - "$(uri s)" < <(cat in.img)
    ! grep -q "out of range" s.server || fail "it wrote beyond the end"
    truncate -s "$size" out.img
    mended out.img
    goes_on in.img out.img < <(cat in.img) ;;
*) fail "no such case" ;;
esac
