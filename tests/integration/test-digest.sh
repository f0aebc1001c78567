#!/bin/bash
# SPDX-License-Identifier: MIT
# A digest is what an operator trusts when the source is gone, so each is compared
# with what others compute from the same bytes: sha256sum, and a few lines of perl
# that follow the definition of a blkhash.
#
# cases: sha256-nbd sha256-file sha256-pipe sha256-empty sha256-no-extents sha256-to-a-pipe
# cases: blkhash-sparse blkhash-odd blkhash-empty blkhash-pipe blkhash-no-extents blkhash-zeros-as-data
# cases: blkhash-digests blkhash-small-blocks blkhash-known blkhash-huge-hole blkhash-to-a-pipe
# cases: blkhash-file blkhash-file-kept blkhash-file-is-an-end blkhash-file-is-no-file blkhash-as-nbdcopy both holes-are-not-read small-memory
# cases: expect-right expect-wrong expect-blkhash expect-other-digest expect-pipe
# cases: failed-copy-has-none usage

. "$(dirname "$0")/../functions.sh"
requires_program perl

size=10000001
make_image in.img "$size" 23

# blkhash FILE [DIGEST] [BLOCK-BYTES]: H(H(block 1) || ... || H(block n) || size).
blkhash() {
    perl -MDigest::MD5 -MDigest::SHA -e '
        my ($file, $name, $block_bytes) = @ARGV;
        my $hash = $name eq "md5" ? \&Digest::MD5::md5 : Digest::SHA->can($name);
        open(my $in, "<:raw", $file) or die "$file: $!\n";
        my ($digests, $size) = ("", 0);
        while (my $bytes = read($in, my $block, $block_bytes)) {
            $digests .= $hash->($block);
            $size += $bytes;
        }
        print unpack("H*", $hash->($digests . pack("Q<", $size))), "\n";
    ' "$1" "${2:-sha256}" "${3:-65536}"
}

sha256() {
    sha256sum <"$1" | cut -d ' ' -f 1
}

# says TEXT ARGUMENTS...: the copy succeeds, and this is all of its standard output.
says() {
    local text=$1
    shift
    must_copy "$@" >said
    [ "$(cat said)" = "$text" ] || fail "decant $* says '$(cat said)' instead of '$text'"
}

# in.img, on a server that tells its holes.
serve_in() {
    serve_nbdkit s file in.img
}

wrong=$(printf '%064d' 0)

case $1 in
sha256-nbd)
    serve_in
    says "sha256:$(sha256 in.img)" --sha256 "$(uri s)" out.img
    same in.img out.img ;;
sha256-file)
    says "sha256:$(sha256 in.img)" --sha256 in.img out.img
    same in.img out.img ;;
sha256-pipe)
    cat in.img | says "sha256:$(sha256 in.img)" --sha256 - out.img
    same in.img out.img ;;
sha256-empty)
    true >in.img
    says "sha256:$(sha256 in.img)" --sha256 in.img out.img ;;
sha256-no-extents)
    serve_in
    says "sha256:$(sha256 in.img)" --no-extents --sparse=0 --sha256 "$(uri s)" null: ;;
sha256-to-a-pipe)
    # Standard output belongs to the data.
    serve_in
    must_copy --sha256 "$(uri s)" - >out.img
    same in.img out.img
    [ "$(cat err)" = "decant: sha256:$(sha256 in.img)" ] || fail "got: $(cat err)" ;;

blkhash-sparse)
    sparse_image in.img 300M 0 65536 1000000 200000000
    serve_in
    says "$(blkhash in.img)" --blkhash "$(uri s)" out.img
    says "$(blkhash in.img)" --blkhash in.img null: ;;
blkhash-odd)
    for odd in 1 65535 65536 65537 131073; do
        make_image in.img "$odd" "$odd"
        says "$(blkhash in.img)" --blkhash in.img null:
        truncate -s 0 in.img
        truncate -s "$odd" in.img
        says "$(blkhash in.img)" --blkhash in.img null:
    done ;;
blkhash-empty)
    true >in.img
    says "$(blkhash in.img)" --blkhash in.img null:
    says "$(blkhash in.img)" --blkhash - out.img </dev/null ;;
blkhash-pipe)
    cat in.img | says "$(blkhash in.img)" --blkhash - out.img
    same in.img out.img ;;
blkhash-no-extents)
    serve_in
    says "$(blkhash in.img)" --no-extents --blkhash "$(uri s)" out.img
    says "$(blkhash in.img)" --no-extents --sparse=0 --blkhash "$(uri s)" null: ;;
