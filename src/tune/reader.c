#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "tune/format.h"

/* ---- what formats are offered ------------------------------------------------------------- */

int ctxi_reader_malformed(struct ctxi_trace_reader *reader, const char *format, ...)
{
    const char *path = reader->input.path;
    char what[256];
    va_list arguments;

    reader->skipped++;
    if (reader->lenient)
        return CTX_ABSENT;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (reader->line > 0)
        return ctxi_problem_say(reader->problem, CTX_ERR_INVALID, "%s:%" PRIu64 ": %s", path,
                                reader->line, what);
    return ctxi_problem_say(reader->problem, CTX_ERR_INVALID, "%s: offset %" PRIu64 ": %s", path,
                            reader->input.offset, what);
}

int ctxi_reader_truncated(struct ctxi_trace_reader *reader, const char *what)
{
    bool cut = reader->input.cut;

    reader->input.cut = false; /* said, or counted, once */
    if (cut)
        return ctxi_reader_malformed(reader, "the %s data was expected to go on after %s",
                                     reader->input.unpacker->name, what);
    return ctxi_reader_malformed(reader, "the rest of a record was expected after %s", what);
}

int ctxi_reader_tenant(struct ctxi_trace_reader *reader, struct ctxi_request *request, uint64_t id,
                       const char *name, size_t name_size)
{
    int status = ctxi_tenants_find(reader->tenants, id, name, name_size, &request->tenant_number);

    request->tenant = id;
    if (status == CTX_ERR_LIMIT)
        return ctxi_problem_say(reader->problem, status, "%s: too many tenants",
                                reader->input.path);
    return status == CTX_OK ? CTX_OK : ctxi_problem_nomem(reader->problem);
}

/* ---- opening ------------------------------------------------------------------------------ */

#define HEAD_SIZE ((size_t)32 << 10)

static bool is_text(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] < 0x20 && bytes[i] != '\t' && bytes[i] != '\n' && bytes[i] != '\r')
            return false;
    return true;
}

static int find_format(struct ctxi_trace_reader *reader, const struct ctxi_trace_options *options)
{
    const struct ctxi_input *input = &reader->input;
    struct ctxi_head head = {.bytes = input->at,
                             .size = input->left,
                             .whole = input->ended,
                             .text = is_text(input->at, input->left),
                             .path = input->path,
                             .options = options};

    reader->format =
        options->format ? ctxi_format_named(options->format) : ctxi_format_matching(&head);
    if (reader->format)
        return CTX_OK;
    if (options->format)
        return ctxi_problem_say(reader->problem, CTX_ERR_INVALID, "there is no format '%s'",
                                ctxi_show(options->format, strlen(options->format)).text);
    return ctxi_problem_say(
        reader->problem, CTX_ERR_INVALID,
        "%s: a trace in a known format was expected; if it is one, name it by --format",
        input->path);
}

static int check_not_empty(struct ctxi_trace_reader *reader)
{
    const struct ctxi_input *input = &reader->input;

    if (input->left > 0)
        return CTX_OK;
    return ctxi_problem_say(reader->problem, CTX_ERR_INVALID,
                            "%s: offset 0: a request was expected, but it is empty%s", input->path,
                            input->cut ? " up to where its compressed data is cut off" : "");
}

static int begin(struct ctxi_trace_reader *reader, const struct ctxi_trace_options *options)
{
    struct ctxi_request nobody;
    int status = ctxi_input_want(&reader->input, HEAD_SIZE, reader->problem);

    if (status == CTX_OK)
        status = check_not_empty(reader);
    if (status == CTX_OK)
        status = find_format(reader, options);
    if (status != CTX_OK)
        return status;
    reader->has = reader->format->has;
    reader->rate = 1;
    if (reader->format->open && (status = reader->format->open(reader, options)) != CTX_OK)
        return status;
    return reader->has & CTXI_TRACE_TENANTS ? CTX_OK
                                            : ctxi_reader_tenant(reader, &nobody, 0, "", 0);
}

int ctxi_trace_open(const char *path, const struct ctxi_trace_options *options,
                    struct ctxi_trace_reader **out_reader, struct ctxi_problem *problem)
{
    static const struct ctxi_trace_options defaults = {.format = NULL};
    const ctx_allocator *allocator = ctxi_process_allocator();
    struct ctxi_trace_reader *reader = ctxi_zalloc(allocator, sizeof *reader);
    int status;

    options = options ? options : &defaults;
    *out_reader = NULL;
    if (!reader)
        return ctxi_problem_nomem(problem);
    reader->problem = problem;
    reader->lenient = options->lenient;
    if ((status = ctxi_input_open(&reader->input, path, problem)) != CTX_OK) {
        ctxi_free(allocator, reader, sizeof *reader);
        return status;
    }
    status = ctxi_tenants_new(&reader->tenants) == CTX_OK ? begin(reader, options)
                                                          : ctxi_problem_nomem(problem);
    if (status == CTX_OK)
        *out_reader = reader;
    else
        ctxi_trace_close(reader);
    return status;
}

void ctxi_trace_close(struct ctxi_trace_reader *reader)
{
    if (!reader)
        return;
    if (reader->state)
        reader->format->close(reader);
    ctxi_tenants_free(reader->tenants);
    ctxi_input_close(&reader->input);
    ctxi_free(ctxi_process_allocator(), reader, sizeof *reader);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* The end, which is none if the compressed data is cut off between two records. */
static int end(struct ctxi_trace_reader *reader)
{
    int status = reader->input.cut ? ctxi_reader_truncated(reader, "the last record") : CTX_OK;

    if (status == CTX_ERR_INVALID || reader->requests > 0)
        return status == CTX_ERR_INVALID ? status : CTX_OK;
    return ctxi_problem_say(reader->problem, CTX_ERR_INVALID, "%s: %s", reader->input.path,
                            reader->nothing ? reader->nothing
                                            : "a request was expected before the end");
}

int ctxi_trace_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                    size_t *out_got, struct ctxi_problem *problem)
{
    *out_got = 0;
    reader->problem = problem;
    if (reader->status != CTX_OK)
        return ctxi_problem_say(problem, reader->status, "%s: it could not be read before",
                                reader->input.path);
    reader->status = reader->format->read(reader, requests, count, out_got);
    reader->requests += *out_got;
    if (reader->status == CTX_OK && *out_got < count)
        reader->status = end(reader);
    return reader->status;
}

/* ---- asking ------------------------------------------------------------------------------- */

const char *ctxi_trace_reader_format(const struct ctxi_trace_reader *reader)
{
    return reader->format->name;
}

unsigned ctxi_trace_reader_has(const struct ctxi_trace_reader *reader)
{
    return reader->has;
}

double ctxi_trace_reader_rate(const struct ctxi_trace_reader *reader)
{
    return reader->rate;
}

const struct ctxi_tenants *ctxi_trace_reader_tenants(const struct ctxi_trace_reader *reader)
{
    return reader->tenants;
}

const struct ctxi_recorded_facts *ctxi_trace_reader_recorded(const struct ctxi_trace_reader *reader)
{
    return &reader->recorded;
}

uint64_t ctxi_trace_reader_skipped(const struct ctxi_trace_reader *reader)
{
    return reader->skipped;
}

void ctxi_trace_reader_progress(const struct ctxi_trace_reader *reader, uint64_t *out_bytes,
                                uint64_t *out_total)
{
    *out_bytes = reader->input.file_read;
    *out_total = reader->input.file_size;
}
