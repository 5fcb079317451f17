/*
 * known.h: the partitions that a thread has found in a cache lately, by the values of its variables. So
 * a context that remembers nothing yet, as after the CTX_SCOPED at the beginning of a request, need not
 * have them interned under the lock.
 *
 * A small table of encodings, compared in full. What it says of an id stays true, for ids are
 * never given out twice; but it may not be current any more, which is looked at in the section of the
 * call. Of one thread; holds nothing.
 */
#ifndef CTXI_CACHE_KNOWN_H
#define CTXI_CACHE_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctxcache/cache.h"

#define CTXI_KNOWN_SETS 32
#define CTXI_KNOWN_WAYS 4  /* where in its set a partition may be; the last one learned is first */
#define CTXI_KNOWN_SIZE 75 /* longer encodings are not kept */

struct ctxi_known {
    uint64_t id; /* 0: nothing */
    uint64_t seed;
    uint32_t hash; /* of the encoding */
    uint8_t size;
    unsigned char encoded[CTXI_KNOWN_SIZE];
};

struct ctxi_known_set {
    struct ctxi_known ways[CTXI_KNOWN_WAYS];
};

struct ctxi_reader;

/*
 * The partition of the current moment, as the context remembers it or the thread knows it, becomes what the
 * reader remembers; false: the whole way finds it out. Charges the load around the call, if there is one,
 * as every call does.
 */
bool ctxi_recall(const ctx_cache *cache, struct ctxi_reader *reader);

/* `encoded`, of plain values, is the partition with this id. */
void ctxi_known_learn(struct ctxi_known_set *table, const void *encoded, size_t size, uint64_t id,
                      uint64_t seed);

#endif
