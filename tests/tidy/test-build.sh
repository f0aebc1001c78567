#!/bin/bash
# SPDX-License-Identifier: MIT
# Building holds wherever somebody builds: what the scripts of third_party/ and the Makefile do below odd paths, without a network
# and when something is missing, and what they say then. Nothing is downloaded or installed; what they call is stood in for.
#
# shellcheck disable=SC2016 # the dollars are make's, or those of the commands under test
#
# cases: odd-path goes-on says-why clean-environment build-time rebuilt-when-the-words-change locale missing clean
# cases: sources kernel-security kernel-local kernel-offline kernel-flavour kernel-source modules-odd-path drivers firmware programs quiet help
# cases: machines another-machine

. "$(dirname "$0")/../functions.sh"
# What the make that runs the tests was called with isn't for these.
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL V SOURCE_DATE_EPOCH DECANT_SOURCES

# A tarball with one file, as the parts of others come.
make_tarball() {
    mkdir part-1
    echo "content" >part-1/file
    tar -cf part.tar part-1
}

# A copy of what builds, below a path that make, autoconf and kconfig don't like.
make_tree() {
    tree="$TEST_DIR/it's a \"tree\" of \$mine #1"
    mkdir -p "$tree/build/kernel-headers"
    (cd "$TOP" && tar -c --exclude=./build --exclude=./.git .) | tar -x -C "$tree"
    cd "$tree"
}

requires_keyring() {
    [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || [ -e /usr/share/keyrings/debian-archive-keyring.pgp ] ||
        skip "debian-archive-keyring is not installed"
}

# A machine with apt, as far as `kernel` and `apt` look: its sources are in the file `targets`, the mirror's kernels in `mirror`
# (PACKAGE VERSION, the newest last), and if there is a file `offline`, it isn't reached. What apt was asked is in `asked`.
stand_in() {
    mkdir stubs
    cat >stubs/apt-get <<'END'
#!/bin/bash
case " $* " in
*" indextargets "*) exec cat "$TEST_DIR/targets" ;;
*" update "*)
    [ ! -e "$TEST_DIR/offline" ] || exit 100
    lists=$(sed -n 's/^Dir::Etc::SourceList "\(.*\)";/\1/p' "$APT_CONFIG")
    cat "$lists" >>"$TEST_DIR/asked"
    ! grep -q nowhere "$lists" ;;
*" download "*) echo kernel >"${*: -1}_$(sed -n "s/^${*: -1} //p" "$TEST_DIR/mirror")_amd64.deb" ;;
esac
END
    cat >stubs/apt-cache <<'END'
#!/bin/bash
read -r name version < <(tail -n 1 "$TEST_DIR/mirror")
case ${*: -1} in
"$name") printf '%s\n' "Filename: pool/${name}_${version}_amd64.deb" "SHA256: $(echo kernel | sha256sum | cut -d' ' -f1)" ;;
*) echo "Depends: $name (= $version)" ;;
esac
END
    cat >stubs/dpkg-deb <<'END'
