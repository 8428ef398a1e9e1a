#include "query/check.h"

#include "workspace/toml.h"

#include <stdio.h>
#include <stdlib.h>

enum { NAMES = 64, CYCLE_MEMBERS = 6 };

/* Nodes that a list of names means: a byte each. */
typedef struct place {
    u8 *in;
} place;

typedef struct checking {
    pt_query *q;
    const pt_graph *g;
    json_t *rows;
    pt_buffer path;
    const char *check; /* the kind of rule in work */
    char name[160];
    pt_error *error;
    u32 rules;
} checking;

static int wrong(checking *c, const pt_toml *at, const char *what) {
    return pt_fail(c->error, PT_EUSAGE, "rules:%u: %s", at->line, what);
}

/* Marks what one name means. False: nothing. */
static bool mark(checking *c, const char *name, u8 *in, u8 value) {
    const pt_graph *g = c->g;
    bool any = false;
    size_t n = strlen(name);
    u8 *root = pt_calloc((size_t)g->node_count + 1, 1);
    for (u32 i = 0; root && i < g->node_count; i++) {
        if (!pt_node_alive(g, i)) continue;
        pt_buffer_clear(&c->path);
        pt_graph_path(g, &c->path, i);
        const char *path = c->path.data ? c->path.data : "";
        bool same = strncmp(path, name, n) == 0 && (!path[n] || (path[n] == ':' && !pt_node_local(g, i)));
        if (same) root[i] = 1;
    }
    for (u32 i = 0; root && i < g->node_count; i++) {
        if (!pt_node_alive(g, i)) continue;
        for (u32 up = i, hops = 0; up != PT_NONE && hops < 4096; hops++, up = pt_node_at(g, up)->parent)
            if (root[up]) {
                in[i] = value;
                any = true;
                break;
            }
    }
    pt_free(root);
    return any;
}

/* A text, or a list of texts. */
static int names_of(checking *c, const pt_toml *rule, const char *key, bool needed, const pt_toml **out, u32 *count) {
    const pt_toml *value = pt_toml_get(rule, key);
    *count = 0;
    if (!value)
        return needed ? pt_fail(c->error, PT_EUSAGE, "rules:%u: %s wants `%s`", rule->line, c->check, key) : PT_OK;
    if (value->type == PT_TOML_STRING) return out[(*count)++] = value, PT_OK;
    if (value->type != PT_TOML_ARRAY) return wrong(c, value, "a name or a list of names is wanted");
    for (const pt_toml *one = value->child; one; one = one->next) {
        if (one->type != PT_TOML_STRING) return wrong(c, value, "a list of names is wanted");
        if (*count == NAMES) return wrong(c, value, "at most 64 names");
        out[(*count)++] = one;
    }
    return PT_OK;
}

static int read_place(checking *c, const pt_toml *rule, const char *key, bool needed, place *out) {
    const pt_toml *names[NAMES];
    u32 count;
    out->in = pt_calloc((size_t)c->g->node_count + 1, 1);
    if (!out->in) return pt_fail(c->error, PT_ENOMEM, "out of memory");
    int code = names_of(c, rule, key, needed, names, &count);
    for (u32 i = 0; i < count && !code; i++) {
        char *name = pt_strndup(names[i]->text.data, names[i]->text.length);
        if (!name) code = pt_fail(c->error, PT_ENOMEM, "out of memory");
        else if (!mark(c, name, out->in, 1))
            code = pt_fail(c->error, PT_EUSAGE, "rules:%u: %s: no such item, and nothing external begins so",
                           names[i]->line ? names[i]->line : rule->line, name);
        pt_free(name);
    }
    return code;
}

static int read_number(checking *c, const pt_toml *rule, const char *key, bool needed, u32 *out) {
    const pt_toml *value = pt_toml_get(rule, key);
    char text[24], *end;
    if (!value)
        return needed ? pt_fail(c->error, PT_EUSAGE, "rules:%u: %s wants `%s`", rule->line, c->check, key) : PT_OK;
    snprintf(text, sizeof text, "%.*s", (int)value->text.length, value->text.data ? value->text.data : "");
    unsigned long number = strtoul(text, &end, 10);
    if (value->type != PT_TOML_SCALAR || *end || end == text || text[0] == '-' || number > UINT32_MAX)
        return wrong(c, value, "a whole number is wanted");
    *out = (u32)number;
    return PT_OK;
}

