/* SPDX-License-Identifier: MIT */
/* A command line with anything in it: either it is refused, in words that may be shown, or the command that is printed for going on is,
 * once a shell has taken it apart, what was given, means the same ends, and is none that is refused. A case is its words, a NUL behind each. */
#include "fuzz/fuzz.h"

#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 40

static struct options options, again;
static char line[8 * CASE_BYTES_MAX], bytes[8 * CASE_BYTES_MAX];

/* Of its last command line, of which it may be anywhere. */
static void
reset_getopt(void)
{
  char name[] = "decant";
  char *argv[] = { name, NULL };

  optind = 0;
  getopt(1, argv, "+");
}

static int
parse(struct options *to, int argc, char **argv, struct fault *fault)
{
  reset_getopt();
  int result = options_parse(to, argc, argv, fault);
  must((result == 0) == (fault->exit_code == EXIT_DONE));
  must(result == 0 || (fault->exit_code == EXIT_BAD_USAGE && fault->text[0] && !strchr(fault->text, '\n') &&
                       fuzz_may_be_shown(fault->text)));
  return result;
}

/* ---- A shell, as far as such commands take one ---- */

/* What printf says to %b, up to the quotation mark. */
static const char *
take_escaped(const char *at, char **to)
{
  unsigned code;

  while (*at != '\'') {
    must(*at);
    if (*at != '\\') {
      *(*to)++ = *at++;
      continue;
    }
    must(sscanf(at, "\\0%3o", &code) == 1);
    *(*to)++ = (char)code;
    at += 5;
  }
  return at;
}

/* Takes a line apart. Returns how many words it has. */
static int
take_apart(const char *at, char **words)
{
  static const char front[] = "\"$(printf %b '", tail[] = "')\"";
  char *to = bytes;
  int count = 0;

  while (*at) {
    must(count < WORDS_MAX + 1);
    words[count++] = to;
    for (; *at && *at != ' ';) {
      if (strncmp(at, front, sizeof front - 1) == 0) {
        at = take_escaped(at + sizeof front - 1, &to);
        must(strncmp(at, tail, sizeof tail - 1) == 0);
        at += sizeof tail - 1;
      } else if (*at == '\'') {
        for (at++; *at != '\''; *to++ = *at++)
          must(*at);
        at++;
      } else {
        bool is_quoted = *at == '\\';
        at += is_quoted;
        must(*at && (is_quoted || !strchr("\t\n\"$`&;|<>()*?!#~{}", *at)));
        *to++ = *at++;
      }
    }
    *to++ = '\0';
    at += *at == ' ';
  }
  words[count] = NULL;
  return count;
}

/* ---- Judging ---- */

static bool
is_same_place(const struct place *one, const struct place *other)
{
  if (one->kind != other->kind || one->is_selector != other->is_selector)
    return false;
  for (size_t i = 0; one->kind == PLACE_COMMAND && (one->command[i] || other->command[i]); i++)
    if (!one->command[i] || !other->command[i] || strcmp(one->command[i], other->command[i]) != 0)
      return false;
  return (!one->text && !other->text) || (one->text && other->text && strcmp(one->text, other->text) == 0);
}

/* The words of the command, but for those of its --from; and another one behind the verb. */
static void
must_be_the_words(const struct options_command *command, uint64_t from, int count, char **words)
{
  char option[32];
  int at = 0;

  snprintf(option, sizeof option, "--from=%llu", (unsigned long long)from);
  for (int i = 0; i < command->argc; i++) {
    if (i == command->begin && from > 0)
      must(at < count && strcmp(words[at++], option) == 0);
    if (i < command->from_at || i >= command->from_at + command->from_words)
      must(at < count && strcmp(words[at++], command->argv[i]) == 0);
  }
  must(at == count);
}

static void
must_go_on(uint64_t from)
{
  char *words[WORDS_MAX + 2];
  struct fault fault = { 0 };
  struct text text;

  text_init(&text, line, sizeof line);
  options_command_add(&options.command, from, &text);
  if (text.full) /* a newline at the end of a word */
    return;
  must(fuzz_may_be_shown(line) && !strchr(line, '\n'));
  int count = take_apart(line, words);
  must_be_the_words(&options.command, from, count, words);
  int result = parse(&again, count, words, &fault);
  if (from > 0 && (result == -1 || options.verb != VERB_COPY)) /* what has no --from never prints one */
    return;
  must(result == 0 && (from == 0 || again.copy.from == from));
  must(again.verb == options.verb && again.persona == options.persona && again.mode == options.mode);
  must(is_same_place(&options.source, &again.source) && is_same_place(&options.destination, &again.destination));
  must(again.wishes.timeout_ms == options.wishes.timeout_ms && again.wishes.wait_ms == options.wishes.wait_ms);
}

static void
judge(void)
{
  struct text text;

  must(options_program(&options) && options_verb_name(&options));
  if (options.mode != RUN_VERB) {
    options_describe(&options, line, OPTIONS_TEXT_BYTES);
    must(line[0] && fuzz_may_be_shown(line));
    return;
  }
  must_go_on(0);
  must_go_on(4096);
  text_init(&text, line, sizeof line);
  options_command_add_json(&options.command, 0, &text);
  must(!text.full && fuzz_is_json(line));
}

int
fuzz_one(const uint8_t *data, size_t size)
{
  struct fuzz_case input[] = { { data, size } };
  char *argv[WORDS_MAX + 1] = { NULL };
  struct fault fault = { 0 };
  int argc = 0;

  do
    argv[argc++] = fuzz_word(input);
  while (input->left > 0 && argc < WORDS_MAX);
  if (parse(&options, argc, argv, &fault) == 0)
    judge();
  while (argc > 0)
    free(argv[--argc]);
  return 0;
}