#!/bin/bash
[ "$1" = -x ] || { basename "$2" | cut -d_ -f"$([ "$3" = Package ] && echo 1 || echo 2)"; exit; }
mkdir -p "$3/boot" "$3/usr/lib/modules/1" && cp "$2" "$3/boot/vmlinuz-1"
END
    printf '#!/bin/sh\n' >stubs/depmod
    chmod +x stubs/*
    PATH=$TEST_DIR/stubs:$PATH
    echo "trixie main http://mirror/debian/" >targets
    echo "linux-image-6.12.9+deb13-cloud-amd64 6.12.9-1" >mirror
}

get_kernel() { "$TOP/third_party/kernel" "linux-image-${flavour:-cloud-amd64}" kernel download apt >out 2>&1; }

# taken WORDS: which kernel it was.
taken() {
    get_kernel || fail "no kernel: $(cat out)"
    grep -q "^$1 sha256:[0-9a-f]*\$" kernel/version || fail "$(cat kernel/version) instead of $1"
    grep -qx "kernel: taking $1" out || fail "it isn't said which kernel was taken: $(cat out)"
    [ -s kernel/vmlinuz ] || fail "vmlinuz isn't unpacked"
    [ -d kernel/lib/modules/1 ] || fail "the modules aren't unpacked"
}

case $1 in
odd-path)
    make_tarball
    make_tree
    "$TOP/third_party/build" build/part "$TEST_DIR/part.tar" \
        'pwd >../where && cp file .. && [ -e "$top/Makefile" ] && [ -d "$C_INCLUDE_PATH" ]' ||
        fail "it does not build: $(cat build/part/build.log)"
    [ "$(cat build/part/file)" = content ] || fail "what was made isn't there"
    [ -e build/part/src/file ] || fail "the source isn't kept"
    ! grep '[^A-Za-z0-9/._+-]' build/part/where || fail "that is no path for others' build systems"
    [ ! -e "$(cat build/part/where)" ] || fail "the temporary directory is left" ;;
goes-on)
    # With what the last call has left, wherever it is; what fails there isn't taken for half done.
    make_tarball
    make_tree
    mkdir -p "$TEST_DIR/plain/kernel-headers"
    for part in build/part "$TEST_DIR/plain/part"; do
        "$TOP/third_party/build" "$part" "$TEST_DIR/part.tar" 'echo more >>file && cp file ..' || fail "$(cat "$part/build.log")"
        "$TOP/third_party/build" "$part" - 'echo and more >>file && cp file .. && touch made' || fail "$(cat "$part/build.log")"
        [ "$(xargs <"$part/file")" = "content more and more" ] || fail "what was made isn't there: $(cat "$part/file")"
        [ -e "$part/src/made" ] || fail "the source isn't kept"
        ! "$TOP/third_party/build" "$part" - 'rm made && exit 1' 2>/dev/null || fail "it should have failed"
        [ ! -e "$part/src/made" ] || fail "what failed is taken for done"
    done ;;
says-why)
    make_tarball
    # The error, and then all that the other jobs still have to say.
    ! "$TOP/third_party/build" part part.tar \
        'echo "x.c:1: error: no such thing" && seq 1000 && exit 1' >out 2>&1 || fail "it should have failed"
    grep -q 'x.c:1: error: no such thing' out || fail "the error isn't shown: $(cat out)"
    grep -q 'part: the build failed, all of it is in .*/part/build.log' out || fail "no word of the log: $(cat out)"
    [ "$(wc -l <out)" -le 40 ] || fail "too much is shown"
    ! "$TOP/third_party/build" part part.tar 'seq 1000 && exit 1' >out 2>&1 || fail "it should have failed"
    grep -qw 1000 out || fail "where no line looks like an error, the last ones are shown" ;;
clean-environment)
    make_tarball
    CFLAGS=-O0 CPATH=/nowhere V=1 MAKEFLAGS=CFLAGS=-O0 LC_ALL=tr_TR.UTF-8 TZ=Asia/Kathmandu \
        "$TOP/third_party/build" part part.tar 'env >../environment; umask >>../environment'
    ! grep -E -e '^(CFLAGS|CPATH|V)=|-O0|tr_TR|Kathmandu' part/environment || fail "the caller's environment gets through"
    grep -q '^LC_ALL=C$' part/environment || fail "the locale isn't C" ;;
build-time)
    requires_program git
    expect_time() {
        local tree=$1 expected=$2 got
        got=$("$tree/third_party/build-time" 2>err) || fail "$3: $(cat err)"
        [ "$got" = "$expected" ] || fail "$3: $got instead of $expected: $(cat err)"
    }
    export GIT_CONFIG_NOSYSTEM=1 HOME=$TEST_DIR
    mkdir -p {repository,bare,outer/inner}/third_party unpacked
    cp "$TOP/third_party/build-time" repository/third_party
    cp "$TOP/.gitattributes" repository
    git -C repository init -q 2>/dev/null
    git -C repository add .
    GIT_COMMITTER_DATE='1700000000 +0545' git -C repository -c user.name=a -c user.email=b commit -qm c
    touch repository/later
    expect_time repository 1700000000 "a commit's time"
    LC_ALL=tr_TR.UTF-8 TZ=Asia/Kathmandu expect_time repository 1700000000 "elsewhere"
    # git's own way to try what it does in the repository of another owner.
    GIT_TEST_ASSUME_DIFFERENT_OWNER=1 expect_time repository 1700000000 "another owner"
    git -c advice.detachedHead=false clone -q --depth 1 "file://$PWD/repository" shallow
    expect_time shallow 1700000000 "a shallow clone"
    SOURCE_DATE_EPOCH=5 expect_time repository 5 "SOURCE_DATE_EPOCH"
    git -C repository archive HEAD | tar -x -C unpacked
    expect_time unpacked 1700000000 "an archive"
    [ ! -s err ] || fail "an archive knows its time: $(cat err)"
    # A tree of nothing but files, also within the repository of something else.
    cp "$TOP/third_party/build-time" bare/third_party
    expect_time bare 1793491200 "no git"
    grep -q 'neither git nor' err || fail "it isn't said that the time is unknown"
    cp -r repository/.git outer
    cp "$TOP/third_party/build-time" outer/inner/third_party
    expect_time outer/inner 1793491200 "inside another repository"
    rm repository/.git/HEAD
    expect_time repository 1793491200 "git fails"
    { grep -q '^fatal: ' err && grep -q "git doesn't tell" err; } || fail "git's refusal is swallowed: $(cat err)" ;;
