/*
 * The traces of the ARC paper (Megiddo, Modha, FAST 2003): lines of four numbers, "start count ignored
 * number"; each stands for `count` requests, for the pages from `start` on.
 */
#include "base/alloc.h"
#include "tune/text.h"

#define COUNT_MAX ((uint64_t)1 << 20) /* pages of one line; more is a slip */

/* What is left of the line that was read last. */
struct range {
    uint64_t next, left;
};

static bool take_line(struct ctxi_text line, struct range *out)
{
    uint64_t numbers[4];

    for (size_t i = 0; i < 4; i++)
        if (!ctxi_text_u64(ctxi_text_until(&line, ' '), &numbers[i]))
            return false;
    *out = (struct range){numbers[0], numbers[1]};
    return line.size == 0;
}

static bool arc_matches(const struct ctxi_head *head)
{
    struct ctxi_text line;
    struct range range;
    bool found = false;

    for (size_t at = 0; head->text && ctxi_head_line(head, &at, &line);)
        if (take_line(line, &range))
            found = true;
        else if (line.size > 0)
            return false;
    return found;
}

static int arc_open(struct ctxi_trace_reader *reader, const struct ctxi_trace_options *options)
{
    (void)options;
    reader->state = ctxi_zalloc(ctxi_process_allocator(), sizeof(struct range));
    return reader->state ? CTX_OK : ctxi_problem_nomem(reader->problem);
}

static void arc_close(struct ctxi_trace_reader *reader)
{
    ctxi_free(ctxi_process_allocator(), reader->state, sizeof(struct range));
}

/* Fills the range from the next line; an empty one with CTX_OK: there are no more lines. */
static int next_range(struct ctxi_trace_reader *reader, struct range *range)
{
    struct ctxi_text line;
    int status;

    *range = (struct range){0, 0};
    if ((status = ctxi_line_next(reader, &line)) != CTX_OK || !line.at)
        return status;
    if (line.size == 0)
        return CTX_ABSENT;
    if (take_line(line, range) && range->left <= COUNT_MAX)
        return range->left > 0 ? CTX_OK : CTX_ABSENT;
    *range = (struct range){0, 0};
    return ctxi_reader_malformed(
        reader, "'start count ignored number' was expected, with a count up to %llu, not '%s'",
        (unsigned long long)COUNT_MAX, ctxi_show(line.at, line.size).text);
}

static int arc_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                    size_t *got)
{
    struct range *range = reader->state;

    while (*got < count) {
        if (range->left == 0) {
            int status = next_range(reader, range);

            if (status == CTX_ABSENT)
                continue;
            if (status != CTX_OK || range->left == 0)
                return status;
        }
        requests[(*got)++] = (struct ctxi_request){.key = range->next++, .size = 1};
        range->left--;
    }
    return CTX_OK;
}

const struct ctxi_trace_format ctxi_format_arc = {
    .name = "arc",
    .about = "text, 'start count ignored number' per line (ARC .lis)",
    .matches = arc_matches,
    .open = arc_open,
    .close = arc_close,
    .read = arc_read,
};
