/* overlay.h: what was committed since a base was written: persistent maps from ids to what replaced them. */
#ifndef PT_OVERLAY_H
#define PT_OVERLAY_H

#include "graph/delta.h"
#include "graph/radix.h"

/* Lists of in-edges are slices of at most PT_SLICE_WORDS words: adding to a hub copies one slice and the table of them,
 * not the list. Slices that nobody touched point into the base. */
enum { PT_SLICE_WORDS = 1024 };
typedef struct pt_in_list {
    u32 count, pieces, capacity, batch; /* count: words in all */
    pt_slice slices[];
} pt_in_list;
typedef struct pt_out_row {
    u32 count, site_count; /* followed by words[count], site_offsets[count + 1], sites[site_count] */
    pt_word words[];
} pt_out_row;
typedef struct pt_open_row {
    u32 count, reserved;
    pt_graph_unresolved sites[];
} pt_open_row;

/* What replaced parts of a node; NULL: the base's holds. A node beyond the base has everything. */
typedef struct pt_patch {
    const pt_graph_node *node;
    const pt_graph_position *position;
    const pt_out_row *rows[2];
    pt_in_list *in[2];
    const pt_open_row *open;
    u32 batch, reserved;
} pt_patch;

/* Names that came with a batch, or with several whose runs were merged: sorted by text, node. */
typedef struct pt_name_entry {
    u32 name, node;
} pt_name_entry;
typedef struct pt_name_run {
    u32 count, reserved;
    pt_name_entry entries[];
} pt_name_run;
enum { PT_NAME_RUNS = 40 }; /* each at least twice as long as the next */
typedef struct pt_name_index {
    const pt_name_run *runs[PT_NAME_RUNS];
    u32 count;
} pt_name_index;

struct pt_overlay {
    pt_radix_inner *nodes; /* pt_patch */
    pt_radix_inner *anchors, *files;
    pt_name_index names, open;                /* open: names of unresolved sites, and whose they are */
    const void *errors, *problems, *features; /* own copies, or NULL */
    u32 error_count, problem_count, feature_count;
    u32 patches; /* how many */
};

static inline const pt_patch *pt_patch_of(const pt_overlay *o, u32 node) { return pt_radix_get(o->nodes, node); }

/* Makes `next` (a copy of the snapshot before, its overlay a copy too) the snapshot after a delta. Everything the delta
 * refers to is checked first. `strings`: where the text from next->base_strings on is kept, with room for `string_room`
 * bytes. On failure (PT_ECORRUPT, PT_ENOMEM, PT_ELIMIT) the edit has to be undone. */
int pt_overlay_apply(pt_graph *next, pt_overlay *overlay, pt_edit *edit, char *strings, u32 string_room,
                     const pt_delta *delta, pt_error *error);
#endif
