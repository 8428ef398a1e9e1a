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

enum {
    EDGES_LOOKED_AT = 2000, /* of one item in one direction: hubs have more, and all of them matter alike */
    SECOND_FROM = 48,       /* items from which a second step is taken */
    SECOND_EDGES = 96,
    MEMBERS_LOOKED_AT = 256,
    HALF = 1000 /* weights are thousandths */
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
enum { WEIGHT_PARENT = 550, WEIGHT_MEMBER = 300, WEIGHT_SIBLING = 160, WEIGHT_BESIDE = 60 };

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
    if (n->flags & PT_NODE_EXTERNAL) weight /= 4;
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
        u32 seen = 0;
        for (pt_run run = pt_graph_list(x->g, from, backwards ? PT_IN : PT_OUT); seen < most && pt_run_next(&run);)
            for (u32 i = 0; i < run.count && seen < most; i++) {
                u8 kind = pt_word_kind(run.words[i]);
                if (kind == PT_EDGE_CONTAINS) continue;
                const edge_weight *w = &weights[kind];
                u32 weight = (backwards ? w->in : w->out) * scale / HALF;
                if (pt_word_inferred(run.words[i])) weight = weight * 8 / 10;
                add(x, pt_word_node(run.words[i]), weight, backwards ? w->in_relation : w->out_relation, of, target,
                    !backwards);
                seen++;
            }
    }
}

/* What lies inside: members of a type's impls, of a trait, of an impl. */
static void members(gathering *x, u32 inside, u32 weight, u32 relation, u32 target, u32 but) {
    u32 seen = 0;
    for (pt_run run = pt_graph_kind(x->g, inside, PT_OUT, PT_EDGE_CONTAINS);
         seen < MEMBERS_LOOKED_AT && pt_run_next(&run);)
        for (u32 i = 0; i < run.count && seen < MEMBERS_LOOKED_AT; i++, seen++) {
            u32 node = pt_word_node(run.words[i]);
            if (node == but) continue;
            add(x, node, weight * (8 + logarithm(pt_centrality(x->g, node))) / 12, relation, PT_NONE, target, false);
        }
}

static bool is_type(u8 kind) { return kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM || kind == PT_KIND_UNION; }

static void around(gathering *x, u32 node, u32 target) {
    const pt_graph *g = x->g;
    const pt_graph_node *n = pt_node_at(g, node);
    step(x, node, HALF, PT_NONE, target, EDGES_LOOKED_AT);
    if (is_type(n->kind) || n->kind == PT_KIND_TRAIT) { /* its impls' members; impls speak of it by `uses` */
        if (n->kind == PT_KIND_TRAIT) members(x, node, WEIGHT_MEMBER, PT_RELATION_MEMBER, target, PT_NONE);
        u32 seen = 0;
        for (pt_run run = pt_graph_kind(g, node, PT_IN, PT_EDGE_USES); seen < EDGES_LOOKED_AT && pt_run_next(&run);)
            for (u32 i = 0; i < run.count && seen < EDGES_LOOKED_AT; i++, seen++) {
                u32 impl = pt_word_node(run.words[i]);
                const pt_graph_node *m = pt_node_at(g, impl);
                if (m->kind == PT_KIND_IMPL && !(m->flags & PT_NODE_TRAIT_IMPL))
                    members(x, impl, WEIGHT_MEMBER, PT_RELATION_MEMBER, target, PT_NONE);
            }
    }
    if (n->kind == PT_KIND_IMPL || n->kind == PT_KIND_MODULE || n->kind == PT_KIND_CRATE)
        members(x, node, WEIGHT_MEMBER, PT_RELATION_MEMBER, target, PT_NONE);
    if (n->parent == PT_NONE || n->kind == PT_KIND_CRATE) return;
    const pt_graph_node *up = pt_node_at(g, n->parent);
    bool module = up->kind == PT_KIND_MODULE || up->kind == PT_KIND_CRATE;
    if (!module) {
        add(x, n->parent, WEIGHT_PARENT, PT_RELATION_PARENT, PT_NONE, target, false);
        step(x, n->parent, HALF / 2, n->parent, target, SECOND_EDGES); /* the type of the impl, its trait */
    }
    members(x, n->parent, module ? WEIGHT_BESIDE : WEIGHT_SIBLING, PT_RELATION_SIBLING, target, node);
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
            step(&x, from[i].node, PT_MIN(from[i].score, (u32)HALF) / 2, from[i].node, from[i].target, SECOND_EDGES);
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
