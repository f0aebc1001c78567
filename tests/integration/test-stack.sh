#!/bin/bash
# SPDX-License-Identifier: MIT
# The stack is the one part of the memory that no line of the program reserves: how deep
# it gets is measured in what is known to go deepest, and held to what docs/MEMORY.md says.
#
# cases: file-to-file mapfile verify rescue nbd-to-nbd by-name command layer map info refused disks
# cases: tls-rsa4096 tls-p521 tls-client-certificate tls-secret

. "$(dirname "$0")/../functions.sh"
requires_strace # what it may do, the tool may
requires_program nbdkit

limit_bytes=$((32 * 1024))

# measure [CODE] ARGUMENTS...: runs decant, which is to end with CODE.
measure() {
    local expected=0
    case $1 in [0-9]) expected=$1 && shift ;; esac
    code=0
    "$TOP/build/tests/stack" depths "$DECANT" "$@" >out 2>err || code=$?
    [ "$code" -eq "$expected" ] || fail "exit code $code instead of $expected: decant $*: $(cat err)"
}

# tls KIND: servers with keys of that kind at both ends
tls() {
    make_server "$1"
    serve_tls s nbdkit "${2-x509}" in.img -r
    serve_tls d nbdkit "${2-x509}" out.img
    measure --progress -v "$(tls_uri s "$with_ca")" "$(tls_uri d "$with_ca")"
}

printf '%s\n' '0 65536 1' '1048576 4096 2' | while read -r offset bytes byte; do
    head -c "$bytes" /dev/zero | tr '\0' "\\$byte" | dd of=in.img bs=4096 seek=$((offset / 4096)) conv=notrunc status=none
done
truncate -s 64M in.img out.img

case $1 in
file-to-file)
    measure --progress -v --sha256 --blkhash --sparse=4096 in.img new.img
    head -c 3M /dev/urandom | measure - new.img ;;
mapfile)
    # A copy that writes its maps, one that goes on by them, and one that refuses them.
    mkdir maps
    measure --progress -v --mapfile=maps/m in.img new.img
    sed -i '$d' maps/m
    measure --progress -v --mapfile=maps/m --domain=maps/m.bak in.img new.img
    echo x >>maps/m
    measure 1 --mapfile=maps/m in.img new.img ;;
verify)
    # A copy that is read back, repaired, and read back again, and one of which everything is learnt anew.
    serve_odd d out.img lies=flip
    measure --progress -v --verify --sha256 in.img "$(uri d)"
    grep -q 'is right now' err || fail "nothing was repaired: $(cat err)"
    measure --mapfile=m in.img new.img
    measure --progress -v --verify --mapfile=m in.img new.img ;;
rescue)
    # One that goes on, tells what it can't read, and one that refuses its map.
    requires_nbdkit_filter ddrescue
    printf '0 + 1\n0 512 +\n512 512 -\n1024 %d +\n' $(($(size_of in.img) - 1024)) >bad.map
    measure 1 rescue --max-errors=1 [ nbdkit --filter=ddrescue file in.img ddrescue-mapfile=bad.map ] new.img --mapfile=m
    measure 3 rescue --json [ nbdkit --filter=ddrescue file in.img ddrescue-mapfile=bad.map ] new.img --mapfile=m
    echo x >>m
    measure 1 rescue in.img new.img --mapfile=m ;;
nbd-to-nbd)
    serve_nbdkit s file in.img
    serve_nbdkit d file out.img
    measure --progress -v --blkhash --connections=16 "$(uri s)" "$(uri d)" ;;
by-name)
    # A name that is looked up, whatever comes of it.
    measure 1 nbd://localhost:1/ null:
    measure 1 info nbd://no-such-host.invalid/ ;;
command)
    measure --progress -v [ nbdkit file in.img ] [ nbdkit file out.img ] ;;
layer)
    requires_program qemu-nbd qemu-img
    qemu-img create -q -f qcow2 -b in.img -F raw top.qcow2
    measure --layer [ qemu-nbd -f qcow2 -A top.qcow2 ] out.img ;;
disks)
    measure disks
    measure 1 disks label:nobody,smallest
    measure 1 in.img label:nobody,smallest ;;
map)
    serve_nbdkit s file in.img
    for style in '' --json --json=imageio --graph --totals '--totals --json'; do
        # shellcheck disable=SC2086 # words
        measure map $style "$(uri s)"
    done ;;
info)
    serve_nbdkit s file in.img
    for options in '' --json --list '--list --json'; do
        # shellcheck disable=SC2086 # words
        measure info $options "$(uri s)"
    done ;;
refused)
    serve_nbdkit s file in.img
    truncate -s 1M small.img
    serve_nbdkit d file small.img
    measure 1 "$(uri s)" "$(uri d)"
    measure 1 "$(uri s)" .
    long=$(printf 'x%.0s' {1..4000})
    measure 1 "./$long" null: ;;
tls-*)
    . "$(dirname "$0")/../tls.sh"
    case $1 in
    tls-client-certificate)
        make_ca ca
        mkdir -p client
        make_client rsa4096
        tls rsa4096 verify ;;
    tls-secret)
        make_psk alice
        user=alice
        serve_tls s nbdkit psk in.img -r
        serve_tls d nbdkit psk out.img
        measure "$(tls_uri s "$with_psk")" "$(tls_uri d "$with_psk")" ;;
    *) tls "${1#tls-}" ;;
    esac ;;
*) fail "no such case" ;;
esac

deepest=$(sort -n depths | tail -n 1)
echo "the stack was $deepest bytes deep"
[ "$deepest" -ge 1024 ] || fail "nothing was measured"
[ "$deepest" -le "$limit_bytes" ] || fail "the stack was $deepest bytes deep, $limit_bytes expected at most"
