/* SPDX-License-Identifier: MIT */
/* job_disks: see job_disks.h. */
#include "job/job_disks.h"

#include "os/say.h"

#include <stdio.h>

static int
job_disks_print(struct choose *choose, bool json, const char *before, const char *after, struct fault *fault)
{
  struct text text;

  text_init(&text, choose->row, sizeof choose->row);
  text_add(&text, "%s", before);
  (json ? disks_text_json : disks_text_row)(&text, &choose->disk);
  text_add(&text, "%s", after);
  return say_answer(choose->row, fault);
}

static int
print_head(struct choose *choose, struct fault *fault)
{
  struct text text;

  text_init(&text, choose->row, sizeof choose->row);
  disks_text_head(&text);
  text_add(&text, "\n");
  return say_answer(choose->row, fault);
}

static int
print_all(struct choose *choose, bool json, struct fault *fault)
{
  bool is_first = true;

  if (!json && print_head(choose, fault) == -1)
    return -1;
  disks_begin(&choose->disks, "");
  for (; disks_next(&choose->disks, &choose->disk); is_first = false) {
    choose_look(choose, &choose->disk);
    if (job_disks_print(choose, json, !json ? "" : is_first ? "[\n  " : ",\n  ", json ? "" : "\n", fault) == -1)
      return -1;
  }
  if (json && say_answer(is_first ? "[]\n" : "\n]\n", fault) == -1)
    return -1;
  return disks_check(&choose->disks, fault);
}

int
job_disks(struct choose *choose, const struct options *options, struct fault *fault)
{
  bool json = options->disks.json;

  if (!options->source.text)
    return print_all(choose, json, fault);
  if (choose_disk(choose, options, options->source.text, options->disks.as_destination, fault) == -1)
    return -1;
  choose->disk = choose->choice.disk;
  choose_look(choose, &choose->disk);
  if (!json && print_head(choose, fault) == -1)
    return -1;
  return job_disks_print(choose, json, json ? "[\n  " : "", json ? "\n]\n" : "\n", fault);
}
