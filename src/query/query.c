#include "query/query.h"

#include <stdlib.h>

#include <stdio.h>

static const pt_query_info commands[] = {
    {"who-implements", "what-implements", "TRAIT", 1, 1, "types that implement a trait, derives included",
     pt_ask_who_implements},
    {"traits-of", NULL, "TYPE", 1, 1, "traits that a type implements", pt_ask_traits_of},
    {"callers", NULL, "ITEM", 1, 1, "who calls it", pt_ask_callers},
    {"callees", NULL, "ITEM", 1, 1, "what it calls", pt_ask_callees},
    {"uses", NULL, "ITEM", 1, 1, "everything it refers to", pt_ask_uses},
    {"used-by", NULL, "ITEM", 1, 1, "everything that refers to it", pt_ask_used_by},
    {"blast-radius", NULL, "ITEM", 1, 1, "what a change of it may affect, with the way there", pt_ask_blast_radius},
    {"path", NULL, "FROM TO", 2, 2, "the shortest way of references from one item to another", pt_ask_path},
    {"explain", NULL, "FROM TO | FILE:LINE", 1, 2, "the steps that made an edge, or the step that failed",
     pt_ask_explain},
    {"context", "generate-context", "ITEM ...", 1, PT_LINES,
     "what a reader must know to edit items, within --budget tokens", pt_ask_context},
    {"explore", NULL, "QUESTION", 1, PT_WORDS, "a question in plain words: finds the items, chooses the command",
     pt_ask_explore},
    {"check", NULL, "RULES.toml", 1, 1, "where the code breaks rules: forbidden references, layers, cycles, limits",
     pt_ask_check},
    {"find-cycles", NULL, "", 0, 0, "cycles of modules, types or calls (--level)", pt_ask_find_cycles},
    {"neighbourhood", NULL, "ITEM", 1, 1, "what stands around an item (--depth), and all edges between",
     pt_ask_neighbourhood},
    {"modules", NULL, "", 0, 0, "modules, their sizes, and which refers to which", pt_ask_modules},
    {"search", NULL, "PATTERN", 1, 1, "items by name, fuzzy, best first", pt_ask_search},
    {"list", NULL, "", 0, 0, "all items (--kind, --cursor)", pt_ask_list},
    {"entities-in", NULL, "FILE", 1, 1, "items of a file", pt_ask_entities_in},
    {"where-defined", NULL, "NAME", 1, 1, "where a name is defined", pt_ask_where_defined},
    {"overview", NULL, "", 0, 0, "crates, most implemented traits, hubs", pt_ask_overview},
    {"unused", NULL, "", 0, 0, "private items that nothing refers to", pt_ask_unused},
    {"stats", NULL, "", 0, 0, "sizes and counts", pt_ask_stats},
    {"doctor", NULL, "", 0, 0, "what was not read, parsed or resolved, and why", pt_ask_doctor},
};

const pt_query_info *pt_query_list(u32 *count) {
    *count = PT_COUNT_OF(commands);
    return commands;
}

const pt_query_info *pt_query_find(const char *name) {
    for (u32 i = 0; i < PT_COUNT_OF(commands); i++)
        if (strcmp(commands[i].name, name) == 0 || (commands[i].alias && strcmp(commands[i].alias, name) == 0))
            return &commands[i];
    return NULL;
}

/* --cfg */

