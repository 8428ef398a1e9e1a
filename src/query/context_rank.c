/* context_rank.c: what items are related to, and how much it matters to who edits them. */
#include "query/context.h"

#include <stdlib.h>

const char *pt_relation_name(u32 relation) {
    static const char *const names[] = {
#define X(name, text) text,
        PT_RELATIONS(X)
#undef X
    };
    return names[relation];
}

/* A list longer than its limit is not looked at, rather than its first part: which part comes first depends on ids. */
enum {
    SECOND_FROM = 48, /* items from which a second step is taken */
    SECOND_EDGES = 96,
    NEAR_LINES = 20,
    PEERS = 200,
    PEERS_HALF = 4, /* so many users of a field, and each matters a half */
    HALF = 1000     /* weights are thousandths */
};

typedef struct edge_weight {
    u16 out, in;
    u8 out_relation, in_relation;
} edge_weight;
static const edge_weight weights[PT_EDGE_KIND_COUNT] = {
    [PT_EDGE_IMPLEMENTS] = {350, 550, PT_RELATION_TRAIT, PT_RELATION_IMPLEMENTOR},
    [PT_EDGE_EXTENDS] = {600, 450, PT_RELATION_TRAIT, PT_RELATION_IMPLEMENTOR},
    [PT_EDGE_OVERRIDES] = {700, 600, PT_RELATION_OVERRIDDEN, PT_RELATION_OVERRIDER},
    [PT_EDGE_CALLS] = {500, 700, PT_RELATION_CALLEE, PT_RELATION_CALLER},
    [PT_EDGE_INSTANTIATES] = {450, 500, PT_RELATION_CALLEE, PT_RELATION_CALLER},
    [PT_EDGE_ACCEPTS] = {600, 350, PT_RELATION_SIGNATURE, PT_RELATION_USER},
    [PT_EDGE_RETURNS] = {600, 350, PT_RELATION_SIGNATURE, PT_RELATION_USER},
    [PT_EDGE_HAS] = {650, 500, PT_RELATION_SIGNATURE, PT_RELATION_USER},
    [PT_EDGE_BOUNDS] = {450, 250, PT_RELATION_SIGNATURE, PT_RELATION_USER},
    [PT_EDGE_EXPANDS] = {250, 300, PT_RELATION_CALLEE, PT_RELATION_CALLER},
    [PT_EDGE_REEXPORTS] = {40, 60, PT_RELATION_USED, PT_RELATION_USER},
    [PT_EDGE_USES] = {220, 260, PT_RELATION_USED, PT_RELATION_USER},
};
enum {
    WEIGHT_PARENT = 550,
    WEIGHT_MEMBER = 300,
    WEIGHT_SIBLING = 160,
    WEIGHT_BESIDE = 60,
    WEIGHT_NEAR = 300,      /* of the next item in the file; a half of it NEAR_LINES further */
    WEIGHT_PEER = 200,      /* of who uses a field that the item uses, less the more who do */
    WEIGHT_OTHER_IMPL = 120 /* of members of the other impls of an impl's type */
};

/* Node -> place in the list; open addressing. */
typedef struct gathering {
    const pt_query *q;
    const pt_graph *g;
    pt_related_list *list;
    u32 *slots, slot_count;
    bool failed;
} gathering;

static u32 *slot_of(gathering *x, u32 node) {
    u32 mask = x->slot_count - 1;
    for (u32 at = node * 2654435769u & mask;; at = (at + 1) & mask)
        if (x->slots[at] == PT_NONE || x->list->data[x->slots[at]].node == node) return &x->slots[at];
}

static bool enlarge(gathering *x) {
    u32 count = x->slot_count ? x->slot_count * 2 : 1024;
    u32 *slots = pt_malloc(count * sizeof(u32));
    if (!slots) return false;
    pt_free(x->slots);
    memset(slots, 0xff, count * sizeof(u32));
    x->slots = slots;
    x->slot_count = count;
    for (u32 i = 0; i < x->list->count; i++) *slot_of(x, x->list->data[i].node) = i;
    return true;
}

