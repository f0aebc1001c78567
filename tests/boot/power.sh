# SPDX-License-Identifier: MIT
# Machines whose power goes, with disks that forget what wasn't flushed. Sourced behind tests/boot/machine.sh.
#
# Two disks are served, destination.img and map.img, on which a map is: `map_file` there. Each boot's requests are in destination.log and
# map.log; before.map and out.map are the map before it and after it.

# serve_disks: behind caches that lose power; what they keep of it nevertheless is $RANDOM's.
serve_disks() {
    local disk
    for disk in destination map; do
        : >"$disk.log"
        rm -f "$disk.sock"
        setpriv --pdeathsig KILL "$TOP/tests/trials/forgetful-server" "$disk.sock" "$disk.img" log="$disk.log" \
            "seed=$RANDOM" "keeps=$((RANDOM % 3 * 20))" >>"$disk.server" 2>&1 &
        server_pid[$disk]=$!
        wait_server "$disk" test -S "$disk.sock"
    done
}

# start_machine APPEND [DISK]: sets `machine`; both disks come behind that one.
start_machine() {
    rm -f console.raw
    INITRAMFS=${initramfs:-all} SERIAL=file:console.raw setpriv --pdeathsig KILL "$TOP/boards/$board/run" -b "$TOP/build" "$1" "${2-}" \
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

count() { grep -c "^$1" destination.log || true; }
wait_long_for() {
    until "$@"; do sleep 0.1; done
}

# The map as the next boot finds it; none, if there is none yet.
take_map() {
    local code=0
    cp map.img map.copy
    case ${map_system:-ext4} in
    ext4)
        e2fsck -fp map.copy >e2fsck.log 2>&1 || code=$?
        [ "$code" -le 1 ] || fail "the map's file system is lost: $(cat e2fsck.log)"
        debugfs -R "cat /$map_file" map.copy 2>/dev/null >out.map ;;
    vfat)
        # One that was never whole is no file, and neither is what nothing leads to.
        fsck.vfat -a map.copy >fsck.log 2>&1 || code=$?
        [ "$code" -le 1 ] && ! grep 'map$' fsck.log || fail "the map's file system is lost: $(cat fsck.log)"
        : >out.map
        mcopy -n -o -i map.copy "::$map_file" out.map 2>/dev/null || true ;;
    esac
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
