#!/bin/bash
# SPDX-License-Identifier: MIT
# The appliance's rooms for the network, in a network namespace: whatever servers, routers and the kernel command line say comes into
# force, of several nets it is the one that the server is on, and what can't be is said.
# cases: dhcp off-link two-nets silent-server two-named late-card routers dhcpv6 static-ipv6 renewed no-names no-way
# cases: two-servers root-path goes-on BOOTIF mute
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/cables.sh"

of_machine() { in_machine ip "$@"; }
addresses() { of_machine -brief addr show dev "$1"; }
has_address() { grep -qF " $2 " <<<"$(addresses "$1")"; }
lacks_address() { ! has_address "$@"; }
route_is() { grep -Eq "^$1" <<<"$(of_machine "${2:--4}" route)"; }
has_route() { route_is "$@" || fail "no route $1: $(of_machine "${2:--4}" route; cat said)"; }
mtu_is() { grep -q "mtu $2 " <<<"$(of_machine link show "$1")"; }
# Processes of DHCP's; in the pid namespace of the test.
client_of() { sed -n "s/ $1\$//p" machine/run/decant/network/clients; }
has_resolv() { grep -qxF "$1" machine/etc/resolv.conf || fail "no '$1': $(cat machine/etc/resolv.conf)"; }

case $1 in
dhcp) # all that a server may say: MTU, routes, name servers; and the server by its name, which one of those knows
    cable eth0 e0
    plug e0 10.1.0.1/24
    ip addr add 10.9.0.1/32 dev lo
    dhcp e0 --address=/golden.example/10.9.0.1 --dhcp-range=10.1.0.20,10.1.0.20,255.255.255.0 --dhcp-option=option:mtu,1400 \
        --dhcp-option=121,10.2.0.0/16,10.1.0.2,0.0.0.0/0,10.1.0.1 --dhcp-option=option:domain-name,example --dhcp-host=52:54:00:12:34:50,box \
        --dhcp-option=option:root-path,nbd://10.1.0.1/golden
    network_is_up for=nbd://golden.example/disk nameserver=10.1.0.1
    [ "$(uname -n)" = box ] || fail "its name is $(uname -n)"
    says '^network: eth0 has 10\.1\.0\.20/24$'
    has_route 'default via 10\.1\.0\.1 dev eth0'
    has_route '10\.2\.0\.0/16 via 10\.1\.0\.2 dev eth0'
    mtu_is eth0 1400
    has_resolv 'nameserver 10.1.0.1'
    has_resolv 'search example'
    grep -qx "rootpath='nbd://10.1.0.1/golden'" machine/run/decant/network/leases/eth0.4 || fail "$(cat machine/run/decant/network/leases/*)" ;;
off-link) # a lease of one address, whose gateway is on no net of the card's
    cable eth0 e0
    plug e0 10.9.0.1/32
    ip addr add 10.1.0.1/24 dev e0
    ip route add 10.1.0.20 dev e0
    dhcp e0 --port=0 --dhcp-range=10.1.0.20,10.1.0.20,255.255.255.0 --dhcp-option=option:netmask,255.255.255.255 --dhcp-option=option:router,10.9.0.1
    network_is_up dhcp for=nbd://10.9.0.1/
    says '^network: eth0 has 10\.1\.0\.20/32$'
    has_route 'default via 10\.9\.0\.1 dev eth0' ;;
two-nets) # two servers, one of which leads nowhere; there is a card without a cable, too
    for i in 0 1 2; do cable "eth$i" "e$i"; done
    for i in 0 1; do
        plug "e$i" "10.1$i.0.1/24"
        dhcp "e$i" --port=0 --dhcp-range="10.1$i.0.20,10.1$i.0.20,255.255.255.0" --dhcp-option=option:router
    done
    network_is_up for=nbd://10.11.0.1/
    says '^network: eth1 has 10\.11\.0\.20/24$'
    lacks_address eth0 10.10.0.20/24 ;;
silent-server) # that doesn't answer a ping: the first card with an answer is taken after a while
    for i in 0 1; do cable "eth$i" "e$i"; done
    plug e0 10.1.0.1/24
    echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all
    dhcp e0 --port=0 --dhcp-range=10.1.0.20,10.1.0.20,255.255.255.0
    network_is_up for=nbd://10.1.0.1/
    says "^network: eth0 has an address, but 10\.1\.0\.1 doesn't answer there"
    says '^network: eth0 has 10\.1\.0\.20/24$'
    has_address eth0 10.1.0.20/24
    has_route 'default via 10\.1\.0\.1 dev eth0' ;;
