#!/bin/bash
# SPDX-License-Identifier: MIT
# What `make install` puts where, with which modes, and that it takes it away again; and what the shells then complete: the program's
# own verbs and options, all of them and no others, so that a new one needs no word here.
#
# cases: files links places umask uninstall hooks bash zsh fish

. "$(dirname "$0")/../functions.sh"
unset MAKEFLAGS MAKEOVERRIDES MFLAGS MAKELEVEL PREFIX DESTDIR NBD_LINKS
root="$TEST_DIR/a root"

# What is built is taken as it is.
make_it() { make --no-print-directory -C "$TOP" -o build/decant "$@" DESTDIR="$root" >out || fail "make $*: $(cat out)"; }

# Modes and names of all that is there, but directories.
installed() { (cd "$root" && find . ! -type d -printf '%m %P%l\n' | sort -k 2); }

expected() { # PREFIX
    echo "755 $1/bin/decant"
    echo "644 $1/share/bash-completion/completions/decant"
    echo "644 $1/share/fish/vendor_completions.d/decant.fish"
    for manual in "$TOP"/docs/man/*.[1-8]; do echo "644 $1/share/man/man${manual##*.}/${manual##*/}"; done
    echo "644 $1/share/zsh/site-functions/_decant"
}

# has_all OFFERED [VERB]: each option that the program takes is offered, and nothing else.
has_all() {
    { "$DECANT" ${2:+"$2"} --long-options; "$DECANT" ${2:+"$2"} --short-options; } | sort -u >options
    [ "$(wc -l <options)" -ge 10 ] || fail "few options: $(cat options)"
    sed 's/[=\t].*//' "$1" | sort -u | diff options - || fail "decant ${2-}: what is offered (>) isn't what it takes (<)"
}

verbs() { sed -n 's/^  \.name = "\(.*\)",$/\1/p' "$TOP"/src/cli/options_*.c; }

# try_shell: `offer WORD...` writes to `offered` what the shell offers for the last of these. It works in the directory `here`.
try_shell() {
    local verb
    mkdir here
    [ "$(verbs | wc -l)" -ge 3 ] || fail "few verbs: $(verbs)"
    offer decant ''
    sort -u offered | diff <(verbs | sort) - || fail "what is offered (>) aren't the verbs (<)"
    for verb in '' $(verbs); do
        # shellcheck disable=SC2086 # or none
        offer decant $verb -
        has_all offered "$verb"
    done
    offer decant --spa
    grep -q '^--sparse=' offered || fail "it isn't said that --sparse takes a value: $(cat offered)"
    # Within brackets, options are another program's.
    offer decant --json '[' qemu-nbd --sp
    ! grep -q sparse offered || fail "decant's options are offered to qemu-nbd"
    touch here/some-disk.img
    offer decant map some
    grep -q 'some-disk.img' offered || fail "files aren't offered: $(cat offered)"
}

case $1 in
files)
    make_it install PREFIX=/usr
    diff <(expected usr | sort -k 2) <(installed) || fail "installed (>) isn't what was expected (<)"
    same "$root/usr/bin/decant" "$TOP/build/decant"
    [ "$("$root/usr/bin/decant" --version)" = "$("$DECANT" --version)" ] || fail "it doesn't run" ;;
links)
    make_it install NBD_LINKS=1
    installed >all
    for link in bin/nbdcopydecant bin/nbdinfodecant share/man/man1/nbdcopy.1decant-copy.1 share/man/man1/nbdinfo.1decant-info.1; do
        grep -qx "777 usr/local/$link" all || fail "no $link: $(cat all)"
    done
    "$root/usr/local/bin/nbdinfo" --version | finds ^nbdinfo || fail "the link isn't nbdinfo"
    grep -qx '#compdef decant nbdcopy nbdinfo' "$root/usr/local/share/zsh/site-functions/_decant" || fail "zsh doesn't know"
    ! make -C "$TOP" -o build/decant install NBD_LINKS=yes DESTDIR="$root" 2>err || fail "NBD_LINKS=yes means neither"
    grep -q 'NBD_LINKS=yes: 1 or 0' err || fail "not said why: $(cat err)" ;;
places)
    make_it install PREFIX="/opt/it's mine" BINDIR=/sbin ZSHCOMPDIR=/zsh
    for file in sbin/decant zsh/_decant "opt/it's mine/share/man/man1/decant.1"; do
        [ -f "$root/$file" ] || fail "no $file: $(installed)"
    done ;;
