#!/bin/bash
# SPDX-License-Identifier: MIT
# Block status is a hint that may be missing, fail at any point or say little;
# whatever is not known to be zero is data, and the copy must not depend on it.
#
# cases: no-structured-replies filter refused-always refused-half refused-later empty-disk-refused
# cases: hole-with-content all-data option-no-extents option-allocated one-extent-at-a-time

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter noextents error log
make_image in.img 20M 3

# The file in.img with block status by a shell script, given `$4 $3` as the
# protocol has it: offset in $4, count in $3.
serve_extents() {
    requires_nbdkit_plugin eval
    serve_nbdkit s eval \
        get_size='stat -c %s "$TEST_DIR/in.img"' \
        pread='dd if="$TEST_DIR/in.img" iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=256K status=none' \
        can_extents='exit 0' extents="$1"
}

case $1 in
no-structured-replies)
    serve_nbdkit s --no-sr file in.img ;;
filter)
    serve_nbdkit s --filter=noextents file in.img ;;
refused-always)
    serve_nbdkit s --filter=error file in.img error-extents-rate=100% ;;
refused-half)
    serve_nbdkit s --filter=error file in.img error-extents-rate=50% ;;
refused-later)
    serve_extents 'if [ $4 -ge 6291456 ]; then echo EIO later >&2; exit 1; fi
                   echo 0 1048576 data; echo 1048576 5242880 data' ;;
empty-disk-refused)
    truncate -s 0 in.img
    serve_nbdkit s --filter=error file in.img error-extents-rate=100% ;;
hole-with-content)
    # A hole whose content is undefined, not zero: it has to be read.
    serve_extents 'echo $4 $3 hole' ;;
all-data)
    serve_extents 'echo $4 $3 data' ;;
option-no-extents)
    serve_nbdkit s --filter=log file in.img logfile=log ;;
option-allocated)
    serve_nbdkit s file in.img ;;
one-extent-at-a-time)
    # The least a server may answer: one extent, of 64 KiB at most.
    serve_extents 'n=$((65536 - $4 % 65536)); [ $n -le $3 ] || n=$3; echo $4 $n data' ;;
*) fail "no such case" ;;
esac

case $1 in
option-no-extents)
    must_copy --no-extents "$(uri s)" out.img
    end_server s
    [ "$(log_count log Extents)" -eq 0 ] || fail "block status was asked for"
    read=$(log_ranges log Read | awk '{ n += $2 } END { print n + 0 }')
    [ "$read" -eq 20971520 ] || fail "$read bytes were read, not all" ;;
option-allocated)
    must_copy --allocated "$(uri s)" out.img
    [ "$(stat -c '%b * %B' out.img | sed 's/ \* / /' | awk '{ print $1 * $2 }')" -ge 20971520 ] ||
        fail "--allocated left holes" ;;
*)
    must_copy "$(uri s)" out.img ;;
esac
same in.img out.img