bool pt_cfg_shown(const pt_query *q, const char *predicate) {
    enum { MAX = 512 };
    pt_str options[MAX];
    char text[64][96];
    u32 count = 0, texts = 0;
    if (!q->cfg || !*predicate) return true;
    if (strcmp(q->cfg, "host") == 0) {
        static const char *const host[] = {
            "unix",
            "target_os = \"linux\"",
            "target_family = \"unix\"",
            "target_env = \"gnu\"",
            "target_endian = \"little\"",
#if defined(__aarch64__)
            "target_arch = \"aarch64\"",
            "target_pointer_width = \"64\"",
            "target_feature = \"neon\"",
#else
            "target_arch = \"x86_64\"",
            "target_pointer_width = \"64\"",
            "target_feature = \"sse2\"",
            "target_feature = \"sse\"",
            "target_feature = \"fxsr\"",
#endif
            "target_has_atomic",
            "target_has_atomic = \"8\"",
            "target_has_atomic = \"16\"",
            "target_has_atomic = \"32\"",
            "target_has_atomic = \"64\"",
            "target_has_atomic = \"ptr\"",
            "target_vendor = \"unknown\"",
            "panic = \"unwind\"",
            "debug_assertions",
            "overflow_checks"
        };
        for (u32 i = 0; i < PT_COUNT_OF(host); i++) options[count++] = pt_str_of(host[i]);
        for (u32 i = 0; i < q->graph->feature_count && texts < 64 && count < MAX; i++) {
            snprintf(text[texts], sizeof text[0], "feature = \"%s\"", pt_graph_string(q->graph, q->graph->features[i]));
            options[count++] = pt_str_of(text[texts++]);
        }
    } else {
        for (const char *at = q->cfg; *at && count < MAX;) {
            size_t n = strcspn(at, ",");
            pt_str option = pt_str_trim((pt_str){at, (u32)n});
            const char *equals = memchr(option.data, '=', option.length);
            if (equals && texts < 64) { /* feature=std or feature="std" */
                pt_str key = pt_str_trim((pt_str){option.data, (u32)(equals - option.data)}),
                       value = pt_str_trim((pt_str){equals + 1, option.length - (u32)(equals - option.data) - 1});
                if (value.length >= 2 && value.data[0] == '"') value = (pt_str){value.data + 1, value.length - 2};
                snprintf(text[texts], sizeof text[0], "%.*s = \"%.*s\"", (int)key.length, key.data, (int)value.length,
                         value.data);
                option = pt_str_of(text[texts++]);
            }
            if (option.length) options[count++] = option;
            at += n + (at[n] == ',');
        }
    }
    pt_cfg_set set = {options, count};
    return pt_cfg_holds(pt_str_of(predicate), &set);
}

bool pt_node_shown(const pt_query *q, u32 node) {
    return pt_cfg_shown(q, pt_graph_string(q->graph, pt_node_at(q->graph, node)->cfg));
}

typedef struct placed {
    u64 key; /* rank of the file's path: 32 | line: 32 */
    u32 node;
} placed;
static int by_place(const void *a, const void *b, void *graph) {
    const placed *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return pt_graph_order(graph, x->node, y->node);
}
static int by_path(const void *a, const void *b, void *graph) {
    return strcmp(pt_graph_file_path(graph, *(const u32 *)a), pt_graph_file_path(graph, *(const u32 *)b));
}

void pt_query_nodes(const pt_query *q, u32 kinds, pt_node_list *out) {
    const pt_graph *g = q->graph;
    PT_VEC(placed) list = {0};
    u32 *files = pt_malloc(((size_t)g->file_count + 1) * sizeof(u32)),
        *rank = pt_malloc(((size_t)g->file_count + 1) * sizeof(u32));
    for (u32 i = 0; files && i < g->file_count; i++) files[i] = i;
    if (files && rank && g->file_count) {
        qsort_r(files, g->file_count, sizeof(u32), by_path, (void *)(uintptr_t)g);
        for (u32 i = 0; i < g->file_count; i++) rank[files[i]] = i + 1;
    }
    bool sorted = true;
    for (u32 n = 0; files && rank && n < g->node_count; n++) {
        const pt_graph_node *x = pt_node_at(g, n);
        if (!pt_node_local(g, n) || (kinds && !(kinds >> x->kind & 1)) || !pt_node_shown(q, n)) continue;
        u64 key = (u64)(x->file == PT_NONE ? 0 : rank[x->file]) << 32 | pt_position_at(g, n)->line;
        sorted = sorted && (!list.count || list.data[list.count - 1].key < key);
        pt_vec_push(&list, (placed){key, n});
    }
    if (!sorted) qsort_r(list.data, list.count, sizeof(placed), by_place, (void *)(uintptr_t)g);
    for (u32 i = 0; i < list.count; i++) pt_vec_push(out, list.data[i].node);
    pt_vec_free(&list);
    pt_free(files);
    pt_free(rank);
}

/* Rows. */

json_t *pt_json_text(const char *text) {
    json_t *out = json_string(text);
    if (out) return out;
    char *copy = pt_strndup(text, strlen(text));
    for (char *at = copy; at && *at; at++)
        if ((unsigned char)*at >= 0x80) *at = '?';
    out = json_string(copy ? copy : "");
    pt_free(copy);
    return out;
}

