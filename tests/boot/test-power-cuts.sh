#!/bin/bash
# SPDX-License-Identifier: MIT
# Power that goes in the middle takes along what disks have in their caches. What a mapfile calls finished then has to be there
# nevertheless, and the same command has to go on from it at the next boot. So a machine is ended whose destination, and whose
# mapfile's disk, forget what wasn't flushed: whenever so many requests have reached them, as a seed decides.
#
# CUTS and SEED in the environment are how many and which; see make power-cuts.
# cases: copy
# long cases: rescue
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
. "$(dirname "$0")/power.sh"
requires_program python3 openssl mkfs.ext4 e2fsck debugfs perl

{
    beginning_of_init
    cat <<'END'
until [ -b /dev/vda ] && [ -b /dev/vdb ] && [ -b /dev/vdc ]; do sleep 0.1; done
mount -t ext4 /dev/vdc /mnt
from=/dev/vda
if [ -e /table ]; then
    from=/dev/mapper/failing
    while read -r start sectors what; do
        case $what in
        bad) echo "$start $sectors error" ;;
        *) echo "$start $sectors linear /dev/vda $start" ;;
        esac
    done </table | device failing
fi
decant $(cat /words) "$from" /dev/vdb --mapfile=/mnt/out.map
echo "machine: code $?"
umount /mnt
poweroff -f
END
} >init

power_up() {
    serve_disks
    start_machine rdinit=/run-this "source.raw,throttling.bps-read=$rate"
}

# Whether the machine has ended, or the destination had so many flushes and then so many writes.
has_come_to() { # FLUSHES WRITES
    has_ended "$machine" || awk -v flushes="$1" -v writes="$2" '
        /^flush/ { flushes-- }
        /^write/ && flushes <= 0 { writes-- }
        END { exit !(flushes <= 0 && writes <= 0) }' destination.log
}

RANDOM=${SEED:-1}
map_file=out.map
rate=0
: >table
case $1 in
copy)
    # It flushes after 64 MiB, and no sooner than after 5 s.
    sectors=393216
    echo 'copy --yes --any-content --rate-limit=16M' >words
    lines=("file 0644 /words $TEST_DIR/words")
    cuts=${CUTS:-2} writes=60 ;;
rescue)
    # It flushes after 30 s, so the disk is a slow one.
    sectors=73728 rate=1000000
    printf '%s\n' '0 3000 good' '3000 3 bad' '3003 66344 good' '69347 200 bad' '69547 4181 good' >table
    echo 'rescue --quiet --yes --any-content' >words
    lines=("file 0644 /words $TEST_DIR/words" "file 0644 /table $TEST_DIR/table")
    cuts=${CUTS:-1} writes=30 ;;
esac
head -c $((sectors * 512)) /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 -nosalt 2>/dev/null >source.raw
junk destination.img $((sectors * 512))
truncate -s 16M map.img
mkfs.ext4 -q -F map.img
initramfs_with "$TEST_DIR/init" ext4 dm-mod
more_of_initramfs both "${lines[@]}" >all

: >out.map
for ((cut = 1; ; cut++)); do
    cp out.map before.map
    power_up
    # Every other time behind a flush, so that there is something to go on from; and the last time not at all.
    if [ "$cut" -le "$cuts" ]; then wait_long_for has_come_to $((cut % 2)) $((1 + RANDOM % writes)); else wait_long_for has_ended "$machine"; fi
    ! has_ended "$machine" || break
    power_down
    take_map
    check_finished
    echo "cut $cut, after $(count write) writes and $(count flush) flushes: $(finished_bytes out.map) bytes are finished"
done
tr -d '\r' <console.raw >console
# A copy keeps its map after a flush only where that costs little: on a machine that is late with it, not before the end.
[ "$1" = copy ] || [ "$(finished_bytes out.map)" -gt 0 ] || fail "nothing was finished at any cut: $(tail -n 5 console)"
power_down
take_map
check_finished
awk '$3 == "bad" { print $1 * 512, $2 * 512 }' table >bad.list
console_says "^machine: code $([ -s bad.list ] && echo 3 || echo 0)\$"
perl -ane 'print(hex($F[0]), " ", hex($F[1]), "\n") if $F[2] eq "-"' out.map >found.list
diff bad.list found.list || fail "the map's bad areas aren't the disk's: $(cat out.map)"
[ "$(finished_bytes out.map)" -eq $((sectors * 512 - $(awk '{ bytes += $2 } END { print bytes + 0 }' bad.list))) ] ||
    fail "some is left: $(cat out.map)"