umask)
    umask 077
    make_it install PREFIX=/usr
    diff <(expected usr | sort -k 2) <(installed) || fail "modes are the caller's"
    [ -z "$(find "$root/usr" -type d ! -perm 755)" ] || fail "others can't get there: $(find "$root" -type d ! -perm 755)" ;;
uninstall)
    make_it install NBD_LINKS=1
    touch "$root/usr/local/bin/other"
    make_it uninstall NBD_LINKS=1
    [ "$(installed)" = "$(stat -c %a "$root/usr/local/bin/other") usr/local/bin/other" ] || fail "left: $(installed)" ;;
hooks)
    umask 077
    make_it install-hooks
    installed >all
    for file in lib/decant/start lib/decant/network share/initramfs-tools/hooks/decant lib/dracut/modules.d/90decant/module-setup.sh; do
        grep -qx "755 usr/$file" all || fail "no $file: $(cat all)"
    done
    for file in lib/decant/job lib/initcpio/install/decant lib/initcpio/hooks/decant; do
        grep -qx "644 usr/$file" all || fail "no $file: $(cat all)"
    done
    # What the appliance has of the job, they have.
    for file in afterwards bootnext consoles dhcp-answer dhcp6-answer excepts fetch hardware job lease machine mapfile medium name-servers nearest network \
        network-links network-words once parameters report reports settings telling; do
        same "$TOP/rootfs/$file" "$root/usr/lib/decant/$file"
    done
    [ -z "$(find "$root/usr" -type d ! -perm 755)" ] || fail "others can't get there: $(find "$root" -type d ! -perm 755)"
    make_it uninstall-hooks
    [ -z "$(installed)" ] || fail "left: $(installed)"
    make_it install-hooks HOOKS=dracut
    ! installed | grep initramfs-tools || fail "hooks that nobody asked for"
    ! make -C "$TOP" install-hooks HOOKS=genkernel DESTDIR="$root" 2>err || fail "hooks for genkernel?"
    grep -q 'genkernel: not one of' err || fail "not said why: $(cat err)" ;;
bash)
    make_it install NBD_LINKS=1
    PATH=$root/usr/local/bin:$PATH
    # shellcheck source=/dev/null
    . "$root/usr/local/share/bash-completion/completions/decant"
    compopt() { echo "$*" >said; }
    offer() {
        local COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        rm -f said
        cd here
        _decant || true # nobody looks at what it returns
        # Where it says nothing, files are offered by bash.
        [ "${#COMPREPLY[@]}" -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "${!#}")
        cd ..
        printf '%s\n' "${COMPREPLY[@]}" >offered
    }
    complete -p decant nbdcopy nbdinfo >all || fail "not for all the names"
    [ "$(grep -c 'default -F _decant' all)" -eq 3 ] || fail "no files where nothing is offered: $(cat all)"
    try_shell
    offer decant --spa
    grep -q nospace here/said || fail "a blank before the value"
    offer nbdinfo ''
    ! grep -qx map offered || fail "nbdinfo has no verbs" ;;
zsh)
    requires_program zsh
    make_it install
    PATH=$root/usr/local/bin:$PATH
    # zsh in a terminal of its own: what completion adds is written down, and it is said when it is over.
    cat >inner <<'END'
fpath=("$TEST_DIR/a root/usr/local/share/zsh/site-functions" $fpath)
autoload -Uz compinit
compinit -u -D
unsetopt zle_bracketed_paste
compadd() {
    local -a hits
    builtin compadd -O hits "$@"
    print -rl -- $hits >>"$TEST_DIR/offered"
    builtin compadd "$@"
}
offer() { zle list-choices; print finished; }
zle -N offer
bindkey '^X' offer
cd here
print ready
END
    cat >outer <<'END'
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner "source ${(q)PWD}/inner"
zpty -r inner out '*ready*'
zpty -w -n inner "$*"$'\C-x'
zpty -r inner out '*finished*'
END
    offer() {
        : >offered
        zsh -f outer "$@" || fail "zsh doesn't answer"
        sed -i '/^$/d' offered
    }
    try_shell ;;
fish)
    requires_program fish
    make_it install
    PATH=$root/usr/local/bin:$PATH
    export HOME=$TEST_DIR/home
    mkdir home
    offer() {
        (cd here && fish -c 'set fish_complete_path "$TEST_DIR/a root/usr/local/share/fish/vendor_completions.d"
            complete -C "$argv"' -- "$@") >offered
    }
    try_shell ;;
*) fail "no such case" ;;
esac
