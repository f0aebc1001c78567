#!/bin/bash
# SPDX-License-Identifier: MIT
# Copies over TLS from and to real servers, with every kind of key, shared secrets,
# and client certificates asked for or not: what arrives is what was sent.
#
# cases: nbdkit-rsa2048 nbdkit-rsa4096 nbdkit-p256 nbdkit-p384 nbdkit-p521 nbdkit-psk
# cases: qemu-rsa2048 qemu-rsa4096 qemu-p256 qemu-p384 qemu-p521 qemu-psk
# cases: qemu-aes256 qemu-chacha20
# cases: nbd-server-rsa2048 nbd-server-rsa4096 nbd-server-p256 nbd-server-p384 nbd-server-p521

. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/../tls.sh"
requires_program nbdkit qemu-nbd nbd-server
server=${1%-*} kind=${1##*-} user='' export=''
[ "$server" != nbd-server ] || export=disk
make_image in.img 3M

# both_ways HOW PARAMETERS: reads from a server, and writes to one.
both_ways() {
    serve_tls s "$server" "$1" in.img -r
    must_copy "$(tls_uri s "$2")" out.img
    same in.img out.img
    # What is asked for beside data comes that way too.
    must_copy info --can=tls "$(tls_uri s "$2")"
    must_copy info --list --content "$(tls_uri s "$2")" | finds 'with TLS' || fail "not with TLS"
    if [ "$server" != nbd-server ]; then # not all of its releases have a map
        must_copy map --totals "$(tls_uri s "$2")" >totals
        grep -q '^ *[1-9]' totals || fail "no map: $(cat totals)"
    fi
    junk out.img 3M
    serve_tls d "$server" "$1" out.img
    must_copy in.img "$(tls_uri d "$2")"
    end_server d
    same in.img out.img
    # And with both ends encrypted.
    junk out.img 3M
    serve_tls d "$server" "$1" out.img
    must_copy "$(tls_uri s "$2")" "$(tls_uri d "$2")"
    end_server d
    end_server s
    same in.img out.img
}

case $kind in
psk)
    user=alice
    make_psk bob
    make_psk alice
    both_ways psk "$with_psk"
    # Whose secret it is may go without saying.
    serve_tls s "$server" psk in.img -r
    user=''
    LOGNAME=alice must_copy "$(tls_uri s "$with_psk")" out.img
    same in.img out.img ;;
aes256 | chacha20)
    # Ciphers that servers choose when they have to.
    case $kind in aes256) cipher=AES-256-GCM ;; chacha20) cipher=CHACHA20-POLY1305 ;; esac
    priority="NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+$cipher"
    make_server p256
    both_ways x509 "$with_ca&tls-hostname=localhost" ;;
*)
    make_server "$kind"
    # nbd-server doesn't answer anybody without a CA for its clients.
    if [ "$server" != nbd-server ]; then
        both_ways x509 "$with_ca&tls-hostname=localhost"
        make_client "$kind"
        both_ways x509 "$with_ca"
    else
        make_client "$kind"
    fi
    both_ways verify "$with_ca&tls-hostname=127.0.0.1" ;;
esac
