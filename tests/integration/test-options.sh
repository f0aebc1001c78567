#!/bin/bash
# SPDX-License-Identifier: MIT
# What an option promises is seen in the requests that the servers get, not in the
# content alone: holes that aren't read, zeros that aren't sent, room that stays.
#
# cases: holes-are-not-read holes-may-be-trimmed allocated-keeps-room destination-is-zero
# cases: sparse-0-writes-zeros sparse-64K sparse-512 memory-smallest memory-large
# cases: verbose requests-in-flight double-dash options-after-places bundled-options

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter log delay
requires_holes

# 1 MiB of data, 2 MiB of hole, 1 MiB of written zeros, 64 KiB of data.
make_block 1048576 >in.img
truncate -s 3M in.img
head -c 1048576 /dev/zero >>in.img
make_block 65536 >>in.img
size=$(size_of in.img)
junk out.img "$size"

serve_logged() {
    serve_nbdkit "$1" --filter=log file "$2" logfile="$1.log"
}

sum() {
    log_ranges "$1.log" "$2" | awk '{ n += $2 } END { print n + 0 }'
}

case $1 in
holes-are-not-read)
    serve_logged s in.img
    must_copy "$(uri s)" out.img
    end_server s
    [ "$(sum s Read)" -eq $((size - 2097152)) ] || fail "$(sum s Read) bytes were read" ;;
holes-may-be-trimmed)
    serve_logged d out.img
    must_copy in.img "$(uri d)"
    end_server d
    [ "$(sum d Zero)" -eq 3145728 ] || fail "$(sum d Zero) bytes were zeroed"
    [ "$(grep -c ' Zero id=.*may_trim=0' d.log)" -eq 0 ] || fail "room was kept for zeros"
    allocated_at_most out.img 1200K ;;
allocated-keeps-room)
    serve_logged d out.img
    must_copy --allocated in.img "$(uri d)"
    end_server d
    [ "$(grep -c ' Zero id=.*may_trim=1' d.log)" -eq 0 ] || fail "room was given away" ;;
destination-is-zero)
    truncate -s 0 out.img
    truncate -s "$size" out.img
    serve_logged d out.img
    must_copy --destination-is-zero in.img "$(uri d)"
    end_server d
    [ "$(log_count d.log Zero)" -eq 0 ] || fail "zeros were sent to what is zero"
    [ "$(sum d Write)" -eq 1114112 ] || fail "$(sum d Write) bytes were written" ;;
sparse-0-writes-zeros)
    # Holes of the source are zeros still; zeros that were read are data.
    serve_logged d out.img
    must_copy --sparse=0 in.img "$(uri d)"
    end_server d
    [ "$(sum d Zero)" -eq 2097152 ] || fail "$(sum d Zero) bytes were zeroed"
    [ "$(sum d Write)" -eq 2162688 ] || fail "$(sum d Write) bytes were written" ;;
sparse-64K|sparse-512)
    serve_logged d out.img
    cat in.img | must_copy --sparse="${1#*-}" - "$(uri d)"
    end_server d
    [ "$(sum d Zero)" -eq 3145728 ] || fail "$(sum d Zero) bytes were zeroed" ;;
memory-smallest)
    serve_logged s in.img
    must_copy --memory=512K "$(uri s)" out.img ;;
memory-large)
    serve_logged s in.img
    must_copy --memory=1G "$(uri s)" out.img ;;
verbose)
    run_decant --verbose in.img out.img
    [ "$code" -eq 0 ] || fail "exit code $code"
    [ -s err ] && ! grep -v '^decant: ' err || fail "got: $(cat err)" ;;
requests-in-flight)
    # Reads of a slow server overlap: some come in before others have gone out.
    make_block 8388608 >in.img
    serve_nbdkit s --filter=log --filter=delay file in.img rdelay=300ms logfile=s.log
    must_copy -C 1 "$(uri s)" out.img
    end_server s
    most=$(awk '/ Read id=.*\.\.\.$/ { n++; if (n > most) most = n } / \.\.\.Read id=/ { n-- }
                END { print most + 0 }' s.log)
    [ "$most" -ge 8 ] || fail "$most reads at once on one connection" ;;
double-dash)
    cp in.img ./-v
    must_copy --no-flush -- -v out.img ;;
options-after-places)
    run_decant in.img out.img --report
    [ "$code" -eq 0 ] && grep -q '^decant: done: ' err || fail "exit code $code: $(cat err)" ;;
bundled-options)
    run_decant -vC2 -S0 in.img out.img
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)" ;;
*) fail "no such case" ;;
esac
same in.img out.img
