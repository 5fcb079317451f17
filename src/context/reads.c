#include <stdatomic.h>

#include "context/block.h"
#include "context/enter.h"
#include "context/refs.h"
#include "context/registry.h"

#define WORD_BITS 64
#define WORDS_MIN 16
#define USED_LAST (WORD_BITS - 1)
#define SLACK     64 /* ids that may still be given while the record is in use */

struct ctxi_reads {
    ctxi_refs refs;
    uint32_t words;           /* of `bits`; an id beyond them sets `all` */
    struct ctxi_reads *outer; /* of the load around; holds a reference */
    _Atomic bool all;
    _Atomic bool ended;      /* its load has; relaxed: it is a hint for loads that begin later */
    bool shared;             /* of no load, but of all threads */
    bool ignores_more;       /* some ids that are not to go to the outer may be over 64 */
    uint64_t to_outer;       /* a bit for each id up to 64 that goes to the outer at once */
    _Atomic uint64_t used;   /* bit n: word n has bits; the last one: it or one behind it has */
    _Atomic uint64_t bits[]; /* id 1 is bit 0 of the first word */
};

static size_t reads_size(uint32_t words)
{
    return sizeof(struct ctxi_reads) + words * sizeof(uint64_t);
}

struct ctxi_reads *ctxi_reads_new(struct ctxi_reads *outer)
{
    uint32_t needed = (ctxi_registry_highest() + SLACK) / WORD_BITS + 1;
    uint32_t words = needed > WORDS_MIN ? needed : WORDS_MIN;
    struct ctxi_reads *reads = ctxi_block_zalloc(reads_size(words));

    if (!reads)
        return NULL;
    atomic_init(&reads->refs, 1);
    reads->words = words;
    /* A context that outlives the load it was copied in still carries that load's record. */
    while (outer && ctxi_reads_has_ended(outer))
        outer = outer->outer;
    reads->outer = ctxi_reads_ref(outer);
    return reads;
}

struct ctxi_reads *ctxi_reads_ref(struct ctxi_reads *reads)
{
    if (reads)
        ctxi_refs_up(&reads->refs);
    return reads;
}

void ctxi_reads_unref(struct ctxi_reads *reads)
{
    while (reads && ctxi_refs_down(&reads->refs)) {
        struct ctxi_reads *outer = reads->outer;

        ctxi_block_free(reads, reads_size(reads->words));
        reads = outer;
    }
}

void ctxi_reads_share(struct ctxi_reads *reads)
{
    reads->shared = true;
}

void ctxi_reads_spread(struct ctxi_reads *reads, uint64_t ignored, bool ignores_more)
{
    reads->to_outer = ~ignored;
    reads->ignores_more = ignores_more;
}

struct ctxi_reads *ctxi_reads_outer(const struct ctxi_reads *reads)
{
    return reads->outer;
}

/* relaxed: a hint for those who come later */
void ctxi_reads_end(struct ctxi_reads *reads)
{
    atomic_store_explicit(&reads->ended, true, memory_order_relaxed);
}

bool ctxi_reads_has_ended(const struct ctxi_reads *reads)
{
    return atomic_load_explicit(&reads->ended, memory_order_relaxed);
}

bool ctxi_reads_inside(const struct ctxi_reads *reads, const struct ctxi_reads *outer)
{
    while (reads && reads != outer)
        reads = reads->outer;
    return reads != NULL;
}

struct ctxi_reads *ctxi_reads_attach(ctx_context *context, struct ctxi_reads *reads)
{
    struct ctxi_reads *before = context->front.reads;

    context->front.reads = ctxi_reads_ref(reads);
    return before;
}

/* ---- loads -------------------------------------------------------------------------------- */

int ctxi_loading_begin(struct ctxi_loading *loading, struct ctxi_reads *reads)
{
    ctx_context *context;

    loading->context = NULL;
    if (ctxi_current_make(&context) != CTX_OK)
        return CTX_ERR_NOMEM;
    ctxi_refs_up_own(&context->refs);
    ctxi_refs_up_own(&reads->refs);
    *loading = (struct ctxi_loading){context, reads, context->front.reads, context->loading};
    context->front.reads = reads;
    context->loading = true;
    return CTX_OK;
}

/* What the context had of the load; the caller of the load has another reference to it. */
static void drop_reads(struct ctxi_reads *attached, const struct ctxi_loading *loading)
{
    if (attached != loading->reads || !ctxi_refs_down_own(&attached->refs))
        ctxi_reads_unref(attached);
}

/* While it is current, the thread has another reference to it. */
static void drop_context(ctx_context *context)
{
    if (context != ctxi_thread.current || !ctxi_refs_down_own(&context->refs))
        ctx_context_unref(context);
}

