#!/bin/bash
# SPDX-License-Identifier: MIT
# What looks at each byte of a disk does so in wide instructions: a room that is built for size, where speed was meant, is four times
# as slow, and nothing else says so. The objects are the witness.

. "$(dirname "$0")/../functions.sh"
requires_program objdump

case $(uname -m) in
x86_64) wide='%[xy]mm' ;;
aarch64) wide='\bv[0-9]+\.' ;;
*) skip "which instructions are wide here is not known" ;;
esac
for room in base/same base/zeros; do
    object=$TOP/build/obj/src/$room.o
    [ -e "$object" ] || fail "no $object: build first (make)"
    objdump -d --no-show-raw-insn "$object" | finds -E "$wide" || fail "src/$room.c isn't built fast: see BUILT_FAST in the Makefile"
done
# And nobody goes byte by byte beside them, as the C library's memcmp() does: what is compared elsewhere is short.
grep -nE 'memcmp\([^;]*(payload|range_length)' "$TOP"/src/*/*.c >found || true
[ ! -s found ] || fail "by same_bytes(): $(cat found)"
