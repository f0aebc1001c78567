#!/bin/bash
# SPDX-License-Identifier: MIT
# A whole job in a network namespace: what it takes from servers may lie on several nets, each with one card, and it goes from one to the
# next; only the copy is never disturbed.
# cases: several-nets root-path
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/cables.sh"
requires_program nbdkit

cp "$DECANT" machine/bin/decant
make_image source.img 4M
truncate -s 4M target.img
for i in 0 1; do
    cable "eth$i" "e$i"
    plug "e$i" "10.1$i.0.1/24"
done

serve_tcp source 10.11.0.1 --readonly file source.img
source_port=$port
serve_tcp target 10.11.0.1 file target.img
words="decant.destination=nbd://10.11.0.1:$port/"

# serve HERE OPTION...: a DHCP server on that cable, from where there is no way to the other one.
serve() { dhcp "$1" --port=0 --dhcp-range="10.1${1#e}.0.20,10.1${1#e}.0.20,255.255.255.0" --dhcp-option=option:router "${@:2}"; }

# job WORD...: what it says is in the file `log`.
job() {
    echo "$*" >cmdline
    on_machine sh -c '/init session >>/run/decant/log 2>&1' || true
    cp machine/run/decant/log log
    grep -q '^decant: result=ok bytes=4194304 ' log || fail "$(cat log)"
    same source.img target.img
}
log_says() { grep -Eq "$1" log || fail "nothing like '$1' was said: $(cat log)"; }

case $1 in
several-nets) # what is to be done, and who is told, is on the first one; source and destination are on the second, and so is a script
    serve e0
    serve e1
    serve_web 0.0.0.0
    mkdir machines
    echo "decant.source=nbd://10.11.0.1:$source_port/ $words" >machines/52-54-00-12-34-50
    job "ip=dhcp decant.config=http://10.10.0.1:$web/machines/{mac} decant.report=http://10.10.0.1:$web/report"
    [ "$(grep '^network: eth. has [0-9./]*$' log | xargs)" = 'network: eth0 has 10.10.0.20/24 network: eth1 has 10.11.0.20/24 network: eth0 has 10.10.0.20/24' ] ||
        fail "the cards: $(cat log)"
    [ "$(jq -r .event reports)" = end ] || fail "the reports are: $(cat reports)"
    # shellcheck disable=SC2016 # the machine's
    echo 'ls /run/decant/network/cards' >after
    on_machine sh -c ". /lib/decant/job; run_script http://10.11.0.1:$web/after" >log 2>&1 || fail "$(cat log)"
    [ "$(tail -n 1 log)" = eth1 ] || fail "the script: $(cat log)" ;;
root-path) # of the second net's DHCP server; the first one has one as well, which leads nowhere
    serve e0 --dhcp-option=option:root-path,nbd://10.8.0.1/golden
    serve e1 --dhcp-option=option:root-path,"nbd://10.11.0.1:$source_port/"
    job "ip=dhcp decant.source=dhcp $words"
    log_says "^decant: the DHCP server says: decant\.source=nbd://10\.11\.0\.1:$source_port/$" ;;
*) fail "no such case" ;;
esac
