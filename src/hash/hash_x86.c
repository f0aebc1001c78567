/* SPDX-License-Identifier: MIT */
/* hash_x86: the engines of x86-64; see hash_engine.h. */
#include "hash/hash_engine.h"

#include <stddef.h>

#if defined __x86_64__

#include <cpuid.h>
#include <immintrin.h>
#include <stdbool.h>

#define BLOCK 64
#define LANES_MAX 2

/* What instructions a function may be made of, and what becomes part of its callers. */
#define X86 __attribute__((target("sha,sse4.1")))
#define X86_INLINE X86 __attribute__((always_inline)) static inline

/* ---- Words ---- */

/* Four words, the last one lowest: the instructions have the first of a state on top. */
X86_INLINE __m128i
load_reversed(const uint8_t *from)
{
  return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)from),
                          _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

X86_INLINE void
store_reversed(uint8_t *to, __m128i words)
{
  _mm_storeu_si128((__m128i *)(void *)to,
                   _mm_shuffle_epi8(words, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
}

/* Four words, the first one lowest: so the instructions have those of a message of SHA-256. */
X86_INLINE __m128i
load_words(const uint8_t *from)
{
  return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)from),
                          _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
}

/* ---- SHA-256 ---- */

/* The state, as the instructions have it, and the last sixteen words of the schedule. */
struct sha256_lane {
  __m128i abef, cdgh, words[4];
};

/* The schedule's next four words, which take the place of those of sixteen before. */
X86_INLINE void
sha256_schedule(__m128i words[4], unsigned at)
{
  __m128i seven_before = _mm_alignr_epi8(words[(at + 3) % 4], words[(at + 2) % 4], 4);
  __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(words[at], words[(at + 1) % 4]), seven_before);

  words[at] = _mm_sha256msg2_epu32(sum, words[(at + 3) % 4]);
}

/* Four rounds, from round `first` on. */
X86_INLINE void
sha256_rounds(struct sha256_lane *lane, __m128i words, unsigned first)
{
  __m128i sum = _mm_add_epi32(words, _mm_load_si128((const __m128i *)(const void *)(hash_sha256_constants + first)));

  lane->cdgh = _mm_sha256rnds2_epu32(lane->cdgh, lane->abef, sum);
  lane->abef = _mm_sha256rnds2_epu32(lane->abef, lane->cdgh, _mm_shuffle_epi32(sum, 0x0E));
}

/* All rounds of a block of each lane. */
X86_INLINE void
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
X86_INLINE void
sha256_take_lanes(uint8_t *const states[], const uint8_t *const data[], uint64_t blocks, unsigned lanes)
{
  struct sha256_lane lane[LANES_MAX], before[LANES_MAX];

  for (unsigned i = 0; i < lanes; i++) {
    __m128i dcba = load_reversed(states[i]), hgfe = load_reversed(states[i] + 16);
    lane[i].abef = _mm_unpackhi_epi64(hgfe, dcba);
    lane[i].cdgh = _mm_unpacklo_epi64(hgfe, dcba);
  }
  for (uint64_t done = 0; done < blocks * BLOCK; done += BLOCK) {
    for (unsigned i = 0; i < lanes; i++)
      before[i] = lane[i];
    sha256_block(lane, data, done, lanes);
    for (unsigned i = 0; i < lanes; i++) {
      lane[i].abef = _mm_add_epi32(lane[i].abef, before[i].abef);
      lane[i].cdgh = _mm_add_epi32(lane[i].cdgh, before[i].cdgh);
    }
  }
  for (unsigned i = 0; i < lanes; i++) {
    store_reversed(states[i], _mm_unpackhi_epi64(lane[i].cdgh, lane[i].abef));
    store_reversed(states[i] + 16, _mm_unpacklo_epi64(lane[i].cdgh, lane[i].abef));
  }
}

X86 static void
sha256_take(uint8_t *state, const uint8_t *data, uint64_t blocks)
{
  sha256_take_lanes(&state, &data, blocks, 1);
}

X86 static void
sha256_take_two(uint8_t *const states[2], const uint8_t *const data[2], uint64_t blocks)
{
  sha256_take_lanes(states, data, blocks, 2);
}

/* ---- SHA-1 ---- */

/* The function and the constant of the rounds are part of the instruction. */
X86_INLINE __m128i
sha1_rounds(__m128i abcd, __m128i sum, unsigned group)
{
  switch (group / 5) {
  case 0:
    return _mm_sha1rnds4_epu32(abcd, sum, 0);
  case 1:
    return _mm_sha1rnds4_epu32(abcd, sum, 1);
  case 2:
    return _mm_sha1rnds4_epu32(abcd, sum, 2);
  default:
    return _mm_sha1rnds4_epu32(abcd, sum, 3);
  }
}

X86_INLINE __m128i
sha1_schedule(const __m128i words[4], unsigned at)
{
  __m128i sum = _mm_xor_si128(_mm_sha1msg1_epu32(words[at], words[(at + 1) % 4]), words[(at + 2) % 4]);

  return _mm_sha1msg2_epu32(sum, words[(at + 3) % 4]);
}

/* One message only: who asks for SHA-1 has little to wait for, and this code is long. */
X86 static void
sha1_take(uint8_t *state, const uint8_t *data, uint64_t blocks)
{
  __m128i abcd = load_reversed(state), e = _mm_slli_si128(load_reversed(state + 4), 12);

  for (const uint8_t *end = data + blocks * BLOCK; data < end; data += BLOCK) {
    __m128i first = abcd, before = abcd, words[4];
#pragma GCC unroll 20
    for (unsigned group = 0; group < 20; group++) { /* of four rounds */
      unsigned at = group % 4;
      __m128i now = abcd;
      words[at] = group < 4 ? load_reversed(data + 16 * at) : sha1_schedule(words, at);
      /* E is what A was four rounds ago, turned. */
      abcd = sha1_rounds(abcd, group == 0 ? _mm_add_epi32(e, words[0]) : _mm_sha1nexte_epu32(before, words[at]), group);
      before = now;
    }
    e = _mm_sha1nexte_epu32(before, e);
    abcd = _mm_add_epi32(abcd, first);
  }
  store_reversed(state, abcd);
  store_reversed(state + 4, _mm_alignr_epi8(abcd, e, 12));
}

/* ---- What there is ---- */

static const struct hash_engine sha1_engine = { sha1_take, NULL };
static const struct hash_engine sha256_engine = { sha256_take, sha256_take_two };

/* These work on registers that every system keeps. */
static bool
has_instructions(void)
{
  unsigned eax, ebx, ecx, edx;

  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx & bit_SSE4_1 &&
         __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && ebx & bit_SHA;
}

const struct hash_engine *
hash_x86_engine(enum hash_kind kind)
{
  switch (kind) {
  case HASH_SHA1:
    return has_instructions() ? &sha1_engine : NULL;
  case HASH_SHA224:
  case HASH_SHA256:
    return has_instructions() ? &sha256_engine : NULL;
  default:
    return NULL;
  }
}

#else

const struct hash_engine *
hash_x86_engine(enum hash_kind kind)
{
  (void)kind;
  return NULL;
}

#endif
