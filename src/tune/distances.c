#include "tune/distances.h"

#include <string.h>

#include "base/alloc.h"
#include "ctxcache/status.h"
#include "curve/axis.h"
#include "curve/blocks.h"
#include "tune/holes.h"
#include "tune/whole.h"

#define INLINE static inline __attribute__((always_inline))

/* Scales of curves in bytes, and of those from a sample: one is exact to 2^-12 of a capacity; thousands of
 * them, to 2^-6. */
#define OVERALL_BITS 12
#define TENANT_BITS  6

/* So many requests ahead an object's slot, and then what is needed of the axis, is on its way. */
#define AHEAD_SLOT 24
#define AHEAD_AXIS 10

/* So many requests later a bucket is raised, when it has arrived. */
#define LATE 16

/* One LRU stack, of all requests or of one tenant's, and what it finds. What a request needs comes
 * first: with thousands of tenants, every line counts. */
struct stack {
    struct ctxi_axis axis;
    uint64_t *hits; /* of the curve */
    struct ctxi_curve *curve;
    struct ctxi_holes holes;
    const uint32_t *members; /* [member_count] objects; NULL: all */
    uint32_t member_count;
    uint32_t *slots; /* of object i: slots[i * stride], CTXI_AXIS_NO_SLOT while it is in no slot */
    uint32_t stride;
};

/* Buckets that are to be raised by one each. At first they are nobody's. */
struct late {
    uint64_t *buckets[LATE];
    uint64_t nobody;
};

/* A pass over a stream. Objects have their slot in the overall stack and the one in their tenant's
 * side by side: slots[2 * i], slots[2 * i + 1]. */
struct pass {
    const struct ctxi_stream *stream;
    unsigned flags;
    uint64_t shared_capacity;
    struct ctxi_curves *curves;
    struct stack overall;
    struct stack *tenants; /* [tenant_count]; NULL without */
    struct late late[2];   /* of tenants' curves, and of the overall one */
    struct ctxi_blocks blocks;
};

/* The result and its memory. */
struct owned_curves {
    struct ctxi_curves curves;
    struct ctxi_blocks blocks;
};

/* ---- one request -------------------------------------------------------------------------- */

static void compact(struct stack *stack)
{
    struct ctxi_axis *axis = &stack->axis;

    ctxi_axis_begin_compacting(axis);
    for (uint32_t i = 0; i < stack->member_count; i++) {
        uint32_t *slot =
            &stack->slots[(size_t)stack->stride * (stack->members ? stack->members[i] : i)];

        if (*slot != CTXI_AXIS_NO_SLOT)
            *slot = ctxi_axis_moved(axis, *slot);
    }
    /* The order stays, so the heap stays one. */
    for (uint32_t i = 0; i < stack->holes.count; i++)
        stack->holes.slots[i] = ctxi_axis_moved(axis, stack->holes.slots[i]);
    ctxi_axis_end_compacting(axis);
}

INLINE uint64_t distance(const struct ctxi_axis *axis, uint32_t slot, bool bytes)
{
    return bytes ? ctxi_axis_weight_from(axis, slot) : ctxi_axis_depth(axis, slot);
}

static void count_more(const struct ctxi_stream *stream, struct ctxi_curve *curve, size_t bucket,
                       size_t request)
{
    if (curve->hit_bytes)
        curve->hit_bytes[bucket] += stream->sizes ? stream->sizes[request] : 1;
    if (curve->saved_ns)
        curve->saved_ns[bucket] += stream->loads_ns[request];
}

/* What sort of pass it is, and which of its stacks: known where the compiler makes a loop of it. */
struct kind {
    bool tenants, bytes, ops, overall;
};

/* Moves an object to the top: its slot is free, or fills the newest hole's place if that is newer. */
INLINE void move_up(struct stack *stack, uint32_t *slot, struct kind kind)
{
    struct ctxi_holes *holes = &stack->holes;

    if (kind.ops && holes->count > 0 &&
        (*slot == CTXI_AXIS_NO_SLOT || ctxi_holes_newest(holes) > *slot)) {
        ctxi_axis_remove(&stack->axis, ctxi_holes_newest(holes));
        ctxi_holes_pop(holes);
        if (*slot != CTXI_AXIS_NO_SLOT)
            ctxi_holes_add(holes, *slot);
    } else if (*slot != CTXI_AXIS_NO_SLOT) {
        ctxi_axis_remove(&stack->axis, *slot);
    }
    *slot = ctxi_axis_add(&stack->axis);
}

