#!/bin/bash
# SPDX-License-Identifier: MIT
# nbdkit tries its plugins and filters out with nbdcopy and nbdinfo as the clients: here decant is both. The tests come from its source
# package, which isn't built: the server is the one that is installed, and what an older one can't is listed in nbdkit.exceptions.
#
# cases: S3 captive-tls cc-cpp cc-ocaml cc checkwrite cow-block-size cow-extents-large cow-extents1 cow-extents2
# cases: cow-null cow curl-header-script-fail curl-options data-partition data-raw-copy data-reloffset data-size
# cases: debug-flags delay-open disk2data eval-exports eval evil-cosmic evil-large-p evil-small-p exitlast exportname
# cases: ext2-exportname file-dir file-dirfd file-size gcs ip-filter-anyunix ip-filter-anyvsock ip-filter-deny-list
# cases: ip-filter-dn ip-filter-gid ip-filter-issuer-dn ip-filter-pid ip-filter-security ip-filter-uid ip-filter
# cases: keepalive linuxdisk-copy-out log-script-info luks-copy-zero luks-copy luks-info lzip-aligned lzip-unaligned
# cases: nbd-dynamic-list nbd-qcow2 nbdkit-backend-debug nofilter ocaml-fork ocaml-list-exports ocamlexample-plugin
# cases: offset-truncate ondemand ones partition-4k-gpt partition-4k-mbr partition1 partition2 partitioning1
# cases: partitioning4 partitioning6 python-export-list python-is-tls qcow2dec-map qcow2dec random-copy rate-dynamic
# cases: rate readahead-copy readonly retry-request-open retry-request retry rotational scan-copy scan-info shutdown
# cases: single sparse-random-copy sparse-random-info spinning-info ssh swab-8 tar-info-xz-qcow2dec tar-limit
# cases: time-limit timeout tls-psk tls vddk-password-fd vddk-password-interactive vddk-real-create
# cases: vddk-real-unaligned-chunk vddk-real vddk-run vsock zero
# cases: old-plugins all

. "$(dirname "$0")/../functions.sh"
requires_program nbdkit nbdsh qemu-img qemu-nbd
packed=$TOP/build/third_party/download/nbdkit_1.42.3.orig.tar.gz
exceptions=$TOP/tests/outside/nbdkit.exceptions
requires_file "$packed"
tar -xzf "$packed" --strip-components=1
version=$(nbdkit --dump-config | sed -n 's/^version=//p')

# What their tests share, as configure would have made it.
make_functions() {
    sed -e "s|@abs_top_srcdir@|$TEST_DIR|; s|@top_builddir@|$TEST_DIR|; s|@configure_input@||; s|@plugins@||; s|@filters@||" \
        -e 's|@CXX@|g++|; s|@OCAMLOPT@|ocamlopt|; s|@OCAML_[A-Z_]*@||; s|@SOEXT@|so|; s|@EXEEXT@||; s|@PYTHON@|python3|' \
        -e 's|@CUT@|cut|; s|@SED@|sed|; s|@STAT@|stat|; s|@TRUNCATE@|truncate|' tests/functions.sh.in >tests/functions.sh
    ! grep -n '@[A-Za-z_]*@[^}]' tests/functions.sh || fail "what is that to be?"
}

# What their Makefile makes for the test: a disk with a partition, a file system with that disk in it, a file, certificates, a secret.
make_data() {
    local script=tests/test-$1.sh
    if grep -Eq -- 'test -f disk|ext2\.img' "$script"; then
        mkdir hello
        printf 'hello,world' >hello/hello.txt
        # shellcheck disable=SC2016 # nbdkit's
        nbdkit linuxdisk hello size=100M --run 'qemu-img convert "$uri" tests/disk' || fail "no disk"
    fi
    if grep -q 'ext2\.img' "$script"; then
        mkdir -p inside/disks
        cp tests/disk inside/disks/disk.img
        echo /disks/disk.img >inside/manifest
        truncate -s 2G tests/ext2.img
        mke2fs -q -F -t ext4 -d inside tests/ext2.img || fail "no file system"
    fi
    if grep -q 'file-data' "$script"; then (cd tests && bash ./generate-file-data.sh file-data); fi
    if grep -q pkidir "$script"; then
        sed 's|@CERTTOOL@|certtool|' tests/make-pki.sh.in >tests/make-pki.sh
        (cd tests && bash ./make-pki.sh) >pki.log 2>&1 || fail "$(tail -n 3 pki.log)"
    fi
    if grep -q 'keys\.psk' "$script"; then psktool -u qemu -p tests/keys.psk >psk.log 2>&1 || fail "$(cat psk.log)"; fi
    if grep -q 'example1' "$script"; then make_example; fi
}

