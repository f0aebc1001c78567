#!/bin/bash
# SPDX-License-Identifier: MIT
# Block maps say which part of an image is written, and what it should be: so a copy by one is what bmaptool's is, and what the map calls
# something else never ends with 0, whatever else the copy does.
#
# cases: as-bmaptool block-sizes each-version each-digest new-file device whole-disk nothing-mapped no-digests many-ranges cut-last-block
# cases: connections out-of-order as-an-image-server
# cases: wrong wrong-long wrong-each wrong-last wrong-by-server wrong-device held-back null json
# cases: from from-at-a-range interrupted mapfile mapfile-wrong mapfile-of-others mapfile-held-back
# cases: verify verify-repairs verify-in-vain verify-source-lies verify-source-changes verify-from
# cases: map-for-bmaptool map-of-a-server map-of-zeros map-of-larger-blocks map-refused map-cut-short
# cases: other-size damaged refused unreadable-blocks options on-a-device

. "$(dirname "$0")/../functions.sh"

# The same for the same seed: holes, data and written zeros, on blocks of 4 KiB.
image() { # FILE BLOCKS SEED
    perl -e '
        my ($file, $blocks, $seed) = @ARGV;
        srand($seed);
        open(my $out, ">", $file) or die;
        for (my $at = 0; $at < $blocks;) {
            my $run = 1 + int rand(rand() < 0.2 ? 300 : 12);
            $run = $blocks - $at if $run > $blocks - $at;
            my $kind = int rand 5;
            for my $block ($kind < 2 ? () : $at .. $at + $run - 1) {
                seek $out, $block * 4096, 0;
                print $out $kind == 2 ? "\0" x 4096 : pack("Q>Q>", $block, $seed) x 256;
            }
            $at += $run;
        }
        truncate $out, $blocks * 4096;' "$@"
}

# ranges FILE: the ranges of a map, as "FIRST LAST", in blocks.
ranges() { sed -nE 's|.*<Range[^>]*> *([0-9]+) *</Range>.*|\1 \1|p; s|.*<Range[^>]*> *([0-9]+) *- *([0-9]+) *</Range>.*|\1 \2|p' "$1"; }

# expected_of BMAP IMAGE DESTINATION [BLOCK]: what becomes of it: in expected.img.
expected_of() {
    ranges "$1" | perl -e '
        my ($image, $destination, $block) = @ARGV;
        local $/;
        open(my $from, "<", $image) or die;
        open(my $to, "<", $destination) or die;
        my ($in, $out) = (scalar <$from>, scalar <$to>);
        for (split /\n/, <STDIN>) {
            my ($first, $last) = split;
            my $length = ($last + 1 - $first) * $block;
            $length = length($in) - $first * $block if $first * $block + $length > length $in;
            substr($out, $first * $block, $length) = substr($in, $first * $block, $length);
        }
        print $out;' "$2" "$3" "${4:-4096}" >expected.img
}

# seal FILE: puts the map's own digest right.
seal() {
    perl -MDigest::SHA -MDigest::MD5 -0777 -pi -e '
        if (m{<(BmapFileSHA1|BmapFileChecksum)>\s*}) {
            my $kind = $1 eq "BmapFileSHA1" ? "sha1" : m{<ChecksumType>\s*(\w+)} && $1;
            my $bytes = { md5 => 16, sha1 => 20, sha224 => 28, sha256 => 32, sha384 => 48, sha512 => 64 }->{$kind};
            s{(<BmapFile\w+>\s*)[0-9a-f]*}{$1 . "0" x (2 * $bytes)}e;
            my $hex = $kind eq "md5" ? Digest::MD5::md5_hex($_) : Digest::SHA->new($kind)->add($_)->hexdigest;
            s{(<BmapFile\w+>\s*)0+}{$1$hex};
        }' "$1"
}

# as_version VERSION FILE: a map with SHA-1, as bmaptool wrote them then.
as_version() {
    case $1 in
    1.2) sed -e 's/ chksum=/ sha1=/' -e '/ChecksumType>/d' -e '/BmapFileChecksum>/d' ;;
    1.3) sed -e 's/ chksum=/ sha1=/' -e '/ChecksumType>/d' -e 's/BmapFileChecksum>/BmapFileSHA1>/g' ;;
    1.4) cat ;;
    esac <"$2" | sed "s/<bmap version=\"2.0\">/<bmap version=\"$1\">/" >"$1.bmap"
    seal "$1.bmap"
}

# bmap FILE IMAGE [OPTIONS]: bmaptool's map of an image.
bmap() {
    requires_program bmaptool
    bmaptool create -o "$1" "${@:3}" "$2" 2>bmaptool.err >&2 || fail "bmaptool: $(cat bmaptool.err)"
}

# bmap_of KIND FILE IMAGE: the same with digests of that kind, which bmaptool has no option for. Its python may not be the first one here.
bmap_of() {
    requires_program bmaptool
    "$(sed -n '1s/^#! *//p' "$(command -v bmaptool)")" - "$@" <<'END' 2>bmaptool.err || fail "bmaptool: $(cat bmaptool.err)"
import sys
try:
    from bmaptools.BmapCreate import BmapCreate
except ImportError:
    from bmaptool.BmapCreate import BmapCreate
with open(sys.argv[2], "w+") as bmap:
    BmapCreate(sys.argv[3], bmap, sys.argv[1]).generate(True)
END
}

