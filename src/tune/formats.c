/*
 * The table of formats. A new one is a format_<name>.c and a row here.
 */
#include <string.h>

#include "tune/format.h"

/* In the order in which they are tried: those that cannot be mistaken come first. */
static const struct ctxi_trace_format *const formats[] = {
    &ctxi_format_recorded, &ctxi_format_csv,    &ctxi_format_arc, &ctxi_format_lirs,
    &ctxi_format_keys,     &ctxi_format_oracle, &ctxi_format_orm,
};

#define FORMAT_COUNT (sizeof formats / sizeof *formats)

const struct ctxi_trace_format *ctxi_format_named(const char *name)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    return NULL;
}

const struct ctxi_trace_format *ctxi_format_matching(const struct ctxi_head *head)
{
    for (size_t i = 0; i < FORMAT_COUNT; i++)
        if (formats[i]->matches(head))
            return formats[i];
    return NULL;
}

const char *ctxi_trace_format_name(size_t number)
{
    return number < FORMAT_COUNT ? formats[number]->name : NULL;
}

const char *ctxi_trace_format_about(size_t number)
{
    return number < FORMAT_COUNT ? formats[number]->about : NULL;
}
