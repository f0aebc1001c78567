#!/bin/bash
# SPDX-License-Identifier: MIT
# Scripts that call nbdinfo work with decant in its place: libnbd's own tests of
# nbdinfo, as its source package brings them, run against build/nbdinfo.
#
# cases: info-atomic-output info-can info-can-connect info-can-read info-can-zero info-cannot info-cmd-json
# cases: info-cmd-map-totals info-cmd-size info-description info-description-qemu info-is-read-only info-json
# cases: info-list info-list-json info-list-json-qemu info-list-qemu info-list-uris info-map-base-allocation
# cases: info-map-base-allocation-json info-map-base-allocation-large info-map-base-allocation-weird
# cases: info-map-base-allocation-zero info-map-qemu-allocation-depth info-map-qemu-dirty-bitmap info-map-totals
# cases: info-map-totals-json info-null info-oldstyle info-packets info-size info-text info-uri info-uri-json
# cases: info-uri-nbds info-uri-quoting test-long-options test-short-options test-version all

. "$(dirname "$0")/upstream.sh"
requires_program jq

case $1 in
all) upstream_all info "$TOP/tests/upstream/test-nbdinfo.sh" ;;
*) upstream_run info nbdinfo "$1" ;;
esac
