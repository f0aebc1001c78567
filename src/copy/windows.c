/* SPDX-License-Identifier: MIT */
/* windows: see windows.h. */
#include "copy/windows.h"

#include "base/range.h"

#include <assert.h>
#include <stddef.h>

void
windows_init(struct windows *windows, const struct extents_rules *rules, const struct selection *selection,
             bool is_asked)
{
  windows->rules = *rules;
  windows->selection = selection;
  windows->unasked_first = is_asked ? 0 : rules->size;
  windows->bytes = windows->bytes_first = SURVEY_BYTES_FIRST;
  windows->bytes_least = SURVEY_BYTES_MIN;
  windows->out = 0;
  windows->out_bytes = 0;
  windows->is_heard = false;
  for (unsigned i = 0; i < WINDOWS_MAX; i++) {
    struct window *window = &windows->list[i];
    window->is_out = false;
    survey_init(&window->survey, window->answer, windows->before, SURVEY_EXTENTS_MAX);
    extents_init(&window->known, window->ring, WINDOW_EXTENTS_MAX);
  }
  windows_begin(windows, 0);
}

void
windows_begin(struct windows *windows, uint64_t start)
{
  assert(windows->out == 0);
  windows->first = windows->count = 0;
  windows->end = start;
  windows->unasked_end = windows->unasked_first;
}

static struct window *
window_at(struct windows *windows, unsigned index)
{
  return &windows->list[(windows->first + index) % WINDOWS_MAX];
}

static bool
is_last(struct windows *windows, const struct window *window)
{
  return window == window_at(windows, windows->count - 1);
}

/* What is asked for at once; a power of two. */
static uint64_t
unit(const struct windows *windows)
{
  return range_max(windows->bytes, windows->rules.alignment);
}

/* Where a window ends that begins at an offset: such an end cuts no read in two. */
static uint64_t
end_of_window(const struct windows *windows, uint64_t start)
{
  return range_min(range_end(range_align_down(start, unit(windows)), unit(windows)), windows->rules.size);
}

/* ---- Questions ---- */

static bool
may_be_out(const struct windows *windows, uint64_t bytes)
{
  return windows->out < (windows->is_heard ? WINDOWS_MAX : 1) &&
         (windows->out == 0 || windows->out_bytes + bytes <= SURVEY_BYTES_MAX);
}

/* What is to be read without asking is known. */
static void
take_unasked(const struct windows *windows, struct window *window)
{
  struct extents *known = &window->known;
  uint64_t end = range_min(window->end, windows->unasked_end);

  if (!window->is_out && known->end < end && extents_room(known) > 0)
    extents_append(known, end - known->end, EXTENT_IS_DATA);
}

static uint64_t
bytes_to_ask(const struct windows *windows, const struct window *window)
{
  if (window->is_out || window->known.end < windows->unasked_end || extents_room(&window->known) < SURVEY_EXTENTS_MAX)
    return 0;
  return range_min(window->end - window->known.end, unit(windows));
}

static struct request *
ask_window(struct windows *windows, struct window *window, uint64_t bytes)
{
  window->request = (struct request){
    .kind = REQUEST_SURVEY, .offset = window->known.end, .length = bytes, .survey = &window->survey
  };
  window->is_out = true;
  windows->out++;
  windows->out_bytes += bytes;
  return &window->request;
}

/* Where the run ends that begins at an offset. */
static uint64_t
end_of_run(const struct windows *windows, uint64_t start, bool *is_wanted)
{
  *is_wanted = true;
  if (!windows->selection)
    return windows->rules.size;
  return selection_run(windows->selection, start, windows->rules.size, windows->rules.alignment, is_wanted);
}

static struct window *
add_window(struct windows *windows, uint64_t end, uint64_t limit)
{
  struct window *window = window_at(windows, windows->count++);

  extents_begin(&window->known, windows->end);
  windows->end = window->end = end;
  window->limit = limit;
  return window;
}

/* Adds a window at the end, unless that is too far ahead, or couldn't ask now. */
static bool
open_window(struct windows *windows, uint64_t position)
{
  uint64_t start = windows->end, end = end_of_window(windows, start);
  bool is_wanted;

  if (windows->count == WINDOWS_MAX || start == windows->rules.size)
    return false;
  uint64_t limit = end_of_run(windows, start, &is_wanted);
  if (!is_wanted) {
    extents_append(&add_window(windows, limit, limit)->known, limit - start, EXTENT_IS_KEPT);
    return true;
  }
  if (start < windows->unasked_end)
    end = windows->unasked_end;
  end = range_min(end, limit);
  if (start >= windows->unasked_end &&
      (!may_be_out(windows, end - start) || start - range_min(position, start) >= WINDOWS_MAX * unit(windows)))
    return false;
  add_window(windows, end, limit);
  return true;
}

