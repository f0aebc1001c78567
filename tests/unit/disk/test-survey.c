/* SPDX-License-Identifier: MIT */
/* What several contexts say is believed only as far as all of them say it: a value
 * on the wrong byte makes a copy lose data, so the merge is held against arrays
 * that hold the value of each byte. */
#include "unit/unit.h"

#include "disk/survey.h"

#define MODEL_BYTES 20000

static struct survey survey;
static struct extent merged[SURVEY_EXTENTS_MAX], before[SURVEY_EXTENTS_MAX];

struct reply {
  unsigned context;
  const char *picture; /* a letter for each byte: its value; | ends an extent, also of one value */
};

static void
add_picture(const char *picture)
{
  while (*picture) {
    uint64_t length = 1;
    while (picture[length] == picture[0])
      length++;
    if (*picture != '|')
      survey_add(&survey, length, (uint64_t)(*picture - 'a'));
    picture += length;
  }
}

/* The merged extents, a letter for each byte and context: "ab ab" is two extents of two
 * contexts' values. */
static void
assert_merged(const char *expected)
{
  char text[256];
  size_t used = 0;

  text[0] = '\0';
  for (size_t i = 0; i < survey.count; i++) {
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%llu", i ? " " : "",
                             (unsigned long long)survey.extents[i].length);
    for (unsigned context = 0; context < survey.contexts; context++)
      used += (size_t)snprintf(text + used, sizeof text - used, "%c", (char)('a' + survey.extents[i].values[context]));
  }
  assert_string_equal(text, expected);
}

static void
replies_become_the_extents_beside_them(void **state)
{
  static const struct {
    struct reply replies[4];
    unsigned contexts;
    const char *merged;
    bool complete;
  } cases[] = {
    { { { 0, "aaaa" } }, 1, "4a", true },
    { { { 0, "aabbcc" } }, 1, "2a 2b 2c", true },
    { { { 0, "aa|aa|b" } }, 1, "4a 1b", true }, /* repeated flags */
    { { { 0, "" } }, 1, "", true },
    { { { 0, "aabb" }, { 1, "abbb" } }, 2, "1aa 1ab 2bb", true },
    { { { 1, "abbb" }, { 0, "aabb" } }, 2, "1aa 1ab 2bb", true }, /* in any order */
    { { { 0, "aaaaaa" }, { 1, "bb" } }, 2, "2ab", true },         /* one is short */
    { { { 0, "bb" }, { 1, "aaaaaa" } }, 2, "2ba", true },         /* or long */
    { { { 0, "aaaa" }, { 1, "" } }, 2, "", true },
    { { { 0, "aaaa" } }, 2, "4aa", false },                              /* one is missing */
    { { { 0, "aaaa" }, { 0, "bbbb" }, { 1, "cccc" } }, 2, "4ac", true }, /* one came twice */
    { { { 0, "abab" }, { 1, "aabb" }, { 2, "aaab" } }, 3, "1aaa 1baa 1aba 1bbb", true },
    { { { 3, "ab" }, { 2, "bbb" }, { 0, "c|c|c|c" }, { 1, "dd|d" } }, 4, "1cdba 1cdbb", true },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    survey_begin(&survey, cases[i].contexts);
    for (size_t k = 0; k < 4 && cases[i].replies[k].picture; k++)
      if (survey_reply(&survey, cases[i].replies[k].context))
        add_picture(cases[i].replies[k].picture);
    assert_merged(cases[i].merged);
    assert_int_equal(survey_is_complete(&survey), cases[i].complete);
  }
}

static void
nothing_begins_with_nothing(void **state)
{
  (void)state;
  survey_begin(&survey, 2);
  assert_int_equal(survey.count, 0);
  assert_int_equal(survey.told, 0);
  assert_false(survey_is_complete(&survey));
  survey_reply(&survey, 0);
  survey_add(&survey, 0, 7); /* a server that says nothing in so many words */
  assert_int_equal(survey.count, 0);
  survey_begin(&survey, 1);
  assert_true(survey_reply(&survey, 0)); /* nothing is left of the last one */
}

static void
sixty_four_bits_are_kept(void **state)
{
  (void)state;
  survey_begin(&survey, 2);
  survey_reply(&survey, 0);
  survey_add(&survey, UINT64_C(1) << 62, UINT64_MAX);
  survey_add(&survey, UINT64_MAX, 1);
  survey_add(&survey, UINT64_MAX, 1); /* together more than can be said */
  survey_reply(&survey, 1);
  survey_add(&survey, UINT64_C(1) << 63, UINT64_C(1) << 63);
  assert_int_equal(survey.count, 2);
  assert_true(survey.extents[0].length == UINT64_C(1) << 62 && survey.extents[1].length == UINT64_C(1) << 62);
  assert_true(survey.extents[0].values[0] == UINT64_MAX && survey.extents[0].values[1] == UINT64_C(1) << 63);
}

