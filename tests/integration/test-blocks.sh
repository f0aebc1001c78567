#!/bin/bash
# SPDX-License-Identifier: MIT
# The list of a disk's blocks' digests is what others trust a disk by: it holds what the definition of a blkhash says and nothing
# else, and one that isn't whole is never found in its place. A copy that is held to it writes nothing else, whoever lies, and
# nothing at all where the list isn't the one that is trusted.
#
# cases: digest list list-digests list-empty list-kept list-is-source list-is-blkhash-file list-to-a-pipe list-expected list-full list-fails
# cases: held held-nbd held-pieces held-larger-blocks held-to-a-pipe held-goes-on held-mapfile held-verified
# cases: held-verified-source-lies held-verified-mapfile zeros-are-not-read source-lies source-lies-once
# cases: list-lies list-truncated list-changes list-of-other-blocks list-lost refused
# cases: delta delta-fetches-only-what-differs delta-of-nothing delta-mapfile delta-verified delta-source-lies delta-unreadable delta-lost delta-list-lost delta-refused
# cases: delta-held-back delta-held-back-map delta-held-back-of-nothing

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

# listed [IMAGE]: makes its list, and has the options that hold a copy to it in `held`.
listed() {
    blocks "${1:-in.img}" >list
    held=(--blocks=list --expect="blkhash:$(blkhash_of list "${1:-in.img}")")
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
    [ ! -e in.img.new ] && [ ! -e other.img.new ] || fail "something was left"
    # What it is made as is made room for, but not of that.
    mv in.img disk.new
    must_fail 1 'blocks=disk would be made as disk.new, which is the source itself' digest --blocks=disk disk.new
    same copy.img disk.new
    [ ! -e disk ] || fail "something was left" ;;
list-is-blkhash-file)
    must_fail 1 'blocks=f \(with its .new\) and --blkhash-file=f are the same' digest --blocks=f --blkhash-file=f in.img
    must_fail 1 'blocks=f \(with its .new\) and --blkhash-file=f.new are the same' digest --blocks=f --blkhash-file=f.new in.img
    [ ! -e f ] && [ ! -e f.new ] || fail "something was left" ;;
list-to-a-pipe)
    mkfifo fifo
    cat fifo >list &
    must_copy digest --blocks=fifo in.img >said
    wait "$!"
    blocks in.img | cmp - list || fail "the list isn't that" ;;
list-expected)
    # A list of what wasn't expected is none.
    must_copy digest --blocks=list --expect="sha256:$(sha256sum <in.img | cut -d ' ' -f 1)" in.img >said
    flip in.img 5000000
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
held)
    listed
    must_copy "${held[@]}" in.img out.img
    same in.img out.img
    # As sha256sum's digests, in any case and of any length of block.
    for digest in md5/4k SHA512/512 sha1/256k; do
        must_copy digest --blocks=list --blkhash=$digest in.img >said
        rm out.img
        must_copy --blocks=list --blkhash=$digest --expect="blkhash:$(cat said)" in.img out.img
        same in.img out.img
    done
    true >in.img
    listed
    must_copy "${held[@]}" in.img out.img
    [ ! -s out.img ] || fail "something came of nothing" ;;
held-nbd)
    listed
    serve_qemu s -r -f raw in.img
    serve_nbdkit l file list
    junk out.img 10000001
    serve_nbdkit d file out.img
    cp in.img rounded.img
    truncate -s %512 rounded.img # as qemu shows it
    listed rounded.img
    must_copy --blocks="$(uri l)" "${held[1]}" -C 4 "$(uri s)" out2.img
    same rounded.img out2.img
    # A list may be longer: what counts is what it makes.
    serve_qemu m -r -f raw list
    must_copy --blocks="$(uri m)" "${held[1]}" "$(uri s)" null:
    listed
    must_copy "${held[@]}" in.img "$(uri d)"
    end_server d
    same in.img out.img ;;
held-pieces)
    # Small reads, late and out of order.
    requires_nbdkit_filter delay
    listed
    serve_nbdkit s --filter=delay file in.img rdelay=3ms
    must_copy --memory=512k "${held[@]}" "$(uri s)" out.img
    same in.img out.img
    must_copy --request-size=64k --sha256 "${held[@]}" "$(uri s)" out.img >said
    [ "$(cat said)" = "sha256:$(sha256sum <in.img | cut -d ' ' -f 1)" ] || fail "got: $(cat said)" ;;
