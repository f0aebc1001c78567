#!/bin/bash
# SPDX-License-Identifier: MIT
# What a release hands out: a tarball that runs where it is unpacked, what it takes to link the program with another libnbd (which
# the LGPL asks for), a bill that names all that is linked, and sums of everything, signed by whoever has a key.
#
# cases: contents signed same-bytes another-machine

. "$(dirname "$0")/../functions.sh"
requires_program jq
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL
version=$("$DECANT" --version | cut -d' ' -f2)
name=decant-$version-linux-$(uname -m)
libnbd=$TOP/build/third_party/libnbd/libnbd.a

# What is built is taken as it is.
release() { # DIRECTORY [WORD...]
    make --no-print-directory -C "$TOP" -o build/decant release-files DIST="$TEST_DIR/decant-$version.tar.gz" RELEASE_FILES="$1" "${@:2}" >out 2>&1 ||
        fail "make release-files: $(cat out)"
}
release "$TEST_DIR/files"
unpack() { tar -xf "files/$1.tar.gz" && cd "$1"; }

program_runs() (
    unpack "$name"
    same bin/decant "$TOP/build/decant"
    bin/decant --version
    for file in share/man/man1/decant.1 share/bash-completion/completions/decant share/zsh/site-functions/_decant \
        share/fish/vendor_completions.d/decant.fish share/doc/decant/{LICENSE,COPYING.LIB,copyright,README.md}; do
        [ -s "$file" ] || fail "there is no $file"
    done
    [ -z "$(find . ! -perm -444)" ] || fail "not everybody may read it: $(find . ! -perm -444)"
)
program_can_be_linked_anew() (
    unpack "$name-relink"
    # With the same libnbd it is the same program.
    ./relink "$libnbd" ../decant
    same "$TOP/build/decant" ../decant
    # With another it has the other's words, also when that lies elsewhere by a name from here.
    sed 's/server did not send expected NBD magic/SERVER DID NOT SEND EXPECTED NBD MAGIC/' "$libnbd" >../'another libnbd.a'
    [ "$(size_of ../'another libnbd.a')" -eq "$(size_of "$libnbd")" ] || fail "the archive is damaged"
    cd ..
    "$name-relink/relink" 'another libnbd.a' decant
    grep -aq 'SERVER DID NOT SEND' decant || fail "libnbd is the same"
    ./decant --version
    # And its source is there, as it was patched.
    (cd "$name-relink" && sha256sum libnbd_*.tar.*) | diff - <(grep libnbd_ "$TOP/third_party/SHA256SUMS") || fail "another source"
    for patch in "$TOP"/third_party/libnbd-*.patch; do
        same "$patch" "$name-relink/${patch##*/}"
    done
)
bill_is_right() (
    bill=files/$name.spdx.json
    jq -e '.spdxVersion == "SPDX-2.3" and .dataLicense == "CC0-1.0" and .SPDXID == "SPDXRef-DOCUMENT"' "$bill"
    # Whatever the linker takes has its line: each archive, and the parts they come from.
    (unpack "$name-relink"
        mkdir ../stubs
        printf '#!/bin/sh\ncase " $* " in *" -o "*) set -- "$@" -Wl,--trace ;; esac\nexec %s "$@"\n' "$(command -v gcc)" >../stubs/gcc
        chmod +x ../stubs/gcc
        PATH=$TEST_DIR/stubs:$PATH ./relink "$libnbd" ../decant >../linked)
    sed -nE 's|(.*/)?lib([a-z_]*)\.a.*|\2|p' linked | sort -u >archives
    # musl's libc, and of gcc's two, one part.
    sed 's/^c$/musl/; s/^gcc\(_eh\)*$/libgcc/; s/^nbd$/libnbd/' archives | sort -u >parts
    jq -r '.relationships[] | select(.relationshipType == "STATIC_LINK") | .relatedSpdxElement' "$bill" | sed 's/SPDXRef-//' | sort |
        diff parts - || fail "linked (<), in the bill (>)"
    jq -r '.packages[] | .SPDXID + " " + .versionInfo + " " + .licenseDeclared + " " + .checksums[0].checksumValue' "$bill" >lines
    [ "$(grep -cE '^SPDXRef-[a-z]+ [0-9][^ ]* [A-Z].* [0-9a-f]{64}$' lines)" -eq 5 ] || fail "not all is told: $(cat lines)"
    while read -r sum file; do
        # Programs beside it, in the appliance.
        case $file in busybox_* | kexec-tools_*) continue ;; esac
        grep -q "^SPDXRef-${file%%_*} .* $sum\$" lines || fail "$file: another digest, or none"
    done <"$TOP/third_party/SHA256SUMS"
    grep -q "^SPDXRef-decant $version MIT $(sha256sum <"files/decant-$version.tar.gz" | cut -d' ' -f1)\$" lines || fail "another source"
    [ "$(jq -r '.files[].checksums[] | .checksumValue' "$bill" | sort)" = \
        "$({ sha1sum; sha256sum <"$TOP/build/decant"; } <"$TOP/build/decant" | cut -d' ' -f1 | sort)" ] || fail "another program"
    # Every name that is used is one that is given.
    jq -r '.relationships[] | .spdxElementId, .relatedSpdxElement' "$bill" | sort -u >used
    jq -r '.SPDXID, .packages[].SPDXID, .files[].SPDXID' "$bill" | sort | diff used - || fail "used (<), given (>)"
)
sums_are_right() (
    (cd files && sha256sum --quiet -c SHA256SUMS) || fail "wrong sums"
    { sed 's/.*  //' files/SHA256SUMS; echo SHA256SUMS; } | sort | diff - <(ls files) || fail "named (<), there (>)"
    printf '%s\n' "decant-$version.tar.gz" "$name"{-relink.tar.gz,.spdx.json,.tar.gz} SHA256SUMS | sort | diff - <(ls files)
)

