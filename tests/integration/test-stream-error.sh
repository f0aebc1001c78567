#!/bin/bash
# SPDX-License-Identifier: MIT
# A stream that fails in the middle of a read leaves a buffer of which only the
# front is new: what an earlier read left behind it must not be taken for content.
. "$(dirname "$0")/../functions.sh"
requires_strace

make_block 262144 >block
for ((i = 0; i < 32; i++)); do printf "%08d" "$i"; tail -c +9 block; done >in.img      # 8 MiB, through half a MiB of memory

for when in 91 92 111 122; do
    # In parts that come slowly and end inside a read, so that the failing one holds something already.
    perl -e 'open(my $in, "<", "in.img"); $| = 1; while (read $in, my $part, 30000) { print $part; select undef, undef, undef, 0.003 }' |
        strace -o trace -e trace=read -e inject=read:error=EIO:when="$when" "$DECANT" --memory=512K - out.img 2>err && fail "no failure"
    grep -q 'reading standard input failed at offset [0-9]*: I/O error' err || fail "it says: $(cat err)"
    good=$(sed -n 's/.*good below offset \([0-9]*\).*/\1/p' err)
    failed=$(sed -n 's/.*failed at offset \([0-9]*\).*/\1/p' err)
    [ "$good" -le "$failed" ] || fail "good below $good, though offset $failed was not read"
    [ "$good" -gt 524288 ] || fail "it failed too early to tell: $good"
    cmp -n "$good" in.img out.img || fail "what is said to be good isn't"
    goes_on in.img out.img <in.img
done