junk_of() { head -c "$(size_of "$1")" /dev/zero | tr '\0' 'J' >out.img; }

# copies ARGUMENTS...: by in.bmap from in.img to junk, of which the rest stays.
copies() {
    junk_of in.img
    expected_of in.bmap in.img out.img
    must_copy --bmap=in.bmap "$@" in.img out.img
    [ ! -s err ] || fail "it says: $(cat err)"
    same expected.img out.img
}

# break_at OFFSET: the image isn't any more what its map says.
break_at() { flip in.img "$1"; }

# Three ranges, of 40, 1 and 2000 blocks, and the rest of 6000.
three_ranges() {
    truncate -s $((6000 * 4096)) in.img
    local first blocks
    while read -r first blocks; do
        head -c $((blocks * 4096)) /dev/urandom | dd of=in.img bs=4096 seek="$first" conv=notrunc status=none iflag=fullblock
    done <<<'10 40
100 1
3000 2000'
    requires_holes
    bmap in.bmap in.img
    [ "$(ranges in.bmap | tr '\n' ,)" = '10 49,100 100,3000 4999,' ] || fail "another map: $(ranges in.bmap)"
    cp in.img good.img
}

# begin_slowly ARGUMENTS...: a copy to junk in the background, as $pid, which has come into the last of the three ranges.
begin_slowly() {
    "$DECANT" --rate-limit=2M "$@" 2>err &
    pid=$!
    wait_for is_in_last
}
is_in_last() { [ "$(dd if=out.img bs=4096 skip=3100 count=1 status=none | tr -d J | wc -c)" -gt 0 ]; }

# end_slowly PATTERN: it has failed, and says so; what it says goes on at once.
end_slowly() {
    code=0
    wait "$pid" || code=$?
    must_say "$1"
    sed -i 's/ --rate-limit=2M//' err
}

# must_refuse PATTERN ARGUMENTS...: exit code 4, in one message.
must_refuse() { must_fail 4 "$@"; ! grep -q finished err || fail "got: $(cat err)"; }

case $1 in
as-bmaptool)
    for seed in 1 2 3 4 5; do
        image in.img $((500 * seed)) $seed
        bmap in.bmap in.img
        rm -f theirs.img new.img
        bmaptool copy --bmap in.bmap in.img theirs.img >bmaptool.out 2>&1 || fail "bmaptool: $(cat bmaptool.out)"
        must_copy --bmap=in.bmap in.img new.img
        same theirs.img new.img
        [ "$(stat -c %b new.img)" -le "$(stat -c %b theirs.img)" ] || fail "it takes more than bmaptool's"
        copies
    done ;;
block-sizes)
    # bmaptool takes its blocks' size from the file system.
    requires_root
    requires_program mkfs.ext4 mount losetup
    for block in 1024 2048 4096; do
        truncate -s 64M fs.img
        mkfs.ext4 -q -F -b $block fs.img
        mkdir -p fs
        mount -o loop fs.img fs 2>mount.err || skip "no loop mounts: $(cat mount.err)"
        at_exit+=("umount -q fs")
        make_image fs/in.img 3000000 $block
        truncate -s 3000320 fs/in.img # a last block that is cut, of whole sectors
        bmap in.bmap fs/in.img
        grep -q "<BlockSize> $block </BlockSize>" in.bmap || fail "another block size: $(grep BlockSize in.bmap)"
        cp --sparse=always fs/in.img in.img
        umount fs
        junk_of in.img
        expected_of in.bmap in.img out.img $block
        must_copy --bmap=in.bmap in.img out.img
        same expected.img out.img
        rm -f theirs.img
        bmaptool copy --bmap in.bmap in.img theirs.img >bmaptool.out 2>&1 || fail "bmaptool: $(cat bmaptool.out)"
        rm -f new.img
        must_copy --bmap=in.bmap in.img new.img
        same theirs.img new.img
    done ;;
each-version)
    image in.img 900 7
    bmap two.bmap in.img
    bmap_of sha1 sha1.bmap in.img # as versions before 1.4 have it
    for version in 1.2 1.3 1.4 2.0; do
        if [ $version = 2.0 ]; then cp two.bmap 2.0.bmap; else as_version $version sha1.bmap; fi
        rm -f theirs.img new.img
        bmaptool copy --bmap $version.bmap in.img theirs.img >bmaptool.out 2>&1 || fail "$version: bmaptool: $(cat bmaptool.out)"
        must_copy --bmap=$version.bmap in.img new.img
        [ ! -s err ] || fail "$version: it says: $(cat err)"
        same theirs.img new.img
        # And each is held to its digests.
        cp in.img bad.img
        flip bad.img $(($(ranges $version.bmap | awk 'END { print $1 }') * 4096 + 5))
        must_refuse 'another digest' --bmap=$version.bmap bad.img null:
    done ;;
