#include "support/naive_caches.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tune/policies/sketch.h"

#include "support/alloc.h"

enum { MOST = 4096, ABSENT = -1 };

/* Objects in an order, the newest at the end. */
struct row {
    uint32_t items[MOST];
    size_t count;
};

static int place_in(const struct row *row, uint32_t object)
{
    for (size_t i = 0; i < row->count; i++)
        if (row->items[i] == object)
            return (int)i;
    return ABSENT;
}

static bool is_in(const struct row *row, uint32_t object)
{
    return place_in(row, object) != ABSENT;
}

static void append(struct row *row, uint32_t object)
{
    if (row->count == MOST)
        abort();
    row->items[row->count++] = object;
}

static uint32_t take_at(struct row *row, size_t place)
{
    uint32_t object = row->items[place];

    memmove(row->items + place, row->items + place + 1,
            (row->count - place - 1) * sizeof row->items[0]);
    row->count--;
    return object;
}

static bool take(struct row *row, uint32_t object)
{
    int place = place_in(row, object);

    if (place != ABSENT)
        take_at(row, (size_t)place);
    return place != ABSENT;
}

/* Everything that any of them keeps. */
static struct {
    struct row a, b, c, d;
    unsigned uses[MOST]; /* by object */
    bool lir[MOST], stored[MOST];
    size_t capacity, hand;
    uint32_t last;
    bool used;
    double wanted;
} it;

static struct ctxi_sketch sketch;

static bool lru(uint32_t x)
{
    bool hit = take(&it.a, x);

    append(&it.a, x);
    if (it.a.count > it.capacity)
        take_at(&it.a, 0);
    return hit;
}

static bool fifo(uint32_t x)
{
    if (is_in(&it.a, x))
        return true;
    append(&it.a, x);
    if (it.a.count > it.capacity)
        take_at(&it.a, 0);
    return false;
}

/* Second chance: who was used goes to the end again. */
static bool second_chance(uint32_t x)
{
    if (is_in(&it.a, x)) {
        it.uses[x] = 1;
        return true;
    }
    while (it.a.count == it.capacity) {
        uint32_t oldest = take_at(&it.a, 0);

        if (it.uses[oldest])
            append(&it.a, oldest);
        it.uses[oldest] = 0;
    }
    append(&it.a, x);
    return false;
}

static bool sieve(uint32_t x)
{
    if (is_in(&it.a, x)) {
        it.uses[x] = 1;
        return true;
    }
    while (it.a.count == it.capacity) {
        if (it.uses[it.a.items[it.hand]])
            it.uses[it.a.items[it.hand++]] = 0;
        else
            take_at(&it.a, it.hand);
        if (it.hand >= it.a.count)
            it.hand = 0;
    }
    append(&it.a, x);
    return false;
}

/* a: small, b: main, c: ghost */
static void s3_evict_main(void)
{
    for (;;) {
        uint32_t oldest = take_at(&it.b, 0);

        if (it.uses[oldest] == 0)
            return;
        it.uses[oldest]--;
        append(&it.b, oldest);
    }
}

static void s3_evict_small(size_t main_capacity)
{
    while (it.a.count > 0) {
        uint32_t oldest = take_at(&it.a, 0);

        if (it.uses[oldest] < 2) {
            append(&it.c, oldest);
            if (it.c.count > main_capacity)
                take_at(&it.c, 0);
            return;
        }
        it.uses[oldest] = 0;
        append(&it.b, oldest);
        if (it.b.count > main_capacity)
            s3_evict_main();
    }
}

static bool s3fifo(uint32_t x)
{
    size_t small = it.capacity >= 10 ? it.capacity / 10 : 1;

    if (is_in(&it.a, x) || is_in(&it.b, x)) {
        it.uses[x] = it.uses[x] == 3 ? 3 : it.uses[x] + 1;
        return true;
    }
    while (it.a.count + it.b.count == it.capacity) {
        if (it.a.count >= small)
            s3_evict_small(it.capacity - small);
        else
            s3_evict_main();
    }
    it.uses[x] = 0;
    append(take(&it.c, x) ? &it.b : &it.a, x);
    return false;
}

/* a: window, b: probation, c: protected */
static bool wtinylfu(uint32_t x)
{
    size_t window = (it.capacity + 99) / 100, all = it.capacity - window;
    uint32_t candidate;

    ctxi_sketch_use(&sketch, x);
    if (take(&it.a, x)) {
        append(&it.a, x);
        return true;
    }
    if (take(&it.b, x) || take(&it.c, x)) {
        append(&it.c, x);
        if (it.c.count > all * 4 / 5)
            append(&it.b, take_at(&it.c, 0));
        return true;
    }
    append(&it.a, x);
    if (it.a.count <= window)
        return false;
    candidate = take_at(&it.a, 0);
    if (it.b.count + it.c.count < all) {
        append(&it.b, candidate);
    } else if (it.b.count > 0 &&
               ctxi_sketch_uses(&sketch, candidate) > ctxi_sketch_uses(&sketch, it.b.items[0])) {
        take_at(&it.b, 0);
        append(&it.b, candidate);
    }
    return false;
}

