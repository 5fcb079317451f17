#include "pages.h"

#include <ctxcache/uv.h>
#include <http_parser.h>
#include <string.h>

#include "answer.h"
#include "metrics.h"
#include "query.h"
#include "tenant_reports/report.h"
#include "tenant_reports/stats.h"

/* On the thread of the loop, in the context of the request, which may have waited meanwhile. */
static void on_report(void *user, int status, ctx_cache_ref *json, const ctx_cache_info *info)
{
    answer_report(user, status, json, info);
}

/* A call that is refused has no callback, which would have been told the variable that is missing. */
static void answer_refusal(struct request *request, ctx_cache_fn *fn, int status)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    ctx_cache_ref nothing = CTX_CACHE_REF_INIT;
    int again = ctx_cache_peek_v(reports_cache(), fn, NULL, 0, &nothing, &info);

    ctx_cache_ref_release(&nothing);
    answer_failure(request->exchange, status, again == status ? &info : NULL);
}

static void get_revenue(struct request *request)
{
    int64_t year = 0, quarter = 0;

    if (!query_number(request->head->query, "year", 1, 9999, &year) ||
        !query_number(request->head->query, "quarter", 1, 4, &quarter) || year == 0) {
        answer_text(request->exchange, 400, "want ?year=2025[&quarter=1..4]");
        return;
    }
    int status = ctx_uv_cache_call(request->server->loop, reports_cache(), report_revenue_fn,
                                   on_report, request->exchange, year, quarter);
    if (status != CTX_OK)
        answer_refusal(request, report_revenue_fn, status);
}

static void get_summary(struct request *request)
{
    int64_t year = 0;

    if (!query_number(request->head->query, "year", 1, 9999, &year) || year == 0) {
        answer_text(request->exchange, 400, "want ?year=2025");
        return;
    }
    int status = ctx_uv_cache_call(request->server->loop, reports_cache(), report_summary_fn,
                                   on_report, request->exchange, year);
    if (status != CTX_OK)
        answer_refusal(request, report_summary_fn, status);
}

static void post_invalidate(struct request *request)
{
    int status = ctx_cache_invalidate_partition(reports_cache());

    if (status == CTX_OK)
        answer_text(request->exchange, 200, "invalidated");
    else
        answer_failure(request->exchange, status, NULL);
}

static void get_stats(struct request *request)
{
    char *json = NULL;
    size_t size = 0;
    int status = stats_json(reports_cache(), &json, &size);

    if (status == CTX_OK)
        answer_page(request->exchange, "application/json", json, size);
    else
        answer_failure(request->exchange, status, NULL);
}

static void get_metrics(struct request *request)
{
    char *text = NULL;
    size_t size = 0;
    int status = metrics_text(request->server, reports_cache(), &text, &size);

    if (status == CTX_OK)
        answer_page(request->exchange, "text/plain; version=0.0.4", text, size);
    else
        answer_failure(request->exchange, status, NULL);
}

static bool allows(const char *methods, unsigned method)
{
    if (*methods == 'G')
        return method == HTTP_GET || method == HTTP_HEAD;
    return method == HTTP_POST;
}

void pages_serve(struct request *request)
{
    static const struct {
        const char *methods, *path;
        void (*serve)(struct request *request);
    } pages[] = {
        {"GET, HEAD", "/revenue", get_revenue},   {"GET, HEAD", "/summary", get_summary},
        {"POST", "/invalidate", post_invalidate}, {"GET, HEAD", "/stats", get_stats},
        {"GET, HEAD", "/metrics", get_metrics},
    };

    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(request->head->path, pages[i].path) == 0) {
            if (allows(pages[i].methods, request->head->method))
                pages[i].serve(request);
            else
                answer_not_allowed(request->exchange, pages[i].methods);
            return;
        }
    answer_text(request->exchange, 404, "/revenue /summary /invalidate /stats /metrics");
}
