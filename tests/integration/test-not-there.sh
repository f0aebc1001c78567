#!/bin/bash
# SPDX-License-Identifier: MIT
# Reaching a server: its name is looked up, and its addresses are tried, in waits that have an end and hear signals;
# one that isn't there yet is waited for as long as --wait says, and one that gives a wrong answer isn't.
#
# cases: silent-name-server signal-at-lookup no-such-name dead-address signal-at-connect dead-address-first
# cases: comes-later name-comes-later wait-is-over closed-at-once wrong-answer signal-at-wait

. "$(dirname "$0")/../functions.sh"
requires_root
# The network and the names are the test's own.
enter_namespaces "$1" --net
requires_program ip nbdkit
DECANT_LIMIT_S=40
make_image disk.img 1M

ip link set lo up
# Of both files one may not be there, or be a link to nowhere: another /etc has them.
cp -a /etc etc
rm -f etc/hosts etc/resolv.conf
echo 'nameserver 127.0.0.53' >etc/resolv.conf
printf '127.0.0.1 localhost dead both\n127.0.0.9 both\n' >etc/hosts
mount --bind etc /etc

# A name server that doesn't answer, or that there is no such name, and a port of 127.0.0.1 whose queue is full.
be_silent() {
    setpriv --pdeathsig TERM python3 -c '
import socket
names, port = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), socket.socket()
names.bind(("127.0.0.53", 53))
port.bind(("127.0.0.1", 10809))
port.listen(0)
clients = [socket.socket() for _ in range(4)]
for client in clients:
    client.setblocking(False)
    client.connect_ex(("127.0.0.1", 10809))
open("silent", "w").close()
while True:
    question, peer = names.recvfrom(512)
    if b"nosuch" in question:
        names.sendto(question[:2] + b"\x81\x83" + question[4:], peer)' &
    server_pid[silence]=$!
    wait_for test -e silent
}

serve_tcp() { # ADDRESS
    setpriv --pdeathsig TERM nbdkit -f -i "$1" --pidfile "$TEST_DIR/s.pid" file disk.img >s.server 2>&1 &
    server_pid[s]=$!
    wait_for test -s s.pid
}

in_background() {
    "$DECANT" "$@" 2>err >out &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    wait_for is_waiting
}

# It has its signals, and waits.
is_waiting() {
    find "/proc/$pid/fd" -lname '*signalfd*' 2>/dev/null | finds . && grep -q poll "/proc/$pid/wchan"
}

term_ends() {
    local start=$SECONDS children child
    children=$(cat "/proc/$pid/task/$pid/children")
    kill -TERM "$pid"
    code=0
    wait "$pid" || code=$?
    [ $((SECONDS - start)) -le 6 ] || fail "it took $((SECONDS - start)) seconds"
    must_say '^decant: stopped by signal 15$'
    for child in $children; do
        [ ! -e "/proc/$child" ] || fail "a child is left"
    done
}

is_served() {
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] && [ "$(cat out)" = 1048576 ] || fail "exit code $code: $(cat out err)"
}

case $1 in
silent-name-server)
    be_silent
    for verb in info map copy; do
        places=(nbd://silent.example)
        [ $verb != copy ] || places+=(out.img)
        must_fail 1 'silent.example: no answer from the name servers in time$' $verb --timeout=1 "${places[@]}"
    done ;;
signal-at-lookup)
    be_silent
    for verb in info map copy; do
        places=(nbd://silent.example)
        [ $verb != copy ] || places+=(out.img)
        in_background $verb "${places[@]}"
        term_ends
    done ;;
no-such-name)
    be_silent
    must_fail 1 ': nosuch.example: Name does not resolve$' info nbd://nosuch.example
    must_fail 1 ': nosuch.example: Name does not resolve$' nbd://nosuch.example out.img
    # Nobody is there to ask.
    echo 'nameserver 127.0.0.77' >etc/resolv.conf
    must_fail 1 ': the name servers do not answer$' info nbd://nosuch.example --timeout=30 ;;
dead-address)
    be_silent
    must_fail 1 'no answer for 1 s$' info --timeout=1 nbd://127.0.0.1
    must_fail 1 'no answer for 1 s$' map --timeout=1 nbd://dead ;;
signal-at-connect)
    be_silent
    in_background nbd://127.0.0.1 out.img
    term_ends
    in_background info nbd://127.0.0.1
    term_ends ;;
dead-address-first)
    be_silent
    serve_tcp 127.0.0.9
    run_decant info --size --timeout=30 nbd://both >out
    [ "$code" -eq 0 ] && [ "$(cat out)" = 1048576 ] || fail "exit code $code: $(cat out err)"
    must_copy --timeout=1 nbd://both out.img
    same disk.img out.img ;;
comes-later)
    in_background info --size --wait=30 "$(uri s)"
    serve_odd s disk.img
    is_served
    end_server s
    in_background info --size --wait=forever nbd://127.0.0.1
    serve_tcp 127.0.0.1
    is_served ;;
name-comes-later)
    echo 'nameserver 127.0.0.1' >resolv.conf
    in_background info --size --wait=30 --timeout=1 nbd://later
    serve_tcp 127.0.0.1
    echo 127.0.0.1 later >>etc/hosts
    is_served ;;
wait-is-over)
    start=$(date +%s%N)
    must_fail 1 'No such file' info --wait=1 "$(uri s)"
    [ $(($(date +%s%N) - start)) -ge 1000000000 ] || fail "it didn't wait"
    must_fail 1 'Connection refused' --wait=0.5 nbd://127.0.0.1 out.img ;;
closed-at-once)
    serve_odd s disk.img cut=hello
    must_fail 1 'disconnected' info --wait=1 "$(uri s)"
    [ "$(grep -c hello s.server)" -ge 3 ] || fail "it was tried $(grep -c hello s.server) times" ;;
wrong-answer)
    serve_odd s disk.img tls-only
    must_fail 1 'this server wants TLS' info --wait=forever "$(uri s)"
    must_fail 1 'this server wants TLS' --wait=forever "$(uri s)" out.img ;;
signal-at-wait)
    in_background info --wait=forever "$(uri s)"
    term_ends
    in_background --wait=forever "$(uri s)" out.img
    term_ends ;;
*) fail "no such case" ;;
esac
