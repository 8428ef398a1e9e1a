/* relations.c: questions about the edges at one item. */
#include "query/query.h"

#include <stdlib.h>

enum {
    TRAITS = 1 << PT_KIND_TRAIT | 1 << PT_KIND_TRAIT_ALIAS,
    TYPES = 1 << PT_KIND_STRUCT | 1 << PT_KIND_ENUM | 1 << PT_KIND_UNION | 1 << PT_KIND_PRIMITIVE |
            1 << PT_KIND_TYPE_ALIAS | 1 << PT_KIND_TRAIT
};

typedef PT_VEC(pt_word) words;
static int keep_word(void *payload, pt_word word) { return pt_vec_push((words *)payload, word) ? PT_OK : PT_ENOMEM; }

/* The list of one kind, from the graph or from the store. */
static int edges_of(pt_query *q, words *out, u32 node, pt_direction d, u8 kind, pt_error *error) {
    out->count = 0;
    if (q->store) return q->store->engine->edges(q->store, node, d, kind, keep_word, out, error);
    for (pt_run run = pt_graph_kind(q->graph, node, d, kind); pt_run_next(&run);)
        for (u32 i = 0; i < run.count; i++) pt_vec_push(out, run.words[i]);
    return PT_OK;
}

enum { ROW_KEYS = 5 };
typedef struct sortable_row {
    const char *keys[ROW_KEYS]; /* path, impl, trait, type, file; NULL: not there */
    json_int_t line;
    json_t *row;
} sortable_row;
static int by_row(const void *a, const void *b) {
    const sortable_row *x = a, *y = b;
    for (u32 i = 0; i < ROW_KEYS; i++) {
        const char *p = x->keys[i], *r = y->keys[i];
        int order = p && r ? strcmp(p, r) : (p != NULL) - (r != NULL);
        if (order) return order;
    }
    return x->line < y->line ? -1 : x->line > y->line;
}

/* Rows in an order that does not depend on ids. */
static json_t *sorted(json_t *rows) {
    static const char *const names[ROW_KEYS] = {"path", "impl", "trait", "type", "file"};
    size_t count = json_array_size(rows);
    sortable_row *list = pt_malloc((count + 1) * sizeof *list);
    json_t *out = json_array();
    if (!list) return json_decref(out), rows;
    for (size_t i = 0; i < count; i++) {
        json_t *row = json_array_get(rows, i);
        for (u32 k = 0; k < ROW_KEYS; k++) list[i].keys[k] = json_string_value(json_object_get(row, names[k]));
        list[i].line = json_integer_value(json_object_get(row, "line"));
        list[i].row = json_incref(row);
    }
    if (count) qsort(list, count, sizeof *list, by_row);
    for (size_t i = 0; i < count; i++) json_array_append_new(out, list[i].row);
    pt_free(list);
    json_decref(rows);
    return out;
}

static void set_path(const pt_query *q, json_t *row, const char *key, u32 node) {
    pt_buffer path = {0};
    pt_graph_path(q->graph, &path, node);
    json_object_set_new_nocheck(row, key, pt_json_text(path.data ? path.data : ""));
    pt_buffer_free(&path);
}

/* Text without white space, for comparing generic arguments. */
static void squeeze(pt_buffer *out, const char *text) {
    for (; *text; text++)
        if (*text != ' ') pt_buffer_char(out, *text);
}

/* Do the trait arguments in an impl's header fit what was asked: From<A>? */
static bool arguments_fit(const char *signature, const char *trait, const char *asked) {
    if (!*asked) return true;
    pt_buffer have = {0}, want = {0};
    squeeze(&have, signature);
    squeeze(&want, trait);
    pt_buffer_char(&want, '<');
    squeeze(&want, asked);
    pt_buffer_text(&want, ">for");
    bool fits = have.data && want.data && strstr(have.data, want.data) != NULL;
    pt_buffer_free(&have);
    pt_buffer_free(&want);
    return fits;
}

