/* SPDX-License-Identifier: MIT */
/* Scripts take nbdinfo's output apart by its words, its tabs and its commas: the
 * facts must be printed exactly so, and what is unknown not at all. */
#include "unit/unit.h"

#include "report/info.h"

static char bytes[8192], context_bytes[256];
static struct text out;
static struct facts facts;

static void
know_all(void)
{
  facts = (struct facts){ .protocol = "newstyle-fixed",
                          .name = "a \"disk\"",
                          .description = "my\033disk",
                          .uri = "nbd://h:10809/a",
                          .content = "data",
                          .size = 3000000,
                          .has_contexts = true };
  for (int i = 0; i < FACTS; i++)
    facts.is[i] = i % 2;
  facts.block_sizes[BLOCK_MINIMUM] = 1;
  facts.block_sizes[BLOCK_PREFERRED] = 4096;
  facts.block_sizes[BLOCK_MAXIMUM] = 33554432;
  names_init(&facts.contexts, context_bytes, sizeof context_bytes);
  names_add(&facts.contexts, "base:allocation");
  names_add(&facts.contexts, "qemu:x");
}

static void
know_nothing(void)
{
  facts = (struct facts){ .size = -1 };
  for (int i = 0; i < FACTS; i++)
    facts.is[i] = FACT_UNKNOWN;
}

static const char *
printed(bool json, bool colour, unsigned exports)
{
  struct info info = { .out = &out, .json = json, .colour = colour };

  text_init(&out, bytes, sizeof bytes);
  info_begin(&info, &facts);
  while (info.count < exports)
    info_export(&info, &facts);
  info_end(&info);
  assert_false(out.full);
  return bytes;
}

static void
people_read_all_that_is_known(void **state)
{
  (void)state;
  know_all();
  assert_string_equal(printed(false, false, 1), "protocol: newstyle-fixed without TLS, using structured packets\n"
                                                "export=\"a \\\"disk\\\"\":\n"
                                                "\tdescription: my?disk\n"
                                                "\texport-size: 3000000\n"
                                                "\tcontent: data\n"
                                                "\turi: nbd://h:10809/a\n"
                                                "\tcontexts:\n"
                                                "\t\tbase:allocation\n"
                                                "\t\tqemu:x\n"
                                                "\tis_rotational: true\n"
                                                "\tis_read_only: false\n"
                                                "\tcan_block_status_payload: true\n"
                                                "\tcan_cache: false\n"
                                                "\tcan_df: true\n"
                                                "\tcan_fast_zero: false\n"
                                                "\tcan_flush: true\n"
                                                "\tcan_fua: false\n"
                                                "\tcan_multi_conn: true\n"
                                                "\tcan_trim: false\n"
                                                "\tcan_zero: true\n"
                                                "\tblock_size_minimum: 1\n"
                                                "\tblock_size_preferred: 4096 (4K)\n"
                                                "\tblock_size_maximum: 33554432 (32M)\n");
}

static void
packets_and_encryption_are_named(void **state)
{
  (void)state;
  know_all();
  facts.is[FACT_TLS] = 1;
  facts.is[FACT_EXTENDED] = 1;
  assert_string_equal(printed(false, false, 0), "protocol: newstyle-fixed with TLS, using extended packets\n");
  facts.is[FACT_EXTENDED] = facts.is[FACT_STRUCTURED] = 0;
  assert_string_equal(printed(false, false, 0), "protocol: newstyle-fixed with TLS, using simple packets\n");
}

static void
programs_read_all_that_is_known(void **state)
{
  (void)state;
  know_all();
  assert_string_equal(printed(true, true, 1), "{\n"
                                              "\"protocol\": \"newstyle-fixed\",\n"
                                              "\"TLS\": false,\n"
                                              "\"structured\": true,\n"
                                              "\"extended\": false,\n"
                                              "\"exports\": [\n"
                                              "\t{\n"
                                              "\t\"export-name\": \"a \\\"disk\\\"\",\n"
                                              "\t\"description\": \"my\\u001bdisk\",\n"
                                              "\t\"content\": \"data\",\n"
                                              "\t\"uri\": \"nbd://h:10809/a\",\n"
                                              "\t\"contexts\": [\n"
                                              "\t\t\"base:allocation\",\n"
                                              "\t\t\"qemu:x\"\n"
                                              "\t],\n"
                                              "\t\"is_rotational\": true,\n"
                                              "\t\"is_read_only\": false,\n"
                                              "\t\"can_block_status_payload\": true,\n"
                                              "\t\"can_cache\": false,\n"
                                              "\t\"can_df\": true,\n"
                                              "\t\"can_fast_zero\": false,\n"
                                              "\t\"can_flush\": true,\n"
                                              "\t\"can_fua\": false,\n"
                                              "\t\"can_multi_conn\": true,\n"
                                              "\t\"can_trim\": false,\n"
                                              "\t\"can_zero\": true,\n"
                                              "\t\"block_size_minimum\": 1,\n"
                                              "\t\"block_size_preferred\": 4096,\n"
                                              "\t\"block_size_maximum\": 33554432,\n"
                                              "\t\"export-size\": 3000000,\n"
                                              "\t\"export-size-str\": \"3000000\"\n"
                                              "\t} ]\n"
                                              "}\n");
}

static void
what_is_unknown_is_left_out(void **state)
{
  (void)state;
  know_nothing();
  assert_string_equal(printed(false, false, 1), "export=\"\":\n\texport-size: unavailable\n");
  assert_string_equal(printed(true, false, 1), "{\n\"exports\": [\n\t{\n\t\"export-name\": \"\",\n"
                                               "\t\"export-size-str\": \"unavailable\"\n\t} ]\n}\n");
}

static void
lists_are_separated(void **state)
{
  (void)state;
  know_nothing();
  assert_string_equal(printed(true, false, 0), "{\n\"exports\": []\n}\n");
  assert_string_equal(printed(true, false, 2),
                      "{\n\"exports\": [\n"
                      "\t{\n\t\"export-name\": \"\",\n\t\"export-size-str\": \"unavailable\"\n\t},\n"
                      "\t{\n\t\"export-name\": \"\",\n\t\"export-size-str\": \"unavailable\"\n\t} ]\n}\n");
}

static void
colours_mark_what_can_be_done(void **state)
{
  (void)state;
  know_nothing();
  facts.is[FACT_READ_ONLY] = facts.is[FACT_TRIM] = 0;
  facts.is[FACT_ZERO] = 1;
  assert_string_equal(printed(false, true, 1), "\033[1;35mexport=\"\":\n\texport-size: unavailable\n\033[0m"
                                               "\tis_read_only: false\n"
                                               "\033[22;31m\tcan_trim: false\n\033[0m"
                                               "\033[22;32m\tcan_zero: true\n\033[0m");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(people_read_all_that_is_known),
    cmocka_unit_test(packets_and_encryption_are_named),
    cmocka_unit_test(programs_read_all_that_is_known),
    cmocka_unit_test(what_is_unknown_is_left_out),
    cmocka_unit_test(lists_are_separated),
    cmocka_unit_test(colours_mark_what_can_be_done),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
