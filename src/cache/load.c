#include "cache/load.h"

#include "base/user_status.h"
#include "cache/function.h"
#include "context/store.h"

void ctxi_load_init(struct ctx_cache_load *load, struct ctxi_request *request)
{
    *load = (struct ctx_cache_load){.request = request, .ttl_ns = request->cache->config.ttl_ns};
}

void ctxi_load_take_seat(struct ctx_cache_load *load)
{
    const struct ctxi_request *request = load->request;
    struct ctxi_recipe recipe = {request->fn, &request->key, 0, load->ttl_ns != 0};

    ctxi_seat_take(request->cache, &recipe, &load->seat);
}

void ctxi_load_fini(struct ctx_cache_load *load)
{
    ctxi_entry_unref(load->request ? load->request->cache : NULL, load->hold);
    load->hold = CTXI_HOLD_NONE;
}

/* ---- what the loader calls ---------------------------------------------------------------- */

static void give(struct ctx_cache_load *load, struct ctxi_hold hold)
{
    ctxi_load_fini(load);
    load->hold = hold;
    load->negative = false;
}

/*
 * An entry for this load's key; with an expiry as far as is known by now. A call that bypasses the cache
 * has no key: its entry, which is never stored, only tells the function.
 */
static int new_entry(struct ctx_cache_load *load, size_t room, struct ctxi_hold *out_hold)
{
    const struct ctxi_request *request = load->request;
    struct ctxi_recipe recipe = {request->fn, &request->key, room, load->ttl_ns != 0};
    alignas(uint64_t) unsigned char ids[CTXI_KEY_HEADER];
    struct ctxi_key none = {ids, sizeof ids, 0};

    if (!request->key.bytes) {
        memset(ids, 0, sizeof ids);
        ctxi_key_write_ids(ids, 0, ctxi_fn_id(request->fn));
        recipe.key = &none;
    }
    return ctxi_entry_new(request->cache, &recipe, &load->seat, out_hold);
}

