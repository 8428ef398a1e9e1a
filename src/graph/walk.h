/* walk.h: traversals of one snapshot, without allocation in the steady state.
 *
 * A walker is a reader's scratch: a visited bitmap that is cleared by replaying its queue, and the queue. */
#ifndef PT_WALK_H
#define PT_WALK_H

#include "graph/graph.h"

typedef struct pt_walker {
    u64 *visited;
    u32 *queue, *parent; /* in order of discovery; parent: index in the queue, PT_NONE the start */
    u8 *depth;
    u32 count, capacity;
    u64 *expanded; /* trait members whose callers were reached already; listed in members */
    u32 *members, member_count;
    void *scratch; /* of pt_components: kept from one call to the next */
    u64 scratch_size;
} pt_walker;

int pt_walker_create(pt_walker *walker, const pt_graph *graph);
/* A walker that may be from another graph: enlarged when this one has more nodes. A zeroed one is made. */
int pt_walker_fit(pt_walker *walker, const pt_graph *graph);
void pt_walker_free(pt_walker *walker);
void pt_walker_clear(pt_walker *walker);

/* A step of a walk of the caller's own: the node joins the queue unless it is in it; `parent` is an index there. */
void pt_walk_reach(pt_walker *walker, u32 node, u32 parent, u32 depth);

/* Who is reached backwards within `depth` (at most 255) steps over all kinds but `contains`: the blast radius.
 * From an impl's member on to the callers of the workspace trait's member it overrides; what is external is
 * reached but never walked through, the start excepted. Nodes are queue[1 .. count). */
void pt_walk_blast(pt_walker *walker, const pt_graph *graph, u32 start, u32 depth, bool candidates);
/* Shortest way from one node to another over all kinds but `contains`; true when found: the way is the parents'
 * chain from the last queue entry. */
bool pt_walk_path(pt_walker *walker, const pt_graph *graph, u32 from, u32 to, bool candidates);

/* Strongly connected components of more than one node (Tarjan, 1972, without recursion) of a graph given as
 * rows. `component[n]` gets a number or PT_NONE; the number of components is returned. */
int pt_components(u32 *component, u32 *component_count, const u32 *offsets, const u32 *targets, u32 nodes,
                  pt_walker *walker);

typedef enum pt_cycle_level { PT_CYCLES_MODULE, PT_CYCLES_TYPE, PT_CYCLES_CALL } pt_cycle_level;
/* Is the edge part of the dependencies of a level, and between which nodes? Private `use` and `contains` never. */
bool pt_cycle_edge(const pt_graph *graph, pt_cycle_level level, u32 from, pt_word word, u32 *a, u32 *b);

#endif
