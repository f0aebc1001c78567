/* SPDX-License-Identifier: MIT */
/* nbd_connect: see nbd_connect.h. */
#include "nbd/nbd_connect.h"

#include "base/range.h"
#include "nbd/socket.h"

#include <libnbd.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* ---- Connecting ---- */

/* Whether contexts take more than to ask for them and see what is there: a choice,
 * or the list of what is there instead. */
static bool
takes_talk(const struct contexts *wanted)
{
  bool required = false;

  for (unsigned i = 0; i < wanted->count; i++)
    required = required || wanted->list[i].required;
  return required || wanted->joint_first;
}

/* How handles are set up: for these contexts. */
struct nbd_setup {
  const struct contexts *wanted;
  bool talks; /* about them, in the handshake */
};

static int
nbd_configure(struct nbd_handle *handle, const void *how)
{
  const struct nbd_setup *setup = how;
  const struct contexts *wanted = setup->wanted;

  /* Our own requests keep to the server's limits; libnbd's checks would refuse
   * the last, short block of an export whose size is no multiple of them. What it calls a check, too, is that it sets the
   * flag of a payload that is long ("Extended headers"). Read buffers need no clearing since `chunks` proves that replies fill them. */
  if (nbd_set_strict_mode(handle, LIBNBD_STRICT_AUTO_FLAG) == -1 || nbd_set_pread_initialize(handle, false) == -1)
    return -1;
  if (setup->talks && (nbd_set_opt_mode(handle, true) == -1 || nbd_set_request_meta_context(handle, false) == -1))
    return -1;
  for (unsigned i = 0; i < wanted->count; i++)
    if (nbd_add_meta_context(handle, wanted->list[i].name) == -1)
      return -1;
  return 0;
}

/* ---- Metadata contexts ---- */

/* Whether the connection has all that are required of those wanted. */
static bool
has_required(struct nbd_handle *handle, const struct contexts *wanted)
{
  for (unsigned i = 0; i < wanted->count; i++)
    if (wanted->list[i].required && nbd_can_meta_context(handle, wanted->list[i].name) != 1)
      return false;
  return true;
}

/* What surveys will answer with: of those wanted, what the connection has. All are
 * required of further connections. */
static void
keep_contexts(struct endpoint_nbd *nbd, struct nbd_handle *handle, const struct contexts *wanted)
{
  for (unsigned i = 0; i < wanted->count; i++)
    if (nbd_can_meta_context(handle, wanted->list[i].name) == 1)
      contexts_add(&nbd->base.contexts, wanted->list[i].name, true);
}

static int
ignore_name(void *user_data, const char *name)
{
  (void)user_data, (void)name;
  return 0;
}

/* Asks for these, during the handshake. Returns whether all required ones are there;
 * a server that knows no contexts at all has none, and so has one that couldn't tell of them: without structured replies
 * NBD_OPT_SET_META_CONTEXT isn't to be sent. */
static bool
select_contexts(struct nbd_handle *handle, const struct contexts *wanted)
{
  nbd_context_callback ignore = { .callback = ignore_name };

  nbd_clear_meta_contexts(handle);
  if (nbd_get_structured_replies_negotiated(handle) != 1)
    return has_required(handle, wanted);
  for (unsigned i = 0; i < wanted->count; i++)
    nbd_add_meta_context(handle, wanted->list[i].name);
  if (nbd_opt_set_meta_context(handle, ignore) == -1 && nbd_aio_is_negotiating(handle) != 1)
    return false; /* why the connection ended is the last thing that is said of it */
  return has_required(handle, wanted);
}

/* What a server has, on its way into a fault. */
struct listing {
  struct fault *fault;
  unsigned count;
};

static int
add_name(void *user_data, const char *name)
{
  struct listing *listing = user_data;

  fault_add(listing->fault, "%s%s", listing->count++ ? ", " : " ", name);
  return 0;
}

/* Says what is missing, and what is there instead. */
static int
lacks_contexts(struct endpoint_nbd *nbd, struct nbd_handle *handle, const struct contexts *wanted, struct fault *fault)
{
  struct listing listing = { fault, 0 };
  nbd_context_callback on_name = { .callback = add_name, .user_data = &listing };
  const char *missing = "";

  for (unsigned i = wanted->count; i-- > 0;)
    if (wanted->list[i].required && nbd_can_meta_context(handle, wanted->list[i].name) != 1)
      missing = wanted->list[i].name;
  fault_set(fault, EXIT_FAILED, 0, "%s: the server has no metadata context \"%s\"; it has", nbd->base.name, missing);
  nbd_clear_meta_contexts(handle);
  if (nbd_get_structured_replies_negotiated(handle) == 1) /* else it can't tell what it may well list */
    nbd_opt_list_meta_context(handle, on_name);
  if (listing.count == 0)
    fault_add(fault, " none");
  return -1;
}

