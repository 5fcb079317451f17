#include "cache/function.h"

#include <stdatomic.h>

#include "base/lock.h"
#include "cache/hashtable.h"

/* What a registration is found by; padded with zeros, so that it can be compared as bytes. */
struct identity {
    char name[CTX_NAME_MAX + 1];
    uint32_t version;
};

struct ctxi_fn {
    struct identity identity;
    ctx_cache_loader *loader;
    void *user;
    uint64_t id;
    atomic_size_t refs; /* one of the registry, until retired; one of each entry and flight */
    UT_hash_handle hh;  /* in the registry; guarded by its lock */
};

/* Guards the table, last_id, and the writing of every ctx_cache_fn's id, self and epoch. */
static struct ctxi_lock registry_lock = CTXI_LOCK_INIT;
static struct ctxi_fn *registry;
static uint64_t last_id;
/* Grows with every retirement, under the lock; read without it, relaxed: who calls a function after
 * it was retired was told so by whoever retired it. EPOCH_LAST stays, and then nothing is remembered. */
static atomic_uint retirements = 1;
#define EPOCH_LAST UINT32_MAX
static struct ctxi_memory registry_memory;

static struct ctxi_memory *memory(void)
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

uint64_t ctxi_fn_id(const struct ctxi_fn *fn)
{
    return fn->id;
}

const char *ctxi_fn_name(const struct ctxi_fn *fn)
{
    return fn->identity.name;
}

int ctxi_fn_load(const struct ctxi_fn *fn, ctx_cache_load *load, const ctx_value *args,
                 size_t arg_count)
{
    return fn->loader(load, args, arg_count, fn->user);
}

static int identity_of(const ctx_cache_fn *fn, struct identity *out)
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

static int add(const ctx_cache_fn *fn, const struct identity *identity, struct ctxi_fn **out_fn)
{
    struct ctxi_memory *table_memory = memory();
    bool table_full = false;
    struct ctxi_fn *added = ctxi_zalloc(table_memory->allocator, sizeof *added);

    if (!added)
        return CTX_ERR_NOMEM;
    added->identity = *identity;
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

static bool is_of(const struct ctxi_fn *registration, const ctx_cache_fn *fn)
{
    return registration->loader == fn->loader && registration->user == fn->user &&
           registration->identity.version == fn->version;
}

static struct ctxi_fn *find(const struct identity *identity)
{
    struct ctxi_fn *found;

    CTXI_ASSERT_HELD(&registry_lock);
    HASH_FIND(hh, registry, identity, sizeof *identity, found);
    return found;
}

static int find_or_add(const ctx_cache_fn *fn, struct ctxi_fn **out_fn)
{
    struct identity identity;
    int r = identity_of(fn, &identity);

    if (r != CTX_OK)
        return r;
    *out_fn = find(&identity);
    if (!*out_fn)
        return add(fn, &identity, out_fn);
    return is_of(*out_fn, fn) ? CTX_OK : CTX_ERR_CONFLICT;
}

/*
 * A ctx_cache_fn remembers its registration in `id`, its own address in `self`, for a copy of the
 * struct, changed after the first call, must not pass for the original, and in `epoch` how many
 * retirements there had been: after one more it is looked up again.
 *
 * FN-1: id and self are written before the release store of epoch; partner: the acquire load in
 * identified().
 */
static struct ctxi_fn *identified(const ctx_cache_fn *fn)
{
    unsigned epoch = __atomic_load_n(&fn->epoch, __ATOMIC_ACQUIRE);
    struct ctxi_fn *registration;

    if (epoch != atomic_load_explicit(&retirements, memory_order_relaxed) || epoch == EPOCH_LAST ||
        __atomic_load_n(&fn->self, __ATOMIC_RELAXED) != (uintptr_t)fn)
        return NULL;
    registration = (struct ctxi_fn *)(uintptr_t)__atomic_load_n(&fn->id, __ATOMIC_RELAXED);
    return is_of(registration, fn) ? registration : NULL; /* else it was changed in place */
}

static void remember(ctx_cache_fn *fn, const struct ctxi_fn *registration)
{
    unsigned epoch = atomic_load_explicit(&retirements, memory_order_relaxed);

    __atomic_store_n(&fn->id, (uintptr_t)registration, __ATOMIC_RELAXED);
    __atomic_store_n(&fn->self, (uintptr_t)fn, __ATOMIC_RELAXED);
    __atomic_store_n(&fn->epoch, epoch, __ATOMIC_RELEASE);
}

int ctxi_fn_identify(ctx_cache_fn *fn, struct ctxi_fn **out_fn)
{
    int r;

    *out_fn = identified(fn);
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
    unsigned epoch = atomic_load_explicit(&retirements, memory_order_relaxed);

    if (epoch != EPOCH_LAST)
        atomic_store_explicit(&retirements, epoch + 1, memory_order_relaxed);
}

/* Takes the registration of `fn` out of the table; NULL: there is none. */
static struct ctxi_fn *take_out(const ctx_cache_fn *fn)
{
    struct ctxi_memory *table_memory = memory();
    struct identity identity;
    struct ctxi_fn *found;

    if (identity_of(fn, &identity) != CTX_OK)
        return NULL;
    found = find(&identity);
    if (!found || !is_of(found, fn))
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

void ctxi_fn_fork_prepare(void)
{
    ctxi_lock_acquire(&registry_lock);
}

void ctxi_fn_fork_done(void)
{
    ctxi_lock_release(&registry_lock);
}
