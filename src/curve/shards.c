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

struct sample {
    uint64_t hash;
    uint32_t slot; /* of the axis; CTXI_AXIS_NO_SLOT: it is on no stack */
};

struct ctxi_sampled {
    struct ctxi_blocks blocks;
    bool weighted, guessed;
    unsigned bits;            /* of the scale */
    size_t bucket_count;      /* of that, up to LARGEST_BITS */
    uint64_t first_threshold; /* of the beginning */
    uint32_t max_keys, count; /* of samples */
    uint32_t table_mask;
    /* NULL in a copy, up to and with the memory of the axis. */
    struct sample *samples; /* [max_keys], the first `count` are there, in any order */
    uint32_t *table; /* open addressing by hash: a sample's number + 1; 0: empty. Half empty */
    uint32_t *heap;  /* numbers of samples, [0] has the largest hash, children at 2i+1, 2i+2 */
    struct ctxi_axis axis;
    double keys;           /* distinct ones, each for 1 / R of the time when it was new */
    double cold[GROUPS];   /* misses of any capacity */
    double (*far)[GROUPS]; /* [bucket_count]: requests by distance: misses of smaller capacities */
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
        if (sampled->samples[i].slot != CTXI_AXIS_NO_SLOT)
            sampled->samples[i].slot = ctxi_axis_moved(&sampled->axis, sampled->samples[i].slot);
    ctxi_axis_end_compacting(&sampled->axis);
}

static void leave_stack(struct ctxi_sampled *sampled, struct sample *sample)
{
    if (sample->slot != CTXI_AXIS_NO_SLOT)
        ctxi_axis_remove(&sampled->axis, sample->slot);
    sample->slot = CTXI_AXIS_NO_SLOT;
}

static uint32_t mean_weight(const struct ctxi_axis *axis)
{
    return axis->live > 0 ? (uint32_t)(axis->weight / axis->live) : 0;
}

/* What it weighs, which may not be known, while it may be on the stack. */
static uint32_t old_weight(const struct ctxi_sampled *sampled, const struct sample *sample)
{
    return sample->slot != CTXI_AXIS_NO_SLOT ? sampled->axis.weights[sample->slot]
                                             : mean_weight(&sampled->axis);
}

