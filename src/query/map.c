/* map.c: questions whose answers are drawn: what stands around an item, and how modules hang together. */
#include "query/query.h"

#include <stdlib.h>

enum { AROUND = 200 };

static bool is_module(const pt_graph *g, u32 node) {
    u8 kind = pt_node_at(g, node)->kind;
    return kind == PT_KIND_MODULE || kind == PT_KIND_CRATE;
}

/* What a module holds, and paths that merely pass through it, are near to it alone: every item of it would be two steps from
 * every other. */
static bool leads(const pt_graph *g, u32 start, u32 node, pt_word word, bool backwards) {
    u32 other = pt_word_node(word), from = backwards ? other : node, to = backwards ? node : other;
    u8 kind = pt_word_kind(word);
    u32 module = kind == PT_EDGE_CONTAINS ? from : kind == PT_EDGE_USES ? to : PT_NONE;
    return module == PT_NONE || !is_module(g, module) || module == start;
}

static void reach_around(pt_query *q, u32 start, u32 index) {
    static const pt_direction directions[] = {PT_OUT, PT_IN, PT_CANDIDATE_OUT, PT_CANDIDATE_IN};
    u32 node = q->walker.queue[index], next = q->walker.depth[index] + 1u;
    for (u32 d = 0; d < (q->candidates ? 4u : 2u); d++)
        for (pt_run run = pt_graph_list(q->graph, node, directions[d]); pt_run_next(&run);)
            for (u32 i = 0; i < run.count; i++)
                if (leads(q->graph, start, node, run.words[i], d & 1) && pt_node_shown(q, pt_word_node(run.words[i])))
                    pt_walk_reach(&q->walker, pt_word_node(run.words[i]), index, next);
}

/* Of one hop, best first: the workspace's own, no tests, what much refers to. */
static int by_weight(const void *a, const void *b, void *graph) {
    const pt_graph *g = graph;
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    u32 left = pt_node_at(g, x)->flags, right = pt_node_at(g, y)->flags;
    for (u32 bit = PT_NODE_EXTERNAL, i = 0; i < 2; i++, bit = PT_NODE_TEST)
        if ((left ^ right) & bit) return left & bit ? 1 : -1;
    u32 p = pt_centrality(g, x), r = pt_centrality(g, y);
    return p != r ? (p > r ? -1 : 1) : pt_graph_order(g, x, y);
}

typedef struct kept {
    u32 node, index;
} kept;
static int by_node(const void *a, const void *b) {
    const kept *x = a, *y = b;
    return x->node < y->node ? -1 : x->node > y->node;
}

typedef struct edge_row {
    u32 from, to, rank; /* rank: kind, and whether it is exact, inferred or a candidate */
} edge_row;
static int by_link(const void *a, const void *b) {
    const edge_row *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    if (x->to != y->to) return x->to < y->to ? -1 : 1;
    return x->rank < y->rank ? -1 : x->rank > y->rank;
}

