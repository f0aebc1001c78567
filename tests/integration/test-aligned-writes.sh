#!/bin/bash
# SPDX-License-Identifier: MIT
# Writes and zeros that don't cover whole preferred blocks cost the destination a
# read, a merge and a write each; only the last block may be cut by the end of the
# disk. The log of the server is the witness. Nothing is ever trimmed, no byte is
# decided twice, and the flush comes after all of it.
#
# cases: file-64K file-4K nbd-64K nbd-1M pipe-64K fragments-64K odd-64K

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter blocksize-policy log

preferred=$(bytes "${1#*-}")
size=16777216
seed=11
case $1 in odd-*) size=16000003 ;; esac
make_image in.img "$size" "$seed"
case $1 in
fragments-*)        # 4 KiB of data, 4 KiB of hole, all the way
    perl -e 'open(my $o, ">", "in.img") or die; for (0 .. 2047) { seek $o, $_ * 8192, 0; print $o chr(1 + $_ % 255) x 4096 }'
    truncate -s "$size" in.img ;;
esac
junk out.img "$size"
serve_nbdkit d --filter=log --filter=blocksize-policy file out.img \
    blocksize-minimum=1 blocksize-preferred="$preferred" blocksize-maximum=32M logfile=log
case $1 in
nbd-*) serve_nbdkit s file in.img; must_copy "$(uri s)" "$(uri d)" ;;
pipe-*) cat in.img | must_copy - "$(uri d)" ;;
*) must_copy in.img "$(uri d)" ;;
esac
end_server d
same in.img out.img

[ "$(log_count log Trim)" -eq 0 ] || fail "a trim was sent"
for action in Write Zero; do log_ranges log "$action" | sed "s/\$/ $action/"; done |
    sort -n >ranges
[ -s ranges ] || fail "the log shows no writes"
awk -v block="$preferred" -v size="$size" '
    $1 % block != 0 { print "starts inside a block: " $0; bad = 1 }
    ($1 + $2) % block != 0 && $1 + $2 != size { print "ends inside a block: " $0; bad = 1 }
    $1 < end { print "decided twice: " $0; bad = 1 }
    $1 > end { print "left out before: " $0; bad = 1 }
    { end = $1 + $2 }
    END { if (end != size) { print "ends at " end; bad = 1 }; exit bad }
' ranges || fail "writes are not what they should be"

# The order of the log: the last write or zero has been answered when the flush
# comes in.
awk '/ \.\.\.(Write|Zero) id=/ { last_write = NR } / Flush id=.*\.\.\.$/ { last_flush = NR }
     END { exit !(last_flush > last_write) }' log || fail "no flush after the last write"
