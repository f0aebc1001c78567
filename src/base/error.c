/* SPDX-License-Identifier: MIT */
/* error: see error.h. */
#include "base/error.h"

#include "base/clean.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void
add(struct fault *fault, const char *format, va_list args)
{
  size_t used = strlen(fault->text);
  vsnprintf(fault->text + used, sizeof fault->text - used, format, args);
  clean_in_place(fault->text + used);
}

void
fault_add(struct fault *fault, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  add(fault, format, args);
  va_end(args);
}

int
fault_set(struct fault *fault, enum exit_code exit_code, int errnum, const char *format, ...)
{
  va_list args;

  fault->exit_code = exit_code;
  fault->errnum = errnum;
  fault->may_pass = false;
  fault->text[0] = '\0';
  fault->command = NULL;
  va_start(args, format);
  add(fault, format, args);
  va_end(args);
  if (errnum)
    fault_add(fault, ": %s", strerror(errnum));
  return -1;
}
