/* SPDX-License-Identifier: MIT */
/* pauses: how long to wait between attempts to reach what isn't there.
 *
 * From PAUSE_MS_MIN to PAUSE_MS_MAX, each twice as long as the one before, but none quite like another: a thousand
 * machines may be waiting for the same server. Times are milliseconds.
 */
#ifndef DECANT_PAUSES_H
#define DECANT_PAUSES_H

#include <stdint.h>

/* The pause after one of `pause_ms`; 0: there was none. */
uint64_t pauses_longer_ms(uint64_t pause_ms);

/* How long to wait where that is the pause: between a half of it and the whole, as the dice fall. */
uint64_t pauses_drawn_ms(uint64_t pause_ms, uint64_t dice);

#endif
