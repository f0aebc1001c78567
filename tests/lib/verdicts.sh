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
