#!/bin/bash
# SPDX-License-Identifier: MIT
# Servers with block size constraints refuse what doesn't keep to them (here with
# EINVAL, by the error policy), so a copy that succeeds has kept to them all.
#
# cases: source:1:4K:64K source:512:4K:64K source:512:512:1M source:4K:4K:64K source:4K:64K:32M
# cases: source:64K:64K:64K source:64K:128K:1M
# cases: destination:1:4K:64K destination:512:4K:64K destination:512:512:1M destination:4K:4K:64K
# cases: destination:4K:64K:32M destination:64K:64K:64K destination:64K:128K:1M
# cases: both:512:4K:64K both:4K:4K:64K both:64K:64K:64K both:64K:1M:2M

. "$(dirname "$0")/../functions.sh"
requires_nbdkit_filter blocksize-policy

IFS=: read -r side minimum preferred maximum <<<"$1"
policy=(blocksize-minimum="$minimum" blocksize-preferred="$preferred"
        blocksize-maximum="$maximum" blocksize-error-policy=error)

# Whole blocks, as the protocol asks of a server's size.
make_image in.img 12M 5
truncate -s 12713984 in.img         # 12 MiB + 128 KiB, 194 times 64 KiB
junk out.img 12713984

case $side in
source|both) serve_nbdkit s --filter=blocksize-policy file in.img "${policy[@]}"; from=$(uri s) ;;
*) from=in.img ;;
esac
case $side in
destination|both)
    serve_nbdkit d --filter=blocksize-policy file out.img "${policy[@]}"; to=$(uri d) ;;
*) to=out.img ;;
esac
must_copy "$from" "$to"
same in.img out.img

if [ "$side" = destination ]; then
    # A source that ends inside a block, with data around zeros of any length.
    make_image odd.img 5000003 9
    cp out.img expected.img
    dd if=odd.img of=expected.img bs=64K conv=notrunc status=none
    must_copy odd.img "$to"
    same expected.img out.img
fi
