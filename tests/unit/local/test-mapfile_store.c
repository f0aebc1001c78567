/* SPDX-License-Identifier: MIT */
/* A mapfile is written a thousand times while a disk dies, and read once when all depends on it. So each of the calls that write
 * it is made to fail here, and to be the last one before the power goes: its name must lead to a whole map in any case. */
#include "unit/unit.h"

#include "local/file_name.c"
#include "local/overlap.c"
#include "local/sysfs.c"
#include "os/say.c"

/* Which of the room's calls fails, counted from 1, or ends everything; 0: none. */
static unsigned calls, failing_call, last_call;
static bool has_no_exchange, has_no_links;
static char trace[64]; /* the calls, but for repeated writes */

static bool
is_failing(char call)
{
  if (calls == 0)
    trace[0] = '\0';
  size_t length = strlen(trace);
  if ((length == 0 || call != 'w' || trace[length - 1] != 'w') && length + 1 < sizeof trace)
    memcpy(trace + length, (char[]){ call, '\0' }, 2);
  calls++;
  if (calls == last_call)
    _exit(0);
  errno = ENOSPC;
  return calls == failing_call;
}

static bool
is_lacking(char call, bool lacks)
{
  bool fails = is_failing(call);

  if (lacks)
    errno = EPERM;
  return fails || lacks;
}

#define openat(...) (is_failing('o') ? -1 : openat(__VA_ARGS__))
#define read(...) (is_failing('r') ? -1 : read(__VA_ARGS__))
#define say_text(...) (is_failing('w') ? -1 : say_text(__VA_ARGS__))
#define fsync(...) (is_failing('s') ? -1 : fsync(__VA_ARGS__))
#define close(...) (is_failing('c') ? ((close)(__VA_ARGS__), errno = ENOSPC, -1) : close(__VA_ARGS__))
#define unlinkat(...) (is_failing('u') ? -1 : unlinkat(__VA_ARGS__))
#define renameat(...) (is_failing('n') ? -1 : renameat(__VA_ARGS__))
#define syscall(...) (is_lacking('x', has_no_exchange) ? -1 : syscall(__VA_ARGS__))
#define linkat(...) (is_lacking('l', has_no_links) ? -1 : linkat(__VA_ARGS__))
#include "local/mapfile_store.c"
#undef openat
#undef read
#undef say_text
#undef fsync
#undef close
#undef unlinkat
#undef renameat
#undef syscall
#undef linkat

/* Several parts of text. */
#define DISK_BYTES 4096

static struct mapfile_store store;
static struct mapfile map;
static struct areas areas;
static struct fault fault;

/* The map number `pass`, all of whose areas tell which it is. */
static void
make_map(unsigned pass)
{
  map = (struct mapfile){ .phase = '?', .pass = pass, .source.size = SIZE_UNKNOWN, .destination.size = SIZE_UNKNOWN };
  areas_init(&areas, DISK_BYTES, false);
  for (uint64_t at = 0; at < DISK_BYTES; at += 8)
    areas_set(&areas, range_make(at + pass % 8, 1), AREA_FINISHED);
}

static int
write_map(unsigned pass)
{
  make_map(pass);
  fault = (struct fault){ 0 };
  calls = 0;
  int result = mapfile_store_write(&store, &map, &areas, &fault);
  failing_call = 0;
  return result;
}

/* Which map a name leads to: it is whole, or the test fails. */
static unsigned
pass_of(const char *name)
{
  struct mapfile_store one;
  struct area area;

  assert_int_equal(mapfile_store_open(&one, name, &fault), 0);
  assert_true(one.is_there);
  areas_init(&areas, DISK_BYTES, false);
  assert_int_equal(mapfile_store_read(&one, &map, &areas, &fault), 0);
  mapfile_store_close(&one);
  assert_int_equal(areas_total(&areas, AREA_FINISHED).count, DISK_BYTES / 8);
  assert_true(areas_find(&areas, (struct range){ 0, DISK_BYTES }, 1u << AREA_FINISHED, false, &area));
  assert_int_equal(area.range.start, map.pass % 8);
  return map.pass;
}

static bool
is_there(const char *name)
{
  return access(name, F_OK) == 0;
}

/* Each test in an empty directory. */
static int
in_a_directory(void **state)
{
  char name[] = "store.XXXXXX";

  *state = NULL;
  failing_call = last_call = 0;
  has_no_exchange = has_no_links = false;
  if (!mkdtemp(name) || chdir(name) == -1)
    return -1;
  return mapfile_store_open(&store, "x.map", &fault);
}

static int
back_again(void **state)
{
  (void)state;
  mapfile_store_close(&store);
  return chdir("..");
}

static void
the_one_before_is_kept(void **state)
{
  (void)state;
  assert_false(store.is_there);
  assert_int_equal(write_map(1), 0);
  assert_true(store.is_there);
  assert_false(is_there("x.map.bak"));
  for (unsigned pass = 2; pass < 6; pass++) {
    /* Whatever the file system can do. */
    has_no_exchange = pass >= 4;
    assert_int_equal(write_map(pass), 0);
    assert_int_equal(pass_of("x.map"), pass);
    assert_int_equal(pass_of("x.map.bak"), pass - 1);
    assert_false(is_there("x.map.new"));
  }
  has_no_links = true;
  assert_int_equal(write_map(6), 0);
  assert_int_equal(pass_of("x.map"), 6);
  assert_false(is_there("x.map.bak"));
}

