#!/bin/bash
# SPDX-License-Identifier: MIT
# A disk of 1 TiB of which 99 % is finished is gone on with at once: nothing of what is finished is asked for or read, however many
# areas it is in, before the first byte moves.
#
# cases: copy copy-many-areas rescue rescue-many-areas

. "$(dirname "$0")/../functions.sh"
requires_program perl
requires_holes
requires_nbdkit_filter log
size=$((1 << 40)) rest=$(((1 << 40) / 100 * 99 / 65536 * 65536))
sparse_image disk.img $size 0 $rest
truncate -s $size out.img

# make_map COUNT STATUS: all below `rest` is finished, but for as many sectors.
make_map() {
    perl -e '
        my ($size, $rest, $count, $status) = @ARGV;
        my ($at, $step) = (0, int($rest / ($count + 1) / 65536) * 65536);
        print("0 ? 1\n");
        for (1 .. $count) {
            printf("0x%X 0x%X +\n0x%X 0x200 %s\n", $at, $step * $_ - $at, $step * $_, $status);
            $at = $step * $_ + 512;
        }
        printf("0x%X 0x%X +\n0x%X 0x%X ?\n", $at, $rest - $at, $rest, $size - $rest);
    ' "$size" "$rest" "$1" "$2" >out.map
}

# requests: what was asked of the source, as KIND OFFSET COUNT.
requests() {
    sed -n 's/.* \(Read\|Extents\) id=.* offset=\(0x[0-9a-f]*\) count=\(0x[0-9a-f]*\).*/\1 \2 \3/p' log |
        while read -r what offset count; do echo "$what" $((offset)) $((count)); done
}
has_moved() { has_ended "$pid" || [ "$(($(stat -c %b out.img) * 512))" -ge 65536 ]; }

# goes_on REQUESTS COMMAND...: with no more of them before what is left is read. A rescue reads all its holes, so it is stopped then.
goes_on() {
    : >log
    "$DECANT" "${@:2}" 2>err &
    pid=$!
    wait_for has_moved
    [ "$2" = copy ] || kill -TERM $pid 2>/dev/null || true
    code=0
    wait $pid || code=$?
    [ "$code" -eq "$([ "$2" = copy ] && echo 0 || echo 1)" ] || fail "exit code $code: $(cat err)"
    requests >all
    awk -v rest=$rest '{ print } $1 == "Read" && $2 <= rest && $2 + $3 > rest { found = 1; exit } END { exit !found }' all >before ||
        fail "the rest wasn't read: $(cat err; head -n 20 log)"
    echo "$(wc -l <before) requests before the first byte"
    [ "$(wc -l <before)" -le "$1" ] || fail "that are more than $1: $(head -n 50 before)"
    # But for the sectors that are left, and the blocks that tell which disk it is.
    ! awk -v rest=$rest '$2 < rest && $3 != 512 && $3 != 4096' before | grep . || fail "what is finished was asked for"
    [ "$(dd if=out.img bs=64K skip=$rest count=1 iflag=skip_bytes status=none | cmp - block.data && echo same)" = same ] ||
        fail "the rest isn't there: $(cat err)"
}
disk=('[' nbdkit --readonly --filter=log file disk.img logfile=log logappend=true ']')

# As many as are out at once, in any order, and some.
case $1 in
copy)
    make_map 0 +
    goes_on 40 copy --mapfile=out.map "${disk[@]}" out.img ;;
copy-many-areas)
    make_map 4000 '?'
    goes_on 4040 copy --mapfile=out.map "${disk[@]}" out.img ;;
rescue)
    make_map 0 +
    goes_on 70 rescue -q "${disk[@]}" out.img --mapfile=out.map ;;
rescue-many-areas)
    make_map 4000 -
    goes_on 70 rescue -q "${disk[@]}" out.img --mapfile=out.map ;;
*) fail "no such case" ;;
esac
