/*
 * async PROGRAM: runs one of the programs of programs.h, and prints its lines.
 */
#include <stdio.h>

#include "programs.h"

static CTX_VAR(the_user);
static CTX_VAR(the_number);

ctx_var *const user = the_user, *const number = the_number;

static const struct {
    const char *name;
    program_fn *run;
} programs[] = {
    {"classic", classic},
    {"handlers", handlers},
    {"create_task", create_task},
    {"gather", gather},
    {"nested", nested},
    {"token", token},
    {"call_soon", call_soon},
    {"call_later", call_later},
    {"repeated", repeated},
    {"reader", reader},
    {"signals", signals},
    {"executor", executor},
    {"explicit", explicit_context},
    {"cancellation", cancellation},
    {"cancelled_job", cancelled_job},
    {"exceptions", exceptions},
    {"tree", tree},
};

static int run(program_fn *program)
{
    must(uv_loop_init(&loop));
    must(soon(program, NULL));
    must(uv_run(&loop, UV_RUN_DEFAULT));
    must(ctx_uv_failures(&loop) > 0 ? CTX_ERR_ENTERED : CTX_OK);
    must(ctx_uv_loop_close(&loop));
    return 0;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof programs / sizeof *programs; i++)
        if (strcmp(argv[1], programs[i].name) == 0)
            return run(programs[i].run);
    fprintf(stderr, "usage: async PROGRAM\n");
    return 2;
}