held-larger-blocks)
    # Ends whose blocks are larger than the list's.
    requires_nbdkit_filter blocksize-policy
    truncate -s 10485760 in.img
    blocks in.img sha256 4096 >list
    held=(--blocks=list --blkhash=sha256/4k --expect="blkhash:$(blkhash_of list in.img)")
    junk out.img 10485760
    serve_nbdkit s --filter=blocksize-policy file in.img blocksize-minimum=32k blocksize-preferred=64k blocksize-maximum=1M blocksize-error-policy=error
    serve_nbdkit d --filter=blocksize-policy file out.img blocksize-minimum=64k blocksize-preferred=64k blocksize-maximum=1M blocksize-error-policy=error
    must_copy "${held[@]}" "$(uri s)" "$(uri d)"
    end_server d
    same in.img out.img ;;
held-to-a-pipe)
    make_block 10000001 >in.img
    listed
    must_copy "${held[@]}" in.img - >out.img
    same in.img out.img
    flip in.img 9000000
    run_decant "${held[@]}" in.img - >out.img
    [ "$code" -eq 4 ] || fail "exit code $code: $(cat err)"
    flip in.img 9000000
    [ "$(size_of out.img)" -le 8978432 ] || fail "it came through"
    cmp -n "$(size_of out.img)" in.img out.img ;;
held-goes-on)
    make_block 10000001 >in.img
    listed
    cp in.img good.img
    flip in.img 5000001
    must_fail 4 'checking in.img failed at offset 4980736: the list of blocks has another digest there; the copy is good below offset 4980736 \(flushed\)' \
        "${held[@]}" in.img out.img
    cp good.img in.img
    goes_on in.img out.img
    # Inside a block, of which the rest is kept.
    junk out.img 10000001
    must_copy --from=5000001 "${held[@]}" in.img out.img
    cmp -n 5000000 <(head -c 5000001 /dev/zero | tr '\0' '\252') out.img || fail "what lies below was changed"
    cmp -i 5000001 in.img out.img ;;
held-mapfile)
    make_block 10000001 >in.img
    listed
    flip in.img 6000001
    junk out.img 10000001
    must_fail 4 'checking in.img failed at offset 5963776: ' --mapfile=m.map "${held[@]}" in.img out.img
    flip in.img 6000001
    goes_on in.img out.img
    # A domain that ends inside blocks takes the whole of them.
    printf '0 + 1\n0 1000000 ?\n1000000 1000000 +\n2000000 8000001 ?\n' >d.map
    junk out.img 10000001
    must_copy --domain=d.map "${held[@]}" in.img out.img
    cmp -i 1000000 -n 1000000 in.img out.img
    cmp -n 983040 <(head -c 983040 /dev/zero | tr '\0' '\252') out.img || fail "what isn't wanted was written" ;;
held-verified)
    # What arrives is right; what the destination makes of it is found, and copied again.
    requires_program python3
    make_block 8000001 >in.img
    listed
    must_copy --verify "${held[@]}" in.img out.img
    same in.img out.img
    junk disk.img 8000001
    serve_odd d disk.img lies=flip lies-on=3
    must_copy --verify --request-size=256k "${held[@]}" in.img "$(uri d)"
    grep -q "what was copied again is right now" err || fail "got: $(cat err)"
    end_server d
    same in.img disk.img
    # In blocks that are larger than what is told apart.
    blocks in.img sha256 1048576 >list
    serve_odd d disk.img lies=flip lies-on=3
    must_copy --verify --from=1000000 --blkhash=sha256/1M --blocks=list --expect="blkhash:$(blkhash_of list in.img)" in.img "$(uri d)"
    grep -q "what was copied again is right now" err || fail "got: $(cat err)"
    end_server d
    same in.img disk.img ;;
held-verified-source-lies)
    # What is copied again is held to the list, too: here it was tampered with meanwhile.
    requires_program python3
    requires_nbdkit_plugin sh
    make_block 2000000 >in.img
    listed
    cp in.img bad.img
    flip bad.img 1000000
    cat >plugin <<'END'
