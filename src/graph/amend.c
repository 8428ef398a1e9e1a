#include "graph/amend_internal.h"
#include "graph/paths.h"

/* A string of the records as one of the snapshot after: the old one where it says the same. */
u32 pt_amend_text(amender *a, u32 offset, u32 old) {
    const char *t = a->records.strings.text.data + offset;
    if (!*t) return 0;
    if (old && strcmp(pt_graph_string(a->g, old), t) == 0) return old;
    return a->g->string_count + pt_string_add(&a->strings, pt_str_of(t));
}

u32 pt_amend_id(const amender *a, u32 def) {
    u32 id;
    if (pt_def_is_external_path(def)) {
        u32 index = def & ~PT_EXTERNAL_BIT;
        id = index < a->ids->node_of_external.count ? a->ids->node_of_external.data[index] - 1 : PT_NONE;
    } else {
        id = def < a->ids->node_of.count ? a->ids->node_of.data[def] : PT_NONE;
    }
    return id != PT_NONE && id < a->g->node_count && !pt_node_alive(a->g, id) ? PT_NONE : id;
}

bool pt_amend_fill(void *data, u32 *count, u32 capacity, u32 wanted, u32 value) {
    u32 *list = data;
    if (capacity < wanted) return false;
    for (; *count < wanted; (*count)++) list[*count] = value;
    return true;
}

void pt_amend_set_id(amender *a, u32 def, u32 id) {
    if (pt_def_is_external_path(def)) {
        u32 index = def & ~PT_EXTERNAL_BIT;
        if (pt_vec_reserve(&a->ids->node_of_external, (u64)index + 1) &&
            pt_amend_fill(a->ids->node_of_external.data, &a->ids->node_of_external.count,
                          a->ids->node_of_external.capacity, PT_MAX(index + 1, a->ids->node_of_external.count), 0))
            a->ids->node_of_external.data[index] = id + 1;
        return;
    }
    if (pt_vec_reserve(&a->ids->node_of, (u64)def + 1) &&
        pt_amend_fill(a->ids->node_of.data, &a->ids->node_of.count, a->ids->node_of.capacity,
                      PT_MAX(def + 1, a->ids->node_of.count), PT_NONE))
        a->ids->node_of.data[def] = id;
}

u32 pt_amend_nearest(const pt_world *w, u32 def) {
    while (def != PT_NO_DEF && !pt_kind_is_node(w->defs.data[def].kind)) def = w->defs.data[def].parent;
    return def;
}

void pt_amend_strings(amender *a, pt_graph_node *n, const pt_graph_node *old) {
    n->name = pt_amend_text(a, n->name, old ? old->name : 0);
    n->path = pt_amend_text(a, n->path, old ? old->path : 0);
    n->signature = pt_amend_text(a, n->signature, old ? old->signature : 0);
    n->doc = pt_amend_text(a, n->doc, old ? old->doc : 0);
    n->cfg = pt_amend_text(a, n->cfg, old ? old->cfg : 0);
}

u32 pt_amend_add_node(amender *a, u32 def, pt_graph_node n, pt_graph_position p) {
    u32 id = a->g->node_count + a->added.count;
    pt_amend_set_id(a, def, id);
    pt_vec_push(&a->added, (pt_delta_node){n, id, 0});
    pt_vec_push(&a->out->positions, (pt_delta_position){id, p});
    return id;
}

const pt_graph_node *pt_amend_record(const amender *a, u32 id) {
    return id < a->g->node_count ? pt_node_at(a->g, id) : &a->added.data[id - a->g->node_count].node;
}

/* Signature edges count in the hash of an interface: graph/build.c. */
u64 pt_amend_interface(const amender *a, const pt_graph_node *n, const made_edges *edges) {
    static const u8 kinds[] = {PT_EDGE_EXTENDS, PT_EDGE_ACCEPTS, PT_EDGE_RETURNS, PT_EDGE_HAS, PT_EDGE_BOUNDS};
    const char *s = n->signature < a->g->string_count ? pt_graph_string(a->g, n->signature)
                                                      : a->strings.text.data + (n->signature - a->g->string_count);
    u64 h = pt_hash_bytes(s, strlen(s)) ^ pt_hash_u64((u64)n->visibility + 1) ^ n->hash.low;
    for (u32 e = 0; e < edges->count; e++)
        for (u32 k = 0; k < PT_COUNT_OF(kinds); k++)
            if (pt_word_kind(edges->data[e].word) == kinds[k])
                h += pt_hash_u64(pt_amend_hash_low(a, pt_word_node(edges->data[e].word)) ^ kinds[k]);
    return h;
}

