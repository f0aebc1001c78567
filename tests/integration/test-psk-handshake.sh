#!/bin/bash
# SPDX-License-Identifier: MIT
# The handshake with a key has to go with any server of GnuTLS, and not only as those of NBD
# happen to be configured: with each suite and group, with and without the extended master
# secret; and where it can't go, to say why.
#
# cases: dhe dhe-3072 dhe-4096 no-group-in-common psk no-extended-master tls-1.2-only
# cases: wrong-key wrong-user ecdhe-only tls-1.3-only no-tls

. "$(dirname "$0")/../functions.sh"
requires_program gnutls-serv
client=$TOP/build/tests/psk-client
[ -x "$client" ] || fail "$client: build first (make check)"
key=00112233445566778899aabbccddeeff
echo "alice:$key" >keys.psk

# serve PRIORITY [ARGUMENT...]: a server on a free port; sets $port.
serve() {
    local priority=$1 try
    shift
    for try in 1 2 3 4 5 6 7 8 9 10; do
        port=$((20000 + RANDOM % 10000))
        setpriv --pdeathsig TERM gnutls-serv --echo --port "$port" --pskpasswd keys.psk \
            --priority "NORMAL:-KX-ALL:$priority" "$@" </dev/null >s.server 2>&1 &
        server_pid[s]=$!
        # It says so before it is bound, and that it isn't as well.
        until listens_on "${server_pid[s]}" "$port"; do
            kill -0 "${server_pid[s]}" 2>/dev/null || continue 2
            sleep 0.02
        done
        return 0
    done
    fail "no TCP port to be had: $(cat s.server)"
}

# What is sent comes back, and this was agreed on.
must_talk() {
    seq 1 20000 >sent
    timeout 30 "$client" "$port" alice "$key" <sent >received 2>err || fail "exit code $?: $(cat err)"
    cmp sent received || fail "something else came back"
    grep -Fxq "$1" err || fail "agreed on: $(cat err)"
}

must_refuse() {
    ! timeout 30 "$client" "$port" "$1" "$2" </dev/null >received 2>err || fail "it should have failed: $(cat err)"
    grep -Fq "$3" err || fail "it said: $(cat err)"
}

case $1 in
dhe)
    serve +DHE-PSK:+PSK
    must_talk "suite 00aa, extended master secret, prime of 2048 bits" ;;
dhe-3072)
    serve +DHE-PSK:-GROUP-ALL:+GROUP-FFDHE3072
    must_talk "suite 00aa, extended master secret, prime of 3072 bits" ;;
dhe-4096)
    serve +DHE-PSK:-GROUP-ALL:+GROUP-FFDHE4096
    must_talk "suite 00aa, extended master secret, prime of 4096 bits" ;;
no-group-in-common)
    serve +DHE-PSK:+PSK:-GROUP-ALL
    must_talk "suite 00a8, extended master secret, prime of 0 bits" ;;
psk)
    serve +PSK
    must_talk "suite 00a8, extended master secret, prime of 0 bits" ;;
no-extended-master)
    serve +DHE-PSK:%NO_SESSION_HASH
    must_talk "suite 00aa, plain master secret, prime of 2048 bits" ;;
tls-1.2-only)
    serve +DHE-PSK:-VERS-ALL:+VERS-TLS1.2
    must_talk "suite 00aa, extended master secret, prime of 2048 bits" ;;
wrong-key)
    serve +DHE-PSK
    must_refuse alice "${key%ff}00" \
        'TLS: the server refused the key of the user "alice": it has another, or doesn'"'"'t know the user' ;;
wrong-user)
    serve +DHE-PSK
    must_refuse bob "$key" \
        'TLS: the server refused the key of the user "bob": it has another, or doesn'"'"'t know the user' ;;
ecdhe-only)
    serve +ECDHE-PSK
    must_refuse alice "$key" "TLS: the server takes none of the cipher suites with a key (PSK) that are offered to it" ;;
tls-1.3-only)
    serve +DHE-PSK:-VERS-ALL:+VERS-TLS1.3
    must_refuse alice "$key" "TLS: the server doesn't take TLS 1.2" ;;
no-tls)
    # A server of NBD that wasn't asked for TLS.
    requires_program nbdkit
    serve_tcp s 127.0.0.1 null 1M
    must_refuse alice "$key" "TLS: the server answered with what is no TLS 1.2: is it a TLS server?" ;;
*) fail "no such case" ;;
esac
