/* build.h: from a resolved world to a graph. */
#ifndef PT_BUILD_H
#define PT_BUILD_H

#include "graph/graph.h"
#include "resolve/impls.h"

/* Which ids the definitions of a world have in a graph, for whoever keeps the world; PT_NONE: none. */
typedef struct pt_graph_ids {
    PT_VEC(u32) node_of;          /* by definition */
    PT_VEC(u32) anchor_of;        /* by definition */
    PT_VEC(u32) node_of_external; /* by external path: id + 1, 0 none */
    PT_VEC(u32) file_of;          /* by file of the world */
} pt_graph_ids;
void pt_graph_ids_free(pt_graph_ids *ids);

/* Builds the image of a resolved world. `generation` counts the commits of its store. `sites` is emptied. `ids` may be NULL. */
int pt_graph_build(pt_graph **out, pt_graph_ids *ids, pt_world *world, pt_sites *sites, u64 generation,
                   pt_error *error);

#endif
