#!/bin/bash
# SPDX-License-Identifier: MIT
# A copy gets no slower unseen. Times tell nothing of that on a machine that does something else; the instructions that decant takes
# for a byte are nearly the same there. Each bound is a quarter above what gcc 12 makes of it, by what compilers differ, and a server's
# lateness: whoever needs less lowers it.
#
# cases: null file from-file servers tls tls-old sha256 blkhash verify compare

. "$(dirname "$0")/../functions.sh"
[ "$(uname -m)" = x86_64 ] || skip "the counts of this processor aren't known"
requires_program valgrind nbdkit openssl python3

# In thousandths of an instruction a byte.
case $1 in
null) most=50 ;;
file) most=52 ;;
from-file) most=45 ;;
servers) most=74 ;;
tls) most=3300 ;;
tls-old) most=22000 ;;
sha256 | blkhash) most=65000 ;;
verify) most=7800 ;;
compare) most=1100 ;;
*) fail "no such case" ;;
esac

[ "$1" != tls ] || grep -qw aes /proc/cpuinfo || skip "this processor has no instructions for AES"
bench_build
"$TOP/tests/bench/instructions" --build=build --rounds=2 "$1" >out 2>err || fail "exit code $?: $(cat err)"
cat out
count=$(awk -v name="$1" '$1 == name { printf "%d", $2 * 1000 }' out)
[ "${count:-0}" -gt 0 ] || fail "nothing was counted"
[ "$count" -le "$most" ] || fail "$count thousandths of an instruction a byte, $most at most"
