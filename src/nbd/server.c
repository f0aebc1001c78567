/* SPDX-License-Identifier: MIT */
/* server: see server.h. */
#include "nbd/server.h"

#include "base/range.h"

#include <errno.h>
#include <libnbd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How to ask libnbd: 1, 0, or -1 where it isn't known. */
static int (*const queries[FACTS])(struct nbd_handle *handle) = {
  [FACT_TLS] = nbd_get_tls_negotiated,
  [FACT_STRUCTURED] = nbd_get_structured_replies_negotiated,
  [FACT_EXTENDED] = nbd_get_extended_headers_negotiated,
  [FACT_ROTATIONAL] = nbd_is_rotational,
  [FACT_READ_ONLY] = nbd_is_read_only,
  [FACT_BLOCK_STATUS_PAYLOAD] = nbd_can_block_status_payload,
  [FACT_CACHE] = nbd_can_cache,
  [FACT_DF] = nbd_can_df,
  [FACT_FAST_ZERO] = nbd_can_fast_zero,
  [FACT_FLUSH] = nbd_can_flush,
  [FACT_FUA] = nbd_can_fua,
  [FACT_MULTI_CONN] = nbd_can_multi_conn,
  [FACT_TRIM] = nbd_can_trim,
  [FACT_ZERO] = nbd_can_zero,
};

static const int block_size_types[BLOCK_SIZES] = {
  [BLOCK_MINIMUM] = LIBNBD_SIZE_MINIMUM,
  [BLOCK_PREFERRED] = LIBNBD_SIZE_PREFERRED,
  [BLOCK_MAXIMUM] = LIBNBD_SIZE_MAXIMUM,
};

/* Whether libnbd's answer is missing because its memory is full, not because the server has none. */
static bool
is_out_of_memory(void)
{
  return nbd_get_errno() == ENOMEM;
}

/* Takes over a string that libnbd has allocated; "" for NULL. */
static int
take_string(struct server *server, char *out, size_t out_bytes, char *string, struct fault *fault)
{
  if (!string && is_out_of_memory())
    return client_fault(&server->client, "cannot ask for the names of", fault);
  snprintf(out, out_bytes, "%s", string ? string : "");
  free(string);
  return 0;
}

static int
server_configure(struct nbd_handle *handle, const void *how)
{
  (void)how;
  if (nbd_set_opt_mode(handle, true) == -1 || nbd_set_request_meta_context(handle, false) == -1)
    return -1;
  return nbd_set_full_info(handle, true);
}

int
server_open(struct server *server, const struct place *place, const struct wishes *wishes, struct loop *loop,
            struct tls_pool *pool, struct fault *fault)
{
  static const struct client_setup setup = { .configure = server_configure };

  *server = (struct server){ 0 };
  place_name(place, true, server->name);
  if (client_init(&server->client, place, server->name, wishes, loop, pool, fault) == -1)
    return -1;
  server->handle = client_connect(&server->client, &setup, "cannot connect to", fault);
  if (server->handle)
    return 0;
  server_close(server);
  return -1;
}

void
server_close(struct server *server)
{
  struct fault ignored; /* what was asked is answered already */

  client_leave(&server->client, server->handle);
  server->handle = NULL;
  client_close(&server->client, &ignored);
}

static int
note_export(void *user_data, const char *name, const char *description)
{
  names_add(user_data, name);
  names_add(user_data, description);
  return 0;
}

int
server_list(struct server *server, struct names *exports, struct fault *fault)
{
  nbd_list_callback on_export = { .callback = note_export, .user_data = exports };

  if (nbd_opt_list(server->handle, on_export) == -1)
    return client_fault(&server->client, "cannot list the exports of", fault);
  if (exports->full)
    return fault_set(fault, EXIT_FAILED, 0, "%s: the names of its exports don't fit into %zu bytes", server->name,
                     exports->size);
  return 0;
}

int
server_choose(struct server *server, const char *export_name, struct fault *fault)
{
  if (nbd_set_export_name(server->handle, export_name) == -1)
    return client_fault(&server->client, "cannot choose an export of", fault);
  return 0;
}

void
server_learn_connection(struct server *server, struct facts *facts)
{
  const char *protocol = nbd_get_protocol(server->handle);

  snprintf(facts->protocol, sizeof facts->protocol, "%s", protocol ? protocol : "");
  for (int fact = 0; fact < FACTS; fact++)
    facts->is[fact] = fact < FACT_OF_EXPORT_FIRST ? queries[fact](server->handle) : FACT_UNKNOWN;
  facts->is[FACT_CONNECTED] = 1;
}

bool
server_is_lost(const struct server *server)
{
  struct nbd_handle *handle = server->handle;

  return server->client.has_given_up || (nbd_aio_is_negotiating(handle) != 1 && nbd_aio_is_ready(handle) != 1);
}

