#include "diff/diff.h"

#include "diff/revision.h"
#include "graph/walk.h"
#include "query/query.h"
#include "rust/lexer.h"

#include <stdlib.h>

enum { DEPTH = 3, MODULES_TOLD = 20 };

typedef enum change { ADDED, REMOVED, CONTRACT, BODY, CHANGES } change;
static const char *const change_names[CHANGES] = {"added", "removed", "contract", "body"};

typedef struct item {
    pt_hash128 hash;
    u32 node;
} item;
typedef PT_VEC(item) item_list;
typedef struct changed {
    change what;
    u32 before, after; /* nodes; PT_NONE */
    bool breaking;
} changed;

/* Nodes that were reached, each once. */
typedef struct reached {
    u8 *seen; /* by node: 1 affected, 2 a test */
    u32 affected, tests;
} reached;

typedef struct comparison {
    pt_revision before, after;
    item_list old, new;
    PT_VEC(changed) changes;
    pt_lexemes left, right;
    pt_buffer left_text, right_text;
    pt_walker walker_before, walker_after;
    reached reached_before, reached_after;
    u32 depth;
} comparison;

static int by_hash(const void *a, const void *b) {
    const item *x = a, *y = b;
    int order = pt_hash128_compare(x->hash, y->hash);
    return order ? order : x->node < y->node ? -1 : x->node > y->node;
}

static void items_of(const pt_graph *g, item_list *out) {
    for (u32 n = 0; n < g->node_count; n++)
        if (pt_node_local(g, n) && pt_node_at(g, n)->kind != PT_KIND_CRATE)
            pt_vec_push(out, (item){pt_node_at(g, n)->hash, n});
    if (out->count) qsort(out->data, out->count, sizeof(item), by_hash);
}

/* Text. */

static pt_str text_of(const pt_revision *r, u32 node) {
    const pt_graph_node *n = pt_node_at(r->graph, node);
    const pt_graph_position *p = pt_position_at(r->graph, node);
    if (n->file == PT_NONE) return (pt_str){0};
    return pt_revision_lines(r, pt_graph_file_path(r->graph, n->file), p->line, p->end_line);
}

static void lex(pt_lexemes *out, pt_buffer *text, pt_str source) {
    static const char slack[PT_TEXT_SLACK] = {0};
    pt_buffer_clear(text);
    pt_buffer_add(text, source.data ? source.data : "", source.length);
    pt_buffer_add(text, slack, sizeof slack);
    if (text->data) pt_lex(out, text->data, source.length, 2021);
}

static bool is_doc(u8 kind) { return kind == PT_T_DOC_OUTER || kind == PT_T_DOC_INNER; }

/* Are the tokens the same, documentation aside? */
static bool same_tokens(comparison *c, u32 before, u32 after) {
    pt_str a = text_of(&c->before, before), b = text_of(&c->after, after);
    if (pt_str_equal(a, b)) return true;
    lex(&c->left, &c->left_text, a);
    lex(&c->right, &c->right_text, b);
    for (u32 i = 0, k = 0;; i++, k++) {
        while (i < c->left.tokens.count && is_doc(c->left.tokens.data[i].kind)) i++;
        while (k < c->right.tokens.count && is_doc(c->right.tokens.data[k].kind)) k++;
        if (i >= c->left.tokens.count || k >= c->right.tokens.count)
            return i >= c->left.tokens.count && k >= c->right.tokens.count;
        const pt_token *x = &c->left.tokens.data[i], *y = &c->right.tokens.data[k];
        if (x->kind == PT_T_END || y->kind == PT_T_END) return x->kind == y->kind;
        if (x->kind != y->kind) return false;
        bool told_by_kind = x->kind >= PT_T_UNDERSCORE && x->kind != PT_T_ERROR;
        if (!told_by_kind &&
            (x->extent != y->extent || memcmp(c->left.text + x->start, c->right.text + y->start, x->extent) != 0))
            return false;
    }
}

/* Does its text hold more than its own signature? What lies inside is compared by itself. */
static bool has_body(u8 kind) {
    return kind == PT_KIND_FN || kind == PT_KIND_METHOD || kind == PT_KIND_CONST || kind == PT_KIND_STATIC ||
           kind == PT_KIND_MACRO || kind == PT_KIND_TYPE_ALIAS || kind == PT_KIND_ASSOC_CONST ||
           kind == PT_KIND_ASSOC_TYPE || kind == PT_KIND_FIELD || kind == PT_KIND_VARIANT;
}

