/* SPDX-License-Identifier: MIT */
/* socket: libnbd's connections, with room to read ahead and to send together.
 *
 * Takes the place of libnbd's lib/socket.c. That one makes a system call of each
 * header, and of each request as soon as it is there; for a disk in fragments of
 * some KiB these calls are what a copy takes its time for, on both sides. Here
 * what is small waits until socket_flush() or until there is enough of it, and
 * replies are read as many at a time as have come. Large payloads pass by the
 * buffers. The handshake, which nobody flushes, isn't buffered.
 */
#ifndef DECANT_SOCKET_H
#define DECANT_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

struct nbd_handle;

/* Begins to buffer what a connected handle sends and receives, unless TLS is around
 * it; on a Unix socket, the kernel takes more at a time from then on. */
void socket_buffer(struct nbd_handle *handle);

/* Sends what waits. Returns false while some of it still does, because the
 * connection doesn't take more now. If the connection is broken, what waits is
 * dropped, and libnbd learns of it when it reads. */
bool socket_flush(struct nbd_handle *handle);

/* The cookie of the first command that libnbd hasn't sent yet, or not all of it;
 * UINT64_MAX: there is none. It sends them in the order of their cookies, and doesn't look at
 * what a write sent again. */
uint64_t socket_first_unsent(const struct nbd_handle *handle);

/* Whether libnbd has read all that was received; if not, it can go on without
 * waiting. */
bool socket_is_drained(struct nbd_handle *handle);

#endif
