#!/bin/bash
# SPDX-License-Identifier: MIT
# The main job from end to end: the appliance boots, images a disk from a real
# server, and the imaged disk boots by itself.
. "$(dirname "$0")/../functions.sh"

requires_program qemu-system-x86_64 qemu-nbd mke2fs
cd "$TOP"
boards/demo build
