# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What a test needs: without it the test is skipped, and says so.

requires_program() {
    local program
    for program; do
        command -v "$program" >/dev/null || skip "$program is not installed"
    done
}

requires_file() {
    local file
    for file; do
        [ -e "$file" ] || skip "there is no $file"
    done
}

requires_root() {
    [ "$(id -u)" -eq 0 ] || skip "needs root"
}

# Sets own_mounts, by which unshare gives mounts of one's own: in a changed root, / is no mount, whose propagation could be changed.
find_own_mounts() {
    own_mounts=(--mount)
    unshare --mount true 2>/dev/null || own_mounts+=(--propagation unchanged)
}

# enter_namespaces CASE UNSHARE-OPTION...: goes on in these namespaces and in mounts of the test's own, from the beginning of its script.
enter_namespaces() {
    if [ -n "${IN_NAMESPACES-}" ]; then
        unset IN_NAMESPACES
        return
    fi
    local own_mounts
    find_own_mounts
    unshare "${own_mounts[@]}" "${@:2}" true 2>unshare.err || skip "no network namespaces: $(cat unshare.err)"
    trap - EXIT
    export TEST_DIR ${test_dir_is_ours+test_dir_is_ours}
    IN_NAMESPACES=1 exec unshare "${own_mounts[@]}" "${@:2}" "$0" "$1"
}

requires_nbdkit_plugin() {
    requires_program nbdkit
    nbdkit "$1" --dump-plugin >/dev/null 2>&1 ||
        skip "nbdkit has no $1 plugin here"
}

requires_nbdkit_filter() {
    requires_program nbdkit
    local filter
    for filter; do
        nbdkit --filter="$filter" null --dump-plugin >/dev/null 2>&1 ||
            skip "nbdkit has no $filter filter here"
    done
}

# By what it says of one that has nothing to drive: each release lists its drivers in other words.
requires_qemu_driver() {
    requires_program qemu-img
    ! { qemu-img info --image-opts "driver=$1" 2>&1 || true; } | finds -i 'unknown driver' ||
        skip "this qemu has no $1 driver"
}

requires_strace() {
    requires_program strace
    strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
}

requires_holes() {
    truncate -s 1M holes.probe
    [ "$(stat -c %b holes.probe)" -eq 0 ] ||
        skip "the filesystem of $TEST_DIR keeps no holes"
    rm holes.probe
}

requires_free_mib() {
    [ "$(df -Pm . | awk 'NR == 2 { print $4 }')" -ge "$1" ] ||
        skip "needs $1 MiB free in $TEST_DIR"
}
