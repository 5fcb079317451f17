/*
 * Variables: their definition, those made at run time, and ids.
 */
#include <criterion/criterion.h>
#include <ctxcache.h>
#include <pthread.h>
#include <stdlib.h>

#include "context/registry.h"
#include "context/store.h"
#include "support/object.h"

static CTX_VAR(plain);
static CTX_VAR(other);

static ctx_var *new_var(const char *name)
{
    ctx_var_config config = CTX_VAR_CONFIG_INIT;
    ctx_var *var;

    config.name = name;
    cr_assert_eq(ctx_var_new(&config, &var), CTX_OK);
    return var;
}

static int refused(ctx_var_config config)
{
    ctx_var *var = plain;
    int status = ctx_var_new(&config, &var);

    cr_assert_null(var);
    return status;
}

static ctx_var_config named(const char *name)
{
    ctx_var_config config = CTX_VAR_CONFIG_INIT;

    config.name = name;
    return config;
}

static int make_nothing(void *user, ctx_value *out_value)
{
    (void)user;
    *out_value = ctx_null();
    return CTX_OK;
}

Test(variable, has_the_name_of_its_definition)
{
    cr_assert_str_eq(ctx_var_name(plain), "plain");
}

Test(variable, new_copies_the_name)
{
    char name[] = "tenant";
    ctx_var *var = new_var(name);

    name[0] = 'x';
    cr_assert_str_eq(ctx_var_name(var), "tenant");
    ctx_var_free(var);
}

Test(variable, new_takes_names_up_to_the_limit)
{
    char name[CTX_NAME_MAX + 2];

    memset(name, 'n', sizeof name);
    name[CTX_NAME_MAX + 1] = '\0';
    cr_assert_eq(refused(named(name)), CTX_ERR_LIMIT);
    name[CTX_NAME_MAX] = '\0';
    ctx_var_free(new_var(name));
}

Test(variable, new_refuses_no_name)
{
    cr_assert_eq(refused(named(NULL)), CTX_ERR_INVALID);
    cr_assert_eq(refused(named("")), CTX_ERR_INVALID);
}

Test(variable, new_refuses_both_defaults)
{
    ctx_var_config config = named("v");
    ctx_value fallback = ctx_i64(1);

    config.fallback = &fallback;
    config.factory = make_nothing;
    cr_assert_eq(refused(config), CTX_ERR_INVALID);
}

Test(variable, new_refuses_a_default_that_is_no_value)
{
    ctx_var_config config = named("v");
    ctx_value fallback = ctx_object(plain, NULL);

    config.fallback = &fallback;
    cr_assert_eq(refused(config), CTX_ERR_INVALID);
}

Test(variable, new_refuses_unknown_flags)
{
    ctx_var_config config = named("v");

    config.flags = 2;
    cr_assert_eq(refused(config), CTX_ERR_INVALID);
    config.flags = 0;
    config.reserved = 1;
    cr_assert_eq(refused(config), CTX_ERR_INVALID);
}

Test(variable, new_refuses_null)
{
    ctx_var_config config = named("v");
    ctx_var *var = plain;

    cr_assert_eq(ctx_var_new(&config, NULL), CTX_ERR_INVALID);
    cr_assert_eq(ctx_var_new(NULL, &var), CTX_ERR_INVALID);
    cr_assert_null(var);
}

Test(variable, new_reads_a_config_of_another_size)
{
    struct {
        ctx_var_config known;
        uint64_t tail;
    } longer = {CTX_VAR_CONFIG_INIT, 0};
    ctx_var *var;

    longer.known.name = "v";
    longer.known.size = sizeof longer;
    cr_assert_eq(ctx_var_new(&longer.known, &var), CTX_OK);
    ctx_var_free(var);
    longer.tail = 1;
    cr_assert_eq(ctx_var_new(&longer.known, &var), CTX_ERR_INVALID);
    longer.known.size = sizeof(ctx_var_config) - 1;
    cr_assert_eq(ctx_var_new(&longer.known, &var), CTX_ERR_INVALID);
}

Test(variable, new_copies_the_default)
{
    char text[] = "EUR";
    ctx_value fallback = ctx_string(text);
    ctx_var_config config = named("currency");
    ctx_var *var;
    const char *value;

    config.fallback = &fallback;
    cr_assert_eq(ctx_var_new(&config, &var), CTX_OK);
    text[0] = 'x';
    cr_assert_eq(ctx_get_string(var, &value), CTX_OK);
    cr_assert_str_eq(value, "EUR");
    ctx_var_free(var);
}

Test(variable, new_retains_an_object_that_is_the_default)
{
    static struct counted object;
    ctx_value fallback = counted_value(&object);
    ctx_var_config config = named("session");
    ctx_var *var;

    config.fallback = &fallback;
    cr_assert_eq(ctx_var_new(&config, &var), CTX_OK);
    cr_assert_eq(counted_held(&object), 1);
    ctx_var_free(var);
    cr_assert_eq(counted_held(&object), 0);
}

