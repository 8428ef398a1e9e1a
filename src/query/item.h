/* item.h: from what a user writes to nodes: paths and suffixes of paths, `<T as Trait>::m`, FILE:LINE[:COL]. */
#ifndef PT_QUERY_ITEM_H
#define PT_QUERY_ITEM_H

#include "graph/graph.h"

typedef struct pt_items {
    PT_VEC(u32) nodes;       /* what was meant: several are twins of one path */
    PT_VEC(u32) candidates;  /* ambiguous: ranked by how much refers to them */
    PT_VEC(u32) suggestions; /* unknown: nearest names */
    char arguments[512];     /* generic arguments written behind a trait: From<A> gives "A" */
} pt_items;

/* What kinds a query takes: a mask of 1 << pt_kind, 0 any. PT_OK, PT_ENOTFOUND (suggestions), PT_EAMBIGUOUS
 * (candidates; with `all` they become nodes instead). */
int pt_find_items(pt_items *out, const pt_graph *graph, const char *text, u32 kinds, bool all, pt_error *error);
void pt_items_free(pt_items *items);
/* FILE:LINE or FILE:LINE:COL of a Rust file; `column` 0 when none is given. False: it is no place. */
bool pt_place_of(const char *text, char *file, size_t size, u32 *line, u32 *column);
/* Is `text` the path of the file, or its end from a folder's name on? */
bool pt_file_matches(const pt_graph *graph, u32 file, const char *text);
/* How much refers to a node: its in-edges. */
u32 pt_centrality(const pt_graph *graph, u32 node);

typedef struct pt_match {
    u32 name; /* string */
    i32 score;
} pt_match;
/* Names that fit a pattern, best first: equal, prefix, word start, inside, letters in order. */
typedef PT_VEC(pt_match) pt_matches;
void pt_search_names(pt_matches *out, const pt_graph *graph, const char *pattern, u32 limit);

#endif
