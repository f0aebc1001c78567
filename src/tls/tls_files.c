/* SPDX-License-Identifier: MIT */
/* tls_files: see tls_files.h. */
#include "tls/tls_files.h"

#include "base/secret.h"
#include "tls/tls_pem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char system_directory[] = "/etc/pki/libnbd";

/* What is read of a directory. */
static const char authorities_name[] = "ca-cert.pem";
static const char chain_name[] = "client-cert.pem";
static const char key_name[] = "client-key.pem";

static const char *const below_home[] = { ".pki/libnbd", ".config/pki/libnbd" };
#define HOMES (sizeof below_home / sizeof below_home[0])

/* Debian and its kin, Fedora and its kin, Alpine. */
static const char *const system_authorities[] = { "/etc/ssl/certs/ca-certificates.crt",
                                                  "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem" };

static int
join_path(char path[TLS_PATH_BYTES], const char *directory, const char *name, struct fault *fault)
{
  if (snprintf(path, TLS_PATH_BYTES, "%s/%s", directory, name) >= TLS_PATH_BYTES)
    return fault_set(fault, EXIT_FAILED, ENAMETOOLONG, "%.200s...", directory);
  return 0;
}

/* ---- Which directory ---- */

static int
files_settle(struct tls_files *files, const char *directory, struct fault *fault)
{
  if (snprintf(files->directory, sizeof files->directory, "%s", directory) >= (int)sizeof files->directory)
    return fault_set(fault, EXIT_FAILED, ENAMETOOLONG, "%.200s...", directory);
  return 0;
}

/* Whether nothing has this name, as far as errno says: else it may be there. */
static bool
is_absent(void)
{
  return errno == ENOENT || errno == ENOTDIR;
}

/* Takes the directory if it has a ca-cert.pem. One that is there but can't be read
 * fails later, by its name; but a directory that isn't open to us has none for us. */
static int
try_directory(struct tls_files *files, const char *directory, struct fault *fault)
{
  if (join_path(files->authorities, directory, authorities_name, fault) == -1)
    return -1;
  if (access(files->authorities, F_OK) == 0 || (!is_absent() && errno != EACCES))
    return files_settle(files, directory, fault);
  files->authorities[0] = '\0';
  return 0;
}

static int
try_home(struct tls_files *files, struct fault *fault)
{
  const char *home = getenv("HOME");
  char directory[TLS_PATH_BYTES];

  for (size_t i = 0; home && files->directory[0] == '\0' && i < HOMES; i++)
    if (join_path(directory, home, below_home[i], fault) == -1 || try_directory(files, directory, fault) == -1)
      return -1;
  return 0;
}

static int
files_find(struct tls_files *files, const struct tls *tls, struct fault *fault)
{
  if (tls->certificates) {
    if (try_directory(files, tls->certificates, fault) == -1)
      return -1;
    if (files->directory[0] == '\0' && tls->verify_peer && tls->pins->count == 0)
      return is_absent()
                 ? fault_set(fault, EXIT_FAILED, 0, "there is no ca-cert.pem in %s to verify the server with",
                             tls->certificates)
                 : fault_set(fault, EXIT_FAILED, errno, "cannot look for a ca-cert.pem in %s", tls->certificates);
    return files_settle(files, tls->certificates, fault);
  }
  if (geteuid() == 0 ? try_directory(files, system_directory, fault) == -1 : try_home(files, fault) == -1)
    return -1;
  if (files->directory[0] != '\0' || tls->pins->count > 0)
    return 0;
  for (size_t i = 0; i < sizeof system_authorities / sizeof system_authorities[0]; i++)
    if (access(system_authorities[i], R_OK) == 0) {
      snprintf(files->authorities, sizeof files->authorities, "%s", system_authorities[i]);
      break;
    }
  return 0;
}

static int
refuse_revocations(const struct tls_files *files, struct fault *fault)
{
  char path[TLS_PATH_BYTES];

  if (join_path(path, files->directory, "ca-crl.pem", fault) == -1)
    return -1;
  if (access(path, F_OK) == -1)
    return is_absent() ? 0 : fault_set(fault, EXIT_FAILED, errno, "cannot look for %s", path);
  return fault_set(fault, EXIT_FAILED, 0,
                   "%s is there, but decant cannot read revocation lists: remove it if no certificate in it matters",
                   path);
}

static void
each_of_directory(const char *directory, void (*take)(void *context, const char *path), void *context)
{
  static const char *const names[] = { authorities_name, chain_name, key_name };
  char path[TLS_PATH_BYTES];
  struct fault too_long; /* which whoever reads it tells */

  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (join_path(path, directory, names[i], &too_long) == 0)
      take(context, path);
}

