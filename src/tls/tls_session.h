/* SPDX-License-Identifier: MIT */
/* tls_session: one TLS connection over a socket: the handshake, and then its data.
 *
 * Nothing waits: what can't go on yet says so, by the return value of the
 * handshake or EAGAIN, and is called again. Sessions lie in a pool of fixed size, which
 * is reserved at start; their buffers take most of it. What a handshake needs
 * (certificates, keys, BearSSL's engine) shares its bytes with the buffers that
 * come after it, and is wiped in between.
 *
 * Data in AES-GCM goes through tls_record; in ChaCha20, which servers choose where
 * neither side has AES in hardware, through BearSSL's engine.
 */
#ifndef DECANT_TLS_SESSION_H
#define DECANT_TLS_SESSION_H

#include "base/error.h"
#include "base/limits.h"
#include "tls/tls.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct tls_session;

#define TLS_SESSIONS_MAX (2 * CONNECTIONS_MAX)

struct tls_pool {
  struct tls_session *sessions; /* NULL: there are none */
  unsigned count;
  bool taken[TLS_SESSIONS_MAX];
};

/* What so many sessions take. */
size_t tls_pool_bytes(unsigned sessions);

/* Readies a pool in memory of that size (zeros), aligned to PAGE_BYTES. */
void tls_pool_init(struct tls_pool *pool, void *memory, unsigned sessions);

/* Starts a session over a connected socket, which stays the caller's; reads
 * certificates or secrets. Returns NULL with the fault set. `tls` is kept. */
struct tls_session *tls_session_open(struct tls *tls, int fd, struct fault *fault);

/* Goes on with the handshake. Returns 0 when it is done, 1 when it waits for the
 * socket (to be read, or to be written), -1 with the fault set. */
int tls_session_handshake(struct tls_session *session, struct fault *fault);
bool tls_session_is_reading(const struct tls_session *session);

/* As recv(), but fewer bytes than asked for come only where the socket has no
 * more: 0 at the end, once the server or we have said that nothing follows; -1
 * with errno EAGAIN, or with another and the fault set. */
ssize_t tls_session_recv(struct tls_session *session, void *bytes, size_t length, struct fault *fault);

/* As send(), but it returns only when all bytes are with the kernel, or `more`
 * follow at once: `length`, or -1 as above. After EAGAIN the same bytes must be
 * given again. */
ssize_t tls_session_send(struct tls_session *session, const void *bytes, size_t length, bool more, struct fault *fault);

/* Whether recv has something without the socket's help. */
bool tls_session_is_pending(struct tls_session *session);

/* Tells the server that nothing follows. Returns false while it has to be called
 * again when the socket can be written. */
bool tls_session_shut_writes(struct tls_session *session);

/* Wipes it and gives it back to the pool. */
void tls_session_close(struct tls_session *session);

#endif
