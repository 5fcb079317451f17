/*
 * coroutine.c: generators on stacks of their own (POSIX ucontext) that keep their context between two
 * resumes. All it takes is a ctx_swap() beside each swapcontext(): the tenant that a generator sets is
 * there when it is resumed, and whoever resumes it stays who he is.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include <ctxcache.h>

static CTX_VAR(tenant);

struct generator {
    ucontext_t inside, outside;
    ctx_context *context; /* while it is suspended: the top of what it is in */
    const char *name;
    int left; /* invoices to come */
    char invoice[64];
    char stack[64 << 10];
};

static struct generator *running; /* makecontext() passes integers alone */

static const char *who(void)
{
    const char *name;

    return ctx_get_string(tenant, &name) == CTX_OK ? name : "nobody";
}

/* Two calls below the generator, which hands it no tenant. */
static void yield(void)
{
    struct generator *self = running;

    snprintf(self->invoice, sizeof self->invoice, "an invoice for %s", who());
    swapcontext(&self->inside, &self->outside);
}

static void all_invoices(void)
{
    while (running->left-- > 0)
        yield();
}

static void generate(void)
{
    CTX_SCOPED(tenant, running->name);
    all_invoices();
}

/* Starts in a copy of the current context. */
static int start(struct generator *generator, const char *name, int count)
{
    generator->name = name;
    generator->left = count;
    getcontext(&generator->inside);
    generator->inside.uc_stack.ss_sp = generator->stack;
    generator->inside.uc_stack.ss_size = sizeof generator->stack;
    generator->inside.uc_link = &generator->outside;
    makecontext(&generator->inside, generate, 0);
    return ctx_copy(&generator->context);
}

/* False when there are no more. */
static bool next(struct generator *generator)
{
    ctx_context *ours;

    running = generator;
    if (ctx_swap(generator->context, &ours) != CTX_OK)
        exit(EXIT_FAILURE);
    swapcontext(&generator->outside, &generator->inside);
    if (ctx_swap(ours, &generator->context) != CTX_OK)
        exit(EXIT_FAILURE);
    printf("%s gets %s\n", who(), generator->left < 0 ? "no more" : generator->invoice);
    return generator->left >= 0;
}

int main(void)
{
    static struct generator acme, bolt;
    bool more_acme = true, more_bolt = true;

    CTX_SCOPED(tenant, "the caller");
    if (start(&acme, "acme", 3) != CTX_OK || start(&bolt, "bolt", 2) != CTX_OK)
        return EXIT_FAILURE;
    while (more_acme || more_bolt) {
        more_acme = more_acme && next(&acme);
        more_bolt = more_bolt && next(&bolt);
    }
    ctx_context_unref(acme.context);
    ctx_context_unref(bolt.context);
    return strcmp(who(), "the caller") == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