rebuilt-when-the-words-change)
    # What was compiled with another time or other flags isn't taken for the same.
    make_tree
    words() { make --no-print-directory "build/obj/words-$1" "${@:2}" >/dev/null && stat -c %y "build/obj/words-$1"; }
    for change in "flags CFLAGS=-O1" "time SOURCE_DATE_EPOCH=5" "objects LDFLAGS=-s"; do
        # shellcheck disable=SC2086 # two words
        set -- $change
        first=$(words "$1")
        [ "$(words "$1")" = "$first" ] || fail "$1: made again for nothing"
        [ "$(words "$1" "$2")" != "$first" ] || fail "$1: not made again with $2"
    done ;;
locale)
    cd "$TOP"
    # What a recipe runs has it from make, what is run by hand sets it.
    got=$(LC_ALL=tr_TR.UTF-8 LANGUAGE=tr make --no-print-directory --eval 'probe: ; @echo "$$LC_ALL $$LANGUAGE"' probe)
    [ "$got" = "C " ] || fail "recipes run with $got"
    seen=0
    for script in third_party/* rootfs/modules rootfs/drivers rootfs/firmware rootfs/converters boards/demo boards/iso boards/uki; do
        head -c 2 "$script" | finds '#!' || continue
        seen=$((seen + 1))
        grep -q '^export LC_ALL=C$' "$script" || fail "$script sorts and matches as its caller's language does"
    done
    [ "$seen" -ge 6 ] || fail "only $seen scripts were looked at" ;;
missing)
    # A machine that has hardly anything, and one that is no Debian.
    mkdir none
    for program in sh dirname sed; do ln -s "$(command -v "$program")" none; done
    printf '%s\n' '# a comment' 'decant sed sed' 'decant nowhere-gcc gcc' 'decant nowhere-cc gcc' "decant $TEST_DIR/no.h libc6-dev" \
        "decant $TEST_DIR/none dir" 'image nowhere-depmod kmod' >tools
    export TOOLS=$TEST_DIR/tools
    ! "$TOP/third_party/missing" decant image 2>err || fail "nothing is missing?"
    for word in nowhere-gcc nowhere-cc "$TEST_DIR/no.h" nowhere-depmod; do
        grep -qx "    $word" err || fail "$word isn't named: $(cat err)"
    done
    ! grep -Eqx "    (sed|$TEST_DIR/none)" err || fail "what is there is called missing: $(cat err)"
    if command -v apt-get; then
        grep -qx '    apt-get install gcc libc6-dev kmod' err || fail "no line to paste: $(cat err)"
    fi
    ! PATH=$TEST_DIR/none "$TOP/third_party/missing" decant 2>err || fail "nothing is missing?"
    ! grep -q depmod err || fail "what only an image takes isn't missed otherwise"
    # make asks first, and starts nothing.
    make_tree
    ! make all >out 2>&1 || fail "make goes on"
    grep -q nowhere-gcc out || fail "make doesn't ask: $(cat out)"
    ! grep -E '^(building [a-z]+$|fetch|gcc|make: gcc)' out || fail "something was started"
    [ "$(ls build)" = kernel-headers ] || fail "something was made: $(ls build)"
    unset TOOLS
    # And what is named there exists where this tree builds.
    third_party/missing decant native image || fail "the list has what building doesn't take"
    # Each machine's own, as Debian names it.
    for arch in x86_64 riscv64; do
        ! PATH=$TEST_DIR/none:$tree/tools ARCH=$arch sh third_party/missing cross 2>err || fail "nothing is missing?"
        grep -qx "    $arch-linux-gnu-gcc" err || fail "no compiler for $arch is named: $(cat err)"
        grep -q "Debian's packages.* gcc-${arch/_/-}-linux-gnu" err || fail "no package for $arch is named: $(cat err)"
    done ;;
clean)
    make_tree
    mkdir -p build/{obj,tests,third_party/{download,libnbd}}
    touch build/decant build/third_party/download/tarball
    make clean
    [ "$(cd build && find . -type f)" = ./third_party/download/tarball ] || fail "left: $(find build)"
    make distclean
    [ ! -e build ] || fail "left: $(find build)"
    ! make clean BUILD='a b' 2>err || fail "a blank in BUILD"
    grep -q 'BUILD=a b: make takes no blanks' err || fail "not said why: $(cat err)" ;;
sources)
    # A directory of tarballs, also when it is named from here; apt and the network aren't there.
    mkdir tree tree/third_party 'from here' empty stubs
    cp "$TOP/third_party/fetch" tree/third_party
    echo content >'from here/part.tar'
    (cd 'from here' && sha256sum part.tar) >tree/third_party/SHA256SUMS
    for program in apt-get curl wget; do
        printf '#!/bin/sh\nexit 1\n' >"stubs/$program"
        chmod +x "stubs/$program"
    done
    PATH=$TEST_DIR/stubs:$PATH
    fetch() { rm -rf got && tree/third_party/fetch part.tar got >out 2>&1; }
    for sources in 'from here' "./from here/" "$PWD/from here"; do
        DECANT_SOURCES=$sources fetch || fail "DECANT_SOURCES=$sources: $(cat out)"
        same got/part.tar 'from here/part.tar'
    done
    ! DECANT_SOURCES=nowhere fetch || fail "a directory that isn't there"
    grep -q 'DECANT_SOURCES=nowhere: no such directory' out || fail "not said so: $(cat out)"
    ! DECANT_SOURCES=empty fetch || fail "a directory without it"
    grep -q 'part.tar: not found in .DECANT_SOURCES (.*/empty)' out || fail "not said so: $(cat out)"
    echo other >>'from here/part.tar'
    ! DECANT_SOURCES='from here' fetch || fail "another content"
    grep -q 'wrong SHA-256, refused' out || fail "not said so: $(cat out)"
    [ ! -e got/part.tar ] || fail "the wrong one stays" ;;
