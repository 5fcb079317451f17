/*
 * report.h: the memoized reports.
 *
 * No function here takes a tenant: they find it in the context (variables.h). The cache varies on
 * tenant and currency.
 */
#ifndef REPORT_H
#define REPORT_H

#include <ctxcache.h>

#include "database.h"

/* Makes the cache over `database`, which must outlive it. With a capacity of 0 nothing is stored.
 * CTX_OK, or why not. */
int reports_open(struct database *database, size_t capacity_bytes);
void reports_close(void);

/* The cache, for invalidation and statistics. */
ctx_cache *reports_cache(void);

/* Revenue of the current tenant in the current currency; `quarter` 0: of the whole year. JSON.
 * CTX_ABSENT if there are no orders; CTX_ERR_UNSET if the request named no tenant. */
int report_revenue(int64_t year, int64_t quarter, ctx_cache_ref *out_json, ctx_cache_info *info);

/* The same with a title in the language of `locale`, on which the cache does not vary: so it
 * answers, and refuses to store what it could give to a reader of another language. */
int report_summary(int64_t year, ctx_cache_ref *out_json, ctx_cache_info *info);

/* The functions that these two call in the cache, with the same arguments: for who must not wait. */
extern ctx_cache_fn *const report_revenue_fn;
extern ctx_cache_fn *const report_summary_fn;

#endif