/* Of a file system that can exchange names, one that can only link, and one that can do neither. */
static void
choose_abilities(int which)
{
  has_no_exchange = which > 0;
  has_no_links = which > 1;
}

static void
each_call_can_fail(void **state)
{
  unsigned failed = 0;

  (void)state;
  assert_int_equal(write_map(1), 0);
  for (int which = 0; which < 3; which++)
    for (unsigned call = 1, pass = 2; call == 1 || calls >= call - 1; call++, pass++) {
      choose_abilities(which);
      unsigned before = pass_of("x.map");
      failing_call = call;
      int result = write_map(pass);
      unsigned after = pass_of("x.map");
      assert_true(after == pass || (result == -1 && after == before));
      assert_false(result == 0 && is_there("x.map.new"));
      if (result == -1)
        assert_string_equal(fault.text, "cannot write the mapfile x.map: No space left on device");
      failed += result == -1;
      assert_int_equal(write_map(++pass), 0);
      assert_int_equal(pass_of("x.map"), pass);
    }
  assert_true(failed > 3 * 8);
}

static void
the_power_can_go_at_each_call(void **state)
{
  int status;

  (void)state;
  for (int which = 0; which < 3; which++)
    for (unsigned call = 1, pass = 1; call < 30; call++, pass += 2) {
      choose_abilities(which);
      assert_int_equal(write_map(pass), 0);
      pid_t pid = fork();
      assert_true(pid >= 0);
      if (pid == 0) {
        last_call = call;
        _exit(write_map(pass + 1) == 0 ? 2 : 3);
      }
      assert_int_equal(waitpid(pid, &status, 0), pid);
      assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 3);
      unsigned after = pass_of("x.map");
      assert_true(after == pass + 1 || (after == pass && WEXITSTATUS(status) == 0));
    }
}

/* Power cuts lose what wasn't synced: the file is before it has the name, and again under it, and the name before it counts as written; and
 * so is the one before. */
static void
what_gets_the_name_is_on_stable_storage(void **state)
{
  static const char *const traces[] = { "uowsuxnscoscs", "uowsuxlnscoscs", "uowsuxlnscos" };

  (void)state;
  assert_int_equal(write_map(1), 0);
  for (int which = 0; which < 3; which++) {
    choose_abilities(which);
    assert_int_equal(write_map(2), 0);
    assert_string_equal(trace, traces[which]);
  }
}

static void
a_full_disk_leaves_the_old_one(void **state)
{
  struct rlimit before, little = { 3000, RLIM_INFINITY };

  (void)state;
  assert_int_equal(write_map(1), 0);
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
  int result = write_map(2);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_int_equal(result, -1);
  assert_string_equal(fault.text, "cannot write the mapfile x.map: File too large");
  assert_int_equal(pass_of("x.map"), 1);
  assert_false(is_there("x.map.new") || is_there("x.map.bak"));
}

static void
assert_refused(const char *path, const char *words)
{
  struct mapfile_store one;

  assert_int_equal(mapfile_store_open(&one, path, &fault), -1);
  assert_string_equal(fault.text, words);
  mapfile_store_close(&one);
}

static void
what_is_no_file_is_refused(void **state)
{
  char long_name[NAME_MAX], words[NAME_MAX + 100];

  (void)state;
  assert_int_equal(mkdir("d", 0777) | mkfifo("f", 0666) | symlink("nowhere", "l"), 0);
  assert_refused("d", "the mapfile d is no regular file");
  assert_refused("f", "the mapfile f is no regular file");
  assert_refused("l", "the mapfile l is no regular file");
  assert_refused("e/x", "cannot write the mapfile e/x: No such file or directory");
  assert_refused("f/x", "cannot write the mapfile f/x: Not a directory");
  memset(long_name, 'n', sizeof long_name);
  long_name[NAME_MAX - 3] = '\0';
  snprintf(words, sizeof words, "cannot write the mapfile %s: File name too long", long_name);
  assert_refused(long_name, words);
  assert_refused("/dev/x.map", "cannot write the mapfile /dev/x.map: No such device or address");
}

/* As somebody who isn't root, maybe below a directory that he may not even search. */
static void
refuse_without_rights(void)
{
  if (geteuid() == 0 && setuid(65534) == -1)
    _exit(1);
  assert_refused("x.map", "cannot write the mapfile x.map: Permission denied");
  assert_refused("d/x.map", "cannot write the mapfile d/x.map: Permission denied");
  assert_refused("y.map", "cannot write the mapfile y.map: Permission denied");
  _exit(0);
}

