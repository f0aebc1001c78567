/* SPDX-License-Identifier: MIT */
/* some_contexts: up to three metadata contexts, for the tests of what is made of them. */
#ifndef SOME_CONTEXTS_H
#define SOME_CONTEXTS_H

#include "disk/contexts.h"

/* The second and the third may be NULL. */
static struct contexts
some_contexts(const char *first, const char *second, const char *third)
{
  struct contexts contexts = { .count = 0 };

  contexts_add(&contexts, first, true);
  if (second)
    contexts_add(&contexts, second, true);
  if (third)
    contexts_add(&contexts, third, true);
  return contexts;
}

#endif
