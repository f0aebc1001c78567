#!/bin/bash
# SPDX-License-Identifier: MIT
# An appliance that can't do its job says so in one line that a machine can
# read, does what decant.then asks for, and leaves the disk as it was.
# cases: refused late-server lost-meanwhile too-small no-destination little-memory no-job
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"

# boot_failing APPEND PATTERN [RUN-ARGUMENTS]: the line is like that.
boot_failing() {
    boot "$1 decant.then=poweroff" "${@:3}" </dev/null
    console_says "^decant: result=failed $2"
}

yes 'what was there before' | head -c 16M >before || true
cp before target.raw

case $1 in
refused) # port 1 of the host: nobody listens there, and whoever watches is told so
    serve_web
    boot_failing "decant.source=nbd://10.0.2.2:1/disk decant.destination=/dev/vda decant.options=--wait=0 decant.report=http://10.0.2.2:$web/" \
        'code=1 reason=.*nbd://10\.0\.2\.2:1/disk' -global virtio-blk-device.serial=S3Z9NB0K
    [ "$(jq -r .event reports | xargs)" = 'begin end' ] || fail "the reports are: $(cat reports)"
    reported '.[1] | .result == "failed" and .code == 1 and (.reason | contains("nbd://10.0.2.2:1/disk")) and (has("bytes") | not)'
    reported '.[1] | .disk.serial == "S3Z9NB0K" and .destination == "/dev/vda" and (.log[-1] | startswith("decant: result=failed code=1 "))'
    ;;
late-server) # which comes when it is waited for; who was to be told doesn't. With as much memory as the board takes
    truncate -s 16M source.raw
    serve_tcp source 127.0.0.1 --readonly file source.raw
    end_server source
    : >console
    MEMORY_MIB=$(memory_mib) boot "decant.source=nbd://10.0.2.2:$port/ decant.destination=/dev/vda \
decant.then=poweroff decant.report=http://10.0.2.2:1/report \
decant.report-every=1" </dev/null &
    machine=$!
    wait_for grep -q '^decant --progress --wait=60 ' console
    nbdkit --exit-with-parent --foreground --ipaddr 127.0.0.1 --port "$port" --readonly file source.raw >source.server 2>&1 &
    # shellcheck disable=SC2034 # for the end
    server_pid[source]=$!
    wait "$machine"
    console_says '^decant: 16\.0 MiB of 16\.0 MiB \(100 %\), '
    console_says '^decant: result=ok '
    memory_suffices
    cp target.raw before ;;
lost-meanwhile) # the cable is pulled and put in again, and then the server ends and comes back: the copy goes on each time
    make_image source.img 16M
    # What is behind 8 and 12 MiB comes once the files say so; whether it was asked for, others do.
    cat >gated <<'END'
for gate in 8 12; do
    [ "$4" -ge $((gate << 20)) ] || continue
    : >asked.$gate
    until [ -e open.$gate ]; do sleep 0.05; done
done
dd if=source.img iflag=skip_bytes,count_bytes skip="$4" count="$3" bs=1M status=none
END
    requires_nbdkit_plugin eval
    gated=(--readonly eval get_size='echo 16M' pread="cd '$TEST_DIR'; . ./gated")
    serve_tcp source 127.0.0.1 "${gated[@]}"
    lost='^decant: nbd://10\.0\.2\.2:[0-9]*/: .*; trying again for up to 120 s$'
    back='^decant: nbd://10\.0\.2\.2:[0-9]*/ is back: going on at offset [1-9]'
    are() { [ "$(grep -Ec "$2" console)" -ge "$1" ]; }
    tell() {
        tell_machine cont
        wait_for test -e asked.8
        tell_machine 'set_link net0 off'
        : >open.8
        wait_for are 1 "$lost"
        tell_machine 'set_link net0 on'
        wait_for are 1 "$back"
        wait_for test -e asked.12
        kill -KILL "${server_pid[source]}"
        : >open.12
        wait_for are 2 "$lost"
        nbdkit --exit-with-parent --foreground --ipaddr 127.0.0.1 --port "$port" "${gated[@]}" >source.server 2>&1 &
        wait_for grep -q '^decant: result=' console
        kill $!
        wait $! || true
    }
    boot_monitored "decant.source=nbd://10.0.2.2:$port/ decant.destination=/dev/vda decant.then=poweroff decant.options=--timeout=3"
    console_says '^decant: nbd://10\.0\.2\.2:[0-9]*/: no answer for 3 s .*; trying again for up to 120 s$'
    are 2 "$back" || fail "it wasn't back twice: $(cat console)"
    console_says '^decant: result=ok bytes=16777216 '
    cp source.img before ;;
too-small) # and so is the machine's memory, which is said, and it goes on
    truncate -s 32M source.raw
    serve_tcp source 127.0.0.1 --readonly file source.raw
    MEMORY_MIB=$(($(memory_mib) - 10)) boot_failing "decant.source=nbd://10.0.2.2:$port/ decant.destination=/dev/vda" \
        'code=1 reason=.*/dev/vda is too small'
    console_says '^init: (9|10|11) MiB of memory are missing for what this was tried with$' ;;
no-destination) # and what comes then is what comes of failures
    boot "decant.source=nbd://10.0.2.2:1/disk decant.then=shell decant.on-failure=poweroff" </dev/null
    console_says '^decant: result=failed code=64 reason='
    ;;
no-job) # a wrong word, and nothing to do
    boot_failing "decant.wait=soon" 'code=64 reason=decant.wait=soon is not a number' ;;
little-memory) # the PC's: so little that its initramfs can't be unpacked
    board=pc-x86_64
    MEMORY_MIB=104 boot_failing "decant.source=nbd://10.0.2.2:1/disk decant.destination=/dev/sda" \
        'code=1 reason=too little memory: 24 MiB are missing$'
    ;;
esac
cmp before target.raw
