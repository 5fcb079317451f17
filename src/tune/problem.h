/*
 * problem.h: saying in words what is wrong with a trace. Included by all that reads traces.
 */
#ifndef CTXI_TUNE_PROBLEM_H
#define CTXI_TUNE_PROBLEM_H

#include "tune/trace.h"

/* Writes the text, cut off where the struct ends, and returns `status`. NULL: nobody asks for it. */
int ctxi_problem_say(struct ctxi_problem *problem, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "out of memory"; returns CTX_ERR_NOMEM. */
int ctxi_problem_nomem(struct ctxi_problem *problem);

/* A piece of a trace as a message may show it: not too long, and without control characters. */
struct ctxi_shown {
    char text[48];
};

struct ctxi_shown ctxi_show(const char *text, size_t size);

#endif
