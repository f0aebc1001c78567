/* SPDX-License-Identifier: MIT */
/* Scripts ask `--can WORD` in every spelling that nbdinfo takes; an answer about
 * another fact than was meant would pass unnoticed. */
#include "unit/unit.h"

#include "report/facts.h"

static void
words_are_spelt_in_many_ways(void **state)
{
  static const struct {
    const char *word;
    enum fact fact;
    bool negated;
  } cases[] = {
    { "connect", FACT_CONNECTED, false },
    { "read", FACT_CONNECTED, false },
    { "TLS", FACT_TLS, false },
    { "sr", FACT_STRUCTURED, false },
    { "structured", FACT_STRUCTURED, false },
    { "structured reply", FACT_STRUCTURED, false },
    { "structured-reply", FACT_STRUCTURED, false },
    { "structured_replies", FACT_STRUCTURED, false },
    { "eh", FACT_EXTENDED, false },
    { "extended-header", FACT_EXTENDED, false },
    { "Extended Headers", FACT_EXTENDED, false },
    { "readonly", FACT_READ_ONLY, false },
    { "read-only", FACT_READ_ONLY, false },
    { "read_only", FACT_READ_ONLY, false },
    { "write", FACT_READ_ONLY, true },
    { "rotational", FACT_ROTATIONAL, false },
    { "block-status-payload", FACT_BLOCK_STATUS_PAYLOAD, false },
    { "cache", FACT_CACHE, false },
    { "df", FACT_DF, false },
    { "fastzero", FACT_FAST_ZERO, false },
    { "fast_zero", FACT_FAST_ZERO, false },
    { "flush", FACT_FLUSH, false },
    { "fua", FACT_FUA, false },
    { "multiconn", FACT_MULTI_CONN, false },
    { "multi-conn", FACT_MULTI_CONN, false },
    { "trim", FACT_TRIM, false },
    { "zero", FACT_ZERO, false },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    enum fact fact = FACT_CONNECTED;
    bool negated = !cases[i].negated;
    if (!facts_find(cases[i].word, &fact, &negated) || fact != cases[i].fact || negated != cases[i].negated)
      fail_msg("\"%s\" became %d", cases[i].word, (int)fact);
  }
}

static void
unknown_words_are_refused(void **state)
{
  static const char *const cases[] = {
    "",
    "-",
    "nosuch",
    "zer",
    "zeroes",
    "read-write",
    "structuredstructuredstructuredstructured",
    "blockstatuspayloadblockstatuspayload",
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++) {
    enum fact fact;
    bool negated;
    if (facts_find(cases[i], &fact, &negated))
      fail_msg("\"%s\" was found", cases[i]);
  }
}

static void
every_fact_has_a_name(void **state)
{
  (void)state;
  for (int i = 0; i < FACTS; i++)
    assert_non_null(facts_names[i]);
  for (int i = 0; i < BLOCK_SIZES; i++)
    assert_non_null(facts_block_size_names[i]);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(words_are_spelt_in_many_ways),
    cmocka_unit_test(unknown_words_are_refused),
    cmocka_unit_test(every_fact_has_a_name),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
