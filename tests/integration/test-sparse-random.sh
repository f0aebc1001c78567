#!/bin/bash
# SPDX-License-Identifier: MIT
# A hundred disks of a shape that nobody thought of, copied and compared: the test
# that finds what the others' authors didn't imagine. Seeds are printed, so that
# each layout can be had again.
#
# cases: sparse-random-1 sparse-random-2 sparse-random-3 sparse-random-4 data-1 data-2

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_plugin sparse-random
requires_nbdkit_plugin data

seed=$(((${TEST_SEED:-$(od -An -N4 -tu4 /dev/urandom)}) % 1000000000))
echo "TEST_SEED=$seed (any layout below: the nbdkit line that is printed)"
RANDOM=$(((seed + ${1##*-} * 1009) % 32768))

# What nbdkit itself says is there, read without decant.
reference() {
    qemu-img convert -f raw -O raw "nbd+unix:///?socket=$TEST_DIR/s.sock" expected.img
    truncate -s "$1" expected.img       # qemu rounds odd sizes up to 512
}

check() {
    local size=$1
    shift
    echo "nbdkit $*"
    serve_nbdkit s "$@"
    reference "$size"
    must_copy "$(uri s)" out.img
    end_server s
    same expected.img out.img
    [ $((RANDOM % 2)) -eq 0 ] || rm out.img     # else the next one lands on it
}

pick() {
    eval "echo \${$((RANDOM % $# + 1))}"
}

case $1 in
sparse-random-*)
    for ((i = 0; i < 20; i++)); do
        size=$(((RANDOM % 48 + 2) * 1048576))
        [ $((RANDOM % 3)) -ne 0 ] || size=$((size + RANDOM * 7))
        check "$size" sparse-random "$size" seed="$((seed + ${1##*-} * 100 + i))" percent="$(pick 3 10 30 50 90)" \
            runlength="$(pick 4096 16384 65536 300000 1048576 5242880)" random-content=true
    done ;;
data-*)
    for ((i = 0; i < 10; i++)); do
        size=$((RANDOM * 97 + 100000))
        data=
        at=0
        for ((k = 0; k < 40; k++)); do
            at=$((at + RANDOM * (RANDOM % 3 * 16 + 1) % 200000))
            data+=" @$at $((RANDOM % 255 + 1))*$((RANDOM * (RANDOM % 4 + 1) % 70000 + 1))"
        done
        check "$size" data size="$size" data="$data"
    done ;;
*) fail "no such case" ;;
esac
