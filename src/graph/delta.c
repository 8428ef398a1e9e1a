#include "graph/delta.h"

#include "graph/string_table.h"

#include <stdlib.h>

void pt_delta_builder_free(pt_delta_builder *b) {
#define X(name, type) pt_vec_free(&b->name);
    PT_DELTA_SECTIONS(X)
#undef X
}

void pt_delta_parts(pt_block_part *parts, pt_delta_builder *b) {
    u32 n = 0;
    b->info.count = 0;
    pt_vec_push(&b->info, b->head);
#define X(name, type) parts[n++] = (pt_block_part){PT_DELTA_SECTION_##name, sizeof(type), b->name.data, b->name.count};
    PT_DELTA_SECTIONS(X)
#undef X
}

/* Reading. */

static int ill(pt_error *error, const char *what) {
    return pt_fail(error, PT_ECORRUPT, "batch: its %s do not fit each other", what);
}

int pt_delta_open(pt_delta *d, const void *block, u64 size, bool check, pt_error *error) {
    *d = (pt_delta){0};
    int code = pt_block_open(block, size, PT_BLOCK_DELTA, check, "batch", error);
#define X(name, type)                                                                                              \
    if (!code) {                                                                                                   \
        const void *at;                                                                                            \
        code = pt_block_take(&at, &d->name##_count, block, PT_DELTA_SECTION_##name, sizeof(type), "batch", error); \
        d->name = at;                                                                                              \
    }
    PT_DELTA_SECTIONS(X)
#undef X
    if (code) return code;
    if (d->info_count != 1) return ill(error, "numbers");
    if (d->strings_count && d->strings[d->strings_count - 1] != 0) return ill(error, "strings");
    if ((u64)d->info->string_base + d->strings_count >= PT_NONE) return ill(error, "strings");
    u64 words = 0, sites = 0, open = 0;
    for (u32 i = 0; i < d->rows_count; i++) {
        const pt_delta_row *r = &d->rows[i];
        if ((i && d->rows[i - 1].node >= r->node) || (r->out_count && !(r->which & PT_ROW_OUT)) ||
            (r->candidate_count && !(r->which & PT_ROW_CANDIDATES)) || (r->open_count && !(r->which & PT_ROW_OPEN)))
            return ill(error, "rows");
        u64 first = words;
        words += (u64)r->out_count + r->candidate_count;
        sites += r->site_count;
        open += r->open_count;
        if (words > d->words_count || words > d->site_counts_count || sites > d->sites_count || open > d->open_count)
            return ill(error, "rows");
        u64 own = 0;
        for (u64 k = first; k < words; k++) {
            bool starts = k == first || k == first + r->out_count;
            if (pt_word_code(d->words[k]) >= PT_CODE_COUNT || (!starts && d->words[k - 1] >= d->words[k]))
                return ill(error, "words");
            own += d->site_counts[k];
        }
        if (own != r->site_count) return ill(error, "sites");
    }
    if (words != d->words_count || words != d->site_counts_count || sites != d->sites_count || open != d->open_count)
        return ill(error, "rows");
    for (u32 i = 1; i < d->nodes_count; i++)
        if (d->nodes[i - 1].id >= d->nodes[i].id) return ill(error, "nodes");
    for (u32 i = 1; i < d->positions_count; i++)
        if (d->positions[i - 1].id >= d->positions[i].id) return ill(error, "positions");
    for (u32 i = 1; i < d->anchors_count; i++)
        if (d->anchors[i - 1].id >= d->anchors[i].id) return ill(error, "anchors");
    for (u32 i = 1; i < d->files_count; i++)
        if (d->files[i - 1].id >= d->files[i].id) return ill(error, "files");
    return PT_OK;
}

/* Between two snapshots. */

typedef struct differ {
    const pt_graph *old, *new;
    pt_delta_builder *out;
    u32 *node_of, *file_of, *anchor_of; /* new id -> id */
    u32 *new_of;                        /* id -> new id, PT_NONE: gone, or not there yet */
    pt_string_table strings;
    u64 changed;
} differ;

static const char *old_text(const differ *d, u32 offset) { return pt_graph_string(d->old, offset); }
static const char *new_text(const differ *d, u32 offset) { return pt_graph_string(d->new, offset); }

/* The offset of a text of the new graph: that of the old one's string where it is the same, or a new one. */
static u32 text(differ *d, u32 offset, u32 old) {
    if (!*new_text(d, offset)) return 0;
    if (old && strcmp(old_text(d, old), new_text(d, offset)) == 0) return old;
    return d->old->string_count + pt_string_add(&d->strings, pt_str_of(new_text(d, offset)));
}

static u32 *filled(u32 count, u8 byte) {
    u32 *list = pt_malloc(((size_t)count + 1) * sizeof(u32));
    if (list) memset(list, byte, ((size_t)count + 1) * sizeof(u32));
    return list;
}

static void match_nodes(differ *d) {
    u32 size = 1024, next = d->old->node_count;
    while (size < d->old->node_count * 2) size *= 2;
    u32 *table = filled(size, 0);
    for (u32 n = 0; table && n < d->old->node_count; n++) {
        if (!pt_node_alive(d->old, n)) continue;
        u32 at = (u32)pt_node_at(d->old, n)->hash.low & (size - 1);
        while (table[at]) at = (at + 1) & (size - 1);
        table[at] = n + 1;
    }
    for (u32 n = 0; table && n < d->new->node_count; n++) {
        const pt_graph_node *x = pt_node_at(d->new, n);
        d->node_of[n] = PT_NONE;
        for (u32 at = (u32)x->hash.low & (size - 1); table[at]; at = (at + 1) & (size - 1)) {
            u32 id = table[at] - 1;
            if (d->new_of[id] != PT_NONE || !pt_hash128_equal(pt_node_at(d->old, id)->hash, x->hash)) continue;
            d->new_of[id] = n;
            d->node_of[n] = id;
            break;
        }
        if (d->node_of[n] == PT_NONE) d->node_of[n] = next++;
    }
    pt_free(table);
    d->out->head.node_count = next;
}

typedef struct file_key {
    const char *path;
    u32 id;
} file_key;
static int by_path(const void *a, const void *b) {
    return strcmp(((const file_key *)a)->path, ((const file_key *)b)->path);
}

static bool same_file(const pt_graph_file *a, const pt_graph_file *b) {
    return a->path == b->path && a->lines == b->lines && a->size == b->size && a->mtime_ns == b->mtime_ns &&
           pt_hash128_equal(a->hash, b->hash) && a->edition == b->edition && a->unreadable == b->unreadable &&
           a->errors == b->errors;
}

static int by_file_id(const void *a, const void *b) {
    u32 x = ((const pt_delta_file *)a)->id, y = ((const pt_delta_file *)b)->id;
    return x < y ? -1 : x > y;
}

static void match_files(differ *d) {
    PT_VEC(file_key) keys = {0};
    u8 *taken = pt_calloc((size_t)d->old->file_count + 1, 1);
    u32 next = d->old->file_count;
    for (u32 f = 0; f < d->old->file_count; f++)
        if (pt_file_at(d->old, f)->path) pt_vec_push(&keys, (file_key){pt_graph_file_path(d->old, f), f});
    if (keys.count) qsort(keys.data, keys.count, sizeof(file_key), by_path);
    for (u32 f = 0; taken && f < d->new->file_count; f++) {
        pt_graph_file x = *pt_file_at(d->new, f);
        file_key asked = {pt_graph_file_path(d->new, f), 0};
        const file_key *found = keys.count ? bsearch(&asked, keys.data, keys.count, sizeof(file_key), by_path) : NULL;
        u32 id = d->file_of[f] = found ? found->id : next++;
        if (found) taken[id] = 1;
        x.path = text(d, x.path, found ? pt_file_at(d->old, id)->path : 0);
        if (!found || !same_file(&x, pt_file_at(d->old, id))) pt_vec_push(&d->out->files, (pt_delta_file){x, id, 0});
    }
    for (u32 f = 0; taken && f < d->old->file_count; f++)
        if (pt_file_at(d->old, f)->path && !taken[f])
            pt_vec_push(&d->out->files, (pt_delta_file){(pt_graph_file){0}, f, 0});
    if (d->out->files.count) qsort(d->out->files.data, d->out->files.count, sizeof(pt_delta_file), by_file_id);
    d->out->head.file_count = next;
    pt_vec_free(&keys);
    pt_free(taken);
}

typedef struct anchor_key {
    u32 node, file, line, id;
} anchor_key;
static int by_anchor(const void *a, const void *b) {
    const anchor_key *x = a, *y = b;
    if (x->node != y->node) return x->node < y->node ? -1 : 1;
    if (x->file != y->file) return x->file < y->file ? -1 : 1;
    if (x->line != y->line) return x->line < y->line ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}
static int by_anchor_id(const void *a, const void *b) {
    u32 x = ((const pt_delta_anchor *)a)->id, y = ((const pt_delta_anchor *)b)->id;
    return x < y ? -1 : x > y;
}

static int by_number(const void *a, const void *b) {
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

/* The k-th place of an item in a file stays the k-th. Places nobody uses any more go behind the others (line PT_NONE), and
 * those of one line bear ascending ids: so that an order of ids and lines is the order they were given in. */
static void match_anchors(differ *d) {
    PT_VEC(anchor_key) old = {0}, new = {0};
    PT_VEC(u32) ids = {0};
    u32 next = d->old->anchor_count, k = 0;
    for (u32 i = 0; i < d->old->anchor_count; i++) {
        const pt_graph_anchor *a = pt_anchor_at(d->old, i);
        pt_vec_push(&old, (anchor_key){a->node, a->file, a->line, i});
    }
    for (u32 i = 0; i < d->new->anchor_count; i++) {
        const pt_graph_anchor *a = pt_anchor_at(d->new, i);
        pt_vec_push(&new, (anchor_key){d->node_of[a->node], d->file_of[a->file], a->line, i});
    }
    if (old.count) qsort(old.data, old.count, sizeof(anchor_key), by_anchor);
    if (new.count) qsort(new.data, new.count, sizeof(anchor_key), by_anchor);
    for (u32 i = 0; i <= new.count; i++) {
        const anchor_key *x = i < new.count ? &new.data[i] : NULL;
        for (; k < old.count &&
               (!x || old.data[k].node < x->node || (old.data[k].node == x->node && old.data[k].file < x->file));
             k++)
            if (old.data[k].line != PT_NONE && d->new_of[old.data[k].node] != PT_NONE)
                pt_vec_push(&d->out->anchors,
                            (pt_delta_anchor){old.data[k].id, {old.data[k].file, PT_NONE, old.data[k].node}});
        if (!x) break;
        bool found = k < old.count && old.data[k].node == x->node && old.data[k].file == x->file;
        pt_vec_push(&ids, found ? old.data[k].id : next++);
        k += found;
    }
    for (u32 i = 0, end; i < ids.count; i = end) {
        const anchor_key *x = &new.data[i];
        for (end = i + 1; end < ids.count && new.data[end].node == x->node &&new.data[end].file ==
                                                 x->file &&new.data[end].line == x->line;)
            end++;
        qsort(ids.data + i, end - i, sizeof(u32), by_number);
        for (u32 t = i; t < end; t++) {
            u32 id = d->anchor_of[new.data[t].id] = ids.data[t];
            if (id >= d->old->anchor_count || pt_anchor_at(d->old, id)->line != x->line)
                pt_vec_push(&d->out->anchors, (pt_delta_anchor){id, {x->file, x->line, x->node}});
        }
    }
    if (d->out->anchors.count)
        qsort(d->out->anchors.data, d->out->anchors.count, sizeof(pt_delta_anchor), by_anchor_id);
    d->out->head.anchor_count = next;
    pt_vec_free(&old);
    pt_vec_free(&new);
    pt_vec_free(&ids);
}

static void diff_nodes(differ *d) {
    for (u32 id = 0; id < d->out->head.node_count; id++) {
        u32 n = d->new_of[id];
        const pt_graph_node *old = id < d->old->node_count ? pt_node_at(d->old, id) : NULL;
        if (n == PT_NONE) {
            if (!old || old->kind == PT_KIND_DEAD) continue;
            d->changed++;
            pt_vec_push(&d->out->nodes,
                        (pt_delta_node){{.parent = PT_NONE, .file = PT_NONE, .kind = PT_KIND_DEAD}, id, 0});
            continue;
        }
        pt_graph_node x = *pt_node_at(d->new, n);
        x.parent = x.parent == PT_NONE ? PT_NONE : d->node_of[x.parent];
        x.file = x.file == PT_NONE ? PT_NONE : d->file_of[x.file];
        x.name = text(d, x.name, old ? old->name : 0);
        x.path = text(d, x.path, old ? old->path : 0);
        x.signature = text(d, x.signature, old ? old->signature : 0);
        x.doc = text(d, x.doc, old ? old->doc : 0);
        x.cfg = text(d, x.cfg, old ? old->cfg : 0);
        if (!old || memcmp(&x, old, sizeof x) != 0) {
            d->changed++;
            pt_vec_push(&d->out->nodes, (pt_delta_node){x, id, 0});
        }
        const pt_graph_position *p = pt_position_at(d->new, n), *q = old ? pt_position_at(d->old, id) : NULL;
        if (!q || p->line != q->line || p->end_line != q->end_line || p->column != q->column)
            pt_vec_push(&d->out->positions, (pt_delta_position){id, *p});
    }
}

typedef struct mapped_edge {
    pt_word word;
    u32 index; /* in the new row */
} mapped_edge;
static int by_word(const void *a, const void *b) {
    pt_word x = ((const mapped_edge *)a)->word, y = ((const mapped_edge *)b)->word;
    return x < y ? -1 : x > y;
}
typedef PT_VEC(mapped_edge) mapped_edges;

static bool same_site(const differ *d, const pt_graph_site *new, const pt_graph_site *old) {
    return d->anchor_of[new->anchor] == old->anchor &&
           new->line == old->line &&new->column == old->column &&new->via == old->via &&new->rule ==
               old->rule &&new->confidence == old->confidence &&new->settled ==
               old->settled &&strcmp(new_text(d, new->cfg), old_text(d, old->cfg)) == 0;
}

static pt_row mapped_row(const differ *d, u32 n, bool candidates, mapped_edges *edges) {
    pt_row row = pt_graph_row(d->new, n, candidates);
    bool sorted = true;
    edges->count = 0;
    for (u32 i = 0; i < row.count; i++) {
        pt_word w = pt_word_mirror(row.words[i], d->node_of[pt_word_node(row.words[i])]);
        sorted = sorted && (!i || edges->data[i - 1].word < w);
        if (!pt_vec_push(edges, (mapped_edge){w, i})) break;
    }
    if (!sorted) qsort(edges->data, edges->count, sizeof(mapped_edge), by_word);
    return row;
}

static bool same_row(const differ *d, const pt_row *new, const mapped_edges *edges, const pt_row *old) {
    if (edges->count != old->count) return false;
    for (u32 i = 0; i < old->count; i++)
        if (edges->data[i].word != old->words[i]) return false;
    for (u32 i = 0; i < old->count; i++) {
        u32 at = edges->data[i].index, first = new->site_offsets[at], count = new->site_offsets[at + 1] - first;
        if (old->site_offsets[i + 1] - old->site_offsets[i] != count) return false;
        for (u32 s = 0; s < count; s++)
            if (!same_site(d, &new->sites[first + s], &old->sites[old->site_offsets[i] + s])) return false;
    }
    return true;
}

static u32 put_row(differ *d, const pt_row *new, const mapped_edges *edges) {
    u32 sites = 0;
    for (u32 i = 0; i < edges->count; i++) {
        u32 at = edges->data[i].index, first = new->site_offsets[at], count = new->site_offsets[at + 1] - first;
        pt_vec_push(&d->out->words, edges->data[i].word);
        pt_vec_push(&d->out->site_counts, count);
        for (u32 s = 0; s < count; s++) {
            pt_graph_site x = new->sites[first + s];
            x.anchor = d->anchor_of[x.anchor];
            x.cfg = text(d, x.cfg, 0);
            pt_vec_push(&d->out->sites, x);
        }
        sites += count;
    }
    return sites;
}

/* Unresolved sites grouped by node, each group in an order of its own places. */
typedef struct open_groups {
    pt_unresolved_list list;
    u32 *first; /* by node; one more than nodes */
} open_groups;

static int by_place(const void *a, const void *b, void *graph) {
    const pt_graph_unresolved *x = a, *y = b;
    if (x->from != y->from) return x->from < y->from ? -1 : 1;
    if (x->name != y->name) {
        int order = strcmp(pt_graph_string(graph, x->name), pt_graph_string(graph, y->name));
        if (order) return order;
    }
    u32 f = pt_anchor_at(graph, x->anchor)->file, h = pt_anchor_at(graph, y->anchor)->file;
    if (f != h) {
        int order = strcmp(pt_graph_file_path(graph, f), pt_graph_file_path(graph, h));
        if (order) return order;
    }
    u32 p = pt_anchor_at(graph, x->anchor)->line + x->line, q = pt_anchor_at(graph, y->anchor)->line + y->line;
    if (p != q) return p < q ? -1 : 1;
    if (x->column != y->column) return x->column < y->column ? -1 : 1;
    if (x->reason != y->reason) return x->reason < y->reason ? -1 : 1;
    return x->anchor < y->anchor ? -1 : x->anchor > y->anchor;
}

static void group(open_groups *out, const pt_graph *g) {
    pt_graph_open_sites_unsorted(g, NULL, &out->list);
    out->first = pt_calloc((size_t)g->node_count + 2, sizeof(u32));
    if (!out->first) return;
    if (out->list.count)
        qsort_r(out->list.data, out->list.count, sizeof(pt_graph_unresolved), by_place, (void *)(uintptr_t)g);
    for (u32 i = 0; i < out->list.count; i++) out->first[out->list.data[i].from + 1]++;
    for (u32 n = 0; n < g->node_count; n++) out->first[n + 1] += out->first[n];
}

static bool same_open(const differ *d, const pt_graph_unresolved *new, u32 count, const pt_graph_unresolved *old) {
    for (u32 i = 0; i < count; i++)
        if (d->anchor_of[new[i].anchor] != old[i].anchor || new[i].line != old[i].line ||
            new[i].column != old[i].column || new[i].reason != old[i].reason ||
            strcmp(new_text(d, new[i].name), old_text(d, old[i].name)) != 0)
            return false;
    return true;
}

static void diff_rows(differ *d) {
    open_groups old_open = {0}, new_open = {0};
    mapped_edges edges[2] = {0};
    group(&old_open, d->old);
    group(&new_open, d->new);
    for (u32 id = 0; old_open.first && new_open.first && id < d->out->head.node_count; id++) {
        u32 n = d->new_of[id];
        pt_delta_row r = {.node = id};
        bool there = id < d->old->node_count && pt_node_alive(d->old, id);
        if (n == PT_NONE) {
            if (!there) continue;
            r.which = PT_ROW_OUT | PT_ROW_CANDIDATES | PT_ROW_OPEN;
            d->changed++;
            pt_vec_push(&d->out->rows, r);
            continue;
        }
        for (u32 pass = 0; pass < 2; pass++) {
            pt_row row = mapped_row(d, n, pass, &edges[pass]), before = {0};
            if (there) before = pt_graph_row(d->old, id, pass);
            if (same_row(d, &row, &edges[pass], &before)) continue;
            r.which |= pass ? PT_ROW_CANDIDATES : PT_ROW_OUT;
            r.site_count += put_row(d, &row, &edges[pass]);
            if (pass) r.candidate_count = row.count;
            else r.out_count = row.count;
        }
        u32 count = new_open.first[n + 1] - new_open.first[n], was = 0;
        const pt_graph_unresolved *x = count ? new_open.list.data + new_open.first[n] : NULL;
        if (there) was = old_open.first[id + 1] - old_open.first[id];
        if (count != was || (count && !same_open(d, x, count, old_open.list.data + old_open.first[id]))) {
            r.which |= PT_ROW_OPEN;
            r.open_count = count;
            for (u32 i = 0; i < count; i++) {
                pt_graph_unresolved copy = x[i];
                copy.from = id;
                copy.anchor = d->anchor_of[copy.anchor];
                copy.name = text(d, copy.name, 0);
                pt_vec_push(&d->out->open, copy);
            }
        }
        if (r.which) {
            d->changed++;
            pt_vec_push(&d->out->rows, r);
        }
    }
    for (u32 i = 0; i < 2; i++) pt_vec_free(&edges[i]);
    pt_vec_free(&old_open.list);
    pt_vec_free(&new_open.list);
    pt_free(old_open.first);
    pt_free(new_open.first);
}

static bool same_strings(const differ *d, const u32 *old, u32 old_count, const u32 *new, u32 new_count) {
    bool same = old_count == new_count;
    for (u32 i = 0; same && i < old_count; i++) same = strcmp(old_text(d, old[i]), new_text(d, new[i])) == 0;
    return same;
}

static void diff_lists(differ *d) {
    const pt_graph *old = d->old, *new = d->new;
    bool same = old->error_count == new->error_count;
    for (u32 i = 0; same && i < new->error_count; i++) {
        const pt_graph_error *x = &old->errors[i], *y = &new->errors[i];
        same = x->file == d->file_of[y->file] && x->line == y->line && x->column == y->column &&
               strcmp(old_text(d, x->message), new_text(d, y->message)) == 0;
    }
    if (!same) {
        d->out->head.replaced |= PT_REPLACED_ERRORS;
        for (u32 i = 0; i < new->error_count; i++) {
            pt_graph_error x = new->errors[i];
            x.file = d->file_of[x.file];
            x.message = text(d, x.message, 0);
            pt_vec_push(&d->out->errors, x);
        }
    }
    if (!same_strings(d, old->problems, old->problem_count, new->problems, new->problem_count)) {
        d->out->head.replaced |= PT_REPLACED_PROBLEMS;
        for (u32 i = 0; i < new->problem_count; i++) pt_vec_push(&d->out->problems, text(d, new->problems[i], 0));
    }
    if (!same_strings(d, old->features, old->feature_count, new->features, new->feature_count)) {
        d->out->head.replaced |= PT_REPLACED_FEATURES;
        for (u32 i = 0; i < new->feature_count; i++) pt_vec_push(&d->out->features, text(d, new->features[i], 0));
    }
}

int pt_delta_between(pt_delta_builder *out, u64 *changed, const pt_graph *before, const pt_graph *after, u64 generation,
                     pt_error *error) {
    differ d = {.old = before, .new = after, .out = out};
    *out = (pt_delta_builder){0};
    u64 most = (u64)before->node_count + after->node_count;
    d.node_of = filled(after->node_count, 0xff);
    d.new_of = most < PT_NONE ? filled((u32)most, 0xff) : NULL;
    d.file_of = filled(after->file_count, 0xff);
    d.anchor_of = filled(after->anchor_count, 0xff);
    pt_buffer_char(&d.strings.text, 0);
    if (d.node_of && d.new_of && d.file_of && d.anchor_of && !pt_alloc_failed()) {
        pt_delta_info *h = &out->head;
        h->previous_generation = before->info.generation;
        h->string_base = before->string_count;
        h->previous_nodes = before->node_count;
        h->previous_anchors = before->anchor_count;
        h->previous_files = before->file_count;
        match_nodes(&d);
        for (u32 n = 0; n < after->node_count && !pt_alloc_failed(); n++) d.new_of[d.node_of[n]] = n;
        if (!pt_alloc_failed()) match_files(&d);
        if (!pt_alloc_failed()) match_anchors(&d);
        if (!pt_alloc_failed()) diff_nodes(&d);
        if (!pt_alloc_failed()) diff_rows(&d);
        if (!pt_alloc_failed()) diff_lists(&d);
        h->info = after->info;
        h->info.generation = generation;
        h->info.root = text(&d, after->info.root, before->info.root);
        h->info.std_name = text(&d, after->info.std_name, before->info.std_name);
        if (d.strings.text.count > 1) { /* it begins with the end of "" */
            for (u32 i = 0; i < d.strings.text.count && pt_vec_reserve(&out->strings, d.strings.text.count); i++)
                out->strings.data[out->strings.count++] = d.strings.text.data[i];
        }
    }
    bool full = most >= PT_NONE || out->head.node_count > PT_NODE_LIMIT || out->head.anchor_count > PT_NODE_LIMIT ||
                out->head.file_count > PT_NODE_LIMIT || (u64)before->string_count + d.strings.text.count >= PT_NONE;
    pt_free(d.node_of);
    pt_free(d.new_of);
    pt_free(d.file_of);
    pt_free(d.anchor_of);
    pt_buffer_free(&d.strings.text);
    pt_vec_free(&d.strings.table);
    if (changed) *changed = d.changed;
    if (full) return pt_fail(error, PT_ELIMIT, "no ids or strings are left: a new base is due");
    return pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory") : PT_OK;
}
