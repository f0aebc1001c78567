#!/bin/bash
# SPDX-License-Identifier: MIT
# The appliance finds its server also when that isn't behind the first card with a link; and where it finds none, it says what is in
# the way: a cable, a driver, firmware, or nobody who answers.
# cases: nothing no-answer static vlan-on-bond
# long cases: second-card other-net firmware ipv6
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"
# shellcheck disable=SC2034 # for boot
board=pc-x86_64

# A card with a link to nobody, and one to the host.
mute=(-netdev "hubport,id=mute,hubid=1" -device "virtio-net-pci,netdev=mute,romfile=")
good=(-netdev "user,id=good" -device "virtio-net-pci,netdev=good,romfile=")

make_image source.img 16M
truncate -s 16M target.raw
serve_tcp source 127.0.0.1 --readonly file source.img
job="decant.source=nbd://10.0.2.2:$port/ decant.destination=/dev/sda decant.then=poweroff"
export NIC=none

case $1 in
second-card) # whose link comes when the first has been asked for a while
    tell() {
        tell_machine 'set_link good off' cont
        wait_for grep -q 'asking for an address by DHCP on eth0$' console
        tell_machine 'set_link good on'
    }
    boot_monitored "$job" "${mute[@]}" "${good[@]}"
    console_says '^network: eth1 has 10\.0\.2\.15/24$'
    console_says '^decant: result=ok ' ;;
other-net) # with a DHCP server too, which answers first, and no way to the source
    tell() {
        tell_machine 'set_link good off' cont
        wait_for grep -q 'eth0 has 10.9.0.15/24, from where there is no way to 10.0.2.2$' console
        tell_machine 'set_link good on'
    }
    boot_monitored "$job" -netdev user,id=other,net=10.9.0.0/24,restrict=on -device virtio-net-pci,netdev=other,romfile= "${good[@]}"
    console_says '^network: eth1 has 10\.0\.2\.15/24$'
    console_says '^decant: result=ok ' ;;
nothing)
    tell() { tell_machine 'set_link good off' cont; }
    boot_monitored "$job decant.wait=3 modprobe.blacklist=e1000e" "${good[@]}" -device e1000e,romfile=
    console_says '^network: waiting for a link: eth0 \(virtio_net\) no link, is the cable in\?;'
    console_says "^decant: result=failed code=1 reason=no network interface with a link after 3 s; there is: eth0 \(virtio_net\) no link, \
is the cable in\?; no driver for PCI [0-9a-f:.]* \(8086:10d3\)\$" ;;
firmware)
    NIC=i82551 boot "$job decant.wait=2" </dev/null
    console_says '^decant: result=failed code=1 reason=no network interface .*; firmware e100/d102e_ucode.bin is missing'
    # As it comes in a second initramfs; QEMU's card takes anything that has the length.
    head -c 539 /dev/zero >ucode
    second_initramfs 'dir 0755 /lib/firmware' 'dir 0755 /lib/firmware/e100' \
        "file 0644 /lib/firmware/e100/d102e_ucode.bin $TEST_DIR/ucode" >both
    INITRAMFS=both NIC=i82551 boot "$job" </dev/null
    console_says '^decant: result=ok ' ;;
no-answer)
    boot "$job decant.wait=5" "${mute[@]}" </dev/null
    console_says '^decant: result=failed code=1 reason=no address by DHCP on eth0 within 5 s; there is: eth0 \(virtio_net\) has a link$' ;;
static) # an address of one, and a gateway that isn't on the link
    boot "$job ip=10.0.2.15/32::10.0.2.2" "${good[@]}" </dev/null
    console_says '^network: eth0 has 10\.0\.2\.15/32$'
    console_says '^decant: result=ok ' ;;
vlan-on-bond) # over the second of the bond's cards, since the first has no link, from a switch that takes nothing without a tag
    mkfifo switch.in
    "$TOP/tests/boot/vlan-switch" 5 trunk port qemu-trunk qemu-port <switch.in >switch.server 2>&1 &
    # shellcheck disable=SC2034 # for the end
    server_pid[switch]=$!
    exec {switch}>switch.in
    wait_for grep -q ready switch.server
    tell() { tell_machine 'set_link mute off' cont; }
    boot_monitored "$job bond=bond0:eth0,eth1:mode=active-backup,miimon=100 vlan=bond0.5:bond0" "${mute[@]}" \
        -netdev dgram,id=trunk,local.type=unix,local.path=qemu-trunk,remote.type=unix,remote.path=trunk \
        -device virtio-net-pci,netdev=trunk,romfile= \
        -netdev dgram,id=far,local.type=unix,local.path=qemu-port,remote.type=unix,remote.path=port \
        -netdev user,id=near -netdev hubport,id=here,hubid=2,netdev=far -netdev hubport,id=there,hubid=2,netdev=near
    console_says '^network: bond0\.5 has 10\.0\.2\.15/24$'
    console_says '^decant: result=ok ' ;;
ipv6) # an address by the router's word
    serve_tcp six ::1 --readonly file source.img
    boot "decant.source=nbd://[fec0::2]:$port/ decant.destination=/dev/sda decant.then=poweroff" "${good[@]}" </dev/null
    console_says '^network: eth0 has fec0::[0-9a-f:]*/64$'
    console_says '^decant: result=ok ' ;;
esac
