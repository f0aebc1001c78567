# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the runs of libnbd's own tests share. Sourced; the test's name and its list of
# cases say which of them.

. "$(dirname "${BASH_SOURCE[0]}")/../functions.sh"
requires_program nbdkit qemu-nbd qemu-img qemu-io

libnbd=$TOP/build/third_party/libnbd/src
exceptions=$TOP/tests/upstream/exceptions
[ -e "$libnbd/tests/functions.sh.in" ] || fail "no $libnbd/tests/functions.sh.in: libnbd was not built here"

# upstream_all PART TEST: none of libnbd's tests of that part may be missing among the
# cases of TEST, and none be excepted that isn't there.
upstream_all() {
    sed -n 's/^# cases: //p' "$2" | tr ' ' '\n' | grep -vx all | sort >listed
    (cd "$libnbd/$1" && ls ./*.sh) | sed 's|^./||; s/\.sh$//' | sort >there
    diff listed there
    sed -n "s|^$1/\(.*\)\.sh .*|\1|p" "$exceptions" | grep -vxF -f there && fail "an exception that isn't there"
    return 0
}

# What libnbd's tests share, with names that are looked up when a test runs: libnbd's configure would have put there what was
# installed when libnbd was built, and nothing for what wasn't.
make_functions() {
    sed -e "s|@abs_top_srcdir@|$TEST_DIR|; s|@configure_input@||" -e 's|@NBDKIT@|nbdkit|; s|@PYTHON@|python3|; s|@CMP@|cmp|' \
        -e 's|@QEMU_NBD@|qemu-nbd|; s|@QEMU_STORAGE_DAEMON@|qemu-storage-daemon|; s|@REALPATH@|realpath|; s|@SED@|sed|' \
        -e 's|@CUT@|cut|; s|@DD@|dd|; s|@STAT@|stat|; s|@TR@|tr|; s|@TRUNCATE@|truncate|' \
        "$libnbd/tests/functions.sh.in" >tests/functions.sh
    ! grep -n '@[A-Za-z_]*@[^}]' tests/functions.sh || fail "what is that to be?"
}

# The certificates that libnbd's build makes for its tests.
make_pki() {
    SRCDIR=$libnbd/tests CERTTOOL=certtool bash "$libnbd/tests/make-pki.sh" tests/pki >pki.log 2>&1 || fail "$(tail -n 3 pki.log)"
    touch tests/pki/stamp-pki
}

# The last of its requirements is the one that wasn't met.
what_it_lacks() {
    local last
    last=$(sed -n 's/^+ requires_\{0,1\} *//p' "$1" | tail -n 1)
    case $last in
    root) echo "needs root" ;;
    'test -r /sys/module/nbd') echo "the kernel has no nbd module loaded" ;;
    *) echo "what it needs isn't there: $last" ;;
    esac
}

# upstream_run PART PROGRAM CASE: runs libnbd's PART/CASE.sh with build/PROGRAM, which
# it finds in PATH; and with Debian's nbdsh, of Debian's python. It writes beside itself, so it runs in a copy.
upstream_run() {
    local reason code=0
    reason=$(sed -n "s|^$1/$3\.sh ||p" "$exceptions")
    [ -z "$reason" ] || skip "$reason"
    mkdir "$1" tests bin
    cp "$libnbd/$1/$3.sh" "$1/"
    make_functions
    cp -r "$libnbd/examples" .
    ! grep -q /tests/pki "$1/$3.sh" || make_pki
    ln -s "$TOP/build/$2" "bin/$2"
    # There is one such device for all of them.
    if grep -q /dev/nbd0 "$1/$3.sh"; then exec {device}>"$TOP/build/tests/nbd0.lock" && flock "$device"; fi
    cd "$1"
    PATH=$TEST_DIR/bin:/usr/bin:$PATH EXPECTED_VERSION=1.22.2 srcdir=. PSKTOOL=psktool VG='' \
        bash "./$3.sh" >../log 2>&1 </dev/null || code=$?
    [ "$code" -ne 77 ] || skip "$(what_it_lacks ../log)"
    [ "$code" -eq 0 ] || { tail -n 40 ../log; fail "$3.sh ended with $code"; }
}
