#!/bin/bash
# SPDX-License-Identifier: MIT
# What a copy came to, for scripts: --json ends with one object on standard output, whichever way it ends, and says there what
# the message and the exit code say.
#
# cases: done digests failed goes-on stopped not-begun digest-differs odd-words refused full

. "$(dirname "$0")/../functions.sh"
requires_program jq
make_block 3000000 >in.img

# Whether each of these expressions of jq holds of the file out.
holds() {
    local expression
    [ "$(jq -s length out)" = 1 ] || fail "not one object: $(cat out err)"
    for expression; do
        jq -e "$expression" out >jq.said 2>&1 || fail "not so: $expression: $(cat out jq.said)"
    done
}
# A server for it that fails at the first write beyond 2 MB.
cat >serve <<'END'
#!/bin/sh
exec nbdkit --exit-with-parent eval get_size='echo 3000000' can_write='exit 0' can_flush='exit 0' \
    pread='dd if=out.img iflag=skip_bytes,count_bytes skip=$4 count=$3 bs=256K status=none' \
    pwrite='if [ $(($4 + $3)) -gt 2000000 ]; then cat >/dev/null; echo EIO >&2; exit 1; fi
        dd of=out.img oflag=seek_bytes seek=$4 bs=256K conv=notrunc status=none' flush='exit 0' 2>/dev/null
END
chmod +x serve

case $1 in
done)
    must_copy --json in.img out.img >out
    holds '.result == "done"' '.bytes == 3000000' '."good-below" == 3000000' '."confirmed-below" == 3000000' '.seconds >= 0' \
        'has("message") or has("go-on") | not'
    must_copy --json --no-flush - out.img <in.img >out
    holds '.bytes == 3000000' '."good-below" == 0' '."confirmed-below" == 3000000' ;;
digests)
    must_copy --json --sha256 --blkhash in.img null: >out
    holds ".sha256 == \"$(sha256sum <in.img | cut -d ' ' -f 1)\"" '.blkhash | test("^[0-9a-f]{64}$")'
    must_copy --json --expect="sha256:$(sha256sum <in.img | cut -d ' ' -f 1)" in.img null: >out
    holds 'has("sha256") | not'
    must_copy --json --blkhash --blkhash-file=hash in.img null: >out
    holds 'has("blkhash")'
    [ "$(jq -r .blkhash out)" = "$(cat hash)" ] || fail "another one in the file" ;;
failed|goes-on)
    requires_nbdkit_plugin eval
    truncate -s 3000000 out.img
    must_fail 1 'writing' --json in.img '[' ./serve ']' >out
    holds '.result == "failed"' '.message | test("^writing .* failed at offset [0-9]+: ")' '."good-below" <= ."confirmed-below"' \
        '."confirmed-below" <= 2000000'
    [ "$(jq -r '."go-on"' out)" = "$(sed -n 's/^  //p' err)" ] || fail "another command: $(cat out err)"
    # Its words are the same.
    sh -c 'printf "%s\0" "$@"' - "$DECANT" --json in.img '[' ./serve ']' >wanted
    jq -j '."go-on-words"[] | . + "\u0000"' out | sed -z '/^--from=/d' | cmp - wanted || fail "other words: $(cat out)"
    [ "$1" = failed ] && exit 0
    printf '#!/bin/sh\nexec nbdkit --exit-with-parent file out.img\n' >serve
    mapfile -t words < <(jq -r '."go-on-words"[]' out)
    "${words[@]}" >out || fail "exit code $?: ${words[*]}"
    holds '.result == "done"'
    same in.img out.img ;;
stopped)
    "$DECANT" --json --rate-limit=64k in.img out.img 2>err >out &
    pid=$!
    at_exit+=("kill -KILL $pid 2>/dev/null")
    wait_for cmp -s -n 65536 in.img out.img
    kill -TERM "$pid"
    wait "$pid" && fail "exit code 0"
    holds '.message | test("^stopped by signal 15; ")' '."good-below" > 0' '."go-on" | test("--from=[0-9]+ ")' ;;
not-begun)
    must_fail 1 'nosuch.img' --json nosuch.img out.img >out
    holds '.result == "failed"' '.message == "cannot open nosuch.img: No such file or directory"' 'keys | length == 2'
    must_fail 64 'blkhash=crc32' --json --blkhash=crc32 in.img out.img >out
    [ ! -s out ] || fail "got: $(cat out)" ;;
digest-differs)
    must_fail 4 'expected' --json --expect="sha256:$(printf '0%.0s' {1..64})" in.img out.img >out
    holds '.result == "digest-differs"' '."good-below" == 3000000' 'has("go-on") | not' ;;
odd-words)
    # What isn't UTF-8 is nothing that JSON has, but the command for a shell says it.
    odd=$'x\n"\\\377'
    ln -s in.img "$odd"
    mkfifo fifo
    head -c 10 fifo >/dev/null &
    must_fail 1 'writing' --json "$odd" fifo >out
    holds '."go-on" | test("printf %b")' '."go-on-words"[2] == "x\n\"\\\ufffd"' ;;
refused)
    must_fail 64 'json goes to standard output' --json in.img - >out
    [ ! -s out ] || fail "got: $(cat out)" ;;
full)
    must_fail 1 'cannot write to standard output: No space left' --json in.img out.img >/dev/full
    must_fail 1 'cannot open nosuch.img' --json nosuch.img out.img >/dev/full ;;
*) fail "no such case" ;;
esac