/* One row an impl: each site of an implements edge names its impl (or the derive). */
static void impl_rows(pt_query *q, json_t *rows, u32 type, u32 trait, bool inferred, const char *asked,
                      bool show_type) {
    const pt_graph *g = q->graph;
    u32 count;
    const pt_graph_site *s = pt_graph_sites(g, type, PT_EDGE_IMPLEMENTS, trait, false, &count);
    for (u32 i = 0; i < count; i++) {
        const pt_graph_anchor *a = pt_anchor_at(g, s[i].anchor);
        bool derive = s[i].via == PT_VIA_DERIVE, blanket = pt_node_at(g, type)->kind == PT_KIND_IMPL;
        const char *signature = pt_graph_string(g, pt_node_at(g, a->node)->signature);
        if (*asked && (derive || !arguments_fit(signature, pt_graph_string(g, pt_node_at(g, trait)->name), asked)))
            continue;
        if (!pt_node_shown(q, a->node)) continue;
        json_t *row = json_object();
        if (show_type) {
            if (blanket) json_object_set_new_nocheck(row, "type", pt_json_text(signature));
            else set_path(q, row, "type", type);
            json_object_set_new_nocheck(row, "kind",
                                        pt_json_text(blanket ? "blanket" : pt_kind_name(pt_node_at(g, type)->kind)));
        } else {
            set_path(q, row, "trait", trait);
            json_object_set_new_nocheck(row, "kind", pt_json_text("trait"));
        }
        json_object_set_new_nocheck(row, "via", pt_json_text(blanket ? "blanket" : derive ? "derive" : "impl"));
        if (!derive) json_object_set_new_nocheck(row, "impl", pt_json_text(signature));
        json_object_set_new_nocheck(row, "confidence",
                                    pt_json_text(inferred || s[i].confidence == PT_INFERRED ? "inferred" : "exact"));
        json_object_set_new_nocheck(row, "file", pt_json_text(pt_graph_file_path(g, a->file)));
        json_object_set_new_nocheck(row, "line", json_integer(pt_graph_site_line(g, &s[i])));
        json_object_set_new_nocheck(row, "col", json_integer(s[i].column));
        u32 cfg = pt_node_at(g, a->node)->cfg;
        if (cfg || s[i].cfg)
            json_object_set_new_nocheck(row, "cfg", pt_json_text(pt_graph_string(g, s[i].cfg ? s[i].cfg : cfg)));
        if (pt_node_at(g, a->node)->flags & PT_NODE_TEST) json_object_set_new_nocheck(row, "test", json_true());
        json_array_append_new(rows, row);
    }
}

int pt_ask_who_implements(pt_query *q, json_t *answer, pt_error *error) {
    pt_items items = {0};
    words list = {0};
    int code = pt_query_items(q, &items, q->target, TRAITS, answer, error);
    json_t *rows = json_array();
    for (u32 i = 0; !code && i < items.nodes.count; i++) {
        code = edges_of(q, &list, items.nodes.data[i], PT_IN, PT_EDGE_IMPLEMENTS, error);
        for (u32 k = 0; !code && k < list.count; k++)
            impl_rows(q, rows, pt_word_node(list.data[k]), items.nodes.data[i], pt_word_inferred(list.data[k]),
                      items.arguments, true);
    }
    if (!code) pt_query_unresolved(q, answer, &items);
    pt_query_results(q, answer, sorted(rows));
    pt_vec_free(&list);
    pt_items_free(&items);
    return code;
}

int pt_ask_traits_of(pt_query *q, json_t *answer, pt_error *error) {
    pt_items items = {0};
    int code = pt_query_items(q, &items, q->target, TYPES, answer, error);
    json_t *rows = json_array();
    for (u32 i = 0; !code && i < items.nodes.count; i++) {
        for (pt_run run = pt_graph_kind(q->graph, items.nodes.data[i], PT_OUT, PT_EDGE_IMPLEMENTS); pt_run_next(&run);)
            for (u32 k = 0; k < run.count; k++)
                impl_rows(q, rows, items.nodes.data[i], pt_word_node(run.words[k]), pt_word_inferred(run.words[k]), "",
                          false);
        pt_row extends = pt_graph_row(q->graph, items.nodes.data[i], false);
        for (u32 k = 0; k < extends.count; k++) {
            if (pt_word_kind(extends.words[k]) != PT_EDGE_EXTENDS) continue;
            json_t *row = json_object();
            set_path(q, row, "trait", pt_word_node(extends.words[k]));
            json_object_set_new_nocheck(row, "kind", pt_json_text("trait"));
            json_object_set_new_nocheck(row, "via", pt_json_text("extends"));
            json_object_set_new_nocheck(row, "confidence",
                                        pt_json_text(pt_word_inferred(extends.words[k]) ? "inferred" : "exact"));
            json_array_append_new(rows, row);
        }
    }
    if (!code) pt_query_unresolved(q, answer, &items);
    pt_query_results(q, answer, sorted(rows));
    pt_items_free(&items);
    return code;
}

/* One row before it is made: hubs have thousands, of which few are told. */
typedef struct end {
    const pt_query *q;
    u32 path; /* offset of a text */
    u32 from, to, other, order;
    u8 kind;
    bool candidate, inferred;
} end;
static int by_end(const void *a, const void *b, void *paths) {
    const end *x = a, *y = b;
    int order = strcmp((const char *)paths + x->path, (const char *)paths + y->path);
    if (order) return order;
    const pt_graph *g = x->q->graph;
    u32 p = pt_node_at(g, x->other)->file, r = pt_node_at(g, y->other)->file;
    if (p != r) {
        if (p == PT_NONE || r == PT_NONE) return p == PT_NONE ? -1 : 1;
        return strcmp(pt_graph_file_path(g, p), pt_graph_file_path(g, r));
    }
    if (p != PT_NONE && pt_position_at(g, x->other)->line != pt_position_at(g, y->other)->line)
        return pt_position_at(g, x->other)->line < pt_position_at(g, y->other)->line ? -1 : 1;
    return x->order < y->order ? -1 : 1;
}

