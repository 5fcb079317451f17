/*
 * store.h: what the context store offers to the cache, and to nobody else.
 *
 * The cache asks four things of the store beyond the public API: which value a variable holds
 * without counting it as a read, a place in the context where it remembers the partition it found
 * last, a record of which variables a running load reads, and memory that a thread keeps.
 */
#ifndef CTXI_CONTEXT_STORE_H
#define CTXI_CONTEXT_STORE_H

#include "context/current.h"

/* ---- memory ------------------------------------------------------------------------------- */

/*
 * `bytes` > 0 bytes for something that calls make and give back all the time: a thread keeps a few
 * blocks of small sizes for that, until it ends. The process's allocator; NULL: no memory.
 */
void *ctxi_thread_block_take(size_t bytes);
void ctxi_thread_block_give(void *block, size_t bytes);

/* ---- the current context ------------------------------------------------------------------ */

/* ctxi_current(), ctxi_context_switches() and ctxi_scope_failed() are in current.h. */

/* This thread's current context, borrowed, made if there is none. CTX_ERR_NOMEM. */
int ctxi_current_make(ctx_context **out_context);

/*
 * What `var` holds in `context` (NULL: an empty one), without counting as a read. CTX_OK, with the
 * value borrowed; CTX_ERR_UNSET. Only what was set counts, unless `defaults` is true: then a
 * default counts too, a factory's value being made and kept as ctx_get() does (and its errors
 * returned).
 */
int ctxi_lookup(ctx_context *context, ctx_var *var, bool defaults, ctx_value *out_value);

/*
 * A stay in a context, on this thread, with nothing below it of what was current: that is set aside, still
 * entered. NULL: in no context at all. CTX_ERR_ENTERED: somebody is in it, which may be this thread; then
 * there is nothing to end. The end leaves whatever was entered and not left.
 */
struct ctxi_apart {
    ctx_context *aside;
    uint64_t scopes_failed; /* there */
    bool began;
};
int ctxi_apart_begin(struct ctxi_apart *apart, ctx_context *context);
void ctxi_apart_end(struct ctxi_apart *apart);

/* ---- variables that partition a cache ----------------------------------------------------- */

/*
 * Gives `var` its id if it has none, holds it (a dynamic variable lives until unhold), and marks
 * it: from now on set and reset of it forget what contexts remember. CTX_ERR_LIMIT, CTX_ERR_NOMEM.
 */
int ctxi_var_hold(ctx_var *var, bool partitions);
void ctxi_var_unhold(ctx_var *var);

/* The dense id, 0 if `var` was never set nor held. */
uint32_t ctxi_var_id(const ctx_var *var);

/* ---- what a context remembers ------------------------------------------------------------- */

/* A memo, ctxi_memo_find() and ctxi_context_moment() are in current.h. */

/* Remembers; a failed allocation, or a newer memo in its place, is a benign loss. */
void ctxi_memo_keep(ctx_context *context, const struct ctxi_memo *memo);

/* ---- the read audit ----------------------------------------------------------------------- */

/*
 * The set of variables read during one load. It hangs on the context, so copies, bound functions
 * and threads started inside the load carry it along; a context entered inside the load takes it
 * over until it is left, but for one that has a record of its own, of another load that runs: that one goes
 * on collecting, and what it has is added to the other when the context is left. Shared by threads: bits are only ever set, and atomically as soon as there is a
 * reference besides those of the load's call and context.
 * ctxi_reads_current() is in current.h.
 */
struct ctxi_reads;

/*
 * An empty record with one reference, for a load made inside the load of `outer` (NULL: of none),
 * to which it holds a reference. Room for the ids 1..1023 at least. NULL: no memory.
 */
struct ctxi_reads *ctxi_reads_new(struct ctxi_reads *outer);
void ctxi_reads_unref(struct ctxi_reads *reads);

/* It is of no load: any number of threads note in it at once, however few references there are. Before
 * anybody does. */
void ctxi_reads_share(struct ctxi_reads *reads);
struct ctxi_reads *ctxi_reads_ref(struct ctxi_reads *reads);

/*
 * From now on what is noted is noted in the record of the load around as well, and so on outwards: what an
 * inner load has read may reach the outer one before it ends. But for ids up to 64 whose bit (id 1: the
 * lowest) is in `ignored`; with `ignores_more` some larger ones are not to be, and none is.
 * In a record whose load has ended nothing is noted, but in those around it.
 */
void ctxi_reads_spread(struct ctxi_reads *reads, uint64_t ignored, bool ignores_more);

/* The record of the load that this one's is made inside of, borrowed; or NULL. */
struct ctxi_reads *ctxi_reads_outer(const struct ctxi_reads *reads);

/* Its load has ended: loads made later in what it carried along are not inside it. */
void ctxi_reads_end(struct ctxi_reads *reads);
bool ctxi_reads_has_ended(const struct ctxi_reads *reads);

/* Notes in `to` all that is noted in `from`. */
void ctxi_reads_add(struct ctxi_reads *to, const struct ctxi_reads *from);

/* True if `reads` (NULL: of no load) is `outer`, or is of a load made inside it, at any depth. */
bool ctxi_reads_inside(const struct ctxi_reads *reads, const struct ctxi_reads *outer);

/*
 * Attaches `reads` (NULL: none, reads of an inner load are not the outer's business until it says
 * so) to the context and returns what was attached before, to be given back by a second call. The
 * context keeps a reference of its own to what is attached; the returned one is the caller's.
 */
struct ctxi_reads *ctxi_reads_attach(ctx_context *context, struct ctxi_reads *reads);

/* A load that runs in the current context, and what it found there; put back however it ends. */
struct ctxi_loading {
    ctx_context *context;     /* NULL: none runs */
    struct ctxi_reads *reads; /* of the load; the caller holds it until the end */
    struct ctxi_reads *outer; /* of the load around */
    bool was_loading;
};

/*
 * From now on `reads` collects what is read in the current context, which is made if there is none. Whoever
 * leaves that context before the end, without having entered it after the beginning, reads past the
 * record: this counts as reading everything. CTX_ERR_NOMEM.
 */
int ctxi_loading_begin(struct ctxi_loading *loading, struct ctxi_reads *reads);

/* Loads made later in what this one carried along are not inside it. Nothing, if it did not begin. */
void ctxi_loading_end(struct ctxi_loading *loading);

/* Records a read of `var` (which may have no id yet: then it gets one; if none can be had, this
 * counts as reading everything), or of everything. NULL reads: nothing to do. */
void ctxi_reads_note(struct ctxi_reads *reads, ctx_var *var);
void ctxi_reads_note_all(struct ctxi_reads *reads);

/* True if everything was read (a context was counted or iterated). */
bool ctxi_reads_all(const struct ctxi_reads *reads);

/* Whether every variable read has an id from 1 to 64 whose bit (id 1: the lowest) is in `ids`. */
bool ctxi_reads_within(const struct ctxi_reads *reads, uint64_t ids);

/* Calls visit() for each variable read, with its id, in order of ids. */
void ctxi_reads_each(const struct ctxi_reads *reads, void (*visit)(void *user, uint32_t id),
                     void *user);

/* Records the read of the variable with this id. */
void ctxi_reads_note_id(struct ctxi_reads *reads, uint32_t id);

/* Copies the name of the variable with this id, "?" if it is gone; at most CTX_NAME_MAX bytes. */
void ctxi_var_name_of(uint32_t id, char out_name[CTX_NAME_MAX + 1]);

#endif