static int reserve(struct ctx_cache_load *load, size_t size, void **out_buffer)
{
    struct ctxi_hold hold;
    int r = new_entry(load, size, &hold);

    *out_buffer = NULL;
    if (r == CTX_OK) {
        give(load, hold);
        *out_buffer = ctxi_entry_place(hold.entry, &size);
    }
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
    const struct ctxi_adopted adopted = {value, size, destroy, user, size};
    void *place;
    int r;

    if (!load || !value || !destroy)
        return CTX_ERR_INVALID;
    r = reserve(load, sizeof adopted, &place);
    if (r != CTX_OK) {
        destroy(value, size, user);
        return r;
    }
    memcpy(place, &adopted, sizeof adopted);
    load->hold.entry->flags |= CTXI_ENTRY_ADOPTED;
    return CTX_OK;
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

void ctx_cache_load_fail(ctx_cache_load *load, int status)
{
    if (load)
        load->failure = ctxi_user_status(status);
}

void ctx_cache_load_no_store(ctx_cache_load *load)
{
    if (load)
        load->no_store = true;
}

/* ---- running it --------------------------------------------------------------------------- */

/* Calls run(user) in the current context, `reads` collecting what it reads. */
static int with_record(struct ctxi_reads *reads, int (*run)(void *user), void *user)
{
    __attribute__((cleanup(ctxi_loading_end))) struct ctxi_loading loading;

    return ctxi_loading_begin(&loading, reads) == CTX_OK ? run(user) : CTX_ERR_NOMEM;
}

static uint64_t expiry(uint64_t now, uint64_t ttl_ns)
{
    return !ttl_ns || ttl_ns >= CTXI_NEVER - now ? CTXI_NEVER : now + ttl_ns;
}

/* The time-to-live was set after the value was given: the entry has no room for an expiry yet. */
static int make_room_for_expiry(struct ctx_cache_load *load)
{
    struct ctxi_entry *from = load->hold.entry;
    struct ctxi_hold hold;
    size_t room;
    void *place = ctxi_entry_place(from, &room);
    int r = new_entry(load, room, &hold);

    if (r != CTX_OK)
        return r;
    if (room)
        memcpy(ctxi_entry_place(hold.entry, &room), place, room);
    hold.entry->flags |= from->flags & CTXI_ENTRY_ADOPTED;
    from->flags &= (uint8_t)~CTXI_ENTRY_ADOPTED; /* what was adopted has moved */
    give(load, hold);
    return CTX_OK;
}

static void set_weight(struct ctx_cache_load *load)
{
    struct ctxi_adopted adopted;
    size_t room;
    void *place = ctxi_entry_place(load->hold.entry, &room);

    if (!load->weighted || !(load->hold.entry->flags & CTXI_ENTRY_ADOPTED))
        return;
    memcpy(&adopted, place, sizeof adopted);
    adopted.weight = load->weight;
    memcpy(place, &adopted, sizeof adopted);
}

static int give_negative(struct ctx_cache_load *load)
{
    struct ctxi_hold hold;
    int r = new_entry(load, 0, &hold);

    if (r == CTX_OK) {
        give(load, hold);
        load->hold.entry->flags |= CTXI_ENTRY_NEGATIVE;
    }
    return r;
}

int ctxi_load_finish(struct ctx_cache_load *load)
{
    uint64_t expires = expiry(load->ended, load->ttl_ns);
    int r = load->negative ? give_negative(load) : CTX_OK;

    if (r != CTX_OK)
        return r;
    if (!load->hold.entry)
        return CTX_ERR_NO_VALUE;
    if (expires != CTXI_NEVER && !(load->hold.entry->flags & CTXI_ENTRY_EXPIRES))
        r = make_room_for_expiry(load);
    if (r != CTX_OK)
        return r;
    if (load->hold.entry->flags & CTXI_ENTRY_EXPIRES)
        ctxi_entry_set_expires(load->hold.entry, expires);
    set_weight(load);
    return CTX_OK;
}

/* One run of a loader. */
struct one {
    struct ctx_cache_load *load;
    const ctx_value *args;
    size_t arg_count;
};

static int run_one(void *user)
{
    const struct one *one = user;

    return ctxi_user_status(
        ctxi_fn_load(one->load->request->fn, one->load, one->args, one->arg_count));
}

int ctxi_load_run(struct ctx_cache_load *load, const ctx_value *args, size_t arg_count,
                  struct ctxi_reads *reads)
{
    const ctx_cache *cache = load->request->cache;
    struct one one = {load, args, arg_count};
    int r;

    load->started = ctxi_cache_now(cache);
    r = with_record(reads, run_one, &one);
    load->ended = ctxi_cache_now(cache);
    if (r == CTX_OK)
        r = load->failure;
    return r == CTX_OK ? ctxi_load_finish(load) : r;
}

/* One run of a bulk loader. */
struct many {
    struct ctx_cache_load *const *loads;
    const ctx_value *const *args;
    size_t arg_count, count;
    ctx_cache_bulk_loader *loader;
};

static int run_many(void *user)
{
    const struct many *many = user;

    return ctxi_user_status(many->loader(many->loads, many->args, many->arg_count, many->count,
                                         ctxi_fn_user(many->loads[0]->request->fn)));
}

static bool has_value(const struct ctx_cache_load *load)
{
    return load->hold.entry || load->negative;
}

void ctxi_load_run_many(struct ctx_cache_load *const *loads, const ctx_value *const *args,
                        size_t arg_count, size_t count, ctx_cache_bulk_loader *loader,
                        struct ctxi_reads *reads)
{
    const ctx_cache *cache = loads[0]->request->cache;
    struct many many = {loads, args, arg_count, count, loader};
    uint64_t started = ctxi_cache_now(cache), ended;
    int r = with_record(reads, run_many, &many);

    ended = ctxi_cache_now(cache);
    for (size_t i = 0; i < count; i++) {
        struct ctx_cache_load *load = loads[i];

        load->ended = ended;
        load->started = ended - (ended - started) / count;
        if (load->failure == CTX_OK && !has_value(load))
            load->failure = r;
        if (load->failure == CTX_OK)
            load->failure = ctxi_load_finish(load);
    }
}