/* Changes. */

static const item *find(const item_list *in, pt_hash128 hash) {
    u32 low = 0, high = in->count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        int order = pt_hash128_compare(in->data[middle].hash, hash);
        if (order == 0) return &in->data[middle];
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

static bool is_public(const pt_graph *g, u32 node) {
    const pt_graph_node *n = pt_node_at(g, node);
    return (n->flags & PT_NODE_PUBLIC) && !(n->flags & PT_NODE_TEST);
}

/* Breaking for those who use the crate. */
static bool breaks(const comparison *c, const changed *x) {
    const pt_graph *g = x->what == ADDED ? c->after.graph : c->before.graph;
    u32 node = x->what == ADDED ? x->after : x->before, up = pt_node_at(g, node)->parent;
    u8 kind = pt_node_at(g, node)->kind, up_kind = up == PT_NONE ? (u8)PT_KIND_CRATE : pt_node_at(g, up)->kind;
    bool member = up_kind == PT_KIND_TRAIT || up_kind == PT_KIND_ENUM;
    bool reaches_out = is_public(g, node) || (member && is_public(g, up));
    if (x->what == REMOVED || x->what == CONTRACT) return reaches_out;
    if (x->what != ADDED || !member || !is_public(g, up)) return false;
    if (up_kind == PT_KIND_ENUM) return kind == PT_KIND_VARIANT;
    pt_str text = text_of(&c->after, node);
    return !memchr(text.data ? text.data : "", kind == PT_KIND_METHOD ? '{' : '=', text.length);
}

static bool inside_of_change(const comparison *c, const pt_graph *g, u32 node, bool added) {
    u32 up = pt_node_at(g, node)->parent;
    if (up == PT_NONE || pt_node_at(g, up)->kind == PT_KIND_CRATE) return false;
    return !find(added ? &c->old : &c->new, pt_node_at(g, up)->hash);
}

static void compare(comparison *c) {
    items_of(c->before.graph, &c->old);
    items_of(c->after.graph, &c->new);
    for (u32 i = 0, k = 0; i < c->old.count || k < c->new.count;) {
        int order = i >= c->old.count   ? 1
                    : k >= c->new.count ? -1
                                        : pt_hash128_compare(c->old.data[i].hash, c->new.data[k].hash);
        changed x = {REMOVED, PT_NONE, PT_NONE, false};
        if (order <= 0) x.before = c->old.data[i++].node;
        if (order >= 0) x.after = c->new.data[k++].node;
        if (order < 0) {
            if (inside_of_change(c, c->before.graph, x.before, false)) continue;
        } else if (order > 0) {
            x.what = ADDED;
            if (inside_of_change(c, c->after.graph, x.after, true)) continue;
        } else {
            const pt_graph_node *a = pt_node_at(c->before.graph, x.before), *b = pt_node_at(c->after.graph, x.after);
            bool signature = strcmp(pt_graph_string(c->before.graph, a->signature),
                                    pt_graph_string(c->after.graph, b->signature)) == 0;
            if (a->interface_hash != b->interface_hash || !signature || a->visibility != b->visibility)
                x.what = CONTRACT;
            else if (has_body(a->kind) && !same_tokens(c, x.before, x.after)) x.what = BODY;
            else continue;
        }
        x.breaking = breaks(c, &x);
        pt_vec_push(&c->changes, x);
    }
}

static int by_importance(const void *a, const void *b, void *payload) {
    const changed *x = a, *y = b;
    const comparison *c = payload;
    if (x->breaking != y->breaking) return x->breaking ? -1 : 1;
    static const u8 rank[CHANGES] = {[REMOVED] = 0, [CONTRACT] = 1, [ADDED] = 2, [BODY] = 3};
    if (x->what != y->what) return rank[x->what] < rank[y->what] ? -1 : 1;
    bool gone = x->what == REMOVED;
    return gone ? pt_graph_order(c->before.graph, x->before, y->before)
                : pt_graph_order(c->after.graph, x->after, y->after);
}

/* Whom they reach. */

static void reach(comparison *c, const changed *x, u32 *affected, u32 *tests) {
    bool gone = x->what == REMOVED;
    const pt_graph *g = gone ? c->before.graph : c->after.graph;
    pt_walker *w = gone ? &c->walker_before : &c->walker_after;
    reached *all = gone ? &c->reached_before : &c->reached_after;
    pt_walk_blast(w, g, gone ? x->before : x->after, c->depth, false);
    for (u32 i = 1; i < w->count; i++) {
        u32 node = w->queue[i];
        if (!pt_node_local(g, node)) continue;
        bool test = pt_node_at(g, node)->flags & PT_NODE_TEST;
        ++*(test ? tests : affected);
        if (all->seen[node]) continue;
        all->seen[node] = test ? 2 : 1;
        if (test) all->tests++;
        else all->affected++;
    }
}

static json_t *row_of(comparison *c, const changed *x) {
    const pt_revision *r = x->what == REMOVED ? &c->before : &c->after;
    u32 node = x->what == REMOVED ? x->before : x->after, affected = 0, tests = 0;
    pt_query q = {.graph = r->graph};
    json_t *row = pt_row_node(&q, node);
    const pt_graph_node *n = pt_node_at(r->graph, node);
    json_object_set_new(row, "change", json_string(change_names[x->what]));
    if (x->breaking) json_object_set_new(row, "breaking", json_true());
    if (n->signature) json_object_set_new(row, "signature", pt_json_text(pt_graph_string(r->graph, n->signature)));
    if (x->what == CONTRACT) {
        const pt_graph_node *old = pt_node_at(c->before.graph, x->before);
        const char *was = pt_graph_string(c->before.graph, old->signature);
        if (strcmp(was, pt_graph_string(r->graph, n->signature)) != 0)
            json_object_set_new(row, "before", pt_json_text(was));
    }
    if (x->what != ADDED) reach(c, x, &affected, &tests);
    json_object_set_new(row, "affected", json_integer(affected));
    json_object_set_new(row, "tests", json_integer(tests));
    return row;
}

static const char *risk_of(u32 affected) {
    return affected > 50 ? "critical" : affected > 20 ? "high" : affected > 5 ? "medium" : affected ? "low" : "none";
}

static int by_order(const void *a, const void *b, void *graph) {
    return pt_graph_order(graph, *(const u32 *)a, *(const u32 *)b);
}

/* Tests that were reached, or that changed themselves: what to run. */
static json_t *tests_of(comparison *c) {
    const pt_graph *g = c->after.graph;
    pt_query q = {.graph = g};
    pt_node_list tests = {0};
    json_t *rows = json_array();
    for (u32 i = 0; i < c->changes.count; i++) {
        u32 node = c->changes.data[i].after;
        if (node != PT_NONE && (pt_node_at(g, node)->flags & PT_NODE_TEST)) c->reached_after.seen[node] = 2;
    }
    for (u32 n = 0; n < g->node_count; n++) {
        u8 kind = c->reached_after.seen[n] == 2 ? pt_node_at(g, n)->kind : (u8)PT_KIND_DEAD;
        if (kind == PT_KIND_FN || kind == PT_KIND_METHOD) pt_vec_push(&tests, n);
    }
    if (tests.count) qsort_r(tests.data, tests.count, sizeof(u32), by_order, (void *)(uintptr_t)g);
    for (u32 i = 0; i < tests.count; i++) json_array_append_new(rows, pt_json_path(&q, tests.data[i]));
    pt_vec_free(&tests);
    return rows;
}

typedef struct module_count {
    u32 module, count;
} module_count;
static int by_count(const void *a, const void *b, void *graph) {
    const module_count *x = a, *y = b;
    return x->count != y->count ? (x->count > y->count ? -1 : 1) : pt_graph_order(graph, x->module, y->module);
}

/* Modules by how much of them was reached. */
static json_t *modules_of(const comparison *c) {
    const pt_graph *g = c->after.graph;
    pt_query q = {.graph = g};
    json_t *rows = json_array();
    u32 *counts = pt_calloc((size_t)g->node_count + 1, sizeof(u32));
    PT_VEC(module_count) list = {0};
    for (u32 n = 0; counts && n < g->node_count; n++) {
        u32 module = c->reached_after.seen[n] == 1 ? pt_graph_module(g, n) : PT_NONE;
        if (module != PT_NONE) counts[module]++;
    }
    for (u32 n = 0; counts && n < g->node_count; n++)
        if (counts[n]) pt_vec_push(&list, (module_count){n, counts[n]});
    if (list.count) qsort_r(list.data, list.count, sizeof(module_count), by_count, (void *)(uintptr_t)g);
    for (u32 i = 0; i < list.count && i < MODULES_TOLD; i++)
        json_array_append_new(rows, json_pack("{s:o, s:i}", "module", pt_json_path(&q, list.data[i].module), "count",
                                              (int)list.data[i].count));
    pt_vec_free(&list);
    pt_free(counts);
    return rows;
}

static u32 files_changed(const comparison *c) {
    u32 count = 0, i = 0, k = 0;
    while (i < c->before.files.count || k < c->after.files.count) {
        const pt_revision_file *a = i < c->before.files.count ? &c->before.files.data[i] : NULL,
                               *b = k < c->after.files.count ? &c->after.files.data[k] : NULL;
        int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);
        if (order != 0 || !pt_str_equal(a->text, b->text)) count++;
        i += order <= 0;
        k += order >= 0;
    }
    return count;
}

