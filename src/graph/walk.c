#include "graph/walk.h"

#include "graph/overlay.h"

int pt_walker_create(pt_walker *w, const pt_graph *g) {
    *w = (pt_walker){.capacity = g->node_count};
    w->visited = pt_calloc((size_t)g->node_count / 64 + 1, sizeof(u64));
    w->expanded = pt_calloc((size_t)g->node_count / 64 + 1, sizeof(u64));
    w->members = pt_malloc(((size_t)g->node_count + 1) * sizeof(u32));
    w->queue = pt_malloc(((size_t)g->node_count + 1) * sizeof(u32));
    w->parent = pt_malloc(((size_t)g->node_count + 1) * sizeof(u32));
    w->depth = pt_malloc((size_t)g->node_count + 1);
    if (w->visited && w->expanded && w->members && w->queue && w->parent && w->depth) return PT_OK;
    pt_walker_free(w);
    return PT_ENOMEM;
}

int pt_walker_fit(pt_walker *w, const pt_graph *g) {
    if (w->visited && w->capacity >= g->node_count) return PT_OK;
    pt_walker_free(w);
    return pt_walker_create(w, g);
}

void pt_walker_free(pt_walker *w) {
    pt_free(w->visited);
    pt_free(w->expanded);
    pt_free(w->members);
    pt_free(w->queue);
    pt_free(w->parent);
    pt_free(w->depth);
    pt_free(w->scratch);
    *w = (pt_walker){0};
}

void pt_walker_clear(pt_walker *w) {
    for (u32 i = 0; i < w->count; i++) w->visited[w->queue[i] / 64] = 0;
    for (u32 i = 0; i < w->member_count; i++) w->expanded[w->members[i] / 64] = 0;
    w->count = w->member_count = 0;
}

static inline void reach(pt_walker *w, u32 node, u32 parent, u32 depth) {
    u64 bit = 1ull << (node % 64);
    if (w->visited[node / 64] & bit) return;
    w->visited[node / 64] |= bit;
    w->queue[w->count] = node;
    w->parent[w->count] = parent;
    w->depth[w->count++] = (u8)depth;
}

void pt_walk_reach(pt_walker *w, u32 node, u32 parent, u32 depth) { reach(w, node, parent, depth); }

/* The other ends of a node's edges but `contains`. */
static inline void ends(pt_walker *w, const pt_graph *g, u32 node, pt_direction d, u32 index, u32 depth) {
    for (pt_run run = pt_graph_list(g, node, d); pt_run_next(&run);)
        for (u32 i = 0; i < run.count; i++)
            if (pt_word_code(run.words[i]) != PT_EDGE_CONTAINS) reach(w, pt_word_node(run.words[i]), index, depth);
}

static inline u8 base_flags(const pt_shard *shards, u32 node) {
    const pt_shard *s = &shards[node >> PT_SHARD_BITS];
    u32 at = node & (PT_SHARD_NODES - 1);
    return s->walk_flags ? s->walk_flags[at] : pt_walk_flags_of(&s->nodes[at]);
}

/* The same by a base alone: nothing but arrays. */
static inline void base_sources(pt_walker *w, const pt_shard *shards, u32 node, u32 index, u32 depth) {
    const pt_shard *s = &shards[node >> PT_SHARD_BITS];
    const u32 *at = s->offsets[PT_IN] + (node & (PT_SHARD_NODES - 1));
    const pt_word *words = s->words[PT_IN];
    for (u32 e = at[0], end = at[1]; e < end; e++)
        if (pt_word_code(words[e]) != PT_EDGE_CONTAINS) reach(w, pt_word_node(words[e]), index, depth);
}

