/* SPDX-License-Identifier: MIT */
/* picture: see picture.h. */
#include "job/picture.h"

#include "base/limits.h"
#include "os/say.h"
#include "report/rescue_text.h"

#include <stddef.h>
#include <unistd.h>

/* Of a row: a letter between two escape sequences for each block, and the key's words. */
#define ROW_BYTES 2048

/* What stands above and below the bar, and is said beside it. */
#define OTHER_ROWS 4

static struct picture *
picture_of(struct copy_tap *tap)
{
  return (struct picture *)tap;
}
_Static_assert(offsetof(struct picture, tap) == 0, "a picture is found by its tap");

static void
note(struct picture *picture, enum map_class class, uint64_t length)
{
  map_graph_mark(&picture->passed, class, picture->position, length);
  picture->position += length;
}

static void
picture_take(struct copy_tap *tap, const uint8_t *data, uint64_t length)
{
  struct picture *picture = picture_of(tap);

  note(picture, data ? MAP_DATA : MAP_ZERO, length);
  if (!picture->next)
    return;
  picture->next->take(picture->next, data, length);
  tap->has_refused = picture->next->has_refused;
}

static void
picture_keep(struct copy_tap *tap, uint64_t length)
{
  struct picture *picture = picture_of(tap);

  note(picture, MAP_KEPT, length);
  if (picture->next && picture->next->keep)
    picture->next->keep(picture->next, length);
  else if (picture->next)
    picture->next->take(picture->next, NULL, length);
}

struct copy_tap *
picture_begin(struct picture *picture, const struct options *options, uint64_t size, const struct areas *unreadable,
              struct copy_tap *next)
{
  unsigned columns = say_columns(STDERR_FILENO);

  picture->tap = (struct copy_tap){ 0 };
  if (!options->copy.graph || size == SIZE_UNKNOWN || size == 0 || !isatty(STDERR_FILENO) ||
      columns < PICTURE_COLUMNS_MIN)
    return next;
  picture->tap = (struct copy_tap){ .take = picture_take, .keep = picture_keep };
  picture->next = next;
  picture->unreadable = unreadable;
  picture->position = 0;
  picture->in_colour = options_in_colour(options, say_is_coloured(STDERR_FILENO));
  map_graph_init(&picture->passed, range_make(0, size), columns - 1);
  return &picture->tap;
}

/* What couldn't be read was kept, or written as zeros or a pattern. */
static void
mark_unreadable(struct picture *picture)
{
  const struct areas *areas = picture->unreadable;
  struct area area;

  picture->shown = picture->passed;
  for (uint64_t at = 0; areas && rescue_text_find(areas, NULL, at, &area); at = area.range.end)
    map_graph_mark(&picture->shown, MAP_UNREADABLE, area.range.start, range_length(area.range));
}

bool
picture_show(struct picture *picture, struct status_line *line, const char *text)
{
  char bytes[ROW_BYTES];
  struct text row;

  if (!picture || !picture->tap.take || say_columns(STDERR_FILENO) <= picture->passed.columns ||
      !status_line_has_room(line, MAP_ROWS + OTHER_ROWS))
    return false;
  mark_unreadable(picture);
  status_line_begin_rows(line, text);
  for (unsigned i = 0; i * picture->shown.columns < picture->shown.blocks; i++) {
    text_init(&row, bytes, sizeof bytes);
    (void)map_graph_row(&row, &picture->shown, i, picture->in_colour);
    status_line_add_row(line, bytes);
  }
  text_init(&row, bytes, sizeof bytes);
  map_graph_key(&row, &picture->shown, picture->in_colour);
  status_line_add_row(line, bytes);
  status_line_end_rows();
  return true;
}
