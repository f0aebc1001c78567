/* SPDX-License-Identifier: MIT */
/* peer: see peer.h. */
#include "edges/peer.h"

#include "base/range.h"
#include "sim/disk.h"
#include "sim/power.h"
#include "sim/stage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef unsigned long long ull;

/* ---- The protocol's numbers ---- */

#define MAGIC_GREETING UINT64_C(0x4e42444d41474943)
#define MAGIC_OPTION UINT64_C(0x49484156454f5054)
#define MAGIC_OLDSTYLE UINT64_C(0x00420281861253)
#define MAGIC_OPTION_REPLY UINT64_C(0x0003e889045565a9)
#define MAGIC_REQUEST 0x25609513u
#define MAGIC_REQUEST_EXTENDED 0x21e41c71u
#define MAGIC_SIMPLE 0x67446698u
#define MAGIC_STRUCTURED 0x668e33efu
#define MAGIC_EXTENDED 0x6e8a278cu

enum {
  OPT_EXPORT_NAME = 1,
  OPT_ABORT = 2,
  OPT_LIST = 3,
  OPT_STARTTLS = 5,
  OPT_INFO = 6,
  OPT_GO = 7,
  OPT_STRUCTURED = 8,
  OPT_LIST_CONTEXTS = 9,
  OPT_SET_CONTEXTS = 10,
  OPT_EXTENDED = 11
};
enum { REP_ACK = 1, REP_SERVER = 2, REP_INFO = 3, REP_CONTEXT = 4 };
#define REP_ERROR 0x80000000u
enum { ERR_UNSUP = 1, ERR_POLICY = 2, ERR_INVALID = 3, ERR_UNKNOWN = 6, ERR_SHUTDOWN = 7 };
enum { INFO_EXPORT = 0, INFO_NAME = 1, INFO_DESCRIPTION = 2, INFO_BLOCK_SIZE = 3 };
enum {
  CMD_READ = 0,
  CMD_WRITE = 1,
  CMD_DISC = 2,
  CMD_FLUSH = 3,
  CMD_TRIM = 4,
  CMD_CACHE = 5,
  CMD_ZERO = 6,
  CMD_STATUS = 7
};
enum { FLAG_FUA = 1, FLAG_NO_HOLE = 2, FLAG_DF = 4, FLAG_REQ_ONE = 8, FLAG_FAST_ZERO = 16, FLAG_PAYLOAD_LEN = 32 };
enum {
  CAN_READ_ONLY = 2,
  CAN_FLUSH = 4,
  CAN_FUA = 8,
  CAN_ZERO = 64,
  CAN_DF = 128,
  CAN_MULTI = 256,
  CAN_CACHE = 1024,
  CAN_FAST_ZERO = 2048
};
enum {
  TYPE_NONE = 0,
  TYPE_DATA = 1,
  TYPE_HOLE = 2,
  TYPE_STATUS = 5,
  TYPE_STATUS_EXT = 6,
  TYPE_ERROR = 0x8001,
  TYPE_ERROR_AT = 0x8002
};
#define REPLY_DONE 1
enum { NBD_EIO = 5, NBD_ENOSPC = 28, NBD_EINVAL = 22, NBD_ENOTSUP = 95, NBD_ESHUTDOWN = 108 };

/* ---- A connection ---- */

enum phase { PHASE_FLAGS, PHASE_OPTIONS, PHASE_TRANSMISSION, PHASE_OVER };

/* A part of an answer to a read. */
struct piece_of_read {
  uint32_t start, end; /* within it */
  bool hole;
};

struct pending_request {
  uint16_t type, flags;
  uint64_t cookie, offset, length;
  uint8_t *payload; /* of a write */
  uint64_t due_us;
  uint64_t flush;    /* its number */
  uint8_t *flushing; /* a flush: what was there when it was asked for */
  bool begun;        /* part of the answer is out */
  int errnum;        /* with which it will end */
  struct piece_of_read *pieces;
  unsigned piece, piece_count;
  unsigned contexts_left; /* a block status: a bit each */
};

struct peer_line {
  struct peer *peer;
  struct line *line;
  enum phase phase;
  struct bytes heard;
  bool no_zeroes, structured, extended;
  unsigned contexts; /* that were agreed on, a bit each */
  uint64_t holds_us; /* it looks at nothing before that */
  bool is_silent;    /* for good */
  bool leaves;       /* the client has said goodbye */
  struct pending_request pending[PEER_PENDING_MAX];
  unsigned count;
};

/* Writes of a connection that is gone, which may still be carried out. */
struct peer_late {
  struct peer_late *next;
  uint64_t offset, length, due_us;
  uint8_t *payload; /* NULL: zeros */
};

static const char *const context_names[PEER_CONTEXTS] = { "base:allocation", "qemu:allocation-depth" };

/* Whoever asks for something that the protocol doesn't let it ask for has no excuse; unless the server broke the law before. */
#define law(peer, condition, ...)                                                                                      \
  do {                                                                                                                 \
    if (!(condition) && (peer)->breaks == 0)                                                                           \
      sim_fail(__VA_ARGS__);                                                                                           \
  } while (0)

static bool
peer_happens(struct peer *peer, unsigned one_in)
{
  return one_in > 0 && random_one_in(&peer->random, one_in);
}

/* Whether it breaks the law now. */
static bool
breaks(struct peer *peer)
{
  if (peer->manners.breaks_left == 0 || !peer_happens(peer, peer->manners.breaks_one_in))
    return false;
  peer->manners.breaks_left--;
  peer->breaks++;
  sim_trace("%8llu us %s: breaks the law", (ull)peer->now_us, peer->name);
  return true;
}

/* Likewise, in a way that may be taken for lawful. */
static bool
breaks_anything(struct peer *peer)
{
  return !peer->manners.breaks_visibly && breaks(peer);
}

/* ---- Numbers on the line ---- */

