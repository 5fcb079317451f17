#include "context/cell.h"

#include "context/block.h"
#include "context/registry.h"
#include "context/value.h"

static size_t borrowed_size(const ctx_value *value)
{
    if (value->type == CTX_STRING)
        return value->as.string.size;
    return value->type == CTX_BYTES ? value->as.bytes.size : 0;
}

/* The cell and the bytes that follow it: those of a string with its NUL. */
static size_t cell_size(const ctx_value *value)
{
    bool terminated = value->type == CTX_STRING && value->as.string.data;

    return sizeof(struct ctxi_cell) + borrowed_size(value) + terminated;
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
    struct ctxi_cell *cell = NULL;

    if (borrowed_size(value) < SIZE_MAX / 2) /* more would wrap around */
        cell = ctxi_block_alloc(cell_size(value));
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
    ctxi_block_free(cell, cell_size(&cell->value));
}
