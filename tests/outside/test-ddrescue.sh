#!/bin/bash
# SPDX-License-Identifier: MIT
# ddrescue is tested with maps of its own, and files that were copied by them: what it takes we take, what it refuses we refuse, and the
# copies come out as its own do. Both are in its source package, which the build fetches.
#
# cases: verdicts domain goes-on rescue subsectors

. "$(dirname "$0")/../functions.sh"
requires_program ddrescuelog xz
packed=$TOP/build/third_party/download/gddrescue_1.29.orig.tar.xz
requires_file "$packed"
tar -xJf "$packed" --strip-components=2 --wildcards '*/testsuite/*'
# Parts of test.txt, which end with the last one.
size=$(size_of test.txt)
truncate -s "$size" test[1-5].txt

case $1 in
verdicts)
    for map in mapfile*; do
        ours=0 theirs=0
        "$TOP/build/tests/mapfile" "$map" ours.map "$size" 2>err || ours=$?
        ddrescuelog -q -t "$map" >said || theirs=$?
        [ "$((ours != 0))" -eq "$((theirs != 0))" ] || fail "$map: ddrescuelog says $theirs, we $ours: $(cat err)"
        [ "$ours" -ne 0 ] || ddrescuelog -q -p "$map" ours.map || fail "$map became another: $(cat ours.map)"
        grep -q . err || [ "$ours" -eq 0 ] || fail "$map is refused without a word"
    done
    [ "$(ls mapfile* | wc -l)" -ge 10 ] || fail "those are all: $(ls)" ;;
domain)
    must_copy --domain=mapfile1 test.txt out
    same test1.txt out
    must_copy --domain=mapfile2 test2.txt out
    same test.txt out
    rm out
    for i in 5 4 3; do must_copy --domain="mapfile$i" "test$i.txt" out; done
    same test.txt out ;;
goes-on | rescue)
    # From a source that has nothing but what is missing, or what was wanted of it would show.
    verb=(copy)
    [ "$1" = goes-on ] || verb=(rescue --quiet)
    for i in 1 2; do
        cp "mapfile$i" out.map
        cp "test$i.txt" out
        must_copy "${verb[@]}" --mapfile=out.map "test$((3 - i)).txt" out
        same test.txt out
        ddrescuelog -q -D out.map || fail "it isn't done: $(cat out.map)"
    done ;;
subsectors)
    cp mapfile6 out.map
    cp test1.txt out
    # What failed stays so, but is tried once more when that is asked for.
    must_copy rescue --quiet --retry-bad=1 --mapfile=out.map test2.txt out
    same test.txt out
    ddrescuelog -q -D out.map || fail "it isn't done: $(cat out.map)" ;;
esac
