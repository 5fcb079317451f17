/*
 * contenders.c: who competes in the cache section, in the order of the table. How one is added:
 * contender.h.
 */
#include "contender.h"

/* ---- what this program was built without -------------------------------------------------- */

__attribute__((unused)) static bool never(void)
{
    return false;
}

#ifndef BENCH_WITH_GLIB
const struct contender contender_glib = {
    .name = "glib",
    .about = "GHashTable and GQueue, one mutex",
    .exact_lru = true,
    .package = "libglib2.0-dev",
    .present = never,
};
#endif

#ifndef BENCH_WITH_ROCKSDB
const struct contender contender_rocksdb_lru = {
    .name = "rocksdb-lru",
    .about = "RocksDB's LRUCache: shards, a mutex for each",
    .package = "librocksdb-dev",
    .present = never,
};

const struct contender contender_rocksdb_clock = {
    .name = "rocksdb-clock",
    .about = "RocksDB's HyperClockCache: no locks, CLOCK instead of LRU",
    .package = "librocksdb-dev",
    .present = never,
};
#endif

#ifndef BENCH_WITH_PYTHON
const struct contender contender_cpython = {
    .name = "cpython",
    .about = "functools.lru_cache, called from C; one thread at a time",
    .package = "python3-dev",
    .present = never,
};
#endif

#ifndef BENCH_WITH_MEMCACHED
const struct contender contender_memcached = {
    .name = "memcached",
    .about = "over a unix socket, a connection for each thread",
    .package = "memcached libmemcached-dev",
    .present = never,
};
#endif

/* ---- the list ----------------------------------------------------------------------------- */

static const struct contender *const contenders[] = {
    &contender_floor,
    &contender_ctxcache,
    &contender_ctxcache_ref,
    &contender_ctxcache_many,
    &contender_ctxcache_recorded,
    &contender_ctxcache_sampled,
    &contender_ctxcache_curve,
    &contender_ctxcache_curves,
    &contender_uthash,
    &contender_uthash_shards,
    &contender_glib,
    &contender_rocksdb_lru,
    &contender_rocksdb_clock,
    &contender_cpython,
    &contender_memcached,
};

const struct contender *contender_at(size_t number)
{
    return number < sizeof contenders / sizeof *contenders ? contenders[number] : NULL;
}

bool contender_present(const struct contender *contender)
{
    return !contender->present || contender->present();
}
