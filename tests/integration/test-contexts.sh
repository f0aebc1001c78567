#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers answer for each metadata context by itself, in whatever order and length
# they like; however they do, the merged map is the same, and what is said of no
# byte is believed of none. The server of these tests also offers
# qemu:joint-allocation, which no released one has.
#
# cases: plain reverse one short split long extended extended-long short-reverse-split
# cases: joint-first joint-missing mute unknown fail copy-layer-joint copy-dirty copy-dirty-blocks
# cases: copy-dirty-mute copy-dirty-fails copy-mute copy-layer-hole suddenly-dense

. "$(dirname "$0")/../functions.sh"

size=262144
make_block $size >in.img
dd if=/dev/zero of=in.img bs=4096 seek=8 count=12 conv=notrunc status=none
dd if=/dev/zero of=in.img bs=1024 seek=161 count=1 conv=notrunc status=none

# Contexts that change in different places: 4 KiB units, but for a KiB within one.
cat >extents <<'END'
base:allocation 32768 0
base:allocation 16384 3
base:allocation 32768 2
base:allocation 83 0
base:allocation 180141 0
qemu:allocation-depth 16384 1
qemu:allocation-depth 24576 0
qemu:allocation-depth 24576 1
qemu:allocation-depth 65536 2
qemu:allocation-depth 131072 1
qemu:dirty-bitmap:b 4096 0
qemu:dirty-bitmap:b 40960 1
qemu:dirty-bitmap:b 69632 0
qemu:dirty-bitmap:b 50176 1
qemu:dirty-bitmap:b 512 0
qemu:dirty-bitmap:b 96768 1
END
# Of the joint one, the same as of the first two, merged by hand.
cat >joint <<'END'
qemu:joint-allocation 16384 4
qemu:joint-allocation 16384 0
qemu:joint-allocation 8192 3
qemu:joint-allocation 8192 7
qemu:joint-allocation 16384 6
qemu:joint-allocation 16384 10
qemu:joint-allocation 49152 8
qemu:joint-allocation 131072 4
END
contexts=(--context=base:allocation --context=qemu:allocation-depth --context=qemu:dirty-bitmap:b)

# What a map of the three must say, without the words.
expected_map() {
    cat <<'END'
0 4096 0 1 0
4096 12288 0 1 1
16384 16384 0 0 1
32768 8192 3 0 1
40960 4096 3 1 1
45056 4096 3 1 0
49152 16384 2 1 0
65536 16384 2 2 0
81920 32768 0 2 0
114688 16384 0 2 1
131072 33792 0 1 1
164864 512 0 1 0
165376 96768 0 1 1
END
}

map_is() {
    must_copy map "${contexts[@]}" "$(uri s)" | awk 'NR > 1 { gsub(/backing depth [0-9]+|[a-z,]+/, ""); $1 = $1; print }' >map
    diff map "$1" >&2 || fail "another map"
}

# The parts of the disk that are marked 1 in a context, and the rest of out.img's.
part_of_disk() { # CONTEXT VALUE
    perl -e '
        my ($context, $value) = @ARGV;
        open(my $in, "<:raw", "in.img"); read $in, my $disk, -s $in;
        open(my $before, "<:raw", "before.img"); read $before, my $kept, -s $before;
        open(my $lines, "<", "extents");
        my $at = 0;
        while (<$lines>) {
            my ($name, $length, $flags) = split;
            next if $name ne $context;
            substr($kept, $at, $length) = substr($disk, $at, $length) if $flags == $value;
            $at += $length;
        }
        print $kept;' "$1" "$2" >expected.img
}

expected_map >expected
serve() { serve_contexts s in.img extents "$@"; }
case $1 in
plain) serve; map_is expected ;;
reverse) serve reverse; map_is expected ;;
one) serve one; map_is expected ;;
short) serve short; map_is expected ;;
split) serve split; map_is expected ;;
long) serve long; map_is expected ;;
extended) serve extended; map_is expected ;;
extended-long) serve extended long reverse; map_is expected ;;
short-reverse-split) serve short reverse split; map_is expected ;;
joint-first|joint-missing)
    [ "$1" = joint-missing ] || cat joint >>extents
    serve
    must_copy map --json=imageio "$(uri s)" >map
    case $1 in
    joint-first) wanted='set qemu:joint-allocation' ;;
    joint-missing) wanted='set qemu:joint-allocation
set base:allocation qemu:allocation-depth' ;;
    esac
    [ "$(cat s.log)" = "$wanted" ] || fail "asked for: $(cat s.log)"
    perl -MJSON::PP -e '
        for my $extent (@{ decode_json(join "", <STDIN>) }) {
            print join(" ", map { $extent->{$_} + 0 } qw(start length zero hole)), "\n";
        }' <map >lines
    cat >wanted <<'END'
