#include "graph/amend.h"

#include "graph/overlay.h"
#include "graph/paths.h"
#include "graph/records.h"

#include <stdlib.h>

/* Ids of a graph built anew -> ids of the snapshot. */

typedef struct place_key {
    u32 node, file, line, id;
} place_key;
static int by_place(const void *a, const void *b) {
    const place_key *x = a, *y = b;
    if (x->node != y->node) return x->node < y->node ? -1 : 1;
    if (x->file != y->file) return x->file < y->file ? -1 : 1;
    if (x->line != y->line) return x->line < y->line ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void move_all(u32 *list, u32 count, const u32 *to, u32 shift) {
    for (u32 i = 0; i < count; i++)
        if (list[i] != (shift ? 0 : PT_NONE)) list[i] = to[list[i] - shift] + shift;
}

static u32 *table_of(u32 count, u8 byte) {
    u32 *list = pt_malloc(((size_t)count + 1) * sizeof *list);
    if (list) memset(list, byte, ((size_t)count + 1) * sizeof *list);
    return list;
}

static bool move_nodes(u32 *to, const pt_graph *built, const pt_graph *kept) {
    u32 size = 1024;
    while (size < kept->node_count * 2) size *= 2;
    u32 *table = table_of(size, 0);
    for (u32 n = 0; table && n < kept->node_count; n++) {
        if (!pt_node_alive(kept, n)) continue;
        u32 at = (u32)pt_node_at(kept, n)->hash.low & (size - 1);
        while (table[at]) at = (at + 1) & (size - 1);
        table[at] = n + 1;
    }
    bool found = table != NULL;
    for (u32 n = 0; found && n < built->node_count; n++) {
        pt_hash128 hash = pt_node_at(built, n)->hash;
        u32 at = (u32)hash.low & (size - 1);
        while (table[at] && !pt_hash128_equal(pt_node_at(kept, table[at] - 1)->hash, hash)) at = (at + 1) & (size - 1);
        found = table[at] != 0;
        to[n] = table[at] - 1;
    }
    pt_free(table);
    return found;
}

static bool move_files(u32 *to, const pt_graph *built, const pt_graph *kept) {
    bool found = true;
    u32 next = 0; /* both are mostly in one order */
    for (u32 f = 0; found && f < built->file_count; f++) {
        const char *path = pt_graph_file_path(built, f);
        found = false;
        for (u32 n = 0; !found && n < kept->file_count; n++, next = next + 1 < kept->file_count ? next + 1 : 0)
            if (pt_file_at(kept, next)->path && strcmp(path, pt_graph_file_path(kept, next)) == 0) {
                to[f] = next;
                found = true;
            }
    }
    return found;
}

/* The k-th place of an item in a file is the k-th. */
static bool move_anchors(u32 *to, const pt_graph *built, const pt_graph *kept, const u32 *nodes, const u32 *files) {
    PT_VEC(place_key) a = {0}, b = {0};
    for (u32 i = 0; i < built->anchor_count; i++) {
        const pt_graph_anchor *x = pt_anchor_at(built, i);
        pt_vec_push(&a, (place_key){nodes[x->node], files[x->file], x->line, i});
    }
    for (u32 i = 0; i < kept->anchor_count; i++) {
        const pt_graph_anchor *x = pt_anchor_at(kept, i);
        if (x->line != PT_NONE && pt_node_alive(kept, x->node))
            pt_vec_push(&b, (place_key){x->node, x->file, x->line, i});
    }
    bool found = a.count <= b.count && !pt_alloc_failed();
    if (a.count) qsort(a.data, a.count, sizeof(place_key), by_place);
    if (b.count) qsort(b.data, b.count, sizeof(place_key), by_place);
    for (u32 i = 0, k = 0; found && i < a.count; i++, k++) {
        while (k < b.count && (b.data[k].node < a.data[i].node ||
                               (b.data[k].node == a.data[i].node && b.data[k].file < a.data[i].file)))
            k++;
        found = k < b.count && b.data[k].node == a.data[i].node && b.data[k].file == a.data[i].file &&
                b.data[k].line == a.data[i].line;
        if (found) to[a.data[i].id] = b.data[k].id;
    }
    pt_vec_free(&a);
    pt_vec_free(&b);
    return found;
}

int pt_graph_ids_move(pt_graph_ids *ids, const pt_graph *built, const pt_graph *kept, pt_error *error) {
    u32 *nodes = table_of(built->node_count, 0xff), *files = table_of(built->file_count, 0xff),
        *anchors = table_of(built->anchor_count, 0xff);
    bool done = nodes && files && anchors && move_nodes(nodes, built, kept) && move_files(files, built, kept) &&
                move_anchors(anchors, built, kept, nodes, files);
    if (done) {
        move_all(ids->node_of.data, ids->node_of.count, nodes, 0);
        move_all(ids->node_of_external.data, ids->node_of_external.count, nodes, 1);
        move_all(ids->anchor_of.data, ids->anchor_of.count, anchors, 0);
        move_all(ids->file_of.data, ids->file_of.count, files, 0);
    }
    pt_free(nodes);
    pt_free(files);
    pt_free(anchors);
    return done ? PT_OK : pt_fail(error, PT_ELIMIT, "what was committed is not what was built");
}

/* Amending. */

typedef struct new_site {
    u32 from;
    pt_word edge; /* kind and target */
    u32 line;     /* in the file, to order by */
    u32 order;
    pt_graph_site site; /* its cfg is a string of the delta, or of the graph before */
} new_site;

typedef struct new_open {
    pt_graph_unresolved site;
    u32 line;
} new_open;

typedef struct amender {
    pt_world *w;
    const pt_graph *g;
    pt_graph_ids *ids;
    pt_delta_builder *out;
    pt_records records;
    pt_string_table strings;
    PT_VEC(new_site) sites;
    PT_VEC(new_open) open;
    PT_VEC(u32) gone;                   /* anchors whose sites are made anew, sorted */
    PT_VEC(u32) rows;                   /* nodes whose rows may be others, sorted */
    PT_VEC(u32) ends;                   /* nodes that lost an edge */
    PT_VEC(u32) dead;                   /* local nodes that went, sorted */
    PT_VEC(pt_graph_anchor) anchors;    /* new ones */
    PT_VEC(u32) gone_files, came_files; /* of the graph; of the world */
    PT_VEC(pt_delta_anchor) left;       /* that nobody asserts from any more */
    PT_VEC(u32) begun;                  /* nodes that an edge of a changed row leads to now */
    PT_VEC(pt_delta_node) added;        /* new nodes, by id */
    i64 edges, candidates, site_total, open_total, local, external;
    const char *why; /* it cannot be amended */
} amender;

static int by_u32(const void *a, const void *b) {
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}
#define SORT_UNIQUE(v)                                                                                     \
    do {                                                                                                   \
        u32 unique_ = 0;                                                                                   \
        if ((v)->count) qsort((v)->data, (v)->count, sizeof(u32), by_u32);                                 \
        for (u32 i_ = 0; i_ < (v)->count; i_++)                                                            \
            if (!unique_ || (v)->data[unique_ - 1] != (v)->data[i_]) (v)->data[unique_++] = (v)->data[i_]; \
        (v)->count = unique_;                                                                              \
    } while (0)
typedef PT_VEC(u32) index_list;
static bool is_in(const u32 *list, u32 count, u32 x) { return count && bsearch(&x, list, count, sizeof x, by_u32); }

/* A string of the records as one of the snapshot after: the old one where it says the same. */
static u32 text(amender *a, u32 offset, u32 old) {
    const char *t = a->records.strings.text.data + offset;
    if (!*t) return 0;
    if (old && strcmp(pt_graph_string(a->g, old), t) == 0) return old;
    return a->g->string_count + pt_string_add(&a->strings, pt_str_of(t));
}

static u32 id_of(const amender *a, u32 def) {
    u32 id;
    if (pt_def_is_external_path(def)) {
        u32 index = def & ~PT_EXTERNAL_BIT;
        id = index < a->ids->node_of_external.count ? a->ids->node_of_external.data[index] - 1 : PT_NONE;
    } else {
        id = def < a->ids->node_of.count ? a->ids->node_of.data[def] : PT_NONE;
    }
    return id != PT_NONE && id < a->g->node_count && !pt_node_alive(a->g, id) ? PT_NONE : id;
}

static bool fill(void *data, u32 *count, u32 capacity, u32 wanted, u32 value) {
    u32 *list = data;
    if (capacity < wanted) return false;
    for (; *count < wanted; (*count)++) list[*count] = value;
    return true;
}

static void set_id(amender *a, u32 def, u32 id) {
    if (pt_def_is_external_path(def)) {
        u32 index = def & ~PT_EXTERNAL_BIT;
        if (pt_vec_reserve(&a->ids->node_of_external, (u64)index + 1) &&
            fill(a->ids->node_of_external.data, &a->ids->node_of_external.count, a->ids->node_of_external.capacity,
                 PT_MAX(index + 1, a->ids->node_of_external.count), 0))
            a->ids->node_of_external.data[index] = id + 1;
        return;
    }
    if (pt_vec_reserve(&a->ids->node_of, (u64)def + 1) &&
        fill(a->ids->node_of.data, &a->ids->node_of.count, a->ids->node_of.capacity,
             PT_MAX(def + 1, a->ids->node_of.count), PT_NONE))
        a->ids->node_of.data[def] = id;
}

static u32 nearest_node(const pt_world *w, u32 def) {
    while (def != PT_NO_DEF && !pt_kind_is_node(w->defs.data[def].kind)) def = w->defs.data[def].parent;
    return def;
}

static void put_strings(amender *a, pt_graph_node *n, const pt_graph_node *old) {
    n->name = text(a, n->name, old ? old->name : 0);
    n->path = text(a, n->path, old ? old->path : 0);
    n->signature = text(a, n->signature, old ? old->signature : 0);
    n->doc = text(a, n->doc, old ? old->doc : 0);
    n->cfg = text(a, n->cfg, old ? old->cfg : 0);
}

static u32 add_node(amender *a, u32 def, pt_graph_node n, pt_graph_position p) {
    u32 id = a->g->node_count + a->added.count;
    set_id(a, def, id);
    pt_vec_push(&a->added, (pt_delta_node){n, id, 0});
    pt_vec_push(&a->out->positions, (pt_delta_position){id, p});
    return id;
}

static const pt_graph_node *record_at(const amender *a, u32 id) {
    return id < a->g->node_count ? pt_node_at(a->g, id) : &a->added.data[id - a->g->node_count].node;
}

typedef struct made_edge {
    pt_word word;
    u32 first, count; /* of a->sites */
} made_edge;
typedef PT_VEC(made_edge) made_edges;

/* Signature edges count in the hash of an interface: graph/build.c. */
static u64 interface_of(const amender *a, const pt_graph_node *n, const made_edges *edges) {
    static const u8 kinds[] = {PT_EDGE_EXTENDS, PT_EDGE_ACCEPTS, PT_EDGE_RETURNS, PT_EDGE_HAS, PT_EDGE_BOUNDS};
    const char *s = n->signature < a->g->string_count ? pt_graph_string(a->g, n->signature)
                                                      : a->strings.text.data + (n->signature - a->g->string_count);
    u64 h = pt_hash_bytes(s, strlen(s)) ^ pt_hash_u64((u64)n->visibility + 1) ^ n->hash.low;
    for (u32 e = 0; e < edges->count; e++)
        for (u32 k = 0; k < PT_COUNT_OF(kinds); k++)
            if (pt_word_kind(edges->data[e].word) == kinds[k])
                h += pt_hash_u64(record_at(a, pt_word_node(edges->data[e].word))->hash.low ^ kinds[k]);
    return h;
}

/* The node of what an edge leads to; external ones come when they are first meant. */
static u32 node_for(amender *a, u32 def) {
    u32 id = id_of(a, def);
    if (id != PT_NONE) return id;
    pt_record r;
    pt_records_node(&a->records, &r, def, false);
    const char *path = a->records.strings.text.data + r.node.path;
    /* two definitions may be one node: the same path in two versions of a package */
    pt_node_list same = {0};
    pt_graph_named(a->g, a->records.strings.text.data + r.node.name, &same);
    pt_buffer other = {0};
    for (u32 i = 0; i < same.count; i++) {
        const pt_graph_node *x = pt_node_at(a->g, same.data[i]);
        if (!(x->flags & PT_NODE_EXTERNAL) || x->kind != r.node.kind) continue;
        pt_buffer_clear(&other);
        pt_graph_path(a->g, &other, same.data[i]);
        if (other.data && strcmp(other.data, path) == 0) a->why = "two dependencies have an item of the same path";
    }
    for (u32 i = 0; i < a->added.count; i++)
        if (pt_hash128_equal(a->added.data[i].node.hash, r.node.hash)) a->why = "two new items are of one identity";
    pt_buffer_free(&other);
    pt_vec_free(&same);
    put_strings(a, &r.node, NULL);
    const made_edges none = {0}; /* an external item's signature has no edges */
    r.node.interface_hash = interface_of(a, &r.node, &none);
    a->external++;
    return add_node(a, def, r.node, r.position);
}

/* The graph's file of a file of the world: an expansion's is that of its path. */
static u32 file_for(amender *a, u32 file) {
    u32 before = a->ids->file_of.count;
    if (file < before && a->ids->file_of.data[file] != PT_NONE) return a->ids->file_of.data[file];
    if (!pt_vec_reserve(&a->ids->file_of, (u64)file + 1)) return 0;
    if (!fill(a->ids->file_of.data, &a->ids->file_of.count, a->ids->file_of.capacity, PT_MAX(file + 1, before),
              PT_NONE))
        return 0;
    for (u32 i = a->w->external_file_count; i < before; i++)
        if (a->ids->file_of.data[i] != PT_NONE && !a->w->files.data[i].is_expansion &&
            strcmp(a->w->files.data[i].path, a->w->files.data[file].path) == 0)
            return a->ids->file_of.data[file] = a->ids->file_of.data[i];
    a->why = "a file is new";
    return 0;
}

static u32 anchor_for(amender *a, u32 def) {
    if (def < a->ids->anchor_of.count && a->ids->anchor_of.data[def] != PT_NONE) return a->ids->anchor_of.data[def];
    if (!pt_vec_reserve(&a->ids->anchor_of, (u64)def + 1) ||
        !fill(a->ids->anchor_of.data, &a->ids->anchor_of.count, a->ids->anchor_of.capacity,
              PT_MAX(def + 1, a->ids->anchor_of.count), PT_NONE))
        return 0;
    u32 id = a->ids->anchor_of.data[def] = a->g->anchor_count + a->anchors.count;
    pt_vec_push(&a->anchors, (pt_graph_anchor){file_for(a, pt_def_instance(a->w, def)->file),
                                               pt_def_item(a->w, def)->line, id_of(a, nearest_node(a->w, def))});
    return id;
}

/* Where sites that a definition asserts may start. */
static void rows_of(amender *a, u32 def) {
    u32 node = nearest_node(a->w, def), id = node == PT_NO_DEF ? PT_NONE : id_of(a, node);
    if (id != PT_NONE) pt_vec_push(&a->rows, id);
    node = nearest_node(a->w, a->w->defs.data[def].parent);
    id = node == PT_NO_DEF ? PT_NONE : id_of(a, node);
    if (id != PT_NONE) pt_vec_push(&a->rows, id);
}

static u32 site_cfg(amender *a, const pt_site *x) {
    u32 own = x->cfg ? pt_records_symbol(&a->records, x->cfg) : 0, around = pt_records_cfg(&a->records, x->asserter);
    bool local = !pt_def_is_external_path(x->from) && !(a->w->defs.data[x->from].flags & PT_DEF_EXTERNAL) &&
                 a->w->defs.data[x->from].item != PT_NONE;
    if (!around || nearest_node(a->w, x->asserter) == x->from ||
        around == (local ? pt_records_cfg(&a->records, x->from) : 0))
        return own;
    return pt_records_both(&a->records, around, own);
}

/* A place that nobody asserts anything from any more goes behind the others: graph/delta.c. */
static void leave_anchor(amender *a, u32 def, u32 at) {
    pt_graph_anchor left = *pt_anchor_at(a->g, at);
    left.line = PT_NONE;
    pt_vec_push(&a->left, (pt_delta_anchor){at, left});
    a->ids->anchor_of.data[def] = PT_NONE;
}

static void take_sites(amender *a, const pt_item_sites *all) {
    for (u32 r = 0; r < all->items.count && !pt_alloc_failed(); r++) {
        const pt_item_run *run = &all->items.data[r];
        u32 had = run->def < a->ids->anchor_of.count ? a->ids->anchor_of.data[run->def] : PT_NONE;
        if (had != PT_NONE) pt_vec_push(&a->gone, had);
        if (had != PT_NONE && !run->count && !run->open_count) leave_anchor(a, run->def, had);
        rows_of(a, run->def);
        for (u32 i = 0; i < run->count; i++) {
            const pt_site *x = &all->found.sites.data[run->first + i];
            u32 from = node_for(a, x->from), to = node_for(a, x->to), at = anchor_for(a, x->asserter);
            pt_graph_site site = {
                at, x->line, text(a, site_cfg(a, x), 0), x->column, x->via, x->rule, x->confidence, x->settled, 0};
            pt_vec_push(&a->sites, (new_site){from, pt_word_make(x->kind, false, to),
                                              pt_def_item(a->w, x->asserter)->line + x->line, a->sites.count, site});
            pt_vec_push(&a->rows, from);
        }
        for (u32 i = 0; i < run->open_count; i++) {
            const pt_open_site *x = &all->found.open.data[run->first_open + i];
            u32 from = node_for(a, x->from);
            pt_graph_unresolved u = {text(a, pt_records_symbol(&a->records, x->name), 0),
                                     from,
                                     anchor_for(a, x->asserter),
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
static void keep_sites(amender *a) {
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

static void put_node(amender *a, u32 id, const pt_graph_node *n) {
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

static void make_rows(amender *a) {
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
        if (!dead && !(record_at(a, node)->flags & PT_NODE_EXTERNAL)) {
            pt_graph_node n = *record_at(a, node);
            for (u32 i = a->out->nodes.count; i-- > 0;) /* its record may be another already */
                if (a->out->nodes.data[i].id == node) {
                    n = a->out->nodes.data[i].node;
                    break;
                }
            u64 interface = interface_of(a, &n, &edges[0]);
            if (interface != n.interface_hash) {
                n.interface_hash = interface;
                put_node(a, node, &n);
            }
        }
        site = end;
        open = open_end;
    }
    for (u32 i = 0; i < 2; i++) pt_vec_free(&edges[i]);
    pt_free(was);
}

static int by_delta_node(const void *a, const void *b) {
    u32 x = ((const pt_delta_node *)a)->id, y = ((const pt_delta_node *)b)->id;
    return x < y ? -1 : x > y;
}
static int by_delta_position(const void *a, const void *b) {
    u32 x = ((const pt_delta_position *)a)->id, y = ((const pt_delta_position *)b)->id;
    return x < y ? -1 : x > y;
}
static int by_delta_anchor(const void *a, const void *b) {
    u32 x = ((const pt_delta_anchor *)a)->id, y = ((const pt_delta_anchor *)b)->id;
    return x < y ? -1 : x > y;
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
static void drop_external(amender *a) {
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

/* Records, places and starts of what is in the changed instances. */
static void amend_instance(amender *a, u32 instance) {
    const pt_world *w = a->w;
    const pt_instance *in = &w->instances.data[instance];
    const pt_facts *f = &w->files.data[in->file].facts;
    for (u32 i = 0; i < f->header->item_count; i++) {
        u32 def = pt_item_def(in, i), id = id_of(a, def);
        const pt_item *t = &f->items[i];
        u32 at = def < a->ids->anchor_of.count ? a->ids->anchor_of.data[def] : PT_NONE;
        if (at != PT_NONE && at < a->g->anchor_count && pt_anchor_at(a->g, at)->line != t->line) {
            pt_graph_anchor moved = *pt_anchor_at(a->g, at);
            moved.line = t->line;
            pt_vec_push(&a->out->anchors, (pt_delta_anchor){at, moved});
        }
        if (!pt_kind_is_node(t->kind) || id == PT_NONE || id >= a->g->node_count) continue;
        const pt_graph_position *p = pt_position_at(a->g, id);
        if (p->line != t->line || p->end_line != t->end_line || p->column != t->column)
            pt_vec_push(&a->out->positions, (pt_delta_position){id, {t->line, t->end_line, t->column}});
    }
}

/* Removed nodes, whose identity may come back elsewhere. */
static u32 take_removed(amender *a, pt_hash128 hash) {
    for (u32 i = 0; i < a->dead.count; i++)
        if (pt_hash128_equal(pt_node_at(a->g, a->dead.data[i])->hash, hash)) {
            u32 id = a->dead.data[i];
            a->dead.data[i] = a->dead.data[--a->dead.count];
            return id;
        }
    return PT_NONE;
}

/* Is another child of a node, one that stays, told apart by nothing but an ordinal? */
static bool has_twin(amender *a, u32 parent, pt_hash128 hash) {
    if (parent < a->g->node_count)
        for (pt_run run = pt_graph_kind(a->g, parent, PT_OUT, PT_EDGE_CONTAINS); pt_run_next(&run);)
            for (u32 i = 0; i < run.count; i++) {
                u32 id = pt_word_node(run.words[i]);
                if (!pt_hash128_equal(pt_node_at(a->g, id)->hash, hash)) continue;
                bool dead = false;
                for (u32 k = 0; k < a->dead.count && !dead; k++) dead = a->dead.data[k] == id;
                if (!dead) return true;
            }
    for (u32 i = 0; i < a->added.count; i++)
        if (pt_hash128_equal(a->added.data[i].node.hash, hash)) return true;
    return false;
}

static void add_def(amender *a, u32 def) {
    pt_world *w = a->w;
    pt_record r;
    if (!pt_kind_is_node(w->defs.data[def].kind)) return;
    pt_records_node(&a->records, &r, def, true);
    u32 parent = r.parent == PT_NO_DEF ? PT_NONE : id_of(a, r.parent);
    if (parent == PT_NONE) {
        a->why = "an item whose parent is not there";
        return;
    }
    r.node.parent = parent;
    if (r.file != PT_NONE) r.node.file = file_for(a, r.file);
    r.node.hash = pt_def_hash_below(w, def, record_at(a, parent)->hash, 0);
    if (has_twin(a, parent, r.node.hash)) {
        a->why = "an item came that is told from another only by its place";
        return;
    }
    u32 id = take_removed(a, r.node.hash);
    pt_vec_push(&a->rows, parent);
    if (id == PT_NONE) {
        put_strings(a, &r.node, NULL);
        a->local++;
        pt_vec_push(&a->rows, add_node(a, def, r.node, r.position));
        return;
    }
    const pt_graph_node *old = pt_node_at(a->g, id);
    put_strings(a, &r.node, old);
    r.node.interface_hash = old->interface_hash;
    set_id(a, def, id);
    put_node(a, id, &r.node);
    pt_vec_push(&a->out->positions, (pt_delta_position){id, r.position});
    pt_vec_push(&a->rows, id);
}

/* What a definition that went asserted, and its node. */
static void remove_def(amender *a, u32 def) {
    u32 at = def < a->ids->anchor_of.count ? a->ids->anchor_of.data[def] : PT_NONE, id = id_of(a, def);
    rows_of(a, def);
    if (at != PT_NONE) {
        pt_vec_push(&a->gone, at);
        leave_anchor(a, def, at);
    }
    if (!pt_kind_is_node(a->w->defs.data[def].kind) || id == PT_NONE) return;
    const pt_graph_node *n = pt_node_at(a->g, id);
    if (n->flags & PT_NODE_ORDINAL) a->why = "an item went that is told from another only by its place";
    if (n->parent != PT_NONE) /* those behind it would take its place */
        for (pt_run run = pt_graph_kind(a->g, n->parent, PT_OUT, PT_EDGE_CONTAINS); pt_run_next(&run);)
            for (u32 i = 0; i < run.count; i++) {
                const pt_graph_node *x = pt_node_at(a->g, pt_word_node(run.words[i]));
                if ((x->flags & PT_NODE_ORDINAL) && x->kind == n->kind && pt_same_text(a->g, x->name, n->name))
                    a->why = "an item went that another is told from only by its place";
            }
    pt_vec_push(&a->dead, id);
    pt_vec_push(&a->rows, id);
    a->ids->node_of.data[def] = PT_NONE;
}

/* An external path of another kind than before. */
static void amend_kind(amender *a, u32 def) {
    u32 id = id_of(a, def);
    if (id == PT_NONE || id >= a->g->node_count) return;
    pt_graph_node n = *pt_node_at(a->g, id);
    n.kind = pt_def_kind(a->w, def);
    if (n.kind != pt_node_at(a->g, id)->kind) put_node(a, id, &n);
}

static void amend_def(amender *a, const pt_changed_def *c) {
    pt_world *w = a->w;
    if (!pt_kind_is_node(w->defs.data[c->def].kind)) return;
    pt_record r;
    if (!(c->other & (PT_OTHER_DOC | PT_OTHER_INTERFACE))) return;
    u32 id = id_of(a, c->def);
    if (id == PT_NONE || id >= a->g->node_count) return;
    const pt_graph_node *old = pt_node_at(a->g, id);
    pt_records_node(&a->records, &r, c->def, true);
    r.node.hash = old->hash;
    r.node.parent = old->parent;
    r.node.file = old->file;
    r.node.interface_hash = old->interface_hash;
    r.node.flags |= old->flags & PT_NODE_ORDINAL;
    put_strings(a, &r.node, old);
    if (memcmp(&r.node, old, sizeof *old) != 0) put_node(a, id, &r.node);
    pt_vec_push(&a->rows, id); /* its interface is hashed anew */
}

static void fill_file(const amender *a, pt_graph_file *g, u32 file) {
    const pt_file *f = &a->w->files.data[file];
    const pt_facts_header *h = f->facts.header;
    g->size = f->stamp.size;
    g->mtime_ns = f->stamp.mtime_ns;
    g->hash = h->text_hash;
    g->edition = f->edition;
    g->lines = h->line_count;
    g->errors = h->error_count;
}

/* A file of no module any more, and one that is of one now. */
static void drop_file(amender *a, u32 file, pt_graph_info *info) {
    const pt_facts_header *h = a->w->files.data[file].facts.header;
    u32 id = file < a->ids->file_of.count ? a->ids->file_of.data[file] : PT_NONE;
    if (id == PT_NONE) return;
    for (u32 i = 0; i < a->out->files.count; i++)
        if (a->out->files.data[i].id == id) a->out->files.data[i] = a->out->files.data[--a->out->files.count];
    pt_vec_push(&a->out->files, (pt_delta_file){(pt_graph_file){0}, id, 0});
    pt_vec_push(&a->gone_files, id);
    info->source_lines -= h->line_count;
    info->source_bytes -= h->text_length;
    info->files--;
    if (h->error_count) a->out->head.replaced |= PT_REPLACED_ERRORS;
    a->ids->file_of.data[file] = PT_NONE;
}
static void add_file(amender *a, u32 file, pt_graph_info *info) {
    const pt_facts_header *h = a->w->files.data[file].facts.header;
    if (file < a->ids->file_of.count && a->ids->file_of.data[file] != PT_NONE) {
        a->why = "a module's file went and came";
        return;
    }
    pt_graph_file g = {.path = a->g->string_count + pt_string_add(&a->strings, pt_str_of(a->w->files.data[file].path))};
    fill_file(a, &g, file);
    u32 id = a->out->head.file_count++;
    if (!pt_vec_reserve(&a->ids->file_of, (u64)file + 1) ||
        !fill(a->ids->file_of.data, &a->ids->file_of.count, a->ids->file_of.capacity,
              PT_MAX(file + 1, a->ids->file_of.count), PT_NONE))
        return;
    a->ids->file_of.data[file] = id;
    pt_vec_push(&a->out->files, (pt_delta_file){g, id, 0});
    info->source_lines += h->line_count;
    info->source_bytes += h->text_length;
    info->files++;
    if (h->error_count) a->out->head.replaced |= PT_REPLACED_ERRORS;
    pt_vec_push(&a->came_files, file);
}

static void amend_file(amender *a, const pt_changed_file *c, pt_graph_info *info) {
    const pt_file *f = &a->w->files.data[c->file];
    const pt_facts_header *h = f->facts.header, *was = c->old.header;
    u32 id = a->ids->file_of.data[c->file];
    if (id == PT_NONE) return;
    pt_graph_file g = *pt_file_at(a->g, id);
    fill_file(a, &g, c->file);
    pt_vec_push(&a->out->files, (pt_delta_file){g, id, 0});
    info->source_lines += h->line_count - (u64)was->line_count;
    info->source_bytes += h->text_length - (u64)was->text_length;
    if (h->error_count || was->error_count) a->out->head.replaced |= PT_REPLACED_ERRORS;
    for (u32 i = 0; i < a->w->crates.count; i++) { /* a crate is as long as its root */
        u32 root = a->w->crates.data[i].root, node = id_of(a, root);
        if (node == PT_NONE || a->w->defs.data[root].instance == PT_NONE ||
            pt_def_instance(a->w, root)->file != c->file)
            continue;
        const pt_graph_position *p = pt_position_at(a->g, node);
        if (p->end_line != h->line_count)
            pt_vec_push(&a->out->positions, (pt_delta_position){node, {p->line, h->line_count, p->column}});
    }
}

static int by_path(const void *a, const void *b, void *world) {
    const pt_world *w = world;
    return strcmp(w->files.data[*(const u32 *)a].path, w->files.data[*(const u32 *)b].path);
}

static const char *path_of(const amender *a, u32 file) {
    if (file < a->g->file_count) return pt_graph_file_path(a->g, file);
    for (u32 i = 0; i < a->came_files.count; i++)
        if (a->ids->file_of.data[a->came_files.data[i]] == file) return a->w->files.data[a->came_files.data[i]].path;
    return "";
}

/* Syntax errors of all files, in the order of their paths. */
static void put_errors(amender *a, const pt_changes *changes) {
    const pt_graph *g = a->g;
    PT_VEC(pt_graph_error) own = {0};
    PT_VEC(u32) order = {0};
    for (u32 i = 0; i < changes->files.count; i++)
        if (!a->w->files.data[changes->files.data[i].file].is_away) pt_vec_push(&order, changes->files.data[i].file);
    for (u32 i = 0; i < a->came_files.count; i++) pt_vec_push(&order, a->came_files.data[i]);
    if (order.count) qsort_r(order.data, order.count, sizeof(u32), by_path, a->w);
    for (u32 i = 0; i < order.count; i++) {
        const pt_facts *f = &a->w->files.data[order.data[i]].facts;
        for (u32 e = 0; e < f->header->error_count; e++) {
            u32 message = g->string_count + pt_string_add_clean(&a->strings, pt_facts_string(f, f->errors[e].message));
            pt_vec_push(&own, (pt_graph_error){a->ids->file_of.data[order.data[i]], f->errors[e].line,
                                               f->errors[e].column, message});
        }
    }
    u32 next = 0;
    for (u32 i = 0; i <= g->error_count; i++) {
        const pt_graph_error *x = i < g->error_count ? &g->errors[i] : NULL;
        while (next < own.count && (!x || strcmp(path_of(a, own.data[next].file), pt_graph_file_path(g, x->file)) < 0))
            pt_vec_push(&a->out->errors, own.data[next++]);
        bool replaced = false;
        for (u32 k = 0; x && k < changes->files.count; k++)
            replaced = replaced || a->ids->file_of.data[changes->files.data[k].file] == x->file;
        for (u32 k = 0; x && k < a->gone_files.count; k++) replaced = replaced || a->gone_files.data[k] == x->file;
        if (x && !replaced) pt_vec_push(&a->out->errors, *x);
    }
    pt_vec_free(&own);
    pt_vec_free(&order);
}

static int by_delta_file(const void *a, const void *b) {
    u32 x = ((const pt_delta_file *)a)->id, y = ((const pt_delta_file *)b)->id;
    return x < y ? -1 : x > y;
}
static void finish(amender *a, const pt_changes *changes, pt_graph_info info) {
    pt_delta_builder *out = a->out;
    if (out->head.replaced & PT_REPLACED_ERRORS) put_errors(a, changes);
    for (u32 i = 0; i < a->added.count; i++) pt_vec_push(&out->nodes, a->added.data[i]);
    for (u32 i = 0; i < a->left.count; i++) pt_vec_push(&out->anchors, a->left.data[i]);
    if (out->anchors.count) qsort(out->anchors.data, out->anchors.count, sizeof(pt_delta_anchor), by_delta_anchor);
    u32 kept = 0; /* one that was left has moved before: nowhere is the last word */
    for (u32 i = 0; i < out->anchors.count; i++) {
        const pt_delta_anchor x = out->anchors.data[i];
        if (kept && out->anchors.data[kept - 1].id == x.id) {
            if (x.anchor.line == PT_NONE) out->anchors.data[kept - 1] = x;
        } else {
            out->anchors.data[kept++] = x;
        }
    }
    out->anchors.count = kept;
    for (u32 i = 0; i < a->anchors.count; i++)
        pt_vec_push(&out->anchors, (pt_delta_anchor){a->g->anchor_count + i, a->anchors.data[i]});
    if (out->nodes.count) qsort(out->nodes.data, out->nodes.count, sizeof(pt_delta_node), by_delta_node);
    kept = 0; /* the last word on each */
    for (u32 i = 0; i < out->nodes.count; i++) {
        if (kept && out->nodes.data[kept - 1].id == out->nodes.data[i].id) kept--;
        out->nodes.data[kept++] = out->nodes.data[i];
    }
    out->nodes.count = kept;
    if (out->positions.count)
        qsort(out->positions.data, out->positions.count, sizeof(pt_delta_position), by_delta_position);
    kept = 0;
    for (u32 i = 0; i < out->positions.count; i++)
        if (!kept || out->positions.data[kept - 1].id != out->positions.data[i].id)
            out->positions.data[kept++] = out->positions.data[i];
    out->positions.count = kept;
    if (out->files.count) qsort(out->files.data, out->files.count, sizeof(pt_delta_file), by_delta_file);
    info.edges = (u64)((i64)info.edges + a->edges);
    info.candidates = (u64)((i64)info.candidates + a->candidates);
    info.sites = (u64)((i64)info.sites + a->site_total);
    info.unresolved = (u32)((i64)info.unresolved + a->open_total);
    info.local_nodes = (u32)((i64)info.local_nodes + a->local);
    info.external_nodes = (u32)((i64)info.external_nodes + a->external);
    out->head.info = info;
    out->head.node_count = a->g->node_count + a->added.count;
    out->head.anchor_count = a->g->anchor_count + a->anchors.count;
    if (a->strings.text.count > 1 && pt_vec_reserve(&out->strings, a->strings.text.count)) {
        memcpy(out->strings.data, a->strings.text.data, a->strings.text.count);
        out->strings.count = a->strings.text.count;
    }
}

/* Changed definitions by their number: what is around others has a smaller one. */
static int by_changed(const void *x, const void *y, void *changes) {
    const pt_changes *c = changes;
    u32 a = c->defs.data[*(const u32 *)x].def, b = c->defs.data[*(const u32 *)y].def;
    if (a != b) return a < b ? -1 : 1;
    return *(const u32 *)x < *(const u32 *)y ? -1 : *(const u32 *)x > *(const u32 *)y;
}
static void number_order(index_list *out, const pt_changes *c) {
    for (u32 i = 0; i < c->defs.count; i++) pt_vec_push(out, i);
    if (out->count) qsort_r(out->data, out->count, sizeof(u32), by_changed, (void *)(uintptr_t)c);
}

/* Was it counted as a body before? */
static bool had_body(const amender *a, const pt_changes *changes, u32 def) {
    for (u32 i = 0; i < changes->defs.count; i++)
        if (changes->defs.data[i].def == def) return changes->defs.data[i].had_body;
    return pt_item_has_body(pt_def_item(a->w, def));
}

int pt_graph_amend(pt_delta_builder *out, pt_graph_ids *ids, pt_world *w, const pt_graph *before,
                   const pt_changes *changes, const pt_item_sites *sites, u64 generation, pt_error *error) {
    amender a = {.w = w, .g = before, .ids = ids, .out = out};
    *out = (pt_delta_builder){0};
    out->head = (pt_delta_info){.previous_generation = before->info.generation,
                                .string_base = before->string_count,
                                .previous_nodes = before->node_count,
                                .previous_anchors = before->anchor_count,
                                .previous_files = before->file_count,
                                .file_count = before->file_count};
    pt_records_begin_few(&a.records, w);
    pt_buffer_char(&a.strings.text, 0);
    pt_graph_info info = before->info;
    info.generation = generation;
    i64 bodies = 0;
    index_list order = {0};
    for (u32 i = 0; i < changes->files.count; i++) amend_file(&a, &changes->files.data[i], &info);
    for (u32 i = 0; i < changes->gone_files.count; i++)
        if (w->files.data[changes->gone_files.data[i]].is_away) drop_file(&a, changes->gone_files.data[i], &info);
    for (u32 i = 0; i < changes->new_files.count; i++) add_file(&a, changes->new_files.data[i], &info);
    for (u32 i = 0; i < changes->instances.count; i++) amend_instance(&a, changes->instances.data[i]);
    if (out->anchors.count) qsort(out->anchors.data, out->anchors.count, sizeof(pt_delta_anchor), by_delta_anchor);
    u32 kept = 0;
    for (u32 i = 0; i < out->anchors.count; i++)
        if (!kept || out->anchors.data[kept - 1].id != out->anchors.data[i].id)
            out->anchors.data[kept++] = out->anchors.data[i];
    out->anchors.count = kept;
    for (u32 i = 0; i < changes->moved.count; i++) { /* heads that impls were of */
        u32 head = changes->moved.data[i].head, id = PT_NONE;
        if (head != PT_NO_DEF && head != PT_BLANKET_HEAD) id = id_of(&a, head);
        if (id != PT_NONE) pt_vec_push(&a.rows, id);
    }
    number_order(&order, changes);
    for (u32 i = 0; i < order.count && !pt_alloc_failed();
         i++) { /* removed ones first: their rows are told by what is around */
        const pt_changed_def *c = &changes->defs.data[order.data[i]];
        if (c->other & PT_DEF_REMOVED) bodies -= c->had_body, remove_def(&a, c->def);
    }
    for (u32 i = 0; i < order.count && !pt_alloc_failed() && !a.why;
         i++) { /* then new ones, what is around them before */
        const pt_changed_def *c = &changes->defs.data[order.data[i]];
        if (c->other & PT_DEF_ADDED && !(w->defs.data[c->def].flags & PT_DEF_ABSENT)) add_def(&a, c->def);
    }
    for (u32 i = 0; i < changes->defs.count && !pt_alloc_failed(); i++) {
        const pt_changed_def *c = &changes->defs.data[i];
        if (!(w->defs.data[c->def].flags & PT_DEF_ABSENT)) amend_def(&a, c);
    }
    for (u32 i = 0; i < a.dead.count; i++) {
        pt_vec_push(&out->nodes,
                    (pt_delta_node){{.parent = PT_NONE, .file = PT_NONE, .kind = PT_KIND_DEAD}, a.dead.data[i], 0});
        a.local--;
    }
    SORT_UNIQUE(&a.dead);
    for (u32 i = 0; i < changes->kinds.count; i++) amend_kind(&a, changes->kinds.data[i]);
    if (!pt_alloc_failed() && !a.why) take_sites(&a, sites);
    for (u32 i = 0; i < sites->items.count; i++)
        bodies += (i64)sites->items.data[i].bodies - had_body(&a, changes, sites->items.data[i].def);
    info.bodies = (u32)((i64)info.bodies + bodies);
    SORT_UNIQUE(&a.gone);
    SORT_UNIQUE(&a.rows);
    if (!pt_alloc_failed()) keep_sites(&a);
    if (!pt_alloc_failed()) make_rows(&a);
    if (!pt_alloc_failed()) drop_external(&a);
    if (!pt_alloc_failed()) finish(&a, changes, info);
    bool full = out->head.node_count > PT_NODE_LIMIT || out->head.anchor_count > PT_NODE_LIMIT ||
                (u64)before->string_count + a.strings.text.count >= PT_NONE;
    pt_vec_free(&order);
    pt_records_end(&a.records);
    pt_buffer_free(&a.strings.text);
    pt_vec_free(&a.strings.table);
    pt_vec_free(&a.sites);
    pt_vec_free(&a.open);
    pt_vec_free(&a.gone);
    pt_vec_free(&a.rows);
    pt_vec_free(&a.ends);
    pt_vec_free(&a.dead);
    pt_vec_free(&a.anchors);
    pt_vec_free(&a.left);
    pt_vec_free(&a.gone_files);
    pt_vec_free(&a.came_files);
    pt_vec_free(&a.begun);
    pt_vec_free(&a.added);
    if (pt_alloc_failed()) return pt_fail(error, PT_ENOMEM, "out of memory");
    if (a.why || full) return pt_fail(error, PT_ELIMIT, "%s", a.why ? a.why : "no ids or strings are left");
    return PT_OK;
}
