#!/bin/bash
# SPDX-License-Identifier: MIT
# A server that breaks off, or breaks the protocol, while it is asked is a failure in words, never an answer with lines
# missing; and none can make decant write where it must not.
#
# cases: list-too-short list-odd-lengths info-cut-at-contexts info-cut-at-content info-cut-at-info info-cut-at-list info-broken-list
# cases: list-cut-in-the-middle copy-broken map-broken copy-cut tls-only list-long unknown-reply many-pieces many-pieces-and-errors no-space
# cases: map-cut-at-contexts

. "$(dirname "$0")/../functions.sh"
make_image in.img 1M

# must_refuse PATTERN ARGUMENTS: and nothing on standard output.
must_refuse() {
    must_fail 1 "$@" >out
    [ ! -s out ] || fail "it printed: $(cat out)"
}

# What the command does that is printed, with a server that does as it should.
goes_on_mended() {
    end_server s
    serve_odd s in.img
    goes_on in.img out.img
}

case $1 in
list-too-short)
    for bytes in '' 00 0000 000000; do
        serve_odd s in.img "list=$bytes"
        must_refuse 'cannot list.*NBD_REP_SERVER' info --list "$(uri s)"
        end_server s
    done ;;
list-odd-lengths)
    # Names that are longer than what holds them, and a name that is as long as there is room.
    for bytes in 00000001 ffffffff 0000000441424344 fffffffc41 0000000541424344; do
        serve_odd s in.img "list=$bytes"
        run_decant info --list "$(uri s)" >out
        [ "$code" -le 1 ] || fail "exit code $code: $(cat err)"
        end_server s
    done
    serve_odd s in.img list=0000000441424344
    run_decant info --list "$(uri s)" >out
    grep -q '^export="ABCD"' out || fail "$(cat out err)" ;;
info-cut-at-contexts)
    serve_odd s in.img cut=list-meta
    must_refuse 'contexts.*disconnected' info "$(uri s)"
    must_refuse 'contexts.*disconnected' info --json "$(uri s)" ;;
info-cut-at-content)
    serve_odd s in.img cut=read
    must_refuse 'first bytes' info "$(uri s)" ;;
info-cut-at-info)
    serve_odd s in.img cut=go
    must_refuse 'disconnected' info "$(uri s)"
    end_server s
    serve_odd s in.img cut=info
    must_refuse 'disconnected' info --can write "$(uri s)"
    must_refuse 'disconnected' info --size "$(uri s)" ;;
info-cut-at-list)
    serve_odd s in.img cut=list
    must_refuse 'cannot list.*disconnected' info --list "$(uri s)" ;;
info-broken-list)
    serve_odd s in.img bad-magic=list
    must_refuse 'cannot list.*invalid option reply magic' info --list "$(uri s)"
    end_server s
    serve_odd s in.img bad-magic=list-meta
    must_refuse 'invalid option reply magic' info "$(uri s)" ;;
list-cut-in-the-middle)
    # Said once, not for each export that is left.
    serve_odd s in.img exports=20 cut=list-meta
    must_refuse 'contexts.*disconnected' info --list "$(uri s)" ;;
copy-broken)
    serve_odd s in.img bad-magic=read
    must_fail 1 'reading .*invalid or unexpected reply magic 0x48545450' --retry=0 "$(uri s)" out.img
    goes_on_mended ;;
map-broken)
    serve_odd s in.img bad-magic=status
    must_fail 1 'invalid or unexpected reply magic 0x48545450' map "$(uri s)" >out ;;
copy-cut)
    serve_odd s in.img cut=read
    must_fail 1 'reading .*the (connection was reset|server closed the connection)' --retry=0 "$(uri s)" out.img
    goes_on_mended ;;
tls-only)
    serve_odd s in.img tls-only
    must_refuse 'this server wants TLS: use nbds' info --list "$(uri s)"
    must_refuse 'this server wants TLS: use nbds' info "$(uri s)"
    must_fail 1 'this server wants TLS: use nbds' "$(uri s)" out.img ;;
list-long)
    # More than the memory for it holds is printed as it goes.
    requires_program jq
    serve_odd s in.img exports=20000
    run_decant info --list --json "$(uri s)" >out
    [ "$code" -eq 0 ] || fail "exit code $code: $(cat err)"
    [ "$(jq '.exports | length' out)" = 20000 ] || fail "$(jq '.exports | length' out) exports" ;;
unknown-reply)
    # A reply that nobody asked for is passed over, with all that it holds.
    serve_odd s in.img unasked
    must_copy "$(uri s)" out.img
    same in.img out.img ;;
many-pieces)
    # As the protocol lets it: a read is answered in small pieces, in no order.
    for bytes in 4096 512 1000 33; do
        [ "$bytes" -ne 33 ] || make_image in.img 100000
        serve_odd s in.img "shuffle=$bytes"
        must_copy "$(uri s)" out.img
        same in.img out.img
        end_server s
    done ;;
many-pieces-and-errors)
    # What is no lawful reply stays one that isn't.
    serve_odd s in.img shuffle=512 twice
    must_fail 1 'Protocol error' "$(uri s)" out.img
    goes_on_mended ;;
no-space)
    # The error of a source is no statement about the destination.
    serve_odd s in.img errno=28
    must_fail 1 'reading .*No space left' "$(uri s)" out.img
    goes_on_mended ;;
map-cut-at-contexts)
    # Why the connection ended is told, not what was asked of it afterwards.
    serve_odd s in.img cut=set-meta
    must_refuse 'cannot open .*: (the server closed the connection|recv: .*|.*disconnected.*)$' map "$(uri s)"
    ! grep -q 'invalid state' err || fail "got: $(cat err)" ;;
*) fail "no such case" ;;
esac
