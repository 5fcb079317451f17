/*
 * cell.h: one value of one variable, shared by all contexts that hold it, and immutable as long as it
 * is not one alone. Included by the map and by whatever reads or writes contexts.
 */
#ifndef CTXI_CONTEXT_CELL_H
#define CTXI_CONTEXT_CELL_H

#include "context/refs.h"
#include "ctxcache/variable.h"

struct ctxi_cell {
    ctxi_refs refs;
    bool from_default; /* a factory made it: it can be read, but does not count as set */
    ctx_var *var;      /* held, if it is dynamic */
    ctx_value value;   /* strings and bytes point into `bytes`, objects are retained */
    char bytes[];
};

/*
 * A cell of one reference. `value` is valid (value.h). Calls the object's retain(); NULL: no
 * memory, and nothing was called.
 */
struct ctxi_cell *ctxi_cell_new(ctx_var *var, const ctx_value *value, bool from_default);

/* NULL is allowed. The last one calls the object's release(): no lock may be held. */
void ctxi_cell_unref(struct ctxi_cell *cell);

static inline void ctxi_cell_ref(struct ctxi_cell *cell)
{
    ctxi_refs_up(&cell->refs);
}

/* Whether it makes its variable count as set; NULL is unset. */
static inline bool ctxi_cell_counts(const struct ctxi_cell *cell)
{
    return cell && !cell->from_default;
}

#endif
