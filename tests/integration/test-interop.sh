#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers, and ways of serving, by which libnbd's interop/ tries its library out, and which no other script here has: qemu's storage daemon, an
# image whose format qemu-nbd has to find out, a disk whose map has extents of more than 32 bits, and what the newest qemu-nbd offers.
#
# cases: storage-daemon storage-daemon-tls storage-daemon-command probed large-extents extended-headers

. "$(dirname "$0")/../functions.sh"
requires_program qemu-img qemu-nbd qemu-io qemu-storage-daemon jq
size=5242880

# make_disk FILE: an empty one.
make_disk() { qemu-img create -q -f qcow2 "$1" "$size"; }

# is_written FILE: the disk in it is whole, and has what was copied.
is_written() {
    qemu-img check -q "$1" || fail "the qcow2 is damaged"
    qemu-img convert -f qcow2 -O raw "$1" written.img
    same in.img written.img
}

node_of() { echo "driver=qcow2,node-name=disk,discard=unmap,file.driver=file,file.filename=$TEST_DIR/$1"; }
with_export=nbd,id=export,node-name=disk,name=there,writable=on

# serve_daemon NAME FILE [ARGUMENT...]: the export is called `there`; what is said of the server may be in $daemon_tls.
serve_daemon() {
    rm -f "$1.sock" "$1.pid"
    setpriv --pdeathsig TERM qemu-storage-daemon --pidfile "$TEST_DIR/$1.pid" "${@:3}" --blockdev "$(node_of "$2")" \
        --nbd-server "addr.type=unix,addr.path=$TEST_DIR/$1.sock${daemon_tls-}" \
        --export "$with_export" >>"$1.server" 2>&1 &
    server_pid[$1]=$!
    wait_pidfile "$1"
}

case $1 in
storage-daemon)
    make_image in.img "$size"
    make_disk disk.qcow2
    serve_daemon s disk.qcow2
    must_copy in.img "$(uri s there)"
    must_copy "$(uri s there)" out.img
    same in.img out.img
    must_copy compare in.img "$(uri s there)"
    must_copy info --list --json "$(uri s)" >list
    jq -e '.exports | length == 1 and .[0]["export-name"] == "there" and .[0]["export-size"] == '"$size" list >/dev/null ||
        fail "$(cat list)"
    must_copy map --json "$(uri s there)" >map
    jq -e '(map(.length) | add) == '"$size"' and any(.[]; .type == 3)' map >/dev/null || fail "$(cat map)"
    end_server s
    is_written disk.qcow2 ;;
storage-daemon-tls)
    . "$TOP/tests/tls.sh"
    make_server p256
    make_client p256
    make_image in.img "$size"
    make_disk disk.qcow2
    user='' export=there daemon_tls=,tls-creds=tls
    serve_daemon s disk.qcow2 --object "tls-creds-x509,id=tls,endpoint=server,verify-peer=on,dir=$TEST_DIR/server"
    must_copy in.img "$(tls_uri s "$with_ca&tls-hostname=localhost")"
    must_copy "$(tls_uri s "$with_ca&tls-hostname=localhost")" out.img
    same in.img out.img
    end_server s
    is_written disk.qcow2 ;;
storage-daemon-command)
    # It knows nothing of systemd's variables, but takes a socket by its number, on which somebody waits already.
    make_image in.img "$size"
    make_disk disk.qcow2
    words=('[' qemu-storage-daemon --blockdev "$(node_of disk.qcow2)" --nbd-server 'addr.type=fd,addr.str=3'
        --export "${with_export/name=there/name=}" ']')
    must_copy in.img "${words[@]}"
    is_written disk.qcow2
    must_copy "${words[@]}" out.img
    same in.img out.img ;;
probed)
    # By sectors, so that nobody makes of it an image of another kind.
    make_image in.img "$size"
    junk out.img "$size"
    serve_qemu s out.img
    must_copy info --json "$(uri s)" >said
    jq -e '.exports[0].block_size_minimum == 512' said >/dev/null || fail "$(cat said)"
    must_copy in.img "$(uri s)"
    same in.img out.img
    must_copy "$(uri s)" back.img
    same in.img back.img
    make_disk disk.qcow2
    must_fail 1 'writing .* failed at offset 0: Operation not permitted' disk.qcow2 "$(uri s)" ;;
large-extents)
    # Data in the first 64 KiB, changed in the last.
    size=5368709120
    make_disk disk.qcow2
    qemu-img bitmap --add --enable -f qcow2 disk.qcow2 changed
    qemu-io -f qcow2 -c "write -z $((size - 65536)) 64k" disk.qcow2 >io.log || fail "$(cat io.log)"
    qemu-img bitmap --disable -f qcow2 disk.qcow2 changed
    qemu-io -f qcow2 -c 'write -P 7 0 64k' disk.qcow2 >io.log || fail "$(cat io.log)"
    serve_qemu s -r -f qcow2 -B changed disk.qcow2
    must_copy map --json "$(uri s)" >map
    must_copy map --json --context=qemu:dirty-bitmap:changed "$(uri s)" >changed
    jq -c '[.[] | [.offset, .length, .type]]' map changed >both
    diff both - <<<"[[0,65536,0],[65536,$((size - 65536)),3]]
[[0,$((size - 65536)),0],[$((size - 65536)),65536,1]]" || fail "other maps"
    # Only what was changed is copied.
    truncate -s "$size" before.img
    printf kept | put before.img 0
    cp --sparse=always before.img out.img
    printf gone | put out.img $((size - 4))
    must_copy --dirty-bitmap=changed "$(uri s)" out.img
    same_sparse before.img out.img
    rm out.img
    must_copy "$(uri s)" out.img
    qemu-img convert -U -f qcow2 -O raw disk.qcow2 expected.img
    same_sparse expected.img out.img ;;
extended-headers)
    # Since 8.2, with all that they bring; a write without its flag is refused then.
    make_image in.img "$size"
    junk out.img "$size"
    version=$(qemu-nbd --version | sed -n '1s/^qemu-nbd \([0-9.]*\).*/\1/p')
    answer=0
    [ "$(printf '%s\n' 8.2 "$version" | sort -V | sed -n 1p)" = 8.2 ] || answer=2
    for question in '--has extended-headers' '--can extended-headers' '--can block-status-payload'; do
        code=0
        # shellcheck disable=SC2086 # two words
        "$TOP/build/nbdinfo" $question -- '[' qemu-nbd -r -f raw in.img ']' || code=$?
        [ "$code" -eq "$answer" ] || fail "qemu-nbd $version, $question: $code, not $answer"
    done
    serve_qemu s -f raw out.img
    must_copy in.img "$(uri s)"
    same in.img out.img
    must_copy "$(uri s)" back.img
    same in.img back.img ;;
*) fail "no such case" ;;
esac
