#include "middleware.h"

#include <http_parser.h>
#include <stdio.h>

#include "answer.h"
#include "pages.h"
#include "tenant_reports/log.h"
#include "tenant_reports/variables.h"

/* The one place where headers become variables; nothing after it knows of headers. */
static int set_variables(const struct head *head)
{
    static unsigned long made_count;
    char made[32];
    struct request_headers headers = {
        .tenant = head_field(head, FIELD_TENANT),
        .currency = head_field(head, FIELD_CURRENCY),
        .locale = head_field(head, FIELD_LOCALE),
        .accept_language = head_field(head, FIELD_ACCEPT_LANGUAGE),
        .request_id = head_field(head, FIELD_REQUEST_ID),
        .user = head_field(head, FIELD_USER),
    };

    if (!headers.request_id) {
        snprintf(made, sizeof made, "made-%lu", ++made_count);
        headers.request_id = made;
    }
    return variables_set(&headers);
}

static void serve(void *arg)
{
    struct request *request = arg;
    int status = set_variables(request->head);

    if (status == CTX_OK) {
        log_line("%s %s", http_method_str((enum http_method)request->head->method),
                 request->head->path);
        pages_serve(request);
    } else if (status == CTX_ERR_INVALID) {
        answer_text(request->exchange, 400,
                    "X-Tenant, X-User, X-Request-Id: plain names; X-Currency: a known one");
    } else {
        answer_failure(request->exchange, status, NULL);
    }
}

void middleware_serve(struct request *request)
{
    ctx_context *context = NULL;
    int status = ctx_context_new(&context);

    if (status == CTX_OK)
        status = ctx_run(context, serve, request);
    ctx_context_unref(context);
    if (status != CTX_OK)
        answer_failure(request->exchange, status, NULL);
}
