/* amend_rows.c: what is asserted now, and what stays of what was, to rows of a batch; as graph/build.c makes them. */
#include "graph/amend_internal.h"
#include "graph/overlay.h"

/* Where sites that a definition asserts may start. */
void pt_amend_rows_of(amender *a, u32 def) {
    u32 node = pt_amend_nearest(a->w, def), id = node == PT_NO_DEF ? PT_NONE : pt_amend_id(a, node);
    if (id != PT_NONE) pt_vec_push(&a->rows, id);
    node = pt_amend_nearest(a->w, a->w->defs.data[def].parent);
    id = node == PT_NO_DEF ? PT_NONE : pt_amend_id(a, node);
    if (id != PT_NONE) pt_vec_push(&a->rows, id);
}

static u32 site_cfg(amender *a, const pt_site *x) {
    u32 own = x->cfg ? pt_records_symbol(&a->records, x->cfg) : 0, around = pt_records_cfg(&a->records, x->asserter);
    bool local = !pt_def_is_external_path(x->from) && !(a->w->defs.data[x->from].flags & PT_DEF_EXTERNAL) &&
                 a->w->defs.data[x->from].item != PT_NONE;
    if (!around || pt_amend_nearest(a->w, x->asserter) == x->from ||
        around == (local ? pt_records_cfg(&a->records, x->from) : 0))
        return own;
    return pt_records_both(&a->records, around, own);
}

/* A place that nobody asserts anything from any more goes behind the others: graph/delta.c. */
void pt_amend_leave_anchor(amender *a, u32 def, u32 at) {
    pt_graph_anchor left = *pt_anchor_at(a->g, at);
    left.line = PT_NONE;
    pt_vec_push(&a->left, (pt_delta_anchor){at, left});
    a->ids->anchor_of.data[def] = PT_NONE;
}

void pt_amend_take_sites(amender *a, const pt_item_sites *all) {
    for (u32 r = 0; r < all->items.count && !pt_alloc_failed(); r++) {
        const pt_item_run *run = &all->items.data[r];
        u32 had = run->def < a->ids->anchor_of.count ? a->ids->anchor_of.data[run->def] : PT_NONE;
        if (had != PT_NONE) pt_vec_push(&a->gone, had);
        if (had != PT_NONE && !run->count && !run->open_count) pt_amend_leave_anchor(a, run->def, had);
        pt_amend_rows_of(a, run->def);
        for (u32 i = 0; i < run->count; i++) {
            const pt_site *x = &all->found.sites.data[run->first + i];
            u32 from = pt_amend_node(a, x->from), to = pt_amend_node(a, x->to), at = pt_amend_anchor(a, x->asserter);
            pt_graph_site site = {
                at,         x->line, pt_amend_text(a, site_cfg(a, x), 0), x->column, x->via, x->rule, x->confidence,
                x->settled, 0};
            pt_vec_push(&a->sites, (new_site){from, pt_word_make(x->kind, false, to),
                                              pt_def_item(a->w, x->asserter)->line + x->line, a->sites.count, site});
            pt_vec_push(&a->rows, from);
        }
        for (u32 i = 0; i < run->open_count; i++) {
            const pt_open_site *x = &all->found.open.data[run->first_open + i];
            u32 from = pt_amend_node(a, x->from);
            pt_graph_unresolved u = {pt_amend_text(a, pt_records_symbol(&a->records, x->name), 0),
                                     from,
                                     pt_amend_anchor(a, x->asserter),
                                     x->line,
                                     x->column,
                                     x->reason,
                                     0};
            pt_vec_push(&a->open, (new_open){u, pt_def_item(a->w, x->asserter)->line + x->line});
            pt_vec_push(&a->rows, from);
        }
    }
}

static int by_new_site(const void *x, const void *y) {
    const new_site *a = x, *b = y;
    const u64 left[] = {(u64)a->from << 32 | a->edge, (u64)a->site.confidence << 32 | a->line,
                        (u64)a->site.column << 32 | a->order};
    const u64 right[] = {(u64)b->from << 32 | b->edge, (u64)b->site.confidence << 32 | b->line,
                         (u64)b->site.column << 32 | b->order};
    for (u32 i = 0; i < PT_COUNT_OF(left); i++)
        if (left[i] != right[i]) return left[i] < right[i] ? -1 : 1;
    return 0;
}

