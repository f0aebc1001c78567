/* SPDX-License-Identifier: MIT */
/* mapfile: see mapfile.h. */
#include "disk/mapfile.h"

#include "base/sizes.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SOURCE_COMMENT "# decant source: "
#define DESTINATION_COMMENT "# decant destination: "
#define NO_MARK "-"
#define NO_CHARACTER '\1' /* of any line that is understood */
#define BLOCK_LINE_BYTES (sizeof "0xFFFFFFFFFFFFFFFF  0xFFFFFFFFFFFFFFFF  ?\n")

static const char statuses[] = "?*/-+"; /* in the order of enum area_status */
static const char phases[] = "?*/-+FG";
static const char blanks[] = " \t\r\v\f";

_Static_assert(sizeof statuses == AREA_STATUSES + 1, "a character for each status");
_Static_assert(sizeof DESTINATION_COMMENT + 18 + MAPFILE_MARK_BYTES + NAME_BYTES_MAX < MAPFILE_LINE_BYTES,
               "what is written of a disk is read again");
_Static_assert(256 + MAPFILE_COMMAND_BYTES + 2 * MAPFILE_LINE_BYTES <= MAPFILE_TEXT_BYTES, "a head fits");

/* ---- Words of a line ---- */

/* Takes a word off the text, and ends it. Returns NULL at the end, or where a comment begins. */
static const char *
take_word(char **text)
{
  char *word = *text + strspn(*text, blanks), *end = word + strcspn(word, blanks);

  if (*word == '\0' || *word == '#')
    return NULL;
  *text = *end ? end + 1 : end;
  *end = '\0';
  return word;
}

/* The value of a digit, or more than any. */
static unsigned
digit_of(char c)
{
  if (c >= '0' && c <= '9')
    return (unsigned)(c - '0');
  c |= 'a' - 'A';
  return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : UINT_MAX;
}

/* Reads a number that is a word, as C does. */
static bool
is_value(const char *word, uint64_t *value)
{
  unsigned base = 10;

  if (!word)
    return false;
  if (word[0] == '0')
    base = (word[1] | ('a' - 'A')) == 'x' ? 16 : 8;
  word += base == 16 ? 2 : 0;
  const char *p = word;
  *value = 0;
  for (unsigned digit; (digit = digit_of(*p)) < base; p++) {
    if (*value > (UINT64_MAX - digit) / base)
      return false;
    *value = *value * base + digit;
  }
  return p > word && *p == '\0';
}

/* The place among `known` of the character that is a word, or -1. */
static int
character_of(const char *word, const char *known)
{
  const char *found = word && word[0] && !word[1] ? strchr(known, word[0]) : NULL;

  return found ? (int)(found - known) : -1;
}

char
mapfile_character(enum area_status status)
{
  return statuses[status];
}

enum area_status
mapfile_status(char phase)
{
  const char *found = phase ? strchr(statuses, phase) : NULL;

  return found ? (enum area_status)(found - statuses) : AREA_FINISHED;
}

/* ---- Lines ---- */

static int
refuse_line(const struct mapfile_reader *reader, struct fault *fault, const char *why)
{
  return fault_set(fault, EXIT_FAILED, 0, "%.256s, line %u: %s", reader->file, reader->line, why);
}

/* "SIZE MARK NAME" */
static int
take_end(const struct mapfile_reader *reader, char *text, struct mapfile_end *end, struct fault *fault)
{
  const char *size = take_word(&text), *mark = take_word(&text);

  if (!is_value(size, &end->size) || !mark || strlen(mark) >= sizeof end->mark)
    return refuse_line(reader, fault, "a size, a word and a name should be here");
  if (strcmp(mark, NO_MARK) != 0)
    strcpy(end->mark, mark);
  snprintf(end->name, sizeof end->name, "%s", text);
  return 0;
}

static int
take_status(struct mapfile_reader *reader, char *text, struct fault *fault)
{
  uint64_t pass = 1;
  bool has_position = is_value(take_word(&text), &reader->map->position);
  int phase = character_of(take_word(&text), phases);
  const char *last = take_word(&text);

  if (!has_position || phase == -1 || (last && !sizes_parse_number(last, 1, INT_MAX, &pass)) || take_word(&text))
    return refuse_line(reader, fault,
                       "the status line of a mapfile should be here: a position, one of ?*/-+FG, a pass");
  reader->map->phase = phases[phase];
  reader->map->pass = (unsigned)pass;
  reader->has_status = true;
  return 0;
}

static int
add_area(struct mapfile_reader *reader, struct range block, enum area_status status, struct fault *fault)
{
  struct areas *areas = reader->areas;

  if (areas->is_domain && status != AREA_FINISHED)
    status = AREA_NON_TRIED;
  if (block.end > areas->size && status != AREA_NON_TRIED)
    return refuse_line(reader, fault, "this disk ends before the block does: the map is of another one");
  block.end = range_min(block.end, areas->size);
  if (block.start < block.end)
    areas_set(areas, block, status);
  return 0;
}