/* Completes the handshake of the first connection with the contexts that are
 * wanted, so far as they are there. */
static int
agree_on_contexts(struct endpoint_nbd *nbd, struct nbd_handle *handle, const struct contexts *wanted,
                  struct fault *fault)
{
  bool negotiates = nbd_aio_is_negotiating(handle) == 1; /* not with a server of the oldest kind */
  struct contexts joint;

  contexts_prefer_joint(wanted, &joint);
  if (negotiates && wanted->joint_first && select_contexts(handle, &joint))
    wanted = &joint;
  else if (negotiates && nbd_aio_is_negotiating(handle) == 1)
    select_contexts(handle, wanted);
  if (negotiates && nbd_aio_is_negotiating(handle) != 1)
    return client_fault(&nbd->client, "cannot open", fault);
  if (!has_required(handle, wanted))
    return lacks_contexts(nbd, handle, wanted, fault);
  if (negotiates && nbd_opt_go(handle) == -1)
    return client_fault(&nbd->client, "cannot open", fault);
  keep_contexts(nbd, handle, wanted);
  return 0;
}

/* ---- What the server is like ---- */

static uint64_t
block_size(struct nbd_handle *handle, int type)
{
  int64_t bytes = nbd_get_block_size(handle, type);

  return bytes > 0 ? (uint64_t)bytes : 0;
}

static int
learn_block_sizes(const struct endpoint_nbd *nbd, struct nbd_handle *handle, struct traits *traits, struct fault *fault)
{
  uint64_t min = range_max(block_size(handle, LIBNBD_SIZE_MINIMUM), 1);
  uint64_t preferred = block_size(handle, LIBNBD_SIZE_PREFERRED);
  uint64_t max = block_size(handle, LIBNBD_SIZE_MAXIMUM);

  if (!range_is_power_of_two(min) || min > BLOCK_BYTES_MAX)
    return fault_set(fault, EXIT_FAILED, 0, "%s: the server's minimum block size of %llu bytes is not supported",
                     nbd->base.name, (unsigned long long)min);
  if (!range_is_power_of_two(preferred) || preferred > BLOCK_BYTES_MAX)
    preferred = BLOCK_BYTES_PREFERRED_DEFAULT;
  traits->block_min = min;
  traits->block_preferred = range_max(preferred, min);
  traits->request_max = range_max(max ? range_min(max, SERVER_REQUEST_BYTES_MAX) : SERVER_REQUEST_BYTES_MAX, min);
  return 0;
}

/* What a connection can do; all else in the traits is zero. */
static int
learn_traits(struct endpoint_nbd *nbd, struct nbd_handle *handle, struct traits *traits, struct fault *fault)
{
  int64_t size = nbd_get_size(handle);

  memset(traits, 0, sizeof *traits);
  if (size < 0)
    return client_fault(&nbd->client, "cannot learn the size of", fault);
  if (nbd->role != ROLE_SOURCE && nbd_is_read_only(handle) != 0)
    return fault_set(fault, EXIT_FAILED, 0, "%s: the server exports it read-only", nbd->base.name);
  traits->size = (uint64_t)size;
  traits->can_extents = nbd->base.contexts.count > 0;
  traits->can_zero = nbd_can_zero(handle) == 1;
  traits->can_fast_zero = traits->can_zero && nbd_can_fast_zero(handle) == 1;
  traits->can_flush = nbd_can_flush(handle) == 1;
  traits->can_read = true;
  return learn_block_sizes(nbd, handle, traits, fault);
}

/* Its handshake is over, and what comes now is buffered. */
static void
join(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  connection->joined = true;
  connection->pause_ms = 0;
  socket_buffer(connection->handle);
  connection->pace = ++nbd->joined * NBD_PACE_UNIT;
  nbd->base.traits.requests_max = nbd->joined * nbd->requests_per_connection;
}

/* Whose first connection it is. */
struct first {
  struct endpoint_nbd *nbd;
  const struct contexts *wanted;
};

