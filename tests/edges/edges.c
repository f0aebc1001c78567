/* SPDX-License-Identifier: MIT */
/* edges: whole copies from, to and between simulated NBD servers, each decided by one seed.
 *
 *   edges SEED              replays one, and traces it
 *   edges --from=N --count=M  runs many; a failing seed is printed
 *
 * What runs is the program's own, from the engine to the sockets: src/copy, src/nbd, the loop of src/os, and libnbd itself.
 * Below that, net.h has the system's calls, and peer.h servers, lawful and unlawful ones. The other end of a copy, where that is
 * no server, is a disk of the other simulators' (local.h). Afterwards: a copy that ended well is one, on stable storage; one that
 * didn't says why, and what it calls flushed is; where nothing went wrong, it ends well; nothing waits for ever, a signal ends
 * it in time and isn't lost; and each connection is closed.
 */
#include "base/range.h"
#include "copy/copy.h"
#include "edges/local.h"
#include "edges/net.h"
#include "edges/peer.h"
#include "job/ask.h"
#include "nbd/endpoint_nbd.h"
#include "nbd/nbd_connect.h"
#include "nbd/server.h"
#include "sim/check.h"
#include "sim/stage.h"
#include "sim/whole/config.h"
#include "sim/whole/machine.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

enum kind { KIND_FROM, KIND_TO, KIND_BETWEEN, KIND_INFO, KIND_MAP, KINDS };

static const char *const kinds[] = { "from a server", "to a server", "from server to server", "what a server tells",
                                     "a map" };
/* Lawful and quick; lawful, and what it does may fail; or anything. */
enum temper { TEMPER_MILD, TEMPER_LOSSY, TEMPER_FAILING, TEMPER_UNLAWFUL };
static const char *const tempers[] = { "mild", "lossy", "failing", "unlawful" };

struct edges {
  struct random random;
  enum kind kind;
  enum temper temper;
  struct loop loop;
  uint64_t size; /* of the source */
  uint64_t destination_size;
  uint64_t flushed_below;
  bool flushes;        /* and is able to */
  uint64_t closing_us; /* when that began */
  bool refused;        /* it was seen before anything was copied */
  struct wishes wishes;
  unsigned connections;
};

static struct edges edges;
static struct endpoint_nbd ends[2];
static struct place places[2];
static struct peer peers[2];
static struct copy copy;
static struct copy_config config;
static uint8_t source_content[PEER_BYTES_MAX], destination_content[PEER_BYTES_MAX], before[PEER_BYTES_MAX];
static uint8_t stable[PEER_BYTES_MAX];

/* ---- What the program calls, and isn't simulated ---- */

/* In the place of src/os/lookup.c: a server is at the last of one or several addresses. */
const char *
lookup_host(struct addresses *found, const char *host, const char *port, struct loop *loop, uint64_t limit_ms)
{
  unsigned number = strcmp(host, "destination") == 0;

  (void)port, (void)loop, (void)limit_ms;
  found->count = random_one_in(&net.random, 4) ? 2 : 1;
  for (unsigned i = 0; i < found->count; i++) {
    struct sockaddr_in name = { .sin_family = AF_INET,
                                .sin_port = htons((uint16_t)number),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK + found->count - 1 - i) };
    memset(&found->list[i], 0, sizeof found->list[i]);
    memcpy(&found->list[i].name, &name, sizeof name);
    found->list[i].length = sizeof name;
  }
  return NULL;
}

/* In the place of src/os/activation.c: no server is started here. */
int
activation_start(struct activation *server, char *const *command, const char *name, struct fault *fault)
{
  (void)server, (void)command, (void)name, (void)fault;
  sim_fail("a server is started");
}

void
activation_dismiss(struct activation *server)
{
  (void)server;
}

bool
activation_is_over(struct activation *server)
{
  (void)server;
  return true;
}

