/*
 * Tables of comma- or tab-separated values. What their columns are is found out by columns.c.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "tune/columns.h"
#include "tune/text.h"

struct table {
    char delimiter;
    struct ctxi_columns columns;
    struct ctxi_row row;
    char unquoted[CTXI_LINE_MAX]; /* scratch of the row */
    /* A key or a tenant that is made of several columns, each of which is in it once. */
    char joined[CTXI_LINE_MAX + CTXI_ROLE_COLUMNS];
};

static bool csv_matches(const struct ctxi_head *head)
{
    struct ctxi_text line;
    size_t at = 0;

    if (head->options->columns)
        return true;
    return head->text && ctxi_head_line(head, &at, &line) && line.size > 0 &&
           (memchr(line.at, ',', line.size) || memchr(line.at, '\t', line.size));
}

/* ---- the first line ----------------------------------------------------------------------- */

static unsigned columns_have(const struct ctxi_columns *columns)
{
    static const unsigned has[CTXI_ROLE_COUNT] = {
        [CTXI_ROLE_TENANT] = CTXI_TRACE_TENANTS, [CTXI_ROLE_OP] = CTXI_TRACE_OPS,
        [CTXI_ROLE_SIZE] = CTXI_TRACE_SIZES,     [CTXI_ROLE_TIME] = CTXI_TRACE_TIMES,
        [CTXI_ROLE_LOAD] = CTXI_TRACE_LOADS,
    };
    unsigned all = 0;

    for (size_t i = 0; i < CTXI_ROLE_COUNT; i++)
        all |= columns->roles[i].count > 0 ? has[i] : 0;
    return all;
}

/* A mark that some writers put before all other text. */
static void skip_byte_order_mark(struct ctxi_input *input)
{
    if (input->left >= 3 && memcmp(input->at, "\xef\xbb\xbf", 3) == 0)
        ctxi_input_take(input, 3);
}

/* Looks at the first line without taking it. */
static int peek_line(struct ctxi_trace_reader *reader, struct ctxi_text *out_line)
{
    struct ctxi_input *input = &reader->input;
    int status = ctxi_input_want(input, CTXI_LINE_MAX + 1, reader->problem);
    struct ctxi_head head = {.bytes = input->at, .size = input->left, .whole = input->ended};
    size_t at = 0;

    if (status == CTX_OK &&
        (!ctxi_head_line(&head, &at, out_line) || out_line->size > CTXI_LINE_MAX))
        status = ctxi_problem_say(reader->problem, CTX_ERR_INVALID,
                                  "%s:1: a line of at most %zu bytes was expected", input->path,
                                  CTXI_LINE_MAX);
    return status;
}

static int bind_columns(struct ctxi_trace_reader *reader, struct table *table,
                        const struct ctxi_trace_options *options)
{
    struct ctxi_problem wrong;
    struct ctxi_text line;
    const char *flaw;
    bool header;
    int status;

    skip_byte_order_mark(&reader->input);
    if ((status = peek_line(reader, &line)) != CTX_OK)
        return status;
    table->delimiter = line.size > 0 && memchr(line.at, '\t', line.size) ? '\t' : ',';
    if ((flaw = ctxi_row_split(line, table->delimiter, table->unquoted, &table->row)))
        return ctxi_problem_say(reader->problem, CTX_ERR_INVALID, "%s:1: %s", reader->input.path,
                                flaw);
    status = ctxi_columns_bind(options->columns, &table->row, &table->columns, &header, &wrong);
    if (status != CTX_OK)
        return ctxi_problem_say(reader->problem, status, "%s:1: %.300s", reader->input.path,
                                wrong.text);
    reader->has = columns_have(&table->columns);
    status = header ? ctxi_line_next(reader, &line) : CTX_OK;
    return status == CTX_ABSENT ? CTX_OK : status;
}

static int csv_open(struct ctxi_trace_reader *reader, const struct ctxi_trace_options *options)
{
    reader->state = ctxi_alloc(ctxi_process_allocator(), sizeof(struct table));
    if (!reader->state)
        return ctxi_problem_nomem(reader->problem);
    return bind_columns(reader, reader->state, options);
}

static void csv_close(struct ctxi_trace_reader *reader)
{
    ctxi_free(ctxi_process_allocator(), reader->state, sizeof(struct table));
}

