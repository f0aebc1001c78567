#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that tells one small extent at a time is asked several things at once. Where reading
# all is faster, it is soon asked no more, and a hole behind the small ones is still found.
#
# cases: at-once not-for-ever

. "$(dirname "$0")/../functions.sh"

if [ "$1" = at-once ]; then
    # Reads that are slow, and mostly holes: asking is worth it.
    perl -e 'open(my $o, ">", "in.img") or die;
             for (0 .. 15) { seek $o, $_ << 25, 0; print $o chr(1 + $_) x 2097152 } truncate $o, 512 << 20'
    serve_odd s in.img one-extent=2097152 gathers delay=5
    must_copy "$(uri s)" out.img
    same in.img out.img
    # What is small is sent together, so it arrives together.
    grep -q 'answers 8$' s.server || fail "$(cat s.server)"
    # Where one answer tells all of a disk, it is asked once.
    truncate -s 2M in.img
    rm out.img
    serve_odd whole in.img
    must_copy "$(uri whole)" out.img
    [ "$(grep -c status whole.server)" = 1 ] || fail "$(cat whole.server)"
    exit
fi

requires_nbdkit_plugin sh
requires_nbdkit_filter log
requires_program perl

# 16 MiB of data and zeros in turns, 4 KiB each, and then 1008 MiB of zeros.
size=1073741824
perl -e 'for my $i (1 .. 2048) { print pack("N", $i) x 1024, "\0" x 4096 }' >in.img
truncate -s "$size" in.img
cat >server <<S
case \$1 in
get_size) echo $size ;;
thread_model) echo parallel ;;
can_extents) exit 0 ;;
pread) dd if="$TEST_DIR/in.img" bs=64K skip=\$4 count=\$3 iflag=skip_bytes,count_bytes status=none ;;
extents)
    if [ \$4 -ge 16777216 ]; then echo "\$4 \$3 hole,zero"; exit; fi
    type=; [ \$((\$4 / 4096 % 2)) = 0 ] || type=hole,zero
    echo "\$4 \$((4096 - \$4 % 4096)) \$type" ;;
*) exit 2 ;;
esac
S
chmod +x server
serve_nbdkit s --filter=log sh ./server logfile="$TEST_DIR/log"
must_copy "$(uri s)" out.img
same in.img out.img
asked=$(grep -c ' Extents id' log)
[ "$asked" -le 200 ] || fail "it asked $asked times for extents"
read=$(sed -n 's/.* Read id.*count=\(0x[0-9a-f]*\) .*/\1/p' log | while read -r bytes; do echo $((bytes)); done | awk '{ sum += $1 } END { print sum }')
[ "$read" -le 600000000 ] || fail "it read $read bytes, mostly of a hole"
echo "asked $asked times, read $read bytes"
