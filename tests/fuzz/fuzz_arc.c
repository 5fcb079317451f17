/* The arc reader, whatever bytes it is given. */
#include "support/trace_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    return trace_fuzz(bytes, size, "arc", NULL);
}
