#!/bin/bash
# SPDX-License-Identifier: MIT
# Dependencies point one way, from the top to the words, or the pure rooms can no
# longer be understood, simulated and tested by themselves. The #include lines
# are the witness, and the table `layers` beside this file is the law.
#
# cases: every-room-has-a-layer includes-point-down libnbd-in-few-rooms bearssl-in-few-rooms
# cases: pure-rooms-need-no-system pure-rooms-call-no-system no-room-includes-a-source

. "$(dirname "$0")/../functions.sh"
src=$TOP/src
table=$TOP/tests/tidy/layers

# The place of a room in the table: 1 words, 2 pure, 3 edges, 4 top; 0 nowhere.
# A name that is written out goes before a pattern.
layer_of() {
    awk -v room="$1" '
        /^#/ { next }
        { layer++
          for (i = 2; i <= NF; i++) {
              if ($i == room) exact = layer
              else if ($i ~ /\*$/ && index(room, substr($i, 1, length($i) - 1)) == 1) like = layer
          } }
        END { print exact ? exact : like + 0 }' "$table"
}

rooms() {
    (cd "$src" && ls -- *.[ch]) | sed 's/\.[ch]$//' | sort -u
}

rooms_of_layer() {
    local room
    for room in $(rooms); do
        [ "$(layer_of "$room")" -ne "$1" ] || echo "$room"
    done
}

[ -n "$(rooms)" ] || fail "no rooms in $src"
bad=0
complain() {
    echo "$*"
    bad=1
}

case $1 in
every-room-has-a-layer)
    for room in $(rooms); do
        [ "$(layer_of "$room")" -ne 0 ] || complain "src/$room: which layer? Add it to tests/tidy/layers"
    done ;;
includes-point-down)
    while IFS=: read -r file line; do
        room=${file%.[ch]}
        included=$(sed 's/.*"\(.*\)\.h".*/\1/' <<<"$line")
        [ "$(layer_of "$included")" -le "$(layer_of "$room")" ] && [ "$(layer_of "$included")" -ne 0 ] ||
            complain "src/$file may not include $included.h"
    done < <(cd "$src" && grep -H '^ *# *include *"' -- *.[ch]) ;;
libnbd-in-few-rooms)
    # Reaching servers, moving data, asking what they know. In the sources: their headers show nothing of it.
    found=$(cd "$src" && grep -l '^ *# *include.*libnbd\.h' -- *.[ch] || true)
    for file in $found; do
        case $file in client.c|endpoint_nbd.c|server.c) ;; *) complain "libnbd.h is included by src/$file" ;; esac
    done
    found=$(cd "$src" && grep -l '^ *# *include.*<internal\.h>' -- *.[ch] || true)
    for file in $found; do
        case $file in socket.c|tls_socket.c) ;; *) complain "libnbd's internal.h is included by src/$file" ;; esac
    done ;;
bearssl-in-few-rooms)
    # Hashes and encryption; in headers only among the rooms of TLS.
    found=$(cd "$src" && grep -l '^ *# *include.*bearssl' -- *.[ch] || true)
    for file in $found; do
        case $file in digest.c|gcm.c|gcm_x86.c|tls.c|tls_*.c|tls_*.h) ;; *) complain "BearSSL is included by src/$file" ;; esac
    done ;;
pure-rooms-need-no-system)
    # Headers of the C standard without a system call in them, and getopt, which
    # only takes argv apart. stdio is here for snprintf: the next case looks.
    for room in $(rooms_of_layer 2) error limits range; do
        for file in "$src/$room".[ch]; do
            [ -e "$file" ] || continue
            while read -r header; do
                case $header in
                assert.h|errno.h|getopt.h|inttypes.h|limits.h|stdarg.h|stdbool.h) ;;
                stddef.h|stdint.h|stdio.h|stdlib.h|string.h) ;;
                *) complain "${file#"$TOP"/} may not include <$header>" ;;
                esac
            done < <(sed -n 's/^ *# *include *<\(.*\)>.*/\1/p' "$file")
        done
    done ;;
pure-rooms-call-no-system)
    # What the objects ask for is the truth: other pure rooms and words, and what
    # of the C library computes and does nothing else.
    requires_program nm
    allowed='_GLOBAL_OFFSET_TABLE_ __stack_chk_fail __assert_fail memchr memcmp memcpy memmove memset
        strchr strrchr strcmp strncmp strlen strnlen strspn strcspn strstr strerror snprintf vsnprintf
        getopt_long optarg opterr optind optopt'
    for room in $(rooms_of_layer 2) error limits range; do
        object=$TOP/build/obj/src/$room.o
        [ -e "$src/$room.c" ] || continue
        [ -e "$object" ] || fail "$object: build first (make)"
        while read -r symbol; do
            case " $(echo $allowed) " in *" $symbol "*) continue ;; esac
            # Its own layer and the words have names that begin with the room's.
            for other in $(rooms_of_layer 2) error range fault; do
                case $symbol in "$other"_*) continue 2 ;; esac
            done
            complain "src/$room.c calls $symbol"
        done < <(nm -u "$object" | awk '{ print $NF }')
    done ;;
no-room-includes-a-source)
    ! (cd "$src" && grep -n '^ *# *include *".*\.c"' -- *.[ch]) || complain "a source is included" ;;
*) fail "no such case" ;;
esac
[ "$bad" -eq 0 ]