json_t *pt_json_path(const pt_query *q, u32 node) {
    pt_buffer b = {0};
    pt_graph_path(q->graph, &b, node);
    json_t *text = pt_json_text(b.data ? b.data : "");
    pt_buffer_free(&b);
    return text;
}

void pt_row_path(const pt_query *q, pt_buffer *out, u32 node) {
    const pt_graph_node *n = pt_node_at(q->graph, node);
    if (n->kind == PT_KIND_IMPL && !(n->flags & PT_NODE_TRAIT_IMPL)) pt_buffer_text(out, "impl ");
    pt_graph_path(q->graph, out, node);
}

json_t *pt_row_node(const pt_query *q, u32 node) {
    const pt_graph *g = q->graph;
    const pt_graph_node *n = pt_node_at(g, node);
    pt_buffer path = {0};
    pt_row_path(q, &path, node);
    json_t *row = json_object();
    json_object_set_new_nocheck(row, "path", pt_json_text(path.data ? path.data : ""));
    json_object_set_new_nocheck(row, "kind", pt_json_text(pt_kind_name(n->kind)));
    if (n->file != PT_NONE) {
        json_object_set_new_nocheck(row, "file", pt_json_text(pt_graph_file_path(g, n->file)));
        json_object_set_new_nocheck(row, "line", json_integer(pt_position_at(g, node)->line));
    }
    if (n->cfg) json_object_set_new_nocheck(row, "cfg", pt_json_text(pt_graph_string(g, n->cfg)));
    if (n->flags & PT_NODE_EXTERNAL) json_object_set_new_nocheck(row, "external", json_true());
    if (n->flags & PT_NODE_TEST) json_object_set_new_nocheck(row, "test", json_true());
    pt_buffer_free(&path);
    return row;
}

void pt_row_detail(const pt_query *q, json_t *row, u32 node) {
    static const char *const visibilities[] = {"private", "pub", "pub(crate)", "pub(super)", "private", "pub(in)"};
    const pt_graph *g = q->graph;
    const pt_graph_node *n = pt_node_at(g, node);
    if (n->signature) json_object_set_new_nocheck(row, "signature", pt_json_text(pt_graph_string(g, n->signature)));
    json_object_set_new_nocheck(row, "visibility", pt_json_text(visibilities[n->visibility % 6]));
    if (n->file != PT_NONE)
        json_object_set_new_nocheck(row, "end_line", json_integer(pt_position_at(g, node)->end_line));
    if (n->doc) json_object_set_new_nocheck(row, "doc", pt_json_text(pt_graph_string(g, n->doc)));
}

json_t *pt_row_sites(const pt_query *q, u32 from, u8 kind, u32 to, bool candidate, u32 most, u32 *left) {
    const pt_graph *g = q->graph;
    u32 count;
    const pt_graph_site *s = pt_graph_sites(g, from, kind, to, candidate, &count);
    json_t *rows = json_array();
    *left = 0;
    for (u32 i = 0; i < count; i++) {
        const char *cfg = pt_graph_string(g, s[i].cfg);
        if (!pt_cfg_shown(q, cfg)) continue;
        if (most && json_array_size(rows) == most) {
            ++*left;
            continue;
        }
        json_t *row = json_object();
        json_object_set_new_nocheck(row, "file",
                                    pt_json_text(pt_graph_file_path(g, pt_anchor_at(g, s[i].anchor)->file)));
        json_object_set_new_nocheck(row, "line", json_integer(pt_graph_site_line(g, &s[i])));
        json_object_set_new_nocheck(row, "col", json_integer(s[i].column));
        if (s[i].via) json_object_set_new_nocheck(row, "via", pt_json_text(pt_via_name(s[i].via)));
        if (*cfg) json_object_set_new_nocheck(row, "cfg", pt_json_text(cfg));
        json_array_append_new(rows, row);
    }
    return rows;
}

