# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the integration tests share: where a test runs and how it ends, and, in lib/, what
# it is made of. Sourced by bash scripts; see tests/run for the rest.
#
# A test works in its own empty directory. Its servers are named; NAME's socket
# is NAME.sock there and its output NAME.server. They end with the test, also
# when that is killed.

set -eu
set -o pipefail

# mke2fs, losetup and others are there, and not in everybody's path.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
DECANT=${DECANT:-$TOP/build/decant}
case $DECANT in
/*) ;;
*/*) DECANT=$PWD/$DECANT ;;
esac
# Longer than any copy here takes: a hang should end with a word about itself.
DECANT_LIMIT_S=${DECANT_LIMIT_S:-400}

if [ -z "${TEST_DIR-}" ]; then
    TEST_DIR=$(mktemp -d "${TMPDIR:-/var/tmp}/decant-test.XXXXXX")
    test_dir_is_ours=1
fi
cd "$TEST_DIR"

declare -A server_pid=()
declare -a at_exit=() generic=()

for lib in verdicts needs decant servers images kinds played; do
    # shellcheck source=/dev/null
    . "$TOP/tests/lib/$lib.sh"
done
unset lib

end_test() {
    local code=$? name command
    trap - EXIT
    set +e
    [ "$code" -ne 0 ] || all_json_is_valid || code=1
    for command in "${at_exit[@]}"; do eval "$command"; done
    for name in "${!server_pid[@]}"; do end_server "$name"; done
    if [ "$code" -ne 0 ] && [ "$code" -ne 77 ]; then
        for name in *.server; do
            [ -s "$name" ] && { echo "--- $name:"; tail -n 20 "$name"; }
        done
    fi
    [ -z "${test_dir_is_ours-}" ] || rm -rf "$TEST_DIR"
    exit "$code"
}
trap end_test EXIT
trap 'exit 130' INT TERM HUP
