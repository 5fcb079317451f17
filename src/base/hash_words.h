/*
 * hash_words.h: the hash, inlined for the sizes that keys of one or two numbers have. Included by who
 * hashes for every hit, and by hash.c; everybody else calls ctxi_hash(), which gives the same.
 *
 * The one file that sees xxhash.h.
 */
#ifndef CTXI_BASE_HASH_WORDS_H
#define CTXI_BASE_HASH_WORDS_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/hash.h"

extern uint64_t ctxi_hash_kept_bits __attribute__((visibility("hidden"))); /* of every hash */

static inline uint64_t ctxi_hash_words(const void *bytes, size_t size, uint64_t seed)
{
    if (size == 16)
        return XXH3_64bits_withSeed(bytes, 16, seed) & ctxi_hash_kept_bits;
    if (size == 24)
        return XXH3_64bits_withSeed(bytes, 24, seed) & ctxi_hash_kept_bits;
    return ctxi_hash(bytes, size, seed);
}

#endif
