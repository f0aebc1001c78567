/* SPDX-License-Identifier: MIT */
/* libnbd, patched as decant links it, and a server out of its mind: a conversation that
 * would be right, mutated message by message, comes in pieces of any length. Whatever is
 * said, nothing is read or written beyond what was asked for, each callback is given back
 * once, what fails has words, and nobody waits for what never comes. And what isn't mutated
 * is understood.
 *
 * As decant does, this takes the place of libnbd's lib/socket.c and lib/poll.c.
 */
#include "fuzz/fuzz.h"

#include <config.h> /* libnbd's own, as is internal.h */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <internal.h>

#define EXPORT_BYTES (UINT64_C(1) << 40)
#define REQUEST_BYTES_MAX 3000
#define MESSAGE_BYTES_MAX (20 * 1024)
#define CONTEXTS_MAX 2
#define REQUESTS_MAX 4

struct message {
  size_t length;
  uint8_t bytes[MESSAGE_BYTES_MAX];
};

/* What the server has agreed to, and says. */
static struct {
  struct fuzz_case input;
  bool is_true; /* nothing is mutated */
  bool is_fixed, has_structured, has_extended, has_zeroes;
  unsigned contexts;
  size_t piece_bytes_max;
  size_t start, end;
  uint8_t said[1024 * 1024];
} server;

/* One command, and what of it is still to be answered. */
struct request {
  uint64_t cookie, offset;
  uint16_t type;
  bool is_wide, is_answered, is_complete, fails;
  size_t length, done;
  unsigned contexts;
  uint8_t *buffer;
};

static struct nbd_handle *handle;
static struct request requests[REQUESTS_MAX];
static long callbacks_out;
static bool is_stopped, is_closing;

static uint64_t
between(uint64_t low, uint64_t high)
{
  return fuzz_between(&server.input, low, high);
}

static bool
one_in(uint64_t n)
{
  return fuzz_one_in(&server.input, n);
}

/* ---- Saying ---- */

static void
put(struct message *message, const void *bytes, size_t length)
{
  must(length <= sizeof message->bytes - message->length);
  memcpy(message->bytes + message->length, bytes, length);
  message->length += length;
}

static void
put_number(struct message *message, uint64_t number, unsigned bytes)
{
  while (bytes > 0) {
    uint8_t byte = (uint8_t)(number >> 8 * --bytes);
    put(message, &byte, 1);
  }
}

static void
put_text(struct message *message)
{
  size_t length = one_in(50) ? between(NBD_MAX_STRING - 2, NBD_MAX_STRING) : between(1, 20);

  for (size_t i = 0; i < length; i++)
    put_number(message, between('a', 'z'), 1);
}

/* Makes a message longer or shorter before its length is told: what its kind has no
 * room for, or is too short for it. */
static void
mutate_payload(struct message *payload)
{
  if (server.is_true || !one_in(15))
    return;
  if (one_in(4) && payload->length < 8000)
    payload->length += between(1, one_in(3) ? 12000 : 9);
  else
    payload->length = between(0, payload->length);
}

/* Now and then not what it is. */
static bool
or_not(bool is_so)
{
  return is_so != (!server.is_true && one_in(40));
}

static void
say(struct message *message)
{
  if (!server.is_true && one_in(12))
    message->length = fuzz_mutate(&server.input, message->bytes, message->length, sizeof message->bytes);
  must(message->length <= sizeof server.said - server.end);
  memcpy(server.said + server.end, message->bytes, message->length);
  server.end += message->length;
}

static void
say_option(uint32_t option, uint32_t reply, struct message *payload)
{
  struct message message = { 0 };

  mutate_payload(payload);
  put_number(&message, NBD_REP_MAGIC, 8);
  put_number(&message, option, 4);
  put_number(&message, reply, 4);
  put_number(&message, payload->length, 4);
  put(&message, payload->bytes, payload->length);
  say(&message);
}

static void
say_ack(uint32_t option)
{
  say_option(option, NBD_REP_ACK, &(struct message){ 0 });
}

/* Refuses, with or without words. To be without NBD_OPT_GO is no refusal. */
static void
say_refusal(uint32_t option)
{
  struct message words = { 0 };

  if (one_in(2))
    put_text(&words);
  say_option(option, NBD_REP_ERR((uint32_t)between(option == NBD_OPT_GO ? 2 : 1, 11)), &words);
}

