/*
 * text.h: lines. Included by the formats that are text.
 */
#ifndef CTXI_TUNE_TEXT_H
#define CTXI_TUNE_TEXT_H

#include "tune/format.h"
#include "tune/word.h"

#define CTXI_LINE_MAX ((size_t)64 << 10) /* bytes of a line */

/*
 * The next line, without its end ("\n" or "\r\n"), valid until the next call; at == NULL: there are no
 * more. Errors of ctxi_trace_open(); CTX_ABSENT: there was one that is too long or cut off, which a
 * lenient reader passes over.
 */
int ctxi_line_next(struct ctxi_trace_reader *reader, struct ctxi_text *out_line);

/*
 * A trace with at most one request a line: calls parse() for each. It answers CTX_OK, CTX_ABSENT
 * (no request, go on) or an error.
 */
int ctxi_lines_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                    size_t *got,
                    int (*parse)(struct ctxi_trace_reader *reader, struct ctxi_text line,
                                 struct ctxi_request *request));

/* The first lines of a text that are there as a whole, one after the other; false: there are no more. */
bool ctxi_head_line(const struct ctxi_head *head, size_t *at, struct ctxi_text *out_line);

#endif
