/* impact.c: questions that walk: blast radius, ways, cycles. */
#include "query/query.h"

#include <stdlib.h>

static const char *risk_of(u32 affected) {
    return affected > 50 ? "critical" : affected > 20 ? "high" : affected > 5 ? "medium" : affected ? "low" : "none";
}

typedef struct module_count {
    u32 module, count;
} module_count;
static int by_module(const void *a, const void *b) {
    const module_count *x = a, *y = b;
    return x->module < y->module ? -1 : x->module > y->module;
}
static int by_count(const void *a, const void *b) {
    const module_count *x = a, *y = b;
    return x->count != y->count ? (x->count > y->count ? -1 : 1) : by_module(a, b);
}
static int by_count_and_place(const void *a, const void *b, void *graph) {
    const module_count *x = a, *y = b;
    return x->count != y->count ? (x->count > y->count ? -1 : 1) : pt_graph_order(graph, x->module, y->module);
}

typedef struct reached {
    u32 node, depth, index; /* index in the walker's queue */
} reached;

static int by_depth(const void *a, const void *b, void *graph) {
    const pt_graph *g = graph;
    const reached *x = a, *y = b;
    bool tx = pt_node_at(g, x->node)->flags & PT_NODE_TEST, ty = pt_node_at(g, y->node)->flags & PT_NODE_TEST;
    if (tx != ty) return tx ? 1 : -1;
    if (x->depth != y->depth) return x->depth < y->depth ? -1 : 1;
    u32 cx = pt_centrality(g, x->node), cy = pt_centrality(g, y->node);
    if (cx != cy) return cx > cy ? -1 : 1;
    return pt_graph_order(g, x->node, y->node);
}

typedef PT_VEC(reached) reached_list;
static int keep_reached(void *payload, u32 node, u32 depth) {
    return pt_vec_push((reached_list *)payload, (reached){node, depth, PT_NONE}) ? PT_OK : PT_ENOMEM;
}

int pt_ask_blast_radius(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    pt_items items = {0};
    int code = pt_query_items(q, &items, q->target, 0, answer, error);
    u32 depth = q->depth ? q->depth : 3, limit = q->limit ? q->limit : 50, affected = 0, tests = 0;
    u32 hops[256] = {0}, farthest = 0;
    if (q->limit == UINT32_MAX) limit = UINT32_MAX;
    json_t *rows = json_array();
    PT_VEC(module_count) modules = {0};
    reached_list all = {0};
    /* twins of one path count as one start: what any of them reaches is affected */
    for (u32 i = 0; !code && i < items.nodes.count; i++) {
        pt_walk_blast(&q->walker, g, items.nodes.data[i], depth, q->candidates);
        u32 first = all.count;
        if (q->store) {
            if (!q->store->engine->reach)
                code = pt_fail(error, PT_EUSAGE, "the store's engine %s cannot walk", q->store->engine->name);
            else code = q->store->engine->reach(q->store, items.nodes.data[i], depth, keep_reached, &all, error);
            for (u32 k = first; !code && k < all.count; k++) /* for the way there */
                for (u32 p = 1; p < q->walker.count; p++)
                    if (q->walker.queue[p] == all.data[k].node) all.data[k].index = p;
        } else {
            for (u32 k = 1; k < q->walker.count; k++)
                pt_vec_push(&all, (reached){q->walker.queue[k], q->walker.depth[k], k});
        }
        if (code) break;
        u32 count = all.count - first;
        if (count) qsort_r(all.data + first, count, sizeof(reached), by_depth, (void *)(uintptr_t)g);
        for (u32 k = first; k < all.count; k++) {
            reached x = all.data[k];
            if (!pt_node_shown(q, x.node)) continue;
            bool test = pt_node_at(g, x.node)->flags & PT_NODE_TEST;
            if (test) tests++;
            else affected++;
            hops[x.depth & 255]++;
            farthest = PT_MAX(farthest, x.depth & 255);
            u32 module = pt_graph_module(g, x.node);
            if (module != PT_NONE) pt_vec_push(&modules, (module_count){module, 1});
            if (json_array_size(rows) >= limit) continue;
            json_t *row = pt_row_node(q, x.node), *why = json_array();
            json_object_set_new_nocheck(row, "depth", json_integer(x.depth));
            u32 chain[256], length = 0;
            for (u32 at = x.index; at != PT_NONE && length < 256; at = q->walker.parent[at])
                chain[length++] = q->walker.queue[at];
            for (u32 c = 0; c < length; c++) json_array_append_new(why, pt_json_path(q, chain[c]));
            json_object_set_new_nocheck(row, "why", why);
            json_array_append_new(rows, row);
        }
    }
    if (!code) {
        json_t *summary = json_object(), *by = json_array();
        if (modules.count) qsort(modules.data, modules.count, sizeof(module_count), by_module);
        u32 unique = 0;
        for (u32 i = 0; i < modules.count; i++) {
            if (unique && modules.data[unique - 1].module == modules.data[i].module) modules.data[unique - 1].count++;
            else modules.data[unique++] = modules.data[i];
        }
        if (unique) qsort_r(modules.data, unique, sizeof(module_count), by_count_and_place, (void *)(uintptr_t)g);
        for (u32 i = 0; i < unique && i < 20; i++) {
            json_t *m = json_object();
            json_object_set_new_nocheck(m, "module", pt_json_path(q, modules.data[i].module));
            json_object_set_new_nocheck(m, "count", json_integer(modules.data[i].count));
            json_array_append_new(by, m);
        }
        json_object_set_new_nocheck(summary, "affected", json_integer(affected));
        json_object_set_new_nocheck(summary, "tests", json_integer(tests));
        json_object_set_new_nocheck(summary, "depth", json_integer(depth));
        json_t *by_hop = json_array();
        for (u32 i = 1; i <= farthest; i++) json_array_append_new(by_hop, json_integer(hops[i]));
        json_object_set_new_nocheck(summary, "hops", by_hop);
        json_object_set_new_nocheck(summary, "risk", pt_json_text(risk_of(affected)));
        json_object_set_new_nocheck(summary, "modules", by);
        json_object_set_new_nocheck(answer, "summary", summary);
        if (affected + tests > json_array_size(rows)) {
            json_object_set_new_nocheck(answer, "truncated", json_true());
            json_object_set_new_nocheck(answer, "total", json_integer(affected + tests));
        }
        pt_query_unresolved(q, answer, &items);
    }
    json_object_set_new_nocheck(answer, "results", rows);
    pt_vec_free(&modules);
    pt_vec_free(&all);
    pt_items_free(&items);
    return code;
}

