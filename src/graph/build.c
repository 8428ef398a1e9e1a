/* build.c: a resolved world and its sites to one image. */
#include "graph/build.h"
#include "graph/paths.h"
#include "graph/records.h"

#include <stdlib.h>

typedef struct builder {
    pt_world *w;
    pt_sites *sites;
    u32 *node_of;          /* definition -> node, PT_NONE */
    u32 *node_of_external; /* external path -> node + 1, 0 none */
    u32 external_count;
    u32 *anchor_of;   /* definition -> anchor */
    PT_VEC(u32) defs; /* node -> definition (or external path) */
    PT_VEC(pt_graph_node) nodes;
    PT_VEC(pt_graph_position) positions;
    PT_VEC(u32) offsets[4];
    PT_VEC(pt_word) words[4];
    PT_VEC(u32) site_offsets[2];
    PT_VEC(pt_graph_site) out_sites;
    PT_VEC(u8) walk_flags;
    PT_VEC(pt_graph_anchor) anchors;
    PT_VEC(u32) anchor_cfgs; /* string: full predicate of each anchor's item */
    PT_VEC(pt_graph_file) files;
    PT_VEC(u32) file_of; /* world file -> graph file */
    PT_VEC(pt_graph_name) names;
    PT_VEC(u32) by_name;
    PT_VEC(pt_graph_unresolved) unresolved;
    PT_VEC(pt_graph_error) errors;
    PT_VEC(u32) problems, features;
    pt_records records; /* their strings are the graph's */
    u32 local_nodes;
    u64 lines, bytes;
    u32 unread;
} builder;

typedef struct order_key {
    const char *path;
    u32 instance;
} order_key;
static int by_file(const void *a, const void *b) {
    const order_key *x = a, *y = b;
    int order = strcmp(x->path, y->path);
    return order ? order : x->instance < y->instance ? -1 : x->instance > y->instance;
}

