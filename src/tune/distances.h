/*
 * distances.h: the exact hits of LRU caches of all capacities, in one pass: of one cache for all
 * requests, and of one for each tenant's own. Included by ctxbench and its tests.
 *
 * An LRU cache of capacity c hits exactly if the object is among the c that were used last, which is
 * its stack distance (Mattson et al., IBM Systems Journal 1970). axis.h says how it is found.
 *
 * What a put does is no hit and no miss, but a use. What a delete does is leave a hole in the stack,
 * which the next object that would push others down fills instead; so caches with room for it do not
 * evict for that one, and the curve stays exact.
 *
 * In bytes an object counts with the size that its latest get or put says. That is exact while an
 * object keeps its size, nothing is deleted, and a capacity is at least that of the largest object; a
 * delete leaves no hole there. The size 0 is taken as it is.
 *
 * Of a stream that is a sample of the keys, distances are exact in the sample, and the curves are those to be
 * expected of all: whole.h.
 */
#ifndef CTXI_TUNE_DISTANCES_H
#define CTXI_TUNE_DISTANCES_H

#include "ctxcache/allocator.h"
#include "curve/curve.h"
#include "tune/stream.h"

enum ctxi_curves_flags {
    CTXI_CURVES_TENANTS = 1, /* a curve for each tenant, of its requests alone */
    CTXI_CURVES_BYTES = 2    /* capacities are bytes */
};

struct ctxi_curves {
    struct ctxi_curve overall;
    struct ctxi_curve *tenants; /* [tenant_count]; NULL if they were not asked for */
    uint32_t tenant_count;
    uint64_t *
        shared_hits; /* [tenant_count]: each tenant's in one cache for all, of the capacity that was
                              asked for; NULL without tenants */
    size_t bytes;    /* of memory that the computation took at most */
};

/*
 * On CTX_OK *out_curves is the caller's to ctxi_curves_free(). `shared_capacity` is what shared_hits are
 * counted at. CTX_ERR_NOMEM; CTX_ERR_LIMIT: CTXI_AXIS_OBJECTS_MAX objects or more.
 */
int ctxi_curves_compute(const struct ctxi_stream *stream, unsigned flags, uint64_t shared_capacity,
                        const ctx_allocator *allocator, struct ctxi_curves **out_curves);

/* NULL is allowed. */
void ctxi_curves_free(struct ctxi_curves *curves);

#endif