each-digest)
    image in.img 300 3
    for kind in md5 sha1 sha224 sha256 sha384 sha512; do
        bmap_of $kind in.bmap in.img
        copies
        cp in.img good.img
        break_at $(($(ranges in.bmap | sed -n '1s/ .*//p') * 4096))
        must_refuse "has another digest .$kind." --bmap=in.bmap in.img null:
        mv good.img in.img
    done
    bmap_of blake2b in.bmap in.img
    must_fail 1 "in.bmap, line [0-9]*: digests of type blake2b can't be checked: md5, sha1, sha224, sha256, sha384 and sha512 can" \
        --bmap=in.bmap in.img null: ;;
new-file)
    three_ranges
    must_copy --bmap=in.bmap in.img new.img
    same in.img new.img
    allocated_at_most new.img 8200K ;;
device)
    # bmaptool writes to a device what it writes to a file, and leaves the rest of it alone, as we do.
    requires_root
    requires_program losetup
    image in.img 1500 9
    bmap in.bmap in.img
    for who in theirs ours; do
        head -c 7000064 /dev/zero | tr '\0' 'J' >$who.img
        truncate -s 8M $who.img
        attach $who $who.img
    done
    # shellcheck disable=SC2154 # attach() sets them
    bmaptool copy --bmap in.bmap in.img "$theirs" >bmaptool.out 2>&1 || fail "bmaptool: $(cat bmaptool.out)"
    must_copy --bmap=in.bmap in.img "$ours"
    same theirs.img ours.img ;;
whole-disk)
    head -c 1000000 /dev/urandom >in.img
    bmap in.bmap in.img
    copies
    same in.img out.img ;;
nothing-mapped)
    truncate -s 1M in.img
    bmap in.bmap in.img
    [ "$(ranges in.bmap | wc -l)" -eq 0 ] || skip "this file system has data in a hole"
    copies ;;
no-digests)
    requires_program bmaptool
    three_ranges
    bmap in.bmap in.img --no-checksum
    junk_of in.img
    expected_of in.bmap in.img out.img
    must_copy --bmap=in.bmap in.img out.img
    grep -Fq "decant: 3 ranges of in.img weren't checked (8359936 bytes together, the first at offset 40960): the map has no digests of them" err ||
        fail "got: $(cat err)"
    same expected.img out.img ;;
many-ranges)
    # Every second block of 6,000 ranges: more than a map of areas can tell apart, which a mapfile says.
    perl -e 'open(my $out, ">", "in.img"); for (0 .. 5999) { seek $out, $_ * 8192, 0; print $out pack("Q>", $_) x 512 }
        truncate $out, 6000 * 8192'
    bmap in.bmap in.img
    [ "$(ranges in.bmap | wc -l)" -eq 6000 ] || skip "this file system keeps no holes of a block"
    must_copy --bmap=in.bmap in.img new.img
    same in.img new.img
    rm new.img
    must_copy --verify --bmap=in.bmap in.img new.img
    same in.img new.img
    break_at $((5999 * 8192))
    must_refuse "the range of 4096 bytes at offset $((5999 * 8192)) has another digest" --bmap=in.bmap in.img null: ;;
cut-last-block)
    head -c 10000 /dev/urandom >in.img
    bmap in.bmap in.img
    copies
    break_at 9999
    must_refuse 'the range of 10000 bytes at offset 0' --bmap=in.bmap in.img null: ;;
connections)
    image in.img 4000 5
    bmap in.bmap in.img
    serve_nbdkit s --threads=16 file in.img
    junk_of in.img
    expected_of in.bmap in.img out.img
    serve_nbdkit d --threads=16 file out.img
    must_copy --connections=8 --request-size=64k --bmap=in.bmap "$(uri s)" "$(uri d)"
    [ ! -s err ] || fail "it says: $(cat err)"
    end_server d
    same expected.img out.img ;;
out-of-order)
    # Answers come in any order, in pieces; ranges are checked in theirs.
    requires_nbdkit_plugin eval
    three_ranges
    serve_nbdkit s --threads=16 eval get_size="stat -c %s '$PWD/in.img'" can_multi_conn='exit 0' \
        pread="[ \$((\$4 / 65536 % 3)) -ne 0 ] || sleep 0.03; dd if='$PWD/in.img' bs=64k iflag=skip_bytes,count_bytes skip=\$4 count=\$3 status=none"
    junk_of in.img
    expected_of in.bmap in.img out.img
    must_copy --request-size=64k --bmap=in.bmap "$(uri s)" out.img
    same expected.img out.img
    break_at $((4500 * 4096))
    must_refuse 'at offset 12288000' --request-size=64k --bmap=in.bmap "$(uri s)" out.img ;;
