#!/bin/bash
# SPDX-License-Identifier: MIT
# What a server or a file says reaches these parsers before anybody has proved anything:
# the same cases each time, as many as go in a few seconds. `make fuzz` goes on to others.
# And hashes, by which everything else is believed, on this processor and on another kind.
#
# cases: tls_psk tls_record psk_file certificate tls_pem tls_x509 libnbd mapfile bmap_reader gpt hash hash-aarch64 seeds-replay every-fuzzer-has-a-case

. "$(dirname "$0")/../functions.sh"
fuzzers=$TOP/build/tests/fuzz

case $1 in
tls_psk) "$fuzzers/fuzz-tls_psk" --seed=1 --count=1500 ;;
tls_record) "$fuzzers/fuzz-tls_record" --seed=1 --count=10000 ;;
psk_file) "$fuzzers/fuzz-psk_file" --seed=1 --count=200000 ;;
certificate) "$fuzzers/fuzz-certificate" --seed=1 --count=30000 ;;
tls_pem) "$fuzzers/fuzz-tls_pem" --seed=1 --count=20000 ;;
tls_x509) "$fuzzers/fuzz-tls_x509" --seed=1 --count=3000 ;;
libnbd) "$fuzzers/fuzz-libnbd" --seed=1 --count=50000 ;;
mapfile) "$fuzzers/fuzz-mapfile" --seed=1 --count=50000 ;;
bmap_reader) "$fuzzers/fuzz-bmap_reader" --seed=1 --count=20000 ;;
gpt) "$fuzzers/fuzz-gpt" --seed=1 --count=50000 ;;
hash) "$fuzzers/fuzz-hash" --seed=1 --count=40000 ;;
hash-aarch64)
    # Compiled and run for a processor that this machine isn't; the emulator has all of its instructions.
    requires_program aarch64-linux-gnu-gcc qemu-aarch64
    bearssl=$TOP/build/third_party/bearssl/src
    aarch64-linux-gnu-gcc -std=gnu11 -O1 -fsanitize=undefined -fno-sanitize-recover=all -D_GNU_SOURCE -I"$TOP/src" \
        -I"$TOP/tests" -I"$bearssl/inc" -I"$bearssl/src" "$TOP"/tests/fuzz/fuzz{-hash,}.c "$TOP"/src/hash/*.c "$TOP/src/base/zeros.c" \
        "$bearssl"/src/hash/{md5,md5sha1,sha1,sha2big,sha2small}.c "$bearssl"/src/codec/{dec,enc}[0-9]*.c -o fuzz-hash
    # Not every emulator runs what the address sanitizer makes: an empty program dies in trixie's.
    qemu-aarch64 -L /usr/aarch64-linux-gnu fuzz-hash --seed=1 --count=3000 ;;
seeds-replay)
    # One case and no more, and the same one.
    "$fuzzers/fuzz-psk_file" --seed=77 | finds ': 1 cases from seed 77 on$' || fail "a seed doesn't replay" ;;
every-fuzzer-has-a-case)
    for file in "$TOP"/tests/fuzz/fuzz-*.c; do
        room=$(basename "$file" .c)
        room=${room#fuzz-}
        grep -q "^$room) .*fuzz-$room\" --seed=1 --count=" "$0" || fail "no case for $room here"
    done ;;
*) fail "no such case" ;;
esac
