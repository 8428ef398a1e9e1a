/* explain.c: why there is an edge, or why there is none: from what the snapshot keeps of each site. */
#include "query/query.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

/* One place that is to be explained: a site of an edge, or one that stayed unresolved. */
typedef struct entry {
    u32 from, file, line;
    u16 column;
    bool candidate;
    pt_word word;
    const pt_graph_site *site;       /* NULL: unresolved */
    const pt_graph_unresolved *open; /* NULL: an edge */
    const char *because;             /* why it is shown when it is not what was asked for; NULL */
} entry;

typedef struct explanation {
    const pt_query *q;
    PT_VEC(entry) entries;
    pt_unresolved_list open; /* what entries point to: filled before they do */
} explanation;

static int by_place(const void *a, const void *b, void *graph) {
    const pt_graph *g = graph;
    const entry *x = a, *y = b;
    int order = x->file == y->file ? 0 : strcmp(pt_graph_file_path(g, x->file), pt_graph_file_path(g, y->file));
    if (order) return order;
    const u32 left[] = {x->line, x->column, x->open != NULL}, right[] = {y->line, y->column, y->open != NULL};
    for (u32 i = 0; i < PT_COUNT_OF(left); i++)
        if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
    if (x->from != y->from) return pt_graph_order(g, x->from, y->from);
    u8 code = pt_word_code(x->word), other = pt_word_code(y->word);
    if (code != other) return code < other ? -1 : 1;
    if (pt_word_node(x->word) != pt_word_node(y->word))
        return pt_graph_order(g, pt_word_node(x->word), pt_word_node(y->word));
    return (x->because != NULL) - (y->because != NULL);
}

static void add_sites(explanation *x, u32 from, pt_word word, bool candidate, const char *because) {
    const pt_graph *g = x->q->graph;
    u32 count;
    const pt_graph_site *s = pt_graph_sites(g, from, pt_word_kind(word), pt_word_node(word), candidate, &count);
    for (u32 i = 0; i < count; i++)
        pt_vec_push(&x->entries, (entry){from, pt_anchor_at(g, s[i].anchor)->file, pt_graph_site_line(g, &s[i]),
                                         s[i].column, candidate, word, &s[i], NULL, because});
}

static void add_open(explanation *x, const pt_graph_unresolved *u) {
    const pt_graph *g = x->q->graph;
    pt_vec_push(&x->entries, (entry){u->from, pt_anchor_at(g, u->anchor)->file,
                                     pt_anchor_at(g, u->anchor)->line + u->line, u->column, false, 0, NULL, u, NULL});
}

/* The macro whose call stands at the place of a site. */
static u32 macro_at(const pt_graph *g, const entry *e) {
    pt_run run = pt_graph_kind(g, e->from, PT_OUT, PT_EDGE_EXPANDS);
    bool any = pt_run_next(&run); /* one piece: out-rows are */
    for (u32 i = 0; any && i < run.count; i++) {
        u32 count;
        const pt_graph_site *s = pt_graph_sites(g, e->from, PT_EDGE_EXPANDS, pt_word_node(run.words[i]), false, &count);
        for (u32 k = 0; k < count; k++)
            if (pt_anchor_at(g, s[k].anchor)->file == e->file && pt_graph_site_line(g, &s[k]) == e->line &&
                s[k].column == e->column)
                return pt_word_node(run.words[i]);
    }
    return PT_NONE;
}

/* How the target stands to the receiver. */
static const char *choice_of(const pt_graph *g, const entry *e) {
    u32 to = pt_word_node(e->word), parent = pt_node_at(g, to)->parent;
    u8 via = e->site->via;
    if (e->candidate || pt_word_kind(e->word) != PT_EDGE_CALLS || pt_node_at(g, to)->kind != PT_KIND_METHOD ||
        parent == PT_NONE || (pt_node_at(g, to)->flags & PT_NODE_EXTERNAL) || via == PT_VIA_NONE)
        return NULL;
    if (pt_node_at(g, parent)->kind == PT_KIND_TRAIT)
        return e->site->settled
                   ? "the receiver's type is known and does not define it: the trait's own member is meant"
                   : "the receiver is generic, dyn, opaque or not told: the trait's member stands for every "
                     "impl's";
    if (pt_node_at(g, parent)->kind != PT_KIND_IMPL) return NULL;
    return pt_node_at(g, to)->flags & PT_NODE_TRAIT_IMPL
               ? "the receiver's type is known: the member of its impl is meant"
               : "an inherent member, which goes before those of traits";
}