as-an-image-server)
    # Nothing is asked of, or read, that the map doesn't have.
    three_ranges
    serve_nbdkit s --filter=log file in.img logfile=log
    must_copy --bmap=in.bmap "$(uri s)" out.img
    same in.img out.img
    [ "$(log_count log Extents)" -eq 0 ] || fail "it asks for extents, which the map has"
    outside=$(log_ranges log Read | awk '{ b = $1 / 4096; e = ($1 + $2) / 4096 }
        !((b >= 10 && e <= 50) || (b >= 100 && e <= 101) || (b >= 3000 && e <= 5000))' | wc -l)
    [ "$outside" -eq 0 ] || fail "$outside reads of what the map hasn't: $(log_ranges log Read)" ;;
wrong)
    # A short range is checked before any of it is written.
    three_ranges
    break_at $((100 * 4096 + 4095))
    junk_of in.img
    expected_of in.bmap in.img out.img
    { head -c $((50 * 4096)) expected.img; tail -c +$((50 * 4096 + 1)) out.img; } >part.img
    must_refuse "in.img isn't what in.bmap says: the range of 4096 bytes at offset 409600 has another digest .sha256.; nothing of it was written, and out.img is incomplete from there on: don't use it; what lies below is right and flushed. Get the image and its map again from whoever made them, then: go on with" \
        --bmap=in.bmap in.img out.img
    same part.img out.img
    grep -q -- '--from=409600' err || fail "it goes on elsewhere: $(cat err)"
    cp good.img in.img
    expected_of in.bmap in.img out.img
    goes_on expected.img out.img ;;
wrong-long)
    # The end of a long one; what came before is there.
    three_ranges
    break_at $((5000 * 4096 - 1))
    junk_of in.img
    must_refuse 'the range of 8192000 bytes at offset 12288000 has another digest .*; out.img has wrong data there, [0-9]+ bytes, and is incomplete from there on: don.t use it' \
        --bmap=in.bmap in.img out.img
    [ "$(dd if=out.img bs=1 skip=$((5000 * 4096 - 1)) count=1 status=none)" = J ] || fail "its last byte was written"
    grep -q -- '--from=12288000' err || fail "it goes on elsewhere: $(cat err)"
    cp good.img in.img
    junk_of in.img
    expected_of in.bmap in.img out.img
    must_copy --bmap=in.bmap in.img out.img
    same expected.img out.img ;;
wrong-each)
    # Wherever it is wrong, in whatever parts it is read.
    image in.img 700 11
    bmap in.bmap in.img
    cp in.img good.img
    while read -r first last; do
        for offset in $((first * 4096)) $((last * 4096 + 2000)) $((last * 4096 + 4095)); do
            break_at $offset
            for size in 4k 64k 32M; do
                must_refuse "the range of $(((last - first + 1) * 4096)) bytes at offset $((first * 4096)) has another digest" \
                    --request-size=$size --bmap=in.bmap in.img null:
            done
            cp good.img in.img
        done
    done < <(ranges in.bmap)
    # And nothing else is looked at.
    break_at $(($(ranges in.bmap | awk '$1 > next_block && !found { found = 1; print next_block + 0 } { next_block = $2 + 1 }') * 4096))
    copies ;;
wrong-last)
    # The last bytes of the disk.
    head -c 1048576 /dev/urandom >in.img
    bmap in.bmap in.img
    break_at 1048575
    must_refuse 'at offset 0' --bmap=in.bmap in.img new.img
    [ "$(tail -c 1 new.img | od -An -tu1 | tr -d ' ')" -eq 0 ] || fail "it was written" ;;
wrong-by-server)
    three_ranges
    break_at $((3000 * 4096))
    serve_nbdkit s file in.img
    junk_of in.img
    serve_nbdkit d --filter=log file out.img logfile=log
    must_refuse "isn't what in.bmap says" --bmap=in.bmap "$(uri s)" "$(uri d)"
    [ "$(log_ranges log Write | awk '{ if ($1 + $2 > end) end = $1 + $2 } END { print end }')" -lt $((5000 * 4096)) ] || fail "its end was written"
    [ "$(log_count log Flush)" -ge 1 ] || fail "what is right isn't flushed" ;;
wrong-device)
    requires_root
    requires_program losetup
    three_ranges
    break_at $((100 * 4096))
    junk_of in.img
    attach device out.img
    # shellcheck disable=SC2154 # attach() sets it
    must_refuse "don't use it" --bmap=in.bmap in.img "$device"
    cp good.img in.img
    expected_of in.bmap in.img out.img
    goes_on expected.img out.img ;;
held-back)
    # What is held back stays back where anything is wrong.
    three_ranges
    head -c 4096 /dev/urandom | dd of=in.img bs=4096 conv=notrunc status=none
    bmap in.bmap in.img
    cp in.img good.img
    junk_of in.img
    cp out.img junk.img
    break_at $((4999 * 4096))
    must_refuse 'its first and last 1048576 bytes|zeros until all is there' --hold-back=1M --bmap=in.bmap in.img out.img
    cmp -n 4096 out.img /dev/zero || fail "its first block is there"
    [ "$(dd if=out.img bs=1 skip=4096 count=1 status=none)" = J ] || fail "what the map hasn't was touched"
    cp good.img in.img
    expected_of in.bmap in.img junk.img
    goes_on expected.img out.img ;;
null)
    three_ranges
    must_copy --bmap=in.bmap in.img null:
    break_at 40960
    must_refuse "in.img isn't what in.bmap says: the range of 163840 bytes at offset 40960 has another digest .sha256.: copy again with$" \
        --bmap=in.bmap in.img null: ;;
