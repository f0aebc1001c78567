#!/bin/bash
# SPDX-License-Identifier: MIT
# What the kernel command line says of the network is understood in the kernel's spelling and in dracut's; a wrong word is refused, with
# the word that was meant.
. "$(dirname "$0")/../functions.sh"
play_busybox

# WORDS -> what is printed, lines joined by semicolons; of a refusal, how it begins.
any='ask - dhcp4 - - -; ask - dhcp6 - - -; ask - auto6 - - -'
checks=(
    " -> $any"
    "ip= -> $any"
    'ip=dhcp -> ask - dhcp4 - - -'
    "ip=on -> $any"
    'ip=off -> '
    'ip=eth0:none -> '
    'ip=either6 -> ask - dhcp6 - - -; ask - auto6 - - -'
    'ip=:::::eth1:dhcp -> ask eth1 dhcp4 - - -'
    'ip=::::box:eth0.5:dhcp -> ask eth0.5 dhcp4 - - box'
    'ip=eth1:auto6 -> ask eth1 auto6 - - -'
    'ip=eth1:dhcp:9000:52:54:00:12:34:56 -> ask eth1 dhcp4 9000 52:54:00:12:34:56 -'
    'ip=10.0.0.5 -> static - 10.0.0.5/8 - - - -'
    'ip=192.168.0.5 -> static - 192.168.0.5/24 - - - -'
    'ip=10.0.0.5/24 -> static - 10.0.0.5/24 - - - -'
    'ip=10.0.0.5/32::10.9.0.1 -> static - 10.0.0.5/32 10.9.0.1 - - -'
    'ip=10.0.0.5::10.0.0.1:255.255.240.0:box:eth0:none:10.0.0.3:10.0.0.4 -> name-server 10.0.0.3; name-server 10.0.0.4; static eth0 10.0.0.5/20 10.0.0.1 - - box'
    'ip=10.0.0.5::10.0.0.1:24::eth0:none:1400:52:54:00:12:34:56 -> static eth0 10.0.0.5/24 10.0.0.1 1400 52:54:00:12:34:56 -'
    'ip=10.0.0.5::10.0.0.1:24::eth0:none:1400 -> static eth0 10.0.0.5/24 10.0.0.1 1400 - -'
    'ip=[2001:db8::5]::[2001:db8::1]:64::eth0:none:[2001:db8::53] -> name-server 2001:db8::53; static eth0 2001:db8::5/64 2001:db8::1 - - -'
    'ip=[2001:db8::5]/48 -> static - 2001:db8::5/48 - - - -'
    'ip=2001:db8::5 -> static - 2001:db8::5/64 - - - -'
    'ip=eth0:dhcp ip=10.0.0.5/24:::::eth1 -> ask eth0 dhcp4 - - -; static eth1 10.0.0.5/24 - - - -'
    'nameserver=10.0.0.3 nameserver=[2001:db8::53] ip=dhcp -> name-server 10.0.0.3; name-server 2001:db8::53; ask - dhcp4 - - -'
    'rd.route=10.2.0.0/16:10.0.0.1 rd.route=[2001:db8:1::/48]:[2001:db8::1]:eth0 ip=dhcp -> route - 10.2.0.0/16 10.0.0.1; route eth0 2001:db8:1::/48 2001:db8::1; ask - dhcp4 - - -'
    'vlan=eth0.5:eth0 ip=dhcp -> vlan eth0.5 eth0 5; ask - dhcp4 - - -'
    'vlan=vlan0012:bond0 bond=bond0 ip=dhcp -> vlan vlan0012 bond0 12; bond bond0 eth0,eth1 - -; ask - dhcp4 - - -'
    'bond=b:eth1,eth2:mode=active-backup,miimon=100:9000 ip=dhcp -> bond b eth1,eth2 mode=active-backup,miimon=100 9000; ask - dhcp4 - - -'
    'BOOTIF=01-52-54-00-12-34-AB ip=dhcp -> card 52:54:00:12:34:ab; ask - dhcp4 - - -'
    'BOOTIF=01- ip=dhcp -> ask - dhcp4 - - -'
    'ip=dchp -> ! ip=dchp: dchp is neither an address nor one of .*: did you mean dhcp\?$'
    'ip=eth0:dpcp -> ! ip=eth0:dpcp: dpcp is not one of .*: did you mean dhcp\?$'
    'ip=10.0.0.5:::::eth0:noen -> ! .*: did you mean none\?$'
    'ip=frobnicate -> ! ip=frobnicate: frobnicate is neither an address nor one of [a-z0-9 ]*$'
    'ip=10.0.0.256 -> ! ip=10.0.0.256: 10.0.0.256 is neither an address'
    'ip=10.0.0.5/33 -> ! .*: 33 is no netmask'
    'ip=10.0.0.5:::255.0.255.0 -> ! .*: 255.0.255.0 is no netmask'
    'ip=10.0.0.5::[2001:db8::1] -> ! .*: 2001:db8::1 is no gateway for 10.0.0.5'
    'ip=10.0.0.5::gate:24 -> ! .*: gate is no gateway'
    'ip=[2001:db8::5/129] -> ! .*: 129 is no netmask'
    'ip=10.0.0.5/24:::::::12 -> ! .*: 12 is no MTU'
    'ip=10.0.0.5/24::10.0.0.1:::eth0:none:ns -> ! .*: ns is no address of a name server'
    'ip=eth0:dhcp:1500:52:54:00 -> ! .*: 52:54:00 is no address of a card'
    'nameserver=ns.example -> ! nameserver=ns.example: ns.example is no address of a name server'
    'rd.route=10.2.0.0:10.0.0.1 -> ! rd.route=10.2.0.0:10.0.0.1: not NET/BITS:GATEWAY'
    'vlan=net:eth0 -> ! vlan=net:eth0: not NAME:DEVICE'
    'vlan=eth0.4095:eth0 -> ! vlan=eth0.4095:eth0: not NAME:DEVICE'
    'bond= -> ! bond=: not NAME:'
    'team=t0:eth0 -> ! team=t0:eth0: is not known here'
    'BOOTIF=soon -> ! BOOTIF=soon: soon is no address of a card'
)
for check in "${checks[@]}"; do
    code=0
    got=$(tr ' ' '\n' <<<"${check% -> *}" | appliance "$TOP/rootfs/network-words" 2>&1) || code=$?
    got=$(paste -sd ';' <<<"$got" | sed 's/;/; /g')
    case $code,${check##* -> } in
    '64,! '*) grep -Eq "^${check##* -> ! }" <<<"$got" || fail "expected: $check; got: $got" ;;
    *) [ "$code,$got" = "0,${check##* -> }" ] || fail "expected: $check; got: $got, exit code $code" ;;
    esac
done
