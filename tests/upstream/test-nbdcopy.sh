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

. "$(dirname "$0")/upstream.sh"
requires_program hexdump

case $1 in
all) upstream_all copy "$TOP/tests/upstream/test-nbdcopy.sh" ;;
*) upstream_run copy nbdcopy "$1" ;;
esac
