/* SPDX-License-Identifier: MIT */
/* A mapfile is written by one run and believed by the next, or by another program; people edit it, and disks fill up under it.
 * So what is meant has to be understood, what is damaged has to be refused with its line, and what is written has to be read. */
#include "unit/unit.h"

#include "disk/mapfile.h"

#define DISK_BYTES 0x168000

/* The example of ddrescue's manual. */
static const char manual[] = "# Mapfile. Created by GNU ddrescue version 1.27\n"
                             "# Command line: ddrescue -d -c18 /dev/fd0 fdimage mapfile\n"
                             "# Start time:   2015-07-21 09:37:44\n"
                             "# Current time: 2015-07-21 09:38:19\n"
                             "# Copying non-tried blocks... Pass 1 (forwards)\n";
static const char manual_rest[] = "# current_pos  current_status  current_pass\n"
                                  "0x00120000     ?               1\n"
                                  "#      pos        size  status\n"
                                  "0x00000000  0x00117000  +\n"
                                  "0x00117000  0x00000200  -\n"
                                  "0x00117200  0x00001000  /\n"
                                  "0x00118200  0x00007E00  *\n"
                                  "0x00120000  0x00048000  ?\n";

static struct mapfile_reader reader;
static struct mapfile map;
static struct areas areas;
static struct fault fault;
static char written[64 * AREAS_MAX + MAPFILE_TEXT_BYTES];

/* From a copy of exactly that length, in parts, for the sanitizer to watch. */
static int
read_parts(const char *text, size_t length, size_t part)
{
  char *copy = malloc(length ? length : 1);
  int result = 0;

  memcpy(copy, text, length);
  fault = (struct fault){ 0 };
  mapfile_reader_init(&reader, &map, &areas, "x.map");
  for (size_t at = 0; at < length && result == 0; at += part)
    result = mapfile_reader_take(&reader, copy + at, length - at < part ? length - at : part, &fault);
  free(copy);
  return result == 0 ? mapfile_reader_end(&reader, &fault) : -1;
}

static int
read_map(const char *text, uint64_t size)
{
  areas_init(&areas, size, false);
  return read_parts(text, strlen(text), 7);
}

static void
write_map(size_t part)
{
  char bytes[MAPFILE_TEXT_BYTES];
  struct text text;

  text_init(&text, bytes, sizeof bytes);
  mapfile_write_head(&map, &text);
  strcpy(written, bytes);
  for (uint64_t offset = 0; offset < areas.size;) {
    text_init(&text, bytes, part);
    offset = mapfile_write_blocks(&areas, offset, &text);
    check(!text.full && text.used > 0);
    strcat(written, bytes);
  }
}

static void
assert_areas(const char *expected)
{
  static const char statuses[] = "?*/-+";
  struct area area;
  char text[512];
  size_t used = 0;

  text[0] = '\0';
  for (uint64_t at = 0; areas_find(&areas, (struct range){ at, areas.size }, AREA_STATUSES_ALL, false, &area);
       at = area.range.end)
    used += (size_t)snprintf(text + used, sizeof text - used, "%llu%c ", (unsigned long long)area.range.end,
                             statuses[area.status]);
  assert_string_equal(text, expected);
}

static void
what_ddrescue_writes_comes_back_as_it_was(void **state)
{
  char text[sizeof manual + sizeof manual_rest];

  (void)state;
  snprintf(text, sizeof text, "%s%s", manual, manual_rest);
  assert_int_equal(read_map(text, DISK_BYTES), 0);
  assert_int_equal(map.position, 0x120000);
  assert_int_equal(map.phase, '?');
  assert_int_equal(map.pass, 1);
  assert_true(map.source.size == SIZE_UNKNOWN);
  strcpy(map.command, "decant copy a b\n--mapfile=x.map");
  write_map(64);
  assert_string_equal(written + strlen(written) - strlen(manual_rest), manual_rest);
  assert_true(strstr(written, "# Mapfile. Created by decant test\n# Command line: decant copy a b?--mapfile=x.map\n"
                              "# current_pos") == written);
}

