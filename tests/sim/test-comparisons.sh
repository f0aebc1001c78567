#!/bin/sh
# SPDX-License-Identifier: MIT
# Some thousand simulated comparisons under the sanitizers, each decided by its seed: what is called the same is, byte by byte,
# whatever was lost, failed or couldn't be read on the way; and every difference is found. And they must be able to fail.
# cases: 1 2 3 4 mutants-1 mutants-2 mutants-3
set -eu
cd "$(dirname "$0")/../.."
each=500
case $1 in
mutants-*) exec make -s compare-mutants PART="${1#mutants-}/3" ;;
*) exec build/tests/sim/sim-compare --from=$((($1 - 1) * each + 1)) --count=$each ;;
esac
