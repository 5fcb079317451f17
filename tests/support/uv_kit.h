/*
 * uv_kit.h: what the tests of the libuv adapter share: one variable, what callbacks found in it, and a
 * loop that must be closed in the end with nothing left.
 */
#ifndef SUPPORT_UV_KIT_H
#define SUPPORT_UV_KIT_H

#include <ctxcache.h>
#include <ctxcache/uv.h>
#include <stdio.h>
#include <string.h>

#include "support/check.h"

static CTX_VAR(tenant);

/* What callbacks saw, one word for each, in the order of their coming. */
static char seen[1024];

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

/* Notes what the callback sees, and leaves something that no other may see. */
static inline void note_and_change(void)
{
    note();
    CHECK_EQ(ctx_set(tenant, "changed"), CTX_OK);
}

static inline void become(const char *name)
{
    CHECK_EQ(ctx_set(tenant, name), CTX_OK);
}

static inline void run(uv_loop_t *loop)
{
    CHECK_EQ(uv_run(loop, UV_RUN_DEFAULT), 0);
}

#endif