# Nobody packages their example1. What tests look at is a disk of 100 MiB that can't be written to, and pattern's is another one.
make_example() {
    # shellcheck disable=SC2016 # the script's
    printf '%s\n' '#!/bin/bash' 'words=()' 'for word; do' \
        'if [ "$word" = example1 ]; then words+=(pattern 100M); else words+=("$word"); fi' 'done' \
        "exec $(command -v nbdkit) \"\${words[@]}\"" >bin/nbdkit
    chmod +x bin/nbdkit
}

# Before 1.36, what nbdkit runs is served on a port, of which there is one for all.
take_port() {
    ! nbdkit --dump-config | finds run_default_socket=Unix || return 0
    exec {port_lock}>"$TOP/build/tests/nbdkit-port.lock"
    flock "$port_lock"
}

# one NAME [ARGUMENT]: runs it, and prints its exit code.
one() {
    local ended=0
    (cd tests && PATH=$TEST_DIR/bin:/usr/bin:$PATH srcdir=$TEST_DIR/tests bash "./test-$1.sh" "${@:2}") >log 2>&1 </dev/null || ended=$?
    echo "$ended"
}

# The last thing that it wanted and didn't get.
what_it_lacks() {
    local last
    last=$(sed -n 's|^\./test-[^ ]*\.sh: ||p' log | grep -vE 'prerequisite is missing|run cleanup hooks' | tail -n 1)
    echo "what it needs isn't there: $last"
}

# The words of the exception that holds here: how it ends, and why.
exception_of() {
    local name how since reason
    while read -r name how since reason; do
        [ "$name" = "$1" ] || continue
        [ "$since" = never ] || is_older "$since" || continue
        echo "$how $reason"
    done < <(grep -v '^#\|^$' "$exceptions")
}
is_older() { [ "$version" != "$1" ] && [ "$(printf '%s\n' "$version" "$1" | sort -V | sed -n 1p)" = "$version" ]; }

# judge NAME CODE: by the list, if it is there.
judge() {
    local how reason ends=fails
    case $2 in 0) ends=passes ;; 77) ends=lacks ;; esac
    read -r how reason <<<"$(exception_of "$1")" || true
    case $ends-$how in
    passes-) count 1 0 0 ;;
    lacks-lacks | fails-fails) count 0 1 0; echo "excepted: $reason" ;;
    passes-*) fail "it passes: nbdkit.exceptions needs no line for it" ;;
    lacks-) count 0 0 1; skip "$(what_it_lacks)" ;;
    *) tail -n 40 log; fail "test-$1.sh ended with $2" ;;
    esac
}
count() { [ -z "${NBDKIT_FIGURES-}" ] || echo "$version" "$@" >>"$NBDKIT_FIGURES"; }

make_functions
take_port
mkdir bin
ln -s "$TOP/build/nbdcopy" "$TOP/build/nbdinfo" bin/
case $1 in
all)
    # None of theirs is missing among the cases, and none is excepted that isn't there.
    sed -n 's/^# cases: //p' "$TOP/tests/outside/test-nbdkit.sh" | tr ' ' '\n' | grep -vx all | sort >listed
    (cd tests && grep -lE 'requires_nbd(copy|info)' test-*.sh) | sed 's/^test-//; s/\.sh$//' |
        grep -v '^tests-requires-' | sort >there
    diff listed there || fail "another list"
    while read -r name how _ reason; do
        grep -qx -e "$name" there || fail "an exception that isn't there: $name"
        [ "$how" = lacks ] || [ "$how" = fails ] || fail "$name: how does it end?"
        [ -n "$reason" ] || fail "no reason: $name"
    done < <(grep -v '^#\|^$' "$exceptions") ;;
old-plugins)
    make_data "$1"
    for plugin in tests/old-plugins/"$(uname -m)"/Linux/v*; do
        echo "$plugin"
        judge "$1" "$(one "$1" "$(uname -m)-Linux-${plugin##*/}-nbd")"
    done ;;
*)
    make_data "$1"
    judge "$1" "$(one "$1")" ;;
esac
