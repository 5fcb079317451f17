#include "support/coroutine.h"

#include <ctxcache.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "support/check.h"
#include "support/scale.h"

#if SUPPORT_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if SUPPORT_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define VALGRIND_STACK_REGISTER(start, end) 0
#define VALGRIND_STACK_DEREGISTER(id)       (void)(id)
#endif

enum { STACK_BYTES = 256 << 10 };

/* One of the two sides that a coroutine goes back and forth between. */
struct side {
    ucontext_t registers;
    const void *stack; /* the rest is for the sanitizers */
    size_t stack_bytes;
    void *fake_stack;
    void *fiber;
};

struct coroutine {
    struct side inside, outside;
    void (*fn)(struct coroutine *self, void *arg);
    void *arg;
    ctx_context *context; /* while it does not run: the top of its chain */
    void *stack;
    unsigned valgrind_id;
    bool ended;
};

/* What a sanitizer must hear before and after; `last`: the stack that is left will not be used again. */
static void before_switch(struct side *from, struct side *to, bool last)
{
    (void)from, (void)to, (void)last;
#if SUPPORT_ASAN
    __sanitizer_start_switch_fiber(last ? NULL : &from->fake_stack, to->stack, to->stack_bytes);
#endif
#if SUPPORT_TSAN
    from->fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
}

static void after_switch(struct side *to, struct side *from)
{
    (void)to, (void)from;
#if SUPPORT_ASAN
    __sanitizer_finish_switch_fiber(to->fake_stack, &from->stack, &from->stack_bytes);
#endif
}

/* Not swapcontext(): AddressSanitizer writes a warning about that, whatever it was told. */
static void switch_sides(struct side *from, struct side *to)
{
    volatile bool back = false;

    before_switch(from, to, false);
    CHECK_EQ(getcontext(&from->registers), 0);
    if (!back) {
        back = true;
        CHECK_EQ(setcontext(&to->registers), 0); /* does not return */
    }
    after_switch(from, to);
}

/* makecontext() passes ints alone; the first one to resume it leaves it here. */
static _Thread_local struct coroutine *starting;

static void begin(void)
{
    struct coroutine *self = starting;

    after_switch(&self->inside, &self->outside);
    self->fn(self, self->arg);
    self->ended = true;
    before_switch(&self->inside, &self->outside, true);
    setcontext(&self->outside.registers);
}

struct coroutine *coroutine_new(void (*fn)(struct coroutine *self, void *arg), void *arg)
{
    struct coroutine *made = calloc(1, sizeof *made);

    CHECK(made);
    made->fn = fn;
    made->arg = arg;
    CHECK_EQ(ctx_copy(&made->context), CTX_OK);
    made->stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    CHECK(made->stack != MAP_FAILED);
    made->valgrind_id = VALGRIND_STACK_REGISTER(made->stack, (char *)made->stack + STACK_BYTES);
    CHECK_EQ(getcontext(&made->inside.registers), 0);
    made->inside.registers.uc_stack.ss_sp = made->stack;
    made->inside.registers.uc_stack.ss_size = STACK_BYTES;
    made->inside.stack = made->stack;
    made->inside.stack_bytes = STACK_BYTES;
    makecontext(&made->inside.registers, begin, 0);
#if SUPPORT_TSAN
    made->inside.fiber = __tsan_create_fiber(0);
#endif
    return made;
}

bool coroutine_resume(struct coroutine *coroutine)
{
    ctx_context *ours;

    CHECK(!coroutine->ended);
    CHECK_EQ(ctx_swap(coroutine->context, &ours), CTX_OK);
    starting = coroutine;
    switch_sides(&coroutine->outside, &coroutine->inside);
    CHECK_EQ(ctx_swap(ours, &coroutine->context), CTX_OK);
    return !coroutine->ended;
}

void coroutine_yield(struct coroutine *self)
{
    switch_sides(&self->inside, &self->outside);
}

void coroutine_free(struct coroutine *coroutine)
{
    ctx_context_unref(coroutine->context);
    VALGRIND_STACK_DEREGISTER(coroutine->valgrind_id);
#if SUPPORT_TSAN
    __tsan_destroy_fiber(coroutine->inside.fiber);
#endif
    CHECK_EQ(munmap(coroutine->stack, STACK_BYTES), 0);
    free(coroutine);
}
