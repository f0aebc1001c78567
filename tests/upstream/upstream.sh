# SPDX-License-Identifier: MIT
# What the runs of libnbd's own tests share. Sourced; the test's name and its list of
# cases say which of them.

. "$(dirname "${BASH_SOURCE[0]}")/../functions.sh"
requires_program nbdkit qemu-nbd qemu-img qemu-io

libnbd=$TOP/build/third_party/libnbd/src
exceptions=$TOP/tests/upstream/exceptions
[ -e "$libnbd/tests/functions.sh" ] || fail "no $libnbd/tests/functions.sh: libnbd was not built here"

# upstream_all PART TEST: none of libnbd's tests of that part may be missing among the
# cases of TEST, and none be excepted that isn't there.
upstream_all() {
    sed -n 's/^# cases: //p' "$2" | tr ' ' '\n' | grep -vx all | sort >listed
    (cd "$libnbd/$1" && ls ./*.sh) | sed 's|^./||; s/\.sh$//' | sort >there
    diff listed there
    sed -n "s|^$1/\(.*\)\.sh .*|\1|p" "$exceptions" | grep -vxF -f there && fail "an exception that isn't there"
    return 0
}

# The certificates that libnbd's build makes for its tests.
make_pki() {
    SRCDIR=$libnbd/tests CERTTOOL=certtool bash "$libnbd/tests/make-pki.sh" tests/pki >pki.log 2>&1 || fail "$(tail -n 3 pki.log)"
    touch tests/pki/stamp-pki
}

# upstream_run PART PROGRAM CASE: runs libnbd's PART/CASE.sh with build/PROGRAM, which
# it finds in PATH; and with Debian's nbdsh, of Debian's python. It writes beside itself, so it runs in a copy.
upstream_run() {
    local reason code=0
    reason=$(sed -n "s|^$1/$3\.sh ||p" "$exceptions")
    [ -z "$reason" ] || skip "$reason"
    mkdir "$1" tests bin
    cp "$libnbd/$1/$3.sh" "$1/"
    cp "$libnbd/tests/functions.sh" tests/
    cp -r "$libnbd/examples" .
    ! grep -q /tests/pki "$1/$3.sh" || make_pki
    ln -s "$TOP/build/$2" "bin/$2"
    cd "$1"
    PATH=$TEST_DIR/bin:/usr/bin:$PATH EXPECTED_VERSION=1.22.2 srcdir=. PSKTOOL=psktool VG='' \
        NBDKIT=nbdkit QEMU_NBD=qemu-nbd CUT=cut DD=dd SED=sed TR=tr TRUNCATE=truncate \
        bash "./$3.sh" >../log 2>&1 </dev/null || code=$?
    [ "$code" -ne 77 ] || skip "what it needs isn't there: $(sed -n 's/^+ requires //p' ../log | tail -n 1)"
    [ "$code" -eq 0 ] || { tail -n 40 ../log; fail "$3.sh ended with $code"; }
}
