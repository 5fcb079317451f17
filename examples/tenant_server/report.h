/*
 * report.h: the context variables of a request, and the memoized reports that depend on them.
 *
 * No function here takes a tenant: whoever serves a request sets the variables once, and whatever
 * runs below finds them. The cache varies on tenant and currency.
 */
#ifndef REPORT_H
#define REPORT_H

#include <ctxcache.h>

#include "database.h"

CTX_VAR_DECLARE(tenant);
CTX_VAR_DECLARE(currency);
CTX_VAR_DECLARE(locale);

/* Makes the cache over `database`, which must outlive it. CTX_OK, or why not. */
int reports_open(struct database *database);
void reports_close(void);

/* The cache, for invalidation and statistics. */
ctx_cache *reports_cache(void);

/* Revenue of the current tenant in the current currency; `quarter` 0: of the whole year. JSON.
 * CTX_ABSENT if there are no orders; CTX_ERR_UNSET if the request named no tenant. */
int report_revenue(int64_t year, int64_t quarter, ctx_cache_ref *out_json, ctx_cache_info *info);

/* The same with a title in the language of `locale`, on which the cache does not vary: so it
 * answers, and refuses to store what it could give to a reader of another language. */
int report_summary(int64_t year, ctx_cache_ref *out_json, ctx_cache_info *info);

#endif
