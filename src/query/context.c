#include "query/context.h"

#include "query/render.h"
#include "query/tokens.h"

#include <stdlib.h>

enum {
    TARGETS = 64,
    ROWS = 400,
    RESERVE = 56,     /* headings, and what a daemon adds about saves that are on their way */
    TEXT_AT_LEAST = 8 /* lines: less of a text than that says nothing */
};

/* One row of the answer: its item and what it takes now. */
typedef struct entry {
    pt_related r;
    json_t *row;
    u32 tokens;
    bool text, gone;
} entry;

typedef struct building {
    pt_query *q;
    const pt_graph *g;
    pt_quotes quotes;
    pt_context_level level;
    pt_format format;
    u32 budget, used;
    u32 cfg; /* string: of what is asked for */
    PT_VEC(entry) entries;
    PT_VEC(u32) changed; /* files whose text is not the snapshot's */
    pt_buffer scratch;
} building;

static u32 cost_of(building *b, const json_t *row) {
    pt_buffer_clear(&b->scratch);
    pt_render_row(&b->scratch, "context", row, b->format);
    return pt_tokens_bound(b->scratch.data ? b->scratch.data : "", b->scratch.count) + 1;
}

static bool span_of(const building *b, u32 node, u32 *file, u32 *first, u32 *last) {
    const pt_graph_node *n = pt_node_at(b->g, node);
    if (n->file == PT_NONE || n->kind == PT_KIND_CRATE) return false;
    *file = n->file;
    *first = pt_position_at(b->g, node)->line;
    *last = pt_position_at(b->g, node)->end_line;
    return true;
}

static bool within(const building *b, u32 node, u32 outer) {
    u32 file, first, last, outer_file, outer_first, outer_last;
    return node != outer && span_of(b, node, &file, &first, &last) &&
           span_of(b, outer, &outer_file, &outer_first, &outer_last) && file == outer_file && first >= outer_first &&
           last <= outer_last;
}

/* The same lines under the same name, which different configurations make two items. */
static bool is_twin(const building *b, u32 node, u32 other) {
    u32 file, first, last, other_file, other_first, other_last;
    return pt_same_text(b->g, pt_node_at(b->g, node)->name, pt_node_at(b->g, other)->name) &&
           span_of(b, node, &file, &first, &last) && span_of(b, other, &other_file, &other_first, &other_last) &&
           file == other_file && first == other_first && last == other_last;
}

/* Stands its text in a row already? */
static bool is_told(const building *b, u32 node) {
    for (u32 i = 0; i < b->entries.count; i++) {
        const entry *e = &b->entries.data[i];
        if (!e->gone && (e->r.node == node || (e->text && within(b, node, e->r.node)) || is_twin(b, node, e->r.node)))
            return true;
    }
    return false;
}

static json_t *row_of(const building *b, const pt_related *r) {
    const pt_graph *g = b->g;
    const pt_graph_node *n = pt_node_at(g, r->node);
    json_t *row = pt_row_node(b->q, r->node);
    if (r->relation == PT_RELATION_TEST) json_object_del(row, "test"); /* it says so already */
    if (r->relation == PT_RELATION_TEST || (r->relation != PT_RELATION_TARGET && pt_same_text(g, n->cfg, b->cfg)))
        json_object_del(row, "cfg");
    json_object_set_new_nocheck(row, "relation", pt_json_text(pt_relation_name(r->relation)));
    if (r->of != PT_NONE) json_object_set_new_nocheck(row, "through", pt_json_path(b->q, r->of));
    if (r->relation == PT_RELATION_TARGET && n->file != PT_NONE)
        json_object_set_new_nocheck(row, "end_line", json_integer(pt_position_at(g, r->node)->end_line));
    if (b->level == PT_LEVEL_MENU) return row;
    if (n->signature) json_object_set_new_nocheck(row, "signature", pt_json_text(pt_graph_string(g, n->signature)));
    bool tells = r->relation == PT_RELATION_TARGET || r->relation == PT_RELATION_SIGNATURE ||
                 r->relation == PT_RELATION_OVERRIDDEN || r->relation == PT_RELATION_PARENT;
    if (tells && n->doc && !(n->flags & PT_NODE_EXTERNAL))
        json_object_set_new_nocheck(row, "doc", pt_json_text(pt_graph_string(g, n->doc)));
    return row;
}

/* Is it so long that no count is needed? No rule of tokens.c makes less than one of seven characters that are no white space,
 * and what JSON writes for them is as many or more. */
static bool is_hopeless(pt_str text, u32 most) {
    size_t dark = 0;
    for (size_t i = 0; i < text.length; i++) dark += (u8)text.data[i] > ' ';
    return dark / 7 > most;
}

/* The row with the text of the item in place of its signature: all of it, or (`cut`) as many lines as fit into `most`
 * tokens. NULL: no text, or too little of it. */