static int read_text(checking *c, const pt_toml *rule, const char *key, const char *const *allowed, char *out,
                     size_t size) {
    const pt_toml *value = pt_toml_get(rule, key);
    if (!value) return PT_OK;
    if (value->type != PT_TOML_STRING) return wrong(c, value, "a text is wanted");
    snprintf(out, size, "%.*s", (int)value->text.length, value->text.data);
    for (u32 i = 0; allowed && allowed[i]; i++)
        if (strcmp(allowed[i], out) == 0) return PT_OK;
    return allowed ? pt_fail(c->error, PT_EUSAGE, "rules:%u: `%s`: %s is none of them", value->line, key, out) : PT_OK;
}

/* Only the keys that a rule of this kind has. */
static int check_keys(checking *c, const pt_toml *rule, const char *const *keys) {
    if (rule->type != PT_TOML_TABLE) return wrong(c, rule, "a rule is a table: [[forbid]]");
    for (const pt_toml *member = rule->child; member; member = member->next) {
        bool known = false;
        for (u32 i = 0; keys[i] && !known; i++) known = pt_str_equal(member->key, pt_str_of(keys[i]));
        if (!known)
            return pt_fail(c->error, PT_EUSAGE, "rules:%u: %s takes no `%.*s`", member->line, c->check,
                           (int)PT_MIN(member->key.length, 60u), member->key.data);
    }
    return PT_OK;
}

static json_t *violation(checking *c, const char *text) {
    json_t *row = json_object();
    json_object_set_new_nocheck(row, "rule", pt_json_text(c->name));
    json_object_set_new_nocheck(row, "check", pt_json_text(c->check));
    json_object_set_new_nocheck(row, "message", pt_json_text(text));
    json_array_append_new(c->rows, row);
    return row;
}

static void at_node(checking *c, json_t *row, u32 node) {
    const pt_graph_node *n = pt_node_at(c->g, node);
    json_object_set_new_nocheck(row, "from", pt_json_path(c->q, node));
    if (n->file == PT_NONE) return;
    json_object_set_new_nocheck(row, "file", pt_json_text(pt_graph_file_path(c->g, n->file)));
    json_object_set_new_nocheck(row, "line", json_integer(pt_position_at(c->g, node)->line));
    json_object_set_new_nocheck(row, "col", json_integer(pt_position_at(c->g, node)->column));
}

/* An edge that may not be, at its first place. */
static void bad_edge(checking *c, u32 from, pt_word word, const char *why) {
    pt_buffer text = {0};
    u32 count, to = pt_word_node(word);
    const pt_graph_site *site = pt_graph_sites(c->g, from, pt_word_kind(word), to, false, &count);
    pt_graph_path(c->g, &text, from);
    pt_buffer_format(&text, " %s ", pt_edge_kind_name(pt_word_kind(word)));
    pt_graph_path(c->g, &text, to);
    pt_buffer_text(&text, why);
    json_t *row = violation(c, text.data ? text.data : "");
    at_node(c, row, from);
    json_object_set_new_nocheck(row, "to", pt_json_path(c->q, to));
    json_object_set_new_nocheck(row, "edge", pt_json_text(pt_edge_kind_name(pt_word_kind(word))));
    if (count) {
        json_object_set_new_nocheck(row, "file",
                                    pt_json_text(pt_graph_file_path(c->g, pt_anchor_at(c->g, site->anchor)->file)));
        json_object_set_new_nocheck(row, "line", json_integer(pt_graph_site_line(c->g, site)));
        json_object_set_new_nocheck(row, "col", json_integer(site->column));
        if (count > 1) json_object_set_new_nocheck(row, "sites", json_integer(count));
    }
    pt_buffer_free(&text);
}

