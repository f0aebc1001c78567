#!/bin/sh
# SPDX-License-Identifier: MIT
# dracut, booting: once udev has gone through the machine, and before anything is done with the disks.

/lib/decant/start
