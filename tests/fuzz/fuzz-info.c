/* SPDX-License-Identifier: MIT */
/* Servers that say anything about themselves, in any number of exports: as JSON it is JSON, and for people it may be shown, with nothing of
 * theirs at the beginning of a line. A case is what is so, and then names, a NUL behind each. */
#include "fuzz/fuzz.h"

#include "report/info.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char bytes[8 * CASE_BYTES_MAX + 16384], names[2000];
static struct facts facts;

static void
set_words(struct fuzz_case *input, char *to, size_t room)
{
  char *word = fuzz_word(input);

  snprintf(to, room, "%s", word);
  free(word);
}

static int64_t
some_size(struct fuzz_case *input)
{
  return (int64_t)(fuzz_between(input, 0, 255) << fuzz_between(input, 0, 63));
}

static void
learn(struct fuzz_case *input)
{
  memset(&facts, 0, sizeof facts);
  for (unsigned fact = 0; fact < FACTS; fact++)
    facts.is[fact] = (int)fuzz_between(input, 0, 2) - 1;
  for (unsigned i = 0; i < BLOCK_SIZES; i++)
    facts.block_sizes[i] = some_size(input);
  facts.size = some_size(input);
  facts.allocated = some_size(input) & INT64_MAX;
  facts.has_allocated = fuzz_one_in(input, 2);
  facts.has_contexts = fuzz_one_in(input, 2);
  snprintf(facts.protocol, sizeof facts.protocol, "%s", fuzz_one_in(input, 4) ? "" : "newstyle-fixed");
  set_words(input, facts.name, sizeof facts.name);
  set_words(input, facts.description, sizeof facts.description);
  set_words(input, facts.content, sizeof facts.content);
  set_words(input, facts.uri, sizeof facts.uri);
  names_init(&facts.contexts, names, sizeof names);
  for (uint64_t i = fuzz_between(input, 0, 3); i > 0; i--) {
    char *word = fuzz_word(input);
    names_add(&facts.contexts, word);
    free(word);
  }
}

/* Each line begins with one of the program's own words. */
static void
must_be_lines(const char *text)
{
  for (const char *at = text; *at; at = strchr(at, '\n') + 1) {
    must(strchr(at, '\n'));
    must(at[0] == '\t' || strncmp(at, "protocol: ", 10) == 0 || strncmp(at, "export=", 7) == 0);
  }
}

static void
tell(struct fuzz_case input, bool is_json)
{
  struct text text;
  struct info info = { .out = &text, .json = is_json };
  uint64_t exports = fuzz_between(&input, 0, 3);

  text_init(&text, bytes, sizeof bytes);
  learn(&input);
  info_begin(&info, &facts);
  for (; exports > 0; exports--) {
    info_export(&info, &facts);
    learn(&input);
  }
  info_end(&info);
  must(!text.full);
  must(is_json ? fuzz_is_json(bytes) : fuzz_may_be_shown(bytes));
  if (!is_json)
    must_be_lines(bytes);
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  char *word = fuzz_word(input);
  enum fact fact;
  bool is_negated;

  tell((struct fuzz_case){ data, size }, false);
  tell((struct fuzz_case){ data, size }, true);
  must(!facts_find(word, &fact, &is_negated) || (unsigned)fact < FACTS);
  free(word);
  return 0;
}