/* Twice as many extents as fit, of two contexts. */
static void
a_full_survey_ends_earlier(void **state)
{
  (void)state;
  survey_begin(&survey, 2);
  survey_reply(&survey, 0);
  for (unsigned i = 0; i < 2 * SURVEY_EXTENTS_MAX; i++)
    survey_add(&survey, 2, i % 2);
  assert_int_equal(survey.count, SURVEY_EXTENTS_MAX);
  assert_int_equal(survey.told, 2 * SURVEY_EXTENTS_MAX);
  survey_reply(&survey, 1);
  for (unsigned i = 0; i < 4 * SURVEY_EXTENTS_MAX; i++)
    survey_add(&survey, 1, i % 2);
  assert_int_equal(survey.count, SURVEY_EXTENTS_MAX);
  assert_int_equal(survey.told, 4 * SURVEY_EXTENTS_MAX);
  for (unsigned i = 0; i < SURVEY_EXTENTS_MAX; i++) {
    assert_true(survey.extents[i].length == 1);
    assert_true(survey.extents[i].values[0] == i / 2 % 2 && survey.extents[i].values[1] == i % 2);
  }
}

/* What found no room is missing: what comes behind it can't join what is before it. */
static void
nothing_follows_what_found_no_room(void **state)
{
  (void)state;
  survey_begin(&survey, 1);
  survey_reply(&survey, 0);
  for (unsigned i = 0; i < SURVEY_EXTENTS_MAX; i++)
    survey_add(&survey, 1, i % 2);
  survey_add(&survey, 5, 1); /* as the last one: joins it */
  survey_add(&survey, 5, 0);
  survey_add(&survey, 5, 1);
  assert_int_equal(survey.count, SURVEY_EXTENTS_MAX);
  assert_true(survey.extents[SURVEY_EXTENTS_MAX - 1].length == 6);
}

static void
reply_of_no_context(void)
{
  survey_begin(&survey, 2);
  survey_reply(&survey, 2);
}

static void
too_many_contexts(void)
{
  survey_begin(&survey, CONTEXTS_MAX + 1);
}

static void
mistakes_are_asserted(void **state)
{
  (void)state;
  assert_true(is_asserted(reply_of_no_context));
  assert_true(is_asserted(too_many_contexts));
}

/* ---- Random values in four contexts, against a byte-by-byte model ---- */

static uint8_t model[CONTEXTS_MAX][MODEL_BYTES];

/* One context's reply; returns how far it reaches. */
static uint64_t
reply_at_random(struct random *random, unsigned context)
{
  uint64_t length_max = random_power(random, 0, 12), reach = random_between(random, 0, MODEL_BYTES), at = 0;
  uint64_t values = random_between(random, 0, 3);

  while (at < reach) {
    uint64_t length = random_between(random, 1, length_max), value = random_between(random, 0, values);
    length = length < MODEL_BYTES - at ? length : MODEL_BYTES - at;
    memset(model[context] + at, (int)value, length);
    survey_add(&survey, length, value);
    at += length;
  }
  return at;
}

static void
check_against_model(unsigned contexts, uint64_t reach)
{
  uint64_t at = 0;

  for (size_t i = 0; i < survey.count; i++) {
    const struct extent *extent = &survey.extents[i];
    check(extent->length > 0);
    check(i == 0 || memcmp(extent->values, extent[-1].values, sizeof extent->values) != 0);
    for (uint64_t end = at + extent->length; at < end; at++)
      for (unsigned context = 0; context < CONTEXTS_MAX; context++)
        check(extent->values[context] == (context < contexts ? model[context][at] : 0));
  }
  check(at == reach || (survey.count == SURVEY_EXTENTS_MAX && at < reach));
  check(survey.told >= survey.count);
}

static void
merge_at_random(struct random *random)
{
  unsigned contexts = (unsigned)random_between(random, 1, CONTEXTS_MAX);
  unsigned first = (unsigned)random_between(random, 0, contexts - 1);
  uint64_t reach = MODEL_BYTES;

  survey_begin(&survey, contexts);
  for (unsigned i = 0; i < contexts; i++) {
    unsigned context = (first + i) % contexts;
    check(!survey_is_complete(&survey));
    check(survey_reply(&survey, context));
    uint64_t reached = reply_at_random(random, context);
    reach = reached < reach ? reached : reach;
  }
  check(survey_is_complete(&survey) && !survey_reply(&survey, first));
  check_against_model(contexts, reach);
}

static void
random_values_land_on_their_bytes(void **state)
{
  (void)state;
  run_seeds(1000, merge_at_random);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(replies_become_the_extents_beside_them),
    cmocka_unit_test(nothing_begins_with_nothing),
    cmocka_unit_test(sixty_four_bits_are_kept),
    cmocka_unit_test(a_full_survey_ends_earlier),
    cmocka_unit_test(nothing_follows_what_found_no_room),
    cmocka_unit_test(mistakes_are_asserted),
    cmocka_unit_test(random_values_land_on_their_bytes),
  };

  survey_init(&survey, merged, before, SURVEY_EXTENTS_MAX);
  return cmocka_run_group_tests(tests, NULL, NULL);
}