static json_t *answer_of(comparison *c, const pt_diff_options *o) {
    u32 counts[CHANGES] = {0}, breaking = 0;
    json_t *rows = json_array();
    if (c->changes.count) qsort_r(c->changes.data, c->changes.count, sizeof(changed), by_importance, c);
    for (u32 i = 0; i < c->changes.count; i++) {
        json_t *row = row_of(c, &c->changes.data[i]);
        counts[c->changes.data[i].what]++;
        breaking += c->changes.data[i].breaking;
        if (!o->limit || i < o->limit) json_array_append_new(rows, row);
        else json_decref(row);
    }
    json_t *tests = tests_of(c);
    u32 affected = c->reached_after.affected + c->reached_before.affected;
    json_t *summary =
        json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:s, s:o}", "files", (int)files_changed(c), "added",
                  (int)counts[ADDED], "removed", (int)counts[REMOVED], "contract", (int)counts[CONTRACT], "body",
                  (int)counts[BODY], "breaking", (int)breaking, "affected", (int)affected, "tests",
                  (int)json_array_size(tests), "risk", risk_of(affected), "modules", modules_of(c));
    return json_pack("{s:s, s:s, s:s, s:b, s:i, s:o, s:o, s:o}", "query", "diff", "from", c->before.name, "to",
                     c->after.name, "truncated", json_array_size(rows) < c->changes.count, "total",
                     (int)c->changes.count, "summary", summary, "tests", tests, "results", rows);
}