json)
    requires_program jq
    three_ranges
    run_decant --json --bmap=in.bmap in.img out.img >said
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    [ "$(jq -c '[.result, .checked, .unchecked, .refused]' said)" = '["done",8359936,0,null]' ] || fail "got: $(cat said)"
    run_decant --json --from=45056 --bmap=in.bmap in.img out.img >said
    [ "$(jq -c '[.result, .checked, .unchecked]' said)" = '["done",8196096,163840]' ] || fail "got: $(cat said)"
    break_at 409600
    run_decant --json --bmap=in.bmap in.img out.img >said
    [ "$code" -eq 4 ] || fail "exit code $code: $(cat err)"
    [ "$(jq -c '[.result, .checked, ."refused-at", .refused]' said)" = '["digest-differs",163840,409600,4096]' ] || fail "got: $(cat said)"
    [ "$(jq '."good-below"' said)" -le 409600 ] || fail "what was refused is called good: $(cat said)" ;;
from)
    # In the middle of a range: what of it is copied can't be checked, and that is said.
    three_ranges
    junk_of in.img
    { head -c $((20 * 4096)) out.img; tail -c +$((20 * 4096 + 1)) in.img; } >from.img
    expected_of in.bmap from.img out.img
    must_copy --from=$((20 * 4096)) --bmap=in.bmap in.img out.img
    grep -Fxq "decant: 1 ranges of in.img weren't checked (163840 bytes together, the first at offset 40960): only a part of each was copied now, and a digest is of all" err ||
        fail "got: $(cat err)"
    same expected.img out.img
    break_at $((30 * 4096)) # nobody can know
    must_copy --from=$((20 * 4096)) --bmap=in.bmap in.img out.img
    grep -q "weren't checked" err || fail "nothing is said: $(cat err)"
    break_at $((4000 * 4096)) # but of the others
    must_refuse 'at offset 12288000' --from=$((20 * 4096)) --bmap=in.bmap in.img out.img ;;
from-at-a-range)
    # Between ranges, nothing is left unchecked.
    three_ranges
    for from in $((10 * 4096)) $((50 * 4096)) $((60 * 4096 + 5)) $((100 * 4096)) $((6000 * 4096)); do
        junk_of in.img
        must_copy --from=$from --bmap=in.bmap in.img out.img
        [ ! -s err ] || fail "from $from: it says: $(cat err)"
    done ;;
interrupted)
    # What goes on goes on at a range, so that all are checked.
    requires_nbdkit_filter error
    three_ranges
    serve_nbdkit s --filter=error file in.img error=EIO error-pread-rate=100% error-file=broken
    junk_of in.img
    expected_of in.bmap in.img out.img
    begin_slowly --retry=0 --bmap=in.bmap "$(uri s)" out.img
    touch broken
    end_slowly 'reading .* failed at offset [0-9]+'
    grep -q -- '--from=12288000 ' err || fail "it goes on inside of a range: $(cat err)"
    rm broken
    goes_on expected.img out.img
    [ ! -s err.again ] || fail "it says: $(cat err.again)" ;;
mapfile)
    three_ranges
    junk_of in.img
    expected_of in.bmap in.img out.img
    begin_slowly --mapfile=m.map --bmap=in.bmap in.img out.img
    kill $pid
    end_slowly 'stopped by signal 15'
    # Whole ranges, and no part of one.
    [ "$(awk '/\+$/ { print $1, $2 }' m.map | tr '\n' ,)" = '0x0000A000 0x00028000,0x00064000 0x00001000,' ] || fail "finished: $(cat m.map)"
    printf MARK | dd of=out.img bs=1 seek=$((20 * 4096)) conv=notrunc status=none # shows whether it is written again
    printf MARK | dd of=expected.img bs=1 seek=$((20 * 4096)) conv=notrunc status=none
    goes_on expected.img out.img
    [ ! -s err.again ] || fail "it says: $(cat err.again)"
    run_decant --mapfile=m.map --bmap=in.bmap in.img out.img
    grep -q 'out.img is finished already, as m.map has it: nothing was written' err || fail "got: $(cat err)" ;;
mapfile-wrong)
    # What is wrong is never finished, though all of it was flushed.
    three_ranges
    break_at $((4999 * 4096))
    junk_of in.img
    must_refuse "don't use it" --mapfile=m.map --bmap=in.bmap in.img out.img
    [ "$(awk '/\+$/ { print $1, $2 }' m.map | tr '\n' ,)" = '0x0000A000 0x00028000,0x00064000 0x00001000,' ] || fail "finished: $(cat m.map)"
    must_refuse "don't use it" --mapfile=m.map --bmap=in.bmap in.img out.img
    cp good.img in.img
    junk_of in.img
    expected_of in.bmap in.img out.img
    rm m.map
    break_at $((4999 * 4096))
    must_refuse "don't use it" --mapfile=m.map --bmap=in.bmap in.img out.img
    cp good.img in.img
    goes_on expected.img out.img ;;
mapfile-of-others)
    # A map that was begun without a block map has ranges in part: these are copied again as a whole, and checked.
    three_ranges
    junk_of in.img
    expected_of in.bmap in.img out.img
    printf '0 ? 1\n0 %d +\n%d %d ?\n' $((3500 * 4096)) $((3500 * 4096)) $((2500 * 4096)) >m.map
    dd if=in.img of=out.img bs=4096 count=3000 conv=notrunc status=none
    cp out.img before.img
    expected_of in.bmap in.img before.img
    must_copy --mapfile=m.map --bmap=in.bmap in.img out.img
    [ ! -s err ] || fail "it says: $(cat err)"
    same expected.img out.img
    printf '0 ? 1\n0 %d +\n%d %d ?\n' $((3500 * 4096)) $((3500 * 4096)) $((2500 * 4096)) >m.map
    break_at $((3100 * 4096))
    must_refuse 'at offset 12288000' --mapfile=m.map --bmap=in.bmap in.img out.img ;;
