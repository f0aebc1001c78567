/* SPDX-License-Identifier: MIT */
/* effort: see effort.h. */
#include "report/effort.h"

#include <inttypes.h>

void
effort_add_seconds(uint64_t ms, struct text *text)
{
  text_add(text, "%" PRIu64 ".%03u", ms / 1000, (unsigned)(ms % 1000));
}

void
effort_add_json(const struct effort *effort, struct text *text)
{
  double rate = effort->ms > 0 ? (double)effort->moved * 1000 / (double)effort->ms : 0;

  text_add(text, ",\n\"seconds\": ");
  effort_add_seconds(effort->ms, text);
  text_add(text,
           ",\n\"rate\": %" PRIu64 ",\n\"retries\": %" PRIu64 ",\n\"reconnects\": %" PRIu64 ",\n\"memory\": %" PRIu64,
           (uint64_t)rate, effort->retries, effort->reconnects, effort->memory);
}