static void
put(struct bytes *out, uint64_t value, unsigned width)
{
  uint8_t bytes[8];

  for (unsigned i = 0; i < width; i++)
    bytes[i] = (uint8_t)(value >> 8 * (width - 1 - i));
  bytes_add(out, bytes, width);
}

static uint64_t
get(const uint8_t *from, unsigned width)
{
  uint64_t value = 0;

  for (unsigned i = 0; i < width; i++)
    value = value << 8 | from[i];
  return value;
}

/* Sends what was put together, now and then not as it is. */
static void
send_out(struct peer_line *session, struct bytes *out)
{
  struct peer *peer = session->peer;
  size_t length = bytes_count(out);

  if (length > 0 && breaks_anything(peer)) {
    uint8_t junk[64];
    for (size_t i = 0; i < sizeof junk; i++)
      junk[i] = (uint8_t)random_next(&peer->random);
    switch (random_between(&peer->random, 0, 5)) {
    case 0: /* a bit is another */
      out->bytes[random_between(&peer->random, 0, length - 1)] ^= (uint8_t)(1 << random_between(&peer->random, 0, 7));
      peer->has_lied = true;
      break;
    case 1: /* something is between */
      net_send(session->line, junk, random_between(&peer->random, 1, sizeof junk));
      peer->has_lied = true; /* the rest is read as something else */
      break;
    case 2: /* it ends too early */
      out->end -= random_between(&peer->random, 1, length);
      peer->has_lied = true;
      break;
    case 3: /* it comes twice */
      net_send(session->line, out->bytes, length);
      break;
    case 4: /* nothing comes any more */
      session->is_silent = true;
      peer->silences++;
      break;
    case 5: /* one of the first fields is full */
      memset(out->bytes + random_between(&peer->random, 0, range_min(length - 1, 31)), 0xff,
             range_min(length - range_min(length - 1, 31), random_between(&peer->random, 1, 4)));
      peer->has_lied = true;
      break;
    }
  }
  if (!session->is_silent)
    net_send(session->line, out->bytes + out->start, bytes_count(out));
  free(out->bytes);
  *out = (struct bytes){ 0 };
}

/* ---- The disk ---- */

static bool
peer_is_zero(const struct peer *peer, uint64_t offset, uint64_t length)
{
  for (uint64_t i = offset; i < offset + length; i++)
    if (peer->content[i])
      return false;
  return true;
}

static void
carry_out(struct peer *peer, uint64_t offset, uint64_t length, const uint8_t *payload)
{
  if (payload)
    memcpy(peer->content + offset, payload, length);
  else
    memset(peer->content + offset, 0, length);
  peer->unflushed = true;
}

/* What dead connections have left behind, as far as it is due. */
static void
carry_out_late(struct peer *peer, uint64_t by_us)
{
  for (struct peer_late **at = &peer->late; *at;) {
    struct peer_late *late = *at;
    if (late->due_us > by_us) {
      at = &late->next;
      continue;
    }
    sim_trace("%8llu us %s: [%llu, +%llu) is carried out late", (ull)peer->now_us, peer->name, (ull)late->offset,
              (ull)late->length);
    carry_out(peer, late->offset, late->length, late->payload);
    *at = late->next;
    free(late->payload);
    free(late);
  }
}

void
peer_lose_power(struct peer *peer)
{
  power_lose(&peer->random, peer->content, peer->stable, peer->size);
}

/* ---- Ends ---- */

static void
pending_free(struct pending_request *pending)
{
  free(pending->payload);
  free(pending->flushing);
  free(pending->pieces);
}

/* What was on its way is dropped, or carried out sooner or later. */
static void
session_end(struct peer_line *session)
{
  struct peer *peer = session->peer;

  for (unsigned i = 0; i < session->count; i++) {
    struct pending_request *pending = &session->pending[i];
    bool is_write = pending->type == CMD_WRITE;
    if ((is_write || pending->type == CMD_ZERO) && !random_one_in(&peer->random, 3)) {
      struct peer_late *late = malloc(sizeof *late);
      *late = (struct peer_late){ .next = peer->late,
                                  .offset = pending->offset,
                                  .length = pending->length,
                                  .due_us = peer->now_us + random_between(&peer->random, 0, 2000000),
                                  .payload = pending->payload };
      pending->payload = NULL;
      peer->late = late;
    }
    pending_free(pending);
  }
  for (unsigned i = 0; i < peer->count; i++)
    if (peer->lines[i] == session)
      peer->lines[i] = peer->lines[--peer->count];
  peer->ends++;
  free(session->heard.bytes);
  free(session);
}

void
peer_lost(struct peer_line *session)
{
  session_end(session);
}

/* It hangs up. */
static void
hang_up(struct peer_line *session, int reset_errnum)
{
  struct line *line = session->line;

  session_end(session);
  net_end(line, reset_errnum);
}

void
peer_stop(struct peer *peer)
{
  while (peer->count > 0)
    hang_up(peer->lines[0], 0);
  while (peer->late) {
    struct peer_late *late = peer->late;
    peer->late = late->next;
    free(late->payload);
    free(late);
  }
}

void
peer_hear_end(struct peer_line *session)
{
  if (session->count == 0 || session->leaves || random_one_in(&session->peer->random, 2))
    hang_up(session, 0);
}

/* ---- The handshake ---- */

int
peer_accept(struct peer *peer, struct line *line)
{
  struct bytes out = { 0 };
  struct peer_line *session;

  if (peer->now_us < peer->back_us || peer->count == PEER_LINES_MAX)
    return ECONNREFUSED;
  session = calloc(1, sizeof *session);
  *session = (struct peer_line){ .peer = peer, .line = line, .phase = PHASE_FLAGS };
  peer->lines[peer->count++] = session;
  line->session = session;
  put(&out, MAGIC_GREETING, 8);
  if (peer->manners.age == PEER_OLDSTYLE) {
    uint8_t nothing[124] = { 0 };
    put(&out, MAGIC_OLDSTYLE, 8);
    put(&out, peer->size + (peer->is_other ? 512 : 0), 8);
    put(&out, peer->flags, 4);
    bytes_add(&out, nothing, sizeof nothing);
    session->phase = PHASE_TRANSMISSION;
  } else {
    put(&out, MAGIC_OPTION, 8);
    put(&out, (peer->manners.age == PEER_FIXED ? 1 : 0) | (peer->manners.no_zeroes ? 2 : 0), 2);
  }
  send_out(session, &out);
  return 0;
}

