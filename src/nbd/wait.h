/* SPDX-License-Identifier: MIT */
/* wait: what is waited for. See wait.c, which also has libnbd's own waits. */
#ifndef DECANT_WAIT_H
#define DECANT_WAIT_H

struct nbd_handle;

/* What the server owes us while it is connected to, to follow "no answer for 30 s"; "" where there is no more to say. */
const char *wait_owed(const struct nbd_handle *handle);

#endif
