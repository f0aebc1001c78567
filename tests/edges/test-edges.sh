#!/bin/sh
# SPDX-License-Identifier: MIT
# 12,000 simulated copies from, to and between simulated NBD servers, questions to them and maps of them, under the
# sanitizers, each decided by its seed: libnbd and all that knows it, on sockets that take and give any number of bytes, against servers that
# use all their freedom, fail, go away and break the law. And they must be able to fail.
# cases: 1 2 3 mutants-1 mutants-2
set -eu
cd "$(dirname "$0")/../.."
each=4000
case $1 in
mutants-*) exec make -s edge-mutants PART="${1#mutants-}/2" ;;
*) exec build/tests/edges/edges --from=$((($1 - 1) * each + 1)) --count=$each ;;
esac
