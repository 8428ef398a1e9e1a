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
    bool ex = pt_node_at(g, x->node)->flags & PT_NODE_EXTERNAL, ey = pt_node_at(g, y->node)->flags & PT_NODE_EXTERNAL;
    if (ex != ey) return ex ? 1 : -1;
    u32 cx = pt_centrality(g, x->node), cy = pt_centrality(g, y->node);
    if (cx != cy) return cx > cy ? -1 : 1;
    return pt_graph_order(g, x->node, y->node);
}

int pt_ask_search(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    int code = PT_OK;
    u32 kinds = kind_mask(q, error, &code);
    pt_matches found = {0};
    pt_node_list named = {0};
    PT_VEC(ranked) nodes = {0};
    json_t *rows = json_array();
    if (!code) pt_search_names(&found, g, q->target, 2000);
    for (u32 i = 0; i < found.count; i++) {
        named.count = 0;
        pt_graph_named(g, pt_graph_string(g, found.data[i].name), &named);
        for (u32 k = 0; k < named.count; k++) {
            u32 node = named.data[k];
            if ((!kinds || (kinds >> pt_node_at(g, node)->kind & 1)) && pt_node_shown(q, node))
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
    pt_vec_free(&named);
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
    pt_node_list nodes = {0};
    if (!code) pt_query_nodes(q, kinds, &nodes);
    for (u32 i = 0; i < nodes.count; i++) {
        u32 n = nodes.data[i];
        if (!started || json_array_size(rows) + 1 >= limit) {
            pt_buffer_clear(&key);
            pt_graph_path(g, &key, n);
            pt_buffer_format(&key, "@%u", pt_position_at(g, n)->line);
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
    pt_vec_free(&nodes);
    return code;
}

int pt_ask_entities_in(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    const char *file = q->target;
    const char *root = pt_graph_string(g, g->info.root);
    size_t n = strlen(root);
    while (file[0] == '.' && file[1] == '/') file += 2;
    if (strncmp(file, root, n) == 0 && file[n] == '/') file += n + 1;
    json_t *rows = json_array(), *known = json_array();
    u32 found = PT_NONE, matches = 0;
    for (u32 i = 0; i < g->file_count; i++) {
        const char *path = pt_graph_file_path(g, i);
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
    pt_node_list nodes = {0};
    if (!code) pt_query_nodes(q, 0, &nodes);
    for (u32 i = 0; i < nodes.count; i++) {
        if (pt_node_at(g, nodes.data[i])->file != found) continue;
        json_t *row = pt_row_node(q, nodes.data[i]);
        pt_row_detail(q, row, nodes.data[i]);
        json_array_append_new(rows, row);
    }
    pt_vec_free(&nodes);
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
    for (u32 n = 0; items && n < g->node_count; n++) {
        if (!pt_node_local(g, n)) continue;
        u32 m = pt_graph_module(g, n), top = n;
        if (m != PT_NONE && m != n) items[m]++;
        for (u32 hops = 0; pt_node_at(g, top)->parent != PT_NONE && hops < 4096; hops++)
            top = pt_node_at(g, top)->parent;
        if (m != top && top != n) items[top]++;
    }
    for (u32 n = 0; items && n < g->node_count; n++) {
        const pt_graph_node *x = pt_node_at(g, n);
        bool external = x->flags & PT_NODE_EXTERNAL;
        if (x->kind == PT_KIND_CRATE && !external) pt_vec_push(&crates, (ranked){n, (i32)PT_MAX(items[n], 1u)});
        if (x->kind == PT_KIND_MODULE && !external && !(x->flags & PT_NODE_TEST))
            pt_vec_push(&modules, (ranked){n, (i32)items[n]});
        if (x->kind == PT_KIND_TRAIT)
            pt_vec_push(&traits, (ranked){n, (i32)pt_graph_kind_count(g, n, PT_IN, PT_EDGE_IMPLEMENTS)});
        if (!external && !(x->flags & PT_NODE_TEST) &&
            (x->kind == PT_KIND_FN || x->kind == PT_KIND_METHOD || x->kind == PT_KIND_STRUCT ||
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
    for (u32 hops = 0; node != PT_NONE && hops < 4096; hops++, node = pt_node_at(g, node)->parent)
        if (node == above) return true;
    return false;
}

/* Does anything but itself, what it holds, and impls written for it refer to a node? */
static bool is_referred(const pt_graph *g, u32 node) {
    for (pt_run run = pt_graph_list(g, node, PT_IN); pt_run_next(&run);)
        for (u32 e = 0; e < run.count; e++) {
            u32 from = pt_word_node(run.words[e]);
            u8 kind = pt_word_kind(run.words[e]);
            if (kind == PT_EDGE_CONTAINS || below(g, from, node)) continue;
            if (pt_node_at(g, from)->kind == PT_KIND_IMPL) continue; /* the header of an impl for it */
            u32 parent = pt_node_at(g, from)->parent;
            if (parent != PT_NONE &&
                pt_node_at(g, parent)->kind == PT_KIND_IMPL) { /* its own methods speak of it all the time */
                u32 count;
                if (pt_graph_sites(g, parent, PT_EDGE_USES, node, false, &count)) continue;
            }
            return true;
        }
    return false;
}

static bool name_is_open(const pt_graph *g, u32 name, pt_unresolved_list *scratch) {
    scratch->count = 0;
    pt_graph_open_sites_unsorted(g, pt_graph_string(g, name), scratch);
    return scratch->count != 0;
}

int pt_ask_unused(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    int code = PT_OK;
    u32 kinds = kind_mask(q, error, &code), open = 0;
    json_t *rows = json_array();
    u8 *unknown_macro = pt_calloc((size_t)g->node_count + 1, 1); /* nodes with a derive or macro that nobody knows */
    pt_unresolved_list sites = {0};
    pt_graph_open_sites_unsorted(g, NULL, &sites);
    for (u32 i = 0; unknown_macro && i < sites.count; i++)
        if (sites.data[i].reason == PT_REASON_UNKNOWN_MACRO) unknown_macro[sites.data[i].from] = 1;
    pt_node_list nodes = {0};
    if (!code && unknown_macro) pt_query_nodes(q, kinds, &nodes);
    for (u32 i = 0; i < nodes.count; i++) {
        u32 n = nodes.data[i];
        const pt_graph_node *x = pt_node_at(g, n);
        u8 kind = x->kind;
        bool counts = kind == PT_KIND_FN || kind == PT_KIND_METHOD || kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM ||
                      kind == PT_KIND_UNION || kind == PT_KIND_TRAIT || kind == PT_KIND_CONST ||
                      kind == PT_KIND_STATIC || kind == PT_KIND_TYPE_ALIAS || kind == PT_KIND_MACRO;
        if (!counts) continue;
        if (x->flags &
            (PT_NODE_TEST | PT_NODE_FFI | PT_NODE_ALLOW_DEAD | PT_NODE_TRAIT_IMPL | PT_NODE_PUBLIC | PT_NODE_EXPORTED))
            continue;
        u8 up = x->parent == PT_NONE ? (u8)PT_KIND_CRATE : pt_node_at(g, x->parent)->kind;
        const char *name = pt_graph_string(g, x->name);
        if (up == PT_KIND_TRAIT || name[0] == '_') continue;
        if (kind == PT_KIND_FN && strcmp(name, "main") == 0 && up == PT_KIND_CRATE) continue;
        bool derived = false; /* a derive of a dependency may use it in ways nobody sees */
        pt_row traits = pt_graph_row(g, n, false);
        for (u32 k = 0; k < traits.count; k++)
            if (pt_word_kind(traits.words[k]) == PT_EDGE_IMPLEMENTS)
                derived = derived || pt_word_inferred(traits.words[k]);
        bool is_type = kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM || kind == PT_KIND_UNION;
        derived = derived || (is_type && unknown_macro[n]);
        if (derived || is_referred(g, n)) continue;
        bool doubtful = pt_graph_degree(g, n, PT_CANDIDATE_IN) || name_is_open(g, x->name, &sites);
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
    pt_vec_free(&sites);
    pt_vec_free(&nodes);
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
    json_t *rows = json_array();
    u64 kinds[PT_KIND_COUNT] = {0}, edges[PT_EDGE_KIND_COUNT] = {0}, inferred = 0;
    (void)error;
    for (u32 n = 0; n < g->node_count; n++) {
        if (pt_node_local(g, n)) kinds[pt_node_at(g, n)->kind]++;
        pt_row row = pt_graph_row(g, n, false);
        for (u32 e = 0; e < row.count; e++)
            edges[pt_word_kind(row.words[e])]++, inferred += pt_word_inferred(row.words[e]);
    }
    add_value(rows, "files", g->info.files);
    add_value(rows, "lines", g->info.source_lines);
    add_value(rows, "source bytes", g->info.source_bytes);
    add_value(rows, "nodes", (u64)g->info.local_nodes + g->info.external_nodes);
    add_value(rows, "external nodes", g->info.external_nodes);
    for (u8 k = 0; k < PT_KIND_COUNT; k++)
        if (kinds[k]) {
            char name[64];
            snprintf(name, sizeof name, "nodes: %s", pt_kind_name(k));
            add_value(rows, name, kinds[k]);
        }
    add_value(rows, "edges", g->info.edges);
    for (u8 k = 0; k < PT_EDGE_KIND_COUNT; k++)
        if (edges[k]) {
            char name[64];
            snprintf(name, sizeof name, "edges: %s", pt_edge_kind_name(k));
            add_value(rows, name, edges[k]);
        }
    add_value(rows, "edges inferred", inferred);
    add_value(rows, "edges candidate", g->info.candidates);
    add_value(rows, "sites", g->info.sites);
    add_value(rows, "sites unresolved", g->info.unresolved);
    add_value(rows, "bodies", g->info.bodies);
    add_value(rows, "store bytes", q->store_bytes);
    json_object_set_new_nocheck(answer, "results", rows);
    return PT_OK;
}

int pt_ask_doctor(pt_query *q, json_t *answer, pt_error *error) {
    const pt_graph *g = q->graph;
    enum { EXAMPLES = 5 };
    json_t *rows = json_array();
    (void)error;
    if (g->problem_count) {
        json_t *row = json_object(), *examples = json_array();
        for (u32 i = 0; i < g->problem_count && i < 20; i++) {
            json_t *e = json_object();
            json_object_set_new_nocheck(e, "text", pt_json_text(pt_graph_string(g, g->problems[i])));
            json_array_append_new(examples, e);
        }
        json_object_set_new_nocheck(row, "reason", pt_json_text("manifest"));
        json_object_set_new_nocheck(row, "count", json_integer(g->problem_count));
        json_object_set_new_nocheck(row, "examples", examples);
        json_array_append_new(rows, row);
    }
    u32 unread = 0, ordinals = 0;
    json_t *unreadable = json_array();
    for (u32 i = 0; i < g->file_count; i++) {
        if (!pt_file_at(g, i)->unreadable) continue;
        if (unread++ < EXAMPLES) {
            json_t *e = json_object();
            json_object_set_new_nocheck(e, "file", pt_json_text(pt_graph_file_path(g, i)));
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
    if (g->error_count) {
        json_t *row = json_object(), *examples = json_array();
        for (u32 i = 0; i < g->error_count && i < 20; i++) {
            json_t *e = json_object();
            json_object_set_new_nocheck(e, "file", pt_json_text(pt_graph_file_path(g, g->errors[i].file)));
            json_object_set_new_nocheck(e, "line", json_integer(g->errors[i].line));
            json_object_set_new_nocheck(e, "col", json_integer(g->errors[i].column));
            json_object_set_new_nocheck(e, "text", pt_json_text(pt_graph_string(g, g->errors[i].message)));
            json_array_append_new(examples, e);
        }
        json_object_set_new_nocheck(row, "reason", pt_json_text("syntax error"));
        json_object_set_new_nocheck(row, "count", json_integer(g->error_count));
        json_object_set_new_nocheck(row, "examples", examples);
        json_array_append_new(rows, row);
    }
    pt_unresolved_list open = {0};
    pt_graph_open_sites(g, NULL, &open);
    for (u8 r = 0; r < PT_REASON_COUNT; r++) {
        u32 count = 0, step, shown = 0;
        for (u32 i = 0; i < open.count; i++) count += open.data[i].reason == r;
        if (!count) continue;
        json_t *row = json_object(), *examples = json_array();
        step = count / EXAMPLES + 1; /* spread over the list, the same each time */
        for (u32 i = 0, seen = 0; i < open.count && shown < EXAMPLES; i++) {
            const pt_graph_unresolved *u = &open.data[i];
            if (u->reason != r || seen++ % step) continue;
            json_t *e = json_object();
            json_object_set_new_nocheck(e, "file",
                                        pt_json_text(pt_graph_file_path(g, pt_anchor_at(g, u->anchor)->file)));
            json_object_set_new_nocheck(e, "line", json_integer(pt_anchor_at(g, u->anchor)->line + u->line));
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
    pt_vec_free(&open);
    for (u32 n = 0; n < g->node_count; n++)
        ordinals += pt_node_local(g, n) && (pt_node_at(g, n)->flags & PT_NODE_ORDINAL) != 0;
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
                                pt_json_text(g->info.std_name && *pt_graph_string(g, g->info.std_name)
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
