/*
 * fold.h: the tenants that a page has room for: those that ask most, each with a row, and all others
 * together in the last one.
 */
#ifndef BENCH_REPORT_FOLD_H
#define BENCH_REPORT_FOLD_H

#include "ranks.h"
#include "tune/distances.h"
#include "tune/trace.h"

#define FOLD_ROWS 12
#define FOLD_NAME 32

struct fold {
    const struct ctxi_trace *trace;
    const struct ctxi_curve *curves; /* [trace->tenant_count], of each alone */
    struct rank *ranks;              /* [trace->tenant_count] */
    uint32_t rows, others; /* others: how many are in the last row; 0: it is one like the rest */
    struct ctxi_curves *folded; /* of rows as if each were one tenant; NULL without others */
};

/* Out of memory ends the program. */
void fold_init(struct fold *fold, const struct ctxi_trace *trace, const struct ctxi_curve *curves);
void fold_fini(struct fold *fold);

/* The curve of a cache for the requests of this row alone. */
const struct ctxi_curve *fold_curve(const struct fold *fold, uint32_t row);

/* The tenant's name; of others, their number, written into `room`. */
const char *fold_name(const struct fold *fold, uint32_t row, char room[FOLD_NAME]);

/* What a row has of a value that every tenant has, [trace->tenant_count]. */
uint64_t fold_sum(const struct fold *fold, uint32_t row, const uint64_t *values);

#endif
