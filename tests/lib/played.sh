# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Rooms of the appliance without a machine: in its own shell, what they call being played, and what they look at being files here.

busybox=$TOP/build/third_party/busybox/busybox

# bin/ has what busybox has, and what `play` puts in its place.
play_busybox() {
    requires_file "$busybox"
    mkdir -p bin
    "$busybox" --install -s bin
}

# play NAME LINE...: a program that is this script.
play() {
    rm -f "bin/$1"
    printf '%s\n' '#!/bin/sh' "${@:2}" >"bin/$1"
    chmod +x "bin/$1"
}

# room_here FILE [SED-COMMANDS]: prints that room, which sees this directory where it would see the machine.
room_here() {
    sed "s|/run/decant|$TEST_DIR/run|g; s|/mnt|$TEST_DIR/mnt|g; s|/lib/decant|$TEST_DIR/lib|g; s|/proc/cmdline|$TEST_DIR/cmdline|g
        s|/proc/mounts|$TEST_DIR/mounts|g; s|/sys/class/block|$TEST_DIR/sys/block|g; s|/sys/class/net|$TEST_DIR/net|g
        s|/sys/class/dmi/id|$TEST_DIR/dmi|g; ${2-}" "$TOP/rootfs/$1"
}

# appliance WORD...: by its shell, with nothing but what is in bin/.
appliance() { PATH=$TEST_DIR/bin "$busybox" ash "$@"; }