static json_t *row_of(const pt_query *q, const entry *e) {
    const pt_graph *g = q->graph;
    json_t *row = json_object(), *steps = json_array();
    json_object_set_new_nocheck(row, "from", pt_json_path(q, e->from));
    if (e->open) {
        json_object_set_new_nocheck(row, "kind", pt_json_text("unresolved"));
        json_object_set_new_nocheck(row, "name", pt_json_text(pt_graph_string(g, e->open->name)));
        json_object_set_new_nocheck(row, "reason", pt_json_text(pt_reason_name(e->open->reason)));
        json_array_append_new(steps, pt_json_text(pt_reason_sentence(e->open->reason)));
    } else if (e->site) {
        const pt_graph_site *s = e->site;
        const char *cfg = pt_graph_string(g, s->cfg ? s->cfg : pt_node_at(g, e->from)->cfg), *choice = choice_of(g, e);
        json_object_set_new_nocheck(row, "kind", pt_json_text(pt_edge_kind_name(pt_word_kind(e->word))));
        json_object_set_new_nocheck(row, "to", pt_json_path(q, pt_word_node(e->word)));
        if (s->via) json_object_set_new_nocheck(row, "via", pt_json_text(pt_via_name(s->via)));
        json_object_set_new_nocheck(row, "confidence", pt_json_text(pt_confidence_name(s->confidence)));
        json_object_set_new_nocheck(row, "rule", pt_json_text(pt_rule_name(s->rule)));
        if (*cfg) json_object_set_new_nocheck(row, "cfg", pt_json_text(cfg));
        bool expands = pt_word_kind(e->word) == PT_EDGE_EXPANDS; /* says itself what it is */
        if (s->via && !expands) json_array_append_new(steps, pt_json_text(pt_via_sentence(s->via)));
        u32 macro = expands ? PT_NONE : macro_at(g, e);
        if (macro != PT_NONE) {
            pt_buffer text = {0};
            pt_buffer_text(&text, "it stands in what the macro ");
            pt_graph_path(g, &text, macro);
            pt_buffer_text(&text, " expands to");
            json_array_append_new(steps, pt_json_text(text.data ? text.data : ""));
            pt_buffer_free(&text);
        }
        json_array_append_new(steps, pt_json_text(pt_rule_sentence(s->rule)));
        if (choice) json_array_append_new(steps, pt_json_text(choice));
        if (e->because) json_array_append_new(steps, pt_json_text(e->because));
    }
    json_object_set_new_nocheck(row, "file", pt_json_text(pt_graph_file_path(g, e->file)));
    json_object_set_new_nocheck(row, "line", json_integer(e->line));
    json_object_set_new_nocheck(row, "col", json_integer(e->column));
    json_object_set_new_nocheck(row, "steps", steps);
    return row;
}

/* Every site on a line. The sections are scanned once: no list leads from a line to its sites. */
static int explain_place(explanation *x, const char *file, u32 line, u32 column, pt_error *error) {
    const pt_graph *g = x->q->graph;
    bool any = false;
    for (u32 f = 0; f < g->file_count; f++) any = any || pt_file_matches(g, f, file);
    if (!any) return pt_fail(error, PT_ENOTFOUND, "%s: no such file in the index", file);
    for (u32 pass = 0; pass < 2; pass++)
        for (u32 n = 0; n < g->node_count; n++) {
            pt_row row = pt_graph_row(g, n, pass);
            for (u32 e = 0; e < row.count; e++)
                for (u32 s = row.site_offsets[e]; s < row.site_offsets[e + 1]; s++) {
                    const pt_graph_site *site = &row.sites[s];
                    const pt_graph_anchor *anchor = pt_anchor_at(g, site->anchor);
                    if (anchor->line + site->line != line || (column && site->column != column) ||
                        pt_word_kind(row.words[e]) == PT_EDGE_CONTAINS || !pt_file_matches(g, anchor->file, file))
                        continue;
                    pt_vec_push(&x->entries, (entry){n, anchor->file, line, site->column, pass != 0, row.words[e], site,
                                                     NULL, NULL});
                }
        }
    pt_graph_open_sites(g, NULL, &x->open);
    for (u32 i = 0; i < x->open.count; i++) {
        const pt_graph_unresolved *u = &x->open.data[i];
        const pt_graph_anchor *anchor = pt_anchor_at(g, u->anchor);
        if (anchor->line + u->line == line && (!column || u->column == column) &&
            pt_file_matches(g, anchor->file, file))
            add_open(x, u);
    }
    return PT_OK;
}