case $1 in
contents) # once is enough to make
    program_runs
    program_can_be_linked_anew
    bill_is_right
    sums_are_right ;;
signed)
    requires_program gpg
    export GNUPGHOME=$TEST_DIR/keys
    mkdir -m 700 keys
    at_exit+=("gpgconf --kill all")
    gpg --batch --quiet --passphrase '' --quick-generate-key 'A key <key@example.org>' ed25519 sign never 2>err || fail "$(cat err)"
    release "$TEST_DIR/signed" SIGN=key@example.org
    gpg --batch --verify signed/SHA256SUMS.asc signed/SHA256SUMS 2>err || fail "$(cat err)"
    ! make --no-print-directory -C "$TOP" -o build/decant release-files DIST="$TEST_DIR/decant-$version.tar.gz" \
        RELEASE_FILES="$TEST_DIR/unsigned" SIGN=nobody >out 2>&1 || fail "signed by nobody" ;;
same-bytes)
    (umask 077 && LC_ALL=tr_TR.UTF-8 TZ=Asia/Kathmandu HOME=/nowhere release "$TEST_DIR/other")
    diff -r files other || fail "elsewhere they are others" ;;
another-machine) # which has the same, built here
    [ "$(uname -m)" = x86_64 ] || skip "this machine builds its own program only"
    requires_program qemu-aarch64
    built=$TOP/build/aarch64 name=decant-$version-linux-aarch64
    release "$TEST_DIR/others" ARCH=aarch64 -o build/aarch64/decant
    printf '%s\n' "decant-$version.tar.gz" "$name"{-relink.tar.gz,.spdx.json,.tar.gz} SHA256SUMS | sort | diff - <(ls others)
    same others/"decant-$version.tar.gz" files/"decant-$version.tar.gz"
    tar -xf "others/$name.tar.gz"
    tar -xf "others/$name-relink.tar.gz"
    same "$name/bin/decant" "$built/decant"
    ! "$name-relink/relink" "$built/third_party/libnbd/libnbd.a" decant 2>err || fail "linked with what?"
    MUSL=$built/third_party/sysroot/usr/lib/aarch64-linux-musl "$name-relink/relink" "$built/third_party/libnbd/libnbd.a" decant
    same decant "$built/decant"
    jq -r '.packages[] | select(.name == "musl" or .name == "libgcc") | .name + " " + .versionInfo + " " + .sourceInfo' "others/$name.spdx.json" >parts
    grep -Eq "^musl [0-9.]+ Debian's package musl-dev [0-9][^ ]*, libc.a$" parts || fail "whose musl it is: $(cat parts)"
    grep -Eq "^libgcc [0-9.]+ Debian's package libgcc-.*-arm64-cross .*, libgcc.a$" parts || fail "whose libgcc it is: $(cat parts)" ;;
*) fail "no such case" ;;
esac
