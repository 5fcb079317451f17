/*
 * A program, in C and in C++, that knows only the installed adapter for libuv: prints the version if a
 * timer runs in the context of its start.
 */
#include <ctxcache.h>
#include <ctxcache/uv.h>
#ifdef __cplusplus
#include <ctxcache.hpp>
#endif

#include <stdio.h>
#include <string.h>

static CTX_VAR(tenant);
static int right;

static void on_timeout(uv_timer_t *timer)
{
    const char *name = "";

    right = ctx_get_string(tenant, &name) == CTX_OK && strcmp(name, "acme") == 0;
    ctx_uv_close((uv_handle_t *)timer, NULL);
}

static void on_answer(void *user, int status, ctx_cache_ref *ref, const ctx_cache_info *info)
{
    (void)user, (void)status, (void)ref, (void)info;
}

/* A macro in C, a template in C++. */
static int call_nothing(uv_loop_t *loop)
{
    return ctx_uv_cache_call(loop, NULL, NULL, on_answer, NULL, 42, "eu");
}

int main(void)
{
    uv_timer_t timer;
    uv_loop_t loop;

    if (uv_loop_init(&loop) != 0 || uv_timer_init(&loop, &timer) != 0 ||
        ctx_set_v(tenant, ctx_string("acme"), NULL) != CTX_OK ||
        ctx_uv_timer_start(&timer, on_timeout, 0, 0) != 0 ||
        ctx_set_v(tenant, ctx_string("later"), NULL) != CTX_OK)
        return 1;
    uv_run(&loop, UV_RUN_DEFAULT);
    if (call_nothing(&loop) != CTX_ERR_INVALID)
        return 1;
    puts(ctx_version());
    return right && ctx_uv_loop_close(&loop) == 0 ? 0 : 1;
}
