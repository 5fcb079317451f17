/*
 * shares.h: dividing one capacity among tenants, each of which then has a cache of its own. Included by
 * ctxbench, its tests, and by the advice that a cache gives.
 *
 * All take the tenants' curves, made by one pass, and the capacity that there is, and write a share for
 * each tenant. What is left over when nobody would hit more goes to nobody.
 */
#ifndef CTXI_CURVE_SHARES_H
#define CTXI_CURVE_SHARES_H

#include "ctxcache/allocator.h"
#include "curve/curve.h"

/* The same for all, and by how many requests each has. */
void ctxi_shares_equal(uint32_t count, uint64_t total, uint64_t *out_shares);
void ctxi_shares_proportional(const struct ctxi_curve *curves, uint32_t count, uint64_t total,
                              uint64_t *out_shares);

/* One bucket more, time after time, for whom it is worth most. Stops where a curve is flat for a while
 * before it rises. `floors`, which may be NULL, is what each has at least. CTX_ERR_NOMEM;
 * CTX_ERR_INVALID: the floors are more than there is. */
int ctxi_shares_greedy(const struct ctxi_curve *curves, uint32_t count, uint64_t total,
                       const uint64_t *floors, const ctx_allocator *allocator,
                       uint64_t *out_shares);

/*
 * The lookahead of utility-based cache partitioning (Qureshi and Patt, MICRO 2006): time after time
 * whoever gains most hits for each unit, by however many units it takes. Who that is, the upper hull
 * of each curve tells: its next corner is as far as is best to look. So flat places are no hindrance.
 */
int ctxi_shares_lookahead(const struct ctxi_curve *curves, uint32_t count, uint64_t total,
                          const uint64_t *floors, const ctx_allocator *allocator,
                          uint64_t *out_shares);

/* The hits that these shares would have together. */
uint64_t ctxi_shares_hits(const struct ctxi_curve *curves, uint32_t count, const uint64_t *shares);

#endif
