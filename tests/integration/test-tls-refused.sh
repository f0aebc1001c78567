#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that isn't the one that was meant gets nothing and gives nothing, and the
# operator is told which of the many things that can be wrong it was.
#
# cases: unknown-ca self-signed wrong-name wrong-address address-as-name expired not-yet-valid ca-expired ca-limited ca-weak not-for-servers
# cases: pinned pin-wrong pin-and-wrong-name pin-and-expired pin-and-ca verify-off
# cases: unread-revocations unread-directory handshake-without-memory
# cases: plain-server tls-only-server revocation-list no-ca-there half-a-client encrypted-key not-pem
# cases: client-wanted-nbdkit client-wanted-qemu client-unknown-nbdkit client-unknown-qemu
# cases: wrong-secret-nbdkit wrong-secret-qemu wrong-user-nbdkit wrong-user-qemu
# cases: user-not-in-file secret-file-missing tls13-only no-common-cipher session-hash-only

. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/../tls.sh"
requires_program nbdkit qemu-nbd
guard_files
make_image in.img 1M
user=''

# refused PATTERN PARAMETERS [OPTION...]: the server s, as a source and as a destination.
refused() {
    local pattern=$1 parameters=$2
    shift 2
    must_fail 1 "$pattern" "$@" "$(tls_uri s "$parameters")" precious.img
    must_fail 1 "$pattern" "$@" "$(tls_uri s "$parameters")" new.img
    must_fail 1 "$pattern" "$@" precious.copy "$(tls_uri s "$parameters")"
    nothing_touched
    cmp in.img in.copy || fail "something was written"
}
cp in.img in.copy

# The key's pin, by other means than ours.
pin_of() {
    openssl x509 -in "$1" -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum | cut -d ' ' -f 1
}

# The server `s` shows a certificate with these lines beside the usual ones.
serve_with() {
    make_server p256 "${server_lines[@]}" "$@"
    serve_tls s nbdkit x509 in.img
}

case $1 in
unknown-ca)
    serve_with
    make_ca other
    cp other.pem client/ca-cert.pem
    refused 'unknown CA, "ca".*client/ca-cert\.pem' "$with_ca"
    refused 'unknown CA, "ca"' "$with_ca&tls-hostname=localhost" ;;
self-signed)
    serve_with
    make_key own.key p256
    printf '%s\n' "${server_lines[@]}" "${usual_dates[@]}" >template
    certtool --generate-self-signed --load-privkey own.key --template template --outfile own.pem 2>certtool.log
    end_server s
    cp own.key server/server-key.pem
    cp own.pem server/server-cert.pem
    serve_tls s nbdkit x509 in.img
    requires_program openssl
    pin=$(pin_of own.pem)
    refused "signed by itself.*--tls-pin=sha256:$pin" "$with_ca"
    # What it says would do, does.
    cp own.pem client/ca-cert.pem
    must_copy "$(tls_uri s "$with_ca&tls-hostname=localhost")" out.img
    rm client/ca-cert.pem
    must_copy --tls-pin="sha256:$pin" "$(tls_uri s "$with_ca&tls-hostname=localhost")" out.img ;;
wrong-name)
    serve_with 'dns_name = "*.b.example"'
    refused 'not for a\.example but for localhost, \*\.b\.example, 127\.0\.0\.1' "$with_ca&tls-hostname=a.example"
    refused 'not for x\.y\.b\.example' "$with_ca&tls-hostname=x.y.b.example"
    must_copy "$(tls_uri s "$with_ca&tls-hostname=x.b.example")" out.img ;;
wrong-address)
    serve_with
    refused 'not for 127\.0\.0\.2 but for .*127\.0\.0\.1' "$with_ca&tls-hostname=127.0.0.2"
    refused 'not for ::1' "$with_ca&tls-hostname=::1" ;;
address-as-name)
    serve_with 'dns_name = "127.0.0.3"'
    refused 'not for 127\.0\.0\.3 but for .*127\.0\.0\.3 \(as a name, not as an address\)' "$with_ca&tls-hostname=127.0.0.3" ;;
expired)
    serve_with 'activation_date = "2020-01-01 00:00:00"' 'expiration_date = "2021-06-30 12:00:00"'
    refused "server's certificate has expired: it holds from 2020-01-01 00:00 UTC until 2021-06-30 12:00 UTC; it is 20.* clock" "$with_ca" ;;
not-yet-valid)
    serve_with 'activation_date = "2048-01-01 00:00:00"' 'expiration_date = "2049-01-01 00:00:00"'
    refused "server's certificate is not valid yet: it holds from 2048-01-01 00:00 UTC until 2049-01-01 00:00 UTC; .*clock" "$with_ca" ;;
ca-expired)
    make_ca ca 'activation_date = "2020-01-01 00:00:00"' 'expiration_date = "2021-06-30 12:00:00"'
    serve_with
    refused 'CA "ca" .*2021-06-30 12:00 UTC.*clock' "$with_ca" ;;