/* ---- rows --------------------------------------------------------------------------------- */

/* The text of a role: its column, or its columns joined. */
static struct ctxi_text gather(struct table *table, enum ctxi_role role)
{
    const struct ctxi_role_columns *columns = &table->columns.roles[role];
    size_t size = 0;

    if (columns->count == 1)
        return table->row.fields[columns->at[0]];
    for (size_t i = 0; i < columns->count; i++) {
        struct ctxi_text field = table->row.fields[columns->at[i]];

        if (i > 0)
            table->joined[size++] = CTXI_JOINT;
        memcpy(table->joined + size, field.at, field.size);
        size += field.size;
    }
    return (struct ctxi_text){table->joined, size};
}

static int take_number(struct ctxi_trace_reader *reader, struct table *table, enum ctxi_role role,
                       uint64_t *out)
{
    static const char *const wanted[CTXI_ROLE_COUNT] = {
        [CTXI_ROLE_SIZE] = "a size in bytes below 2^32",
        [CTXI_ROLE_TIME] = "a time below 2^64 ns",
        [CTXI_ROLE_LOAD] = "a load time below 2^64 ns",
    };
    struct ctxi_text text;

    if (table->columns.roles[role].count == 0)
        return CTX_OK;
    text = gather(table, role);
    if (ctxi_columns_number(&table->columns, role, text, out))
        return CTX_OK;
    return ctxi_reader_malformed(reader, "%s was expected, not '%s'", wanted[role],
                                 ctxi_show(text.at, text.size).text);
}

static int take_op(struct ctxi_trace_reader *reader, struct table *table, uint8_t *out)
{
    struct ctxi_text text;

    if (table->columns.roles[CTXI_ROLE_OP].count == 0)
        return CTX_OK;
    text = gather(table, CTXI_ROLE_OP);
    if (ctxi_columns_op(text, out))
        return CTX_OK;
    return ctxi_reader_malformed(reader, "get, put or delete was expected, not '%s'",
                                 ctxi_show(text.at, text.size).text);
}

static int take_tenant(struct ctxi_trace_reader *reader, struct table *table,
                       struct ctxi_request *request)
{
    struct ctxi_text name;

    if (table->columns.roles[CTXI_ROLE_TENANT].count == 0)
        return CTX_OK;
    name = gather(table, CTXI_ROLE_TENANT);
    return ctxi_reader_tenant(reader, request, ctxi_digest(name.at, name.size), name.at, name.size);
}

static int take_row(struct ctxi_trace_reader *reader, struct table *table,
                    struct ctxi_request *request)
{
    struct ctxi_text key = gather(table, CTXI_ROLE_KEY);
    uint64_t size = 1;
    int status;

    *request = (struct ctxi_request){.key = ctxi_digest(key.at, key.size)};
    if ((status = take_number(reader, table, CTXI_ROLE_SIZE, &size)) != CTX_OK ||
        (status = take_number(reader, table, CTXI_ROLE_TIME, &request->time_ns)) != CTX_OK ||
        (status = take_number(reader, table, CTXI_ROLE_LOAD, &request->load_ns)) != CTX_OK ||
        (status = take_op(reader, table, &request->op)) != CTX_OK)
        return status;
    request->size = (uint32_t)size;
    return take_tenant(reader, table, request);
}

static int parse(struct ctxi_trace_reader *reader, struct ctxi_text line,
                 struct ctxi_request *request)
{
    struct table *table = reader->state;
    const char *flaw;

    if (line.size == 0)
        return CTX_ABSENT;
    flaw = ctxi_row_split(line, table->delimiter, table->unquoted, &table->row);
    if (flaw)
        return ctxi_reader_malformed(reader, "%s", flaw);
    if (table->row.count != table->columns.row_count)
        return ctxi_reader_malformed(reader, "%zu columns were expected, not %zu",
                                     table->columns.row_count, table->row.count);
    return take_row(reader, table, request);
}

static int csv_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                    size_t *got)
{
    return ctxi_lines_read(reader, requests, count, got, parse);
}

const struct ctxi_trace_format ctxi_format_csv = {
    .name = "csv",
    .about = "comma- or tab-separated columns",
    .matches = csv_matches,
    .open = csv_open,
    .close = csv_close,
    .read = csv_read,
};