0 16384 0 0
16384 16384 0 1
32768 8192 1 1
40960 24576 1 0
65536 16384 1 1
81920 49152 0 1
131072 131072 0 0
END
    diff lines wanted >&2 || fail "another map" ;;
mute)
    # Nothing is known where one says nothing.
    serve mute=qemu:allocation-depth
    must_fail 1 'extents of .* failed at offset 0' map "${contexts[@]}" "$(uri s)" ;;
unknown)
    serve
    must_fail 1 'no metadata context "x:y"; it has base:allocation, qemu:allocation-depth, qemu:dirty-bitmap:b$' \
        map --context=x:y "$(uri s)" ;;
fail)
    serve fail=70000
    must_fail 1 'extents of .* failed at offset 0: I/O error' map "$(uri s)" ;;
suddenly-dense)
    # Long extents have made the windows large when the longest answer to one comes.
    requires_holes
    truncate -s 1600M in.img
    perl -e 'print "base:allocation ", 960 << 20, " 3\n";
        print "base:allocation 4096 0\nbase:allocation 4096 3\n" for 1 .. 65536;
        print "base:allocation ", 128 << 20, " 3\n"' >extents
    serve extended
    must_copy map --totals "$(uri s)" >out
    [ "$(tr -s ' ' <out)" = " 268435456 16.0% 0 data
1409286144 84.0% 3 hole,zero" ] || fail "$(cat out)" ;;
copy-mute)
    # A full copy reads what isn't known.
    serve mute=base:allocation
    must_copy "$(uri s)" out.img
    same in.img out.img ;;
copy-layer-joint)
    cat joint >>extents
    serve short
    make_block $size | tr '\0-\377' '\1-\377\0' >before.img
    cp before.img out.img
    must_copy --layer "$(uri s)" out.img
    [ "$(cat s.log)" = "set qemu:joint-allocation" ] || fail "asked for: $(cat s.log)"
    part_of_disk qemu:allocation-depth 1
    same expected.img out.img ;;
copy-layer-hole)
    # The HOLE bit says nothing of which image has it.
    printf '%s\n' 'qemu:joint-allocation 131072 5' 'qemu:joint-allocation 131072 1' >extents
    serve
    make_block $size | tr '\0-\377' '\1-\377\0' >before.img
    cp before.img out.img
    must_copy --layer "$(uri s)" out.img
    part_of_disk qemu:joint-allocation 5
    same expected.img out.img ;;
copy-dirty|copy-dirty-blocks)
    manners=(reverse short)
    [ "$1" = copy-dirty ] || manners=(block=1024)
    serve "${manners[@]}"
    make_block $size | tr '\0-\377' '\1-\377\0' >before.img
    part_of_disk qemu:dirty-bitmap:b 1
    # On any byte; on blocks of 4 KiB, where the 512 clean bytes have to be read and written back.
    cp before.img out.img
    must_copy --dirty-bitmap=b "$(uri s)" out.img
    same expected.img out.img
    cp before.img out.img
    serve_qemu d --image-opts driver=blkdebug,align=4096,image.driver=file,image.filename=out.img
    must_copy --dirty-bitmap=b "$(uri s)" "$(uri d)"
    end_server d
    same expected.img out.img
    # And what is clean isn't even touched.
    requires_nbdkit_filter log
    cp before.img out.img
    serve_nbdkit d --filter=log file out.img logfile=log
    must_copy --dirty-bitmap=b "$(uri s)" "$(uri d)"
    end_server d
    { log_ranges log Write; log_ranges log Zero; } | sort -n >ranges
    awk '{ if ($1 < 4096 || ($1 < 114688 && $1 + $2 > 45056) || ($1 < 165376 && $1 + $2 > 164864)) { print; bad = 1 } }
        END { exit bad }' ranges >&2 || fail "clean ranges were written"
    [ "$(awk '{ n += $2 } END { print n }' ranges)" -eq 187904 ] || fail "not all that is dirty, once: $(cat ranges)" ;;
copy-dirty-mute|copy-dirty-fails)
    if [ "$1" = copy-dirty-mute ]; then serve mute=qemu:dirty-bitmap:b; else serve fail=0; fi
    guard_files
    cp precious.img out.img
    must_fail 1 'asking for the extents of .* failed at offset 0' --dirty-bitmap=b "$(uri s)" out.img
    same precious.img out.img
    end_server s
    serve
    cp in.img out.img
    goes_on in.img out.img ;;
*) fail "no such case" ;;
esac
