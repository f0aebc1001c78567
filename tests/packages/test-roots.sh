#!/bin/bash
# SPDX-License-Identifier: MIT
# Debian's package where it is installed: that it installs, runs and goes away again without a trace on the smallest roots of both
# releases (it is built on one, and runs on both), and that whoever builds it gets the same bytes. Takes minutes, and a mirror.
#
# cases: bookworm trixie same-bytes

. "$(dirname "$0")/../functions.sh"
requires_program dpkg-deb
deb=$(echo "$TOP"/build/deb/decant_*.deb)
[ -f "$deb" ] || fail "no package: build it first (make deb)"

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

    in_root sh -c 'apt-get install -y /mnt/decant_*.deb' >out 2>&1 || fail "it doesn't install: $(cat out)"
    in_root dpkg-query -Wf '${Package}\n' | sort | diff packages - | grep '^[<>]' >new || true
    [ "$(cat new)" = "> decant" ] || fail "it brings others: $(cat new)"
    [ "$(in_root decant --version)" = "$("$DECANT" --version)" ] || fail "it doesn't run"
    in_root decant /mnt/in.img /mnt/out.img
    same root/mnt/in.img root/mnt/out.img
    rm root/mnt/out.img
    # The page and completion, as far as there is anything to show them with.
    in_root zcat /usr/share/man/man1/decant.1.gz | cmp - "$TOP/docs/man/decant.1" || fail "the manual is another"
    in_root bash -c '. /usr/share/bash-completion/completions/decant; compopt() { :; }
        COMP_WORDS=(decant --spa) COMP_CWORD=1; _decant; echo "${COMPREPLY[*]}"' >offered
    [ "$(cat offered)" = --sparse= ] || fail "bash completes $(cat offered)"

    in_root apt-get purge -y decant >out 2>&1 || fail "it doesn't go: $(cat out)"
    files_of root | diff before - || fail "it leaves something"
    in_root dpkg-query -Wf '${Package}\n' | sort | diff packages - || fail "dpkg still has it"
}

case $1 in
bookworm | trixie) installs_and_goes "$1" ;;
same-bytes)
    mkdir 'other place'
    (umask 077 && HOME=/nowhere TZ=Asia/Kathmandu LC_ALL=tr_TR.UTF-8 CFLAGS=-O0 MAKEFLAGS=CFLAGS=-O0 SOURCE_DATE_EPOCH=5 \
        "$TOP/docs/packaging/deb" "$TOP/build/decant-$("$DECANT" --version | cut -d' ' -f2).tar.gz" "$TOP/build/third_party/download" \
        'other place/deb') >out 2>&1 || fail "it isn't built: $(cat out)"
    same "$deb" 'other place'/deb/decant_*.deb
    same "$TOP"/build/deb/decant-initramfs_*.deb 'other place'/deb/decant-initramfs_*.deb ;;
*) fail "no such case" ;;
esac
