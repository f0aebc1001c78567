/* SPDX-License-Identifier: MIT */
/* Options that say two things at once which can't both be meant are refused before anything is opened; and what
 * follows from those that can is set. */
#include "unit/command_line.h"

/* Contexts that tell what a part is are required; the holes in it are but good to know. */
static void
a_part_is_asked_for_by_its_contexts(void **state)
{
  char name[CONTEXT_NAME_BYTES + 32] = "--dirty-bitmap=";

  (void)state;
  assert_parsed(PARSE("a", "b"));
  assert_int_equal(options.copy.part, PART_ALL);
  assert_int_equal(options.wishes.contexts.count, 1);
  assert_false(options.wishes.contexts.list[0].required);
  assert_parsed(PARSE("--no-extents", "a", "b"));
  assert_int_equal(options.wishes.contexts.count, 0);
  assert_parsed(PARSE("--dirty-bitmap=b:c", "a", "b"));
  assert_int_equal(options.copy.part, PART_DIRTY);
  assert_int_equal(options.wishes.contexts.count, 2);
  assert_string_equal(options.wishes.contexts.list[1].name, "qemu:dirty-bitmap:b:c");
  assert_true(options.wishes.contexts.list[1].required && !options.wishes.contexts.list[0].required &&
              !options.wishes.contexts.joint_first);
  assert_parsed(PARSE("--layer", "a", "null:"));
  assert_int_equal(options.copy.part, PART_LAYER);
  assert_string_equal(options.wishes.contexts.list[1].name, "qemu:allocation-depth");
  assert_true(options.wishes.contexts.list[1].required && options.wishes.contexts.joint_first);
  memset(name + strlen(name), 'x', 1023); /* the longest that qemu has */
  assert_parsed(PARSE(name, "a", "b"));
  assert_int_equal(strlen(options.wishes.contexts.list[1].name), strlen("qemu:dirty-bitmap:") + 1023);
  memset(name + strlen(name), 'x', CONTEXT_NAME_BYTES - 1023);
  assert_int_equal(PARSE(name, "a", "b"), -1);
}

static void
a_block_map_takes_the_place_of_extents(void **state)
{
  (void)state;
  assert_parsed(PARSE("a", "b"));
  assert_true(!options.copy.bmap && !options.copy.no_extents);
  assert_parsed(PARSE("--bmap=x", "--mapfile=m", "--verify", "--hold-back=1M", "a", "b"));
  assert_string_equal(options.copy.bmap, "x");
  assert_true(options.copy.no_extents);
  assert_int_equal(options.wishes.contexts.count, 0);
  assert_parsed(PARSE("--bmap=x", "a", "null:"));
}

/* A request as large as is wished for has the memory that it takes, unless that was said too. */
static void
memory_follows_the_requests(void **state)
{
  (void)state;
  assert_parsed(PARSE("--request-size=32M", "a", "b"));
  assert_int_equal(options.copy.payload_bytes, 128 * MIB);
  assert_parsed(PARSE("--request-size=32M", "--memory=1M", "a", "b"));
  assert_int_equal(options.copy.payload_bytes, MIB);
}