static void explain_pair(explanation *x, u32 from, u32 to) {
    const pt_graph *g = x->q->graph;
    u32 before = x->entries.count, name = pt_node_at(g, to)->name;
    for (u32 pass = 0; pass < 2; pass++) {
        pt_row row = pt_graph_row(g, from, pass);
        for (u32 i = 0; i < row.count; i++)
            if (pt_word_node(row.words[i]) == to && pt_word_kind(row.words[i]) != PT_EDGE_CONTAINS)
                add_sites(x, from, row.words[i], pass, NULL);
    }
    pt_row over = pt_graph_row(g, to, false), calls = pt_graph_row(g, from, false);
    for (u32 i = 0; i < over.count; i++)
        for (u32 k = 0; pt_word_kind(over.words[i]) == PT_EDGE_OVERRIDES && k < calls.count; k++) {
            u32 member = pt_word_node(over.words[i]), count;
            if (pt_word_node(calls.words[k]) != member || pt_word_kind(calls.words[k]) != PT_EDGE_CALLS) continue;
            const pt_graph_site *s = pt_graph_sites(g, from, PT_EDGE_CALLS, member, false, &count);
            bool all = true;
            for (u32 c = 0; c < count; c++) all = all && s[c].settled;
            add_sites(x, from, calls.words[k], false,
                      all ? "the asked item overrides this member, for another type: it is not meant"
                          : "the asked item overrides this member: it may be what runs");
        }
    for (u32 i = 0; x->entries.count == before && i < calls.count; i++)
        if (pt_word_kind(calls.words[i]) == PT_EDGE_CALLS &&
            pt_same_text(g, pt_node_at(g, pt_word_node(calls.words[i]))->name, name))
            add_sites(x, from, calls.words[i], false, "the name was resolved to this item, not to the asked one");
    for (u32 i = 0; i < x->open.count; i++)
        if (x->open.data[i].from == from && pt_same_text(g, x->open.data[i].name, name)) add_open(x, &x->open.data[i]);
}

int pt_ask_explain(pt_query *q, json_t *answer, pt_error *error) {
    explanation x = {.q = q};
    json_t *rows = json_array();
    char file[1024];
    u32 line, column;
    int code = PT_OK;
    if (!q->second) {
        if (!pt_place_of(q->target, file, sizeof file, &line, &column))
            code = pt_fail(error, PT_EUSAGE, "explain: give two items, or a place as FILE:LINE or FILE:LINE:COL");
        else code = explain_place(&x, file, line, column, error);
    } else {
        pt_items from = {0}, to = {0};
        code = pt_query_items(q, &from, q->target, 0, answer, error);
        bool all = q->all;
        q->all = true; /* every item of that name is asked for: rows tell them apart */
        if (!code) code = pt_query_items(q, &to, q->second, 0, answer, error);
        for (u32 k = 0; !code && k < to.nodes.count; k++)
            pt_graph_open_sites(q->graph, pt_graph_string(q->graph, pt_node_at(q->graph, to.nodes.data[k])->name),
                                &x.open);
        q->all = all;
        for (u32 i = 0; !code && i < from.nodes.count; i++)
            for (u32 k = 0; k < to.nodes.count; k++) explain_pair(&x, from.nodes.data[i], to.nodes.data[k]);
        if (!code) pt_query_unresolved(q, answer, &to);
        pt_items_free(&from);
        pt_items_free(&to);
    }
    if (!code && pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "out of memory");
    if (x.entries.count) qsort_r(x.entries.data, x.entries.count, sizeof(entry), by_place, (void *)(uintptr_t)q->graph);
    u32 total = 0, limit = q->limit ? q->limit : UINT32_MAX;
    for (u32 i = 0; !code && i < x.entries.count; i++) {
        entry *e = &x.entries.data[i];
        if (i && e[-1].site == e->site && e[-1].open == e->open)
            continue; /* told by a pair before, better or as well */
        if (e->site && !pt_cfg_shown(q, pt_graph_string(q->graph, e->site->cfg))) continue;
        if (total++ < limit) json_array_append_new(rows, row_of(q, e));
    }
    if (!code && total > json_array_size(rows)) {
        json_object_set_new_nocheck(answer, "truncated", json_true());
        json_object_set_new_nocheck(answer, "total", json_integer(total));
    }
    json_object_set_new_nocheck(answer, "results", rows);
    pt_vec_free(&x.entries);
    pt_vec_free(&x.open);
    return code;
}
