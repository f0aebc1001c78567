/* SPDX-License-Identifier: MIT */
/* kernel: system calls on simulated files and devices (storage.h), and rings of io_uring, on the machine of sim/whole.
 *
 * What src/local and src/os call of the system is linked to these instead (ld's --wrap), and src/os/ring.h is carried out here:
 * what is queued there is done when it is answered, in any order, and may be refused, or done in part. Time passes where somebody
 * waits, and in calls that wait for a disk.
 */
#ifndef STORAGE_KERNEL_H
#define STORAGE_KERNEL_H

#include "storage/pipes.h"
#include "storage/storage.h"

#include <stdbool.h>
#include <stdint.h>

#define KERNEL_FD_FIRST 1000
#define KERNEL_FDS_MAX 16
#define KERNEL_RING_FD_FIRST 2000
#define KERNEL_RINGS_MAX 2

struct kernel {
  struct random random;
  struct storage *storages[2]; /* what paths lead to; NULL: none */
  struct pipe *pipes[2];       /* in their place */
  unsigned ring_full_one_in;   /* requests that it doesn't take now */
};

extern struct kernel kernel;

/* Begins anew, with nothing open. */
void kernel_begin(uint64_t seed);

/* Opens a pipe, as whoever starts the program does. */
int kernel_open_pipe(unsigned number);

/* How many descriptors are open. */
unsigned kernel_open_count(void);

/* How many requests are with the rings. */
unsigned kernel_requests_out(void);

#endif
