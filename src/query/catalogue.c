/* catalogue.c: questions about names, files and the whole: search, list, overview, unused, stats, doctor. */
#include "query/query.h"

#include <stdio.h>
#include <stdlib.h>

static u32 kind_mask(const pt_query *q, pt_error *error, int *code) {
    if (!q->kind) return 0;
    u8 kind = pt_kind_of_name(q->kind);
    if (kind >= PT_KIND_PRIMITIVE) {
        *code = pt_fail(error, PT_EUSAGE, "--kind %s: no such kind; see `parseltongue list --help`", q->kind);
        return 0;
    }
    return 1u << kind;
}

typedef struct ranked {
    u32 node;
    i32 score;
} ranked;
static int by_rank(const void *a, const void *b, void *graph) {
    const pt_graph *g = graph;
    const ranked *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    bool ex = g->nodes[x->node].flags & PT_NODE_EXTERNAL, ey = g->nodes[y->node].flags & PT_NODE_EXTERNAL;
    if (ex != ey) return ex ? 1 : -1;
    u32 cx = pt_centrality(g, x->node), cy = pt_centrality(g, y->node);
    if (cx != cy) return cx > cy ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

int pt_ask_search(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    int code = PT_OK;
    u32 kinds = kind_mask(q, error, &code);
    pt_matches found = {0};
    PT_VEC(ranked) nodes = {0};
    json_t *rows = json_array();
    if (!code) pt_search_names(&found, g, q->target, 2000);
    for (u32 i = 0; i < found.count; i++) {
        const pt_graph_name *n = &g->names[found.data[i].name];
        for (u32 k = 0; k < n->count; k++) {
            u32 node = g->by_name[n->first + k];
            if ((!kinds || (kinds >> g->nodes[node].kind & 1)) && pt_node_shown(q, node))
                pt_vec_push(&nodes, (ranked){node, found.data[i].score});
        }
    }
    if (nodes.count) qsort_r(nodes.data, nodes.count, sizeof(ranked), by_rank, (void *)(uintptr_t)g);
    u32 limit = q->limit ? q->limit : 50;
    for (u32 i = 0; i < nodes.count && i <= limit; i++) {
        json_t *row = pt_row_node(q, nodes.data[i].node);
        pt_row_detail(q, row, nodes.data[i].node);
        json_object_set_new_nocheck(row, "score", json_integer(nodes.data[i].score));
        json_array_append_new(rows, row);
    }
    q->limit = limit;
    pt_query_results(q, answer, rows);
    if (nodes.count > limit) json_object_set_new_nocheck(answer, "total", json_integer(nodes.count));
    pt_vec_free(&found);
    pt_vec_free(&nodes);
    return code;
}

/* All items in the order of files. The cursor names the last row by path and line, so that it holds across
 * generations as long as that item does. */
int pt_ask_list(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    int code = PT_OK;
    u32 kinds = kind_mask(q, error, &code), limit = q->limit ? q->limit : 100;
    json_t *rows = json_array();
    pt_buffer key = {0};
    bool started = q->cursor == NULL, more = false;
    for (u32 n = 0; !code && n < g->header->local_nodes; n++) {
        if ((kinds && !(kinds >> g->nodes[n].kind & 1)) || !pt_node_shown(q, n)) continue;
        if (!started || json_array_size(rows) + 1 >= limit) {
            pt_buffer_clear(&key);
            pt_graph_path(g, &key, n);
            pt_buffer_format(&key, "@%u", g->positions[n].line);
        }
        if (!started) {
            started = key.data && strcmp(key.data, q->cursor) == 0;
            continue;
        }
        if (json_array_size(rows) >= limit) {
            more = true;
            break;
        }
        json_t *row = pt_row_node(q, n);
        pt_row_detail(q, row, n);
        json_array_append_new(rows, row);
        if (json_array_size(rows) == limit)
            json_object_set_new_nocheck(answer, "cursor", pt_json_text(key.data ? key.data : ""));
    }
    if (!code && !started)
        code = pt_fail(error, PT_ENOTFOUND, "--cursor %s: no such item any more; start again without it", q->cursor);
    if (!more) json_object_set_new_nocheck(answer, "cursor", json_null());
    json_object_set_new_nocheck(answer, "truncated", json_boolean(more));
    json_object_set_new_nocheck(answer, "results", rows);
    pt_buffer_free(&key);
    return code;
}

int pt_ask_entities_in(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    const char *file = q->target;
    const char *root = pt_graph_string(g, g->header->root);
    size_t n = strlen(root);
    while (file[0] == '.' && file[1] == '/') file += 2;
    if (strncmp(file, root, n) == 0 && file[n] == '/') file += n + 1;
    json_t *rows = json_array(), *known = json_array();
    u32 found = PT_NONE, matches = 0;
    for (u32 i = 0; i < g->header->counts[PT_SECTION_files]; i++) {
        const char *path = pt_graph_string(g, g->files[i].path);
        size_t p = strlen(path), f = strlen(file);
        if (strcmp(path, file) == 0) {
            found = i, matches = 1;
            break;
        }
        if (f < p && strcmp(path + p - f, file) == 0 && path[p - f - 1] == '/') {
            found = i, matches++;
            if (json_array_size(known) < 10) json_array_append_new(known, pt_json_text(path));
        }
    }
    int code = PT_OK;
    if (matches != 1) {
        code = matches ? pt_fail(error, PT_EAMBIGUOUS, "%s: %u files end so", q->target, matches)
                       : pt_fail(error, PT_ENOTFOUND, "%s: not a file of this index", q->target);
        if (matches) json_object_set_nocheck(answer, "files", known);
    }
    json_decref(known);
    for (u32 i = 0; !code && i < g->header->local_nodes; i++) {
        if (g->nodes[i].file != found || !pt_node_shown(q, i)) continue;
        json_t *row = pt_row_node(q, i);
        pt_row_detail(q, row, i);
        json_array_append_new(rows, row);
    }
    pt_query_results(q, answer, rows);
    return code;
}

int pt_ask_where_defined(pt_query *q, json_t *answer, pt_error *error) {
    pt_items items = {0};
    bool all = q->all;
    q->all = true; /* every place is an answer */
    int code = pt_query_items(q, &items, q->target, 0, answer, error);
    q->all = all;
    json_t *rows = json_array();
    for (u32 i = 0; !code && i < items.nodes.count; i++) {
        if (!pt_node_shown(q, items.nodes.data[i])) continue;
        json_t *row = pt_row_node(q, items.nodes.data[i]);
        pt_row_detail(q, row, items.nodes.data[i]);
        json_array_append_new(rows, row);
    }
    pt_query_results(q, answer, rows);
    pt_items_free(&items);
    return code;
}

static void add_top(pt_query *q, json_t *rows, const char *section, ranked *list, u32 count, u32 limit,
                    const char *what) {
    if (count) qsort_r(list, count, sizeof *list, by_rank, (void *)(uintptr_t)q->graph);
    for (u32 i = 0; i < count && i < limit && list[i].score; i++) {
        json_t *row = pt_row_node(q, list[i].node);
        json_object_set_new_nocheck(row, "section", pt_json_text(section));
        json_object_set_new_nocheck(row, what, json_integer(list[i].score));
        json_array_append_new(rows, row);
    }
}

int pt_ask_overview(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    (void)error;
    json_t *rows = json_array();
    PT_VEC(ranked) crates = {0}, traits = {0}, hubs = {0}, modules = {0};
    u32 *items = pt_calloc((size_t)g->node_count + 1, sizeof(u32));
    for (u32 n = 0; items && n < g->header->local_nodes; n++) {
        u32 m = pt_graph_module(g, n), top = n;
        if (m != PT_NONE && m != n) items[m]++;
        for (u32 hops = 0; g->nodes[top].parent != PT_NONE && hops < 4096; hops++) top = g->nodes[top].parent;
        if (m != top && top != n) items[top]++;
    }
    for (u32 n = 0; items && n < g->node_count; n++) {
        const pt_graph_node *x = &g->nodes[n];
        bool external = x->flags & PT_NODE_EXTERNAL;
        if (x->kind == PT_KIND_CRATE && !external) pt_vec_push(&crates, (ranked){n, (i32)PT_MAX(items[n], 1u)});
        if (x->kind == PT_KIND_MODULE && !external && !(x->flags & PT_NODE_TEST))
            pt_vec_push(&modules, (ranked){n, (i32)items[n]});
        if (x->kind == PT_KIND_TRAIT)
            pt_vec_push(&traits, (ranked){n, (i32)pt_graph_kind(g, n, PT_IN, PT_EDGE_IMPLEMENTS).count});
        if (!external && (x->kind == PT_KIND_FN || x->kind == PT_KIND_METHOD || x->kind == PT_KIND_STRUCT ||
                          x->kind == PT_KIND_ENUM || x->kind == PT_KIND_TRAIT))
            pt_vec_push(&hubs, (ranked){n, (i32)pt_centrality(g, n)});
    }
    add_top(q, rows, "crates", crates.data, crates.count, 20, "items");
    add_top(q, rows, "modules", modules.data, modules.count, 10, "items");
    add_top(q, rows, "traits", traits.data, traits.count, 10, "implementations");
    add_top(q, rows, "hubs", hubs.data, hubs.count, 10, "references");
    pt_free(items);
    pt_vec_free(&crates);
    pt_vec_free(&traits);
    pt_vec_free(&hubs);
    pt_vec_free(&modules);
    pt_query_results(q, answer, rows);
    return PT_OK;
}

static bool below(const pt_graph *g, u32 node, u32 above) {
    for (u32 hops = 0; node != PT_NONE && hops < 4096; hops++, node = g->nodes[node].parent)
        if (node == above) return true;
    return false;
}

/* Does anything but itself, what it holds, and impls written for it refer to a node? */
static bool is_referred(const pt_graph *g, u32 node) {
    for (u32 e = g->in_offsets[node]; e < g->in_offsets[node + 1]; e++) {
        u32 from = pt_word_node(g->in[e]);
        u8 kind = pt_word_kind(g->in[e]);
        if (kind == PT_EDGE_CONTAINS || below(g, from, node)) continue;
        if (g->nodes[from].kind == PT_KIND_IMPL) continue; /* the header of an impl for it */
        u32 parent = g->nodes[from].parent;
        if (parent != PT_NONE && g->nodes[parent].kind == PT_KIND_IMPL) { /* its own methods speak of it all the time */
            u32 count;
            if (pt_graph_sites(g, parent, PT_EDGE_USES, node, false, &count)) continue;
        }
        return true;
    }
    return false;
}

static bool name_is_open(const pt_graph *g, u32 name) {
    u32 count;
    pt_graph_unresolved_of(g, name, &count);
    return count != 0;
}

int pt_ask_unused(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    int code = PT_OK;
    u32 kinds = kind_mask(q, error, &code), open = 0;
    json_t *rows = json_array();
    u8 *unknown_macro = pt_calloc((size_t)g->node_count + 1, 1); /* nodes with a derive or macro that nobody knows */
    for (u32 i = 0; unknown_macro && i < g->header->counts[PT_SECTION_unresolved]; i++)
        if (g->unresolved[i].reason == PT_REASON_UNKNOWN_MACRO) unknown_macro[g->unresolved[i].from] = 1;
    for (u32 n = 0; !code && unknown_macro && n < g->header->local_nodes; n++) {
        const pt_graph_node *x = &g->nodes[n];
        u8 kind = x->kind;
        bool counts = kind == PT_KIND_FN || kind == PT_KIND_METHOD || kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM ||
                      kind == PT_KIND_UNION || kind == PT_KIND_TRAIT || kind == PT_KIND_CONST ||
                      kind == PT_KIND_STATIC || kind == PT_KIND_TYPE_ALIAS || kind == PT_KIND_MACRO;
        if (!counts || (kinds && !(kinds >> kind & 1)) || !pt_node_shown(q, n)) continue;
        if (x->flags &
            (PT_NODE_TEST | PT_NODE_FFI | PT_NODE_ALLOW_DEAD | PT_NODE_TRAIT_IMPL | PT_NODE_PUBLIC | PT_NODE_EXPORTED))
            continue;
        u8 up = x->parent == PT_NONE ? (u8)PT_KIND_CRATE : g->nodes[x->parent].kind;
        const char *name = pt_graph_string(g, x->name);
        if (up == PT_KIND_TRAIT || name[0] == '_') continue;
        if (kind == PT_KIND_FN && strcmp(name, "main") == 0 && up == PT_KIND_CRATE) continue;
        bool derived = false; /* a derive of a dependency may use it in ways nobody sees */
        pt_run traits = pt_graph_kind(g, n, PT_OUT, PT_EDGE_IMPLEMENTS);
        for (u32 i = 0; i < traits.count; i++) derived = derived || pt_word_inferred(traits.words[i]);
        bool is_type = kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM || kind == PT_KIND_UNION;
        derived = derived || (is_type && unknown_macro[n]);
        if (derived || is_referred(g, n)) continue;
        bool doubtful = g->candidate_in_offsets[n + 1] > g->candidate_in_offsets[n] || name_is_open(g, x->name);
        if (doubtful && !q->candidates) {
            open++;
            continue;
        }
        json_t *row = pt_row_node(q, n);
        pt_row_detail(q, row, n);
        json_object_set_new_nocheck(row, "confidence", pt_json_text(doubtful ? "candidate" : "inferred"));
        json_array_append_new(rows, row);
    }
    pt_free(unknown_macro);
    if (open)
        json_object_set_new_nocheck(json_object_get(answer, "unresolved"), "perhaps used where the receiver is unknown",
                                    json_integer(open));
    pt_query_results(q, answer, rows);
    return code;
}

static void add_value(json_t *rows, const char *name, u64 value) {
    json_t *row = json_object();
    json_object_set_new_nocheck(row, "name", pt_json_text(name));
    json_object_set_new_nocheck(row, "value", json_integer((json_int_t)value));
    json_array_append_new(rows, row);
}

int pt_ask_stats(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    const u32 *counts = g->header->counts;
    json_t *rows = json_array();
    u64 kinds[PT_KIND_COUNT] = {0}, edges[PT_EDGE_KIND_COUNT] = {0}, inferred = 0;
    (void)error;
    for (u32 n = 0; n < g->header->local_nodes; n++) kinds[g->nodes[n].kind]++;
    for (u32 e = 0; e < counts[PT_SECTION_out]; e++)
        edges[pt_word_kind(g->out[e])]++, inferred += pt_word_inferred(g->out[e]);
    add_value(rows, "files", counts[PT_SECTION_files]);
    add_value(rows, "lines", g->header->source_lines);
    add_value(rows, "source bytes", g->header->source_bytes);
    add_value(rows, "nodes", g->node_count);
    add_value(rows, "external nodes", g->node_count - g->header->local_nodes);
    for (u8 k = 0; k < PT_KIND_COUNT; k++)
        if (kinds[k]) {
            char name[64];
            snprintf(name, sizeof name, "nodes: %s", pt_kind_name(k));
            add_value(rows, name, kinds[k]);
        }
    add_value(rows, "edges", counts[PT_SECTION_out]);
    for (u8 k = 0; k < PT_EDGE_KIND_COUNT; k++)
        if (edges[k]) {
            char name[64];
            snprintf(name, sizeof name, "edges: %s", pt_edge_kind_name(k));
            add_value(rows, name, edges[k]);
        }
    add_value(rows, "edges inferred", inferred);
    add_value(rows, "edges candidate", counts[PT_SECTION_candidate_out]);
    add_value(rows, "sites", counts[PT_SECTION_sites]);
    add_value(rows, "sites unresolved", counts[PT_SECTION_unresolved]);
    add_value(rows, "bodies", g->header->bodies);
    add_value(rows, "graph bytes", g->header->size);
    json_object_set_new_nocheck(answer, "results", rows);
    return PT_OK;
}

int pt_ask_doctor(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    const u32 *counts = g->header->counts;
    enum { EXAMPLES = 5 };
    json_t *rows = json_array();
    (void)error;
    if (counts[PT_SECTION_problems]) {
        json_t *row = json_object(), *examples = json_array();
        for (u32 i = 0; i < counts[PT_SECTION_problems] && i < 20; i++) {
            json_t *e = json_object();
            json_object_set_new_nocheck(e, "text", pt_json_text(pt_graph_string(g, g->problems[i])));
            json_array_append_new(examples, e);
        }
        json_object_set_new_nocheck(row, "reason", pt_json_text("manifest"));
        json_object_set_new_nocheck(row, "count", json_integer(counts[PT_SECTION_problems]));
        json_object_set_new_nocheck(row, "examples", examples);
        json_array_append_new(rows, row);
    }
    u32 unread = 0, ordinals = 0;
    json_t *unreadable = json_array();
    for (u32 i = 0; i < counts[PT_SECTION_files]; i++) {
        if (!g->files[i].unreadable) continue;
        if (unread++ < EXAMPLES) {
            json_t *e = json_object();
            json_object_set_new_nocheck(e, "file", pt_json_text(pt_graph_string(g, g->files[i].path)));
            json_array_append_new(unreadable, e);
        }
    }
    if (unread) {
        json_t *row = json_object();
        json_object_set_new_nocheck(row, "reason", pt_json_text("file not readable"));
        json_object_set_new_nocheck(row, "count", json_integer(unread));
        json_object_set_new_nocheck(row, "examples", json_incref(unreadable));
        json_array_append_new(rows, row);
    }
    json_decref(unreadable);
    if (counts[PT_SECTION_errors]) {
        json_t *row = json_object(), *examples = json_array();
        for (u32 i = 0; i < counts[PT_SECTION_errors] && i < 20; i++) {
            json_t *e = json_object();
            json_object_set_new_nocheck(e, "file", pt_json_text(pt_graph_string(g, g->files[g->errors[i].file].path)));
            json_object_set_new_nocheck(e, "line", json_integer(g->errors[i].line));
            json_object_set_new_nocheck(e, "col", json_integer(g->errors[i].column));
            json_object_set_new_nocheck(e, "text", pt_json_text(pt_graph_string(g, g->errors[i].message)));
            json_array_append_new(examples, e);
        }
        json_object_set_new_nocheck(row, "reason", pt_json_text("syntax error"));
        json_object_set_new_nocheck(row, "count", json_integer(counts[PT_SECTION_errors]));
        json_object_set_new_nocheck(row, "examples", examples);
        json_array_append_new(rows, row);
    }
    for (u8 r = 0; r < PT_REASON_COUNT; r++) {
        u32 count = 0, step, shown = 0;
        for (u32 i = 0; i < counts[PT_SECTION_unresolved]; i++) count += g->unresolved[i].reason == r;
        if (!count) continue;
        json_t *row = json_object(), *examples = json_array();
        step = count / EXAMPLES + 1; /* spread over the list, the same each time */
        for (u32 i = 0, seen = 0; i < counts[PT_SECTION_unresolved] && shown < EXAMPLES; i++) {
            if (g->unresolved[i].reason != r || seen++ % step) continue;
            const pt_graph_unresolved *u = &g->unresolved[i];
            json_t *e = json_object();
            json_object_set_new_nocheck(e, "file",
                                        pt_json_text(pt_graph_string(g, g->files[g->anchors[u->anchor].file].path)));
            json_object_set_new_nocheck(e, "line", json_integer(g->anchors[u->anchor].line + u->line));
            json_object_set_new_nocheck(e, "col", json_integer(u->column));
            json_object_set_new_nocheck(e, "text", pt_json_text(pt_graph_string(g, u->name)));
            json_array_append_new(examples, e);
            shown++;
        }
        json_object_set_new_nocheck(row, "reason", pt_json_text(pt_reason_name(r)));
        json_object_set_new_nocheck(row, "means", pt_json_text(pt_reason_sentence(r)));
        json_object_set_new_nocheck(row, "count", json_integer(count));
        json_object_set_new_nocheck(row, "examples", examples);
        json_array_append_new(rows, row);
    }
    for (u32 n = 0; n < g->header->local_nodes; n++) ordinals += (g->nodes[n].flags & PT_NODE_ORDINAL) != 0;
    if (ordinals) {
        json_t *row = json_object();
        json_object_set_new_nocheck(row, "reason", pt_json_text("told apart by order only"));
        json_object_set_new_nocheck(
            row, "means",
            pt_json_text("items equal in path, kind, header and cfg: their identity depends on their order"));
        json_object_set_new_nocheck(row, "count", json_integer(ordinals));
        json_object_set_new_nocheck(row, "examples", json_array());
        json_array_append_new(rows, row);
    }
    json_t *row = json_object();
    json_object_set_new_nocheck(row, "reason",
                                pt_json_text(g->header->std_name && *pt_graph_string(g, g->header->std_name)
                                                 ? "std interface: present"
                                                 : "std interface: absent"));
    json_object_set_new_nocheck(row, "count", json_integer(0));
    json_object_set_new_nocheck(row, "examples", json_array());
    json_array_append_new(rows, row);
    for (u32 i = 0; pt_store_engines()[i]; i++) {
        char text[64];
        json_t *engine = json_object();
        snprintf(text, sizeof text, "store engine: %s", pt_store_engines()[i]->name);
        json_object_set_new_nocheck(engine, "reason", pt_json_text(text));
        json_object_set_new_nocheck(engine, "count", json_integer(0));
        json_object_set_new_nocheck(engine, "examples", json_array());
        json_array_append_new(rows, engine);
    }
    json_object_set_new_nocheck(answer, "results", rows);
    return PT_OK;
}
