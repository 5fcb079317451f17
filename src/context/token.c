#include "context/token.h"

#include "base/alloc.h"
#include "base/lock.h"
#include "context/thread.h"

#define CHUNK_SLOTS 64
#define STOCK_MAX   (2 * CHUNK_SLOTS) /* slots that a thread keeps for itself */

/* Where slots come from. Kept in a list so that leak checkers find them. */
struct chunk {
    struct chunk *next;
    struct ctxi_slot slots[CHUNK_SLOTS];
};

/* A leaf: nothing but the allocator is called under it. */
static struct ctxi_lock slots_lock = CTXI_LOCK_INIT;
static struct ctxi_slot *shared; /* free slots for every thread; linked by `older` */
static struct chunk *chunks;
static size_t chunk_count;

void ctxi_slots_lock(void)
{
    ctxi_lock_acquire(&slots_lock);
}

void ctxi_slots_unlock(void)
{
    ctxi_lock_release(&slots_lock);
}

size_t ctxi_tokens_bytes(void)
{
    size_t count;

    ctxi_slots_lock();
    count = chunk_count;
    ctxi_slots_unlock();
    return count * sizeof(struct chunk);
}

/* Makes another chunk; its slots become shared. */
static void add_chunk(void)
{
    struct chunk *chunk = ctxi_zalloc(ctxi_process_allocator(), sizeof *chunk);

    CTXI_ASSERT_HELD(&slots_lock);
    if (!chunk)
        return;
    for (size_t i = 0; i < CHUNK_SLOTS; i++) {
        chunk->slots[i].older = shared;
        shared = &chunk->slots[i];
    }
    chunk->next = chunks;
    chunks = chunk;
    chunk_count++;
}

/* Fills the empty stock of this thread. */
static void restock(void)
{
    ctxi_slots_lock();
    if (!shared)
        add_chunk();
    while (shared && ctxi_thread.slot_count < CHUNK_SLOTS) {
        struct ctxi_slot *slot = shared;

        shared = slot->older;
        slot->older = ctxi_thread.slots;
        ctxi_thread.slots = slot;
        ctxi_thread.slot_count++;
    }
    ctxi_slots_unlock();
}

/* Gives slots away until `keep` are left. */
static void destock(uint32_t keep)
{
    ctxi_slots_lock();
    while (ctxi_thread.slot_count > keep) {
        struct ctxi_slot *slot = ctxi_thread.slots;

        ctxi_thread.slots = slot->older;
        ctxi_thread.slot_count--;
        slot->older = shared;
        shared = slot;
    }
    ctxi_slots_unlock();
}

struct ctxi_slot *ctxi_slot_take(void)
{
    struct ctxi_slot *slot;

    if (!ctxi_thread.slots)
        restock();
    slot = ctxi_thread.slots;
    if (slot) {
        ctxi_thread.slots = slot->older;
        ctxi_thread.slot_count--;
    }
    return slot;
}

void ctxi_slot_give(struct ctxi_slot *slot)
{
    slot->older = ctxi_thread.slots;
    ctxi_thread.slots = slot;
    if (++ctxi_thread.slot_count > STOCK_MAX || !ctxi_thread.armed)
        destock(ctxi_thread.armed ? STOCK_MAX / 2 : 0);
}

void ctxi_slots_flush(void)
{
    destock(0);
}

/*
 * TOKEN-1 release; partner: the acquires in ctxi_token_check(). Each write of a slot comes after
 * the stamp that ended its previous token, so whoever reads what was written sees the token ended.
 */
static uint64_t next_stamp(struct ctxi_slot *slot)
{
    uint64_t stamp = 1 + atomic_load_explicit(&slot->stamp, memory_order_relaxed);

    atomic_store_explicit(&slot->stamp, stamp, memory_order_release);
    return stamp;
}

ctx_token ctxi_token_issue(struct ctxi_tokens *tokens, struct ctxi_slot *slot, ctx_context *context,
                           ctx_var *var, struct ctxi_cell *old)
{
    atomic_store_explicit(&slot->var, var, memory_order_release);
    atomic_store_explicit(&slot->context, context, memory_order_release);
    slot->old = old;
    slot->older = tokens->newest;
    slot->newer = NULL;
    *(tokens->newest ? &tokens->newest->newer : &tokens->oldest) = slot;
    tokens->newest = slot;
    tokens->count++;
    return (ctx_token){slot, next_stamp(slot)};
}

void ctxi_token_use(struct ctxi_tokens *tokens, struct ctxi_slot *slot)
{
    *(slot->older ? &slot->older->newer : &tokens->oldest) = slot->newer;
    *(slot->newer ? &slot->newer->older : &tokens->newest) = slot->older;
    tokens->count--;
    next_stamp(slot);
}

static void drop(struct ctxi_tokens *tokens, struct ctxi_slot *slot)
{
    struct ctxi_cell *old = slot->old;

    ctxi_token_use(tokens, slot);
    ctxi_slot_give(slot);
    ctxi_cell_unref(old);
}

/* Walks over the scopes around: as many as there are blocks on the stack. */
void ctxi_tokens_drop_one(struct ctxi_tokens *tokens)
{
    struct ctxi_slot *slot = tokens->oldest;

    while (slot && slot->scoped)
        slot = slot->newer;
    if (slot)
        drop(tokens, slot);
}

void ctxi_tokens_drop(struct ctxi_tokens *tokens)
{
    while (tokens->oldest)
        drop(tokens, tokens->oldest);
}

/* Whether a newer token of the same variable is still unused in the slot's context. */
static bool out_of_order(const struct ctxi_slot *slot, const ctx_var *var)
{
    while ((slot = slot->newer))
        if (atomic_load_explicit(&slot->var, memory_order_relaxed) == var)
            return true;
    return false;
}

/*
 * The slot may be another thread's and in use there, but not if it belongs to `context`, which is
 * the caller's: then nothing here changes under us. Else the token may end while we look, and what
 * we read may be of another token by then; the stamp, read again, tells (TOKEN-1).
 */
int ctxi_token_check(ctx_token token, const ctx_var *var, const ctx_context *context)
{
    struct ctxi_slot *slot = token.slot;
    ctx_var *made_for;
    ctx_context *made_in;

    if (!slot)
        return CTX_ERR_INVALID;
    made_for = atomic_load_explicit(&slot->var, memory_order_acquire);
    made_in = atomic_load_explicit(&slot->context, memory_order_acquire);
    if (atomic_load_explicit(&slot->stamp, memory_order_acquire) != token.stamp)
        return CTX_ERR_TOKEN_USED;
    if (made_for != var)
        return CTX_ERR_TOKEN_VAR;
    if (made_in != context)
        return CTX_ERR_TOKEN_CONTEXT;
    if (var->flags & CTX_VAR_STRICT_FLAG && out_of_order(slot, var))
        return CTX_ERR_ORDER;
    return CTX_OK;
}
