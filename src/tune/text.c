#include "tune/text.h"

#include <string.h>

/* ---- lines -------------------------------------------------------------------------------- */

static struct ctxi_text without_return(const void *bytes, size_t size)
{
    struct ctxi_text line = {bytes, size};

    if (size > 0 && line.at[size - 1] == '\r')
        line.size--;
    return line;
}

/* Finds the end of the next line: its size in *size, and whether a newline follows. Reads on as far as
 * that takes, but no further than a line may reach. */
static int find_end(struct ctxi_trace_reader *reader, size_t *size, bool *newline)
{
    struct ctxi_input *input = &reader->input;
    size_t seen = 0;

    for (;;) {
        const unsigned char *end =
            input->left > seen ? memchr(input->at + seen, '\n', input->left - seen) : NULL;
        int status;

        *newline = end != NULL;
        *size = end ? (size_t)(end - input->at) : input->left;
        if (end || input->ended || *size > CTXI_LINE_MAX)
            return CTX_OK;
        seen = input->left;
        if ((status = ctxi_input_more(input, reader->problem)) != CTX_OK)
            return status;
    }
}

/* Takes the rest of a line that is too long. */
static int skip_line(struct ctxi_trace_reader *reader)
{
    struct ctxi_input *input = &reader->input;
    size_t size;
    bool newline = false;

    do {
        int status = find_end(reader, &size, &newline);

        if (status != CTX_OK)
            return status;
        ctxi_input_take(input, size + newline);
    } while (!newline && (input->left > 0 || !input->ended));
    return CTX_OK;
}

static int refuse_long(struct ctxi_trace_reader *reader)
{
    int status =
        ctxi_reader_malformed(reader, "a line of at most %zu bytes was expected", CTXI_LINE_MAX);
    int skipped = status == CTX_ABSENT ? skip_line(reader) : CTX_OK;

    return skipped == CTX_OK ? status : skipped;
}

int ctxi_line_next(struct ctxi_trace_reader *reader, struct ctxi_text *out_line)
{
    struct ctxi_input *input = &reader->input;
    size_t size;
    bool newline;
    int status = find_end(reader, &size, &newline);

    *out_line = (struct ctxi_text){NULL, 0};
    if (status != CTX_OK || (size == 0 && !newline))
        return status;
    reader->line++;
    if (size > CTXI_LINE_MAX)
        return refuse_long(reader);
    if (!newline && input->cut) {
        ctxi_input_take(input, size);
        return ctxi_reader_truncated(reader, "a part of a line");
    }
    *out_line = without_return(input->at, size);
    ctxi_input_take(input, size + newline);
    return CTX_OK;
}

int ctxi_lines_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                    size_t *got,
                    int (*parse)(struct ctxi_trace_reader *reader, struct ctxi_text line,
                                 struct ctxi_request *request))
{
    while (*got < count) {
        struct ctxi_text line;
        int status = ctxi_line_next(reader, &line);

        if (status == CTX_OK && !line.at)
            return CTX_OK;
        if (status == CTX_OK)
            status = parse(reader, line, &requests[*got]);
        if (status == CTX_OK)
            ++*got;
        else if (status != CTX_ABSENT)
            return status;
    }
    return CTX_OK;
}

bool ctxi_head_line(const struct ctxi_head *head, size_t *at, struct ctxi_text *out_line)
{
    const unsigned char *start = head->bytes + *at, *end;

    if (*at >= head->size)
        return false;
    end = memchr(start, '\n', head->size - *at);
    if (!end && !head->whole)
        return false;
    end = end ? end : head->bytes + head->size;
    *out_line = without_return(start, (size_t)(end - start));
    *at = (size_t)(end - head->bytes) + 1;
    return true;
}
