#!/bin/bash
# SPDX-License-Identifier: MIT
# The PC's appliance comes to machines as docs/PXE.md has dnsmasq told: by iPXE, from the URL that it gets, and by UEFI's own HTTP boot. On a
# net of their own, with the addresses that stand there.
# long cases: ipxe uefi-http
. "$(dirname "$0")/../functions.sh"
requires_root
requires_program unshare ip dnsmasq
enter_namespaces "$1" --net --pid --fork --kill-child --mount-proc
. "$(dirname "$0")/machine.sh"
board=pc-x86_64
built=$TOP/build/boards/$board
uefi=/usr/share/ovmf/OVMF.fd

ip link set lo up
ip tuntap add dev tap0 mode tap 2>/dev/null || skip "this kernel has no tun devices"
ip addr add 192.0.2.1/24 dev tap0
ip link set tap0 up

make_image source.img 16M
yes 'what was there before' | head -c 16M >target.raw || true
serve_tcp source 192.0.2.1 --readonly file source.img
job="decant.source=nbd://192.0.2.1:$port/ decant.destination=/dev/sda decant.then=poweroff decant.yes"

mkdir machines
cp "$built"/{vmlinuz,initramfs.gz,decant.ipxe} .
printf '%s\n' '#!ipxe' "set parameters $job" >machines/default.ipxe
serve_web 192.0.2.1 80

sed -n '/^## The server/,/^With `decant.source=dhcp`/s/^    //p' "$TOP/docs/PXE.md" | sed "s/SERVER/192.0.2.1/; s|/srv/tftp|$TEST_DIR|; s/^/--/" >lines
mapfile -t options <lines
dhcp tap0 "${options[@]}"

# starts FIRMWARE ROM WORD...: a machine with that firmware, and what drives its card before the appliance does.
starts() {
    NIC=none MEDIUM=network= FIRMWARE=$1 boot '' -netdev tap,id=tap,ifname=tap0,script=no,downscript=no \
        -device "virtio-net-pci,netdev=tap,bootindex=0$2" "${@:3}" </dev/null
}
case $1 in
ipxe)
    starts '' ''
    wanted='initramfs.gz' ;;
uefi-http)
    requires_file "$uefi"
    make_uefi_program "$job"
    mv program.efi "decant-$board.efi"
    # Without PXE, which this firmware tries first.
    MEMORY_MIB=512 starts "$uefi" ,romfile= -fw_cfg name=opt/org.tianocore/IPv4PXESupport,string=no -fw_cfg name=opt/org.tianocore/IPv6PXESupport,string=no
    wanted="decant-$board.efi" ;;
*) fail "no such case" ;;
esac
grep -q "GET /$wanted HTTP/1.1\" 200" watcher.server || fail "it came by another way: $(cat watcher.server)"
console_says '^network: eth0 has 192\.0\.2\.1[0-9]*/24$'
console_says '^decant: result=ok bytes=16777216 '
same source.img target.raw
