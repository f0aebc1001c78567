/* SPDX-License-Identifier: MIT */
/* job_info: see job_info.h. */
#include "job/job_info.h"

#include "job/confine.h"
#include "job/info_file.h"
#include "os/say.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

/* A list asks about content over connections of their own, one after the other. */
#define SESSIONS 2

static int
job_info_lay_out(struct info_job *job, const struct options *options, struct fault *fault)
{
  struct arena *memory = &job->memory;
  unsigned sessions = client_sessions(&options->source, &options->wishes) > 0 ? SESSIONS : 0;

  if (arena_reserve(memory, tls_pool_bytes(sessions) + INFO_BYTES + CONTENT_PROBE_BYTES, 0, fault) == -1)
    return -1;
  tls_pool_init(&job->tls, arena_take(memory, tls_pool_bytes(sessions), PAGE_BYTES), sessions);
  text_init(&job->out, arena_take(memory, INFO_TEXT_BYTES, 1), INFO_TEXT_BYTES);
  names_init(&job->exports, arena_take(memory, INFO_EXPORTS_BYTES, 1), INFO_EXPORTS_BYTES);
  names_init(&job->contexts, arena_take(memory, INFO_CONTEXTS_BYTES, 1), INFO_CONTEXTS_BYTES);
  job->content = arena_take(memory, CONTENT_PROBE_BYTES, 1);
  return 0;
}

/* ---- All about exports ---- */

static int
learn_export(struct info_job *job, struct server *server, bool enter, struct fault *fault)
{
  names_init(&job->facts.contexts, job->contexts.bytes, job->contexts.size);
  return server_learn_export(server, enter, &job->facts, fault);
}

/* More is known of an export that was entered, and no other can be asked about then. */
static int
learn_entered(struct info_job *job, struct server *server, bool content, struct fault *fault)
{
  if (learn_export(job, server, content, fault) == -1)
    return -1;
  if (content)
    return server_learn_content(server, &job->facts, job->content, fault);
  return job->facts.size == 0 ? server_enter(server, &job->facts, fault) : 0;
}

static int
show_export(struct info_job *job, const struct options *options, struct fault *fault)
{
  if (learn_entered(job, &job->server, options->info.content, fault) == -1) {
    if (fault->errnum == ENOENT)
      fault_add(fault, " (all exports of the server: --list)");
    return -1;
  }
  info_export(&job->info, &job->facts);
  return 0;
}

/* Entering an export takes a connection for it alone. */
static int
learn_listed(struct info_job *job, const struct options *options, const char *name, struct fault *fault)
{
  struct server other;

  if (!options->info.content)
    return server_choose(&job->server, name, fault) == -1 ? -1 : learn_export(job, &job->server, false, fault);
  if (server_open(&other, &options->source, &options->wishes, &job->loop, &job->tls, fault) == -1)
    return -1;
  int result = server_choose(&other, name, fault) == -1 ? -1 : learn_entered(job, &other, true, fault);
  server_close(&other);
  return result;
}

/* Prints what was put together, and begins anew. */
static int
job_info_print(struct info_job *job, struct fault *fault)
{
  if (job->out.full)
    return fault_set(fault, EXIT_FAILED, 0, "%s: what there is to tell doesn't fit into %zu bytes", job->server.name,
                     job->out.size);
  loop_let_signals_end(&job->loop); /* what reads our output may wait */
  int result = say_answer(job->out.bytes, fault);
  loop_hold_signals(&job->loop);
  text_init(&job->out, job->out.bytes, job->out.size);
  return result;
}

/* An export that a server lists but doesn't let us see is no reason to leave out
 * the others: it is told of at once, and the end is a failure without words. A list that
 * is longer than the memory for it is printed as it goes. */
static int
show_list(struct info_job *job, const struct options *options, struct fault *fault)
{
  const char *name = NULL, *description = NULL;
  int result = 0;

  while ((name = names_next(&job->exports, description))) {
    description = names_next(&job->exports, name);
    if (learn_listed(job, options, name, fault) == -1) {
      say_fault(options_program(options), fault);
      fault->text[0] = '\0';
      result = -1;
      if (server_is_lost(&job->server) || job->loop.signal_seen)
        break;
      continue;
    }
    snprintf(job->facts.description, sizeof job->facts.description, "%s", description);
    info_export(&job->info, &job->facts);
    if (job->out.used > INFO_TEXT_BYTES / 2 && job_info_print(job, fault) == -1)
      return -1;
  }
  return result;
}

