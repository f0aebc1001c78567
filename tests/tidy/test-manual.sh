#!/bin/bash
# SPDX-License-Identifier: MIT
# An option that isn't in the manual doesn't exist for the operator.
. "$(dirname "$0")/../functions.sh"

sed 's/\\-/-/g; s/\\f.//g' "$TOP/docs/decant.1" >manual
for verb in copy map info rescue disks compare digest; do
    "$DECANT" "$verb" --long-options
    "$DECANT" "$verb" --short-options
done >options
[ "$(wc -l <options)" -gt 60 ] || fail "few options: $(cat options)"
while read -r option; do
    grep -Eq -e "(^|[^a-z-])$option([^a-z-]|\$)" manual || fail "$option is not in docs/decant.1"
done <options