static void
what_cant_be_together_is_refused(void **state)
{
  static const struct wrong_line cases[] = {
    { { "--layer", "--dirty-bitmap=b", "a", "b" }, "--dirty-bitmap can't be used with --layer" },
    { { "--dirty-bitmap=", "a", "b" }, "can't be a bitmap of that name" },
    { { "--layer", "--no-extents", "a", "b" }, "--no-extents can't be used with --layer" },
    { { "--dirty-bitmap=b", "--target-is-zero", "a", "b" }, "--destination-is-zero can't be used with --dirty-bitmap" },
    { { "--layer", "--sha256", "a", "b" }, "a digest is of the whole disk" },
    { { "--blocks=l", "a", "b" }, "--expect=blkhash:HEX" },
    { { "--delta", "a", "b" }, "--delta needs the list" },
    { { "--skip-identical", "a", "null:" }, "can't be done of null:" },
    { { "--skip-identical", "a", "-" }, "can't be done of -" },
    { { "--skip-identical", "--allocated", "a", "b" }, "can't be used with --allocated" },
    { { "--skip-identical", "--target-is-zero", "a", "b" }, "can't be used with --destination-is-zero" },
    { { "--delta", "--blocks=l", "--expect=blkhash:12", "a", "null:" }, "has something already" },
    { { "--blocks=l", "--expect=sha256:12", "a", "b" }, "--expect=blkhash:HEX" },
    { { "--blocks=-", "--expect=blkhash:12", "a", "b" }, "can't be a stream" },
    { { "--blocks=", "--expect=blkhash:12", "a", "b" }, "can't be a stream" },
    { { "--blocks=l", "--expect=blkhash:12", "-", "b" }, "can't be used with --blocks" },
    { { "--blocks=l", "--expect=blkhash:12", "--on-read-error=skip", "a", "b" }, "can't be used with --on-read-error" },
    { { "--blocks=l", "--expect=blkhash:12", "--blkhash-file=f", "a", "b" }, "no --blkhash-file" },
    { { "--blocks=l", "--expect=blkhash:12", "--sha256", "--from=1k", "a", "b" }, "a digest is of the whole disk" },
    { { "--blocks=l", "--expect=blkhash:12", "--layer", "a", "b" }, "a digest is of the whole disk" },
    { { "--layer", "--blkhash", "a", "b" }, "a digest is of the whole disk" },
    { { "--layer", "a", "-" }, "written from front to end" },
    { { "--graph", "--progress=2", "a", "b" }, "--graph is drawn on a terminal: it can't be used with --progress=FD" },
    { { "--json", "a", "-" }, "--json goes to standard output, which is the DESTINATION" },
    { { "--from=1k", "--sha256", "a", "b" }, "a digest is of the whole disk: it can't be used with --from" },
    { { "--from=1k", "--blkhash", "a", "b" }, "a digest is of the whole disk" },
    { { "--from=1k", "--blkhash-file=f", "a", "b" }, "a digest is of the whole disk" },
    { { "--from=1k", "--expect=sha256:x", "a", "b" }, "a digest is of the whole disk" },
    { { "--from=1k", "a", "-" }, "such as -, can't be used with --from" },
    { { "--from=1k", "a", "null:" }, "null: doesn't" },
    { { "--mapfile=m", "--from=1k", "a", "b" }, "the map knows where to go on: --from can't be used with --mapfile" },
    { { "--mapfile=m", "--from=0", "a", "b" }, "the map knows where to go on: --from can't" },
    { { "--mapfile=m", "--layer", "a", "b" }, "--layer can't be used with --mapfile" },
    { { "--mapfile=m", "--dirty-bitmap=x", "a", "b" }, "--dirty-bitmap can't be used with --mapfile" },
    { { "--mapfile=m", "--no-flush", "a", "b" }, "only what was flushed is finished: --no-flush can't be used" },
    { { "--mapfile=m", "--sha256", "a", "b" }, "a digest is of the whole disk: it can't be used with --mapfile" },
    { { "--domain=m", "--blkhash", "a", "b" }, "a digest is of the whole disk: it can't be used with --domain" },
    { { "--domain=m", "--blkhash-file=f", "a", "b" }, "a digest is of the whole disk" },
    { { "--domain=m", "--expect=sha256:x", "a", "b" }, "a digest is of the whole disk" },
    { { "--domain=m", "--destination-is-zero", "a", "b" }, "--destination-is-zero can't be used with --domain" },
    { { "--mapfile=m", "a", "-" }, "such as -, can't be used with --mapfile" },
    { { "--domain=m", "-", "b" }, "a source that is read from front to end, such as -, can't be used with --domain" },
    { { "--bmap=m", "--domain=d", "a", "b" }, "--domain can't be used with --bmap" },
    { { "--bmap=m", "--layer", "a", "b" }, "--layer can't be used with --bmap" },
    { { "--bmap=m", "--dirty-bitmap=x", "a", "b" }, "--dirty-bitmap can't be used with --bmap" },
    { { "--bmap=m", "--on-read-error=skip", "a", "b" }, "--on-read-error=skip can't be used with --bmap" },
    { { "--bmap=m", "--sha256", "a", "b" }, "a digest is of the whole disk: it can't be used with --bmap" },
    { { "--bmap=m", "--destination-is-zero", "a", "b" }, "--destination-is-zero can't be used with --bmap" },
    { { "--bmap=m", "-", "b" }, "such as -, can't be used with --bmap" },
    { { "--bmap=m", "a", "-" }, "such as -, can't be used with --bmap" },
    { { "--max-errors=1", "a", "b" }, "--max-errors is for --on-read-error=skip" },
    { { "--mark-bad=zero", "a", "b" }, "--mark-bad is for --on-read-error=skip" },
    { { "--on-read-error=skip", "-", "b" }, "such as -, can't be used with --on-read-error=skip" },
    { { "--mapfile=m", "a", "null:" }, "null: keeps nothing that a map could call finished" },
    { { "--grow=", "a", "b" }, "--grow=: must be a partition's number, label or UUID" },
    { { "--grow", "a", "-" }, "a destination that is written from front to end, such as -, can't be used with --grow" },
    { { "--grow", "a", "null:" }, "null: keeps nothing: it can't be used with --grow" },
    { { "--keep-partitions=", "a", "b" }, "--keep-partitions=: must be labels, numbers or UUIDs, parted by commas" },
    { { "--keep-partitions=a,,b", "a", "b" }, "--keep-partitions=a,,b: must be labels" },
    { { "--keep-partitions=a,", "a", "b" }, "--keep-partitions=a,: must be labels" },
    { { "--keep-partitions=,a", "a", "b" }, "--keep-partitions=,a: must be labels" },
    { { "--keep-partitions=a", "-", "b" },
      "a source that is read from front to end, such as -, can't be used with --keep-partitions" },
    { { "--keep-partitions=a", "--layer", "a", "b" }, "--layer can't be used with --keep-partitions" },
    { { "--wipe-rest", "a", "null:" }, "null: keeps nothing: it can't be used with --wipe-rest" },
    { { "--wipe-rest", "--domain=x", "a", "b" }, "--domain can't be used with --wipe-rest" },
    { { "--grow", "--layer", "a", "b" }, "--layer can't be used with --grow" },
    { { "--grow", "--dirty-bitmap=x", "a", "b" }, "--dirty-bitmap can't be used with --grow" },
    { { "--grow", "--domain=x", "a", "b" }, "--domain can't be used with --grow" },
    { { "--hold-back=1M", "--layer", "a", "b" }, "--layer can't be used with --hold-back" },
    { { "--hold-back=1M", "--dirty-bitmap=x", "a", "b" }, "--dirty-bitmap can't be used with --hold-back" },
    { { "--hold-back=1M", "--no-flush", "a", "b" }, "by flushes: --no-flush can't be used with --hold-back" },
    { { "--hold-back=1M", "a", "-" }, "such as -, can't be used with --hold-back" },
    { { "--hold-back=1M", "a", "null:" }, "null: keeps nothing of which a part could come last" },
    { { "--verify", "a", "null:" }, "--verify reads back what was written, which can't be done of null:" },
    { { "--verify=quick", "a", "-" }, "can't be done of -" },
    { { "--verify", "--on-read-error=skip", "a", "b" }, "--on-read-error=skip can't be used with --verify" },
    { { "--verify", "--no-flush", "a", "b" }, "it can't be used without --flush" },
  };

  (void)state;
  assert_wrong(cases, LENGTH_OF(cases));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_part_is_asked_for_by_its_contexts),
    cmocka_unit_test(a_block_map_takes_the_place_of_extents),
    cmocka_unit_test(memory_follows_the_requests),
    cmocka_unit_test(what_cant_be_together_is_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