static void
option_reply(struct peer_line *session, uint32_t option, uint32_t type, struct bytes *payload)
{
  struct bytes out = { 0 };

  put(&out, MAGIC_OPTION_REPLY, 8);
  put(&out, option, 4);
  put(&out, type, 4);
  put(&out, payload ? bytes_count(payload) : 0, 4);
  if (payload)
    bytes_add(&out, payload->bytes, bytes_count(payload));
  if (payload)
    free(payload->bytes);
  send_out(session, &out);
}

static void
option_refuse(struct peer_line *session, uint32_t option, uint32_t why)
{
  struct bytes words = { 0 };

  if (random_one_in(&session->peer->random, 2))
    bytes_add(&words, "it isn't to be", random_between(&session->peer->random, 1, 14));
  option_reply(session, option, REP_ERROR + why, &words);
}

static void
tell_export(struct peer_line *session, struct bytes *out)
{
  struct peer *peer = session->peer;

  put(out, peer->size + (peer->is_other ? peer->block_min * 512 : 0), 8);
  put(out, peer->flags, 2);
}

/* Pieces of information in any order. */
static void
tell_infos(struct peer_line *session, uint32_t option)
{
  struct peer *peer = session->peer;
  uint16_t infos[6] = { INFO_EXPORT };
  unsigned count = 1;

  if (peer->manners.tells_blocks)
    infos[count++] = INFO_BLOCK_SIZE;
  if (peer_happens(peer, peer->manners.info_one_in))
    infos[count++] = INFO_NAME;
  if (peer_happens(peer, peer->manners.info_one_in))
    infos[count++] = INFO_DESCRIPTION;
  if (peer_happens(peer, peer->manners.info_one_in))
    infos[count++] = (uint16_t)random_between(&peer->random, 4, 0xffff);
  while (count > 0) {
    struct bytes out = { 0 };
    unsigned i = (unsigned)random_between(&peer->random, 0, count - 1);
    put(&out, infos[i], 2);
    switch (infos[i]) {
    case INFO_EXPORT:
      tell_export(session, &out);
      break;
    case INFO_BLOCK_SIZE:
      put(&out, peer->block_min, 4);
      put(&out, peer->block_preferred, 4);
      put(&out, peer->block_max, 4);
      break;
    case INFO_NAME:
      bytes_add(&out, "a disk", 6);
      break;
    case INFO_DESCRIPTION:
      bytes_add(&out, "it is here", 10);
      break;
    default: {
      uint8_t other[300] = { 1, 2, 3 };
      bytes_add(&out, other, random_between(&peer->random, 0, sizeof other));
    }
    }
    option_reply(session, option, REP_INFO, &out);
    infos[i] = infos[--count];
  }
  option_reply(session, option, REP_ACK, NULL);
}

/* Which of our contexts a query means; whoever lists may ask for all, or for a namespace. */
static unsigned
match_contexts(const uint8_t *query, size_t length)
{
  unsigned matched = 0;

  for (unsigned i = 0; i < PEER_CONTEXTS; i++)
    if (strlen(context_names[i]) == length && memcmp(context_names[i], query, length) == 0)
      matched |= 1u << i;
  return matched;
}

static void
contexts_option(struct peer_line *session, uint32_t option, const uint8_t *data, size_t length)
{
  struct peer *peer = session->peer;
  const uint8_t *at = data, *end = data + length;
  unsigned matched = 0;

  uint32_t name = length >= 8 ? (uint32_t)get(at, 4) : UINT32_MAX;
  if (length < 8 || name > length - 8) {
    law(peer, false, "a question for contexts that isn't whole");
    option_refuse(session, option, ERR_INVALID);
    return;
  }
  at += 4 + name;
  uint32_t queries = (uint32_t)get(at, 4);
  at += 4;
  for (uint32_t i = 0; i < queries; i++) {
    uint32_t bytes = end - at >= 4 ? (uint32_t)get(at, 4) : UINT32_MAX;
    law(peer, bytes <= (size_t)(end - at) - 4, "a question for contexts that isn't whole");
    if (bytes > (size_t)(end - at) - 4)
      break;
    matched |= match_contexts(at + 4, bytes);
    at += 4 + bytes;
  }
  law(peer, at == end, "a question for contexts with something behind it");
  if (queries == 0)
    matched = option == OPT_LIST_CONTEXTS ? (1u << PEER_CONTEXTS) - 1 : 0;
  if (option == OPT_SET_CONTEXTS)
    session->contexts = matched;
  for (unsigned i = 0; i < PEER_CONTEXTS; i++) {
    unsigned number = i ^ (peer->random.state & 1 ? 1 : 0);
    struct bytes out = { 0 };
    if (!(matched & 1u << number))
      continue;
    put(&out, 7 + number, 4);
    bytes_add(&out, context_names[number], strlen(context_names[number]));
    option_reply(session, option, REP_CONTEXT, &out);
  }
  option_reply(session, option, REP_ACK, NULL);
}

static void
list_option(struct peer_line *session)
{
  struct peer *peer = session->peer;
  static const char *const names[] = { "", "one", "another one" };

  for (unsigned i = 0; i < 3; i++) {
    struct bytes out = { 0 };
    if (!random_one_in(&peer->random, 4)) {
      put(&out, strlen(names[i]), 4);
      bytes_add(&out, names[i], strlen(names[i]));
      if (random_one_in(&peer->random, 3))
        bytes_add(&out, "described", 9);
      option_reply(session, OPT_LIST, REP_SERVER, &out);
    }
  }
  option_reply(session, OPT_LIST, REP_ACK, NULL);
}

