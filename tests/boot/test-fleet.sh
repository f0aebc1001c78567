#!/bin/bash
# SPDX-License-Identifier: MIT
# Machines that are started together and imaged from one server, which is asked by all of them: each has all of it.
# cases: nbdkit
# long cases: qemu-nbd
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
machines=3

make_image source.img 24M
case $1 in
nbdkit) serve_tcp source 127.0.0.1 --readonly --filter=rate file source.img connection-rate=32M ;;
qemu-nbd) serve_on_port source setpriv --pdeathsig TERM qemu-nbd --persistent --read-only --shared=64 --bind=127.0.0.1 --pid-file=source.pid \
    -f raw source.img ;;
esac
for ((i = 0; i < machines; i++)); do
    mkdir "$i"
    junk "$i/target.raw" 24M
    (cd "$i" && boot "decant.source=nbd://10.0.2.2:$port/ decant.destination=/dev/vda decant.then=poweroff" </dev/null) &
    booting[i]=$!
    at_exit+=("kill ${booting[i]} 2>/dev/null")
done
for ((i = 0; i < machines; i++)); do
    wait "${booting[i]}" || fail "machine $i: $(tail -n 5 "$i/console")"
    grep -q '^decant: result=ok ' "$i/console" || fail "machine $i: $(tail -n 5 "$i/console")"
    same source.img "$i/target.raw"
done
