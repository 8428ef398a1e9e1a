#include "graph/overlay.h"

#include <stdlib.h>

static const pt_in_list no_words;
static const u32 no_edges[4]; /* a pt_out_row of nothing: counts, and the one offset behind no words */
static const pt_open_row no_open;
static const pt_graph_position no_position;

static size_t row_size(const pt_out_row *r) {
    return sizeof *r + ((size_t)r->count * 2 + 1) * sizeof(u32) + r->site_count * sizeof(pt_graph_site);
}
static size_t open_size(const pt_open_row *r) { return sizeof *r + r->count * sizeof(pt_graph_unresolved); }
static size_t list_size(u32 capacity) { return sizeof(pt_in_list) + capacity * sizeof(pt_slice); }
static const pt_out_row *empty_row(void) { return (const pt_out_row *)(const void *)no_edges; }

/* Slices that a batch made have its number before their words. */
typedef struct slice_head {
    u32 batch, reserved;
} slice_head;
static size_t slice_size(u32 capacity) { return sizeof(slice_head) + capacity * sizeof(pt_word); }
static slice_head *head_of(const pt_slice *s) { return (slice_head *)(uintptr_t)s->words - 1; }

typedef struct applier {
    pt_graph *g;
    pt_overlay *o;
    pt_edit *e;
    pt_error *error;
    PT_VEC(pt_name_entry) names, open, orphans; /* orphans: name is the parent that was */
    PT_VEC(u32) dead;
} applier;

static int no_memory(applier *a) { return pt_fail(a->error, PT_ENOMEM, "out of memory"); }
static int ill(applier *a, const char *what, u32 id) {
    return pt_fail(a->error, PT_ECORRUPT, "batch %llu: %s %u refers outside",
                   (unsigned long long)a->g->info.generation + 1, what, id);
}

static void *copy_of(applier *a, const void *bytes, size_t size) {
    void *memory = pt_edit_alloc(a->e, size);
    if (memory && size) memcpy(memory, bytes, size);
    return memory;
}

static pt_patch *own_patch(applier *a, u32 node) {
    void **slot = pt_radix_put(a->e, &a->o->nodes, node);
    if (!slot) return NULL;
    pt_patch *old = *slot;
    if (old && old->batch == a->e->batch) return old;
    pt_patch *new = pt_edit_alloc(a->e, sizeof *new);
    if (!new) return NULL;
    if (old) {
        *new = *old;
        pt_edit_retire(a->e, old, sizeof *old);
    } else {
        *new = (pt_patch){0};
        a->o->patches++;
        if (node >= a->g->base_nodes) { /* nothing stands behind it */
            new->rows[0] = new->rows[1] = empty_row();
            new->in[0] = new->in[1] = (pt_in_list *)(uintptr_t)&no_words;
            new->open = &no_open;
            new->position = &no_position;
        }
    }
    new->batch = a->e->batch;
    *slot = new;
    return new;
}

/* Lists of in-edges. */

static pt_in_list *new_list(applier *a, u32 capacity) {
    pt_in_list *list = pt_edit_alloc(a->e, list_size(capacity));
    if (list) *list = (pt_in_list){.capacity = capacity, .batch = a->e->batch};
    return list;
}

static pt_in_list *own_list(applier *a, pt_patch *p, u32 node, bool candidates) {
    pt_in_list *old = p->in[candidates], *new;
    if (old && old->batch == a->e->batch) return old;
    if (old) {
        new = new_list(a, old->pieces + 1);
        if (!new) return NULL;
        new->count = old->count;
        new->pieces = old->pieces;
        memcpy(new->slices, old->slices, old->pieces * sizeof(pt_slice));
        if (old->capacity) pt_edit_retire(a->e, old, list_size(old->capacity));
    } else {
        const pt_shard *s = &a->g->shards[node >> PT_SHARD_BITS];
        pt_direction d = candidates ? PT_CANDIDATE_IN : PT_IN;
        const u32 *at = s->offsets[d] + (node & (PT_SHARD_NODES - 1));
        u32 count = at[1] - at[0];
        new = new_list(a, (count + PT_SLICE_WORDS - 1) / PT_SLICE_WORDS + 1);
        if (!new) return NULL;
        new->count = count;
        for (u32 first = 0; first < count; first += PT_SLICE_WORDS)
            new->slices[new->pieces++] =
                (pt_slice){s->words[d] + at[0] + first, PT_MIN(count - first, (u32)PT_SLICE_WORDS), 0};
    }
    return p->in[candidates] = new;
}

