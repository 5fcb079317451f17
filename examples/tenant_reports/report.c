#include "report.h"

#include <inttypes.h>
#include <string.h>

#include "log.h"
#include "variables.h"

static struct database *orders;
static ctx_cache *cache;

/* The two loaders, and the line for each that memoizes it. */
static int revenue(ctx_cache_load *load, int64_t year, int64_t quarter);
CTX_CACHE_WRAP_REF(cached_revenue, revenue, int64_t, int64_t)

static int summary(ctx_cache_load *load, int64_t year);
CTX_CACHE_WRAP_REF(cached_summary, summary, int64_t)

ctx_cache_fn *const report_revenue_fn = cached_revenue_fn;
ctx_cache_fn *const report_summary_fn = cached_summary_fn;

int reports_open(struct database *database, size_t capacity_bytes)
{
    ctx_var *const vary[] = {tenant, currency};
    ctx_var *const ignore[] = {request_id, user}; /* a load logs them, and depends on neither */
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;

    config.name = "reports";
    config.capacity_bytes = capacity_bytes;
    config.vary = vary;
    config.vary_count = 2;
    config.ignore = ignore;
    config.ignore_count = 2;
    config.ttl_ns = 60000000000u;
    orders = database;
    return ctx_cache_new(&config, &cache);
}

void reports_close(void)
{
    ctx_cache_destroy(cache);
    cache = NULL;
}

ctx_cache *reports_cache(void)
{
    return cache;
}

/* A tenant without orders is an answer too, and as expensive to find. */
static int give(void *load, const char *json, size_t size)
{
    if (json)
        return ctx_cache_load_copy(load, json, size);
    ctx_cache_load_negative(load);
    return CTX_OK;
}

static int run_query(ctx_cache_load *load, const char *title, int64_t year, int64_t quarter)
{
    struct database_query query = {.title = title, .year = year, .quarter = quarter};
    int status = ctx_get_string(tenant, &query.tenant);

    if (status == CTX_OK)
        status = ctx_get_string(currency, &query.currency);
    if (status != CTX_OK)
        return status;
    log_line("query of %" PRId64 ", quarter %" PRId64, year, quarter);
    return database_report(orders, &query, give, load);
}

static int revenue(ctx_cache_load *load, int64_t year, int64_t quarter)
{
    return run_query(load, "revenue", year, quarter);
}

static int summary(ctx_cache_load *load, int64_t year)
{
    const char *language;
    int status = ctx_get_string(locale, &language);

    if (status != CTX_OK)
        return status;
    if (strncmp(language, "de", 2) == 0)
        return run_query(load, "Umsatz", year, 0);
    if (strncmp(language, "fr", 2) == 0)
        return run_query(load, "Chiffre d'affaires", year, 0);
    return run_query(load, "Revenue", year, 0);
}

int report_revenue(int64_t year, int64_t quarter, ctx_cache_ref *out_json, ctx_cache_info *info)
{
    return ctx_cache_call_info(cache, cached_revenue_fn, out_json, info, year, quarter);
}

int report_summary(int64_t year, ctx_cache_ref *out_json, ctx_cache_info *info)
{
    return ctx_cache_call_info(cache, cached_summary_fn, out_json, info, year);
}
