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

/* ---- the list ----------------------------------------------------------------------------- */

static const struct contender *const contenders[] = {
    &contender_floor,  &contender_ctxcache,      &contender_ctxcache_ref,
    &contender_uthash, &contender_uthash_shards, &contender_glib,
};

const struct contender *contender_at(size_t number)
{
    return number < sizeof contenders / sizeof *contenders ? contenders[number] : NULL;
}

bool contender_present(const struct contender *contender)
{
    return !contender->present || contender->present();
}