/* The slice's words as this batch's own, with room for one more. */
static pt_word *own_slice(applier *a, pt_slice *s) {
    if (s->capacity > s->count && head_of(s)->batch == a->e->batch) return (pt_word *)(uintptr_t)s->words;
    u32 capacity = PT_MIN(s->count + s->count / 4 + 4, (u32)PT_SLICE_WORDS + 1);
    slice_head *head = pt_edit_alloc(a->e, slice_size(capacity));
    if (!head) return NULL;
    *head = (slice_head){a->e->batch, 0};
    pt_word *words = (pt_word *)(head + 1);
    if (s->count) memcpy(words, s->words, s->count * sizeof(pt_word));
    if (s->capacity) pt_edit_retire(a->e, head_of(s), slice_size(s->capacity));
    s->words = words;
    s->capacity = capacity;
    return words;
}

/* Makes room for a slice at `index`; the list may move. */
static pt_in_list *open_slice(applier *a, pt_in_list **at, u32 index) {
    pt_in_list *list = *at;
    if (list->pieces == list->capacity) {
        pt_in_list *new = new_list(a, list->capacity + list->capacity / 2 + 2);
        if (!new) return NULL;
        new->count = list->count;
        new->pieces = list->pieces;
        memcpy(new->slices, list->slices, list->pieces * sizeof(pt_slice));
        pt_edit_retire(a->e, list, list_size(list->capacity));
        *at = list = new;
    }
    memmove(list->slices + index + 1, list->slices + index, (list->pieces - index) * sizeof(pt_slice));
    list->slices[index] = (pt_slice){NULL, 0, 0};
    list->pieces++;
    return list;
}

static u32 slice_for(const pt_in_list *list, pt_word word) { /* the last that begins at or before it, or the first */
    u32 low = 0, high = list->pieces;
    while (low + 1 < high) {
        u32 middle = (low + high) / 2;
        if (list->slices[middle].words[0] <= word) low = middle;
        else high = middle;
    }
    return low;
}

static u32 place_of(const pt_slice *s, pt_word word) {
    u32 low = 0, high = s->count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (s->words[middle] < word) low = middle + 1;
        else high = middle;
    }
    return low;
}

static int change_in(applier *a, u32 node, bool candidates, pt_word word, bool add) {
    pt_patch *p = own_patch(a, node);
    pt_in_list *list = p ? own_list(a, p, node, candidates) : NULL;
    if (!list) return no_memory(a);
    if (!list->pieces) {
        if (!add) return ill(a, "a removed edge to node", node);
        list = open_slice(a, &p->in[candidates], 0);
        if (!list) return no_memory(a);
    }
    u32 index = slice_for(list, word);
    pt_slice *s = &list->slices[index];
    u32 at = place_of(s, word);
    bool there = at < s->count && s->words[at] == word;
    if (there == add) return ill(a, add ? "an edge that is there to node" : "a removed edge to node", node);
    if (add && s->count == PT_SLICE_WORDS) { /* two halves; at the end of all, a new slice */
        list = open_slice(a, &p->in[candidates], index + 1);
        if (!list) return no_memory(a);
        s = &list->slices[index];
        pt_slice *next = s + 1;
        if (at == s->count && index + 2 == list->pieces) {
            s = next;
            at = 0;
        } else {
            u32 half = s->count / 2;
            pt_slice rest = {s->words + half, s->count - half, 0};
            if (!own_slice(a, &rest)) return no_memory(a);
            *next = rest;
            s->count = half;
            if (s->capacity && head_of(s)->batch != a->e->batch) { /* older: readers hold it whole */
                pt_slice front = {s->words, s->count, 0};
                if (!own_slice(a, &front)) return no_memory(a);
                pt_edit_retire(a->e, head_of(s), slice_size(s->capacity));
                *s = front;
            }
            if (at > half) s = next, at -= half;
        }
    }
    pt_word *words = own_slice(a, s);
    if (!words) return no_memory(a);
    if (add) {
        memmove(words + at + 1, words + at, (s->count - at) * sizeof(pt_word));
        words[at] = word;
        s->count++;
        list->count++;
        return PT_OK;
    }
    if (!candidates && pt_word_code(word) == PT_EDGE_CONTAINS)
        pt_vec_push(&a->orphans, (pt_name_entry){pt_word_node(word), node});
    memmove(words + at, words + at + 1, (s->count - at - 1) * sizeof(pt_word));
    s->count--;
    list->count--;
    if (!s->count) {
        pt_edit_retire(a->e, head_of(s), slice_size(s->capacity));
        index = (u32)(s - list->slices);
        memmove(s, s + 1, (list->pieces - index - 1) * sizeof(pt_slice));
        list->pieces--;
    }
    return PT_OK;
}

