#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that falls silent while it owes an answer is left after --timeout, with words for what it owed; one that
# is merely slow isn't. And whatever decant waits for, it hears signals, and is gone within six seconds.
#
# cases: hello extended structured go tls read write flush info list map-status slow-reply stopped-meanwhile signals

. "$(dirname "$0")/../functions.sh"
make_image in.img 1M
cp in.img disk.img
DECANT_LIMIT_S=60

# Fails after a second of silence, as PATTERN says.
must_time_out() { # PATTERN ARGUMENTS
    local pattern=$1
    shift
    must_fail 1 "no answer for 1 s$pattern" "$@" --timeout=1
}

# Sends SIGTERM to decant, which was started with `&`: it must be over within six seconds.
term_ends() {
    local start=$SECONDS
    kill -TERM "$pid"
    code=0
    wait "$pid" || code=$?
    [ $((SECONDS - start)) -le 6 ] || fail "it took $((SECONDS - start)) seconds"
    [ "$code" -eq 1 ] || fail "exit code $code: $(cat err)"
}

in_background() {
    "$DECANT" "$@" 2>err >out &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
}

case $1 in
hello)
    serve_odd s disk.img stall=hello
    must_time_out ': not even a greeting' "$(uri s)" out.img
    must_time_out ': not even a greeting' info "$(uri s)"
    must_time_out ': not even a greeting' map "$(uri s)" ;;
extended|structured|go)
    serve_odd s disk.img "stall=$1"
    case $1 in extended) words=NBD_OPT_EXTENDED_HEADERS ;; structured) words=NBD_OPT_STRUCTURED_REPLY ;; *) words=NBD_OPT_GO ;; esac
    must_time_out " to $words" "$(uri s)" out.img ;;
tls)
    serve_odd s disk.img tls-mute
    must_time_out ' .*TLS' "nbds+unix:///?socket=$TEST_DIR/s.sock&tls-verify-peer=0" out.img ;;
read)
    serve_odd s disk.img stall=read
    must_time_out ' to a read at offset 0' --retry=0 "$(uri s)" out.img ;;
write)
    serve_odd s disk.img stall=write
    must_time_out ' to a write at offset [0-9]' --retry=0 in.img "$(uri s)" ;;
flush)
    serve_odd s disk.img stall=flush
    must_fail 1 'no answer for 3 s to a flush' --retry=0 --timeout=0.3 in.img "$(uri s)" ;; # for which there is more time
info)
    serve_odd s disk.img stall=info
    must_time_out ' to NBD_OPT_GO or NBD_OPT_INFO' info --size "$(uri s)"
    end_server s
    serve_odd s disk.img stall=list-meta
    must_time_out ' about metadata contexts' info "$(uri s)"
    end_server s
    serve_odd s disk.img stall=read
    must_time_out '' info "$(uri s)" ;;
list)
    serve_odd s disk.img stall=list
    must_time_out ' to NBD_OPT_LIST' info --list "$(uri s)" ;;
map-status)
    serve_odd s disk.img stall=status
    must_time_out ' to a question for block status at offset 0' map "$(uri s)" ;;
slow-reply)
    # An answer that takes longer than the time-out, but comes in pieces, is no silence.
    serve_odd s disk.img drip=131072
    must_copy --timeout=1 --connections=1 "$(uri s)" out.img
    same disk.img out.img ;;
stopped-meanwhile)
    # Whoever held decant itself up for longer than that is not the server.
    serve_odd s disk.img delay=300
    in_background --timeout=1 --request-size=131072 --requests=1 "$(uri s)" out.img
    wait_for grep -qs read s.server
    kill -STOP "$pid"
    sleep 2
    kill -CONT "$pid"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    same disk.img out.img ;;
signals)
    for stall in hello extended structured go read status; do
        serve_odd s disk.img "stall=$stall"
        for verb in copy info map; do
            case $verb:$stall in info:go | info:status | map:read) continue ;; esac
            places=("$(uri s)")
            [ $verb != copy ] || places+=(out.img)
            : >s.server
            in_background $verb "${places[@]}"
            wait_for grep -q " $stall\$" s.server
            term_ends
            grep -q 'stopped by signal 15' err || fail "$verb, $stall: $(cat err)"
        done
        end_server s
    done
    serve_odd s disk.img never-closes
    in_background in.img "$(uri s)"
    wait_for grep -q goodbye s.server
    start=$SECONDS
    kill -TERM "$pid" 2>/dev/null || true
    wait "$pid" || fail "all was copied: $(cat err)"
    [ $((SECONDS - start)) -le 6 ] || fail "it took $((SECONDS - start)) seconds" ;;
*) fail "no such case" ;;
esac
