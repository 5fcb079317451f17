#include "cache/request.h"

#include "cache/audit.h"
#include "cache/function.h"
#include "cache/observe.h"
#include "context/store.h"

/* ---- the values of the partition ---------------------------------------------------------- */

static int encode_variable(const ctx_cache *cache, ctx_var *var, struct ctxi_bytes *bytes,
                           bool *out_is_object)
{
    bool defaults = cache->config.flags & CTX_CACHE_COUNT_DEFAULTS;
    ctx_value value;
    int r = ctxi_lookup(ctxi_current(), var, defaults, &value);

    *out_is_object = r == CTX_OK && value.type == CTX_OBJECT;
    if (r == CTX_ERR_UNSET && cache->config.unset == CTX_CACHE_UNSET_SHARED)
        return ctxi_encode_unset(bytes);
    return r == CTX_OK ? ctxi_encode_value(bytes, &value) : r;
}

/* One field per variable, in the cache's order. */
static int encode_partition(struct ctxi_request *request, struct ctxi_bytes *bytes)
{
    ctx_cache *cache = request->cache;

    for (size_t i = 0; i < cache->vary_count; i++) {
        bool is_object;
        int r = encode_variable(cache, cache->vary[i], bytes, &is_object);

        if (is_object)
            request->has_objects = true;
        if (r == CTX_ERR_UNSET) {
            request->variable = cache->vary[i];
            request->obstacle = CTX_CACHE_WAS_UNSET;
        }
        if (r == CTX_ERR_LIMIT)
            request->obstacle = CTX_CACHE_KEY_LONG;
        if (r != CTX_OK)
            return r;
    }
    return CTX_OK;
}

/* ---- the partition ------------------------------------------------------------------------ */

static void unpin(struct ctxi_request *request)
{
    ctx_cache *cache = request->cache;

    if (!request->pinned)
        return;
    ctxi_cache_lock(cache);
    ctxi_partition_unpin(&cache->partitions, &cache->memory, request->pinned);
    ctxi_contents_trim_idle(cache);
    ctxi_lock_release(&cache->lock);
    request->pinned = NULL;
}

static int intern_locked(struct ctxi_request *request, const struct ctxi_bytes *encoded)
{
    ctx_cache *cache = request->cache;
    struct ctxi_partition *partition;
    int r;

    ctxi_contents_trim_idle(cache);
    if (!request->create) {
        partition = ctxi_partition_find(&cache->partitions, encoded->data, encoded->size);
        request->missing = !partition;
        r = partition ? CTX_OK : CTX_ABSENT;
    } else {
        ctxi_reclaim(cache);
        r = ctxi_partition_intern(&cache->partitions, &cache->readers, &cache->memory,
                                  encoded->data, encoded->size, &partition);
    }
    if (r != CTX_OK)
        return r;
    ctxi_partition_pin(&cache->partitions, partition);
    request->pinned = partition;
    request->partition = partition->id;
    request->seed = ctxi_partition_seed(&cache->partitions, partition->id);
    return CTX_OK;
}

static uint64_t changes_now(void)
{
    const ctx_context *context = ctxi_current();

    return context ? ctxi_context_moment(context) : 0;
}

static void note_context(struct ctxi_request *request)
{
    request->switches = ctxi_context_switches();
    request->changes = changes_now();
}

/* No value that partitions can have changed since the context was noted. */
static bool is_untouched(const struct ctxi_request *request)
{
    return !request->has_objects && request->switches == ctxi_context_switches() &&
           request->changes == changes_now();
}

/*
 * So that the next call in this context, or of this cache, need not encode nor intern. Not if a
 * factory or an encoder changed a variable while they were read one by one, and not for objects,
 * which may change in place: these are encoded for every call.
 */
static void remember(const struct ctxi_request *request, const struct ctxi_bytes *encoded)
{
    ctx_cache *cache = request->cache;
    ctx_context *context = ctxi_current();
    struct ctxi_reader *reader = ctxi_reader_of(cache, cache->serial);
    struct ctxi_memo memo = {cache->serial, request->partition, request->seed};

    if (!cache->vary_count)
        atomic_store_explicit(&cache->whole, request->partition, memory_order_relaxed);
    else if (context && is_untouched(request)) {
        ctxi_memo_keep(context, &memo);
        if (reader)
            ctxi_known_learn(reader->known, encoded->data, encoded->size, request->partition,
                             request->seed);
    }
}

