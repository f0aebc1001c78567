/* SPDX-License-Identifier: MIT */
/* A fault is all that a tired operator gets to see: it must be one line, whole,
 * and never let a server's words drive the terminal. */
#include "unit/unit.h"

#include "base/error.h"

#include <errno.h>

static void
a_fault_carries_code_errno_and_text(void **state)
{
  struct fault fault;

  (void)state;
  assert_int_equal(fault_set(&fault, EXIT_PARTLY_UNREADABLE, EIO, "reading %s at offset %d", "disk", 512), -1);
  assert_int_equal(fault.exit_code, EXIT_PARTLY_UNREADABLE);
  assert_int_equal(fault.errnum, EIO);
  assert_string_equal(fault.text, "reading disk at offset 512: Input/output error");
}

static void
without_an_errno_nothing_is_added(void **state)
{
  struct fault fault;

  (void)state;
  fault_set(&fault, EXIT_BAD_USAGE, 0, "no such option");
  assert_int_equal(fault.errnum, 0);
  assert_string_equal(fault.text, "no such option");
}

static void
setting_again_forgets_what_was(void **state)
{
  struct fault fault;

  (void)state;
  fault_set(&fault, EXIT_BAD_USAGE, EINVAL, "a long text that came first");
  fault_set(&fault, EXIT_FAILED, 0, "short");
  assert_int_equal(fault.exit_code, EXIT_FAILED);
  assert_int_equal(fault.errnum, 0);
  assert_string_equal(fault.text, "short");
}

static void
text_can_be_added(void **state)
{
  struct fault fault;

  (void)state;
  fault_set(&fault, EXIT_FAILED, 0, "writing failed");
  fault_add(&fault, "; good up to %d", 4096);
  fault_add(&fault, "%s", "");
  fault_add(&fault, ".");
  assert_string_equal(fault.text, "writing failed; good up to 4096.");
}

static void
other_tricks_become_question_marks(void **state)
{
  struct fault fault;

  (void)state;
  fault_set(&fault, EXIT_FAILED, 0, "says %s",
            "\xc2\x9b"
            "2J\xff");
  fault_add(&fault, " and %s", "\xe3\x83\xaa\xe3");
  assert_string_equal(fault.text, "says ?2J? and \xe3\x83\xaa?");
}

static void
control_characters_become_question_marks(void **state)
{
  struct fault fault;

  (void)state;
  fault_set(&fault, EXIT_FAILED, 0, "server says: %s", "\033[2Jgone\r\n\tx\177");
  assert_string_equal(fault.text, "server says: ?[2Jgone???x?");
  fault_add(&fault, " and %s", "\a");
  assert_string_equal(fault.text, "server says: ?[2Jgone???x? and ?");
  for (int c = 1; c < 256; c++) {
    fault_set(&fault, EXIT_FAILED, 0, "%c", c);
    /* From 128 on: parts of UTF-8, but alone none. */
    assert_int_equal((unsigned char)fault.text[0], c < 32 || c >= 127 ? '?' : c);
    assert_int_equal(fault.text[1], '\0');
  }
}

static void
long_text_is_cut_and_stays_a_string(void **state)
{
  char text[FAULT_TEXT_BYTES * 2];
  struct {
    struct fault fault;
    char guard[8];
  } guarded;

  (void)state;
  for (size_t length = FAULT_TEXT_BYTES - 3; length < FAULT_TEXT_BYTES + 3; length++) {
    memset(text, 'x', length);
    text[length] = '\0';
    memset(&guarded, 'g', sizeof guarded);
    fault_set(&guarded.fault, EXIT_FAILED, ENOSPC, "%s", text);
    fault_add(&guarded.fault, "%s", text);
    assert_int_equal(strlen(guarded.fault.text), FAULT_TEXT_BYTES - 1);
    assert_memory_equal(guarded.fault.text, text, FAULT_TEXT_BYTES - 3);
    assert_memory_equal(guarded.guard, "gggggggg", sizeof guarded.guard);
  }
}

static void
exit_codes_are_the_documented_ones(void **state)
{
  (void)state;
  /* Scripts depend on the numbers. */
  assert_int_equal(EXIT_DONE, 0);
  assert_int_equal(EXIT_FAILED, 1);
  assert_int_equal(EXIT_ANSWER_IS_NO, 2);
  assert_int_equal(EXIT_PARTLY_UNREADABLE, 3);
  assert_int_equal(EXIT_DIGEST_DIFFERS, 4);
  assert_int_equal(EXIT_BAD_USAGE, 64);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_fault_carries_code_errno_and_text), cmocka_unit_test(without_an_errno_nothing_is_added),
    cmocka_unit_test(setting_again_forgets_what_was),      cmocka_unit_test(text_can_be_added),
    cmocka_unit_test(other_tricks_become_question_marks),  cmocka_unit_test(control_characters_become_question_marks),
    cmocka_unit_test(long_text_is_cut_and_stays_a_string), cmocka_unit_test(exit_codes_are_the_documented_ones),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
