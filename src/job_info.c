/* SPDX-License-Identifier: MIT */
/* job_info: see job_info.h. */
#include "job_info.h"

int
job_info(const struct options *options, struct fault *fault)
{
  (void)options;
  return fault_set(fault, EXIT_BAD_USAGE, 0, "decant info is not supported yet");
}