static void
enter_by_name(struct peer_line *session)
{
  struct bytes out = { 0 };
  uint8_t nothing[124] = { 0 };

  tell_export(session, &out);
  if (!session->no_zeroes)
    bytes_add(&out, nothing, sizeof nothing);
  session->phase = PHASE_TRANSMISSION;
  send_out(session, &out);
}

/* Returns false when the connection is gone. */
static bool
take_option(struct peer_line *session, uint32_t option, const uint8_t *data, size_t length)
{
  struct peer *peer = session->peer;
  const struct peer_manners *manners = &peer->manners;

  sim_trace("%8llu us %s: option %u", (ull)peer->now_us, peer->name, option);
  if (manners->age != PEER_FIXED)
    law(peer, option == OPT_EXPORT_NAME, "option %u of a server that knows but one", option);
  if (option == OPT_EXPORT_NAME) {
    enter_by_name(session);
    return true;
  }
  if (option == OPT_ABORT) {
    if (random_one_in(&peer->random, 2))
      option_reply(session, option, REP_ACK, NULL);
    hang_up(session, 0);
    return false;
  }
  if (peer_happens(peer, manners->option_fails_one_in)) {
    peer->faults++;
    option_refuse(session, option,
                  random_one_in(&peer->random, 4)   ? ERR_SHUTDOWN
                  : random_one_in(&peer->random, 2) ? ERR_POLICY
                                                    : ERR_UNKNOWN);
    return true;
  }
  bool known = (option == OPT_LIST && manners->lists) || ((option == OPT_INFO || option == OPT_GO) && manners->go) ||
               (option == OPT_STRUCTURED && manners->structured) || (option == OPT_EXTENDED && manners->extended) ||
               ((option == OPT_LIST_CONTEXTS || option == OPT_SET_CONTEXTS) && manners->contexts);
  bool is_early = (option == OPT_LIST_CONTEXTS || option == OPT_SET_CONTEXTS) && !session->structured &&
                  !session->extended;
  law(peer, !is_early || option == OPT_LIST_CONTEXTS, "metadata contexts are chosen without structured replies");
  if (known && is_early && random_one_in(&peer->random, 2)) { /* whoever asks for a list should not, and may */
    option_refuse(session, option, ERR_INVALID);
    return true;
  }
  if (!known) {
    option_refuse(session, option, ERR_UNSUP);
    return true;
  }
  switch (option) {
  case OPT_LIST:
    law(peer, length == 0, "NBD_OPT_LIST with a payload");
    list_option(session);
    break;
  case OPT_INFO:
  case OPT_GO:
    law(peer,
        length >= 6 && get(data, 4) <= length - 6 && length == 6 + get(data, 4) + 2 * get(data + 4 + get(data, 4), 2),
        "a name and its length don't fit");
    if (option == OPT_GO) /* what follows the last reply is of the next phase */
      session->phase = PHASE_TRANSMISSION;
    tell_infos(session, option);
    break;
  case OPT_STRUCTURED:
  case OPT_EXTENDED:
    law(peer, length == 0, "option %u with a payload", option);
    law(peer, option != OPT_STRUCTURED || !session->extended,
        "structured replies are asked for behind extended headers");
    *(option == OPT_STRUCTURED ? &session->structured : &session->extended) = true;
    option_reply(session, option, REP_ACK, NULL);
    break;
  default:
    contexts_option(session, option, data, length);
  }
  return true;
}

/* ---- Requests ---- */

static const char *const commands[] = { "read", "write", "goodbye", "flush", "trim", "cache", "zero", "status" };

/* Which error it answers with; 0: none. */
static int
choose_error(struct peer *peer, const struct pending_request *pending)
{
  const struct peer_manners *manners = &peer->manners;
  unsigned one_in = pending->type == CMD_READ     ? manners->read_fails_one_in
                    : pending->type == CMD_STATUS ? manners->survey_fails_one_in
                    : pending->type == CMD_FLUSH  ? manners->flush_fails_one_in
                                                  : manners->write_fails_one_in;

  if (peer_happens(peer, manners->shuts_down_one_in))
    return NBD_ESHUTDOWN;
  if (pending->type == CMD_ZERO && peer_happens(peer, manners->zero_refused_one_in))
    return random_one_in(&peer->random, 2) ? NBD_ENOTSUP : NBD_EINVAL;
  if (pending->type == CMD_ZERO && pending->flags & FLAG_FAST_ZERO && random_one_in(&peer->random, 3))
    return NBD_ENOTSUP;
  if (peer->manners.errors_left == 0 || !peer_happens(peer, one_in))
    return 0;
  peer->manners.errors_left--;
  peer->faults += pending->type != CMD_STATUS;
  if (pending->type == CMD_FLUSH)
    peer->flush_failed = true;
  if (pending->type != CMD_READ && pending->type != CMD_STATUS && peer_happens(peer, manners->full_one_in)) {
    peer->hard_faults++;
    return NBD_ENOSPC;
  }
  peer->hard_faults += pending->type == CMD_FLUSH;
  return random_one_in(&peer->random, 8) ? (int)random_between(&peer->random, 1, 4000) : NBD_EIO;
}

