/*
 * random.h: a seeded generator (splitmix64), the same on every machine.
 */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

#include <stdint.h>

struct random {
    uint64_t state;
};

/* A bijection that spreads every input bit over the whole word. */
static inline uint64_t random_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline uint64_t random_next(struct random *random)
{
    return random_mix(random->state += 0x9e3779b97f4a7c15u);
}

/* A number in [0, 1). */
static inline double random_unit(struct random *random)
{
    return (double)(random_next(random) >> 11) * 0x1p-53;
}

/* A number in [0, limit); limit < 2^32, so the bias is below 2^-32. */
static inline uint64_t random_below(struct random *random, uint64_t limit)
{
    return ((random_next(random) >> 32) * limit) >> 32;
}

#endif
