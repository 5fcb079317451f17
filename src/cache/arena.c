#include "cache/arena.h"

#include <string.h>

#include "cache/reader.h"

#define PLACES_MIN          4
#define CHUNK_BYTES         ((size_t)256 << 10) /* a chunk is not larger, but for a few large slots */
#define POINTER_CHUNK_BYTES ((size_t)2 << 10)   /* the same for pointers: a ref holds up one */
#define SLOTS_MIN           4 /* even, like all counts of slots: links keep them aligned */
#define GROWTH              16 /* a new chunk has a share of this of the slots there are: little stands idle */

#define KEPT_BYTES 1024 /* an empty chunk is not kept if it is larger */

#define LINE         64
#define ALIGNED_FROM 128 /* slots */
#define LINK_BYTES   sizeof(struct ctxi_numbers)

/* ---- numbers of chunks -------------------------------------------------------------------- */

static struct ctxi_places *places_of(const struct ctxi_arena *arena)
{
    /* relaxed: it changes under the lock, which the caller holds */
    return atomic_load_explicit(&arena->places, memory_order_relaxed);
}

static size_t places_bytes(size_t capacity)
{
    return sizeof(struct ctxi_places) + capacity * sizeof(struct ctxi_chunk_place);
}

static void copy_places(const struct ctxi_arena *arena, struct ctxi_places *next,
                        struct ctxi_chunk **chunks)
{
    memset(next->of, 0, next->capacity * sizeof *next->of);
    memset(chunks, 0, next->capacity * sizeof *chunks);
    if (arena->chunk_end) {
        memcpy(next->of, places_of(arena)->of, arena->chunk_end * sizeof *next->of);
        memcpy(chunks, arena->chunks, arena->chunk_end * sizeof *chunks);
    }
}

/* Room for so many chunks. Readers may be using the old places: they are retired. */
static int resize_places(struct ctxi_arena *arena, struct ctxi_readers *readers,
                         struct ctxi_memory *tables, size_t capacity)
{
    struct ctxi_places *old = places_of(arena);
    struct ctxi_places *next = ctxi_memory_take(tables, places_bytes(capacity));
    struct ctxi_chunk **chunks = ctxi_memory_take(tables, capacity * sizeof *chunks);
    size_t before = old ? old->capacity : 0;

    if (!next || !chunks || (old && !ctxi_readers_may_retire(readers, tables))) {
        ctxi_memory_give(tables, next, places_bytes(capacity));
        ctxi_memory_give(tables, chunks, capacity * sizeof *chunks);
        return CTX_ERR_NOMEM;
    }
    next->capacity = capacity;
    copy_places(arena, next, chunks);
    if (old)
        ctxi_readers_retire(readers, old, places_bytes(before));
    ctxi_memory_give(tables, arena->chunks, before * sizeof *chunks);
    arena->chunks = chunks;
    arena->place_bytes = places_bytes(capacity) + capacity * sizeof *chunks;
    /* ARENA-1: release; partner: the acquire load in ctxi_arena_place() */
    atomic_store_explicit(&arena->places, next, memory_order_release);
    return CTX_OK;
}

static int grow_places(struct ctxi_arena *arena, struct ctxi_readers *readers,
                       struct ctxi_memory *tables)
{
    const struct ctxi_places *places = places_of(arena);

    return resize_places(arena, readers, tables, places ? places->capacity * 2 : PLACES_MIN);
}

/* An id without a chunk: one that was used before, or the next. */
static int find_id(struct ctxi_arena *arena, struct ctxi_readers *readers,
                   struct ctxi_memory *tables, uint32_t *out_id)
{
    struct ctxi_places *places = places_of(arena);

    for (uint32_t id = 1; arena->free_ids && id < arena->chunk_end; id++)
        if (!arena->chunks[id]) {
            arena->free_ids--;
            *out_id = id;
            return CTX_OK;
        }
    if (arena->chunk_end == CTXI_CHUNKS_MAX)
        return CTX_ERR_NOMEM;
    if ((!places || arena->chunk_end == places->capacity) &&
        grow_places(arena, readers, tables) != CTX_OK)
        return CTX_ERR_NOMEM;
    *out_id = arena->chunk_end++;
    return CTX_OK;
}

/* ---- chunks ------------------------------------------------------------------------------- */

static struct ctxi_sizes *sizes_of(const struct ctxi_arena *arena, size_t slot_size)
{
    return &arena->sizes[slot_size == CTXI_POINTER ? 0 : slot_size / CTXI_SLOT_UNIT];
}

static size_t slot_size_of(const struct ctxi_arena *arena, const struct ctxi_chunk *chunk)
{
    return places_of(arena)->of[chunk->id].slot_size;
}

static void become_partial(struct ctxi_arena *arena, struct ctxi_sizes *sizes,
                           struct ctxi_chunk *chunk)
{
    chunk->is_partial = true;
    chunk->prev_partial = 0;
    chunk->next_partial = sizes->partial;
    if (sizes->partial)
        arena->chunks[sizes->partial]->prev_partial = chunk->id;
    sizes->partial = chunk->id;
}