static void
what_is_meant_is_understood(void **state)
{
  static const struct {
    const char *text, *areas;
    uint64_t size;
  } good[] = {
    { "0 ? 1\n", "100? ", 100 },
    { "0 ?\n0 100 +\n", "100+ ", 100 }, /* before there were passes */
    { "0x10 F 1\n0 0X64 +", "100+ ", 100 },
    { "010 G 010\n0 0144 -\n", "100- ", 100 },
    { "\r\n# c\r\n 0 + 1\r\n\t0 50 * # comment\r\n50 50 / # 1 2 3\r\n\r\n", "50* 100/ ", 100 },
    { "0 + 1 # 1\n0 10 +\n10 10 +\n20 5 -\n", "20+ 25- 100? ", 100 }, /* less than the disk; equal neighbours */
    { "0 + 1\n50 10 +\n", "50? 60+ 100? ", 100 },
    { "0 ? 1\n0 60 +\n60 0x7FFFFFFFFFFFFFFF ?\n", "60+ 100? ", 100 }, /* more, of which nothing is said */
    { "0 + 1\n0 0 ?\n", "", 0 },
    { "0 + 1\n0 0xFFFFFFFFFFFFFFFF +\n", "18446744073709551615+ ", UINT64_MAX },
    { "0 + 2147483647\n0 1 +\n", "1+ ", 1 },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(good); i++) {
    assert_int_equal(read_map(good[i].text, good[i].size), 0);
    assert_areas(good[i].areas);
  }
  assert_int_equal(read_map("010 G 010\n", 1), 0);
  assert_int_equal(map.position, 8);
  assert_int_equal(map.phase, 'G');
  assert_int_equal(map.pass, 10);
}

#define NO_STATUS "the status line of a mapfile should be here: a position, one of ?*/-+FG, a pass"
#define NO_BLOCK "a data block should be here: a position, a size, one of ?*/-+"

static void
what_is_damaged_is_refused_with_its_line(void **state)
{
  static const struct {
    const char *text, *words;
  } bad[] = {
    { "", "line 1: it ends before the status line, so it is no mapfile, or damaged" },
    { "# c\n\n", "line 3: it ends before the status line, so it is no mapfile, or damaged" },
    { "#c\n0 X 1\n", "line 2: " NO_STATUS },
    { "0\n", "line 1: " NO_STATUS },
    { "0 ? 0\n", "line 1: " NO_STATUS },
    { "0 ? 2147483648\n", "line 1: " NO_STATUS },
    { "0 ? 0x1\n", "line 1: " NO_STATUS },
    { "0 ? 1 1\n", "line 1: " NO_STATUS },
    { "0 ?1\n", "line 1: " NO_STATUS },
    { "-1 ? 1\n", "line 1: " NO_STATUS },
    { "0x ? 1\n", "line 1: " NO_STATUS },
    { "09 ? 1\n", "line 1: " NO_STATUS },
    { "0x1g ? 1\n", "line 1: " NO_STATUS },
    { "0x10000000000000000 ? 1\n", "line 1: " NO_STATUS },
    { "\177ELF", "line 1: " NO_STATUS },
    { "0 ? 1\n0 10\n", "line 2: " NO_BLOCK },
    { "0 ? 1\n0 10 F\n", "line 2: " NO_BLOCK },
    { "0 ? 1\n0 10 + +\n", "line 2: " NO_BLOCK },
    { "0 ? 1\n0 10 +#c\n", "line 2: " NO_BLOCK },
    { "0 ? 1\n0 10 ++\n", "line 2: " NO_BLOCK },
    { "0 ? 1\n\n#c\n0 -1 +\n", "line 4: " NO_BLOCK },
    { "0 ? 1\n0 5 +\n5 0 +\n", "line 3: " NO_BLOCK },
    { "0 ? 1\n1 0xFFFFFFFFFFFFFFFF ?\n", "line 2: " NO_BLOCK },
    { "0 ? 1\n0 5 +\n6 5 +\n", "line 3: the block doesn't begin where the one before it ends" },
    { "0 ? 1\n0 5 +\n4 5 +\n", "line 3: the block doesn't begin where the one before it ends" },
    { "0 ? 1\n50 51 -\n", "line 2: this disk ends before the block does: the map is of another one" },
    { "# decant source: big - x\n", "line 1: a size, a word and a name should be here" },
    { "# decant source: 100\n", "line 1: a size, a word and a name should be here" },
    { "#\n# decant destination: 100\n", "line 2: a size, a word and a name should be here" },
    { "# decant source: 100 00000000001111111111222222222233333333334444444444555555555566666 x\n",
      "line 1: a size, a word and a name should be here" },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(bad); i++) {
    assert_int_equal(read_map(bad[i].text, 100), -1);
    assert_int_equal(strncmp(fault.text, "x.map, ", 7), 0);
    assert_string_equal(fault.text + 7, bad[i].words);
    assert_int_equal(fault.exit_code, EXIT_FAILED);
  }
}