mapfile-held-back)
    three_ranges
    head -c 409600 /dev/urandom | dd of=in.img bs=4096 conv=notrunc status=none
    bmap in.bmap in.img
    junk_of in.img
    expected_of in.bmap in.img out.img
    begin_slowly --hold-back=64k --mapfile=m.map --bmap=in.bmap in.img out.img
    kill $pid
    end_slowly 'stopped by signal 15'
    goes_on expected.img out.img
    [ ! -s err.again ] || fail "it says: $(cat err.again)" ;;
verify)
    image in.img 3000 13
    bmap in.bmap in.img
    copies --verify
    serve_nbdkit s file in.img
    junk_of in.img
    expected_of in.bmap in.img out.img
    serve_nbdkit d file out.img
    must_copy --verify=quick --bmap=in.bmap "$(uri s)" "$(uri d)"
    end_server d
    same expected.img out.img ;;
verify-repairs)
    three_ranges
    junk_of in.img
    expected_of in.bmap in.img out.img
    serve_odd d out.img lies=flip lies-on=5
    must_copy --verify --request-size=256k --bmap=in.bmap in.img "$(uri d)"
    grep -q 'what was copied again is right now' err || fail "nothing was repaired: $(cat err)"
    end_server d
    same expected.img out.img ;;
verify-in-vain)
    three_ranges
    junk_of in.img
    serve_odd d out.img lies=flip lies-over=16000000 # in the long range, each time
    run_decant --verify --request-size=256k --bmap=in.bmap in.img "$(uri d)"
    [ "$code" -eq 4 ] || fail "exit code $code: $(cat err)"
    grep -q "isn't what was written there, in ranges of 65536 bytes together, .* they were copied again once, to no avail" err ||
        fail "got: $(cat err)" ;;
verify-source-lies)
    # A source that has something else for the repair: it is on the destination as it was read, and refused all the same.
    requires_nbdkit_plugin eval
    three_ranges
    junk_of in.img
    serve_nbdkit s eval get_size="stat -c %s '$PWD/in.img'" \
        pread="if [ -e '$PWD/seen.'\$4 ]; then head -c \$3 /dev/zero; else touch '$PWD/seen.'\$4
            dd if='$PWD/in.img' bs=64k iflag=skip_bytes,count_bytes skip=\$4 count=\$3 status=none; fi"
    serve_odd d out.img lies=flip lies-on=30
    run_decant --verify --request-size=64k --bmap=in.bmap "$(uri s)" "$(uri d)"
    [ "$code" -eq 4 ] || fail "exit code $code: $(cat err)"
    grep -q "isn't what in.bmap says: the range of 8192000 bytes at offset 12288000 has another digest .sha256.; all is copied, but it isn't verified" err ||
        fail "got: $(cat err)" ;;
verify-source-changes)
    # An earlier run has copied a range, which the source has otherwise by now: nothing is repaired with that.
    three_ranges
    junk_of in.img
    must_copy --mapfile=m.map --bmap=in.bmap in.img out.img
    cp out.img before.img
    sed -i 's/^0x00BB8000  0x007D0000  +$/0x00BB8000  0x007D0000  ?/; s/^\(0x[0-9A-F]*\)     +  /\1     ?  /' m.map
    break_at $((20 * 4096))
    must_refuse "in.img isn't what in.bmap says: the range of 163840 bytes at offset 40960 has another digest .sha256.; all is copied, but it isn't verified" \
        --verify --mapfile=m.map --bmap=in.bmap in.img out.img
    same before.img out.img ;;
verify-from)
    three_ranges
    junk_of in.img
    must_copy --verify --from=$((20 * 4096)) --bmap=in.bmap in.img out.img
    grep -q "1 ranges of in.img weren't checked" err || fail "got: $(cat err)" ;;
map-for-bmaptool)
    # bmaptool reads our maps, and has the same ranges and digests in its own.
    for seed in 1 2 3 4 5 6; do
        image in.img $((300 * seed)) $((seed + 20))
        truncate -s -$((seed * 333)) in.img # a last block that is cut
        must_copy map --bmap in.img >our.bmap
        bmap in.bmap in.img
        diff <(grep -o 'Range.*' in.bmap) <(grep -o 'Range.*' our.bmap) || fail "seed $seed: another map than bmaptool's"
        rm -f theirs.img
        bmaptool copy --bmap our.bmap in.img theirs.img >bmaptool.out 2>&1 || fail "seed $seed: bmaptool: $(cat bmaptool.out)"
        mv our.bmap in.bmap
        copies
        rm -f new.img
        must_copy --bmap=in.bmap in.img new.img
        same theirs.img new.img
    done
    sed -i 's|</BlockMap>| </BlockMap>|' in.bmap
    ! bmaptool copy --bmap in.bmap in.img theirs.img >bmaptool.out 2>&1 || fail "bmaptool doesn't check it" ;;