static int intern(struct ctxi_request *request)
{
    ctx_cache *cache = request->cache;
    struct ctxi_bytes encoded;
    int r;

    unpin(request);
    note_context(request);
    ctxi_bytes_init(&encoded, &cache->allocator, cache->config.key_limit);
    r = encode_partition(request, &encoded);
    if (r == CTX_OK) {
        ctxi_cache_lock(cache);
        r = intern_locked(request, &encoded);
        ctxi_lock_release(&cache->lock);
    }
    if (r == CTX_OK)
        remember(request, &encoded);
    ctxi_bytes_fini(&encoded);
    return r;
}

/* Which the partition was last, without looking whether it still is. */
static bool recall(struct ctxi_request *request)
{
    ctx_cache *cache = request->cache;
    ctx_context *context = ctxi_current();
    const struct ctxi_memo *memo;

    if (!cache->vary_count) {
        request->partition = atomic_load_explicit(&cache->whole, memory_order_relaxed);
        request->seed = ctxi_partition_seed(&cache->partitions, request->partition);
        return request->partition != 0;
    }
    memo = context ? ctxi_memo_find(context, cache->serial) : NULL;
    if (memo) {
        request->partition = memo->partition;
        request->seed = memo->seed;
    }
    return memo != NULL;
}

/* ---- the key ------------------------------------------------------------------------------ */

/* Writes the ids before the arguments, and hashes. */
static void finish_key(struct ctxi_request *request)
{
    struct ctxi_bytes *bytes = &request->bytes;

    ctxi_key_write_ids(bytes->data, request->partition, ctxi_fn_id(request->fn));
    request->key.bytes = bytes->data;
    request->key.size = bytes->size;
    request->key.hash = ctxi_key_hash(bytes->data, bytes->size, request->seed);
}

