#include "sections.h"

#include <string.h>

static const struct section *const sections[] = {&section_context, &section_cache, &section_record,
                                                 &section_growth, &section_async};

#define COUNT(array) (sizeof(array) / sizeof *(array))

const struct section *section_at(size_t number)
{
    return number < COUNT(sections) ? sections[number] : NULL;
}

bool section_wanted(const struct section *section, const struct plan *plan)
{
    bool all = !plan->sections || plan_wants(plan->sections, "all");

    return (all && !section->on_demand) ||
           (plan->sections && plan_wants(plan->sections, section->name));
}

size_t sections_groups(const struct plan *plan, struct group out_groups[GROUPS_MAX],
                       const struct section *out_sections[GROUPS_MAX])
{
    size_t count = 0;

    for (size_t s = 0; s < COUNT(sections); s++) {
        struct group group;

        for (size_t i = 0; sections[s]->describe(i, &group); i++) {
            if (!section_wanted(sections[s], plan) || sections[s]->count(&group, plan) == 0)
                continue;
            out_sections[count] = sections[s];
            out_groups[count++] = group;
        }
    }
    return count;
}

static bool is_listed(const char *name, const struct absence *absences, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, absences[i].competitor) == 0)
            return true;
    return false;
}

size_t sections_absences(const struct plan *plan, struct absence out_absences[ABSENCES_MAX])
{
    size_t count = 0;

    for (size_t s = 0; s < COUNT(sections); s++) {
        const char *name, *about, *package;

        if (!sections[s]->missing_package || !section_wanted(sections[s], plan))
            continue;
        for (size_t i = 0; count < ABSENCES_MAX && (name = sections[s]->competitor(i, &about)); i++)
            if (plan_wants(plan->competitors, name) && !is_listed(name, out_absences, count) &&
                (package = sections[s]->missing_package(i)))
                out_absences[count++] = (struct absence){name, package};
    }
    return count;
}
