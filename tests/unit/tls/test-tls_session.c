/* SPDX-License-Identifier: MIT */
/* When what leaves, and when it must not: libnbd pairs each answer with a command that it
 * knows was sent, and drops an answer that comes sooner. So what a send() left behind in a
 * full socket may only go when that send() is repeated; but what was sent with more to
 * follow goes at the latest when somebody waits for an answer. A machine that encrypts
 * nothing stands for TLS. */
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tls/tls_session.c"

#define OUTPUT_BYTES (64 * 1024)

static uint8_t output[OUTPUT_BYTES];
static size_t output_begin, output_end;
static uint8_t input[16];
static size_t input_end;

static const uint8_t *
unsent(struct tls_machine *machine, size_t *length)
{
  (void)machine;
  *length = output_end - output_begin;
  return output + output_begin;
}

static void
sent(struct tls_machine *machine, size_t length)
{
  (void)machine;
  output_begin += length;
  if (output_begin == output_end)
    output_begin = output_end = 0;
}

static uint8_t *
room(struct tls_machine *machine, size_t *length)
{
  (void)machine;
  *length = sizeof input - input_end;
  return input + input_end;
}

static int
received(struct tls_machine *machine, size_t length, struct fault *fault)
{
  (void)machine, (void)fault;
  input_end += length;
  return 0;
}

static int64_t
take(struct tls_machine *machine, void *bytes, size_t length, struct fault *fault)
{
  size_t taken = input_end < length ? input_end : length;

  (void)machine, (void)fault;
  memcpy(bytes, input, taken);
  memmove(input, input + taken, input_end - taken);
  input_end -= taken;
  return (int64_t)taken;
}

static bool
is_ended(struct tls_machine *machine)
{
  (void)machine;
  return false;
}

static int64_t
put(struct tls_machine *machine, const void *bytes, size_t length, struct fault *fault)
{
  size_t taken = OUTPUT_BYTES - output_end < length ? OUTPUT_BYTES - output_end : length;

  (void)machine, (void)fault;
  memcpy(output + output_end, bytes, taken);
  output_end += taken;
  return (int64_t)taken;
}

static const struct tls_machine_ops plain = {
  .unsent = unsent, .sent = sent, .room = room, .received = received, .take = take, .is_ended = is_ended, .put = put
};

int
tls_machine_start(struct tls_machine *machine, struct tls *tls, struct fault *fault)
{
  (void)tls, (void)fault;
  machine->ops = &plain;
  return 0;
}

bool
tls_machine_has_unsent(struct tls_machine *machine)
{
  (void)machine;
  return output_end > output_begin;
}

void
tls_machine_wipe(struct tls_machine *machine)
{
  (void)machine;
}

static struct tls_session sessions[1];
static struct tls_pool pool;
static int server;

static struct tls_session *
connect_session(void)
{
  struct fault fault;
  struct tls tls = { .pool = &pool };
  int ends[2];

  tls_pool_init(&pool, sessions, 1);
  output_begin = output_end = input_end = 0;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  server = ends[1];
  fcntl(server, F_SETFL, O_NONBLOCK);
  struct tls_session *session = tls_session_open(&tls, ends[0], &fault);
  assert_non_null(session);
  return session;
}

static void
disconnect(struct tls_session *session)
{
  close(session->fd);
  close(server);
  tls_session_close(session);
}

/* All that has reached the server by now, in bytes. */
static size_t
drain(void)
{
  static uint8_t sink[64 * 1024];
  size_t bytes = 0;
  ssize_t got;

  while ((got = read(server, sink, sizeof sink)) > 0)
    bytes += (size_t)got;
  return bytes;
}

static void
what_a_send_left_waits_for_it(void **state)
{
  static uint8_t request[4 << 20];
  struct tls_session *session = connect_session();
  struct fault fault;
  uint8_t reply;
  size_t reached;

  (void)state;
  /* The socket is full, and the server makes room until all but what is in the machine has gone. */
  assert_int_equal(tls_session_send(session, request, sizeof request, false, &fault), -1);
  assert_int_equal(errno, EAGAIN);
  for (reached = 0; session->taken < sizeof request;) {
    reached += drain();
    if (tls_session_send(session, request, sizeof request, false, &fault) != -1)
      fail_msg("a socket of 4 MiB");
  }
  reached += drain();
  assert_true(reached < sizeof request);
  /* An answer to something else comes, and is read. */
  assert_int_equal(write(server, "a", 1), 1);
  assert_int_equal(tls_session_recv(session, &reply, 1, &fault), 1);
  assert_int_equal(tls_session_recv(session, &reply, 1, &fault), -1);
  assert_int_equal(errno, EAGAIN);
  assert_int_equal(drain(), 0);
  assert_int_equal(tls_session_send(session, request, sizeof request, false, &fault), sizeof request);
  assert_int_equal(reached + drain(), sizeof request);
  disconnect(session);
}

static void
what_more_was_to_follow_goes_before_waiting(void **state)
{
  struct tls_session *session = connect_session();
  struct fault fault;
  uint8_t reply;

  (void)state;
  assert_int_equal(tls_session_send(session, "question", 8, true, &fault), 8);
  assert_int_equal(drain(), 0);
  assert_int_equal(tls_session_recv(session, &reply, 1, &fault), -1);
  assert_int_equal(errno, EAGAIN);
  assert_int_equal(drain(), 8);
  disconnect(session);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_a_send_left_waits_for_it),
    cmocka_unit_test(what_more_was_to_follow_goes_before_waiting),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