static int by_string(const void *a, const void *b, void *base) {
    return strcmp((const char *)base + *(const u32 *)a, (const char *)base + *(const u32 *)b);
}
static int by_path_text(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_files(builder *b) {
    pt_world *w = b->w;
    PT_VEC(const char *) paths = {0};
    for (u32 i = w->external_file_count; i < w->files.count; i++)
        if (!w->files.data[i].is_expansion) pt_vec_push(&paths, w->files.data[i].path);
    if (paths.count) qsort(paths.data, paths.count, sizeof(char *), by_path_text);
    u32 count = 0;
    for (u32 i = 0; i < paths.count; i++)
        if (!count || strcmp(paths.data[count - 1], paths.data[i]) != 0) paths.data[count++] = paths.data[i];
    for (u32 i = 0; i < count; i++)
        pt_vec_push(&b->files, (pt_graph_file){.path = pt_string_add(&b->records.strings, pt_str_of(paths.data[i]))});
    if (!pt_vec_reserve(&b->file_of, w->files.count) || pt_alloc_failed()) {
        pt_vec_free(&paths);
        return;
    }
    for (u32 i = 0; i < w->files.count; i++) {
        b->file_of.data[i] = PT_NONE;
        if (i < w->external_file_count) continue;
        const pt_file *f = &w->files.data[i];
        const char *const *found = count ? bsearch(&f->path, paths.data, count, sizeof(char *), by_path_text) : NULL;
        if (!found) continue;
        u32 index = (u32)(found - paths.data);
        b->file_of.data[i] = index;
        if (f->is_expansion) continue;
        pt_graph_file *g = &b->files.data[index];
        g->size = f->stamp.size;
        g->mtime_ns = f->stamp.mtime_ns;
        g->edition = f->edition;
        if (f->read_code || !f->facts.header) {
            g->unreadable = 1;
            b->unread++;
            continue;
        }
        const pt_facts_header *h = f->facts.header;
        g->hash = h->text_hash;
        g->lines = h->line_count;
        if (!g->errors) {
            b->lines += h->line_count;
            b->bytes += h->text_length;
            for (u32 e = 0; e < h->error_count; e++)
                pt_vec_push(&b->errors,
                            (pt_graph_error){index, f->facts.errors[e].line, f->facts.errors[e].column,
                                             pt_string_add(&b->records.strings,
                                                           pt_facts_string(&f->facts, f->facts.errors[e].message))});
        }
        g->errors = h->error_count;
    }
    b->file_of.count = w->files.count;
    pt_vec_free(&paths);
}

static void add_local_node(builder *b, u32 def) {
    b->node_of[def] = b->defs.count;
    pt_vec_push(&b->defs, def);
}

static void order_nodes(builder *b) {
    pt_world *w = b->w;
    PT_VEC(order_key) order = {0};
    for (u32 c = 0; c < w->crates.count; c++)
        if (!w->crates.data[c].is_external) add_local_node(b, w->crates.data[c].root);
    for (u32 i = 0; i < w->instances.count; i++)
        if (!w->crates.data[w->instances.data[i].crate].is_external)
            pt_vec_push(&order, (order_key){w->files.data[w->instances.data[i].file].path, i});
    if (order.count) qsort(order.data, order.count, sizeof(order_key), by_file);
    for (u32 i = 0; i < order.count; i++) {
        const pt_instance *in = &w->instances.data[order.data[i].instance];
        const pt_facts *f = &w->files.data[in->file].facts;
        if (!f->header) continue;
        for (u32 k = 0; k < f->header->item_count; k++)
            if (pt_kind_is_node(f->items[k].kind)) add_local_node(b, pt_item_def(in, k));
    }
    b->local_nodes = b->defs.count;
    pt_vec_free(&order);
}

static u32 node_for(const builder *b, u32 def) {
    return pt_def_is_external_path(def) ? b->node_of_external[def & ~PT_EXTERNAL_BIT] - 1 : b->node_of[def];
}

typedef struct external_node {
    u32 path; /* string */
    u32 def;
    u8 kind;
} external_node;

static int by_external(const void *a, const void *b, void *base) {
    const external_node *x = a, *y = b;
    int order = strcmp((const char *)base + x->path, (const char *)base + y->path);
    if (order) return order;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    return x->def < y->def ? -1 : x->def > y->def;
}

static void want_external(builder *b, u32 def, external_node **list, u32 *count, u32 *capacity) {
    if (pt_def_is_external_path(def)) {
        u32 *slot = &b->node_of_external[def & ~PT_EXTERNAL_BIT];
        if (*slot) return;
        *slot = 1; /* seen */
    } else {
        if (b->node_of[def] != PT_NONE) return;
        b->node_of[def] = PT_NONE - 1;
    }
    pt_buffer_clear(&b->records.scratch);
    pt_def_path(b->w, &b->records.scratch, def);
    if (*count >= *capacity && !pt_vec_grow((void **)list, capacity, (u64)*count + 1, sizeof **list)) return;
    (*list)[(*count)++] = (external_node){pt_string_add_clean(&b->records.strings, pt_buffer_view(&b->records.scratch)),
                                          def, pt_def_kind(b->w, def)};
}

static void add_externals(builder *b) {
    external_node *list = NULL;
    u32 count = 0, capacity = 0;
    for (u32 r = 0; r < b->sites->runs.count; r++) {
        const pt_site_run *run = &b->sites->runs.data[r];
        const pt_site *s = b->sites->workers[run->worker].sites.data + run->first;
        for (u32 i = 0; i < run->count; i++) {
            want_external(b, s[i].to, &list, &count, &capacity);
            want_external(b, s[i].from, &list, &count, &capacity);
        }
    }
    if (count) qsort_r(list, count, sizeof *list, by_external, b->records.strings.text.data);
    /* of one path are several impls of a trait for a type, told apart by their headers; a path as written is the first */
    for (u32 i = 0, first = 0; i < count; i++) {
        if (i && (list[i - 1].path != list[i].path || list[i - 1].kind != list[i].kind)) first = i;
        u32 node = b->defs.count;
        if (i > first && pt_def_is_external_path(list[i].def)) node = node_for(b, list[first].def);
        for (u32 k = first; k < i && node == b->defs.count; k++)
            if (pt_hash128_equal(pt_def_hash(b->w, list[k].def), pt_def_hash(b->w, list[i].def)))
                node = node_for(b, list[k].def);
        if (node == b->defs.count) pt_vec_push(&b->defs, list[i].def);
        if (pt_def_is_external_path(list[i].def)) b->node_of_external[list[i].def & ~PT_EXTERNAL_BIT] = node + 1;
        else b->node_of[list[i].def] = node;
    }
    pt_free(list);
}

static void add_record(builder *b, u32 index) {
    pt_record r;
    pt_records_node(&b->records, &r, b->defs.data[index], index < b->local_nodes);
    if (r.parent != PT_NO_DEF) r.node.parent = b->node_of[r.parent];
    if (r.file != PT_NONE) r.node.file = b->file_of.data[r.file];
    pt_vec_push(&b->nodes, r.node);
    pt_vec_push(&b->positions, r.position);
}

typedef struct identity {
    pt_hash128 base; /* without ordinal */
    u32 count;       /* 0: free */
} identity;

/* Identity: below the parent's, which is settled before; equal siblings are told apart by an ordinal, in their order. */
static void identify(builder *b) {
    pt_world *w = b->w;
    u32 size = 1024;
    while (size < b->local_nodes * 2) size *= 2;
    identity *table = pt_calloc(size, sizeof *table);
    for (u32 d = 0; table && d < w->defs.count; d++) { /* parents are defined before what is in them */
        u32 node = b->node_of[d];
        if (node >= b->local_nodes || b->nodes.data[node].parent == PT_NONE) continue;
        pt_graph_node *n = &b->nodes.data[node];
        pt_hash128 up = b->nodes.data[n->parent].hash, base = pt_def_hash_below(w, d, up, 0);
        u32 at = (u32)base.low & (size - 1);
        while (table[at].count && !pt_hash128_equal(table[at].base, base)) at = (at + 1) & (size - 1);
        u32 ordinal = table[at].count++;
        table[at].base = base;
        n->hash = ordinal ? pt_def_hash_below(w, d, up, ordinal) : base;
        if (ordinal) n->flags |= PT_NODE_ORDINAL;
    }
    pt_free(table);
}

static u32 anchor(builder *b, u32 def) {
    if (b->anchor_of[def] != PT_NONE) return b->anchor_of[def];
    pt_world *w = b->w;
    u32 node = def;
    while (!pt_kind_is_node(w->defs.data[node].kind)) node = w->defs.data[node].parent;
    pt_graph_anchor a = {b->file_of.data[pt_def_instance(w, def)->file], pt_def_item(w, def)->line, b->node_of[node]};
    if (!pt_vec_reserve(&b->anchors, (u64)b->anchors.count + 1) ||
        !pt_vec_reserve(&b->anchor_cfgs, (u64)b->anchors.count + 1))
        return PT_NONE;
    b->anchor_of[def] = b->anchors.count;
    pt_vec_push(&b->anchors, a);
    pt_vec_push(&b->anchor_cfgs, pt_records_cfg(&b->records, def));
    return b->anchor_of[def];
}

/* A site of one node: sorted by key, the sites of an edge follow each other, the most certain first. */
typedef struct flat_site {
    u64 key; /* word without `inferred`: 32 | confidence: 2 | order of the sites: 30 */
    const pt_site *site;
} flat_site;
enum { MAX_SITES = 1 << 30, SMALL = 24 };

static u8 flat_confidence(const flat_site *s) { return (u8)(s->key >> 30 & 3); }
static int by_key(const void *a, const void *b) {
    const flat_site *x = a, *y = b;
    return x->key < y->key ? -1 : x->key > y->key;
}
static void sort_sites(flat_site *s, u32 count) {
    if (count > SMALL) {
        qsort(s, count, sizeof *s, by_key);
        return;
    }
    for (u32 i = 1; i < count; i++) {
        flat_site x = s[i];
        u32 at = i;
        for (; at && s[at - 1].key > x.key; at--) s[at] = s[at - 1];
        s[at] = x;
    }
}
static int by_plain_word(const void *a, const void *b) {
    pt_word x = *(const pt_word *)a, y = *(const pt_word *)b;
    return x < y ? -1 : x > y;
}

typedef struct row_edge {
    pt_word word;
    u32 first, count;
} row_edge;
static int by_row_word(const void *a, const void *b) {
    const row_edge *x = a, *y = b;
    return x->word < y->word ? -1 : x->word > y->word;
}
static void sort_row(row_edge *s, u32 count) {
    if (count > SMALL) {
        qsort(s, count, sizeof *s, by_row_word);
        return;
    }
    for (u32 i = 1; i < count; i++) {
        row_edge x = s[i];
        u32 at = i;
        for (; at && s[at - 1].word > x.word; at--) s[at] = s[at - 1];
        s[at] = x;
    }
}
static void sort_words(pt_word *s, u32 count) {
    if (count > SMALL) {
        qsort(s, count, sizeof *s, by_plain_word);
        return;
    }
    for (u32 i = 1; i < count; i++) {
        pt_word x = s[i];
        u32 at = i;
        for (; at && s[at - 1] > x; at--) s[at] = s[at - 1];
        s[at] = x;
    }
}

/* The predicate under which a place asserts its edge: that of the place inside its item and, where the item is not
 * the edge's source (an impl, a `use`), that of the item too. */
static u32 site_cfg(builder *b, const pt_site *x, u32 from, u32 anchor_index) {
    u32 own = x->cfg ? pt_records_symbol(&b->records, x->cfg) : 0,
        around = anchor_index == PT_NONE ? 0 : b->anchor_cfgs.data[anchor_index];
    if (!around || b->anchors.data[anchor_index].node == from || around == b->nodes.data[from].cfg) return own;
    return pt_records_both(&b->records, around, own);
}

/* Rows of one pass (edges proper, or candidates): offsets, words, sites. */
static void add_rows(builder *b, flat_site *flat, const u32 *starts, bool candidates) {
    u32 nodes = b->defs.count, out = candidates ? 2 : 0;
    PT_VEC(row_edge) row = {0};
    PT_VEC(const pt_site *) kept = {0};
    pt_vec_push(&b->offsets[out], 0);
    for (u32 n = 0; n < nodes; n++) {
        row.count = kept.count = 0;
        flat_site *s = flat + starts[n];
        u32 count = starts[n + 1] - starts[n];
        if (!candidates) sort_sites(s, count);
        for (u32 i = 0; i < count;) {
            u32 end = i + 1;
            pt_word key = (pt_word)(s[i].key >> 32);
            while (end < count && s[end].key >> 32 == key) end++;
            u8 best = flat_confidence(&s[i]);
            if ((best == PT_CANDIDATE) == candidates) {
                u32 first = kept.count;
                bool settled = !candidates && pt_word_kind(key) == PT_EDGE_CALLS;
                for (u32 k = i; k < end; k++) {
                    if (!candidates && flat_confidence(&s[k]) == PT_CANDIDATE) continue;
                    settled = settled && s[k].site->settled;
                    pt_vec_push(&kept, s[k].site);
                }
                u8 code = settled ? (u8)PT_CODE_SETTLED_CALLS : pt_word_code(key);
                pt_vec_push(&row, (row_edge){pt_word_make(code, best == PT_INFERRED, pt_word_node(key)), first,
                                             kept.count - first});
            }
            i = end;
        }
        sort_row(row.data, row.count);
        for (u32 i = 0; i < row.count; i++) {
            pt_vec_push(&b->words[out], row.data[i].word);
            pt_vec_push(&b->site_offsets[candidates], b->out_sites.count);
            for (u32 k = 0; k < row.data[i].count; k++) {
                const pt_site *x = kept.data[row.data[i].first + k];
                u32 at = anchor(b, x->asserter);
                pt_graph_site g = {
                    at, x->line, site_cfg(b, x, n, at), x->column, x->via, x->rule, x->confidence, x->settled, 0};
                pt_vec_push(&b->out_sites, g);
            }
        }
        pt_vec_push(&b->offsets[out], b->words[out].count);
    }
    pt_vec_push(&b->site_offsets[candidates], b->out_sites.count);
    pt_vec_free(&row);
    pt_vec_free(&kept);
}

static void add_mirror(builder *b, u32 out) {
    u32 nodes = b->defs.count, edges = b->words[out].count, in = out + 1;
    if (pt_alloc_failed()) return; /* rows may be missing */
    if (!pt_vec_reserve(&b->offsets[in], (u64)nodes + 1) || !pt_vec_reserve(&b->words[in], edges)) return;
    u32 *at = b->offsets[in].data;
    memset(at, 0, ((size_t)nodes + 1) * sizeof *at);
    for (u32 e = 0; e < edges; e++) at[pt_word_node(b->words[out].data[e]) + 1]++;
    for (u32 n = 0; n < nodes; n++) at[n + 1] += at[n];
    u32 *next = pt_malloc(((size_t)nodes + 1) * sizeof *next);
    if (!next) return;
    memcpy(next, at, ((size_t)nodes + 1) * sizeof *next);
    for (u32 n = 0; n < nodes; n++)
        for (u32 e = b->offsets[out].data[n]; e < b->offsets[out].data[n + 1]; e++) {
            pt_word w = b->words[out].data[e];
            b->words[in].data[next[pt_word_node(w)]++] = pt_word_mirror(w, n);
        }
    pt_free(next);
    b->offsets[in].count = nodes + 1;
    b->words[in].count = edges;
    for (u32 n = 0; edges && n < nodes; n++) sort_words(b->words[in].data + at[n], at[n + 1] - at[n]);
}

static void add_edges(builder *b) {
    u32 nodes = b->defs.count;
    u32 *starts = pt_calloc((size_t)nodes + 2, sizeof *starts);
    flat_site *flat = pt_malloc(((size_t)b->sites->site_count + 1) * sizeof *flat);
    if (starts && flat) {
        for (u32 pass = 0; pass < 2; pass++) {
            u32 order = 0;
            for (u32 r = 0; r < b->sites->runs.count; r++) {
                const pt_site_run *run = &b->sites->runs.data[r];
                const pt_site *s = b->sites->workers[run->worker].sites.data + run->first;
                for (u32 i = 0; i < run->count; i++) {
                    u32 from = node_for(b, s[i].from), to = node_for(b, s[i].to);
                    if (!pass) starts[from + 1]++;
                    else
                        flat[starts[from]++] = (flat_site){(u64)pt_word_make(s[i].kind, false, to) << 32 |
                                                               (u64)s[i].confidence << 30 | order++,
                                                           &s[i]};
                }
            }
            if (!pass)
                for (u32 n = 0; n < nodes; n++) starts[n + 1] += starts[n];
        }
        for (u32 n = nodes; n > 0; n--) starts[n] = starts[n - 1];
        starts[0] = 0;
        add_rows(b, flat, starts, false);
        add_rows(b, flat, starts, true);
        add_mirror(b, 0);
        add_mirror(b, 2);
    }
    pt_free(starts);
    pt_free(flat);
}

/* interface_hash: the resolved public signature: its text and the identity of what it names. */
static void hash_interfaces(builder *b) {
    static const u8 kinds[] = {PT_EDGE_EXTENDS, PT_EDGE_ACCEPTS, PT_EDGE_RETURNS, PT_EDGE_HAS, PT_EDGE_BOUNDS};
    for (u32 n = 0; n < b->nodes.count; n++) {
        pt_graph_node *x = &b->nodes.data[n];
        u64 h = pt_hash_bytes(b->records.strings.text.data + x->signature,
                              strlen(b->records.strings.text.data + x->signature)) ^
                pt_hash_u64((u64)x->visibility + 1) ^ x->hash.low;
        for (u32 e = b->offsets[0].data[n]; e < b->offsets[0].data[n + 1]; e++) {
            pt_word w = b->words[0].data[e];
            for (u32 k = 0; k < PT_COUNT_OF(kinds); k++)
                if (pt_word_kind(w) == kinds[k])
                    h += pt_hash_u64(b->nodes.data[pt_word_node(w)].hash.low ^
                                     kinds[k]); /* a sum: the order of ids is no part of it */
        }
        x->interface_hash = h;
    }
}

/* The first bytes of a text as a number that orders as they do: most comparisons need no more. */
static u64 prefix_of(const char *text) {
    u64 prefix = 0;
    for (u32 i = 0; i < 8; i++) {
        prefix = prefix << 8 | (u8)*text;
        if (*text) text++;
    }
    return prefix;
}

typedef struct name_order {
    u64 prefix;
    u32 name, first, count; /* a run of nodes that bear it */
} name_order;
static int by_name_text(const void *a, const void *b, void *base) {
    const name_order *x = a, *y = b;
    if (x->prefix != y->prefix) return x->prefix < y->prefix ? -1 : 1;
    return strcmp((const char *)base + x->name, (const char *)base + y->name);
}
static int by_number(const void *a, const void *b) {
    u64 x = *(const u64 *)a, y = *(const u64 *)b;
    return x < y ? -1 : x > y;
}

static void add_names(builder *b) {
    PT_VEC(u64) pairs = {0}; /* name << 32 | node: a text has one offset */
    PT_VEC(name_order) order = {0};
    for (u32 n = 0; n < b->nodes.count; n++)
        if (b->nodes.data[n].name && b->nodes.data[n].kind != PT_KIND_IMPL)
            pt_vec_push(&pairs, (u64)b->nodes.data[n].name << 32 | n);
    if (pairs.count) qsort(pairs.data, pairs.count, sizeof(u64), by_number);
    for (u32 i = 0; i < pairs.count; i++) {
        u32 name = (u32)(pairs.data[i] >> 32);
        if ((!order.count || order.data[order.count - 1].name != name) &&
            !pt_vec_push(&order, (name_order){prefix_of(b->records.strings.text.data + name), name, i, 0}))
            break;
        order.data[order.count - 1].count++;
    }
    if (order.count) qsort_r(order.data, order.count, sizeof(name_order), by_name_text, b->records.strings.text.data);
    for (u32 i = 0; i < order.count && !pt_alloc_failed(); i++) {
        const name_order *o = &order.data[i];
        pt_vec_push(&b->names, (pt_graph_name){o->name, b->by_name.count, o->count,
                                               pt_graph_letters(b->records.strings.text.data + o->name)});
        for (u32 k = 0; k < o->count; k++) pt_vec_push(&b->by_name, (u32)pairs.data[o->first + k]);
    }
    pt_vec_free(&pairs);
    pt_vec_free(&order);
}

static int by_unresolved(const void *a, const void *b, void *base) {
    const pt_graph_unresolved *x = a, *y = b;
    if (x->name != y->name) return strcmp((const char *)base + x->name, (const char *)base + y->name);
    if (x->anchor != y->anchor) return x->anchor < y->anchor ? -1 : 1;
    if (x->line != y->line) return (i32)x->line < (i32)y->line ? -1 : 1;
    if (x->column != y->column) return x->column < y->column ? -1 : 1;
    if (x->reason != y->reason) return x->reason < y->reason ? -1 : 1;
    return x->from < y->from ? -1 : x->from > y->from;
}

static void add_unresolved(builder *b) {
    for (u32 r = 0; r < b->sites->runs.count; r++) {
        const pt_site_run *run = &b->sites->runs.data[r];
        const pt_open_site *s = b->sites->workers[run->worker].open.data + run->first_open;
        for (u32 i = 0; i < run->open_count; i++)
            pt_vec_push(&b->unresolved,
                        (pt_graph_unresolved){pt_records_symbol(&b->records, s[i].name), node_for(b, s[i].from),
                                              anchor(b, s[i].asserter), s[i].line, s[i].column, s[i].reason, 0});
    }
    if (b->unresolved.count)
        qsort_r(b->unresolved.data, b->unresolved.count, sizeof(pt_graph_unresolved), by_unresolved,
                b->records.strings.text.data);
    u32 kept = 0;
    for (u32 i = 0; i < b->unresolved.count; i++)
        if (!kept ||
            by_unresolved(&b->unresolved.data[kept - 1], &b->unresolved.data[i], b->records.strings.text.data) != 0)
            b->unresolved.data[kept++] = b->unresolved.data[i];
    b->unresolved.count = kept;
}

static void add_meta(builder *b) {
    const pt_workspace *ws = b->w->workspace;
    if (!ws) return;
    for (u32 i = 0; i < ws->problems.count; i++)
        pt_vec_push(&b->problems, pt_string_add(&b->records.strings, pt_str_of(ws->problems.data[i])));
    for (u32 p = 0; p < ws->packages.count; p++)
        for (u32 f = 0; f < ws->packages.data[p].features.count; f++)
            pt_vec_push(&b->features,
                        pt_string_add(&b->records.strings, pt_str_of(ws->packages.data[p].features.data[f])));
    if (b->features.count)
        qsort_r(b->features.data, b->features.count, sizeof(u32), by_string, b->records.strings.text.data);
}

static int pack(pt_graph **out, builder *b, u64 generation, pt_error *error) {
    u32 bodies = (u32)b->sites->bodies;
    pt_sites_free(b->sites); /* all that they said is in rows now: what follows needs the room */
    for (u32 n = 0; n < b->nodes.count && !pt_alloc_failed(); n++)
        pt_vec_push(&b->walk_flags, pt_walk_flags_of(&b->nodes.data[n]));
    pt_graph_info info = {.generation = generation,
                          .source_bytes = b->bytes,
                          .source_lines = b->lines,
                          .edges = b->words[0].count,
                          .candidates = b->words[2].count,
                          .sites = b->out_sites.count,
                          .extractor = PT_EXTRACTOR_VERSION,
                          .dump = pt_source_is_dump(b->w->source),
                          .bodies = bodies,
                          .unread = b->unread,
                          .local_nodes = b->local_nodes,
                          .external_nodes = b->nodes.count - b->local_nodes,
                          .files = b->files.count,
                          .unresolved = b->unresolved.count};
    info.root = pt_string_add(&b->records.strings, pt_str_of(pt_source_root(b->w->source)));
    info.std_name = pt_string_add(&b->records.strings, b->w->std_crate_count ? PT_STR("1.63.0") : PT_STR(""));
#define PART(name, type, vector) \
    { PT_SECTION_##name, sizeof(type), b->vector.data, b->vector.count }
    const pt_block_part parts[] = {{PT_SECTION_info, sizeof info, &info, 1},
                                   PART(nodes, pt_graph_node, nodes),
                                   PART(positions, pt_graph_position, positions),
                                   PART(out_offsets, u32, offsets[0]),
                                   PART(out, pt_word, words[0]),
                                   PART(candidate_out_offsets, u32, offsets[2]),
                                   PART(candidate_out, pt_word, words[2]),
                                   PART(site_offsets, u32, site_offsets[0]),
                                   PART(candidate_site_offsets, u32, site_offsets[1]),
                                   PART(sites, pt_graph_site, out_sites),
                                   PART(in_offsets, u32, offsets[1]),
                                   PART(in, pt_word, words[1]),
                                   PART(candidate_in_offsets, u32, offsets[3]),
                                   PART(candidate_in, pt_word, words[3]),
                                   PART(anchors, pt_graph_anchor, anchors),
                                   PART(files, pt_graph_file, files),
                                   PART(names, pt_graph_name, names),
                                   PART(by_name, u32, by_name),
                                   PART(unresolved, pt_graph_unresolved, unresolved),
                                   PART(errors, pt_graph_error, errors),
                                   PART(problems, u32, problems),
                                   PART(features, u32, features),
                                   PART(strings, char, records.strings.text),
                                   PART(walk_flags, u8, walk_flags)};
#undef PART
    _Static_assert(PT_COUNT_OF(parts) == PT_SECTION_COUNT - 1, "a part for each section");
    void *image = NULL;
    u64 size = 0;
    if (pt_alloc_failed()) return pt_fail(error, PT_ENOMEM, "out of memory while building the graph");
    int code = pt_block_make(&image, &size, PT_BLOCK_IMAGE, parts, PT_COUNT_OF(parts), error);
    if (!code) code = pt_graph_open(out, image, size, true, false, error);
    if (code) pt_free(image);
    return code;
}

void pt_graph_ids_free(pt_graph_ids *ids) {
    pt_vec_free(&ids->node_of);
    pt_vec_free(&ids->anchor_of);
    pt_vec_free(&ids->node_of_external);
    pt_vec_free(&ids->file_of);
}

/* Takes the builder's tables, trimmed. */
static void give_ids(pt_graph_ids *ids, builder *b) {
    u32 externals = pt_interner_count(b->w->external_paths) + 1;
    *ids = (pt_graph_ids){0};
    if (!pt_vec_reserve(&ids->node_of_external, externals)) return;
    memcpy(ids->node_of_external.data, b->node_of_external, externals * sizeof(u32));
    ids->node_of_external.count = externals;
    ids->node_of.data = b->node_of;
    ids->node_of.count = ids->node_of.capacity = b->w->defs.count;
    ids->anchor_of.data = b->anchor_of;
    ids->anchor_of.count = ids->anchor_of.capacity = b->w->defs.count;
    ids->file_of.data = b->file_of.data;
    ids->file_of.count = ids->file_of.capacity = b->file_of.count;
    b->node_of = b->anchor_of = NULL;
    b->file_of.data = NULL;
}

int pt_graph_build(pt_graph **out, pt_graph_ids *ids, pt_world *w, pt_sites *sites, u64 generation, pt_error *error) {
    builder b = {.w = w, .sites = sites};
    *out = NULL;
    b.external_count = w->external_capacity;
    b.node_of = pt_malloc(((size_t)w->defs.count + 1) * sizeof(u32));
    b.anchor_of = pt_malloc(((size_t)w->defs.count + 1) * sizeof(u32));
    b.node_of_external = pt_calloc(w->external_capacity, sizeof(u32)); /* naming paths may add to them */
    int code = pt_records_begin(&b.records, w) && b.node_of && b.anchor_of && b.node_of_external
                   ? PT_OK
                   : pt_fail(error, PT_ENOMEM, "out of memory while building the graph");
    if (!code) {
        memset(b.node_of, 0xff, ((size_t)w->defs.count + 1) * sizeof(u32));
        memset(b.anchor_of, 0xff, ((size_t)w->defs.count + 1) * sizeof(u32));
        /* a stage trusts the numbers of the one before */
        if (!pt_alloc_failed()) add_files(&b);
        if (!pt_alloc_failed()) order_nodes(&b);
        if (!pt_alloc_failed()) add_externals(&b);
        if (pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "out of memory while building the graph");
        if (b.defs.count >= PT_NODE_LIMIT) code = pt_fail(error, PT_ELIMIT, "more than %u nodes", PT_NODE_LIMIT);
        if (sites->site_count >= MAX_SITES) code = pt_fail(error, PT_ELIMIT, "more than %u sites", MAX_SITES);
    }
    if (!code) {
        for (u32 n = 0; n < b.defs.count; n++) add_record(&b, n);
        if (!pt_alloc_failed()) identify(&b);
        pt_world_drop_names(w); /* every path is told: edges need no names, but room */
        if (!pt_alloc_failed()) add_edges(&b);
        if (!pt_alloc_failed()) hash_interfaces(&b), add_names(&b), add_unresolved(&b), add_meta(&b);
        code = pack(out, &b, generation, error);
        if (!code && ids) give_ids(ids, &b);
    }
    pt_free(b.node_of);
    pt_free(b.anchor_of);
    pt_free(b.node_of_external);
    pt_vec_free(&b.defs);
    pt_vec_free(&b.nodes);
    pt_vec_free(&b.positions);
    for (u32 i = 0; i < 4; i++) pt_vec_free(&b.offsets[i]), pt_vec_free(&b.words[i]);
    for (u32 i = 0; i < 2; i++) pt_vec_free(&b.site_offsets[i]);
    pt_vec_free(&b.out_sites);
    pt_vec_free(&b.walk_flags);
    pt_vec_free(&b.anchors);
    pt_vec_free(&b.anchor_cfgs);
    pt_vec_free(&b.files);
    pt_vec_free(&b.file_of);
    pt_vec_free(&b.names);
    pt_vec_free(&b.by_name);
    pt_vec_free(&b.unresolved);
    pt_vec_free(&b.errors);
    pt_vec_free(&b.problems);
    pt_vec_free(&b.features);
    pt_records_end(&b.records);
    return code;
}
