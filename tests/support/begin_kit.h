/*
 * begin_kit.h: calls that do not block, as tests begin and end them, on any thread.
 */
#ifndef SUPPORT_BEGIN_KIT_H
#define SUPPORT_BEGIN_KIT_H

#include <ctxcache.h>

#include "support/check.h"

/* What is known of one: how it began, and how it was landed. */
struct begun {
    int status, landings, landed;
    ctx_cache_flight flight;
    ctx_cache_ref ref;
    void (*then)(void);
};

static inline void begun_land(void *user, int status, ctx_cache_ref *ref, ctx_cache_flight flight,
                              const ctx_cache_info *info)
{
    struct begun *begun = user;

    (void)ref, (void)flight, (void)info;
    begun->landings++;
    begun->landed = status;
    if (begun->then)
        begun->then();
}

static inline int begun_begin(ctx_cache *in, ctx_cache_fn *fn, struct begun *begun, int64_t key,
                              uint32_t flags)
{
    ctx_cache_begin_options options = CTX_CACHE_BEGIN_OPTIONS_INIT;
    ctx_value arg = ctx_i64(key);

    options.flags = flags;
    options.landing = begun_land;
    options.user = begun;
    begun->status = ctx_cache_begin_v(in, fn, &arg, 1, &options, &begun->ref, &begun->flight, NULL);
    return begun->status;
}

static inline void give(ctx_cache_flight flight, int64_t value)
{
    ctx_cache_load *load;

    CHECK_EQ(ctx_cache_flight_load(flight, &load), CTX_OK);
    CHECK_EQ(ctx_cache_load_copy(load, &value, sizeof value), CTX_OK);
}

static inline ctx_cache_info finish(ctx_cache_flight flight)
{
    ctx_cache_info info = CTX_CACHE_INFO_INIT;

    CHECK_EQ(ctx_cache_finish(flight, CTX_OK, NULL, &info), CTX_OK);
    return info;
}

static inline void inside(ctx_cache_flight flight, void (*fn)(void *arg), void *arg)
{
    ctx_context *context;

    CHECK_EQ(ctx_cache_flight_context(flight, &context), CTX_OK);
    CHECK_EQ(ctx_run(context, fn, arg), CTX_OK);
    ctx_context_unref(context);
}

#endif
