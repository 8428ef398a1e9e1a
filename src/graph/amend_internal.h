/* amend_internal.h: what amend.c and amend_rows.c share. */
#ifndef PT_AMEND_INTERNAL_H
#define PT_AMEND_INTERNAL_H

#include "graph/amend.h"
#include "graph/records.h"

#include <stdlib.h>

typedef struct new_site {
    u32 from;
    pt_word edge; /* kind and target */
    u32 line;     /* in the file, to order by */
    u32 order;
    pt_graph_site site; /* its cfg is a string of the delta, or of the graph before */
} new_site;

typedef struct new_open {
    pt_graph_unresolved site;
    u32 line;
} new_open;

typedef struct renamed_node {
    u32 node;
    u64 low; /* of its hash */
} renamed_node;

typedef struct amender {
    pt_world *w;
    const pt_graph *g;
    pt_graph_ids *ids;
    pt_delta_builder *out;
    pt_records records;
    pt_string_table strings;
    PT_VEC(new_site) sites;
    PT_VEC(new_open) open;
    PT_VEC(u32) gone;                   /* anchors whose sites are made anew, sorted */
    PT_VEC(u32) rows;                   /* nodes whose rows may be others, sorted */
    PT_VEC(u32) ends;                   /* nodes that lost an edge */
    PT_VEC(u32) dead;                   /* local nodes that went, sorted */
    PT_VEC(pt_graph_anchor) anchors;    /* new ones */
    PT_VEC(u32) gone_files, came_files; /* of the graph; of the world */
    PT_VEC(pt_delta_anchor) left;       /* that nobody asserts from any more */
    PT_VEC(u32) begun;                  /* nodes that an edge of a changed row leads to now */
    PT_VEC(pt_delta_node) added;        /* new nodes, by id */
    PT_VEC(u32) twins;                  /* nodes whose children may be told apart by their order */
    PT_VEC(renamed_node) renamed;       /* whose identity is another now, sorted */
    i64 edges, candidates, site_total, open_total, local, external;
    const char *why; /* it cannot be amended */
} amender;

typedef struct made_edge {
    pt_word word;
    u32 first, count; /* of a->sites */
} made_edge;
typedef PT_VEC(made_edge) made_edges;

static inline int by_u32(const void *a, const void *b) {
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}
#define SORT_UNIQUE(v)                                                                                     \
    do {                                                                                                   \
        u32 unique_ = 0;                                                                                   \
        if ((v)->count) qsort((v)->data, (v)->count, sizeof(u32), by_u32);                                 \
        for (u32 i_ = 0; i_ < (v)->count; i_++)                                                            \
            if (!unique_ || (v)->data[unique_ - 1] != (v)->data[i_]) (v)->data[unique_++] = (v)->data[i_]; \
        (v)->count = unique_;                                                                              \
    } while (0)
typedef PT_VEC(u32) index_list;
static inline bool is_in(const u32 *list, u32 count, u32 x) {
    return count && bsearch(&x, list, count, sizeof x, by_u32);
}

/* amend.c: definitions and their nodes. */
u32 pt_amend_text(amender *a, u32 offset, u32 old);
u32 pt_amend_id(const amender *a, u32 def);
bool pt_amend_fill(void *data, u32 *count, u32 capacity, u32 wanted, u32 value);
void pt_amend_set_id(amender *a, u32 def, u32 id);
u32 pt_amend_nearest(const pt_world *w, u32 def);
void pt_amend_strings(amender *a, pt_graph_node *n, const pt_graph_node *old);
u32 pt_amend_add_node(amender *a, u32 def, pt_graph_node n, pt_graph_position p);
const pt_graph_node *pt_amend_record(const amender *a, u32 id);
u64 pt_amend_interface(const amender *a, const pt_graph_node *n, const made_edges *edges);
u32 pt_amend_node(amender *a, u32 def);
u32 pt_amend_file_of(amender *a, u32 file);
u32 pt_amend_anchor(amender *a, u32 def);
/* amend_twins.c: equal siblings have ordinals, in their order. */
void pt_amend_twin(amender *a, u32 parent);
/* Once everything that came and went is known: before rows are made. */
void pt_amend_settle_twins(amender *a);
u64 pt_amend_hash_low(const amender *a, u32 id);
const pt_graph_node *pt_amend_latest(const amender *a, u32 id); /* its record as it is by now */
/* amend_rows.c: sites to rows. */
void pt_amend_rows_of(amender *a, u32 def);
void pt_amend_leave_anchor(amender *a, u32 def, u32 at);
void pt_amend_take_sites(amender *a, const pt_item_sites *all);
void pt_amend_keep_sites(amender *a);
void pt_amend_put_node(amender *a, u32 id, const pt_graph_node *n);
void pt_amend_make_rows(amender *a);
void pt_amend_drop_external(amender *a);

#endif