/* Servers that can't tell about an export without entering it are entered. */
static int
ask(struct server *server, bool enter, struct fault *fault)
{
  char what[NAME_BYTES_MAX];
  char *export_name;

  if (nbd_aio_is_ready(server->handle) == 1 || (!enter && nbd_opt_info(server->handle) == 0) ||
      (!server_is_lost(server) && nbd_opt_go(server->handle) == 0))
    return 0;
  export_name = nbd_get_export_name(server->handle);
  if (export_name && export_name[0])
    snprintf(what, sizeof what, "no answer about the export %s of", export_name);
  else
    snprintf(what, sizeof what, "no answer about the default export of");
  free(export_name);
  return client_fault(&server->client, what, fault);
}

static int
note_context(void *user_data, const char *name)
{
  names_add(user_data, name);
  return 0;
}

static int
learn_contexts(struct server *server, struct facts *facts, struct fault *fault)
{
  nbd_context_callback on_context = { .callback = note_context, .user_data = &facts->contexts };

  facts->has_contexts = nbd_opt_list_meta_context(server->handle, on_context) != -1;
  if (!facts->has_contexts && (server_is_lost(server) || is_out_of_memory()))
    return client_fault(&server->client, "cannot ask for the metadata contexts of", fault);
  if (facts->contexts.full)
    return fault_set(fault, EXIT_FAILED, 0, "%s: the names of its metadata contexts don't fit into %zu bytes",
                     server->name, facts->contexts.size);
  return 0;
}

static int
learn_name(struct server *server, struct facts *facts, struct fault *fault)
{
  struct nbd_handle *handle = server->handle;
  char *name = nbd_get_canonical_export_name(handle); /* the server's own word goes first */

  if (!name && !is_out_of_memory())
    name = nbd_get_export_name(handle);
  if (take_string(server, facts->name, sizeof facts->name, name, fault) == -1)
    return -1;
  return take_string(server, facts->description, sizeof facts->description, nbd_get_export_description(handle), fault);
}

/* Contexts are listed before an export is entered. */
int
server_learn_export(struct server *server, bool enter, struct facts *facts, struct fault *fault)
{
  struct nbd_handle *handle = server->handle;

  if (learn_contexts(server, facts, fault) == -1 || ask(server, enter, fault) == -1 ||
      learn_name(server, facts, fault) == -1 || server_uri(server, facts->uri, fault) == -1)
    return -1;
  facts->size = nbd_get_size(handle);
  for (int fact = FACT_OF_EXPORT_FIRST; fact <= FACT_OF_EXPORT_LAST; fact++)
    facts->is[fact] = queries[fact](handle);
  for (int i = 0; i < BLOCK_SIZES; i++)
    facts->block_sizes[i] = nbd_get_block_size(handle, block_size_types[i]);
  facts->content[0] = '\0';
  return 0;
}

int
server_uri(struct server *server, char text[URI_TEXT_BYTES], struct fault *fault)
{
  text[0] = '\0';
  if (server->client.place->kind != PLACE_URI) /* a server that we started is gone afterwards */
    return 0;
  char *name = nbd_get_export_name(server->handle);
  if (!name)
    return client_fault(&server->client, "cannot ask for the names of", fault);
  uri_format(&server->client.uri, name, text);
  free(name);
  return 0;
}

int
server_enter(struct server *server, struct facts *facts, struct fault *fault)
{
  struct nbd_handle *handle = server->handle;

  if (nbd_aio_is_negotiating(handle) && nbd_opt_go(handle) == -1)
    return client_fault(&server->client, "cannot open", fault);
  if (nbd_get_size(handle) > 0)
    facts->size = nbd_get_size(handle);
  return 0;
}

/* How many of the first bytes there are to read, and how many at a time: whole blocks
 * of the server's. */
static void
plan_reads(const struct facts *facts, uint64_t *total, uint64_t *step)
{
  const int64_t *sizes = facts->block_sizes;
  uint64_t block = sizes[BLOCK_MINIMUM] > 0 ? (uint64_t)sizes[BLOCK_MINIMUM] : 1;
  uint64_t most = sizes[BLOCK_MAXIMUM] > 0 ? (uint64_t)sizes[BLOCK_MAXIMUM] : CONTENT_PROBE_BYTES;

  *step = range_min(most, CONTENT_PROBE_BYTES) / block * block;
  *total = range_min((uint64_t)facts->size, CONTENT_PROBE_BYTES / block * block);
}

int
server_learn_content(struct server *server, struct facts *facts, unsigned char *bytes, struct fault *fault)
{
  uint64_t total, step, length;

  if (facts->size < 0)
    return 0;
  plan_reads(facts, &total, &step);
  for (uint64_t done = 0; done < total; done += length) {
    length = range_min(step, total - done);
    if (nbd_pread(server->handle, bytes + done, length, done, 0) == -1)
      return server_is_lost(server) || is_out_of_memory()
                 ? client_fault(&server->client, "cannot read the first bytes of", fault)
                 : 0;
  }
  if (total > 0 || facts->size == 0)
    content_recognise(bytes, total, facts->content);
  return 0;
}
