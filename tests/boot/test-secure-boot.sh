#!/bin/bash
# SPDX-License-Identifier: MIT
# A machine that starts only what its owner has signed: the program for UEFI, signed, starts there with all its modules, which the
# kernel then wants signed as well, and images a disk; as it was built, or signed and changed by a byte, it isn't started.
# The keys are those that Debian's OVMF brings for trying this out.
# cases: signed unsigned changed
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
board=pc-x86_64
code=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd
variables=/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd
owner=/usr/share/ovmf/PkKek-1-snakeoil
requires_file "$code"
requires_file "$variables"
requires_program sbsign sbverify openssl

make_uefi_program
program=program.efi
openssl pkey -in "$owner.key" -passin pass:snakeoil -out owner.key
sbsign --key owner.key --cert "$owner.pem" --output signed.efi "$program" >sbsign.out 2>&1 || fail "$(cat sbsign.out)"
sbverify --cert "$owner.pem" signed.efi >sbverify.out 2>&1 || fail "$(cat sbverify.out)"
case $1 in
signed) program=signed.efi ;;
changed) # in the middle of the initramfs
    cp signed.efi changed.efi
    flip changed.efi $(($(size_of changed.efi) / 2))
    program=changed.efi ;;
esac

make_uefi_stick "$program" BOOTX64.EFI 64
make_image source.img 16M
junk target.raw 16M
serve_tcp source 127.0.0.1 --readonly file source.img
cp "$variables" variables.fd

mkfifo keys
exec 9<>keys
: >console
shows() { grep -aq "$1" console; }
has_said() { shows '^What is to be done? ' || shows 'Access Denied\|Security Violation'; }
{
    wait_for has_said
    if shows '^What is to be done? '; then
        printf '4\r' >&9
        wait_for shows '^decant:~# '
        printf 'network\r' >&9
        wait_for shows '^network: eth0 has'
        printf 'dmesg | grep -i "secure boot"; decant --yes --report nbd://10.0.2.2:%s/ /dev/nvme0n1; echo RESULT=$?; sync; reboot -f\r' "$port" >&9
    else
        # The firmware goes on to what else could be started, for ever.
        kill "$(cat machine.pid)"
    fi
} &
typing=$!
at_exit+=("kill $typing 2>/dev/null")
MEDIUM=usb=stick.raw FIRMWARE='' MACHINE=q35,smm=on DISK_ON=nvme boot '' \
    -global driver=cfi.pflash01,property=secure,value=on -pidfile machine.pid \
    -drive "if=pflash,format=raw,unit=0,readonly=on,file=$code" -drive if=pflash,format=raw,unit=1,file=variables.fd <keys
wait "$typing"

if [ "$1" = signed ]; then
    console_says '[Ss]ecure boot enabled'
    console_says '^RESULT=0'
    same source.img target.raw
else
    console_says 'Access Denied|Security Violation'
    ! grep -q 'What is to be done' console || fail "it was started: $(tail -n 5 console)"
fi
