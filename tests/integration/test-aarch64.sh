#!/bin/bash
# SPDX-License-Identifier: MIT
# The program for AArch64, which is built on this machine and run by QEMU: what others of these tests ask of this machine's own program
# holds for it too. QEMU has no io_uring, so that devices and files are read and written without.
#
# cases: binary
# cases: matrix:file:file-new matrix:nbdkit:file matrix:command-qemu:nbdkit matrix:pipe:pipe
# cases: tls-matrix:nbdkit-p256 tls-matrix:nbdkit-psk tls-matrix:qemu-chacha20
# cases: digest:sha256-nbd digest:blkhash-sparse compare:kinds map:as-nbdinfo verify:flip

. "$(dirname "$0")/../functions.sh"
[ "$(uname -m)" = x86_64 ] || skip "this machine builds its own program only"
requires_program qemu-aarch64
program=$TOP/build/aarch64/decant
[ -s "$program" ] || fail "no $program: build first (make ARCH=aarch64)"

case $1 in
binary)
    requires_program readelf aarch64-linux-gnu-objdump
    readelf -hlW "$program" >headers
    readelf -dW "$program" >dynamic
    grep -q 'Machine: *AArch64' headers || fail "for another machine: $(cat headers)"
    ! grep INTERP headers || fail "it wants an interpreter"
    ! grep -E 'NEEDED|TEXTREL' dynamic || fail "it wants libraries, or relocates its code"
    grep -q 'FLAGS_1.*NOW.*PIE' dynamic || fail "not full RELRO, or no static PIE: $(cat dynamic)"
    grep -q 'GNU_STACK.* RW ' headers || fail "the stack may be executed"
    # Kernels for AArch64 may have pages of 64 KiB.
    [ "$(grep -c 'LOAD.* 0x10000$' headers)" -eq "$(grep -c LOAD headers)" ] || fail "its parts don't begin at such pages"
    [ "$(aarch64-linux-gnu-objdump -d "$program.debug" | grep -c 'bl.*<__stack_chk_fail>')" -ge 10 ] || fail "no canaries"
    ! readelf -SW "$program" | grep -E '\.symtab|\.debug_' || fail "not stripped"
    [ "$(size_of "$program")" -le 786432 ] || fail "$(size_of "$program") bytes are more than 768 KiB"
    [ "$(qemu-aarch64 "$program" --version)" = "$("$DECANT" --version)" ] || fail "another version" ;;
*)
    printf '#!/bin/sh\nexec qemu-aarch64 "%s" "$@"\n' "$program" >decant
    chmod +x decant
    mkdir emulated
    DECANT=$PWD/decant TEST_DIR=$PWD/emulated TMPDIR=$PWD/emulated "$TOP/tests/integration/test-${1%%:*}.sh" "${1#*:}" ;;
esac
