#include "capacities.h"

#include <stdlib.h>

#include "die.h"
#include "options.h"

bool capacities_read(struct capacities *capacities, const char *command, const char **typed)
{
    size_t count = 0;

    *capacities = (struct capacities){NULL, 0};
    while (typed && typed[count])
        count++;
    if (count == 0)
        return true;
    capacities->values = die_calloc(count, sizeof *capacities->values);
    for (; capacities->count < count; capacities->count++) {
        uint64_t *value = &capacities->values[capacities->count];

        if (!options_whole(typed[capacities->count], value) || *value == 0)
            return options_wrong(command, "--capacity wants whole numbers over 0, not '%s'",
                                 typed[capacities->count]);
    }
    return true;
}

void capacities_choose(struct capacities *capacities, uint64_t objects)
{
    static const unsigned percents[] = {1, 5, 10, 20, 50};
    size_t most = sizeof percents / sizeof *percents;

    *capacities = (struct capacities){die_calloc(most, sizeof *capacities->values), 0};
    for (size_t i = 0; i < most; i++) {
        uint64_t value = objects / 100 * percents[i] + objects % 100 * percents[i] / 100;

        if (value > 0 &&
            (capacities->count == 0 || value > capacities->values[capacities->count - 1]))
            capacities->values[capacities->count++] = value;
    }
    if (capacities->count == 0)
        capacities->values[capacities->count++] = 1;
}

void capacities_free(struct capacities *capacities)
{
    free(capacities->values);
}
