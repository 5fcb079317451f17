/*
 * info.h: what a call tells its caller about itself, and refs.
 */
#ifndef CTXI_CACHE_INFO_H
#define CTXI_CACHE_INFO_H

#include <assert.h>

#include "base/versioned.h"
#include "cache/entry.h"
#include "cache/flight.h"
#include "cache/hit.h"
#include "ctxcache/call.h"

static inline void ctxi_info_clear(ctx_cache_info *info)
{
    info->size = sizeof *info;
    info->outcome = 0;
    info->reason = CTX_CACHE_STORED;
    info->stored = false;
    info->negative = false;
    info->variable[0] = '\0';
    info->load_ns = 0;
}

/* The variable that the answer is about. */
static inline void ctxi_info_name(ctx_cache_info *info, const char *name)
{
    size_t length = strnlen(name, CTX_NAME_MAX);

    memcpy(info->variable, name, length);
    info->variable[length] = '\0';
}

/* The part that a leader shares with who joined. */
static inline void ctxi_info_to_result(const ctx_cache_info *info, struct ctxi_result *result)
{
    result->reason = info->reason;
    result->stored = info->stored;
    memcpy(result->variable, info->variable, sizeof result->variable);
}

static inline void ctxi_info_from_result(ctx_cache_info *info, const struct ctxi_result *result)
{
    info->reason = result->reason;
    info->stored = result->stored;
    memcpy(info->variable, result->variable, sizeof info->variable);
}

/* Whether a caller's struct (NULL: none) is one that this version can fill. */
static inline bool ctxi_info_readable(const ctx_cache_info *info)
{
    return !info || info->size >= sizeof *info;
}

/* Fills a caller's struct (NULL: none). */
static inline void ctxi_info_write(ctx_cache_info *ours, const struct ctxi_entry *entry,
                                   ctx_cache_info *theirs)
{
    if (!theirs)
        return;
    ours->negative = entry && (entry->flags & CTXI_ENTRY_NEGATIVE);
    ctxi_versioned_write(theirs, theirs->size, sizeof *ours, ours, sizeof *ours);
}

/* The same for a hit found the short way; not NULL. */
static inline void ctxi_info_write_hit(int status, ctx_cache_info *theirs)
{
    ctx_cache_info ours;

    ctxi_info_clear(&ours);
    ours.outcome = CTX_CACHE_HIT;
    ours.stored = true;
    ours.negative = status == CTX_ABSENT;
    ctxi_versioned_write(theirs, theirs->size, sizeof ours, &ours, sizeof ours);
}

/* Makes the caller's ref of a reference to an entry, which is then none. */
static inline void ctxi_ref_take(ctx_cache_ref *ref, ctx_cache *cache, struct ctxi_hold *hold)
{
    assert(hold->entry);
    ref->data = ctxi_entry_value(hold->entry, &ref->size);
    ref->pin = hold->entry;
    ref->cache = cache;
    ref->number = hold->number;
    *hold = CTXI_HOLD_NONE;
}

#endif