/* ---- The handshake ---- */

static void
say_export_list(void)
{
  for (uint64_t i = between(0, 5); i > 0; i--) {
    struct message name = { 0 }, export = { 0 };
    put_text(&name);
    put_number(&export, name.length, 4);
    put(&export, name.bytes, name.length);
    if (one_in(2))
      put_text(&export);
    say_option(NBD_OPT_LIST, NBD_REP_SERVER, &export);
  }
  say_ack(NBD_OPT_LIST);
}

static void
say_contexts(uint32_t option, unsigned contexts)
{
  for (unsigned i = 0; i < contexts; i++) {
    struct message context = { 0 };
    put_number(&context, i, 4);
    put_text(&context);
    say_option(option, NBD_REP_META_CONTEXT, &context);
  }
  say_ack(option);
}

static uint16_t
export_flags(void)
{
  return NBD_FLAG_HAS_FLAGS | NBD_FLAG_SEND_FLUSH | NBD_FLAG_SEND_DF;
}

static void
say_info(uint32_t option)
{
  struct message size = { 0 }, text = { 0 }, blocks = { 0 };

  put_number(&size, NBD_INFO_EXPORT, 2);
  put_number(&size, EXPORT_BYTES, 8);
  put_number(&size, export_flags(), 2);
  say_option(option, NBD_REP_INFO, &size);
  if (one_in(2)) {
    put_number(&text, between(NBD_INFO_NAME, NBD_INFO_DESCRIPTION), 2);
    put_text(&text);
    say_option(option, NBD_REP_INFO, &text);
  }
  if (one_in(2)) {
    put_number(&blocks, NBD_INFO_BLOCK_SIZE, 2);
    put_number(&blocks, 1, 4);
    put_number(&blocks, fuzz_power(&server.input, 9, 20), 4);
    put_number(&blocks, fuzz_power(&server.input, 20, 26), 4);
    say_option(option, NBD_REP_INFO, &blocks);
  }
  say_ack(option);
}

/* How newstyle ended before there was NBD_OPT_GO. */
static void
say_export(void)
{
  struct message message = { 0 };

  put_number(&message, EXPORT_BYTES, 8);
  put_number(&message, export_flags(), 2);
  for (int i = 0; i < 124 && server.has_zeroes; i++)
    put_number(&message, 0, 1);
  say(&message);
}

/* What nbd_opt_info and nbd_opt_go ask: the contexts first, if there can be any. Returns
 * whether they succeed. */
static bool
say_info_or_go(uint32_t option)
{
  if (!server.is_fixed) {
    say_export();
    return true;
  }
  if (server.has_structured) {
    server.contexts = (unsigned)between(0, CONTEXTS_MAX);
    say_contexts(NBD_OPT_SET_META_CONTEXT, server.contexts);
  }
  if (one_in(10)) {
    say_refusal(option);
    return false;
  }
  if (option == NBD_OPT_GO && one_in(10)) {
    say_option(option, NBD_REP_ERR_UNSUP, &(struct message){ 0 });
    say_export();
    return true;
  }
  say_info(option);
  return true;
}

/* Returns whether it is agreed to. */
static bool
agree(uint32_t option)
{
  if (one_in(2)) {
    say_ack(option);
    return true;
  }
  say_refusal(option);
  return false;
}

/* How it begins, up to where libnbd stops in opt mode. Returns whether it is newstyle. */
static bool
say_greeting(void)
{
  struct message message = { 0 };
  bool is_new = !one_in(8);

  put_number(&message, NBD_MAGIC, 8);
  put_number(&message, is_new ? NBD_NEW_VERSION : NBD_OLD_VERSION, 8);
  if (!is_new) {
    put_number(&message, EXPORT_BYTES, 8);
    put_number(&message, export_flags(), 4);
    for (int i = 0; i < 124; i++)
      put_number(&message, 0, 1);
    say(&message);
    return false;
  }
  server.is_fixed = !one_in(8);
  server.has_zeroes = one_in(2);
  put_number(&message, (server.is_fixed ? NBD_FLAG_FIXED_NEWSTYLE : 0) | (server.has_zeroes ? 0 : NBD_FLAG_NO_ZEROES),
             2);
  say(&message);
  if (server.is_fixed) {
    server.has_extended = agree(NBD_OPT_EXTENDED_HEADERS);
    server.has_structured = server.has_extended || agree(NBD_OPT_STRUCTURED_REPLY);
  }
  return true;
}

