#!/bin/bash
# SPDX-License-Identifier: MIT
# However a copy with a mapfile dies, what its map calls finished is the source's, byte by byte, and the same command goes on until
# it is done, without doing what was finished again. ddrescue and decant take turns at the same map.
#
# cases: killed-to-file killed-to-server ddrescue-goes-on decant-goes-on in-turns ddrescues-domain

. "$(dirname "$0")/../functions.sh"
requires_program ddrescue ddrescuelog perl openssl

# finished MAP: what it calls finished, as "START END".
finished() {
    perl -ne 'next if /^#/; my @w = split; printf "%d %d\n", hex $w[0], hex($w[0]) + hex($w[1]) if $w[2] eq "+"' "$1"
}

# check_finished MAP SOURCE DESTINATION: it is.
check_finished() {
    local start end
    while read -r start end; do
        cmp -i "$start" -n $((end - start)) "$2" "$3" || fail "[$start, $end) is called finished, and isn't: $(cat "$1")"
    done < <(finished "$1")
}

# The end of what is finished from the beginning on.
finished_below() { finished "$1" | awk '$1 == 0 { end = $2 } END { print end + 0 }'; }

size=$((192 << 20))
make_source() { head -c $size /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 -nosalt 2>/dev/null >in.img; }

# Whether the copy has come so far, or ended.
has_written() { has_ended "$pid" || [ "$(($(stat -c %b out.img 2>/dev/null || echo 0) * 512))" -ge "$1" ]; }
has_new_map() { has_ended "$pid" || { [ -e m.map ] && ! cmp -s m.map old.map; }; }

# kill_until_done DESTINATION: at places that the seed decides, every other time only once a map was written on the way.
kill_until_done() {
    local round written target
    RANDOM=11
    for round in 1 2 3 4 5 6 7; do
        written=$(($(stat -c %b out.img 2>/dev/null || echo 0) * 512))
        target=$((written + (RANDOM * 32768 + RANDOM) % (size / 4)))
        cp m.map old.map 2>/dev/null || : >old.map
        : >log
        "$DECANT" --mapfile=m.map --rate-limit=12M in.img "$1" 2>err &
        pid=$!
        wait_for has_written $target
        [ $((round % 2)) -eq 0 ] || wait_for has_new_map
        [ $((round % 2)) -eq 0 ] || [ ! -s old.map ] || has_ended $pid || wait_for grew
        kill -9 $pid 2>/dev/null || true
        code=0
        wait $pid 2>/dev/null || code=$?
        [ -e m.map ] || fail "no map: $(cat err)"
        check_finished m.map in.img out.img
        check_nothing_again
        [ "$code" -ne 0 ] || break
        [ "$code" -eq 137 ] || fail "exit code $code: $(cat err)"
    done
    [ "$(finished_below m.map)" -gt 0 ] || fail "seven deaths, and nothing is finished"
    cp m.map old.map
    : >log
    run_decant --mapfile=m.map in.img "$1"
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    check_nothing_again
}

# A later map of the same copy says more than its first one.
grew() { has_ended "$pid" || [ "$(finished_below m.map)" -gt "$(finished_below old.map)" ]; }

# What was finished when the copy began isn't written again, as the server's log has it.
check_nothing_again() {
    local below
    below=$(finished_below old.map)
    ! log_ranges log Write | awk -v below="$below" '$1 + 4096 <= below { found = 1 } END { exit !found }' ||
        fail "something below $below was written again"
}

case $1 in
killed-to-file)
    make_source
    kill_until_done out.img
    same in.img out.img
    ddrescuelog -q -D m.map || fail "ddrescuelog doesn't take it for done: $(cat m.map)" ;;
killed-to-server)
    make_source
    truncate -s $size out.img
    serve_nbdkit d --filter=log file out.img logfile=log
    kill_until_done "$(uri d)"
    end_server d
    same in.img out.img
    ddrescuelog -q -D m.map || fail "ddrescuelog doesn't take it for done: $(cat m.map)" ;;
ddrescue-goes-on)
    make_image in.img 10000001 5
    "$DECANT" --mapfile=m.map --rate-limit=64k in.img out.img 2>err &
    pid=$!
    wait_for has_written 400000
    kill $pid
    wait $pid && fail "it was done"
    check_finished m.map in.img out.img
    good=$(finished_below m.map)
    [ "$good" -gt 0 ] || fail "nothing is finished: $(cat m.map)"
    printf kept | dd of=out.img bs=1 seek=100000 conv=notrunc status=none
    ddrescue -q in.img out.img m.map
    ddrescuelog -q -D m.map || fail "it isn't done: $(cat m.map)"
    [ "$(dd if=out.img bs=1 skip=100000 count=4 status=none)" = kept ] || fail "it began anew"
    dd if=in.img of=out.img bs=1 skip=100000 seek=100000 count=4 conv=notrunc status=none
    same in.img out.img
    # What it leaves out of our comments isn't missed.
    run_decant --mapfile=m.map in.img out.img
    grep -q 'is finished already' err || fail "got: $(cat err)" ;;
decant-goes-on)
    # From a part in the middle, of odd bounds.
    make_image in.img 10000001 5
    ddrescue -q -i 1000003 -s 3000017 in.img out.img m.map
    printf kept | dd of=out.img bs=1 seek=2000000 conv=notrunc status=none
    must_copy --mapfile=m.map in.img out.img
    [ "$(dd if=out.img bs=1 skip=2000000 count=4 status=none)" = kept ] || fail "it began anew"
    dd if=in.img of=out.img bs=1 skip=2000000 seek=2000000 count=4 conv=notrunc status=none
    same in.img out.img
    ddrescuelog -q -D m.map || fail "it isn't done: $(cat m.map)" ;;
in-turns)
    # Parts here and there by ddrescue, and what lies in a domain by decant, until all is done.
    make_image in.img 10000001 5
    RANDOM=5
    for _ in 1 2 3 4 5 6; do
        at=$(((RANDOM * 32768 + RANDOM) % 9000000))
        ddrescue -q -R -i $at -s $((1 + RANDOM * 17)) in.img out.img m.map
        at=$(((RANDOM * 32768 + RANDOM) % 9000000)) length=$((1 + RANDOM * 17))
        printf '0 + 1\n0 %d ?\n%d %d +\n' $at $at $length >d.map
        run_decant --mapfile=m.map --domain=d.map in.img out.img
        [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
        check_finished m.map in.img out.img
    done
    must_copy --mapfile=m.map in.img out.img
    same in.img out.img
    ddrescuelog -q -D m.map || fail "it isn't done: $(cat m.map)" ;;
ddrescues-domain)
    # What ddrescue got of a disk is copied on from its image, and nothing else.
    make_image in.img 10000001 5
    ddrescue -q -i 1000003 -s 3000017 in.img rescued.img d.map
    truncate -s 10000001 rescued.img
    junk out.img 10000001
    cp out.img expected.img
    dd if=in.img of=expected.img bs=1M skip=1000003 seek=1000003 count=3000017 iflag=skip_bytes,count_bytes oflag=seek_bytes \
        conv=notrunc status=none
    must_copy --domain=d.map rescued.img out.img
    same expected.img out.img ;;
*) fail "no such case" ;;
esac
