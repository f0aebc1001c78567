#!/bin/bash
# SPDX-License-Identifier: MIT
# The list of a disk's blocks' digests is what others trust a disk by: it holds what the definition of a blkhash says and nothing
# else, and one that isn't whole is never found in its place.
#
# cases: digest list list-digests list-empty list-kept list-is-source list-to-a-pipe list-expected list-full list-fails

. "$(dirname "$0")/../functions.sh"
requires_program perl

make_image in.img 10000001 23

# blocks FILE [DIGEST] [BLOCK-BYTES]: the digests of its blocks.
blocks() {
    perl -MDigest::MD5 -MDigest::SHA -e '
        my ($file, $name, $block_bytes) = @ARGV;
        my $hash = $name eq "md5" ? \&Digest::MD5::md5 : Digest::SHA->can($name);
        open(my $in, "<:raw", $file) or die "$file: $!\n";
        while (read($in, my $block, $block_bytes)) { print $hash->($block) }
    ' "$1" "${2:-sha256}" "${3:-65536}"
}

# blkhash_of LIST IMAGE [DIGEST]: the blkhash that the list makes.
blkhash_of() {
    perl -e 'print pack("Q<", $ARGV[0])' "$(size_of "$2")" | cat "$1" - | "${3:-sha256}sum" | cut -d ' ' -f 1
}

case $1 in
digest)
    sha256=$(sha256sum <in.img | cut -d ' ' -f 1)
    must_copy digest in.img >said
    [ "$(cat said)" = "sha256:$sha256" ] || fail "got: $(cat said)"
    serve_nbdkit s file in.img
    must_copy digest --blkhash --sha256 "$(uri s)" >said
    blocks in.img >list
    [ "$(sort said)" = "$(printf '%s\n' "sha256:$sha256" "$(blkhash_of list in.img)" | sort)" ] || fail "got: $(cat said)"
    must_copy digest - <in.img >said
    [ "$(cat said)" = "sha256:$sha256" ] || fail "got: $(cat said)"
    must_copy digest --json in.img >said
    grep -q "\"sha256\": \"$sha256\"" said || fail "got: $(cat said)" ;;
list)
    must_copy digest --blocks=list in.img >said
    blocks in.img | cmp - list || fail "the list isn't that"
    [ "$(cat said)" = "$(blkhash_of list in.img)" ] || fail "got: $(cat said)"
    [ ! -e list.new ] || fail "something was left"
    # A new one takes the place of the old one, also through a link.
    ln -s list link
    make_image in.img 300000 5
    serve_nbdkit s file in.img
    must_copy digest --blocks=link "$(uri s)" >said
    blocks in.img | cmp - list || fail "the list isn't that"
    [ -L link ] || fail "the link is gone" ;;
list-digests)
    for digest in md5 sha1 sha512; do
        must_copy digest --blocks=list --blkhash=$digest/4k in.img >said
        blocks in.img $digest 4096 | cmp - list || fail "the list isn't that of $digest"
        [ "$(cat said)" = "$(blkhash_of list in.img $digest)" ] || fail "got: $(cat said)"
    done ;;
list-empty)
    true >in.img
    must_copy digest --blocks=list in.img >said
    [ -e list ] && [ ! -s list ] || fail "the list of nothing isn't empty" ;;
list-kept)
    # What failed has no list, and the old one is still there.
    requires_nbdkit_filter error
    echo "the old list" >list
    serve_nbdkit s --filter=error file in.img error-pread-rate=100%
    must_fail 1 'reading .* failed at offset 0: I/O error: try again with$' digest --retry=0 --blocks=list "$(uri s)"
    must_fail 1 'nosuch.img' digest --blocks=list nosuch.img
    must_fail 1 'no-such-directory' digest --blocks=no-such-directory/list in.img
    must_fail 1 'No such device' digest --blocks=/dev/nosuch in.img
    [ "$(cat list)" = "the old list" ] || fail "the old one is lost"
    [ ! -e list.new ] || fail "something was left" ;;
list-is-source)
    cp in.img copy.img
    must_fail 1 'blocks=in.img is the source itself' digest --blocks=in.img in.img
    ln in.img other.img
    must_fail 1 'blocks=other.img is the source itself' digest --blocks=other.img in.img
    same copy.img in.img
    [ ! -e in.img.new ] && [ ! -e other.img.new ] || fail "something was left" ;;
list-to-a-pipe)
    mkfifo fifo
    cat fifo >list &
    must_copy digest --blocks=fifo in.img >said
    wait "$!"
    blocks in.img | cmp - list || fail "the list isn't that" ;;
list-expected)
    # A list of what wasn't expected is none.
    must_copy digest --blocks=list --expect="sha256:$(sha256sum <in.img | cut -d ' ' -f 1)" in.img >said
    printf x | dd of=in.img bs=1 seek=5000000 conv=notrunc status=none
    cp list old
    must_fail 4 'expected blkhash' digest --blocks=list --expect="blkhash:$(blkhash_of list in.img)" in.img >said
    cmp old list || fail "it was replaced" ;;
list-full)
    must_fail 1 'all is read, but cannot write to --blocks=/dev/full: No space' digest --blocks=/dev/full in.img >said ;;
list-fails)
    # What can't be read is said without a word of a destination.
    requires_nbdkit_filter error
    serve_nbdkit s --filter=error file in.img error-pread-rate=100%
    must_fail 1 'reading .* failed at offset 0: I/O error: try again with$' digest --retry=0 "$(uri s)"
    grep -q "^  .*digest --retry=0 " err || fail "got: $(cat err)" ;;
*) fail "no such case" ;;
esac