/* In pieces, in any order, holes among them. */
static void
cut_read(struct peer *peer, struct pending_request *pending)
{
  const struct peer_manners *manners = &peer->manners;
  unsigned most = 1;

  if (pending->length > 1 && peer_happens(peer, manners->split_one_in))
    most = (unsigned)random_between(&peer->random, 2,
                                    peer_happens(peer, manners->many_pieces_one_in) ? PEER_PIECES_MAX : 12);
  if (pending->length <= peer->block_min) /* it can't be asked for in smaller parts */
    most = (unsigned)range_min(most, CHUNKS_MAX / 2);
  pending->pieces = calloc(most, sizeof *pending->pieces);
  for (uint32_t at = 0; at < pending->length;) {
    struct piece_of_read *piece = &pending->pieces[pending->piece_count++];
    uint64_t left = pending->length - at;
    uint64_t length = pending->piece_count == most ? left : random_between(&peer->random, 1, 1 + left * 2 / (most + 1));
    piece->start = at;
    at = piece->end = at + (uint32_t)range_min(length, left);
    piece->hole = peer_is_zero(peer, pending->offset + piece->start, piece->end - piece->start) &&
                  !random_one_in(&peer->random, 3);
  }
  if (random_one_in(&peer->random, 3))
    return;
  for (unsigned i = pending->piece_count - 1; i > 0; i--) {
    unsigned other = (unsigned)random_between(&peer->random, 0, i);
    struct piece_of_read piece = pending->pieces[i];
    pending->pieces[i] = pending->pieces[other];
    pending->pieces[other] = piece;
  }
}

/* Where the client may ask, and for how much. */
static void
check_request(struct peer_line *session, const struct pending_request *pending)
{
  struct peer *peer = session->peer;
  uint16_t type = pending->type, flags = pending->flags;
  uint64_t offset = pending->offset, length = pending->length, block = peer->manners.tells_blocks ? peer->block_min : 1;

  law(peer, !session->leaves, "a request behind the goodbye");
  law(peer, type <= CMD_STATUS && type != CMD_TRIM && type != CMD_CACHE, "a request of type %u", type);
  for (unsigned i = 0; i < session->count; i++)
    law(peer, session->pending[i].cookie != pending->cookie, "two requests have the same cookie");
  if (type == CMD_DISC) {
    law(peer, flags == 0, "a goodbye with flags");
    return;
  }
  law(peer, !peer->is_other, "a %s of another disk, whose size tells that it is one", commands[type]);
  if (type == CMD_FLUSH) {
    law(peer, peer->flags & CAN_FLUSH, "a flush of who can't");
    law(peer, offset == 0 && length == 0 && flags == 0, "a flush of a part");
    return;
  }
  law(peer, length > 0 && offset + length >= offset && offset + length <= peer->size, "%s [%llu, +%llu) of %llu bytes",
      commands[type], (ull)offset, (ull)length, (ull)peer->size);
  law(peer, offset % block == 0 && (length % block == 0 || offset + length == peer->size),
      "%s [%llu, +%llu) isn't aligned to %llu", commands[type], (ull)offset, (ull)length, (ull)block);
  if (type == CMD_READ || type == CMD_WRITE)
    law(peer, length <= (peer->manners.tells_blocks ? peer->block_max : UINT64_C(32) << 20),
        "%s of %llu bytes is too long", commands[type], (ull)length);
  if (type == CMD_WRITE || type == CMD_ZERO)
    law(peer, !(peer->flags & CAN_READ_ONLY), "a %s where nothing may be written", commands[type]);
  law(peer, type != CMD_ZERO || peer->flags & CAN_ZERO, "zeros of who can't make them");
  law(peer, type != CMD_STATUS || session->contexts, "a question for block status without any context");
  law(peer, !(flags & FLAG_FAST_ZERO) || peer->flags & CAN_FAST_ZERO, "a fast zero of who can't");
  uint16_t allowed = type == CMD_ZERO     ? FLAG_NO_HOLE | FLAG_FAST_ZERO | (peer->flags & CAN_FUA ? FLAG_FUA : 0)
                     : type == CMD_STATUS ? FLAG_REQ_ONE
                     : type == CMD_WRITE  ? (peer->flags & CAN_FUA ? FLAG_FUA : 0)
                     : type == CMD_READ   ? (peer->flags & CAN_DF ? FLAG_DF : 0)
                                          : 0;
  if (session->extended && type == CMD_WRITE)
    law(peer, flags & FLAG_PAYLOAD_LEN, "a write with an extended header doesn't say that its length is its payload's");
  law(peer, (flags & ~allowed & ~(session->extended && type == CMD_WRITE ? FLAG_PAYLOAD_LEN : 0)) == 0,
      "a %s with the flags %x", commands[type], flags);
}

/* Whether an unlawful server can act on it all the same. */
static bool
is_possible(const struct peer_line *session, const struct pending_request *pending)
{
  uint64_t end = pending->offset + pending->length;

  return pending->type <= CMD_STATUS && (pending->length > 0 || pending->type == CMD_FLUSH) && end >= pending->offset &&
         end <= session->peer->size && pending->length <= PEER_BYTES_MAX && session->count < PEER_PENDING_MAX;
}

static void
take_request(struct peer_line *session, struct pending_request *pending)
{
  struct peer *peer = session->peer;

  sim_trace("%8llu us %s: %s [%llu, +%llu) flags %x cookie %llu", (ull)peer->now_us, peer->name,
            commands[pending->type & 7], (ull)pending->offset, (ull)pending->length, pending->flags,
            (ull)pending->cookie);
  peer->requests++;
  check_request(session, pending);
  if (pending->type == CMD_DISC) {
    session->leaves = true;
    return;
  }
  sim_check(session->count < PEER_PENDING_MAX, "too many requests are out");
  if (!is_possible(session, pending)) {
    free(pending->payload);
    session->is_silent = true;
    return;
  }
  pending->errnum = choose_error(peer, pending);
  pending->due_us = peer->now_us;
  if (peer->manners.delay_max_us > 0 && !random_one_in(&peer->random, 4))
    pending->due_us += random_between(&peer->random, 0, peer->manners.delay_max_us);
  if (pending->type == CMD_READ)
    cut_read(peer, pending);
  if (pending->type == CMD_STATUS)
    pending->contexts_left = session->contexts;
  if (pending->type == CMD_FLUSH) {
    carry_out_late(peer, NET_NEVER);
    pending->flush = ++peer->flushes;
    pending->flushing = malloc(peer->size + 1);
    memcpy(pending->flushing, peer->content, peer->size);
    peer->unflushed = false;
  }
  session->pending[session->count++] = *pending;
}

