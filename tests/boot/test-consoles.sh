#!/bin/bash
# SPDX-License-Identifier: MIT
# A machine images its disk and ends also where it can print nothing: its console
# has no port, or there is no such console, or the terminal stopped the output.
# Where it has several, whoever sits at any of them can stop it in time.
# cases: no-port no-console stopped any
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"

make_image source.img 16M
yes 'what was there before' | head -c 16M >target.raw || true

serve_tcp source 127.0.0.1 --readonly file source.img
job="decant.source=nbd://10.0.2.2:$port/ decant.destination=/dev/vda decant.then=poweroff"

case $1 in
no-port) # the kernel opens it, and answers EIO to what is printed
    SERIAL=none boot "$job console=tty0 console=ttyS0" </dev/null ;;
no-console) # /dev/console can't be opened
    SERIAL=none CONSOLE=ttyS5 boot "$job" </dev/null ;;
any) # the last one is the screen, here the first one is typed at
    mkfifo keys
    exec 9<>keys
    cp target.raw before
    : >console
    { wait_for grep -q 'overwritten from .* in 10 s' console; printf '\003' >&9; } &
    waits=1 boot "$job console=tty0" -vga std <keys
    cmp before target.raw
    console_says '^vda .*16.0 MiB virtio .* data$'
    console_says '^decant: result=failed code=1 reason=stopped by \^C; nothing was written$'
    console_says '^  #####   ###   #####  #      #####  #### *$' # FAILED
    console_says '^The machine is switched off now\.$'
    exit ;;
stopped) # by ^S, again whenever it goes on; with more text than any terminal's buffer holds, about modules that aren't there
    { cat "$(dirname "$(ours)")/modules/order"; seq -f 'no-such-module-%g.ko' 300; } >order
    second_initramfs "file 0644 /lib/modules/order $TEST_DIR/order" >both
    INITRAMFS=both boot "$job" < <(while printf '\023'; do sleep 0.1; done)
    ! grep -q 'no-such-module-300' console || fail "^S did not stop the output" ;;
esac
same source.img target.raw
