/*
 * Random operations on dozens of contexts, against a model that copies everything in full.
 *
 * Some variables are strict; some are dynamic and are freed and made anew while contexts still hold
 * them (the model then only counts what it can no longer name: ghosts).
 */
#include <criterion/criterion.h>
#include <ctxcache.h>

#include "context/registry.h"
#include "support/rng.h"
#include "support/scale.h"

enum {
    STATIC = 64,
    DYNAMIC = 16,
    VARS = STATIC + DYNAMIC,
    CONTEXTS = 48,
    SNAPSHOTS = 64,
    RECENT = 512, /* tokens to choose from */
    STEPS = 1200000
};

struct values {
    bool set[VARS];
    int64_t value[VARS];
    size_t ghosts;
};

struct model {
    ctx_context *real; /* NULL: this place is free */
    bool entered;
    uint64_t life; /* which of the contexts that had this place */
    struct values values;
    long newest[VARS]; /* newest unused token by variable, of strict variables; -1: none */
};

struct made {
    ctx_token token;
    int var;
    uint64_t var_life;
    int context;
    uint64_t life;
    bool used;
    bool before_set;
    int64_t before;
    long older; /* of a strict variable: the next older unused token there; -1: none */
};

static struct support_rng rng;
static ctx_var statics[STATIC];
static ctx_var *vars[VARS];
static uint64_t var_lives[VARS];
static uint64_t lives;
static struct model contexts[CONTEXTS];
static struct model snapshots[SNAPSHOTS];
static struct made *tokens;
static long token_count;
static int stack[CONTEXTS]; /* indexes of entered contexts; 0 is the thread's own */
static int depth;

static int below(int bound)
{
    return (int)support_rng_below(&rng, (uint64_t)bound);
}

static struct model *current(void)
{
    return &contexts[stack[depth - 1]];
}

static bool strict(int var)
{
    return var % 5 == 0;
}

/* Few variables are used often, so that small maps are used as well as trees. */
static int pick_var(void)
{
    return below(3) ? below(below(4) ? 6 : 30) : below(VARS);
}

static ctx_var *make_dynamic(int var)
{
    ctx_var_config config = CTX_VAR_CONFIG_INIT;
    ctx_var *made;

    config.name = "dynamic";
    config.flags = strict(var) ? CTX_VAR_STRICT_FLAG : 0;
    cr_assert_eq(ctx_var_new(&config, &made), CTX_OK);
    return made;
}

static void setup(void)
{
    long steps = scaled(STEPS);
    uint64_t seed = support_seed("context model");

    rng = support_rng_seeded(seed);
    tokens = calloc((size_t)steps, sizeof *tokens);
    for (int i = 0; i < VARS; i++) {
        if (i < STATIC) {
            statics[i].name = "static";
            statics[i].flags = strict(i) ? CTX_VAR_STRICT_FLAG : 0;
        }
        vars[i] = i < STATIC ? &statics[i] : make_dynamic(i);
    }
}

static void begin(struct model *model, ctx_context *real, const struct values *values)
{
    model->real = real;
    model->entered = false;
    model->life = ++lives;
    if (values)
        model->values = *values;
    else
        memset(&model->values, 0, sizeof model->values);
    for (int i = 0; i < VARS; i++)
        model->newest[i] = -1;
}

/* ---- comparing ---------------------------------------------------------------------------- */

static void compare_var(const struct model *model, int var)
{
    ctx_value value;
    int status = ctx_context_get(model->real, vars[var], &value);

    cr_assert_eq(status, model->values.set[var] ? CTX_OK : CTX_ERR_UNSET);
    if (status == CTX_OK)
        cr_assert_eq(value.as.i64, model->values.value[var]);
}

static int sum(void *user, ctx_var *var, ctx_value value)
{
    (void)var, (void)value;
    ++*(size_t *)user;
    return 0;
}

static void compare(const struct model *model)
{
    size_t expected = model->values.ghosts, count, visited = 0;

    for (int i = 0; i < VARS; i++) {
        compare_var(model, i);
        expected += model->values.set[i];
    }
    cr_assert_eq(ctx_context_count(model->real, &count), CTX_OK);
    cr_assert_eq(count, expected);
    cr_assert_eq(ctx_context_each(model->real, sum, &visited), 0);
    cr_assert_eq(visited, expected);
}

/* ---- steps -------------------------------------------------------------------------------- */

static void note_token(struct model *model, int var, ctx_token token)
{
    struct made *made = &tokens[token_count];

    *made = (struct made){token,
                          var,
                          var_lives[var],
                          (int)(model - contexts),
                          model->life,
                          false,
                          model->values.set[var],
                          model->values.value[var],
                          model->newest[var]};
    model->newest[var] = token_count++;
}

static void step_set(void)
{
    int var = pick_var();
    int64_t value = (int64_t)support_rng_next(&rng);
    bool with_token = below(2);
    ctx_token token;

    cr_assert_eq(ctx_set_v(vars[var], ctx_i64(value), with_token ? &token : NULL), CTX_OK);
    if (with_token)
        note_token(current(), var, token);
    current()->values.set[var] = true;
    current()->values.value[var] = value;
}

