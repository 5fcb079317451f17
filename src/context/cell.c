#include "context/cell.h"

#include "context/block.h"
#include "context/registry.h"
#include "context/value.h"

/* The bytes that follow the cell: those of a string with its NUL. */
static size_t inline_size(const ctx_value *value)
{
    if (value->type == CTX_STRING)
        return value->as.string.data ? value->as.string.size + 1 : 0;
    return value->type == CTX_BYTES ? value->as.bytes.size : 0;
}

/* Moves what the value borrows into the cell, and makes the value point there. */
static void copy_in(struct ctxi_cell *cell)
{
    ctx_value *value = &cell->value;

    if (value->type == CTX_STRING) {
        memcpy(cell->bytes, value->as.string.data, value->as.string.size);
        cell->bytes[value->as.string.size] = '\0';
        value->as.string.data = cell->bytes;
    } else if (value->type == CTX_BYTES) {
        memcpy(cell->bytes, value->as.bytes.data, value->as.bytes.size);
        value->as.bytes.data = cell->bytes;
    }
}

struct ctxi_cell *ctxi_cell_new(ctx_var *var, const ctx_value *value, bool from_default)
{
    size_t extra = inline_size(value);
    struct ctxi_cell *cell;

    if (extra > SIZE_MAX / 2)
        return NULL;
    cell = ctxi_block_alloc(sizeof *cell + extra);
    if (!cell)
        return NULL;
    atomic_init(&cell->refs, 1);
    cell->from_default = from_default;
    cell->var = var;
    ctxi_value_clean(value, &cell->value);
    copy_in(cell);
    ctxi_var_ref(var);
    ctxi_value_retain(&cell->value);
    return cell;
}

void ctxi_cell_unref(struct ctxi_cell *cell)
{
    if (!cell || !ctxi_refs_down(&cell->refs))
        return;
    ctxi_value_release(&cell->value);
    ctxi_var_unref(cell->var);
    ctxi_block_free(cell, sizeof *cell + inline_size(&cell->value));
}