/* ---- Answering commands ---- */

/* What the export holds. */
static uint8_t
content_at(uint64_t offset)
{
  return (uint8_t)(offset * 7 | 1);
}

static void
put_content(struct message *message, uint64_t offset, size_t length)
{
  for (size_t i = 0; i < length; i++)
    put_number(message, content_at(offset + i), 1);
}

static void
say_simple(struct request *request, uint32_t error)
{
  struct message message = { 0 };

  put_number(&message, NBD_SIMPLE_REPLY_MAGIC, 4);
  put_number(&message, error, 4);
  put_number(&message, request->cookie, 8);
  if (error == 0 && request->type == NBD_CMD_READ)
    put_content(&message, request->offset, request->length);
  say(&message);
  request->is_answered = true;
  request->fails |= error != 0;
}

static void
say_chunk(struct request *request, uint16_t type, bool is_last, struct message *payload)
{
  struct message message = { 0 };
  bool is_extended = or_not(server.has_extended);

  mutate_payload(payload);
  put_number(&message, is_extended ? NBD_EXTENDED_REPLY_MAGIC : NBD_STRUCTURED_REPLY_MAGIC, 4);
  put_number(&message, is_last ? NBD_REPLY_FLAG_DONE : 0, 2);
  put_number(&message, type, 2);
  put_number(&message, request->cookie, 8);
  if (is_extended)
    put_number(&message, request->offset, 8);
  put_number(&message, payload->length, is_extended ? 8 : 4);
  put(&message, payload->bytes, payload->length);
  say(&message);
  request->is_answered = is_last;
}

static void
say_error_chunk(struct request *request)
{
  struct message words = { 0 }, error = { 0 };
  bool has_offset = request->type == NBD_CMD_READ && one_in(2);

  if (one_in(2))
    put_text(&words);
  put_number(&error, or_not(true) ? NBD_EIO : 0, 4);
  put_number(&error, words.length, 2);
  put(&error, words.bytes, words.length);
  if (has_offset)
    put_number(&error, request->offset + between(0, request->length - 1), 8);
  request->fails = true;
  say_chunk(request, has_offset ? NBD_REPLY_TYPE_ERROR_OFFSET : NBD_REPLY_TYPE_ERROR, one_in(2), &error);
}

static void
say_read_chunk(struct request *request)
{
  uint64_t offset = request->offset + request->done;
  size_t rest = request->length - request->done, part = rest - between(0, rest - 1);
  struct message data = { 0 };
  bool is_hole = one_in(3);

  request->done += part;
  put_number(&data, offset, 8);
  if (is_hole)
    put_number(&data, part, 4);
  else
    put_content(&data, offset, part);
  say_chunk(request, is_hole ? NBD_REPLY_TYPE_OFFSET_HOLE : NBD_REPLY_TYPE_OFFSET_DATA,
            request->done == request->length && one_in(2), &data);
}

/* One context's extents. */
static void
say_status_chunk(struct request *request)
{
  bool is_wide = or_not(server.has_extended);
  unsigned width = is_wide ? 8 : 4, extents = (unsigned)between(1, one_in(9) ? 300 : 4);
  struct message status = { 0 };

  put_number(&status, request->contexts++, 4);
  if (is_wide)
    put_number(&status, extents, 4);
  for (unsigned i = 0; i < extents; i++) {
    put_number(&status, or_not(true) ? between(1, 100000) : fuzz_power(&server.input, 0, 8 * width - 1) - 1, width);
    put_number(&status, between(0, 3), width);
  }
  say_chunk(request, is_wide ? NBD_REPLY_TYPE_BLOCK_STATUS_EXT : NBD_REPLY_TYPE_BLOCK_STATUS,
            request->contexts == server.contexts && one_in(2), &status);
}

/* Answers what nobody has asked: to be skipped. */
static void
say_stray(void)
{
  struct request stray = { .cookie = UINT64_MAX, .type = NBD_CMD_READ, .length = between(1, REQUEST_BYTES_MAX) };

  say_read_chunk(&stray);
}

