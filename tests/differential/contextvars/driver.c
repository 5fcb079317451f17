/*
 * Executes programs of context operations, read from standard input, and prints the result of each
 * operation on a line of its own. run.py makes the programs, executes them with CPython's
 * contextvars as well, and compares the lines.
 *
 *     program ... end         a program, executed in an empty context of its own
 *     var V [VALUE]           makes a variable, with a default
 *     set V VALUE [T]         get V            getd V VALUE      reset V T
 *     new C                   copy C           copyof C D        run C ... end
 *     len C                   contains C V     cget C V          dump C
 *
 * V, T, C and D are numbers of variables, tokens and contexts; a context number is made once. VALUE
 * is `null`, an integer, or a word. A result is `ok`, a value, or a class of error; what is done to
 * something that was never made is `none`.
 */
#include <ctxcache.h>
#include <stdio.h>
#include <stdlib.h>

enum { VARS = 64, TOKENS = 256, CONTEXTS = 64, LINE = 128 };

static ctx_var *vars[VARS];
static ctx_token tokens[TOKENS];
static ctx_context *contexts[CONTEXTS];

/* One line in words; missing ones are empty. */
struct op {
    char name[16];
    char a[32], b[32], c[32];
};

static bool next_op(struct op *op)
{
    char line[LINE];

    memset(op, 0, sizeof *op);
    return fgets(line, sizeof line, stdin) &&
           sscanf(line, "%15s %31s %31s %31s", op->name, op->a, op->b, op->c) > 0;
}

static bool is(const struct op *op, const char *name)
{
    return strcmp(op->name, name) == 0;
}

static size_t number(const char *word, size_t bound)
{
    size_t n = strtoul(word, NULL, 10);

    if (n >= bound) {
        fprintf(stderr, "driver: there is no number %s\n", word);
        exit(2);
    }
    return n;
}

static ctx_var **var_at(const char *word)
{
    return &vars[number(word, VARS)];
}

static ctx_token *token_at(const char *word)
{
    return &tokens[number(word, TOKENS)];
}

static ctx_context **context_at(const char *word)
{
    return &contexts[number(word, CONTEXTS)];
}

static ctx_value value_of(const char *word)
{
    char *end;
    long n = strtol(word, &end, 10);

    if (strcmp(word, "null") == 0)
        return ctx_null();
    return *end ? ctx_string(word) : ctx_i64(n);
}

static void print_value(ctx_value value)
{
    if (value.type == CTX_NULL)
        printf("null");
    else if (value.type == CTX_I64)
        printf("%lld", (long long)value.as.i64);
    else
        printf("%s", value.as.string.data);
}

static void print_status(int status)
{
    static const struct {
        int status;
        const char *word;
    } words[] = {{CTX_OK, "ok"},
                 {CTX_ERR_UNSET, "unset"},
                 {CTX_ERR_TOKEN_USED, "used"},
                 {CTX_ERR_TOKEN_VAR, "variable"},
                 {CTX_ERR_TOKEN_CONTEXT, "context"},
                 {CTX_ERR_ENTERED, "entered"},
                 {CTX_ERR_INVALID, "none"}};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].status == status) {
            puts(words[i].word);
            return;
        }
    printf("status %d\n", status);
}

static void print_result(int status, ctx_value value)
{
    if (status != CTX_OK) {
        print_status(status);
        return;
    }
    print_value(value);
    printf("\n");
}

/* ---- operations --------------------------------------------------------------------------- */

static void op_var(const struct op *op)
{
    ctx_var_config config = CTX_VAR_CONFIG_INIT;
    ctx_value fallback = value_of(op->b);

    config.name = op->a;
    config.fallback = op->b[0] ? &fallback : NULL;
    print_status(ctx_var_new(&config, var_at(op->a)));
}

static void op_set(const struct op *op)
{
    print_status(ctx_set_v(*var_at(op->a), value_of(op->b), op->c[0] ? token_at(op->c) : NULL));
}

static void op_get(const struct op *op)
{
    ctx_value value = ctx_null();
    int status = is(op, "get") ? ctx_get(*var_at(op->a), &value)
                               : ctx_get_or(*var_at(op->a), value_of(op->b), &value);

    print_result(status, value);
}

static void op_reset(const struct op *op)
{
    print_status(ctx_reset(*var_at(op->a), *token_at(op->b)));
}

static void op_new(const struct op *op)
{
    print_status(ctx_context_new(context_at(op->a)));
}

static void op_copy(const struct op *op)
{
    print_status(ctx_copy(context_at(op->a)));
}

static void op_copyof(const struct op *op)
{
    print_status(ctx_context_copy(*context_at(op->b), context_at(op->a)));
}

static void op_len(const struct op *op)
{
    size_t count = 0;
    int status = ctx_context_count(*context_at(op->a), &count);

    print_result(status, ctx_i64((int64_t)count));
}

static void op_contains(const struct op *op)
{
    bool there = false;
    int status = ctx_context_contains(*context_at(op->a), *var_at(op->b), &there);

    print_result(status, ctx_string(there ? "yes" : "no"));
}

static void op_cget(const struct op *op)
{
    ctx_value value = ctx_null();
    int status = ctx_context_get(*context_at(op->a), *var_at(op->b), &value);

    print_result(status, value);
}

static int print_entry(void *user, ctx_var *var, ctx_value value)
{
    (void)user;
    printf("%s=", ctx_var_name(var));
    print_value(value);
    printf(" ");
    return 0;
}

static void op_dump(const struct op *op)
{
    print_status(ctx_context_each(*context_at(op->a), print_entry, NULL));
}

static void execute(void *unused);

/* Reads over a run that did not happen. */
static void skip(void)
{
    struct op op;

    while (next_op(&op) && !is(&op, "end"))
        if (is(&op, "run"))
            skip();
}

static void op_run(const struct op *op)
{
    int status = ctx_run(*context_at(op->a), execute, NULL);

    if (status != CTX_OK)
        skip();
    print_status(status);
}

static void execute_op(const struct op *op)
{
    static const struct {
        const char *name;
        void (*execute)(const struct op *op);
    } ops[] = {{"var", op_var},  {"set", op_set},     {"get", op_get},   {"getd", op_get},
               {"new", op_new},  {"reset", op_reset}, {"copy", op_copy}, {"copyof", op_copyof},
               {"run", op_run},  {"len", op_len},     {"cget", op_cget}, {"contains", op_contains},
               {"dump", op_dump}};

    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        if (is(op, ops[i].name)) {
            ops[i].execute(op);
            return;
        }
    fprintf(stderr, "driver: what is %s?\n", op->name);
    exit(2);
}

/* Executes operations up to the `end` of this run, or of the program. */
static void execute(void *unused)
{
    struct op op;

    (void)unused;
    while (next_op(&op) && !is(&op, "end"))
        execute_op(&op);
}

static void forget(void)
{
    for (size_t i = 0; i < CONTEXTS; i++)
        ctx_context_unref(contexts[i]);
    for (size_t i = 0; i < VARS; i++)
        ctx_var_free(vars[i]);
    memset(contexts, 0, sizeof contexts);
    memset(vars, 0, sizeof vars);
    memset(tokens, 0, sizeof tokens);
}

int main(void)
{
    struct op op;

    while (next_op(&op) && is(&op, "program")) {
        ctx_context *context;

        if (ctx_context_new(&context) != CTX_OK || ctx_run(context, execute, NULL) != CTX_OK)
            return 2;
        ctx_context_unref(context);
        forget();
        puts("done");
    }
    return 0;
}
