/* SPDX-License-Identifier: MIT */
/* contexts: what metadata contexts are called, and what their flags mean.
 *
 * A context is one view that a server has of a disk: what is allocated, which
 * image of a backing chain provides it, what has changed since a bitmap was made.
 * Each gives every byte a value; here the values of all of them become the flags
 * by which the rest of the program decides. Nothing here fails or allocates.
 *
 * Protocol: "Metadata querying"; the qemu contexts stand in QEMU's own
 * docs/interop/nbd.txt.
 */
#ifndef DECANT_CONTEXTS_H
#define DECANT_CONTEXTS_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTEXT_ALLOCATION_NAME "base:allocation"
#define CONTEXT_DEPTH_NAME "qemu:allocation-depth"
#define CONTEXT_JOINT_NAME "qemu:joint-allocation"
#define CONTEXT_DIRTY_PREFIX "qemu:dirty-bitmap:"

enum context_kind {
  CONTEXT_ALLOCATION, /* bits: EXTENT_HOLE, EXTENT_ZERO */
  CONTEXT_DEPTH,      /* a number: 0 no image provides it, 1 this one does, 2 its backing file, ... */
  CONTEXT_JOINT,      /* bits: EXTENT_HOLE, EXTENT_ZERO, EXTENT_LOCAL, EXTENT_BACKING */
  CONTEXT_DIRTY,      /* bit 0: changed */
  CONTEXT_OTHER,      /* who knows */
};

/* What the contexts together say of an extent. None: data, read it. The first four
 * are the bits of the protocol's own contexts. */
enum {
  EXTENT_HOLE = 1,    /* takes no space; alone: content undefined, so that it has to be read */
  EXTENT_ZERO = 2,    /* reads as zeros */
  EXTENT_LOCAL = 4,   /* this image itself provides it */
  EXTENT_BACKING = 8, /* an image behind this one does */
  EXTENT_DIRTY = 16,  /* changed, says a dirty bitmap */
};

/* A bitmap of qemu's has up to 1023 bytes, behind what says that it is one. */
#define CONTEXT_NAME_BYTES 1056

struct context {
  char name[CONTEXT_NAME_BYTES];
  enum context_kind kind;
  bool required; /* of one that is wanted: without it, opening fails */
};

/* Those that are wanted, or that a source answers surveys with, in this order. */
struct contexts {
  struct context list[CONTEXTS_MAX];
  unsigned count;
  bool joint_first; /* of those wanted: qemu:joint-allocation is better than allocation and depth, if it is there */
};

/* Which part of a disk is to be copied. */
enum part {
  PART_ALL,
  PART_DIRTY, /* what a dirty bitmap has */
  PART_LAYER, /* what this image itself provides, not its backing chain */
};

/* What a copy does with an extent. */
enum extent_kind {
  EXTENT_IS_DATA, /* read it */
  EXTENT_IS_ZERO, /* make it zeros */
  EXTENT_IS_KEPT, /* the destination keeps what it has */
};

enum context_kind contexts_kind_of(const char *name);

/* Adds a context at the end, unless it is there already. Returns false when there
 * is no room for it, or its name is too long. */
bool contexts_add(struct contexts *contexts, const char *name, bool required);

/* The index of the context of that name, or CONTEXTS_MAX. */
unsigned contexts_find(const struct contexts *contexts, const char *name);

/* Makes `joint` what to ask for first, where contexts->joint_first says so:
 * qemu:joint-allocation in place of allocation and depth, and the others. */
void contexts_prefer_joint(const struct contexts *contexts, struct contexts *joint);

/* The EXTENT_* flags of an extent with these values, one of each context. */
uint32_t contexts_flags(const struct contexts *contexts, const uint64_t values[CONTEXTS_MAX]);

/* Whether one of the contexts is of that kind. */
bool contexts_have_kind(const struct contexts *contexts, enum context_kind kind);

/* Whether an extent with these flags is a hole of this image: not in it, whatever it
 * is made of, where the contexts tell; else, what takes no space. */
bool contexts_is_hole(const struct contexts *contexts, uint32_t flags);

/* What becomes of such an extent. Only what is said to be zero is zero, and only
 * what is said to be dirty, or local, is part of a copy of that alone. */
enum extent_kind contexts_judge(const struct contexts *contexts, const uint64_t values[CONTEXTS_MAX], enum part part);

/* What a context's value is called ("hole,zero", "backing depth 2"), or "" where
 * nobody knows; the text is at most CONTEXT_WORDS_BYTES long. */
#define CONTEXT_WORDS_BYTES 40
void contexts_describe(enum context_kind kind, uint64_t value, char words[CONTEXT_WORDS_BYTES]);

#endif