bool
activation_has_ended(struct activation *server, char *words)
{
  (void)server, (void)words;
  return false;
}

bool
activation_end(struct activation *server, struct loop *loop)
{
  (void)server, (void)loop;
  return true;
}

/* ---- One scenario out of a seed ---- */

static unsigned
now_and_then(unsigned one_run_in, unsigned rarest)
{
  return random_one_in(&edges.random, one_run_in) ? (unsigned)random_between(&edges.random, 1, rarest) : 0;
}

static uint64_t
choose_size(void)
{
  struct random *random = &edges.random;

  switch (random_between(random, 0, 9)) {
  case 0:
    return random_between(random, 0, 2);
  case 1:
    return random_between(random, 0, 5000);
  case 2:
    return random_between(random, 0, PEER_BYTES_MAX / 4);
  default:
    return random_between(random, 0, random_power(random, 12, 16));
  }
}

/* Data and zeros in runs of all lengths. */
static void
fill(uint8_t *content, uint64_t size)
{
  uint64_t alignment = random_power(&edges.random, 0, 13), longest = random_power(&edges.random, 4, 17);
  bool zero = random_one_in(&edges.random, 2), is_empty = random_one_in(&edges.random, 6);

  for (uint64_t at = 0; at < size; zero = !zero) {
    uint64_t length = range_align_up(random_between(&edges.random, 1, longest), alignment);
    uint64_t end = range_min(at + length, size), base = random_next(&edges.random);
    for (; at < end; at++)
      content[at] = zero || (is_empty && at > 5000) ? 0 : (uint8_t)(1 + (at * 31 + at / 251 + base) % 255);
  }
}

static void
choose_net(void)
{
  struct random *random = &edges.random;
  struct net_manners *manners = &net.manners;

  manners->whole = random_one_in(random, 4);
  manners->delay_max_us = random_one_in(random, 3) ? 0 : random_power(random, 0, 15);
  manners->room_bytes = random_one_in(random, 3) ? random_power(random, 6, 12) : random_power(random, 12, 18);
  machine.interrupted_one_in = random_one_in(random, 4) ? (unsigned)random_between(random, 3, 100) : 0;
  manners->not_now_one_in = random_one_in(random, 4) ? (unsigned)random_between(random, 3, 100) : 0;
  if (edges.temper == TEMPER_MILD)
    return;
  manners->cut_one_in = now_and_then(2, 4);
  if (edges.temper == TEMPER_LOSSY && manners->cut_one_in == 1) /* each may be cut before it has said anything */
    manners->cut_one_in = 2;
  manners->cut_within = random_power(random, 1, 18);
  manners->resets_one_in = now_and_then(2, 2);
}

/* What a server is like, and what it can. */
static void
choose_abilities(struct peer *peer, bool is_read)
{
  struct random *random = &edges.random;
  struct peer_manners *manners = &peer->manners;
  bool is_modern = !random_one_in(random, 8);

  manners->age = is_modern ? PEER_FIXED : random_one_in(random, 2) ? PEER_NEWSTYLE : PEER_OLDSTYLE;
  manners->no_zeroes = is_modern && random_one_in(random, 2);
  manners->structured = is_modern && !random_one_in(random, 4);
  manners->extended = is_modern && random_one_in(random, 3);
  manners->go = is_modern && !random_one_in(random, 5);
  manners->lists = is_modern && !random_one_in(random, 4);
  manners->contexts = is_modern && !random_one_in(random, 4);
  manners->tells_blocks = manners->go && random_one_in(random, 2);
  manners->structured_always = random_one_in(random, 2);
  manners->info_one_in = now_and_then(2, 3);
  peer->block_min = manners->tells_blocks && !random_one_in(random, 3) ? random_power(random, 0, 13) : 1;
  peer->block_preferred = range_max(peer->block_min, random_power(random, 9, 14));
  peer->block_max = range_align_up(peer->block_preferred + random_between(random, 0, 100000), peer->block_min);
  peer->is_read = is_read;
  peer->flags = 1;
  if (is_read && random_one_in(random, 2))
    peer->flags |= 2;
  static const uint16_t abilities[] = { 4, 8, 16, 32, 64, 128, 256, 1024 };
  for (size_t i = 0; i < sizeof abilities / sizeof *abilities; i++)
    if (!random_one_in(random, 4))
      peer->flags |= abilities[i];
  if (peer->flags & 64 && random_one_in(random, 2))
    peer->flags |= 2048;
}