INLINE void raise_late(struct late *late, size_t request, uint64_t *bucket)
{
    uint64_t **place = &late->buckets[request % LATE];

    __builtin_prefetch(bucket, 1);
    (**place)++;
    *place = bucket;
}

static void begin_late(struct late *late)
{
    for (int i = 0; i < LATE; i++)
        late->buckets[i] = &late->nobody;
}

static void end_late(struct late *late)
{
    for (int i = 0; i < LATE; i++)
        (*late->buckets[i])++;
}

/* A get or put of an object. Returns its distance if it is a get that some cache hits, else 0. */
INLINE uint64_t use(struct pass *pass, struct stack *stack, uint32_t *slot, size_t request,
                    bool get, struct kind kind)
{
    uint64_t depth = 0;

    if (__builtin_expect(ctxi_axis_is_full(&stack->axis), 0))
        compact(stack);
    if (get && *slot != CTXI_AXIS_NO_SLOT) {
        unsigned bits = !kind.bytes ? 0 : kind.overall ? OVERALL_BITS : TENANT_BITS;
        size_t bucket;

        depth = distance(&stack->axis, *slot, kind.bytes);
        bucket = ctxi_scale_bucket(bits, depth);
        raise_late(&pass->late[kind.overall], request, &stack->hits[bucket]);
        if (kind.overall && (stack->curve->hit_bytes || stack->curve->saved_ns))
            count_more(pass->stream, stack->curve, bucket, request);
    }
    move_up(stack, slot, kind);
    if (kind.bytes)
        ctxi_axis_weigh(&stack->axis, *slot,
                        pass->stream->sizes ? pass->stream->sizes[request] : 1);
    return depth;
}

static void forget(struct stack *stack, uint32_t *slot, bool bytes)
{
    if (*slot == CTXI_AXIS_NO_SLOT)
        return;
    if (bytes)
        ctxi_axis_remove(&stack->axis, *slot);
    else
        ctxi_holes_add(&stack->holes, *slot);
    *slot = CTXI_AXIS_NO_SLOT;
}

/* ---- all requests ------------------------------------------------------------------------- */

INLINE void fetch_slot(const struct stack *stack, uint32_t slot)
{
    if (slot != CTXI_AXIS_NO_SLOT) {
        __builtin_prefetch(&stack->axis.bits[slot / 64], 1);
        __builtin_prefetch(&stack->axis.counts[slot / 64 + 1], 1);
    }
}

INLINE void fetch_ahead(const struct pass *pass, size_t i, bool tenants)
{
    const struct ctxi_stream *stream = pass->stream;
    const uint32_t *slots = pass->overall.slots;
    size_t stride = tenants ? 2 : 1;

    if (i + AHEAD_SLOT >= stream->request_count)
        return;
    __builtin_prefetch(&slots[stream->objects[i + AHEAD_SLOT] * stride], 1);
    slots += stream->objects[i + AHEAD_AXIS] * stride;
    fetch_slot(&pass->overall, slots[0]);
    if (tenants && stream->request_tenants) {
        __builtin_prefetch(&pass->tenants[stream->request_tenants[i + AHEAD_SLOT]], 1);
        fetch_slot(&pass->tenants[stream->request_tenants[i + AHEAD_AXIS]], slots[1]);
    }
}

INLINE void request(struct pass *pass, size_t i, uint8_t op, struct kind kind)
{
    const struct ctxi_stream *stream = pass->stream;
    uint32_t *slots = &pass->overall.slots[(size_t)stream->objects[i] * (kind.tenants ? 2 : 1)];
    uint32_t tenant = kind.tenants && stream->request_tenants ? stream->request_tenants[i] : 0;
    struct kind inner = kind;
    uint64_t depth;

    inner.overall = false;
    if (__builtin_expect(op == CTXI_OP_DELETE, 0)) {
        forget(&pass->overall, slots, kind.bytes);
        if (kind.tenants)
            forget(&pass->tenants[tenant], slots + 1, kind.bytes);
        return;
    }
    depth = use(pass, &pass->overall, slots, i, op == CTXI_OP_GET, kind);
    if (kind.tenants) {
        pass->curves->shared_hits[tenant] += depth - 1 < pass->shared_capacity;
        use(pass, &pass->tenants[tenant], slots + 1, i, op == CTXI_OP_GET, inner);
    }
}

