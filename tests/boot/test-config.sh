#!/bin/bash
# SPDX-License-Identifier: MIT
# A server decides what a machine does, and a machine that comes again is left as it is.
# cases: machine fetch
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"

# What it serves is the test's directory; $web is its port.
serve_web() {
    mkfifo watcher.in
    "$TOP/tests/boot/watcher" web reports <watcher.in >watcher.server 2>&1 &
    # shellcheck disable=SC2034 # for the end
    server_pid[watcher]=$!
    exec {watcher_in}>watcher.in
    wait_for test -s web
    web=$(cat web)
}

serve_web
case $1 in
machine)
    requires_program sfdisk
    make_image source.img 8M
    printf 'label: dos\nstart=2048\n' | sfdisk -q source.img
    dd if=/dev/zero of=source.img bs=512 seek=2047 count=1 conv=notrunc status=none
    yes 'what was there before' | head -c 8M >target.raw || true
    serve_tcp source 127.0.0.1 --readonly file source.img
    # The script has the job done again, as a machine would that starts anew.
    cat >after <<'END'
echo "script: $(/lib/decant/once /dev/vda)"
sh /init session
END
    mkdir machines
    cat >machines/52-54-00-12-34-56 <<END
# What this machine is for.
decant.source=nbd://10.0.2.2:$port/ decant.destination=virtio,only
decant.options="--sha256 --rate-limit=3M"
decant.once=summer decant.then=script:http://10.0.2.2:$web/after,sha256:$(sha256sum <after | cut -c -64)
END
    boot "decant.config=http://10.0.2.2:$web/machines/{mac},sha256:$(sha256sum <machines/* | cut -c -64) decant.then=reboot" </dev/null
    console_says '^decant: result=ok bytes=8388608 seconds=[0-9.]* peak_kib=[0-9]*$'
    console_says '^script: summer$'
    console_says '^decant: result=ok bytes=0 seconds=0\.00 once=summer$'
    [ "$(grep -c '^decant appliance' console)" = 1 ] || fail "something was printed twice: $(cat console)"
    # Nothing but the mark differs.
    [ "$(cmp -l source.img target.raw | awk '{ print int(($1 - 1) / 512) }' | sort -u)" = 2047 ] || fail "not what was to be copied" ;;
fetch) # the room alone
    busybox=$TOP/build/third_party/busybox/busybox
    mkdir bin
    "$busybox" --list | while read -r applet; do ln -s "$busybox" "bin/$applet"; done
    fetch() { WAIT_SECONDS=1 PATH=$PWD/bin "$busybox" sh "$TOP/rootfs/fetch" "$1" got >said 2>/dev/null; }
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
*) fail "no such case" ;;
esac