/* ---- Answers ---- */

static void
reply_head(struct peer_line *session, const struct pending_request *pending, struct bytes *out, uint16_t flags,
           uint16_t type, uint64_t length)
{
  struct peer *peer = session->peer;
  uint64_t cookie = pending->cookie;

  if (breaks_anything(peer)) {
    switch (random_between(&peer->random, 0, 4)) {
    case 0: /* nobody's, or another one's */
      cookie = random_one_in(&peer->random, 2)
                   ? random_next(&peer->random)
                   : session->pending[random_between(&peer->random, 0, session->count - 1)].cookie;
      peer->has_lied = true;
      break;
    case 1: /* of another length than it has */
      length = random_one_in(&peer->random, 2) ? length + random_between(&peer->random, 1, 20)
                                               : length - range_min(length, random_between(&peer->random, 1, 20));
      peer->has_lied = true;
      break;
    case 2:
      type = (uint16_t)(random_one_in(&peer->random, 2) ? random_between(&peer->random, 0, 8)
                                                        : 0x8000 + random_between(&peer->random, 0, 4));
      peer->has_lied = true;
      break;
    case 3:
      flags ^= REPLY_DONE;
      break;
    case 4:
      flags = (uint16_t)random_next(&peer->random);
      break;
    }
  }
  put(out, session->extended ? MAGIC_EXTENDED : MAGIC_STRUCTURED, 4);
  put(out, flags, 2);
  put(out, type, 2);
  put(out, cookie, 8);
  if (session->extended)
    put(out, pending->offset, 8);
  put(out, length, session->extended ? 8 : 4);
}

static void
reply_simple(struct peer_line *session, const struct pending_request *pending, int errnum)
{
  struct bytes out = { 0 };

  put(&out, MAGIC_SIMPLE, 4);
  put(&out, (uint64_t)errnum, 4);
  put(&out, pending->cookie, 8);
  if (pending->type == CMD_READ && errnum == 0)
    bytes_add(&out, session->peer->content + pending->offset, pending->length);
  send_out(session, &out);
}

static void
reply_error(struct peer_line *session, const struct pending_request *pending, bool is_last)
{
  struct peer *peer = session->peer;
  struct bytes out = { 0 };
  bool has_offset = pending->type == CMD_READ && random_one_in(&peer->random, 2);
  static const char words[] = "the disk has gone";
  size_t length = random_one_in(&peer->random, 2) ? random_between(&peer->random, 1, sizeof words - 1) : 0;
  uint64_t within = 0;

  /* What lies before it has come. */
  for (unsigned i = 0; i < pending->piece; i++)
    if (pending->pieces[i].start == within)
      within = pending->pieces[i].end, i = (unsigned)-1;
  if (within >= pending->length)
    within = 0;
  reply_head(session, pending, &out, is_last ? REPLY_DONE : 0, has_offset ? TYPE_ERROR_AT : TYPE_ERROR,
             6 + length + (has_offset ? 8 : 0));
  put(&out, (uint64_t)pending->errnum, 4);
  put(&out, length, 2);
  bytes_add(&out, words, length);
  if (has_offset)
    put(&out, pending->offset + within, 8);
  send_out(session, &out);
}

static void
reply_none(struct peer_line *session, const struct pending_request *pending)
{
  struct bytes out = { 0 };

  reply_head(session, pending, &out, REPLY_DONE, TYPE_NONE, 0);
  send_out(session, &out);
}

/* The next piece of a read. Returns whether that was all. */
static bool
reply_piece(struct peer_line *session, struct pending_request *pending)
{
  struct peer *peer = session->peer;
  struct piece_of_read *piece = &pending->pieces[pending->piece];
  uint64_t offset = pending->offset + piece->start, length = piece->end - piece->start;
  bool is_last = pending->piece + 1 == pending->piece_count, done = is_last && !random_one_in(&peer->random, 3);
  struct bytes out = { 0 };

  if (pending->errnum && (is_last || random_one_in(&peer->random, pending->piece_count))) {
    reply_error(session, pending, true);
    return true;
  }
  if (breaks(peer)) {
    switch (random_between(&peer->random, 0, 4)) {
    case 0: /* it is left out */
      if (is_last)
        reply_none(session, pending);
      pending->piece++;
      return is_last;
    case 1: /* it lies elsewhere */
      offset += random_between(&peer->random, 0, 4) == 0 ? 1 : random_between(&peer->random, 0, 4096);
      break;
    case 2: /* it comes once more */
      offset -= range_min(offset, random_between(&peer->random, 0, 4096));
      break;
    case 3: /* it is shorter */
      length -= random_between(&peer->random, 0, length);
      break;
    case 4: /* a hole as long as can be */
      piece->hole = true;
      length = UINT32_MAX - random_between(&peer->random, 0, 1);
      peer->has_lied = true;
      break;
    }
    if (offset + length > peer->size && !piece->hole)
      length = offset < peer->size ? peer->size - offset : 0;
    if (offset != pending->offset + piece->start)
      peer->has_lied = peer->has_lied || piece->hole; /* else its bytes are those of where it says it lies */
  }
  if (piece->hole) {
    reply_head(session, pending, &out, done ? REPLY_DONE : 0, TYPE_HOLE, 12);
    put(&out, offset, 8);
    put(&out, length, 4);
  } else {
    reply_head(session, pending, &out, done ? REPLY_DONE : 0, TYPE_DATA, 8 + length);
    put(&out, offset, 8);
    if (offset < peer->size)
      bytes_add(&out, peer->content + offset, range_min(length, peer->size - offset));
  }
  send_out(session, &out);
  pending->piece++;
  if (is_last && !done)
    reply_none(session, pending);
  return is_last;
}