blkhash-zeros-as-data)
    # What happens to zeros on their way is not part of the content.
    head -c 3000000 /dev/zero >in.img
    make_block 70000 >>in.img
    for options in --sparse=0 --sparse=512 --allocated --destination-is-zero; do
        rm -f out.img
        says "$(blkhash in.img)" "$options" --blkhash in.img out.img
    done ;;
blkhash-digests)
    for digest in md5 sha1 sha224 sha256 sha384 sha512; do
        says "$(blkhash in.img "$digest")" --blkhash="$digest" in.img null:
        says "$(blkhash in.img "$digest" 524288)" --blkhash="${digest^^}/512k" in.img null:
    done ;;
blkhash-small-blocks)
    make_image in.img 300001 5
    for block_bytes in 1 4 512; do
        says "$(blkhash in.img md5 "$block_bytes")" --blkhash="md5/$block_bytes" in.img null:
    done
    # One block, longer than the disk.
    says "$(blkhash in.img sha256 1073741824)" --blkhash=sha256/1G in.img null: ;;
blkhash-known)
    # From another implementation of the same definition.
    printf hello >in.img
    says 337355feb53a5309d5aba92796223c2c84ffab930e706c01fef573a2722545e6 --blkhash in.img null:
    says 8262896de34125dec173722c920e8bd0 --blkhash=md5/4 in.img null: ;;
blkhash-huge-hole)
    # Counted, not hashed: 64 GiB would take minutes.
    requires_nbdkit_plugin memory
    serve_nbdkit s memory 64G
    DECANT_LIMIT_S=30
    says "$(perl -MDigest::SHA=sha256 -e '
        my $digests = sha256("\0" x 65536) x 1024;
        my $hash = Digest::SHA->new(256);
        $hash->add($digests) for 1 .. 1024;
        print $hash->add(pack("Q<", 1 << 36))->hexdigest')" --blkhash "$(uri s)" null: ;;
blkhash-to-a-pipe)
    must_copy --blkhash in.img - >out.img
    same in.img out.img
    grep -q "^decant: .*$(blkhash in.img)\$" err || fail "got: $(cat err)" ;;
blkhash-file)
    says "" --blkhash --blkhash-file=hash in.img null:
    [ "$(cat hash)" = "$(blkhash in.img)" ] || fail "in the file: $(cat hash)"
    must_copy --blkhash=sha512/4k --blkhash-file=hash in.img - >out.img
    [ "$(cat hash)" = "$(blkhash in.img sha512 4096)" ] || fail "in the file: $(cat hash)"
    same in.img out.img
    # Known before anything is copied.
    guard_files
    must_fail 1 'no-such-directory' --blkhash --blkhash-file=no-such-directory/hash in.img precious.img
    nothing_touched ;;
blkhash-file-kept)
    # What failed has no digest, and the old one is still there; nor is an empty one left.
    echo "the old hash" >"hash"
    must_fail 1 'nosuch.img' --blkhash-file=hash nosuch.img null:
    must_fail 1 'is too small' --blkhash-file=hash in.img '[' nbdkit --exit-with-parent memory 1k ']'
    must_fail 64 'sha256' --blkhash-file=hash --expect=sha256:12 in.img null:
    must_fail 1 'nosuch.img' --blkhash-file=new.hash nosuch.img null:
    must_fail 1 'No space' --blkhash-file=new.hash in.img /dev/full
    [ "$(cat hash)" = "the old hash" ] || fail "the old one is lost: $(cat hash)"
    [ ! -e new.hash ] || fail "one was made: $(cat new.hash)"
    # A shorter one over a longer one, through a link.
    ln -s hash link
    must_copy --blkhash=sha512 --blkhash-file=link in.img null:
    must_copy --blkhash=md5 --blkhash-file=link in.img null:
    [ "$(cat hash)" = "$(blkhash in.img md5)" ] || fail "in the file: $(cat hash)"
    [ -L link ] || fail "the link is gone" ;;
blkhash-file-is-an-end)
    guard_files
    must_fail 1 'blkhash-file=precious.img is the source' --blkhash-file=precious.img precious.img null:
    must_fail 1 'blkhash-file=precious.img is the source' --blkhash-file=precious.img - null: <precious.img
    must_fail 1 'blkhash-file=precious.img is the destination' --blkhash-file=precious.img in.img precious.img
    ln precious.img other.img
    must_fail 1 'blkhash-file=other.img is the destination' --blkhash-file=other.img in.img precious.img
    must_fail 1 'blkhash-file=./new.img is the destination' --blkhash-file=./new.img in.img new.img
    must_fail 1 'blkhash-file=/dev/stdout is the destination' --blkhash-file=/dev/stdout in.img - >>precious.img
    nothing_touched ;;
