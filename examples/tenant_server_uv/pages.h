/*
 * pages.h: what there is to ask for.
 *
 *     GET  /revenue?year=2025[&quarter=1..4]      memoized per tenant and currency
 *     GET  /summary?year=2025                     reads the locale too: answered, never stored
 *     POST /invalidate                            forgets what is cached for this tenant
 *     GET  /stats                                 the cache, and each partition
 *     GET  /metrics                               the same and the server, for Prometheus
 *
 * Headers: X-Tenant, X-Currency (else EUR), X-Locale or Accept-Language (else en), and for the log X-User and
 * X-Request-Id (else one is made up). The answer has X-Request-Id, and X-Cache, which says how the cache
 * answered: hit, miss, joined, miss/undeclared:locale, ...
 */
#ifndef PAGES_H
#define PAGES_H

#include "request.h"

/* Runs in the context of the request. */
void pages_serve(struct request *request);

#endif
