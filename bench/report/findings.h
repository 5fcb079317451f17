/*
 * findings.h: all that a page says of a trace, found by what the other commands find it with.
 */
#ifndef BENCH_REPORT_FINDINGS_H
#define BENCH_REPORT_FINDINGS_H

#include "advice.h"
#include "comparison.h"
#include "replay.h"
#include "report/fold.h"

struct findings {
    const char *path;
    const struct ctxi_trace *trace;
    struct advice advice; /* its total is the capacity that the page is about; 0: nothing to hit */
    struct comparison comparison; /* every policy, at shares of the objects */
    struct replay replay; /* the library with the advised capacity; one result, or none without */
    struct fold fold;
};

/* `total` 0: the knee. Out of memory ends the program. */
void findings_make(struct findings *findings, const char *path, const struct ctxi_trace *trace,
                   uint64_t total);
void findings_free(struct findings *findings);

#endif