/* Where an item starts now: anchors that moved are in the delta already, sorted. */
static u32 line_at(const amender *a, u32 anchor) {
    if (anchor >= a->g->anchor_count) return a->anchors.data[anchor - a->g->anchor_count].line;
    u32 low = 0, high = a->out->anchors.count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (a->out->anchors.data[middle].id < anchor) low = middle + 1;
        else high = middle;
    }
    return low < a->out->anchors.count && a->out->anchors.data[low].id == anchor ? a->out->anchors.data[low].anchor.line
                                                                                 : pt_anchor_at(a->g, anchor)->line;
}

/* Sites of the old rows that stay, put to the new ones. */
void pt_amend_keep_sites(amender *a) {
    for (u32 r = 0; r < a->rows.count; r++) {
        u32 node = a->rows.data[r];
        if (node >= a->g->node_count || is_in(a->dead.data, a->dead.count, node)) continue;
        for (u32 pass = 0; pass < 2; pass++) {
            pt_row row = pt_graph_row(a->g, node, pass);
            for (u32 i = 0; i < row.count; i++)
                for (u32 s = row.site_offsets[i]; s < row.site_offsets[i + 1]; s++) {
                    const pt_graph_site *x = &row.sites[s];
                    if (is_in(a->gone.data, a->gone.count, x->anchor)) continue;
                    pt_word edge = pt_word_make(pt_word_kind(row.words[i]), false, pt_word_node(row.words[i]));
                    pt_vec_push(&a->sites, (new_site){node, edge, line_at(a, x->anchor) + x->line, a->sites.count, *x});
                }
        }
    }
    if (a->sites.count) qsort(a->sites.data, a->sites.count, sizeof(new_site), by_new_site);
}

static int by_word(const void *a, const void *b) {
    pt_word x = ((const made_edge *)a)->word, y = ((const made_edge *)b)->word;
    return x < y ? -1 : x > y;
}

/* Edges of one row of one pass from its sites: as graph/build.c makes them. */
static void make_edges(const amender *a, made_edges *out, u32 first, u32 end, bool candidates) {
    out->count = 0;
    for (u32 i = first, next; i < end; i = next) {
        const new_site *s = &a->sites.data[i];
        for (next = i + 1; next < end && a->sites.data[next].edge == s->edge;) next++;
        u8 best = s->site.confidence, kind = pt_word_kind(s->edge), code = kind;
        if ((best == PT_CANDIDATE) != candidates) continue;
        u32 count = 0;
        bool settled = !candidates && kind == PT_EDGE_CALLS;
        for (; i + count < next && (candidates || a->sites.data[i + count].site.confidence != PT_CANDIDATE); count++)
            settled = settled && a->sites.data[i + count].site.settled;
        if (settled) code = PT_CODE_SETTLED_CALLS;
        pt_vec_push(out, (made_edge){pt_word_make(code, best == PT_INFERRED, pt_word_node(s->edge)), i, count});
    }
    if (out->count) qsort(out->data, out->count, sizeof(made_edge), by_word);
}

static bool same_text(const amender *a, u32 x, u32 y) {
    const char *s = x < a->g->string_count ? pt_graph_string(a->g, x) : a->strings.text.data + (x - a->g->string_count);
    return x == y || strcmp(s, pt_graph_string(a->g, y)) == 0;
}

static bool same_row(const amender *a, const made_edges *new, const pt_row *old) {
    if (new->count != old->count) return false;
    for (u32 i = 0; i < new->count; i++)
        if (new->data[i].word != old->words[i] || new->data[i].count != old->site_offsets[i + 1] - old->site_offsets[i])
            return false;
    for (u32 i = 0; i < new->count; i++)
        for (u32 k = 0; k < new->data[i].count; k++) {
            const pt_graph_site *x = &a->sites.data[new->data[i].first + k].site,
                                *y = &old->sites[old->site_offsets[i] + k];
            if (x->anchor != y->anchor || x->line != y->line || x->column != y->column || x->via != y->via ||
                x->rule != y->rule || x->confidence != y->confidence || x->settled != y->settled ||
                !same_text(a, x->cfg, y->cfg))
                return false;
        }
    return true;
}

static void put_edges(amender *a, pt_delta_row *r, const made_edges *edges) {
    for (u32 i = 0; i < edges->count; i++) {
        pt_vec_push(&a->out->words, edges->data[i].word);
        pt_vec_push(&a->out->site_counts, edges->data[i].count);
        for (u32 k = 0; k < edges->data[i].count; k++)
            pt_vec_push(&a->out->sites, a->sites.data[edges->data[i].first + k].site);
        r->site_count += edges->data[i].count;
    }
}