/* The next of what answers the request. */
static void
answer(struct request *request)
{
  if (!or_not(server.has_structured) || (request->type == NBD_CMD_FLUSH && !server.has_extended))
    say_simple(request, one_in(8) ? NBD_EIO : 0);
  else if (one_in(20))
    say_error_chunk(request);
  else if (request->type == NBD_CMD_READ && request->done < request->length)
    say_read_chunk(request);
  else if (request->type == NBD_CMD_BLOCK_STATUS && request->contexts < server.contexts)
    say_status_chunk(request);
  else
    say_chunk(request, NBD_REPLY_TYPE_NONE, true, &(struct message){ 0 });
}

/* ---- In the place of lib/socket.c and lib/poll.c ---- */

static ssize_t
not_now(void)
{
  errno = EAGAIN;
  return -1;
}

static ssize_t
hear(struct nbd_handle *h, struct socket *socket, void *to, size_t length)
{
  size_t most = server.end - server.start;

  (void)h, (void)socket;
  must(length > 0);
  if (one_in(5))
    return not_now();
  if (most > length)
    most = length;
  if (most > server.piece_bytes_max)
    most = server.piece_bytes_max;
  if (most == 0) /* said all, and closed */
    return 0;
  most -= between(0, most - 1);
  memcpy(to, server.said + server.start, most);
  server.start += most;
  return (ssize_t)most;
}

static ssize_t
swallow(struct nbd_handle *h, struct socket *socket, const void *bytes, size_t length, int flags)
{
  (void)h, (void)socket, (void)bytes, (void)flags;
  if (!server.is_true && one_in(200)) {
    set_error(EPIPE, "send");
    errno = EPIPE;
    return -1;
  }
  return one_in(10) ? not_now() : (ssize_t)(length - between(0, length - 1));
}

static bool
is_more(struct socket *socket)
{
  (void)socket;
  return server.start < server.end && one_in(2);
}

static int
get_fd(struct socket *socket)
{
  return socket->u.fd;
}

static bool
shut_writes(struct nbd_handle *h, struct socket *socket)
{
  (void)h, (void)socket;
  return !one_in(4);
}

static int
close_socket(struct socket *socket)
{
  int result = close(socket->u.fd);

  free(socket);
  return result;
}

struct socket *
nbd_internal_socket_create(int fd)
{
  static const struct socket_ops ops = { hear, swallow, is_more, get_fd, shut_writes, close_socket };
  struct socket *socket = calloc(1, sizeof *socket);

  must(socket != NULL);
  socket->u.fd = fd;
  socket->ops = &ops;
  return socket;
}

/* A server that is right says nothing of what it wasn't asked yet. */
int
nbd_unlocked_poll2(struct nbd_handle *h, int fd, int timeout_ms)
{
  int direction = nbd_internal_aio_get_direction(get_next_state(h));

  (void)fd, (void)timeout_ms;
  must(direction != 0);
  if (!server.is_true && one_in(500)) { /* as a signal, or the end of decant's patience */
    is_stopped = true;
    set_error(EINTR, "stopped");
    return -1;
  }
  bool writes = direction & LIBNBD_AIO_DIRECTION_WRITE &&
                (server.is_true || !(direction & LIBNBD_AIO_DIRECTION_READ) || !one_in(2));
  return (writes ? nbd_unlocked_aio_notify_write(h) : nbd_unlocked_aio_notify_read(h)) == -1 ? -1 : 1;
}

int
nbd_unlocked_poll(struct nbd_handle *h, int timeout_ms)
{
  return nbd_unlocked_poll2(h, -1, timeout_ms);
}

/* ---- What libnbd tells ---- */

static void
give_back(void *user)
{
  (void)user;
  callbacks_out--;
}

/* To be named once for each callback that is given to libnbd. */
#define CALLBACK(function, user)                                                                                       \
  {                                                                                                                    \
    .callback = (callbacks_out++, function), .user_data = (user), .free = give_back                                    \
  }

/* What a callback returns: now and then, that it has failed, and perhaps why. */
static int
some_result(int *error)
{
  if (server.is_true || !one_in(30))
    return 0;
  *error = one_in(2) ? 0 : EIO;
  return -1;
}

static int
on_export(void *user, const char *name, const char *description)
{
  (void)user;
  must(strlen(name) <= NBD_MAX_STRING && strlen(description) <= NBD_MAX_STRING);
  return 0;
}