static json_t *with_text(building *b, const entry *e, u32 most, bool cut, u32 *tokens) {
    u32 file, first, last;
    if (!span_of(b, e->r.node, &file, &first, &last)) return NULL;
    pt_str all = pt_quote(&b->quotes, b->g, file, first, last);
    if (all.length && memchr(all.data, 0, all.length)) return NULL; /* JSON readers refuse it */
    if (!all.length) {
        bool known = false;
        for (u32 i = 0; i < b->changed.count; i++) known = known || b->changed.data[i] == file;
        if (!known && !b->g->info.dump) pt_vec_push(&b->changed, file);
        return NULL;
    }
    if (!cut && is_hopeless(all, most)) return NULL;
    for (u32 to = last;;) {
        pt_str text = to == last ? all : pt_quote(&b->quotes, b->g, file, first, to);
        json_t *source = json_stringn(text.data, text.length), *row = source ? json_copy(e->row) : NULL;
        if (!row) {
            json_decref(source);
            return NULL;
        }
        json_object_del(row, "signature");
        json_object_set_new_nocheck(row, "end_line", json_integer(last));
        json_object_set_new_nocheck(row, "source", source);
        if (to < last) json_object_set_new_nocheck(row, "source_to", json_integer(to));
        u32 cost = *tokens = cost_of(b, row);
        if (cost <= most) return row;
        json_decref(row);
        u32 lines = to - first + 1, keep = (u32)((u64)lines * most / cost);
        if (!cut || keep < TEXT_AT_LEAST) return NULL;
        to = first + PT_MIN(keep, lines - 1) - 1;
    }
}

/* Takes a row in if it fits. */
static bool take(building *b, const pt_related *r, u32 most) {
    json_t *row = row_of(b, r);
    u32 cost = cost_of(b, row);
    if (!row || b->used + cost > most || !pt_vec_push(&b->entries, (entry){*r, row, cost, false, false})) {
        json_decref(row);
        return false;
    }
    b->used += cost;
    return true;
}

/* Puts the text in place of the signature; rows of what lies inside go. */
static bool quote(building *b, entry *e, u32 most, bool cut) {
    u32 room = PT_MIN(most, b->budget - b->used + e->tokens);
    u32 tokens;
    json_t *row = with_text(b, e, room, cut, &tokens);
    if (!row) return false;
    b->used -= e->tokens;
    json_decref(e->row);
    e->row = row;
    e->tokens = tokens;
    e->text = true;
    b->used += e->tokens;
    for (u32 i = 0; i < b->entries.count; i++) {
        entry *x = &b->entries.data[i];
        if (x->gone || x == e || x->r.relation == PT_RELATION_TARGET || !within(b, x->r.node, e->r.node)) continue;
        if (json_object_get(row, "source_to")) continue; /* it may lie in what was cut */
        x->gone = true;
        b->used -= x->tokens;
    }
    return true;
}

static bool is_quotable(const building *b, u32 node) {
    u8 kind = pt_node_at(b->g, node)->kind;
    return kind != PT_KIND_IMPL && kind != PT_KIND_MODULE && kind != PT_KIND_FIELD && kind != PT_KIND_VARIANT;
}

static void quote_some(building *b, u32 most, bool tests) {
    for (u32 i = 0; i < b->entries.count; i++) {
        entry *e = &b->entries.data[i];
        if (e->gone || e->text || e->r.relation == PT_RELATION_TARGET || !is_quotable(b, e->r.node)) continue;
        if (tests || e->r.relation != PT_RELATION_TEST) quote(b, e, most, false);
    }
}

/* Returns how many items were left out. */
static u32 choose(building *b, const u32 *targets, u32 target_count, const pt_related_list *related) {
    u32 next = 0, missed = 0,
        lines_to = b->level == PT_LEVEL_BODIES ? b->used + (b->budget - b->used) * 17 / 20 : b->budget;
    for (u32 i = 0; i < target_count; i++) {
        pt_related r = {targets[i], UINT32_MAX, PT_NONE, PT_RELATION_TARGET, (u16)i};
        if (is_told(b, targets[i])) continue;
        if (!take(b, &r, b->budget) || b->level != PT_LEVEL_BODIES) continue;
        /* a long one leaves room for what is around it, and for the others */
        quote(b, &b->entries.data[b->entries.count - 1], (b->budget - b->used) * 6 / 10 / (target_count - i) + 40,
              true);
    }
    for (; next < related->count && b->entries.count < ROWS; next++)
        if (!is_told(b, related->data[next].node) && !take(b, &related->data[next], lines_to)) break;
    if (b->level == PT_LEVEL_BODIES) quote_some(b, b->budget / 8, false);
    for (; next < related->count && b->entries.count < ROWS && missed < 8; next++)
        if (!is_told(b, related->data[next].node) && !take(b, &related->data[next], b->budget)) missed++;
    if (b->level == PT_LEVEL_BODIES) quote_some(b, b->budget / 3, true);
    return related->count - next + missed;
}