Test(variable, new_takes_a_factory_and_a_strict_flag)
{
    ctx_var_config config = named("v");
    ctx_var *var;
    ctx_value value;
    ctx_token first, second;

    config.factory = make_nothing;
    config.flags = CTX_VAR_STRICT_FLAG;
    cr_assert_eq(ctx_var_new(&config, &var), CTX_OK);
    cr_assert_eq(ctx_get(var, &value), CTX_OK);
    ctx_set(var, 1, &first);
    ctx_set(var, 2, &second);
    cr_assert_eq(ctx_reset(var, first), CTX_ERR_ORDER);
    ctx_var_free(var);
}

Test(variable, freeing_null_is_allowed)
{
    ctx_var_free(NULL);
}

static int visit(void *user, ctx_var *var, ctx_value value)
{
    cr_assert_eq(value.as.i64, 7);
    *(const char **)user = ctx_var_name(var);
    return 0;
}

Test(variable, a_context_keeps_a_freed_one_alive)
{
    ctx_var *var = new_var("short");
    ctx_context *context;
    const char *name = NULL;

    ctx_set(var, 7);
    ctx_var_free(var);
    cr_assert_eq(ctx_current(&context), CTX_OK);
    cr_assert_eq(ctx_context_each(context, visit, &name), 0);
    cr_assert_str_eq(name, "short");
    ctx_context_unref(context);
}

Test(variable, a_token_keeps_a_freed_one_alive)
{
    ctx_var *var = new_var("short");
    uint32_t id = ctxi_var_id(var);
    ctx_token first, second;

    ctx_set(var, 1, &first);
    ctx_set(var, 2, &second);
    cr_assert_eq(ctx_reset(var, first), CTX_OK); /* unset here, but kept by the second token */
    ctx_var_free(var);
    cr_assert_neq(ctxi_var_id(new_var("next")), id);
}

/* Threads that hold one variable, and let go of it while its maker does. */
enum { HOLDERS = 5 };

struct holders {
    ctx_var *var;
    pthread_barrier_t all_hold;
    ctx_context *copies[HOLDERS];
};

struct holder {
    struct holders *all;
    size_t index;
};

static void *hold_and_let_go(void *arg)
{
    struct holder *self = arg;
    struct holders *all = self->all;
    ctx_context *own;

    ctx_set(all->var, (int64_t)self->index);
    ctx_copy(&all->copies[self->index]);
    ctx_set(all->var, "other");
    pthread_barrier_wait(&all->all_hold);
    ctx_context_unref(all->copies[(self->index + 1) % HOLDERS]); /* another's */
    ctx_swap(NULL, &own);
    ctx_context_unref(own);
    return NULL;
}

static void let_go_together(ctx_var *var)
{
    struct holders all = {.var = var};
    struct holder holders[HOLDERS];
    pthread_t threads[HOLDERS];

    pthread_barrier_init(&all.all_hold, NULL, HOLDERS + 1);
    for (size_t i = 0; i < HOLDERS; i++) {
        holders[i] = (struct holder){&all, i};
        cr_assert_eq(pthread_create(&threads[i], NULL, hold_and_let_go, &holders[i]), 0);
    }
    pthread_barrier_wait(&all.all_hold);
    ctx_var_free(var);
    for (size_t i = 0; i < HOLDERS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&all.all_hold);
}

Test(variable, ends_once_whoever_is_the_last)
{
    for (int i = 0; i < 200; i++) {
        struct counted object = {0};
        ctx_value fallback = counted_value(&object);
        ctx_var_config config = named("held by many");
        ctx_var *var;

        config.fallback = &fallback;
        cr_assert_eq(ctx_var_new(&config, &var), CTX_OK);
        let_go_together(var);
        cr_assert_eq(object.retained, 1);
        cr_assert_eq(object.released, 1);
    }
}

Test(id, is_given_at_the_first_set)
{
    cr_assert_eq(ctxi_var_id(plain), 0);
    ctx_set(plain, 1);
    cr_assert_eq(ctxi_var_id(plain), 1);
    ctx_set(other, 1);
    cr_assert_eq(ctxi_var_id(other), 2);
    ctx_set(plain, 2);
    cr_assert_eq(ctxi_var_id(plain), 1);
}

Test(id, is_not_given_by_a_get)
{
    ctx_value value;

    cr_assert_eq(ctx_get(plain, &value), CTX_ERR_UNSET);
    cr_assert_eq(ctxi_var_id(plain), 0);
}

Test(id, of_a_freed_variable_is_used_again)
{
    ctx_var *var = new_var("v");
    uint32_t id = ctxi_var_id(var);

    ctx_var_free(var);
    cr_assert_eq(ctxi_var_id(new_var("w")), id);
}

