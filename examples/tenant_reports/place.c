#include "place.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "database.h"

bool place_choose(struct place *place, const char *path)
{
    const char *parent = getenv("TMPDIR");
    int size;

    *place = (struct place){"", ""};
    if (path) {
        size = snprintf(place->path, sizeof place->path, "%s", path);
        return size < (int)sizeof place->path;
    }
    size = snprintf(place->directory, sizeof place->directory, "%s/tenant_server.XXXXXX",
                    parent && *parent ? parent : "/tmp");
    if (size >= (int)sizeof place->directory || !mkdtemp(place->directory)) {
        place->directory[0] = '\0';
        return false;
    }
    snprintf(place->path, sizeof place->path, "%s/orders.db", place->directory);
    return true;
}

static bool stop(void *life)
{
    return lifetime_over(life, 0);
}

bool place_fill(const struct place *place, long rows, struct lifetime *life)
{
    char unfinished[sizeof place->path + 16];

    if (access(place->path, F_OK) == 0)
        return true;
    snprintf(unfinished, sizeof unfinished, "%s.unfinished", place->path);
    unlink(unfinished);
    printf("making %ld orders\n", rows);
    fflush(stdout);
    if (!database_create(unfinished, rows, stop, life))
        return false;
    if (rename(unfinished, place->path) == 0)
        return true;
    perror(place->path);
    unlink(unfinished);
    return false;
}

void place_leave(const struct place *place)
{
    if (place->directory[0] == '\0')
        return;
    unlink(place->path);
    rmdir(place->directory);
}