ca-limited)
    # Who limits what a CA may vouch for means it, and we don't read to what.
    make_ca ca "${usual_dates[@]}" 'nc_permit_dns = "b.example"'
    serve_with
    refused 'certificate of the CA "ca" holds a critical extension' "$with_ca"
    refused 'certificate of the CA "ca" holds a critical extension' "$with_ca&tls-hostname=localhost" ;;
ca-weak)
    make_key ca.key rsa1024
    printf '%s\n' 'cn = ca' ca cert_signing_key "${usual_dates[@]}" >template
    certtool --generate-self-signed --no-text --load-privkey ca.key --template template --outfile ca.pem >certtool.log 2>&1 ||
        fail "certtool: $(cat certtool.log)"
    serve_with
    refused 'certificate of the CA "ca" has a key that is too weak' "$with_ca" ;;
not-for-servers)
    make_server p256 'cn = localhost' 'dns_name = localhost' tls_www_client signing_key
    serve_tls s nbdkit x509 in.img
    refused 'not meant for a server' "$with_ca" ;;
pinned)
    requires_program openssl
    serve_with
    pin=$(pin_of server/server-cert.pem)
    rm client/ca-cert.pem
    must_copy --tls-pin="sha256:$pin" "$(tls_uri s "$with_ca&tls-hostname=localhost")" out.img
    same in.img out.img
    must_copy --tls-pin="sha256:$pin" "$(tls_uri s)" out.img ;;
pin-wrong)
    serve_with
    rm client/ca-cert.pem
    refused 'another key than --tls-pin says: sha256:[0-9a-f]{64}' "$with_ca" --tls-pin="sha256:$(printf '%064d' 0)"
    refused 'another key' "$with_ca&tls-verify-peer=0" --tls-pin="sha256:$(printf '%064d' 0)" ;;
pin-and-wrong-name)
    requires_program openssl
    serve_with
    rm client/ca-cert.pem
    refused 'not for a\.example but for localhost' "$with_ca&tls-hostname=a.example" --tls-pin="sha256:$(pin_of server/server-cert.pem)"
    refused 'not for 127\.0\.0\.2' "$with_ca&tls-hostname=127.0.0.2" --tls-pin="sha256:$(pin_of server/server-cert.pem)" ;;
pin-and-expired)
    requires_program openssl
    serve_with 'activation_date = "2020-01-01 00:00:00"' 'expiration_date = "2021-06-30 12:00:00"'
    rm client/ca-cert.pem
    refused 'has expired' "$with_ca" --tls-pin="sha256:$(pin_of server/server-cert.pem)" ;;
pin-and-ca)
    # A CA that is at hand still has to vouch for it.
    requires_program openssl
    serve_with
    make_ca other
    cp other.pem client/ca-cert.pem
    refused 'unknown CA' "$with_ca" --tls-pin="sha256:$(pin_of server/server-cert.pem)" ;;
verify-off)
    serve_with 'expiration_date = "2021-06-30 12:00:00"' 'activation_date = "2020-01-01 00:00:00"'
    make_ca other
    cp other.pem client/ca-cert.pem
    refused 'expired' "$with_ca&tls-hostname=a.example"
    must_copy "$(tls_uri s "$with_ca&tls-hostname=a.example&tls-verify-peer=0")" out.img
    same in.img out.img ;;
plain-server)
    make_server p256
    serve_nbdkit s file in.img
    refused 'has no TLS, and nbds never falls back to plain text' "$with_ca"
    end_server s
    serve_nbdkit s --mask-handshake=0 file in.img
    refused 'has no TLS, and nbds never falls back to plain text' "$with_ca"
    end_server s
    serve_qemu s -f raw in.img
    refused 'has no TLS, and nbds never falls back to plain text' "$with_ca" ;;
tls-only-server)
    serve_with
    must_fail 1 'this server wants TLS: use nbds' "$(uri s)" new.img
    must_fail 1 'this server wants TLS: use nbds' precious.copy "$(uri s)"
    end_server s
    serve_tls s qemu x509 in.img
    must_fail 1 'this server wants TLS: use nbds' "$(uri s)" new.img
    must_fail 1 'this server wants TLS: use nbds' precious.copy "$(uri s)" ;;
revocation-list)
    serve_with
    touch client/ca-crl.pem
    refused 'client/ca-crl\.pem is there, but decant cannot read revocation lists' "$with_ca" ;;
unread-revocations|unread-directory)
    # What can't be looked for isn't absent: least of all a list of certificates that nobody may trust any more.
    requires_strace
    serve_with
    case $1 in
    unread-revocations) file=ca-crl.pem errno=EIO words='cannot look for .*/client/ca-crl.pem: I/O error' ;;
    *)  file=ca-cert.pem errno=EACCES words='cannot look for a ca-cert.pem in .*/client: Permission denied' ;;
    esac
    code=0
    strace -f -o trace --quiet=attach,path-resolution -P "$TEST_DIR/client/$file" -e inject=access:error=$errno "$DECANT" \
        "$(tls_uri s "$with_ca&tls-hostname=localhost")" out.img 2>err || code=$?
    grep -q INJECTED trace || fail "nothing was refused"
    must_say "$words" ;;
