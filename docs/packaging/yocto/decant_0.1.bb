# SPDX-License-Identifier: MIT
# Yocto, with TCLIBC = "musl": `make dist`, and the tarball beside this file in a directory `files`.
SUMMARY = "Copies disks between NBD servers, block devices, files and pipes"
LICENSE = "MIT & LGPL-2.1-or-later"
LIC_FILES_CHKSUM = "file://LICENSE;md5=061ac95e9973283ef537613687675734"

SRC_URI = "file://decant-${PV}.tar.gz \
    https://download.libguestfs.org/libnbd/1.22-stable/libnbd-1.22.2.tar.gz;name=libnbd;unpack=0;downloadfilename=libnbd_1.22.2.orig.tar.gz \
    ${DEBIAN_MIRROR}/main/b/bearssl/bearssl_0.6+dfsg.1.orig.tar.xz;name=bearssl;unpack=0"
SRC_URI[libnbd.sha256sum] = "bdc403af00fd1c9b5ed20503765496a81c2d0197af550765af3dee196e8519ca"
SRC_URI[bearssl.sha256sum] = "102a625bd8f6155260867a50c508df8d8c3f796985dd744df1a68e5cd1a79004"

COMPATIBLE_HOST = "x86_64.*-linux-musl"

inherit pkgconfig

# Where decant expects Debian's musl, this toolchain's is put in its place.
do_configure() {
    mkdir -p ${S}/tools ${S}/build/third_party/kernel-headers
    printf '#!/bin/sh\nexec %s "$@"\n' "${CC}" >${S}/tools/musl-gcc
    chmod +x ${S}/tools/musl-gcc
    for tool in ar ranlib nm strip readelf objdump; do
        ln -sf "$(command -v ${TARGET_PREFIX}$tool)" ${S}/tools/$tool
    done
    for headers in linux asm asm-generic; do
        ln -sfn ${STAGING_INCDIR}/$headers ${S}/build/third_party/kernel-headers/
    done
    sed '/musl\|\/usr\//d' ${S}/third_party/tools >${S}/tools/list
}

decant_make() {
    PATH="${S}/tools:$PATH" TOOLS=${S}/tools/list DECANT_SOURCES=${UNPACKDIR} \
        make -C ${S} CC=musl-gcc MUSL=${STAGING_LIBDIR} MUSL_INCLUDE=${STAGING_INCDIR} "$@"
}

do_compile() {
    decant_make
}

do_install() {
    decant_make install PREFIX=${prefix} DESTDIR=${D}
}

# It is static, stripped by its own build, and has the completion of three shells.
INSANE_SKIP:${PN} += "already-stripped"
FILES:${PN} += "${datadir}/bash-completion ${datadir}/zsh ${datadir}/fish"
