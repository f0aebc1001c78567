#!/bin/bash
# SPDX-License-Identifier: MIT
# The command that is printed after a failure is the one that was given, word for word, whatever is in its words and whichever
# shell it is pasted into; and it is there whenever something was begun, and only then.
#
# cases: odd-words too-long newline-at-the-end as-nbdcopy nothing-begun digest from-is-replaced

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter error
make_block 1048576 >in.img

# A server that fails at the first write, whatever it is told besides.
cat >serve <<'END'
#!/bin/sh
exec nbdkit --exit-with-parent --filter=error memory 1M error=EIO error-pwrite-rate=100% 2>/dev/null
END
chmod +x serve
words_of() { tr '\0' '\n' <"$1" | od -c | head -40; }

case $1 in
odd-words)
    # The program is one that writes down what it was called with.
    odd=('' ' ' "it's" 'a"b' '\n' '$HOME' '`ls`' '!!' '*' '?' '~' '#' '%s' '%%b' '-n' $'a\nb' $'\n\nc' $'tab\tesc\033[2Jdel\177' $'\001''2' $'\001'2 \
        $'\377\376' $'\302\233' $'\342\200\256' $'\303\244' '=x' 'a=b' '{a,b}' '[x]' '[' 'x;y&z|(u)<v>' '\' "'" "''" $'\\\001' "$(printf '%0999d' 0)")
    arguments=(copy --yes --from=0 in.img '[' ./serve "${odd[@]}" ']')
    mkdir 'odd $(bin)'
    ln -s "$DECANT" 'odd $(bin)/decant'
    DECANT="./odd \$(bin)/decant" must_fail 1 'writing .* failed' "${arguments[@]}"
    command=$(sed -n 's/^  //p' err)
    [ "$(wc -l <err)" -eq 2 ] && [ -n "$command" ] || fail "got: $(cat err)"
    ! grep -q '[^[:print:]]' <<<"${command//ä/}" || fail "a control character: $command"
    rm 'odd $(bin)/decant'
    printf '#!/bin/sh\nprintf "%%s\\0" "$0" "$@"\n' >'odd $(bin)/decant'
    chmod +x 'odd $(bin)/decant'
    printf '%s\0' './odd $(bin)/decant' copy "${arguments[@]:1:1}" "${arguments[@]:3}" >wanted
    tried=0
    for shell in sh bash 'bash --posix' dash busybox mksh zsh; do
        command -v "${shell%% *}" >/dev/null || continue
        [ "$shell" != busybox ] || shell='busybox sh'
        $shell -c "$command" >got 2>shell.err || fail "$shell: $(cat shell.err)"
        cmp wanted got || fail "$shell took it otherwise: $(words_of got)"
        tried=$((tried + 1))
    done
    [ "$tried" -ge 2 ] || fail "no shells" ;;
too-long)
    must_fail 1 'incomplete from there on: copy again with the same command$' in.img '[' ./serve "$(printf '%05000d' 0)" ']' ;;
newline-at-the-end)
    must_fail 1 'incomplete from there on: copy again with the same command$' in.img '[' ./serve $'x\n' ']' ;;
as-nbdcopy)
    ln -s "$DECANT" nbdcopy
    code=0
    ./nbdcopy in.img '[' ./serve ']' 2>err || code=$?
    [ "$code" -eq 1 ] && [ "$(wc -l <err)" -eq 1 ] || fail "exit code $code: $(cat err)"
    grep -q '^nbdcopy: .* and incomplete from there on$' err || fail "got: $(cat err)" ;;
nothing-begun)
    guard_files
    for words in 'nosuch.img new.img' "in.img /dev/null/x" "in.img [ nbdkit --exit-with-parent memory 1k ]" '--nosuch a b' 'info nosuch.img'; do
        run_decant $words
        [ "$code" -ne 0 ] && [ "$(wc -l <err)" -eq 1 ] || fail "exit code $code: $(cat err)"
        ! grep -Eq '(go on|copy again) with' err || fail "$words: nothing was begun: $(cat err)"
    done
    nothing_touched ;;
digest)
    # It is of the whole disk, so that the whole disk is to be read.
    must_fail 1 'copy again with$' --sha256 in.img '[' ./serve ']'
    grep -qxF "  $DECANT --sha256 in.img [ ./serve ]" err || fail "got: $(cat err)" ;;
from-is-replaced)
    # What was there before stays good.
    must_fail 1 'go on with$' in.img '[' ./serve ']' --fro 512k
    grep -qxF "  $DECANT --from=524288 in.img [ ./serve ]" err || fail "got: $(cat err)" ;;
*) fail "no such case" ;;
esac