void
tls_files_each(const struct tls *tls, void (*take)(void *context, const char *path), void *context)
{
  const char *home = getenv("HOME");
  char directory[TLS_PATH_BYTES];
  struct fault too_long;

  if (tls->psk_file)
    take(context, tls->psk_file);
  if (tls->psk_file || tls->certificates) {
    if (tls->certificates)
      each_of_directory(tls->certificates, take, context);
    return;
  }
  if (geteuid() == 0)
    each_of_directory(system_directory, take, context);
  for (size_t i = 0; geteuid() != 0 && home && i < HOMES; i++)
    if (join_path(directory, home, below_home[i], &too_long) == 0)
      each_of_directory(directory, take, context);
  for (size_t i = 0; i < sizeof system_authorities / sizeof system_authorities[0]; i++)
    take(context, system_authorities[i]);
}

void
tls_files_advice(const struct tls_files *files, char *text, size_t text_bytes)
{
  const char *home = getenv("HOME");

  if (files->directory[0] != '\0')
    snprintf(text, text_bytes, "%s", files->directory);
  else if (geteuid() == 0 || !home)
    snprintf(text, text_bytes, "%s", system_directory);
  else
    snprintf(text, text_bytes, "%s/.pki/libnbd", home);
}

/* ---- Who we are ---- */

static int
read_chain(struct tls_files *files, struct tls_pem *pem, struct fault *fault)
{
  char name[PEM_NAME_BYTES];
  size_t used = 0, length;
  int result;

  while ((result = tls_pem_next(pem, name, files->bytes + used, sizeof files->bytes - used, &length, fault)) == 1) {
    if (strcmp(name, "CERTIFICATE") != 0 && strcmp(name, "X509 CERTIFICATE") != 0)
      continue;
    if (files->chain_count == TLS_CLIENT_CERTIFICATES_MAX)
      return fault_set(fault, EXIT_FAILED, 0, "%s: more than %d certificates", pem->path, TLS_CLIENT_CERTIFICATES_MAX);
    files->chain[files->chain_count++] = (br_x509_certificate){ files->bytes + used, length };
    used += length;
  }
  if (result == 0 && files->chain_count == 0)
    return fault_set(fault, EXIT_FAILED, 0, "%s: there is no certificate in it", pem->path);
  return result;
}

static bool
is_key(const char *name)
{
  return strcmp(name, "PRIVATE KEY") == 0 || strcmp(name, "RSA PRIVATE KEY") == 0 ||
         strcmp(name, "EC PRIVATE KEY") == 0;
}

static int
read_own_key(struct tls_files *files, struct tls_pem *pem, struct fault *fault)
{
  char name[PEM_NAME_BYTES];
  unsigned char der[4096];
  size_t length;
  int result;

  while ((result = tls_pem_next(pem, name, der, sizeof der, &length, fault)) == 1 && !is_key(name))
    if (strcmp(name, "ENCRYPTED PRIVATE KEY") == 0) {
      result = fault_set(fault, EXIT_FAILED, 0, "%s: the key is encrypted; decant needs it in plain", pem->path);
      break;
    }
  if (result == 1) {
    br_skey_decoder_init(&files->key);
    br_skey_decoder_push(&files->key, der, length);
    if (br_skey_decoder_last_error(&files->key) != 0)
      result = fault_set(fault, EXIT_FAILED, 0,
                         "%s: not a key that decant can use (RSA up to 4096 bits, P-256, P-384, P-521)", pem->path);
    else
      result = 0;
  } else if (result == 0) {
    result = fault_set(fault, EXIT_FAILED, 0, "%s: there is no private key in it", pem->path);
  }
  secret_wipe(der, sizeof der);
  return result;
}

/* Reads a file of the directory. One that isn't there is no fault: 1 is returned
 * then. */
static int
with_file(struct tls_files *files, const char *name, int (*read)(struct tls_files *, struct tls_pem *, struct fault *),
          struct fault *fault)
{
  char path[TLS_PATH_BYTES];
  struct tls_pem pem;

  if (join_path(path, files->directory, name, fault) == -1)
    return -1;
  if (tls_pem_open(&pem, path, fault) == -1)
    return fault->errnum == ENOENT ? 1 : -1;
  int result = read(files, &pem, fault);
  tls_pem_close(&pem);
  return result;
}

int
tls_files_read(struct tls_files *files, const struct tls *tls, struct fault *fault)
{
  memset(files, 0, sizeof *files);
  if (files_find(files, tls, fault) == -1)
    return -1;
  if (files->directory[0] == '\0')
    return 0;
  if (refuse_revocations(files, fault) == -1)
    return -1;
  int has_chain = with_file(files, chain_name, read_chain, fault);
  int has_key = has_chain == -1 ? -1 : with_file(files, key_name, read_own_key, fault);
  if (has_key == -1)
    return -1;
  if (has_chain != has_key)
    return fault_set(fault, EXIT_FAILED, 0, "of client-cert.pem and client-key.pem there is only one in %s",
                     files->directory);
  return 0;
}
