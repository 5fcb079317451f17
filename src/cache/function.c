#include "cache/function.h"

#include "base/lock.h"

/* Guards the table, last_id, and the writing of every ctx_cache_fn's id, self and epoch. */
static struct ctxi_lock registry_lock = CTXI_LOCK_INIT;
static struct ctxi_fn *registry;
static uint32_t last_id;
/* Grows with every retirement, under the lock; read without it, relaxed: who calls a function after
 * it was retired was told so by whoever retired it. CTXI_FN_EPOCH_LAST stays, and then nothing is
 * remembered. */
atomic_uint ctxi_fn_retirements = 1;
static struct ctxi_memory registry_memory;

static struct ctxi_memory *registry_allocator(void)
{
    registry_memory.allocator = ctxi_process_allocator();
    return &registry_memory;
}

struct ctxi_fn *ctxi_fn_ref(struct ctxi_fn *fn)
{
    atomic_fetch_add_explicit(&fn->refs, 1, memory_order_relaxed);
    return fn;
}

void ctxi_fn_unref(struct ctxi_fn *fn)
{
    if (atomic_fetch_sub_explicit(&fn->refs, 1, memory_order_acq_rel) == 1)
        ctxi_free(ctxi_process_allocator(), fn, sizeof *fn);
}

int ctxi_fn_load(const struct ctxi_fn *fn, ctx_cache_load *load, const ctx_value *args,
                 size_t arg_count)
{
    return fn->loader(load, args, arg_count, fn->user);
}

static int identity_of(const ctx_cache_fn *fn, struct ctxi_fn_identity *out)
{
    size_t length;

    if (!fn->name || !*fn->name || !fn->loader)
        return CTX_ERR_INVALID;
    length = strlen(fn->name);
    if (length > CTX_NAME_MAX)
        return CTX_ERR_LIMIT;
    memset(out, 0, sizeof *out);
    memcpy(out->name, fn->name, length);
    out->version = fn->version;
    return CTX_OK;
}

static int add(const ctx_cache_fn *fn, const struct ctxi_fn_identity *identity,
               struct ctxi_fn **out_fn)
{
    struct ctxi_memory *table_memory = registry_allocator();
    bool table_full = false;
    struct ctxi_fn *added;

    if (last_id == UINT32_MAX)
        return CTX_ERR_LIMIT;
    added = ctxi_zalloc(table_memory->allocator, sizeof *added);
    if (!added)
        return CTX_ERR_NOMEM;
    added->identity = *identity;
    added->version = identity->version;
    added->loader = fn->loader;
    added->user = fn->user;
    added->id = last_id + 1;
    atomic_init(&added->refs, 1);
    HASH_ADD(hh, registry, identity, sizeof added->identity, added);
    if (table_full) {
        ctxi_fn_unref(added);
        return CTX_ERR_NOMEM;
    }
    last_id++;
    *out_fn = added;
    return CTX_OK;
}

static struct ctxi_fn *find(const struct ctxi_fn_identity *identity)
{
    struct ctxi_fn *found;

    CTXI_ASSERT_HELD(&registry_lock);
    HASH_FIND(hh, registry, identity, sizeof *identity, found);
    return found;
}

static int find_or_add(const ctx_cache_fn *fn, struct ctxi_fn **out_fn)
{
    struct ctxi_fn_identity identity;
    int r = identity_of(fn, &identity);

    if (r != CTX_OK)
        return r;
    *out_fn = find(&identity);
    if (!*out_fn)
        return add(fn, &identity, out_fn);
    return ctxi_fn_is_of(*out_fn, fn) ? CTX_OK : CTX_ERR_CONFLICT;
}

/* See ctxi_fn_remembered(). */
static void remember(ctx_cache_fn *fn, const struct ctxi_fn *registration)
{
    unsigned epoch = atomic_load_explicit(&ctxi_fn_retirements, memory_order_relaxed);

    if (epoch == CTXI_FN_EPOCH_LAST)
        return;
    __atomic_store_n(&fn->id, (uintptr_t)registration, __ATOMIC_RELAXED);
    __atomic_store_n(&fn->self, (uintptr_t)fn, __ATOMIC_RELAXED);
    __atomic_store_n(&fn->epoch, epoch, __ATOMIC_RELEASE);
}

