/* SPDX-License-Identifier: MIT */
/* A flag that is misread makes data into a hole, or writes where nothing may be
 * written: what each value of each context means is written down here. */
#include "unit/unit.h"

#include "disk/contexts.h"

static struct contexts
make(const char *first, const char *second)
{
  struct contexts contexts = { .count = 0 };

  assert_true(contexts_add(&contexts, first, false));
  if (second)
    assert_true(contexts_add(&contexts, second, true));
  return contexts;
}

static void
names_tell_kinds(void **state)
{
  (void)state;
  assert_int_equal(contexts_kind_of("base:allocation"), CONTEXT_ALLOCATION);
  assert_int_equal(contexts_kind_of("qemu:allocation-depth"), CONTEXT_DEPTH);
  assert_int_equal(contexts_kind_of("qemu:joint-allocation"), CONTEXT_JOINT);
  assert_int_equal(contexts_kind_of("qemu:dirty-bitmap:"), CONTEXT_DIRTY);
  assert_int_equal(contexts_kind_of("qemu:dirty-bitmap:b:c"), CONTEXT_DIRTY);
  assert_int_equal(contexts_kind_of("qemu:dirty-bitmap"), CONTEXT_OTHER);
  assert_int_equal(contexts_kind_of("base:allocations"), CONTEXT_OTHER);
  assert_int_equal(contexts_kind_of(""), CONTEXT_OTHER);
}

static void
contexts_are_kept_in_order_and_once(void **state)
{
  struct contexts contexts = { .count = 0 };
  char name[2 * CONTEXT_NAME_BYTES];

  (void)state;
  assert_int_equal(contexts_find(&contexts, "a:b"), CONTEXTS_MAX);
  assert_true(contexts_add(&contexts, "a:b", false));
  assert_true(contexts_add(&contexts, "c:d", true));
  assert_true(contexts_add(&contexts, "a:b", true));
  assert_int_equal(contexts.count, 2);
  assert_int_equal(contexts_find(&contexts, "a:b"), 0);
  assert_int_equal(contexts_find(&contexts, "c:d"), 1);
  assert_false(contexts.list[0].required);
  assert_true(contexts.list[1].required);
  for (size_t length = CONTEXT_NAME_BYTES; length >= CONTEXT_NAME_BYTES - 1; length--) {
    memset(name, 'x', length);
    name[length] = '\0';
    assert_int_equal(contexts_add(&contexts, name, false), length < CONTEXT_NAME_BYTES);
  }
  assert_true(contexts_add(&contexts, "e:f", false));
  assert_false(contexts_add(&contexts, "g:h", false));
  assert_int_equal(contexts.count, CONTEXTS_MAX);
}

static void
the_joint_context_takes_the_place_of_two(void **state)
{
  struct contexts contexts = make(CONTEXT_ALLOCATION_NAME, CONTEXT_DEPTH_NAME), joint;

  (void)state;
  contexts_add(&contexts, CONTEXT_DIRTY_PREFIX "b", true);
  contexts_prefer_joint(&contexts, &joint);
  assert_int_equal(joint.count, 2);
  assert_string_equal(joint.list[0].name, CONTEXT_JOINT_NAME);
  assert_string_equal(joint.list[1].name, CONTEXT_DIRTY_PREFIX "b");
  assert_true(joint.list[0].required && joint.list[1].required);
}

