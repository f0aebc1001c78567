#!/bin/bash
# SPDX-License-Identifier: MIT
# Two hundred random sparse disks between servers that refuse what doesn't keep
# to their block sizes, drawn at random for both sides: 512 to 64K at least, up to
# 2M preferred, down to 64K at most. And a server that knows what is to be written
# (checkwrite) agrees with every write and zero.
#
# cases: 1 2 3 4 5 6 7 8

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_plugin sparse-random
requires_nbdkit_filter blocksize-policy checkwrite

disks=25
seed=$(((${TEST_SEED:-$(od -An -N4 -tu4 /dev/urandom)}) % 1000000000))
echo "TEST_SEED=$seed (any disk below: the nbdkit lines that are printed)"
RANDOM=$(((seed + $1 * 1009) % 32768))

power() { # LOW HIGH: a power of two
    echo $((1 << ($1 + RANDOM % ($2 - $1 + 1))))
}

# A policy as nbdkit's words, in $policy: minimum <= preferred <= maximum.
choose_policy() {
    local min preferred max
    min=$(power 9 16)
    preferred=$((min * $(power 0 12)))
    [ "$preferred" -le 2097152 ] || preferred=2097152
    [ "$preferred" -ge 512 ] || preferred=512
    max=$((preferred > 65536 ? preferred : 65536))
    max=$((max + min * (RANDOM % 20)))
    policy=(blocksize-minimum=$min blocksize-preferred=$preferred blocksize-maximum=$max blocksize-error-policy=error)
}

for ((i = 0; i < disks; i++)); do
    size=$((65536 * (1 + RANDOM % 200)))
    disk=(sparse-random $size seed=$RANDOM percent=$((1 + RANDOM % 60)) runlength=$(power 9 18))
    choose_policy
    echo "nbdkit --filter=blocksize-policy ${disk[*]} ${policy[*]}"
    serve_nbdkit s --filter=blocksize-policy "${disk[@]}" "${policy[@]}"
    choose_policy
    rm -f out.img
    junk out.img $size
    echo "nbdkit --filter=blocksize-policy file out.img ${policy[*]}"
    serve_nbdkit d --filter=blocksize-policy file out.img "${policy[@]}"
    must_copy "$(uri s)" "$(uri d)"
    end_server d
    serve_nbdkit c --filter=checkwrite --filter=blocksize-policy "${disk[@]}" "${policy[@]}"
    must_copy "$(uri s)" "$(uri c)"
    end_server c
    nbdkit --exit-with-parent -U - "${disk[@]}" --run 'qemu-img convert -f raw -O raw "$uri" expected.img'
    end_server s
    same expected.img out.img
done