/* What a context knows of a byte. */
static uint32_t
context_value(const struct peer *peer, unsigned context, uint64_t at)
{
  return context == 0 ? (peer->content[at] ? 0 : 3) : (uint32_t)(at / 4096 % 3);
}

static void
reply_status(struct peer_line *session, struct pending_request *pending, unsigned context, bool done)
{
  struct peer *peer = session->peer;
  uint64_t limit = peer_happens(peer, peer->manners.survey_short_one_in) ? random_between(&peer->random, 1, 3) : 200;
  uint64_t at = pending->offset, end = at + pending->length, count = 0, grain = peer->block_min;
  bool is_blind = peer_happens(peer, peer->manners.survey_blind_one_in); /* it calls zeros data */
  struct bytes extents = { 0 }, out = { 0 };

  while (at < end && count < limit) {
    uint64_t start = at;
    uint32_t value = is_blind && context == 0 ? 0 : context_value(peer, context, at);
    do
      at++;
    while (at < peer->size &&
           (at % grain || (at < end && (is_blind && context == 0 ? 0 : context_value(peer, context, at)) == value &&
                           !random_one_in(&peer->random, 4000))));
    for (uint64_t i = start; context == 0 && value && i < at; i++) /* a block that isn't all zeros isn't one */
      if (peer->content[i])
        value = 0;
    uint64_t length = at - start;
    if (at == end && end < peer->size && random_one_in(&peer->random, 4) && value == 0)
      length = range_align_up(length + random_between(&peer->random, 0, 5000), grain); /* it may know of more */
    length = range_min(length, peer->size - start);
    if (breaks_anything(peer)) {
      length = random_one_in(&peer->random, 3) ? 0 : random_next(&peer->random) >> random_between(&peer->random, 0, 63);
      peer->has_lied = true;
    }
    put(&extents, length, session->extended ? 8 : 4);
    put(&extents, value, session->extended ? 8 : 4);
    count++;
  }
  reply_head(session, pending, &out, done ? REPLY_DONE : 0, session->extended ? TYPE_STATUS_EXT : TYPE_STATUS,
             4 + (session->extended ? 4 : 0) + bytes_count(&extents));
  put(&out, 7 + context, 4);
  if (session->extended)
    put(&out, count, 4);
  bytes_add(&out, extents.bytes, bytes_count(&extents));
  free(extents.bytes);
  send_out(session, &out);
}

/* One context, or the end. Returns whether that was all. */
static bool
reply_contexts(struct peer_line *session, struct pending_request *pending)
{
  struct peer *peer = session->peer;
  unsigned context;

  if (pending->errnum) {
    reply_error(session, pending, true);
    return true;
  }
  do
    context = (unsigned)random_between(&peer->random, 0, PEER_CONTEXTS - 1);
  while (!(pending->contexts_left & 1u << context));
  pending->contexts_left &= ~(1u << context);
  bool is_last = pending->contexts_left == 0, done = is_last && !random_one_in(&peer->random, 3);
  reply_status(session, pending, context, done);
  if (is_last && !done)
    reply_none(session, pending);
  return is_last;
}

/* It does what it was asked for. */
static void
do_request(struct peer *peer, struct pending_request *pending)
{
  if (pending->errnum) {
    /* Nobody knows how far it came. */
    if ((pending->type == CMD_WRITE || pending->type == CMD_ZERO) && random_one_in(&peer->random, 2))
      carry_out(peer, pending->offset, random_between(&peer->random, 0, pending->length), pending->payload);
    return;
  }
  if (pending->type == CMD_WRITE || pending->type == CMD_ZERO)
    carry_out(peer, pending->offset, pending->length, pending->payload);
  if (pending->type == CMD_FLUSH && pending->flush > peer->flushed) {
    memcpy(peer->stable, pending->flushing, peer->size);
    peer->flushed = pending->flush;
  }
}

/* A step of an answer. Returns whether it is over. */
static bool
answer_request(struct peer_line *session, struct pending_request *pending)
{
  struct peer *peer = session->peer;
  bool is_structured = session->structured || session->extended;

  if (pending->type == CMD_READ && is_structured)
    return reply_piece(session, pending);
  if (pending->type == CMD_STATUS)
    return reply_contexts(session, pending);
  do_request(peer, pending);
  if (!session->extended && (!is_structured || !peer->manners.structured_always))
    reply_simple(session, pending, pending->errnum);
  else if (pending->errnum)
    reply_error(session, pending, true);
  else
    reply_none(session, pending);
  return true;
}

/* ---- Hearing ---- */

/* One message out of what was heard. Returns false where there is none, or the connection is gone (*gone). */
static bool
take_message(struct peer_line *session, bool *gone)
{
  struct peer *peer = session->peer;
  const uint8_t *at = session->heard.bytes + session->heard.start;
  size_t heard = bytes_count(&session->heard);

  if (session->phase == PHASE_FLAGS) {
    if (heard < 4)
      return false;
    uint64_t flags = get(at, 4);
    law(peer, (flags & ~UINT64_C(3)) == 0 && !(flags & 2 && !peer->manners.no_zeroes), "the client has the flags %llx",
        (ull)flags);
    session->no_zeroes = flags & 2;
    session->phase = PHASE_OPTIONS;
    session->heard.start += 4;
    return true;
  }
  if (session->phase == PHASE_OPTIONS) {
    if (heard < 16)
      return false;
    uint32_t option = (uint32_t)get(at + 8, 4), length = (uint32_t)get(at + 12, 4);
    law(peer, get(at, 8) == MAGIC_OPTION && length < 100000, "an option without its magic, or of %u bytes", length);
    if (get(at, 8) != MAGIC_OPTION || length >= 100000) {
      hang_up(session, 0);
      *gone = true;
      return false;
    }
    if (heard < 16 + (size_t)length)
      return false;
    session->heard.start += 16 + length;
    *gone = !take_option(session, option, at + 16, length);
    if (!*gone && peer_happens(peer, peer->manners.option_pause_one_in))
      session->holds_us = peer->now_us + random_between(&peer->random, 1, 900000);
    return !*gone;
  }
  size_t head = session->extended ? 32 : 28;
  if (heard < head)
    return false;
  struct pending_request pending = { .flags = (uint16_t)get(at + 4, 2),
                                     .type = (uint16_t)get(at + 6, 2),
                                     .cookie = get(at + 8, 8),
                                     .offset = get(at + 16, 8),
                                     .length = get(at + 24, session->extended ? 8 : 4) };
  bool is_right = get(at, 4) == (session->extended ? MAGIC_REQUEST_EXTENDED : MAGIC_REQUEST);
  law(peer, is_right, "a request without its magic");
  if (!is_right || (pending.type == CMD_WRITE && pending.length > UINT64_C(64) << 20)) {
    hang_up(session, 0);
    *gone = true;
    return false;
  }
  size_t payload = pending.type == CMD_WRITE ? pending.length : 0;
  if (heard < head + payload)
    return false;
  if (payload > 0) {
    pending.payload = malloc(payload);
    memcpy(pending.payload, at + head, payload);
  }
  session->heard.start += head + payload;
  take_request(session, &pending);
  return true;
}

