/* SPDX-License-Identifier: MIT */
/* What a server shows is taken if its CA has signed it, and else refused in words that say what is wrong: an operator who reads
 * "malformed" of whole certificates in another order mends the wrong thing. */
#include "unit/unit.h"

#include "fuzz/certificates.h"
#include "tls/tls_x509.h"

#include <bearssl_pem.h>

#include <sys/mman.h>

static struct tls_x509 x509; /* large */

static void
show(const char *hex)
{
  const br_x509_class **context = &x509.vtable;
  uint8_t der[1500];
  size_t length = from_hex(der, hex);

  (*context)->start_cert(context, (uint32_t)length);
  (*context)->append(context, der, length);
  (*context)->end_cert(context);
}

/* A file that trusts the CA; its descriptor. */
static int
trust_ca(char *path, size_t path_bytes)
{
  uint8_t der[1500];
  char pem[3000];
  size_t length = br_pem_encode(pem, der, from_hex(der, ca_hex), "CERTIFICATE", 0);
  int fd = memfd_create("ca", 0);

  assert_true(length < sizeof pem && fd >= 0);
  assert_int_equal(write(fd, pem, length), length);
  snprintf(path, path_bytes, "/proc/self/fd/%d", fd);
  return fd;
}

/* What is said of these certificates, one behind the other; "" if they are taken. */
static const char *
said_of(bool ca_is_known, unsigned count, const char *const hex[])
{
  static struct tls_files files;
  const struct pins pins = { 0 };
  const struct tls tls = { .host = "a.example", .verify_peer = true, .pins = &pins };
  const br_x509_class **context = &x509.vtable;
  int fd = ca_is_known ? trust_ca(files.authorities, sizeof files.authorities) : -1;

  tls_x509_init(&x509, &tls, &files);
  (*context)->start_chain(context, tls.host);
  for (unsigned i = 0; i < count; i++)
    show(hex[i]);
  unsigned verdict = (*context)->end_chain(context);
  assert_int_equal(verdict == 0, x509.fault.exit_code == EXIT_DONE);
  if (fd != -1)
    close(fd);
  files.authorities[0] = '\0';
  return verdict ? x509.fault.text : "";
}

static void
who_the_ca_has_signed_is_taken(void **state)
{
  (void)state;
  assert_string_equal(said_of(true, 1, (const char *[]){ leaf_hex }), "");
  assert_string_equal(said_of(true, 2, (const char *[]){ leaf_hex, ca_hex }), "");
  assert_non_null(strstr(said_of(false, 1, (const char *[]){ leaf_hex }), "unknown CA, \"ca\""));
  assert_non_null(strstr(said_of(false, 2, (const char *[]){ leaf_hex, ca_hex }), "unknown CA, \"ca\""));
  assert_non_null(strstr(said_of(true, 0, NULL), "has shown no certificate"));
}

static void
another_order_is_called_that(void **state)
{
  (void)state;
  assert_non_null(strstr(said_of(false, 2, (const char *[]){ leaf_hex, leaf_hex }), "don't follow each other"));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(who_the_ca_has_signed_is_taken),
    cmocka_unit_test(another_order_is_called_that),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