/* What is in one of two rows only. */
static int mirror_changes(applier *a, u32 node, bool candidates, const pt_row *before, const pt_out_row *after) {
    int code = PT_OK;
    for (u32 i = 0, k = 0; !code && (i < before->count || k < after->count);) {
        pt_word x = i < before->count ? before->words[i] : UINT32_MAX,
                y = k < after->count ? after->words[k] : UINT32_MAX;
        if (x == y && i < before->count && k < after->count) i++, k++;
        else if (k >= after->count || (i < before->count && x < y))
            i++, code = change_in(a, pt_word_node(x), candidates, pt_word_mirror(x, node), false);
        else if (!pt_node_alive(a->g, pt_word_node(y))) code = ill(a, "an edge of node", node);
        else k++, code = change_in(a, pt_word_node(y), candidates, pt_word_mirror(y, node), true);
    }
    return code;
}

static int check_site(applier *a, const pt_graph_site *s, u32 node) {
    return s->anchor >= a->g->anchor_count || s->cfg >= a->g->string_count || s->via >= PT_VIA_COUNT ||
                   s->rule >= PT_RULE_COUNT || s->confidence > PT_CANDIDATE
               ? ill(a, "a site of node", node)
               : PT_OK;
}

/* One row of out-edges from the streams of the delta. */
static int apply_row(applier *a, u32 node, bool candidates, const pt_word *words, const u32 *site_counts, u32 count,
                     const pt_graph_site *sites, u32 site_count) {
    const pt_out_row *row = empty_row();
    bool dead = !pt_node_alive(a->g, node);
    if (dead && count) return ill(a, "an edge of the removed node", node);
    if (count) {
        pt_out_row head = {count, site_count};
        pt_out_row *new = pt_edit_alloc(a->e, row_size(&head));
        if (!new) return no_memory(a);
        *new = head;
        u32 *offsets = new->words + count, at = 0;
        for (u32 i = 0; i < count; i++) {
            if (pt_word_node(words[i]) >= a->g->node_count) return ill(a, "an edge of node", node);
            offsets[i] = at;
            at += site_counts[i];
        }
        offsets[count] = at;
        memcpy(new->words, words, count * sizeof(pt_word));
        memcpy(offsets + count + 1, sites, site_count * sizeof(pt_graph_site));
        for (u32 i = 0; i < site_count; i++)
            if (check_site(a, &sites[i], node)) return PT_ECORRUPT;
        row = new;
    }
    pt_row before = pt_graph_row(a->g, node, candidates);
    for (u32 i = 0; dead && i < before.count && pt_word_code(before.words[i]) == PT_EDGE_CONTAINS; i++) {
        const pt_graph_node *below = pt_node_at(a->g, pt_word_node(before.words[i]));
        if (below->kind != PT_KIND_DEAD && below->parent == node) return ill(a, "a node in the removed node", node);
    }
    u32 sites_before = before.count ? before.site_offsets[before.count] - before.site_offsets[0] : 0;
    int code = mirror_changes(a, node, candidates, &before, row);
    pt_patch *p = code ? NULL : own_patch(a, node);
    if (!code && !p) code = no_memory(a);
    if (code) return code;
    if (candidates) a->g->info.candidates += row->count - (u64)before.count;
    else a->g->info.edges += row->count - (u64)before.count;
    a->g->info.sites += site_count - (u64)sites_before;
    if (p->rows[candidates] && p->rows[candidates] != empty_row())
        pt_edit_retire(a->e, (void *)(uintptr_t)p->rows[candidates], row_size(p->rows[candidates]));
    p->rows[candidates] = row;
    return PT_OK;
}