/* a: T1, b: T2, c: B1, d: B2 */
static void arc_replace(bool in_b2)
{
    double t1 = (double)it.a.count;

    if (it.a.count > 0 && ((in_b2 && t1 == it.wanted) || t1 > it.wanted))
        append(&it.c, take_at(&it.a, 0));
    else
        append(&it.d, take_at(&it.b, 0));
}

static double arc_ratio(size_t over, size_t under)
{
    double ratio = (double)over / (double)under;

    return ratio > 1 ? ratio : 1;
}

static bool arc(uint32_t x)
{
    double c = (double)it.capacity;

    if (take(&it.a, x) || take(&it.b, x)) {
        append(&it.b, x);
        return true;
    }
    if (is_in(&it.c, x)) {
        it.wanted += arc_ratio(it.d.count, it.c.count);
        it.wanted = it.wanted > c ? c : it.wanted;
        arc_replace(false);
        take(&it.c, x);
        append(&it.b, x);
    } else if (is_in(&it.d, x)) {
        it.wanted -= arc_ratio(it.c.count, it.d.count);
        it.wanted = it.wanted < 0 ? 0 : it.wanted;
        arc_replace(true);
        take(&it.d, x);
        append(&it.b, x);
    } else {
        size_t l1 = it.a.count + it.c.count, l2 = it.b.count + it.d.count;

        if (l1 == it.capacity && it.a.count == it.capacity) {
            take_at(&it.a, 0);
        } else if (l1 == it.capacity) {
            take_at(&it.c, 0);
            arc_replace(false);
        } else if (l1 + l2 >= it.capacity) {
            if (l1 + l2 == 2 * it.capacity)
                take_at(&it.d, 0);
            arc_replace(false);
        }
        append(&it.a, x);
    }
    return false;
}

/* a: the stack, b: the queue of HIR objects that are stored */
static size_t lirs_count(void)
{
    size_t count = 0;

    for (size_t i = 0; i < it.a.count; i++)
        count += it.lir[it.a.items[i]];
    return count;
}

static void lirs_prune(void)
{
    while (it.a.count > 0 && !it.lir[it.a.items[0]])
        take_at(&it.a, 0);
}

static bool lirs(uint32_t x)
{
    size_t hir = it.capacity <= 2 ? 1 : it.capacity < 200 ? 2 : it.capacity / 100;
    size_t most = it.capacity - hir;
    bool hit = it.lir[x] || is_in(&it.b, x), low;

    if (it.used && it.last == x)
        return true;
    it.used = true;
    it.last = x;
    if (!hit && lirs_count() + it.b.count == it.capacity)
        take_at(&it.b, 0);
    low = take(&it.a, x) || (!hit && lirs_count() < most);
    append(&it.a, x);
    if (!it.lir[x]) {
        take(&it.b, x);
        if (low)
            it.lir[x] = true;
        else
            append(&it.b, x);
    }
    lirs_prune();
    if (lirs_count() > most) {
        it.lir[it.a.items[0]] = false;
        append(&it.b, take_at(&it.a, 0));
        lirs_prune();
    }
    return hit;
}

/* When x is asked for again; past the end if it is not. */
static size_t next_use(const struct ctxi_stream *stream, size_t now, uint32_t x)
{
    size_t next = now + 1;

    while (next < stream->request_count &&
           (stream->objects[next] != x || ctxi_stream_op(stream, next) == CTXI_OP_DELETE))
        next++;
    return next;
}

static bool opt(const struct ctxi_stream *stream, size_t now)
{
    size_t victim = 0, latest = 0;

    if (is_in(&it.a, stream->objects[now]))
        return true;
    for (size_t i = 0; it.a.count == it.capacity && i < it.a.count; i++) {
        size_t next = next_use(stream, now, it.a.items[i]);

        if (next > latest) {
            latest = next;
            victim = i;
        }
    }
    if (it.a.count == it.capacity)
        take_at(&it.a, victim);
    append(&it.a, stream->objects[now]);
    return false;
}

static const struct {
    const char *name;
    bool (*use)(uint32_t x);
} models[] = {{"lru", lru},     {"fifo", fifo},      {"clock", second_chance},
              {"sieve", sieve}, {"s3-fifo", s3fifo}, {"w-tinylfu", wtinylfu},
              {"arc", arc},     {"lirs", lirs},      {"opt", NULL}};

uint64_t naive_hits(const char *policy, const struct ctxi_stream *stream, size_t capacity)
{
    struct support_alloc memory;
    struct ctxi_blocks blocks;
    uint64_t hits = 0;
    size_t model = 0;

    while (strcmp(models[model].name, policy) != 0)
        if (++model == sizeof models / sizeof *models)
            abort();
    support_alloc_init(&memory);
    blocks = ctxi_blocks_of(&memory.allocator);
    memset(&it, 0, sizeof it);
    it.capacity = capacity;
    if (!ctxi_sketch_init(&sketch, (uint32_t)capacity, &blocks))
        abort();
    for (size_t i = 0; i < stream->request_count; i++) {
        uint8_t op = ctxi_stream_op(stream, i);
        bool hit;

        if (op == CTXI_OP_DELETE)
            continue;
        hit = models[model].use ? models[model].use(stream->objects[i]) : opt(stream, i);
        hits += hit && op == CTXI_OP_GET;
    }
    ctxi_blocks_free(&blocks);
    return hits;
}