struct request *
windows_ask(struct windows *windows, uint64_t position)
{
  do {
    for (unsigned i = 0; i < windows->count; i++) {
      struct window *window = window_at(windows, i);
      take_unasked(windows, window);
      uint64_t bytes = bytes_to_ask(windows, window);
      if (bytes > 0)
        return may_be_out(windows, bytes) ? ask_window(windows, window, bytes) : NULL;
    }
  } while (open_window(windows, position));
  return NULL;
}

void
windows_skip(struct windows *windows, uint64_t bytes, uint64_t grid)
{
  struct window *last = windows->count > 0 ? window_at(windows, windows->count - 1) : NULL;

  assert(windows->rules.part == PART_ALL);
  if (last && !last->is_out)
    windows->end = last->end = last->known.end;
  windows->unasked_end = range_align_up(range_end(windows->end, bytes), grid);
  windows->bytes = range_max(windows->bytes, windows->bytes_first);
  windows->is_heard = false;
}

/* ---- Answers ---- */

/* What was out isn't any more. */
static struct window *
take_home(struct windows *windows, struct request *request)
{
  struct window *window = (struct window *)request;

  assert(window->is_out);
  window->is_out = false;
  windows->out--;
  windows->out_bytes -= request->length;
  return window;
}
_Static_assert(offsetof(struct window, request) == 0, "a window is found by its request");

/* How long windows are from now on. An answer to what was left of a window says little,
 * and several may come to windows of one length: so they grow by steps. */
static uint64_t
next_bytes(const struct windows *windows, const struct survey *survey, uint64_t asked, const struct learnt *learnt)
{
  uint64_t next = extents_next_window(survey, asked, windows->bytes_least);

  if (learnt->is_short)
    next = range_min(asked, range_max(learnt->bytes * WINDOW_ANSWERS, windows->bytes_least));
  next = range_power_of_two_below(next);
  if (next > asked)
    return range_max(windows->bytes, range_min(next, 2 * windows->bytes));
  return next < asked ? range_min(windows->bytes, range_max(next, windows->bytes_least)) : windows->bytes;
}

/* The last window reaches as far as the answer does, or gives up what others can ask for. */
static void
fit_last(struct windows *windows, struct window *window)
{
  uint64_t known = window->known.end;

  if (known < window->end)
    window->end = range_min(window->end, end_of_window(windows, known));
  else
    window->end = known;
  windows->end = window->end;
}

bool
windows_learn(struct windows *windows, struct request *request, struct learnt *learnt)
{
  struct window *window = take_home(windows, request);
  struct extents *known = &window->known;
  struct extents_rules rules = windows->rules;
  uint64_t zeros = known->zeros;

  *learnt = (struct learnt){ 0 };
  /* What lies behind it, another window asks for, or nobody. */
  rules.size = is_last(windows, window) ? window->limit : window->end;
  if (request->errnum)
    survey_begin(&window->survey, rules.contexts->count);
  if (!extents_take_over(known, &window->survey, &rules, request->length))
    return false;
  learnt->bytes = known->end - request->offset;
  learnt->zeros = known->zeros - zeros;
  learnt->is_short = learnt->bytes < request->length && window->survey.told < window->survey.max;
  learnt->is_late = request->offset < windows->unasked_end;
  if (!learnt->is_late) {
    windows->is_heard = true;
    if (!request->errnum)
      windows->bytes = next_bytes(windows, &window->survey, request->length, learnt);
  }
  if (is_last(windows, window))
    fit_last(windows, window);
  return true;
}

void
windows_ask_again(struct windows *windows, struct request *request)
{
  take_home(windows, request);
}

/* ---- What is known ---- */

bool
windows_pass_on(struct windows *windows, struct extents *extents)
{
  bool passed = false;

  while (windows->count > 0) {
    struct window *window = window_at(windows, 0);
    struct extents *known = &window->known;
    if (known->count > extents_room(extents))
      break;
    assert(known->start == extents->end);
    for (const struct known_extent *front; (front = extents_front(known)); passed = true) {
      extents_append(extents, front->length, front->kind);
      extents_consume(known, front->length);
    }
    if (window->is_out || known->end < window->end)
      break;
    windows->first = (windows->first + 1) % WINDOWS_MAX;
    windows->count--;
    passed = true;
  }
  return passed;
}
