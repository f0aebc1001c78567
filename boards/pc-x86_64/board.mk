# SPDX-License-Identifier: MIT
KERNEL_pc-x86_64 := linux-image-amd64
