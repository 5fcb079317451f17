/*
 * sections.h: the parts of a page, a chart and its table each. One that has nothing to show says why in
 * a sentence.
 */
#ifndef BENCH_REPORT_SECTIONS_H
#define BENCH_REPORT_SECTIONS_H

#include <stdarg.h>
#include <stdio.h>

#include "report/findings.h"

void section_curve(FILE *file, const struct findings *findings);
void section_tenants(FILE *file, const struct findings *findings);
void section_policies(FILE *file, const struct findings *findings);
void section_time(FILE *file, const struct findings *findings);
void section_quotas(FILE *file, const struct findings *findings);
void section_saved(FILE *file, const struct findings *findings);

/* A heading, and what each of them begins and ends with. */
void section_begin(FILE *file, const char *id, const char *title);
void section_end(FILE *file);

/* A paragraph; what is filled in may be anything. */
void section_say(FILE *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
