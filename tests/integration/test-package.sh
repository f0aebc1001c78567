#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's package as people meet it: what it says of itself, what Debian's own critic finds, and that it installs, runs and goes away
# again without a trace on the smallest roots of both releases. It is built on one, and runs on both.
#
# cases: contents same-bytes lintian maintainer bookworm trixie

. "$(dirname "$0")/../functions.sh"
requires_program dpkg-deb
deb=$(echo "$TOP"/build/deb/*.deb)
[ -f "$deb" ] || fail "no package: build it first (make deb)"

# Out of the same tarball.
build_again() { # DIRECTORY
    "$TOP/docs/packaging/deb" "$TOP/build/decant-$("$DECANT" --version | cut -d' ' -f2).tar.gz" "$TOP/build/third_party/download" "$1" \
        >out 2>&1 || fail "it isn't built: $(cat out)"
}

# What of a root is decant's or anybody's; not what packages leave behind by being installed at all.
files_of() { find "$1" -xdev \( -path "$1/proc" -o -path "$1/sys" -o -path "$1/dev" -o -path "$1/tmp" -o -path "$1/var/lib/dpkg" -o \
    -path "$1/var/lib/apt" -o -path "$1/var/cache" -o -path "$1/var/log" \) -prune -o -printf '%M %u %P %l\n' | sort; }

# In the root, whose processes and mounts end with the command.
in_root() {
    unshare --mount --pid --fork --kill-child sh -c 'mount -t proc proc root/proc && mount --bind /dev root/dev && exec chroot root "$@"' - \
        /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@" </dev/null
}

installs_and_goes() { # RELEASE
    local tar
    requires_root
    requires_program debootstrap unshare
    requires_free_mib 2000
    tar=$("$TOP/tests/bare" --root "$1") || {
        [ $? -ne 75 ] || skip "no mirror of Debian's is reached from here"
        fail "there is no root of $1"
    }
    mkdir root
    tar -C root -xpf "$tar"
    cp "$deb" root/mnt/
    make_image root/mnt/in.img 1000003
    files_of root >before
    in_root dpkg-query -Wf '${Package}\n' | sort >packages

    in_root sh -c 'apt-get install -y /mnt/*.deb' >out 2>&1 || fail "it doesn't install: $(cat out)"
    in_root dpkg-query -Wf '${Package}\n' | sort | diff packages - | grep '^[<>]' >new || true
    [ "$(cat new)" = "> decant" ] || fail "it brings others: $(cat new)"
    [ "$(in_root decant --version)" = "$("$DECANT" --version)" ] || fail "it doesn't run"
    in_root decant /mnt/in.img /mnt/out.img
    same root/mnt/in.img root/mnt/out.img
    rm root/mnt/out.img
    # The page and completion, as far as there is anything to show them with.
    in_root zcat /usr/share/man/man1/decant.1.gz | cmp - "$TOP/docs/decant.1" || fail "the manual is another"
    in_root bash -c '. /usr/share/bash-completion/completions/decant; compopt() { :; }
        COMP_WORDS=(decant --spa) COMP_CWORD=1; _decant; echo "${COMPREPLY[*]}"' >offered
    [ "$(cat offered)" = --sparse= ] || fail "bash completes $(cat offered)"

    in_root apt-get purge -y decant >out 2>&1 || fail "it doesn't go: $(cat out)"
    files_of root | diff before - || fail "it leaves something"
    in_root dpkg-query -Wf '${Package}\n' | sort | diff packages - || fail "dpkg still has it"
}

case $1 in
contents)
    # The same bytes as everybody's, with the same flags.
    dpkg-deb -x "$deb" root
    "root/usr/bin/decant" --version
    [ ! -e root/usr/bin/nbdcopy ] && [ ! -e root/usr/bin/nbdinfo ] || fail "libnbd-bin has files of these names"
    [ -z "$(dpkg-deb -f "$deb" Depends)" ] || fail "a static program depends on $(dpkg-deb -f "$deb" Depends)"
    dpkg-deb -f "$deb" Static-Built-Using | grep -q '^musl (= ' || fail "it doesn't say whose musl is in it"
    # What isn't released yet is older than the release.
    version=$(dpkg-deb -f "$deb" Version)
    released=$("$DECANT" --version | cut -d' ' -f2)
    dpkg --compare-versions "$version" le "$released-1" || fail "$version is newer than $released"
    dpkg --compare-versions "$version" gt "$released~" || fail "$version is no $released" ;;
same-bytes)
    mkdir 'other place'
    (umask 077 && HOME=/nowhere TZ=Asia/Kathmandu LC_ALL=tr_TR.UTF-8 CFLAGS=-O0 MAKEFLAGS=CFLAGS=-O0 SOURCE_DATE_EPOCH=5 build_again 'other place/deb')
    same "$deb" 'other place'/deb/*.deb ;;
lintian)
    requires_program lintian
    # What one release's lintian finds, and has an override for, another's doesn't.
    lintian --allow-root --pedantic --display-info --fail-on none "$deb" >out 2>&1 || fail "lintian fails: $(cat out)"
    ! grep -vE '^(I: decant: unused-override|N:) ' out || fail "it isn't clean"
    # An override has a reason above it.
    awk '!/^#/ && before !~ /^#|^decant: / { print; bad = 1 } { before = $0 } END { exit bad }' \
        "$TOP/docs/packaging/debian/decant.lintian-overrides" || fail "no reason is given" ;;
maintainer)
    # Who says so is who made it; dpkg's own tools are stood in for.
    mkdir stubs
    printf '#!/bin/sh\ncp debian/control debian/changelog "%s"; touch ../x.deb\n' "$TEST_DIR" >stubs/dpkg-buildpackage
    chmod +x stubs/dpkg-buildpackage
    PATH=$TEST_DIR/stubs:$PATH
    DEBFULLNAME='A. "B" & C/D' DEBEMAIL=abc@example.org build_again deb
    [ -f deb/x.deb ] || fail "no package"
    grep -Fqx 'Maintainer: A. "B" & C/D <abc@example.org>' control || fail "the control file: $(cat control)"
    grep -Fq ' -- A. "B" & C/D <abc@example.org>  ' changelog || fail "the changelog: $(cat changelog)"
    build_again deb
    ! grep -q @MAINTAINER@ control || fail "nobody made it: $(cat control)" ;;
bookworm | trixie) installs_and_goes "$1" ;;
*) fail "no such case" ;;
esac