/* Every dependency of the workspace's items, in their order. */
static void each_edge(checking *c, bool tests, void (*visit)(checking *c, u32 from, pt_word word, void *payload),
                      void *payload) {
    pt_node_list nodes = {0};
    pt_query_nodes(c->q, 0, &nodes);
    for (u32 i = 0; i < nodes.count; i++) {
        const pt_graph_node *n = pt_node_at(c->g, nodes.data[i]);
        if (!tests && (n->flags & PT_NODE_TEST)) continue;
        bool container = n->kind == PT_KIND_MODULE || n->kind == PT_KIND_CRATE;
        pt_row row = pt_graph_row(c->g, nodes.data[i], false);
        for (u32 k = 0; k < row.count; k++) {
            u8 kind = pt_word_kind(row.words[k]);
            u8 to = pt_node_at(c->g, pt_word_node(row.words[k]))->kind;
            bool prefix = to == PT_KIND_MODULE || to == PT_KIND_CRATE; /* of a path whose end counts */
            if (kind == PT_EDGE_CONTAINS || (kind == PT_EDGE_USES && (container || prefix))) continue;
            visit(c, nodes.data[i], row.words[k], payload);
        }
    }
    pt_vec_free(&nodes);
}

typedef struct forbidden {
    place from, to, except;
} forbidden;
static void visit_forbidden(checking *c, u32 from, pt_word word, void *payload) {
    const forbidden *f = payload;
    u32 to = pt_word_node(word);
    if (f->from.in[from] && f->to.in[to] && !f->except.in[from] && !f->except.in[to] && !f->from.in[to])
        bad_edge(c, from, word, "");
}
static int forbid(checking *c, const pt_toml *rule) {
    static const char *const keys[] = {"name", "from", "to", "except", "tests", NULL};
    forbidden f = {0};
    int code = check_keys(c, rule, keys);
    if (!code) code = read_place(c, rule, "from", true, &f.from);
    if (!code) code = read_place(c, rule, "to", true, &f.to);
    if (!code) code = read_place(c, rule, "except", false, &f.except);
    if (!code) each_edge(c, pt_toml_boolean(rule, "tests", false), visit_forbidden, &f);
    pt_free(f.from.in);
    pt_free(f.to.in);
    pt_free(f.except.in);
    return code;
}

static void visit_layers(checking *c, u32 from, pt_word word, void *payload) {
    const u8 *layer = payload;
    u8 a = layer[from], b = layer[pt_word_node(word)];
    if (a && b && b < a) bad_edge(c, from, word, ", which stands above it");
}
static int layers(checking *c, const pt_toml *rule) {
    static const char *const keys[] = {"name", "order", "tests", NULL};
    const pt_toml *names[NAMES];
    u32 count;
    u8 *layer = pt_calloc((size_t)c->g->node_count + 1, 1);
    int code = layer ? check_keys(c, rule, keys) : pt_fail(c->error, PT_ENOMEM, "out of memory");
    if (!code) code = names_of(c, rule, "order", true, names, &count);
    for (u32 length = 0; !code && length < 1024; length++) /* a longer name is a part of a shorter one: it counts */
        for (u32 i = 0; i < count && !code; i++) {
            if (names[i]->text.length != length) continue;
            char *name = pt_strndup(names[i]->text.data, names[i]->text.length);
            if (name && !mark(c, name, layer, (u8)(i + 1)))
                code = pt_fail(c->error, PT_EUSAGE, "rules:%u: %s: no such item",
                               names[i]->line ? names[i]->line : rule->line, name);
            pt_free(name);
        }
    if (!code) each_edge(c, pt_toml_boolean(rule, "tests", false), visit_layers, layer);
    pt_free(layer);
    return code;
}

