#include "graph/graph.h"

#include <stdlib.h>

int pt_graph_open(pt_graph **out, void *image, u64 size, bool take, bool check, pt_error *error) {
    const pt_graph_header *h = image;
    *out = NULL;
    int code = PT_OK;
    if (size < sizeof *h || h->magic != PT_GRAPH_MAGIC) code = pt_fail(error, PT_ECORRUPT, "graph: not a graph image");
    else if (h->version != PT_GRAPH_VERSION)
        code = pt_fail(error, PT_ECORRUPT, "graph: of version %u, this program reads %u", h->version, PT_GRAPH_VERSION);
    else if (h->size != size)
        code = pt_fail(error, PT_ECORRUPT, "graph: %llu bytes where the header says %llu", (unsigned long long)size,
                       (unsigned long long)h->size);
    pt_graph *g = code ? NULL : pt_calloc(1, sizeof *g);
    if (!code && !g) code = pt_fail(error, PT_ENOMEM, "graph: out of memory");
    if (!code) {
        const char *base = image;
        g->header = h;
        u32 index = 0;
#define X(name, type)                                                                          \
    if (h->offsets[index] % 8 || h->offsets[index] > size ||                                   \
        (u64)h->counts[index] * sizeof(type) > size - h->offsets[index])                       \
        code = pt_fail(error, PT_ECORRUPT, "graph: section " #name " lies outside the image"); \
    else g->name = (const type *)(const void *)(base + h->offsets[index]);                     \
    index++;
        PT_GRAPH_SECTIONS(X)
#undef X
        g->node_count = h->counts[PT_SECTION_nodes];
    }
    if (!code && (h->counts[PT_SECTION_strings] == 0 || g->strings[h->counts[PT_SECTION_strings] - 1] != 0 ||
                  h->counts[PT_SECTION_out_offsets] != g->node_count + 1 ||
                  h->counts[PT_SECTION_in_offsets] != g->node_count + 1 ||
                  h->counts[PT_SECTION_candidate_out_offsets] != g->node_count + 1 ||
                  h->counts[PT_SECTION_candidate_in_offsets] != g->node_count + 1 ||
                  h->counts[PT_SECTION_settled] != h->counts[PT_SECTION_in] / 64 + 1 ||
                  h->counts[PT_SECTION_positions] != g->node_count))
        code = pt_fail(error, PT_ECORRUPT, "graph: sections do not fit each other");
    if (!code && check) {
        if (pt_hash_bytes((const char *)image + sizeof *h, (size_t)size - sizeof *h) != h->checksum)
            code = pt_fail(error, PT_ECORRUPT, "graph: checksum does not match");
        else code = pt_graph_validate(g, error);
    }
    if (code) {
        pt_free(g);
        return code;
    }
    g->owned = take ? image : NULL;
    *out = g;
    return PT_OK;
}

void pt_graph_close(pt_graph *g) {
    if (!g) return;
    pt_free(g->owned);
    pt_free(g);
}

static void section(const pt_graph *g, pt_direction d, const u32 **offsets, const pt_word **words) {
    switch (d) {
    case PT_OUT: *offsets = g->out_offsets, *words = g->out; break;
    case PT_IN: *offsets = g->in_offsets, *words = g->in; break;
    case PT_CANDIDATE_OUT: *offsets = g->candidate_out_offsets, *words = g->candidate_out; break;
    default: *offsets = g->candidate_in_offsets, *words = g->candidate_in;
    }
}

pt_run pt_graph_list(const pt_graph *g, u32 node, pt_direction d) {
    const u32 *offsets;
    const pt_word *words;
    section(g, d, &offsets, &words);
    return (pt_run){words + offsets[node], offsets[node + 1] - offsets[node], offsets[node]};
}

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

pt_run pt_graph_kind(const pt_graph *g, u32 node, pt_direction d, u8 kind) {
    pt_run run = pt_graph_list(g, node, d);
    u32 first = first_at_least(run.words, run.count, (u32)kind << 28);
    u32 end =
        kind == 15 ? run.count : first + first_at_least(run.words + first, run.count - first, (u32)(kind + 1) << 28);
    return (pt_run){run.words + first, end - first, run.first + first};
}

const pt_graph_site *pt_graph_sites(const pt_graph *g, u32 from, u8 kind, u32 to, bool candidate, u32 *count) {
    *count = 0;
    pt_run run = pt_graph_kind(g, from, candidate ? PT_CANDIDATE_OUT : PT_OUT, kind);
    const u32 *offsets = candidate ? g->candidate_site_offsets : g->site_offsets;
    for (u32 inferred = 0; inferred < 2; inferred++) {
        pt_word key = pt_word_make(kind, inferred, to);
        u32 i = first_at_least(run.words, run.count, key);
        if (i < run.count && run.words[i] == key) {
            u32 edge = run.first + i;
            *count = offsets[edge + 1] - offsets[edge];
            return g->sites + offsets[edge];
        }
    }
    return NULL;
}

u32 pt_graph_unresolved_of(const pt_graph *g, u32 name, u32 *count) {
    u32 low = 0, high = g->header->counts[PT_SECTION_unresolved], end;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (strcmp(pt_graph_string(g, g->unresolved[middle].name), pt_graph_string(g, name)) < 0) low = middle + 1;
        else high = middle;
    }
    for (end = low; end < g->header->counts[PT_SECTION_unresolved] && g->unresolved[end].name == name;) end++;
    *count = end - low;
    return low;
}

