/*
 * A whole trace: what the reader gives in batches, put into arrays that double when they are full.
 */
#include <string.h>

#include "base/alloc.h"
#include "tune/format.h"
#include "tune/grow.h"
#include "tune/objects.h"
#include "tune/unsaid.h"

#define BATCH      ((size_t)4096) /* requests that are read, and looked up, together */
#define FIRST_ROOM ((size_t)1 << 14)

/* One array of the trace. */
struct array {
    void *pointer; /* the address of its pointer in the trace; NULL: the trace has no such array */
    size_t item_size, room;
};

enum {
    OBJECTS,
    REQUEST_TENANTS,
    SIZES,
    TIMES,
    LOADS,
    OPS, /* items are requests */
    OBJECT_KEYS,
    OBJECT_TENANTS, /* items are objects */
    ARRAYS
};

/* What a ctxi_trace really is: the rest is needed to build it, and to give its memory back. */
struct whole {
    struct ctxi_trace trace; /* the first, so that their addresses are the same */
    struct array arrays[ARRAYS];
    struct ctxi_objects numbers;
    struct ctxi_trace_reader *reader; /* NULL when all is read */
    struct ctxi_request *batch;
};

/* ---- memory ------------------------------------------------------------------------------- */

#define ARRAY_OF(member) ((struct array){&whole->trace.member, sizeof *whole->trace.member, 0})

static void list_arrays(struct whole *whole, unsigned has)
{
    struct array *arrays = whole->arrays;

    arrays[OBJECTS] = ARRAY_OF(objects);
    arrays[OBJECT_KEYS] = ARRAY_OF(object_keys);
    if (has & CTXI_TRACE_TENANTS) {
        arrays[REQUEST_TENANTS] = ARRAY_OF(request_tenants);
        arrays[OBJECT_TENANTS] = ARRAY_OF(object_tenants);
    }
    if (has & CTXI_TRACE_SIZES)
        arrays[SIZES] = ARRAY_OF(sizes);
    if (has & CTXI_TRACE_TIMES)
        arrays[TIMES] = ARRAY_OF(times_ns);
    if (has & CTXI_TRACE_LOADS)
        arrays[LOADS] = ARRAY_OF(loads_ns);
    if (has & CTXI_TRACE_OPS)
        arrays[OPS] = ARRAY_OF(ops);
}

/* Room for `count` items in the arrays from `first` to before `end`. */
static int make_room(struct whole *whole, int first, int end, size_t count)
{
    for (int i = first; i < end; i++) {
        struct array *array = &whole->arrays[i];
        size_t room = array->room ? array->room : FIRST_ROOM;

        if (!array->pointer || count <= array->room)
            continue;
        while (room < count)
            room *= 2;
        if (ctxi_grow(array->pointer, array->item_size, array->room, room) != CTX_OK)
            return CTX_ERR_NOMEM;
        array->room = room;
    }
    return CTX_OK;
}

static void free_array(const struct array *array)
{
    void *items;

    if (array->room == 0)
        return;
    memcpy(&items, array->pointer, sizeof items);
    ctxi_free(ctxi_process_allocator(), items, array->room * array->item_size);
}

void ctxi_trace_free(struct ctxi_trace *trace)
{
    const ctx_allocator *allocator = ctxi_process_allocator();
    struct whole *whole = (struct whole *)trace;

    if (!trace)
        return;
    for (int i = 0; i < ARRAYS; i++)
        free_array(&whole->arrays[i]);
    ctxi_objects_fini(&whole->numbers);
    ctxi_free(allocator, whole->batch, BATCH * sizeof *whole->batch);
    ctxi_trace_close(whole->reader);
    ctxi_tenants_free(trace->tenants);
    ctxi_free(allocator, whole, sizeof *whole);
}

/* ---- adding ------------------------------------------------------------------------------- */

static void add_request(struct whole *whole, const struct ctxi_request *request)
{
    struct ctxi_trace *trace = &whole->trace;
    size_t at = trace->request_count++;
    uint32_t object = ctxi_objects_number(&whole->numbers, request->key, request->tenant_number);

    trace->objects[at] = object;
    if (trace->request_tenants)
        trace->request_tenants[at] = request->tenant_number;
    if (trace->sizes)
        trace->sizes[at] = request->size;
    if (trace->times_ns)
        trace->times_ns[at] = request->time_ns;
    if (trace->loads_ns)
        trace->loads_ns[at] = request->load_ns;
    if (trace->ops)
        trace->ops[at] = request->op;
    if (object == trace->object_count) {
        trace->object_keys[trace->object_count++] = request->key;
        if (trace->object_tenants)
            trace->object_tenants[object] = request->tenant_number;
    }
}

