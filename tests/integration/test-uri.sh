#!/bin/bash
# SPDX-License-Identifier: MIT
# The forms of URI that people write have to reach the server and the export they
# mean: escapes, other parameters' order, ports, host names and both families.
#
# cases: tcp tcp-name tcp-ipv6 escaped-socket escaped-export export-with-slash parameter-order host-left-out
# cases: tls-name tls-address tls-other-name

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter exportname
make_image in.img 1000003

# names ADDRESS NAME...: these names, and no others, are what decant finds in /etc/hosts, whether this machine has one or not:
# the test's directory becomes its root. Who isn't root may be it in a user namespace, of which there are none in a chroot.
names() {
    local enter=chroot
    [ "$(id -u)" -eq 0 ] || enter='unshare --map-root-user chroot'
    mkdir -p etc ".$(dirname "$TEST_DIR")"
    ln -s / ".$TEST_DIR"
    echo "$*" >etc/hosts
    cp "$DECANT" decant
    printf '#!/bin/sh\nexec %s "%s" /decant "$@"\n' "$enter" "$TEST_DIR" >in-its-root
    chmod +x in-its-root
    ./in-its-root --version >/dev/null 2>&1 || requires_root
    DECANT=$PWD/in-its-root
}

case $1 in
tcp)
    serve_tcp s 127.0.0.1 file in.img
    must_copy "nbd://127.0.0.1:$port" out.img
    same in.img out.img
    must_copy "nbd://127.0.0.1:$port/" out.img ;;
tcp-name)
    serve_tcp s 127.0.0.1 file in.img
    names 127.0.0.1 golden.example
    must_copy "nbd://golden.example:$port/" out.img ;;
tcp-ipv6)
    grep -q '^0*1 .* lo$' /proc/net/if_inet6 2>/dev/null || skip "no IPv6 on this machine"
    serve_tcp s ::1 file in.img
    must_copy "nbd://[::1]:$port/" out.img ;;
escaped-socket)
    mkdir 'a dir&x=%'
    serve_nbdkit 'a dir&x=%/s' file in.img
    must_copy "nbd+unix:///?socket=$TEST_DIR/a%20dir%26x%3d%25/%73.sock" out.img ;;
escaped-export)
    serve_nbdkit s --filter=exportname file in.img exportname-strict=true 'exportname=a b?c'
    must_copy "nbd+unix:///a%20b%3Fc?socket=$TEST_DIR/s.sock" out.img ;;
export-with-slash)
    serve_nbdkit s --filter=exportname file in.img exportname-strict=true exportname=/a/b
    must_copy "nbd+unix:////a/b?socket=$TEST_DIR/s.sock" out.img ;;
host-left-out)
    # The URI document has it mean this machine. Port 10809 may be in use.
    run_decant nbd:///no-such-export out.img
    grep -Eq "localhost|127.0.0.1|::1|no-such-export" err || fail "where did it go? $(cat err)"
    exit 0 ;;
tls-*)
    # The host of the URI is what the certificate has to be for.
    . "$TOP/tests/tls.sh"
    case $1 in tls-other-name) names=('dns_name = elsewhere.example') ;; *) names=('dns_name = localhost' 'ip_address = 127.0.0.1') ;; esac
    make_server p256 'cn = a server' "${names[@]}" tls_www_server signing_key
    names 127.0.0.1 localhost
    serve_tcp s 127.0.0.1 --tls=require --tls-certificates="$PWD/server" file in.img
    case $1 in
    tls-name) must_copy "nbds://localhost:$port/?$with_ca" out.img ;;
    tls-address) must_copy "nbds://127.0.0.1:$port/?$with_ca" out.img ;;
    tls-other-name)
        must_fail 1 'not for localhost but for elsewhere\.example' "nbds://localhost:$port/?$with_ca" no.img
        must_fail 1 'not for 127\.0\.0\.1 but for elsewhere\.example' "nbds://127.0.0.1:$port/?$with_ca" no.img
        must_copy "nbds://127.0.0.1:$port/?$with_ca&tls-hostname=elsewhere.example" out.img ;;
    esac ;;
parameter-order)
    serve_nbdkit s file in.img
    must_copy "nbd+unix://?socket=$TEST_DIR/s.sock" out.img ;;
*) fail "no such case" ;;
esac
same in.img out.img
