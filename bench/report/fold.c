#include "report/fold.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <ctxcache.h>

#include "base/alloc.h"
#include "die.h"

/* rows[tenant]: in which row each is. */
static uint32_t *place(const struct fold *fold)
{
    uint32_t count = fold->trace->tenant_count;
    uint32_t *rows = die_calloc(count, sizeof *rows);

    for (uint32_t i = 0; i < count; i++)
        rows[fold->ranks[i].tenant] = i < fold->rows ? i : fold->rows - 1;
    return rows;
}

static uint32_t *translate(const uint32_t *tenants, size_t count, const uint32_t *rows)
{
    uint32_t *translated = die_calloc(count, sizeof *translated);

    for (size_t i = 0; i < count; i++)
        translated[i] = rows[tenants[i]];
    return translated;
}

/* The same requests, of as many tenants as there are rows. */
static void compute(struct fold *fold)
{
    struct ctxi_stream stream = ctxi_stream_of(fold->trace);
    uint32_t *rows = place(fold);
    uint32_t *of_requests = translate(stream.request_tenants, stream.request_count, rows);
    uint32_t *of_objects = translate(stream.object_tenants, stream.object_count, rows);
    int r;

    stream.request_tenants = of_requests;
    stream.object_tenants = of_objects;
    stream.tenant_count = fold->rows;
    r = ctxi_curves_compute(&stream, CTXI_CURVES_TENANTS, 0, ctxi_process_allocator(),
                            &fold->folded);
    if (r != CTX_OK)
        die("the curves of tenants: %s", ctx_strerror(r));
    free(of_objects);
    free(of_requests);
    free(rows);
}

void fold_init(struct fold *fold, const struct ctxi_trace *trace, const struct ctxi_curve *curves)
{
    uint32_t count = trace->tenant_count;

    *fold = (struct fold){.trace = trace, .curves = curves, .rows = count};
    fold->ranks = ranks_of(curves, count);
    if (count <= FOLD_ROWS)
        return;
    fold->rows = FOLD_ROWS;
    fold->others = count - FOLD_ROWS + 1;
    compute(fold);
}

void fold_fini(struct fold *fold)
{
    ctxi_curves_free(fold->folded);
    free(fold->ranks);
}

static bool is_others(const struct fold *fold, uint32_t row)
{
    return fold->others > 0 && row + 1 == fold->rows;
}

const struct ctxi_curve *fold_curve(const struct fold *fold, uint32_t row)
{
    return fold->folded ? &fold->folded->tenants[row] : &fold->curves[fold->ranks[row].tenant];
}

const char *fold_name(const struct fold *fold, uint32_t row, char room[FOLD_NAME])
{
    const char *name = ctxi_tenants_name(fold->trace->tenants, fold->ranks[row].tenant);

    if (!is_others(fold, row))
        return *name ? name : "(no name)";
    snprintf(room, FOLD_NAME, "%" PRIu32 " others", fold->others);
    return room;
}

uint64_t fold_sum(const struct fold *fold, uint32_t row, const uint64_t *values)
{
    uint32_t end = is_others(fold, row) ? fold->trace->tenant_count : row + 1;
    uint64_t sum = 0;

    for (uint32_t i = row; i < end; i++)
        sum += values[fold->ranks[i].tenant];
    return sum;
}
