#include "graph/graph.h"

#include "graph/overlay.h"

#include <stdlib.h>

/* Opening. */

#define TAKE(target, counter, section, element)                                                         \
    if (!code) {                                                                                        \
        const void *at_;                                                                                \
        u32 count_;                                                                                     \
        code = pt_block_take(&at_, &count_, block, PT_SECTION_##section, sizeof(element), name, error); \
        target = at_;                                                                                   \
        counter = count_;                                                                               \
    }

int pt_shard_take_out(pt_shard *s, const void *block, const char *name, pt_error *error) {
    int code = PT_OK;
    u32 positions, offsets[2] = {0}, words[2] = {0}, sites[2] = {0}, flags = 0;
    TAKE(s->nodes, s->node_count, nodes, pt_graph_node)
    TAKE(s->positions, positions, positions, pt_graph_position)
    TAKE(s->offsets[PT_OUT], offsets[0], out_offsets, u32)
    TAKE(s->words[PT_OUT], words[0], out, pt_word)
    TAKE(s->site_offsets[0], sites[0], site_offsets, u32)
    TAKE(s->offsets[PT_CANDIDATE_OUT], offsets[1], candidate_out_offsets, u32)
    TAKE(s->words[PT_CANDIDATE_OUT], words[1], candidate_out, pt_word)
    TAKE(s->site_offsets[1], sites[1], candidate_site_offsets, u32)
    TAKE(s->sites, s->site_count, sites, pt_graph_site)
    TAKE(s->walk_flags, flags, walk_flags, u8)
    if (!code && !flags && s->node_count) s->walk_flags = NULL;
    else if (!code && flags != s->node_count) positions = PT_NONE;
    for (u32 i = 0; !code && i < 2; i++)
        if (positions != s->node_count || offsets[i] != s->node_count + 1 || sites[i] != words[i] + 1 ||
            s->offsets[i ? PT_CANDIDATE_OUT : PT_OUT][s->node_count] != words[i])
            code = pt_fail(error, PT_ECORRUPT, "%s: its sections do not fit each other", name);
    return code;
}

int pt_shard_take_in(pt_shard *s, const void *block, const char *name, pt_error *error) {
    int code = PT_OK;
    u32 offsets[2] = {0}, words[2] = {0};
    TAKE(s->offsets[PT_IN], offsets[0], in_offsets, u32)
    TAKE(s->words[PT_IN], words[0], in, pt_word)
    TAKE(s->offsets[PT_CANDIDATE_IN], offsets[1], candidate_in_offsets, u32)
    TAKE(s->words[PT_CANDIDATE_IN], words[1], candidate_in, pt_word)
    for (u32 i = 0; !code && i < 2; i++)
        if (offsets[i] != s->node_count + 1 || s->offsets[i ? PT_CANDIDATE_IN : PT_IN][s->node_count] != words[i])
            code = pt_fail(error, PT_ECORRUPT, "%s: its sections do not fit each other", name);
    return code;
}

int pt_graph_take_tables(pt_graph *g, const void *block, const char *name, pt_error *error) {
    int code = PT_OK;
    const pt_graph_info *info = NULL;
    u32 infos = 0;
    TAKE(info, infos, info, pt_graph_info)
    TAKE(g->anchors, g->anchor_count, anchors, pt_graph_anchor)
    TAKE(g->files, g->file_count, files, pt_graph_file)
    TAKE(g->names, g->name_count, names, pt_graph_name)
    TAKE(g->by_name, g->by_name_count, by_name, u32)
    TAKE(g->unresolved, g->unresolved_count, unresolved, pt_graph_unresolved)
    TAKE(g->errors, g->error_count, errors, pt_graph_error)
    TAKE(g->problems, g->problem_count, problems, u32)
    TAKE(g->features, g->feature_count, features, u32)
    TAKE(g->strings, g->string_count, strings, char)
    if (!code && (infos != 1 || !g->string_count || g->strings[g->string_count - 1] != 0 || g->strings[0] != 0))
        code = pt_fail(error, PT_ECORRUPT, "%s: its sections do not fit each other", name);
    if (code) return code;
    g->info = *info;
    g->base_strings = g->string_count;
    g->base_anchors = g->anchor_count;
    g->base_files = g->file_count;
    return PT_OK;
}

int pt_graph_open(pt_graph **out, void *image, u64 size, bool take, bool check, pt_error *error) {
    static const char name[] = "graph";
    *out = NULL;
    pt_shard whole = {0};
    pt_graph *g = NULL;
    int code = pt_block_open(image, size, PT_BLOCK_IMAGE, check, name, error);
    if (!code) code = pt_shard_take_out(&whole, image, name, error);
    if (!code) code = pt_shard_take_in(&whole, image, name, error);
    if (!code) {
        u32 shards = (whole.node_count + PT_SHARD_NODES - 1) >> PT_SHARD_BITS;
        g = pt_calloc(1, sizeof *g);
        pt_shard *list = pt_calloc((size_t)shards + 1, sizeof *list);
        if (!g || !list) {
            pt_free(list);
            code = pt_fail(error, PT_ENOMEM, "graph: out of memory");
        } else {
            g->shards = g->owned_shards = list;
            g->shard_count = shards;
            g->node_count = g->base_nodes = whole.node_count;
            code = pt_graph_take_tables(g, image, name, error);
        }
        for (u32 i = 0; !code && i < shards;
             i++) { /* offsets of an image count from its start: all shards share words */
            u32 first = i << PT_SHARD_BITS;
            list[i] = whole;
            list[i].node_count = PT_MIN(whole.node_count - first, (u32)PT_SHARD_NODES);
            list[i].nodes += first;
            list[i].positions += first;
            for (u32 d = 0; d < 4; d++) {
                list[i].offsets[d] += first;
                if (!code && list[i].offsets[d][list[i].node_count] > whole.offsets[d][whole.node_count])
                    code = pt_fail(error, PT_ECORRUPT, "%s: rows of shard %u lie outside", name, i);
            }
            if (list[i].walk_flags) list[i].walk_flags += first;
        }
    }
    if (!code && check) code = pt_graph_validate(g, error);
    if (code) {
        pt_graph_close(g);
        return code;
    }
    g->owned = take ? image : NULL;
    g->image = image;
    *out = g;
    return PT_OK;
}

const void *pt_graph_image(const pt_graph *g, u64 *size) {
    *size = g->image ? ((const pt_block_header *)g->image)->size : 0;
    return g->image;
}

void pt_graph_close(pt_graph *g) {
    if (!g) return;
    pt_free(g->owned);
    pt_free(g->owned_shards);
    pt_free(g);
}

/* Lists. */

static u32 first_at_least(const pt_word *words, u32 count, pt_word key) {
    u32 low = 0;
    while (count > 8) { /* halve, then scan: lists are short */
        u32 half = count / 2;
        if (words[low + half] < key) low += half;
        count -= half;
    }
    while (count && words[low] < key) low++, count--;
    return low;
}

const pt_graph_node *pt_overlay_node(const pt_overlay *o, u32 node) {
    const pt_patch *p = pt_patch_of(o, node);
    return p ? p->node : NULL;
}
const pt_graph_position *pt_overlay_position(const pt_overlay *o, u32 node) {
    const pt_patch *p = pt_patch_of(o, node);
    return p ? p->position : NULL;
}
const pt_graph_anchor *pt_overlay_anchor(const pt_overlay *o, u32 anchor) { return pt_radix_get(o->anchors, anchor); }
const pt_graph_file *pt_overlay_file(const pt_overlay *o, u32 file) { return pt_radix_get(o->files, file); }

void pt_overlay_prefetch(const pt_overlay *o, u32 node) {
    const pt_radix_inner *middle = o->nodes ? o->nodes->below[node >> 2 * PT_RADIX_BITS] : NULL;
    if (middle) __builtin_prefetch(middle->below[node >> PT_RADIX_BITS & (PT_RADIX_WIDTH - 1)]);
}

static inline pt_slice base_list(const pt_graph *g, u32 node, pt_direction d) {
    const pt_shard *s = &g->shards[node >> PT_SHARD_BITS];
    const u32 *at = s->offsets[d] + (node & (PT_SHARD_NODES - 1));
    return (pt_slice){s->words[d] + at[0], at[1] - at[0], 0};
}

static inline pt_run list_of(const pt_graph *g, u32 node, pt_direction d) {
    const pt_patch *p = g->overlay ? pt_patch_of(g->overlay, node) : NULL;
    pt_run run;
    run.words = NULL, run.count = 0, run.next = 0, run.pieces = 1;
    run.slices = NULL;
    run.first = 0, run.last = UINT32_MAX, run.second_first = run.second_last = 0;
    if (p && (d == PT_IN || d == PT_CANDIDATE_IN) && p->in[d == PT_CANDIDATE_IN]) {
        const pt_in_list *list = p->in[d == PT_CANDIDATE_IN];
        run.slices = list->slices;
        run.pieces = list->pieces;
    } else if (p && (d == PT_OUT || d == PT_CANDIDATE_OUT) && p->rows[d == PT_CANDIDATE_OUT]) {
        const pt_out_row *row = p->rows[d == PT_CANDIDATE_OUT];
        run.only = (pt_slice){row->words, row->count, 0};
    } else {
        run.only = base_list(g, node, d);
    }
    return run;
}

bool pt_run_more(pt_run *run) {
    for (;;) {
        while (run->next < run->pieces) {
            const pt_slice *s = run->slices ? &run->slices[run->next] : &run->only;
            run->next++;
            if (!s->count || s->words[s->count - 1] < run->first) continue;
            if (s->words[0] > run->last) {
                run->next = run->pieces;
                break;
            }
            u32 from = run->first ? first_at_least(s->words, s->count, run->first) : 0, end = s->count;
            if (run->last != UINT32_MAX) end = from + first_at_least(s->words + from, s->count - from, run->last + 1);
            if (end == from) continue;
            run->words = s->words + from;
            run->count = end - from;
            return true;
        }
        if (!run->second_last) return false;
        run->first = run->second_first;
        run->last = run->second_last;
        run->second_last = 0;
        run->next = 0;
    }
}

pt_run pt_graph_list(const pt_graph *g, u32 node, pt_direction d) { return list_of(g, node, d); }

pt_run pt_graph_code(const pt_graph *g, u32 node, pt_direction d, u8 code) {
    pt_run run = list_of(g, node, d);
    run.first = (u32)code << 28;
    run.last = run.first | 0x0fffffffu;
    return run;
}

pt_run pt_graph_kind(const pt_graph *g, u32 node, pt_direction d, u8 kind) {
    pt_run run = pt_graph_code(g, node, d, kind);
    if (kind == PT_EDGE_CALLS) {
        run.second_first = (u32)PT_CODE_SETTLED_CALLS << 28;
        run.second_last = run.second_first | 0x0fffffffu;
    }
    return run;
}

u32 pt_graph_degree(const pt_graph *g, u32 node, pt_direction d) {
    pt_run run = list_of(g, node, d);
    if (!run.slices) return run.only.count;
    return ((const pt_in_list *)(const void *)((const char *)run.slices - offsetof(pt_in_list, slices)))->count;
}

u32 pt_graph_kind_count(const pt_graph *g, u32 node, pt_direction d, u8 kind) {
    u32 count = 0;
    for (pt_run run = pt_graph_kind(g, node, d, kind); pt_run_next(&run);) count += run.count;
    return count;
}

pt_row pt_graph_row(const pt_graph *g, u32 node, bool candidates) {
    const pt_patch *p = g->overlay ? pt_patch_of(g->overlay, node) : NULL;
    const pt_out_row *row = p ? p->rows[candidates] : NULL;
    if (row) {
        const u32 *offsets = row->words + row->count;
        return (pt_row){row->words, offsets, (const void *)(offsets + row->count + 1), row->count};
    }
    const pt_shard *s = &g->shards[node >> PT_SHARD_BITS];
    pt_slice list = base_list(g, node, candidates ? PT_CANDIDATE_OUT : PT_OUT);
    return (pt_row){list.words,
                    s->site_offsets[candidates] + (list.words - s->words[candidates ? PT_CANDIDATE_OUT : PT_OUT]),
                    s->sites, list.count};
}

const pt_graph_site *pt_graph_sites(const pt_graph *g, u32 from, u8 kind, u32 to, bool candidate, u32 *count) {
    *count = 0;
    pt_row row = pt_graph_row(g, from, candidate);
    for (u32 way = 0; way < (kind == PT_EDGE_CALLS ? 4u : 2u); way++) {
        pt_word key = pt_word_make(way & 2 ? (u8)PT_CODE_SETTLED_CALLS : kind, way & 1, to);
        u32 i = first_at_least(row.words, row.count, key);
        if (i < row.count && row.words[i] == key) {
            *count = row.site_offsets[i + 1] - row.site_offsets[i];
            return row.sites + row.site_offsets[i];
        }
    }
    return NULL;
}

/* Names. */

static int by_id(const void *a, const void *b) {
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

static u32 base_name(const pt_graph *g, const char *name) {
    u32 low = 0, high = g->name_count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        int order = strcmp(pt_graph_string(g, g->names[middle].name), name);
        if (!order) return middle;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return PT_NONE;
}

/* The first entry of a run whose name is not before `name`. */
static u32 run_name(const pt_graph *g, const pt_name_run *run, const char *name) {
    u32 low = 0, high = run->count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (strcmp(pt_graph_string(g, run->entries[middle].name), name) < 0) low = middle + 1;
        else high = middle;
    }
    return low;
}

static bool bears(const pt_graph *g, u32 node, const char *name) {
    const pt_graph_node *n = pt_node_at(g, node);
    return n->kind != PT_KIND_DEAD && n->kind != PT_KIND_IMPL && strcmp(pt_graph_string(g, n->name), name) == 0;
}

void pt_graph_named(const pt_graph *g, const char *name, pt_node_list *out) {
    u32 first = out->count, index = base_name(g, name);
    for (u32 i = 0; index != PT_NONE && i < g->names[index].count; i++) {
        u32 node = g->by_name[g->names[index].first + i];
        if (!g->overlay || bears(g, node, name)) pt_vec_push(out, node);
    }
    if (!g->overlay || !g->overlay->names.count) return;
    for (u32 r = 0; r < g->overlay->names.count; r++) {
        const pt_name_run *run = g->overlay->names.runs[r];
        for (u32 i = run_name(g, run, name); i < run->count; i++) {
            if (strcmp(pt_graph_string(g, run->entries[i].name), name) != 0) break;
            if (bears(g, run->entries[i].node, name)) pt_vec_push(out, run->entries[i].node);
        }
    }
    u32 kept = first;
    if (out->count > first) qsort(out->data + first, out->count - first, sizeof(u32), by_id);
    for (u32 i = first; i < out->count; i++)
        if (kept == first || out->data[kept - 1] != out->data[i]) out->data[kept++] = out->data[i];
    out->count = kept;
}

void pt_graph_each_name(const pt_graph *g, bool (*visit)(void *payload, u32 name, u32 letters), void *payload) {
    for (u32 i = 0; i < g->name_count; i++)
        if (!visit(payload, g->names[i].name, g->names[i].letters)) return;
    for (u32 r = 0; g->overlay && r < g->overlay->names.count; r++) {
        const pt_name_run *run = g->overlay->names.runs[r];
        for (u32 i = 0; i < run->count; i++) {
            const char *name = pt_graph_string(g, run->entries[i].name);
            bool told =
                (i && strcmp(pt_graph_string(g, run->entries[i - 1].name), name) == 0) || base_name(g, name) != PT_NONE;
            for (u32 k = 0; !told && k < r; k++) { /* by a run before */
                const pt_name_run *other = g->overlay->names.runs[k];
                u32 at = run_name(g, other, name);
                told = at < other->count && strcmp(pt_graph_string(g, other->entries[at].name), name) == 0;
            }
            if (!told && !visit(payload, run->entries[i].name, pt_graph_letters(name))) return;
        }
    }
}

static int by_open(const void *a, const void *b, void *graph) {
    const pt_graph *g = graph;
    const pt_graph_unresolved *x = a, *y = b;
    int order = x->name == y->name ? 0 : strcmp(pt_graph_string(g, x->name), pt_graph_string(g, y->name));
    if (order) return order;
    const pt_graph_anchor *p = pt_anchor_at(g, x->anchor), *q = pt_anchor_at(g, y->anchor);
    if (p->file != q->file) order = strcmp(pt_graph_file_path(g, p->file), pt_graph_file_path(g, q->file));
    if (order) return order;
    u64 left = (u64)(p->line + x->line) << 32 | (u64)x->column << 16 | x->reason;
    u64 right = (u64)(q->line + y->line) << 32 | (u64)y->column << 16 | y->reason;
    if (left != right) return left < right ? -1 : 1;
    return x->from == y->from ? 0 : pt_graph_order(g, x->from, y->from);
}

static bool replaced(const pt_graph *g, u32 node) {
    const pt_patch *p = g->overlay ? pt_patch_of(g->overlay, node) : NULL;
    return p && p->open;
}

typedef struct open_collector {
    const pt_graph *g;
    pt_unresolved_list *out;
    const char *name;
} open_collector;
static int collect_open(void *payload, u32 id, void *item) {
    open_collector *c = payload;
    const pt_patch *p = item;
    (void)id;
    for (u32 i = 0; p->open && i < p->open->count; i++)
        if (!c->name || strcmp(pt_graph_string(c->g, p->open->sites[i].name), c->name) == 0)
            pt_vec_push(c->out, p->open->sites[i]);
    return PT_OK;
}

void pt_graph_open_sites_unsorted(const pt_graph *g, const char *name, pt_unresolved_list *out) {
    u32 low = 0, high = g->unresolved_count;
    while (name && low < high) {
        u32 middle = (low + high) / 2;
        if (strcmp(pt_graph_string(g, g->unresolved[middle].name), name) < 0) low = middle + 1;
        else high = middle;
    }
    for (u32 i = low; i < g->unresolved_count; i++) {
        if (name && strcmp(pt_graph_string(g, g->unresolved[i].name), name) != 0) break;
        if (!replaced(g, g->unresolved[i].from)) pt_vec_push(out, g->unresolved[i]);
    }
    open_collector c = {g, out, name};
    if (g->overlay && !name) pt_radix_each(g->overlay->nodes, collect_open, &c);
    if (g->overlay && name) {
        pt_node_list nodes = {0};
        for (u32 r = 0; r < g->overlay->open.count; r++) {
            const pt_name_run *run = g->overlay->open.runs[r];
            for (u32 i = run_name(g, run, name); i < run->count; i++) {
                if (strcmp(pt_graph_string(g, run->entries[i].name), name) != 0) break;
                pt_vec_push(&nodes, run->entries[i].node);
            }
        }
        if (nodes.count) qsort(nodes.data, nodes.count, sizeof(u32), by_id);
        for (u32 i = 0; i < nodes.count; i++) {
            void *patch = (void *)(uintptr_t)pt_patch_of(g->overlay, nodes.data[i]);
            if (patch && (!i || nodes.data[i] != nodes.data[i - 1])) collect_open(&c, nodes.data[i], patch);
        }
        pt_vec_free(&nodes);
    }
}

void pt_graph_open_sites(const pt_graph *g, const char *name, pt_unresolved_list *out) {
    u32 first = out->count;
    pt_graph_open_sites_unsorted(g, name, out);
    if (out->count > first)
        qsort_r(out->data + first, out->count - first, sizeof(pt_graph_unresolved), by_open, (void *)(uintptr_t)g);
}

/* Paths and order. */

void pt_graph_path(const pt_graph *g, pt_buffer *out, u32 node) {
    u32 chain[128], depth = 0;
    while (node != PT_NONE && depth < PT_COUNT_OF(chain)) {
        const pt_graph_node *n = pt_node_at(g, node);
        chain[depth++] = node;
        if (n->path) break;
        node = n->parent;
    }
    bool first = true;
    while (depth) {
        const pt_graph_node *n = pt_node_at(g, chain[--depth]);
        if (!first) pt_buffer_text(out, "::");
        pt_buffer_text(out, pt_graph_string(g, n->path ? n->path : n->name));
        first = false;
    }
}

u32 pt_graph_letters(const char *name) {
    u32 bits = 0;
    for (; *name; name++) {
        char c = (char)(*name | 32);
        if (c >= 'a' && c <= 'z') bits |= 1u << (c - 'a');
        else if (*name >= '0' && *name <= '9') bits |= 1u << 26;
        else bits |= *name == '_' ? PT_LETTER_UNDERSCORE : 1u << 28;
    }
    return bits;
}

u32 pt_graph_module(const pt_graph *g, u32 node) {
    for (u32 hops = 0; node != PT_NONE; hops++) {
        const pt_graph_node *n = pt_node_at(g, node);
        if (hops > 4096) return PT_NONE; /* not in a graph that was checked */
        if (n->kind == PT_KIND_MODULE || n->kind == PT_KIND_CRATE) break;
        node = n->parent;
    }
    return node;
}

int pt_graph_order(const pt_graph *g, u32 a, u32 b) {
    if (a == b) return 0;
    const pt_graph_node *x = pt_node_at(g, a), *y = pt_node_at(g, b);
    bool ex = x->flags & PT_NODE_EXTERNAL, ey = y->flags & PT_NODE_EXTERNAL;
    if (ex != ey) return ex ? 1 : -1;
    if (x->file != y->file) {
        if (x->file == PT_NONE || y->file == PT_NONE) return x->file == PT_NONE ? -1 : 1;
        return strcmp(pt_graph_file_path(g, x->file), pt_graph_file_path(g, y->file));
    }
    const pt_graph_position *p = pt_position_at(g, a), *q = pt_position_at(g, b);
    if (p->line != q->line) return p->line < q->line ? -1 : 1;
    if (p->column != q->column) return p->column < q->column ? -1 : 1;
    if ((x->kind == PT_KIND_CRATE) != (y->kind == PT_KIND_CRATE)) return x->kind == PT_KIND_CRATE ? -1 : 1;
    pt_buffer left = {0}, right = {0};
    pt_graph_path(g, &left, a);
    pt_graph_path(g, &right, b);
    int order = pt_str_compare(pt_buffer_view(&left), pt_buffer_view(&right));
    pt_buffer_free(&left);
    pt_buffer_free(&right);
    return order ? order : pt_hash128_compare(x->hash, y->hash);
}
