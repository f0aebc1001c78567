#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that is told to end refuses what it is asked from then on, with an error that means just that: the copy takes it for
# gone, waits for the next one, and goes on there.
#
# cases: source destination both no-retry

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter delay
make_image in.img 8M
truncate -s 8M out.img

serve() { # SIDE FILE
    serve_nbdkit "$1" --filter=log --filter=delay file "$2" rdelay=50ms wdelay=50ms logfile="$1.log"
}

begin() { # ARGUMENTS
    "$DECANT" --request-size=64k --connections=1 --requests=4 "$@" 2>err &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
}

has_asked() { [ "$(log_count "$1.log" "$2")" -ge "$3" ]; }

# restart SIDE FILE: told to end while it carries out what it was asked, and there again.
restart() {
    kill -TERM "${server_pid[$1]}"
    end_server "$1"
    serve "$1" "$2"
}

finish() {
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    cmp in.img out.img
}

case $1 in
source)
    serve s in.img
    begin "$(uri s)" out.img
    wait_for has_asked s Read 8
    restart s in.img
    finish ;;
destination)
    serve d out.img
    begin in.img "$(uri d)"
    wait_for has_asked d Write 8
    restart d out.img
    finish ;;
both)
    serve s in.img
    serve d out.img
    begin "$(uri s)" "$(uri d)"
    wait_for has_asked d Write 8
    restart s in.img
    restart d out.img
    finish ;;
no-retry)
    # Who doesn't wait is told that.
    serve s in.img
    begin --retry=0 "$(uri s)" out.img
    wait_for has_asked s Read 8
    kill -TERM "${server_pid[s]}"
    code=0
    wait "$pid" || code=$?
    [ "$code" -eq 1 ] || fail "exit code $code: $(cat err)"
    grep -Eq 'the server is shutting down|the server closed the connection|the connection was reset' err || fail "got: $(cat err)" ;;
*) fail "no such case" ;;
esac