int pt_query_items(pt_query *q, pt_items *items, const char *text, u32 kinds, json_t *answer, pt_error *error) {
    int code = pt_find_items(items, q->graph, text, kinds, q->all, error);
    bool ambiguous = code == PT_EAMBIGUOUS;
    if (!code && !items->nodes.count) return pt_fail(error, PT_ENOMEM, "out of memory");
    if (code != PT_ENOTFOUND && !ambiguous) return code;
    json_t *rows = json_array();
    u32 count = ambiguous ? items->candidates.count : items->suggestions.count;
    for (u32 i = 0; i < count && i < 10; i++) {
        u32 node = ambiguous ? items->candidates.data[i] : items->suggestions.data[i];
        json_t *row = pt_row_node(q, node);
        if (pt_node_at(q->graph, node)->signature)
            json_object_set_new_nocheck(row, "signature",
                                        pt_json_text(pt_graph_string(q->graph, pt_node_at(q->graph, node)->signature)));
        json_array_append_new(rows, row);
    }
    json_object_set_new_nocheck(answer, ambiguous ? "candidates" : "suggestions", rows);
    return code;
}

void pt_query_unresolved(pt_query *q, json_t *answer, const pt_items *items) {
    const pt_graph *g = q->graph;
    u32 counts[PT_REASON_COUNT] = {0};
    pt_unresolved_list open = {0};
    json_t *out = json_object();
    for (u32 i = 0; i < items->nodes.count; i++) {
        u32 name = pt_node_at(g, items->nodes.data[i])->name;
        bool seen = false;
        for (u32 k = 0; k < i; k++) seen = seen || pt_same_text(g, pt_node_at(g, items->nodes.data[k])->name, name);
        if (seen) continue;
        open.count = 0;
        pt_graph_open_sites_unsorted(g, pt_graph_string(g, name), &open);
        for (u32 k = 0; k < open.count; k++) counts[open.data[k].reason]++;
    }
    pt_vec_free(&open);
    for (u8 r = 0; r < PT_REASON_COUNT; r++)
        if (counts[r]) json_object_set_new_nocheck(out, pt_reason_name(r), json_integer(counts[r]));
    json_object_set_new_nocheck(answer, "unresolved", out);
}

void pt_query_results(pt_query *q, json_t *answer, json_t *rows) {
    size_t total = json_array_size(rows);
    if (q->limit && total > q->limit) {
        json_object_set_new_nocheck(answer, "truncated", json_true());
        json_object_set_new_nocheck(answer, "total", json_integer((json_int_t)total));
        while (json_array_size(rows) > q->limit) json_array_remove(rows, json_array_size(rows) - 1);
    }
    json_object_set_new_nocheck(answer, "results", rows);
}

u32 pt_query_index(const char *name) {
    u32 count;
    const pt_query_info *info = pt_query_find(name), *list = pt_query_list(&count);
    return info ? (u32)(info - list) : PT_NONE;
}

int pt_query_run(pt_query *q, json_t **out, pt_error *error) {
    const pt_query_info *info = pt_query_find(q->command);
    *out = NULL;
    if (!info) return pt_fail(error, PT_EUSAGE, "%s: no such command", q->command);
    json_t *a = json_object();
    if (!a || pt_walker_fit(&q->walker, q->graph)) return json_decref(a), pt_fail(error, PT_ENOMEM, "out of memory");
    json_object_set_new_nocheck(a, "query", pt_json_text(info->name));
    json_t *target = q->target ? json_string(q->target) : NULL; /* NULL too when it is not UTF-8 */
    json_object_set_new_nocheck(a, "target", target ? target : json_null());
    if (q->second) json_object_set_new(a, "second", json_string(q->second));
    json_object_set_new_nocheck(a, "store", pt_json_text(q->uuid ? q->uuid : ""));
    json_object_set_new_nocheck(a, "generation", json_integer((json_int_t)q->graph->info.generation));
    json_object_set_new_nocheck(a, "complete", json_boolean(q->stale_count == 0));
    json_object_set_new_nocheck(a, "pending", json_integer(0));
    json_t *stale = json_array();
    for (u32 i = 0; i < q->stale_count; i++)
        json_array_append_new(stale, pt_json_text(pt_graph_file_path(q->graph, q->stale[i])));
    json_object_set_new_nocheck(a, "stale", stale);
    json_object_set_new_nocheck(a, "unresolved", json_object());
    json_object_set_new_nocheck(a, "truncated", json_false());
    json_object_set_new_nocheck(a, "cursor", json_null());
    json_object_set_new_nocheck(a, "results", json_array());
    int code = info->run(q, a, error);
    if (pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "out of memory"); /* rows may lack */
    if (code) json_object_set_new(a, "error", json_string(error ? error->message : ""));
    if (!q->keep_walker) pt_walker_free(&q->walker);
    *out = a;
    return code;
}