static int cycles(checking *c, const pt_toml *rule) {
    static const char *const keys[] = {"name", "level", "within", "most", NULL}, *const levels[] = {"module", "type",
                                                                                                    "call", NULL};
    char level[16] = "module";
    u32 most = 0;
    place within = {0};
    int code = check_keys(c, rule, keys);
    if (!code) code = read_text(c, rule, "level", levels, level, sizeof level);
    if (!code) code = read_number(c, rule, "most", false, &most);
    if (!code) code = read_place(c, rule, "within", false, &within);
    json_t *answer = json_object(), *row, *member;
    pt_query q = *c->q;
    q.level = level;
    q.limit = 0;
    if (!code) code = pt_ask_find_cycles(&q, answer, c->error);
    c->q->walker = q.walker;
    size_t i, k;
    u32 found = 0;
    bool limited = pt_toml_get(rule, "within") != NULL;
    for (u32 pass = 0; pass < 2 && !code && (pass == 0 || found > most); pass++)
        json_array_foreach(json_object_get(answer, "results"), i, row) {
            const json_t *members = json_object_get(row, "members");
            bool inside = true;
            json_array_foreach(members, k, member) {
                pt_items items = {0};
                if (limited && inside) { /* by its path: rows hold no ids */
                    inside = pt_find_items(&items, c->g, json_string_value(json_object_get(member, "path")), 0, true,
                                           NULL) == PT_OK &&
                             within.in[items.nodes.data[0]];
                    pt_items_free(&items);
                }
            }
            if (!inside) continue;
            if (pass == 0) {
                found++;
                continue;
            }
            pt_buffer text = {0};
            pt_buffer_format(&text, "%zu %ss form a cycle:", json_array_size(members), level);
            json_array_foreach(members, k, member) {
                if (k < CYCLE_MEMBERS)
                    pt_buffer_format(&text, "%s %s", k ? "," : "", json_string_value(json_object_get(member, "path")));
            }
            if (k > CYCLE_MEMBERS) pt_buffer_text(&text, " ...");
            json_t *v = violation(c, text.data ? text.data : "");
            const json_t *first = json_array_get(members, 0);
            json_object_set_nocheck(v, "from", json_object_get(first, "path"));
            json_object_set_nocheck(v, "file", json_object_get(first, "file"));
            json_object_set_nocheck(v, "line", json_object_get(first, "line"));
            pt_buffer_free(&text);
        }
    json_decref(answer);
    pt_free(within.in);
    return code;
}

static int limit(checking *c, const pt_toml *rule) {
    static const char *const keys[] = {"name", "of", "kind", "within", "most", "tests", NULL}, *const counts[] = {
                                                                                                   "callers", "used-by",
                                                                                                   "uses", "members",
                                                                                                   NULL};
    char of[16] = "", kind[24] = "";
    u32 most = 0;
    place within = {0};
    int code = check_keys(c, rule, keys);
    if (!code && !pt_toml_get(rule, "of")) code = wrong(c, rule, "limit wants `of`");
    if (!code) code = read_text(c, rule, "of", counts, of, sizeof of);
    if (!code) code = read_text(c, rule, "kind", NULL, kind, sizeof kind);
    if (!code && *kind && pt_kind_of_name(kind) >= PT_KIND_PRIMITIVE) code = wrong(c, rule, "no such kind");
    if (!code) code = read_number(c, rule, "most", true, &most);
    if (!code) code = read_place(c, rule, "within", false, &within);
    bool limited = pt_toml_get(rule, "within") != NULL, tests = pt_toml_boolean(rule, "tests", false);
    pt_node_list nodes = {0};
    if (!code) pt_query_nodes(c->q, *kind ? 1u << pt_kind_of_name(kind) : 0, &nodes);
    for (u32 i = 0; i < nodes.count; i++) {
        u32 n = nodes.data[i], count;
        if ((limited && !within.in[n]) || (!tests && (pt_node_at(c->g, n)->flags & PT_NODE_TEST))) continue;
        if (strcmp(of, "callers") == 0) count = pt_graph_kind_count(c->g, n, PT_IN, PT_EDGE_CALLS);
        else if (strcmp(of, "used-by") == 0)
            count = pt_centrality(c->g, n) - pt_graph_kind_count(c->g, n, PT_IN, PT_EDGE_CONTAINS);
        else if (strcmp(of, "members") == 0) count = pt_graph_kind_count(c->g, n, PT_OUT, PT_EDGE_CONTAINS);
        else count = pt_graph_degree(c->g, n, PT_OUT) - pt_graph_kind_count(c->g, n, PT_OUT, PT_EDGE_CONTAINS);
        if (count <= most) continue;
        pt_buffer text = {0};
        pt_graph_path(c->g, &text, n);
        pt_buffer_format(&text, ": %u %s, at most %u", count, of, most);
        at_node(c, violation(c, text.data ? text.data : ""), n);
        pt_buffer_free(&text);
    }
    pt_vec_free(&nodes);
    pt_free(within.in);
    return code;
}