INLINE void run_kind(struct pass *pass, struct kind kind)
{
    for (size_t i = 0; i < pass->stream->request_count; i++) {
        fetch_ahead(pass, i, kind.tenants);
        request(pass, i, kind.ops ? pass->stream->ops[i] : (uint8_t)CTXI_OP_GET, kind);
    }
}

/* The compiler makes a loop of its own for each of the frequent kinds. */
INLINE void run(struct pass *pass)
{
    bool tenants = pass->flags & CTXI_CURVES_TENANTS, bytes = pass->flags & CTXI_CURVES_BYTES;

    if (pass->stream->ops)
        run_kind(pass, (struct kind){tenants, bytes, true, true});
    else if (bytes)
        run_kind(pass, (struct kind){tenants, true, false, true});
    else if (tenants)
        run_kind(pass, (struct kind){true, false, false, true});
    else
        run_kind(pass, (struct kind){false, false, false, true});
}

static void run_plain(struct pass *pass)
{
    run(pass);
}

#if defined(__x86_64__)
/* The same, by processors that count bits in one instruction. */
__attribute__((target("popcnt"))) static void run_popcnt(struct pass *pass)
{
    run(pass);
}
#endif

static void run_best(struct pass *pass)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("popcnt")) {
        run_popcnt(pass);
        return;
    }
#endif
    run_plain(pass);
}

/* ---- before and after --------------------------------------------------------------------- */

static bool make_curve(struct pass *pass, struct ctxi_blocks *blocks, struct ctxi_curve *curve,
                       uint64_t size, unsigned bits)
{
    *curve = (struct ctxi_curve){.bits = pass->flags & CTXI_CURVES_BYTES ? bits : 0};
    curve->count = ctxi_scale_bucket(curve->bits, size) + 1;
    curve->hits = ctxi_blocks_take(blocks, curve->count, sizeof *curve->hits);
    return curve->hits != NULL;
}

/* What there is of the overall curve alone. */
static bool make_extras(struct pass *pass, struct ctxi_blocks *blocks, struct ctxi_curve *curve)
{
    if (pass->flags & CTXI_CURVES_BYTES &&
        !(curve->hit_bytes = ctxi_blocks_take(blocks, curve->count, sizeof *curve->hit_bytes)))
        return false;
    return !pass->stream->loads_ns ||
           (curve->saved_ns = ctxi_blocks_take(blocks, curve->count, sizeof *curve->saved_ns));
}

static bool has_deletes(const struct ctxi_stream *stream)
{
    return stream->ops && memchr(stream->ops, CTXI_OP_DELETE, stream->request_count) != NULL;
}

static bool make_stack(struct pass *pass, struct stack *stack, uint32_t objects)
{
    bool weighted = pass->flags & CTXI_CURVES_BYTES;
    size_t bytes = ctxi_axis_bytes(objects, weighted);
    void *memory = ctxi_blocks_take(&pass->blocks, 1, bytes);

    if (!memory)
        return false;
    ctxi_axis_init(&stack->axis, objects, weighted, memory);
    stack->hits = stack->curve->hits;
    stack->member_count = objects;
    stack->stride = pass->flags & CTXI_CURVES_TENANTS ? 2 : 1;
    if (!weighted && has_deletes(pass->stream))
        stack->holes.slots =
            ctxi_blocks_take(&pass->blocks, (size_t)objects + 1, sizeof *stack->holes.slots);
    return weighted || !has_deletes(pass->stream) || stack->holes.slots;
}

static uint32_t tenant_of(const struct ctxi_stream *stream, uint32_t object)
{
    return stream->object_tenants ? stream->object_tenants[object] : 0;
}

