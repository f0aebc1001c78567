#!/bin/bash
# SPDX-License-Identifier: MIT
# A copy begins with its first connection. Further ones are for speed alone: servers have limits, and leave who
# is beyond them unanswered in a queue; so they join in when they come, if they show the same disk with the same rights.
#
# cases: qemu-limited limited-source limited-destination let-in-later other-size other-rights map-takes-one one-is-slow

. "$(dirname "$0")/../functions.sh"
make_image in.img 48M
cp in.img disk.img
DECANT_LIMIT_S=40

# Whether connection N was asked to do this.
was_asked() {
    grep -qx "$1 $2" s.server
}

case $1 in
qemu-limited)
    requires_program qemu-nbd
    serve_qemu s --shared=2 -r -f raw disk.img
    must_copy "$(uri s)" out.img
    same in.img out.img
    must_copy "$(uri s)" - >out.img
    same in.img out.img ;;
limited-source)
    serve_odd s disk.img multi-conn clients=1
    must_copy "$(uri s)" out.img
    same in.img out.img ;;
limited-destination)
    truncate -s 0 disk.img
    truncate -s 48M disk.img
    serve_odd s disk.img multi-conn clients=2
    must_copy in.img "$(uri s)"
    same in.img disk.img
    was_asked 1 write || fail "the second connection was not used" ;;
let-in-later)
    serve_odd s disk.img multi-conn clients=1 lets-in=open delay=100
    "$DECANT" "$(uri s)" out.img 2>err &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    wait_for was_asked 0 read
    touch open
    wait_for was_asked 1 read ;;
other-size)
    serve_odd s disk.img multi-conn later-size=4096
    must_copy "$(uri s)" out.img
    same in.img out.img
    was_asked 1 go || fail "there was no second connection"
    ! was_asked 1 read || fail "another disk was read from" ;;
other-rights)
    truncate -s 0 disk.img
    truncate -s 48M disk.img
    serve_odd s disk.img multi-conn later-read-only
    must_copy in.img "$(uri s)"
    same in.img disk.img
    was_asked 1 go || fail "there was no second connection"
    ! was_asked 1 write || fail "what is read-only was written to" ;;
map-takes-one)
    serve_odd s disk.img multi-conn
    run_decant map "$(uri s)" >out
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    ! was_asked 1 hello || fail "there was a second connection" ;;
one-is-slow)
    # It gets little to do, so that the others don't wait for it: more than at first, but not its share again and again.
    truncate -s 512M disk.img
    serve_odd s disk.img multi-conn delay=200 slow=1
    must_copy "$(uri s)" null:
    reads=$(grep -cx '1 read' s.server)
    [ "$reads" -ge 1 ] && [ "$reads" -le 60 ] || fail "the slow one got $reads of 1024 reads" ;;
*) fail "no such case" ;;
esac
