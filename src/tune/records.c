#include "tune/records.h"

#include <stdio.h>

static int refuse_part(struct ctxi_trace_reader *reader, size_t record_size)
{
    char what[80];
    size_t part = reader->input.left;
    int status;

    snprintf(what, sizeof what, "%zu of its %zu bytes", part, record_size);
    status = ctxi_reader_truncated(reader, what);
    ctxi_input_take(&reader->input, part);
    return status == CTX_ABSENT ? CTX_OK : status;
}

int ctxi_records_read(struct ctxi_trace_reader *reader, struct ctxi_request *requests, size_t count,
                      size_t *got, size_t record_size,
                      int (*decode)(struct ctxi_trace_reader *reader, const unsigned char *record,
                                    struct ctxi_request *request))
{
    struct ctxi_input *input = &reader->input;

    while (*got < count) {
        int status = ctxi_input_want(input, record_size, reader->problem);

        if (status != CTX_OK || input->left == 0)
            return status;
        if (input->left < record_size)
            return refuse_part(reader, record_size);
        status = decode(reader, input->at, &requests[*got]);
        if (status == CTX_OK)
            ++*got;
        else if (status != CTX_ABSENT)
            return status;
        ctxi_input_take(input, record_size);
    }
    return CTX_OK;
}