case $1 in
get_size) stat -Lc %s DIR/in.img ;;
pread)
    file=DIR/in.img
    if [ "$4" -le 1000000 ] && [ $(($4 + $3)) -gt 1000000 ]; then
        [ ! -e DIR/read ] || file=DIR/bad.img
        touch DIR/read
    fi
    dd if=$file bs=65536 iflag=skip_bytes,count_bytes skip="$4" count="$3" status=none ;;
*) exit 2 ;;
esac
END
    sed -i "s|DIR|$PWD|g" plugin
    chmod +x plugin
    serve_nbdkit s sh plugin
    junk disk.img 2000000
    serve_odd d disk.img lies=flip lies-over=1000001
    run_decant --verify "${held[@]}" "$(uri s)" "$(uri d)"
    [ "$code" -eq 4 ] || fail "exit code $code: $(cat err)"
    grep -q "s.sock failed at offset 983040: the list of blocks has another digest there; all is copied, but it isn't verified" err ||
        fail "got: $(cat err)"
    end_server d
    cmp -i 1000000 -n 1 in.img disk.img || fail "what isn't right was written" ;;
held-verified-mapfile)
    # What an earlier run has copied is read once more for its digests, and held to the list in that.
    make_block 2000000 >in.img
    listed
    junk out.img 2000000
    must_copy --mapfile=m.map "${held[@]}" in.img out.img
    flip in.img 1300000
    run_decant --verify --mapfile=m.map "${held[@]}" in.img out.img
    [ "$code" -eq 4 ] && grep -q 'checking in.img failed at offset 1245184: .*all is copied' err || fail "$code: $(cat err)"
    ! grep -q "isn't what was written" err || fail "the destination is blamed: $(cat err)"
    flip in.img 1300000
    flip out.img 1500000
    run_decant --verify --mapfile=m.map "${held[@]}" in.img out.img
    [ "$code" -eq 0 ] && grep -q "what was copied again is right now" err || fail "$code: $(cat err)"
    same in.img out.img ;;
zeros-are-not-read)
    # They are known by their digest, whatever the server calls them.
    requires_nbdkit_filter log
    truncate -s 0 in.img
    make_block 1000000 >in.img
    truncate -s 64M in.img
    listed
    serve_nbdkit s --filter=log --filter=noextents file in.img logfile=log
    must_copy "${held[@]}" "$(uri s)" out.img
    same in.img out.img
    end_server s
    bytes=$(log_ranges log Read | awk '{ n += $2 } END { print n + 0 }')
    [ "$bytes" -le 1114112 ] || fail "$bytes bytes were read" ;;
source-lies)
    # In every block in turn, in its first byte or its last: nothing of it is written.
    make_block 900001 >in.img
    listed
    cp in.img good.img
    for at in 0 65535 65536 600000 655360 900000; do
        flip in.img $at
        junk out.img 900001
        must_fail 4 "checking in.img failed at offset $((at / 65536 * 65536)): " "${held[@]}" in.img out.img
        flip in.img $at
        cmp -s -n $((at / 65536 * 65536)) good.img out.img || fail "what is good isn't, for $at"
        [ "$(tail -c +$((at / 65536 * 65536 + 1)) out.img | tr -d '\252\0' | wc -c)" -eq 0 ] || fail "more was written, for $at"
    done
    must_copy "${held[@]}" in.img out.img
    same in.img out.img ;;
source-lies-once)
    # What differs is read once more, and only once.
    requires_nbdkit_plugin sh
    make_block 10000001 >in.img
    listed
    cp in.img bad.img
    flip bad.img 5000000
    cat >plugin <<'END'
case $1 in
get_size) stat -Lc %s DIR/in.img ;;
pread)
    file=DIR/in.img
    if [ "$4" -le 5000000 ] && [ $(($4 + $3)) -gt 5000000 ] && [ "$(cat DIR/lies)" -gt 0 ]; then
        file=DIR/bad.img
        echo $(($(cat DIR/lies) - 1)) >DIR/lies
    fi
    dd if=$file bs=65536 iflag=skip_bytes,count_bytes skip="$4" count="$3" status=none ;;