/* What refers from one node to another: the first kind there is. */
static json_t *step_row(const pt_query *q, u32 from, u32 to, bool candidates) {
    const pt_graph *g = q->graph;
    json_t *row = json_object();
    json_object_set_new_nocheck(row, "from", pt_json_path(q, from));
    json_object_set_new_nocheck(row, "to", pt_json_path(q, to));
    for (u32 pass = 0; pass < (candidates ? 2u : 1u); pass++)
        for (u8 kind = 1; kind < PT_EDGE_KIND_COUNT; kind++) {
            u32 left;
            json_t *sites = pt_row_sites(q, from, kind, to, pass, 1, &left);
            if (json_array_size(sites)) {
                json_t *site = json_array_get(sites, 0);
                json_object_set_new_nocheck(row, "kind", pt_json_text(pt_edge_kind_name(kind)));
                json_object_set_nocheck(row, "file", json_object_get(site, "file"));
                json_object_set_nocheck(row, "line", json_object_get(site, "line"));
                json_object_set_nocheck(row, "col", json_object_get(site, "col"));
                json_decref(sites);
                (void)g;
                return row;
            }
            json_decref(sites);
        }
    return row;
}

int pt_ask_path(pt_query *q, json_t *answer, pt_error *error) {
    pt_items from = {0}, to = {0};
    json_t *rows = json_array();
    int code = pt_query_items(q, &from, q->target, 0, answer, error);
    if (!code) code = pt_query_items(q, &to, q->second, 0, answer, error);
    if (!code && pt_walk_path(&q->walker, q->graph, from.nodes.data[0], to.nodes.data[0], q->candidates)) {
        u32 chain[4096], length = 0;
        for (u32 at = q->walker.count - 1; at != PT_NONE && length < PT_COUNT_OF(chain); at = q->walker.parent[at])
            chain[length++] = q->walker.queue[at];
        for (u32 i = length; i > 1; i--)
            json_array_append_new(rows, step_row(q, chain[i - 1], chain[i - 2], q->candidates));
    }
    pt_query_results(q, answer, rows);
    pt_items_free(&from);
    pt_items_free(&to);
    return code;
}

typedef struct pair {
    u32 a, b;
} pair;
static int by_pair(const void *x, const void *y) {
    const pair *p = x, *r = y;
    return p->a != r->a ? (p->a < r->a ? -1 : 1) : p->b < r->b ? -1 : p->b > r->b;
}

typedef PT_VEC(pair) pairs;
typedef struct collect {
    const pt_query *q;
    pt_cycle_level level;
    u32 from;
    const u32 *place; /* node -> place in the order of nodes, PT_NONE: not shown */
    pairs *out;
} collect;
static int keep_edge(void *payload, pt_word word) {
    collect *c = payload;
    u32 a, b;
    if (!pt_cycle_edge(c->q->graph, c->level, c->from, word, &a, &b)) return PT_OK;
    if (!pt_node_shown(c->q, c->from) || !pt_node_shown(c->q, pt_word_node(word))) return PT_OK;
    if (c->place[a] == PT_NONE || c->place[b] == PT_NONE) return PT_OK;
    return pt_vec_push(c->out, (pair){c->place[a], c->place[b]}) ? PT_OK : PT_ENOMEM;
}

