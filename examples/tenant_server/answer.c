#include "answer.h"

#include <stdio.h>
#include <string.h>

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

/* "hit", "miss/undeclared:locale", "hit/negative", "refused/unset:tenant" */
static void describe(const ctx_cache_info *info, int status, char *out, size_t size)
{
    static const char *const outcomes[] = {"?", "hit", "miss", "joined", "bypass", "refused"};
    static const char *const reasons[] = {"",        "unset",    "key-too-long",
                                          "failed",  "no-store", "undeclared",
                                          "changed", "fenced",   "too-large"};
    const char *reason =
        info->reason < sizeof reasons / sizeof *reasons ? reasons[info->reason] : "?";

    if (status == CTX_ERR_UNSET)
        reason = "unset";
    else if (*reason == '\0' && info->negative)
        reason = "negative";
    snprintf(out, size, "%s%s%s%s%s",
             info->outcome < sizeof outcomes / sizeof *outcomes ? outcomes[info->outcome] : "?",
             *reason ? "/" : "", reason, *info->variable ? ":" : "", info->variable);
}

enum MHD_Result answer_report(struct MHD_Connection *connection, int status, ctx_cache_ref *json,
                              const ctx_cache_info *info)
{
    char x_cache[128];

    if (status != CTX_OK)
        return answer_failure(connection, status, info);
    describe(info, status, x_cache, sizeof x_cache);
    struct MHD_Response *response = copy_of(json->data, json->size);
    ctx_cache_ref_release(json);
    return send_response(connection, MHD_HTTP_OK, response, "application/json", x_cache);
}

static unsigned http_code(int status)
{
    switch (status) {
    case CTX_ABSENT:
        return MHD_HTTP_NOT_FOUND;
    case CTX_ERR_UNSET:
        return MHD_HTTP_BAD_REQUEST;
    case CTX_ERR_TIMEOUT:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    default:
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    }
}

enum MHD_Result answer_failure(struct MHD_Connection *connection, int status,
                               const ctx_cache_info *info)
{
    const char *name = ctx_status_name(status);
    char body[512], x_cache[128] = "";

    if (info)
        describe(info, status, x_cache, sizeof x_cache);
    int size =
        snprintf(body, sizeof body, "{\"status\":\"%s\",\"variable\":\"%s\",\"reason\":\"%s\"}\n",
                 name ? name : "DATABASE_FAILED", info ? info->variable : "", ctx_strerror(status));
    if ((size_t)size >= sizeof body)
        size = sizeof body - 1;
    return send_response(connection, http_code(status), copy_of(body, (size_t)size),
                         "application/json", info ? x_cache : NULL);
}
