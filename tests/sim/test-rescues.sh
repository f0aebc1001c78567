#!/bin/sh
# SPDX-License-Identifier: MIT
# Some thousand simulated rescues of failing disks under the sanitizers, each decided by its seed: nothing is called finished
# that isn't on stable storage, whenever power fails, and the bad areas are those of the disk. And they must be able to fail.
# cases: 1 2 3 4 rare mutants-1 mutants-2 mutants-3
set -eu
cd "$(dirname "$0")/../.."
each=750
case $1 in
# What was found further out, once.
rare) exec build/tests/sim/sim-rescue --from=700171 --count=1 ;;
mutants-*) exec make -s rescue-mutants PART="${1#mutants-}/3" ;;
*) exec build/tests/sim/sim-rescue --from=$((($1 - 1) * each + 1)) --count=$each ;;
esac
