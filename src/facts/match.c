#include "facts/match.h"

typedef struct sibling {
    u32 item;
    u64 who, text; /* who it is, and its text */
} sibling;
typedef PT_VEC(sibling) siblings;

typedef struct matcher {
    const pt_facts *old, *new;
    pt_item_match *out;
} matcher;

static u64 hash_of(const pt_facts *f, u32 string) {
    pt_str text = pt_facts_string(f, string);
    return text.length ? pt_hash_bytes(text.data, text.length) : 0;
}

static u64 who(const pt_facts *f, u32 item) {
    const pt_item *t = &f->items[item];
    u64 h = hash_of(f, t->name) + pt_hash_u64(t->kind) + pt_hash_u64(hash_of(f, t->cfg) + 1);
    /* what has no name is told by its text: a header, a tree of uses */
    if (t->kind == PT_KIND_IMPL) h += pt_hash_u64(hash_of(f, t->signature) + 2);
    if (t->kind == PT_KIND_USE) h += pt_hash_u64(t->hash + 3);
    return h;
}

static bool same_string(const matcher *m, u32 old, u32 new) {
    return pt_str_equal(pt_facts_string(m->old, old), pt_facts_string(m->new, new));
}

static bool same_tree(const matcher *m, u32 old, u32 new, u32 depth) {
    if (!old || !new || depth > 200) return !old && !new;
    const pt_node *a = &m->old->nodes[old], *b = &m->new->nodes[new];
    if (a->kind != b->kind || a->op != b->op || a->flags != b->flags) return false;
    if (pt_node_is_named[a->kind] && !same_string(m, a->name, b->name)) return false;
    u32 x = a->child, y = b->child;
    for (; x && y; x = m->old->nodes[x].next, y = m->new->nodes[y].next)
        if (!same_tree(m, x, y, depth + 1)) return false;
    return !x && !y;
}

static bool same_segments(const matcher *m, u32 old, u32 new, u32 count) {
    for (u32 i = 0; i < count; i++)
        if (!same_string(m, m->old->segments[old + i], m->new->segments[new + i])) return false;
    return true;
}

static bool same_derives(const matcher *m, const pt_item *a, const pt_item *b) {
    if (a->derive_count != b->derive_count) return false;
    for (u32 i = 0; i < a->derive_count; i++) {
        const pt_derive *x = &m->old->derives[a->first_derive + i], *y = &m->new->derives[b->first_derive + i];
        if (x->segment_count != y->segment_count || x->is_global != y->is_global || !same_string(m, x->cfg, y->cfg) ||
            !same_segments(m, x->first_segment, y->first_segment, x->segment_count))
            return false;
    }
    return true;
}

/* `extra` is a string of these kinds and a number of others. */
static bool extra_is_string(u8 kind) { return kind == PT_KIND_MODULE || kind == PT_KIND_EXTERN_CRATE; }

static u32 compare(const matcher *m, u32 old, u32 new) {
    const pt_item *a = &m->old->items[old], *b = &m->new->items[new];
    u32 other = 0;
    if (a->hash != b->hash || a->column != b->column || a->written != b->written) other |= PT_OTHER_TEXT;
    if (!same_string(m, a->doc, b->doc)) other |= PT_OTHER_DOC;
    bool derives = same_derives(m, a, b);
    if (!derives) other |= PT_OTHER_DERIVES;
    bool same = a->visibility == b->visibility && a->flags == b->flags && a->attributes == b->attributes &&
                a->use_count == b->use_count && derives && same_string(m, a->signature, b->signature) &&
                (extra_is_string(a->kind) ? same_string(m, a->extra, b->extra) : a->extra == b->extra) &&
                !a->tree == !b->tree && (a->body_end > a->body_start) == (b->body_end > b->body_start);
    /* of the same text the trees are the same */
    if (same && a->hash != b->hash) same = same_tree(m, a->tree, b->tree, 0);
    for (u32 i = 0; same && a->hash != b->hash && i < a->use_count; i++) {
        const pt_use *x = &m->old->uses[a->first_use + i], *y = &m->new->uses[b->first_use + i];
        same = x->segment_count == y->segment_count && x->is_global == y->is_global && x->is_glob == y->is_glob &&
               x->only_type == y->only_type && same_string(m, x->name, y->name) &&
               same_segments(m, x->first_segment, y->first_segment, x->segment_count);
    }
    return same ? other : other | PT_OTHER_INTERFACE;
}

static void list(siblings *out, const pt_facts *f, u32 first, u32 end) {
    for (u32 i = first; i < end; i = f->items[i].subtree_end)
        if (!pt_vec_push(out, (sibling){i, who(f, i), f->items[i].hash})) return;
}

static void match_range(const matcher *m, u32 old, u32 old_end, u32 new, u32 new_end);

static void pair(const matcher *m, u32 old, u32 new) {
    m->out[new] = (pt_item_match){old, compare(m, old, new)};
    match_range(m, old + 1, m->old->items[old].subtree_end, new + 1, m->new->items[new].subtree_end);
}

/* The siblings of two ranges, and what is inside of them. */
static void match_range(const matcher *m, u32 old, u32 old_end, u32 new, u32 new_end) {
    while (old < old_end && new < new_end &&
           m->old->items[old].hash == m->new->items[new].hash &&who(m->old, old) ==
               who(m->new, new)) { /* nothing happened here */
        u32 next_old = m->old->items[old].subtree_end, next_new = m->new->items[new].subtree_end;
        pair(m, old, new);
        old = next_old;
        new = next_new;
    }
    if (old >= old_end || new >= new_end) return;
    siblings a = {0}, b = {0};
    list(&a, m->old, old, old_end);
    list(&b, m->new, new, new_end);
    while (a.count && b.count && a.data[a.count - 1].who == b.data[b.count - 1].who &&
           a.data[a.count - 1].text == b.data[b.count - 1].text)
        pair(m, a.data[--a.count].item, b.data[--b.count].item);
    for (u32 pass = 0; pass < 2; pass++) { /* of the same text first */
        u32 from = 0;
        for (u32 i = 0; i < b.count; i++) {
            if (b.data[i].item == PT_NONE) continue;
            for (u32 n = 0, k = from; n < a.count; n++, k = k + 1 < a.count ? k + 1 : 0) {
                if (a.data[k].item == PT_NONE || a.data[k].who != b.data[i].who ||
                    (!pass && a.data[k].text != b.data[i].text))
                    continue;
                pair(m, a.data[k].item, b.data[i].item);
                a.data[k].item = b.data[i].item = PT_NONE;
                from = k + 1 < a.count ? k + 1 : 0; /* most come in their order */
                break;
            }
        }
    }
    pt_vec_free(&a);
    pt_vec_free(&b);
}

bool pt_facts_match(pt_item_match *out, const pt_facts *old, const pt_facts *new) {
    matcher m = {old, new, out};
    for (u32 i = 0; i < new->header->item_count; i++) out[i] = (pt_item_match){PT_NONE, 0};
    match_range(&m, 0, old->header->item_count, 0, new->header->item_count);
    return !pt_alloc_failed();
}
