#include "answer.h"

#include <stdio.h>
#include <string.h>

#include "connection.h"
#include "tenant_reports/log.h"
#include "tenant_reports/outcome.h"
#include "tenant_reports/variables.h"

/* Whoever asked is told its own id: it is still in the context. */
static void finish(struct exchange *exchange, unsigned code, const char *type)
{
    const char *id;

    exchange->code = code;
    exchange->type = type;
    if (ctx_get_string(request_id, &id) == CTX_OK)
        snprintf(exchange->request_id, sizeof exchange->request_id, "%s", id);
    log_line("answered %u%s%s", code, *exchange->x_cache ? " " : "", exchange->x_cache);
    connection_answered(exchange);
}

static void take_body(struct exchange *exchange, char *body, size_t size)
{
    exchange->owned = body;
    exchange->body = body;
    exchange->body_size = body ? size : 0;
}

void answer_text(struct exchange *exchange, unsigned code, const char *text)
{
    char line[256];
    int size = snprintf(line, sizeof line, "%s\n", text);

    take_body(exchange, strdup(line), (size_t)size);
    finish(exchange, code, "text/plain");
}

void answer_not_allowed(struct exchange *exchange, const char *allowed)
{
    exchange->allow = allowed;
    answer_text(exchange, 405, "another method, please");
}

void answer_page(struct exchange *exchange, const char *type, char *body, size_t size)
{
    take_body(exchange, body, size);
    finish(exchange, 200, type);
}

void answer_report(struct exchange *exchange, int status, ctx_cache_ref *json,
                   const ctx_cache_info *info)
{
    if (status != CTX_OK) {
        answer_failure(exchange, status, info);
        return;
    }
    outcome_describe(info, status, exchange->x_cache, sizeof exchange->x_cache);
    exchange->ref = *json;
    *json = (ctx_cache_ref)CTX_CACHE_REF_INIT;
    exchange->body = exchange->ref.data;
    exchange->body_size = exchange->ref.size;
    finish(exchange, 200, "application/json");
}

void answer_failure(struct exchange *exchange, int status, const ctx_cache_info *info)
{
    char body[512];

    if (info)
        outcome_describe(info, status, exchange->x_cache, sizeof exchange->x_cache);
    size_t size = outcome_body(status, info, body, sizeof body);
    take_body(exchange, strdup(body), size);
    finish(exchange, outcome_code(status), "application/json");
}