int pt_ask_check(pt_query *q, json_t *answer, pt_error *error) {
    static const struct {
        const char *key;
        int (*check)(checking *c, const pt_toml *rule);
    } kinds[] = {{"forbid", forbid}, {"layers", layers}, {"cycles", cycles}, {"limit", limit}};
    checking c = {.q = q, .g = q->graph, .rows = json_array(), .error = error};
    pt_arena arena = {0};
    pt_toml *root = NULL;
    int code = pt_toml_parse(&root, &arena, pt_str_of(q->target), "rules", error);
    if (code == PT_ECORRUPT) code = PT_EUSAGE; /* the message stays: rules:LINE: what */
    for (const pt_toml *member = code ? NULL : root->child; member && !code; member = member->next) {
        u32 k = 0;
        while (k < PT_COUNT_OF(kinds) && !pt_str_equal(member->key, pt_str_of(kinds[k].key))) k++;
        if (k == PT_COUNT_OF(kinds) || member->type != PT_TOML_ARRAY) {
            code = pt_fail(error, PT_EUSAGE, "rules:%u: there are [[forbid]], [[layers]], [[cycles]] and [[limit]]",
                           member->line);
            break;
        }
        for (const pt_toml *rule = member->child; rule && !code; rule = rule->next) {
            pt_str name = pt_toml_string(rule, "name", (pt_str){0});
            c.check = kinds[k].key;
            c.rules++;
            if (name.length) snprintf(c.name, sizeof c.name, "%.*s", (int)name.length, name.data);
            else snprintf(c.name, sizeof c.name, "%s, line %u", kinds[k].key, rule->line);
            code = kinds[k].check(&c, rule);
        }
    }
    if (!code && !c.rules) code = pt_fail(error, PT_EUSAGE, "rules: none are there");
    json_object_set_new_nocheck(answer, "target", json_null()); /* the rules' whole text says nothing here */
    json_object_set_new_nocheck(
        answer, "summary", json_pack("{s:i, s:i}", "rules", (int)c.rules, "violations", (int)json_array_size(c.rows)));
    pt_query_results(q, answer, c.rows);
    pt_buffer_free(&c.path);
    pt_arena_free(&arena);
    return code;
}

json_t *pt_check_sarif(const json_t *answer, const char *version) {
    json_t *results = json_array(), *rules = json_array(), *row, *known;
    size_t i, k;
    json_array_foreach(json_object_get(answer, "results"), i, row) {
        json_t *name = json_object_get(row, "rule"), *line = json_object_get(row, "line"),
               *col = json_object_get(row, "col");
        bool seen = false;
        json_array_foreach(rules, k, known) seen = seen || json_equal(json_object_get(known, "id"), name);
        if (!seen)
            json_array_append_new(rules, json_pack("{s:O, s:{s:O}}", "id", name, "shortDescription", "text", name));
        json_t *region = json_pack("{s:i}", "startLine", line ? (int)json_integer_value(line) : 1);
        if (col) json_object_set(region, "startColumn", col);
        json_t *result = json_pack("{s:O, s:s, s:{s:O}}", "ruleId", name, "level", "error", "message", "text",
                                   json_object_get(row, "message"));
        json_t *file = json_object_get(row, "file");
        json_object_set_new(result, "locations",
                            file ? json_pack("[{s:{s:{s:O, s:s}, s:o}}]", "physicalLocation", "artifactLocation", "uri",
                                             file, "uriBaseId", "SRCROOT", "region", region)
                                 : json_array());
        if (!file) json_decref(region);
        json_array_append_new(results, result);
    }
    return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:s, s:o}]}", "$schema",
                     "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool", "driver",
                     "name", "parseltongue", "version", version, "rules", rules, "columnKind", "unicodeCodePoints",
                     "results", results);
}