static int
job_info_show(struct info_job *job, const struct options *options, struct fault *fault)
{
  const struct info_options *info = &options->info;
  bool colour = options_in_colour(options, say_is_coloured(STDOUT_FILENO));

  if (info->query == INFO_LIST && server_list(&job->server, &job->exports, fault) == -1)
    return -1;
  job->info = (struct info){ .out = &job->out, .json = info->json, .colour = colour };
  info_begin(&job->info, &job->facts);
  int result = (info->query == INFO_LIST ? show_list : show_export)(job, options, fault);
  info_end(&job->info);
  return result;
}

/* ---- One question ---- */

static int
show_size(struct info_job *job, struct fault *fault)
{
  if (learn_entered(job, &job->server, false, fault) == -1)
    return -1;
  if (job->facts.size < 0)
    return fault_set(fault, EXIT_FAILED, 0, "%s: the server doesn't tell the size", job->server.name);
  text_add(&job->out, "%" PRId64 "\n", job->facts.size);
  return 0;
}

static int
show_uri(struct info_job *job, bool json, struct fault *fault)
{
  const char *uri = job->facts.uri;

  if (server_uri(&job->server, job->facts.uri, fault) == -1)
    return -1;
  if (!uri[0])
    return fault_set(fault, EXIT_FAILED, 0, "%s: a server that ends with this program has no URI", job->server.name);
  if (json)
    text_add_json(&job->out, uri);
  else
    text_add(&job->out, "%s", uri);
  text_add(&job->out, "\n");
  return 0;
}

static int
job_info_answer(struct info_job *job, const struct info_options *info, struct fault *fault)
{
  enum fact fact = info->fact;

  if (fact >= FACT_OF_EXPORT_FIRST && fact <= FACT_OF_EXPORT_LAST &&
      learn_export(job, &job->server, false, fault) == -1)
    return -1;
  if (job->facts.is[fact] == FACT_UNKNOWN)
    return fault_set(fault, EXIT_FAILED, 0, "%s: the server doesn't tell about %s", job->server.name, info->feature);
  if (job->facts.is[fact] == !info->negated)
    return 0;
  *fault = (struct fault){ .exit_code = EXIT_ANSWER_IS_NO };
  return -1;
}

static int
job_info_ask(struct info_job *job, const struct options *options, struct fault *fault)
{
  server_learn_connection(&job->server, &job->facts);
  switch (options->info.query) {
  case INFO_EXPORT:
  case INFO_LIST:
    return job_info_show(job, options, fault);
  case INFO_SIZE:
    return show_size(job, fault);
  case INFO_URI:
    return show_uri(job, options->info.json, fault);
  case INFO_CAN:
    return job_info_answer(job, &options->info, fault);
  case INFO_MAP:
    break;
  }
  assert(!"a query that is answered here");
  return -1;
}

/* Of a file or a device, without any server. */
static int
tell_file(struct info_job *job, const struct options *options, struct fault *fault)
{
  const struct info_options *info = &options->info;

  if (info_file_learn(&job->facts, options->source.text, info->content ? job->content : NULL, fault) == -1)
    return -1;
  if (info->query == INFO_SIZE) {
    text_add(&job->out, "%" PRId64 "\n", job->facts.size);
    return 0;
  }
  job->info = (struct info){ .out = &job->out,
                             .json = info->json,
                             .colour = options_in_colour(options, say_is_coloured(STDOUT_FILENO)) };
  info_begin(&job->info, &job->facts);
  info_export(&job->info, &job->facts);
  info_end(&job->info);
  return 0;
}

/* What could be told is printed also if some of a list is missing. */
int
job_info(struct info_job *job, const struct options *options, struct fault *fault)
{
  if (job_info_lay_out(job, options, fault) == -1 || loop_init(&job->loop, fault) == -1)
    return -1;
  if (options->source.kind == PLACE_PATH)
    return tell_file(job, options, fault) == -1 ? -1 : job_info_print(job, fault);
  if (confine_begin(options, fault) == -1 ||
      server_open(&job->server, &options->source, &options->wishes, &job->loop, &job->tls, fault) == -1)
    return -1;
  confine_enter(options);
  int result = job_info_ask(job, options, fault);
  server_close(&job->server);
  if (result == 0 || job->info.count > 0)
    return job_info_print(job, fault) == -1 ? -1 : result;
  return -1;
}
