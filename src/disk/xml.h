/* SPDX-License-Identifier: MIT */
/* xml: the little of XML that files of plain elements are written in, taken apart as it comes.
 *
 * There is one outermost element; elements hold others or text; there are attributes and comments, and a declaration in front.
 * All else that XML knows is refused: document types, entities (also those of characters), sections of CDATA, instructions, another
 * encoding. So nothing is ever expanded, included or looked up, and what is read is what stands there. Names and text are
 * printable ASCII; what a comment says doesn't matter.
 *
 * Pure: bytes come in parts of any size; names, values and texts are kept while they are needed, and are bounded. Whoever
 * takes the events says which elements there may be.
 */
#ifndef DECANT_XML_H
#define DECANT_XML_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XML_DEPTH_MAX 4
#define XML_NAME_BYTES 32
#define XML_TEXT_BYTES 192

enum xml_event {
  XML_OPENS,     /* an element named `name`; xml->depth counts it */
  XML_ATTRIBUTE, /* of the last that opened: `name` is `text` */
  XML_TEXT,      /* ended by any tag: `text`, without blanks around it, and with one for several in it; never "" */
  XML_CLOSES,    /* the innermost one, which is named `name`; xml->depth still counts it */
};

enum xml_state {
  XML_IN_TEXT,
  XML_AFTER_LESS,
  XML_AFTER_BANG,
  XML_IN_COMMENT,
  XML_IN_DECLARATION,
  XML_IN_OPENING_NAME,
  XML_IN_TAG,
  XML_IN_ATTRIBUTE_NAME,
  XML_BEFORE_EQUALS,
  XML_BEFORE_VALUE,
  XML_IN_VALUE,
  XML_AFTER_VALUE,
  XML_IN_EMPTY_TAG,
  XML_IN_CLOSING_NAME,
  XML_AFTER_CLOSING_NAME,
};

struct xml {
  /* Takes an event. Returns 0, or -1 with the fault set. */
  int (*take)(struct xml *xml, enum xml_event event, struct fault *fault);
  const char *file; /* for messages */
  unsigned line;    /* its number; 1 is the first */
  uint64_t offset;  /* bytes that have come */
  enum xml_state state;
  unsigned dashes; /* of a comment's end, or its beginning */
  char quote;      /* around a value */
  bool has_root;   /* it was closed, if the depth is 0 */
  unsigned depth;  /* elements that are open */
  char open[XML_DEPTH_MAX][XML_NAME_BYTES];
  size_t name_length, text_length;
  bool has_blank; /* behind the text so far */
  char name[XML_NAME_BYTES];
  char text[XML_TEXT_BYTES];
};

/* Begins a file; `xml` may be uninitialised memory. */
void
xml_init(struct xml *xml, const char *file, int (*take)(struct xml *xml, enum xml_event event, struct fault *fault));

/* Takes the next byte. Returns 0, or -1 with the fault set: then nothing may follow. */
int xml_take(struct xml *xml, char byte, struct fault *fault);

/* There are no more. Returns 0, or -1 with the fault set. */
int xml_end(const struct xml *xml, struct fault *fault);

/* Sets a fault that names the line. Returns -1. */
int
xml_refuse(const struct xml *xml, struct fault *fault, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
