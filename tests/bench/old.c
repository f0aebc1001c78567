/* SPDX-License-Identifier: MIT */
/* A processor without instructions for AES, SHA-1 and SHA-256, for a program that is told of none: linked in the place of what
 * asks for them, in decant's rooms and in BearSSL's. */
#include <bearssl.h>

#include "hash/hash_engine.h"

const br_block_ctr_class *__wrap_br_aes_x86ni_ctr_get_vtable(void);
br_ghash __wrap_br_ghash_pclmul_get(void);
const struct hash_engine *__wrap_hash_x86_engine(enum hash_kind kind);

const br_block_ctr_class *
__wrap_br_aes_x86ni_ctr_get_vtable(void)
{
  return NULL;
}

br_ghash
__wrap_br_ghash_pclmul_get(void)
{
  return 0;
}

const struct hash_engine *
__wrap_hash_x86_engine(enum hash_kind kind)
{
  (void)kind;
  return NULL;
}
