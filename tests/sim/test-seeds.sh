#!/bin/sh
# SPDX-License-Identifier: MIT
# 100,000 simulated copies, each decided by its seed, so that what a copy may
# never do is looked for where no real server would take us.
# cases: 1 2 3 4 5 6 7 8
set -eu
cd "$(dirname "$0")/../.."
each=12500
exec build/tests/sim/sim --from=$((($1 - 1) * each + 1)) --count=$each
