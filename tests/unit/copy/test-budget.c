/* SPDX-License-Identifier: MIT */
/* The memory is divided once and never grows: whatever block sizes the two ends
 * have, the sum must stay within --memory, or the operator is told what it takes. */
#include "unit/unit.h"

#include "base/limits.h"
#include "base/range.h"
#include "copy/budget.h"

/* An end that can do anything, with the memory's default. */
static const struct budget_needs easy = { .payload_bytes = PAYLOAD_BYTES_DEFAULT,
                                          .sparse_bytes = SPARSE_BYTES_DEFAULT,
                                          .zero_max = ZERO_BYTES_MAX,
                                          .source_block_min = 1,
                                          .source_request_max = LOCAL_REQUEST_BYTES_MAX,
                                          .destination_block_min = 1,
                                          .destination_block_preferred = BLOCK_BYTES_PREFERRED_DEFAULT,
                                          .destination_request_max = LOCAL_REQUEST_BYTES_MAX };

static void check_plan(const struct budget *budget, const struct budget_needs *needs);

/* What the operator says of requests is obeyed, or refused. */
static void
requests_are_as_large_as_was_asked_for(void **state)
{
  struct budget_needs needs = easy;
  struct budget budget;
  struct fault fault = { 0 };

  (void)state;
  needs.request_bytes = 32 * KIB;
  assert_int_equal(budget_plan(&budget, &needs, &fault), 0);
  check_plan(&budget, &needs);
  assert_int_equal(budget.slot_bytes, 32 * KIB);
  needs.request_bytes = 32 * MIB;
  assert_int_equal(budget_plan(&budget, &needs, &fault), -1);
  needs.payload_bytes = REQUESTS_PER_PAYLOAD * 32 * MIB;
  assert_int_equal(budget_plan(&budget, &needs, &fault), 0);
  check_plan(&budget, &needs);
  assert_int_equal(budget.slot_bytes, 32 * MIB);
}

/* What both ends say of themselves, each its own. */
static void
needs_are_those_of_the_ends(void **state)
{
  struct traits source = { .block_min = 512, .block_preferred = 1024, .request_max = 2048 };
  struct traits destination = { .block_min = 4096, .block_preferred = 8192, .request_max = 16384 };
  struct budget_needs needs = budget_needs_of(&source, &destination);

  (void)state;
  assert_int_equal(needs.source_block_min, 512);
  assert_int_equal(needs.source_request_max, 2048);
  assert_int_equal(needs.destination_block_min, 4096);
  assert_int_equal(needs.destination_block_preferred, 8192);
  assert_int_equal(needs.destination_request_max, 16384);
  assert_int_equal(needs.payload_bytes + needs.request_bytes + needs.sparse_bytes + needs.zero_max, 0);
}

/* Everything that budget.h promises of a plan. */
static void
check_plan(const struct budget *budget, const struct budget_needs *needs)
{
  uint64_t sum = (uint64_t)budget->slots * budget->slot_bytes + (uint64_t)budget->stages * budget->block_bytes;

  check(sum + budget->zero_bytes <= needs->payload_bytes);

  check(range_is_power_of_two(budget->slot_bytes));
  check(budget->slot_bytes % needs->source_block_min == 0);
  check(budget->slot_bytes <= needs->source_request_max);
  check(budget->slots >= SLOTS_MIN && budget_slots(budget) <= SLOTS_MAX);
  check(budget->spare_slots * budget->slot_bytes <= needs->spare_bytes);

  check(range_is_power_of_two(budget->block_bytes));
  check(budget->block_bytes % needs->destination_block_min == 0);
  check(budget->stages >= STAGES_MIN && budget->stages <= STAGES_MAX);

  check(budget->zero_bytes >= budget->block_bytes && budget->zero_bytes % budget->block_bytes == 0);
  check(budget->write_max >= budget->block_bytes && budget->write_max % budget->block_bytes == 0);
  check(budget->write_max <= needs->destination_request_max);
  check(budget->zero_max >= budget->block_bytes && budget->zero_max % budget->block_bytes == 0);
  check(budget->zero_max <= needs->zero_max);
  /* Zeros that have to be written as data come out of this block. */
  check(budget->zero_bytes <= budget->write_max);
}

