/* amend.h: from what a few items assert now to a batch, without looking at the rest of the graph. */
#ifndef PT_AMEND_H
#define PT_AMEND_H

#include "graph/build.h"
#include "graph/delta.h"
#include "resolve/follow.h"

/* From the ids of a graph that was built anew to those of the snapshot that it became when it was committed. */
int pt_graph_ids_move(pt_graph_ids *ids, const pt_graph *built, const pt_graph *kept, pt_error *error);

/* The batch that leads from `before` to the state after `changes`. `sites`: what every definition asserts whose sites may be
 * others; of all other definitions it is what `before` says. PT_ELIMIT, with a message that says why: everything has to be
 * made anew (two items of one identity, ids used up). After a failure, or when the batch is not committed, `ids` are of no
 * snapshot any more. */
int pt_graph_amend(pt_delta_builder *out, pt_graph_ids *ids, pt_world *world, const pt_graph *before,
                   const pt_changes *changes, const pt_item_sites *sites, u64 generation, pt_error *error);

#endif
