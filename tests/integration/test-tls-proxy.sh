#!/bin/bash
# SPDX-License-Identifier: MIT
# A bad network under TLS: whatever it does to the bytes, decant neither stalls nor
# spins, and no wrong byte is ever written; a connection that was tampered with ends.
#
# cases: fragment-nbdkit fragment-qemu fragment-chacha20 fragment-psk
# cases: cut-read cut-write cut-chacha20 cut-handshake cut-handshake-psk
# cases: flip-read flip-write flip-chacha20 flip-psk flip-handshake flip-handshake-psk

. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/../tls.sh"
requires_program nbdkit qemu-nbd perl /usr/bin/time
cpu_limit_s=4
DECANT_LIMIT_S=40
user='' parameters="$with_ca"
make_server p256
case $1 in
fragment-*) make_image in.img 2M ;;
*) make_block 2097152 >in.img ;;
esac

# between SEED MODE: the proxy on proxy.sock, to s.sock
between() {
    rm -f proxy.sock
    setpriv --pdeathsig TERM "$TOP/tests/proxy" proxy.sock s.sock "$1" "$2" >proxy.server 2>>proxy.said &
    server_pid[proxy]=$!
    wait_listens proxy
}

# judge EXPECTED SEED DECANT-ARGUMENTS: runs it; EXPECTED is its exit code, or any.
judge() {
    local expected=$1 seed=$2
    shift 2
    code=0
    timeout --kill-after=5 "$DECANT_LIMIT_S" /usr/bin/time -f '%U %S' -o cpu "$DECANT" "$@" 2>err || code=$?
    [ "$code" -ne 124 ] || fail "seed $seed: a stall, no end after $DECANT_LIMIT_S seconds"
    case $expected-$code in 0-0 | 1-1 | any-[01]) ;; *) fail "seed $seed: exit code $code: $(cat err)" ;; esac
    tail -n 1 cpu | awk -v limit="$cpu_limit_s" '{ exit $1 + $2 > limit }' ||
        fail "seed $seed: a spin: $(tail -n 1 cpu) seconds of processor time"
    cat err >>all.err
    [ "$code" -eq 0 ] || is_one_message || fail "seed $seed: one line expected: $(cat err)"
}

# Everything that was written is right; what wasn't is as it was, zeros.
no_wrong_byte() {
    perl -e '
        my ($in, $out) = map { local $/; open(my $f, "<", $_) or die; <$f> } @ARGV;
        length $out <= length $in or die "too long\n";
        for (my $at = 0; $at < length $out; $at += 512) {
            my ($a, $b) = (substr($in, $at, 512), substr($out, $at, 512));
            $b eq $a || $b !~ /[^\0]/ or die "wrong bytes in the block at $at\n";
        }' in.img out.img || fail "seed $1: a wrong byte"
}

read_all() { # EXPECTED SEED
    rm -f out.img
    judge "$1" "$2" --retry=0 "$(tls_uri proxy "$parameters")" out.img
    [ ! -e out.img ] || no_wrong_byte "$2"
    [ "$code" -ne 0 ] || same in.img out.img
}

write_all() { # EXPECTED SEED
    truncate -s 0 served.img
    truncate -s 2M served.img
    judge "$1" "$2" --retry=0 in.img "$(tls_uri proxy "$parameters")"
    ln -f served.img out.img
    no_wrong_byte "$2"
    [ "$code" -ne 0 ] || same in.img out.img
}

# seeds MODE WHAT...: some seeds; each its own pieces, place and bit.
seeds() {
    local mode=$1 seed
    shift
    for seed in 1 2 3 4 5 6; do
        between "$seed" "$mode"
        "$@" "$seed"
        end_server proxy
    done
    [ "$mode" = fragment ] || [ "$(wc -l <proxy.said)" -ge 6 ] || fail "the proxy did nothing: $(cat proxy.said)"
}

reads() {
    case $kind in
    psk)
        user=alice
        make_psk alice
        parameters=$with_psk
        serve_tls s nbdkit psk in.img ;;
    chacha20)
        priority='NORMAL:-VERS-ALL:+VERS-TLS1.2:-CIPHER-ALL:+CHACHA20-POLY1305'
        serve_tls s qemu x509 in.img -r ;;
    qemu) serve_tls s qemu x509 in.img -r ;;
    *) serve_tls s nbdkit x509 in.img ;;
    esac
}

mode=${1%%-*} kind=${1#*-}
case $1 in
fragment-*)
    reads
    seeds fragment read_all 0
    end_server s
    truncate -s 2M served.img
    serve_tls s nbdkit "$([ -z "$user" ] && echo x509 || echo psk)" served.img
    between 7 fragment
    judge 0 7 in.img "$(tls_uri proxy "$parameters")"
    same in.img served.img ;;
*-write)
    truncate -s 2M served.img
    serve_tls s nbdkit x509 served.img
    export FROM=3000 TO=300000
    seeds "$mode" write_all any ;;
*-handshake*)
    kind=${kind#handshake}
    kind=${kind#-}
    reads
    export FROM=0 TO=3500
    seeds "$mode" read_all any ;;
*)
    reads
    export FROM=4000 TO=300000
    seeds "$mode" read_all any
    # The operator is told, unless it went well for all that.
    case $mode in cut) words='connection was cut' ;; flip) words='damaged' ;; esac
    [ ! -s all.err ] || grep -q "$words" all.err || fail "not a word of '$words': $(cat all.err)" ;;
esac
