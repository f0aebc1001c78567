#!/bin/bash
# SPDX-License-Identifier: MIT
# A room without its test is believed rather than known: each room that has code, in the folders
# that know nothing of the system, has tests/unit/FOLDER/test-ROOM.c, and no test outlives its room.

. "$(dirname "$0")/../functions.sh"
cd "$TOP"

# The engine's hallway and its stages, and those of rescues and comparisons: whole ones of each in the simulator are their tests. What hash
# has for processors of each kind: its own test takes all of it.
exempt=" copy/copy copy/copy_source copy/copy_destination copy/copy_pour copy/copy_zeros copy/copy_recovery copy/copy_blocks copy/turn copy/copy_unreadable copy/rescue_run copy/rescue_read copy/rescue_write copy/compare copy/compare_read copy/compare_recovery copy/compare_units hash/hash_x86 hash/hash_arm "
bad=0
found=0
for source in src/{base,hash,disk,copy,report,cli}/*.c src/base/range.h; do
    room=${source#src/}
    room=${room%.[ch]}
    case $exempt in *" $room "*) continue ;; esac
    found=$((found + 1))
    if [ ! -e "tests/unit/${room%/*}/test-${room#*/}.c" ]; then
        echo "src/$room has no tests/unit/${room%/*}/test-${room#*/}.c"
        bad=1
    fi
done
[ "$found" -ge 20 ] || fail "only $found rooms were looked at"
for test in tests/unit/*/test-*.c; do
    room=${test#tests/unit/}
    room=${room/test-/}
    room=${room%.c}
    if [ ! -e "src/$room.c" ] && [ ! -e "src/$room.h" ]; then
        echo "$test is about no room"
        bad=1
    fi
done
[ "$bad" -eq 0 ]
