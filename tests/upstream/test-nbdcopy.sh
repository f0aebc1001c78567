#!/bin/bash
# SPDX-License-Identifier: MIT
# Scripts that call nbdcopy work with decant in its place: libnbd's own tests of
# nbdcopy, as its source package brings them, run against build/nbdcopy.
#
# cases: copy-allocated-asynch copy-allocated-destination-zero-asynch copy-allocated-destination-zero-synch
# cases: copy-allocated-synch copy-block-to-nbd copy-destination-zero-asynch copy-destination-zero-synch
# cases: copy-file-to-file copy-file-to-nbd copy-file-to-null copy-file-to-qcow2-compressed copy-file-to-qcow2
# cases: copy-flush copy-nbd-error copy-nbd-to-block copy-nbd-to-file copy-nbd-to-hexdump copy-nbd-to-nbd
# cases: copy-nbd-to-nbd2 copy-nbd-to-null copy-nbd-to-small-block-error copy-nbd-to-small-nbd-error
# cases: copy-nbd-to-sparse-file copy-nbd-to-stdout copy-progress-bar copy-sparse-allocated copy-sparse-no-extents
# cases: copy-sparse-request-size copy-sparse-to-stream copy-sparse copy-stdin-to-nbd copy-stdin-to-null copy-tls
# cases: copy-zero-to-nbd copy-zero-to-null test-long-options test-short-options test-verbose test-version all

. "$(dirname "$0")/../functions.sh"
requires_program nbdkit qemu-nbd qemu-img hexdump

libnbd=$TOP/build/third_party/libnbd/src
[ -e "$libnbd/tests/functions.sh" ] || fail "no $libnbd/tests/functions.sh: libnbd was not built here"

# None may be missing above, and none be excepted that isn't there.
if [ "$1" = all ]; then
    sed -n 's/^# cases: //p' "$TOP/tests/upstream/test-nbdcopy.sh" | tr ' ' '\n' | grep -vx all | sort >listed
    (cd "$libnbd/copy" && ls ./*.sh) | sed 's|^./||; s/\.sh$//' | sort >there
    diff listed there
    sed '/^#/d; s/\.sh .*//' "$TOP/tests/upstream/exceptions" | grep -vxF -f there && fail "an exception that isn't there"
    exit 0
fi
reason=$(sed -n "s/^$1\.sh //p" "$TOP/tests/upstream/exceptions")
[ -z "$reason" ] || skip "$reason"

# They write beside themselves, so they run in a copy; and they find nbdcopy in PATH.
mkdir copy tests bin
cp "$libnbd/copy/$1.sh" copy/
cp "$libnbd/tests/functions.sh" tests/
ln -s "$TOP/build/nbdcopy" bin/nbdcopy
cd copy
code=0
PATH=$TEST_DIR/bin:$PATH EXPECTED_VERSION=1.22.2 srcdir=. PSKTOOL=psktool QEMU_NBD=qemu-nbd VG='' \
    bash "./$1.sh" >../log 2>&1 </dev/null || code=$?
[ "$code" -ne 77 ] || skip "what it needs isn't there: $(sed -n 's/^+ requires //p' ../log | tail -n 1)"
[ "$code" -eq 0 ] || { tail -n 40 ../log; fail "$1.sh ended with $code"; }
