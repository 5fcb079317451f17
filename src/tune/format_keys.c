/*
 * One key per line, any text. Blank lines are passed over.
 */
#include "base/hash.h"
#include "tune/text.h"

static bool keys_matches(const struct ctxi_head *head)
{
    return head->text;
}

static int parse(struct ctxi_trace_reader *reader, struct ctxi_text line,
                 struct ctxi_request *request)
{
    (void)reader;
    if (line.size == 0)
        return CTX_ABSENT;
    *request = (struct ctxi_request){.key = ctxi_digest(line.at, line.size), .size = 1};
    return CTX_OK;
}

static int keys_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                     size_t *got)
{
    return ctxi_lines_read(reader, requests, count, got, parse);
}

const struct ctxi_trace_format ctxi_format_keys = {
    .name = "keys",
    .about = "text, one key per line",
    .matches = keys_matches,
    .read = keys_read,
};