static void become_full(struct ctxi_arena *arena, struct ctxi_sizes *sizes,
                        struct ctxi_chunk *chunk)
{
    if (chunk->prev_partial)
        arena->chunks[chunk->prev_partial]->next_partial = chunk->next_partial;
    else
        sizes->partial = chunk->next_partial;
    if (chunk->next_partial)
        arena->chunks[chunk->next_partial]->prev_partial = chunk->prev_partial;
    chunk->is_partial = false;
}

/* What stands before the slots. In a large chunk, whose block is aligned to pages, they begin with a
 * line of the processor's caches, so that an entry lies in no more lines than it must. */
static size_t links_bytes(uint32_t count)
{
    size_t bytes = sizeof(struct ctxi_chunk) + count * LINK_BYTES;
    size_t unit = count < ALIGNED_FROM ? CTXI_SLOT_UNIT : LINE;

    return (bytes + unit - 1) / unit * unit;
}

/* A chunk comes. */
static void count_chunk(struct ctxi_arena *arena, size_t slot_size, const struct ctxi_chunk *chunk)
{
    arena->free_bytes += chunk->count * (slot_size + LINK_BYTES);
    if (slot_size == CTXI_POINTER)
        arena->pointer_bytes += chunk->block_bytes;
}

/* A chunk goes. */
static void uncount_chunk(struct ctxi_arena *arena, size_t slot_size,
                          const struct ctxi_chunk *chunk)
{
    arena->free_bytes -= chunk->count * (slot_size + LINK_BYTES);
    arena->touched -= chunk->fresh;
    if (slot_size == CTXI_POINTER)
        arena->pointer_bytes -= chunk->block_bytes;
}

/* How many slots fit into so many bytes. */
static size_t count_in(size_t bytes, size_t slot_size)
{
    size_t count = (bytes - links_bytes(0) - LINE) / (slot_size + LINK_BYTES);

    return count <= CTXI_SLOT_MASK ? count & ~(size_t)1 : CTXI_SLOT_MASK + 1;
}

/* A share of what there is; of a large chunk so many that whole pages are full. */
static uint32_t count_for(const struct ctxi_sizes *sizes, size_t slot_size)
{
    size_t most =
        count_in(slot_size == CTXI_POINTER ? POINTER_CHUNK_BYTES : CHUNK_BYTES, slot_size);
    size_t wanted = sizes->slots / GROWTH & ~(size_t)1;
    size_t bytes = links_bytes((uint32_t)wanted) + wanted * slot_size;

    if (bytes >= CTXI_UNIT_BYTES)
        wanted = count_in(ctxi_pages_size(bytes), slot_size);
    if (wanted < SLOTS_MIN)
        wanted = SLOTS_MIN;
    return (uint32_t)(wanted < most ? wanted : most);
}

static int make_chunk(struct ctxi_arena *arena, struct ctxi_readers *readers,
                      struct ctxi_memory *tables, size_t slot_size)
{
    struct ctxi_sizes *sizes = sizes_of(arena, slot_size);
    uint32_t count = count_for(sizes, slot_size), id;
    size_t bytes = links_bytes(count) + count * slot_size;
    struct ctxi_chunk *chunk;

    if (find_id(arena, readers, tables, &id) != CTX_OK)
        return CTX_ERR_NOMEM;
    chunk = ctxi_memory_take(&arena->memory, bytes);
    if (!chunk) {
        arena->free_ids++;
        return CTX_ERR_NOMEM;
    }
    *chunk = (struct ctxi_chunk){.block_bytes = bytes, .id = id, .count = count};
    places_of(arena)->of[id] =
        (struct ctxi_chunk_place){(unsigned char *)chunk + links_bytes(count), slot_size};
    arena->chunks[id] = chunk;
    become_partial(arena, sizes, chunk);
    sizes->slots += count;
    count_chunk(arena, slot_size, chunk);
    return CTX_OK;
}

static void free_chunk(struct ctxi_arena *arena, struct ctxi_chunk *chunk)
{
    size_t slot_size = slot_size_of(arena, chunk);
    struct ctxi_sizes *sizes = sizes_of(arena, slot_size);

    become_full(arena, sizes, chunk);
    sizes->slots -= chunk->count;
    uncount_chunk(arena, slot_size, chunk);
    arena->chunks[chunk->id] = NULL;
    places_of(arena)->of[chunk->id].slots = NULL;
    arena->free_ids++;
    ctxi_memory_give(&arena->memory, chunk, chunk->block_bytes);
}

/* ---- the whole ---------------------------------------------------------------------------- */

static size_t sizes_bytes(const struct ctxi_arena *arena)
{
    return (arena->inline_max / CTXI_SLOT_UNIT + 1) * sizeof *arena->sizes;
}