/* What a walk will read of nodes that stand further back in the queue. */
static inline void look_ahead(const pt_walker *w, const pt_graph *g, u32 i) {
    enum { AHEAD = 12, NEAR = 5 };
    if (i + AHEAD >= w->count) return;
    u32 far = w->queue[i + AHEAD], near = w->queue[i + NEAR];
    if (far < g->base_nodes) {
        const pt_shard *s = &g->shards[far >> PT_SHARD_BITS];
        __builtin_prefetch(s->offsets[PT_IN] + (far & (PT_SHARD_NODES - 1)));
        if (s->walk_flags) __builtin_prefetch(s->walk_flags + (far & (PT_SHARD_NODES - 1)));
    }
    if (g->overlay) pt_overlay_prefetch(g->overlay, far);
    if (near < g->base_nodes) {
        const pt_shard *s = &g->shards[near >> PT_SHARD_BITS];
        __builtin_prefetch(s->words[PT_IN] + s->offsets[PT_IN][near & (PT_SHARD_NODES - 1)]);
    }
}

void pt_walk_blast(pt_walker *w, const pt_graph *g, u32 start, u32 depth, bool candidates) {
    pt_walker_clear(w);
    if (depth > 255) depth = 255;
    reach(w, start, PT_NONE, 0);
    for (u32 i = 0; i < w->count; i++) {
        look_ahead(w, g, i);
        u32 node = w->queue[i], next = (u32)w->depth[i] + 1;
        if (next > depth) break; /* the queue is in the order of depth */
        /* most nodes have nothing in the overlay: one look, then arrays */
        const pt_patch *p = g->overlay ? pt_patch_of(g->overlay, node) : NULL;
        u8 flags = p ? pt_walk_flags_at(g, node) : base_flags(g->shards, node);
        if (i && (flags & PT_WALK_EXTERNAL)) continue;
        if (p && p->in[0]) ends(w, g, node, PT_IN, i, next);
        else base_sources(w, g->shards, node, i, next);
        if (candidates) ends(w, g, node, PT_CANDIDATE_IN, i, next);
        if (flags & PT_WALK_TRAIT_IMPL) {
            pt_run over = pt_graph_kind(g, node, PT_OUT, PT_EDGE_OVERRIDES);
            bool any = pt_run_next(&over); /* one piece: out-rows are */
            for (u32 k = 0; any && k < over.count; k++) {
                u32 member = pt_word_node(over.words[k]);
                u64 bit = 1ull << (member % 64);
                /* once a walk: its thousand impls have the same callers */
                if ((pt_walk_flags_at(g, member) & PT_WALK_EXTERNAL) || (w->expanded[member / 64] & bit)) continue;
                w->expanded[member / 64] |= bit;
                w->members[w->member_count++] = member;
                for (pt_run calls = pt_graph_code(g, member, PT_IN, PT_EDGE_CALLS); pt_run_next(&calls);)
                    for (u32 c = 0; c < calls.count; c++) reach(w, pt_word_node(calls.words[c]), i, next);
            }
        }
    }
}

bool pt_walk_path(pt_walker *w, const pt_graph *g, u32 from, u32 to, bool candidates) {
    pt_walker_clear(w);
    reach(w, from, PT_NONE, 0);
    for (u32 i = 0; i < w->count; i++) {
        u32 node = w->queue[i];
        if (node == to) { /* made last, so that the caller finds it */
            w->queue[w->count] = node;
            w->parent[w->count] = w->parent[i];
            w->depth[w->count++] = w->depth[i];
            return true;
        }
        u32 depth = PT_MIN((u32)w->depth[i] + 1, 255u);
        ends(w, g, node, PT_OUT, i, depth);
        if (candidates) ends(w, g, node, PT_CANDIDATE_OUT, i, depth);
    }
    return false;
}

