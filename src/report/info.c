/* SPDX-License-Identifier: MIT */
/* info: see info.h. */
#include "report/info.h"

#include "base/sizes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define BRIGHT_MAGENTA "\033[1;35m"
#define GREEN "\033[22;32m"
#define RED "\033[22;31m"

/* ---- For people ---- */

static void
show_connection(const struct info *info, const struct facts *facts)
{
  const int *is = facts->is;

  if (!facts->protocol[0])
    return;
  text_add(info->out, "protocol: %s", facts->protocol);
  if (is[FACT_TLS] != FACT_UNKNOWN)
    text_add(info->out, " %s TLS", is[FACT_TLS] ? "with" : "without");
  if (is[FACT_EXTENDED] != FACT_UNKNOWN && is[FACT_STRUCTURED] != FACT_UNKNOWN)
    text_add(info->out, ", using %s packets",
             is[FACT_EXTENDED]     ? "extended"
             : is[FACT_STRUCTURED] ? "structured"
                                   : "simple");
  text_add(info->out, "\n");
}

static void
show_words(const struct info *info, const char *name, const char *words)
{
  if (!words[0])
    return;
  text_add(info->out, "\t%s: ", name);
  text_add_words(info->out, words);
  text_add(info->out, "\n");
}

static void
info_show_size(const struct info *info, const char *name, int64_t size)
{
  char exact[SIZES_TEXT_BYTES], human[SIZES_TEXT_BYTES];

  snprintf(exact, sizeof exact, "%" PRId64, size);
  sizes_exact_text(human, (uint64_t)size);
  if (strcmp(exact, human) == 0)
    text_add(info->out, "\t%s: %s\n", name, exact);
  else
    text_add(info->out, "\t%s: %s (%s)\n", name, exact, human);
}

static void
show_contexts(const struct info *info, const struct facts *facts)
{
  if (!facts->has_contexts)
    return;
  text_add(info->out, "\tcontexts:\n");
  for (const char *name = names_next(&facts->contexts, NULL); name; name = names_next(&facts->contexts, name)) {
    text_add(info->out, "\t\t");
    text_add_words(info->out, name);
    text_add(info->out, "\n");
  }
}

/* What an export can do is coloured; what it is, is neither good nor bad. */
static void
show_fact(const struct info *info, enum fact fact, int is)
{
  bool coloured = info->colour && fact != FACT_ROTATIONAL && fact != FACT_READ_ONLY;
  const char *colour = coloured ? is ? GREEN : RED : NULL;

  if (is == FACT_UNKNOWN)
    return;
  text_begin_colour(info->out, colour);
  text_add(info->out, "\t%s: %s\n", facts_names[fact], is ? "true" : "false");
  text_end_colour(info->out, colour);
}

static void
info_show_export(const struct info *info, const struct facts *facts)
{
  const char *colour = info->colour ? BRIGHT_MAGENTA : NULL;

  text_begin_colour(info->out, colour);
  text_add(info->out, "export=");
  text_add_json(info->out, facts->name); /* so that it can be told where it ends */
  text_add(info->out, ":\n");
  show_words(info, "description", facts->description);
  if (facts->size >= 0)
    info_show_size(info, "export-size", facts->size);
  else
    show_words(info, "export-size", "unavailable");
  if (facts->has_allocated)
    info_show_size(info, "allocated", facts->allocated);
  show_words(info, "content", facts->content);
  text_end_colour(info->out, colour);
  show_words(info, "uri", facts->uri);
  show_contexts(info, facts);
  for (int fact = FACT_OF_EXPORT_FIRST; fact <= FACT_OF_EXPORT_LAST; fact++)
    show_fact(info, (enum fact)fact, facts->is[fact]);
  for (int i = 0; i < BLOCK_SIZES; i++)
    if (facts->block_sizes[i] > 0)
      info_show_size(info, facts_block_size_names[i], facts->block_sizes[i]);
}

/* ---- As JSON ---- */

/* Members of the outermost object stand without, those of an export with one. */
#define TAB "\t"

static void
write_string(const struct info *info, const char *indent, const char *name, const char *string)
{
  text_add(info->out, "%s\"%s\": ", indent, name);
  text_add_json(info->out, string);
  text_add(info->out, ",\n");
}

static void
write_known(const struct info *info, const char *indent, const char *name, const char *string)
{
  if (string[0])
    write_string(info, indent, name, string);
}

static void
write_fact(const struct info *info, const char *indent, enum fact fact, int is)
{
  if (is != FACT_UNKNOWN)
    text_add(info->out, "%s\"%s\": %s,\n", indent, facts_names[fact], is ? "true" : "false");
}

static void
write_connection(const struct info *info, const struct facts *facts)
{
  text_add(info->out, "{\n");
  write_known(info, "", "protocol", facts->protocol);
  for (int fact = FACT_TLS; fact <= FACT_EXTENDED; fact++)
    write_fact(info, "", (enum fact)fact, facts->is[fact]);
}

static void
write_contexts(const struct info *info, const struct facts *facts)
{
  const char *name = names_next(&facts->contexts, NULL);

  if (!facts->has_contexts)
    return;
  text_add(info->out, TAB "\"contexts\": [\n");
  while (name) {
    const char *next = names_next(&facts->contexts, name);
    text_add(info->out, TAB TAB);
    text_add_json(info->out, name);
    text_add(info->out, next ? ",\n" : "\n");
    name = next;
  }
  text_add(info->out, TAB "],\n");
}

/* The size comes last, since something of it is always there: no comma follows. */
static void
write_size(const struct info *info, int64_t size)
{
  char human[SIZES_TEXT_BYTES] = "unavailable";

  if (size >= 0) {
    text_add(info->out, TAB "\"export-size\": %" PRId64 ",\n", size);
    sizes_exact_text(human, (uint64_t)size);
  }
  text_add(info->out, TAB "\"export-size-str\": \"%s\"\n", human);
}

static void
write_export(const struct info *info, const struct facts *facts)
{
  text_add(info->out, "%s" TAB "{\n", info->count == 0 ? "\"exports\": [\n" : ",\n");
  write_string(info, TAB, "export-name", facts->name);
  write_known(info, TAB, "description", facts->description);
  write_known(info, TAB, "content", facts->content);
  write_known(info, TAB, "uri", facts->uri);
  write_contexts(info, facts);
  for (int fact = FACT_OF_EXPORT_FIRST; fact <= FACT_OF_EXPORT_LAST; fact++)
    write_fact(info, TAB, (enum fact)fact, facts->is[fact]);
  for (int i = 0; i < BLOCK_SIZES; i++)
    if (facts->block_sizes[i] > 0)
      text_add(info->out, TAB "\"%s\": %" PRId64 ",\n", facts_block_size_names[i], facts->block_sizes[i]);
  if (facts->has_allocated)
    text_add(info->out, TAB "\"allocated\": %" PRId64 ",\n", facts->allocated);
  write_size(info, facts->size);
  text_add(info->out, TAB "}");
}

/* ---- Either ---- */

void
info_begin(struct info *info, const struct facts *facts)
{
  info->count = 0;
  (info->json ? write_connection : show_connection)(info, facts);
}

void
info_export(struct info *info, const struct facts *facts)
{
  (info->json ? write_export : info_show_export)(info, facts);
  info->count++;
}

void
info_end(struct info *info)
{
  if (info->json)
    text_add(info->out, "%s}\n", info->count == 0 ? "\"exports\": []\n" : " ]\n");
}