u32 pt_graph_site_line(const pt_graph *g, const pt_graph_site *site) {
    return g->anchors[site->anchor].line + site->line;
}

void pt_graph_path(const pt_graph *g, pt_buffer *out, u32 node) {
    u32 chain[128], depth = 0;
    while (node != PT_NONE && depth < PT_COUNT_OF(chain)) {
        chain[depth++] = node;
        if (g->nodes[node].path) break;
        node = g->nodes[node].parent;
    }
    bool first = true;
    while (depth) {
        const pt_graph_node *n = &g->nodes[chain[--depth]];
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
    while (node != PT_NONE && g->nodes[node].kind != PT_KIND_MODULE && g->nodes[node].kind != PT_KIND_CRATE)
        node = g->nodes[node].parent;
    return node;
}

static int validate_rows(const pt_graph *g, const u32 *offsets, const pt_word *words, u32 edges, const char *name,
                         pt_error *error) {
    if (offsets[0] != 0 || offsets[g->node_count] != edges)
        return pt_fail(error, PT_ECORRUPT, "graph: %s rows do not cover their edges", name);
    for (u32 n = 0; n < g->node_count; n++) {
        if (offsets[n] > offsets[n + 1] || offsets[n + 1] > edges)
            return pt_fail(error, PT_ECORRUPT, "graph: %s row %u is out of order", name, n);
        for (u32 e = offsets[n]; e < offsets[n + 1]; e++) {
            if (pt_word_node(words[e]) >= g->node_count || pt_word_kind(words[e]) >= PT_EDGE_KIND_COUNT)
                return pt_fail(error, PT_ECORRUPT, "graph: %s edge %u leads outside", name, e);
            if (e > offsets[n] && words[e - 1] >= words[e])
                return pt_fail(error, PT_ECORRUPT, "graph: %s row %u is not sorted", name, n);
        }
    }
    return PT_OK;
}

static int validate_mirror(const pt_graph *g, pt_direction out, pt_direction in, pt_error *error) {
    const u32 *out_offsets, *in_offsets;
    const pt_word *out_words, *in_words;
    section(g, out, &out_offsets, &out_words);
    section(g, in, &in_offsets, &in_words);
    if (out_offsets[g->node_count] != in_offsets[g->node_count])
        return pt_fail(error, PT_ECORRUPT, "graph: the two directions differ in size");
    for (u32 n = 0; n < g->node_count; n++)
        for (u32 e = out_offsets[n]; e < out_offsets[n + 1]; e++) {
            u32 to = pt_word_node(out_words[e]);
            pt_word back = (out_words[e] & ~(pt_word)(PT_NODE_LIMIT - 1)) | n;
            u32 low = in_offsets[to], count = in_offsets[to + 1] - low;
            u32 at = first_at_least(in_words + low, count, back);
            if (at >= count || in_words[low + at] != back)
                return pt_fail(error, PT_ECORRUPT, "graph: edge %u has no mirror", e);
        }
    return PT_OK;
}

int pt_graph_validate(const pt_graph *g, pt_error *error) {
    const u32 *counts = g->header->counts;
    u32 strings = counts[PT_SECTION_strings], nodes = g->node_count;
    int code = validate_rows(g, g->out_offsets, g->out, counts[PT_SECTION_out], "out", error);
    if (!code) code = validate_rows(g, g->in_offsets, g->in, counts[PT_SECTION_in], "in", error);
    if (!code)
        code = validate_rows(g, g->candidate_out_offsets, g->candidate_out, counts[PT_SECTION_candidate_out],
                             "candidate out", error);
    if (!code)
        code = validate_rows(g, g->candidate_in_offsets, g->candidate_in, counts[PT_SECTION_candidate_in],
                             "candidate in", error);
    if (!code) code = validate_mirror(g, PT_OUT, PT_IN, error);
    if (!code) code = validate_mirror(g, PT_CANDIDATE_OUT, PT_CANDIDATE_IN, error);
    if (code) return code;
    for (u32 n = 0; n < nodes; n++) {
        const pt_graph_node *x = &g->nodes[n];
        if (x->name >= strings || x->path >= strings || x->signature >= strings || x->doc >= strings ||
            x->cfg >= strings || x->kind >= PT_KIND_COUNT || (x->parent != PT_NONE && x->parent >= nodes) ||
            (x->file != PT_NONE && x->file >= counts[PT_SECTION_files]))
            return pt_fail(error, PT_ECORRUPT, "graph: node %u refers outside", n);
        u32 up = x->parent, steps = 0;
        while (up != PT_NONE && up < nodes && steps++ < 4096) up = g->nodes[up].parent;
        if (up != PT_NONE) return pt_fail(error, PT_ECORRUPT, "graph: node %u has no root above it", n);
    }
    for (u32 pass = 0; pass < 2; pass++) {
        const u32 *offsets = pass ? g->candidate_site_offsets : g->site_offsets;
        u32 edges = counts[pass ? PT_SECTION_candidate_out : PT_SECTION_out];
        if (counts[pass ? PT_SECTION_candidate_site_offsets : PT_SECTION_site_offsets] != edges + 1)
            return pt_fail(error, PT_ECORRUPT, "graph: sites do not cover the edges");
        for (u32 e = 0; e < edges; e++)
            if (offsets[e] > offsets[e + 1] || offsets[e + 1] > counts[PT_SECTION_sites])
                return pt_fail(error, PT_ECORRUPT, "graph: sites of edge %u lie outside", e);
    }
    for (u32 i = 0; i < counts[PT_SECTION_sites]; i++)
        if (g->sites[i].anchor >= counts[PT_SECTION_anchors] || g->sites[i].cfg >= strings ||
            g->sites[i].via >= PT_VIA_COUNT || g->sites[i].rule >= PT_RULE_COUNT ||
            g->sites[i].confidence > PT_CANDIDATE)
            return pt_fail(error, PT_ECORRUPT, "graph: site %u refers outside", i);
    for (u32 i = 0; i < counts[PT_SECTION_anchors]; i++)
        if (g->anchors[i].file >= counts[PT_SECTION_files] || g->anchors[i].node >= nodes)
            return pt_fail(error, PT_ECORRUPT, "graph: anchor %u refers outside", i);
    for (u32 i = 0; i < counts[PT_SECTION_files]; i++)
        if (g->files[i].path >= strings) return pt_fail(error, PT_ECORRUPT, "graph: file %u refers outside", i);
    for (u32 i = 0; i < counts[PT_SECTION_names]; i++)
        if (g->names[i].name >= strings || (u64)g->names[i].first + g->names[i].count > counts[PT_SECTION_by_name])
            return pt_fail(error, PT_ECORRUPT, "graph: name %u refers outside", i);
    for (u32 i = 0; i < counts[PT_SECTION_by_name]; i++)
        if (g->by_name[i] >= nodes) return pt_fail(error, PT_ECORRUPT, "graph: name entry %u refers outside", i);
    for (u32 i = 0; i < counts[PT_SECTION_unresolved]; i++)
        if (g->unresolved[i].name >= strings || g->unresolved[i].from >= nodes ||
            g->unresolved[i].anchor >= counts[PT_SECTION_anchors] || g->unresolved[i].reason >= PT_REASON_COUNT)
            return pt_fail(error, PT_ECORRUPT, "graph: open site %u refers outside", i);
    for (u32 i = 0; i < counts[PT_SECTION_errors]; i++)
        if (g->errors[i].file >= counts[PT_SECTION_files] || g->errors[i].message >= strings)
            return pt_fail(error, PT_ECORRUPT, "graph: error %u refers outside", i);
    for (u32 i = 0; i < counts[PT_SECTION_problems]; i++)
        if (g->problems[i] >= strings) return pt_fail(error, PT_ECORRUPT, "graph: problem %u refers outside", i);
    for (u32 i = 0; i < counts[PT_SECTION_features]; i++)
        if (g->features[i] >= strings) return pt_fail(error, PT_ECORRUPT, "graph: feature %u refers outside", i);
    if (g->header->root >= strings || g->header->std_name >= strings || g->header->local_nodes > nodes)
        return pt_fail(error, PT_ECORRUPT, "graph: header refers outside");
    return PT_OK;
}
