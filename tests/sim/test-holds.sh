#!/bin/sh
# SPDX-License-Identifier: MIT
# Some thousand simulated copies that hold both ends of their destination back, under the sanitizers, each decided by its seed: wherever
# one is cut short, nothing is there that boots before all the rest is on stable storage. And they must be able to fail.
# cases: 1 2 3 4 mutants-1 mutants-2 mutants-3
set -eu
cd "$(dirname "$0")/../.."
each=1250
case $1 in
mutants-*) exec make -s hold-mutants PART="${1#mutants-}/3" ;;
*) exec build/tests/sim/sim-holds --from=$((($1 - 1) * each + 1)) --count=$each ;;
esac
