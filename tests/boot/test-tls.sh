#!/bin/bash
# SPDX-License-Identifier: MIT
# The appliance images its disk over TLS, on a machine whose clock says 1970: with a
# CA in a second initramfs, or knowing the server's key; and from no other server.
# cases: ca-in-a-second-initramfs
# long cases: pin unknown-ca
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/../tls.sh"
. "$(dirname "$0")/machine.sh"

requires_program openssl
make_server p256 'cn = golden' 'ip_address = 10.0.2.2' tls_www_server signing_key
make_image source.img 16M
yes 'what was there before' | head -c 16M >before || true
cp before target.raw

serve_tcp source 127.0.0.1 --readonly --tls=require --tls-certificates="$TEST_DIR/server" file source.img

# boot_1970 INITRAMFS APPEND PATTERN: the console must have a line like that.
boot_1970() {
    INITRAMFS=$1 boot "decant.source=nbds://10.0.2.2:$port/ decant.destination=/dev/vda decant.options=-v decant.then=poweroff $2" \
        -rtc base=1970-01-01T00:00:00 </dev/null
    console_says "$3"
}

case $1 in
ca-in-a-second-initramfs)
    second_initramfs 'dir 0755 /etc/pki' 'dir 0755 /etc/pki/libnbd' "file 0644 /etc/pki/libnbd/ca-cert.pem $TEST_DIR/ca.pem" >both
    boot_1970 both '' '^decant: result=ok bytes=16777216 '
    grep -q 'the clock is wrong, certificates were judged as of when decant was built' console ||
        fail "not a word about the clock: $(cat console)"
    same source.img target.raw ;;
pin)
    pin=$(openssl x509 -in server/server-cert.pem -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum)
    boot_1970 "$(ours)" "decant.pin=sha256:${pin%% *}" '^decant: result=ok bytes=16777216 '
    same source.img target.raw ;;
unknown-ca)
    boot_1970 "$(ours)" '' '^decant: result=failed code=1 reason=.*unknown CA, "ca"; put .* into /etc/pki/libnbd/ca-cert.pem'
    same before target.raw ;;
esac