int pt_components(u32 *component, u32 *component_count, const u32 *offsets, const u32 *targets, u32 nodes,
                  pt_walker *w) {
    u64 room = (u64)nodes + 1, need = room * (5 * sizeof(u32) + 1);
    *component_count = 0;
    if (w->scratch_size < need) {
        pt_free(w->scratch);
        w->scratch = pt_malloc((size_t)need);
        w->scratch_size = w->scratch ? need : 0;
        if (!w->scratch) return PT_ENOMEM;
    }
    u32 *index = w->scratch, *low = index + room, *stack = low + room, *frames = stack + room, *edge = frames + room;
    u8 *on_stack = (u8 *)(edge + room);
    memset(index, 0, room * sizeof(u32));
    memset(on_stack, 0, room);
    int code = PT_OK;
    u32 next = 1, stacked = 0, found = 0;
    for (u32 n = 0; n < nodes; n++) component[n] = PT_NONE;
    for (u32 root = 0; !code && root < nodes; root++) {
        if (index[root]) continue;
        u32 depth = 0;
        frames[depth++] = root;
        index[root] = low[root] = next++;
        edge[root] = offsets[root];
        stack[stacked++] = root;
        on_stack[root] = 1;
        while (depth) {
            u32 v = frames[depth - 1];
            if (edge[v] < offsets[v + 1]) {
                u32 t = targets[edge[v]++];
                if (!index[t]) {
                    index[t] = low[t] = next++;
                    edge[t] = offsets[t];
                    stack[stacked++] = t;
                    on_stack[t] = 1;
                    frames[depth++] = t;
                } else if (on_stack[t] && index[t] < low[v]) {
                    low[v] = index[t];
                }
                continue;
            }
            depth--;
            if (depth && low[v] < low[frames[depth - 1]]) low[frames[depth - 1]] = low[v];
            if (low[v] != index[v]) continue;
            u32 size = 0, t;
            do {
                t = stack[--stacked];
                on_stack[t] = 0;
                component[t] = found;
                size++;
            } while (t != v);
            if (size > 1) found++;
            else component[v] = PT_NONE;
        }
    }
    *component_count = found;
    return code;
}

static bool is_type(u8 kind) {
    return kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM || kind == PT_KIND_UNION || kind == PT_KIND_TRAIT ||
           kind == PT_KIND_TYPE_ALIAS;
}
static u32 type_of(const pt_graph *g, u32 node) { /* a variant counts as its enum */
    return pt_node_at(g, node)->kind == PT_KIND_VARIANT ? pt_node_at(g, node)->parent : node;
}

bool pt_cycle_edge(const pt_graph *g, pt_cycle_level level, u32 from, pt_word word, u32 *a, u32 *b) {
    u32 to = pt_word_node(word);
    u8 kind = pt_word_kind(word);
    if (kind == PT_EDGE_CONTAINS || ((pt_node_at(g, from)->flags | pt_node_at(g, to)->flags) & PT_NODE_EXTERNAL))
        return false;
    switch (level) {
    case PT_CYCLES_MODULE: {
        u8 k = pt_node_at(g, from)->kind, t = pt_node_at(g, to)->kind;
        if (kind == PT_EDGE_USES && (k == PT_KIND_MODULE || k == PT_KIND_CRATE)) return false; /* a private use */
        if (kind == PT_EDGE_USES && (t == PT_KIND_MODULE || t == PT_KIND_CRATE))
            return false; /* the prefix of a path whose end counts */
        *a = pt_graph_module(g, from);
        *b = pt_graph_module(g, to);
        break;
    }
    case PT_CYCLES_TYPE:
        if (kind != PT_EDGE_HAS && kind != PT_EDGE_EXTENDS && kind != PT_EDGE_BOUNDS && kind != PT_EDGE_USES)
            return false;
        *a = type_of(g, from);
        *b = type_of(g, to);
        if (!is_type(pt_node_at(g, *a)->kind) || !is_type(pt_node_at(g, *b)->kind)) return false;
        break;
    default:
        if (kind != PT_EDGE_CALLS) return false;
        *a = from;
        *b = to;
    }
    return *a != *b && *a != PT_NONE && *b != PT_NONE;
}