Test(id, is_not_used_again_while_a_context_holds_it)
{
    ctx_var *var = new_var("v"), *next;
    uint32_t id = ctxi_var_id(var);
    ctx_context *copy, *current;

    ctx_set(var, 1);
    cr_assert_eq(ctx_copy(&copy), CTX_OK);
    ctx_var_free(var);
    cr_assert_eq(ctx_swap(NULL, &current), CTX_OK);
    ctx_context_unref(current);
    next = new_var("w");
    cr_assert_neq(ctxi_var_id(next), id);
    ctx_context_unref(copy);
    cr_assert_eq(ctxi_var_id(new_var("x")), id);
    ctx_var_free(next);
}

Test(id, is_not_used_again_while_it_is_held)
{
    ctx_var *var = new_var("v");
    uint32_t id = ctxi_var_id(var);

    cr_assert_eq(ctxi_var_hold(var, false), CTX_OK);
    ctx_var_free(var);
    cr_assert_neq(ctxi_var_id(new_var("w")), id);
    ctxi_var_unhold(var);
    cr_assert_eq(ctxi_var_id(new_var("x")), id);
}

Test(id, a_hold_gives_one)
{
    cr_assert_eq(ctxi_var_hold(plain, true), CTX_OK);
    cr_assert_eq(ctxi_var_id(plain), 1);
    ctxi_var_unhold(plain);
    cr_assert_eq(ctxi_var_id(plain), 1);
}

Test(id, names_its_variable)
{
    char name[CTX_NAME_MAX + 1];

    ctx_set(plain, 1);
    ctxi_var_name_of(ctxi_var_id(plain), name);
    cr_assert_str_eq(name, "plain");
}

Test(id, of_no_variable_has_no_name)
{
    ctx_var *var = new_var("v");
    uint32_t id = ctxi_var_id(var);
    char name[CTX_NAME_MAX + 1];

    ctx_var_free(var);
    ctxi_var_name_of(id, name);
    cr_assert_str_eq(name, "?");
    ctxi_var_name_of(0, name);
    cr_assert_str_eq(name, "?");
    ctxi_var_name_of(1000, name);
    cr_assert_str_eq(name, "?");
}

Test(id, a_long_name_is_cut)
{
    static char long_name[100];
    static ctx_var var[1] = {{.name = long_name}};
    char name[CTX_NAME_MAX + 1];

    memset(long_name, 'n', sizeof long_name - 1);
    ctx_set(var, 1);
    ctxi_var_name_of(ctxi_var_id(var), name);
    cr_assert_eq(strlen(name), CTX_NAME_MAX);
}

/* Gives away all ids; the variables are the caller's to free. */
static ctx_var *use_up_ids(void)
{
    ctx_var *vars = calloc(CTXI_VARS_MAX, sizeof *vars);

    for (uint32_t i = 0; i < CTXI_VARS_MAX; i++) {
        vars[i].name = "many";
        cr_assert_eq(ctxi_var_hold(&vars[i], false), CTX_OK);
        cr_assert_eq(ctxi_var_id(&vars[i]), i + 1);
    }
    return vars;
}

Test(id, there_is_a_limit)
{
    ctx_var *vars = use_up_ids();
    ctx_token token = {vars, 1};

    cr_assert_eq(ctx_set(plain, 1, &token), CTX_ERR_LIMIT);
    cr_assert_null(token.slot);
    cr_assert_eq(ctxi_var_hold(plain, true), CTX_ERR_LIMIT);
    cr_assert_eq(refused(named("dynamic")), CTX_ERR_LIMIT);
    free(vars);
}

Test(id, the_largest_one_works_as_any)
{
    ctx_var *vars = use_up_ids();
    int64_t value;

    cr_assert_eq(ctx_set(&vars[CTXI_VARS_MAX - 1], 5), CTX_OK);
    cr_assert_eq(ctx_get_i64(&vars[CTXI_VARS_MAX - 1], &value), CTX_OK);
    cr_assert_eq(value, 5);
    cr_assert_eq(ctx_get_i64(&vars[0], &value), CTX_ERR_UNSET);
    cr_assert_eq(ctx_set(&vars[0], 6), CTX_OK);
    cr_assert_eq(ctx_get_i64(&vars[0], &value), CTX_OK);
    free(vars);
}

static int make_one(void *user, ctx_value *out_value)
{
    (void)user;
    *out_value = ctx_i64(1);
    return CTX_OK;
}

static CTX_VAR_FACTORY(made, make_one, NULL);

Test(id, where_none_is_left_a_factorys_value_cannot_be_kept)
{
    ctx_var *vars = use_up_ids();
    ctx_value value;

    cr_assert_eq(ctx_get(made, &value), CTX_ERR_NOMEM);
    free(vars);
}

Test(id, where_none_is_left_a_read_counts_as_reading_everything)
{
    ctx_var *vars = use_up_ids();
    struct ctxi_reads *reads = ctxi_reads_new(NULL);

    ctxi_reads_note(reads, plain);
    cr_assert(ctxi_reads_all(reads));
    ctxi_reads_unref(reads);
    free(vars);
}
