#include "cache/load.h"

#include "cache/function.h"
#include "context/store.h"

void ctxi_load_init(struct ctx_cache_load *load, struct ctxi_request *request)
{
    *load = (struct ctx_cache_load){.request = request, .ttl_ns = request->cache->config.ttl_ns};
}

void ctxi_load_fini(struct ctx_cache_load *load)
{
    ctxi_entry_unref(load->entry);
    load->entry = NULL;
}

/* ---- what the loader calls ---------------------------------------------------------------- */

static int give(struct ctx_cache_load *load, struct ctxi_entry *entry)
{
    if (!entry)
        return CTX_ERR_NOMEM;
    ctxi_load_fini(load);
    load->entry = entry;
    load->negative = false;
    return CTX_OK;
}

static struct ctxi_entry *new_entry(struct ctx_cache_load *load, size_t size)
{
    struct ctxi_request *request = load->request;

    return ctxi_entry_new(request->cache, request->fn, request->key.bytes, request->key.size, size);
}

static int reserve(struct ctx_cache_load *load, size_t size, void **out_buffer)
{
    int r = give(load, new_entry(load, size));

    *out_buffer = r == CTX_OK ? ctxi_entry_value(load->entry) : NULL;
    return r;
}

int ctx_cache_load_reserve(ctx_cache_load *load, size_t size, void **out_buffer)
{
    int r;

    if (!load || !out_buffer)
        return CTX_ERR_INVALID;
    r = reserve(load, size, out_buffer);
    if (r == CTX_OK && size)
        memset(*out_buffer, 0, size); /* it may be where another tenant's value was */
    return r;
}

int ctx_cache_load_copy(ctx_cache_load *load, const void *data, size_t size)
{
    void *buffer;
    int r;

    if (!load || (size && !data))
        return CTX_ERR_INVALID;
    r = reserve(load, size, &buffer);
    if (r == CTX_OK && size)
        memcpy(buffer, data, size);
    return r;
}

int ctx_cache_load_adopt(ctx_cache_load *load, void *value, size_t size,
                         void (*destroy)(void *value, size_t size, void *user), void *user)
{
    struct ctxi_request *request;
    int r;

    if (!load || !value || !destroy)
        return CTX_ERR_INVALID;
    request = load->request;
    r = give(load, ctxi_entry_adopt(request->cache, request->fn, request->key.bytes,
                                    request->key.size, value, size, destroy, user));
    if (r != CTX_OK)
        destroy(value, size, user);
    return r;
}

void ctx_cache_load_negative(ctx_cache_load *load)
{
    if (!load)
        return;
    ctxi_load_fini(load);
    load->negative = true;
}

void ctx_cache_load_ttl(ctx_cache_load *load, uint64_t ttl_ns)
{
    if (load)
        load->ttl_ns = ttl_ns;
}

void ctx_cache_load_weight(ctx_cache_load *load, size_t bytes)
{
    if (!load)
        return;
    load->weight = bytes;
    load->weighted = true;
}

void ctx_cache_load_no_store(ctx_cache_load *load)
{
    if (load)
        load->no_store = true;
}

/* ---- running it --------------------------------------------------------------------------- */

/* The record of an outer load, put aside while an inner one runs; put back however it ends. */
struct attached {
    ctx_context *context; /* NULL: nothing was attached */
    struct ctxi_reads *outer;
    bool was_loading;
};

static void detach(struct attached *attached)
{
    struct ctxi_reads *inner;

    if (!attached->context)
        return;
    ctxi_loading_set(attached->context, attached->was_loading);
    inner = ctxi_reads_attach(attached->context, attached->outer);
    ctxi_reads_end(inner);
    ctxi_reads_unref(inner);
    ctxi_reads_unref(attached->outer);
    ctx_context_unref(attached->context);
}

static int call_loader(struct ctx_cache_load *load, const ctx_value *args, size_t arg_count,
                       struct ctxi_reads *reads)
{
    __attribute__((cleanup(detach))) struct attached attached = {NULL, NULL, false};
    ctx_context *context;

    if (ctxi_current_make(&context) != CTX_OK)
        return CTX_ERR_NOMEM;
    attached.context = ctx_context_ref(context);
    attached.outer = ctxi_reads_attach(context, reads);
    attached.was_loading = ctxi_loading_set(context, true);
    return ctxi_fn_load(load->request->fn, load, args, arg_count);
}

static uint64_t expiry(uint64_t now, uint64_t ttl_ns)
{
    return !ttl_ns || ttl_ns >= CTXI_NEVER - now ? CTXI_NEVER : now + ttl_ns;
}

int ctxi_load_finish(struct ctx_cache_load *load)
{
    bool negative = load->negative;
    struct ctxi_entry *entry;

    if (negative && give(load, new_entry(load, 0)) != CTX_OK)
        return CTX_ERR_NOMEM;
    entry = load->entry;
    if (!entry)
        return CTX_ERR_NO_VALUE;
    entry->negative = negative;
    entry->hash = load->request->key.hash;
    entry->expires = expiry(load->ended, load->ttl_ns);
    if (load->weighted && entry->adopted)
        ctxi_entry_set_weight(entry, load->weight);
    return CTX_OK;
}

int ctxi_load_run(struct ctx_cache_load *load, const ctx_value *args, size_t arg_count,
                  struct ctxi_reads *reads)
{
    const ctx_cache *cache = load->request->cache;
    int r;

    load->started = ctxi_cache_now(cache);
    r = call_loader(load, args, arg_count, reads);
    load->ended = ctxi_cache_now(cache);
    return r == CTX_OK ? ctxi_load_finish(load) : r;
}
