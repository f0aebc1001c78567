/* SPDX-License-Identifier: MIT */
/* options_command: see options_command.h. */
#include "cli/options_command.h"

#include "base/clean.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Calls `add` for each word of the command. */
static void
each_word(const struct options_command *command, uint64_t from, struct text *text,
          void (*add)(struct text *text, const char *word, bool is_first))
{
  char option[32];

  snprintf(option, sizeof option, "--from=%llu", (unsigned long long)from);
  for (int i = 0; i < command->argc; i++) {
    if (i == command->begin && from > 0)
      add(text, option, false);
    if (i < command->from_at || i >= command->from_at + command->from_words)
      add(text, command->argv[i], i == 0);
  }
}

static bool
all_may_be_shown(const char *word)
{
  uint32_t code;

  while (*word) {
    word += clean_next(word, &code);
    if (!clean_may_show(code))
      return false;
  }
  return true;
}

/* Whether shells leave it as it is: a first word with '=' sets a variable, and zsh looks for a command behind one at
 * the beginning of others. */
static bool
is_plain(const char *word, bool is_first)
{
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_@%+:,./-=";

  if (is_first && strchr(word, '='))
    return false;
  if (!is_first && (strcmp(word, "[") == 0 || strcmp(word, "]") == 0))
    return true;
  return *word && *word != '=' && word[strspn(word, plain)] == '\0';
}

static void
add_quoted(struct text *text, const char *word)
{
  text_add(text, "'");
  for (; *word; word++)
    text_add(text, *word == '\'' ? "'\\''" : "%c", *word);
  text_add(text, "'");
}

/* By printf's own escapes, of which $( ) takes away a newline at the end. */
static void
add_escaped(struct text *text, const char *word)
{
  uint32_t code;

  text_add(text, "\"$(printf %%b '");
  for (size_t length; *word; word += length) {
    length = clean_next(word, &code);
    bool is_escaped = !clean_may_show(code) || *word == '\'' || *word == '\\';
    for (size_t i = 0; i < length; i++)
      text_add(text, is_escaped ? "\\0%03o" : "%c", (unsigned char)word[i]);
  }
  text_add(text, "')\"");
  text->full = text->full || word[-1] == '\n';
}

static void
add_word(struct text *text, const char *word, bool is_first)
{
  text_add(text, is_first ? "" : " ");
  if (is_plain(word, is_first))
    text_add(text, "%s", word);
  else
    (all_may_be_shown(word) ? add_quoted : add_escaped)(text, word);
}

void
options_command_add(const struct options_command *command, uint64_t from, struct text *text)
{
  each_word(command, from, text, add_word);
}

static void
add_json_word(struct text *text, const char *word, bool is_first)
{
  text_add(text, is_first ? "" : ", ");
  text_add_json(text, word);
}

void
options_command_add_json(const struct options_command *command, uint64_t from, struct text *text)
{
  text_add(text, "[");
  each_word(command, from, text, add_json_word);
  text_add(text, "]");
}
