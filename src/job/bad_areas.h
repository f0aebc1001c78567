/* SPDX-License-Identifier: MIT */
/* bad_areas: what is written where nothing could be read, and what the operator is told of such areas: a table on standard
 * error, and the members of a list of JSON on standard output. For copies and for rescues. */
#ifndef DECANT_BAD_AREAS_H
#define DECANT_BAD_AREAS_H

#include "base/dates.h"
#include "cli/options.h"
#include "copy/mark.h"
#include "disk/areas.h"

/* What --mark-bad stands for; `words` name the time, for the pattern. */
enum mark bad_areas_mark(const struct options *options, char words[DATES_WORDS_BYTES]);

/* Says the first of the areas that aren't finished, in a domain if it isn't NULL; nothing where there are none. What can't be
 * printed is lost, as of all messages on the way. */
void bad_areas_say(const struct options *options, const struct areas *areas, const struct areas *domain);

/* Prints all of them as a member "unreadable" of an object that has some already. Returns 0, or -1 with the fault set. */
int bad_areas_say_json(const struct areas *areas, const struct areas *domain, struct fault *fault);

#endif