void ctxi_loading_end(struct ctxi_loading *loading)
{
    ctx_context *context = loading->context;
    struct ctxi_reads *attached;

    if (!context)
        return;
    attached = context->front.reads;
    context->front.reads = loading->outer;
    context->loading = loading->was_loading;
    if (ctxi_is_kept_above(context))
        ctxi_reads_note_all(loading->reads);
    ctxi_reads_end(loading->reads);
    drop_reads(attached, loading);
    drop_context(context);
}

/* ---- what was read ------------------------------------------------------------------------ */

/*
 * Relaxed throughout: bits are only ever set, and whoever asks for them has waited for the readers,
 * or does not depend on them.
 */
void ctxi_reads_note_all(struct ctxi_reads *reads)
{
    for (; reads; reads = reads->to_outer || ctxi_reads_has_ended(reads) ? reads->outer : NULL)
        if (!ctxi_reads_has_ended(reads))
            atomic_store_explicit(&reads->all, true, memory_order_relaxed);
}

/* `alone`: nobody else is setting any. */
static inline void set_bit(_Atomic uint64_t *bits, uint32_t number, bool alone)
{
    uint64_t bit = (uint64_t)1 << number, before = atomic_load_explicit(bits, memory_order_relaxed);

    if (before & bit)
        return;
    if (alone)
        atomic_store_explicit(bits, before | bit, memory_order_relaxed);
    else
        atomic_fetch_or_explicit(bits, bit, memory_order_relaxed);
}

/*
 * The load's call and the context that it runs in have a reference each, which are of one thread; other
 * threads come with one of theirs. Once the call let go of its own, nobody depends on what is noted.
 */
static inline bool is_of_one_thread(const struct ctxi_reads *reads)
{
    return !reads->shared && atomic_load_explicit(&reads->refs, memory_order_acquire) <= 2;
}

static void note_here(struct ctxi_reads *reads, uint32_t id)
{
    uint32_t word = (id - 1) / WORD_BITS;
    bool alone;

    if (word >= reads->words) { /* also id 0, which wraps around */
        atomic_store_explicit(&reads->all, true, memory_order_relaxed);
        return;
    }
    alone = is_of_one_thread(reads);
    set_bit(&reads->used, word < USED_LAST ? word : USED_LAST, alone);
    set_bit(&reads->bits[word], (id - 1) % WORD_BITS, alone);
}

/* Whether what its load reads is the business of the load around at once. */
static bool goes_out(const struct ctxi_reads *reads, uint32_t id)
{
    if (ctxi_reads_has_ended(reads))
        return true;
    if (id - 1 >= WORD_BITS)
        return reads->to_outer && !reads->ignores_more;
    return reads->to_outer >> (id - 1) & 1;
}

void ctxi_reads_note_id(struct ctxi_reads *reads, uint32_t id)
{
    for (; reads; reads = goes_out(reads, id) ? reads->outer : NULL)
        if (!ctxi_reads_has_ended(reads))
            note_here(reads, id);
}

void ctxi_reads_note(struct ctxi_reads *reads, ctx_var *var)
{
    if (!reads)
        return;
    if (ctxi_var_identify(var) == CTX_OK)
        ctxi_reads_note_id(reads, ctxi_var_id_now(var));
    else
        ctxi_reads_note_all(reads);
}

bool ctxi_reads_all(const struct ctxi_reads *reads)
{
    return atomic_load_explicit(&reads->all, memory_order_relaxed);
}

bool ctxi_reads_within(const struct ctxi_reads *reads, uint64_t ids)
{
    return !(atomic_load_explicit(&reads->used, memory_order_relaxed) & ~(uint64_t)1) &&
           !(atomic_load_explicit(&reads->bits[0], memory_order_relaxed) & ~ids) &&
           !ctxi_reads_all(reads);
}

static void add_one(void *user, uint32_t id)
{
    ctxi_reads_note_id(user, id);
}

void ctxi_reads_add(struct ctxi_reads *to, const struct ctxi_reads *from)
{
    if (ctxi_reads_all(from))
        ctxi_reads_note_all(to);
    ctxi_reads_each(from, add_one, to);
}

void ctxi_reads_each(const struct ctxi_reads *reads, void (*visit)(void *user, uint32_t id),
                     void *user)
{
    uint64_t used = atomic_load_explicit(&reads->used, memory_order_relaxed);

    for (; used; used &= used - 1) {
        uint32_t word = (uint32_t)__builtin_ctzll(used);
        uint32_t end = word < USED_LAST ? word + 1 : reads->words;

        for (; word < end; word++) {
            uint64_t bits = atomic_load_explicit(&reads->bits[word], memory_order_relaxed);

            for (; bits; bits &= bits - 1)
                visit(user, word * WORD_BITS + (uint32_t)__builtin_ctzll(bits) + 1);
        }
    }
}