static int encode_args(struct ctxi_request *request, const ctx_value *args, size_t arg_count)
{
    int r = ctxi_encode_args(&request->bytes, args, arg_count);

    if (r == CTX_ERR_LIMIT)
        request->obstacle = CTX_CACHE_KEY_LONG;
    return r;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static int identify(struct ctxi_request *request, ctx_cache_fn *fn, const ctx_value *args,
                    size_t arg_count)
{
    if (ctxi_scope_failed())
        return CTX_ERR_NOMEM; /* some variable does not hold what the program meant it to */
    if (!fn)
        return CTX_OK;
    if (arg_count && !args)
        return CTX_ERR_INVALID;
    if (arg_count > CTX_CACHE_ARGS_MAX)
        return CTX_ERR_LIMIT;
    return ctxi_fn_identify(fn, &request->fn);
}

void ctxi_request_start(struct ctxi_request *request, ctx_cache *cache)
{
    request->cache = cache;
    request->fn = NULL;
    request->pinned = NULL;
    request->switches = 0;
    request->changes = 0;
    request->missing = false;
    request->has_objects = false;
    request->variable = NULL;
    request->obstacle = CTX_CACHE_STORED;
    request->key = (struct ctxi_key){NULL, 0, 0};
    request->partition = request->seed = 0;
    ctxi_bytes_init(&request->bytes, NULL, 0);
}

int ctxi_request_open(struct ctxi_request *request, ctx_cache_fn *fn, const ctx_value *args,
                      size_t arg_count, bool create)
{
    ctx_cache *cache = request->cache;
    int r;

    ctxi_observe_prepare(cache);
    request->create = create;
    ctxi_bytes_init(&request->bytes, &cache->allocator, cache->config.key_limit + CTXI_KEY_HEADER);
    ctxi_audit_charge_vary(cache); /* whatever comes of it, an error included, depends on them */
    note_context(request);
    r = identify(request, fn, args, arg_count);
    if (r == CTX_OK && !recall(request))
        r = intern(request);
    if (r == CTX_OK && fn)
        r = encode_args(request, args, arg_count);
    if (r == CTX_OK && fn)
        finish_key(request);
    return r;
}

void ctxi_request_open_asked(struct ctxi_request *request, const struct ctxi_asked *asked)
{
    struct ctxi_bytes *bytes = &request->bytes;
    const ctx_cache *cache = request->cache;

    request->create = true;
    ctxi_bytes_init(bytes, &cache->allocator, cache->config.key_limit + CTXI_KEY_HEADER);
    note_context(request);
    request->fn = asked->fn;
    request->partition = asked->partition;
    request->seed = asked->seed;
    for (size_t i = 0; i < asked->key.size; i += CTXI_WORD)
        memcpy(bytes->fixed + i, asked->key.bytes + i, CTXI_WORD);
    bytes->size = asked->key.size;
    request->key = (struct ctxi_key){bytes->fixed, asked->key.size, asked->key.hash};
}

bool ctxi_request_may_bypass(const struct ctxi_request *request)
{
    const ctx_cache_config *config = &request->cache->config;

    return (request->obstacle == CTX_CACHE_WAS_UNSET && config->unset == CTX_CACHE_UNSET_BYPASS) ||
           (request->obstacle == CTX_CACHE_KEY_LONG &&
            (config->flags & CTX_CACHE_BYPASS_LONG_KEYS));
}

void ctxi_request_close(struct ctxi_request *request)
{
    unpin(request);
    ctxi_bytes_fini(&request->bytes);
}

int ctxi_request_lock(struct ctxi_request *request, struct ctxi_partition **out_partition)
{
    int r = ctxi_request_lock_only(request, out_partition);

    if (r == CTX_OK)
        ctxi_recency_drain(request->cache);
    return r;
}

int ctxi_request_lock_only(struct ctxi_request *request, struct ctxi_partition **out_partition)
{
    ctx_cache *cache = request->cache;

    for (;;) {
        int r;

        ctxi_lock_acquire(&cache->lock);
        *out_partition = ctxi_partition_at(&cache->partitions, request->partition);
        if (*out_partition)
            return CTX_OK;
        ctxi_cache_unlock(cache);
        r = intern(request);
        if (r != CTX_OK)
            return r;
        if (request->fn)
            finish_key(request);
    }
}

/* Whether the variable still encodes to the field at *cursor, which is moved past it. */
static bool is_same_value(const ctx_cache *cache, ctx_var *var, const unsigned char **cursor,
                          bool wholly)
{
    const unsigned char *start = *cursor;
    struct ctxi_bytes now;
    ctx_value value;
    bool is_set, is_object, same;

    ctxi_bytes_init(&now, &cache->allocator, cache->config.key_limit);
    ctxi_decode_value(cursor, &value, &is_set);
    if (!wholly && ctxi_lookup(ctxi_current(), var, false, &value) == CTX_ERR_UNSET)
        return true;
    same = encode_variable(cache, var, &now, &is_object) == CTX_OK &&
           now.size == (size_t)(*cursor - start) && memcmp(now.data, start, now.size) == 0;
    ctxi_bytes_fini(&now);
    return same;
}

bool ctxi_request_agrees(const struct ctxi_request *request, const struct ctxi_partition *partition,
                         bool wholly, const ctx_var **out_variable)
{
    const ctx_cache *cache = request->cache;
    const unsigned char *cursor = partition->encoded;

    *out_variable = NULL;
    for (size_t i = 0; i < cache->vary_count; i++)
        if (!is_same_value(cache, cache->vary[i], &cursor, wholly)) {
            *out_variable = cache->vary[i];
            return false;
        }
    return true;
}

bool ctxi_request_unchanged(const struct ctxi_request *request,
                            const struct ctxi_partition *partition, const ctx_var **out_variable)
{
    *out_variable = NULL;
    return is_untouched(request) || ctxi_request_agrees(request, partition, true, out_variable);
}

/* ---- the bare partition ------------------------------------------------------------------- */

/* What a variable partitions by here, to be set in the context on top. */
struct bare {
    const struct ctxi_request *request;
    ctx_context *from;
    int status;
};

static void set_values(void *user)
{
    struct bare *bare = user;
    const ctx_cache *cache = bare->request->cache;
    bool defaults = cache->config.flags & CTX_CACHE_COUNT_DEFAULTS;

    for (size_t i = 0; i < cache->vary_count && bare->status == CTX_OK; i++) {
        ctx_value value;
        int r = ctxi_lookup(bare->from, cache->vary[i], defaults, &value);

        if (r == CTX_OK)
            r = ctx_set_v(cache->vary[i], value, NULL);
        if (r != CTX_ERR_UNSET)
            bare->status = r;
    }
}

int ctxi_request_bare_context(const struct ctxi_request *request, ctx_context **out_context)
{
    struct bare bare = {request, ctxi_current(), CTX_OK};
    int r = ctx_context_new(out_context);

    if (r != CTX_OK)
        return r;
    r = ctx_run(*out_context, set_values, &bare);
    if (r == CTX_OK)
        r = bare.status;
    if (r != CTX_OK) {
        ctx_context_unref(*out_context);
        *out_context = NULL;
    }
    return r;
}
