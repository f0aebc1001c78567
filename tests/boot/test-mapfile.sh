#!/bin/bash
# SPDX-License-Identifier: MIT
# A machine that is imaged with decant.mapfile= loses its power five times, and starts again with the same words each time: what the map
# calls finished is on the disk then, and neither read from the server nor written again; in the end the disk is the image. Another start
# does nothing.
#
# It is cut whenever so much has been written to its disk, or so much is finished in the map, as a seed decides: CUTS and SEED in the
# environment are how many and which; see make power-cuts.
# long cases: ext4 vfat
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
. "$(dirname "$0")/power.sh"
requires_program python3 openssl perl mkfs.ext4 e2fsck debugfs mkfs.vfat fsck.vfat mcopy
requires_nbdkit_filter log rate

seed=${SEED:-1} cuts=${CUTS:-5}
echo "SEED=$seed CUTS=$cuts $1"
RANDOM=$seed
mib=1048576
size=$((320 * mib))
map_system=$1
map_file=decant-52-54-00-12-34-56.map

head -c $size /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 -nosalt 2>/dev/null >source.raw
junk destination.img $size
truncate -s 16M map.img
case $1 in
ext4) mkfs.ext4 -q -F -L MAPS map.img; drivers=(ext4) ;;
vfat) mkfs.vfat -n MAPS map.img >/dev/null; drivers=(vfat nls_cp437 nls_ascii nls_iso8859_1 nls_utf8) ;;
*) fail "no such case" ;;
esac
# The board's own kernel has these as modules, and the board none.
initramfs_with /dev/null "${drivers[@]}"
initramfs=both
fast() { echo 1G >rate; }
# A copy flushes after 64 MiB, and no sooner than after 5 s, if that costs little: on a busy machine, much later.
slow() { echo 32M >rate; }
fast

# Anew for each machine, since one whose clients vanish may end (nbdkit 1.32); on the same port, unless somebody else has taken that.
serve_source() {
    local command=(nbdkit --exit-with-parent --foreground --ipaddr 127.0.0.1 --pidfile source.pid --readonly --filter=log --filter=rate
        file source.raw logfile=source.log rate=1G "rate-file=$TEST_DIR/rate")
    : >source.log
    rm -f source.pid
    if [ -n "${port-}" ]; then
        "${command[@]}" --port="$port" >source.server 2>&1 &
        server_pid[source]=$!
        until [ -s source.pid ] || has_ended "${server_pid[source]}"; do sleep 0.02; done
    fi
    [ -s source.pid ] || serve_on_port source "${command[@]}"
}
power_up() {
    serve_source
    serve_disks
    start_machine "decant.source=nbd://10.0.2.2:$port/ decant.destination=/dev/vda decant.mapfile=label:MAPS decant.yes decant.then=poweroff"
}
# What reaches the disk by then: neither end of it, which are held back.
has_written() { # BYTES
    has_ended "$machine" || [ "$(awk '/^write/ { bytes += $3 } END { print bytes + 0 }' destination.log)" -ge "$1" ]
}
has_finished_more() {
    ! has_ended "$machine" || return 0
    # What is copied while it is written to may be no file system.
    (take_map) >/dev/null 2>&1 || return 1
    [ "$(finished_bytes out.map)" -gt "$(finished_bytes before.map)" ]
}
# But for the blocks by which the source is known again: the first, the middle and the last one.
check_reads() {
    finished before.map >before
    log_ranges source.log Read | awk -v middle=$((size / 2)) '
        FILENAME == "before" { start[NR] = $1; end[NR] = $2; next }
        $1 == middle && $2 == 4096 { next }
        { for (i in start) if ($1 < end[i] && $1 + $2 > start[i]) { print "again: " $0; exit 1 } }' before - ||
        fail "what was finished was read again: $(cat before.map)"
}
# Another start, which nothing cuts.
start_to_end() {
    cp out.map before.map
    power_up
    wait_long_for has_ended "$machine"
    power_down
    end_server source
    tr -d '\r' <console.raw >console
}

: >out.map
some=0
for ((cut = 1; cut <= cuts; cut++)); do
    cp out.map before.map
    power_up
    if [ $((cut % 2)) = 1 ]; then
        wait_long_for has_written $(((1 + RANDOM % 60) * mib))
    else
        # Behind a flush, so that there is something to go on from, and somewhere on the way to the next.
        wait_long_for has_written $((66 * mib))
        slow
        wait_long_for has_finished_more
        fast
        wait_long_for has_written $(((66 + RANDOM % 20) * mib))
    fi
    ! has_ended "$machine" || fail "it ended before it was cut: $(tail -n 20 console.raw)"
    power_down
    end_server source
    take_map
    check_finished
    check_reads
    echo "cut $cut, after $(count write) writes and $(count flush) flushes: $(finished_bytes out.map) bytes are finished"
    [ "$(finished_bytes out.map)" -le 0 ] || some=1
done
[ "$some" = 1 ] || fail "nothing was finished at any cut"

start_to_end
console_says "^decant: the map is $map_file on /dev/vdb, which is there"
console_says "^decant: result=ok bytes=$size "
take_map
check_finished
check_reads
same source.raw destination.img
[ "$(finished_bytes out.map)" = $size ] || fail "the map isn't finished: $(cat out.map)"
# It was unmounted (FAT's mark of that isn't flushed).
[ "$1" != ext4 ] || ! dumpe2fs -h map.img 2>/dev/null | finds needs_recovery || fail "the map's file system is left as it was"

start_to_end
console_says '^decant: result=ok bytes=0 seconds=0.00 mapfile=finished'
console_says "^decant: to begin anew, remove $map_file from /dev/vdb, or name another: decant.mapfile=label:MAPS/NAME"
[ "$(count write)" = 0 ] || fail "something was written"