*) exit 2 ;;
esac
END
    sed -i "s|DIR|$PWD|g" plugin
    chmod +x plugin
    echo 1 >lies
    serve_nbdkit s sh plugin
    must_copy "${held[@]}" "$(uri s)" out.img
    [ "$(cat lies)" -eq 0 ] || fail "it was never asked"
    same in.img out.img
    echo 2 >lies
    must_fail 4 'checking .* failed at offset 4980736: ' "${held[@]}" "$(uri s)" out.img
    [ "$(cat lies)" -eq 0 ] || fail "$(cat lies) lies are left" ;;
list-lies)
    listed
    guard_files
    flip list 1000
    must_fail 4 "list isn't the list of blocks that is expected: .* nothing was written" "${held[@]}" in.img precious.img
    must_fail 4 "list isn't the list of blocks that is expected: .* nothing was written" "${held[@]}" in.img new.img
    flip list 1000
    # One of another disk, and the right one for a disk of another size.
    truncate -s 9999999 in.img
    must_fail 4 "list isn't the list of blocks that is expected" "${held[@]}" in.img new.img
    nothing_touched ;;
list-truncated)
    listed
    guard_files
    truncate -s -1 list
    must_fail 4 "list isn't the list of in.img's blocks: it has 4895 bytes, and should have 4896; nothing was written" \
        "${held[@]}" in.img precious.img
    true >list
    must_fail 4 "it has 0 bytes" "${held[@]}" in.img new.img
    nothing_touched ;;
list-changes)
    # The disk is tampered with, and the list to fit it, but only once that was found to be right: it is read again alongside.
    requires_nbdkit_plugin sh
    make_block 10000001 >in.img
    cp in.img bad.img
    flip bad.img 5000000
    blocks bad.img >bad.list
    listed
    cat >plugin <<'END'
case $1 in
get_size) stat -Lc %s DIR/list ;;
pread)
    file=DIR/list
    [ ! -e DIR/read ] || file=DIR/bad.list
    touch DIR/read
    dd if=$file bs=65536 iflag=skip_bytes,count_bytes skip="$4" count="$3" status=none ;;
*) exit 2 ;;
esac
END
    sed -i "s|DIR|$PWD|g" plugin
    chmod +x plugin
    # All of this list is one part, which stays in memory: so it is the first list that counts, or the second is refused.
    serve_nbdkit l sh plugin
    must_fail 4 'checking bad.img failed at offset 4980736: ' --blocks="$(uri l)" "${held[1]}" bad.img out.img
    # One of many parts is read again. Its blocks are small, so that the disk isn't large.
    make_block 20000000 >in.img
    blocks in.img md5 512 >list
    held=(--blkhash=md5/512 --expect="blkhash:$(blkhash_of list in.img md5)")
    cp in.img bad.img
    flip bad.img 100
    blocks bad.img md5 512 >bad.list
    end_server l
    rm -f read
    sed -i 's|^    touch .*|    [ "$4" -lt 500000 ] \|\| touch '"$PWD"'/read|' plugin
    serve_nbdkit l sh plugin
    must_fail 4 "checking .*l.sock failed at offset 0: it isn't what it was before; the copy is good below offset 0 " \
        --blocks="$(uri l)" "${held[@]}" bad.img out.img
    rm read
    rm -f out.img
    must_copy --blocks=list "${held[@]}" in.img out.img
    same in.img out.img ;;
list-of-other-blocks)
    listed
    blocks in.img sha256 131072 >list
    guard_files
    must_fail 4 "should have 4896; nothing was written" "${held[@]}" in.img new.img
    blocks in.img sha256 32768 >list
    must_fail 4 "list isn't the list of blocks that is expected" "${held[@]}" in.img precious.img
    must_fail 64 "must be 32 digits" --blocks=list --blkhash=md5 "${held[1]}" in.img new.img
    must_fail 1 "in.img can't be read in blocks of 256 bytes: they may have 512 to 33554432; nothing was written" \
        --blocks=list --blkhash=sha256/256 "${held[1]}" in.img new.img
    nothing_touched ;;
