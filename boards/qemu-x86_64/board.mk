# SPDX-License-Identifier: MIT
KERNEL_qemu-x86_64 := linux-image-cloud-amd64