static int apply_open(applier *a, u32 node, const pt_graph_unresolved *sites, u32 count) {
    const pt_open_row *row = &no_open;
    if (count && !pt_node_alive(a->g, node)) return ill(a, "an unresolved site of the removed node", node);
    if (count) {
        pt_open_row *new = pt_edit_alloc(a->e, sizeof *new + count * sizeof *sites);
        if (!new) return no_memory(a);
        *new = (pt_open_row){count, 0};
        memcpy(new->sites, sites, count * sizeof *sites);
        for (u32 i = 0; i < count; i++) {
            if (sites[i].name >= a->g->string_count || sites[i].from != node || sites[i].anchor >= a->g->anchor_count ||
                sites[i].reason >= PT_REASON_COUNT)
                return ill(a, "an unresolved site of node", node);
            if (!i || sites[i].name != sites[i - 1].name) pt_vec_push(&a->open, (pt_name_entry){sites[i].name, node});
        }
        row = new;
    }
    pt_patch *p = own_patch(a, node);
    if (!p) return no_memory(a);
    if (p->open && p->open != &no_open) pt_edit_retire(a->e, (void *)(uintptr_t)p->open, open_size(p->open));
    p->open = row;
    return PT_OK;
}

static int apply_nodes(applier *a, const pt_delta *d, u32 before) {
    u32 next = before;
    for (u32 i = 0; i < d->nodes_count; i++) {
        const pt_graph_node *x = &d->nodes[i].node;
        u32 id = d->nodes[i].id;
        bool dead = x->kind == PT_KIND_DEAD;
        if (id >= a->g->node_count || (id >= before && id != next++)) return ill(a, "node", id);
        if (!dead &&
            (x->name >= a->g->string_count || x->path >= a->g->string_count || x->signature >= a->g->string_count ||
             x->doc >= a->g->string_count || x->cfg >= a->g->string_count || x->kind >= PT_KIND_COUNT ||
             (x->parent != PT_NONE && x->parent >= a->g->node_count) ||
             (x->file != PT_NONE && x->file >= a->g->file_count)))
            return ill(a, "node", id);
        const pt_graph_node *old = id < before ? pt_node_at(a->g, id) : NULL;
        bool named = !dead && x->name && x->kind != PT_KIND_IMPL;
        if (named && !(old && old->kind != PT_KIND_DEAD && old->kind != PT_KIND_IMPL && old->name == x->name))
            pt_vec_push(&a->names, (pt_name_entry){x->name, id});
        if (old && old->kind != PT_KIND_DEAD) {
            if (old->flags & PT_NODE_EXTERNAL) a->g->info.external_nodes--;
            else a->g->info.local_nodes--;
        }
        if (!dead) {
            if (x->flags & PT_NODE_EXTERNAL) a->g->info.external_nodes++;
            else a->g->info.local_nodes++;
        } else {
            pt_vec_push(&a->dead, id);
        }
        pt_graph_node *copy = copy_of(a, x, sizeof *x);
        pt_patch *p = copy ? own_patch(a, id) : NULL;
        if (!p) return no_memory(a);
        if (p->node) pt_edit_retire(a->e, (void *)(uintptr_t)p->node, sizeof *p->node);
        p->node = copy;
    }
    return next == a->g->node_count ? PT_OK : ill(a, "a missing node", next);
}

