/* SPDX-License-Identifier: MIT */
/* job_map: see job_map.h. */
#include "job_map.h"

int
job_map(const struct options *options, struct fault *fault)
{
  (void)options;
  return fault_set(fault, EXIT_BAD_USAGE, 0, "decant map is not supported yet");
}
