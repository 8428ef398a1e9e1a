/* amend_twins.c: items that are told from another only by their order, when one comes or goes. */
#include "graph/amend_internal.h"

#include "graph/paths.h"

#include <stdlib.h>

void pt_amend_twin(amender *a, u32 parent) { pt_vec_push(&a->twins, parent); }

static int by_node(const void *a, const void *b) {
    const renamed_node *x = a, *y = b;
    return x->node < y->node ? -1 : x->node > y->node;
}

u64 pt_amend_hash_low(const amender *a, u32 id) {
    const renamed_node wanted = {.node = id},
                       *found = a->renamed.count
                                    ? bsearch(&wanted, a->renamed.data, a->renamed.count, sizeof wanted, by_node)
                                    : NULL;
    return found ? found->low : pt_amend_record(a, id)->hash.low;
}

const pt_graph_node *pt_amend_latest(const amender *a, u32 id) {
    for (u32 i = id < a->g->node_count ? a->out->nodes.count : 0; i-- > 0;)
        if (a->out->nodes.data[i].id == id) return &a->out->nodes.data[i].node;
    return pt_amend_record(a, id);
}

typedef struct child {
    pt_hash128 base; /* without ordinal */
    u32 def, id;
} child;
typedef PT_VEC(child) children;

static int by_base(const void *a, const void *b, void *world) {
    const child *x = a, *y = b;
    if (x->base.high != y->base.high) return x->base.high < y->base.high ? -1 : 1;
    if (x->base.low != y->base.low) return x->base.low < y->base.low ? -1 : 1;
    return pt_def_order(world, x->def, y->def);
}

static void add_child(const amender *a, children *out, const u32 *def_of, u32 parent, u32 id) {
    if (def_of[id] == PT_NONE || pt_amend_latest(a, id)->parent != parent) return;
    pt_vec_push(out, (child){pt_def_hash_below(a->w, def_of[id], pt_amend_latest(a, parent)->hash, 0), def_of[id], id});
}

/* Who counts the identity of a node into its own interface. */
static void look_again(amender *a, u32 id) {
    static const u8 kinds[] = {PT_EDGE_EXTENDS, PT_EDGE_ACCEPTS, PT_EDGE_RETURNS, PT_EDGE_HAS, PT_EDGE_BOUNDS};
    pt_vec_push(&a->rows, id);
    for (u32 k = 0; k < PT_COUNT_OF(kinds) && id < a->g->node_count; k++)
        for (pt_run run = pt_graph_kind(a->g, id, PT_IN, kinds[k]); pt_run_next(&run);)
            for (u32 i = 0; i < run.count; i++) pt_vec_push(&a->rows, pt_word_node(run.words[i]));
}

/* Identities of all children of a node, and below those that have another now. */
static void settle(amender *a, const u32 *def_of, u32 parent) {
    children all = {0};
    if (parent < a->g->node_count)
        for (pt_run run = pt_graph_kind(a->g, parent, PT_OUT, PT_EDGE_CONTAINS); pt_run_next(&run);)
            for (u32 i = 0; i < run.count; i++) add_child(a, &all, def_of, parent, pt_word_node(run.words[i]));
    for (u32 i = 0; i < a->out->nodes.count; i++) /* that came back from elsewhere */
        if (a->out->nodes.data[i].node.parent == parent &&
            (parent >= a->g->node_count || pt_node_at(a->g, a->out->nodes.data[i].id)->parent != parent))
            add_child(a, &all, def_of, parent, a->out->nodes.data[i].id);
    for (u32 i = 0; i < a->added.count; i++) add_child(a, &all, def_of, parent, a->added.data[i].id);
    if (all.count) qsort_r(all.data, all.count, sizeof *all.data, by_base, a->w);
    for (u32 i = 0, first = 0; i < all.count && !pt_alloc_failed(); i++) {
        const child c = all.data[i];
        if (!pt_hash128_equal(all.data[first].base, c.base)) first = i;
        u32 ordinal = i - first;
        pt_graph_node n = *pt_amend_latest(a, c.id);
        pt_hash128 was = n.hash;
        u16 flags = n.flags;
        n.hash = ordinal ? pt_def_hash_below(a->w, c.def, pt_amend_latest(a, parent)->hash, ordinal) : c.base;
        n.flags = (u16)(ordinal ? flags | PT_NODE_ORDINAL : flags & ~(u32)PT_NODE_ORDINAL);
        if (pt_hash128_equal(was, n.hash) && n.flags == flags) continue;
        pt_amend_put_node(a, c.id, &n);
        look_again(a, c.id);
        pt_vec_push(&a->renamed, (renamed_node){c.id, n.hash.low});
        settle(a, def_of, c.id);
    }
    pt_vec_free(&all);
}

void pt_amend_settle_twins(amender *a) {
    u32 nodes = a->g->node_count + a->added.count;
    u32 *def_of = a->twins.count ? pt_malloc(((size_t)nodes + 1) * sizeof *def_of) : NULL;
    if (!def_of) return;
    memset(def_of, 0xff, ((size_t)nodes + 1) * sizeof *def_of);
    for (u32 d = a->w->external_def_count; d < a->ids->node_of.count; d++)
        if (a->ids->node_of.data[d] < nodes) def_of[a->ids->node_of.data[d]] = d;
    SORT_UNIQUE(&a->twins);
    for (u32 i = 0; i < a->twins.count; i++)
        if (def_of[a->twins.data[i]] != PT_NONE) settle(a, def_of, a->twins.data[i]);
    pt_free(def_of);
    u32 kept = 0; /* the last word on each: whoever was settled twice was settled by its outermost last */
    if (a->renamed.count) qsort(a->renamed.data, a->renamed.count, sizeof *a->renamed.data, by_node);
    for (u32 i = 0; i < a->renamed.count; i++) {
        a->renamed.data[i].low = pt_amend_latest(a, a->renamed.data[i].node)->hash.low;
        if (!kept || a->renamed.data[kept - 1].node != a->renamed.data[i].node)
            a->renamed.data[kept++] = a->renamed.data[i];
    }
    a->renamed.count = kept;
}