/* A record of a table; new ids are complete. */
static int put_record(applier *a, pt_radix_inner **map, u32 id, const void *record, size_t size) {
    void *copy = copy_of(a, record, size), **slot = copy ? pt_radix_put(a->e, map, id) : NULL;
    if (!slot) return no_memory(a);
    pt_edit_retire(a->e, *slot, size);
    *slot = copy;
    return PT_OK;
}

static int apply_tables(applier *a, const pt_delta *d, u32 anchors, u32 files) {
    int code = PT_OK;
    for (u32 i = 0; !code && i < d->files_count; i++) {
        u32 id = d->files[i].id;
        if (id >= a->g->file_count || (id >= files && id != files++) || d->files[i].file.path >= a->g->string_count)
            return ill(a, "file", id);
        bool was = id < a->g->base_files || pt_radix_get(a->o->files, id);
        a->g->info.files += (d->files[i].file.path != 0) - (u32)(was && pt_file_at(a->g, id)->path != 0);
        code = put_record(a, &a->o->files, id, &d->files[i].file, sizeof d->files[i].file);
    }
    for (u32 i = 0; !code && i < d->anchors_count; i++) {
        u32 id = d->anchors[i].id;
        if (id >= a->g->anchor_count || (id >= anchors && id != anchors++) ||
            d->anchors[i].anchor.file >= a->g->file_count || d->anchors[i].anchor.node >= a->g->node_count)
            return ill(a, "anchor", id);
        code = put_record(a, &a->o->anchors, id, &d->anchors[i].anchor, sizeof d->anchors[i].anchor);
    }
    if (!code && (anchors != a->g->anchor_count || files != a->g->file_count))
        return ill(a, "a missing anchor or file", files);
    for (u32 i = 0; !code && i < d->positions_count; i++) {
        u32 id = d->positions[i].id;
        if (id >= a->g->node_count) return ill(a, "position", id);
        pt_graph_position *copy = copy_of(a, &d->positions[i].position, sizeof *copy);
        pt_patch *p = copy ? own_patch(a, id) : NULL;
        if (!p) return no_memory(a);
        if (p->position && p->position != &no_position)
            pt_edit_retire(a->e, (void *)(uintptr_t)p->position, sizeof *p->position);
        p->position = copy;
    }
    return code;
}

static int replace(applier *a, const void **kept, u32 *kept_count, const void **out, u32 *out_count, const void *data,
                   u32 count, size_t size) {
    void *copy = copy_of(a, data, count * size);
    if (!copy) return no_memory(a);
    pt_edit_retire(a->e, (void *)(uintptr_t)*kept, *kept_count * size);
    *kept = *out = copy;
    *kept_count = *out_count = count;
    return PT_OK;
}

static int apply_lists(applier *a, const pt_delta *d) {
    u32 strings = a->g->string_count, what = d->info->replaced;
    for (u32 i = 0; i < d->errors_count; i++)
        if (d->errors[i].file >= a->g->file_count || d->errors[i].message >= strings) return ill(a, "error", i);
    for (u32 i = 0; i < d->problems_count; i++)
        if (d->problems[i] >= strings) return ill(a, "problem", i);
    for (u32 i = 0; i < d->features_count; i++)
        if (d->features[i] >= strings) return ill(a, "feature", i);
    const void *out;
    int code = PT_OK;
    if (what & PT_REPLACED_ERRORS) {
        code = replace(a, &a->o->errors, &a->o->error_count, &out, &a->g->error_count, d->errors, d->errors_count,
                       sizeof *d->errors);
        if (!code) a->g->errors = out;
    }
    if (!code && what & PT_REPLACED_PROBLEMS) {
        code = replace(a, &a->o->problems, &a->o->problem_count, &out, &a->g->problem_count, d->problems,
                       d->problems_count, sizeof(u32));
        if (!code) a->g->problems = out;
    }
    if (!code && what & PT_REPLACED_FEATURES) {
        code = replace(a, &a->o->features, &a->o->feature_count, &out, &a->g->feature_count, d->features,
                       d->features_count, sizeof(u32));
        if (!code) a->g->features = out;
    }
    return code;
}

