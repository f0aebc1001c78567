# SPDX-License-Identifier: MIT
# Built out of that, by kernel.config.
KERNEL_tiny-x86_64 := linux-source
