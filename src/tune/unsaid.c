#include "tune/unsaid.h"

#include "base/alloc.h"
#include "ctxcache/status.h"

/* ---- sizes -------------------------------------------------------------------------------- */

static uint32_t rounded(double size)
{
    return size < (double)UINT32_MAX ? (uint32_t)(size + 0.5) : UINT32_MAX;
}

static void fill_size(uint32_t *size, uint64_t *known, uint32_t otherwise)
{
    if (*size != CTXI_WEIGHT_UNKNOWN)
        *known = *size;
    else
        *size = *known ? (uint32_t)*known : otherwise;
}

/* By what came before, and then by what comes later. `known` [object_count] are zeros. */
static void fill_sizes(struct ctxi_trace *trace, uint64_t *known)
{
    const uint32_t mean = rounded(trace->recorded.mean_weight);

    for (size_t i = 0; i < trace->request_count; i++)
        fill_size(&trace->sizes[i], &known[trace->objects[i]], CTXI_WEIGHT_UNKNOWN);
    for (size_t i = trace->request_count; i-- > 0;)
        fill_size(&trace->sizes[i], &known[trace->objects[i]], mean);
}

static void scale_sizes(struct ctxi_trace *trace)
{
    const double factor = trace->recorded.used_per_weight;

    for (size_t i = 0; factor > 0 && i < trace->request_count; i++)
        trace->sizes[i] = rounded(trace->sizes[i] * factor);
}

/* ---- loads -------------------------------------------------------------------------------- */

static bool is_get(const struct ctxi_trace *trace, size_t i)
{
    return !trace->ops || trace->ops[i] == CTXI_OP_GET;
}

static uint64_t mean_load(const struct ctxi_trace *trace)
{
    double sum = 0;
    size_t count = 0;

    for (size_t i = 0; i < trace->request_count; i++) {
        sum += (double)trace->loads_ns[i];
        count += trace->loads_ns[i] > 0;
    }
    return count ? (uint64_t)(sum / (double)count) : 0;
}

static void fill_load(uint64_t *load, uint64_t *known, uint64_t otherwise)
{
    if (*load)
        *known = *load;
    else
        *load = *known ? *known : otherwise;
}

/* The same as of sizes. */
static void fill_loads(struct ctxi_trace *trace, uint64_t *known)
{
    const uint64_t mean = mean_load(trace);

    for (size_t i = 0; i < trace->request_count; i++)
        if (is_get(trace, i))
            fill_load(&trace->loads_ns[i], &known[trace->objects[i]], 0);
    for (size_t i = trace->request_count; i-- > 0;)
        if (is_get(trace, i))
            fill_load(&trace->loads_ns[i], &known[trace->objects[i]], mean);
}

/* ---- both --------------------------------------------------------------------------------- */

static int fill(struct ctxi_trace *trace, void (*how)(struct ctxi_trace *, uint64_t *))
{
    const ctx_allocator *allocator = ctxi_process_allocator();
    const size_t bytes = trace->object_count * sizeof(uint64_t);
    uint64_t *known = ctxi_zalloc(allocator, bytes);

    if (!known)
        return CTX_ERR_NOMEM;
    how(trace, known);
    ctxi_free(allocator, known, bytes);
    return CTX_OK;
}

int ctxi_unsaid_fill(struct ctxi_trace *trace)
{
    int status = CTX_OK;

    if (trace->recorded.mean_weight <= 0 || !trace->object_count)
        return CTX_OK;
    if (trace->sizes)
        status = fill(trace, fill_sizes);
    if (status != CTX_OK)
        return status;
    if (trace->sizes)
        scale_sizes(trace);
    return trace->loads_ns ? fill(trace, fill_loads) : CTX_OK;
}
