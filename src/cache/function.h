/*
 * function.h: the identity of memoized functions, one registry for the process.
 *
 * A registration is found by (name, version) compared in full. Its id is part of every key and
 * never reused, so a name that was retired and registered anew shares nothing with what was cached
 * before.
 */
#ifndef CTXI_CACHE_FUNCTION_H
#define CTXI_CACHE_FUNCTION_H

#include <stdatomic.h>

#include "cache/hashtable.h"
#include "ctxcache/function.h"
#include "ctxcache/variable.h"

/* What a registration is found by; padded with zeros, so that it can be compared as bytes. */
struct ctxi_fn_identity {
    char name[CTX_NAME_MAX + 1];
    uint32_t version;
};

/*
 * One registration. Everything but refs is fixed while anyone holds it. Held by the registry until
 * retired, by each cache that has entries of it, and by each flight.
 */
struct ctxi_fn {
    ctx_cache_loader *loader;
    void *user;
    uint32_t id; /* never reused */
    uint32_t version;
    struct ctxi_fn_identity identity;
    atomic_size_t refs;
    UT_hash_handle hh; /* in the registry; guarded by its lock */
};

/* Grows with every retirement; see function.c. */
extern atomic_uint ctxi_fn_retirements __attribute__((visibility("hidden")));
#define CTXI_FN_EPOCH_LAST UINT32_MAX

static inline bool ctxi_fn_is_of(const struct ctxi_fn *registration, const ctx_cache_fn *fn)
{
    return registration->loader == fn->loader && registration->user == fn->user &&
           registration->version == fn->version;
}

/*
 * The registration that `fn` remembers, if it is still good; else NULL.
 *
 * A ctx_cache_fn remembers its registration in `id`, its own address in `self`, for a copy of the
 * struct, changed after the first call, must not pass for the original, and in `epoch` how many
 * retirements there had been: after one more it is looked up again.
 *
 * FN-1: id and self are written before the release store of epoch; partner: the acquire load here.
 */
static inline struct ctxi_fn *ctxi_fn_remembered(const ctx_cache_fn *fn)
{
    unsigned epoch = __atomic_load_n(&fn->epoch, __ATOMIC_ACQUIRE);
    struct ctxi_fn *registration;

    if (epoch != atomic_load_explicit(&ctxi_fn_retirements, memory_order_relaxed) ||
        __atomic_load_n(&fn->self, __ATOMIC_RELAXED) != (uintptr_t)fn)
        return NULL;
    registration = (struct ctxi_fn *)(uintptr_t)__atomic_load_n(&fn->id, __ATOMIC_RELAXED);
    return ctxi_fn_is_of(registration, fn) ? registration : NULL; /* else it was changed in place */
}

/*
 * The registration of `fn`, made at its first call; borrowed: it lives until fn is retired, which
 * may not happen during a call. CTX_ERR_INVALID (no name, no loader), CTX_ERR_LIMIT,
 * CTX_ERR_CONFLICT, CTX_ERR_NOMEM. After the first call: two loads and a compare, no lock.
 */
int ctxi_fn_identify(ctx_cache_fn *fn, struct ctxi_fn **out_fn);

struct ctxi_fn *ctxi_fn_ref(struct ctxi_fn *fn);
void ctxi_fn_unref(struct ctxi_fn *fn);

static inline uint32_t ctxi_fn_id(const struct ctxi_fn *fn)
{
    return fn->id;
}

static inline void *ctxi_fn_user(const struct ctxi_fn *fn)
{
    return fn->user;
}

static inline const char *ctxi_fn_name(const struct ctxi_fn *fn)
{
    return fn->identity.name;
}

int ctxi_fn_load(const struct ctxi_fn *fn, ctx_cache_load *load, const ctx_value *args,
                 size_t arg_count);

/* ---- the functions that a cache has entries of -------------------------------------------- */

struct ctxi_fn_use;

/* By id. Guarded by the cache's lock. */
struct ctxi_fn_uses {
    struct ctxi_fn_use *table;
    struct ctxi_fn_use *last; /* found last; NULL: none */
};

/* One entry more, whose value has so much room, or less, of the function. CTX_ERR_NOMEM. */
int ctxi_fn_use(struct ctxi_fn_uses *uses, struct ctxi_memory *memory, struct ctxi_fn *fn,
                size_t room);
void ctxi_fn_unuse(struct ctxi_fn_uses *uses, struct ctxi_memory *memory, uint32_t id);

/* How much room the value of the last entry had; false: it has none. */
bool ctxi_fn_last_room(struct ctxi_fn_uses *uses, const struct ctxi_fn *fn, size_t *out_room);

/* The function of an entry. */
struct ctxi_fn *ctxi_fn_used(struct ctxi_fn_uses *uses, uint32_t id);

/* Takes and releases the registry's lock around fork(). */
void ctxi_fn_fork_prepare(void);
void ctxi_fn_fork_done(void);

#endif