static int
on_context(void *user, const char *name)
{
  (void)user;
  must(strlen(name) <= NBD_MAX_STRING);
  return 0;
}

static int
on_chunk(void *user, const void *part, size_t count, uint64_t offset, unsigned status, int *error)
{
  const struct request *request = user;
  const uint8_t *bytes = part;
  uint64_t start = offset - request->offset;

  must(!request->is_complete && offset >= request->offset);
  must(start <= request->length && count <= request->length - start && bytes == request->buffer + start);
  must(status == LIBNBD_READ_ERROR ? count == 0 && *error != 0 : true);
  for (size_t i = 0; i < count && server.is_true; i++)
    must(bytes[i] == (status == LIBNBD_READ_HOLE ? 0 : content_at(offset + i)));
  return some_result(error);
}

static int
on_extents_32(void *user, const char *context, uint64_t offset, uint32_t *entries, size_t count, int *error)
{
  const struct request *request = user;
  uint64_t total = 0;

  must(!request->is_complete && offset == request->offset && strlen(context) <= NBD_MAX_STRING);
  must(count > 0 && count % 2 == 0);
  for (size_t i = 0; i < count; i += 2)
    total += entries[i] + (entries[i + 1] & 0);
  must(total <= INT64_MAX);
  return some_result(error);
}

static int
on_extents_64(void *user, const char *context, uint64_t offset, nbd_extent *extents, size_t count, int *error)
{
  const struct request *request = user;
  uint64_t total = 0;

  must(!request->is_complete && offset == request->offset && strlen(context) <= NBD_MAX_STRING);
  must(count > 0);
  for (size_t i = 0; i < count; i++) {
    must(extents[i].length <= INT64_MAX - total);
    total += extents[i].length;
  }
  return some_result(error);
}

static int
on_complete(void *user, int *error)
{
  struct request *request = user;

  if (is_closing) /* it tells again what has been told, and not taken yet */
    return 0;
  must(!request->is_complete);
  must(!server.is_true || (*error != 0) == request->fails);
  request->is_complete = true;
  return one_in(4); /* then it is not kept for nbd_aio_command_completed */
}

/* ---- Asking ---- */

/* Judges what a call has returned. */
static bool
has_done(int64_t result, bool expected)
{
  must(result >= 0 || nbd_get_error() != NULL);
  must(!server.is_true || (result >= 0) == expected);
  return result >= 0;
}

static void
ask_for_list(void)
{
  say_export_list();
  has_done(nbd_opt_list(handle, (nbd_list_callback)CALLBACK(on_export, NULL)), true);
}

static void
ask_for_info(void)
{
  bool expected = say_info_or_go(NBD_OPT_INFO);

  if (has_done(nbd_opt_info(handle), expected)) {
    free(nbd_get_canonical_export_name(handle));
    free(nbd_get_export_description(handle));
    nbd_get_block_size(handle, LIBNBD_SIZE_PREFERRED);
  }
}

static void
ask_for_contexts(bool set)
{
  unsigned contexts = (unsigned)between(0, CONTEXTS_MAX);
  nbd_context_callback callback = CALLBACK(on_context, NULL);

  say_contexts(set ? NBD_OPT_SET_META_CONTEXT : NBD_OPT_LIST_META_CONTEXT, contexts);
  has_done(set ? nbd_opt_set_meta_context(handle, callback) : nbd_opt_list_meta_context(handle, callback), true);
}

static void
ask_before_go(void)
{
  for (uint64_t i = between(0, 4); i > 0 && server.is_fixed && nbd_aio_is_negotiating(handle) == 1; i--)
    switch (between(0, 3)) {
    case 0:
      ask_for_list();
      break;
    case 1:
      ask_for_info();
      break;
    default:
      if (server.has_structured)
        ask_for_contexts(one_in(2));
    }
}

