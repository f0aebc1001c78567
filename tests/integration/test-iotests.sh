#!/bin/bash
# SPDX-License-Identifier: MIT
# What qemu's iotests 083, 241 and 277 do to qemu as a client is done to this one: a server of the older styles that is gone at each of 083's
# points, or is gone and comes back, and disks that end within a sector, with holes there.
#
# cases: 083-neg1 083-export 083-neg2 083-request 083-reply 083-data 083-neg-classic
# cases: 241-natural 241-sectors 241-blocks 277-source 277-destination

. "$(dirname "$0")/../functions.sh"

# is_gone PART WHEN: nobody makes more of it than there is: not as a source, nor as a destination, nor where it is only asked.
is_gone() {
    local manners=(older="$style" breaks="$1:$2")
    serve_odd s in.img "${manners[@]}"
    rm -f out.img
    must_fail 1 'disconnected|closed the connection|reset|Broken pipe' --retry=0 "$(uri s)" out.img
    mended in.img
    serve_odd s in.img "${manners[@]}"
    if [ "$1:$2" = data:after ]; then
        # All that was asked for has come.
        must_copy info "$(uri s)" >out
        grep -q 'export-size: 1048576 ' out || fail "$(cat out)"
    else
        must_fail 1 'disconnected|not connected|reset|Broken pipe' info "$(uri s)" >out
        [ ! -s out ] || fail "it printed: $(cat out)"
    fi
    end_server s
    junk out.img 1M
    serve_odd s out.img "${manners[@]}"
    must_fail 1 'disconnected|closed the connection|reset|Broken pipe' --retry=0 in.img "$(uri s)"
    mended out.img
}

# mended DISK: the server is there again, and what was printed finishes the copy; before anything was opened, nothing is.
mended() {
    end_server s
    serve_odd s "$1" older="$style"
    if grep -Eq '[:,] (go on|copy again) with$' err; then
        goes_on in.img out.img
    else
        [ "$1" = in.img ] && [ ! -e out.img ] || fail "no command that goes on: $(cat err)"
    fi
    end_server s
}

# starts_again MANNER...: the server of this disk has ended by itself; another one takes its place, for which a copy waits.
starts_again() {
    wait_for has_ended "${server_pid[s]}"
    end_server s
    start_odd s "$@"
}

# Each byte of the disk is told of, and nothing behind it, in extents that have an end.
is_mapped() {
    must_copy map --json "$@" >map
    jq -e --argjson size "$size" '(map(.length) | add) == $size and all(.[]; .length > 0)' map >/dev/null || fail "$(cat map)"
}

style=newstyle
case $1 in
083-neg-classic) style=oldstyle points=(before 8 16 24 28 after) ;;
083-neg1) points=(before after 8 16) ;;
083-export) points=(before after 4 12 16) ;;
083-neg2) points=(before after 8 10) ;;
083-reply) points=(before after 4 8) ;;
083-request | 083-data) points=(before after) ;;
esac
case $1 in
083-*)
    make_image in.img 1M
    for point in "${points[@]}"; do
        echo "$point"
        is_gone "${1#083-}" "$point"
    done ;;
241-*)
    requires_program qemu-nbd jq
    # Text, and then a hole up to an end within a sector; and nothing but text.
    printf '%01000d' 0 >in.img
    cp in.img whole.img
    truncate -s 5000 in.img
    for file in whole.img in.img; do
        size=$(size_of $file)
        sectors=$(((size + 511) / 512 * 512))
        case $1 in
        241-natural)
            serve_qemu s -f raw $file
            size=$sectors ;;
        241-sectors)
            # Where it has to find out what is in the image, it goes by whole sectors.
            serve_qemu s $file
            size=$sectors ;;
        241-blocks)
            # One that keeps the odd size, and likes larger blocks than its disk is.
            requires_nbdkit_filter blocksize-policy
            serve_nbdkit s --filter=blocksize-policy file $file blocksize-preferred=4K ;;
        esac
        cp $file expected.img
        truncate -s "$size" expected.img
        must_copy info --size "$(uri s)" >said
        [ "$(cat said)" = "$size" ] || fail "$file has $(cat said) bytes, not $size"
        is_mapped "$(uri s)"
        must_copy "$(uri s)" out.img
        same expected.img out.img
        end_server s
        # And as a destination.
        junk back.img "$size"
        case $1 in
        241-natural) serve_qemu s -f raw back.img ;;
        241-sectors) serve_qemu s back.img ;;
        241-blocks) serve_nbdkit s --filter=blocksize-policy file back.img blocksize-preferred=4K ;;
        esac
        must_copy $file "$(uri s)"
        end_server s
        same_front $file back.img
    done ;;
277-*)
    # One write, or one read, of 3 MiB after the other: the first server is gone with the data of the first one, the second after a reply.
    make_block 3145728 >in.img
    junk out.img 3M
    case $1 in
    277-source) served=in.img words=("$(uri s)" out.img) ;;
    277-destination) served=out.img words=(in.img "$(uri s)") ;;
    esac
    serve_odd s $served older=oldstyle breaks=data:after
    must_copy --retry=60 "${words[@]}" &
    copy=$!
    at_exit+=("kill $copy 2>/dev/null")
    starts_again $served older=oldstyle breaks=reply:after
    starts_again $served older=oldstyle
    wait "$copy" || fail "it didn't go on"
    same in.img out.img ;;
*) fail "no such case" ;;
esac