static u32 logarithm(u32 value) { return value ? 32 - (u32)__builtin_clz(value) : 0; }

static void add(gathering *x, u32 node, u32 weight, u32 relation, u32 of, u32 target, bool damped) {
    const pt_graph_node *n = pt_node_at(x->g, node);
    if (n->kind == PT_KIND_DEAD || n->kind == PT_KIND_CRATE || n->kind == PT_KIND_PRIMITIVE || !weight) return;
    if (!pt_node_shown(x->q, node)) return;
    if (damped) weight = weight * 8 / (8 + logarithm(pt_centrality(x->g, node)));
    if (n->flags & PT_NODE_EXTERNAL) weight /= 20;
    if (n->kind == PT_KIND_FIELD || n->kind == PT_KIND_VARIANT || n->kind == PT_KIND_MODULE) weight /= 2;
    if (of != PT_NONE) relation = PT_RELATION_FURTHER;
    if (n->flags & PT_NODE_TEST) weight = weight * 6 / 10, relation = PT_RELATION_TEST;
    if (x->list->count * 2 >= x->slot_count && !enlarge(x)) {
        x->failed = true;
        return;
    }
    u32 *slot = slot_of(x, node);
    if (*slot == PT_NONE) {
        u32 at = x->list->count;
        if (!pt_vec_push(x->list, (pt_related){node, weight, of, (u8)relation, (u16)target})) x->failed = true;
        else *slot = at;
        return;
    }
    pt_related *known = &x->list->data[*slot];
    if (known->relation == PT_RELATION_TARGET) return;
    /* the shortest way tells what it is, but a way by references more than standing beside it; every way adds weight */
    bool beside = known->relation == PT_RELATION_SIBLING && relation != PT_RELATION_SIBLING;
    if ((known->of != PT_NONE && of == PT_NONE && relation != PT_RELATION_SIBLING) || beside)
        known->relation = (u8)relation, known->of = of, known->target = (u16)target;
    known->score += weight;
}

/* One step from `from` over every edge; `scale` in thousandths. */
static void step(gathering *x, u32 from, u32 scale, u32 of, u32 target, u32 most) {
    for (u32 backwards = 0; backwards < 2; backwards++) {
        pt_direction direction = backwards ? PT_IN : PT_OUT;
        if (pt_graph_degree(x->g, from, direction) > most) continue;
        for (pt_run run = pt_graph_list(x->g, from, direction); pt_run_next(&run);)
            for (u32 i = 0; i < run.count; i++) {
                u8 kind = pt_word_kind(run.words[i]);
                if (kind == PT_EDGE_CONTAINS) continue;
                const edge_weight *w = &weights[kind];
                u32 weight = (backwards ? w->in : w->out) * scale / HALF;
                if (pt_word_inferred(run.words[i])) weight = weight * 8 / 10;
                add(x, pt_word_node(run.words[i]), weight, backwards ? w->in_relation : w->out_relation, of, target,
                    !backwards);
            }
    }
}

/* What lies inside: members of a type's impls, of a trait, of an impl. */
static void members(gathering *x, u32 inside, u32 weight, u32 relation, u32 target, u32 but) {
    for (pt_run run = pt_graph_kind(x->g, inside, PT_OUT, PT_EDGE_CONTAINS); pt_run_next(&run);)
        for (u32 i = 0; i < run.count; i++) {
            u32 node = pt_word_node(run.words[i]);
            if (node == but) continue;
            add(x, node, weight * (8 + logarithm(pt_centrality(x->g, node))) / 12, relation, PT_NONE, target, false);
        }
}

static bool is_type(u8 kind) { return kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM || kind == PT_KIND_UNION; }

