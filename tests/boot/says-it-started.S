# SPDX-License-Identifier: MIT
# A disk's first sector, which a BIOS or a boot loader starts: it says so at the first serial port and switches QEMU's q35 off.
    .code16
    .org 0
    xor %ax, %ax
    mov %ax, %ds
    mov $(0x7c00 + text), %si
0:  lodsb
    test %al, %al
    jz 2f
    mov %al, %ah
    mov $0x3fd, %dx
1:  in %dx, %al
    test $0x20, %al
    jz 1b
    mov $0x3f8, %dx
    mov %ah, %al
    out %al, %dx
    jmp 0b
2:  mov $0x604, %dx
    mov $0x2000, %ax
    out %ax, %dx
3:  hlt
    jmp 3b
text:
    .asciz "the disk has started\n"
    .org 0x1fe
    .word 0xaa55
