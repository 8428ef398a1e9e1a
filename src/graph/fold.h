/* fold.h: from a snapshot with its overlay to the sections of a new base, ids kept: what a checkpoint writes. */
#ifndef PT_FOLD_H
#define PT_FOLD_H

#include "graph/graph.h"

/* Sections in the making; freed with pt_folded_free. Counts and pointers as a pt_shard's and a pt_graph's. */
typedef struct pt_folded_rows { /* the out or the in side of some nodes */
    PT_VEC(pt_graph_node) nodes;
    PT_VEC(pt_graph_position) positions;
    PT_VEC(u32) offsets[2]; /* edges, candidates */
    PT_VEC(pt_word) words[2];
    PT_VEC(u32) site_offsets[2];
    PT_VEC(pt_graph_site) sites;
    PT_VEC(u8) walk_flags;
} pt_folded_rows;
typedef struct pt_folded_tables {
    pt_graph_info info;
    PT_VEC(pt_graph_anchor) anchors;
    PT_VEC(pt_graph_file) files;
    PT_VEC(pt_graph_name) names;
    PT_VEC(u32) by_name;
    pt_unresolved_list unresolved;
} pt_folded_tables;
enum { PT_OUT_PARTS = 10, PT_IN_PARTS = 4, PT_TABLE_PARTS = 12 };

/* Nodes [first, first + count). PT_ENOMEM, PT_ELIMIT (more than 2^32 words or sites: not in one shard). */
int pt_fold_out(pt_folded_rows *out, pt_block_part parts[PT_OUT_PARTS], const pt_graph *graph, u32 first, u32 count,
                pt_error *error);
int pt_fold_in(pt_folded_rows *out, pt_block_part parts[PT_IN_PARTS], const pt_graph *graph, u32 first, u32 count,
               pt_error *error);
/* Tables; the strings as they are, in two pieces. */
int pt_fold_tables(pt_folded_tables *out, pt_block_part parts[PT_TABLE_PARTS], const pt_graph *graph, pt_error *error);
void pt_folded_rows_free(pt_folded_rows *rows);
void pt_folded_tables_free(pt_folded_tables *tables);
/* All of it as one image, in fresh memory. */
int pt_fold_image(void **image, u64 *size, const pt_graph *graph, pt_error *error);

/* Is anything of these nodes in the overlay: of their out side, of their in side? */
void pt_fold_dirty(const pt_graph *graph, u32 first, u32 count, bool *out_side, bool *in_side);

#endif