static bool has_site(const end *e) {
    u32 count;
    const pt_graph_site *s = pt_graph_sites(e->q->graph, e->from, e->kind, e->to, e->candidate, &count);
    for (u32 i = 0; i < count; i++)
        if (pt_cfg_shown(e->q, pt_graph_string(e->q->graph, s[i].cfg))) return true;
    return false;
}

static json_t *end_row(const end *e) {
    u32 left;
    json_t *row = pt_row_node(e->q, e->other);
    json_object_set_new_nocheck(row, "edge", pt_json_text(pt_edge_kind_name(e->kind)));
    json_object_set_new_nocheck(row, "confidence",
                                pt_json_text(e->candidate  ? "candidate"
                                             : e->inferred ? "inferred"
                                                           : "exact"));
    json_object_set_new_nocheck(row, "sites",
                                pt_row_sites(e->q, e->from, e->kind, e->to, e->candidate, e->q->sites, &left));
    if (left) json_object_set_new_nocheck(row, "more_sites", json_integer(left));
    return row;
}

/* The other ends of edges at the items: `kinds` a mask of edge kinds. */
static int ends(pt_query *q, json_t *answer, bool backwards, u32 kinds, pt_error *error) {
    const pt_graph *g = q->graph;
    pt_items items = {0};
    int code = pt_query_items(q, &items, q->target, 0, answer, error);
    PT_VEC(end) list = {0};
    pt_buffer paths = {0};
    for (u32 i = 0; !code && i < items.nodes.count; i++)
        for (u32 candidate = 0; candidate < (q->candidates ? 2u : 1u); candidate++) {
            u32 node = items.nodes.data[i];
            pt_run run = pt_graph_list(g, node,
                                       candidate   ? (backwards ? PT_CANDIDATE_IN : PT_CANDIDATE_OUT)
                                       : backwards ? PT_IN
                                                   : PT_OUT);
            while (pt_run_next(&run))
                for (u32 k = 0; k < run.count; k++) {
                    u32 other = pt_word_node(run.words[k]);
                    end e = {.q = q,
                             .path = paths.count,
                             .from = backwards ? other : node,
                             .to = backwards ? node : other,
                             .other = other,
                             .order = list.count,
                             .kind = pt_word_kind(run.words[k]),
                             .candidate = candidate,
                             .inferred = pt_word_inferred(run.words[k])};
                    if (!(kinds >> e.kind & 1) || !pt_node_shown(q, other) || !has_site(&e)) continue;
                    pt_row_path(q, &paths, other);
                    pt_buffer_char(&paths, 0);
                    pt_vec_push(&list, e);
                }
        }
    if (list.count && paths.data && !pt_alloc_failed()) qsort_r(list.data, list.count, sizeof(end), by_end, paths.data);
    json_t *rows = json_array();
    u32 told = q->limit ? PT_MIN(q->limit, list.count) : list.count;
    for (u32 i = 0; i < told && !pt_alloc_failed(); i++) json_array_append_new(rows, end_row(&list.data[i]));
    if (told < list.count) {
        json_object_set_new_nocheck(answer, "truncated", json_true());
        json_object_set_new_nocheck(answer, "total", json_integer(list.count));
    }
    if (!code && backwards) pt_query_unresolved(q, answer, &items);
    json_object_set_new_nocheck(answer, "results", rows);
    pt_vec_free(&list);
    pt_buffer_free(&paths);
    pt_items_free(&items);
    return code;
}

enum {
    CALLS = 1 << PT_EDGE_CALLS | 1 << PT_EDGE_INSTANTIATES | 1 << PT_EDGE_EXPANDS,
    ALL = (1 << PT_EDGE_KIND_COUNT) - 1 - (1 << PT_EDGE_CONTAINS)
};

int pt_ask_callers(pt_query *q, json_t *answer, pt_error *error) { return ends(q, answer, true, CALLS, error); }
int pt_ask_callees(pt_query *q, json_t *answer, pt_error *error) { return ends(q, answer, false, CALLS, error); }
int pt_ask_uses(pt_query *q, json_t *answer, pt_error *error) { return ends(q, answer, false, ALL, error); }
int pt_ask_used_by(pt_query *q, json_t *answer, pt_error *error) { return ends(q, answer, true, ALL, error); }
