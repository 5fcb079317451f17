/*
 * stats.h: the statistics of a cache as JSON.
 */
#ifndef STATS_H
#define STATS_H

#include <ctxcache.h>

/* {"cache":{...},"partitions":[{"tenant":...},...]} in memory from malloc(). CTX_OK, or why not. */
int stats_json(ctx_cache *cache, char **out_json, size_t *out_size);

#endif