static void
values_become_flags(void **state)
{
  static const struct {
    const char *name;
    uint64_t value;
    uint32_t flags;
  } cases[] = {
    { CONTEXT_ALLOCATION_NAME, 0, 0 },
    { CONTEXT_ALLOCATION_NAME, 1, EXTENT_HOLE },
    { CONTEXT_ALLOCATION_NAME, 2, EXTENT_ZERO },
    { CONTEXT_ALLOCATION_NAME, 3, EXTENT_HOLE | EXTENT_ZERO },
    { CONTEXT_ALLOCATION_NAME, UINT64_MAX - 3, 0 }, /* whatever that may mean one day */
    { CONTEXT_ALLOCATION_NAME, UINT64_C(1) << 33 | 2, EXTENT_ZERO },
    { CONTEXT_JOINT_NAME, 3, EXTENT_HOLE | EXTENT_ZERO },
    { CONTEXT_JOINT_NAME, 4, EXTENT_LOCAL },
    { CONTEXT_JOINT_NAME, 7, EXTENT_HOLE | EXTENT_ZERO | EXTENT_LOCAL },
    { CONTEXT_JOINT_NAME, 8, EXTENT_BACKING },
    { CONTEXT_JOINT_NAME, 16 | 32, 0 },
    { CONTEXT_DEPTH_NAME, 0, 0 },
    { CONTEXT_DEPTH_NAME, 1, EXTENT_LOCAL },
    { CONTEXT_DEPTH_NAME, 2, EXTENT_BACKING },
    { CONTEXT_DEPTH_NAME, 3, EXTENT_BACKING }, /* a number, no bits */
    { CONTEXT_DEPTH_NAME, UINT64_MAX, EXTENT_BACKING },
    { CONTEXT_DIRTY_PREFIX "b", 0, 0 },
    { CONTEXT_DIRTY_PREFIX "b", 1, EXTENT_DIRTY },
    { CONTEXT_DIRTY_PREFIX "b", 2, 0 },
    { "some:thing", 3, 0 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct contexts one = make(cases[i].name, NULL), second = make("some:thing", cases[i].name);
    uint64_t values[CONTEXTS_MAX] = { cases[i].value }, moved[CONTEXTS_MAX] = { 3, cases[i].value };
    if (contexts_flags(&one, values) != cases[i].flags)
      fail_msg("case %zu", i);
    if (second.count == 2)
      assert_int_equal(contexts_flags(&second, moved), cases[i].flags);
  }
}

static void
flags_decide_what_is_copied(void **state)
{
  /* Of base:allocation, and of depth or of a bitmap. */
  static const struct {
    uint64_t allocation, other;
    enum part part;
    enum extent_kind kind;
  } cases[] = {
    { 0, 0, PART_ALL, EXTENT_IS_DATA },   { 1, 0, PART_ALL, EXTENT_IS_DATA },   { 2, 0, PART_ALL, EXTENT_IS_ZERO },
    { 3, 1, PART_ALL, EXTENT_IS_ZERO },   { 0, 0, PART_DIRTY, EXTENT_IS_KEPT }, { 3, 0, PART_DIRTY, EXTENT_IS_KEPT },
    { 0, 1, PART_DIRTY, EXTENT_IS_DATA }, { 1, 1, PART_DIRTY, EXTENT_IS_DATA }, { 2, 1, PART_DIRTY, EXTENT_IS_ZERO },
    { 3, 1, PART_DIRTY, EXTENT_IS_ZERO }, { 0, 0, PART_LAYER, EXTENT_IS_KEPT }, { 3, 0, PART_LAYER, EXTENT_IS_KEPT },
    { 0, 1, PART_LAYER, EXTENT_IS_DATA }, { 1, 1, PART_LAYER, EXTENT_IS_DATA }, /* a local hole is still local */
    { 3, 1, PART_LAYER, EXTENT_IS_ZERO }, { 0, 2, PART_LAYER, EXTENT_IS_KEPT }, { 0, 3, PART_LAYER, EXTENT_IS_KEPT },
  };
  struct contexts layers = make(CONTEXT_ALLOCATION_NAME, CONTEXT_DEPTH_NAME);
  struct contexts changes = make(CONTEXT_ALLOCATION_NAME, CONTEXT_DIRTY_PREFIX "b");

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    uint64_t values[CONTEXTS_MAX] = { cases[i].allocation, cases[i].other };
    const struct contexts *contexts = cases[i].part == PART_LAYER ? &layers : &changes;
    if (contexts_judge(contexts, values, cases[i].part) != cases[i].kind)
      fail_msg("case %zu", i);
  }
}