kernel-security)
    requires_keyring
    stand_in
    echo "bookworm-security main http://elsewhere/sec/" >>targets
    taken "linux-image-6.12.9+deb13-cloud-amd64 6.12.9-1"
    grep -q '^deb .* http://elsewhere/sec/ trixie-security main$' asked || fail "security updates aren't asked for: $(cat asked)"
    grep -q '^deb .* http://mirror/debian/ trixie main$' asked || fail "the suite isn't asked for: $(cat asked)"
    # Named by nobody: beside the mirror, if it is there.
    echo "trixie main http://mirror/debian/" >targets
    taken "linux-image-6.12.9+deb13-cloud-amd64 6.12.9-1"
    grep -q '^deb .* http://mirror/debian-security/ trixie-security main$' asked || fail "security updates aren't looked for: $(cat asked)"
    for mirror in nowhere/debian mirror/pub/linux; do
        echo "trixie main http://$mirror/" >targets
        sed -i 's/! grep -q nowhere/! grep -q nowhere.*security/' stubs/apt-get
        taken "linux-image-6.12.9+deb13-cloud-amd64 6.12.9-1"
        grep -q 'going on without security updates' out || fail "$mirror: it isn't said that there are none: $(cat out)"
    done
    # But where the machine names a mirror for them, it has to answer.
    echo "trixie-security main http://nowhere-security/" >>targets
    rm -rf download
    ! get_kernel || fail "security updates that don't come count for nothing" ;;
kernel-local)
    # The newest of the directory, as versions go, and of no other flavour; the mirror isn't asked.
    stand_in
    touch offline
    mkdir 'from here'
    for version in 6.12.9 6.12.30 6.12.4; do
        echo "$version" >"from here/linux-image-$version+deb13-cloud-amd64_$version-1_amd64.deb"
    done
    export DECANT_SOURCES='from here'
    taken "linux-image-6.12.30+deb13-cloud-amd64 6.12.30-1"
    [ "$(cat kernel/vmlinuz)" = 6.12.30 ] || fail "another one was unpacked" ;;
