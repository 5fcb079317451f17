#include "rounds.h"

#include "clock.h"

static void take_sample(struct cell *cell, struct pool *pool, enum sample_purpose purpose)
{
    const struct cell_kind *kind = cell->kind;
    struct task task = {kind->ready, kind->work, kind->leave, cell};

    cell->purpose = purpose;
    kind->begin(cell, cell->turns++);

    struct timing timing = pool_run(pool, cell->threads, &task);

    if (purpose == SAMPLE_WHOLE) {
        cell->samples[cell->count++] = (struct sample){
            .ns = timing.ns * cell->threads / (double)kind->operations(cell),
            .noise = timing.noise,
        };
    }
    kind->end(cell, timing.ns, timing.noise);
}

/* Every round begins with another cell, so that nobody always follows the same one. */
static void run_round(struct group *group, struct pool *pool, size_t round,
                      enum sample_purpose purpose)
{
    for (size_t i = 0; i < group->cell_count; i++) {
        struct cell *cell = &group->cells[(i + round) % group->cell_count];

        if (purpose != SAMPLE_SINGLE || cell->kind->single)
            take_sample(cell, pool, purpose);
    }
}

void rounds_run(struct group *group, struct pool *pool, uint64_t rounds, double seconds)
{
    uint64_t start;

    run_round(group, pool, 0, SAMPLE_WARM);
    start = clock_ns();
    for (size_t round = 1;; round++) {
        double used = (double)(clock_ns() - start) / 1e9;

        if (rounds ? round > rounds
                   : round > ROUNDS_MOST || (round > ROUNDS_LEAST && used >= seconds))
            break;
        run_round(group, pool, round, SAMPLE_WHOLE);
        if (round % ROUNDS_SINGLE == 1)
            run_round(group, pool, round, SAMPLE_SINGLE);
    }
}
