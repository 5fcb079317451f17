/*
 * The traces of the LIRS paper (Jiang, Zhang, SIGMETRICS 2002): one block number per line; lines of '*'
 * mark where phases begin, and are passed over as blank ones are.
 */
#include "tune/text.h"

static bool is_mark(struct ctxi_text line)
{
    return line.size == 0 || (line.size == 1 && line.at[0] == '*');
}

static bool lirs_matches(const struct ctxi_head *head)
{
    struct ctxi_text line;
    uint64_t number;
    bool found = false;

    for (size_t at = 0; head->text && ctxi_head_line(head, &at, &line);)
        if (ctxi_text_u64(line, &number))
            found = true;
        else if (!is_mark(line))
            return false;
    return found;
}

static int parse(struct ctxi_trace_reader *reader, struct ctxi_text line,
                 struct ctxi_request *request)
{
    *request = (struct ctxi_request){.size = 1};
    if (ctxi_text_u64(line, &request->key))
        return CTX_OK;
    if (is_mark(line))
        return CTX_ABSENT;
    return ctxi_reader_malformed(reader, "a block number or '*' was expected, not '%s'",
                                 ctxi_show(line.at, line.size).text);
}

static int lirs_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                     size_t *got)
{
    return ctxi_lines_read(reader, requests, count, got, parse);
}

const struct ctxi_trace_format ctxi_format_lirs = {
    .name = "lirs",
    .about = "text, one block number per line (LIRS .trc)",
    .matches = lirs_matches,
    .read = lirs_read,
};
