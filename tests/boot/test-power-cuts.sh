#!/bin/bash
# SPDX-License-Identifier: MIT
# Power that goes in the middle takes along what disks have in their caches. What a mapfile calls finished then has to be there
# nevertheless, and the same command has to go on from it at the next boot. So a machine is ended whose destination, and whose
# mapfile's disk, forget what wasn't flushed: whenever so many requests have reached them, as a seed decides.
#
# CUTS and SEED in the environment are how many and which; see make power-cuts.
# cases: copy rescue
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
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

# power_up: the disks' servers, and the machine; the power's own choices are the seed's.
power_up() {
    local disk
    for disk in destination map; do
        : >"$disk.log"
        rm -f "$disk.sock"
        setpriv --pdeathsig KILL "$TOP/tests/trials/forgetful-server" "$disk.sock" "$disk.img" log="$disk.log" \
            "seed=$RANDOM" "keeps=$((RANDOM % 3 * 20))" >>"$disk.server" 2>&1 &
        server_pid[$disk]=$!
        wait_server "$disk" test -S "$disk.sock"
    done
    rm -f console.raw
    INITRAMFS=all SERIAL=file:console.raw setpriv --pdeathsig KILL "$TOP/boards/$board/run" -b "$TOP/build" rdinit=/run-this "source.raw,throttling.bps-read=$rate" \
        -drive "file=nbd+unix:///?socket=$TEST_DIR/destination.sock,format=raw,if=virtio" \
        -drive "file=nbd+unix:///?socket=$TEST_DIR/map.sock,format=raw,if=virtio" </dev/null >machine 2>&1 &
    machine=$!
    at_exit+=("kill -KILL $machine 2>/dev/null")
}

# What a machine whose power is gone leaves behind: its disks.
power_down() {
    local pid
    for pid in "$machine" "${server_pid[destination]}" "${server_pid[map]}"; do
        kill -KILL "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    unset 'server_pid[destination]' 'server_pid[map]'
}

# Whether the machine has ended, or the destination had so many flushes and then so many writes.
has_come_to() { # FLUSHES WRITES
    has_ended "$machine" || awk -v flushes="$1" -v writes="$2" '
        /^flush/ { flushes-- }
        /^write/ && flushes <= 0 { writes-- }
        END { exit !(flushes <= 0 && writes <= 0) }' destination.log
}
count() { grep -c "^$1" destination.log || true; }
wait_long_for() {
    until "$@"; do sleep 0.1; done
}

# The map as the next boot finds it; none, if there is none yet.
take_map() {
    local code=0
    cp map.img map.copy
    e2fsck -fp map.copy >e2fsck.log 2>&1 || code=$?
    [ "$code" -le 1 ] || fail "the map's file system is lost: $(cat e2fsck.log)"
    debugfs -R 'cat /out.map' map.copy 2>/dev/null >out.map
}
finished() {
    perl -ne 'next if /^#/; my @w = split; printf "%d %d\n", hex $w[0], hex($w[0]) + hex($w[1]) if $w[2] eq "+" && $w[1] =~ /^0x/' "$1"
}
finished_bytes() { finished "$1" | awk '{ bytes += $2 - $1 } END { print bytes + 0 }'; }

# All that the map calls finished is on the disk that lost its power, and nothing that was finished before was written again.
check_finished() {
    local start end
    while read -r start end; do
        cmp -i "$start" -n $((end - start)) source.raw destination.img ||
            fail "[$start, $end) is called finished, and isn't: $(cat out.map)"
    done < <(finished out.map)
    finished before.map >before
    awk 'FILENAME == "before" { start[NR] = $1; end[NR] = $2; next }
        /^write/ { for (i in start) if ($2 < end[i] && $2 + $3 > start[i]) { print "again: " $0; exit 1 } }' before destination.log ||
        fail "what was finished was written again: $(cat before.map)"
}

RANDOM=${SEED:-1}
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
