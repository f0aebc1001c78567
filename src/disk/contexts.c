/* SPDX-License-Identifier: MIT */
/* contexts: see contexts.h. */
#include "disk/contexts.h"

#include <stdio.h>
#include <string.h>

#define ALLOCATION_BITS (EXTENT_HOLE | EXTENT_ZERO)
#define JOINT_BITS (ALLOCATION_BITS | EXTENT_LOCAL | EXTENT_BACKING)

enum context_kind
contexts_kind_of(const char *name)
{
  if (strcmp(name, CONTEXT_ALLOCATION_NAME) == 0)
    return CONTEXT_ALLOCATION;
  if (strcmp(name, CONTEXT_DEPTH_NAME) == 0)
    return CONTEXT_DEPTH;
  if (strcmp(name, CONTEXT_JOINT_NAME) == 0)
    return CONTEXT_JOINT;
  return strncmp(name, CONTEXT_DIRTY_PREFIX, strlen(CONTEXT_DIRTY_PREFIX)) == 0 ? CONTEXT_DIRTY : CONTEXT_OTHER;
}

unsigned
contexts_find(const struct contexts *contexts, const char *name)
{
  for (unsigned i = 0; i < contexts->count; i++)
    if (strcmp(contexts->list[i].name, name) == 0)
      return i;
  return CONTEXTS_MAX;
}

bool
contexts_add(struct contexts *contexts, const char *name, bool required)
{
  struct context *context = &contexts->list[contexts->count];

  if (contexts_find(contexts, name) < CONTEXTS_MAX)
    return true;
  if (contexts->count == CONTEXTS_MAX || strlen(name) >= sizeof context->name)
    return false;
  *context = (struct context){ .kind = contexts_kind_of(name), .required = required };
  memcpy(context->name, name, strlen(name));
  contexts->count++;
  return true;
}

void
contexts_prefer_joint(const struct contexts *contexts, struct contexts *joint)
{
  *joint = (struct contexts){ .count = 0 };
  contexts_add(joint, CONTEXT_JOINT_NAME, true);
  for (unsigned i = 0; i < contexts->count; i++) {
    const struct context *context = &contexts->list[i];
    if (context->kind != CONTEXT_ALLOCATION && context->kind != CONTEXT_DEPTH)
      contexts_add(joint, context->name, context->required);
  }
}

uint32_t
contexts_flags(const struct contexts *contexts, const uint64_t values[CONTEXTS_MAX])
{
  uint32_t flags = 0;

  for (unsigned i = 0; i < contexts->count; i++) {
    uint64_t value = values[i];
    switch (contexts->list[i].kind) {
    case CONTEXT_ALLOCATION: /* clients must ignore what else is set */
      flags |= (uint32_t)(value & ALLOCATION_BITS);
      break;
    case CONTEXT_JOINT:
      flags |= (uint32_t)(value & JOINT_BITS);
      break;
    case CONTEXT_DEPTH:
      flags |= value == 0 ? 0 : value == 1 ? EXTENT_LOCAL : EXTENT_BACKING;
      break;
    case CONTEXT_DIRTY:
      flags |= value & 1 ? EXTENT_DIRTY : 0;
      break;
    case CONTEXT_OTHER:
      break;
    }
  }
  return flags;
}

bool
contexts_have_kind(const struct contexts *contexts, enum context_kind kind)
{
  for (unsigned i = 0; i < contexts->count; i++)
    if (contexts->list[i].kind == kind)
      return true;
  return false;
}

bool
contexts_is_hole(const struct contexts *contexts, uint32_t flags)
{
  if (contexts_have_kind(contexts, CONTEXT_JOINT) || contexts_have_kind(contexts, CONTEXT_DEPTH))
    return !(flags & EXTENT_LOCAL);
  return flags & EXTENT_HOLE;
}

enum extent_kind
contexts_judge(const struct contexts *contexts, const uint64_t values[CONTEXTS_MAX], enum part part)
{
  uint32_t flags = contexts_flags(contexts, values);

  if (part == PART_DIRTY && !(flags & EXTENT_DIRTY))
    return EXTENT_IS_KEPT;
  if (part == PART_LAYER && !(flags & EXTENT_LOCAL))
    return EXTENT_IS_KEPT;
  return flags & EXTENT_ZERO ? EXTENT_IS_ZERO : EXTENT_IS_DATA;
}

void
contexts_describe(enum context_kind kind, uint64_t value, char words[CONTEXT_WORDS_BYTES])
{
  static const char *const contents[] = { "data", "hole", "zero", "hole,zero" };
  const char *content = contents[value & ALLOCATION_BITS];

  words[0] = '\0';
  if (kind == CONTEXT_ALLOCATION && value <= ALLOCATION_BITS)
    snprintf(words, CONTEXT_WORDS_BYTES, "%s", content);
  else if (kind == CONTEXT_JOINT && value <= JOINT_BITS)
    snprintf(words, CONTEXT_WORDS_BYTES, "%s,%s", content,
             value & EXTENT_LOCAL     ? "local"
             : value & EXTENT_BACKING ? "backing"
                                      : "absent");
  else if (kind == CONTEXT_DIRTY && value <= 1)
    snprintf(words, CONTEXT_WORDS_BYTES, "%s", value ? "dirty" : "clean");
  else if (kind == CONTEXT_DEPTH && value <= 1)
    snprintf(words, CONTEXT_WORDS_BYTES, "%s", value ? "local" : "absent");
  else if (kind == CONTEXT_DEPTH)
    snprintf(words, CONTEXT_WORDS_BYTES, "backing depth %llu", (unsigned long long)value);
}
