#!/bin/bash
# SPDX-License-Identifier: MIT
# State at file scope is state that no reader of a header sees and no test can
# reset; only main.c may have some. The objects are the witness: .data and .bss.

. "$(dirname "$0")/../functions.sh"
requires_program objdump

objects=("$TOP"/build/obj/src/*/*.o)
[ -e "${objects[0]}" ] || fail "no objects in build/obj/src: build first (make)"
bad=0
for object in "${objects[@]}"; do
    room=${object#"$TOP"/build/obj/src/}
    room=${room%.o}
    [ -e "$TOP/src/$room.c" ] || continue
    # .data.rel.ro holds constants that the start-up code relocates; a line with
    # a size of 0 or of kind `d` is the section itself.
    objdump -t "$object" >symbols
    awk -v room="$room" '
        / (\.data|\.bss|\.tdata|\.tbss|\*COM\*)/ && !/\.data\.rel\.ro/ && !/ d  / {
            print "src/" room ".c: " $NF; bad = 1
        }
        END { exit bad }' symbols || bad=1
done
[ "$bad" -eq 0 ] || fail "writable state at file scope outside of main.c"
