#include "ctxcache/status.h"

#include <stddef.h>

struct status_text {
    int status;
    const char *name;
    const char *message;
};

#define STATUS(code, message)                                                                      \
    {                                                                                              \
        code, #code, message                                                                       \
    }

static const struct status_text texts[] = {
    STATUS(CTX_OK, "done"),
    STATUS(CTX_ABSENT, "looked, and there is none"),
    STATUS(CTX_LEAD, "it is not there: load it, then ctx_cache_finish() or ctx_cache_abandon()"),
    STATUS(CTX_JOINED, "it is being loaded: the landing will be called"),
    STATUS(CTX_ERR_NOMEM, "out of memory; everything is as before the call"),
    STATUS(CTX_ERR_INVALID, "an argument is outside what the function documents; see its header"),
    STATUS(CTX_ERR_LIMIT, "over a documented limit (name, arguments, key or variables); "
                          "raise key_limit or pass less"),
    STATUS(CTX_ERR_TYPE, "the value has another type or size than was asked for"),
    STATUS(CTX_ERR_UNSET,
           "a context variable is not set here: set it (ctx_set, CTX_SCOPED); for a cached "
           "call a default does not count, and an info names it (ctx_cache_call_info(), "
           "ctx_cache_peek_v())"),
    STATUS(CTX_ERR_TOKEN_USED, "the token was used already, or its context is gone"),
    STATUS(CTX_ERR_TOKEN_VAR, "the token was made by setting another variable"),
    STATUS(CTX_ERR_TOKEN_CONTEXT, "the token was made in another context than the current one"),
    STATUS(CTX_ERR_ORDER, "a strict variable must be reset newest first"),
    STATUS(CTX_ERR_ENTERED, "the context is entered already; run a copy of it instead"),
    STATUS(CTX_ERR_NOT_CURRENT, "the context is not the current one of this thread"),
    STATUS(CTX_ERR_ENCODE,
           "an object without an encoder (or nested too deeply) cannot be in a key; "
           "give its class an encode function"),
    STATUS(CTX_ERR_CONFLICT, "another function is registered under this name and version; "
                             "rename one of them"),
    STATUS(CTX_ERR_RECURSION, "a load asked for the very key that it is loading"),
    STATUS(CTX_ERR_DEADLOCK, "waiting would close a circle of loads that wait for each other"),
    STATUS(CTX_ERR_TIMEOUT, "the wait for another caller's load was longer than wait_ns"),
    STATUS(CTX_ERR_ABANDONED,
           "the load ended without an answer (its thread died, or it was given up); call again"),
    STATUS(CTX_ERR_NO_VALUE, "the loader returned CTX_OK but gave no value"),
    STATUS(CTX_ERR_SYSTEM, "the operating system refused; errno says why"),
    STATUS(CTX_ERR_BUSY, "it is being done already, one at a time: end that first "
                         "(ctx_cache_record_stop() for a recording), or leave it running"),
    STATUS(CTX_ERR_FLIGHT,
           "this flight has ended, or never was; or the call is for the other kind: finish and "
           "abandon are for who leads, give_up for who has joined"),
};

static const struct status_text *find(int status)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts[i].status == status)
            return &texts[i];
    return NULL;
}

const char *ctx_strerror(int status)
{
    const struct status_text *text = find(status);

    return text ? text->message
                : "a code of the caller's own (a loader's, an encoder's), not ctxcache's";
}

const char *ctx_status_name(int status)
{
    const struct status_text *text = find(status);

    return text ? text->name : NULL;
}

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

const char *ctx_version(void)
{
    return TEXT(CTX_VERSION_MAJOR) "." TEXT(CTX_VERSION_MINOR) "." TEXT(CTX_VERSION_PATCH);
}