/* How it answers, and what goes wrong there. */
static void
choose_manners(struct peer *peer)
{
  struct random *random = &edges.random;
  struct peer_manners *manners = &peer->manners;

  manners->delay_max_us = random_one_in(random, 4) ? 0 : random_power(random, 0, 18);
  manners->split_one_in = now_and_then(2, 3);
  manners->many_pieces_one_in = now_and_then(3, 4);
  manners->piece_pause_one_in = now_and_then(2, 4);
  manners->survey_short_one_in = now_and_then(3, 3);
  manners->survey_blind_one_in = now_and_then(3, 3);
  manners->survey_fails_one_in = now_and_then(8, 4);
  manners->zero_refused_one_in = now_and_then(6, 3);
  manners->option_pause_one_in = now_and_then(4, 3);
  manners->ignores_goodbye_one_in = now_and_then(6, 2);
  manners->dies_at_us = NET_NEVER;
  manners->errors_left = 1000;
  if (edges.temper == TEMPER_MILD)
    return;
  if (random_one_in(random, 2))
    manners->dies_at_us = random_between(random, 0, random_power(random, 4, 23));
  manners->freezes_one_in = now_and_then(3, 2);
  manners->dies_again_one_in = now_and_then(2, 3);
  manners->forgets_one_in = now_and_then(2, 2);
  manners->down_one_in = now_and_then(3, 3);
  manners->down_max_us = random_power(random, 10, 25);
  if (edges.temper == TEMPER_LOSSY)
    return;
  manners->read_fails_one_in = now_and_then(3, 30);
  manners->write_fails_one_in = now_and_then(3, random_one_in(random, 2) ? 2 : 30);
  manners->flush_fails_one_in = now_and_then(6, 3);
  manners->errors_left = (unsigned)random_between(random, 1, random_one_in(random, 2) ? 3 : 1000);
  manners->full_one_in = now_and_then(4, 3);
  manners->shuts_down_one_in = now_and_then(8, 30);
  manners->option_fails_one_in = now_and_then(8, 5);
  manners->other_one_in = now_and_then(8, 2);
  if (edges.temper == TEMPER_FAILING)
    return;
  manners->breaks_one_in = (unsigned)random_power(random, 0, 8);
  manners->breaks_left = random_one_in(random, 2) ? 1 : 1000;
  manners->breaks_visibly = random_one_in(random, 2);
  if (manners->breaks_visibly)
    manners->structured = true;
}

static void
choose_peer(unsigned number, uint64_t size, uint8_t *content)
{
  struct peer *peer = &peers[number];

  memset(peer, 0, sizeof *peer);
  peer->name = number == 0 ? "source" : "destination";
  choose_abilities(peer, number == 0);
  choose_manners(peer);
  peer->size = range_align_up(size, peer->block_min);
  peer->content = content;
  peer->stable = stable;
  peer_begin(peer, random_next(&edges.random));
  net.peers[number] = peer;
  places[number] = (struct place){ .kind = PLACE_URI, .text = number == 0 ? "nbd://source" : "nbd://destination" };
}

