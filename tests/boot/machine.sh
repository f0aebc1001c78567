# SPDX-License-Identifier: MIT
# What the tests of the appliance share. Sourced behind tests/functions.sh.

requires_program qemu-system-x86_64 nbdkit
board=qemu-x86_64
WAIT_LIMIT_S=240

# boot APPEND [RUN-ARGUMENTS]: a machine of $board whose disk is target.raw, until it ends by itself. What it said is in the file
# `console`.
boot() {
    local append=$1
    shift
    timeout --kill-after=5 250 "$TOP/boards/$board/run" -b "$TOP/build" "$append" target.raw "$@" 2>&1 |
        stdbuf -o0 tr -d '\r' >console || fail "the machine did not end by itself: $(tail -n 20 console)"
}

# console_says PATTERN: some line does.
console_says() {
    grep -Eq "$1" console || fail "no line like '$1' on the console: $(tail -n 20 console)"
}

ours() { echo "$TOP/build/boards/$board/initramfs.gz"; }

# second_initramfs LINE...: ours, and behind it what the lines name; see rootfs/mkcpio.
second_initramfs() {
    printf '%s\n' "$@" >list
    "$TOP/rootfs/mkcpio" list | gzip -n | cat "$(ours)" -
}
