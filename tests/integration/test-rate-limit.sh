#!/bin/bash
# SPDX-License-Identifier: MIT
# A copy that is to leave room for others takes at least as long as it says, arrives
# all the same, can be stopped while it waits, and has the least priority if asked to.
#
# cases: holds stops nice refused

. "$(dirname "$0")/../functions.sh"
requires_program nbdkit

# Of each thread of a process and of its children: its niceness and its name.
niceness() {
    perl -e '
        for my $stat (glob("/proc/[0-9]*/task/*/stat")) {
            open(my $file, "<", $stat) or next;
            my ($pid) = $stat =~ m{^/proc/(\d+)/};
            my ($name, @fields) = <$file> =~ /\((.*)\) (.*)/ or next;
            @fields = split / /, $fields[0];
            print "$fields[16] $name\n" if $pid == $ARGV[0] || $fields[1] == $ARGV[0];
        }' "$1"
}

case $1 in
holds)
    # All but the first read wait: 3.5 MiB at 2 MiB a second.
    make_image in.img 4M 3
    serve_nbdkit s file in.img
    start=$(date +%s%N)
    must_copy --no-extents --request-size=512k --rate-limit=2M "$(uri s)" out.img
    ms=$((($(date +%s%N) - start) / 1000000))
    [ "$ms" -ge 1700 ] || fail "done after $ms ms"
    same in.img out.img ;;
stops)
    make_image in.img 4M 3
    "$DECANT" --no-extents --rate-limit=64k in.img out.img 2>err &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    wait_for test -s out.img
    kill -TERM $pid
    code=0
    wait $pid || code=$?
    [ "$code" -eq 1 ] && grep -q 'stopped by signal 15' err || fail "exit code $code: $(cat err)"
    sed -i 's/ --rate-limit=64k / /' err # and no minute for it
    goes_on in.img out.img ;;
nice)
    # All of it: the kernel's workers for its disks, and the server that it starts.
    make_image in.img 4M 3
    "$DECANT" --no-extents --rate-limit=64k --nice [ nbdkit --exit-with-parent file in.img ] out.img 2>err &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    wait_for test -s out.img
    niceness "$pid" >priorities
    kill -TERM $pid
    wait $pid || true
    grep -q nbdkit priorities || fail "no server: $(cat priorities)"
    awk '$1 != 19 { print; bad = 1 } END { exit bad }' priorities || fail "not the least priority" ;;
refused)
    must_fail 64 'rate-limit=1k: must be a size from 64k' --rate-limit=1k a b ;;
esac
