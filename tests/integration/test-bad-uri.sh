#!/bin/bash
# SPDX-License-Identifier: MIT
# A URI that is wrong, or asks for what decant doesn't do, is refused by name on
# either side; guessing at what was meant would end on another disk.
#
# cases: socket-missing socket-empty percent-cut-off percent-not-hex percent-nul scheme-unknown
# cases: tls-for-plain parameter-unknown port-too-large port-not-a-number port-zero
# cases: bracket-open socket-for-tcp too-long as-nbdcopy

. "$(dirname "$0")/../functions.sh"
guard_files
make_image in.img 100K

# refused PATTERN URI: as a source and as a destination.
refused() {
    must_fail 64 "$1" "$2" precious.img
    nothing_touched
    must_fail 64 "$1" "$2" new.img
    nothing_touched
    must_fail 64 "$1" in.img "$2"
}

case $1 in
socket-missing)
    refused 'socket' 'nbd+unix:///disk'
    refused 'socket' 'nbd+unix://' ;;
socket-empty) refused 'socket' 'nbd+unix:///?socket=' ;;
percent-cut-off)
    refused '%' 'nbd://localhost/a%'
    refused '%' 'nbd://localhost/a%4'
    refused '%' 'nbd+unix:///?socket=/a%' ;;
percent-not-hex)
    refused '%' 'nbd://localhost/%zz'
    refused '%' 'nbd+unix:///?socket=/%+1' ;;
percent-nul) refused '%00' 'nbd+unix:///?socket=/a%00b' ;;
scheme-unknown)
    refused 'http' 'http://localhost/disk'
    refused 'nbd\+quic' 'nbd+quic://localhost/disk'
    refused 'ssh' 'ssh://localhost/disk' ;;
tls-for-plain)
    # An operator who asks for encryption must not get plain text.
    refused 'nbds' 'nbd://localhost/disk?tls-certificates=/d'
    refused 'nbds' 'nbd+unix:///disk?socket=/s&tls-psk-file=/k' ;;
parameter-unknown)
    refused 'frobnicate' 'nbd://localhost/disk?frobnicate=1'
    refused 'frobnicate' 'nbd+unix:///disk?socket=/s&frobnicate=1' ;;
port-too-large) refused '65536' 'nbd://localhost:65536/' ;;
port-not-a-number)
    refused '12b' 'nbd://localhost:12b/'
    refused '-1' 'nbd://localhost:-1/' ;;
port-zero) refused 'port|:0' 'nbd://localhost:0/' ;;
bracket-open)
    refused '::1' 'nbd://[::1/disk'
    refused '::1' 'nbd://[::1]x/disk' ;;
socket-for-tcp) refused 'socket' 'nbd://localhost/?socket=/s' ;;
too-long)
    refused 'long' "nbd+unix:///?socket=/$(printf '%0200d' 0)"
    refused 'long' "nbd://localhost/$(printf '%05000d' 0)" ;;
as-nbdcopy)
    # It knows one exit code for all failures.
    DECANT=$TOP/build/nbdcopy
    run_decant 'nbd://localhost:65536/' new.img
    [ "$code" -eq 1 ] && grep -q '^nbdcopy: .*65536' err || fail "exit code $code: $(cat err)"
    nothing_touched ;;
*) fail "no such case" ;;
esac
