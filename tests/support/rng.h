/*
 * rng.h: repeatable random numbers (SplitMix64), and the seed of a test run.
 */
#ifndef SUPPORT_RNG_H
#define SUPPORT_RNG_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct support_rng {
    uint64_t state;
};

static inline struct support_rng support_rng_seeded(uint64_t seed)
{
    return (struct support_rng){seed};
}

static inline uint64_t support_rng_next(struct support_rng *rng)
{
    uint64_t z = rng->state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 .. bound-1; bound > 0. The bias of 2^-64 * bound does not matter to a test. */
static inline uint64_t support_rng_below(struct support_rng *rng, uint64_t bound)
{
    return support_rng_next(rng) % bound;
}

/* CTX_TEST_SEED if it is set, else a new one; printed, so that a failure can be repeated. */
static inline uint64_t support_seed(const char *test)
{
    const char *text = getenv("CTX_TEST_SEED");
    struct timespec now;
    uint64_t seed;

    clock_gettime(CLOCK_REALTIME, &now);
    seed = text ? strtoull(text, NULL, 0) : (uint64_t)now.tv_sec * 1000003u + (uint64_t)now.tv_nsec;
    fprintf(stderr, "%s: CTX_TEST_SEED=%" PRIu64 "\n", test, seed);
    return seed;
}

#endif