kernel-offline)
    requires_keyring
    stand_in
    touch offline
    ! get_kernel || fail "a kernel out of nowhere"
    grep -q 'kernel: cannot get linux-image-cloud-amd64.*DECANT_SOURCES' out || fail "no word of DECANT_SOURCES: $(cat out)"
    mkdir empty
    ! DECANT_SOURCES=empty get_kernel || fail "a kernel out of nowhere"
    grep -q 'DECANT_SOURCES (empty) has no linux-image-\*-cloud-amd64_\*.deb' out || fail "not said what is missing: $(cat out)"
    # What was downloaded once is taken again, and only as long as there is no newer one.
    rm offline
    taken "linux-image-6.12.9+deb13-cloud-amd64 6.12.9-1"
    touch offline
    rm -rf apt kernel
    taken "linux-image-6.12.9+deb13-cloud-amd64 6.12.9-1"
    grep -q 'cannot ask the mirror for a newer one' out || fail "not said that it may be old: $(cat out)"
    rm offline
    taken "linux-image-6.12.9+deb13-cloud-amd64 6.12.9-1"
    ! grep -q downloading out || fail "downloaded again: $(cat out)"
    echo changed >>download/*
    taken "linux-image-6.12.9+deb13-cloud-amd64 6.12.9-1"
    grep -q downloading out || fail "a damaged one was taken"
    echo "linux-image-6.12.10+deb13-cloud-amd64 6.12.10-1" >>mirror
    taken "linux-image-6.12.10+deb13-cloud-amd64 6.12.10-1"
    [ "$(ls download)" = linux-image-6.12.10+deb13-cloud-amd64_6.12.10-1_amd64.deb ] || fail "the old one stays: $(ls download)" ;;
kernel-flavour)
    stand_in
    mkdir both
    echo generic >both/linux-image-6.12.9+deb13-amd64_6.12.9-1_amd64.deb
    echo cloud >both/linux-image-6.12.10+deb13-cloud-amd64_6.12.10-1_amd64.deb
    export DECANT_SOURCES=both
    flavour=amd64 taken "linux-image-6.12.9+deb13-amd64 6.12.9-1"
    [ "$(cat kernel/vmlinuz)" = generic ] || fail "another flavour was taken" ;;
kernel-source)
    # The newest that there is, by the metapackage's name, which isn't it, and no kernel that is built.
    stand_in
    sed -i 's/^mkdir.*/mkdir -p "$3\/usr\/src" \&\& cp "$2" "$3\/usr\/src\/linux-source-6.12.tar.xz"/' stubs/dpkg-deb
    mkdir both
    for deb in linux-source-6.12_6.12.9-1 linux-source-6.12_6.12.30-1 linux-source_6.12.31-1 linux-image-6.12.32+deb13-amd64_6.12.32-1; do
        echo "$deb" >"both/${deb}_all.deb"
    done
    source_is() { # WORDS
        "$TOP/third_party/kernel" linux-source kernel download apt >out 2>&1 || fail "no source: $(cat out)"
        grep -q "^$1 sha256:[0-9a-f]*\$" kernel/version || fail "$(cat kernel/version) instead of $1"
    }
    DECANT_SOURCES=both source_is "linux-source-6.12 6.12.30-1"
    [ "$(cat kernel/linux.tar.xz)" = linux-source-6.12_6.12.30-1 ] || fail "another one was unpacked"
    [ "$(ls kernel)" = $'linux.tar.xz\nversion' ] || fail "more than the source: $(ls kernel)"
    requires_keyring
    echo "linux-source-6.12 6.12.40-1" >mirror
    source_is "linux-source-6.12 6.12.40-1"
    ls download | finds '^linux-source-6.12_6.12.40-1_' || fail "not kept: $(ls download)" ;;
modules-odd-path)
    mkdir stubs "a kernel" "a kernel/lib" "a kernel/lib/modules" "a kernel/lib/modules/1"
    for name in one two; do echo "$name" >"a kernel/$name.ko"; done
    xz "a kernel/two.ko"
    cat >stubs/modprobe <<END
#!/bin/sh
echo "insmod $PWD/a kernel/one.ko "
echo "insmod $PWD/a kernel/two.ko.xz debug=1 name=x"
echo builtin three
END
    chmod +x stubs/modprobe
    printf 'one\ntwo # as well\n' >wanted
    PATH=$TEST_DIR/stubs:$PATH "$TOP/rootfs/modules" "a kernel" wanted modules
    [ "$(cat modules/order)" = $'one.ko\ntwo.ko' ] || fail "in this order: $(cat modules/order)"
    same modules/one.ko "a kernel/one.ko"
    [ "$(cat modules/two.ko)" = two ] || fail "not unpacked" ;;
drivers)
    # What the groups name, what that needs by its dependencies and its wishes, and nothing that was left out.
    from="a kernel/lib/modules/1"
    mkdir -p stubs "$from/kernel/"{net/far,fs,crypto}
    for path in net/one net/far/two fs/three crypto/sum-fast crypto/sum-plain crypto/needed crypto/other; do
        echo "$path" >"$from/kernel/$path.ko.xz"
    done
    cat >"$from/modules.dep" <<'END'