/* All edges between what is kept. */
static json_t *links_between(pt_query *q, const u32 *nodes, u32 count) {
    PT_VEC(edge_row) links = {0};
    kept *sorted = pt_malloc(((size_t)count + 1) * sizeof *sorted);
    json_t *out = json_array();
    for (u32 i = 0; sorted && i < count; i++) sorted[i] = (kept){nodes[i], i};
    if (sorted && count) qsort(sorted, count, sizeof *sorted, by_node);
    for (u32 i = 0; sorted && i < count; i++)
        for (u32 d = 0; d < (q->candidates ? 2u : 1u); d++)
            for (pt_run run = pt_graph_list(q->graph, nodes[i], d ? PT_CANDIDATE_OUT : PT_OUT); pt_run_next(&run);)
                for (u32 k = 0; k < run.count; k++) {
                    kept key = {pt_word_node(run.words[k]), 0};
                    const kept *to = bsearch(&key, sorted, count, sizeof *sorted, by_node);
                    u32 sure = d ? PT_CANDIDATE : pt_word_inferred(run.words[k]) ? PT_INFERRED : PT_EXACT;
                    if (to) pt_vec_push(&links, (edge_row){i, to->index, pt_word_kind(run.words[k]) * 4u + sure});
                }
    if (links.count) qsort(links.data, links.count, sizeof(edge_row), by_link);
    for (u32 i = 0; i < links.count; i++) {
        const edge_row *l = &links.data[i];
        json_t *row = json_object();
        json_object_set_new_nocheck(row, "from", json_integer(l->from));
        json_object_set_new_nocheck(row, "to", json_integer(l->to));
        json_object_set_new_nocheck(row, "edge", pt_json_text(pt_edge_kind_name((u8)(l->rank / 4))));
        json_object_set_new_nocheck(row, "confidence", pt_json_text(pt_confidence_name((u8)(l->rank % 4))));
        json_array_append_new(out, row);
    }
    pt_vec_free(&links);
    pt_free(sorted);
    return out;
}

int pt_ask_neighbourhood(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    pt_items items = {0};
    json_t *rows = json_array(), *links = NULL;
    u32 depth = PT_MIN(q->depth ? q->depth : 1, 255u), limit = q->limit ? q->limit : AROUND;
    int code = pt_query_items(q, &items, q->target, 0, answer, error);
    pt_walker *w = &q->walker;
    pt_walker_clear(w);
    if (!code) {
        u32 taken = 0, found = 0;
        for (u32 i = 0; i < items.nodes.count; i++) pt_walk_reach(w, items.nodes.data[i], PT_NONE, 0);
        found = w->count;
        taken = PT_MIN(found, limit);
        for (u32 hop = 0, first = 0; hop < depth && taken == found; hop++) {
            u32 end = taken;
            for (u32 i = first; i < end; i++)
                if (!hop || !(pt_node_at(g, w->queue[i])->flags & PT_NODE_EXTERNAL))
                    reach_around(q, hop ? PT_NONE : w->queue[i], i);
            first = end;
            found = w->count;
            if (found > first) qsort_r(w->queue + first, found - first, sizeof(u32), by_weight, (void *)(uintptr_t)g);
            taken = PT_MIN(found, limit);
            if (found == end) break;
        }
        for (u32 i = 0; i < taken; i++) {
            json_t *row = pt_row_node(q, w->queue[i]);
            if (pt_node_at(g, w->queue[i])->file != PT_NONE)
                json_object_set_new_nocheck(row, "col", json_integer(pt_position_at(g, w->queue[i])->column));
            json_object_set_new_nocheck(row, "depth", json_integer(w->depth[i]));
            json_object_set_new_nocheck(row, "references", json_integer(pt_centrality(g, w->queue[i])));
            json_array_append_new(rows, row);
        }
        links = links_between(q, w->queue, taken);
        if (found > taken) {
            json_object_set_new_nocheck(answer, "truncated", json_true());
            json_object_set_new_nocheck(answer, "total", json_integer(found));
        }
        pt_query_unresolved(q, answer, &items);
        json_object_set_new_nocheck(answer, "edges", links);
    }
    json_object_set_new_nocheck(answer, "results", rows);
    pt_items_free(&items);
    return code;
}

/* Modules. */

typedef struct module {
    u32 node, items, uses, used_by;
} module;
static int by_items(const void *a, const void *b, void *graph) {
    const module *x = a, *y = b;
    return x->items != y->items ? (x->items > y->items ? -1 : 1) : pt_graph_order(graph, x->node, y->node);
}
static int by_order(const void *a, const void *b, void *graph) {
    return pt_graph_order(graph, ((const module *)a)->node, ((const module *)b)->node);
}
static int by_number(const void *a, const void *b) {
    u64 x = *(const u64 *)a, y = *(const u64 *)b;
    return x < y ? -1 : x > y;
}

