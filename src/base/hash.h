/*
 * hash.h: the hash by which keys and partitions are spread: XXH3 of xxHash, which hash_words.h alone sees.
 *
 * Nothing that matters for correctness depends on it: whoever finds by hash compares in full.
 */
#ifndef CTXI_BASE_HASH_H
#define CTXI_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint64_t ctxi_hash(const void *bytes, size_t size, uint64_t seed);

/* For who has nothing but the hash to tell two things apart by: the seed is 0, and no bits are forced. */
uint64_t ctxi_digest(const void *bytes, size_t size);

/* For tests: keep only the lowest `bits` bits of every hash, 0 (all hashes are equal) to 64. Set it
 * before the first cache is made. */
void ctxi_hash_force_bits(int bits);

#endif
