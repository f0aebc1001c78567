/* SPDX-License-Identifier: MIT */
/* device: what only block devices have: sectors, and a size that stays. */
#ifndef DECANT_DEVICE_H
#define DECANT_DEVICE_H

#include "local/endpoint_file.h"

/* Learns size and sectors of an open device. Returns 0, or -1 with the fault set. */
int device_learn(struct endpoint_file *file, struct fault *fault);

#endif