static void
nothing_hides_behind_a_nul_or_the_end_of_the_room(void **state)
{
  static const char nul[] = "0 ? 1\n0 10 +\0 10\n";
  char text[3 * MAPFILE_LINE_BYTES];

  (void)state;
  areas_init(&areas, 100, false);
  assert_int_equal(read_parts(nul, sizeof nul - 1, 100), -1);
  assert_string_equal(fault.text, "x.map, line 2: " NO_BLOCK);
  snprintf(text, sizeof text, "0 ? 1\n0 10 + %*d\n", MAPFILE_LINE_BYTES, 7);
  assert_int_equal(read_map(text, 100), -1);
  assert_string_equal(fault.text, "x.map, line 2: " NO_BLOCK);
  /* But comments are of any length. */
  snprintf(text, sizeof text, "# %*d\n0 ? 1\n0 10 + # %*d\n", MAPFILE_LINE_BYTES, 7, MAPFILE_LINE_BYTES, 7);
  assert_int_equal(read_map(text, 100), 0);
  assert_areas("10+ 100? ");
}

static void
of_a_domain_only_what_is_finished_counts(void **state)
{
  static const char text[] = "0 ? 1\n0 10 -\n10 10 +\n20 10 /\n30 100 *\n";

  (void)state;
  areas_init(&areas, 100, true);
  assert_int_equal(read_parts(text, strlen(text), 1), 0);
  assert_areas("10? 20+ 100? ");
}

static void
what_the_map_is_about_comes_back(void **state)
{
  (void)state;
  areas_init(&areas, 3, false);
  map = (struct mapfile){ 1, '/', 2, { UINT64_MAX - 1, "0123abc", "" }, { 5, "", "/dev/a b\033" }, "" };
  memset(map.source.mark, 'f', sizeof map.source.mark - 1);
  memset(map.source.name, 'n', sizeof map.source.name - 1);
  write_map(100);
  struct mapfile before = map;
  areas_init(&areas, 3, false);
  assert_int_equal(read_parts(written, strlen(written), 9), 0);
  assert_true(map.source.size == UINT64_MAX - 1 && map.destination.size == 5);
  assert_string_equal(map.source.mark, before.source.mark);
  assert_string_equal(map.source.name, before.source.name);
  assert_string_equal(map.destination.mark, "");
  assert_string_equal(map.destination.name, "/dev/a b?");
  assert_int_equal(map.position, 1);
  assert_int_equal(map.phase, '/');
  assert_int_equal(map.pass, 2);
}