handshake-without-memory)
    # Which isn't the server's doing, and no reason to look for other ciphers.
    requires_strace
    serve_with
    asks() { strace -f -o trace -e trace=recvfrom "$@" "$DECANT" "$(tls_uri s "$with_ca&tls-hostname=localhost")" out.img 2>err; }
    asks || fail "exit code $?: $(cat err)"
    code=0
    asks -e inject=recvfrom:error=ENOMEM:when=1 || code=$?
    grep -q INJECTED trace || fail "nothing was refused"
    must_say 'the TLS handshake was cut: Out of memory$' ;;
no-ca-there)
    serve_with
    rm client/ca-cert.pem
    refused 'no ca-cert\.pem in .*/client' "$with_ca"
    refused 'no ca-cert\.pem in .*/nowhere' "tls-certificates=$TEST_DIR/nowhere" ;;
half-a-client)
    serve_with
    make_client p256
    rm client/client-key.pem
    refused 'client-cert\.pem and client-key\.pem there is only one' "$with_ca" ;;
encrypted-key)
    serve_with
    make_client p256
    certtool --to-p8 --load-privkey client/client-key.pem --password=x --outfile key.p8 2>/dev/null
    sed -n '/BEGIN/,$p' key.p8 >client/client-key.pem
    refused 'client-key\.pem: the key is encrypted' "$with_ca"
    certtool --generate-privkey --key-type=ed25519 --no-text --outfile client/client-key.pem 2>/dev/null
    refused 'client-key\.pem: not a key that decant can use' "$with_ca" ;;
not-pem)
    serve_with
    printf -- '-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n' >client/ca-cert.pem
    refused 'client/ca-cert\.pem is not a PEM file' "$with_ca"
    printf -- '-----BEGIN CERTIFICATE-----\nMIIB\n' >client/ca-cert.pem
    refused 'client/ca-cert\.pem ends in the middle' "$with_ca"
    # With carriage returns, and no newline at its end, it is one.
    sed 's/$/\r/' ca.pem | head -c -2 >client/ca-cert.pem
    must_copy "$(tls_uri s "$with_ca")" out.img ;;
client-wanted-*)
    make_server p256
    serve_tls s "${1##*-}" verify in.img
    refused 'it wants a client certificate: put client-cert\.pem and client-key\.pem into .*/client' "$with_ca" ;;
client-unknown-*)
    make_server p256
    make_ca other
    make_key client/client-key.pem p256
    make_certificate other client/client-key.pem client/client-cert.pem 'cn = a client' tls_www_client signing_key
    serve_tls s "${1##*-}" verify in.img
    refused 'asked for a client certificate|hung up|was cut' "$with_ca" ;;
wrong-secret-*)
    make_psk alice
    serve_tls s "${1##*-}" psk in.img
    printf 'alice:%064d\n' 0 >wrong.psk
    user=alice
    refused 'key' "tls-psk-file=$TEST_DIR/wrong.psk" ;;
wrong-user-*)
    make_psk alice
    serve_tls s "${1##*-}" psk in.img
    printf 'mallory:%064d\n' 0 >wrong.psk
    user=mallory
    refused 'mallory' "tls-psk-file=$TEST_DIR/wrong.psk" ;;
user-not-in-file)
    make_psk alice
    serve_tls s nbdkit psk in.img
    user=alicia
    refused 'alicia.*keys\.psk' "$with_psk"
    user=alic
    refused 'alic.*keys\.psk' "$with_psk" ;;
secret-file-missing)
    make_psk alice
    serve_tls s nbdkit psk in.img
    user=alice
    refused 'nowhere\.psk: No such file' "tls-psk-file=$TEST_DIR/nowhere.psk" ;;
tls13-only|no-common-cipher|session-hash-only)
    make_server p256
    case $1 in
    tls13-only) priority='NORMAL:-VERS-ALL:+VERS-TLS1.3' words='version.* TLS 1\.2' ;;
    no-common-cipher) priority='NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+AES-128-CBC' words='no common cipher' ;;
    session-hash-only) priority='NORMAL:-VERS-ALL:+VERS-TLS1.2:%FORCE_SESSION_HASH' words='extended master secret' ;;
    esac
    gnutls-cli --priority "$priority" --list >/dev/null 2>&1 || skip "this GnuTLS does not know $priority"
    serve_qemu s --object "tls-creds-x509,id=tls,endpoint=server,verify-peer=off,dir=$TEST_DIR/server,priority=$priority" \
        --tls-creds tls -f raw in.img
    refused "$words" "$with_ca" ;;
*) fail "no such case" ;;
esac
nothing_touched
