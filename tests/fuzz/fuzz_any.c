/* Finding out what a trace is, and unpacking it, whatever bytes it has. */
#include "support/trace_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    return trace_fuzz(bytes, size, NULL, NULL);
}
