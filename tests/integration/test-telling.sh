#!/bin/bash
# SPDX-License-Identifier: MIT
# What is told of a job that has ended, by the appliance's own shell in a machine that is played: to whoever stands before it, in
# large letters, and to whoever watches from elsewhere, who may as well not be there.
# cases: verdicts failed nobody-listens
. "$(dirname "$0")/../functions.sh"

play_busybox
mkdir -p run/network/cards lib net/eth0 dmi
here() { room_here "$@" >"lib/$1"; } # FILE [SED-COMMANDS]
for file in parameters machine telling; do here $file; done
has_ended_with() { printf '%s\n' "${@:2}" 'decant: and so on' "decant: result=$1" >run/log; }

# verdict THEN: what stands there in the end, in the file `shown`.
verdict() {
    appliance -c '. lib/telling; tell_verdict "$1"' sh "$1" | sed 's/ *$//' >shown
}
shows() { grep -Fqx -e "$1" shown || fail "no line '$1': $(cat shown)"; }
letters_are() { diff - <(sed -n 2,6p shown) || fail "other letters: $(cat shown)"; }

play_machine() { # SERIAL
    here report 's/^limit_seconds=.*/limit_seconds=2/'
    play decant "cat <<'END'" '[' \
        '  { "name": "sd", "size": 512, "serial": "other" },' \
        "  { \"name\": \"sda\", \"size\": 10485760, \"removable\": false, \"serial\": \"$1\", \"holds\": \"GPT\" }," \
        '  { "name": "sda1", "size": 9437184, "partition-of": "sda" }' ']' END
    : >run/network/cards/eth0
    echo 52:54:00:12:34:56 >net/eth0/address
    printf 'Box "7"\n' >dmi/product_serial
}
# Who watches over that time stays behind for the rest of it: they all hold the pipe.
report() {
    PATH=$TEST_DIR/bin source=nbd://server/golden destination=serial:S3Z disk=/dev/sda timeout 100 "$busybox" ash lib/report "$1" 8>&1 | timeout 100 cat ||
        fail "exit code $?"
}

case $1 in
verdicts)
    has_ended_with 'ok bytes=1048576 seconds=0.10 peak_kib=16400'
    verdict reboot
    letters_are <<'END'
  ####    ###   #   #  #####
  #   #  #   #  ##  #  #
  #   #  #   #  # # #  ####
  #   #  #   #  #  ##  #
  ####    ###   #   #  #####
END
    shows 'All of it is written. Where this was started from a stick or a CD, take that out.'
    shows 'The machine restarts now.'
    has_ended_with 'failed code=3 reason=512 bytes could not be read'
    verdict poweroff
    letters_are <<'END'
  ####    ###   ####   #####  #      #   #
  #   #  #   #  #   #    #    #       # #
  ####   #####  ####     #    #        #
  #      #   #  #  #     #    #        #
  #      #   #  #   #    #    #####    #
END
    shows 'Some of it could not be read, and all the rest is written. What is missing stands above.'
    shows 'The machine is switched off now.'
    # What a server says there says nothing about what came of it.
    for reason in 'there is no export result=ok code=3 here' 'a server said code=3 twice'; do
        has_ended_with "failed code=1 reason=$reason"
        verdict shell
        letters_are <<'END'
  #####   ###   #####  #      #####  ####
  #      #   #    #    #      #      #   #
  ####   #####    #    #      ####   #   #
  #      #   #    #    #      #      #   #
  #      #   #  #####  #####  #####  ####
END
        shows "$reason"
        shows 'There is a shell on each console, and decant in it; reboot -f restarts the machine.'
    done ;;
failed)
    serve_web
    play_machine S3Z9NB0K
    echo "decant.report=http://127.0.0.1:$web/" >cmdline
    has_ended_with "failed code=3 reason=$(printf 'no "export" bytes=5 once=x \\ \303\244\tthere')" 'decant: result=ok bytes=7 seconds=1.00' $(seq -f 'line-%.0f' 300)
    report end
    reported '.[0] | .event == "end" and .result == "failed" and .code == 3 and .reason == "no \"export\" bytes=5 once=x \\ ?? there" and (has("bytes") or has("seconds") or has("once") | not)'
    reported '.[0] | .mac == "52:54:00:12:34:56" and ."machine-serial" == "Box \"7\"" and .source == "nbd://server/golden" and .destination == "serial:S3Z"'
    reported '.[0].disk | .name == "sda" and .size == 10485760 and .serial == "S3Z9NB0K" and .holds == "GPT"'
    reported '.[0].log | length == 200 and .[0] == "line-103" and (.[199] | startswith("decant: result=failed"))' ;;
nobody-listens)
    # One that never answers, one that isn't there, and a port that isn't; who is named behind them is told all the same.
    serve_web
    play_machine S3Z9NB0K
    python3 -c 'import socket, sys
deaf = socket.create_server(("127.0.0.1", 0))
print(deaf.getsockname()[1], flush=True)
sys.stdin.read()' <watcher.in >deaf 2>&1 &
    # shellcheck disable=SC2034 # for the end
    server_pid[deaf]=$!
    wait_for test -s deaf
    printf 'decant.report=%s\n' "http://127.0.0.1:$(cat deaf)/" http://127.0.0.1:1/ serial:nosuch/port "http://127.0.0.1:$web/" >cmdline
    has_ended_with 'ok bytes=1048576 seconds=0.10 peak_kib=16400'
    report end
    reported 'length == 1 and .[0].result == "ok" and .[0].bytes == 1048576' ;;
*) fail "no such case" ;;
esac
