/*
 * uv_kit.h: what the tests of the adapter for libuv share: a variable, what callbacks found in it, and
 * the loop of a test, which must have nothing left in the end. Each program that includes it has its
 * own.
 */
#ifndef SUPPORT_UV_KIT_H
#define SUPPORT_UV_KIT_H

#include <ctxcache.h>
#include <ctxcache/uv.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"
#include "support/object.h"

static CTX_VAR(tenant);
static uv_loop_t loop;

/* ---- what callbacks saw ------------------------------------------------------------------- */

/* One word for each, in the order of their coming. The loop's thread. */
static char seen[4096];

static inline const char *now(void)
{
    const char *text;

    return ctx_get_string(tenant, &text) == CTX_OK ? text : "unset";
}

static inline void note(void)
{
    size_t used = strlen(seen);

    snprintf(seen + used, sizeof seen - used, "%s%s", used ? " " : "", now());
}

static inline void become(const char *name)
{
    CHECK_EQ(ctx_set(tenant, name), CTX_OK);
}

/* Notes, and leaves something behind that nobody may see. */
static inline void note_and_change(void)
{
    note();
    become("changed");
}

/* ---- what is captured, and let go --------------------------------------------------------- */

/* A value that counts who holds it: while `held` is current, whatever is handed over holds it. */
static struct counted held;
static ctx_token before_held;

static inline void hold(void)
{
    CHECK_EQ(ctx_set(tenant, counted_value(&held), &before_held), CTX_OK);
}

/* Not current any more: what is held from now on is held by captures. */
static inline void unhold(void)
{
    CHECK_EQ(ctx_reset(tenant, before_held), CTX_OK);
}

static inline bool is_held(void)
{
    return counted_held(&held) > 0;
}

/* ---- the loop of a test ------------------------------------------------------------------- */

static inline void run(void)
{
    CHECK_EQ(uv_run(&loop, UV_RUN_DEFAULT), 0);
}

static inline void open_loop(void)
{
    CHECK_EQ(uv_loop_init(&loop), 0);
}

/* Every callback has come, none in vain, and nothing is held. */
static inline void close_loop(void)
{
    run();
    CHECK_EQ(ctx_uv_failures(&loop), 0);
    CHECK_EQ(ctx_uv_loop_close(&loop), 0);
    CHECK(!is_held());
}

static inline void close_handle(void *handle)
{
    CHECK_EQ(ctx_uv_close(handle, NULL), 0);
}

static inline ctx_context *context_with(const char *name)
{
    ctx_context *context;

    CHECK_EQ(ctx_context_new(&context), CTX_OK);
    CHECK_EQ(ctx_enter(context), CTX_OK);
    become(name);
    CHECK_EQ(ctx_exit(context), CTX_OK);
    return context;
}

/* What `context` has; it must be idle. */
static inline const char *now_in(ctx_context *context)
{
    ctx_value value;

    return ctx_context_get(context, tenant, &value) == CTX_OK ? value.as.string.data : "unset";
}

#endif
