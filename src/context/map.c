#include "context/map.h"

#include "context/block.h"

static size_t slot_count(const struct ctxi_node *node)
{
    return node->shift ? CTXI_MAP_WIDTH : node->span;
}

static size_t node_size(size_t slots)
{
    return sizeof(struct ctxi_node) + slots * sizeof(void *);
}

static struct ctxi_node *new_node(uint32_t shift, uint32_t span)
{
    size_t size = node_size(shift ? CTXI_MAP_WIDTH : span);
    struct ctxi_node *node = ctxi_block_alloc(size);

    if (!node)
        return NULL;
    memset(node, 0, size);
    atomic_init(&node->refs, 1);
    node->span = span;
    node->shift = shift;
    return node;
}

static void free_node(struct ctxi_node *node)
{
    ctxi_block_free(node, node_size(slot_count(node)));
}

/* The index of the lowest occupied slot, which is taken out of `bits`. */
static uint32_t next_slot(uint32_t *bits)
{
    uint32_t index = (uint32_t)__builtin_ctz(*bits);

    *bits &= *bits - 1;
    return index;
}

static void ref_slots(const struct ctxi_node *node)
{
    for (uint32_t bits = node->occupied; bits;) {
        void *slot = node->slots[next_slot(&bits)];

        if (node->shift)
            ctxi_refs_up(&((struct ctxi_node *)slot)->refs);
        else
            ctxi_cell_ref(slot);
    }
}

void ctxi_map_unref(struct ctxi_node *root)
{
    if (!root || !ctxi_refs_down(&root->refs))
        return;
    for (uint32_t bits = root->occupied; bits;) {
        void *slot = root->slots[next_slot(&bits)];

        if (root->shift)
            ctxi_map_unref(slot);
        else
            ctxi_cell_unref(slot);
    }
    free_node(root);
}

/* Puts in the place of *at an owned node of the same content that covers `span` >= its span. */
static int replace(struct ctxi_node **at, uint32_t span)
{
    struct ctxi_node *old = *at, *node = new_node(old->shift, span);

    if (!node)
        return CTX_ERR_NOMEM;
    node->occupied = old->occupied;
    memcpy(node->slots, old->slots, slot_count(old) * sizeof(void *));
    *at = node;
    if (ctxi_refs_sole(&old->refs)) {
        free_node(old); /* its references have moved along */
    } else {
        ref_slots(node);
        ctxi_map_unref(old);
    }
    return CTX_OK;
}

/* The smallest leaf, and the smallest tree, with room for `index`. */
static uint32_t leaf_span(uint32_t index)
{
    uint32_t span = 4;

    while (span <= index)
        span *= 2;
    return span < CTXI_MAP_WIDTH ? span : CTXI_MAP_WIDTH;
}

static uint32_t tree_shift(uint32_t index)
{
    uint32_t shift = 0;

    while (index >> shift >= CTXI_MAP_WIDTH)
        shift += CTXI_MAP_BITS;
    return shift;
}

static int set_new(struct ctxi_node **at, uint32_t shift, uint32_t span)
{
    struct ctxi_node *node = new_node(shift, span);

    if (!node)
        return CTX_ERR_NOMEM;
    *at = node;
    return CTX_OK;
}

/* Puts a node on top of the root, which becomes its first child. */
static int add_level(struct ctxi_node **root)
{
    uint32_t shift = (*root)->shift + CTXI_MAP_BITS;
    struct ctxi_node *top = new_node(shift, CTXI_MAP_WIDTH << shift);

    if (!top)
        return CTX_ERR_NOMEM;
    top->slots[0] = *root;
    top->occupied = 1;
    *root = top;
    return CTX_OK;
}

/* Makes the root cover `index`. */
static int make_room(struct ctxi_node **root, uint32_t index)
{
    uint32_t shift = tree_shift(index);
    int status = CTX_OK;

    if (!*root)
        return set_new(root, shift, shift ? CTXI_MAP_WIDTH << shift : leaf_span(index));
    if ((*root)->span < CTXI_MAP_WIDTH)
        status = replace(root, leaf_span(index));
    while (status == CTX_OK && (*root)->span <= index)
        status = add_level(root);
    return status;
}

/* Makes *at, a node of the given shift in an owned node, one that is there and owned. */
static int own_node(struct ctxi_node **at, uint32_t shift)
{
    if (!*at)
        return set_new(at, shift, CTXI_MAP_WIDTH << shift);
    return ctxi_refs_sole(&(*at)->refs) ? CTX_OK : replace(at, (*at)->span);
}

int ctxi_map_own_slow(struct ctxi_node **root, uint32_t id, struct ctxi_node **out_leaf)
{
    uint32_t index = id - 1;
    struct ctxi_node *node;
    int status = CTX_OK;

    if (!*root || (*root)->span <= index)
        status = make_room(root, index);
    if (status == CTX_OK)
        status = own_node(root, 0);
    if (status != CTX_OK)
        return status;
    for (node = *root; node->shift;) {
        uint32_t slot = index >> node->shift & (CTXI_MAP_WIDTH - 1);
        struct ctxi_node *child = node->slots[slot];

        status = own_node(&child, node->shift - CTXI_MAP_BITS);
        if (status != CTX_OK)
            return status;
        node->slots[slot] = child;
        node->occupied |= 1u << slot;
        node = child;
    }
    *out_leaf = node;
    return CTX_OK;
}

int ctxi_map_each(const struct ctxi_node *root, int (*visit)(void *user, struct ctxi_cell *cell),
                  void *user)
{
    int result = 0;

    if (!root)
        return 0;
    for (uint32_t bits = root->occupied; bits && result == 0;) {
        void *slot = root->slots[next_slot(&bits)];

        result = root->shift ? ctxi_map_each(slot, visit, user) : visit(user, slot);
    }
    return result;
}

/* What `other` has where `node` has its slot `index`: a node, a cell, or NULL. */
static const void *beside(const struct ctxi_node *node, const struct ctxi_node *other,
                          uint32_t index)
{
    if (!other)
        return NULL;
    if (other->shift < node->shift)
        return index == 0 ? other : NULL; /* all of it lies below the first slot */
    return index < slot_count(other) ? other->slots[index] : NULL;
}

void ctxi_map_each_other(const struct ctxi_node *root, const struct ctxi_node *other,
                         void (*visit)(void *user, struct ctxi_cell *cell), void *user)
{
    if (!root || root == other)
        return;
    for (uint32_t bits = root->occupied; bits;) {
        uint32_t index = next_slot(&bits);
        void *slot = root->slots[index];
        const void *theirs = beside(root, other, index);

        if (slot == theirs)
            continue;
        if (root->shift)
            ctxi_map_each_other(slot, theirs, visit, user);
        else
            visit(user, slot);
    }
}
