/* SPDX-License-Identifier: MIT */
/* net: sockets that are simulated, on the machine of sim/whole.
 *
 * What decant and libnbd call of the system is linked to these instead (ld's --wrap). A line is a stream socket between
 * the client and a peer (peer.h): it takes and gives any number of bytes, at any time, and can end anywhere. All chances come
 * from one seed; time passes only where somebody waits.
 */
#ifndef EDGES_NET_H
#define EDGES_NET_H

#include "sim/random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_LINES_MAX 64
#define NET_NEVER UINT64_MAX

struct peer;
struct peer_line;

/* Bytes in a row; `bytes` grows. */
struct bytes {
  uint8_t *bytes;
  size_t start, end, size;
};

void bytes_add(struct bytes *bytes, const void *more, size_t length);
static inline size_t
bytes_count(const struct bytes *bytes)
{
  return bytes->end - bytes->start;
}

struct line {
  bool used;       /* by the client */
  bool connecting; /* ... which waits for that */
  bool connected;
  int refused; /* why the attempt failed; 0: it didn't, so far */
  uint64_t connects_us;
  struct peer *peer;
  struct peer_line *session; /* the peer's side; NULL: it has none (any more) */
  struct bytes in;           /* from the peer */
  size_t arrived;            /* of these, what can be received */
  uint64_t arrives_us;       /* when more of it has */
  struct bytes out;          /* to the peer */
  size_t room_bytes;         /* what the kernel keeps of that */
  uint64_t drains_us;        /* when the peer reads some */
  bool shut;                 /* by the client: nothing more comes from it */
  bool told_shut;            /* and the peer knows */
  bool is_deaf;              /* the client hears nothing any more, for it has said so */
  bool fin;                  /* by the peer, behind all of `in` */
  int reset;                 /* the errno of an end that wasn't in order; 0: none */
  bool reset_told;
  bool lingers_not; /* what the client closes is cut off at once */
  uint64_t sent_bytes, received_bytes;
  uint64_t cut_out, cut_in; /* when so many bytes have passed, it is cut */
};

/* How sockets behave in this run. Chances are one in N, 0: never. */
struct net_manners {
  bool whole;              /* all that is there comes at once */
  uint64_t delay_max_us;   /* of bytes on their way */
  size_t room_bytes;       /* in each direction, before a send has to wait */
  unsigned not_now_one_in; /* although poll() said so */
  unsigned cut_one_in;     /* connections that are cut after some bytes */
  uint64_t cut_within;     /* ... of so many */
  unsigned resets_one_in;  /* of the ends, those that aren't in order */
};

struct net {
  struct random random;
  struct net_manners manners;
  struct line lines[NET_LINES_MAX];
  struct peer *peers[2]; /* who listens; NULL: nobody does */
  uint64_t cuts;         /* that happened */
  /* What else happens by time, which wakes the loop. NULL: nothing. */
  uint64_t (*next_us)(void);
  void (*advance)(uint64_t now_us);
};

extern struct net net;

#define NET_FD_FIRST 1000

/* Begins anew, without any connection. */
void net_begin(uint64_t seed);

/* How many sockets the client has open. */
unsigned net_open_count(void);

/* Cuts some of all lines, now. */
void net_cut_some(void);

/* The peer sends, or ends the connection: in order, or not. */
void net_send(struct line *line, const void *bytes, size_t length);
void net_end(struct line *line, int reset_errnum);

#endif
