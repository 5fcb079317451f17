#include "rounds.h"

#include "clock.h"

static void take_sample(struct cell *cell, struct pool *pool, size_t round)
{
    const struct cell_kind *kind = cell->kind;
    struct task task = {kind->ready, kind->work, kind->leave, cell};

    kind->begin(cell, round);

    struct timing timing = pool_run(pool, cell->threads, &task);

    if (round > 0) {
        cell->samples[cell->count++] = (struct sample){
            .ns = timing.ns * cell->threads / (double)kind->operations(cell),
            .noise = timing.noise,
        };
    }
    kind->end(cell, round, timing.ns);
}

/* Every round begins with another cell, so that nobody always follows the same one. */
static void run_round(struct group *group, struct pool *pool, size_t round)
{
    for (size_t i = 0; i < group->cell_count; i++)
        take_sample(&group->cells[(i + round) % group->cell_count], pool, round);
}

void rounds_run(struct group *group, struct pool *pool, uint64_t rounds, double seconds)
{
    uint64_t start;

    run_round(group, pool, 0);
    start = clock_ns();
    for (size_t round = 1;; round++) {
        double used = (double)(clock_ns() - start) / 1e9;

        if (rounds ? round > rounds
                   : round > ROUNDS_MOST || (round > ROUNDS_LEAST && used >= seconds))
            break;
        run_round(group, pool, round);
    }
}
