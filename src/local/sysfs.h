/* SPDX-License-Identifier: MIT */
/* sysfs: what the kernel says of a block device, by its number.
 *
 * Without sysfs it says nothing.
 */
#ifndef DECANT_SYSFS_H
#define DECANT_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The attribute of this name, which may lead to another device (`../dev`), as text of at most `bytes` with its end, and
 * without the newline. Returns how long it is; 0: there is none. */
size_t sysfs_read(uint64_t number, const char *name, char *text, size_t bytes);

/* The same as a number; 0: there is none. */
uint64_t sysfs_read_number(uint64_t number, const char *name);

#endif