void pt_amend_put_node(amender *a, u32 id, const pt_graph_node *n) {
    if (id >= a->g->node_count) a->added.data[id - a->g->node_count].node = *n;
    else {
        for (u32 i = a->out->nodes.count; i-- > 0;)
            if (a->out->nodes.data[i].id == id) {
                a->out->nodes.data[i].node = *n;
                return;
            }
        pt_vec_push(&a->out->nodes, (pt_delta_node){*n, id, 0});
    }
}

static int by_open(const void *x, const void *y, void *amending) {
    const new_open *a = x, *b = y;
    const amender *m = amending;
    const char *s = a->site.name < m->g->string_count ? pt_graph_string(m->g, a->site.name)
                                                      : m->strings.text.data + (a->site.name - m->g->string_count);
    const char *t = b->site.name < m->g->string_count ? pt_graph_string(m->g, b->site.name)
                                                      : m->strings.text.data + (b->site.name - m->g->string_count);
    if (a->site.from != b->site.from) return a->site.from < b->site.from ? -1 : 1;
    int order = strcmp(s, t);
    if (order) return order;
    if (a->line != b->line) return a->line < b->line ? -1 : 1;
    if (a->site.column != b->site.column) return a->site.column < b->site.column ? -1 : 1;
    if (a->site.reason != b->site.reason) return a->site.reason < b->site.reason ? -1 : 1;
    return a->site.anchor < b->site.anchor ? -1 : a->site.anchor > b->site.anchor;
}

/* Unresolved sites of the rows: those that stay are put to the new ones, repeats go. `was[r]`: how many a row had. */
static void keep_open(amender *a, u32 *was) {
    const pt_graph *g = a->g;
    u8 *wanted = pt_calloc((size_t)g->node_count / 8 + 1, 1);
    PT_VEC(pt_graph_unresolved) old = {0};
    for (u32 r = 0; wanted && r < a->rows.count; r++) {
        u32 node = a->rows.data[r];
        if (node >= g->node_count) continue;
        const pt_patch *p = g->overlay ? pt_patch_of(g->overlay, node) : NULL;
        if (p && p->open)
            for (u32 i = 0; i < p->open->count; i++) pt_vec_push(&old, p->open->sites[i]);
        else wanted[node / 8] |= (u8)(1u << (node % 8));
    }
    for (u32 i = 0; wanted && i < g->unresolved_count; i++) {
        u32 from = g->unresolved[i].from;
        if (wanted[from / 8] >> (from % 8) & 1) pt_vec_push(&old, g->unresolved[i]);
    }
    for (u32 i = 0; i < old.count; i++) {
        const pt_graph_unresolved *x = &old.data[i];
        const u32 *row = bsearch(&x->from, a->rows.data, a->rows.count, sizeof(u32), by_u32);
        if (row) was[row - a->rows.data]++;
        if (is_in(a->gone.data, a->gone.count, x->anchor) || is_in(a->dead.data, a->dead.count, x->from)) continue;
        pt_vec_push(&a->open, (new_open){*x, line_at(a, x->anchor) + x->line});
    }
    pt_free(wanted);
    pt_vec_free(&old);
    if (a->open.count) qsort_r(a->open.data, a->open.count, sizeof(new_open), by_open, a);
    u32 kept = 0;
    for (u32 i = 0; i < a->open.count; i++)
        if (!kept || by_open(&a->open.data[kept - 1], &a->open.data[i], a) != 0) a->open.data[kept++] = a->open.data[i];
    a->open.count = kept;
}

