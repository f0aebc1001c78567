#!/bin/bash
# SPDX-License-Identifier: MIT
# The binary has to run where nothing else is: no interpreter, no libraries, no
# files; hardened, small, and of one thread. musl-gcc's -static-pie quietly makes a
# dynamic one, so this is looked at and not believed.
#
# cases: static-pie no-interpreter no-libraries relro stack-not-executable stripped size
# cases: stack-protector empty-chroot one-thread no-text-relocations

. "$(dirname "$0")/../functions.sh"
requires_program readelf

[ -s "$DECANT" ] || fail "no $DECANT: build first (make)"
readelf -lW "$DECANT" >headers
readelf -dW "$DECANT" >dynamic
readelf -SW "$DECANT" >sections

case $1 in
static-pie)
    requires_program file
    file -L "$DECANT" | tee kind
    grep -q 'static-pie linked' kind || fail "not a static-pie" ;;
no-interpreter)
    ! grep INTERP headers || fail "it wants an interpreter" ;;
no-libraries)
    ! grep NEEDED dynamic || fail "it wants libraries" ;;
relro)
    grep -q GNU_RELRO headers || fail "no RELRO"
    grep -Eq 'BIND_NOW|FLAGS.*NOW' dynamic || fail "not full RELRO" ;;
stack-not-executable)
    grep -q "GNU_STACK.* RW " headers || fail "the stack may be executed" ;;
stripped)
    ! grep -E '\.symtab|\.debug_' sections || fail "not stripped" ;;
size)
    bytes=$(size_of "$DECANT")
    echo "$bytes bytes"
    [ "$bytes" -le 655360 ] || fail "$bytes bytes are more than 640 KiB" ;;
stack-protector)
    requires_program objdump
    # The canary is at %fs:0x28 on x86-64; other machines have their own place.
    [ "$(uname -m)" = x86_64 ] || skip "this looks at x86-64 code only"
    [ "$(objdump -d "$DECANT" | grep -c '%fs:0x28')" -ge 10 ] || fail "no canaries" ;;
empty-chroot)
    requires_root
    requires_program chroot
    mkdir root
    cp "$DECANT" root/decant
    make_image root/in.img 1000003
    # /proc, /dev and /etc aren't there either.
    chroot root /decant /in.img /out.img
    same root/in.img root/out.img
    chroot root /decant --version ;;
one-thread)
    requires_strace
    make_image in.img 3M
    requires_program nbdkit
    serve_nbdkit s file in.img
    strace -f -o trace -e trace=process "$DECANT" "$(uri s)" out.img
    # And one process, which stays outside of the sandbox.
    ! grep -E ' (clone3?|vfork)\(' trace || fail "it made another"
    [ "$(grep -cE ' fork\(' trace)" -eq 1 ] || fail "it forked: $(cat trace)" ;;
no-text-relocations)
    ! grep TEXTREL dynamic || fail "text relocations" ;;
*) fail "no such case" ;;
esac