/* Number 0 is in a chunk of its own, so that its link is found like any other. */
int ctxi_arena_init(struct ctxi_arena *arena, struct ctxi_memory *tables, size_t inline_max)
{
    *arena = (struct ctxi_arena){.inline_max = inline_max};
    arena->memory.allocator = tables->allocator;
    arena->memory.pages = tables->pages;
    atomic_init(&arena->places, NULL);
    arena->sizes = ctxi_memory_take(tables, sizes_bytes(arena));
    if (!arena->sizes)
        return CTX_ERR_NOMEM;
    memset(arena->sizes, 0, sizes_bytes(arena));
    if (make_chunk(arena, NULL, tables, CTXI_POINTER) != CTX_OK)
        return CTX_ERR_NOMEM;
    arena->chunks[0]->fresh = arena->chunks[0]->used = 1;
    arena->free_bytes -= CTXI_POINTER + LINK_BYTES;
    *ctxi_arena_link(arena, 0) = (struct ctxi_numbers){0, 0};
    return CTX_OK;
}

void ctxi_arena_fini(struct ctxi_arena *arena, struct ctxi_memory *tables)
{
    struct ctxi_places *places = places_of(arena);

    for (uint32_t id = 0; id < arena->chunk_end; id++)
        if (arena->chunks[id])
            ctxi_memory_give(&arena->memory, arena->chunks[id], arena->chunks[id]->block_bytes);
    if (places) {
        ctxi_memory_give(tables, arena->chunks, places->capacity * sizeof *arena->chunks);
        ctxi_memory_give(tables, places, places_bytes(places->capacity));
    }
    ctxi_memory_give(tables, arena->sizes, arena->sizes ? sizes_bytes(arena) : 0);
}

/* ---- slots -------------------------------------------------------------------------------- */

static uint32_t take_from(struct ctxi_arena *arena, struct ctxi_chunk *chunk)
{
    uint32_t number = chunk->free;

    if (number) {
        chunk->free = ctxi_arena_link(arena, number)->next;
    } else {
        number = chunk->id << CTXI_SLOT_BITS | chunk->fresh++;
        arena->touched++;
    }
    chunk->used++;
    return number;
}

int ctxi_arena_take(struct ctxi_arena *arena, struct ctxi_readers *readers,
                    struct ctxi_memory *tables, size_t slot_size, uint32_t *out_number)
{
    struct ctxi_sizes *sizes = sizes_of(arena, slot_size);
    struct ctxi_chunk *chunk;

    if (!sizes->partial && make_chunk(arena, readers, tables, slot_size) != CTX_OK)
        return CTX_ERR_NOMEM;
    chunk = arena->chunks[sizes->partial];
    *out_number = take_from(arena, chunk);
    if (chunk->used == chunk->count)
        become_full(arena, sizes, chunk);
    arena->used++;
    arena->free_bytes -= slot_size + LINK_BYTES;
    return CTX_OK;
}

/* An empty one: the last of its size, if neither it nor the tables that its id needs are large. */
static bool is_worth_keeping(const struct ctxi_chunk *chunk)
{
    return !chunk->next_partial && !chunk->prev_partial && chunk->block_bytes <= KEPT_BYTES &&
           chunk->id < PLACES_MIN;
}

void ctxi_arena_give(struct ctxi_arena *arena, uint32_t number)
{
    struct ctxi_chunk *chunk = arena->chunks[number >> CTXI_SLOT_BITS];
    size_t slot_size = slot_size_of(arena, chunk);

#ifdef CTX_DEBUG /* who still reads it shall notice */
    memset(places_of(arena)->of[chunk->id].slots + (number & CTXI_SLOT_MASK) * slot_size, 0xdd,
           slot_size);
#endif
    *ctxi_arena_link(arena, number) = (struct ctxi_numbers){chunk->free, UINT32_MAX};
    chunk->free = number;
    chunk->used--;
    arena->used--;
    arena->free_bytes += slot_size + LINK_BYTES;
    if (!chunk->is_partial)
        become_partial(arena, sizes_of(arena, slot_size), chunk);
    if (!chunk->used && !is_worth_keeping(chunk))
        free_chunk(arena, chunk);
}

void ctxi_arena_shrink(struct ctxi_arena *arena, struct ctxi_readers *readers,
                       struct ctxi_memory *tables)
{
    size_t capacity = places_of(arena)->capacity;

    for (; !arena->chunks[arena->chunk_end - 1]; arena->chunk_end--)
        arena->free_ids--;
    while (capacity > PLACES_MIN && arena->chunk_end <= capacity / 4)
        capacity /= 2;
    if (capacity < places_of(arena)->capacity && ctxi_readers_may_retire(readers, tables))
        (void)resize_places(arena, readers, tables, capacity); /* or later */
}

uint32_t ctxi_arena_next(const struct ctxi_arena *arena, uint32_t number)
{
    uint32_t id = number >> CTXI_SLOT_BITS, slot = (number & CTXI_SLOT_MASK) + 1;

    for (; id < arena->chunk_end; id++, slot = 0) {
        const struct ctxi_chunk *chunk = arena->chunks[id];

        if (chunk && slot < chunk->fresh)
            return id << CTXI_SLOT_BITS | slot;
    }
    return 0;
}
