#!/bin/bash
# SPDX-License-Identifier: MIT
# An appliance that can't do its job says so in one line that a machine can
# read, does what decant.then asks for, and leaves the disk as it was.
# cases: refused too-small no-destination
. "$(dirname "$0")/../functions.sh"

requires_program qemu-system-x86_64 nbdkit

# The console of a machine that boots with these parameters and ends by itself.
boot() {
    timeout --kill-after=5 250 "$TOP/boards/qemu-x86_64/run" -b "$TOP/build" "$1 decant.then=poweroff" target.raw \
        </dev/null 2>&1 | tr -d '\r' >console || fail "the machine did not end by itself: $(tail -n 20 console)"
    grep -Eq "$2" console || fail "no line like '$2' on the console: $(tail -n 20 console)"
}

yes 'what was there before' | head -c 16M >before || true
cp before target.raw

case $1 in
refused) # port 1 of the host: nobody listens there
    boot "decant.source=nbd://10.0.2.2:1/disk decant.destination=/dev/vda" \
        '^decant: result=failed code=1 reason=.*nbd://10\.0\.2\.2:1/disk'
    ;;
too-small)
    truncate -s 32M source.raw
    serve_tcp source 127.0.0.1 --readonly file source.raw
    boot "decant.source=nbd://10.0.2.2:$port/ decant.destination=/dev/vda" \
        '^decant: result=failed code=1 reason=.*/dev/vda is too small'
    ;;
no-destination)
    boot "decant.source=nbd://10.0.2.2:1/disk" '^decant: result=failed code=64 reason='
    ;;
esac
cmp before target.raw