int pt_diff(json_t **answer, const pt_diff_options *o, pt_error *error) {
    comparison c = {.depth = o->depth ? PT_MIN(o->depth, 255u) : DEPTH};
    *answer = NULL;
    pt_alloc_clear();
    int code = pt_revision_open(&c.before, o->workspace, o->from, o->std_interface, error);
    if (!code) code = pt_revision_open(&c.after, o->workspace, o->to, o->std_interface, error);
    if (!code) code = pt_walker_create(&c.walker_before, c.before.graph);
    if (!code) code = pt_walker_create(&c.walker_after, c.after.graph);
    if (!code) {
        c.reached_before.seen = pt_calloc((size_t)c.before.graph->node_count + 1, 1);
        c.reached_after.seen = pt_calloc((size_t)c.after.graph->node_count + 1, 1);
        if (!c.reached_before.seen || !c.reached_after.seen) code = PT_ENOMEM;
    }
    if (!code) {
        compare(&c);
        *answer = answer_of(&c, o);
        if (!*answer || pt_alloc_failed()) code = PT_ENOMEM;
    }
    if (code == PT_ENOMEM) {
        json_decref(*answer);
        *answer = NULL;
        pt_set_error(error, code, "out of memory");
    }
    pt_free(c.reached_before.seen);
    pt_free(c.reached_after.seen);
    pt_walker_free(&c.walker_before);
    pt_walker_free(&c.walker_after);
    pt_lexemes_free(&c.left);
    pt_lexemes_free(&c.right);
    pt_buffer_free(&c.left_text);
    pt_buffer_free(&c.right_text);
    pt_vec_free(&c.old);
    pt_vec_free(&c.new);
    pt_vec_free(&c.changes);
    pt_revision_close(&c.before);
    pt_revision_close(&c.after);
    return code;
}

int pt_diff_ask(json_t **answer, const char *workspace, const char *std_interface, json_t *params, pt_error *error) {
    pt_diff_options o = {.workspace = workspace,
                         .std_interface = std_interface,
                         .from = json_string_value(json_object_get(params, "target")),
                         .to = json_string_value(json_object_get(params, "second")),
                         .depth = (u32)json_integer_value(json_object_get(params, "depth")),
                         .limit = (u32)json_integer_value(json_object_get(params, "limit"))};
    *answer = NULL;
    int code = o.from ? pt_diff(answer, &o, error) : pt_fail(error, PT_EUSAGE, "diff wants a revision");
    json_decref(params);
    return code;
}
