/* validate.c: every law of a snapshot, base and overlay alike. */
#include "graph/overlay.h"

static bool has(const pt_graph *g, u32 node, pt_direction d, pt_word word) {
    pt_run run = pt_graph_list(g, node, d);
    run.first = run.last = word;
    if (word == UINT32_MAX) return false;
    return pt_run_next(&run);
}

/* Offsets of the base stay inside; this first, as everything else follows them. */
static int validate_shard(const pt_shard *s, u32 index, pt_error *error) {
    for (u32 d = 0; d < 4; d++)
        for (u32 n = 0; n < s->node_count; n++)
            if (s->offsets[d][n] > s->offsets[d][n + 1] || s->offsets[d][n + 1] > s->offsets[d][s->node_count])
                return pt_fail(error, PT_ECORRUPT, "graph: row %u of shard %u is out of order", n, index);
    for (u32 n = 0; s->walk_flags && n < s->node_count; n++)
        if (s->walk_flags[n] != pt_walk_flags_of(&s->nodes[n]))
            return pt_fail(error, PT_ECORRUPT, "graph: flags of node %u of shard %u are not its record's", n, index);
    for (u32 pass = 0; pass < 2; pass++) {
        const u32 *words = s->offsets[pass ? PT_CANDIDATE_OUT : PT_OUT];
        for (u32 e = words[0]; e < words[s->node_count]; e++)
            if (s->site_offsets[pass][e] > s->site_offsets[pass][e + 1] || s->site_offsets[pass][e + 1] > s->site_count)
                return pt_fail(error, PT_ECORRUPT, "graph: sites of edge %u of shard %u lie outside", e, index);
    }
    return PT_OK;
}

static int validate_lists(const pt_graph *g, u32 node, bool deep, u64 *totals, pt_error *error) {
    for (u32 d = PT_OUT; d <= PT_CANDIDATE_IN; d++) {
        pt_word last = 0;
        bool any = false, dead = !pt_node_alive(g, node);
        for (pt_run run = pt_graph_list(g, node, (pt_direction)d); pt_run_next(&run);)
            for (u32 i = 0; i < run.count; i++) {
                pt_word w = run.words[i];
                u32 other = pt_word_node(w);
                if (dead || other >= g->node_count || pt_word_code(w) >= PT_CODE_COUNT || !pt_node_alive(g, other))
                    return pt_fail(error, PT_ECORRUPT, "graph: an edge of node %u leads nowhere", node);
                if (!deep) continue;
                if (any && last >= w) return pt_fail(error, PT_ECORRUPT, "graph: list of node %u is not sorted", node);
                last = w;
                any = true;
                totals[d]++;
                if (!has(g, other, (pt_direction)(d ^ 1), pt_word_mirror(w, node)))
                    return pt_fail(error, PT_ECORRUPT, "graph: an edge of node %u has no mirror", node);
            }
    }
    return PT_OK;
}

static int validate_node(const pt_graph *g, u32 n, pt_error *error) {
    const pt_graph_node *x = pt_node_at(g, n);
    if (x->kind == PT_KIND_DEAD) return PT_OK;
    if (x->name >= g->string_count || x->path >= g->string_count || x->signature >= g->string_count ||
        x->doc >= g->string_count || x->cfg >= g->string_count || x->kind >= PT_KIND_COUNT ||
        (x->parent != PT_NONE && x->parent >= g->node_count) || (x->file != PT_NONE && x->file >= g->file_count))
        return pt_fail(error, PT_ECORRUPT, "graph: node %u refers outside", n);
    u32 up = x->parent, steps = 0;
    while (up != PT_NONE && up < g->node_count && steps++ < 4096) {
        const pt_graph_node *above = pt_node_at(g, up);
        if (above->kind == PT_KIND_DEAD) return pt_fail(error, PT_ECORRUPT, "graph: node %u lies in a removed one", n);
        up = above->parent;
    }
    if (up != PT_NONE) return pt_fail(error, PT_ECORRUPT, "graph: node %u has no root above it", n);
    return PT_OK;
}

static int validate_sites(const pt_graph *g, u32 node, u64 *total, pt_error *error) {
    for (u32 pass = 0; pass < 2; pass++) {
        pt_row row = pt_graph_row(g, node, pass);
        for (u32 i = 0; row.count && i < row.site_offsets[row.count] - row.site_offsets[0]; i++) {
            const pt_graph_site *s = &row.sites[row.site_offsets[0] + i];
            if (s->anchor >= g->anchor_count || s->cfg >= g->string_count || s->via >= PT_VIA_COUNT ||
                s->rule >= PT_RULE_COUNT || s->confidence > PT_CANDIDATE)
                return pt_fail(error, PT_ECORRUPT, "graph: a site of node %u refers outside", node);
            ++*total;
        }
    }
    return PT_OK;
}

