#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's package as people meet it: what it says of itself, and what Debian's own critic finds. That it installs and goes
# again is tests/packages.
#
# cases: contents hooks lintian maintainer

. "$(dirname "$0")/../functions.sh"
requires_program dpkg-deb
deb=$(echo "$TOP"/build/deb/decant_*.deb)
hooks=$(echo "$TOP"/build/deb/decant-initramfs_*.deb)
[ -f "$deb" ] && [ -f "$hooks" ] || fail "no package: build it first (make deb)"

# Out of the same tarball.
build_again() { # DIRECTORY
    "$TOP/docs/packaging/deb" "$TOP/build/decant-$("$DECANT" --version | cut -d' ' -f2).tar.gz" "$TOP/build/third_party/download" "$1" \
        >out 2>&1 || fail "it isn't built: $(cat out)"
}

case $1 in
contents)
    # The same bytes as everybody's, with the same flags.
    dpkg-deb -x "$deb" root
    "root/usr/bin/decant" --version
    [ ! -e root/usr/bin/nbdcopy ] && [ ! -e root/usr/bin/nbdinfo ] || fail "libnbd-bin has files of these names"
    [ -z "$(dpkg-deb -f "$deb" Depends)" ] || fail "a static program depends on $(dpkg-deb -f "$deb" Depends)"
    dpkg-deb -f "$deb" Static-Built-Using | finds '^musl (= ' || fail "it doesn't say whose musl is in it"
    # What isn't released yet is older than the release.
    version=$(dpkg-deb -f "$deb" Version)
    released=$("$DECANT" --version | cut -d' ' -f2)
    dpkg --compare-versions "$version" le "$released-1" || fail "$version is newer than $released"
    dpkg --compare-versions "$version" gt "$released~" || fail "$version is no $released" ;;
hooks)
    # What is installed from the tree, and nothing else; and the system's initramfs is made anew when it comes and when it goes.
    dpkg-deb -x "$hooks" root
    rm -r root/usr/share/doc root/usr/share/lintian
    make -s -C "$TOP" install-hooks HOOKS="initramfs-tools dracut" DESTDIR="$TEST_DIR/tree"
    diff -r tree root || fail "not what is in the tree"
    diff <(cd tree && find . -printf '%m %p\n' | sort) <(cd root && find . -printf '%m %p\n' | sort) || fail "other modes"
    dpkg-deb -f "$hooks" Depends | finds busybox || fail "it doesn't depend on busybox"
    dpkg-deb -I "$hooks" triggers | finds 'update-initramfs$' || fail "no initramfs is made anew" ;;
lintian)
    requires_program lintian
    # What one release's lintian finds, and has an override for, another's doesn't.
    lintian --allow-root --pedantic --display-info --fail-on none "$deb" "$hooks" >out 2>&1 || fail "lintian fails: $(cat out)"
    ! grep -vE '^([IW]: decant(-initramfs)?: (unused|mismatched)-override|N:) ' out || fail "it isn't clean"
    # An override has a reason above it.
    awk '!/^#/ && before !~ /^#|^decant[^ ]*: / { print; bad = 1 } { before = $0 } END { exit bad }' \
        "$TOP"/docs/packaging/debian/*.lintian-overrides || fail "no reason is given" ;;
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
*) fail "no such case" ;;
esac
