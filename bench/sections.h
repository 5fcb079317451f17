/*
 * sections.h: which sections there are, and what a plan leaves of them.
 */
#ifndef BENCH_SECTIONS_H
#define BENCH_SECTIONS_H

#include "cell.h"
#include "output.h"

#define GROUPS_MAX 64

/* In the order of the result; NULL: no more. */
const struct section *section_at(size_t number);

bool section_wanted(const struct section *section, const struct plan *plan);

/* The groups of the plan, in order; returns how many. */
size_t sections_groups(const struct plan *plan, struct group out_groups[GROUPS_MAX],
                       const struct section *out_sections[GROUPS_MAX]);

/* Competitors that the plan wants and that are not there, each once. */
size_t sections_absences(const struct plan *plan, struct absence out_absences[ABSENCES_MAX]);

#endif