static int validate_tables(const pt_graph *g, pt_error *error) {
    u32 strings = g->string_count, nodes = g->node_count;
    for (u32 i = 0; i < g->anchor_count; i++)
        if (pt_anchor_at(g, i)->file >= g->file_count || pt_anchor_at(g, i)->node >= nodes)
            return pt_fail(error, PT_ECORRUPT, "graph: anchor %u refers outside", i);
    for (u32 i = 0; i < g->file_count; i++)
        if (pt_file_at(g, i)->path >= strings) return pt_fail(error, PT_ECORRUPT, "graph: file %u refers outside", i);
    for (u32 i = 0; i < g->name_count; i++)
        if (g->names[i].name >= g->base_strings || (u64)g->names[i].first + g->names[i].count > g->by_name_count ||
            (i && strcmp(pt_graph_string(g, g->names[i - 1].name), pt_graph_string(g, g->names[i].name)) >= 0))
            return pt_fail(error, PT_ECORRUPT, "graph: name %u refers outside", i);
    for (u32 i = 0; i < g->by_name_count; i++)
        if (g->by_name[i] >= g->base_nodes)
            return pt_fail(error, PT_ECORRUPT, "graph: name entry %u refers outside", i);
    for (u32 i = 0; i < g->unresolved_count; i++)
        if (g->unresolved[i].name >= g->base_strings || g->unresolved[i].from >= g->base_nodes ||
            g->unresolved[i].anchor >= g->base_anchors || g->unresolved[i].reason >= PT_REASON_COUNT)
            return pt_fail(error, PT_ECORRUPT, "graph: open site %u refers outside", i);
    for (u32 i = 0; i < g->error_count; i++)
        if (g->errors[i].file >= g->file_count || g->errors[i].message >= strings)
            return pt_fail(error, PT_ECORRUPT, "graph: error %u refers outside", i);
    for (u32 i = 0; i < g->problem_count; i++)
        if (g->problems[i] >= strings) return pt_fail(error, PT_ECORRUPT, "graph: problem %u refers outside", i);
    for (u32 i = 0; i < g->feature_count; i++)
        if (g->features[i] >= strings) return pt_fail(error, PT_ECORRUPT, "graph: feature %u refers outside", i);
    if (g->info.root >= strings || g->info.std_name >= strings)
        return pt_fail(error, PT_ECORRUPT, "graph: its root lies outside");
    return PT_OK;
}

static int validate(const pt_graph *g, bool deep, pt_error *error) {
    int code = PT_OK;
    u64 totals[4] = {0}, sites = 0;
    u32 nodes = 0, local = 0, external = 0, files = 0;
    for (u32 i = 0; !code && i < g->shard_count; i++) {
        nodes += g->shards[i].node_count;
        code = validate_shard(&g->shards[i], i, error);
    }
    if (!code && nodes != g->base_nodes)
        code = pt_fail(error, PT_ECORRUPT, "graph: shards of %u nodes, not %u", nodes, g->base_nodes);
    if (!code) code = validate_tables(g, error);
    for (u32 n = 0; !code && n < g->node_count; n++) code = validate_node(g, n, error);
    for (u32 n = 0; !code && n < g->node_count; n++) {
        if (pt_node_local(g, n)) local++;
        else if (pt_node_alive(g, n)) external++;
        code = validate_lists(g, n, deep, totals, error);
        if (!code) code = validate_sites(g, n, &sites, error);
    }
    for (u32 i = 0; !code && i < g->file_count; i++) files += pt_file_at(g, i)->path != 0;
    if (!code && deep &&
        (totals[PT_OUT] != g->info.edges || totals[PT_IN] != totals[PT_OUT] ||
         totals[PT_CANDIDATE_OUT] != g->info.candidates || totals[PT_CANDIDATE_IN] != totals[PT_CANDIDATE_OUT] ||
         sites != g->info.sites || local != g->info.local_nodes || external != g->info.external_nodes ||
         files != g->info.files))
        code = pt_fail(error, PT_ECORRUPT, "graph: its numbers are not what is in it");
    return code;
}

int pt_graph_validate(const pt_graph *g, pt_error *error) { return validate(g, true, error); }
int pt_graph_check(const pt_graph *g, pt_error *error) { return validate(g, false, error); }