two-named) # both are brought up
    for i in 0 1; do cable "eth$i" "e$i"; done
    plug e0 10.10.0.1/24
    plug e1 10.11.0.1/24
    dhcp e0 --port=0 --dhcp-range=10.10.0.20,10.10.0.20,255.255.255.0
    network_is_up ip=eth0:dhcp ip=10.11.0.5/24::10.11.0.1::box:eth1:none:10.11.0.53 rd.route=10.12.0.0/16:10.11.0.9 \
        for=nbd://10.10.0.1/ for=nbd://10.11.0.1/
    says '^network: eth0 has 10\.10\.0\.20/24$'
    says '^network: eth1 has 10\.11\.0\.5/24$'
    has_address eth0 10.10.0.20/24
    has_address eth1 10.11.0.5/24
    has_route '10\.12\.0\.0/16 via 10\.11\.0\.9 dev eth1'
    has_resolv 'nameserver 10.11.0.53' ;;
late-card) # its link comes when the other has an answer already, from where there is no way to the server
    for i in 0 1; do cable "eth$i" "e$i"; done
    plug e0 10.10.0.1/24
    dhcp e0 --port=0 --dhcp-range=10.10.0.20,10.10.0.20,255.255.255.0 --dhcp-option=option:router
    network for=nbd://10.11.0.1/ &
    network=$!
    wait_for grep -q 'DHCPACK(e0)' dhcp-e0.log
    wait_for grep -q 'asking for an address by DHCP on eth0; eth0 has 10.10.0.20/24, from where there is no way to 10.11.0.1$' said
    plug e1 10.11.0.1/24
    dhcp e1 --port=0 --dhcp-range=10.11.0.20,10.11.0.20,255.255.255.0
    wait "$network" || fail "$(cat said)"
    says '^network: eth1 has 10\.11\.0\.20/24$' ;;
routers) # of IPv6, and no DHCP at all but for the name servers
    cable eth0 e0
    plug e0 fd00:1::1/64
    dhcp e0 --address=/golden.example/fd00:1::1 --enable-ra --dhcp-range=fd00:1::,ra-stateless --dhcp-option=option6:dns-server,[fd00:1::1]
    network_is_up for=nbd://golden.example:10810/disk
    says '^network: eth0 has fd00:1::5054:ff:fe12:3450/64$'
    has_route 'default via fe80' -6
    has_resolv 'nameserver fd00:0001:0000:0000:0000:0000:0000:0001'
    # A client of DHCPv6 that begins only now forgets what servers gave it, but not what routers did.
    on_machine env interface=eth0 /lib/decant/dhcp6-answer deconfig
    [ -e machine/run/decant/network/leases/eth0.6 ] || fail "the router's address is forgotten" ;;
dhcpv6)
    cable eth0 e0
    plug e0 fd00:1::1/64
    dhcp e0 --port=0 --enable-ra --dhcp-range=fd00:1::20,fd00:1::20,64
    network_is_up ip=dhcp6 'for=nbd://[fd00:1::1]/'
    says '^network: eth0 has fd00:1::20/128$'
    has_route 'default via fe80' -6
    kill -USR2 "$(client_of eth0.6)"
    wait_for lacks_address eth0 fd00:1::20/128
    [ ! -e machine/run/decant/network/leases/eth0.6 ] || fail "the server's address is still there" ;;
static-ipv6) # and a gateway that isn't on the link; on the card that is named, of two
    for i in 0 1; do cable "eth$i" "e$i"; done
    plug e0
    plug e1 fd00:9::1/64
    ip -6 route add fd00:1::5 dev e1
    network_is_up 'ip=[fd00:1::5]/128::[fd00:9::1]:::eth1' 'for=nbd://[fd00:9::1]/'
    says '^network: eth1 has fd00:1::5/128$'
    has_route 'default via fd00:9::1 dev eth1' -6 ;;
renewed) # while the job runs: the lease is renewed, runs out, and another one is got
    cable eth0 e0
    plug e0 10.1.0.1/24
    dhcp e0 --port=0 --dhcp-range=10.1.0.20,10.1.0.20,255.255.255.0
    network_is_up for=nbd://10.1.0.1/
    client=$(client_of eth0.4)
    kill -USR1 "$client"
    was_renewed() { [ "$(grep -c "DHCPACK(e0)" dhcp-e0.log)" -ge 2 ]; }
    wait_for was_renewed
    has_address eth0 10.1.0.20/24
    kill -USR2 "$client"
    wait_for lacks_address eth0 10.1.0.20/24
    end_server dhcp-e0
    dhcp e0 --port=0 --dhcp-range=10.1.0.30,10.1.0.30,255.255.255.0
    kill -USR1 "$client"
    wait_for has_address eth0 10.1.0.30/24
    wait_for route_is 'default via 10\.1\.0\.1 dev eth0' ;;
