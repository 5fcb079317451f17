/*
 * contender.h: one who competes in the cache section. Each has a file in contenders/; the list is
 * in cache_cells.c.
 */
#ifndef BENCH_CONTENDER_H
#define BENCH_CONTENDER_H

#include "workload.h"

struct cache_setup {
    size_t capacity; /* entries */
    bool tenants;    /* answers depend on the tenant; otherwise all are tenant 0's */
    uint64_t seed;
};

/* Functions that fail say why and end the program. */
struct contender {
    const char *name;
    const char *about;  /* for --help */
    bool resident_only; /* cannot load while it is measured, nor evict */
    void *(*open)(const struct cache_setup *setup);
    void (*close)(void *cache);
    /* Makes the calls, get or load; returns the sum of the first words of the answers. Called by
     * several threads at once, but for a resident_only one that has still to load. */
    uint64_t (*call)(void *cache, const struct calls *calls);
    /* All memory of the cache, its values included, for each entry that is in it. */
    double (*bytes_per_entry)(void *cache);
};

extern const struct contender contender_ctxcache, contender_ctxcache_ref, contender_uthash,
    contender_floor;

/* A copied answer counts as used: the compiler must have written all of it. */
static inline void use_value(const struct value *value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

#endif
