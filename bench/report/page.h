/*
 * page.h: findings as one HTML page that needs nothing besides itself.
 */
#ifndef BENCH_REPORT_PAGE_H
#define BENCH_REPORT_PAGE_H

#include <stdio.h>

#include "report/findings.h"

/* `command` is the line that made it. */
void page_write(FILE *file, const struct findings *findings, const char *command);

#endif
