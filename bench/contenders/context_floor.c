/*
 * The floor of the context section: one __thread variable, which knows no contexts. Once behind
 * functions that are called, as the library's are, and once read in place.
 */
#include <stdint.h>

#include "context_contender.h"

static __thread int64_t variable = 42;

static void prepare(unsigned variables)
{
    (void)variables;
}

static void nothing(void)
{
}

__attribute__((noinline)) static int read_variable(int64_t *out)
{
    __asm__ volatile(""); /* keeps the compiler from merging calls */
    *out = variable;
    return 0;
}

__attribute__((noinline)) static int write_variable(int64_t value, int64_t *out_previous)
{
    __asm__ volatile("");
    if (out_previous)
        *out_previous = variable;
    variable = value;
    return 0;
}

static void get(size_t count)
{
    int64_t value;

    for (size_t i = 0; i < count; i++) {
        read_variable(&value);
        __asm__ volatile("" : : "r"(value));
    }
}

static void get_inline(size_t count)
{
    for (size_t i = 0; i < count; i++)
        __asm__ volatile("" : : "r"(variable) : "memory");
}

static void set(size_t count)
{
    for (size_t i = 0; i < count; i++)
        write_variable((int64_t)i, NULL);
}

static void set_reset(size_t count)
{
    int64_t previous;

    for (size_t i = 0; i < count; i++) {
        write_variable((int64_t)i, &previous);
        write_variable(previous, NULL);
    }
}

const struct context_contender context_floor = {
    .name = "floor",
    .about = "a __thread variable behind a function",
    .prepare = prepare,
    .finish = nothing,
    .enter = nothing,
    .leave = nothing,
    .operations = {[CONTEXT_GET] = get,
                   [CONTEXT_GET_DEFAULT] = get,
                   [CONTEXT_SET_RESET] = set_reset,
                   [CONTEXT_SET] = set,
                   [ASYNC_SWITCH] = get,
                   [ASYNC_SWAP] = get},
};

const struct context_contender context_floor_inline = {
    .name = "floor-inline",
    .about = "a __thread variable read in place",
    .prepare = prepare,
    .finish = nothing,
    .enter = nothing,
    .leave = nothing,
    .operations =
        {[CONTEXT_GET] = get_inline, [ASYNC_SWITCH] = get_inline, [ASYNC_SWAP] = get_inline},
};
