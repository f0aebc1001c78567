#!/bin/bash
# SPDX-License-Identifier: MIT
# A machine images its disk and ends also where it can print nothing: its console
# has no port, or there is no such console, or the terminal stopped the output.
# Where it has several, whoever sits at any of them can stop it in time.
# cases: no-port no-console stopped screen
# long cases: any
. "$(dirname "$0")/../functions.sh"
. "$(dirname "$0")/machine.sh"

make_image source.img 16M
yes 'what was there before' | head -c 16M >target.raw || true

serve_tcp source 127.0.0.1 --readonly file source.img
job="decant.source=nbd://10.0.2.2:$port/ decant.destination=/dev/vda decant.then=poweroff"

# The machine's screen and keyboard.
screen_shows() { "$TOP/tests/boot/monitor" monitor screen 2>/dev/null | finds "$1"; }
type_on_screen() { "$TOP/tests/boot/monitor" monitor type "$1"; }

case $1 in
no-port) # the kernel opens it, and answers EIO to what is printed
    SERIAL=none boot "$job console=tty0 console=ttyS0" </dev/null ;;
no-console) # /dev/console can't be opened
    SERIAL=none CONSOLE=ttyS5 boot "$job" </dev/null ;;
any) # the last one is the screen, here the first one is typed at
    cp target.raw before
    type() { type_at 'overwritten from .* in 10 s' '\003'; }
    waits=1 boot_typed "$job console=tty0" -vga std
    cmp before target.raw
    console_says '^vda .*16.0 MiB virtio .* data$'
    console_says '^decant: result=failed code=1 reason=stopped by \^C; nothing was written$'
    console_says '^  #####   ###   #####  #      #####  #### *$' # FAILED
    console_says '^The machine is switched off now\.$'
    exit ;;
screen) # with a keyboard: what is said stands there, what is typed is heard, and the serial port goes on beside it
    cp target.raw before
    type() {
        wait_for screen_shows 'overwritten from .* in 10 s'
        type_on_screen '^c'
        wait_for screen_shows 'reason=stopped by ^C; nothing was written$'
        wait_for screen_shows '^  #####   ###   #####  #      #####  ####$' # FAILED
        wait_for screen_shows '^decant:~#'
        type_at '^decant:~# ' 'echo here: $((6 * 7))\r'
        wait_for grep -q '^here: 42$' console
        type_on_screen 'echo screen $PPID\n'
        wait_for screen_shows '^screen [0-9][0-9]*$'
        ! screen_shows '^here: ' || fail "both are the same shell"
        type_on_screen 'poweroff -f\n'
    }
    waits=1 boot_typed "${job% *} console=tty0" -vga std -monitor unix:monitor,server=on,wait=off
    cmp before target.raw
    console_says '^decant: result=failed code=1 reason=stopped by \^C; nothing was written$'
    ! grep '^screen [0-9]' console || fail "what is typed at the screen is shown elsewhere"
    exit ;;
stopped) # by ^S, again whenever it goes on; with more text than any terminal's buffer holds, about modules that aren't there
    { cat "$(dirname "$(ours)")/modules/order"; seq -f 'no-such-module-%g.ko' 300; } >order
    second_initramfs "file 0644 /lib/modules/order $TEST_DIR/order" >both
    INITRAMFS=both boot "$job" < <(while printf '\023'; do sleep 0.1; done)
    ! grep -q 'no-such-module-300' console || fail "^S did not stop the output" ;;
esac
same source.img target.raw
