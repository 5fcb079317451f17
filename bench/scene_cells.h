/*
 * scene_cells.h: measuring a scene: a cell for each competitor and number of threads.
 */
#ifndef BENCH_SCENE_CELLS_H
#define BENCH_SCENE_CELLS_H

#include "scene.h"

/* How many the plan leaves of this workload. */
size_t scene_cells_count(const char *workload, const struct plan *plan);

/* Adds them to the group, and fills the resident caches. The scene must stay until they are
 * closed. */
void scene_cells_add(struct group *group, struct scene *scene, const struct plan *plan);

/* Those of all scenes of the group: fills in results and checks them; frees what the cells own. */
void scene_cells_complete(struct group *group);
void scene_cells_close(struct group *group);

#endif