/* All that can fail comes before the first request is added. */
static int add_batch(struct whole *whole, size_t count)
{
    struct ctxi_trace *trace = &whole->trace;
    int status = ctxi_objects_promise(&whole->numbers, (uint32_t)count);

    if (status == CTX_OK)
        status = make_room(whole, OBJECTS, OBJECT_KEYS, trace->request_count + count);
    if (status == CTX_OK)
        status = make_room(whole, OBJECT_KEYS, ARRAYS, trace->object_count + count);
    if (status != CTX_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        ctxi_objects_prefetch(&whole->numbers, whole->batch[i].key, whole->batch[i].tenant_number);
    for (size_t i = 0; i < count; i++)
        add_request(whole, &whole->batch[i]);
    return CTX_OK;
}

static int add_all(struct whole *whole, const struct ctxi_trace_options *options,
                   struct ctxi_problem *problem)
{
    size_t got = BATCH;

    while (got == BATCH) {
        uint64_t bytes, total;
        int status = ctxi_trace_read(whole->reader, whole->batch, BATCH, &got, problem);

        if (status != CTX_OK)
            return status;
        if ((status = add_batch(whole, got)) == CTX_ERR_LIMIT)
            return ctxi_problem_say(problem, status, "there are more than 2^32 - 1 objects");
        if (status != CTX_OK)
            return ctxi_problem_nomem(problem);
        ctxi_trace_reader_progress(whole->reader, &bytes, &total);
        if (options && options->progress)
            options->progress(options->progress_user, whole->trace.request_count, bytes, total);
    }
    return CTX_OK;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static int begin(struct whole *whole, const char *path, const struct ctxi_trace_options *options,
                 struct ctxi_problem *problem)
{
    int status = ctxi_trace_open(path, options, &whole->reader, problem);

    if (status != CTX_OK)
        return status;
    list_arrays(whole, ctxi_trace_reader_has(whole->reader));
    whole->batch = ctxi_alloc(ctxi_process_allocator(), BATCH * sizeof *whole->batch);
    return whole->batch && ctxi_objects_init(&whole->numbers) == CTX_OK
               ? CTX_OK
               : ctxi_problem_nomem(problem);
}

/* Gives back what was needed for reading alone. */
static void finish(struct whole *whole)
{
    ctxi_objects_fini(&whole->numbers);
    ctxi_free(ctxi_process_allocator(), whole->batch, BATCH * sizeof *whole->batch);
    whole->batch = NULL;
    whole->trace.rate = ctxi_trace_reader_rate(whole->reader);
    whole->trace.apart = ctxi_trace_reader_has(whole->reader) & CTXI_TRACE_APART;
    whole->trace.skipped = ctxi_trace_reader_skipped(whole->reader);
    whole->trace.format = ctxi_trace_reader_format(whole->reader);
    whole->trace.capacity = whole->reader->capacity;
    whole->trace.recorded = *ctxi_trace_reader_recorded(whole->reader);
    whole->trace.tenants = whole->reader->tenants;
    whole->trace.tenant_count = ctxi_tenants_count(whole->trace.tenants);
    whole->reader->tenants = NULL;
    ctxi_trace_close(whole->reader);
    whole->reader = NULL;
}

int ctxi_trace_load(const char *path, const struct ctxi_trace_options *options,
                    struct ctxi_trace **out_trace, struct ctxi_problem *problem)
{
    struct whole *whole = ctxi_zalloc(ctxi_process_allocator(), sizeof *whole);
    int status;

    *out_trace = NULL;
    if (!whole)
        return ctxi_problem_nomem(problem);
    if ((status = begin(whole, path, options, problem)) != CTX_OK ||
        (status = add_all(whole, options, problem)) != CTX_OK) {
        ctxi_trace_free(&whole->trace);
        return status;
    }
    finish(whole);
    if (ctxi_unsaid_fill(&whole->trace) != CTX_OK) {
        ctxi_trace_free(&whole->trace);
        return ctxi_problem_nomem(problem);
    }
    *out_trace = &whole->trace;
    return CTX_OK;
}
