#!/bin/bash
# SPDX-License-Identifier: MIT
# A server decides what a machine does, is told what becomes of it, and finds a machine that comes again left as it is.
# cases: machine fetch tftp-ftp syslog serial
# long cases: identical
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"

case $1 in
tftp-ftp | syslog | serial)
    # shellcheck source=/dev/null
    . "$(dirname "$0")/cables.sh" ;;
*) serve_web ;;
esac
case $1 in
machine)
    requires_program sfdisk jq
    make_image source.img 8M
    printf 'label: dos\nstart=2048\n' | sfdisk -q source.img
    dd if=/dev/zero of=source.img bs=512 seek=2047 count=1 conv=notrunc status=none
    yes 'what was there before' | head -c 8M >target.raw || true
    serve_tcp source 127.0.0.1 --readonly file source.img
    # The script has the job done again, as a machine would that starts anew.
    cat >after <<'END'
echo "script: $(/lib/decant/once /dev/vda)"
/lib/decant/report progress
rm /run/decant/said
sh /init session
END
    mkdir machines
    cat >machines/52-54-00-12-34-56 <<END
# What this machine is for.
decant.source=nbd://10.0.2.2:$port/ decant.destination=virtio,only
decant.options="--sha256 --rate-limit=3M" decant.report-every=1
decant.once=summer decant.then=script:http://10.0.2.2:$web/after,sha256:$(sha256sum <after | cut -c -64)
END
    boot "decant.config=http://10.0.2.2:$web/machines/{mac},sha256:$(sha256sum <machines/* | cut -c -64) decant.then=reboot \
decant.report=http://10.0.2.2:$web/report decant.report=serial" </dev/null
    console_says '^decant: result=ok bytes=8388608 seconds=[0-9.]* peak_kib=[0-9]*$'
    console_says '^script: summer$'
    console_says '^decant: result=ok bytes=0 seconds=0\.00 once=summer$'
    [ "$(grep -c '^decant appliance' console)" = 1 ] || fail "something was printed twice: $(cat console)"
    # Nothing but the mark differs.
    [ "$(cmp -l source.img target.raw | awk '{ print int(($1 - 1) / 512) }' | sort -u)" = 2047 ] || fail "not what was to be copied"

    [ "$(jq -r .event reports | uniq | xargs)" = 'begin progress end progress end' ] || fail "the reports are: $(cat reports)"
    reported '.[0] | .event == "begin" and .mac == "52:54:00:12:34:56" and .destination == "virtio,only"'
    reported 'any(.event == "progress" and .percent == 100 and (.progress | startswith("8.0 MiB of 8.0 MiB")))'
    reported "any(.event == \"end\" and .result == \"ok\" and .bytes == 8388608 and .sha256 == \"$(sha256sum <source.img | cut -c -64)\" and
        .disk.name == \"vda\" and (.log | length) > 5)"
    reported 'any(.event == "end" and .once == "summer" and .bytes == 0 and has("sha256") == false)'
    grep -q '^decant-report: { "event": "end", ' console || fail "nothing came by the serial port: $(grep decant-report console)" ;;
identical)
    # By a list of what the image has, a disk gets what it lacks, and if that is nothing, no byte: once more by the script.
    mkdir images
    make_image images/golden.img 8M
    "$DECANT" digest --blocks=images/golden.blocks images/golden.img >blkhash
    { cat images/golden.img; yes 'what was there before' | head -c 2M; } >target.raw || true
    printf 'changed' | dd of=target.raw bs=1 seek=4000000 conv=notrunc status=none
    serve_tcp source 127.0.0.1 --readonly --filter=log file dir=images logfile="$TEST_DIR/asked"
    cat >after <<'END'
sectors() { sync; awk '{ print $7 }' /sys/block/vda/stat; }
before=$(sectors)
sh /init session
echo "script: $before sectors, then $(($(sectors) - before)) more"
END
    boot "decant.source=nbd://10.0.2.2:$port/golden.img decant.destination=virtio,only decant.then=script:http://10.0.2.2:$web/after \
decant.options=\"--delta --blocks=nbd://10.0.2.2:$port/golden.blocks --expect=blkhash:$(cat blkhash)\"" </dev/null
    console_says '^decant --delta .*--hold-back=1M '
    console_says '^decant: 7\.9 MiB of 8\.0 MiB are on .* already$'
    console_says '^decant: 8\.0 MiB of 8\.0 MiB are on .* already$'
    [ "$(grep -c '^decant: result=ok bytes=8388608 ' console)" = 2 ] || fail "not twice: $(cat console)"
    console_says '^script: [1-9][0-9]* sectors, then 0 more$'
    cmp -n 8388608 images/golden.img target.raw
    # Both ends and what had changed, and the list several times.
    [ "$(log_ranges asked Read | awk '{ sum += $2 } END { print int(sum / 1048576) }')" -lt 4 ] || fail "all of it was read: $(cat asked)" ;;