no-names) # a name, and nobody who knows any
    cable eth0 e0
    plug e0 10.1.0.1/24
    ! network ip=10.1.0.5/24::10.1.0.1 for=nbd://golden.example/ || fail "it is up"
    says '^network: no name server is known for golden\.example: nameserver=ADDRESS tells one'
    dhcp e0 --port=0 --dhcp-range=10.1.0.20,10.1.0.20,255.255.255.0 --dhcp-option=option:dns-server
    ! WAIT_SECONDS=2 network for=nbd://golden.example/ || fail "it is up"
    says '^network: no name server is known for golden\.example: eth0 has 10\.1\.0\.20/24$'
    code=0
    network ip=dchp || code=$?
    [ "$code" = 64 ] || fail "exit code $code"
    says '^network: ip=dchp: .* did you mean dhcp\?$' ;;
no-way)
    cable eth0 e0
    plug e0 10.1.0.1/24
    dhcp e0 --port=0 --dhcp-range=10.1.0.20,10.1.0.20,255.255.255.0 --dhcp-option=option:router
    ! WAIT_SECONDS=2 network for=nbd://10.2.0.1/ || fail "it is up"
    says '^network: eth0 has 10\.1\.0\.20/24, from where there is no way to 10\.2\.0\.1; there is: eth0 \(.*\) has a link$'
    # What a router gives doesn't hide that nobody answers who gives the other kind of address.
    end_server dhcp-e0
    ip addr add fd00:1::1/64 dev e0
    dhcp e0 --port=0 --enable-ra --dhcp-range=fd00:1::,ra-only
    ! WAIT_SECONDS=30 network for=nbd://10.2.0.1/ || fail "it is up"
    says '^network: no address by DHCP on eth0 within 30 s; eth0 has fd00:1:.*, from where there is no way to 10\.2\.0\.1; there is: ' ;;
two-servers) # on one net, and the one that leads nowhere is always the first to answer
    cable eth0 e0
    lan e0 s0 s1
    plug s0 10.1.0.1/24
    plug s1 10.2.0.1/24
    ip addr add 10.9.0.1/32 dev lo
    dhcp s0 --port=0 --dhcp-range=10.1.0.20,10.1.0.20,255.255.255.0 --dhcp-option=option:router
    dhcp s1 --port=0 --dhcp-range=10.2.0.20,10.2.0.20,255.255.255.0 --dhcp-option=option:router --dhcp-option=121,10.9.0.0/24,10.2.0.1 \
        --dhcp-reply-delay=1
    network_is_up for=nbd://10.9.0.1/
    says '^network: eth0 has 10\.2\.0\.20/24$'
    grep -q 'DHCPACK(s0)' dhcp-s0.log || fail "it wasn't the first: $(cat dhcp-s0.log)"
    has_address eth0 10.2.0.20/24
    lacks_address eth0 10.1.0.20/24
    # Nobody is left who would put the other address into its place.
    [ "$(client_of eth0.4 | wc -w)" = 1 ] || fail "clients: $(client_of eth0.4)"
    # Where the other one doesn't lead there either, both are told.
    ! WAIT_SECONDS=8 network for=nbd://10.8.0.1/ || fail "it is up"
    says '^network: eth0 has 10\.[12]\.0\.20/24, from where there is no way to 10\.8\.0\.1; there is: ' ;;
root-path) # the server is told by DHCP: of two cards, it is the one whose own root path is reached
    for i in 0 1; do
        cable "eth$i" "e$i"
        plug "e$i" "10.1$i.0.1/24"
    done
    dhcp e0 --port=0 --dhcp-range=10.10.0.20,10.10.0.20,255.255.255.0 --dhcp-option=option:root-path,10.10.0.1:/srv/root
    network for=dhcp &
    network=$!
    wait_for grep -q "eth0 has 10\.10\.0\.20/24, and its DHCP server tells no NBD server as the root path (option 17), but 10\.10\.0\.1:/srv/root" said
    dhcp e1 --port=0 --dhcp-range=10.11.0.20,10.11.0.20,255.255.255.0 --dhcp-option=option:root-path,nbd://10.11.0.1/golden
    wait "$network" || fail "$(cat said)"
    says '^network: eth1 has 10\.11\.0\.20/24$'
    [ "$(on_machine cat /run/decant/network/chosen)" = eth1.4 ] || fail "chosen: $(on_machine cat /run/decant/network/chosen)"
    # A path to a server that can't be reached doesn't do, either.
    end_server dhcp-e0
    end_server dhcp-e1
    dhcp e0 --port=0 --dhcp-range=10.10.0.20,10.10.0.20,255.255.255.0 --dhcp-option=option:root-path,nbd://10.8.0.1/ --dhcp-option=option:router
    ! WAIT_SECONDS=4 network ip=dhcp for=dhcp || fail "it is up"
    says '^network: .*eth0 has 10\.10\.0\.20/24, from where there is no way to 10\.8\.0\.1; there is: ' ;;
