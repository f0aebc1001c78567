#!/bin/sh
# SPDX-License-Identifier: MIT
# 16,000 simulated copies between files, block devices, pipes and sockets, under the sanitizers, each decided by its seed: all that knows files and
# rings, on a file system and disks that do things in parts, late, elsewhere and not at all, that fail, are pulled and come back. And they must
# be able to fail.
# cases: 1 2 mutants-1 mutants-2
set -eu
cd "$(dirname "$0")/../.."
each=8000
case $1 in
mutants-*) exec make -s storage-mutants PART="${1#mutants-}/2" ;;
*) exec build/tests/storage/disks --from=$((($1 - 1) * each + 1)) --count=$each ;;
esac