/* Sorts the objects by tenant. */
static bool find_members(struct pass *pass)
{
    const struct ctxi_stream *stream = pass->stream;
    uint32_t *members = ctxi_blocks_take(&pass->blocks, stream->object_count, sizeof *members);
    size_t at = 0;

    if (!members)
        return false;
    for (uint32_t i = 0; i < stream->object_count; i++)
        pass->tenants[tenant_of(stream, i)].member_count++;
    for (uint32_t t = 0; t < stream->tenant_count; t++) {
        pass->tenants[t].members = members + at;
        at += pass->tenants[t].member_count;
        pass->tenants[t].member_count = 0;
    }
    for (uint32_t i = 0; i < stream->object_count; i++) {
        struct stack *stack = &pass->tenants[tenant_of(stream, i)];

        members[(size_t)(stack->members - members) + stack->member_count++] = i;
    }
    return true;
}

/* What a cache needs to hold everything, at most: each object, or each with its largest size. */
static uint64_t *find_sizes(struct pass *pass)
{
    const struct ctxi_stream *stream = pass->stream;
    uint64_t *sizes = ctxi_blocks_take(&pass->blocks, stream->tenant_count, sizeof *sizes);
    uint32_t *largest = ctxi_blocks_take(&pass->blocks, stream->object_count, sizeof *largest);

    if (!sizes || !largest)
        return NULL;
    for (size_t i = 0; i < stream->request_count; i++) {
        uint32_t object = stream->objects[i];
        uint32_t size = stream->sizes && pass->flags & CTXI_CURVES_BYTES ? stream->sizes[i] : 1;

        if (size > largest[object]) {
            sizes[tenant_of(stream, object)] += size - largest[object];
            largest[object] = size;
        }
    }
    return sizes;
}

static uint64_t sum_of(const uint64_t *values, size_t count)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

static bool prepare_overall(struct pass *pass, struct ctxi_blocks *result, uint64_t size)
{
    const struct ctxi_stream *stream = pass->stream;
    size_t slots = (size_t)stream->object_count * (pass->flags & CTXI_CURVES_TENANTS ? 2 : 1);

    pass->overall.curve = &pass->curves->overall;
    pass->overall.slots = ctxi_blocks_take(&pass->blocks, slots, sizeof *pass->overall.slots);
    if (!pass->overall.slots)
        return false;
    memset(pass->overall.slots, 0xff, slots * sizeof *pass->overall.slots);
    return make_curve(pass, result, pass->overall.curve, size, OVERALL_BITS) &&
           make_extras(pass, result, pass->overall.curve) &&
           make_stack(pass, &pass->overall, stream->object_count);
}

static bool prepare_tenants(struct pass *pass, struct ctxi_blocks *result, const uint64_t *sizes)
{
    uint32_t count = pass->stream->tenant_count;
    struct ctxi_curves *curves = pass->curves;

    curves->tenants = ctxi_blocks_take(result, count, sizeof *curves->tenants);
    curves->shared_hits = ctxi_blocks_take(result, count, sizeof *curves->shared_hits);
    pass->tenants = ctxi_blocks_take(&pass->blocks, count, sizeof *pass->tenants);
    if (!curves->tenants || !curves->shared_hits || !pass->tenants || !find_members(pass))
        return false;
    for (uint32_t t = 0; t < count; t++) {
        struct stack *stack = &pass->tenants[t];

        stack->curve = &curves->tenants[t];
        stack->slots = pass->overall.slots + 1;
        if (!make_curve(pass, result, stack->curve, sizes[t], TENANT_BITS) ||
            !make_stack(pass, stack, stack->member_count))
            return false;
        stack->curve->objects = stack->member_count;
    }
    return true;
}

static int prepare(struct pass *pass, struct ctxi_blocks *result)
{
    const struct ctxi_stream *stream = pass->stream;
    const uint64_t *sizes;

    if (stream->object_count >= CTXI_AXIS_OBJECTS_MAX)
        return CTX_ERR_LIMIT;
    sizes = find_sizes(pass);
    if (!sizes || !prepare_overall(pass, result, sum_of(sizes, stream->tenant_count)))
        return CTX_ERR_NOMEM;
    pass->curves->overall.objects = stream->object_count;
    pass->curves->tenant_count = stream->tenant_count;
    if (pass->flags & CTXI_CURVES_TENANTS && !prepare_tenants(pass, result, sizes))
        return CTX_ERR_NOMEM;
    return CTX_OK;
}