/* In the example of the discussion that qemu:joint-allocation comes from. */
static void
the_joint_context_decides_likewise(void **state)
{
  static const enum extent_kind kinds[] = { EXTENT_IS_KEPT, EXTENT_IS_DATA, EXTENT_IS_ZERO, EXTENT_IS_KEPT };
  static const uint64_t flags[] = { 3, 4, 7, 8 };
  struct contexts joint = make(CONTEXT_JOINT_NAME, NULL);

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(flags); i++) {
    uint64_t values[CONTEXTS_MAX] = { flags[i] };
    assert_int_equal(contexts_judge(&joint, values, PART_LAYER), kinds[i]);
  }
}

static void
values_have_words(void **state)
{
  static const struct {
    const char *name;
    uint64_t value;
    const char *words;
  } cases[] = {
    { CONTEXT_ALLOCATION_NAME, 0, "data" },
    { CONTEXT_ALLOCATION_NAME, 1, "hole" },
    { CONTEXT_ALLOCATION_NAME, 2, "zero" },
    { CONTEXT_ALLOCATION_NAME, 3, "hole,zero" },
    { CONTEXT_ALLOCATION_NAME, 4, "" },
    { CONTEXT_DEPTH_NAME, 0, "absent" },
    { CONTEXT_DEPTH_NAME, 1, "local" },
    { CONTEXT_DEPTH_NAME, 2, "backing depth 2" },
    { CONTEXT_DEPTH_NAME, UINT64_MAX, "backing depth 18446744073709551615" },
    { CONTEXT_DIRTY_PREFIX, 0, "clean" },
    { CONTEXT_DIRTY_PREFIX, 1, "dirty" },
    { CONTEXT_DIRTY_PREFIX, 2, "" },
    { CONTEXT_JOINT_NAME, 3, "hole,zero,absent" },
    { CONTEXT_JOINT_NAME, 4, "data,local" },
    { CONTEXT_JOINT_NAME, 10, "zero,backing" },
    { CONTEXT_JOINT_NAME, 16, "" },
    { "some:thing", 0, "" },
  };
  char words[CONTEXT_WORDS_BYTES];

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    contexts_describe(contexts_kind_of(cases[i].name), cases[i].value, words);
    assert_string_equal(words, cases[i].words);
  }
}

/* What isn't in this image, whatever it is made of, where that is known. */
static void
holes_are_those_of_the_image(void **state)
{
  static const struct {
    const char *first, *second;
    uint32_t flags;
    bool is_hole;
  } cases[] = {
    { CONTEXT_ALLOCATION_NAME, NULL, EXTENT_HOLE, true },
    { CONTEXT_ALLOCATION_NAME, NULL, EXTENT_ZERO, false },
    { CONTEXT_ALLOCATION_NAME, CONTEXT_DEPTH_NAME, EXTENT_HOLE | EXTENT_LOCAL, false },
    { CONTEXT_ALLOCATION_NAME, CONTEXT_DEPTH_NAME, EXTENT_BACKING, true },
    { CONTEXT_JOINT_NAME, NULL, EXTENT_HOLE | EXTENT_LOCAL, false },
    { CONTEXT_JOINT_NAME, NULL, 0, true },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct contexts contexts = make(cases[i].first, cases[i].second);
    assert_int_equal(contexts_is_hole(&contexts, cases[i].flags), cases[i].is_hole);
    assert_true(contexts_have_kind(&contexts, contexts_kind_of(cases[i].first)));
    assert_false(contexts_have_kind(&contexts, CONTEXT_DIRTY));
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(names_tell_kinds),
    cmocka_unit_test(contexts_are_kept_in_order_and_once),
    cmocka_unit_test(the_joint_context_takes_the_place_of_two),
    cmocka_unit_test(values_become_flags),
    cmocka_unit_test(flags_decide_what_is_copied),
    cmocka_unit_test(the_joint_context_decides_likewise),
    cmocka_unit_test(values_have_words),
    cmocka_unit_test(holes_are_those_of_the_image),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
