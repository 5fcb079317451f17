#include "curve/shards.h"

#include <string.h>

#include "ctxcache/status.h"
#include "curve/axis.h"
#include "curve/blocks.h"

#define GROUPS       8
#define STUDENT      2.365 /* of 7 degrees of freedom, 97.5 % */
#define SIGNIFICANT  0.5   /* correlation, squared, of eight groups: 95 % */
#define NORMAL       1.96
#define SCALE_BITS   7
#define LARGEST_BITS 44 /* capacities from 2^44 on are one bucket */
#define BUCKETS      (((size_t)(LARGEST_BITS - SCALE_BITS) + 1) << SCALE_BITS)

struct sample {
    uint64_t hash;
    uint32_t slot; /* of the axis */
};

struct ctxi_sampled {
    struct ctxi_blocks blocks;
    bool weighted;
    uint32_t max_keys, count; /* of samples */
    uint32_t table_mask;
    struct sample *samples; /* [max_keys], the first `count` are there, in any order */
    uint32_t *table; /* open addressing by hash: a sample's number + 1; 0: empty. Half empty */
    uint32_t *heap;  /* numbers of samples, [0] has the largest hash, children at 2i+1, 2i+2 */
    struct ctxi_axis axis;
    double keys;           /* distinct ones, each for 1 / R of the time when it was new */
    double cold[GROUPS];   /* misses of any capacity */
    double (*far)[GROUPS]; /* [BUCKETS]: requests by distance: misses of smaller capacities */
};

/* ---- the table ---------------------------------------------------------------------------- */

/* Sampled hashes are small; these bits of them are as good as any. */
static uint32_t home(const struct ctxi_sampled *sampled, uint64_t hash)
{
    return (uint32_t)hash & sampled->table_mask;
}

/* Where the key is, or where it would be put. */
static uint32_t place_of(const struct ctxi_sampled *sampled, uint64_t hash)
{
    uint32_t at = home(sampled, hash);

    while (sampled->table[at] && sampled->samples[sampled->table[at] - 1].hash != hash)
        at = (at + 1) & sampled->table_mask;
    return at;
}

/* Empties a place, and moves up what would not be found behind it (Knuth, 6.4, algorithm R). */
static void empty_place(struct ctxi_sampled *sampled, uint32_t at)
{
    uint32_t mask = sampled->table_mask;

    for (uint32_t next = (at + 1) & mask; sampled->table[next]; next = (next + 1) & mask) {
        uint32_t wanted = home(sampled, sampled->samples[sampled->table[next] - 1].hash);

        if (((next - wanted) & mask) >= ((next - at) & mask)) {
            sampled->table[at] = sampled->table[next];
            at = next;
        }
    }
    sampled->table[at] = 0;
}

/* ---- the heap ----------------------------------------------------------------------------- */

static uint64_t heap_hash(const struct ctxi_sampled *sampled, uint32_t at)
{
    return sampled->samples[sampled->heap[at]].hash;
}

