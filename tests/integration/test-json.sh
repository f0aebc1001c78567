#!/bin/bash
# SPDX-License-Identifier: MIT
# What a copy came to, for scripts: --json ends with one object on standard output, whichever way it ends, and says there what
# the message and the exit code say.
#
# cases: done digests failed goes-on stopped not-begun digest-differs odd-words refused full
# cases: figures progress every-verb schema

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
    holds '.result == "failed"' '.message == "cannot open nosuch.img: No such file or directory"' 'keys | length == 3'
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
figures)
    requires_holes
    truncate -s 8M in.img
    # Each byte is data, zeros, kept or there already.
    adds_up='.data + .zeros + .kept + .skipped == .bytes'
    must_copy --json in.img out.img >out
    holds "$adds_up" '.skipped == 8388608 - .data' '.data > 2999999' '.memory > 16777216' '.retries == 0' '.reconnects == 0' '.phases.copy == .seconds'
    must_copy --json in.img null: >out
    holds "$adds_up" '.zeros > 0' '.rate >= 0'
    junk out.img 8M
    must_copy --json --from=4096 in.img out.img >out
    holds "$adds_up - 4096" '.kept == 0'
    printf '0x0 + 1\n0x0 0x100000 +\n0x100000 0x700000 ?\n' >domain
    must_copy --json --domain=domain in.img out.img >out
    holds "$adds_up" '.data == 1048576' '.kept == 7340032'
    must_copy --json --verify in.img out.img >out
    holds '.phases.verify >= 0' '.verified == 8388608'
    # A request that fails once is asked for again.
    requires_nbdkit_filter error
    touch fails
    serve_nbdkit s --filter=error file in.img error-pread=EIO error-pread-rate=100% error-file=fails
    "$DECANT" --json --retry=60 "$(uri s)" out.img >out 2>err &
    copy=$!
    wait_for grep -q 'pread' s.server
    rm fails
    wait "$copy" || fail "exit code $?: $(cat err)"
    holds '.retries > 0' '.result == "done"' ;;
progress)
    requires_holes
    truncate -s 8M in.img
    for verb in copy digest compare rescue; do
        words=(in.img)
        case $verb in
        copy) words+=(out.img) ;;
        compare) words+=(in.img) ;;
        rescue) words+=(other.img --mapfile=map) ;;
        esac
        "$DECANT" "$verb" "${words[@]}" --json --progress=3 >"$verb.out" 3>"$verb.lines" 2>err || fail "$verb: exit code $?: $(cat err)"
        [ "$(jq -s length "$verb.out")" = 1 ] || fail "$verb: not one object: $(cat "$verb.out")"
        jq -s -e 'length >= 1 and all(.done <= .total and .total == 8388608 and .rate >= 0) and .[-1].done == 8388608' \
            "$verb.lines" >/dev/null || fail "$verb: got: $(cat "$verb.lines")"
        # Without --json they are for people, or their programs.
        rm -f map other.img
        "$DECANT" "$verb" "${words[@]}" --progress=3 >/dev/null 3>"$verb.percent" 2>err || fail "$verb: exit code $?: $(cat err)"
        [ "$(tail -n 1 "$verb.percent")" = 100/100 ] || fail "$verb: got: $(cat "$verb.percent")"
        rm -f map other.img
    done ;;
every-verb)
    requires_program qemu-nbd qemu-img
    make_image in.img 3M 7
    cp in.img other.img
    flip other.img 100
    qemu-img create -q -f qcow2 disk.qcow2 1M
    qcow2=('[' qemu-nbd -r -A -f qcow2 disk.qcow2 ']')
    two=(--context=base:allocation --context=qemu:allocation-depth)
    # KIND CODE ARGUMENTS: in what form it has to be, and how it ends.
    is_of() {
        local code=0
        n=$((n + 1))
        "$DECANT" "${@:3}" --json >"$1.$n" 2>err || code=$?
        [ "$code" -eq "$2" ] || fail "exit code $code, not $2: ${*:3}: $(cat err)"
        "$TOP/tests/valid-json" -k "$1" "$1.$n" || fail "decant ${*:3}: $(cat "$1.$n")"
    }
    n=0
    is_of copy 0 in.img out.img
    is_of copy 1 in.img none/out.img
    is_of copy 4 --expect="sha256:$(printf '0%.0s' {1..64})" in.img null:
    is_of copy 0 --sha256 --blkhash --verify in.img out.img
    is_of copy 0 digest --blkhash in.img
    is_of rescue 0 rescue in.img new.img --mapfile=map
    is_of rescue 0 rescue in.img new.img --mapfile=map
    is_of rescue 1 rescue none.img new.img --mapfile=map2
    is_of compare 0 compare in.img out.img
    is_of compare 2 compare --all in.img other.img
    is_of compare 1 compare in.img none.img
    is_of map 0 map in.img
    is_of map 0 map "${two[@]}" "${qcow2[@]}"
    is_of totals 0 map --totals in.img
    is_of totals 0 map --totals "${two[@]}" "${qcow2[@]}"
    is_of info 0 info in.img
    is_of info 0 info "${qcow2[@]}"
    is_of info 0 info --list "${qcow2[@]}"
    is_of disks 0 disks
    "$DECANT" map --json=imageio in.img >imageio
    "$TOP/tests/valid-json" -k imageio imageio
    for verb in $("$DECANT" --help=all | sed -n 's/^       decant \([a-z]*\) .*/\1/p') copy; do
        "$DECANT" "$verb" --long-options | finds -x -e --json || fail "$verb has no --json"
    done ;;
schema)
    # It refuses what isn't so, ...
    must_copy --json in.img out.img >good
    for wrong in 's/"data"/"date"/' 's/"done"/"don"/' '/"verb"/d' 's/"bytes": /&-/' '/"rate"/d'; do
        sed "$wrong" good >wrong
        ! "$TOP/tests/valid-json" -k copy wrong >said || fail "it takes what $wrong makes of it"
    done
    rm wrong
    # ... and has the names that the sources print, and no others.
    grep -ohE '\\"[a-z][A-Za-z0-9_-]*\\": ' "$TOP"/src/job/*.c "$TOP"/src/report/*.c "$TOP"/src/copy/*.c | tr -d '\\": ' >printed
    grep -ohE '(add_member\(&?text|add_string\(text|write_(string|known)\(info, [A-Z"]*), "[a-z-]*"' "$TOP"/src/job/*.c "$TOP"/src/report/*.c |
        sed 's/.*"\([a-z-]*\)"$/\1/' >>printed
    grep -ohE '= "(is_|can_|block_size_|TLS|structured|extended)[a-z_]*"' "$TOP"/src/report/facts.c | tr -d '= "' >>printed
    printf '%s\n' sha256 blkhash >>printed # which are called by the digest's own word
    jq -r '.definitions | .. | .properties? // empty | keys[]' "$TOP/docs/decant.schema.json" | sort -u >named
    sort -u printed | grep -vx can_connect | diff - named || fail "the sources and the schema have other names" ;;
full)
    must_fail 1 'cannot write to standard output: No space left' --json in.img out.img >/dev/full
    must_fail 1 'cannot open nosuch.img' --json nosuch.img out.img >/dev/full ;;
*) fail "no such case" ;;
esac
