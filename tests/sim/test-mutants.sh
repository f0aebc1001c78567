#!/bin/sh
# SPDX-License-Identifier: MIT
# The simulator must be able to fail: it catches every mistake in the list.
set -eu
cd "$(dirname "$0")/../.."
exec make -s sim-mutants
