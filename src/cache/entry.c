#include "cache/entry.h"

#include "cache/cache.h"
#include "cache/function.h"
#include "cache/reclaim.h"

#define LINK_BYTES sizeof(struct ctxi_numbers)

/* ---- making one --------------------------------------------------------------------------- */

static bool is_short(const struct ctxi_recipe *recipe)
{
    return recipe->key->size <= CTXI_KEY_WORDS_MAX * CTXI_WORD && recipe->room <= CTXI_ROOM_MAX;
}

/* The bytes of the entry itself; 0: more than can be counted. */
static size_t size_of(const struct ctxi_recipe *recipe)
{
    size_t before = ctxi_entry_value_offset(recipe->key->size, recipe->expires);

    return recipe->room > SIZE_MAX / 2 - before ? 0 : before + recipe->room;
}

/* A block of its own, and the entry in it. */
static struct ctxi_outside *take_block(const ctx_cache *cache, size_t size)
{
    size_t bytes = sizeof(struct ctxi_outside) + size;
    struct ctxi_outside *outside = ctxi_alloc(&cache->allocator, bytes);

    if (outside)
        *outside = (struct ctxi_outside){
            .block_bytes = bytes,
            .charge = ctxi_alloc_charge(&cache->allocator, outside, bytes),
        };
    return outside;
}

/* All that an entry needs of the cache but its memory: whatever is missing is found out here. */
static int enroll(ctx_cache *cache, const struct ctxi_recipe *recipe, size_t slot_size,
                  uint32_t *out_number)
{
    int r = ctxi_index_promise(&cache->index, &cache->memory);

    if (r != CTX_OK)
        return r;
    r = ctxi_fn_use(&cache->fn_uses, &cache->memory, recipe->fn, recipe->room);
    if (r == CTX_OK) {
        r = ctxi_arena_take(&cache->arena, &cache->readers, &cache->memory, slot_size, out_number);
        if (r != CTX_OK)
            ctxi_fn_unuse(&cache->fn_uses, &cache->memory, ctxi_fn_id(recipe->fn));
    }
    if (r != CTX_OK)
        ctxi_index_unpromise(&cache->index);
    return r;
}

static int take_slot_locked(ctx_cache *cache, const struct ctxi_recipe *recipe, size_t slot_size,
                            struct ctxi_outside *outside, struct ctxi_hold *out_hold)
{
    uint32_t number;
    int r;

    ctxi_reclaim(cache);
    r = enroll(cache, recipe, slot_size, &number);
    if (r != CTX_OK)
        return r;
    if (outside) {
        ctxi_arena_point(&cache->arena, number, outside + 1);
        cache->arena.memory.bytes += outside->charge;
    }
    ctxi_arena_link(&cache->arena, number)->prev = CTXI_OUT;
    *out_hold = (struct ctxi_hold){ctxi_arena_at(&cache->arena, number), number};
    return CTX_OK;
}

static int take_slot(ctx_cache *cache, const struct ctxi_recipe *recipe, size_t slot_size,
                     struct ctxi_outside *outside, struct ctxi_hold *out_hold)
{
    int r;

    ctxi_lock_acquire(&cache->lock);
    r = take_slot_locked(cache, recipe, slot_size, outside, out_hold);
    ctxi_lock_release(&cache->lock);
    return r;
}

static void fill(const struct ctxi_recipe *recipe, struct ctxi_outside *outside,
                 struct ctxi_entry *entry)
{
    entry->flags = CTXI_ENTRY_PROMISED;
    if (outside) {
        outside->key_size = recipe->key->size;
        outside->room = recipe->room;
        entry->flags |= CTXI_ENTRY_OUTSIDE;
    }
    if (is_short(recipe)) {
        entry->key_words = (uint8_t)(recipe->key->size / CTXI_WORD);
        entry->room = (uint16_t)recipe->room;
    } else {
        entry->flags |= CTXI_ENTRY_LARGE;
        entry->key_words = 0;
        entry->room = 0;
    }
    if (recipe->expires)
        entry->flags |= CTXI_ENTRY_EXPIRES;
    /* relaxed: it becomes known to others by a release store, or under the lock */
    atomic_store_explicit(&entry->refs, 1, memory_order_relaxed);
    memcpy(entry->key, recipe->key->bytes, recipe->key->size);
}

