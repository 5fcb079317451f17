#include "tune/policy.h"

#include <string.h>

#include "ctxcache/status.h"

const struct ctxi_policy *const ctxi_policies[] = {
    &ctxi_policy_lru,    &ctxi_policy_fifo,
    &ctxi_policy_clock,  &ctxi_policy_sieve,
    &ctxi_policy_s3fifo, &ctxi_policy_wtinylfu,
    &ctxi_policy_arc,    &ctxi_policy_lirs,
    &ctxi_policy_opt,    NULL,
};

const struct ctxi_policy *ctxi_policy_find(const char *name)
{
    for (const struct ctxi_policy *const *policy = ctxi_policies; *policy; policy++)
        if (strcmp((*policy)->name, name) == 0)
            return *policy;
    return NULL;
}

static uint64_t run(const struct ctxi_policy *policy, const struct ctxi_stream *stream, void *cache)
{
    uint64_t hits = 0;

    for (size_t i = 0; i < stream->request_count; i++) {
        uint8_t op = ctxi_stream_op(stream, i);

        if (op != CTXI_OP_DELETE)
            hits += policy->use(cache, stream->objects[i]) && op == CTXI_OP_GET;
    }
    return hits;
}

int ctxi_policy_run(const struct ctxi_policy *policy, const struct ctxi_stream *stream,
                    uint64_t capacity, const ctx_allocator *allocator, uint64_t *out_hits)
{
    struct ctxi_blocks blocks = ctxi_blocks_of(allocator);
    void *cache;

    *out_hits = 0;
    if (capacity == 0)
        return CTX_ERR_INVALID;
    if (stream->object_count == 0)
        return CTX_OK;
    /* More is never needed, whatever the policy. */
    if (capacity > stream->object_count)
        capacity = stream->object_count;
    cache = policy->create(stream, (uint32_t)capacity, &blocks);
    if (cache)
        *out_hits = run(policy, stream, cache);
    ctxi_blocks_free(&blocks);
    return cache ? CTX_OK : CTX_ERR_NOMEM;
}