blkhash-file-is-no-file)
    says "$(blkhash in.img)" --blkhash-file=/dev/stdout in.img null:
    mkfifo fifo
    cat fifo >got &
    must_copy --blkhash-file=fifo in.img null:
    wait "$!"
    [ "$(cat got)" = "$(blkhash in.img)" ] || fail "got: $(cat got)"
    must_copy --blkhash-file=/dev/null in.img null: ;;
blkhash-as-nbdcopy)
    (exec -a nbdcopy "$DECANT" --blkhash -- in.img null:) >said
    [ "$(cat said)" = "$(blkhash in.img)" ] || fail "got: $(cat said)" ;;

both)
    must_copy --sha256 --blkhash in.img out.img >said
    printf '%s\n' "sha256:$(sha256 in.img)" "$(blkhash in.img)" | sort >expected
    sort said | cmp - expected || fail "got: $(cat said)"
    same in.img out.img ;;
holes-are-not-read)
    requires_nbdkit_filter log
    requires_holes
    make_block 1048576 >in.img
    truncate -s 64M in.img
    serve_nbdkit s --filter=log file in.img logfile=s.log
    says "$(blkhash in.img)" --blkhash "$(uri s)" null:
    says "sha256:$(sha256 in.img)" --sha256 "$(uri s)" null:
    end_server s
    bytes=$(log_ranges s.log Read | awk '{ n += $2 } END { print n + 0 }')
    [ "$bytes" -eq 2097152 ] || fail "$bytes bytes were read" ;;
small-memory)
    # Pieces that are smaller than a block, and answers out of order.
    requires_nbdkit_filter delay
    serve_nbdkit s --filter=delay file in.img rdelay=5ms
    says "$(blkhash in.img sha256 1048576)" --memory=512K --blkhash=sha256/1M "$(uri s)" out.img
    same in.img out.img ;;

expect-right)
    serve_in
    must_copy --expect="sha256:$(sha256 in.img)" "$(uri s)" out.img
    same in.img out.img
    must_copy --expect="sha256:$(sha256 in.img | tr a-f A-F)" "$(uri s)" out.img ;;
expect-wrong)
    serve_in
    must_fail 4 "expected sha256:$wrong, got sha256:$(sha256 in.img)" --expect="sha256:$wrong" "$(uri s)" out.img
    same in.img out.img
    # The last byte counts.
    cp in.img other.img
    flip other.img $((size - 1))
    must_fail 4 'expected' --sha256 --expect="sha256:$(sha256 in.img)" other.img out.img >said ;;
expect-blkhash)
    must_copy --expect="blkhash:$(blkhash in.img)" in.img out.img
    must_copy --expect="blkhash:$(blkhash in.img sha512 4096)" --blkhash=sha512/4k in.img out.img >said
    must_fail 4 "expected blkhash:$wrong, got blkhash:$(blkhash in.img)" --expect="blkhash:$wrong" in.img out.img ;;
expect-other-digest)
    # Of another length than what is computed: never equal, so refused before.
    guard_files
    must_fail 64 'expect' --expect="blkhash:$wrong" --blkhash=md5 in.img precious.img
    must_fail 64 'expect' --blkhash=sha512 --expect="blkhash:$wrong" in.img new.img
    nothing_touched ;;
expect-pipe)
    cat in.img | must_copy --expect="sha256:$(sha256 in.img)" - - >out.img
    same in.img out.img
    must_fail 4 "expected sha256:$wrong" --expect="sha256:$wrong" in.img - >out.img
    same in.img out.img ;;

failed-copy-has-none)
    # What was not read has no digest, nor does it differ from anything.
    requires_nbdkit_filter error
    serve_nbdkit s --filter=error file in.img error-pread-rate=100%
    must_fail 1 'reading' --sha256 --blkhash --expect="sha256:$wrong" "$(uri s)" out.img >said
    [ ! -s said ] || fail "got: $(cat said)"
    # What is good must be read again for the digest, and so it isn't gone on with.
    grep -q ': copy again with$' err && ! grep -q -e --from err || fail "got: $(cat err)" ;;
usage)
    guard_files
    for value in crc32 sha256/3 sha256/0 sha256/ /64k sha256/64q; do
        must_fail 64 "blkhash=$value" --blkhash="$value" in.img precious.img
    done
    for value in "$wrong" "md5:$wrong" sha256: "sha256:${wrong}0" sha256:xyz; do
        must_fail 64 "expect=$value" --expect="$value" in.img precious.img
        must_fail 64 "expect=$value" --expect="$value" in.img new.img
    done
    nothing_touched ;;
*) fail "no such case" ;;
esac
