/*
 * stream.h: a stream of requests as plain arrays, which is what everything here computes over. The
 * arrays belong to somebody else, a struct ctxi_trace for instance, and outlive their use.
 */
#ifndef CTXI_TUNE_STREAM_H
#define CTXI_TUNE_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "tune/trace.h"

struct ctxi_stream {
    size_t request_count;
    uint32_t object_count; /* below CTXI_AXIS_OBJECTS_MAX */
    uint32_t tenant_count; /* at least 1 */
    double rate; /* the share of the keys that these are (whole.h); 0 and 1: all of them */

    const uint32_t *objects;         /* [request_count], each below object_count */
    const uint32_t *request_tenants; /* [request_count], each below tenant_count; NULL: all 0 */
    const uint32_t *object_tenants;  /* [object_count], says the same; NULL: all 0 */
    const uint32_t *sizes;           /* [request_count], bytes; NULL: all 1 */
    const uint64_t *loads_ns;        /* [request_count], what a hit saves; NULL: not known */
    const uint8_t *ops;              /* [request_count], enum ctxi_op; NULL: all CTXI_OP_GET */
};

static inline struct ctxi_stream ctxi_stream_of(const struct ctxi_trace *trace)
{
    return (struct ctxi_stream){
        .request_count = trace->request_count,
        .object_count = trace->object_count,
        .tenant_count = trace->tenant_count,
        .rate = trace->rate,
        .objects = trace->objects,
        .request_tenants = trace->request_tenants,
        .object_tenants = trace->object_tenants,
        .sizes = trace->sizes,
        .loads_ns = trace->loads_ns,
        .ops = trace->ops,
    };
}

static inline uint8_t ctxi_stream_op(const struct ctxi_stream *stream, size_t i)
{
    return stream->ops ? stream->ops[i] : (uint8_t)CTXI_OP_GET;
}

#endif