/* What is asked on the first connection: belongs to making it. */
static int
conclude_first(void *context, struct nbd_handle *handle, struct fault *fault)
{
  struct endpoint_nbd *nbd = ((struct first *)context)->nbd;

  nbd->base.contexts.count = 0;
  if (agree_on_contexts(nbd, handle, ((struct first *)context)->wanted, fault) == -1)
    return -1;
  return learn_traits(nbd, handle, &nbd->base.traits, fault);
}

int
nbd_connect_first(struct endpoint_nbd *nbd, const struct contexts *wanted, struct fault *fault)
{
  struct nbd_setup how = { .wanted = wanted, .talks = takes_talk(wanted) };
  struct first first = { nbd, wanted };
  struct client_setup setup = {
    .configure = nbd_configure, .how = &how, .conclude = conclude_first, .context = &first
  };
  struct nbd_handle *handle = client_connect(&nbd->client, &setup, "cannot open", fault);

  if (!handle)
    return -1;
  nbd->count = 1;
  nbd->connections[0] = (struct nbd_connection){ .handle = handle };
  /* A server that we start serves one connection. */
  nbd->many = nbd->client.place->kind == PLACE_URI && nbd_can_multi_conn(handle) == 1;
  join(nbd, &nbd->connections[0]);
  return 0;
}

/* ---- Those that come later ---- */

/* What is another disk about what this one shows, or can't do what the endpoint could from its start; false: nothing
 * is. Somebody may have put another one there, or other rights. */
static bool
differs(struct endpoint_nbd *nbd, struct nbd_handle *handle, struct fault *fault)
{
  const struct traits *before = &nbd->base.traits;
  struct traits now;

  if (nbd->role != ROLE_SOURCE && nbd_is_read_only(handle) != 0)
    fault_set(fault, EXIT_FAILED, 0, "it is read-only now");
  else if (learn_traits(nbd, handle, &now, fault) == -1)
    return true;
  else if (now.size != before->size)
    fault_set(fault, EXIT_FAILED, 0, "it has %llu bytes now, not %llu", (unsigned long long)now.size,
              (unsigned long long)before->size);
  else if (!has_required(handle, &nbd->base.contexts))
    fault_set(fault, EXIT_FAILED, 0, "it hasn't all of its metadata contexts any more");
  else if (now.block_min != before->block_min || now.block_preferred != before->block_preferred ||
           now.request_max != before->request_max)
    fault_set(fault, EXIT_FAILED, 0, "its block sizes have changed");
  else if (!traits_are_equal(&now, before))
    fault_set(fault, EXIT_FAILED, 0, "its server can't do the same any more, or can do more");
  else if (nbd->joined > 0 && nbd_can_multi_conn(handle) != 1)
    fault_set(fault, EXIT_FAILED, 0, "its connections don't see each other's writes any more");
  else
    return false;
  return true;
}

/* Whether it is the one that all wait for, since there is no other. */
static bool
is_awaited(const struct endpoint_nbd *nbd)
{
  return nbd->base.presence == PRESENCE_COMING;
}

_Static_assert(ACTIVATION_WORDS_BYTES <= ENDPOINT_WORDS_BYTES, "all of them are kept");

/* What a server that was started says by its end is more than that it hung up. */
void
nbd_connect_lost(struct endpoint_nbd *nbd)
{
  struct activation *server = &nbd->client.server;
  char end[ACTIVATION_WORDS_BYTES];

  for (unsigned i = 0; i < nbd->count; i++) {
    nbd_close(nbd->connections[i].handle);
    nbd->connections[i].handle = NULL;
  }
  if (activation_has_ended(server, end))
    snprintf(nbd->last_words, sizeof nbd->last_words, "%s", end);
  activation_dismiss(server);
  nbd->base.presence = PRESENCE_LOST;
}

static void
connection_fail(struct endpoint_nbd *nbd, struct nbd_connection *connection, const char *words)
{
  if (connection->handle)
    nbd_close(connection->handle);
  connection->handle = NULL;
  connection->again_ms = 0;
  if (!is_awaited(nbd))
    return;
  snprintf(nbd->last_words, sizeof nbd->last_words, "%.*s", (int)sizeof nbd->last_words - 1, words);
  nbd_connect_lost(nbd);
}

/* Something else is there: never to be asked again. */
static void
turn_away(struct endpoint_nbd *nbd, struct nbd_connection *connection, const char *words)
{
  bool awaited = is_awaited(nbd);

  connection_fail(nbd, connection, words);
  connection->replaced = false;
  if (awaited)
    nbd->base.presence = PRESENCE_OTHER;
}

