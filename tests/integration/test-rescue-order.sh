#!/bin/bash
# SPDX-License-Identifier: MIT
# A failing read may cost seconds, and the disk: a rescue makes no more of them than ddrescue does, and comes to the same map. Tried
# with the room that decides what is read next, on disks that are only told of, as ddrescue's --test-mode has them.
#
# cases: none scattered clusters half edges

. "$(dirname "$0")/../functions.sh"
requires_program ddrescue ddrescuelog perl
rescue=$TOP/build/tests/rescue
[ -x "$rescue" ] || fail "$rescue: build first (make check)"

sectors=200001

# bad_sectors EXPRESSION: a disk whose bad sectors a line of perl lists.
bad_sectors() {
    areas_of_bad "$sectors" 1 "$1" >list
    { echo "0 ? 1"; cat list; } >disk.map
}

# The same map, and hardly more failures, however many reads are out at once. Where bad zones are large it is a matter of luck on
# which of their reads each error falls.
as_ddrescue() {
    truncate -s $((sectors * 512)) disk.img
    ddrescue -f -H disk.map disk.img out.img theirs.map >said 2>&1
    theirs=$(tr '\r' '\n' <said | sed -n 's/.*read errors: *\([0-9]*\).*/\1/p' | tail -n 1)
    for at_once in 1 4 32; do
        "$rescue" disk.map ours.map $((sectors * 512)) $at_once >said
        ddrescuelog -q -p theirs.map ours.map || fail "not the same map with $at_once at once: $(cat ours.map)"
        ours=$(sed -n 's/.* reads, \([0-9]*\) failed/\1/p' said)
        echo "$at_once at once: $ours errors, ddrescue $theirs"
        [ "$ours" -le $((theirs + theirs / 20)) ] || fail "$ours errors with $at_once at once, where ddrescue has $theirs"
    done
}

case $1 in
none) bad_sectors '()' ;;
scattered) bad_sectors 'map { int(rand($sectors)) } 1 .. 200' ;;
clusters) bad_sectors 'map { my $at = int(rand($sectors)); map { $at + $_ * (1 + int(rand(3))) } 0 .. int(rand(400)) } 1 .. 10' ;;
half) bad_sectors '$sectors / 4 .. $sectors * 3 / 4' ;;
# Not the last one: where that is bad, ddrescue's test mode has a shorter disk.
edges) bad_sectors '(0, 1, 127, 128, 129, 255, $sectors - 2)' ;;
*) fail "no such case" ;;
esac
as_ddrescue
