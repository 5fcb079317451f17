#include "adapters/uv/place.h"

#include "ctxcache/uv.h"

enum { NAMED_MAX = 8 };

/*
 * What CTX_UV_IN() names for hand-overs of this thread. One in the arguments of another lies above it; what is
 * deeper than there is room for is not known, and refused.
 */
static __thread struct {
    unsigned depth;
    struct {
        bool given; /* not taken yet */
        ctx_context *context;
    } at[NAMED_MAX];
} named __attribute__((tls_model("initial-exec")));

void ctx_uv_in_begin(ctx_context *context)
{
    if (named.depth < NAMED_MAX) {
        named.at[named.depth].given = true;
        named.at[named.depth].context = context;
    }
    named.depth++;
}

int ctx_uv_in_end(int result)
{
    if (named.depth > 0)
        named.depth--;
    return result;
}

/* Whether the next hand-over has a context that is named; NULL where there was no room to remember it. */
static bool take_named(ctx_context **out_context)
{
    unsigned top = named.depth - 1;

    *out_context = NULL;
    if (named.depth == 0)
        return false;
    if (top >= NAMED_MAX)
        return true;
    if (!named.at[top].given)
        return false;
    named.at[top].given = false;
    *out_context = named.at[top].context;
    return true;
}

int ctxi_uv_place_take(struct ctxi_uv_place *place, enum ctxi_uv_runs runs)
{
    ctx_context *context;

    *place = (struct ctxi_uv_place){NULL, NULL, NULL};
    if (take_named(&context)) {
        place->named = ctx_context_ref(context);
        return place->named ? 0 : UV_EINVAL;
    }
    if (runs == CTXI_UV_ONCE)
        return ctx_copy(&place->own) == CTX_OK ? 0 : UV_ENOMEM;
    return ctx_capture(&place->bound) == CTX_OK ? 0 : UV_ENOMEM;
}

int ctxi_uv_place_take_beside(struct ctxi_uv_place *place, const struct ctxi_uv_place *other)
{
    *place = (struct ctxi_uv_place){NULL, ctx_context_ref(other->named), NULL};
    return place->named || ctx_copy(&place->own) == CTX_OK ? 0 : UV_ENOMEM;
}

int ctxi_uv_place_prolong(struct ctxi_uv_place *place)
{
    int status = place->own ? ctx_enter(place->own) : CTX_OK;

    if (!place->own || status != CTX_OK)
        return status;
    status = ctx_capture(&place->bound);
    (void)ctx_exit(place->own);
    if (status == CTX_OK) {
        ctx_context_unref(place->own);
        place->own = NULL;
    }
    return status;
}

void ctxi_uv_place_drop(struct ctxi_uv_place *place)
{
    ctx_context_unref(place->own);
    ctx_context_unref(place->named);
    ctx_bound_free(place->bound);
    *place = (struct ctxi_uv_place){NULL, NULL, NULL};
}

static int enter(struct ctxi_uv_stay *stay, struct ctxi_uv_place *place)
{
    int status;

    stay->where = place->bound ? CTXI_UV_IN_BOUND : CTXI_UV_IN_CONTEXT;
    if (place->bound)
        return ctx_bound_enter(place->bound, &stay->as.bound);
    stay->as.context = place->own ? place->own : place->named;
    if (!place->own)
        return ctx_enter(place->named);
    status = ctx_enter_own(place->own);
    if (status == CTX_OK)
        place->own = NULL;
    return status;
}

int ctxi_uv_stay_begin(struct ctxi_uv_stay *stay, struct ctxi_uv_place *place)
{
    int status = enter(stay, place);

    if (status != CTX_OK) {
        stay->where = CTXI_UV_NOWHERE;
        stay->as.previous = ctxi_uv_set_aside();
    }
    return status;
}

ctx_context *ctxi_uv_set_aside(void)
{
    ctx_context *before;

    (void)ctx_swap(NULL, &before);
    return before;
}

/* Whatever was made current meanwhile goes, and what was swapped out comes back. */
void ctxi_uv_come_back(ctx_context **before)
{
    ctx_context *made;

    (void)ctx_swap(*before, &made);
    ctx_context_unref(made);
}

void ctxi_uv_stay_end(struct ctxi_uv_stay *stay)
{
    switch (stay->where) {
    case CTXI_UV_IN_CONTEXT:
        ctx_exit_through(stay->as.context);
        break;
    case CTXI_UV_IN_BOUND:
        ctx_bound_exit(&stay->as.bound);
        break;
    case CTXI_UV_NOWHERE:
        ctxi_uv_come_back(&stay->as.previous);
        break;
    }
}