/* The items asked for: one a line of the argument. */
static int targets_of(pt_query *q, pt_node_list *out, pt_items *unresolved, json_t *answer, pt_error *error) {
    const char *at = q->target;
    for (u32 count = 0; *at; count++) {
        size_t n = strcspn(at, "\n");
        char *text = pt_strndup(at, n);
        pt_items items = {0};
        if (!text || count >= TARGETS) {
            pt_free(text);
            return text ? pt_fail(error, PT_EUSAGE, "context: at most %d items", TARGETS)
                        : pt_fail(error, PT_ENOMEM, "out of memory");
        }
        int code = *text ? pt_query_items(q, &items, text, 0, answer, error) : PT_OK;
        for (u32 i = 0; !code && i < items.nodes.count; i++) {
            bool known = false;
            for (u32 k = 0; k < out->count && !known; k++) known = out->data[k] == items.nodes.data[i];
            if (known) continue;
            pt_vec_push(out, items.nodes.data[i]);
            pt_vec_push(&unresolved->nodes, items.nodes.data[i]);
        }
        pt_items_free(&items);
        pt_free(text);
        if (code) return code;
        at += n + (at[n] == '\n');
    }
    return out->count ? PT_OK : pt_fail(error, PT_EUSAGE, "context: no item was named");
}

static int by_relation(const void *a, const void *b, void *graph) {
    const entry *x = a, *y = b;
    if (x->r.relation != y->r.relation) return x->r.relation < y->r.relation ? -1 : 1;
    if (x->r.relation == PT_RELATION_TARGET) return x->r.target < y->r.target ? -1 : x->r.target > y->r.target;
    if (x->r.score != y->r.score) return x->r.score > y->r.score ? -1 : 1;
    return pt_graph_order(graph, x->r.node, y->r.node);
}

int pt_ask_context(pt_query *q, json_t *answer, pt_error *error) {
    static const char *const levels[] = {"menu", "signatures", "bodies"};
    building b = {.q = q, .g = q->graph, .budget = q->budget ? q->budget : PT_CONTEXT_BUDGET, .level = PT_LEVEL_BODIES};
    u32 level = 2;
    if (q->level)
        for (level = 0; level < 3 && strcmp(levels[level], q->level) != 0;) level++;
    if (level == 3) return pt_fail(error, PT_EUSAGE, "--level %s: it is menu, signatures or bodies", q->level);
    if (!pt_format_of(&b.format, q->format))
        return pt_fail(error, PT_EUSAGE, "--format %s: it is text, markdown, json or compact", q->format);
    if (b.budget < PT_CONTEXT_LEAST || b.budget > PT_CONTEXT_MOST)
        return pt_fail(error, PT_EUSAGE, "a budget of %u tokens: it is %d to %d", b.budget, PT_CONTEXT_LEAST,
                       PT_CONTEXT_MOST);
    b.level = (pt_context_level)level;
    pt_node_list targets = {0};
    pt_items items = {0};
    pt_related_list related = {0};
    int code = targets_of(q, &targets, &items, answer, error);
    if (!code) code = pt_context_gather(&related, q, targets.data, targets.count, error);
    json_t *rows = json_array();
    if (!code) {
        b.cfg = pt_node_at(b.g, targets.data[0])->cfg;
        pt_query_unresolved(q, answer, &items);
        json_object_set_new_nocheck(answer, "budget", json_integer(b.budget));
        json_object_set_new_nocheck(answer, "tokens", json_integer(b.budget));
        json_object_del(answer, "cursor"); /* no nulls */
        pt_render_heads(answer, 1);
        pt_render(&b.scratch, answer, b.format);
        b.used = pt_tokens_bound(b.scratch.data ? b.scratch.data : "", b.scratch.count) + RESERVE;
        u32 left =
            b.used < b.budget ? choose(&b, targets.data, targets.count, &related) : targets.count + related.count;
        if (b.entries.count)
            qsort_r(b.entries.data, b.entries.count, sizeof(entry), by_relation, (void *)(uintptr_t)b.g);
        u32 told = 0;
        for (u32 i = 0; i < b.entries.count; i++)
            if (!b.entries.data[i].gone) json_array_append(rows, b.entries.data[i].row), told++;
        u64 total = (u64)told + left;
        json_object_set_new_nocheck(answer, "total", json_integer((json_int_t)total));
        json_object_set_new_nocheck(answer, "truncated", json_boolean(left != 0));
        if (b.changed.count) {
            json_t *changed = json_array();
            for (u32 i = 0; i < b.changed.count && i < 8; i++)
                json_array_append_new(changed, pt_json_text(pt_graph_file_path(b.g, b.changed.data[i])));
            json_object_set_new_nocheck(answer, "changed", changed);
            q->passing = true;
        }
    }
    json_object_set_nocheck(answer, "results", rows);
    if (!code && !q->part) { /* the number is of what is told; no bound of parts is trusted for the whole */
        if (!pt_render_within(NULL, answer, b.format, b.budget))
            code = pt_fail(error, PT_EUSAGE, "a budget of %u tokens is too little for this answer", b.budget);
    }
    json_decref(rows);
    for (u32 i = 0; i < b.entries.count; i++) json_decref(b.entries.data[i].row);
    pt_vec_free(&b.entries);
    pt_vec_free(&b.changed);
    pt_vec_free(&targets);
    pt_vec_free(&related);
    pt_items_free(&items);
    pt_buffer_free(&b.scratch);
    pt_quotes_free(&b.quotes);
    return code;
}
