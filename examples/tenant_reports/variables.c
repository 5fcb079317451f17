#include "variables.h"

#include <string.h>

#include "database.h"

CTX_VAR(tenant);
CTX_VAR(currency);
CTX_VAR(locale);
CTX_VAR(request_id);
CTX_VAR(user);

/* What may stand in a name: nothing that JSON, a header or a line of the log would have to escape. */
static bool is_plain(const char *text)
{
    size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789-_.");
    return length > 0 && length <= 63 && text[length] == '\0';
}

/* Not named, not set: the cache refuses to guess (CTX_ERR_UNSET). */
static int set_name(ctx_var *var, const char *name)
{
    if (!name)
        return CTX_OK;
    return is_plain(name) ? ctx_set(var, name) : CTX_ERR_INVALID;
}

static int set_currency(const char *code)
{
    if (code && !database_knows_currency(code))
        return CTX_ERR_INVALID;
    return ctx_set(currency, code ? code : "EUR");
}

static int set_locale(const char *tag)
{
    if (!tag || *tag == '*')
        tag = "en";
    /* The first language of the list is enough here. */
    return ctx_set(locale, ctx_string_n(tag, strcspn(tag, ",;")));
}

int variables_set(const struct request_headers *headers)
{
    int status = set_name(request_id, headers->request_id);

    if (status == CTX_OK)
        status = set_name(user, headers->user);
    if (status == CTX_OK)
        status = set_name(tenant, headers->tenant);
    if (status == CTX_OK)
        status = set_currency(headers->currency);
    if (status == CTX_OK)
        status = set_locale(headers->locale ? headers->locale : headers->accept_language);
    return status;
}