static void
choose_wishes(void)
{
  struct random *random = &edges.random;

  edges.wishes = (struct wishes){ .connections = (unsigned)random_between(random, 1, 6) % 6,
                                  .timeout_ms = random_one_in(random, 3) ? random_between(random, 2000, 30000) : 30000,
                                  .wait_ms = random_one_in(random, 2) ? random_between(random, 0, 30000) : 0,
                                  .requests = random_one_in(random, 4) ? (unsigned)random_between(random, 1, 70) : 0 };
  contexts_add(&edges.wishes.contexts, CONTEXT_ALLOCATION_NAME, false);
  if (random_one_in(random, 4))
    contexts_add(&edges.wishes.contexts, CONTEXT_DEPTH_NAME, random_one_in(random, 3));
  edges.wishes.contexts.joint_first = random_one_in(random, 6);
}

static void
make_scenario(uint64_t seed)
{
  struct random *random = &edges.random;

  memset(&edges, 0, sizeof edges);
  random->state = seed;
  net_begin(seed);
  config.source = copy.config.source = NULL;
  copy.flushed_below = 0;
  local_forget();
  edges.kind = (enum kind)random_between(random, 0, KINDS - 1);
  edges.temper = (enum temper)random_between(random, TEMPER_MILD, TEMPER_UNLAWFUL);
  choose_net();
  choose_wishes();
  machine_choose_signals(random, 23);
  edges.loop = (struct loop){ .signal_fd = MACHINE_SIGNAL_FD };
  loop_begin(&edges.loop);
  edges.size = choose_size();
}

/* ---- Opening ---- */

static int
open_end(unsigned number, enum role role, struct fault *fault)
{
  struct endpoint_nbd *nbd = &ends[number];

  memset(nbd, 0, sizeof *nbd);
  place_name(&places[number], number == 0, nbd->base.name);
  return endpoint_nbd_open(nbd, &places[number], role, &edges.wishes, &edges.loop, NULL, fault);
}

/* Small disks are copied over one connection; as many come as if it were a large one. */
static void
connect_more(unsigned number)
{
  struct endpoint_nbd *nbd = &ends[number];
  uint64_t size = nbd->base.traits.size;

  nbd->base.traits.size = UINT64_MAX / 4;
  nbd_connect_more(nbd);
  nbd->base.traits.size = size;
  unsigned most = edges.wishes.connections;
  if (most == 0)
    most = net.manners.delay_max_us >= LINE_FAR_US ? CONNECTIONS_FAR : CONNECTIONS_DEFAULT;
  bool is_cut_short = false; /* by one that couldn't be begun */
  for (unsigned i = 0; i < nbd->count; i++)
    is_cut_short |= !nbd->connections[i].handle;
  sim_check(nbd->count == (nbd->many ? most : 1) || (is_cut_short && nbd->count < most), "%u connections, not %u",
            nbd->count, most);
}

/* Returns the source, or NULL. */
static struct endpoint *
open_source(struct fault *fault)
{
  if (edges.kind == KIND_TO) {
    struct endpoint *disk = local_open(&edges.random, ROLE_SOURCE, edges.size, source_content, NULL, false);
    edges.size = disk->traits.size;
    fill(source_content, edges.size);
    return disk;
  }
  choose_peer(0, edges.size, source_content);
  edges.size = peers[0].size;
  fill(source_content, edges.size);
  return open_end(0, ROLE_SOURCE, fault) == 0 ? &ends[0].base : NULL;
}

static struct endpoint *
open_destination(struct fault *fault)
{
  uint64_t size = edges.size + (random_one_in(&edges.random, 2) ? 0 : random_between(&edges.random, 0, 20000));

  struct endpoint *disk = NULL;

  if (edges.kind == KIND_FROM) {
    disk = local_open(&edges.random, ROLE_DESTINATION, size, destination_content, stable, true);
    edges.destination_size = disk->traits.size;
  } else {
    choose_peer(1, size, destination_content);
    edges.destination_size = peers[1].size;
  }
  for (uint64_t i = 0; i < edges.destination_size; i++)
    before[i] = stable[i] = destination_content[i] = (uint8_t)(0xd5 + i + i / 256);
  if (disk)
    return disk;
  return open_end(1, ROLE_DESTINATION, fault) == 0 ? &ends[1].base : NULL;
}

