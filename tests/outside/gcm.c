/* SPDX-License-Identifier: MIT */
/* gcm: says of vectors of AES-GCM what one of decant's engines makes of them; lines.h has the form.
 *
 *   gcm engines            lists the engines that this processor has
 *   gcm ENGINE <LINES      NAME key nonce header plain ciphertext tag
 */
#include "outside/lines.h"

#include "tls/gcm.h"

static const char *const engines[] = { [GCM_PORTABLE] = "portable", [GCM_X86] = "x86", [GCM_X86_WIDE] = "wide" };

/* What is refused mustn't be what we would send ourselves. */
static const char *
judge(const struct gcm *gcm, const uint8_t *nonce, struct bytes header, struct bytes plain, struct bytes cipher,
      struct bytes tag)
{
  uint8_t *out = malloc(plain.length + 1), computed[GCM_TAG_BYTES];

  gcm_seal(gcm, nonce, header.at, header.length, out, plain.at, plain.length, computed);
  bool seals = bytes_are(out, plain.length, cipher) && bytes_are(computed, sizeof computed, tag);
  memset(out, 0xEE, plain.length + 1);
  bool opens = gcm_open(gcm, nonce, header.at, header.length, out, cipher.at, cipher.length, tag.at);
  bool is_right = bytes_are(out, cipher.length, plain) && out[plain.length] == 0xEE;
  /* And in place, as records are opened. */
  bool opens_here = gcm_open(gcm, nonce, header.at, header.length, cipher.at, cipher.at, cipher.length, tag.at);
  is_right = is_right && bytes_are(cipher.at, cipher.length, plain);
  free(out);
  return opens != seals || opens != opens_here ? "wrong" : verdict_word(opens, is_right);
}

int
main(int argc, char **argv)
{
  struct line line = { 0 };
  enum gcm_engine engine = GCM_PORTABLE;

  for (; engine <= gcm_best_engine(); engine++)
    if (argc > 1 && strcmp(argv[1], "engines") == 0)
      puts(engines[engine]);
    else if (argc > 1 && strcmp(argv[1], engines[engine]) == 0)
      break;
  if (engine > gcm_best_engine())
    return argc > 1 && strcmp(argv[1], "engines") == 0 ? 0 : 2;

  while (line_next(&line, 7)) {
    struct bytes parts[6];
    struct gcm gcm;
    for (unsigned i = 0; i < LENGTH_OF(parts); i++)
      parts[i] = line_bytes(&line, 1 + i);
    line_must(&line, parts[1].length == GCM_NONCE_BYTES && parts[5].length == GCM_TAG_BYTES, "another nonce or tag");
    line_must(&line, parts[3].length == parts[4].length, "a ciphertext of another length");
    gcm_init(&gcm, engine, parts[0].at, (unsigned)parts[0].length);
    line_answer(&line, judge(&gcm, parts[1].at, parts[2], parts[3], parts[4], parts[5]));
    for (unsigned i = 0; i < LENGTH_OF(parts); i++)
      free(parts[i].at);
  }
  return 0;
}