kernel/net/one.ko.xz: kernel/crypto/needed.ko.xz
kernel/net/far/two.ko.xz:
kernel/fs/three.ko.xz:
kernel/crypto/sum-fast.ko.xz:
kernel/crypto/sum-plain.ko.xz:
kernel/crypto/needed.ko.xz:
kernel/crypto/other.ko.xz:
END
    echo "kernel/lib/inside.ko" >"$from/modules.builtin"
    touch "$from/modules.builtin.modinfo"
    echo "softdep three pre: crypto-sum post: two" >"$from/modules.softdep"
    printf 'alias crypto-sum sum_%s\n' fast plain >"$from/modules.alias"
    printf '#!/bin/sh\ntouch "$2/lib/modules/$3/"modules.{dep,alias}\n' >stubs/depmod
    sed -i 's|/bin/sh|/bin/bash|' stubs/depmod
    chmod +x stubs/depmod
    drivers() { PATH=$TEST_DIR/stubs:$PATH "$TOP/rootfs/drivers" "a kernel" groups "$1" out 2>err; }
    # taken MODULE...: these and no others, and they are in the archive's list too.
    taken() {
        (cd out/lib/modules/1/kernel && find . -name '*.ko.xz') | sed 's|.*/||; s|\.ko\.xz||' | sort | xargs >got
        [ "$(cat got)" = "$*" ] || fail "$(cat got) instead of $*"
        [ "$(grep -c '^file 0644 /lib/modules/1/kernel/.*\.ko\.xz out/lib/modules/1/kernel/' out/files)" = $# ] || fail "$(cat out/files)"
    }
    printf '%s\n' '# cards' 'cards net/ inside' 'files three # and others' >groups
    drivers '' || fail "$(cat err)"
    taken needed one sum-fast sum-plain three two
    grep -q '^cards  *0 KiB  *3 modules$' out/sizes || fail "$(cat out/sizes)"
    drivers files || fail "$(cat err)"
    taken needed one two
    ! drivers 'files nothing' || fail "a group that isn't there is left out"
    grep -q 'no group nothing' err || fail "$(cat err)"
    echo 'cards nowhere net/nowhere/' >>groups
    ! drivers '' || fail "modules that aren't there"
    { grep -q 'has no nowhere$' err && grep -q 'has no net/nowhere/$' err; } || fail "not said so: $(cat err)" ;;
firmware)
    # Packages from a directory, what the drivers ask for of it, and nothing else.
    mkdir stubs 'from here' drivers
    touch 'from here/firmware-one_1-2_all.deb' 'from here/firmware-one_1-10_all.deb' drivers/a.ko.xz
    cat >stubs/dpkg-deb <<'END'
