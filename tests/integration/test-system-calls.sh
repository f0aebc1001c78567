#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk in small fragments costs few system calls: requests that are small are
# sent together, and replies are read together. A large request is sent by one.
#
# cases: fragments-to-nbd fragments-from-nbd large-to-nbd

. "$(dirname "$0")/../functions.sh"
requires_strace
requires_program nbdkit
requires_nbdkit_plugin file
requires_holes

# 8192 times 4 KiB of data and a hole as large.
perl -e 'open(my $o, ">", "in.img") or die;
         for (0 .. 8191) { seek $o, 8192 * $_, 0; print $o chr(1 + $_ % 255) x 4096 } truncate $o, 64 << 20'

# How many sends of any kind strace counted.
sends() { awk '$NF == "sendto" || $NF == "sendmsg" { n += $4 } END { print n + 0 }' calls; }
count_calls() { strace -f -c -o calls "$DECANT" "$@"; }

case $1 in
fragments-to-nbd)
    # 8192 writes and as many zeros; alone, each would be sent by itself, and the writes' headers too.
    truncate -s 64M out.img
    serve_nbdkit d file out.img
    count_calls in.img "$(uri d)"
    sent=$(sends)
    cmp in.img out.img
    [ "$sent" -gt 0 ] && [ "$sent" -le 4096 ] || fail "$sent sends for 16384 requests" ;;
fragments-from-nbd)
    serve_nbdkit s file in.img
    # Each request by itself: a bridge over the holes would make few of them.
    count_calls --request-size=4k --no-extents "$(uri s)" out.img
    sent=$(sends)
    cmp in.img out.img
    [ "$sent" -gt 0 ] && [ "$sent" -le 8192 ] || fail "$sent sends for 16384 requests" ;;
large-to-nbd)
    # The server has the first request and sleeps over it: there must be room for the second.
    requires_nbdkit_filter delay
    requires_root
    head -c 2M /dev/urandom >in.img
    truncate -s 2M out.img
    serve_nbdkit d --threads=1 --filter=delay file out.img wdelay=300ms
    strace -f -o calls -e trace=sendto,sendmsg "$DECANT" -C1 in.img "$(uri d)"
    cmp in.img out.img
    whole=$(awk '/524288/ && $NF >= 524288 { n++ } END { print n + 0 }' calls)
    [ "$whole" -ge 2 ] || fail "$whole of 4 requests were sent by one call: $(cat calls)" ;;
esac