/* Connects. Returns whether commands can follow. */
static bool
connect_it(void)
{
  bool asks_first = one_in(2), is_new = say_greeting(), expected = true;

  nbd_set_opt_mode(handle, asks_first);
  nbd_set_full_info(handle, one_in(2));
  nbd_set_pread_initialize(handle, one_in(2));
  if (!or_not(true))
    nbd_set_strict_mode(handle, 0);
  nbd_add_meta_context(handle, "base:allocation");
  if (is_new && !asks_first)
    expected = say_info_or_go(NBD_OPT_GO);
  if (!has_done(nbd_connect_socket(handle, open("/dev/null", O_RDWR)), expected))
    return false;
  if (nbd_aio_is_negotiating(handle) != 1)
    return true;
  ask_before_go();
  if (one_in(10)) {
    nbd_opt_abort(handle);
    return false;
  }
  if (nbd_aio_is_negotiating(handle) != 1)
    return false;
  expected = say_info_or_go(NBD_OPT_GO);
  return has_done(nbd_opt_go(handle), expected);
}

/* Which type a request has, with what the server can do. */
static uint16_t
some_type(void)
{
  if (one_in(6))
    return NBD_CMD_FLUSH;
  return server.contexts > 0 && one_in(2) ? NBD_CMD_BLOCK_STATUS : NBD_CMD_READ;
}

static int64_t
send_request(struct request *request)
{
  nbd_completion_callback complete = CALLBACK(on_complete, request);

  if (request->type == NBD_CMD_FLUSH)
    return nbd_aio_flush(handle, complete, 0);
  if (request->type == NBD_CMD_READ) {
    request->buffer = malloc(request->length);
    must(request->buffer != NULL);
    return nbd_aio_pread_structured(handle, request->buffer, request->length, request->offset,
                                    (nbd_chunk_callback)CALLBACK(on_chunk, request), complete, 0);
  }
  if (request->is_wide)
    return nbd_aio_block_status_64(handle, request->length, request->offset,
                                   (nbd_extent64_callback)CALLBACK(on_extents_64, request), complete, 0);
  return nbd_aio_block_status(handle, request->length, request->offset,
                              (nbd_extent_callback)CALLBACK(on_extents_32, request), complete, 0);
}

/* Sends some requests and has them answered, chunk by chunk in any order. */
static void
ask_for_content(void)
{
  unsigned count = 0, answered = 0;

  for (uint64_t i = between(1, REQUESTS_MAX); i > 0; i--) {
    struct request *request = &requests[count];
    *request = (struct request){ .type = some_type(), .is_wide = one_in(2), .length = between(1, REQUEST_BYTES_MAX) };
    request->offset = request->type == NBD_CMD_FLUSH ? 0 : between(0, EXPORT_BYTES / 2);
    int64_t cookie = send_request(request);
    request->cookie = (uint64_t)cookie;
    count++;
    request->is_answered = !has_done(cookie, true);
    answered += request->is_answered;
  }
  while (answered < count) {
    unsigned at = (unsigned)between(0, count - 1);
    struct request *request = &requests[at];
    while (request->is_answered)
      request = &requests[at = (at + 1) % count];
    if (server.has_structured && one_in(30))
      say_stray();
    answer(request);
    answered += request->is_answered;
  }
  while (nbd_aio_in_flight(handle) > 0 && nbd_poll(handle, -1) != -1)
    continue;
  for (unsigned i = 0; i < count; i++) {
    must(!server.is_true || requests[i].is_complete);
    if ((int64_t)requests[i].cookie > 0)
      nbd_aio_command_completed(handle, requests[i].cookie);
  }
}

static void
start(const uint8_t *data, size_t size)
{
  static const size_t pieces[] = { 1, 7, 100, sizeof server.said };

  server.input = (struct fuzz_case){ data, size };
  server.is_true = one_in(10);
  server.is_fixed = server.has_structured = server.has_extended = server.has_zeroes = false;
  server.contexts = 0;
  server.start = server.end = 0;
  callbacks_out = 0;
  is_stopped = is_closing = false;
  server.piece_bytes_max = pieces[between(0, LENGTH_OF(pieces) - 1)];
  memset(requests, 0, sizeof requests);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  start(data, size);
  handle = nbd_create();
  must(handle != NULL);
  if (connect_it()) {
    ask_for_content();
    if (nbd_aio_is_ready(handle) == 1)
      nbd_shutdown(handle, 0);
  }
  is_closing = true;
  nbd_close(handle);
  must(callbacks_out == 0 || is_stopped); /* libnbd forgets that of an option it stopped waiting for */
  for (size_t i = 0; i < REQUESTS_MAX; i++)
    free(requests[i].buffer);
  return 0;
}
