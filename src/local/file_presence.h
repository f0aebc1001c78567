/* SPDX-License-Identifier: MIT */
/* file_presence: whether a file's disk or a device is still there, and whether what is in its place later is the same.
 *
 * A disk that was pulled shows in the requests that fail: it has no sectors any more, or sysfs doesn't know it, or the kernel
 * says so in its errno. Then the end is lost. As long as it is open the kernel keeps its number, and
 * the disk would come back under another name; so it is closed as soon as the last request is home.
 */
#ifndef DECANT_FILE_PRESENCE_H
#define DECANT_FILE_PRESENCE_H

#include "local/endpoint_file.h"

/* Remembers which disk it is. The file is open. */
void file_presence_begin(struct endpoint_file *file, const struct stat *opened);

/* What a request that came to `errnum` is answered with: ENOTCONN where it failed because the end is lost, which is then
 * noted. */
int file_presence_judge(struct endpoint_file *file, int errnum);

/* Closes what is lost, once no request is out. */
void file_presence_settle(struct endpoint_file *file);

/* Whether it is the same as before, and answers, after it was opened again: then the end is here. Else it is closed, and
 * lost still or another one. */
void file_presence_look(struct endpoint_file *file);

/* It can't be opened again now, as `errnum` says. */
void file_presence_away(struct endpoint_file *file, int errnum);

/* Something else is in its place, as the words say. */
void file_presence_other(struct endpoint_file *file, const char *words);

#endif
