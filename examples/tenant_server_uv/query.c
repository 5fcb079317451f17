#include "query.h"

#include <string.h>

/* The digits up to the next & or the end. */
static bool read_number(const char *text, int64_t least, int64_t most, int64_t *number)
{
    size_t size = strcspn(text, "&");
    int64_t value = 0;

    if (size == 0 || size > 18)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        value = value * 10 + (text[i] - '0');
    }
    *number = value;
    return value >= least && value <= most;
}

bool query_number(const char *query, const char *name, int64_t least, int64_t most, int64_t *number)
{
    size_t size = strlen(name);
    bool seen = false;

    while (*query) {
        if (strncmp(query, name, size) == 0 && query[size] == '=') {
            if (seen || !read_number(query + size + 1, least, most, number))
                return false;
            seen = true;
        }
        query += strcspn(query, "&");
        query += *query == '&';
    }
    return true;
}
