#!/bin/bash
# SPDX-License-Identifier: MIT
# What others build decant by (Buildroot, Alpine, Yocto) can't be run here, and would be forgotten: its version, what it downloads and
# the digests stay in step with what this tree builds itself.

. "$(dirname "$0")/../functions.sh"
cd "$TOP"
buildroot=boards/buildroot/package/decant alpine=docs/packaging/alpine/APKBUILD
yocto=$(echo docs/packaging/yocto/decant_*.bb)
version=$(sed -n 's/^VERSION := //p' Makefile)

# has FILE TEXT
has() { grep -Fq -- "$2" "$1" || fail "$1: it doesn't have $2"; }

has $buildroot/decant.mk "DECANT_VERSION = $version"
has $alpine "pkgver=$version"
[ "$yocto" = "docs/packaging/yocto/decant_$version.bb" ] || fail "$yocto: the version is $version"
sh -n $alpine

has $buildroot/decant.hash "$(sha256sum <LICENSE | cut -d' ' -f1)  LICENSE"
has "$yocto" "$(md5sum <LICENSE | cut -d' ' -f1)"
for part in libnbd bearssl; do
    read -r sum file < <(grep "  ${part}_" third_party/SHA256SUMS)
    has $buildroot/decant.hash "sha256  $sum"
    has $buildroot/decant.mk "$file"
    has "$yocto" "$part.sha256sum] = \"$sum\""
    has "$yocto" "$file"
    has $alpine "  $file"
    if [ -f "build/third_party/download/$file" ]; then
        has $alpine "$(sha512sum <"build/third_party/download/$file" | cut -d' ' -f1)  $file"
    fi
done
