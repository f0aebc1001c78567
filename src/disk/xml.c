/* SPDX-License-Identifier: MIT */
/* xml: see xml.h. */
#include "disk/xml.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
xml_init(struct xml *xml, const char *file, int (*take)(struct xml *xml, enum xml_event event, struct fault *fault))
{
  *xml = (struct xml){ .take = take, .file = file, .line = 1 };
}

int
xml_refuse(const struct xml *xml, struct fault *fault, const char *format, ...)
{
  char words[FAULT_TEXT_BYTES / 2];
  va_list arguments;

  va_start(arguments, format);
  vsnprintf(words, sizeof words, format, arguments);
  va_end(arguments);
  return fault_set(fault, EXIT_FAILED, 0, "%.256s, line %u: %s", xml->file, xml->line, words);
}

/* ---- Characters ---- */

static bool
is_blank(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
may_begin_name(char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool
may_be_in_name(char c)
{
  return may_begin_name(c) || (c >= '0' && c <= '9');
}

static int
add_to_name(struct xml *xml, char c, struct fault *fault)
{
  if (xml->name_length + 1 == sizeof xml->name)
    return xml_refuse(xml, fault, "a name is longer than any that should be here");
  xml->name[xml->name_length++] = c;
  xml->name[xml->name_length] = '\0';
  return 0;
}

static int
begin_name(struct xml *xml, char c, enum xml_state state, struct fault *fault)
{
  xml->state = state;
  xml->name_length = 0;
  return add_to_name(xml, c, fault);
}

/* Blanks around what is kept are left out, and in it one stands for several. */
static int
add_to_text(struct xml *xml, char c, struct fault *fault)
{
  if (is_blank(c)) {
    xml->has_blank = xml->text_length > 0;
    return 0;
  }
  if (xml->text_length + 3 > sizeof xml->text)
    return xml_refuse(xml, fault, "it is longer than anything that should be here");
  if (xml->has_blank)
    xml->text[xml->text_length++] = ' ';
  xml->has_blank = false;
  xml->text[xml->text_length++] = c;
  xml->text[xml->text_length] = '\0';
  return 0;
}

static void
clear_text(struct xml *xml)
{
  xml->text_length = 0;
  xml->has_blank = false;
  xml->text[0] = '\0';
}

/* ---- Elements ---- */

/* What a tag ends. */
static int
tell_text(struct xml *xml, struct fault *fault)
{
  int result = xml->text_length > 0 ? xml->take(xml, XML_TEXT, fault) : 0;

  clear_text(xml);
  return result;
}

static int
open_element(struct xml *xml, struct fault *fault)
{
  if (xml->depth == 0 && xml->has_root)
    return xml_refuse(xml, fault, "something follows the end of the outermost element");
  if (xml->depth == XML_DEPTH_MAX)
    return xml_refuse(xml, fault, "elements are nested deeper than any should be");
  xml->has_root = true;
  memcpy(xml->open[xml->depth++], xml->name, sizeof xml->name);
  return xml->take(xml, XML_OPENS, fault);
}

static int
close_element(struct xml *xml, struct fault *fault)
{
  if (xml->depth == 0 || strcmp(xml->name, xml->open[xml->depth - 1]) != 0)
    return xml_refuse(xml, fault, "</%s> closes what isn't open", xml->name);
  if (xml->take(xml, XML_CLOSES, fault) == -1)
    return -1;
  xml->depth--;
  xml->state = XML_IN_TEXT;
  return 0;
}

/* "/>" */
static int
close_empty_element(struct xml *xml, struct fault *fault)
{
  memcpy(xml->name, xml->open[xml->depth - 1], sizeof xml->name);
  return close_element(xml, fault);
}

/* ---- One byte in each state ---- */

static int
misplaced(const struct xml *xml, char c, struct fault *fault)
{
  return xml_refuse(xml, fault, "a byte of value %u is out of place: it isn't the XML that it should be",
                    (unsigned char)c);
}

static int
in_text(struct xml *xml, char c, struct fault *fault)
{
  if (c == '<') {
    xml->state = XML_AFTER_LESS;
    return 0;
  }
  if (c == '&')
    return xml_refuse(xml, fault, "there is an entity, which has no place here");
  if (xml->depth == 0 && !is_blank(c))
    return misplaced(xml, c, fault);
  return add_to_text(xml, c, fault);
}

static int
after_less(struct xml *xml, char c, struct fault *fault)
{
  if (c == '!') {
    xml->state = XML_AFTER_BANG;
    xml->dashes = 0;
    return 0;
  }
  if (c == '?') {
    if (xml->offset != 1) /* of the file: this is its second byte */
      return xml_refuse(xml, fault, "there is an instruction, which has no place here");
    xml->state = XML_IN_DECLARATION;
    return 0;
  }
  if (tell_text(xml, fault) == -1)
    return -1;
  if (may_begin_name(c))
    return begin_name(xml, c, XML_IN_OPENING_NAME, fault);
  if (c != '/')
    return misplaced(xml, c, fault);
  xml->name_length = 0;
  xml->name[0] = '\0';
  xml->state = XML_IN_CLOSING_NAME;
  return 0;
}

static int
after_bang(struct xml *xml, char c, struct fault *fault)
{
  if (c != '-')
    return xml_refuse(xml, fault,
                      "there is a document type, or something else that begins with <! and has no place here");
  if (++xml->dashes == 2) {
    xml->state = XML_IN_COMMENT;
    xml->dashes = 0;
  }
  return 0;
}

static int
in_comment(struct xml *xml, char c, struct fault *fault)
{
  if (xml->dashes == 2 && c != '>')
    return xml_refuse(xml, fault, "there is a -- in a comment");
  if (xml->dashes == 2)
    xml->state = XML_IN_TEXT;
  xml->dashes = c == '-' ? xml->dashes + 1 : 0;
  return 0;
}

/* <?xml version="1.0" encoding="utf-8"?>; without the encoding it is that one. */
static int
in_declaration(struct xml *xml, char c, struct fault *fault)
{
  static const char *const known[] = { "xml version=\"1.0\"?",
                                       "xml version=\"1.0\" ?",
                                       "xml version='1.0'?",
                                       "xml version=\"1.0\" encoding=\"utf-8\"?",
                                       "xml version=\"1.0\" encoding=\"utf-8\" ?",
                                       "xml version='1.0' encoding='utf-8'?" };

  if (c != '>')
    return add_to_text(xml, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c, fault);
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(xml->text, known[i]) == 0) {
      clear_text(xml);
      xml->state = XML_IN_TEXT;
      return 0;
    }
  return xml_refuse(xml, fault, "only XML 1.0 in UTF-8 is understood");
}

/* What ends a name, a value or the blanks behind them, within a tag that opens. */
static int
in_tag(struct xml *xml, char c, struct fault *fault)
{
  if (is_blank(c))
    xml->state = XML_IN_TAG;
  else if (c == '/')
    xml->state = XML_IN_EMPTY_TAG;
  else if (c == '>')
    xml->state = XML_IN_TEXT;
  else
    return misplaced(xml, c, fault);
  return 0;
}

static int
in_opening_name(struct xml *xml, char c, struct fault *fault)
{
  if (may_be_in_name(c))
    return add_to_name(xml, c, fault);
  return open_element(xml, fault) == -1 ? -1 : in_tag(xml, c, fault);
}

static int
before_equals(struct xml *xml, char c, struct fault *fault)
{
  if (c != '=' && !is_blank(c))
    return misplaced(xml, c, fault);
  xml->state = c == '=' ? XML_BEFORE_VALUE : XML_BEFORE_EQUALS;
  return 0;
}

static int
before_value(struct xml *xml, char c, struct fault *fault)
{
  if (is_blank(c))
    return 0;
  if (c != '"' && c != '\'')
    return misplaced(xml, c, fault);
  xml->quote = c;
  xml->state = XML_IN_VALUE;
  return 0;
}

static int
in_value(struct xml *xml, char c, struct fault *fault)
{
  if (c == '&' || c == '<')
    return xml_refuse(xml, fault, "there is an entity or a tag in a value, where neither has a place");
  if (c != xml->quote)
    return add_to_text(xml, c, fault);
  int result = xml->take(xml, XML_ATTRIBUTE, fault);
  clear_text(xml);
  xml->state = XML_AFTER_VALUE;
  return result;
}

static int
in_closing_name(struct xml *xml, char c, struct fault *fault)
{
  if (xml->name_length == 0 ? may_begin_name(c) : may_be_in_name(c))
    return add_to_name(xml, c, fault);
  if (c == '>')
    return close_element(xml, fault);
  if (!is_blank(c))
    return misplaced(xml, c, fault);
  xml->state = XML_AFTER_CLOSING_NAME;
  return 0;
}

static int
step(struct xml *xml, char c, struct fault *fault)
{
  switch (xml->state) {
  case XML_IN_TEXT:
    return in_text(xml, c, fault);
  case XML_AFTER_LESS:
    return after_less(xml, c, fault);
  case XML_AFTER_BANG:
    return after_bang(xml, c, fault);
  case XML_IN_COMMENT:
    return in_comment(xml, c, fault);
  case XML_IN_DECLARATION:
    return in_declaration(xml, c, fault);
  case XML_IN_OPENING_NAME:
    return in_opening_name(xml, c, fault);
  case XML_IN_TAG:
    return may_begin_name(c) ? begin_name(xml, c, XML_IN_ATTRIBUTE_NAME, fault) : in_tag(xml, c, fault);
  case XML_IN_ATTRIBUTE_NAME:
    return may_be_in_name(c) ? add_to_name(xml, c, fault) : before_equals(xml, c, fault);
  case XML_BEFORE_EQUALS:
    return before_equals(xml, c, fault);
  case XML_BEFORE_VALUE:
    return before_value(xml, c, fault);
  case XML_IN_VALUE:
    return in_value(xml, c, fault);
  case XML_AFTER_VALUE:
    return in_tag(xml, c, fault);
  case XML_IN_EMPTY_TAG:
    return c == '>' ? close_empty_element(xml, fault) : misplaced(xml, c, fault);
  case XML_IN_CLOSING_NAME:
    return in_closing_name(xml, c, fault);
  case XML_AFTER_CLOSING_NAME:
    break;
  }
  if (is_blank(c))
    return 0;
  return c == '>' ? close_element(xml, fault) : misplaced(xml, c, fault);
}

int
xml_take(struct xml *xml, char byte, struct fault *fault)
{
  bool is_printable = byte >= ' ' && byte <= '~';

  /* In a comment, people may write in their own language; a NUL is in no text. */
  if (!is_printable && !is_blank(byte) && (byte == '\0' || xml->state != XML_IN_COMMENT))
    return misplaced(xml, byte, fault);
  if (step(xml, byte, fault) == -1)
    return -1;
  xml->offset++;
  xml->line += byte == '\n';
  return 0;
}

int
xml_end(const struct xml *xml, struct fault *fault)
{
  if (xml->has_root && xml->depth == 0 && xml->state == XML_IN_TEXT)
    return 0;
  return xml_refuse(xml, fault, "it ends before its outermost element does: it isn't all there");
}