fetch) # the room alone
    play_busybox
    fetch() { WAIT_SECONDS=1 appliance "$TOP/rootfs/fetch" "$1" got >said 2>/dev/null; }
    refused() { # URL PATTERN
        ! fetch "$1" || fail "$1 was fetched"
        grep -Eq "^$2" said || fail "expected '$2' of $1, got: $(cat said)"
        [ ! -e got ] || fail "$1 left something"
    }
    echo 'decant.then=poweroff' >words
    digest=$(sha256sum <words | cut -c -64)
    fetch "http://127.0.0.1:$web/words" || fail "$(cat said)"
    cmp words got
    fetch "http://127.0.0.1:$web/words,sha256:$digest" || fail "$(cat said)"
    rm got
    refused "http://127.0.0.1:$web/words,sha256:${digest//[0-9]/0}" "http://127\.0\.0\.1:$web/words: its SHA-256 is $digest$"
    refused "http://127.0.0.1:$web/none" "http://127\.0\.0\.1:$web/none: .*404"
    refused 'https://127.0.0.1/words' 'https://127\.0\.0\.1/words: not http://, ftp:// or tftp://$'
    refused 'http://127.0.0.1:1/words' 'http://127\.0\.0\.1:1/words: .*refused' ;;
tftp-ftp) # over a card, whose address is a part of the name
    cable eth0 e0
    plug e0 10.1.0.1/24
    network_is_up ip=10.1.0.5/24
    mkdir machines
    echo 'decant.then=poweroff' >machines/52-54-00-12-34-50
    digest=$(sha256sum <machines/52-54-00-12-34-50 | cut -c -64)
    dhcp e0 --port=0 --dhcp-range=10.1.0.20,10.1.0.20,255.255.255.0 --enable-tftp --tftp-root="$TEST_DIR"
    "$TOP/tests/boot/ftp-server" 10.1.0.1 >ftp.server 2>&1 &
    # shellcheck disable=SC2034 # for the end
    server_pid[ftp]=$!
    wait_for grep -q ready ftp.server
    fetch() { WAIT_SECONDS=1 on_machine /lib/decant/fetch "$1" /tmp/got >said 2>&1; }
    for scheme in tftp ftp; do
        rm -f machine/tmp/got
        fetch "$scheme://10.1.0.1/machines/{mac},sha256:$digest" || fail "$scheme: $(cat said)"
        cmp machines/* machine/tmp/got
        ! fetch "$scheme://10.1.0.1/machines/none" || fail "$scheme: there is none"
        says "^$scheme://10\.1\.0\.1/machines/none: "
        [ ! -e machine/tmp/got ] || fail "$scheme left something"
    done
    grep -q 'RETR machines/52-54-00-12-34-50' ftp.server || fail "by FTP: $(cat ftp.server)" ;;
syslog) # and somebody who isn't there, which changes nothing
    cable eth0 e0
    plug e0 10.1.0.1/24
    network_is_up ip=10.1.0.5/24
    python3 -c 'import socket
listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
listener.bind(("10.1.0.1", 514))
open("ready", "w").close()
print(listener.recv(2000).decode(), flush=True)' >message 2>&1 &
    # shellcheck disable=SC2034 # for the end
    server_pid[listener]=$!
    wait_for test -e ready
    mkdir -p machine/run/decant
    echo 'decant.report=syslog:10.1.0.1 decant.report=http://10.1.0.1:1/' >machine/run/decant/config
    : >machine/run/decant/log
    on_machine env source=nbd://10.1.0.1/ destination=/dev/sda /lib/decant/report begin || fail "exit code $?"
    wait_for test -s message
    grep -q 'decant: { "event": "begin", "mac": "52:54:00:12:34:50",.* "source": "nbd://10.1.0.1/", "destination": "/dev/sda" }' message ||
        fail "$(cat message)" ;;
serial) # which others write to: a report is one line there, however long it is
    requires_strace
    mkdir -p machine/run/decant
    echo 'decant.report=serial:line' >machine/run/decant/config
    printf "what was said, and filled a line of the console's: %d\n" {1..200} >machine/run/decant/log
    strace -f -o trace -s 40 -e trace=write,sendfile -p $$ 2>attached &
    # shellcheck disable=SC2034 # for the end
    server_pid[strace]=$!
    wait_for grep -q attached attached
    on_machine env source=nbd://10.1.0.1/ destination=/dev/sda /lib/decant/report end || fail "exit code $?"
    bytes=$(wc -c <machine/dev/line)
    [ "$bytes" -gt 8192 ] && [ "$(wc -l <machine/dev/line)" = 1 ] || fail "$(cat machine/dev/line)"
    grep -q "write(1, \"decant-report: .*, $bytes) = $bytes\$" trace || fail "it was written piece by piece: $(grep -A3 decant-report trace)" ;;
*) fail "no such case" ;;
esac
