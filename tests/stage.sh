# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A machine as the papers speak of it, so that their commands run as they stand there: it has the disks /dev/sda and /dev/sdb, a host
# called `server` that is itself, and decant in its path. Sourced after functions.sh.
#
# Its mounts, its network and its processes are namespaces of the test's own, with which all of them end, also servers that went into the
# background. The disks are loop devices by other names.

requires_root

# enter_stage CASE: goes on as the machine, from the beginning of the test's script.
enter_stage() {
    enter_namespaces "$1" --net --pid --fork --kill-child --mount-proc
    ip link set lo up
    mkdir bin dev sys
    ln -s "$DECANT" bin/decant
    PATH=$PWD/bin:$PATH
    cp -a /etc etc
    echo 127.0.0.1 server >>etc/hosts
    mount --bind etc /etc
    mount -n -t tmpfs stage /run
    mount -t tmpfs stage dev
    cp -a /dev/{null,zero,full,random,urandom} dev/
    ln -s /proc/self/fd dev/fd
    mount -t tmpfs stage sys
    mkdir -p sys/block sys/dev/block
}

# disk NAME FILE WAY SERIAL: a disk that is plugged in by that way, a directory below /sys/devices; see stage_is_set.
disk() {
    local name=$1 way=devices/$3/block/$1 device number
    attach device "$2"
    cp -a "$device" "dev/$name"
    cp -a "$device" dev/
    number=$(cat "/sys/class/block/${device#/dev/}/dev")
    mkdir -p "sys/$way/queue" "sys/$way/device"
    (cd "/sys/class/block/${device#/dev/}" && cp dev size ro removable queue/logical_block_size "$TEST_DIR/sys/$way/")
    mv "sys/$way/logical_block_size" "sys/$way/queue/"
    echo "$4" >"sys/$way/device/serial"
    ln -s "../$way" "sys/block/$name"
    ln -s "../../$way" "sys/dev/block/$number"
}

# Behind this, there are no other disks.
stage_is_set() {
    mount --bind dev /dev
    mount --bind sys /sys
    umount -l dev sys # which stay where they are bound
}

# stand_in NAME WORDS: a program that drops so many words, as ssh HOST and podman exec NAME, and runs the others here.
stand_in() {
    printf '#!/bin/sh\nshift %d\nexec "$@"\n' "$2" >"bin/$1"
    chmod +x "bin/$1"
}

# blocks_of PAPER [HEADING]: what stands there to be typed, without the indentation, with an empty line between two blocks.
blocks_of() {
    awk -v heading="${2-}" '
        /^#+ / { title = $0; sub(/^#+ /, "", title); is_there = heading == "" || title == heading }
        /^    / && is_there { print substr($0, 5); is_block = 1; next }
        is_block { print ""; is_block = 0 }' "$TOP/$1"
}
