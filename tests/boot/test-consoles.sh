#!/bin/bash
# SPDX-License-Identifier: MIT
# A machine images its disk and ends also where it can print nothing: its console
# has no port, or there is no such console, or the terminal stopped the output.
# cases: no-port no-console stopped
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
stopped) # by ^S, again whenever it goes on; with more text than any terminal's buffer holds, about modules that aren't there
    { cat "$(dirname "$(ours)")/modules/order"; seq -f 'no-such-module-%g.ko' 300; } >order
    second_initramfs "file 0644 /lib/modules/order $TEST_DIR/order" >both
    INITRAMFS=both boot "$job" < <(while printf '\023'; do sleep 0.1; done)
    ! grep -q 'no-such-module-300' console || fail "^S did not stop the output" ;;
esac
same source.img target.raw
