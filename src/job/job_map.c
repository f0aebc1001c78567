/* SPDX-License-Identifier: MIT */
/* job_map: see job_map.h. */
#include "job/job_map.h"

#include "job/confine.h"
#include "os/say.h"

#include <unistd.h>

int
job_map(struct map_job *job, const struct options *options, struct fault *fault)
{
  struct endpoint *source = &job->source.base;
  struct map_config config = { .source = source,
                               .loop = &job->loop,
                               .range = range_make(options->map.offset, options->map.length),
                               .style = options->map.style,
                               .totals = options->map.totals,
                               .colour = options_in_colour(options, say_is_coloured(STDOUT_FILENO)),
                               .columns = say_columns(STDOUT_FILENO) };
  unsigned sessions = client_sessions(&options->source, &options->wishes);
  size_t buffer = options->map.style == MAP_BMAP ? MAP_READ_BYTES : 0;
  struct fault closing;

  if (sessions + buffer > 0 &&
      arena_reserve(&job->memory, tls_pool_bytes(sessions) + buffer + PAGE_BYTES, 0, fault) == -1)
    return -1;
  if (buffer > 0)
    config.buffer = arena_take(&job->memory, buffer, PAGE_BYTES);
  if (sessions > 0)
    tls_pool_init(&job->tls, arena_take(&job->memory, tls_pool_bytes(sessions), PAGE_BYTES), sessions);
  if (loop_init(&job->loop, fault) == -1 || confine_begin(options, fault) == -1 ||
      endpoints_open(&job->source, &options->source, ROLE_SOURCE, &options->wishes, &job->loop, NULL, &job->tls,
                     fault) == -1)
    return -1;
  confine_enter(options);
  int result = map_run(&job->map, &config, fault);
  source->ops->close(source, &closing); /* what was read is shown already */
  return result;
}