/* ---- The copy ---- */

/* Whether nobody has told what isn't so, in a way that can't be known. */
static bool
is_believable(void)
{
  return !peers[0].has_lied && !peers[1].has_lied;
}

static void
check_stable(uint64_t from, uint64_t below)
{
  for (uint64_t i = from; is_believable() && i < below; i++)
    sim_check(stable[i] == source_content[i], "byte %llu is said to be flushed, and isn't", (ull)i);
}

/* Each time that the loop waits. */
static void
check_turn(void)
{
  if (config.source && copy.config.source == config.source && copy.flushed_below > edges.flushed_below) {
    check_stable(edges.flushed_below, copy.flushed_below);
    edges.flushed_below = copy.flushed_below;
  }
}

static void
check_content(void)
{
  if (!is_believable())
    return;
  if (edges.flushes && edges.kind == KIND_FROM)
    local_lose_power();
  else if (edges.flushes)
    peer_lose_power(&peers[1]);
  else if (edges.kind != KIND_FROM && peers[1].deaths > 0) /* and nobody claims that it is stable */
    return;
  for (uint64_t i = 0; i < edges.size; i++)
    sim_check(destination_content[i] == source_content[i], "byte %llu is %02x on the destination, %02x on the source",
              (ull)i, destination_content[i], source_content[i]);
  for (uint64_t i = edges.size; i < edges.destination_size; i++)
    sim_check(destination_content[i] == before[i], "byte %llu beyond the source's end was changed", (ull)i);
}

/* Whether nothing has happened that a copy could end by. */
static bool
is_fine(void)
{
  bool is_required = edges.wishes.contexts.count > 1 && edges.wishes.contexts.list[1].required;

  if (edges.kind == KIND_MAP && peers[0].manners.survey_fails_one_in > 0)
    return false;
  return (edges.temper == TEMPER_MILD || (edges.temper == TEMPER_LOSSY && edges.kind < KIND_INFO)) &&
         machine.signals_taken == 0 && !(edges.kind != KIND_TO && edges.kind != KIND_INFO && is_required);
}

static void
check_failure(const struct fault *fault)
{
  const char *claim = strstr(fault->text, "good below offset ");

  sim_check(fault->exit_code == EXIT_FAILED && fault->text[0], "a fault without words, or with the exit code %d",
            (int)fault->exit_code);
  sim_check(!is_fine() || (edges.temper == TEMPER_LOSSY && edges.refused), "nothing is wrong: %s", fault->text);
  sim_check(fault->text[0] != ' ', "words that aren't whole: %s", fault->text);
  if (claim && !edges.refused)
    check_stable(0, range_min(strtoull(claim + strlen("good below offset "), NULL, 10), edges.size));
}

static int
run_copy(struct endpoint *source, struct endpoint *destination, struct fault *fault)
{
  config_choose(&config, &edges.random, source, destination, &edges.loop, edges.temper == TEMPER_LOSSY);
  config_plan(&config, &edges.random, 9, 14);
  edges.flushes = config.flush && destination->traits.can_flush;
  if (destination->ops->prepare)
    destination->ops->prepare(destination, source->traits.size, fault);
  config_take_buffers(&config);
  copy_init(&copy, &config);
  int result = copy_run(&copy, fault);
  sim_trace("result %d: %s", result, fault->text);
  return result;
}

/* All is over but the goodbyes, to servers that may not be there any more. */
static void
begin_closing(void)
{
  edges.closing_us = stage.now_us;
  if (edges.temper != TEMPER_MILD && random_one_in(&edges.random, 3))
    net_cut_some();
}

static void
close_end(struct endpoint *end)
{
  struct fault ignored;

  end->ops->close(end, &ignored);
}

