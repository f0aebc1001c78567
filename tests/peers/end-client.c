/* SPDX-License-Identifier: MIT */
/* end-client: has an end that is a server, a file or a device, as a copy has it, but no other: it reads or writes block
 * after block, and tries again soon after the end is lost. For tests of what becomes of an end that goes, falls silent,
 * comes back, or is another one.
 *
 *   end-client [-w] [-c CONNECTIONS] [-t TIMEOUT_MS] URI
 *   end-client [-w] [-t TIMEOUT_MS] [ COMMAND ]
 *   end-client [-w] DEVICE
 *   end-client FILE
 *
 * Says on standard output, a line each: here, coming, lost: WHY, other: WHY, as that changes; `back` at a request that
 * came back for want of a connection, `home` when all are back after a loss, and `answered` at the first one that was
 * done since the last of these. Ends with SIGTERM, or when the end is another one; exit code 1 where a request came back
 * other than once.
 */
#include "job/endpoints.h"
#include "os/heap.h"
#include "os/outside.h"
#include "tls/tls_session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQUESTS 8
#define BLOCK_BYTES 4096
#define PAUSE_MS 20

struct heap heap;
struct outside outside;
static union any_endpoint any;
static struct ring ring;
static struct loop loop;
static struct tls_pool pool;
static struct chunks chunks[REQUESTS];
static _Alignas(BLOCK_BYTES) unsigned char payload[REQUESTS][BLOCK_BYTES];
static struct request requests[REQUESTS];
static bool is_out[REQUESTS];
static bool writes;

static void
say(const char *what, const char *why)
{
  static char last[256];
  char line[256];

  snprintf(line, sizeof line, "%s%s%s", what, why ? ": " : "", why ? why : "");
  if (strcmp(line, last) != 0)
    puts(line);
  fflush(stdout);
  memcpy(last, line, sizeof last);
}

static void
submit(unsigned i)
{
  static uint64_t offset;

  requests[i] = (struct request){ .kind = writes ? REQUEST_WRITE : REQUEST_READ,
                                  .offset = offset,
                                  .length = BLOCK_BYTES,
                                  .payload = payload[i],
                                  .chunks = &chunks[i] };
  offset = (offset + BLOCK_BYTES) % (any.base.traits.size / BLOCK_BYTES * BLOCK_BYTES);
  is_out[i] = true;
  any.base.ops->submit(&any.base, &requests[i]);
}

static void
take(void)
{
  struct request *request;

  while ((request = any.base.ops->take(&any.base))) {
    unsigned i = (unsigned)(request - requests);
    if (!is_out[i])
      exit(1);
    is_out[i] = false;
    if (request->errnum == 0)
      say("answered", NULL);
    else if (request->errnum == ENOTCONN)
      say("back", NULL);
    else
      say("failed", strerror(request->errnum));
  }
}

static bool
is_any_out(void)
{
  for (unsigned i = 0; i < REQUESTS; i++)
    if (is_out[i])
      return true;
  return false;
}

static void
look(void)
{
  static enum presence before = PRESENCE_OTHER;
  static bool were_home;

  if (any.base.presence != before && any.base.presence == PRESENCE_HERE)
    say("here", NULL);
  if (any.base.presence != before && any.base.presence == PRESENCE_COMING)
    say("coming", NULL);
  before = any.base.presence;
  if (before == PRESENCE_LOST && !were_home && !is_any_out())
    say("home", NULL);
  were_home = before == PRESENCE_LOST && !is_any_out();
  if (before == PRESENCE_LOST)
    say("lost", any.base.last_words);
}

/* Tries again a moment after a loss. */
static void
reopen(void)
{
  static uint64_t again_ms;
  uint64_t now_ms = loop_now_ms(&loop);

  if (again_ms && now_ms >= again_ms)
    any.base.ops->reopen(&any.base);
  if (again_ms && any.base.presence == PRESENCE_HERE)
    loop_wake_by(&loop, now_ms); /* with nothing on its way, nothing else ends this turn */
  if (any.base.presence != PRESENCE_LOST)
    again_ms = 0;
  else if (now_ms >= again_ms)
    again_ms = now_ms + PAUSE_MS;
  if (again_ms)
    loop_wake_by(&loop, again_ms);
}

static int
turn(struct fault *fault)
{
  take();
  for (unsigned i = 0; i < REQUESTS && i < any.base.traits.requests_max && any.base.presence == PRESENCE_HERE; i++)
    if (!is_out[i])
      submit(i);
  look();
  loop_begin(&loop);
  reopen();
  any.base.ops->watch(&any.base, &loop);
  if (loop_wait(&loop, fault) == -1)
    return -1;
  any.base.ops->serve(&any.base, &loop);
  return 0;
}

static int
run(const struct place *place, const struct wishes *wishes, struct fault *fault)
{
  ring_open(&ring);
  if (loop_init(&loop, fault) == -1 ||
      endpoints_open(&any, place, writes ? ROLE_DESTINATION : ROLE_SOURCE, wishes, &loop, &ring, &pool, fault) == -1)
    return -1;
  if (any.base.ops->prepare && any.base.ops->prepare(&any.base, any.base.traits.size, fault) == -1)
    return -1;
  while (!loop.signal_seen && any.base.presence != PRESENCE_OTHER)
    if (turn(fault) == -1)
      return -1;
  if (any.base.presence == PRESENCE_OTHER)
    say("other", any.base.last_words);
  return any.base.ops->close(&any.base, fault);
}

int
main(int argc, char **argv)
{
  struct wishes wishes = { .connections = 1 };
  struct place place = { .kind = PLACE_URI };
  struct fault fault;
  int option;

  while ((option = getopt(argc, argv, "+wc:t:")) != -1)
    switch (option) {
    case 'w':
      writes = true;
      break;
    case 'c':
      wishes.connections = (unsigned)atoi(optarg);
      break;
    case 't':
      wishes.timeout_ms = (uint64_t)atoi(optarg);
      break;
    default:
      return 64;
    }
  if (optind == argc)
    return 64;
  place.text = argv[optind];
  if (!strstr(place.text, "://"))
    place.kind = PLACE_PATH;
  if (strcmp(place.text, "[") == 0) {
    place = (struct place){ .kind = PLACE_COMMAND, .text = argv[optind + 1] };
    for (int i = optind + 1; i < argc - 1 && i - optind <= COMMAND_WORDS_MAX; i++)
      place.command[i - optind - 1] = argv[i];
  }
  if (run(&place, &wishes, &fault) == 0)
    return 0;
  fprintf(stderr, "%s\n", fault.text);
  return 1;
}
