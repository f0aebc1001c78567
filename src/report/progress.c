/* SPDX-License-Identifier: MIT */
/* progress: see progress.h. */
#include "report/progress.h"

#include "base/limits.h"
#include "base/sizes.h"

#include <inttypes.h>
#include <stdio.h>

unsigned
progress_percent(uint64_t done, uint64_t total)
{
  if (done >= total)
    return 100;
  unsigned percent = (unsigned)((double)done / (double)total * 100);
  return percent < 100 ? percent : 99;
}

void
progress_text(char text[PROGRESS_TEXT_BYTES], uint64_t done, uint64_t total, uint64_t elapsed_ms)
{
  char done_text[SIZES_TEXT_BYTES], total_text[SIZES_TEXT_BYTES], rate_text[SIZES_TEXT_BYTES];
  double rate = elapsed_ms > 0 ? (double)done * 1000 / (double)elapsed_ms : 0; /* bytes a second */

  sizes_rounded_text(done_text, (double)done);
  sizes_rounded_text(rate_text, rate);
  if (total == SIZE_UNKNOWN) {
    snprintf(text, PROGRESS_TEXT_BYTES, "%s, %s/s", done_text, rate_text);
    return;
  }
  sizes_rounded_text(total_text, (double)total);
  int used = snprintf(text, PROGRESS_TEXT_BYTES, "%s of %s (%u %%), %s/s", done_text, total_text,
                      progress_percent(done, total), rate_text);
  if (done > 0 && done < total && rate > 0 && used > 0 && used < PROGRESS_TEXT_BYTES) {
    double left = (double)(total - done) / rate;
    uint64_t left_s = left < 1e9 ? (uint64_t)left : UINT64_C(1000000000);
    if (left_s >= 3600)
      snprintf(text + used, (size_t)(PROGRESS_TEXT_BYTES - used), ", %" PRIu64 ":%02u:%02u left", left_s / 3600,
               (unsigned)(left_s / 60 % 60), (unsigned)(left_s % 60));
    else
      snprintf(text + used, (size_t)(PROGRESS_TEXT_BYTES - used), ", %u:%02u left", (unsigned)(left_s / 60),
               (unsigned)(left_s % 60));
  }
}