static void
what_may_not_be_written_is_refused_at_once(void **state)
{
  int status;

  (void)state;
  assert_int_equal(write_map(1) | mkdir("d", 0777) | chmod("d", 0777) | link("x.map", "d/x.map"), 0);
  assert_int_equal(chmod("x.map", 0444) | chmod(".", 0555), 0);
  pid_t pid = fork();
  assert_true(pid >= 0);
  if (pid == 0)
    refuse_without_rights();
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(chmod(".", 0755), 0);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
a_damaged_one_names_the_one_before(void **state)
{
  (void)state;
  assert_int_equal(write_map(1), 0);
  assert_int_equal(truncate("x.map", 200), 0);
  areas_init(&areas, DISK_BYTES, false);
  assert_int_equal(mapfile_store_read(&store, &map, &areas, &fault), -1);
  assert_string_equal(fault.text, "x.map, line 7: a data block should be here: a position, a size, one of ?*/-+");
  assert_int_equal(write_map(2) | truncate("x.map", 0), 0);
  assert_int_equal(mapfile_store_read(&store, &map, &areas, &fault), -1);
  assert_string_equal(fault.text, "x.map, line 1: it ends before the status line, so it is no mapfile, or damaged "
                                  "(x.map.bak is the one before)");
  assert_int_equal(write_map(3), 0);
  assert_int_equal(unlink("x.map"), 0);
  assert_int_equal(mapfile_store_read(&store, &map, &areas, &fault), -1);
  assert_string_equal(fault.text, "cannot open the mapfile x.map: No such file or directory");
}

static void
links_and_directories_may_change(void **state)
{
  struct mapfile_store linked;

  (void)state;
  assert_int_equal(write_map(1) | mkdir("d", 0777) | symlink("../x.map", "d/l"), 0);
  mapfile_store_close(&store);
  assert_int_equal(mapfile_store_open(&linked, "d/l", &fault), 0);
  assert_int_equal(chdir("d"), 0);
  store = linked;
  assert_int_equal(write_map(2) | chdir(".."), 0);
  assert_int_equal(pass_of("x.map"), 2);
  assert_int_equal(pass_of("d/l"), 2);
}

static void
somebody_elses_is_only_read(void **state)
{
  (void)state;
  assert_int_equal(write_map(3), 0);
  assert_int_equal(mkdir("locked", 0777) | rename("x.map", "locked/y.map") | chmod("locked", 0555), 0);
  areas_init(&areas, DISK_BYTES, false);
  calls = failing_call = last_call = 0;
  assert_int_equal(mapfile_store_load("locked/y.map", &map, &areas, &fault), 0);
  assert_int_equal(map.pass, 3);
  assert_int_equal(mapfile_store_load("x.map", &map, &areas, &fault), -1);
  assert_non_null(strstr(fault.text, "cannot open the mapfile x.map: No such file"));
  assert_int_equal(mapfile_store_load("locked", &map, &areas, &fault), -1);
  assert_non_null(strstr(fault.text, "cannot read the mapfile locked: Is a directory"));
  assert_int_equal(chmod("locked", 0777), 0);
}

static bool
is_on(const char *name)
{
  struct stat found;

  assert_int_equal(stat(name, &found), 0);
  struct identity identity = overlap_identity(&found);
  return mapfile_store_is_on(&store, &identity);
}

static void
its_files_are_no_ends(void **state)
{
  static const struct identity anything = { .known = false };
  struct stat found;

  (void)state;
  assert_int_equal(write_map(1) | write_map(2) | link("x.map", "hard"), 0);
  assert_int_equal((close)(open("x.map.new", O_CREAT | O_WRONLY, 0666)) | (close)(open("y", O_CREAT | O_WRONLY, 0666)),
                   0);
  assert_true(is_on("x.map") && is_on("x.map.bak") && is_on("x.map.new") && is_on("hard"));
  assert_false(is_on("y"));
  assert_false(mapfile_store_is_on(&store, &anything));
  assert_true(mapfile_store_would_be(&store, "x.map") && mapfile_store_would_be(&store, "./x.map.bak") &&
              mapfile_store_would_be(&store, "x.map.new"));
  assert_false(mapfile_store_would_be(&store, "y") || mapfile_store_would_be(&store, "nosuch/x.map") ||
               mapfile_store_would_be(&store, "/x.map"));
  /* Nor is what they live on. */
  assert_int_equal(stat("x.map", &found), 0);
  struct identity device = { .known = true, .is_device = true, .number = found.st_dev };
  assert_true(mapfile_store_is_on(&store, &device));
  device.number++;
  assert_false(mapfile_store_is_on(&store, &device));
}

#define in_place(test) cmocka_unit_test_setup_teardown(test, in_a_directory, back_again)

int
main(void)
{
  const struct CMUnitTest tests[] = {
    in_place(the_one_before_is_kept),
    in_place(each_call_can_fail),
    in_place(the_power_can_go_at_each_call),
    in_place(what_gets_the_name_is_on_stable_storage),
    in_place(a_full_disk_leaves_the_old_one),
    in_place(what_is_no_file_is_refused),
    in_place(what_may_not_be_written_is_refused_at_once),
    in_place(a_damaged_one_names_the_one_before),
    in_place(links_and_directories_may_change),
    in_place(somebody_elses_is_only_read),
    in_place(its_files_are_no_ends),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
