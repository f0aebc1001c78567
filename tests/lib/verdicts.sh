# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# How a test ends: it fails with a word about why, or skips with the true reason.

fail() {
    echo "FAIL: $*" >&2
    exit 1
}

skip() {
    echo "skip: $*"
    exit 77
}

# finds GREP-ARGUMENTS: behind a pipe, what grep -q is elsewhere. That ends at the first line it finds, and who writes on dies of it, by
# which the whole pipeline has failed: now and then, on a busy machine.
finds() { grep "$@" | cat >/dev/null; }
