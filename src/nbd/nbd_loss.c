/* SPDX-License-Identifier: MIT */
/* nbd_loss: see nbd_loss.h. */
#include "nbd/nbd_loss.h"

#include "base/range.h"
#include "nbd/nbd_connect.h"
#include "nbd/nbd_requests.h"
#include "nbd/wait.h"

#include <libnbd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

/* Ends one that has joined. What it carried comes back, with its answer where that has come. */
static void
end_connection(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  connection->joined = false;
  connection->replaced = true;
  connection->again_ms = 0;
  nbd->joined--;
  nbd->base.traits.requests_max = (unsigned)range_max(nbd->joined, 1) * nbd->requests_per_connection;
  nbd_requests_return(nbd, connection);
  nbd_close(connection->handle);
  connection->handle = NULL;
}

/* One that has joined is lost. All of a destination's are lost together: one that lives on, or joins later, may
 * lead to a server that was started anew meanwhile, and whose flush says nothing of what the one before has
 * answered. */
void
nbd_loss_end(struct endpoint_nbd *nbd, struct nbd_connection *connection, const char *words)
{
  snprintf(nbd->last_words, sizeof nbd->last_words, "%.*s", (int)sizeof nbd->last_words - 1, words);
  end_connection(nbd, connection);
  for (unsigned i = 0; nbd->role != ROLE_SOURCE && i < nbd->count; i++)
    if (nbd->connections[i].joined)
      end_connection(nbd, &nbd->connections[i]);
  if (nbd->joined == 0 && nbd->base.presence == PRESENCE_HERE)
    nbd_connect_lost(nbd);
}

bool
nbd_loss_look(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  if (nbd_aio_is_dead(connection->handle) == 0 && nbd_aio_is_closed(connection->handle) == 0)
    return false;
  nbd_loss_end(nbd, connection, client_end_words(connection->handle));
  return true;
}

/* What is sent and not carried out yet is called back, so far as that goes: it would be written long after others
 * have written there. */
static void
call_back(const struct endpoint_nbd *nbd, struct nbd_handle *handle)
{
  struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

  if (nbd->role != ROLE_SOURCE)
    setsockopt(nbd_aio_get_fd(handle), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

uint64_t
nbd_loss_silence_ms(const struct endpoint_nbd *nbd, const struct nbd_connection *connection)
{
  return nbd->client.timeout_ms * (connection->flushes > 0 ? FLUSH_PATIENCE : 1);
}

void
nbd_loss_leave_silent(struct endpoint_nbd *nbd, struct nbd_connection *connection)
{
  static const char *const names[] = { [REQUEST_READ] = "a read",
                                       [REQUEST_WRITE] = "a write",
                                       [REQUEST_ZERO] = "a request for zeros",
                                       [REQUEST_SURVEY] = "a question for block status",
                                       [REQUEST_FLUSH] = "a flush" };
  char words[ENDPOINT_WORDS_BYTES], time[CLIENT_TIME_BYTES];

  if (nbd->joined <= 1)
    activation_dismiss(&nbd->client.server);
  if (!connection->joined) {
    client_time(nbd_connect_patience_ms(nbd, connection), time);
    snprintf(words, sizeof words, "no answer for %s%s", time, wait_owed(connection->handle));
    nbd_connect_give_up(nbd, connection, words);
    return;
  }
  const struct request *request = nbd_requests_oldest(connection);
  client_time(nbd_loss_silence_ms(nbd, connection), time);
  snprintf(words, sizeof words, "no answer for %s to %s", time, names[request->kind]);
  if (request->kind != REQUEST_FLUSH)
    snprintf(words + strlen(words), sizeof words - strlen(words), " at offset %llu",
             (unsigned long long)request->offset);
  call_back(nbd, connection->handle);
  nbd_loss_end(nbd, connection, words);
}
