#include "tune/weights.h"

#include "base/alloc.h"
#include "ctxcache/status.h"

static uint32_t rounded(double size)
{
    return size < (double)UINT32_MAX ? (uint32_t)(size + 0.5) : UINT32_MAX;
}

static void fill(uint32_t *size, uint32_t *known, uint32_t otherwise)
{
    if (*size != CTXI_WEIGHT_UNKNOWN)
        *known = *size;
    else
        *size = *known ? *known : otherwise;
}

/* By what came before, and then by what comes later. `known` [object_count] are zeros. */
static void fill_in(struct ctxi_trace *trace, uint32_t *known)
{
    const uint32_t mean = rounded(trace->recorded.mean_weight);

    for (size_t i = 0; i < trace->request_count; i++)
        fill(&trace->sizes[i], &known[trace->objects[i]], CTXI_WEIGHT_UNKNOWN);
    for (size_t i = trace->request_count; i-- > 0;)
        fill(&trace->sizes[i], &known[trace->objects[i]], mean);
}

static void scale(struct ctxi_trace *trace)
{
    const double factor = trace->recorded.used_per_weight;

    for (size_t i = 0; factor > 0 && i < trace->request_count; i++)
        trace->sizes[i] = rounded(trace->sizes[i] * factor);
}

int ctxi_weights_to_sizes(struct ctxi_trace *trace)
{
    const ctx_allocator *allocator = ctxi_process_allocator();
    const size_t bytes = trace->object_count * sizeof(uint32_t);
    uint32_t *known;

    if (!trace->sizes || trace->recorded.mean_weight <= 0)
        return CTX_OK;
    known = ctxi_zalloc(allocator, bytes);
    if (!known)
        return CTX_ERR_NOMEM;
    fill_in(trace, known);
    ctxi_free(allocator, known, bytes);
    scale(trace);
    return CTX_OK;
}