/* The node of what an edge leads to; external ones come when they are first meant. */
u32 pt_amend_node(amender *a, u32 def) {
    u32 id = pt_amend_id(a, def);
    if (id != PT_NONE) return id;
    pt_record r;
    pt_records_node(&a->records, &r, def, false);
    const char *path = a->records.strings.text.data + r.node.path;
    /* two definitions may be one node: of one identity, or one of them a path as it was written (see build.c) */
    bool written = pt_def_is_external_path(def);
    pt_hash128 named = pt_hash128_bytes(path, strlen(path));
    pt_graph_node added = r.node;
    pt_amend_strings(a, &added, NULL);
    pt_node_list same = {0};
    pt_graph_named(a->g, a->records.strings.text.data + r.node.name, &same);
    pt_buffer other = {0};
    for (u32 i = 0; i < same.count; i++) {
        const pt_graph_node *x = pt_node_at(a->g, same.data[i]);
        if (!(x->flags & PT_NODE_EXTERNAL) || x->kind != r.node.kind) continue;
        if (pt_hash128_equal(x->hash, r.node.hash)) a->why = "two items of dependencies are of one identity";
        pt_buffer_clear(&other);
        pt_graph_path(a->g, &other, same.data[i]);
        if (other.data && strcmp(other.data, path) == 0 && (written || pt_hash128_equal(x->hash, named)))
            a->why = "two dependencies have an item of the same path";
    }
    for (u32 i = 0; i < a->added.count; i++) {
        const pt_graph_node *x = &a->added.data[i].node;
        if (pt_hash128_equal(x->hash, r.node.hash)) a->why = "two new items are of one identity";
        if (x->flags & PT_NODE_EXTERNAL && x->kind == r.node.kind && x->path == added.path &&
            (written || pt_hash128_equal(x->hash, named)))
            a->why = "two dependencies have an item of the same path";
    }
    pt_buffer_free(&other);
    pt_vec_free(&same);
    const made_edges none = {0}; /* an external item's signature has no edges */
    added.interface_hash = pt_amend_interface(a, &added, &none);
    a->external++;
    return pt_amend_add_node(a, def, added, r.position);
}

/* The graph's file of a file of the world: an expansion's is that of its path. */
u32 pt_amend_file_of(amender *a, u32 file) {
    u32 before = a->ids->file_of.count;
    if (file < before && a->ids->file_of.data[file] != PT_NONE) return a->ids->file_of.data[file];
    if (!pt_vec_reserve(&a->ids->file_of, (u64)file + 1)) return 0;
    if (!pt_amend_fill(a->ids->file_of.data, &a->ids->file_of.count, a->ids->file_of.capacity, PT_MAX(file + 1, before),
                       PT_NONE))
        return 0;
    for (u32 i = a->w->external_file_count; i < before; i++)
        if (a->ids->file_of.data[i] != PT_NONE && !a->w->files.data[i].is_expansion &&
            strcmp(a->w->files.data[i].path, a->w->files.data[file].path) == 0)
            return a->ids->file_of.data[file] = a->ids->file_of.data[i];
    a->why = "a file is new";
    return 0;
}