/* All is over, in time. */
static void
check_closed(int result)
{
  sim_check(stage.now_us <= edges.closing_us + 2 * GOODBYE_MS * 1000 + MACHINE_SLACK_US, "closing took %llu ms",
            (ull)(stage.now_us - edges.closing_us) / 1000);
  sim_check(net_open_count() == 0, "%u sockets are left open", net_open_count());
  machine_check_stopped(&edges.loop, result, 0);
}

static void
run_copies(void)
{
  struct fault fault = { .exit_code = EXIT_DONE };
  struct endpoint *source, *destination = NULL;
  int result = -1;

  source = open_source(&fault);
  if (source)
    destination = open_destination(&fault);
  edges.refused = !destination || source->traits.size > destination->traits.size;
  if (!edges.refused) {
    for (unsigned i = 0; i < 2; i++)
      if (net.peers[i] && ends[i].many)
        connect_more(i);
    result = run_copy(source, destination, &fault);
  } else if (destination) { /* as who opens it would say */
    fault_set(&fault, EXIT_FAILED, 0, "%s is too small", destination->name);
  }
  begin_closing();
  sim_trace("closing after %s", edges.refused ? fault.text : result == 0 ? "success" : "a fault");
  if (destination)
    close_end(destination);
  if (source)
    close_end(source);
  check_closed(result);
  if (result == 0)
    check_content();
  else
    check_failure(&fault);
  config_drop_buffers(&config);
}

/* ---- What a server tells ---- */

static char export_names[4096], context_names[4096];
static unsigned char first_bytes[CONTENT_PROBE_BYTES];

static void
check_facts(const struct facts *facts)
{
  const struct peer *peer = &peers[0];

  if (!is_believable() || peer->breaks > 0 || peer->is_other)
    return;
  sim_check(facts->size == (int64_t)peer->size, "it has %llu bytes, and tells %lld", (ull)peer->size,
            (long long)facts->size);
  sim_check(facts->is[FACT_READ_ONLY] == ((peer->flags & 2) != 0), "it is read-only, or isn't, and tells otherwise");
  sim_check(facts->is[FACT_FLUSH] == ((peer->flags & 4) != 0), "it flushes, or doesn't, and tells otherwise");
  if (peer->manners.tells_blocks)
    sim_check(facts->block_sizes[BLOCK_MINIMUM] == (int64_t)peer->block_min, "blocks of %llu are %lld",
              (ull)peer->block_min, (long long)facts->block_sizes[BLOCK_MINIMUM]);
}

/* As job_info asks. */
static int
ask_server(struct server *server, struct fault *fault)
{
  static struct facts facts;
  struct names exports;

  memset(&facts, 0, sizeof facts);
  names_init(&exports, export_names, sizeof export_names);
  names_init(&facts.contexts, context_names, sizeof context_names);
  if (peers[0].manners.lists && random_one_in(&edges.random, 2) && server_list(server, &exports, fault) == -1)
    return -1;
  server_learn_connection(server, &facts);
  bool at_once = random_one_in(&edges.random, 2);
  if (server_learn_export(server, at_once, &facts, fault) == -1)
    return -1;
  check_facts(&facts);
  if (random_one_in(&edges.random, 3))
    return 0;
  if (!at_once && server_enter(server, &facts, fault) == -1)
    return -1;
  check_facts(&facts);
  int result = server_learn_content(server, &facts, first_bytes, fault);
  sim_check(result == -1 || edges.temper != TEMPER_MILD || facts.content[0], "nothing is known of what can be read");
  return result;
}

static int
run_info(struct fault *fault)
{
  static struct server server;

  choose_peer(0, edges.size, source_content);
  edges.size = peers[0].size;
  fill(source_content, edges.size);
  if (server_open(&server, &places[0], &edges.wishes, &edges.loop, NULL, fault) == -1) {
    edges.closing_us = stage.now_us;
    return -1;
  }
  int result = ask_server(&server, fault);
  begin_closing();
  server_close(&server);
  return result;
}