list-lost)
    # A list that is gone for good ends the copy before anything is written.
    listed
    guard_files
    must_fail 1 'nosuch' --blocks=nosuch "${held[1]}" in.img precious.img
    must_fail 1 'cannot connect|not.*reach|refused|No such' --blocks='nbd+unix:///?socket=nosuch.sock' "${held[1]}" in.img precious.img
    requires_nbdkit_filter error
    serve_nbdkit l --filter=error file list error-pread-rate=100%
    must_fail 1 'reading .*l.sock failed at offset 0: I/O error; nothing was written' --blocks="$(uri l)" "${held[1]}" in.img precious.img
    nothing_touched ;;
refused)
    listed
    guard_files
    mkfifo fifo
    must_fail 64 'expect=blkhash:HEX' --blocks=list in.img precious.img
    must_fail 64 'expect=blkhash:HEX' --blocks=list --expect="sha256:$(printf %064d 0)" in.img precious.img
    must_fail 64 "can't be a stream" --blocks=- "${held[1]}" in.img precious.img
    must_fail 64 "can't be used with --blocks" "${held[@]}" - precious.img <in.img
    must_fail 64 "can't be used with --layer" --layer "${held[@]}" in.img precious.img
    must_fail 64 "no --blkhash-file" --blkhash-file=new.img "${held[@]}" in.img precious.img
    cat list >fifo &
    must_fail 1 'read from front to end' --blocks=fifo "${held[1]}" in.img precious.img
    wait "$!" || true
    cp list precious.img
    cp list precious.copy
    touch -d '2001-01-01' precious.img
    must_fail 1 'precious.img is the destination' --blocks=precious.img "${held[1]}" in.img precious.img
    nothing_touched ;;
delta)
    # From the first byte to the last, which is in a shorter block; whatever the destination is.
    make_block 5000001 >in.img
    truncate -s 8000000 in.img
    make_block 1000001 >>in.img
    listed
    for kind in file nbdkit qemu-raw; do
        cp in.img out.img
        case $kind in *qemu*) truncate -s %512 out.img ;; esac
        for at in 0 65536 3000000 6000000 8999999 9000000; do flip out.img $at; done
        case $kind in
        file) to=out.img ;;
        nbdkit) serve_nbdkit d file out.img; to=$(uri d) ;;
        qemu-raw) serve_qemu d -f raw out.img; to=$(uri d) ;;
        esac
        run_decant --delta "${held[@]}" in.img "$to"
        [ "$code" -eq 0 ] && grep -q '^decant: 8.3 MiB of 8.6 MiB are on .* already$' err || fail "$kind: $code: $(cat err)"
        end_server d
        truncate -s 9000001 out.img
        same in.img out.img
    done ;;
delta-fetches-only-what-differs)
    requires_nbdkit_filter log
    make_block 5000001 >in.img
    truncate -s 8000000 in.img
    listed
    cp in.img out.img
    for at in 1 200000 210000 7000000; do flip out.img $at; done
    serve_nbdkit s --filter=log file in.img logfile=s.log
    serve_nbdkit d --filter=log file out.img logfile=d.log
    run_decant --delta "${held[@]}" "$(uri s)" "$(uri d)"
    [ "$code" -eq 0 ] || fail "$(cat err)"
    end_server s
    end_server d
    same in.img out.img
    # Three blocks differ, one of them of zeros.
    [ "$(log_ranges s.log Read | awk '{ n += $2 } END { print n }')" -eq 131072 ] || fail "fetched: $(log_ranges s.log Read)"
    [ "$(log_ranges d.log Write | awk '{ n += $2 } END { print n }')" -eq 131072 ] || fail "written: $(log_ranges d.log Write)"
    [ "$(log_ranges d.log Zero | awk '{ n += $2 } END { print n }')" -eq 65536 ] || fail "zeroed: $(log_ranges d.log Zero)"
    serve_nbdkit s --filter=log file in.img logfile=s2.log
    run_decant --delta "${held[@]}" "$(uri s)" out.img
    end_server s
    [ "$code" -eq 0 ] && [ "$(log_ranges s2.log Read | wc -l)" -eq 0 ] || fail "read again: $(log_ranges s2.log Read)" ;;