u32 pt_amend_anchor(amender *a, u32 def) {
    if (def < a->ids->anchor_of.count && a->ids->anchor_of.data[def] != PT_NONE) return a->ids->anchor_of.data[def];
    if (!pt_vec_reserve(&a->ids->anchor_of, (u64)def + 1) ||
        !pt_amend_fill(a->ids->anchor_of.data, &a->ids->anchor_of.count, a->ids->anchor_of.capacity,
                       PT_MAX(def + 1, a->ids->anchor_of.count), PT_NONE))
        return 0;
    u32 id = a->ids->anchor_of.data[def] = a->g->anchor_count + a->anchors.count;
    pt_vec_push(&a->anchors,
                (pt_graph_anchor){pt_amend_file_of(a, pt_def_instance(a->w, def)->file), pt_def_item(a->w, def)->line,
                                  pt_amend_id(a, pt_amend_nearest(a->w, def))});
    return id;
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
/* Records, places and starts of what is in the changed instances. */
static void amend_instance(amender *a, u32 instance) {
    const pt_world *w = a->w;
    const pt_instance *in = &w->instances.data[instance];
    const pt_facts *f = &w->files.data[in->file].facts;
    for (u32 i = 0; i < f->header->item_count; i++) {
        u32 def = pt_item_def(in, i), id = pt_amend_id(a, def);
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
    u32 parent = r.parent == PT_NO_DEF ? PT_NONE : pt_amend_id(a, r.parent);
    if (parent == PT_NONE) {
        a->why = "an item whose parent is not there";
        return;
    }
    r.node.parent = parent;
    if (r.file != PT_NONE) r.node.file = pt_amend_file_of(a, r.file);
    r.node.hash = pt_def_hash_below(w, def, pt_amend_record(a, parent)->hash, 0);
    bool twin = has_twin(a, parent, r.node.hash);
    if (twin) pt_amend_twin(a, parent);
    u32 id = twin ? (u32)PT_NONE : take_removed(a, r.node.hash);
    pt_vec_push(&a->rows, parent);
    if (id == PT_NONE) {
        pt_amend_strings(a, &r.node, NULL);
        a->local++;
        pt_vec_push(&a->rows, pt_amend_add_node(a, def, r.node, r.position));
        return;
    }
    const pt_graph_node *old = pt_node_at(a->g, id);
    pt_amend_strings(a, &r.node, old);
    r.node.interface_hash = old->interface_hash;
    pt_amend_set_id(a, def, id);
    pt_amend_put_node(a, id, &r.node);
    pt_vec_push(&a->out->positions, (pt_delta_position){id, r.position});
    pt_vec_push(&a->rows, id);
}

/* What a definition that went asserted, and its node. */
static void remove_def(amender *a, u32 def) {
    u32 at = def < a->ids->anchor_of.count ? a->ids->anchor_of.data[def] : PT_NONE, id = pt_amend_id(a, def);
    pt_amend_rows_of(a, def);
    if (at != PT_NONE) {
        pt_vec_push(&a->gone, at);
        pt_amend_leave_anchor(a, def, at);
    }
    if (!pt_kind_is_node(a->w->defs.data[def].kind) || id == PT_NONE) return;
    const pt_graph_node *n = pt_node_at(a->g, id);
    bool twin = false;
    if (n->parent != PT_NONE) /* those behind it take its place */
        for (pt_run run = pt_graph_kind(a->g, n->parent, PT_OUT, PT_EDGE_CONTAINS); !twin && pt_run_next(&run);)
            for (u32 i = 0; i < run.count && !twin; i++) {
                const pt_graph_node *x = pt_node_at(a->g, pt_word_node(run.words[i]));
                twin = (x->flags & PT_NODE_ORDINAL) && x->kind == n->kind && pt_same_text(a->g, x->name, n->name);
            }
    if (twin) pt_amend_twin(a, n->parent);
    pt_vec_push(&a->dead, id);
    pt_vec_push(&a->rows, id);
    a->ids->node_of.data[def] = PT_NONE;
}

/* An external path of another kind than before. */
static void amend_kind(amender *a, u32 def) {
    u32 id = pt_amend_id(a, def);
    if (id == PT_NONE || id >= a->g->node_count) return;
    pt_graph_node n = *pt_node_at(a->g, id);
    n.kind = pt_def_kind(a->w, def);
    if (n.kind != pt_node_at(a->g, id)->kind) pt_amend_put_node(a, id, &n);
}

static void amend_def(amender *a, const pt_changed_def *c) {
    pt_world *w = a->w;
    if (!pt_kind_is_node(w->defs.data[c->def].kind)) return;
    pt_record r;
    if (!(c->other & (PT_OTHER_DOC | PT_OTHER_INTERFACE))) return;
    u32 id = pt_amend_id(a, c->def);
    if (id == PT_NONE || id >= a->g->node_count) return;
    const pt_graph_node *old = pt_node_at(a->g, id);
    pt_records_node(&a->records, &r, c->def, true);
    r.node.hash = old->hash;
    r.node.parent = old->parent;
    r.node.file = old->file;
    r.node.interface_hash = old->interface_hash;
    r.node.flags |= old->flags & PT_NODE_ORDINAL;
    pt_amend_strings(a, &r.node, old);
    if (memcmp(&r.node, old, sizeof *old) != 0) pt_amend_put_node(a, id, &r.node);
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
        !pt_amend_fill(a->ids->file_of.data, &a->ids->file_of.count, a->ids->file_of.capacity,
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
        u32 root = a->w->crates.data[i].root, node = pt_amend_id(a, root);
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
        if (head != PT_NO_DEF && head != PT_BLANKET_HEAD) id = pt_amend_id(&a, head);
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
    if (!pt_alloc_failed() && !a.why) pt_amend_settle_twins(&a);
    for (u32 i = 0; i < a.dead.count; i++) {
        pt_vec_push(&out->nodes,
                    (pt_delta_node){{.parent = PT_NONE, .file = PT_NONE, .kind = PT_KIND_DEAD}, a.dead.data[i], 0});
        a.local--;
    }
    SORT_UNIQUE(&a.dead);
    for (u32 i = 0; i < changes->kinds.count; i++) amend_kind(&a, changes->kinds.data[i]);
    if (!pt_alloc_failed() && !a.why) pt_amend_take_sites(&a, sites);
    for (u32 i = 0; i < sites->items.count; i++)
        bodies += (i64)sites->items.data[i].bodies - had_body(&a, changes, sites->items.data[i].def);
    info.bodies = (u32)((i64)info.bodies + bodies);
    SORT_UNIQUE(&a.gone);
    SORT_UNIQUE(&a.rows);
    if (!pt_alloc_failed()) pt_amend_keep_sites(&a);
    if (!pt_alloc_failed()) pt_amend_make_rows(&a);
    if (!pt_alloc_failed()) pt_amend_drop_external(&a);
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
    pt_vec_free(&a.twins);
    pt_vec_free(&a.renamed);
    if (pt_alloc_failed()) return pt_fail(error, PT_ENOMEM, "out of memory");
    if (a.why || full) return pt_fail(error, PT_ELIMIT, "%s", a.why ? a.why : "no ids or strings are left");
    return PT_OK;
}
