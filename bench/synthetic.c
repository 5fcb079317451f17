#include "synthetic.h"

#include <stdlib.h>

#include "die.h"

static uint64_t objects_each(const struct synthetic_plan *plan)
{
    return plan->objects > plan->tenants ? plan->objects / plan->tenants : 1;
}

void synthetic_init(struct synthetic *synthetic, const struct synthetic_plan *plan)
{
    *synthetic = (struct synthetic){.plan = *plan, .random = {plan->seed}};
    zipf_init(&synthetic->tenants, (size_t)plan->tenants, plan->tenant_skew);
    zipf_init(&synthetic->objects, (size_t)objects_each(plan), plan->zipf);
    synthetic->loops = die_calloc((size_t)plan->tenants, sizeof *synthetic->loops);
}

void synthetic_fini(struct synthetic *synthetic)
{
    zipf_fini(&synthetic->tenants);
    zipf_fini(&synthetic->objects);
    free(synthetic->loops);
}

static enum synthetic_kind kind_of_next(struct synthetic *synthetic)
{
    uint64_t tenth;

    if (synthetic->plan.kind != SYNTHETIC_MIXED)
        return synthetic->plan.kind;
    tenth = random_below(&synthetic->random, 10);
    return tenth < 7 ? SYNTHETIC_ZIPF : tenth < 9 ? SYNTHETIC_LOOP : SYNTHETIC_SCAN;
}

static uint64_t draw_object(struct synthetic *synthetic, uint32_t tenant)
{
    uint64_t each = synthetic->objects.count;

    switch (kind_of_next(synthetic)) {
    case SYNTHETIC_SCAN:
        return each * synthetic->plan.tenants + synthetic->scanned++;
    case SYNTHETIC_LOOP:
        return tenant * each + synthetic->loops[tenant]++ % each;
    default:
        return tenant * each + zipf_draw(&synthetic->objects, &synthetic->random);
    }
}

void synthetic_next(struct synthetic *synthetic, struct synthetic_request *out)
{
    uint64_t mixed;

    out->tenant = (uint32_t)zipf_draw(&synthetic->tenants, &synthetic->random);
    out->object = draw_object(synthetic, out->tenant);
    mixed = random_mix(out->object + 1);
    out->size = (uint32_t)64 << mixed % 11;
    out->load_us = (uint32_t)100 << (mixed >> 32) % 10;
}