int pt_ask_find_cycles(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    static const char *const levels[] = {"module", "type", "call"};
    const char *level = q->level ? q->level : "module";
    u32 l = 0;
    while (l < 3 && strcmp(levels[l], level) != 0) l++;
    if (l == 3) return pt_fail(error, PT_EUSAGE, "--level %s: it is module, type or call", level);
    pairs edges = {0};
    pt_node_list nodes = {0}; /* what follows speaks of places in this list, so that no answer depends on ids */
    u32 *place = pt_malloc(((size_t)g->node_count + 1) * sizeof(u32)), count;
    collect c = {q, (pt_cycle_level)l, 0, place, &edges};
    int code = place ? PT_OK : pt_fail(error, PT_ENOMEM, "out of memory");
    if (!code) {
        memset(place, 0xff, ((size_t)g->node_count + 1) * sizeof(u32));
        pt_query_nodes(q, 0, &nodes);
        for (u32 i = 0; i < nodes.count; i++) place[nodes.data[i]] = i;
    }
    count = nodes.count;
    for (u32 n = 0; !code && n < g->node_count; n++) {
        if (!pt_node_local(g, n)) continue;
        c.from = n;
        if (q->store) {
            code = q->store->engine->edges(q->store, n, PT_OUT, -1, keep_edge, &c, error);
            continue;
        }
        pt_row row = pt_graph_row(g, n, false);
        for (u32 i = 0; i < row.count && !code; i++) code = keep_edge(&c, row.words[i]);
    }
    if (edges.count) qsort(edges.data, edges.count, sizeof(pair), by_pair);
    u32 unique = 0;
    for (u32 i = 0; i < edges.count; i++)
        if (!unique || by_pair(&edges.data[unique - 1], &edges.data[i]) != 0) edges.data[unique++] = edges.data[i];
    u32 *offsets = pt_calloc((size_t)count + 2, sizeof(u32)), *targets = pt_malloc(((size_t)unique + 1) * sizeof(u32));
    u32 *component = pt_malloc(((size_t)count + 1) * sizeof(u32)), found = 0;
    if (!offsets || !targets || !component) code = pt_fail(error, PT_ENOMEM, "out of memory");
    if (!code) {
        for (u32 i = 0; i < unique; i++) offsets[edges.data[i].a + 1]++, targets[i] = edges.data[i].b;
        for (u32 n = 0; n < count; n++) offsets[n + 1] += offsets[n];
        code = pt_components(component, &found, offsets, targets, count, &q->walker);
    }
    json_t *rows = json_array();
    if (!code) {
        /* members by component, in node order; components by size, then by first member */
        PT_VEC(module_count) order = {0}; /* module: component, count: size */
        u32 *first = pt_malloc(((size_t)found + 1) * sizeof(u32));
        for (u32 i = 0; i < found; i++) pt_vec_push(&order, (module_count){i, 0});
        for (u32 n = count; first && order.data && n-- > 0;)
            if (component[n] != PT_NONE) order.data[component[n]].count++, first[component[n]] = n;
        for (u32 i = 0; first && order.data && i < order.count; i++) order.data[i].module = first[i];
        if (order.data) qsort(order.data, order.count, sizeof(module_count), by_count);
        for (u32 i = 0; order.data && i < order.count; i++) {
            u32 id = component[order.data[i].module];
            json_t *row = json_object(), *members = json_array(), *links = json_array();
            json_object_set_new_nocheck(row, "level", pt_json_text(level));
            json_object_set_new_nocheck(row, "size", json_integer(order.data[i].count));
            for (u32 n = order.data[i].module; n < count; n++) {
                if (component[n] != id) continue;
                json_array_append_new(members, pt_row_node(q, nodes.data[n]));
                for (u32 e = offsets[n]; e < offsets[n + 1] && json_array_size(links) < 50; e++) {
                    if (component[targets[e]] != id) continue;
                    json_t *link = json_object();
                    json_object_set_new_nocheck(link, "from", pt_json_path(q, nodes.data[n]));
                    json_object_set_new_nocheck(link, "to", pt_json_path(q, nodes.data[targets[e]]));
                    json_array_append_new(links, link);
                }
            }
            json_object_set_new_nocheck(row, "members", members);
            json_object_set_new_nocheck(row, "edges", links);
            json_array_append_new(rows, row);
            if (q->limit && json_array_size(rows) > q->limit) break;
        }
        json_object_set_new_nocheck(answer, "total", json_integer(found));
        pt_vec_free(&order);
        pt_free(first);
    }
    pt_query_results(q, answer, rows);
    if (!code) json_object_set_new_nocheck(answer, "total", json_integer(found));
    pt_vec_free(&edges);
    pt_vec_free(&nodes);
    pt_free(place);
    pt_free(offsets);
    pt_free(targets);
    pt_free(component);
    return code;
}
