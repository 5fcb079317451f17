/*
 * A program that knows only the installed library: prints its version if a memoized call and the
 * context store work, and the headers are of the same version.
 */
#include <ctxcache.h>

#include <stdio.h>
#include <string.h>

static CTX_VAR(tenant);
static int calls;

static int64_t square(int64_t n)
{
    calls++;
    return n * n;
}

CTX_CACHE_WRAP(cached_square, int64_t, square, int64_t)

/* For `name`, twice: the function runs once. */
static int call_twice(ctx_cache *cache, const char *name)
{
    CTX_SCOPED(tenant, name);
    int before = calls;
    int64_t first = 0, second = 0;
    int status = cached_square(cache, 12, &first);

    if (status == CTX_OK)
        status = cached_square(cache, 12, &second);
    return status == CTX_OK && first == 144 && second == 144 && calls == before + 1;
}

int main(void)
{
    ctx_var *const vary[] = {tenant};
    ctx_cache_config config = CTX_CACHE_CONFIG_INIT;
    ctx_cache *cache = NULL;
    int64_t unused = 0;
    char headers[32];

    config.capacity_entries = 16;
    config.vary = vary;
    config.vary_count = 1;
    if (ctx_cache_new(&config, &cache) != CTX_OK)
        return 1;
    int ok = call_twice(cache, "acme") && call_twice(cache, "globex") &&
             cached_square(cache, 12, &unused) == CTX_ERR_UNSET;
    ctx_cache_destroy(cache);
    snprintf(headers, sizeof headers, "%d.%d.%d", CTX_VERSION_MAJOR, CTX_VERSION_MINOR,
             CTX_VERSION_PATCH);
    puts(ctx_version());
    return ok && strcmp(headers, ctx_version()) == 0 ? 0 : 1;
}