static void
take_messages(struct peer_line *session)
{
  bool gone = false;

  while (!gone && session->holds_us <= session->peer->now_us && !session->is_silent && take_message(session, &gone))
    ;
}

void
peer_hear(struct peer_line *session, const uint8_t *bytes, size_t length)
{
  session->peer->now_us = stage.now_us;
  bytes_add(&session->heard, bytes, length);
  take_messages(session);
}

/* ---- Time ---- */

/* It is there, and does nothing. */
static void
peer_freeze(struct peer *peer)
{
  uint64_t until_us = peer->now_us + random_between(&peer->random, 1000000, 60000000);

  sim_trace("%8llu us %s: stands still", (ull)peer->now_us, peer->name);
  for (unsigned i = 0; i < peer->count; i++)
    peer->lines[i]->holds_us = until_us;
}

static void
peer_die(struct peer *peer)
{
  peer->deaths++;
  peer->manners.dies_at_us = NET_NEVER;
  sim_trace("%8llu us %s: dies", (ull)peer->now_us, peer->name);
  while (peer->count > 0)
    hang_up(peer->lines[0], random_one_in(&peer->random, 2) ? ECONNRESET : 0);
  if (!peer->is_read && peer_happens(peer, peer->manners.forgets_one_in)) {
    carry_out_late(peer, NET_NEVER);
    peer_lose_power(peer);
  }
  if (peer_happens(peer, peer->manners.down_one_in))
    peer->back_us = peer->now_us + random_between(&peer->random, 0, peer->manners.down_max_us);
  if (peer->requests > 0 && peer_happens(peer, peer->manners.other_one_in)) /* whose size is known by then */
    peer->is_other = true;
  if (peer_happens(peer, peer->manners.dies_again_one_in))
    peer->manners.dies_at_us = range_max(peer->back_us, peer->now_us) + random_between(&peer->random, 1000, 30000000);
}

/* What there is to be done on a connection. Returns false when it is gone. */
static bool
session_advance(struct peer_line *session)
{
  struct peer *peer = session->peer;

  if (session->holds_us > peer->now_us || session->is_silent)
    return true;
  for (unsigned i = 0; i < session->count; i++) {
    struct pending_request *pending = &session->pending[i];
    if (pending->due_us > peer->now_us)
      continue;
    pending->begun = true;
    if (!answer_request(session, pending)) {
      if (peer_happens(peer, peer->manners.piece_pause_one_in))
        pending->due_us = peer->now_us + random_between(&peer->random, 0, range_max(peer->manners.delay_max_us, 1000));
      else
        i--;
      continue;
    }
    pending_free(pending);
    session->pending[i--] = session->pending[--session->count];
  }
  if (session->leaves && session->count == 0 && !peer_happens(peer, peer->manners.ignores_goodbye_one_in)) {
    hang_up(session, 0);
    return false;
  }
  if (session->leaves)
    session->is_silent = session->count == 0;
  take_messages(session); /* which may have ended it: nothing is done behind that */
  return true;
}

uint64_t
peer_next_us(const struct peer *peer)
{
  uint64_t next_us = peer->manners.dies_at_us;

  for (unsigned i = 0; i < peer->count; i++) {
    const struct peer_line *session = peer->lines[i];
    if (session->is_silent)
      continue;
    if (session->holds_us > peer->now_us)
      next_us = range_min(next_us, session->holds_us);
    else if (session->leaves && session->count == 0)
      next_us = range_min(next_us, peer->now_us);
    else
      for (unsigned j = 0; j < session->count; j++)
        next_us = range_min(next_us, session->pending[j].due_us);
  }
  for (const struct peer_late *late = peer->late; late; late = late->next)
    next_us = range_min(next_us, late->due_us);
  return next_us;
}

void
peer_advance(struct peer *peer, uint64_t now_us)
{
  peer->now_us = now_us;
  if (now_us >= peer->manners.dies_at_us) {
    if (peer_happens(peer, peer->manners.freezes_one_in)) {
      peer_freeze(peer);
      peer->manners.dies_at_us = NET_NEVER;
    } else {
      peer_die(peer);
    }
  }
  carry_out_late(peer, now_us);
  for (unsigned i = peer->count; i-- > 0;)
    if (i < peer->count)
      session_advance(peer->lines[i]);
}

void
peer_begin(struct peer *peer, uint64_t seed)
{
  peer->random.state = seed;
  peer->count = 0;
  peer->now_us = peer->back_us = peer->flushes = peer->flushed = peer->requests = 0;
  peer->late = NULL;
  peer->unflushed = peer->has_lied = peer->is_other = peer->flush_failed = false;
  peer->faults = peer->hard_faults = peer->deaths = peer->ends = peer->breaks = peer->silences = 0;
}