static void
other_disks_are_refused(void **state)
{
  static const struct mapfile_end none = { .size = SIZE_UNKNOWN };
  static const struct mapfile_end disk = { 100, "aa", "sda" }, larger = { 101, "aa", "sdb" };
  static const struct mapfile_end other = { 100, "ab", "sdc" }, plain = { 100, "", "sdd" };
  static const struct {
    const struct mapfile_end *then, *now;
    bool is_same;
  } cases[] = {
    { &disk, &disk, true },  { &none, &disk, true },    { &disk, &none, true },   { &disk, &plain, true },
    { &plain, &disk, true }, { &disk, &larger, false }, { &disk, &other, false }, { &larger, &plain, false },
  };

  (void)state;
  for (size_t i = 0; i < LENGTH_OF(cases); i++)
    for (int which = 0; which < 2; which++) {
      map.source = which == 0 ? *cases[i].then : disk;
      map.destination = which == 0 ? disk : *cases[i].then;
      fault = (struct fault){ 0 };
      int result = mapfile_check_ends(&map, which == 0 ? cases[i].now : &disk, which == 0 ? &disk : cases[i].now,
                                      "x.map", &fault);
      assert_int_equal(result, cases[i].is_same ? 0 : -1);
    }
  map = (struct mapfile){ .source = disk, .destination = larger };
  assert_int_equal(mapfile_check_ends(&map, &disk, &plain, "x.map", &fault), -1);
  assert_string_equal(fault.text,
                      "x.map is the map of another destination: sdb, of 101 bytes; for this one, begin a new map");
}

/* ---- Whatever there is ---- */

static void
one_random_map(struct random *random)
{
  uint64_t unit = random_one_in(random, 8) ? UINT64_MAX / 1000 : random_between(random, 1, 5000000);
  struct areas before;

  areas_init(&areas, unit * random_between(random, 1, 1000), false);
  for (unsigned i = (unsigned)random_between(random, 0, 80); i > 0; i--) {
    uint64_t start = random_between(random, 0, areas.size), length = unit * random_between(random, 0, 20);
    areas_set(&areas, (struct range){ start, range_min(range_end(start, length), areas.size) },
              (enum area_status)random_between(random, 0, AREA_STATUSES - 1));
  }
  map = (struct mapfile){ .position = random_next(random),
                          .phase = "?*/-+FG"[random_between(random, 0, 6)],
                          .pass = (unsigned)random_between(random, 1, 1u << 20),
                          .source.size = SIZE_UNKNOWN,
                          .destination.size = SIZE_UNKNOWN };
  struct mapfile written_map = map;
  write_map(random_between(random, 64, 400));
  before = areas;
  areas_init(&areas, before.size, false);
  check(read_parts(written, strlen(written), random_between(random, 1, 100)) == 0);
  check(memcmp(&map, &written_map, sizeof map) == 0);
  check(areas.count == before.count);
  for (size_t i = 0; i < areas.count; i++)
    check(areas.list[i].start == before.list[i].start && areas.list[i].status == before.list[i].status);
}

static void
what_is_written_is_read(void **state)
{
  (void)state;
  run_seeds(500, one_random_map);
}

static void
a_map_of_more_areas_than_there_is_room_for_is_read(void **state)
{
  static char text[40 * 3 * AREAS_MAX];
  size_t used = (size_t)snprintf(text, sizeof text, "0 ? 1\n");

  (void)state;
  for (unsigned i = 0; i < 2 * AREAS_MAX; i++)
    used += (size_t)snprintf(text + used, sizeof text - used, "%u %u %c\n", i * 10, 10, i % 2 ? '+' : '-');
  assert_int_equal(read_map(text, 2 * AREAS_MAX * 10), 0);
  assert_true(areas.set_back > 0 && areas.count <= AREAS_MAX);
  struct area area;
  for (uint64_t at = 0; areas_find(&areas, (struct range){ at, areas.size }, 1u << AREA_FINISHED, false, &area);
       at = area.range.end)
    assert_true(area.range.start / 10 % 2 == 1 && range_length(area.range) == 10);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_ddrescue_writes_comes_back_as_it_was),
    cmocka_unit_test(what_is_meant_is_understood),
    cmocka_unit_test(what_is_damaged_is_refused_with_its_line),
    cmocka_unit_test(nothing_hides_behind_a_nul_or_the_end_of_the_room),
    cmocka_unit_test(of_a_domain_only_what_is_finished_counts),
    cmocka_unit_test(what_the_map_is_about_comes_back),
    cmocka_unit_test(other_disks_are_refused),
    cmocka_unit_test(what_is_written_is_read),
    cmocka_unit_test(a_map_of_more_areas_than_there_is_room_for_is_read),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
