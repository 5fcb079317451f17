/*
 * map.h: the values of one context, by id of variable. Included by whatever reads or writes
 * contexts.
 *
 * Up to 32 ids the map is one flat leaf of 4, 8, 16 or 32 slots; above that it is a tree of nodes
 * of 32 slots with such leaves at the bottom. Nodes are shared by the maps that were copied from
 * one another. A node that is reached through sole owners alone is changed in place, any other is
 * copied first.
 *
 *     flat                  tree, shift 5
 *     [c c - c]             [ leaf 1..32 | - | leaf 65..96 | ... ]
 *      1 2 3 4
 *
 * NULL is the empty map.
 */
#ifndef CTXI_CONTEXT_MAP_H
#define CTXI_CONTEXT_MAP_H

#include "context/cell.h"

#define CTXI_MAP_BITS  5
#define CTXI_MAP_WIDTH (1u << CTXI_MAP_BITS)

struct ctxi_node {
    ctxi_refs refs;
    uint32_t occupied; /* bit i: slots[i] is not NULL */
    uint32_t span;     /* how many ids it covers; a leaf has as many slots, else there are 32 */
    uint32_t shift;    /* 0: the slots are cells, else nodes, chosen by these bits of id - 1 */
    void *slots[];
};

/* What `id` has, NULL if it has nothing; id 0 has nothing. */
static inline struct ctxi_cell *ctxi_map_get(const struct ctxi_node *node, uint32_t id)
{
    uint32_t index = id - 1;

    if (!node || index >= node->span)
        return NULL;
    while (node->shift) {
        node = node->slots[index >> node->shift & (CTXI_MAP_WIDTH - 1)];
        if (!node)
            return NULL;
    }
    return node->slots[index & (CTXI_MAP_WIDTH - 1)];
}

/* The leaf of `id`, if it is there and only this map has it and all above it; else NULL. */
static inline struct ctxi_node *ctxi_map_sole_leaf(struct ctxi_node *node, uint32_t id)
{
    uint32_t index = id - 1;

    if (!node || index >= node->span)
        return NULL;
    while (node->shift && ctxi_refs_sole(&node->refs)) {
        node = node->slots[index >> node->shift & (CTXI_MAP_WIDTH - 1)];
        if (!node)
            return NULL;
    }
    return ctxi_refs_sole(&node->refs) ? node : NULL;
}

int ctxi_map_own_slow(struct ctxi_node **root, uint32_t id, struct ctxi_node **out_leaf);

/*
 * Makes the leaf of `id` one that may be changed: there, large enough, and owned by this map alone.
 * CTX_ERR_NOMEM, and then the map holds what it held.
 */
static inline int ctxi_map_own(struct ctxi_node **root, uint32_t id, struct ctxi_node **out_leaf)
{
    *out_leaf = ctxi_map_sole_leaf(*root, id);
    return __builtin_expect(*out_leaf != NULL, 1) ? CTX_OK : ctxi_map_own_slow(root, id, out_leaf);
}

/* What an owned leaf has. */
static inline struct ctxi_cell *ctxi_leaf_get(const struct ctxi_node *leaf, uint32_t id)
{
    return leaf->slots[(id - 1) & (CTXI_MAP_WIDTH - 1)];
}

/* Puts `cell` (NULL: unset) into an owned leaf, and gives back what was there; both are the
 * reference itself. */
static inline struct ctxi_cell *ctxi_leaf_swap(struct ctxi_node *leaf, uint32_t id,
                                               struct ctxi_cell *cell)
{
    uint32_t index = (id - 1) & (CTXI_MAP_WIDTH - 1);
    struct ctxi_cell *old = leaf->slots[index];

    leaf->slots[index] = cell;
    if (cell)
        leaf->occupied |= 1u << index;
    else
        leaf->occupied &= ~(1u << index);
    return old;
}

static inline struct ctxi_node *ctxi_map_ref(struct ctxi_node *root)
{
    if (root)
        ctxi_refs_up(&root->refs);
    return root;
}

/* May release objects: no lock may be held. */
void ctxi_map_unref(struct ctxi_node *root);

/* Calls visit() for each cell in order of ids, until it returns something else than 0. */
int ctxi_map_each(const struct ctxi_node *root, int (*visit)(void *user, struct ctxi_cell *cell),
                  void *user);

/*
 * Calls visit() for each cell of `root` that `other` does not have for the same id, in order of ids.
 * `root` began as a copy of `other`, so that it covers at least as many; what both still share is passed
 * over, whole nodes at once. Neither may change meanwhile.
 */
void ctxi_map_each_other(const struct ctxi_node *root, const struct ctxi_node *other,
                         void (*visit)(void *user, struct ctxi_cell *cell), void *user);

#endif
