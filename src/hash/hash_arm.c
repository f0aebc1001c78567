/* SPDX-License-Identifier: MIT */
/* hash_arm: the engines of AArch64; see hash_engine.h. */
#include "hash/hash_engine.h"

#include <stddef.h>

/* Before its version 16 clang has the instructions only where all of a program may use them. */
#if defined __aarch64__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && !(defined __clang__ && __clang_major__ < 16)

#include <arm_neon.h>
#include <sys/auxv.h>

#define LANES_MAX 2

/* What instructions a function may be made of, and what becomes part of its callers. */
#ifdef __clang__
#define ARM __attribute__((target("sha2")))
#define ARM_512 __attribute__((target("sha3")))
#else
#define ARM __attribute__((target("+crypto")))
#define ARM_512 __attribute__((target("arch=armv8.2-a+sha3")))
#endif
#define ARM_INLINE ARM __attribute__((always_inline)) static inline
#define ARM_512_INLINE ARM_512 __attribute__((always_inline)) static inline

/* ---- Words ---- */

ARM_INLINE uint32x4_t
load_words(const uint8_t *from)
{
  return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(from)));
}

ARM_INLINE void
store_words(uint8_t *to, uint32x4_t words)
{
  vst1q_u8(to, vrev32q_u8(vreinterpretq_u8_u32(words)));
}

/* ---- SHA-256 ---- */

/* The state, and the last sixteen words of the schedule. */
struct sha256_lane {
  uint32x4_t abcd, efgh, words[4];
};

/* Four rounds, from round `first` on. */
ARM_INLINE void
sha256_rounds(struct sha256_lane *lane, uint32x4_t words, unsigned first)
{
  uint32x4_t sum = vaddq_u32(words, vld1q_u32(hash_sha256_constants + first)), abcd = lane->abcd;

  lane->abcd = vsha256hq_u32(abcd, lane->efgh, sum);
  lane->efgh = vsha256h2q_u32(lane->efgh, abcd, sum);
}

/* The schedule's next four words, which take the place of those of sixteen before. */
ARM_INLINE void
sha256_schedule(uint32x4_t words[4], unsigned at)
{
  words[at] = vsha256su1q_u32(vsha256su0q_u32(words[at], words[(at + 1) % 4]), words[(at + 2) % 4],
                              words[(at + 3) % 4]);
}

/* All rounds of a block of each lane. */
ARM_INLINE void
sha256_block(struct sha256_lane lane[], const uint8_t *const data[], uint64_t from, unsigned lanes)
{
#pragma GCC unroll 4
  for (unsigned at = 0; at < 4; at++)
#pragma GCC unroll 2
    for (unsigned i = 0; i < lanes; i++) {
      lane[i].words[at] = load_words(data[i] + from + 16 * at);
      sha256_rounds(&lane[i], lane[i].words[at], 4 * at);
    }
  for (unsigned round = 16; round < 64; round += 16)
#pragma GCC unroll 4
    for (unsigned at = 0; at < 4; at++)
#pragma GCC unroll 2
      for (unsigned i = 0; i < lanes; i++) {
        sha256_schedule(lane[i].words, at);
        sha256_rounds(&lane[i], lane[i].words[at], round + 4 * at);
      }
}

/* `lanes` messages, of as many blocks each. */
ARM_INLINE void
sha256_take_lanes(uint8_t *const states[], const uint8_t *const data[], uint64_t blocks, unsigned lanes)
{
  struct sha256_lane lane[LANES_MAX], before[LANES_MAX];

  for (unsigned i = 0; i < lanes; i++) {
    lane[i].abcd = load_words(states[i]);
    lane[i].efgh = load_words(states[i] + 16);
  }
  for (uint64_t done = 0; done < blocks * 64; done += 64) {
    for (unsigned i = 0; i < lanes; i++)
      before[i] = lane[i];
    sha256_block(lane, data, done, lanes);
    for (unsigned i = 0; i < lanes; i++) {
      lane[i].abcd = vaddq_u32(lane[i].abcd, before[i].abcd);
      lane[i].efgh = vaddq_u32(lane[i].efgh, before[i].efgh);
    }
  }
  for (unsigned i = 0; i < lanes; i++) {
    store_words(states[i], lane[i].abcd);
    store_words(states[i] + 16, lane[i].efgh);
  }
}