/* An item that stands beside another in a file: the nearer, the more. */
static void near_one(gathering *x, u32 node, u32 to, u32 target) {
    const pt_graph_node *n = pt_node_at(x->g, to);
    if (to == node || n->file != pt_node_at(x->g, node)->file) return;
    if (n->kind == PT_KIND_FIELD || n->kind == PT_KIND_VARIANT || n->kind == PT_KIND_MODULE) return;
    const pt_graph_position *a = pt_position_at(x->g, node), *b = pt_position_at(x->g, to);
    if (b->line <= a->line && b->end_line >= a->end_line) return; /* around it */
    u32 gap = b->line > a->end_line ? b->line - a->end_line : a->line > b->end_line ? a->line - b->end_line : 0;
    add(x, to, WEIGHT_NEAR * NEAR_LINES / (NEAR_LINES + gap), PT_RELATION_SIBLING, PT_NONE, target, false);
}

static void near_all(gathering *x, u32 inside, u32 node, u32 target) {
    for (pt_run run = pt_graph_kind(x->g, inside, PT_OUT, PT_EDGE_CONTAINS); pt_run_next(&run);)
        for (u32 i = 0; i < run.count; i++) {
            u32 to = pt_word_node(run.words[i]);
            u8 kind = pt_node_at(x->g, to)->kind;
            near_one(x, node, to, target);
            if (kind == PT_KIND_IMPL || kind == PT_KIND_TRAIT) near_all(x, to, node, target);
        }
}

/* Who uses the fields and variants that an item uses. */
static void peers(gathering *x, u32 node, u32 target) {
    for (pt_run run = pt_graph_kind(x->g, node, PT_OUT, PT_EDGE_USES); pt_run_next(&run);)
        for (u32 i = 0; i < run.count; i++) {
            u32 field = pt_word_node(run.words[i]), users = pt_centrality(x->g, field);
            const pt_graph_node *n = pt_node_at(x->g, field);
            if ((n->kind != PT_KIND_FIELD && n->kind != PT_KIND_VARIANT) || (n->flags & PT_NODE_EXTERNAL)) continue;
            if (users > PEERS) continue;
            for (pt_run in = pt_graph_kind(x->g, field, PT_IN, PT_EDGE_USES); pt_run_next(&in);)
                for (u32 k = 0; k < in.count; k++)
                    if (pt_word_node(in.words[k]) != node)
                        add(x, pt_word_node(in.words[k]), WEIGHT_PEER * PEERS_HALF / (PEERS_HALF + users),
                            PT_RELATION_FURTHER, field, target, false);
        }
}

/* Members of the impls of a type (they speak of it by `uses`): of those without a trait, or of all but one. */
static void impls_of(gathering *x, u32 type, u32 but, u32 weight, u32 target) {
    for (pt_run run = pt_graph_kind(x->g, type, PT_IN, PT_EDGE_USES); pt_run_next(&run);)
        for (u32 i = 0; i < run.count; i++) {
            u32 impl = pt_word_node(run.words[i]);
            const pt_graph_node *n = pt_node_at(x->g, impl);
            if (n->kind == PT_KIND_IMPL && impl != but && (but != PT_NONE || !(n->flags & PT_NODE_TRAIT_IMPL)))
                members(x, impl, weight, PT_RELATION_MEMBER, target, PT_NONE);
        }
}
static void other_impls(gathering *x, u32 impl, u32 target) {
    for (pt_run run = pt_graph_kind(x->g, impl, PT_OUT, PT_EDGE_USES); pt_run_next(&run);)
        for (u32 i = 0; i < run.count; i++) {
            const pt_graph_node *n = pt_node_at(x->g, pt_word_node(run.words[i]));
            if (is_type(n->kind) && !(n->flags & PT_NODE_EXTERNAL))
                impls_of(x, pt_word_node(run.words[i]), impl, WEIGHT_OTHER_IMPL, target);
        }
}

