/* SPDX-License-Identifier: MIT */
/* nbd_connect: see nbd_connect.h. */
#include "nbd/nbd_connect.h"

#include "base/range.h"
#include "nbd/socket.h"

#include <libnbd.h>
#include <string.h>

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

static int
nbd_configure(struct nbd_handle *handle, const struct contexts *wanted, bool talks)
{
  /* Our own requests keep to the server's limits; libnbd's checks would refuse
   * the last, short block of an export whose size is no multiple of them. Read
   * buffers need no clearing since `chunks` proves that replies fill them. */
  if (nbd_set_strict_mode(handle, 0) == -1 || nbd_set_pread_initialize(handle, false) == -1)
    return -1;
  if (talks && (nbd_set_opt_mode(handle, true) == -1 || nbd_set_request_meta_context(handle, false) == -1))
    return -1;
  for (unsigned i = 0; i < wanted->count; i++)
    if (nbd_add_meta_context(handle, wanted->list[i].name) == -1)
      return -1;
  return 0;
}

/* Makes the next connection's handle. Returns -1, and client_fault() knows why. */
static int
add_connection(struct endpoint_nbd *nbd, const struct contexts *wanted, bool talks)
{
  struct nbd_handle *handle = client_create(&nbd->client);

  if (!handle)
    return -1;
  nbd->connections[nbd->count++] = (struct nbd_connection){ .handle = handle };
  return nbd_configure(handle, wanted, talks);
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
 * a server that knows no contexts at all has none. */
static bool
select_contexts(struct nbd_handle *handle, const struct contexts *wanted)
{
  nbd_context_callback ignore = { .callback = ignore_name };

  nbd_clear_meta_contexts(handle);
  for (unsigned i = 0; i < wanted->count; i++)
    nbd_add_meta_context(handle, wanted->list[i].name);
  nbd_opt_set_meta_context(handle, ignore);
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
  else if (negotiates)
    select_contexts(handle, wanted);
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
  socket_buffer(connection->handle);
  nbd->base.traits.requests_max += nbd->requests_per_connection;
}

int
nbd_connect_first(struct endpoint_nbd *nbd, const struct contexts *wanted, struct fault *fault)
{
  if (add_connection(nbd, wanted, takes_talk(wanted)) == -1)
    return client_fault(&nbd->client, "cannot open", fault);
  struct nbd_handle *handle = nbd->connections[0].handle;
  if (client_connect(&nbd->client, handle, "cannot open", fault) == -1 ||
      agree_on_contexts(nbd, handle, wanted, fault) == -1 || learn_traits(nbd, handle, &nbd->base.traits, fault) == -1)
    return -1;
  join(nbd, &nbd->connections[0]);
  return 0;
}

/* ---- Further connections ---- */

/* Whether it shows the same disk as the first one, and can do the same with it: somebody
 * may have put another one there, or other rights. */
static bool
is_equal(struct endpoint_nbd *nbd, struct nbd_handle *handle)
{
  struct traits traits;
  struct fault ignored;

  if (!has_required(handle, &nbd->base.contexts) || nbd_can_multi_conn(handle) != 1 ||
      learn_traits(nbd, handle, &traits, &ignored) == -1)
    return false;
  return traits_are_equal(&traits, &nbd->base.traits);
}

void
nbd_connect_look(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  if (nbd_aio_is_connecting(connection->handle) == 1)
    return;
  if (nbd_aio_is_ready(connection->handle) == 1 && is_equal(nbd, connection->handle)) {
    join(nbd, connection);
    return;
  }
  nbd_close(connection->handle);
  connection->handle = NULL;
  connection->dead = true;
}

void
nbd_connect_more(struct endpoint_nbd *nbd, const struct wishes *wishes)
{
  uint64_t worth = range_min(wishes->connections, 1 + nbd->base.traits.size / BYTES_PER_CONNECTION);
  struct fault ignored;

  while (nbd->count < worth) {
    if (add_connection(nbd, &nbd->base.contexts, false) == -1)
      return;
    struct nbd_connection *connection = &nbd->connections[nbd->count - 1];
    bool begun = client_begin(&nbd->client, connection->handle, "cannot open", &ignored) == 0;
    nbd_connect_look(nbd, connection);
    if (!begun || connection->dead)
      return;
  }
}
