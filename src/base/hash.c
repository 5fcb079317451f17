#include "base/hash_words.h"

uint64_t ctxi_hash_kept_bits = UINT64_MAX;

uint64_t ctxi_hash(const void *bytes, size_t size, uint64_t seed)
{
    return XXH3_64bits_withSeed(bytes, size, seed) & ctxi_hash_kept_bits;
}

uint64_t ctxi_digest(const void *bytes, size_t size)
{
    return XXH3_64bits(bytes, size);
}

void ctxi_hash_force_bits(int bits)
{
    ctxi_hash_kept_bits = bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
}
