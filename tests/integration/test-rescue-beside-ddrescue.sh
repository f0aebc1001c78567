#!/bin/bash
# SPDX-License-Identifier: MIT
# One and the same failing disk, behind one server that counts: ddrescue gets it as a file, by nbdfuse and past the page cache. A
# rescue makes hardly more failing reads of it, comes to the same map, and at whatever point either of them breaks off, the other one
# goes on from the map that it left.
#
# cases: failing-reads in-turns-1 in-turns-2

. "$(dirname "$0")/../functions.sh"
requires_program ddrescue nbdfuse openssl perl
requires_nbdkit_filter ddrescue log delay
requires_file /dev/fuse

sectors=20003
head -c $((sectors * 512)) /dev/zero | openssl enc -aes-128-ctr -K 00 -iv 00 -nosalt 2>/dev/null >disk.img

# serve_failing EXPRESSION [PARAMETER...]: a disk whose bad sectors a line of perl lists, behind a server and as mnt/disk.
serve_failing() {
    { echo "0 + 1"; areas_of_bad "$sectors" "${seed:-2}" "$1"; } >disk.map
    : >log
    serve_nbdkit disk --readonly --filter=log --filter=ddrescue --filter=delay file disk.img ddrescue-mapfile=disk.map logfile=log \
        logappend=true "${@:2}"
    mkdir -p mnt
    rm -f fuse.pid
    setpriv --pdeathsig TERM nbdfuse -r -P fuse.pid mnt/disk "$(uri disk)" >fuse.log 2>&1 &
    fuse=$!
    at_exit+=('unmount 2>/dev/null')
    until [ -s fuse.pid ] && [ -e mnt/disk ]; do
        ! has_ended $fuse || skip "nbdfuse can't mount here: $(tail -n 1 fuse.log)"
        sleep 0.02
    done
}
unmount() { umount mnt || fusermount3 -u mnt; }
end_failing() {
    unmount
    kill -KILL $fuse 2>/dev/null || true # its goodbye to the server may take for ever
    wait $fuse 2>/dev/null || true
    end_server disk
}

failed_reads() { grep -c '\.\.\.Read .* return=-1' log || true; }
reads() { log_count log Read; }
blocks() { grep -v '^#' "$1" | tail -n +2 | awk '{ print $1, $2, $3 }'; }

# All but the bad sectors is the disk's, and the map has just these.
check_rescued() {
    diff <(blocks disk.map) <(blocks out.map) || fail "the map's bad areas aren't the disk's"
    cp disk.img wanted.img
    blocks disk.map | while read -r start length status; do
        [ "$status" = + ] || dd if=/dev/zero of=wanted.img bs=512 seek=$((start / 512)) count=$((length / 512)) conv=notrunc status=none
    done
    cmp wanted.img out.img || fail "out.img isn't what could be read"
}

check_finished() {
    blocks out.map | while read -r start length status; do
        [ "$status" != + ] || cmp -i $((start)) -n $((length)) disk.img out.img || exit 1
    done || fail "the map calls finished what isn't there: $(cat out.map)"
}

# break_off COMMAND...: somewhere, or never.
break_off() {
    local more=$(($(reads) + 1 + RANDOM % 400)) signals=(INT TERM INT KILL) signal
    signal=${signals[RANDOM / 256 % 4]}
    "$@" >said 2>&1 &
    pid=$!
    come_so_far() { has_ended $pid || [ "$(reads)" -ge "$more" ]; }
    wait_for come_so_far
    kill -"$signal" $pid 2>/dev/null || true
    code=0
    wait $pid 2>/dev/null || code=$?
    wait_for has_ended $pid
    echo "${1##*/}: $signal, code $code, $(reads) reads; $(grep -c '+$' out.map 2>/dev/null || true) areas finished"
    [ ! -e out.map ] || check_finished
}

case $1 in
failing-reads)
    for expression in 'map { int(rand($sectors)) } 1 .. 60' '9000 .. 9500' \
        'map { my $at = int(rand($sectors)); map { $at + $_ * (1 + int(rand(3))) } 0 .. int(rand(100)) } 1 .. 5'; do
        rm -f out.*
        serve_failing "$expression"
        ddrescue -q -d mnt/disk out.img out.map || fail "ddrescue: $?"
        check_rescued
        theirs=$(failed_reads)
        end_failing
        rm out.*
        serve_failing "$expression"
        run_decant rescue -q "$(uri disk)" out.img --mapfile=out.map
        [ "$code" -eq 3 ] || fail "exit code $code: $(cat err)"
        check_rescued
        ours=$(failed_reads)
        end_failing
        echo "$expression: $ours failing reads, ddrescue $theirs"
        [ "$theirs" -gt 0 ] && [ $((ours * 10)) -le $((theirs * 12)) ] || fail "$ours failing reads, where ddrescue has $theirs"
    done ;;
in-turns-*)
    seed=${1##*-}
    RANDOM=$seed
    bad=('map { int(rand($sectors)) } 1 .. 30' delay-read=2ms)
    serve_failing "${bad[@]}"
    # A client that dies while it is owed an answer may take nbdkit along, by an assertion of its own.
    serve_again() {
        end_failing
        serve_failing "${bad[@]}"
    }
    for _ in {1..10}; do
        ! has_ended "${server_pid[disk]}" || serve_again
        if [ $((RANDOM / 256 % 2)) -eq 0 ]; then
            break_off "$DECANT" rescue -q "$(uri disk)" out.img --mapfile=out.map
        else
            break_off ddrescue -q -d mnt/disk out.img out.map
        fi
    done
    # The last turn is either's.
    serve_again
    cp out.map last.map
    cp out.img last.img
    run_decant rescue -q "$(uri disk)" out.img --mapfile=out.map
    [ "$code" -eq 3 ] || fail "exit code $code: $(cat err)"
    check_rescued
    mv last.map out.map
    mv last.img out.img
    ddrescue -q -d mnt/disk out.img out.map || fail "ddrescue: $?"
    check_rescued ;;
*) fail "no such case" ;;
esac
