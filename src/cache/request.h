/*
 * request.h: the first steps of everything that names one key or one partition: which function,
 * which partition, which key.
 */
#ifndef CTXI_CACHE_REQUEST_H
#define CTXI_CACHE_REQUEST_H

#include "cache/cache.h"
#include "cache/contents.h"
#include "cache/key.h"
#include "ctxcache/call.h"

/*
 * Lives on the stack of one call. Partition values are read once, at its opening; the partition is
 * then known by its id, which is checked again whenever the lock is taken.
 */
struct ctxi_request {
    ctx_cache *cache;
    struct ctxi_fn *fn;            /* NULL: only the partition is asked for */
    uint64_t partition;            /* its id */
    uint64_t seed;                 /* of the hashes of keys that begin with it */
    struct ctxi_partition *pinned; /* by this request, or NULL */
    struct ctxi_key key;           /* points into bytes */
    struct ctxi_bytes bytes;
    /* What was current when the values were read: how often the thread had changed contexts, and how
     * often that context its partitioning variables. */
    uint64_t switches, changes;
    bool has_objects;        /* among the values: they may change without being set again */
    const ctx_var *variable; /* the one that was unset, or NULL */
    enum ctx_cache_reason
        obstacle; /* what kept it from opening: CTX_CACHE_WAS_UNSET, _KEY_LONG or 0 */
    bool missing; /* CTX_ABSENT: there is no such partition */
    bool create;  /* make the partition if there is none */
};

#define CTXI_ASKED_KEY CTXI_KEY_INLINE /* bytes */

/*
 * What the short way (hit.h) had found out of a call when it left it to the whole one. No code of the user
 * ran since, so it still holds.
 */
struct ctxi_asked {
    struct ctxi_fn *fn; /* NULL: nothing was found out */
    uint64_t partition, seed;
    struct ctxi_key key; /* points into bytes */
    alignas(uint64_t) unsigned char bytes[CTXI_ASKED_KEY];
};

/* Makes it nothing but closable. */
void ctxi_request_start(struct ctxi_request *request, ctx_cache *cache);

/*
 * Finds the partition of the current context and, if fn is not NULL, the key. The errors of call.h;
 * and without `create` CTX_ABSENT if the partition does not exist. Close it in any case.
 */
int ctxi_request_open(struct ctxi_request *request, ctx_cache_fn *fn, const ctx_value *args,
                      size_t arg_count, bool create);

/* The same for a call of which everything is known: it cannot fail. */
void ctxi_request_open_asked(struct ctxi_request *request, const struct ctxi_asked *asked);

/* Whether a request that did not open is one that the cache is configured to let pass unstored. */
bool ctxi_request_may_bypass(const struct ctxi_request *request);

/* No lock held. */
void ctxi_request_close(struct ctxi_request *request);

/*
 * Takes the cache's lock, held on CTX_OK alone, and gives the partition. One that was retired or
 * freed since is found or made anew, and the key with it. CTX_ERR_NOMEM and so on; CTX_ABSENT
 * without create.
 */
int ctxi_request_lock(struct ctxi_request *request, struct ctxi_partition **out_partition);

/* The same, but what readers have recorded is not carried out: order of use and statistics are behind. */
int ctxi_request_lock_only(struct ctxi_request *request, struct ctxi_partition **out_partition);

/*
 * Whether the current context still has the values that `partition` was found by: they may have
 * been changed since, by the loader, or by an encoder, a factory or the clock before it ran. If
 * not, *out_variable is the first that differs. A value that cannot be encoded any more differs.
 */
bool ctxi_request_unchanged(const struct ctxi_request *request,
                            const struct ctxi_partition *partition, const ctx_var **out_variable);

/* The same for whatever context is current, on any thread: whether it has these values, and, unless
 * `wholly`, may have some of them unset. */
bool ctxi_request_agrees(const struct ctxi_request *request, const struct ctxi_partition *partition,
                         bool wholly, const ctx_var **out_variable);

/* A new context with exactly the values that partition a cache in the current one. CTX_ERR_NOMEM and so
 * on. */
int ctxi_request_bare_context(const struct ctxi_request *request, ctx_context **out_context);

#endif