/* Name runs. */

static int by_entry(const void *x, const void *y, void *graph) {
    const pt_name_entry *a = x, *b = y;
    int order = a->name == b->name ? 0 : strcmp(pt_graph_string(graph, a->name), pt_graph_string(graph, b->name));
    return order ? order : a->node < b->node ? -1 : a->node > b->node;
}

static size_t run_size(u32 count) { return sizeof(pt_name_run) + count * sizeof(pt_name_entry); }

static int add_run(applier *a, pt_name_index *index, pt_name_entry *entries, u32 count) {
    if (!count) return PT_OK;
    qsort_r(entries, count, sizeof *entries, by_entry, a->g);
    pt_name_run *run = pt_edit_alloc(a->e, run_size(count));
    if (!run) return no_memory(a);
    *run = (pt_name_run){count, 0};
    memcpy(run->entries, entries, count * sizeof *entries);
    while (index->count && (index->runs[index->count - 1]->count < 2 * run->count || index->count == PT_NAME_RUNS)) {
        const pt_name_run *other = index->runs[index->count - 1];
        pt_name_run *both = pt_edit_alloc(a->e, run_size(other->count + run->count));
        if (!both) return no_memory(a);
        u32 i = 0, k = 0, n = 0;
        while (i < other->count || k < run->count) {
            int order = i == other->count ? 1
                        : k == run->count ? -1
                                          : by_entry(&other->entries[i], &run->entries[k], a->g);
            both->entries[n++] = order <= 0 ? other->entries[i] : run->entries[k];
            if (order <= 0) i++;
            if (order >= 0) k++;
        }
        u32 room = other->count + run->count;
        pt_edit_retire(a->e, (void *)(uintptr_t)other, run_size(other->count));
        pt_edit_retire(a->e, run, run_size(run->count));
        *both = (pt_name_run){n, 0};
        if (n != room) { /* repeated entries went: sizes are what was asked for */
            pt_name_run *exact = copy_of(a, both, run_size(n));
            if (!exact) return no_memory(a);
            pt_edit_retire(a->e, both, run_size(room));
            both = exact;
        }
        run = both;
        index->count--;
    }
    index->runs[index->count++] = run;
    return PT_OK;
}