int pt_ask_modules(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    PT_VEC(module) modules = {0};
    PT_VEC(u64) pairs = {0}; /* from: 32 | to: 32, one a reference */
    u32 *place = pt_malloc(((size_t)g->node_count + 1) * sizeof(u32));
    if (!place) return pt_fail(error, PT_ENOMEM, "out of memory");
    json_t *rows = json_array(), *links = json_array();
    memset(place, 0xff, ((size_t)g->node_count + 1) * sizeof(u32));
    for (u32 n = 0; n < g->node_count; n++)
        if (pt_node_local(g, n) && is_module(g, n) && pt_node_shown(q, n)) {
            place[n] = modules.count;
            pt_vec_push(&modules, (module){.node = n});
        }
    for (u32 n = 0; modules.data && n < g->node_count; n++) {
        if (!pt_node_local(g, n) || is_module(g, n) || !pt_node_shown(q, n)) continue;
        u32 m = pt_graph_module(g, n);
        if (m != PT_NONE && place[m] != PT_NONE) modules.data[place[m]].items++;
    }
    u32 total = modules.count, limit = q->limit ? PT_MIN(q->limit, total) : total;
    if (modules.data) {
        qsort_r(modules.data, modules.count, sizeof(module), by_items, (void *)(uintptr_t)g);
        for (u32 i = limit; i < total; i++) place[modules.data[i].node] = PT_NONE;
        modules.count = limit;
        if (limit) qsort_r(modules.data, limit, sizeof(module), by_order, (void *)(uintptr_t)g);
        for (u32 i = 0; i < limit; i++) place[modules.data[i].node] = i;
    }
    for (u32 n = 0; modules.data && n < g->node_count; n++) {
        if (!pt_node_local(g, n) || !pt_node_shown(q, n)) continue;
        pt_row row = pt_graph_row(g, n, false);
        for (u32 i = 0; i < row.count; i++) {
            u32 a, b;
            if (pt_cycle_edge(g, PT_CYCLES_MODULE, n, row.words[i], &a, &b) && place[a] != PT_NONE &&
                place[b] != PT_NONE && pt_node_shown(q, pt_word_node(row.words[i])))
                pt_vec_push(&pairs, (u64)place[a] << 32 | place[b]);
        }
    }
    if (pairs.count) qsort(pairs.data, pairs.count, sizeof(u64), by_number);
    for (u32 i = 0, end; modules.data && i < pairs.count; i = end) {
        for (end = i; end < pairs.count && pairs.data[end] == pairs.data[i];) end++;
        u32 from = (u32)(pairs.data[i] >> 32), to = (u32)pairs.data[i];
        modules.data[from].uses++;
        modules.data[to].used_by++;
        json_t *reference = json_object();
        json_object_set_new_nocheck(reference, "from", json_integer(from));
        json_object_set_new_nocheck(reference, "to", json_integer(to));
        json_object_set_new_nocheck(reference, "references", json_integer(end - i));
        json_array_append_new(links, reference);
    }
    for (u32 i = 0; modules.data && i < modules.count; i++) {
        json_t *row = pt_row_node(q, modules.data[i].node);
        json_object_set_new_nocheck(row, "items", json_integer(modules.data[i].items));
        json_object_set_new_nocheck(row, "uses", json_integer(modules.data[i].uses));
        json_object_set_new_nocheck(row, "used_by", json_integer(modules.data[i].used_by));
        json_array_append_new(rows, row);
    }
    if (limit < total) {
        json_object_set_new_nocheck(answer, "truncated", json_true());
        json_object_set_new_nocheck(answer, "total", json_integer(total));
    }
    json_object_set_new_nocheck(answer, "results", rows);
    json_object_set_new_nocheck(answer, "edges", links);
    pt_vec_free(&modules);
    pt_vec_free(&pairs);
    pt_free(place);
    return PT_OK;
}