goes-on) # one server after the other, each on a net of its own
    for i in 0 1; do
        cable "eth$i" "e$i"
        plug "e$i" "10.1$i.0.1/24"
        dhcp "e$i" --port=0 --dhcp-range="10.1$i.0.20,10.1$i.0.20,255.255.255.0" --dhcp-option=option:router
    done
    network_is_up ip=dhcp for=tftp://10.10.0.1:69/machine
    says '^network: eth0 has 10\.10\.0\.20/24$'
    network_is_up for=nbds://10.11.0.1:10810/golden
    says '^network: eth0 has 10\.10\.0\.20/24, from where there is no way to 10\.11\.0\.1$'
    says '^network: eth1 has 10\.11\.0\.20/24$'
    lacks_address eth0 10.10.0.20/24
    # There is nothing to do for one on the same net, nor for one that isn't a server.
    asked=$(grep -c DHCPDISCOVER dhcp-e0.log)
    ip addr add 10.11.0.2/24 dev e1
    network_is_up for=http://10.11.0.2/report
    [ ! -s said ] || fail "it said $(cat said)"
    network_is_up for=/dev/sda
    [ "$(grep -c DHCPDISCOVER dhcp-e0.log)" = "$asked" ] || fail "asked again: $(cat dhcp-e0.log)"
    # What leads nowhere takes nothing away.
    ! WAIT_SECONDS=4 network for=nbd://10.8.0.1/ || fail "it is up"
    says 'from where there is no way to 10\.8\.0\.1; there is: '
    has_address eth1 10.11.0.20/24
    network_is_up for=syslog://10.10.0.1
    says '^network: eth0 has 10\.10\.0\.20/24$'
    lacks_address eth1 10.11.0.20/24
    # Anew, nothing of before is left.
    network_is_up ip=10.11.0.5/24:::::eth1 for=nbd://10.11.0.1/
    has_address eth1 10.11.0.5/24
    lacks_address eth0 10.10.0.20/24 ;;
BOOTIF) # the other card isn't asked, though it leads to the server, too
    for i in 0 1; do cable "eth$i" "e$i"; done
    for i in 0 1; do
        plug "e$i" "10.1$i.0.1/24"
        dhcp "e$i" --port=0 --dhcp-range="10.1$i.0.20,10.1$i.0.20,255.255.255.0" --dhcp-reply-delay="$i"
    done
    network_is_up for=nbd://10.10.0.1/ BOOTIF=01-52-54-00-12-34-51
    says '^network: eth1 has 10\.11\.0\.20/24$'
    lacks_address eth0 10.10.0.20/24
    ! grep DHCPDISCOVER dhcp-e0.log || fail "the other one was asked" ;;
mute) # a link on which nothing is answered at first, as long as a switch holds it back (spanning tree): it goes on asking
    [ "$(on_machine sh -c '. /lib/decant/job; read_wait; echo "$WAIT_SECONDS"')" = 60 ] || fail "not for a minute"
    cable eth0 e0
    plug e0 10.1.0.1/24
    dhcp e0 --port=0 --dhcp-range=10.1.0.20,10.1.0.20,255.255.255.0 --dhcp-ignore=tag:!known
    network for=nbd://10.1.0.1/ &
    network=$!
    # More often than udhcpc asks in a row.
    asked_more() { [ "$(grep -c 'DHCPDISCOVER(e0).* ignored' dhcp-e0.log)" -gt 5 ]; }
    wait_for asked_more
    end_server dhcp-e0
    dhcp e0 --port=0 --dhcp-range=10.1.0.20,10.1.0.20,255.255.255.0
    wait "$network" || fail "$(cat said)"
    says '^network: eth0 has 10\.1\.0\.20/24$' ;;
*) fail "no such case" ;;
esac
