/*
 * token.h: the slots behind tokens. Included by whatever sets, resets, or ends contexts.
 *
 * A slot is never freed, so a token of any age and from any thread can be looked up. Its stamp goes
 * up when a token is made of it and again when that token is used or dropped, and never repeats: a
 * token is unused exactly while its stamp is the slot's.
 */
#ifndef CTXI_CONTEXT_TOKEN_H
#define CTXI_CONTEXT_TOKEN_H

#include <stdatomic.h>

#include "context/cell.h"
#include "ctxcache/context.h"

/*
 * The atomics are written by the thread that entered the context, and read by any thread that holds
 * an old token. The rest belongs to whoever has the slot: a context, or a list of free slots.
 */
struct ctxi_slot {
    _Atomic uint64_t stamp; /* odd: an unused token refers to it */
    _Atomic(ctx_var *) var;
    _Atomic(ctx_context *) context;
    struct ctxi_cell *old;   /* what the variable held before, with its reference */
    struct ctxi_slot *older; /* in the context's list; in a list of free slots the next one */
    struct ctxi_slot *newer;
    bool scoped; /* of a CTX_SCOPED: never dropped */
};

/* The unused tokens of one context. */
struct ctxi_tokens {
    struct ctxi_slot *oldest, *newest;
    uint32_t count; /* <= CTX_TOKENS_MAX, but for scoped ones */
};

/* A slot from this thread's stock; NULL: no memory. */
struct ctxi_slot *ctxi_slot_take(void);

/* Puts a slot that is in no list back; `old` must have been taken out of it. */
void ctxi_slot_give(struct ctxi_slot *slot);

/* Makes a token of a slot, and the newest of `tokens`. */
ctx_token ctxi_token_issue(struct ctxi_tokens *tokens, struct ctxi_slot *slot, ctx_context *context,
                           ctx_var *var, struct ctxi_cell *old);

/* Uses up the oldest that is not scoped, if there is one. */
void ctxi_tokens_drop_one(struct ctxi_tokens *tokens);

/* Takes a slot out of its list; its token, and every copy of it, is used from now on. */
void ctxi_token_use(struct ctxi_tokens *tokens, struct ctxi_slot *slot);

/* Uses up all of them; releases what they kept. */
void ctxi_tokens_drop(struct ctxi_tokens *tokens);

/* Why `token` may not be used to reset `var` in `context`, in CPython's order; or CTX_OK. */
int ctxi_token_check(ctx_token token, const ctx_var *var, const ctx_context *context);

/* Gives this thread's stock to all threads. */
void ctxi_slots_flush(void);

/* For fork(). */
void ctxi_slots_lock(void);
void ctxi_slots_unlock(void);

/*
 * For leak tests: the bytes of all slots ever made. They came from the process's allocator and are
 * never given back; their number follows the largest number of tokens unused at one time.
 */
size_t ctxi_tokens_bytes(void);

#endif
