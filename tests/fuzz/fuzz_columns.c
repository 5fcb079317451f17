/* Tables whose columns are told: by the first line of the bytes, and the table is the rest. */
#include <string.h>

#include "support/trace_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char columns[200];
    const uint8_t *end = size > 0 ? memchr(bytes, '\n', size) : NULL;
    size_t length = end ? (size_t)(end - bytes) : 0;

    if (!end || length >= sizeof columns)
        return 0;
    memcpy(columns, bytes, length);
    columns[length] = '\0';
    return trace_fuzz(end + 1, size - length - 1, "csv", columns);
}
