/*
 * metrics.h: the server and its cache in the text format of Prometheus.
 */
#ifndef METRICS_H
#define METRICS_H

#include <ctxcache.h>

#include "server.h"

/* In memory from malloc(). CTX_OK, or why not. */
int metrics_text(const struct server *server, ctx_cache *cache, char **out_text, size_t *out_size);

#endif