static size_t slot_size_of(const ctx_cache *cache, const struct ctxi_recipe *recipe, size_t size)
{
    return ctxi_arena_slot_size(&cache->arena, is_short(recipe) ? size : SIZE_MAX);
}

/* Whose function is in the key that it still has. */
static uint32_t fn_of_spare(const ctx_cache *cache)
{
    return ctxi_key_fn(cache->spare.hold.entry->key);
}

bool ctxi_seat_keep(ctx_cache *cache, struct ctxi_hold hold)
{
    size_t slot_size = ctxi_arena_size_of(&cache->arena, hold.number);

    CTXI_ASSERT_HELD(&cache->lock);
    if (cache->spare.hold.entry || slot_size == CTXI_POINTER ||
        ctxi_index_promise(&cache->index, &cache->memory) != CTX_OK)
        return false;
    cache->spare = (struct ctxi_seat){hold, slot_size};
    return true;
}

void ctxi_seat_give_spare(ctx_cache *cache)
{
    if (cache->spare.hold.entry)
        ctxi_seat_give(cache, fn_of_spare(cache), &cache->spare);
}

/* One that does not fit goes: it must not stay for long. */
static bool take_spare(ctx_cache *cache, uint32_t fn, struct ctxi_seat *seat)
{
    if (!cache->spare.hold.entry)
        return false;
    if (cache->spare.slot_size != seat->slot_size || fn_of_spare(cache) != fn) {
        ctxi_seat_give_spare(cache);
        return false;
    }
    *seat = cache->spare;
    cache->spare = CTXI_SEAT_NONE;
    ctxi_reclaim(cache); /* as whoever takes a slot does: tables and partitions may be waiting */
    ctxi_arena_link(&cache->arena, seat->hold.number)->prev = CTXI_OUT;
    return true;
}

void ctxi_seat_take(ctx_cache *cache, struct ctxi_recipe *recipe, struct ctxi_seat *out_seat)
{
    CTXI_ASSERT_HELD(&cache->lock);
    *out_seat = CTXI_SEAT_NONE;
    if (!ctxi_fn_last_room(&cache->fn_uses, recipe->fn, &recipe->room))
        return;
    out_seat->slot_size = slot_size_of(cache, recipe, size_of(recipe));
    if (take_spare(cache, ctxi_fn_id(recipe->fn), out_seat))
        return;
    if (out_seat->slot_size == CTXI_POINTER ||
        take_slot_locked(cache, recipe, out_seat->slot_size, NULL, &out_seat->hold) != CTX_OK)
        return;
    for (size_t at = 0; at < out_seat->slot_size; at += CTXI_LINE)
        __builtin_prefetch((unsigned char *)out_seat->hold.entry + at, 1);
}

void ctxi_seat_give(ctx_cache *cache, uint32_t fn, struct ctxi_seat *seat)
{
    CTXI_ASSERT_HELD(&cache->lock);
    if (!seat->hold.entry)
        return;
    ctxi_index_unpromise(&cache->index);
    ctxi_fn_unuse(&cache->fn_uses, &cache->memory, fn);
    ctxi_arena_give(&cache->arena, seat->hold.number); /* nobody ever saw it */
    seat->hold = CTXI_HOLD_NONE;
}

/* A slot, and a block if it is to point at one. */
static int take_memory(ctx_cache *cache, const struct ctxi_recipe *recipe, size_t size,
                       size_t slot_size, struct ctxi_outside **out_outside,
                       struct ctxi_hold *out_hold)
{
    struct ctxi_outside *outside = NULL;

    if (slot_size == CTXI_POINTER && !(outside = take_block(cache, size)))
        return CTX_ERR_NOMEM;
    *out_outside = outside;
    if (take_slot(cache, recipe, slot_size, outside, out_hold) == CTX_OK)
        return CTX_OK;
    ctxi_free(&cache->allocator, outside, outside ? outside->block_bytes : 0);
    return CTX_ERR_NOMEM;
}

int ctxi_entry_new(ctx_cache *cache, const struct ctxi_recipe *recipe, struct ctxi_seat *seat,
                   struct ctxi_hold *out_hold)
{
    struct ctxi_outside *outside = NULL;
    size_t size = size_of(recipe), slot_size = slot_size_of(cache, recipe, size);
    int r = size ? CTX_OK : CTX_ERR_NOMEM;

