#!/bin/bash
# SPDX-License-Identifier: MIT
# A room without its test is believed rather than known: each room of the words
# and pure layers that has code has tests/unit/test-ROOM.c, and no test outlives
# its room.

. "$(dirname "$0")/../functions.sh"

# say prints and does nothing else; the integration tests read what it prints.
exempt=" say "
bad=0
found=0
for room in $(awk '/^(words|pure) / { for (i = 2; i <= NF; i++) print $i }' "$TOP/tests/tidy/layers"); do
    [ -e "$TOP/src/$room.c" ] || [ "$room" = range ] || continue
    case $exempt in *" $room "*) continue ;; esac
    found=$((found + 1))
    if [ ! -e "$TOP/tests/unit/test-$room.c" ]; then
        echo "src/$room has no tests/unit/test-$room.c"
        bad=1
    fi
done
[ "$found" -ge 5 ] || fail "only $found rooms were looked at"
for test in "$TOP"/tests/unit/test-*.c; do
    [ -e "$test" ] || continue
    room=$(basename "$test" .c)
    room=${room#test-}
    if [ ! -e "$TOP/src/$room.c" ] && [ ! -e "$TOP/src/$room.h" ]; then
        echo "tests/unit/test-$room.c is about no room"
        bad=1
    fi
done
[ "$bad" -eq 0 ]