map-of-a-server)
    requires_program qemu-img
    image in.img 2000 31
    must_copy map --bmap in.img >of-file.bmap
    serve_nbdkit s file in.img
    must_copy map --bmap "$(uri s)" >of-server.bmap
    diff of-file.bmap of-server.bmap || fail "of a server it is another one"
    # A qcow2's holes of 64 KiB, and what it really holds.
    qemu-img convert -O qcow2 in.img in.qcow2
    serve_qemu q --read-only -f qcow2 in.qcow2
    must_copy map --bmap "$(uri q)" >in.bmap
    junk_of in.img
    expected_of in.bmap in.img out.img
    must_copy --bmap=in.bmap "$(uri q)" out.img
    same expected.img out.img ;;
map-of-zeros)
    # Zeros that take space are wanted on the destination; holes aren't. A source that knows nothing of either has data.
    printf 'base:allocation %s\n' '65536 0' '65536 2' '65536 3' '65536 1' '8192 3' >extents
    head -c 65536 /dev/urandom >in.img
    truncate -s 270336 in.img
    serve_contexts s in.img extents
    must_copy map --bmap "$(uri s)" >our.bmap
    [ "$(ranges our.bmap | tr '\n' ,)" = '0 31,48 63,' ] || fail "other ranges: $(cat our.bmap)" ;;
map-of-larger-blocks)
    requires_nbdkit_filter blocksize-policy
    image in.img 1000 33
    truncate -s 4M in.img # whole blocks
    serve_nbdkit s --filter=blocksize-policy file in.img blocksize-minimum=65536 blocksize-preferred=65536 blocksize-maximum=1M
    must_copy map --bmap "$(uri s)" >in.bmap
    grep -q '<BlockSize> 65536 </BlockSize>' in.bmap || fail "other blocks: $(cat in.bmap)"
    junk_of in.img
    expected_of in.bmap in.img out.img 65536
    must_copy --bmap=in.bmap "$(uri s)" out.img
    same expected.img out.img ;;
map-refused)
    : >empty.img
    must_fail 1 'empty.img is empty, and nothing is known as the block map of that' map --bmap empty.img
    for with in --totals --offset=1k --length=1k --context=base:allocation; do
        must_fail 64 "a block map is of the whole disk: --totals, --offset, --length and --context can't be used with --bmap" map --bmap $with empty.img
    done
    must_fail 1 'has no metadata context' map --bmap - </dev/null ;;
map-cut-short)
    # One that wasn't written to its end is taken by nobody.
    requires_nbdkit_filter error
    three_ranges
    serve_nbdkit s --filter=error file in.img error=EIO error-pread-rate=100% error-file=broken
    touch broken
    run_decant map --bmap "$(uri s)" >cut.bmap
    [ "$code" -eq 1 ] && grep -q "failed at offset 40960: .*; the map isn't all there" err || fail "exit code $code: $(cat err)"
    must_fail 1 "cut.bmap, line 1: it ends before" --bmap=cut.bmap in.img null: ;;
other-size)
    three_ranges
    guard_files
    truncate -s +512 in.img
    must_fail 1 'in.bmap is the block map of an image of 24576000 bytes, but in.img has 24576512; nothing was written' --bmap=in.bmap in.img precious.img
    truncate -s -4096 in.img
    must_fail 1 'in.bmap is the block map of an image of 24576000 bytes, but in.img has 24572416; nothing was written' --bmap=in.bmap in.img new.img
    nothing_touched ;;
damaged)
    three_ranges
    guard_files
    for length in 0 1 100 1500 $(($(size_of in.bmap) - 10)); do
        head -c "$length" in.bmap >cut.bmap
        must_fail 1 "cut.bmap, line [0-9]+: it ends before its outermost element does: it isn't all there" --bmap=cut.bmap in.img precious.img
    done
    sed 's/> 100 </> 101 </' in.bmap >other.bmap
    must_fail 1 "other.bmap isn't as it was made: its own digest .sha256. isn't the one that it says. Get it again" --bmap=other.bmap in.img precious.img
    sed 's/block map for an image/block map for my image/' in.bmap >other.bmap
    must_fail 1 "other.bmap isn't as it was made" --bmap=other.bmap in.img new.img
    bmaptool copy --bmap other.bmap in.img theirs.img >bmaptool.out 2>&1 && fail "bmaptool takes it"
    nothing_touched ;;
