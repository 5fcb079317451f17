#include "cache/audit.h"

#include "cache/cache.h"

/* A walk over the ids that were read. */
struct walk {
    const ctx_cache *cache;
    struct ctxi_reads *target; /* what is charged */
    uint32_t undeclared;       /* the first id that is not covered, 0: none */
};

static bool contains(ctx_var *const *vars, size_t count, uint32_t id)
{
    for (size_t i = 0; i < count; i++)
        if (ctxi_var_id(vars[i]) == id)
            return true;
    return false;
}

static bool is_ignored(const ctx_cache *cache, uint32_t id)
{
    return contains(cache->ignore, cache->ignore_count, id);
}

static bool is_declared(const ctx_cache *cache, uint32_t id)
{
    return contains(cache->vary, cache->vary_count, id) || is_ignored(cache, id);
}

struct ctxi_reads *ctxi_audit_new_reads(const ctx_cache *cache)
{
    struct ctxi_reads *reads = ctxi_reads_new(ctxi_reads_current());
    uint64_t ignored = 0;
    bool ignores_more = false;

    if (!reads || !ctxi_reads_outer(reads))
        return reads;
    for (size_t i = 0; i < cache->ignore_count; i++) {
        uint32_t id = ctxi_var_id(cache->ignore[i]);

        if (id <= 64)
            ignored |= (uint64_t)1 << (id - 1);
        else
            ignores_more = true;
    }
    ctxi_reads_spread(reads, ignored, ignores_more);
    return reads;
}

void ctxi_audit_charge_vary(const ctx_cache *cache)
{
    struct ctxi_reads *outer = ctxi_reads_current();

    for (size_t i = 0; outer && i < cache->vary_count; i++)
        ctxi_reads_note_id(outer, ctxi_var_id(cache->vary[i]));
}

static void charge_one(void *user, uint32_t id)
{
    struct walk *walk = user;

    if (!is_ignored(walk->cache, id))
        ctxi_reads_note_id(walk->target, id);
}

static void charge(const ctx_cache *cache, const struct ctxi_reads *reads,
                   struct ctxi_reads *target)
{
    struct walk walk = {cache, target, 0};

    if (ctxi_reads_all(reads))
        ctxi_reads_note_all(target);
    ctxi_reads_each(reads, charge_one, &walk);
}

void ctxi_audit_charge_reads(const ctx_cache *cache, const struct ctxi_reads *reads)
{
    struct ctxi_reads *outer = ctxi_reads_current();

    if (outer)
        charge(cache, reads, outer);
}

void ctxi_audit_charge_outer(const ctx_cache *cache, const struct ctxi_reads *reads)
{
    struct ctxi_reads *outer = ctxi_reads_outer(reads);

    if (outer)
        charge(cache, reads, outer);
}

void ctxi_audit_charge_warned(const ctx_cache *cache)
{
    ctxi_audit_charge_reads(cache, cache->warned);
}

static void find_undeclared(void *user, uint32_t id)
{
    struct walk *walk = user;

    if (!walk->undeclared && !is_declared(walk->cache, id))
        walk->undeclared = id;
}

bool ctxi_audit_undeclared(const ctx_cache *cache, const struct ctxi_reads *reads,
                           char out_name[CTX_NAME_MAX + 1])
{
    struct walk walk = {cache, NULL, 0};

    if (ctxi_reads_within(reads, cache->declared)) /* as most do */
        return false;
    ctxi_reads_each(reads, find_undeclared, &walk);
    if (walk.undeclared)
        ctxi_var_name_of(walk.undeclared, out_name);
    else if (ctxi_reads_all(reads))
        memcpy(out_name, "*", sizeof "*");
    else
        return false;
    return true;
}

void ctxi_audit_remember(ctx_cache *cache, const struct ctxi_reads *reads)
{
    charge(cache, reads, cache->warned);
}
