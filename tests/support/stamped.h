/*
 * stamped.h: values that say whose they are. Each carries its tenant, function, key and a checksum,
 * is poisoned when it is destroyed, and both are counted: a reader that sees another's value, or
 * one that is gone, ends the program.
 */
#ifndef SUPPORT_STAMPED_H
#define SUPPORT_STAMPED_H

#include <ctxcache.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "support/check.h"

struct stamped {
    int64_t tenant, function, key;
    uint64_t check;
};

/* Adopted ones, in the whole process. */
static _Atomic int64_t stamped_created, stamped_destroyed;

static inline uint64_t stamped_checksum(const struct stamped *s)
{
    uint64_t sum = (uint64_t)s->tenant * 0x9e3779b97f4a7c15u;

    sum ^= (uint64_t)s->function * 0xc2b2ae3d27d4eb4fu;
    return (sum << 7 | sum >> 57) + (uint64_t)s->key * 0x165667b19e3779f9u + 1;
}

static inline struct stamped stamped_of(int64_t tenant, int64_t function, int64_t key)
{
    struct stamped s = {tenant, function, key, 0};

    s.check = stamped_checksum(&s);
    return s;
}

/* The value is whole, alive, and for exactly this tenant, function and key. */
static inline void stamped_verify(const struct stamped *s, int64_t tenant, int64_t function,
                                  int64_t key)
{
    CHECK_EQ(s->check, stamped_checksum(s));
    CHECK_EQ(s->tenant, tenant);
    CHECK_EQ(s->function, function);
    CHECK_EQ(s->key, key);
}

static inline void stamped_destroy(void *value, size_t size, void *user)
{
    struct stamped *s = value;

    (void)user;
    CHECK_EQ(size, sizeof *s);
    CHECK_EQ(s->check, stamped_checksum(s)); /* for the first time */
    *s = (struct stamped){-1, -1, -1, 0};
    free(s);
    atomic_fetch_add(&stamped_destroyed, 1);
}

/* Gives a load a value of its own, which the cache adopts. */
static inline int stamped_adopt(ctx_cache_load *load, struct stamped s)
{
    struct stamped *value = malloc(sizeof *value);

    CHECK(value);
    *value = s;
    atomic_fetch_add(&stamped_created, 1);
    return ctx_cache_load_adopt(load, value, sizeof *value, stamped_destroy, NULL);
}

#endif