    *out_hold = CTXI_HOLD_NONE;
    if (seat->hold.entry && seat->slot_size == slot_size) {
        *out_hold = seat->hold;
        seat->hold = CTXI_HOLD_NONE;
    } else if (r == CTX_OK) {
        r = take_memory(cache, recipe, size, slot_size, &outside, out_hold);
    }
    if (r == CTX_OK)
        fill(recipe, outside, out_hold->entry);
    return r;
}

/* ---- what it costs ------------------------------------------------------------------------ */

static size_t add_up(size_t a, size_t b)
{
    return b > SIZE_MAX - a ? SIZE_MAX : a + b;
}

size_t ctxi_entry_charge(const ctx_cache *cache, struct ctxi_entry *entry, uint32_t number)
{
    size_t charge, room;

    if (entry->flags & CTXI_ENTRY_OUTSIDE) /* its slot is counted with its chunk */
        charge = ctxi_entry_outside(entry)->charge;
    else
        charge = ctxi_arena_size_of(&cache->arena, number) + LINK_BYTES;
    if (entry->flags & CTXI_ENTRY_ADOPTED) {
        const struct ctxi_adopted *adopted = ctxi_entry_place(entry, &room);

        charge = add_up(charge, adopted->weight);
    }
    return charge;
}

/* ---- the end ------------------------------------------------------------------------------ */

/* The user's destructor is not interrupted by a cancellation: the rest would be lost. */
static void destroy_adopted(struct ctxi_entry *entry)
{
    size_t room;
    const struct ctxi_adopted *adopted = ctxi_entry_place(entry, &room);
    int before;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    adopted->destroy(adopted->value, adopted->size, adopted->user);
    pthread_setcancelstate(before, &before);
}

/* The reference to the cache, if it had one, goes with it. */
void ctxi_entry_end(ctx_cache *cache, struct ctxi_hold hold)
{
    bool has_cache = !(hold.entry->flags & CTXI_ENTRY_PROMISED);

    if (hold.entry->flags & CTXI_ENTRY_ADOPTED)
        destroy_adopted(hold.entry);
    ctxi_lock_acquire(&cache->lock);
    ctxi_reclaim_entry(cache, hold, false);
    ctxi_lock_release(&cache->lock);
    if (has_cache)
        ctxi_cache_unref(cache);
}

/*
 * Most entries are held by the cache alone: then the last reference goes without a second lock. `own`:
 * nobody else can be adding one.
 */
static bool is_last(struct ctxi_entry *entry, bool own)
{
    unsigned only = 1;

    if (own && atomic_load_explicit(&entry->refs, memory_order_acquire) == only) {
        atomic_store_explicit(&entry->refs, 0, memory_order_relaxed);
        return true;
    }
    return atomic_compare_exchange_strong_explicit(&entry->refs, &only, 0, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

bool ctxi_entry_forsake_locked(ctx_cache *cache, struct ctxi_hold hold)
{
    /* and the records were carried out, by who removed the entry: see reclaim.h */
    bool own = ctxi_readers_are_own(&cache->readers);

    CTXI_ASSERT_HELD(&cache->lock);
    if (hold.entry->flags & CTXI_ENTRY_ADOPTED)
        return false;
    if (!is_last(hold.entry, own)) {
        ctxi_cache_ref(cache);
        if (atomic_fetch_sub_explicit(&hold.entry->refs, 1, memory_order_acq_rel) != 1)
            return true;
        /* its holders let go just now; the cache is not freed: the caller has it */
        atomic_fetch_sub_explicit(&cache->refs, 1, memory_order_relaxed);
    }
    ctxi_reclaim_entry(cache, hold, own);
    return true;
}

void ctxi_entry_forsake(ctx_cache *cache, struct ctxi_hold hold)
{
    ctxi_cache_ref(cache);
    ctxi_entry_unref(cache, hold);
}

void ctxi_entry_free(ctx_cache *cache, uint32_t number)
{
    struct ctxi_entry *entry = ctxi_arena_at(&cache->arena, number);
    struct ctxi_outside *outside = (struct ctxi_outside *)(void *)entry - 1;

    if (entry->flags & CTXI_ENTRY_OUTSIDE) {
        cache->arena.memory.bytes -= outside->charge;
        ctxi_free(&cache->allocator, outside, outside->block_bytes);
    }
    ctxi_arena_give(&cache->arena, number);
}