refused)
    # Each map is sealed, so that nothing but what is looked at can be the reason.
    three_ranges
    guard_files
    refuse() { # PATTERN SED-EXPRESSION
        sed -E "$2" in.bmap >bad.bmap
        seal bad.bmap
        ! cmp -s in.bmap bad.bmap || fail "nothing is changed by $2"
        must_fail 1 "^decant: bad.bmap(, line [0-9]+: |).*$1" --bmap=bad.bmap in.img precious.img
    }
    refuse 'the range that begins at block 100 should be behind the one before it' 's/> 10-49 </> 10-100 </'
    refuse 'the range that begins at block 10 should be behind the one before it' 's/> 100 </> 10 </; s/> 10-49 </> 50-89 </'
    refuse 'the image ends before block 6000' 's/> 3000-4999 </> 3000-6000 </'
    refuse '<MappedBlocksCount> is 2041, but the ranges have 2040 blocks' 's/> 10-49 </> 10-48 </'
    refuse '<BlocksCount> is 6001' 's/> 6000 </> 6001 </'
    refuse 'there is an entity' 's/> 100 </> \&#49;00 </'
    refuse 'there is a document type' 's/^<bmap /<!DOCTYPE bmap [<!ENTITY a "1">]>\n<bmap /'
    refuse 'there is a document type' 's/> 100 </> <![CDATA[100]]> </'
    refuse 'there is an instruction' 's/^<bmap /<?include in.img?>\n<bmap /'
    refuse 'only XML 1.0 in UTF-8 is understood' '1s/.*/<?xml version="1.0" encoding="utf-16"?>/'
    refuse 'of version 3.0: 1.2, 1.3, 1.4 and 2.0 are known' 's/version="2.0"/version="3.0"/'
    refuse '<Extra> has no place here in a block map' 's|^</bmap>|<Extra> 1 </Extra></bmap>|'
    refuse 'something follows the end of the outermost element' 's|^</bmap>|</bmap><bmap version="2.0"></bmap>|'
    refuse '<BlockMap> comes twice' 's|^</bmap>|<BlockMap></BlockMap></bmap>|'
    refuse 'chksum should be 64 hexadecimal digits' 's/chksum="[0-9a-f]{2}/chksum="/'
    refuse 'an attribute sha1 has no place here' 's/chksum=/sha1=/'
    refuse 'there is no <BmapFileChecksum>' '/BmapFileChecksum>/d'
    refuse '<BlockSize> should be a number from 1 to 1073741824' 's/> 4096 </> 0 </'
    head -c 65536 /dev/urandom >noise
    must_fail 1 'noise, line [0-9]+: ' --bmap=noise in.img precious.img
    must_fail 1 'in.img, line 1: a byte of value 0 is out of place' --bmap=in.img in.img new.img
    must_fail 1 'cannot read the block map none.bmap: No such file' --bmap=none.bmap in.img precious.img
    must_fail 1 'cannot read the block map .: Is a directory' --bmap=. in.img precious.img
    nothing_touched ;;
unreadable-blocks)
    # Of a source whose blocks are larger than the map's, a range can't be read alone.
    requires_nbdkit_filter blocksize-policy
    head -c 1048576 /dev/urandom >in.img
    guard_files
    printf '<bmap version="1.2"><ImageSize> 1048576 </ImageSize><BlockSize> 1024 </BlockSize><BlocksCount> 1024 </BlocksCount>
<BlockMap><Range> 3 </Range></BlockMap><MappedBlocksCount> 1 </MappedBlocksCount></bmap>' >in.bmap
    serve_nbdkit s --filter=blocksize-policy file in.img blocksize-minimum=4096 blocksize-preferred=4096 blocksize-maximum=1M
    must_fail 1 "in.bmap is a map of blocks of 1024 bytes, but .* can only be read in blocks of 4096, so its ranges can't be read alone; nothing was written" \
        --bmap=in.bmap "$(uri s)" precious.img
    nothing_touched
    # Of such a destination, what isn't in the range stays.
    junk_of in.img
    expected_of in.bmap in.img out.img 1024
    serve_nbdkit d --filter=blocksize-policy file out.img blocksize-minimum=4096 blocksize-preferred=4096 blocksize-maximum=1M
    must_copy --bmap=in.bmap in.img "$(uri d)"
    end_server d
    same expected.img out.img ;;
options)
    guard_files
    cp precious.img in.img
    must_fail 64 "--domain can't be used with --bmap" --bmap=x --domain=y in.img precious.img
    must_fail 64 "--layer can't be used with --bmap" --bmap=x --layer in.img precious.img
    must_fail 64 "--dirty-bitmap can't be used with --bmap" --bmap=x --dirty-bitmap=y in.img precious.img
    must_fail 64 "--on-read-error=skip can't be used with --bmap" --bmap=x --on-read-error=skip in.img precious.img
    must_fail 64 "a digest is of the whole disk: it can't be used with --bmap" --bmap=x --sha256 in.img precious.img
    must_fail 64 "--destination-is-zero can't be used with --bmap" --bmap=x --destination-is-zero in.img precious.img
    must_fail 64 "a source that is read from front to end, such as -, can't be used with --bmap" --bmap=x - precious.img
    must_fail 64 "a destination that is written from front to end, such as -, can't be used with --bmap" --bmap=x in.img -
    must_fail 1 "/dev/null is no disk of which a part could be written" --bmap=<(
        printf '<bmap version="1.2"><ImageSize> 300000 </ImageSize><BlockSize> 4096 </BlockSize><BlocksCount> 74 </BlocksCount>
<BlockMap></BlockMap><MappedBlocksCount> 0 </MappedBlocksCount></bmap>') in.img /dev/null
    nothing_touched ;;
on-a-device)
    # A larger device as the source is another image.
    requires_root
    requires_program losetup
    three_ranges
    truncate -s 32M in.img
    attach device in.img
    must_fail 1 'in.bmap is the block map of an image of 24576000 bytes' --bmap=in.bmap "$device" null: ;;
*) fail "no such case" ;;
esac