int ctxi_fn_identify(ctx_cache_fn *fn, struct ctxi_fn **out_fn)
{
    int r;

    *out_fn = ctxi_fn_remembered(fn);
    if (*out_fn)
        return CTX_OK;
    ctxi_lock_acquire(&registry_lock);
    r = find_or_add(fn, out_fn);
    if (r == CTX_OK)
        remember(fn, *out_fn);
    ctxi_lock_release(&registry_lock);
    return r;
}

static void note_retirement(void)
{
    unsigned epoch = atomic_load_explicit(&ctxi_fn_retirements, memory_order_relaxed);

    if (epoch != CTXI_FN_EPOCH_LAST)
        atomic_store_explicit(&ctxi_fn_retirements, epoch + 1, memory_order_relaxed);
}

/* Takes the registration of `fn` out of the table; NULL: there is none. */
static struct ctxi_fn *take_out(const ctx_cache_fn *fn)
{
    struct ctxi_memory *table_memory = registry_allocator();
    struct ctxi_fn_identity identity;
    struct ctxi_fn *found;

    if (identity_of(fn, &identity) != CTX_OK)
        return NULL;
    found = find(&identity);
    if (!found || !ctxi_fn_is_of(found, fn))
        return NULL;
    HASH_DEL(registry, found);
    note_retirement();
    return found;
}

void ctx_cache_fn_retire(ctx_cache_fn *fn)
{
    struct ctxi_fn *found;

    if (!fn)
        return;
    ctxi_lock_acquire(&registry_lock);
    found = take_out(fn);
    ctxi_lock_release(&registry_lock);
    if (found)
        ctxi_fn_unref(found);
}

/* ---- the functions that a cache has entries of -------------------------------------------- */

struct ctxi_fn_use {
    uint32_t id;
    struct ctxi_fn *fn; /* held */
    size_t entries;
    size_t room; /* of the last one's value */
    UT_hash_handle hh;
};

static __attribute__((noinline)) struct ctxi_fn_use *search_use(struct ctxi_fn_uses *uses,
                                                                uint32_t id)
{
    struct ctxi_fn_use *found;

    HASH_FIND(hh, uses->table, &id, sizeof id, found);
    if (found)
        uses->last = found;
    return found;
}

/* Most are of the function that it was last time. */
static inline struct ctxi_fn_use *find_use(struct ctxi_fn_uses *uses, uint32_t id)
{
    return uses->last && uses->last->id == id ? uses->last : search_use(uses, id);
}

static struct ctxi_fn_use *add_use(struct ctxi_fn_uses *uses, struct ctxi_memory *table_memory,
                                   struct ctxi_fn *fn)
{
    struct ctxi_fn_use *added = ctxi_memory_take(table_memory, sizeof *added);
    bool table_full = false;

    if (!added)
        return NULL;
    added->id = fn->id;
    added->entries = 0;
    HASH_ADD(hh, uses->table, id, sizeof added->id, added);
    if (table_full) {
        ctxi_memory_give(table_memory, added, sizeof *added);
        return NULL;
    }
    added->fn = ctxi_fn_ref(fn);
    return added;
}

int ctxi_fn_use(struct ctxi_fn_uses *uses, struct ctxi_memory *memory, struct ctxi_fn *fn,
                size_t room)
{
    struct ctxi_fn_use *use = find_use(uses, fn->id);

    if (!use)
        use = add_use(uses, memory, fn);
    if (!use)
        return CTX_ERR_NOMEM;
    use->entries++;
    use->room = room;
    return CTX_OK;
}

bool ctxi_fn_last_room(struct ctxi_fn_uses *uses, const struct ctxi_fn *fn, size_t *out_room)
{
    const struct ctxi_fn_use *use = find_use(uses, fn->id);

    if (use)
        *out_room = use->room;
    return use != NULL;
}

void ctxi_fn_unuse(struct ctxi_fn_uses *uses, struct ctxi_memory *memory, uint32_t id)
{
    struct ctxi_memory *table_memory = memory;
    struct ctxi_fn_use *use = find_use(uses, id);

    if (--use->entries)
        return;
    HASH_DEL(uses->table, use);
    uses->last = NULL;
    ctxi_fn_unref(use->fn);
    ctxi_memory_give(table_memory, use, sizeof *use);
}

struct ctxi_fn *ctxi_fn_used(struct ctxi_fn_uses *uses, uint32_t id)
{
    return find_use(uses, id)->fn;
}

/* ---- fork --------------------------------------------------------------------------------- */

void ctxi_fn_fork_prepare(void)
{
    ctxi_lock_acquire(&registry_lock);
}

void ctxi_fn_fork_done(void)
{
    ctxi_lock_release(&registry_lock);
}
