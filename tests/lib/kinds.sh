# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Every kind of source and destination, and copies between any two of them.

# source_of KIND FILE: sets `source` to the words that name a source of that kind
# with the content of FILE, and `expected` to a file with the content it shows.
# The source `pipe` has to be fed.
source_of() {
    local kind=$1 file=$2
    expected=$file
    case $kind in
    nbdkit) serve_nbdkit source file "$file"; source=("$(uri source)") ;;
    qemu-raw)
        serve_qemu source -r -f raw "$file"
        source=("$(uri source)"); round_up_expected 512 ;;
    qemu-qcow2)
        qemu-img convert -f raw -O qcow2 "$file" "$file.qcow2"
        serve_qemu source -r -f qcow2 "$file.qcow2"
        source=("$(uri source)"); round_up_expected 512 ;;
    nbd-server) serve_nbd_server source "$file"; source=("$(uri source disk)") ;;
    file) source=("$file") ;;
    pipe) source=(-) ;;
    command-nbdkit) source=('[' nbdkit --exit-with-parent file "$file" ']') ;;
    command-qemu)
        source=('[' qemu-nbd -r -f raw "$file" ']'); round_up_expected 512 ;;
    *) fail "no such kind of source: $kind" ;;
    esac
}

# qemu shows odd sizes rounded up to sectors, with zeros.
round_up_expected() {
    local size
    size=$(size_of "$expected")
    [ $((size % $1)) -ne 0 ] || return 0
    cp --sparse=always "$expected" "$expected.rounded"
    truncate -s %"$1" "$expected.rounded"
    expected=$expected.rounded
}

# destination_of KIND SIZE: sets `destination` likewise. Wherever that can be,
# what is there before isn't zero, so that zeros left out show.
destination_of() {
    local kind=$1 size=$2 rounded=$2
    case $kind in *qemu*) rounded=$(((size + 511) / 512 * 512)) ;; esac
    case $kind in
    pipe|null|file-new) ;;
    *) junk out.img "$rounded" ;;
    esac
    case $kind in
    nbdkit) serve_nbdkit destination file out.img; destination=("$(uri destination)") ;;
    qemu-raw)
        serve_qemu destination --discard=unmap -f raw out.img
        destination=("$(uri destination)") ;;
    qemu-qcow2)
        qemu-img convert -f raw -O qcow2 out.img out.qcow2
        serve_qemu destination --discard=unmap -f qcow2 out.qcow2
        destination=("$(uri destination)") ;;
    nbd-server) serve_nbd_server destination out.img; destination=("$(uri destination disk)") ;;
    file) printf 'and more' >>out.img; destination=(out.img) ;;
    file-new) destination=(out.img) ;;
    pipe) destination=(-) ;;
    null) destination=(null:) ;;
    command-nbdkit) destination=('[' nbdkit --exit-with-parent file out.img ']') ;;
    command-qemu) destination=('[' qemu-nbd --discard=unmap -f raw out.img ']') ;;
    *) fail "no such kind of destination: $kind" ;;
    esac
}

# N bytes that are no zeros, for a destination to be rid of; in large ones, where
# it costs too much to write them all, at the start only.
junk() {
    local n
    n=$(bytes "$2")
    [ "$n" -le 67108864 ] || n=67108864
    head -c "$n" /dev/zero | tr '\0' '\252' >"$1"
    truncate -s "$2" "$1"
}

# copy_kinds SOURCE-KIND DESTINATION-KIND FILE [OPTIONS]: copies and compares.
# FILE's content is in a file `out.img` afterwards, for more questions.
copy_kinds() {
    local from=$1 to=$2 file=$3 size compare=same
    shift 3
    rm -f out.img out.qcow2
    source_of "$from" "$file"
    size=$(size_of "$expected")
    [ "$size" -le 1073741824 ] || compare=same_sparse
    destination_of "$to" "$size"
    if [ "$from" = pipe ]; then
        cat "$file" | copy_to "$to" "$@"
    else
        copy_to "$to" "$@"
    fi
    end_server source
    end_server destination
    if [ "$to" = null ]; then return 0; fi
    if [ "$to" = qemu-qcow2 ]; then
        qemu-img check -q out.qcow2 || fail "the qcow2 is damaged"
        qemu-img convert -f qcow2 -O raw out.qcow2 out.img
    fi
    case $to in
    *qemu*)     # its own rounding is behind what was copied
        [ "$(size_of out.img)" -ge "$size" ] || fail "out.img is too short"
        truncate -s "$size" out.img ;;
    esac
    "$compare" "$expected" out.img
}

copy_to() {
    if [ "$1" = pipe ]; then
        must_copy "${@:2}" "${source[@]}" "${destination[@]}" | cat >out.img
    else
        must_copy "${@:2}" "${source[@]}" "${destination[@]}"
    fi
}
