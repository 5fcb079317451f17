/*
 * curve.h: what `ctxbench curve` found, exact or from a sample, and its forms.
 */
#ifndef BENCH_CURVE_H
#define BENCH_CURVE_H

#include <stdio.h>

#include "capacities.h"
#include "curve/curve.h"
#include "curve_sample.h"
#include "tune/trace.h"

#define CURVE_COMMAND "ctxbench curve"

struct curve_result {
    const char *path;
    const struct ctxi_trace *trace;
    const struct ctxi_curve *overall;
    const struct ctxi_curve *tenants;    /* [trace->tenant_count]; NULL: not asked for */
    const struct capacities *capacities; /* which points to show; none: spread over the curve */
    struct curve_sample sample;          /* of `overall` */
    struct curve_sample *tenant_samples; /* of `tenants`; NULL: they are exact */
    bool bytes;
};

void curve_print_json(FILE *file, const struct curve_result *result);
void curve_print_csv(FILE *file, const struct curve_result *result);

/* A drawing and a table; of the tenants those with most requests. */
void curve_print_table(FILE *file, const struct curve_result *result);

#endif
