/* SPDX-License-Identifier: MIT */
/* lookup: from a host's name to its addresses, in a wait that has an end and hears signals.
 *
 * The C library asks name servers where no signal is heard, for as long as it likes. So a
 * child asks, and we wait for its answer as for any other; it ends with the wait. What
 * is an address already takes no child.
 */
#ifndef DECANT_LOOKUP_H
#define DECANT_LOOKUP_H

#include "base/limits.h"
#include "os/loop.h"

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct address {
  struct sockaddr_storage name;
  socklen_t length;
};

/* In the order in which they are to be tried. */
struct addresses {
  struct address list[ADDRESSES_MAX];
  unsigned count;
};

/* Finds the addresses of a TCP port (decimal) of a host, of IPv6 and IPv4; waits at most so long (0: for ever).
 * Returns NULL, or why there are none; where a signal came, loop->signal_seen says so. */
const char *
lookup_host(struct addresses *found, const char *host, const char *port, struct loop *loop, uint64_t limit_ms);

/* What that takes, wherever it is done (outside.h): forks by `forks`, and has the child, one of `parent`'s, look it up and
 * write what it found to `to`, for lookup_host(). Returns the child, or -1 with errno set. */
pid_t lookup_spawn(const char *host, const char *port, int to, pid_t (*forks)(void), pid_t parent);

#endif
