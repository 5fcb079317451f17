/*
 * status.h: every answer a function of this library can give.
 *
 * 0 is done. Positive codes are ordinary answers that the caller must look at. Negative codes are
 * failures to forward unchanged. All of ours lie in 30000..30999, above or below zero, so that an
 * errno, or any code of your own that a loader returns, passes through a cached call without ever
 * being mistaken for one of them. Numbers are never reused.
 */
#ifndef CTXCACHE_STATUS_H
#define CTXCACHE_STATUS_H

#if defined(__GNUC__) || defined(__clang__)
#define CTX_API __attribute__((visibility("default")))
#else
#error "ctxcache needs gcc or clang"
#endif

#ifdef __cplusplus
#define CTX_BEGIN_DECLS extern "C" {
#define CTX_END_DECLS   }
#else
#define CTX_BEGIN_DECLS
#define CTX_END_DECLS
#endif

CTX_BEGIN_DECLS

/* The version of these headers; ctx_version() is the version of the library that runs. */
#define CTX_VERSION_MAJOR 0
#define CTX_VERSION_MINOR 1
#define CTX_VERSION_PATCH 0

enum ctx_status {
    CTX_OK = 0,
    CTX_ABSENT = 30001, /* looked, and it is not there (or is cached as not existing) */
    CTX_LEAD = 30002,   /* not there: the caller is to load it, and to end its flight (flight.h) */
    CTX_JOINED = 30003, /* not there: another call is loading it, and a callback will come */

    CTX_ERR_NOMEM = -30001,         /* an allocation failed; everything is as before the call */
    CTX_ERR_INVALID = -30002,       /* an argument is outside what the function documents */
    CTX_ERR_LIMIT = -30003,         /* more than a documented limit; nothing is ever truncated */
    CTX_ERR_TYPE = -30004,          /* the value is of another type than was asked for */
    CTX_ERR_UNSET = -30005,         /* the variable has no value here and no default */
    CTX_ERR_TOKEN_USED = -30006,    /* this token, or a copy of it, was used already */
    CTX_ERR_TOKEN_VAR = -30007,     /* the token belongs to another variable */
    CTX_ERR_TOKEN_CONTEXT = -30008, /* the token belongs to another context */
    CTX_ERR_ORDER = -30009,         /* a strict variable was reset out of order */
    CTX_ERR_ENTERED = -30010,       /* the context is entered already, here or in another thread */
    CTX_ERR_NOT_CURRENT = -30011,   /* the context to leave is not this thread's current one */
    CTX_ERR_ENCODE = -30012,        /* an object without an encoder cannot be part of a key */
    CTX_ERR_CONFLICT = -30013,      /* the name and version belong to another function */
    CTX_ERR_RECURSION = -30014,     /* a load asked for the very key that it is loading */
    CTX_ERR_DEADLOCK = -30015,      /* waiting would close a circle of loads that wait */
    CTX_ERR_TIMEOUT = -30016,       /* the deadline passed while another caller was loading */
    CTX_ERR_ABANDONED =
        -30017, /* the load ended without an answer: its thread died, its loader threw, it was given up */
    CTX_ERR_NO_VALUE = -30018, /* the loader returned CTX_OK but gave no value */
    CTX_ERR_SYSTEM = -30019,   /* the operating system refused: errno says why */
    CTX_ERR_BUSY = -30020,     /* it is being done already, and one at a time is all there is */
    CTX_ERR_FLIGHT =
        -30021 /* the flight has ended, or never was; or it is not of that kind (flight.h) */
};

/*
 * A sentence in English that says what `status` means; for a code that is not ours, a sentence that says
 * so. Never NULL; a constant, never to be freed. Any thread.
 */
CTX_API const char *ctx_strerror(int status);

/* The name of the constant, "CTX_ERR_UNSET" for instance; NULL for a code that is not ours. */
CTX_API const char *ctx_status_name(int status);

/* The version of the running library, "0.1.0" for instance. A constant, any thread. */
CTX_API const char *ctx_version(void);

CTX_END_DECLS

#endif
