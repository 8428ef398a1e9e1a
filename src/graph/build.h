/* build.h: from a resolved world to a graph. */
#ifndef PT_BUILD_H
#define PT_BUILD_H

#include "graph/graph.h"
#include "resolve/impls.h"

/* Builds the image of a resolved world. `generation` counts the commits of its store. `sites` is emptied. */
int pt_graph_build(pt_graph **out, pt_world *world, pt_sites *sites, u64 generation, pt_error *error);

#endif
