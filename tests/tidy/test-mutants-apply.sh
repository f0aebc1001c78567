#!/bin/bash
# SPDX-License-Identifier: MIT
# A mutant whose line was rewritten proves nothing: each one's text stands in its file, once. Whether it
# is caught takes minutes and is asked elsewhere; this is known at once. So is whether mutants that are
# listed as survivors can still be made.

. "$(dirname "$0")/../functions.sh"
cd "$TOP"
bad=0
seen=0
for list in tests/sim/mutants tests/sim/*/mutants tests/edges/mutants tests/storage/mutants; do
    while IFS='|' read -r file old new _; do
        case $file in '' | \#*) continue ;; esac
        seen=$((seen + 1))
        read -r file <<<"$file"
        read -r old <<<"$old"
        read -r new <<<"$new"
        if ! tests/sim/mutate "$old" "$new" <"$(echo src/*/"$file")" >"$TEST_DIR/mutated" ||
           cmp -s "$TEST_DIR/mutated" "$(echo src/*/"$file")"; then
            echo "$list: a mutant of $file does not apply: $old"
            bad=1
        fi
    done <"$list"
done
[ "$seen" -ge 250 ] || fail "only $seen mutants were looked at"
tests/mutation/run --check || bad=1
[ "$bad" -eq 0 ]
