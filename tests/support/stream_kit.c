#include "support/stream_kit.h"

#include <string.h>
#include <unistd.h>

#include "ctxcache/status.h"
#include "support/scale.h"

static void *must_have(void *block)
{
    if (!block)
        abort();
    return block;
}

static void *array(size_t count, size_t size)
{
    return must_have(calloc(count ? count : 1, size));
}

/* An object: mostly one of few, by the product of two draws. */
static uint32_t popular(struct support_rng *rng, uint32_t objects)
{
    return (uint32_t)(support_rng_below(rng, objects) * support_rng_below(rng, objects) / objects);
}

static void draw_objects(struct support_rng *rng, struct drawn *drawn, size_t requests,
                         uint32_t objects)
{
    for (size_t i = 0; i < requests;) {
        uint64_t kind = support_rng_below(rng, 4), start = support_rng_below(rng, objects);
        size_t length = 1 + support_rng_below(rng, 2 * objects);

        for (size_t j = 0; j < length && i < requests; j++, i++)
            drawn->objects[i] = kind == 0   ? (uint32_t)((start + j) % objects)
                                : kind == 1 ? (uint32_t)((start + j % 7) % objects)
                                            : popular(rng, objects);
    }
}

static uint8_t draw_op(struct support_rng *rng, const struct drawing *drawing)
{
    uint64_t dice = support_rng_below(rng, 10);

    if (dice == 0 && drawing->deletes)
        return CTXI_OP_DELETE;
    return dice == 1 && drawing->puts ? CTXI_OP_PUT : CTXI_OP_GET;
}

static void draw_rest(struct support_rng *rng, struct drawn *drawn, const struct drawing *drawing)
{
    uint32_t *sizes = array(drawing->objects, sizeof *sizes);

    for (uint32_t i = 0; i < drawing->objects; i++) {
        drawn->object_tenants[i] = (uint32_t)support_rng_below(rng, drawing->tenants);
        sizes[i] = 1 + (uint32_t)support_rng_below(rng, 50);
    }
    for (size_t i = 0; i < drawing->requests; i++) {
        drawn->request_tenants[i] = drawn->object_tenants[drawn->objects[i]];
        drawn->sizes[i] = sizes[drawn->objects[i]];
        drawn->loads_ns[i] = support_rng_below(rng, 1000);
        drawn->ops[i] = draw_op(rng, drawing);
    }
    free(sizes);
}

struct drawn draw_stream(struct support_rng *rng, const struct drawing *drawing)
{
    size_t count = drawing->requests;
    struct drawn drawn = {
        .objects = array(count, sizeof(uint32_t)),
        .request_tenants = array(count, sizeof(uint32_t)),
        .object_tenants = array(drawing->objects, sizeof(uint32_t)),
        .sizes = array(count, sizeof(uint32_t)),
        .loads_ns = array(count, sizeof(uint64_t)),
        .ops = array(count, 1),
    };

    draw_objects(rng, &drawn, count, drawing->objects);
    draw_rest(rng, &drawn, drawing);
    drawn.stream = (struct ctxi_stream){
        .request_count = count,
        .object_count = drawing->objects,
        .tenant_count = drawing->tenants,
        .objects = drawn.objects,
        .request_tenants = drawn.request_tenants,
        .object_tenants = drawn.object_tenants,
        .sizes = drawing->sizes ? drawn.sizes : NULL,
        .loads_ns = drawing->loads ? drawn.loads_ns : NULL,
        .ops = drawing->puts || drawing->deletes ? drawn.ops : NULL,
    };
    return drawn;
}

void drawn_free(struct drawn *drawn)
{
    free(drawn->objects);
    free(drawn->request_tenants);
    free(drawn->object_tenants);
    free(drawn->sizes);
    free(drawn->loads_ns);
    free(drawn->ops);
}

struct drawn stream_of_letters(const char *letters)
{
    struct drawn drawn = {.objects = array(strlen(letters), sizeof(uint32_t))};

    for (size_t i = 0; letters[i]; i++)
        drawn.objects[i] = (uint32_t)(letters[i] - 'A');
    drawn.stream = (struct ctxi_stream){.request_count = strlen(letters),
                                        .object_count = 26,
                                        .tenant_count = 1,
                                        .objects = drawn.objects};
    return drawn;
}

struct ctxi_trace *recorded_trace(const char *name, const char *columns, char out_why[512])
{
    struct ctxi_trace_options options = {.columns = columns};
    const char *folder = getenv("CTX_TRACES");
    struct ctxi_problem problem;
    struct ctxi_trace *trace;
    char path[400];

    snprintf(path, sizeof path, "%s/%s", folder ? folder : "../shared/traces", name);
    if (scaled(10) < 10 && (strstr(name, "p3") || strstr(name, "orm-busy"))) {
        snprintf(out_why, 512, "millions of requests are too many for an instrumented build");
        return NULL;
    }
    if (access(path, R_OK) != 0) {
        snprintf(out_why, 512, "%s is not there (CTX_TRACES names its folder)", path);
        return NULL;
    }
    if (ctxi_trace_load(path, &options, &trace, &problem) != CTX_OK) {
        fprintf(stderr, "%s\n", problem.text);
        abort();
    }
    return trace;
}