void pt_amend_make_rows(amender *a) {
    made_edges edges[2] = {0};
    u32 *was = pt_calloc((size_t)a->rows.count + 1, sizeof *was), site = 0, open = 0;
    if (was) keep_open(a, was);
    for (u32 k = 0; was && k < a->rows.count && !pt_alloc_failed(); k++) {
        u32 node = a->rows.data[k], end = site, open_end = open;
        bool dead = is_in(a->dead.data, a->dead.count, node);
        while (end < a->sites.count && a->sites.data[end].from == node) end++;
        while (open_end < a->open.count && a->open.data[open_end].site.from == node) open_end++;
        pt_delta_row r = {.node = node};
        for (u32 pass = 0; pass < 2; pass++) {
            pt_row old = {0};
            if (node < a->g->node_count) old = pt_graph_row(a->g, node, pass);
            make_edges(a, &edges[pass], site, end, pass);
            if (!dead && same_row(a, &edges[pass], &old)) continue;
            r.which |= pass ? PT_ROW_CANDIDATES : PT_ROW_OUT;
            u32 before = r.site_count;
            put_edges(a, &r, &edges[pass]);
            if (pass) r.candidate_count = edges[pass].count;
            else r.out_count = edges[pass].count;
            *(pass ? &a->candidates : &a->edges) += (i64)edges[pass].count - (i64)old.count;
            a->site_total += (i64)(r.site_count - before);
            if (old.count) a->site_total -= (i64)(old.site_offsets[old.count] - old.site_offsets[0]);
            for (u32 i = 0; i < old.count; i++) pt_vec_push(&a->ends, pt_word_node(old.words[i]));
            for (u32 i = 0; i < edges[pass].count; i++) pt_vec_push(&a->begun, pt_word_node(edges[pass].data[i].word));
            if (node < a->g->node_count && old.count) pt_vec_push(&a->ends, node);
        }
        if (dead || was[k] || open_end > open) { /* few: not compared */
            r.which |= PT_ROW_OPEN;
            r.open_count = open_end - open;
            for (u32 i = open; i < open_end; i++) pt_vec_push(&a->out->open, a->open.data[i].site);
            a->open_total += (i64)r.open_count - (i64)was[k];
        }
        if (r.which) pt_vec_push(&a->out->rows, r);
        if (!dead && !(pt_amend_record(a, node)->flags & PT_NODE_EXTERNAL)) {
            pt_graph_node n = *pt_amend_latest(a, node); /* its record may be another already */
            u64 interface = pt_amend_interface(a, &n, &edges[0]);
            if (interface != n.interface_hash) {
                n.interface_hash = interface;
                pt_amend_put_node(a, node, &n);
            }
        }
        site = end;
        open = open_end;
    }
    for (u32 i = 0; i < 2; i++) pt_vec_free(&edges[i]);
    pt_free(was);
}

static int by_delta_row(const void *a, const void *b) {
    u32 x = ((const pt_delta_row *)a)->node, y = ((const pt_delta_row *)b)->node;
    return x < y ? -1 : x > y;
}

static i64 count_of(const u32 *list, u32 count, u32 x) { /* of a sorted list */
    u32 low = 0, high = count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (list[middle] < x) low = middle + 1;
        else high = middle;
    }
    u32 end = low;
    while (end < count && list[end] == x) end++;
    return end - low;
}

/* External nodes that nothing leads to or from any more go. `ends` has a node once for each edge that led to it from a
 * changed row, and once for each changed row of its own that had edges; `begun` likewise what leads there now. */
void pt_amend_drop_external(amender *a) {
    u32 rows = a->out->rows.count;
    if (a->ends.count) qsort(a->ends.data, a->ends.count, sizeof(u32), by_u32);
    if (a->begun.count) qsort(a->begun.data, a->begun.count, sizeof(u32), by_u32);
    for (u32 i = 0; i < a->ends.count; i++) {
        u32 node = a->ends.data[i];
        if ((i && a->ends.data[i - 1] == node) || !(pt_node_at(a->g, node)->flags & PT_NODE_EXTERNAL)) continue;
        i64 left = 0, own = 0;
        for (u32 way = PT_OUT; way <= PT_CANDIDATE_IN; way++) left += pt_graph_degree(a->g, node, (pt_direction)way);
        left += count_of(a->begun.data, a->begun.count, node) - count_of(a->ends.data, a->ends.count, node);
        const pt_delta_row wanted = {.node = node},
                           *row = bsearch(&wanted, a->out->rows.data, rows, sizeof wanted, by_delta_row);
        for (u32 pass = 0; row && pass < 2; pass++) {
            if (!(row->which & (pass ? PT_ROW_CANDIDATES : PT_ROW_OUT))) continue;
            u32 was = pt_graph_row(a->g, node, pass).count;
            own += was != 0; /* put into `ends` by its own row */
            left += (i64)(pass ? row->candidate_count : row->out_count) - (i64)was;
        }
        if (left + own) continue;
        pt_vec_push(&a->out->nodes,
                    (pt_delta_node){{.parent = PT_NONE, .file = PT_NONE, .kind = PT_KIND_DEAD}, node, 0});
        a->external--;
        if (row) a->out->rows.data[row - a->out->rows.data].which = PT_ROW_OUT | PT_ROW_CANDIDATES | PT_ROW_OPEN;
        else
            pt_vec_push(&a->out->rows,
                        (pt_delta_row){.node = node, .which = PT_ROW_OUT | PT_ROW_CANDIDATES | PT_ROW_OPEN});
    }
    /* rows that were put behind hold nothing: the order of words stays */
    if (a->out->rows.count) qsort(a->out->rows.data, a->out->rows.count, sizeof(pt_delta_row), by_delta_row);
}
