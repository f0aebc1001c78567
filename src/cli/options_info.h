/* SPDX-License-Identifier: MIT */
/* options_info: the command line of `decant info`, which is nbdinfo's too. */
#ifndef DECANT_OPTIONS_INFO_H
#define DECANT_OPTIONS_INFO_H

#include "report/facts.h"

#include <stdbool.h>

enum info_query {
  INFO_EXPORT, /* all about the export that the source names */
  INFO_LIST,   /* all about all exports of the server */
  INFO_SIZE,   /* its size alone */
  INFO_URI,    /* how to reach it */
  INFO_CAN,    /* one feature, as the exit code */
  INFO_MAP,    /* is VERB_MAP's job, and never left here */
};

struct info_options {
  enum info_query query;
  unsigned asked;      /* a bit for each query that was asked for: at most one */
  const char *feature; /* INFO_CAN: as written */
  enum fact fact;      /* INFO_CAN: what that asks for */
  bool negated;        /* INFO_CAN: the answer is yes if it isn't so */
  const char *map;     /* INFO_MAP: the metadata context */
  bool totals;         /* INFO_MAP */
  bool json;
  bool content; /* read the beginning of each export and say what it looks like */
  bool no_content;
};

extern const struct verb_options options_info;

#endif
