#!/bin/bash
# SPDX-License-Identifier: MIT
# What a server, a file or an operator says reaches these parsers before anybody has proved anything: each case of
# their corpora, and the same mutants of them each time, as many as go in a few seconds. `make fuzz` goes on to others.
# And hashes, by which everything else is believed, on this processor and on another kind.
#
# cases: bmap_reader block_list certificate chunks content gpt hash info libnbd map mapfile options psk_file selector
# cases: signatures tls_pem tls_psk tls_record tls_x509 uri words
# cases: hash-aarch64 cases-replay corpora-come-back every-fuzzer-has-a-case

. "$(dirname "$0")/../functions.sh"
fuzzers=$TOP/build/tests/fuzz
corpora=$TOP/tests/fuzz/corpora

# A room's corpus, and so many mutants.
fuzz() { "$fuzzers/fuzz-$1" --corpus="$corpora/$1" --seed=1 --count="$2"; }

case $1 in
bmap_reader) fuzz bmap_reader 20000 ;;
block_list) fuzz block_list 2000 ;;
certificate) fuzz certificate 30000 ;;
chunks) fuzz chunks 20000 ;;
content) fuzz content 20000 ;;
gpt) fuzz gpt 30000 ;;
hash) fuzz hash 20000 ;;
info) fuzz info 20000 ;;
libnbd) fuzz libnbd 20000 ;;
map) fuzz map 5000 ;;
mapfile) fuzz mapfile 30000 ;;
options) fuzz options 20000 ;;
psk_file) fuzz psk_file 100000 ;;
selector) fuzz selector 50000 ;;
signatures) fuzz signatures 3000 ;;
tls_pem) fuzz tls_pem 20000 ;;
tls_psk) fuzz tls_psk 1000 ;;
tls_record) fuzz tls_record 10000 ;;
tls_x509) fuzz tls_x509 2000 ;;
uri) fuzz uri 20000 ;;
words) fuzz words 50000 ;;
hash-aarch64)
    # Compiled and run for a processor that this machine isn't; the emulator has all of its instructions.
    requires_program aarch64-linux-gnu-gcc qemu-aarch64
    bearssl=$TOP/build/third_party/bearssl/src
    aarch64-linux-gnu-gcc -std=gnu11 -O1 -fsanitize=undefined -fno-sanitize-recover=all -D_GNU_SOURCE -I"$TOP/src" \
        -I"$TOP/tests" -I"$bearssl/inc" -I"$bearssl/src" "$TOP"/tests/fuzz/{fuzz-hash,driver,fuzz}.c "$TOP"/src/hash/*.c \
        "$TOP"/src/base/{clean,zeros}.c "$bearssl"/src/hash/{md5,md5sha1,sha1,sha2big,sha2small}.c \
        "$bearssl"/src/codec/{dec,enc}[0-9]*.c -o fuzz-hash
    # Not every emulator runs what the address sanitizer makes: an empty program dies in trixie's.
    qemu-aarch64 -L /usr/aarch64-linux-gnu fuzz-hash --corpus="$corpora/hash" --seed=1 --count=3000 ;;
cases-replay)
    # A corpus alone has no mutants; a line is a case, and only that.
    "$fuzzers/fuzz-words" --corpus="$corpora/words" | finds ' cases of the corpus, 0 mutants from seed ' ||
        fail "there are mutants that nobody asked for"
    printf 'a\\00\\5c b#\n' >one
    "$fuzzers/fuzz-words" --corpus=one | finds ': 1 cases of the corpus, ' || fail "a line isn't a case"
    printf 'a\\0' >two
    ! "$fuzzers/fuzz-words" --corpus=two 2>said || fail "half a byte is taken for a case"
    finds 'not a case of a corpus: ' <said || fail "$(cat said)" ;;
corpora-come-back)
    # What unpacks them and packs them is one program, for all rooms; and of a corpus, nothing is there twice.
    bytes=0
    for corpus in "$corpora"/*; do
        mkdir cases
        "$fuzzers/fuzz-words" --corpus="$corpus" --unpack=cases
        "$fuzzers/fuzz-words" --pack cases/* >again
        cmp "$corpus" again || fail "$corpus isn't as it would be packed"
        [ -z "$(sort "$corpus" | uniq -d)" ] || fail "$corpus has a case twice"
        bytes=$((bytes + $(wc -c <"$corpus")))
        rm -r cases
    done
    [ "$bytes" -le 100000 ] || fail "the corpora have $bytes bytes: make fuzz-corpora makes them smaller" ;;
every-fuzzer-has-a-case)
    for file in "$TOP"/tests/fuzz/fuzz-*.c; do
        room=$(basename "$file" .c)
        room=${room#fuzz-}
        grep -q "^$room) fuzz $room [0-9]* ;;" "$0" || fail "no case for $room here"
        grep -q "^# cases:.* $room\( \|$\)" "$0" || fail "the case for $room is never run"
        [ -s "$corpora/$room" ] || fail "no corpus for $room"
    done
    for corpus in "$corpora"/*; do
        [ -f "$TOP/tests/fuzz/fuzz-$(basename "$corpus").c" ] || fail "a corpus of nobody's: $corpus"
    done ;;
*) fail "no such case" ;;
esac