/* ---- A map ---- */

static struct extent map_extents[MAP_EXTENTS_MAX], map_before[MAP_EXTENTS_MAX];

static void
check_extents(const struct survey *survey, uint64_t at)
{
  unsigned number = contexts_find(&ends[0].base.contexts, CONTEXT_ALLOCATION_NAME);

  for (size_t i = 0; i < survey->count && number < CONTEXTS_MAX && is_believable(); i++) {
    uint64_t end = range_min(range_end(at, survey->extents[i].length), edges.size);
    for (; at < end; at++)
      sim_check(!(survey->extents[i].values[number] & EXTENT_ZERO) || source_content[at] == 0,
                "byte %llu is told to be zero, and isn't", (ull)at);
  }
}

/* As job/map asks, in steps of some size. Returns how much is told from there on; 0: nothing more can be. */
static uint64_t
ask_extents(uint64_t at, uint64_t step, struct fault *fault)
{
  static struct survey survey;
  static struct request request; /* which may be with the source until that is closed */
  uint64_t told = 0, block = ends[0].base.traits.block_min;

  request = (struct request){
    .kind = REQUEST_SURVEY, .offset = at, .length = range_min(step, edges.size - at), .survey = &survey
  };
  survey_init(&survey, map_extents, map_before, MAP_EXTENTS_MAX);
  if (ask(&ends[0].base, &edges.loop, &request, fault) == -1)
    return 0;
  if (request.errnum || !survey_is_complete(&survey)) {
    fault_set(fault, EXIT_FAILED, 0, "%s",
              request.errnum ? endpoint_why(&ends[0].base, request.errnum) : "half an answer");
    return 0;
  }
  check_extents(&survey, at);
  for (size_t i = 0; i < survey.count; i++)
    told = range_end(told, survey.extents[i].length);
  told = range_min(told, edges.size - at);
  if (at + told < edges.size)
    told = range_align_down(told, block);
  if (told == 0)
    fault_set(fault, EXIT_FAILED, 0, "nothing was told");
  return told;
}

static int
run_map(struct fault *fault)
{
  if (!open_source(fault)) {
    edges.closing_us = stage.now_us;
    return -1;
  }
  uint64_t step = range_align_up(random_between(&edges.random, 1, 100000), ends[0].base.traits.block_min), told;
  int result = 0;

  edges.size = range_min(edges.size, ends[0].base.traits.size);
  for (uint64_t at = 0; ends[0].base.traits.can_extents && at < edges.size && result == 0; at += told) {
    told = ask_extents(at, step, fault);
    result = told == 0 ? -1 : 0;
  }
  begin_closing();
  close_end(&ends[0].base);
  return result;
}

/* What ends in one connection, whatever happens to it. */
static void
run_question(void)
{
  struct fault fault = { .exit_code = EXIT_DONE };
  int result = edges.kind == KIND_INFO ? run_info(&fault) : run_map(&fault);

  sim_trace("result %d: %s", result, fault.text);
  check_closed(result);
  if (result == -1)
    check_failure(&fault);
}

static void
run_seed(uint64_t seed)
{
  memset(peers, 0, sizeof peers);
  make_scenario(seed);
  sim_trace("%s, %s", kinds[edges.kind], tempers[edges.temper]);
  net.next_us = edges.kind >= KIND_BETWEEN ? NULL : local_next_us;
  net.advance = edges.kind >= KIND_BETWEEN ? NULL : local_advance;
  machine.turn = check_turn;
  if (edges.kind >= KIND_INFO)
    run_question();
  else
    run_copies();
  for (unsigned i = 0; i < 2; i++)
    if (net.peers[i])
      peer_stop(net.peers[i]);
}

struct stage stage = { .name = "sim-edges", .replay = "tests/edges/run", .count = 10000, .run_seed = run_seed };