/* Begins to connect to the address whose turn it is. */
static bool
begin(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  struct nbd_setup how = { .wanted = &nbd->base.contexts };
  struct client_setup setup = { .configure = nbd_configure, .how = &how };
  struct fault fault;

  connection->handle = client_begin(&nbd->client, &setup, "cannot open", &fault);
  connection->watched = NBD_UNWATCHED;
  connection->heard = true; /* the clock begins anew */
  if (!connection->handle)
    connection_fail(nbd, connection, fault.text);
  return connection->handle;
}

/* Whether there is another address to try, where this one was no good. */
static bool
has_another(const struct endpoint_nbd *nbd, const struct nbd_connection *connection)
{
  const struct client *client = &nbd->client;

  return client->addresses.count > 0 && (client->address + 1) % client->addresses.count != connection->first_address &&
         client_is_unheard(connection->handle);
}

uint64_t
nbd_connect_patience_ms(const struct endpoint_nbd *nbd, const struct nbd_connection *connection)
{
  uint64_t timeout_ms = nbd->client.timeout_ms;

  if (!is_awaited(nbd))
    return 0;
  return has_another(nbd, connection) ? range_min(timeout_ms ? timeout_ms : UINT64_MAX, ADDRESS_MS) : timeout_ms;
}

void
nbd_connect_give_up(struct endpoint_nbd *nbd, struct nbd_connection *connection, const char *words)
{
  bool turns = has_another(nbd, connection);

  if (client_is_unheard(connection->handle)) /* next time begins elsewhere, too */
    client_turn(&nbd->client);
  if (!turns) {
    connection_fail(nbd, connection, words);
    return;
  }
  nbd_close(connection->handle);
  if (begin(nbd, connection))
    nbd_connect_look(nbd, connection);
}

void
nbd_connect_look(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  char words[ENDPOINT_WORDS_BYTES];
  struct fault fault;

  if (nbd_aio_is_connecting(connection->handle) == 1)
    return;
  if (nbd_aio_is_ready(connection->handle) == 0) {
    snprintf(words, sizeof words, "%.*s", (int)sizeof words - 1, client_end_words(connection->handle));
    nbd_connect_give_up(nbd, connection, words);
    return;
  }
  if (differs(nbd, connection->handle, &fault)) {
    turn_away(nbd, connection, fault.text);
    return;
  }
  bool awaited = is_awaited(nbd);
  join(nbd, connection);
  nbd->base.presence = PRESENCE_HERE;
  if (!awaited)
    return;
  nbd->many = nbd->many && nbd_can_multi_conn(connection->handle) == 1;
  nbd_connect_more(nbd);
}

void
nbd_connect_again(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  connection->first_address = nbd->client.address;
  if (begin(nbd, connection))
    nbd_connect_look(nbd, connection);
}

/* Whether a round trip takes long, as the kernel has seen it: whatever the server has to do first isn't part of that. */
static bool
is_far_away(struct nbd_handle *handle)
{
  struct tcp_info seen = { 0 };
  socklen_t length = sizeof seen;

  if (getsockopt(nbd_aio_get_fd(handle), IPPROTO_TCP, TCP_INFO, &seen, &length) == -1) /* it isn't TCP */
    return false;
  return seen.tcpi_min_rtt >= LINE_FAR_US && seen.tcpi_min_rtt < UINT32_MAX; /* that one: nothing is known yet */
}

static unsigned
worth_connecting(const struct endpoint_nbd *nbd)
{
  unsigned most = nbd->connections_max;

  if (most == 0)
    most = is_far_away(nbd->connections[0].handle) ? CONNECTIONS_FAR : CONNECTIONS_DEFAULT;
  return (unsigned)range_min(most, 1 + nbd->base.traits.size / BYTES_PER_CONNECTION);
}

void
nbd_connect_more(struct endpoint_nbd *nbd)
{
  unsigned worth = nbd->many ? worth_connecting(nbd) : 0;

  for (unsigned i = 0; i < worth; i++) {
    struct nbd_connection *connection = &nbd->connections[i];
    if (i == nbd->count)
      nbd->connections[nbd->count++] = (struct nbd_connection){ .handle = NULL };
    if (!connection->handle)
      nbd_connect_again(nbd, connection);
    if (!connection->handle)
      return;
  }
}