static int apply_all(applier *a, const pt_delta *d) {
    pt_graph *g = a->g;
    u32 before = g->node_count, anchors = g->anchor_count, files = g->file_count;
    g->node_count = d->info->node_count;
    g->anchor_count = d->info->anchor_count;
    g->file_count = d->info->file_count;
    int code = apply_tables(a, d, anchors, files);
    /* records first: rows are checked against them. Until then the ids of new nodes have no record, so positions of
     * theirs made patches that only apply_nodes completes */
    if (!code) code = apply_nodes(a, d, before);
    u32 word = 0, site = 0, open = 0;
    for (u32 i = 0; !code && i < d->rows_count; i++) {
        const pt_delta_row *r = &d->rows[i];
        if (r->node >= g->node_count) return ill(a, "row", r->node);
        u32 counts[2] = {r->out_count, r->candidate_count};
        for (u32 pass = 0; !code && pass < 2; pass++) {
            if (!(r->which & (pass ? PT_ROW_CANDIDATES : PT_ROW_OUT))) continue;
            u32 sites = 0;
            for (u32 k = 0; k < counts[pass]; k++) sites += d->site_counts[word + k];
            code = apply_row(a, r->node, pass, d->words + word, d->site_counts + word, counts[pass], d->sites + site,
                             sites);
            word += counts[pass];
            site += sites;
        }
        if (!code && r->which & PT_ROW_OPEN) {
            code = apply_open(a, r->node, d->open + open, r->open_count);
            open += r->open_count;
        }
    }
    for (u32 i = 0; !code && i < a->dead.count; i++) {
        u32 node = a->dead.data[i];
        pt_patch *p = own_patch(a, node);
        if (!p) return no_memory(a);
        for (u32 way = PT_OUT; way <= PT_CANDIDATE_IN; way++)
            if (pt_graph_degree(g, node, (pt_direction)way)) return ill(a, "an edge of the removed node", node);
        if (p->open && p->open != &no_open) pt_edit_retire(a->e, (void *)(uintptr_t)p->open, open_size(p->open));
        p->open = &no_open; /* its sites go with it, whether the batch says so or not */
    }
    for (u32 i = 0; !code && i < a->orphans.count;
         i++) { /* of whom a `contains` went: not while it is their parent's */
        const pt_graph_node *x = pt_node_at(g, a->orphans.data[i].node);
        if (x->kind != PT_KIND_DEAD && x->parent == a->orphans.data[i].name)
            return ill(a, "what is around node", a->orphans.data[i].node);
    }
    for (u32 i = 0; !code && i < d->nodes_count; i++) { /* whoever walks up comes to an end */
        u32 steps = 0;
        for (u32 up = d->nodes[i].node.parent; d->nodes[i].node.kind != PT_KIND_DEAD && up != PT_NONE;) {
            const pt_graph_node *above = pt_node_at(g, up);
            if (above->kind == PT_KIND_DEAD || ++steps > 4096) return ill(a, "what is around node", d->nodes[i].id);
            up = above->parent;
        }
    }
    if (!code) code = apply_lists(a, d);
    if (!code) code = add_run(a, &a->o->names, a->names.data, a->names.count);
    if (!code) code = add_run(a, &a->o->open, a->open.data, a->open.count);
    if (code) return code;
    const pt_graph_info *after = &d->info->info;
    if (after->edges != g->info.edges || after->candidates != g->info.candidates || after->sites != g->info.sites ||
        after->local_nodes != g->info.local_nodes || after->external_nodes != g->info.external_nodes ||
        after->files != g->info.files || after->root >= g->string_count || after->std_name >= g->string_count)
        return pt_fail(a->error, PT_ECORRUPT, "batch %llu: its numbers do not fit what it does",
                       (unsigned long long)after->generation);
    g->info = *after;
    return pt_alloc_failed() ? no_memory(a) : PT_OK;
}

int pt_overlay_apply(pt_graph *next, pt_overlay *overlay, pt_edit *edit, char *strings, u32 string_room,
                     const pt_delta *d, pt_error *error) {
    applier a = {.g = next, .o = overlay, .e = edit, .error = error};
    next->overlay = overlay;
    if (d->info->previous_generation != next->info.generation || d->info->string_base != next->string_count ||
        d->info->previous_nodes != next->node_count || d->info->previous_anchors != next->anchor_count ||
        d->info->previous_files != next->file_count || d->info->node_count < next->node_count ||
        d->info->node_count > PT_NODE_LIMIT || d->info->anchor_count < next->anchor_count ||
        d->info->anchor_count > PT_NODE_LIMIT || d->info->file_count < next->file_count ||
        d->info->file_count > PT_NODE_LIMIT || d->info->info.generation <= next->info.generation)
        return pt_fail(error, PT_ECORRUPT, "batch %llu: does not follow generation %llu",
                       (unsigned long long)d->info->info.generation, (unsigned long long)next->info.generation);
    u32 used = next->string_count - next->base_strings;
    if (d->strings_count > string_room - used)
        return pt_fail(error, PT_ELIMIT, "batch %llu: no room for its text before the next checkpoint",
                       (unsigned long long)d->info->info.generation);
    if (d->strings_count) memcpy(strings + used, d->strings, d->strings_count);
    next->more_strings = strings;
    next->string_count += d->strings_count;
    int code = apply_all(&a, d);
    pt_vec_free(&a.names);
    pt_vec_free(&a.open);
    pt_vec_free(&a.dead);
    pt_vec_free(&a.orphans);
    return code;
}
