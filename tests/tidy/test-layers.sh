#!/bin/bash
# SPDX-License-Identifier: MIT
# Dependencies point one way, from the verbs down to the words, or the engine can no
# longer be understood, simulated and tested by itself. The #include lines
# are the witness, and the table `layers` beside this file is the law.
#
# cases: folders-are-layers includes-are-allowed permissions-are-used no-cycles names-are-unique
# cases: libnbd-in-nbd bearssl-in-tls no-system-headers no-system-calls no-room-includes-a-source

. "$(dirname "$0")/../functions.sh"
table=$TOP/tests/tidy/layers
cd "$TOP/src"
bad=0
complain() {
    echo "$*"
    bad=1
}

folders() { sed 's/#.*//; /^ *$/d' "$table" | awk '{ print $1 }'; }
allowed() { awk -v folder="$1" '$1 == folder { $1 = ""; print }' "$table"; }

# FILE FOLDER of each include of another folder's header, of the folders in the table.
crossings() {
    for folder in $(folders); do
        grep -H '^ *# *include *"' -- "$folder"/*.[ch] | sed 's/^\([^:]*\):.*"\([^/"]*\)\/.*/\1 \2/' | grep -v " $folder\$" || true
    done
}

# The layers that know nothing of the system.
pure="base hash disk copy report cli"

case $1 in
folders-are-layers)
    diff <({ folders; echo job; } | sort) <(find . -mindepth 1 -type d -printf '%P\n' | sort) ||
        complain "tests/tidy/layers and the folders of src/ differ"
    [ "$(echo *.[ch])" = main.c ] || complain "only main.c stands above the folders: $(echo *.[ch])" ;;
includes-are-allowed)
    while IFS=: read -r file line; do
        included=$(sed 's/.*"\(.*\)".*/\1/' <<<"$line")
        case $included in */*) ;; *) complain "src/$file: say the folder of $included" ;; esac
        [ -e "$included" ] || complain "src/$file includes $included, which isn't there"
    done < <(grep -H '^ *# *include *"' -- *.[ch] */*.[ch])
    crossings | while read -r file folder; do
        case " $(allowed "${file%%/*}") " in *" $folder "*) ;; *) echo "src/$file may not include $folder/" ;; esac
    done >"$TEST_DIR/trespasses"
    [ ! -s "$TEST_DIR/trespasses" ] || complain "$(cat "$TEST_DIR/trespasses")" ;;
permissions-are-used)
    crossings | sed 's|/[^ ]*||' | sort -u >"$TEST_DIR/used"
    for folder in $(folders); do
        for other in $(allowed "$folder"); do
            grep -qx "$folder $other" "$TEST_DIR/used" || complain "tests/tidy/layers: nothing in $folder/ includes $other/"
        done
    done ;;
no-cycles)
    for folder in $(folders); do
        for other in $(allowed "$folder"); do echo "$folder $other"; done
    done | tsort >/dev/null || complain "tests/tidy/layers goes in a circle" ;;
names-are-unique)
    twice=$(basename -a -- *.[ch] */*.[ch] | sort | uniq -d)
    [ -z "$twice" ] || complain "two files of one name: $twice" ;;
libnbd-in-nbd)
    # Also its insides, which only what takes the place of its files may know.
    for file in $(grep -lE '^ *# *include.*(libnbd|internal)\.h' -- *.[ch] */*.[ch]); do
        case $file in nbd/*) ;; *) complain "libnbd is included by src/$file" ;; esac
    done
    for file in $(grep -l '^ *# *include.*<internal\.h>' -- */*.[ch]); do
        case $file in nbd/socket.c | nbd/tls_socket.c | nbd/wait.c) ;; *) complain "libnbd's internal.h is included by src/$file" ;; esac
    done ;;
bearssl-in-tls)
    # And its hashes, where processors have no instructions for them.
    for file in $(grep -l '^ *# *include.*bearssl' -- *.[ch] */*.[ch]); do
        case $file in tls/* | hash/hash.c) ;; *) complain "BearSSL is included by src/$file" ;; esac
    done ;;
no-system-headers)
    # Headers of the C standard without a system call in them, and getopt, which
    # only takes argv apart. stdio is here for snprintf: the next case looks. What a
    # processor has and can is asked of itself, or of what the program was started with.
    for folder in $pure; do
        for file in "$folder"/*.[ch]; do
            while read -r header; do
                case $file:$header in
                *:assert.h | *:errno.h | *:inttypes.h | *:limits.h | *:stdarg.h | *:stdbool.h) ;;
                *:stddef.h | *:stdint.h | *:stdio.h | *:stdlib.h | *:string.h | *:strings.h) ;;
                cli/*:getopt.h | hash/hash.c:bearssl_hash.h) ;;
                hash/hash_x86.c:cpuid.h | hash/hash_x86.c:immintrin.h | hash/hash_arm.c:arm_neon.h | hash/hash_arm.c:sys/auxv.h) ;;
                *) complain "src/$file may not include <$header>" ;;
                esac
            done < <(sed -n 's/^ *# *include *<\(.*\)>.*/\1/p' "$file")
        done
    done ;;
no-system-calls)
    # What the objects ask for is the truth: each other, the loop that the engine is turned by, and what of the C library
    # computes and does nothing else.
    requires_program nm
    objects=()
    for folder in $pure; do
        for source in "$folder"/*.c; do
            object=$TOP/build/obj/src/${source%.c}.o
            [ -e "$object" ] || fail "$object: build first (make)"
            objects+=("$object")
        done
    done
    {
        echo _GLOBAL_OFFSET_TABLE_ __stack_chk_fail __assert_fail memchr memcmp memcpy memmove memset strchr strrchr strcmp strcpy \
            strncmp strncasecmp strlen strnlen strspn strcspn strstr strerror snprintf vsnprintf getopt_long optarg opterr optind optopt | tr ' ' '\n'
        nm --defined-only "${objects[@]}" "$TOP/build/obj/src/os/loop.o" | awk 'NF == 3 { print $3 }'
    } | sort -u >"$TEST_DIR/allowed"
    for object in "${objects[@]}"; do
        source=${object#"$TOP"/build/obj/}
        while read -r symbol; do
            case $source:$symbol in src/hash/hash.o:br_*) continue ;; esac
            grep -qxF "$symbol" "$TEST_DIR/allowed" || complain "${source%.o}.c calls $symbol"
        done < <(nm -u "$object" | awk '{ print $NF }')
    done ;;
no-room-includes-a-source)
    ! grep -n '^ *# *include *".*\.c"' -- *.[ch] */*.[ch] || complain "a source is included" ;;
*) fail "no such case" ;;
esac
[ "$bad" -eq 0 ]
