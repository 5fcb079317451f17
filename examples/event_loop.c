#include <ctxcache.h>
#include <ctxcache/uv.h>
#include <stdio.h>

static CTX_VAR(tenant);
static ctx_cache *cache; /* varies on tenant */
static uv_loop_t loop;

static int64_t revenue(int64_t year) /* blocks: it runs on a thread of the pool, for whoever asks */
{
    const char *name;
    return ctx_get_string(tenant, &name) == CTX_OK ? year * name[0] : 0;
}
CTX_CACHE_WRAP(cached_revenue, int64_t, revenue, int64_t)

static void on_revenue(void *answer, int status, ctx_cache_ref *ref, const ctx_cache_info *info)
{
    const char *name = "nobody"; /* the tenant is here again, and nobody has passed it on */
    ctx_get_string(tenant, &name);
    snprintf(answer, 200, "%s: %lld%s", name, status == CTX_OK ? *(const long long *)ref->data : 0,
             info->outcome == CTX_CACHE_MISS ? "" : ", without a load of its own");
}

static void serve(void *answer)
{
    int status = ctx_uv_cache_call(&loop, cache, cached_revenue_fn, on_revenue, answer, 2026);
    if (status != CTX_OK) /* refused, for want of a tenant say: no callback will come */
        snprintf(answer, 200, "%s", ctx_strerror(status));
}

int main(void)
{
    const char *names[] = {"acme", "globex", "acme"};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    char answers[3][200] = {""};
    config.capacity_entries = 100;
    config.vary = (ctx_var *[]){tenant};
    config.vary_count = 1;
    if (ctx_cache_new(&config, &cache) != CTX_OK || uv_loop_init(&loop) != 0)
        return 1;
    for (int i = 0; i < 3; i++) {
        CTX_SCOPED(tenant, names[i]); /* to its end: the loop itself runs as nobody */
        if (ctx_uv_spawn(&loop, serve, answers[i]) != 0) /* a task, in a copy of this context */
            return 1;
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    for (int i = 0; i < 3; i++)
        puts(answers[i]);
    if (ctx_uv_loop_close(&loop) != 0) /* first: it answers what is open */
        return 1;
    ctx_cache_destroy(cache);
    return 0;
}