/* `weight` NULL: as it was. */
static void move_up(struct ctxi_sampled *sampled, struct sample *sample, const uint32_t *weight)
{
    uint32_t new_weight = 0;

    if (sampled->weighted)
        new_weight = weight ? *weight : old_weight(sampled, sample);
    leave_stack(sampled, sample);
    sample->slot = ctxi_axis_add(&sampled->axis);
    if (sampled->weighted)
        ctxi_axis_weigh(&sampled->axis, sample->slot, new_weight);
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

/* Requests for something that is on no stack. */
static struct ctxi_sighting count_cold(struct ctxi_sampled *sampled, uint64_t hash, double requests)
{
    sampled->cold[group_of(hash)] += requests;
    return (struct ctxi_sighting){requests, CTXI_SHARDS_NOWHERE};
}

/* Requests for a sampled key, where it is now. */
static struct ctxi_sighting count_at(struct ctxi_sampled *sampled, const struct sample *sample,
                                     double rate, double requests)
{
    uint64_t distance, bucket;

    if (sample->slot == CTXI_AXIS_NO_SLOT)
        return count_cold(sampled, sample->hash, requests);
    distance = scaled_distance(sampled, sample->slot, rate);
    bucket = ctxi_scale_bucket(sampled->bits, distance);
    if (bucket >= sampled->bucket_count)
        bucket = sampled->bucket_count - 1;
    sampled->far[bucket][group_of(sample->hash)] += requests;
    return (struct ctxi_sighting){requests, distance};
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
    leave_stack(sampled, &sampled->samples[number]);
    return number;
}

/* A key that is new; false: it would be the first to go. */
static bool add(struct ctxi_shards *shards, uint64_t hash, const uint32_t *weight)
{
    struct ctxi_sampled *sampled = shards->sampled;
    bool replaced;
    uint32_t number;

    if (sampled->count == sampled->max_keys && hash > heap_hash(sampled, 0)) {
        atomic_store_explicit(&shards->threshold, hash, memory_order_relaxed);
        return false;
    }
    number = make_room(shards, &replaced);
    sampled->samples[number] = (struct sample){hash, CTXI_AXIS_NO_SLOT};
    sampled->table[place_of(sampled, hash)] = number + 1;
    if (replaced)
        heap_sink(sampled);
    else
        heap_add(sampled, number, number);
    sampled->keys += 1 / rate_of(shards);
    move_up(sampled, &sampled->samples[number], weight);
    return true;
}

/* NULL: it is not in the sample. */
static struct sample *find(struct ctxi_sampled *sampled, uint64_t hash)
{
    uint32_t number = sampled->table[place_of(sampled, hash)];

    return number ? &sampled->samples[number - 1] : NULL;
}

static struct ctxi_sighting count(struct ctxi_shards *shards, uint64_t hash, const uint32_t *weight)
{
    struct ctxi_sampled *sampled = shards->sampled;
    struct ctxi_sighting seen = {0, CTXI_SHARDS_NOWHERE};
    struct sample *sample;

    if (!ctxi_shards_wants(shards, hash))
        return seen;
    if (ctxi_axis_is_full(&sampled->axis))
        compact(sampled);
    sample = find(sampled, hash);
    if (sample) {
        seen = count_at(sampled, sample, rate_of(shards), 1 / rate_of(shards));
        move_up(sampled, sample, weight);
    } else if (add(shards, hash, weight)) {
        seen = count_cold(sampled, hash, 1 / rate_of(shards));
    }
    return seen;
}

struct ctxi_sighting ctxi_shards_count(struct ctxi_shards *shards, uint64_t hash, uint32_t weight)
{
    return count(shards, hash, &weight);
}

struct ctxi_sighting ctxi_shards_count_same(struct ctxi_shards *shards, uint64_t hash)
{
    return count(shards, hash, NULL);
}

struct ctxi_sighting ctxi_shards_count_again(struct ctxi_shards *shards, uint64_t hash,
                                             uint64_t times)
{
    double rate = rate_of(shards);
    const struct sample *sample = find(shards->sampled, hash);

    if (!sample)
        return (struct ctxi_sighting){0, CTXI_SHARDS_NOWHERE};
    return count_at(shards->sampled, sample, rate, (double)times / rate);
}

struct ctxi_sighting ctxi_shards_count_lost(struct ctxi_shards *shards, uint64_t hash)
{
    const struct sample *sample;

    if (!ctxi_shards_wants(shards, hash))
        return (struct ctxi_sighting){0, CTXI_SHARDS_NOWHERE};
    sample = find(shards->sampled, hash);
    if (sample && sample->slot != CTXI_AXIS_NO_SLOT)
        return count(shards, hash, NULL);
    return count_cold(shards->sampled, hash, 1 / rate_of(shards));
}

void ctxi_shards_put(struct ctxi_shards *shards, uint64_t hash, uint32_t weight)
{
    struct ctxi_sampled *sampled = shards->sampled;
    struct sample *sample;

    if (!ctxi_shards_wants(shards, hash))
        return;
    if (ctxi_axis_is_full(&sampled->axis))
        compact(sampled);
    sample = find(sampled, hash);
    if (sample)
        move_up(sampled, sample, &weight);
    else
        (void)add(shards, hash, &weight);
}

void ctxi_shards_forget(struct ctxi_shards *shards, uint64_t hash)
{
    struct sample *sample = find(shards->sampled, hash);

    if (sample)
        leave_stack(shards->sampled, sample);
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
    for (size_t b = 0; b < sampled->bucket_count; b++)
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

/* How far the misses of groups are apart; if requests are guessed, apart from as many as theirs explain. */
static double spread_of_misses(const struct ctxi_sampled *sampled, const double misses[GROUPS],
                               const double requests[GROUPS])
{
    double rest[GROUPS], all = sum_of(requests);

    if (!sampled->guessed || all <= 0)
        return spread(misses, misses);
    for (int g = 0; g < GROUPS; g++)
        rest[g] = misses[g] - sum_of(misses) / all * requests[g];
    return spread(rest, rest);
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
        double error = STUDENT * square_root(part * spread_of_misses(sampled, misses, requests));

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

    if (shards->sampled->weighted && axis->live > 0 && axis->weight > 0)
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
    size_t count = sampled->bucket_count;

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

static bool make_estimate(struct ctxi_blocks *blocks, const struct ctxi_sampled *sampled,
                          struct ctxi_estimate *estimate)
{
    size_t count = used_buckets(sampled);

    estimate->curve.hits = ctxi_blocks_take(blocks, count, sizeof *estimate->curve.hits);
    estimate->low = ctxi_blocks_take(blocks, count, sizeof *estimate->low);
    estimate->high = ctxi_blocks_take(blocks, count, sizeof *estimate->high);
    estimate->curve.count = count;
    estimate->curve.bits = sampled->bits;
    return estimate->curve.hits && estimate->low && estimate->high;
}

int ctxi_shards_estimate(const struct ctxi_shards *shards, uint64_t requests,
                         const ctx_allocator *allocator, struct ctxi_estimate **out_estimate)
{
    struct ctxi_blocks blocks = ctxi_blocks_of(allocator);
    struct owned_estimate *owned = ctxi_blocks_take(&blocks, 1, sizeof *owned);

    *out_estimate = NULL;
    if (!owned || !make_estimate(&blocks, shards->sampled, &owned->estimate)) {
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
    sampled->far = ctxi_blocks_take(blocks, sampled->bucket_count, sizeof *sampled->far);
    if (!axis || !sampled->samples || !sampled->table || !sampled->heap || !sampled->far)
        return false;
    ctxi_axis_init(&sampled->axis, max, sampled->weighted, axis);
    return true;
}

static void set_options(struct ctxi_sampled *sampled, const struct ctxi_shards_options *options)
{
    sampled->max_keys = options->max_keys;
    sampled->weighted = options->weighted;
    sampled->guessed = options->guessed;
    sampled->bits = options->bits ? options->bits : SCALE_BITS;
    sampled->bucket_count = (LARGEST_BITS - sampled->bits + (size_t)1) << sampled->bits;
    sampled->first_threshold = options->rate < 1 ? (uint64_t)(options->rate * 0x1p64) : UINT64_MAX;
    sampled->table_mask = table_size(options->max_keys) - 1;
}

int ctxi_shards_init(struct ctxi_shards *shards, const struct ctxi_shards_options *options,
                     const ctx_allocator *allocator)
{
    struct ctxi_blocks blocks = ctxi_blocks_of(allocator);
    struct ctxi_sampled *sampled;

    if (!(options->rate > 0 && options->rate <= 1) || options->max_keys == 0 ||
        options->max_keys > (uint32_t)1 << 27 || options->bits > SCALE_BITS)
        return CTX_ERR_INVALID;
    sampled = ctxi_blocks_take(&blocks, 1, sizeof *sampled);
    if (sampled)
        set_options(sampled, options);
    if (!sampled || !make_parts(sampled, &blocks)) {
        ctxi_blocks_free(&blocks);
        return CTX_ERR_NOMEM;
    }
    sampled->blocks = blocks;
    shards->sampled = sampled;
    atomic_init(&shards->threshold, sampled->first_threshold);
    return CTX_OK;
}

void ctxi_shards_reset(struct ctxi_shards *shards, uint64_t below)
{
    struct ctxi_sampled *sampled = shards->sampled;
    struct ctxi_axis *axis = &sampled->axis;

    memset(sampled->table, 0, ((size_t)sampled->table_mask + 1) * sizeof *sampled->table);
    memset(sampled->far, 0, sampled->bucket_count * sizeof *sampled->far);
    memset(sampled->cold, 0, sizeof sampled->cold);
    memset(axis->bits, 0, ctxi_axis_bytes(sampled->max_keys, sampled->weighted));
    ctxi_axis_init(axis, sampled->max_keys, sampled->weighted, axis->bits);
    sampled->count = 0;
    sampled->keys = 0;
    if (below > sampled->first_threshold)
        below = sampled->first_threshold;
    atomic_store_explicit(&shards->threshold, below, memory_order_relaxed);
}

int ctxi_shards_copy_init(struct ctxi_shards *copy, const struct ctxi_shards *shards,
                          const ctx_allocator *allocator)
{
    struct ctxi_blocks blocks = ctxi_blocks_of(allocator);
    struct ctxi_sampled *sampled = ctxi_blocks_take(&blocks, 1, sizeof *sampled);

    if (sampled)
        sampled->far =
            ctxi_blocks_take(&blocks, shards->sampled->bucket_count, sizeof *sampled->far);
    if (!sampled || !sampled->far) {
        ctxi_blocks_free(&blocks);
        return CTX_ERR_NOMEM;
    }
    sampled->blocks = blocks;
    copy->sampled = sampled;
    atomic_init(&copy->threshold, 0);
    return CTX_OK;
}

void ctxi_shards_copy(struct ctxi_shards *copy, const struct ctxi_shards *shards)
{
    struct ctxi_sampled *to = copy->sampled, kept = *to;
    const struct ctxi_sampled *from = shards->sampled;

    *to = *from;
    to->blocks = kept.blocks;
    to->far = kept.far;
    memcpy(to->far, from->far, from->bucket_count * sizeof *from->far);
    to->samples = NULL;
    to->table = to->heap = NULL;
    to->axis.bits = NULL;
    to->axis.counts = to->axis.weights = NULL;
    to->axis.sums = NULL;
    atomic_store_explicit(&copy->threshold,
                          atomic_load_explicit(&shards->threshold, memory_order_relaxed),
                          memory_order_relaxed);
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
