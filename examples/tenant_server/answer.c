#include "answer.h"

#include <stdio.h>

#include "tenant_reports/outcome.h"

static enum MHD_Result send_response(struct MHD_Connection *connection, unsigned code,
                                     struct MHD_Response *response, const char *type,
                                     const char *x_cache)
{
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (x_cache)
        MHD_add_response_header(response, "X-Cache", x_cache);
    enum MHD_Result queued = MHD_queue_response(connection, code, response);
    MHD_destroy_response(response);
    return queued;
}

static struct MHD_Response *copy_of(const void *data, size_t size)
{
    return MHD_create_response_from_buffer(size, (void *)(uintptr_t)data, MHD_RESPMEM_MUST_COPY);
}

enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned code, const char *text)
{
    char line[256];
    int size = snprintf(line, sizeof line, "%s\n", text);

    return send_response(connection, code, copy_of(line, (size_t)size), "text/plain", NULL);
}

enum MHD_Result answer_json(struct MHD_Connection *connection, char *json, size_t size)
{
    return send_response(connection, MHD_HTTP_OK,
                         MHD_create_response_from_buffer(size, json, MHD_RESPMEM_MUST_FREE),
                         "application/json", NULL);
}

enum MHD_Result answer_report(struct MHD_Connection *connection, int status, ctx_cache_ref *json,
                              const ctx_cache_info *info)
{
    char x_cache[128];

    if (status != CTX_OK)
        return answer_failure(connection, status, info);
    outcome_describe(info, status, x_cache, sizeof x_cache);
    struct MHD_Response *response = copy_of(json->data, json->size);
    ctx_cache_ref_release(json);
    return send_response(connection, MHD_HTTP_OK, response, "application/json", x_cache);
}

enum MHD_Result answer_failure(struct MHD_Connection *connection, int status,
                               const ctx_cache_info *info)
{
    char body[512], x_cache[128] = "";

    if (info)
        outcome_describe(info, status, x_cache, sizeof x_cache);
    size_t size = outcome_body(status, info, body, sizeof body);
    return send_response(connection, outcome_code(status), copy_of(body, size), "application/json",
                         info ? x_cache : NULL);
}