delta-of-nothing)
    # A file that isn't there, is shorter, or is longer.
    listed
    run_decant --delta "${held[@]}" in.img out.img
    [ "$code" -eq 0 ] || fail "$(cat err)"
    same in.img out.img
    truncate -s 100000 out.img
    run_decant --delta "${held[@]}" in.img out.img
    [ "$code" -eq 0 ] || fail "$(cat err)"
    same in.img out.img
    echo more >>out.img
    run_decant --delta "${held[@]}" in.img out.img
    [ "$code" -eq 0 ] || fail "$(cat err)"
    same in.img out.img ;;
delta-mapfile)
    make_block 9000001 >in.img
    listed
    cp in.img out.img
    for at in 100000 6000000; do flip out.img $at; done
    cp in.img good.img
    flip in.img 6000000
    run_decant --delta --mapfile=m.map "${held[@]}" in.img out.img
    [ "$code" -eq 4 ] && grep -q 'checking in.img failed at offset 5963776' err || fail "$code: $(cat err)"
    cp good.img in.img
    goes_on in.img out.img ;;
delta-verified)
    # What is fetched is read back, and nothing else is.
    requires_program python3
    make_block 9000001 >in.img
    listed
    cp in.img out.img
    for at in 100000 6000000; do flip out.img $at; done
    serve_odd d out.img lies=flip lies-on=2
    run_decant --delta --verify "${held[@]}" in.img "$(uri d)"
    [ "$code" -eq 0 ] && grep -q "what was copied again is right now" err || fail "$code: $(cat err)"
    end_server d
    same in.img out.img
    run_decant --delta --verify --json "${held[@]}" in.img out.img >said
    [ "$code" -eq 0 ] && [ "$(jq .verified said)" -eq 0 ] || fail "$code: $(cat err said)" ;;
delta-source-lies)
    make_block 9000001 >in.img
    listed
    cp in.img out.img
    flip out.img 6000000
    cp out.img before.img
    flip in.img 6000001
    run_decant --delta "${held[@]}" in.img out.img
    [ "$code" -eq 4 ] && grep -q 'checking in.img failed at offset 5963776' err || fail "$code: $(cat err)"
    same before.img out.img
    # What isn't fetched isn't asked about.
    flip in.img 6000001
    flip in.img 1
    run_decant --delta "${held[@]}" in.img out.img
    [ "$code" -eq 0 ] || fail "$code: $(cat err)"
    flip in.img 1
    same in.img out.img ;;
delta-unreadable)
    # What can't be read back is fetched; a destination that is gone is nothing to be written to.
    requires_nbdkit_filter error
    make_block 9000001 >in.img
    listed
    cp in.img out.img
    flip out.img 6000000
    serve_nbdkit d --filter=error file out.img error-pread-rate=50%
    run_decant --delta "${held[@]}" in.img "$(uri d)"
    [ "$code" -eq 0 ] || fail "$code: $(cat err)"
    end_server d
    same in.img out.img ;;
delta-lost)
    # A destination that is lost meanwhile is reached again, or else nothing is written.
    requires_program python3
    make_block 9000001 >in.img
    listed
    for read in 1 3; do
        cp in.img out.img
        flip out.img 6000000
        serve_odd d out.img cuts-read=$read
        run_decant --delta "${held[@]}" in.img "$(uri d)"
        [ "$code" -eq 0 ] && grep -q 'is back' err || fail "$code: $(cat err)"
        grep -q '^decant: 8.5 MiB of 8.6 MiB are on .* already$' err || fail "$code: $(cat err)"
        end_server d
        same in.img out.img
    done
    flip out.img 6000000
    cp out.img before.img
    serve_odd d out.img cuts-read=2
    run_decant --delta --retry=0 "${held[@]}" in.img "$(uri d)"
    [ "$code" -eq 1 ] && grep -q 'to see what is there already, failed at offset .*; nothing was written' err || fail "$code: $(cat err)"
    same before.img out.img ;;
delta-list-lost)
    # Of a list of three parts, two are in memory: it is lost while nothing is asked of it, and isn't waited for.
    requires_nbdkit_plugin sh
    make_block 20000001 >in.img
    blocks in.img md5 512 >list
    held=(--blkhash=md5/512 --expect="blkhash:$(blkhash_of list in.img md5)")
    cp in.img out.img
    cat >plugin <<'END'
