#!/bin/bash
# SPDX-License-Identifier: MIT
# The main job from end to end: the appliance boots, images a disk from a real
# server, and the imaged disk boots by itself; and so from the PC's CD, by BIOS and with as little memory as that takes.
# cases: qemu-x86_64 pc-x86_64
. "$(dirname "$0")/../functions.sh"

requires_program qemu-system-x86_64 qemu-nbd mke2fs
cd "$TOP"
# Each in a folder of its own: they run at the same time.
mkdir "$TEST_DIR/build"
ln -s "$TOP"/build/{boards,decant,third_party} "$TEST_DIR/build/"
boards/demo "$TEST_DIR/build" "$1"
