#include "cache/known.h"

#include <string.h>

#include "cache/audit.h"
#include "cache/cache.h"
#include "cache/key.h"
#include "context/store.h"

/* The field of one variable. Returns where it ends; NULL: unset, an object, or there is no room. */
static unsigned char *encode_variable(unsigned char *out, size_t room, ctx_var *var)
{
    ctx_value value;
    size_t size;

    if (ctxi_lookup(ctxi_current(), var, false, &value) != CTX_OK)
        return NULL;
    size = ctxi_field_size(&value);
    return size && size <= room ? ctxi_field_write(out, &value) : NULL;
}

/* The same bytes that request.c has interned; their number, 0: not plain, or too many. */
static size_t encode(const ctx_cache *cache, unsigned char encoded[CTXI_KNOWN_SIZE])
{
    unsigned char *out = encoded;

    for (size_t i = 0; out && i < cache->vary_count; i++)
        out = encode_variable(out, (size_t)(encoded + CTXI_KNOWN_SIZE - out), cache->vary[i]);
    return out ? (size_t)(out - encoded) : 0;
}

static bool is_it(const struct ctxi_known *known, uint32_t hash, const void *encoded, size_t size)
{
    return known->hash == hash && known->id && known->size == size &&
           memcmp(known->encoded, encoded, size) == 0;
}

static uint32_t hash_of(const void *encoded, size_t size)
{
    return (uint32_t)ctxi_hash(encoded, size, 0);
}

static const struct ctxi_known *find(const struct ctxi_known_set *table, const ctx_cache *cache)
{
    unsigned char encoded[CTXI_KNOWN_SIZE];
    size_t size = encode(cache, encoded);
    uint32_t hash = size ? hash_of(encoded, size) : 0;
    const struct ctxi_known *ways = table[hash % CTXI_KNOWN_SETS].ways;

    for (size_t i = 0; size && i < CTXI_KNOWN_WAYS; i++)
        if (is_it(&ways[i], hash, encoded, size))
            return &ways[i];
    return NULL;
}

void ctxi_known_learn(struct ctxi_known_set *table, const void *encoded, size_t size, uint64_t id,
                      uint64_t seed)
{
    struct ctxi_known known = {id, seed, hash_of(encoded, size), (uint8_t)size, {0}};
    struct ctxi_known *ways = table[known.hash % CTXI_KNOWN_SETS].ways;
    size_t last = 0;

    if (size > CTXI_KNOWN_SIZE)
        return;
    memcpy(known.encoded, encoded, size);
    while (last < CTXI_KNOWN_WAYS - 1 && !is_it(&ways[last], known.hash, encoded, size))
        last++; /* where it was, with an id from before; or the one learned longest ago */
    memmove(ways + 1, ways, last * sizeof *ways);
    ways[0] = known;
}

/* ---- recalling ---------------------------------------------------------------------------- */

/* The seed of a cache that varies on nothing is made once for each thread. */
static bool recall_whole(const ctx_cache *cache, struct ctxi_reader *reader)
{
    uint64_t id = atomic_load_explicit(&cache->whole, memory_order_relaxed);

    if (id != reader->whole_id) {
        reader->whole_id = id;
        reader->whole_seed = ctxi_partition_seed(&cache->partitions, id);
    }
    reader->partition = id;
    reader->seed = reader->whole_seed;
    return id != 0;
}

/* As the context remembers it, or the thread knows it by the values that the context has. */
static bool recall_partition(const ctx_cache *cache, struct ctxi_reader *reader)
{
    const ctx_context *context = ctxi_current();
    const struct ctxi_memo *memo = context ? ctxi_memo_find(context, cache->serial) : NULL;
    const struct ctxi_known *known = NULL;

    if (memo) {
        reader->partition = memo->partition;
        reader->seed = memo->seed;
    } else if (context && (known = find(reader->known, cache)) != NULL) {
        reader->partition = known->id;
        reader->seed = known->seed;
    }
    return memo || known;
}

bool ctxi_recall(const ctx_cache *cache, struct ctxi_reader *reader)
{
    const ctx_context *context = ctxi_current();
    bool is_found;

    if (ctxi_reads_current())
        ctxi_audit_charge_vary(cache);
    is_found = cache->vary_count ? recall_partition(cache, reader) : recall_whole(cache, reader);
    reader->moment = !is_found ? 0
                     : context ? ctxi_context_moment(context)
                               : CTXI_MOMENT_NO_CONTEXT;
    return is_found;
}
