#!/bin/bash
# SPDX-License-Identifier: MIT
# All memory is taken at the start: after the first byte has been read no call
# that gets memory or makes a process may show, and the peak stays under 24 MiB,
# whatever the size of the disk, the number of its extents or the server's taste.
#
# cases: pattern-to-null sparse-to-file many-extents file-to-nbd nbd-to-nbd file-to-file
# cases: large-memory small-memory 16-connections tls-to-tls tls-16-connections tls-secret
# cases: far far-memory-given skip-identical

. "$(dirname "$0")/../functions.sh"
requires_strace
requires_program nbdkit /usr/bin/time
requires_nbdkit_plugin pattern
requires_holes

limit_kib=24576
least_kib=0
options=()
# No room for what is reserved for long lines: on a busy machine next door may seem far away.
limits=(prlimit --as=$((44 << 20)))

# regions FILE COUNT STEP BYTES: a disk of 4 GiB with COUNT regions of data in it.
regions() {
    perl -e '
        my ($file, $count, $step, $bytes) = @ARGV;
        open(my $out, ">", $file) or die;
        for (0 .. $count - 1) { seek $out, $_ * $step, 0; print $out chr(1 + $_ % 255) x $bytes }
        truncate $out, 4 << 30;
    ' "$@"
}

# Whether BYTES can be spared as far as the machine tells, by itself and by each of the control groups that this is in; where one of
# these can't be read, decant knows no more than we do.
can_spare() {
    local least=$1 line top name group limit
    [ $(($(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo) * 1024)) -ge "$least" ] || return 1
    while read -r line; do
        case $line in
        0::*) top=/sys/fs/cgroup name=memory.max ;;
        *:*memory*:*) top=/sys/fs/cgroup/memory name=memory.limit_in_bytes ;;
        *) continue ;;
        esac
        group=${line#*:*:}
        group=${group%/}
        while [ -n "$group" ] || [ -e "$top/$name" ]; do
            limit=$(cat "$top$group/$name" 2>/dev/null) || return 1
            [ "$limit" = max ] || [ "$limit" -ge "$least" ] || return 1
            [ -n "$group" ] || break
            group=${group%/*}
        done
    done </proc/self/cgroup
}

case $1 in
pattern-to-null)
    serve_nbdkit s pattern 4G
    from=$(uri s) to=null: ;;
sparse-to-file)
    requires_nbdkit_plugin sparse-random
    serve_nbdkit s sparse-random 4G seed=61 percent=10
    from=$(uri s) to=out.img ;;
many-extents)
    # 32768 extents, more than any window over them may hold.
    regions in.img 16384 16384 4096
    serve_nbdkit s file in.img
    from=$(uri s) to=out.img ;;
file-to-nbd|skip-identical)
    # What compares has buffers of its own: docs/MEMORY.md.
    [ "$1" = file-to-nbd ] || { options=(--skip-identical); limit_kib=$((limit_kib + 4200)); }
    regions in.img 1024 4194304 65536
    truncate -s 4G out.img
    serve_nbdkit d file out.img
    from=in.img to=$(uri d) ;;
nbd-to-nbd)
    regions in.img 1024 4194304 65536
    truncate -s 4G out.img
    serve_nbdkit s file in.img
    serve_nbdkit d file out.img
    from=$(uri s) to=$(uri d) ;;
file-to-file)
    regions in.img 1024 4194304 65536
    from=in.img to=out.img ;;
large-memory)
    limits=()
    # What is given is what is taken, and not more.
    options=(--memory=64M)
    limit_kib=$(((64 + 8) * 1024))
    serve_nbdkit s pattern 1G
    from=$(uri s) to=null: ;;
small-memory)
    options=(--memory=1M)
    limit_kib=$(((1 + 8) * 1024))
    serve_nbdkit s pattern 256M
    from=$(uri s) to=out.img ;;
16-connections)
    options=(--connections=16)
    serve_nbdkit s pattern 1G
    from=$(uri s) to=null: ;;
far*)
    # A line that holds more than the payload gets what was reserved besides, but where it was said how much to take.
    requires_nbdkit_filter delay
    limits=()
    case $1 in
    far)
        can_spare $((512 << 20)) || skip "the machine tells of no memory to spare" # an eighth of it, and others take some meanwhile
        least_kib=$((32 * 1024)) limit_kib=$((limit_kib + 32 * 1024)) ;;
    far-memory-given) options=(--memory=16M) ;;
    esac
    serve_nbdkit s --threads=64 --filter=delay pattern 1G rdelay=100ms
    from=$(uri s) to=null: ;;
tls-*)
    . "$(dirname "$0")/../tls.sh"
    make_server p256
    make_psk alice
    truncate -s 1G out.img
    regions in.img 2048 524288 32768
    truncate -s 1G in.img
    how=x509 parameters=$with_ca user=''
    case $1 in
    tls-secret) how=psk parameters=$with_psk user=alice ;;
    tls-16-connections)
        # Each one has its session: docs/MEMORY.md.
        options=(--connections=16)
        limit_kib=28672 ;;
    esac
    serve_tls s nbdkit "$how" in.img
    serve_tls d nbdkit "$how" out.img
    from=$(tls_uri s "$parameters") to=$(tls_uri d "$parameters") ;;
*) fail "no such case" ;;
esac

# The peak, of decant alone.
/usr/bin/time -f %M -o peak "${limits[@]}" "$DECANT" "${options[@]}" "$from" "$to"
peak_kib=$(tail -n 1 peak)
echo "peak $peak_kib KiB"
[ "$peak_kib" -le "$limit_kib" ] || fail "the peak is $peak_kib KiB, $limit_kib KiB expected at most"
[ "$peak_kib" -ge "$least_kib" ] || fail "the peak is $peak_kib KiB, $least_kib KiB expected at least"

# The calls.
case $to in out.img) rm out.img ;; esac
strace --seccomp-bpf -f -o trace \
    -e trace=memory,process,read,recvfrom,recvmsg,pread64,preadv,preadv2,io_uring_enter,splice \
    "$DECANT" "${options[@]}" "$from" "$to"
[ -s trace ] || fail "nothing was traced"
# After the 50th read or submission: from there on data moves. (The first ones are
# the handshake's. Advice on the size of pages gets no memory.)
awk '
    / madvise\(.*MADV_HUGEPAGE/ { next }
    / (read|recvfrom|recvmsg|pread64|preadv2?|io_uring_enter|splice)\(/ { moves++; next }
    moves > 50 && / (brk|mmap|mremap|munmap|madvise|clone3?|fork|vfork|execve)\(/ { print; bad = 1 }
    END { if (moves < 100) { print "only " moves " reads"; bad = 1 }; exit bad }
' trace >found || fail "memory or processes after the start: $(head -n 20 found)"
case $from in in.img) same_sparse in.img "${to/nbd+*/out.img}" ;; esac
