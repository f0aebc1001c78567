/* SPDX-License-Identifier: MIT */
/* endpoint_null: a destination that takes everything and keeps nothing. */
#ifndef DECANT_ENDPOINT_NULL_H
#define DECANT_ENDPOINT_NULL_H

#include "disk/endpoint.h"

struct endpoint_null {
  struct endpoint base;
  struct request_queue answered;
};

void endpoint_null_open(struct endpoint_null *null);

#endif
