/*
 * keyed.h: numbers that stand for others, which nobody can tell without the key: SipHash (Aumasson and Bernstein,
 * INDOCRYPT 2012) of one number of 64 bits. The hash of hash.h is none of that: with numbers as short as
 * this whoever sees some of what it gives works out the rest.
 */
#ifndef CTXI_BASE_KEYED_H
#define CTXI_BASE_KEYED_H

#include <stdint.h>

struct ctxi_secret {
    uint64_t words[2];
};

static inline uint64_t ctxi_keyed_rotated(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void ctxi_keyed_rounds(uint64_t v[4], unsigned rounds)
{
    while (rounds--) {
        v[0] += v[1];
        v[2] += v[3];
        v[1] = ctxi_keyed_rotated(v[1], 13) ^ v[0];
        v[3] = ctxi_keyed_rotated(v[3], 16) ^ v[2];
        v[0] = ctxi_keyed_rotated(v[0], 32) + v[3];
        v[2] += v[1];
        v[3] = ctxi_keyed_rotated(v[3], 21) ^ v[0];
        v[1] = ctxi_keyed_rotated(v[1], 17) ^ v[2];
        v[2] = ctxi_keyed_rotated(v[2], 32);
    }
}

/* SipHash-c-d: 2 and 4 as the paper says; 1 and 3 where it is asked for often. */
static inline uint64_t ctxi_keyed(uint64_t number, const struct ctxi_secret *secret, unsigned c,
                                  unsigned d)
{
    const uint64_t words[2] = {number, UINT64_C(8) << 56}; /* the length */
    uint64_t v[4] = {secret->words[0] ^ UINT64_C(0x736f6d6570736575),
                     secret->words[1] ^ UINT64_C(0x646f72616e646f6d),
                     secret->words[0] ^ UINT64_C(0x6c7967656e657261),
                     secret->words[1] ^ UINT64_C(0x7465646279746573)};

    for (int i = 0; i < 2; i++) {
        v[3] ^= words[i];
        ctxi_keyed_rounds(v, c);
        v[0] ^= words[i];
    }
    v[2] ^= 255;
    ctxi_keyed_rounds(v, d);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