/* What ratios are of. */
static void count_requests(struct pass *pass)
{
    const struct ctxi_stream *stream = pass->stream;
    struct ctxi_curve *overall = &pass->curves->overall;

    for (size_t i = 0; i < stream->request_count; i++) {
        if (ctxi_stream_op(stream, i) != CTXI_OP_GET)
            continue;
        overall->requests++;
        if (overall->hit_bytes)
            overall->bytes += stream->sizes ? stream->sizes[i] : 1;
        if (overall->saved_ns)
            overall->load_ns += stream->loads_ns[i];
        if (pass->tenants)
            pass->tenants[stream->request_tenants ? stream->request_tenants[i] : 0]
                .curve->requests++;
    }
}

static void sum_curves(struct pass *pass)
{
    ctxi_curve_sum(&pass->curves->overall);
    for (uint32_t t = 0; pass->tenants && t < pass->stream->tenant_count; t++)
        ctxi_curve_sum(pass->tenants[t].curve);
}

/* A request's own place, which a sample has as large as it is: the mean of all. */
static uint64_t own_place(const struct pass *pass)
{
    const struct ctxi_curve *overall = &pass->curves->overall;

    if (!(pass->flags & CTXI_CURVES_BYTES) || overall->requests == 0)
        return 1;
    return overall->bytes / overall->requests;
}

/* What was found of a sample becomes what is to be expected of all. */
static int make_whole(struct pass *pass, struct ctxi_blocks *result)
{
    struct ctxi_curves *curves = pass->curves;
    const struct ctxi_whole whole = {pass->stream->rate, own_place(pass)};

    if (!ctxi_whole_curve(whole, &curves->overall, OVERALL_BITS, result))
        return CTX_ERR_NOMEM;
    for (uint32_t t = 0; pass->tenants && t < curves->tenant_count; t++) {
        curves->shared_hits[t] = ctxi_whole_count(whole.rate, curves->shared_hits[t]);
        if (!ctxi_whole_curve(whole, &curves->tenants[t], TENANT_BITS, result))
            return CTX_ERR_NOMEM;
    }
    return CTX_OK;
}

static int find_all(struct pass *pass, struct ctxi_blocks *result)
{
    int r = prepare(pass, result);

    if (r != CTX_OK)
        return r;
    count_requests(pass);
    if (ctxi_is_sample(pass->stream->rate))
        pass->shared_capacity =
            ctxi_sample_capacity((struct ctxi_whole){pass->stream->rate, own_place(pass)},
                                 pass->shared_capacity);
    for (int i = 0; i < 2; i++)
        begin_late(&pass->late[i]);
    run_best(pass);
    for (int i = 0; i < 2; i++)
        end_late(&pass->late[i]);
    sum_curves(pass);
    return ctxi_is_sample(pass->stream->rate) ? make_whole(pass, result) : CTX_OK;
}

int ctxi_curves_compute(const struct ctxi_stream *stream, unsigned flags, uint64_t shared_capacity,
                        const ctx_allocator *allocator, struct ctxi_curves **out_curves)
{
    struct ctxi_blocks result = ctxi_blocks_of(allocator);
    struct owned_curves *owned = ctxi_blocks_take(&result, 1, sizeof *owned);
    struct pass pass = {
        .stream = stream,
        .flags = flags,
        .shared_capacity = shared_capacity,
        .curves = owned ? &owned->curves : NULL,
        .blocks = ctxi_blocks_of(allocator),
    };
    int r = owned ? find_all(&pass, &result) : CTX_ERR_NOMEM;

    *out_curves = NULL;
    if (r == CTX_OK) {
        owned->curves.bytes = result.bytes + pass.blocks.bytes;
        owned->blocks = result;
        *out_curves = &owned->curves;
    } else {
        ctxi_blocks_free(&result);
    }
    ctxi_blocks_free(&pass.blocks);
    return r;
}

void ctxi_curves_free(struct ctxi_curves *curves)
{
    if (curves) {
        struct ctxi_blocks blocks = ((struct owned_curves *)curves)->blocks;

        ctxi_blocks_free(&blocks);
    }
}
