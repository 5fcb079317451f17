#include "cache/tape.h"

#include <string.h>

#include "base/ticks.h"

#define WHAT_BITS 3 /* of the second word of a long one; the rest is the weight */

#define LONGEST 5 /* words: a time, a partition, and a long one */

_Static_assert(CTXI_SEEN_DELETE < 1 << WHAT_BITS, "what it was fits");

/* ---- life --------------------------------------------------------------------------------- */

struct ctxi_tape *ctxi_tape_new(size_t words, uint64_t threshold)
{
    size_t bytes = sizeof(struct ctxi_tape) + words * sizeof(uint64_t) + CTXI_LINE;
    unsigned char *block = ctxi_alloc(ctxi_process_allocator(), bytes);
    struct ctxi_tape *tape;

    if (!block)
        return NULL;
    tape = (struct ctxi_tape *)(void *)(block + CTXI_LINE - (uintptr_t)block % CTXI_LINE);
    memset(tape, 0, sizeof *tape);
    tape->block = block;
    tape->bytes = bytes;
    tape->mask = words - 1;
    atomic_init(&tape->threshold, threshold);
    atomic_init(&tape->refs, 1);
    return tape;
}

void ctxi_tape_ref(struct ctxi_tape *tape)
{
    /* relaxed: the caller has a reference */
    atomic_fetch_add_explicit(&tape->refs, 1, memory_order_relaxed);
}

void ctxi_tape_unref(struct ctxi_tape *tape)
{
    if (atomic_fetch_sub_explicit(&tape->refs, 1, memory_order_acq_rel) == 1)
        ctxi_free(ctxi_process_allocator(), tape->block, tape->bytes);
}

/* ---- writing ------------------------------------------------------------------------------ */

static uint64_t tagged(uint64_t payload, enum ctxi_tape_word kind)
{
    return payload << CTXI_TAPE_SHIFT | kind;
}

static void put(struct ctxi_tape *tape, uint64_t *head, uint64_t word)
{
    tape->words[(*head)++ & tape->mask] = word;
}

static void put_request(struct ctxi_tape *tape, uint64_t *head, const struct ctxi_seen *seen)
{
    uint64_t hash = seen->hash & ~CTXI_TAPE_KIND;

    if (seen->what == CTXI_SEEN_HIT) {
        put(tape, head, hash | CTXI_TAPE_HIT);
        return;
    }
    put(tape, head, hash | CTXI_TAPE_LONG);
    put(tape, head, seen->weight << WHAT_BITS | seen->what);
    put(tape, head, seen->load_ns);
}

void ctxi_tape_close(struct ctxi_tape *tape)
{
    atomic_store_explicit(&tape->threshold, 0, memory_order_relaxed);
}

static void count_dropped(struct ctxi_tape *tape)
{
    uint64_t dropped = atomic_load_explicit(&tape->dropped, memory_order_relaxed);

    /* relaxed: only its thread adds */
    atomic_store_explicit(&tape->dropped, dropped + 1, memory_order_relaxed);
}

void ctxi_tape_write(struct ctxi_tape *tape, const struct ctxi_seen *seen)
{
    uint64_t head = atomic_load_explicit(&tape->head, memory_order_relaxed), end;
    uint64_t left = tape->plain - head; /* of the segment */

    end = atomic_load_explicit(&tape->tail, memory_order_acquire) + tape->mask + 1; /* TAPE-2 */
    if (end - head < LONGEST) {
        count_dropped(tape);
        return;
    }
    if (left == 0) {
        put(tape, &head, tagged(ctxi_ticks(), CTXI_TAPE_STAMP));
        left = CTXI_TAPE_SEGMENT;
    }
    if (seen->partition != tape->partition) {
        tape->partition = seen->partition;
        put(tape, &head, tagged(seen->partition, CTXI_TAPE_PARTITION));
    }
    put_request(tape, &head, seen);
    left--;
    tape->plain = head + (left < end - head ? left : end - head);
    atomic_store_explicit(&tape->head, head, memory_order_release); /* TAPE-1 */
}

/* ---- reading ------------------------------------------------------------------------------ */

static uint64_t word_at(const struct ctxi_tape *tape, uint64_t at)
{
    return tape->words[at & tape->mask];
}

static bool is_stamp(uint64_t word)
{
    return (word & CTXI_TAPE_KIND) == CTXI_TAPE_STAMP;
}

bool ctxi_tape_look(struct ctxi_tape *tape)
{
    tape->end = atomic_load_explicit(&tape->head, memory_order_acquire); /* TAPE-1 */
    return tape->at != tape->end;
}

uint64_t ctxi_tape_next_stamp(const struct ctxi_tape *tape)
{
    uint64_t word = word_at(tape, tape->at);

    return is_stamp(word) ? word >> CTXI_TAPE_SHIFT : tape->stamp;
}

/* The rest of a request that begins with `word`. */
static void take_request(struct ctxi_tape *tape, uint64_t word, struct ctxi_seen *out_seen)
{
    *out_seen = (struct ctxi_seen){CTXI_SEEN_HIT, word & ~CTXI_TAPE_KIND, tape->told, 0, 0};
    if ((word & CTXI_TAPE_KIND) == CTXI_TAPE_HIT)
        return;
    word = word_at(tape, tape->at++);
    out_seen->what = (enum ctxi_seen_what)(word & ((1u << WHAT_BITS) - 1));
    out_seen->weight = word >> WHAT_BITS;
    out_seen->load_ns = word_at(tape, tape->at++);
}

void ctxi_tape_begin_segment(struct ctxi_tape *tape)
{
    uint64_t word = word_at(tape, tape->at);

    if (!is_stamp(word))
        return; /* a part of it was taken before */
    tape->stamp = word >> CTXI_TAPE_SHIFT;
    tape->at++;
}

bool ctxi_tape_take_other(struct ctxi_tape *tape, struct ctxi_seen *out_seen)
{
    uint64_t word = tape->at != tape->end ? word_at(tape, tape->at) : CTXI_TAPE_STAMP;

    if (is_stamp(word))
        return false;
    tape->at++;
    if ((word & CTXI_TAPE_KIND) == CTXI_TAPE_PARTITION) {
        tape->told = word >> CTXI_TAPE_SHIFT;
        word = word_at(tape, tape->at++);
    }
    take_request(tape, word, out_seen);
    return true;
}

void ctxi_tape_give_room(struct ctxi_tape *tape)
{
    atomic_store_explicit(&tape->tail, tape->at, memory_order_release); /* TAPE-2 */
}