#!/bin/bash
[ "$1" = -x ] || { basename "$2" | cut -d_ -f"$([ "$3" = Package ] && echo 1 || echo 2)"; exit; }
mkdir -p "$3/usr/lib/firmware/card" && touch "$3/usr/lib/firmware/card/"{wanted,other}
END
    printf '#!/bin/sh\nexit 1\n' >stubs/apt-get
    printf '#!/bin/sh\nprintf "card/%%s\\n" wanted absent\n' >stubs/modinfo
    chmod +x stubs/*
    PATH=$TEST_DIR/stubs:$PATH
    export DECANT_SOURCES='from here'
    "$TOP/third_party/packages" out apt firmware-one 2>err || fail "$(cat err)"
    grep -q '^firmware-one 1-10 sha256:[0-9a-f]*$' out/version || fail "not the newest, or not said so: $(cat out/version)"
    "$TOP/rootfs/firmware" drivers out/usr/lib/firmware >list
    printf '%s\n' 'dir  0755 /lib/firmware' 'dir  0755 /lib/firmware/card' 'file 0644 /lib/firmware/card/wanted out/usr/lib/firmware/card/wanted' |
        diff - list || fail "another list"
    ! "$TOP/third_party/packages" out apt firmware-two 2>err || fail "a package that isn't there"
    grep -q 'cannot get firmware-two.*DECANT_SOURCES.* has no firmware-two_' err || fail "not said so: $(cat err)" ;;
programs)
    # Those that are asked for, with what they need and what that needs, and nothing else.
    mkdir stubs 'from here'
    touch 'from here/one_1_amd64.deb'
    cat >stubs/dpkg-deb <<'END'
#!/bin/bash
[ "$1" = -x ] || { echo "${3,,}"; exit; }
mkdir -p "$3/usr/bin" "$3/usr/lib/deep"
cd "$3/usr"
echo liba.so.1 >bin/one
echo libb.so.2 >lib/liba.so.1
printf '%s\n' liba.so.1 libb.so.2 >lib/deep/libb.so.2
echo libnowhere.so >bin/two
touch lib/libc.so.3
END
    printf '#!/bin/sh\nsed "s/.*/ 0x01 (NEEDED)  Shared library: [&]/" "$2"\n' >stubs/readelf
    chmod +x stubs/*
    PATH=$TEST_DIR/stubs:$PATH
    export DECANT_SOURCES='from here'
    "$TOP/third_party/programs" out apt usr/bin/one -- one 2>err || fail "$(cat err)"
    printf '%s\n' '10 /usr/bin/one' '20 /usr/lib/deep/libb.so.2' '10 /usr/lib/liba.so.1' | diff - out/sizes || fail "other files"
    (cd out/root && find . -type f) | sort | diff - <(sed 's/.* /./' out/sizes) || fail "others are there than are told"
    grep -q '^package version sha256:[0-9a-f]*$' out/version || fail "not told: $(cat out/version)"
    ! "$TOP/third_party/programs" out apt usr/bin/two -- one 2>err || fail "a library that isn't there"
    grep -q 'usr/bin/two needs libnowhere.so, which none' err || fail "not said so: $(cat err)"
    [ ! -e out ] || fail "half of it is there" ;;
quiet)
    # One object, with a compiler that does nothing: a line that says what is done, or with V=1 how.
    make_tree
    mkdir -p build/third_party/kernel-headers
    compile() {
        rm -rf build/obj
        make --no-print-directory -o build/third_party/libnbd/libnbd.h -o build/third_party/bearssl/include/bearssl.h \
            build/obj/src/main.o CC=true TOOLS=/dev/null "$@" >out
    }
    compile
    [ "$(cat out)" = $'CC\tsrc/main.c' ] || fail "not quiet: $(cat out)"
    compile V=1
    grep -q 'true .*-Isrc.* -c src/main.c -o build/obj/src/main.o' out || fail "V=1 shows no line: $(cat out)"
    ! compile CC=false || fail "a compiler's failure is none" ;;
machines)
    # Nothing but ARCH says for which machine: what is this machine's own is where Debian has it there, what is another's in a tree of
    # its own, beside what both download.
    mkdir stubs
    printf '#!/bin/sh\n[ "$*" = -m ] && cat "%s"\n' "$TEST_DIR/machine" >stubs/uname
    chmod +x stubs/uname
    # told MACHINE VARIABLES WORDS [MAKE-WORDS]: what they are there.
    told() {
        echo "$1" >machine
        PATH=$TEST_DIR/stubs:$PATH make --no-print-directory -C "$TOP" --eval "probe: ; @echo '$2'" probe "${@:4}" >out 2>&1 ||
            fail "$*: $(cat out)"
        [ "$(cat out)" = "$3" ] || fail "on $1, make ${*:4}: $(cat out) instead of $3"
    }
    for machine in x86_64 aarch64 riscv64; do
        told $machine '$(CC) $(MUSL_GCC) $(MUSL) $(MUSL_INCLUDE) $(BUILD) $(DOWNLOAD) $(BUILT_FOR)' \
            "gcc musl-gcc /usr/lib/$machine-linux-musl /usr/include/$machine-linux-musl build build/third_party/download native"
    done
    told aarch64 '$(BOARD) $(BOARDS_HERE)' 'qemu-aarch64 qemu-aarch64'
    told riscv64 '$(BOARD) $(BOARDS_HERE)' 'qemu-x86_64 '
    told x86_64 '$(BOARD) $(filter %-aarch64,$(BOARDS_HERE))' 'qemu-aarch64 qemu-aarch64' ARCH=aarch64
    sysroot=third_party/sysroot/usr
    told x86_64 '$(CC) $(MUSL_GCC) $(MUSL) $(BUILD) $(DOWNLOAD) $(BUILT_FOR)' \
        "aarch64-linux-gnu-gcc aarch64-linux-musl-gcc build/aarch64/$sysroot/lib/aarch64-linux-musl build/aarch64 build/third_party/download cross" \
        ARCH=aarch64
    told aarch64 '$(CC) $(MUSL_INCLUDE) $(BUILD) $(DOWNLOAD)' \
        "x86_64-linux-gnu-gcc else/$sysroot/include/x86_64-linux-musl else else/third_party/download" ARCH=x86_64 BUILD=else
    told aarch64 '$(DOWNLOAD)' else/third_party/download ARCH=x86_64 BUILD=else/x86_64
    ! make -C "$TOP" ARCH=vax words >out 2>&1 || fail "a machine that nothing is known of"
    grep -q 'ARCH=vax: there are x86_64 and aarch64' out || fail "not said so: $(cat out)"
    echo x86_64 >machine
    ! PATH=$TEST_DIR/stubs:$PATH make -C "$TOP" ARCH=aarch64 check-unit >out 2>&1 || fail "tests that can't run here"
    grep -q 'ARCH=aarch64: tests run on the machine that they are for' out || fail "not said so: $(cat out)" ;;
another-machine)
    # A compiler that sees the other machine's musl and nothing else, also below a path that others' build systems don't take; of
    # packages, those of that machine; and its kernel from lists of its own.
    requires_keyring
    make_tarball
    mkdir stubs "from here"
    touch "from here"/musl-dev_1_amd64.deb "from here"/musl-dev_1_arm64.deb "from here"/linux-libc-dev_2_all.deb
    cat >stubs/dpkg-deb <<'END'
#!/bin/bash
[ "$1" = -x ] || { basename "$2" | cut -d_ -f"$([ "$3" = Package ] && echo 1 || echo 2)"; exit; }
musl=$3/usr/lib/aarch64-linux-musl
case $2 in
*_arm64.deb) mkdir -p "$musl" "$3/usr/include/aarch64-linux-musl" && touch "$musl/crt1.o" "$3/usr/include/aarch64-linux-musl/stdio.h" ;;
*_all.deb) mkdir -p "$3/usr/include/"{linux,asm-generic,aarch64-linux-gnu/asm} ;;
*) exit 1 ;;
esac
END
    printf '#!/bin/sh\ncase $1 in -print-file-name=*) echo /of/gcc/${1#*=} ;; *) printf "%%s\\n" "$@" ;; esac\n' >stubs/aarch64-linux-gnu-gcc
    for tool in ar nm objcopy objdump ranlib strip; do printf '#!/bin/sh\n' >"stubs/aarch64-linux-gnu-$tool"; done
    chmod +x stubs/*
    own_path=$PATH
    PATH=$TEST_DIR/stubs:$PATH
    parts="a part's \"place\""
    mkdir "$parts"
    DECANT_SOURCES='from here' "$TOP/third_party/sysroot" "$parts/sysroot" apt aarch64 arm64 2>err || fail "$(cat err)"
    printf '%s\n' 'linux-libc-dev 2' 'musl-dev 1' | diff - <(sed 's/ sha256:[0-9a-f]*$//' "$parts/sysroot/version")
    ln -s sysroot/include "$parts/kernel-headers"
    "$TOP/third_party/build" "$parts/part" part.tar \
        'aarch64-linux-musl-gcc -c x.c >../arguments && ls "$C_INCLUDE_PATH" >../headers && cd / && while read -r word; do
            [ ! -e "$word/stdio.h" ] && [ ! -e "$word/crt1.o" ] || echo there >>"$OLDPWD/../found"; done <"$OLDPWD/../arguments"' ||
        fail "it doesn't build: $(cat "$parts/part/build.log")"
    [ "$(cat "$parts/part/headers")" = "asm
asm-generic
linux" ] || fail "other headers: $(cat "$parts/part/headers")"
    for word in -c x.c -nostdinc -static /of/gcc/include; do
        grep -qx -e "$word" "$parts/part/arguments" || fail "no $word: $(cat "$parts/part/arguments")"
    done
    [ "$(wc -l <"$parts/part/found")" -eq 2 ] || fail "musl's headers and libraries aren't found: $(cat "$parts/part/arguments")"
    PATH=$own_path
    rm -r stubs
    stand_in
    echo "linux-image-6.12.9+deb13-cloud-arm64 6.12.9-1" >mirror
    flavour=cloud-arm64 taken "linux-image-6.12.9+deb13-cloud-arm64 6.12.9-1"
    grep -q '^deb \[arch=arm64 ' asked || fail "whose packages are asked for: $(cat asked)"
    grep -qx 'APT::Architecture "arm64";' apt-arm64/apt.conf || fail "what apt takes this machine for: $(ls apt*)" ;;
help)
    # A target that people call has a line of help, and each line is about a target.
    cd "$TOP"
    make help >"$TEST_DIR/help"
    sed -n 's/^\([a-z-]*\): .*/\1/p' "$TEST_DIR/help" >"$TEST_DIR/names"
    [ "$(wc -l <"$TEST_DIR/names")" -ge 15 ] || fail "hardly any help: $(cat "$TEST_DIR/help")"
    for name in all clean distclean check demo image setup help; do
        grep -qx "$name" "$TEST_DIR/names" || fail "$name isn't in make help"
    done
    while read -r name; do
        grep -q "^\.PHONY: .*\b$name\b" Makefile */*.mk */*/*.mk || fail "make help tells of $name, which is no target"
    done <"$TEST_DIR/names" ;;
*) fail "no such case" ;;
esac
