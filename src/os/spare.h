/* SPDX-License-Identifier: MIT */
/* spare: how much memory the machine can spare. */
#ifndef DECANT_SPARE_H
#define DECANT_SPARE_H

#include <stdint.h>

/* Bytes that could be taken now without pushing anything out, and no more than the control groups that we are in allow in all;
 * 0 where that can't be told. */
uint64_t spare_memory(void);

#endif
