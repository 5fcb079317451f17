#include "server.h"

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "tenant_reports/report.h"
#include "tenant_reports/stats.h"
#include "tenant_reports/variables.h"

struct request {
    struct MHD_Connection *connection;
    const char *method, *path;
    enum MHD_Result queued;
};

static const char *header(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

/* ---- the middleware ----------------------------------------------------------------------- */

static int set_variables(const struct request *request)
{
    const struct request_headers headers = {
        .tenant = header(request, "X-Tenant"),
        .currency = header(request, "X-Currency"),
        .locale = header(request, "X-Locale"),
        .accept_language = header(request, "Accept-Language"),
        .request_id = header(request, "X-Request-Id"),
        .user = header(request, "X-User"),
    };

    return variables_set(&headers);
}

/* ---- the handlers ------------------------------------------------------------------------- */

static bool query_number(const struct request *request, const char *name, long least, long most,
                         int64_t *out)
{
    const char *text =
        MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
    char *end = NULL;
    long number = text ? strtol(text, &end, 10) : 0;

    if (!text || end == text || *end != '\0' || number < least || number > most)
        return false;
    *out = number;
    return true;
}

static bool has_query(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name) != NULL;
}

static enum MHD_Result get_revenue(struct request *request)
{
    ctx_cache_ref json = CTX_CACHE_REF_INIT;
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    int64_t year, quarter = 0;

    if (!query_number(request, "year", 1, 9999, &year) ||
        (has_query(request, "quarter") && !query_number(request, "quarter", 1, 4, &quarter)))
        return answer_text(request->connection, 400, "want ?year=2025[&quarter=1..4]");
    int status = report_revenue(year, quarter, &json, &info);
    return answer_report(request->connection, status, &json, &info);
}

static enum MHD_Result get_summary(struct request *request)
{
    ctx_cache_ref json = CTX_CACHE_REF_INIT;
    ctx_cache_info info = CTX_CACHE_INFO_INIT;
    int64_t year;

    if (!query_number(request, "year", 1, 9999, &year))
        return answer_text(request->connection, 400, "want ?year=2025");
    int status = report_summary(year, &json, &info);
    return answer_report(request->connection, status, &json, &info);
}

static enum MHD_Result post_invalidate(struct request *request)
{
    int status = ctx_cache_invalidate_partition(reports_cache());

    if (status != CTX_OK)
        return answer_failure(request->connection, status, NULL);
    return answer_text(request->connection, 200, "invalidated");
}

static enum MHD_Result get_stats(struct request *request)
{
    char *json = NULL;
    size_t size = 0;
    int status = stats_json(reports_cache(), &json, &size);

    if (status != CTX_OK)
        return answer_failure(request->connection, status, NULL);
    return answer_json(request->connection, json, size);
}

static enum MHD_Result route(struct request *request)
{
    static const struct {
        const char *method, *path;
        enum MHD_Result (*handle)(struct request *request);
    } routes[] = {
        {"GET", "/revenue", get_revenue},
        {"GET", "/summary", get_summary},
        {"POST", "/invalidate", post_invalidate},
        {"GET", "/stats", get_stats},
    };

    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
        if (strcmp(request->path, routes[i].path) == 0)
            return strcmp(request->method, routes[i].method) == 0
                       ? routes[i].handle(request)
                       : answer_text(request->connection, 405, "another method, please");
    return answer_text(request->connection, 404, "/revenue /summary /invalidate /stats");
}

/* ---- one request -------------------------------------------------------------------------- */

/* Runs in a context of its own, which ends with the request and everything that was set in it. */
static void with_variables(void *arg)
{
    struct request *request = arg;
    int status = set_variables(request);

    if (status == CTX_ERR_INVALID)
        request->queued =
            answer_text(request->connection, 400,
                        "X-Tenant, X-User, X-Request-Id: plain names; X-Currency: a known one");
    else if (status != CTX_OK)
        request->queued = answer_failure(request->connection, status, NULL);
    else
        request->queued = route(request);
}

static enum MHD_Result serve(struct request *request)
{
    ctx_context *context = NULL;
    int status = ctx_context_new(&context);

    if (status == CTX_OK)
        status = ctx_run(context, with_variables, request);
    ctx_context_unref(context);
    return status == CTX_OK ? request->queued : answer_failure(request->connection, status, NULL);
}

/* libmicrohttpd calls it when the headers are there, for each piece of a body, and at the end. */
static enum MHD_Result on_request(void *unused, struct MHD_Connection *connection, const char *path,
                                  const char *method, const char *version, const char *body,
                                  size_t *body_size, void **seen)
{
    static char headers_seen;
    struct request request = {connection, method, path, MHD_NO};

    (void)unused, (void)version, (void)body;
    if (!*seen) {
        *seen = &headers_seen;
        return MHD_YES;
    }
    if (*body_size > 0) {
        *body_size = 0;
        return MHD_YES;
    }
    return serve(&request);
}

struct MHD_Daemon *server_start(unsigned short port, unsigned threads, unsigned short *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request,
                         NULL, MHD_OPTION_SOCK_ADDR, &address, MHD_OPTION_THREAD_POOL_SIZE, threads,
                         MHD_OPTION_CONNECTION_TIMEOUT, 10u, MHD_OPTION_END);
    const union MHD_DaemonInfo *info =
        daemon ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;

    if (!info) {
        fprintf(stderr, "tenant_server: cannot listen on 127.0.0.1:%u\n", port);
        server_stop(daemon);
        return NULL;
    }
    *out_port = info->port;
    return daemon;
}

void server_stop(struct MHD_Daemon *daemon)
{
    if (daemon)
        MHD_stop_daemon(daemon);
}