ARM static void
sha256_take(uint8_t *state, const uint8_t *data, uint64_t blocks)
{
  sha256_take_lanes(&state, &data, blocks, 1);
}

ARM static void
sha256_take_two(uint8_t *const states[2], const uint8_t *const data[2], uint64_t blocks)
{
  sha256_take_lanes(states, data, blocks, 2);
}

/* ---- SHA-1 ---- */

/* Four rounds: `group` of twenty such. */
ARM_INLINE uint32x4_t
sha1_rounds(uint32x4_t abcd, uint32_t e, uint32x4_t words, unsigned group)
{
  /* FIPS 180-4, 4.2.1. */
  static const uint32_t constants[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
  uint32x4_t sum = vaddq_u32(words, vdupq_n_u32(constants[group / 5]));

  switch (group / 5) {
  case 0:
    return vsha1cq_u32(abcd, e, sum);
  case 2:
    return vsha1mq_u32(abcd, e, sum);
  default:
    return vsha1pq_u32(abcd, e, sum);
  }
}

ARM_INLINE uint32x4_t
sha1_schedule(const uint32x4_t words[4], unsigned at)
{
  return vsha1su1q_u32(vsha1su0q_u32(words[at], words[(at + 1) % 4], words[(at + 2) % 4]), words[(at + 3) % 4]);
}

/* One message only, as on x86-64. E is the fourth word from state + 4 on. */
ARM static void
sha1_take(uint8_t *state, const uint8_t *data, uint64_t blocks)
{
  uint32x4_t abcd = load_words(state), bcde = load_words(state + 4);
  uint32_t e = vgetq_lane_u32(bcde, 3);

  for (const uint8_t *end = data + blocks * 64; data < end; data += 64) {
    uint32x4_t first = abcd, words[4];
    uint32_t first_e = e;
#pragma GCC unroll 20
    for (unsigned group = 0; group < 20; group++) {
      unsigned at = group % 4;
      uint32_t next_e = vsha1h_u32(vgetq_lane_u32(abcd, 0));
      words[at] = group < 4 ? load_words(data + 16 * at) : sha1_schedule(words, at);
      abcd = sha1_rounds(abcd, e, words[at], group);
      e = next_e;
    }
    abcd = vaddq_u32(abcd, first);
    e += first_e;
  }
  store_words(state, abcd);
  store_words(state + 4, vsetq_lane_u32(e, vextq_u32(abcd, bcde, 1), 3));
}

/* ---- SHA-512 ---- */

/* FIPS 180-4, 4.2.3. */
static const uint64_t sha512_constants[80] = {
  0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
  0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
  0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
  0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
  0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
  0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
  0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
  0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
  0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
  0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
  0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
  0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
  0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
  0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
  0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
  0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

struct sha512_lane {
  uint64x2_t ab, cd, ef, gh, words[8];
};

ARM_512_INLINE uint64x2_t
load_long_words(const uint8_t *from)
{
  return vreinterpretq_u64_u8(vrev64q_u8(vld1q_u8(from)));
}

ARM_512_INLINE void
store_long_words(uint8_t *to, uint64x2_t words)
{
  vst1q_u8(to, vrev64q_u8(vreinterpretq_u8_u64(words)));
}

/* Two rounds, from round `first` on. The instructions want the second one's sum before
 * the first one's, and g with f, e with d, in one register. */
ARM_512_INLINE void
sha512_rounds(struct sha512_lane *lane, uint64x2_t words, unsigned first)
{
  uint64x2_t sum = vaddq_u64(words, vld1q_u64(sha512_constants + first));
  uint64x2_t t = vsha512hq_u64(vaddq_u64(lane->gh, vextq_u64(sum, sum, 1)), vextq_u64(lane->ef, lane->gh, 1),
                               vextq_u64(lane->cd, lane->ef, 1));
  uint64x2_t ab = vsha512h2q_u64(t, lane->cd, lane->ab);

  lane->gh = lane->ef;
  lane->ef = vaddq_u64(lane->cd, t);
  lane->cd = lane->ab;
  lane->ab = ab;
}

/* The schedule's next two words. */
ARM_512_INLINE void
sha512_schedule(uint64x2_t words[8], unsigned at)
{
  words[at] = vsha512su1q_u64(vsha512su0q_u64(words[at], words[(at + 1) % 8]), words[(at + 7) % 8],
                              vextq_u64(words[(at + 4) % 8], words[(at + 5) % 8], 1));
}

ARM_512_INLINE void
sha512_block(struct sha512_lane lane[], const uint8_t *const data[], uint64_t from, unsigned lanes)
{
#pragma GCC unroll 8
  for (unsigned at = 0; at < 8; at++)
#pragma GCC unroll 2
    for (unsigned i = 0; i < lanes; i++) {
      lane[i].words[at] = load_long_words(data[i] + from + 16 * at);
      sha512_rounds(&lane[i], lane[i].words[at], 2 * at);
    }
  for (unsigned round = 16; round < 80; round += 16)
#pragma GCC unroll 8
    for (unsigned at = 0; at < 8; at++)
#pragma GCC unroll 2
      for (unsigned i = 0; i < lanes; i++) {
        sha512_schedule(lane[i].words, at);
        sha512_rounds(&lane[i], lane[i].words[at], round + 2 * at);
      }
}

ARM_512_INLINE void
sha512_take_lanes(uint8_t *const states[], const uint8_t *const data[], uint64_t blocks, unsigned lanes)
{
  struct sha512_lane lane[LANES_MAX], before[LANES_MAX];

  for (unsigned i = 0; i < lanes; i++) {
    lane[i].ab = load_long_words(states[i]);
    lane[i].cd = load_long_words(states[i] + 16);
    lane[i].ef = load_long_words(states[i] + 32);
    lane[i].gh = load_long_words(states[i] + 48);
  }
  for (uint64_t done = 0; done < blocks * 128; done += 128) {
    for (unsigned i = 0; i < lanes; i++)
      before[i] = lane[i];
    sha512_block(lane, data, done, lanes);
    for (unsigned i = 0; i < lanes; i++) {
      lane[i].ab = vaddq_u64(lane[i].ab, before[i].ab);
      lane[i].cd = vaddq_u64(lane[i].cd, before[i].cd);
      lane[i].ef = vaddq_u64(lane[i].ef, before[i].ef);
      lane[i].gh = vaddq_u64(lane[i].gh, before[i].gh);
    }
  }
  for (unsigned i = 0; i < lanes; i++) {
    store_long_words(states[i], lane[i].ab);
    store_long_words(states[i] + 16, lane[i].cd);
    store_long_words(states[i] + 32, lane[i].ef);
    store_long_words(states[i] + 48, lane[i].gh);
  }
}

ARM_512 static void
sha512_take(uint8_t *state, const uint8_t *data, uint64_t blocks)
{
  sha512_take_lanes(&state, &data, blocks, 1);
}

ARM_512 static void
sha512_take_two(uint8_t *const states[2], const uint8_t *const data[2], uint64_t blocks)
{
  sha512_take_lanes(states, data, blocks, 2);
}

/* ---- What there is ---- */

static const struct hash_engine sha1_engine = { sha1_take, NULL };
static const struct hash_engine sha256_engine = { sha256_take, sha256_take_two };
static const struct hash_engine sha512_engine = { sha512_take, sha512_take_two };

/* By enum hash_kind: the engine, and the bit by which the kernel says that its instructions are there. */
static const struct {
  const struct hash_engine *engine;
  unsigned long bit;
} engines[HASH_KINDS] = {
  [HASH_SHA1] = { &sha1_engine, HWCAP_SHA1 },       [HASH_SHA224] = { &sha256_engine, HWCAP_SHA2 },
  [HASH_SHA256] = { &sha256_engine, HWCAP_SHA2 },   [HASH_SHA384] = { &sha512_engine, HWCAP_SHA512 },
  [HASH_SHA512] = { &sha512_engine, HWCAP_SHA512 },
};

const struct hash_engine *
hash_arm_engine(enum hash_kind kind)
{
  return getauxval(AT_HWCAP) & engines[kind].bit ? engines[kind].engine : NULL;
}

#else

const struct hash_engine *
hash_arm_engine(enum hash_kind kind)
{
  (void)kind;
  return NULL;
}

#endif