/* Puts a sample at the end of the heap, whose last place is `at`, and lets it rise. */
static void heap_add(struct ctxi_sampled *sampled, uint32_t at, uint32_t number)
{
    uint64_t hash = sampled->samples[number].hash;

    while (at > 0 && heap_hash(sampled, (at - 1) / 2) < hash) {
        sampled->heap[at] = sampled->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    sampled->heap[at] = number;
}

/* The sample at the top has got another, smaller hash. */
static void heap_sink(struct ctxi_sampled *sampled)
{
    uint32_t number = sampled->heap[0], at = 0;
    uint64_t hash = sampled->samples[number].hash;

    for (uint32_t child = 1; child < sampled->count; child = 2 * at + 1) {
        if (child + 1 < sampled->count && heap_hash(sampled, child + 1) > heap_hash(sampled, child))
            child++;
        if (heap_hash(sampled, child) <= hash)
            break;
        sampled->heap[at] = sampled->heap[child];
        at = child;
    }
    sampled->heap[at] = number;
}

/* ---- counting ----------------------------------------------------------------------------- */

static double rate_of(const struct ctxi_shards *shards)
{
    uint64_t threshold = atomic_load_explicit(&shards->threshold, memory_order_relaxed);

    return threshold == UINT64_MAX ? 1 : (double)threshold * 0x1p-64;
}

/* Other bits than the table's, whatever the threshold is. */
static unsigned group_of(uint64_t hash)
{
    return (unsigned)((hash * 0x9e3779b97f4a7c15u) >> 61);
}

static void compact(struct ctxi_sampled *sampled)
{
    ctxi_axis_begin_compacting(&sampled->axis);
    for (uint32_t i = 0; i < sampled->count; i++)
        sampled->samples[i].slot = ctxi_axis_moved(&sampled->axis, sampled->samples[i].slot);
    ctxi_axis_end_compacting(&sampled->axis);
}

static void move_up(struct ctxi_sampled *sampled, struct sample *sample, uint32_t weight)
{
    sample->slot = ctxi_axis_add(&sampled->axis);
    if (sampled->weighted)
        ctxi_axis_weigh(&sampled->axis, sample->slot, weight);
}

/* What distance a sampled one stands for: its own place, and what was used since, scaled up. */
static uint64_t scaled_distance(const struct ctxi_sampled *sampled, uint32_t slot, double rate)
{
    uint64_t own = sampled->weighted ? sampled->axis.weights[slot] : 1;
    uint64_t all = sampled->weighted ? ctxi_axis_weight_from(&sampled->axis, slot)
                                     : ctxi_axis_depth(&sampled->axis, slot);
    double scaled = (double)(all - own) / rate + (double)own;

    return scaled < 0x1p44 ? (uint64_t)(scaled + 0.5) : (uint64_t)1 << LARGEST_BITS;
}

static void use_again(struct ctxi_sampled *sampled, struct sample *sample, double rate,
                      uint32_t weight)
{
    uint64_t bucket = ctxi_scale_bucket(SCALE_BITS, scaled_distance(sampled, sample->slot, rate));

    if (bucket >= BUCKETS)
        bucket = BUCKETS - 1;
    sampled->far[bucket][group_of(sample->hash)] += 1 / rate;
    ctxi_axis_remove(&sampled->axis, sample->slot);
    move_up(sampled, sample, weight);
}

/* A number for one more key. With no room, that of the key with the largest hash, which goes. */
static uint32_t make_room(struct ctxi_shards *shards, bool *out_replaced)
{
    struct ctxi_sampled *sampled = shards->sampled;
    uint32_t number = sampled->count;

    *out_replaced = number == sampled->max_keys;
    if (!*out_replaced) {
        sampled->count++;
        return number;
    }
    number = sampled->heap[0];
    atomic_store_explicit(&shards->threshold, sampled->samples[number].hash, memory_order_relaxed);
    empty_place(sampled, place_of(sampled, sampled->samples[number].hash));
    ctxi_axis_remove(&sampled->axis, sampled->samples[number].slot);
    return number;
}

static void use_first(struct ctxi_shards *shards, uint64_t hash, uint32_t weight)
{
    struct ctxi_sampled *sampled = shards->sampled;
    bool replaced;
    uint32_t number;
    double rate;

    if (sampled->count == sampled->max_keys && hash > heap_hash(sampled, 0)) {
        /* it would be the first to go */
        atomic_store_explicit(&shards->threshold, hash, memory_order_relaxed);
        return;
    }
    number = make_room(shards, &replaced);
    sampled->samples[number].hash = hash;
    sampled->table[place_of(sampled, hash)] = number + 1;
    if (replaced)
        heap_sink(sampled);
    else
        heap_add(sampled, number, number);
    rate = rate_of(shards);
    sampled->keys += 1 / rate;
    sampled->cold[group_of(hash)] += 1 / rate;
    move_up(sampled, &sampled->samples[number], weight);
}

void ctxi_shards_count(struct ctxi_shards *shards, uint64_t hash, uint32_t weight)
{
    struct ctxi_sampled *sampled = shards->sampled;
    uint32_t place;

    if (!ctxi_shards_wants(shards, hash))
        return;
    if (ctxi_axis_is_full(&sampled->axis))
        compact(sampled);
    place = place_of(sampled, hash);
    if (sampled->table[place])
        use_again(sampled, &sampled->samples[sampled->table[place] - 1], rate_of(shards), weight);
    else
        use_first(shards, hash, weight);
}

/* ---- estimating --------------------------------------------------------------------------- */

struct owned_estimate {
    struct ctxi_estimate estimate;
    struct ctxi_blocks blocks;
};

/* The library does not link libm. Newton's method, from above: it falls until it is there. */
static double square_root(double x)
{
    double root = x > 1 ? x : 1, next = (root + x / root) / 2;

    if (x <= 0)
        return 0;
    while (next < root) {
        root = next;
        next = (root + x / root) / 2;
    }
    return root;
}

static double clamp(double value, double most)
{
    return value < 0 ? 0 : value > most ? most : value;
}

static double sum_of(const double groups[GROUPS])
{
    double sum = 0;

    for (int g = 0; g < GROUPS; g++)
        sum += groups[g];
    return sum;
}

/* The sum over groups of how far both are from their means, multiplied. */
static double spread(const double a[GROUPS], const double b[GROUPS])
{
    double mean_a = sum_of(a) / GROUPS, mean_b = sum_of(b) / GROUPS, sum = 0;

    for (int g = 0; g < GROUPS; g++)
        sum += (a[g] - mean_a) * (b[g] - mean_b);
    return sum;
}

static uint64_t rounded(double hits, double requests)
{
    return (uint64_t)(clamp(hits, requests) + 0.5);
}

/* A smaller capacity hits no more. */
static void put_falling(uint64_t *values, size_t count, size_t b, uint64_t value)
{
    values[b] = b + 1 < count && values[b + 1] < value ? values[b + 1] : value;
}

/* All requests of the sample, each for as many as it stands for. */
static void sum_requests(const struct ctxi_sampled *sampled, double requests[GROUPS])
{
    memcpy(requests, sampled->cold, sizeof sampled->cold);
    for (size_t b = 0; b < BUCKETS; b++)
        for (int g = 0; g < GROUPS; g++)
            requests[g] += sampled->far[b][g];
}

/* By how much misses grow with requests, from group to group; 0 if that may be chance. A miss is a
 * request, so not by more. */
static double slope_of(const double misses[GROUPS], const double requests[GROUPS])
{
    double both = spread(misses, requests), of_requests = spread(requests, requests);

    if (both <= 0 || both * both < SIGNIFICANT * spread(misses, misses) * of_requests)
        return 0;
    return clamp(both / of_requests, 1);
}

/* Hits, and the errors of groups around them, from the largest capacity to the smallest. */
static void fill_hits(const struct ctxi_shards *shards, struct ctxi_estimate *estimate)
{
    const struct ctxi_sampled *sampled = shards->sampled;
    double misses[GROUPS], requests[GROUPS], all = (double)estimate->curve.requests;
    double part = (1 - rate_of(shards)) * GROUPS / (GROUPS - 1), lacking;

    memcpy(misses, sampled->cold, sizeof misses);
    sum_requests(sampled, requests);
    lacking = all - sum_of(requests);
    for (size_t b = estimate->curve.count; b-- > 0;) {
        double hits = all - sum_of(misses) - slope_of(misses, requests) * lacking;
        double error = STUDENT * square_root(part * spread(misses, misses));

        put_falling(estimate->curve.hits, estimate->curve.count, b, rounded(hits, all));
        put_falling(estimate->low, estimate->curve.count, b, rounded(hits - error, all));
        put_falling(estimate->high, estimate->curve.count, b, rounded(hits + error, all));
        for (int g = 0; g < GROUPS; g++)
            misses[g] += sampled->far[b][g];
    }
    estimate->curve.hits[0] = estimate->low[0] = 0;
}

/* How much of a capacity the sample may be wrong about. */
static double blur_of(const struct ctxi_shards *shards, uint64_t capacity)
{
    const struct ctxi_axis *axis = &shards->sampled->axis;
    double rate = rate_of(shards), weight = 1;

    if (axis->weights && axis->live > 0 && axis->weight > 0)
        weight = (double)axis->weight / axis->live;
    return capacity > 0 ? NORMAL * square_root((1 - rate) * weight / (rate * (double)capacity)) : 0;
}

/* The bounds of nearby capacities: lower ones upwards, so that those below are still as they were. */
static void blur_bounds(const struct ctxi_shards *shards, struct ctxi_estimate *estimate)
{
    const struct ctxi_curve *curve = &estimate->curve;

    for (size_t b = curve->count; b-- > 1;) {
        uint64_t capacity = ctxi_curve_capacity(curve, b);
        double blur = blur_of(shards, capacity);
        uint64_t smaller = blur < 1 ? (uint64_t)((double)capacity * (1 - blur)) : 0;

        estimate->low[b] = estimate->low[ctxi_curve_bucket(curve, smaller)];
    }
    for (size_t b = 1; b < curve->count; b++) {
        uint64_t capacity = ctxi_curve_capacity(curve, b);
        double larger = (double)capacity * (1 + blur_of(shards, capacity));

        estimate->high[b] =
            estimate
                ->high[ctxi_curve_bucket(curve, larger < 0x1p44 ? (uint64_t)larger : UINT64_MAX)];
    }
}

/* Buckets up to the last that anything fell into. */
static size_t used_buckets(const struct ctxi_sampled *sampled)
{
    size_t count = BUCKETS;

    while (count > 1) {
        double sum = 0;

        for (int g = 0; g < GROUPS; g++)
            sum += sampled->far[count - 1][g];
        if (sum > 0)
            break;
        count--;
    }
    return count;
}

static bool make_estimate(struct ctxi_blocks *blocks, struct ctxi_estimate *estimate, size_t count)
{
    estimate->curve.hits = ctxi_blocks_take(blocks, count, sizeof *estimate->curve.hits);
    estimate->low = ctxi_blocks_take(blocks, count, sizeof *estimate->low);
    estimate->high = ctxi_blocks_take(blocks, count, sizeof *estimate->high);
    estimate->curve.count = count;
    estimate->curve.bits = SCALE_BITS;
    return estimate->curve.hits && estimate->low && estimate->high;
}

int ctxi_shards_estimate(const struct ctxi_shards *shards, uint64_t requests,
                         const ctx_allocator *allocator, struct ctxi_estimate **out_estimate)
{
    struct ctxi_blocks blocks = ctxi_blocks_of(allocator);
    struct owned_estimate *owned = ctxi_blocks_take(&blocks, 1, sizeof *owned);

    *out_estimate = NULL;
    if (!owned || !make_estimate(&blocks, &owned->estimate, used_buckets(shards->sampled))) {
        ctxi_blocks_free(&blocks);
        return CTX_ERR_NOMEM;
    }
    owned->blocks = blocks;
    owned->estimate.curve.requests = requests;
    owned->estimate.curve.objects = (uint64_t)(shards->sampled->keys + 0.5);
    fill_hits(shards, &owned->estimate);
    blur_bounds(shards, &owned->estimate);
    *out_estimate = &owned->estimate;
    return CTX_OK;
}

void ctxi_estimate_free(struct ctxi_estimate *estimate)
{
    if (estimate) {
        struct ctxi_blocks blocks = ((struct owned_estimate *)estimate)->blocks;

        ctxi_blocks_free(&blocks);
    }
}

/* ---- making and ending -------------------------------------------------------------------- */

static uint32_t table_size(uint32_t max_keys)
{
    uint32_t size = 16;

    while (size < 2 * max_keys)
        size *= 2;
    return size;
}

static bool make_parts(struct ctxi_sampled *sampled, struct ctxi_blocks *blocks)
{
    uint32_t max = sampled->max_keys;
    void *axis = ctxi_blocks_take(blocks, 1, ctxi_axis_bytes(max, sampled->weighted));

    sampled->samples = ctxi_blocks_take(blocks, max, sizeof *sampled->samples);
    sampled->table =
        ctxi_blocks_take(blocks, (size_t)sampled->table_mask + 1, sizeof *sampled->table);
    sampled->heap = ctxi_blocks_take(blocks, max, sizeof *sampled->heap);
    sampled->far = ctxi_blocks_take(blocks, BUCKETS, sizeof *sampled->far);
    if (!axis || !sampled->samples || !sampled->table || !sampled->heap || !sampled->far)
        return false;
    ctxi_axis_init(&sampled->axis, max, sampled->weighted, axis);
    return true;
}

int ctxi_shards_init(struct ctxi_shards *shards, const struct ctxi_shards_options *options,
                     const ctx_allocator *allocator)
{
    struct ctxi_blocks blocks = ctxi_blocks_of(allocator);
    struct ctxi_sampled *sampled;

    if (!(options->rate > 0 && options->rate <= 1) || options->max_keys == 0 ||
        options->max_keys > (uint32_t)1 << 27)
        return CTX_ERR_INVALID;
    sampled = ctxi_blocks_take(&blocks, 1, sizeof *sampled);
    if (sampled) {
        sampled->max_keys = options->max_keys;
        sampled->weighted = options->weighted;
        sampled->table_mask = table_size(options->max_keys) - 1;
    }
    if (!sampled || !make_parts(sampled, &blocks)) {
        ctxi_blocks_free(&blocks);
        return CTX_ERR_NOMEM;
    }
    sampled->blocks = blocks;
    shards->sampled = sampled;
    atomic_init(&shards->threshold,
                options->rate < 1 ? (uint64_t)(options->rate * 0x1p64) : UINT64_MAX);
    return CTX_OK;
}

void ctxi_shards_fini(struct ctxi_shards *shards)
{
    struct ctxi_blocks blocks = shards->sampled->blocks;

    ctxi_blocks_free(&blocks);
    shards->sampled = NULL;
}

size_t ctxi_shards_bytes(const struct ctxi_shards *shards)
{
    return shards->sampled->blocks.bytes;
}

double ctxi_shards_rate(const struct ctxi_shards *shards)
{
    return rate_of(shards);
}

uint32_t ctxi_shards_keys(const struct ctxi_shards *shards)
{
    return shards->sampled->count;
}

bool ctxi_shards_is_enough(const struct ctxi_shards *shards)
{
    return rate_of(shards) >= 1 || ctxi_shards_keys(shards) >= CTXI_SHARDS_ENOUGH;
}