static void around(gathering *x, u32 node, u32 target) {
    const pt_graph *g = x->g;
    const pt_graph_node *n = pt_node_at(g, node);
    u32 module = pt_graph_module(g, node);
    step(x, node, HALF, PT_NONE, target, UINT32_MAX);
    if (module != PT_NONE && module != node) near_all(x, module, node, target);
    peers(x, node, target);
    if (n->kind == PT_KIND_TRAIT || n->kind == PT_KIND_IMPL || n->kind == PT_KIND_MODULE || n->kind == PT_KIND_CRATE)
        members(x, node, WEIGHT_MEMBER, PT_RELATION_MEMBER, target, PT_NONE);
    if (is_type(n->kind) || n->kind == PT_KIND_TRAIT) impls_of(x, node, PT_NONE, WEIGHT_MEMBER, target);
    if (n->kind == PT_KIND_IMPL) other_impls(x, node, target);
    if (n->parent == PT_NONE || n->kind == PT_KIND_CRATE) return;
    const pt_graph_node *up = pt_node_at(g, n->parent);
    bool in_module = up->kind == PT_KIND_MODULE || up->kind == PT_KIND_CRATE;
    if (!in_module) {
        if (up->kind == PT_KIND_IMPL) other_impls(x, n->parent, target);
        add(x, n->parent, WEIGHT_PARENT, PT_RELATION_PARENT, PT_NONE, target, false);
        step(x, n->parent, HALF / 2, n->parent, target, SECOND_EDGES); /* the type of the impl, its trait */
    }
    members(x, n->parent, in_module ? WEIGHT_BESIDE : WEIGHT_SIBLING, PT_RELATION_SIBLING, target, node);
}

static int by_score(const void *a, const void *b, void *graph) {
    const pt_related *x = a, *y = b;
    if (x->score != y->score) return x->score > y->score ? -1 : 1;
    return pt_graph_order(graph, x->node, y->node);
}

int pt_context_gather(pt_related_list *out, const pt_query *q, const u32 *targets, u32 count, pt_error *error) {
    gathering x = {q, q->graph, out, NULL, 0, false};
    out->count = 0;
    x.failed = !enlarge(&x);
    for (u32 i = 0; !x.failed && i < count; i++) { /* first, so that they are known */
        u32 *slot = slot_of(&x, targets[i]);
        if (*slot != PT_NONE) continue;
        if (x.list->count * 2 >= x.slot_count && !enlarge(&x)) x.failed = true;
        slot = x.failed ? NULL : slot_of(&x, targets[i]);
        if (slot && pt_vec_push(out, (pt_related){targets[i], UINT32_MAX, PT_NONE, PT_RELATION_TARGET, (u16)i}))
            *slot = out->count - 1;
    }
    for (u32 i = 0; !x.failed && i < count; i++) around(&x, targets[i], i);
    if (out->count) qsort_r(out->data, out->count, sizeof(pt_related), by_score, (void *)(uintptr_t)q->graph);
    /* a second step, from the best of the first: what a caller's caller, a parameter's fields are */
    u32 first = PT_MIN(out->count, (u32)SECOND_FROM + count);
    pt_related *from = x.failed ? NULL : pt_malloc((first + 1) * sizeof *from);
    if (from) {
        memcpy(from, out->data, first * sizeof *from);
        memset(x.slots, 0xff, x.slot_count * sizeof(u32));
        for (u32 i = 0; i < out->count; i++) *slot_of(&x, out->data[i].node) = i;
        for (u32 i = 0; i < first && !x.failed; i++) {
            const pt_graph_node *n = pt_node_at(x.g, from[i].node);
            if (from[i].relation == PT_RELATION_TARGET || (n->flags & PT_NODE_EXTERNAL)) continue;
            step(&x, from[i].node, PT_MIN(from[i].score, (u32)HALF) / 4, from[i].node, from[i].target, SECOND_EDGES);
        }
        if (out->count) qsort_r(out->data, out->count, sizeof(pt_related), by_score, (void *)(uintptr_t)q->graph);
        pt_free(from);
    } else {
        x.failed = true;
    }
    u32 kept = 0; /* without the targets */
    for (u32 i = 0; i < out->count; i++)
        if (out->data[i].relation != PT_RELATION_TARGET) out->data[kept++] = out->data[i];
    out->count = kept;
    pt_free(x.slots);
    return x.failed ? pt_fail(error, PT_ENOMEM, "out of memory") : PT_OK;
}