static void
the_default_keeps_every_slot_busy(void **state)
{
  struct budget budget;
  struct fault fault = { 0 };

  (void)state;
  assert_int_equal(budget_plan(&budget, &easy, &fault), 0);
  assert_int_equal(fault.exit_code, EXIT_DONE);
  assert_int_equal(budget.slot_bytes, 512 * KIB);
  assert_int_equal(budget.block_bytes, 4 * KIB);
  assert_int_equal(budget.stages, STAGES_MAX);
  assert_in_range(budget.slots, PAYLOAD_SHARE_PER_SLOT - 2,
                  PAYLOAD_SHARE_PER_SLOT); /* staging and zeros take their share */
  check_plan(&budget, &easy);
}

static void
the_least_memory_is_enough_for_ends_without_demands(void **state)
{
  struct budget_needs needs = easy;
  struct budget budget;
  struct fault fault;

  (void)state;
  needs.payload_bytes = PAYLOAD_BYTES_MIN;
  for (needs.destination_block_preferred = 1; needs.destination_block_preferred <= BLOCK_BYTES_MAX;
       needs.destination_block_preferred *= 2) {
    assert_int_equal(budget_plan(&budget, &needs, &fault), 0);
    check_plan(&budget, &needs);
  }
}

static void
the_block_follows_the_destination(void **state)
{
  static const struct {
    uint64_t min, preferred, sparse, request_max, block;
  } cases[] = {
    { 1, 64 * KIB, 4 * KIB, 32 * MIB, 64 * KIB }, /* what it prefers */
    { 1, 4 * KIB, 64 * KIB, 32 * MIB, 64 * KIB }, /* or what zeros are to be looked for in */
    { 1, 4 * KIB, 0, 32 * MIB, 4 * KIB },
    { 1, 32 * MIB, 0, 32 * MIB, 2 * MIB },      /* but no more than a share of the memory */
    { 4 * MIB, 4 * MIB, 0, 32 * MIB, 4 * MIB }, /* which a minimum outweighs */
    { 1, 1 * MIB, 0, 100 * KIB, 64 * KIB },     /* nor more than a request holds */
    { 512, 512, 0, 512, 512 },
    { 1, 1, 0, 1, 1 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct budget_needs needs = easy;
    struct budget budget;
    struct fault fault;

    needs.destination_block_min = cases[i].min;
    needs.destination_block_preferred = cases[i].preferred;
    needs.sparse_bytes = cases[i].sparse;
    needs.destination_request_max = cases[i].request_max;
    assert_int_equal(budget_plan(&budget, &needs, &fault), 0);
    assert_int_equal(budget.block_bytes, cases[i].block);
    check_plan(&budget, &needs);
  }
}

static void
a_read_follows_the_source(void **state)
{
  static const struct {
    uint64_t payload, min, request_max, slot;
  } cases[] = {
    { 16 * MIB, 1, 32 * MIB, 512 * KIB },
    { 512 * KIB, 1, 32 * MIB, SLOT_BYTES_MIN },
    { 4 * GIB, 1, 64 * MIB, SLOT_BYTES_MAX },
    { 16 * MIB, 1, 100000, 64 * KIB }, /* the largest power of two in a request */
    { 16 * MIB, 512, 512, 512 },
    { 16 * MIB, 2 * MIB, 32 * MIB, 2 * MIB }, /* at least a block */
    { 16 * MIB, 1, 1, 1 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    struct budget_needs needs = easy;
    struct budget budget;
    struct fault fault;

    needs.payload_bytes = cases[i].payload;
    needs.source_block_min = cases[i].min;
    needs.source_request_max = cases[i].request_max;
    assert_int_equal(budget_plan(&budget, &needs, &fault), 0);
    assert_int_equal(budget.slot_bytes, cases[i].slot);
    check_plan(&budget, &needs);
  }
}

/* The number that the fault names, in bytes. */
static uint64_t
advised_bytes(const struct fault *fault)
{
  const char *text = strstr(fault->text, "--memory=");
  char *end;

  check(text);
  uint64_t mib = strtoull(text + strlen("--memory="), &end, 10);
  check(mib > 0 && *end == 'M');
  return mib * MIB;
}

/* The operator does as told: it must not fail again with another number. */
static void
check_advice(const struct budget_needs *needs, const struct fault *fault)
{
  struct budget_needs more = *needs;
  struct fault second = { 0 };
  struct budget budget;

  check(fault->exit_code == EXIT_FAILED);
  more.payload_bytes = advised_bytes(fault);
  check(more.payload_bytes > needs->payload_bytes);
  check(more.payload_bytes <= PAYLOAD_BYTES_MAX);
  if (budget_plan(&budget, &more, &second) != 0) {
    unit_say_seed();
    fail_msg("first \"%s\", then \"%s\"", fault->text, second.text);
  }
  check_plan(&budget, &more);
}

static void
blocks_that_do_not_fit_are_told_with_what_would_do(void **state)
{
  static const uint64_t blocks[][2] = {
    { 32 * MIB, 1 }, { 1, 32 * MIB }, { 32 * MIB, 32 * MIB }, { 8 * MIB, 8 * MIB }
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(blocks); i++) {
    struct budget_needs needs = easy;
    struct budget budget;
    struct fault fault;

    needs.source_block_min = blocks[i][0];
    needs.destination_block_min = blocks[i][1];
    needs.destination_block_preferred = range_max(blocks[i][1], 4 * KIB);
    assert_int_equal(budget_plan(&budget, &needs, &fault), -1);
    check_advice(&needs, &fault);
  }
}

/* Any ends that keep to struct traits, and any memory that the options let through. */
static void
one_random_pair(struct random *random)
{
  struct budget_needs needs = { .payload_bytes = PAYLOAD_BYTES_MIN << random_between(random, 0, 13),
                                .sparse_bytes = random_one_in(random, 4) ? 0 : random_power(random, 9, 25),
                                .zero_max = random_one_in(random, 2) ? ZERO_BYTES_MAX : ZERO_BYTES_MAX_AS_NBDCOPY,
                                .source_block_min = random_power(random, 0, 25),
                                .destination_block_min = random_power(random, 0, 25) };
  struct budget budget;
  struct fault fault = { 0 };

  if (needs.payload_bytes < PAYLOAD_BYTES_MAX)
    needs.payload_bytes += random_between(random, 0, needs.payload_bytes - 1);
  needs.spare_bytes = random_between(random, 0, 1) * random_between(random, 0, SPARE_BYTES_MAX);
  needs.source_request_max = random_between(random, needs.source_block_min, LOCAL_REQUEST_BYTES_MAX);
  needs.destination_request_max = random_between(random, needs.destination_block_min, LOCAL_REQUEST_BYTES_MAX);
  needs.destination_block_preferred = range_max(random_power(random, 0, 25), needs.destination_block_min);
  if (budget_plan(&budget, &needs, &fault) == 0)
    check_plan(&budget, &needs);
  else
    check_advice(&needs, &fault);
}

static void
random_pairs_fit_or_are_told_what_would_do(void **state)
{
  (void)state;
  run_seeds(20000, one_random_pair);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(needs_are_those_of_the_ends),
    cmocka_unit_test(requests_are_as_large_as_was_asked_for),
    cmocka_unit_test(the_default_keeps_every_slot_busy),
    cmocka_unit_test(the_least_memory_is_enough_for_ends_without_demands),
    cmocka_unit_test(the_block_follows_the_destination),
    cmocka_unit_test(a_read_follows_the_source),
    cmocka_unit_test(blocks_that_do_not_fit_are_told_with_what_would_do),
    cmocka_unit_test(random_pairs_fit_or_are_told_what_would_do),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
