/*
 * zipf.h: drawing ranks by Zipf's law: rank r, from 0, with a probability proportional to
 * (r + 1)^-exponent. With an exponent of 0 all are equally likely.
 */
#ifndef BENCH_ZIPF_H
#define BENCH_ZIPF_H

#include <stddef.h>

#include "random.h"

struct zipf {
    size_t count;
    double *cumulative; /* [count] the probability of this rank or a more popular one */
};

/* Out of memory ends the program. */
void zipf_init(struct zipf *zipf, size_t count, double exponent);
void zipf_fini(struct zipf *zipf);

size_t zipf_draw(const struct zipf *zipf, struct random *random);

#endif