static int expected_reset(long index, int var)
{
    const struct made *made = &tokens[index];
    const struct model *model = &contexts[made->context];

    if (made->used || model->life != made->life)
        return CTX_ERR_TOKEN_USED;
    if (var != made->var || var_lives[var] != made->var_life)
        return CTX_ERR_TOKEN_VAR;
    if (model != current())
        return CTX_ERR_TOKEN_CONTEXT;
    return strict(var) && model->newest[var] != index ? CTX_ERR_ORDER : CTX_OK;
}

static void step_reset(void)
{
    long recent = token_count < RECENT ? token_count : RECENT;
    long index;
    struct made *made;
    int var, expected;

    if (!recent)
        return;
    index = token_count - 1 - (below(2) ? below((int)recent) : below(recent < 8 ? (int)recent : 8));
    made = &tokens[index];
    var = below(20) ? made->var : pick_var();
    expected = expected_reset(index, var);
    cr_assert_eq(ctx_reset(vars[var], made->token), expected);
    if (expected != CTX_OK)
        return;
    made->used = true;
    if (strict(var))
        current()->newest[var] = made->older;
    current()->values.set[var] = made->before_set;
    current()->values.value[var] = made->before;
}

static void step_get(void)
{
    int var = pick_var();
    const struct values *values = &current()->values;
    int64_t value;
    int status = ctx_get_i64(vars[var], &value);

    cr_assert_eq(status, values->set[var] ? CTX_OK : CTX_ERR_UNSET);
    if (status == CTX_OK)
        cr_assert_eq(value, values->value[var]);
}

static void step_make(void)
{
    struct model *place = &contexts[1 + below(CONTEXTS - 1)], *from = &contexts[below(CONTEXTS)];
    ctx_context *real;
    int status;

    if (place->real)
        return;
    if (below(8) == 0) {
        cr_assert_eq(ctx_context_new(&real), CTX_OK);
        begin(place, real, NULL);
        return;
    }
    if (!from->real || below(2))
        from = current();
    status = from == current() ? ctx_copy(&real) : ctx_context_copy(from->real, &real);
    cr_assert_eq(status, CTX_OK);
    begin(place, real, &from->values);
}

static void step_end(void)
{
    struct model *model = &contexts[1 + below(CONTEXTS - 1)];

    if (!model->real || model->entered)
        return;
    if (below(50) == 0)
        compare(model);
    ctx_context_unref(model->real);
    model->real = NULL;
    model->life = ++lives;
}

static void step_enter(void)
{
    int index = below(CONTEXTS);
    struct model *model = &contexts[index];

    if (!model->real)
        return;
    cr_assert_eq(ctx_enter(model->real), model->entered ? CTX_ERR_ENTERED : CTX_OK);
    if (model->entered)
        return;
    model->entered = true;
    stack[depth++] = index;
}

static void step_exit(void)
{
    struct model *model = below(4) ? current() : &contexts[1 + below(CONTEXTS - 1)];

    if (!model->real || model == &contexts[0])
        return;
    if (model != current()) {
        cr_assert_eq(ctx_exit(model->real), CTX_ERR_NOT_CURRENT);
        return;
    }
    cr_assert_eq(ctx_exit(model->real), CTX_OK);
    model->entered = false;
    depth--;
}

static void lay_to_rest(struct model *models, int count, int var)
{
    for (int i = 0; i < count; i++) {
        models[i].values.ghosts += models[i].real && models[i].values.set[var];
        models[i].values.set[var] = false;
        models[i].newest[var] = -1;
    }
}

static void step_replace_var(void)
{
    int var = STATIC + below(DYNAMIC);

    if (below(50))
        return;
    lay_to_rest(contexts, CONTEXTS, var);
    lay_to_rest(snapshots, SNAPSHOTS, var);
    ctx_var_free(vars[var]);
    vars[var] = make_dynamic(var);
    var_lives[var] = ++lives;
}

static void step_snapshot(void)
{
    struct model *place = &snapshots[below(SNAPSHOTS)];
    ctx_context *real;

    if (place->real && below(100))
        return;
    if (place->real) {
        compare(place);
        ctx_context_unref(place->real);
    }
    cr_assert_eq(ctx_copy(&real), CTX_OK);
    begin(place, real, &current()->values);
}

static void step(void)
{
    static void (*const rare[])(void) = {step_make,  step_end,  step_enter,       step_exit,
                                         step_enter, step_exit, step_replace_var, step_snapshot};
    int choice = below(100);

    if (choice < 30)
        step_set();
    else if (choice < 55)
        step_reset();
    else if (choice < 80)
        step_get();
    else
        rare[below(8)]();
}

static void end_all(struct model *models, int count)
{
    for (int i = 0; i < count; i++)
        if (models[i].real) {
            compare(&models[i]);
            ctx_context_unref(models[i].real);
        }
}

Test(context_model, a_million_random_steps, .timeout = 600)
{
    ctx_context *own;
    long steps = scaled(STEPS);

    setup();
    cr_assert_eq(ctx_current(&own), CTX_OK);
    begin(&contexts[0], own, NULL);
    contexts[0].entered = true;
    stack[depth++] = 0;
    for (long i = 0; i < steps; i++) {
        step();
        if (i % 1000 == 0)
            compare(current());
    }
    cr_assert_gt(token_count, steps / 20);
    end_all(contexts, CONTEXTS);
    end_all(snapshots, SNAPSHOTS);
    cr_assert_lt(ctxi_registry_highest(), 4 * VARS * CONTEXTS);
    free(tokens);
}
