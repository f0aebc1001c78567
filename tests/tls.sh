# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Certificates for tests, and servers that have them. Sourced after functions.sh.
#
# A directory `ca` holds a CA, `server` and `client` what each side keeps by the
# conventions of qemu and libnbd; `client` has no certificate of its own unless
# a test makes one.

requires_program certtool psktool

# make_key FILE KIND: rsa2048, rsa4096, p256, p384 or p521
make_key() {
    local words
    case $2 in
    rsa*) words="--key-type=rsa --bits=${2#rsa}" ;;
    p*) words="--key-type=ecdsa --curve=secp${2#p}r1" ;;
    esac
    # shellcheck disable=SC2086 # words
    certtool --generate-privkey --no-text $words --outfile "$1" >certtool.log 2>&1 ||
        fail "certtool: $(cat certtool.log)"
}

# Certificates hold from before this program was written: a clock may be wrong.
usual_dates=('activation_date = "2020-01-01 00:00:00"' 'expiration_date = "2049-12-31 00:00:00"')

# make_ca NAME [TEMPLATE-LINE...]: NAME.key and NAME.pem
make_ca() {
    local name=$1
    shift
    make_key "$name.key" p256
    [ $# -gt 0 ] || set -- "${usual_dates[@]}"
    printf '%s\n' "cn = $name" ca cert_signing_key "$@" >template
    certtool --generate-self-signed --no-text --load-privkey "$name.key" --template template --outfile "$name.pem" \
        >certtool.log 2>&1 || fail "certtool: $(cat certtool.log)"
}

# make_certificate CA KEY OUT TEMPLATE-LINE...: signed by CA, for the key KEY
make_certificate() {
    local ca=$1 key=$2 out=$3 dates=()
    shift 3
    case $* in *_date*) ;; *) dates=("${usual_dates[@]}") ;; esac
    printf '%s\n' "${dates[@]}" "$@" >template
    certtool --generate-certificate --no-text --load-privkey "$key" --load-ca-certificate "$ca.pem" \
        --load-ca-privkey "$ca.key" --template template --outfile "$out" >certtool.log 2>&1 ||
        fail "certtool: $(cat certtool.log)"
}

server_lines=('cn = localhost' 'dns_name = localhost' 'ip_address = 127.0.0.1' tls_www_server signing_key)

# make_server KIND [TEMPLATE-LINE...]: the directories `server` and `client` of a
# server with a key of that kind, from a CA that the client knows.
make_server() {
    local kind=$1
    shift
    [ $# -gt 0 ] || set -- "${server_lines[@]}"
    mkdir -p server client
    [ -e ca.pem ] || make_ca ca
    make_key server/server-key.pem "$kind"
    make_certificate ca server/server-key.pem server/server-cert.pem "$@"
    cp ca.pem server/ca-cert.pem
    cp ca.pem client/ca-cert.pem
}

# make_client KIND: a certificate for the client too
make_client() {
    make_key client/client-key.pem "$1"
    make_certificate ca client/client-key.pem client/client-cert.pem 'cn = a client' tls_www_client signing_key
}

# make_psk USER: the file keys.psk of both sides, in the directory `psk`
make_psk() {
    mkdir -p psk
    psktool -u "$1" -p psk/keys.psk >psktool.log 2>&1 || fail "psktool: $(cat psktool.log)"
}

# serve_tls NAME SERVER HOW FILE [-r]: SERVER is nbdkit, qemu or nbd-server; HOW is x509, verify
# (a client must show a certificate) or psk; nbd-server has only verify. On NAME.sock. What GnuTLS allows there
# may be in $priority, with qemu.
serve_tls() {
    local name=$1 server=$2 how=$3 file=$4 words=() object generic
    shift 4
    case $server-$how in
    nbdkit-x509) words=(--tls=require --tls-certificates="$TEST_DIR/server") ;;
    nbdkit-verify) words=(--tls=require --tls-certificates="$TEST_DIR/server" --tls-verify-peer) ;;
    nbdkit-psk) words=(--tls=require --tls-psk="$TEST_DIR/psk/keys.psk") ;;
    qemu-x509) object="tls-creds-x509,id=tls,endpoint=server,verify-peer=off,dir=$TEST_DIR/server" ;;
    qemu-verify) object="tls-creds-x509,id=tls,endpoint=server,verify-peer=on,dir=$TEST_DIR/server" ;;
    qemu-psk) object="tls-creds-psk,id=tls,endpoint=server,dir=$TEST_DIR/psk" ;;
    nbd-server-verify) words=('force_tls = true' 'allowlist = true' "cacertfile = $TEST_DIR/server/ca-cert.pem") ;;
    *) fail "no such server: $server with $how" ;;
    esac
    case $server in
    nbd-server)
        generic=("${words[@]}" "certfile = $TEST_DIR/server/server-cert.pem" "keyfile = $TEST_DIR/server/server-key.pem")
        serve_nbd_server "$name" "$file" ${1+'readonly = true'} ;;
    nbdkit) serve_nbdkit "$name" "${words[@]}" "$@" file "$file" ;;
    qemu) serve_qemu "$name" --object "$object${priority:+,priority=$priority}" --tls-creds tls "$@" -f raw "$file" ;;
    esac
}

# The URI of the server NAME, and of the export in $export if it isn't the default one, with more parameters.
tls_uri() {
    echo "nbds+unix://${user:+$user@}/${export-}?socket=$TEST_DIR/$1.sock${2:+&$2}"
}

with_ca="tls-certificates=$TEST_DIR/client"
with_psk="tls-psk-file=$TEST_DIR/psk/keys.psk"
