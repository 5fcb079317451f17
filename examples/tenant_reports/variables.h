/*
 * variables.h: the context variables of a request, and the one place that sets them.
 *
 * No function below takes a tenant: whoever serves a request calls variables_set() once, in a context
 * that is the request's own, and whatever runs for the request finds them.
 */
#ifndef VARIABLES_H
#define VARIABLES_H

#include <ctxcache.h>

/* Reports depend on these. */
CTX_VAR_DECLARE(tenant);
CTX_VAR_DECLARE(currency);
CTX_VAR_DECLARE(locale);

/* And not on these: they are for the log. */
CTX_VAR_DECLARE(request_id);
CTX_VAR_DECLARE(user);

/* What a request's headers say; NULL where there is none. */
struct request_headers {
    const char *tenant;          /* X-Tenant */
    const char *currency;        /* X-Currency; EUR */
    const char *locale;          /* X-Locale, or else the first of */
    const char *accept_language; /* Accept-Language; en */
    const char *request_id;      /* X-Request-Id */
    const char *user;            /* X-User */
};

/*
 * Sets them in the current context. A tenant, request or user that is not named stays unset.
 * CTX_ERR_INVALID for a name that is not plain or a currency that is not known; or ctx_set()'s.
 */
int variables_set(const struct request_headers *headers);

#endif
