/* delta.h: one batch: what leads from one snapshot to the next, as a block (type PT_BLOCK_DELTA) that a log keeps as it is.
 *
 * Ids are those of the snapshot before; new nodes, anchors and files get the numbers behind its last ones. Sections, by
 * id (elements in parentheses):
 *
 *   info (pt_delta_info)          one
 *   strings (char)                text that gets the offsets from info.string_base on
 *   nodes (pt_delta_node)         records added or changed; kind PT_KIND_DEAD: removed. Ascending by id
 *   rows (pt_delta_row)           whole rows replaced: out-edges, candidates, unresolved sites. Ascending by node
 *   words (pt_word), site_counts (u32), sites (pt_graph_site), open (pt_graph_unresolved)
 *                                 of the rows, one row after the other: its out words, then its candidates; the sites of
 *                                 each word; its unresolved sites
 *   positions (pt_delta_position), anchors (pt_delta_anchor), files (pt_delta_file)    each ascending by id
 *   errors (pt_graph_error), problems (u32), features (u32)    whole, where info.replaced says so
 *
 * In-edges are not written: they follow from the rows. */
#ifndef PT_DELTA_H
#define PT_DELTA_H

#include "graph/graph.h"

enum { PT_REPLACED_ERRORS = 1, PT_REPLACED_PROBLEMS = 2, PT_REPLACED_FEATURES = 4 };
typedef struct pt_delta_info {
    pt_graph_info info; /* of the snapshot after */
    u64 previous_generation;
    u32 string_base, previous_nodes, previous_anchors, previous_files; /* of the snapshot before */
    u32 node_count, anchor_count, file_count, replaced;
} pt_delta_info;
typedef struct pt_delta_node {
    pt_graph_node node;
    u32 id, reserved;
} pt_delta_node;
enum { PT_ROW_OUT = 1, PT_ROW_CANDIDATES = 2, PT_ROW_OPEN = 4 };
typedef struct pt_delta_row {
    u32 node, which; /* PT_ROW_*: what is replaced */
    u32 out_count, candidate_count, site_count, open_count;
} pt_delta_row;
typedef struct pt_delta_position {
    u32 id;
    pt_graph_position position;
} pt_delta_position;
typedef struct pt_delta_anchor {
    u32 id;
    pt_graph_anchor anchor;
} pt_delta_anchor;
typedef struct pt_delta_file {
    pt_graph_file file;
    u32 id, reserved;
} pt_delta_file;

/* clang-format off */
#define PT_DELTA_SECTIONS(X)                                                                                     \
    X(info, pt_delta_info) X(strings, char) X(nodes, pt_delta_node) X(rows, pt_delta_row) X(words, pt_word)      \
    X(site_counts, u32) X(sites, pt_graph_site) X(open, pt_graph_unresolved) X(positions, pt_delta_position)     \
    X(anchors, pt_delta_anchor) X(files, pt_delta_file) X(errors, pt_graph_error) X(problems, u32) X(features, u32)
/* clang-format on */
enum {
    PT_DELTA_SECTION_none,
#define X(name, type) PT_DELTA_SECTION_##name,
    PT_DELTA_SECTIONS(X)
#undef X
        PT_DELTA_SECTION_COUNT /* stores put sections of their own behind */
};

/* A delta in the making: vectors, one a section. */
typedef struct pt_delta_builder {
    pt_delta_info head;
#define X(name, type) PT_VEC(type) name;
    PT_DELTA_SECTIONS(X)
#undef X
} pt_delta_builder;
void pt_delta_builder_free(pt_delta_builder *builder);
/* Its sections as parts of a block, PT_DELTA_SECTION_COUNT - 1 of them. */
void pt_delta_parts(pt_block_part *parts, pt_delta_builder *builder);

/* What leads from `before` to a graph that was built anew with ids of its own: ids of nodes are kept by identity
 * (sig_hash), those of files by path, of anchors by the item they stand for. `after` is an image without overlay.
 * `info.generation` is what `generation` says. PT_ENOMEM; PT_ELIMIT: no ids or string offsets are left, a new base is due.
 * `*changed` (may be NULL): how many records and rows differ. */
int pt_delta_between(pt_delta_builder *out, u64 *changed, const pt_graph *before, const pt_graph *after, u64 generation,
                     pt_error *error);

/* A delta to read. */
typedef struct pt_delta {
#define X(name, type) \
    const type *name; \
    u32 name##_count;
    PT_DELTA_SECTIONS(X)
#undef X
} pt_delta;
/* Opens a block and checks everything that does not need the snapshot: counts that fit each other, order, kinds. */
int pt_delta_open(pt_delta *out, const void *block, u64 size, bool check, pt_error *error);

#endif
