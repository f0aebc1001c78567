#!/bin/bash
# SPDX-License-Identifier: MIT
# Whoever sits at a machine's console saves one of its disks to a server, and rescues another one that fails, by the menu, one after the
# other, and switches it off.
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"

make_image target.raw 8M 1
make_image failing.raw 4M 2
# A sector that can't be read.
bad=2003
cat >errors <<END
[inject-error]
event = "none"
iotype = "read"
errno = "5"
sector = "$bad"
END
dd if=/dev/zero of=failing.raw bs=512 seek=$bad count=1 conv=notrunc status=none
cp failing.raw wanted.raw
printf 'lost' | dd of=failing.raw bs=512 seek=$bad conv=notrunc status=none
mkdir disks
truncate -s 8M disks/saved
truncate -s 4M disks/rescued
serve_tcp disks 127.0.0.1 file dir=disks

type() {
    type_at 'What is to be done' '2\r'
    type_at 'The disk that is read' 'vda\r'
    type_at 'Where to?' '1\r'
    type_at 'Which server' "10.0.2.2:$port\\r"
    wait_for shown 'Which of these exports'
    type_at . "$(sed -n 's|^ *\([0-9]*\)  .*nbd://10.0.2.2:[0-9]*/saved$|\1|p' console)\\r"
    type_at 'Type vda to begin' 'vda\r'
    type_at 'What is to be done' '3\r' 2
    type_at 'The failing disk, which is read' 'vdb\r'
    type_at 'Where to?' '1\r' 2
    type_at 'Which server' "nbd://10.0.2.2:$port/rescued\\r" 2
    type_at 'Type vdb to begin' 'vdb\r'
    type_at 'What is to be done' '6\r' 3
}
boot_typed '' -drive file=blkdebug:errors:failing.raw,format=raw,if=virtio,cache=unsafe

console_says '^decant: result=ok bytes=8388608 '
console_says '^  ####    ###   #   #  ##### *$' # DONE
same target.raw disks/saved
console_says '^decant rescue --mapfile=/run/decant/rescue.map '
console_says '^decant: result=failed code=3 reason='
console_says '^  ####    ###   ####   #####  #      #   # *$' # PARTLY
console_says '^Some of it could not be read'
same wanted.raw disks/rescued
