#!/bin/bash
# SPDX-License-Identifier: MIT
# A mapfile is shared with ddrescue and all that reads its files: what it writes we read, what we write it reads, to the same bytes,
# and what it refuses we refuse. Tried with the rooms that do it, by themselves.
#
# cases: same-bytes goes-on empty random domain older refused accepted full

. "$(dirname "$0")/../functions.sh"
requires_program ddrescue ddrescuelog perl
again=$TOP/build/tests/mapfile
[ -x "$again" ] || fail "$again: build first (make check)"

content() { grep -v '^#' "$1"; }

# same_content ONE OTHER: all but the comments is the same, to the byte.
same_content() { diff <(content "$1") <(content "$2") || fail "$1 and $2 differ"; }

# random_map BLOCKS SEED: a map of as many blocks of 512 bytes or more, some of them large, in ddrescue's own hand; the disk's
# size is in `size`.
random_map() {
    perl -e '
        my ($blocks, $seed) = @ARGV;
        my ($at, $last) = (0, "");
        srand($seed);
        print("0x00000000     ?               1\n");
        for (1 .. $blocks) {
            my @others = grep { $_ ne $last } qw(? * / - +);
            my $length = 512 * (1 + int(rand(100))) * (rand() < 0.02 ? 123456789 : 1);
            printf("0x%08X  0x%08X  %s\n", $at, $length, $last = $others[rand(@others)]);
            $at += $length;
        }
        print(STDERR "$at\n");
    ' "$1" "$2" 2>size
}

case $1 in
same-bytes)
    # What ddrescue leaves of a copy of some of a disk, of one in two parts, and of one that is done.
    make_image in.img 10000001 5
    ddrescue -q -i 1Mi -s 3Mi in.img out.img d.map
    "$again" d.map ours.map 10000001
    same_content d.map ours.map
    ddrescue -q -R -i 6000000 -s 1000 in.img out.img d.map
    "$again" d.map ours.map 10000001
    same_content d.map ours.map
    [ "$(content ours.map | wc -l)" -eq 6 ] || fail "not the map of two parts: $(cat ours.map)"
    ddrescue -q in.img out.img d.map
    "$again" d.map ours.map 10000001
    same_content d.map ours.map
    ddrescuelog -D ours.map || fail "ddrescuelog doesn't take it for done" ;;
goes-on)
    # ddrescue goes on from ours, and reads what isn't there yet and no more.
    make_image in.img 10000001 5
    ddrescue -q -i 1Mi -s 3Mi in.img out.img d.map
    "$again" d.map ours.map 10000001
    printf 'kept' | dd of=out.img bs=1 seek=2M conv=notrunc status=none
    ddrescue -q in.img out.img ours.map
    ddrescuelog -q -D ours.map || fail "it isn't done: $(cat ours.map)"
    [ "$(dd if=out.img bs=1 skip=2M count=4 status=none)" = kept ] || fail "it began anew"
    dd if=in.img of=out.img bs=1 skip=2M seek=2M count=4 conv=notrunc status=none
    same in.img out.img ;;
empty)
    : >in.img
    ddrescue -q in.img out.img d.map
    "$again" d.map ours.map 0
    ddrescuelog -q -t ours.map || fail "ddrescuelog doesn't take $(cat ours.map)" ;;
random)
    for seed in 1 2 3 4 5 6; do
        random_map 1000 $seed >d.map
        "$again" d.map ours.map "$(cat size)"
        same_content d.map ours.map
        ddrescuelog -q -p d.map ours.map || fail "ddrescuelog finds them different (seed $seed)"
        # With its notes between the lines.
        ddrescuelog -A d.map >noted.map
        "$again" noted.map ours.map "$(cat size)"
        same_content d.map ours.map
    done ;;
domain)
    random_map 1000 7 >d.map
    "$again" d.map ours.map "$(cat size)" domain
    ddrescuelog -q -P d.map ours.map || fail "not the same domain"
    # What ddrescuelog makes of a list of blocks.
    rm d.map
    printf '%s\n' 3 4 5 90 | ddrescuelog -q -c d.map
    "$again" d.map ours.map 51200 domain
    ddrescuelog -q -P d.map ours.map || fail "not the same blocks" ;;
older)
    # Before there were passes, as partclone and ddrutility write it.
    printf '%s\n' '# Domain logfile created by partclone v0.3' '# Source: /dev/sdx' '# Offset: 0x0' '# current_pos  current_status' \
        '0xF4240     ?' '#      pos        size  status' '0x00000000  0x00100000  +' '0x00100000 0x1000 ?' >d.map
    "$again" d.map ours.map 2000000
    ddrescuelog -q -P d.map ours.map || fail "not the same map" ;;
refused)
    # By both, and the file stays as it is.
    while read -r line; do
        printf "$line" >d.map
        cp d.map before.map
        ! ddrescuelog -q -t d.map 2>/dev/null || fail "ddrescuelog takes $line"
        ! "$again" d.map d.map 100 2>err || fail "we take $line"
        grep -q '^d.map, line [0-9]*: ' err || fail "$line: $(cat err)"
        same d.map before.map
    done <<'END'
0 ? 0\n0 10 +\n
0 X 1\n0 10 +\n
0\n0 10 +\n
0 ? 1\n0 10\n
0 ? 1\n0 10 F\n
0 ? 1\n0 -1 ?\n
0 ? 1\n0 09 +\n
0 ? 1\n0 5 +\n5 0 +\n
0 ? 1\n0 5 +\n6 5 +\n
0 ? 1\n0 5 +\n4 5 +\n
0 ? 1\n512 512 +\n256 256 -\n
END
    ;;
accepted)
    # By both, to the same map.
    while read -r line; do
        printf "$line" >d.map
        ddrescuelog -q -t d.map || fail "ddrescuelog doesn't take $line"
        "$again" d.map ours.map 100 || fail "we don't take $line"
        for types in + - / '*'; do
            [ "$(ddrescuelog -b 1 -l "$types" d.map)" = "$(ddrescuelog -b 1 -l "$types" ours.map)" ] || fail "another map: $line"
        done
    done <<'END'
0 ?\n0 100 +\n
0x10 F 1\n0 0X64 +
010 G 010\n0 0144 -\n
\r\n 0 + 1\r\n\t0 50 * # comment\r\n50 50 / # 1 2 3\r\n\r\n
0 + 1 # 1\n0 10 +\n10 10 +\n20 5 -\n
0 + 1\n50 10 +\n
0 ? 1\n0 60 +\n60 0x7FFFFFFFFFFFFF00 ?\n
END
    ;;
full)
    # A disk without room for another one.
    requires_root
    mkdir mnt
    mount -t tmpfs -o size=96k tmpfs mnt 2>mount.err || skip "may not mount: $(cat mount.err)"
    at_exit+=("umount mnt")
    random_map 400 1 >d.map
    "$again" d.map mnt/x.map "$(cat size)"
    random_map 4000 2 >d.map
    [ "$(stat -c %s d.map)" -gt 90000 ] || fail "that may fit"
    cp mnt/x.map before.map
    ! "$again" d.map mnt/x.map "$(cat size)" 2>err || fail "where to?"
    grep -qx 'cannot write the mapfile mnt/x.map: No space left on device' err || fail "$(cat err)"
    same mnt/x.map before.map
    [ "$(ls mnt)" = x.map ] || fail "left: $(ls mnt)"
    # And with the room back.
    random_map 500 3 >d.map
    "$again" d.map mnt/x.map "$(cat size)"
    same_content d.map mnt/x.map
    same mnt/x.map.bak before.map ;;
*) fail "no such case" ;;
esac