case $1 in
get_size) stat -Lc %s DIR/out.img ;;
can_write | can_flush) exit 0 ;;
pread)
    touch DIR/reading
    until [ -e DIR/gone ]; do sleep 0.02; done
    dd if=DIR/out.img bs=65536 iflag=skip_bytes,count_bytes skip="$4" count="$3" status=none ;;
*) exit 2 ;;
esac
END
    sed -i "s|DIR|$PWD|g" plugin
    chmod +x plugin
    serve_nbdkit d sh plugin
    serve_nbdkit l file list
    { wait_for test -e reading && kill -KILL "${server_pid[l]}" && wait_for has_ended "${server_pid[l]}"; touch gone; } &
    must_fail 1 'reading .*l.sock failed at offset 524288: the server closed the connection; nothing was written: copy again with$' --delta --retry=0 --memory=1M --blocks="$(uri l)" "${held[@]}" in.img "$(uri d)"
    wait "$!"
    same in.img out.img ;;
delta-held-back|delta-held-back-map)
    # What is cut short doesn't boot, and then goes on: what was kept, and what came, stays; both ends come last.
    requires_nbdkit_filter log
    make_block 9000001 >in.img
    listed
    cp in.img out.img
    for at in 0 3000000 6000000; do flip out.img $at; done
    cp in.img good.img
    flip in.img 6000000
    map=()
    [ "$1" = delta-held-back ] || map=(--mapfile=m.map)
    run_decant --delta --hold-back=64k "${map[@]}" "${held[@]}" in.img out.img
    [ "$code" -eq 4 ] && grep -q 'its first and last 65536 bytes are zeros until all is there' err || fail "$code: $(cat err)"
    head -c 65536 /dev/zero | cmp -n 65536 - out.img || fail "the front isn't zeros"
    tail -c 65536 out.img | cmp -n 65536 - /dev/zero || fail "the end isn't zeros"
    cmp -i 65536 -n 5000000 good.img out.img || fail "what lies between isn't there"
    cp good.img in.img
    goes_on in.img out.img
    # Of what lies between, only what differs comes.
    flip out.img 3000000
    serve_nbdkit s --filter=log file in.img logfile=s.log
    run_decant --delta --hold-back=64k "${held[@]}" "$(uri s)" out.img
    [ "$code" -eq 0 ] || fail "$code: $(cat err)"
    end_server s
    same in.img out.img
    [ "$(log_ranges s.log Read | awk '{ n += $2 } END { print n }')" -le $((4 * 65536)) ] ||
        fail "fetched: $(log_ranges s.log Read)" ;;
delta-held-back-of-nothing)
    # Where nothing differs, nothing is made zeros either, not for a moment.
    requires_nbdkit_filter log
    listed
    cp in.img out.img
    serve_nbdkit d --filter=log file out.img logfile=d.log
    run_decant --delta --hold-back=64k "${held[@]}" in.img "$(uri d)"
    [ "$code" -eq 0 ] || fail "$code: $(cat err)"
    end_server d
    same in.img out.img
    [ "$(log_count d.log Write)" -eq 0 ] && [ "$(log_count d.log Zero)" -eq 0 ] || fail "written: $(cat d.log)"
    run_decant --delta --hold-back=64k --mapfile=m.map "${held[@]}" in.img out.img
    [ "$code" -eq 0 ] || fail "$code: $(cat err)"
    run_decant --delta --hold-back=64k --mapfile=m.map "${held[@]}" in.img out.img
    [ "$code" -eq 0 ] && grep -q 'finished already' err || fail "$code: $(cat err)" ;;
delta-refused)
    listed
    guard_files
    must_fail 64 'blocks=LIST' --delta in.img precious.img
    must_fail 64 'has something already' --delta "${held[@]}" in.img null:
    must_fail 64 'has something already' --delta "${held[@]}" in.img - >said
    must_fail 64 "can't be used with --sha256" --delta --sha256 "${held[@]}" in.img precious.img
    must_fail 64 "can't be used with --destination-is-zero" --delta --destination-is-zero "${held[@]}" in.img precious.img
    nothing_touched ;;
*) fail "no such case" ;;
esac
