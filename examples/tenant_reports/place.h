/*
 * place.h: where the database is: in a file that the user names, or in a temporary directory.
 */
#ifndef PLACE_H
#define PLACE_H

#include "lifetime.h"

/* With a temporary directory both go at the end. */
struct place {
    char directory[512]; /* "" if the user gave a path */
    char path[576];
};

/* `path` NULL: a temporary directory. False: there is none, or the path is too long. */
bool place_choose(struct place *place, const char *path);

/* Makes the database of `rows` orders if it is not there; one that was asked for by path appears whole or
 * not at all. False after telling stderr why, or at the end of `life`. */
bool place_fill(const struct place *place, long rows, struct lifetime *life);

void place_leave(const struct place *place);

#endif
