#include "base/versioned.h"

#include <string.h>

static bool all_zero(const unsigned char *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i])
            return false;
    return true;
}

bool ctxi_versioned_read(void *ours, size_t known, size_t oldest, const void *theirs, size_t size)
{
    if (size < oldest)
        return false;
    if (size > known && !all_zero((const unsigned char *)theirs + known, size - known))
        return false;
    memset(ours, 0, known);
    memcpy(ours, theirs, size < known ? size : known);
    return true;
}

bool ctxi_versioned_write(void *theirs, size_t size, size_t oldest, const void *ours, size_t known)
{
    if (size < oldest)
        return false;
    memset(theirs, 0, size);
    memcpy(theirs, ours, size < known ? size : known);
    memcpy(theirs, &size, sizeof size);
    return true;
}