static int
take_block(struct mapfile_reader *reader, char *text, struct fault *fault)
{
  uint64_t start, size;
  bool has_range = is_value(take_word(&text), &start) && is_value(take_word(&text), &size);
  int status = character_of(take_word(&text), statuses);

  /* ddrescue's map of an empty disk has a block of nothing. */
  if (!has_range || status == -1 || take_word(&text) || size > UINT64_MAX - start || (size == 0 && start > 0))
    return refuse_line(reader, fault, "a data block should be here: a position, a size, one of ?*/-+");
  if (reader->has_block && start != reader->end)
    return refuse_line(reader, fault, "the block doesn't begin where the one before it ends");
  reader->has_block = true;
  reader->end = start + size;
  return add_area(reader, range_make(start, size), (enum area_status)status, fault);
}

static int
take_map_line(struct mapfile_reader *reader, struct fault *fault)
{
  char *text = reader->text;

  text[reader->length] = '\0';
  if (strncmp(text, SOURCE_COMMENT, strlen(SOURCE_COMMENT)) == 0)
    return take_end(reader, text + strlen(SOURCE_COMMENT), &reader->map->source, fault);
  if (strncmp(text, DESTINATION_COMMENT, strlen(DESTINATION_COMMENT)) == 0)
    return take_end(reader, text + strlen(DESTINATION_COMMENT), &reader->map->destination, fault);
  text += strspn(text, blanks);
  if (*text == '\0' || *text == '#')
    return 0;
  return reader->has_status ? take_block(reader, text, fault) : take_status(reader, text, fault);
}

/* ---- The whole ---- */

void
mapfile_reader_init(struct mapfile_reader *reader, struct mapfile *map, struct areas *areas, const char *file)
{
  *map = (struct mapfile){ .source.size = SIZE_UNKNOWN, .destination.size = SIZE_UNKNOWN };
  *reader = (struct mapfile_reader){ .map = map, .areas = areas, .file = file, .line = 1 };
}

int
mapfile_reader_take(struct mapfile_reader *reader, const char *bytes, size_t length, struct fault *fault)
{
  for (size_t i = 0; i < length; i++) {
    if (bytes[i] == '\n') {
      if (take_map_line(reader, fault) == -1)
        return -1;
      reader->line++;
      reader->length = 0;
    } else if (reader->length + 1 < sizeof reader->text) {
      /* A NUL would hide what follows. */
      reader->text[reader->length++] = (char)(bytes[i] ? bytes[i] : NO_CHARACTER);
    } else {
      /* So would a lack of room, unless it is in a comment. */
      reader->text[reader->length - 1] = NO_CHARACTER;
    }
  }
  return 0;
}

int
mapfile_reader_end(struct mapfile_reader *reader, struct fault *fault)
{
  if (take_map_line(reader, fault) == -1)
    return -1;
  if (!reader->has_status)
    return refuse_line(reader, fault, "it ends before the status line, so it is no mapfile, or damaged");
  return 0;
}

static int
check_end(const struct mapfile_end *then, const struct mapfile_end *now, const char *which, const char *file,
          struct fault *fault)
{
  bool is_other = then->size != SIZE_UNKNOWN && now->size != SIZE_UNKNOWN && then->size != now->size;

  if (!is_other && (!then->mark[0] || !now->mark[0] || strcmp(then->mark, now->mark) == 0))
    return 0;
  return fault_set(fault, EXIT_FAILED, 0,
                   "%.256s is the map of another %s: %.200s, of %" PRIu64 " bytes; for this one, begin a new map", file,
                   which, then->name, then->size);
}

int
mapfile_check_ends(const struct mapfile *map, const struct mapfile_end *source, const struct mapfile_end *destination,
                   const char *file, struct fault *fault)
{
  if (check_end(&map->source, source, "source", file, fault) == -1)
    return -1;
  return check_end(&map->destination, destination, "destination", file, fault);
}

/* ---- Writing ---- */

static void
write_end(const struct mapfile_end *end, const char *comment, struct text *text)
{
  if (end->size == SIZE_UNKNOWN)
    return;
  text_add(text, "%s0x%08" PRIX64 " %s ", comment, end->size, end->mark[0] ? end->mark : NO_MARK);
  text_add_words(text, end->name);
  text_add(text, "\n");
}

void
mapfile_write_head(const struct mapfile *map, struct text *text)
{
  text_add(text, "# Mapfile. Created by decant " DECANT_VERSION "\n# Command line: ");
  text_add_words(text, map->command);
  text_add(text, "\n");
  write_end(&map->source, SOURCE_COMMENT, text);
  write_end(&map->destination, DESTINATION_COMMENT, text);
  text_add(text, "# current_pos  current_status  current_pass\n0x%08" PRIX64 "     %c               %u\n",
           map->position, map->phase, map->pass);
  text_add(text, "#      pos        size  status\n");
}

uint64_t
mapfile_write_blocks(const struct areas *areas, uint64_t offset, struct text *text)
{
  struct area area;

  while (text->size - text->used >= BLOCK_LINE_BYTES &&
         areas_find(areas, (struct range){ offset, areas->size }, AREA_STATUSES_ALL, false, &area)) {
    text_add(text, "0x%08" PRIX64 "  0x%08" PRIX64 "  %c\n", area.range.start, range_length(area.range),
             mapfile_character(area.status));
    offset = area.range.end;
  }
  return offset;
}
