/* relink_impls.c: impls, members and supertraits after items came, went and changed. */
#include "resolve/relink_internal.h"

#include <stdlib.h>

/* Impls. */

static u32 *impl_slot(pt_world *w, u32 head, u32 trait) {
    if (w->impls.count * 2 > w->impl_table.count) return NULL; /* grown elsewhere */
    u32 mask = w->impl_table.count - 1, i = (u32)pt_hash_u64((u64)head << 32 | trait) & mask;
    for (; w->impl_table.data[i]; i = (i + 1) & mask) {
        const pt_impl *im = &w->impls.data[w->impl_table.data[i] - 1];
        if (im->trait == trait && pt_relink_head_of(im) == head) break;
    }
    return &w->impl_table.data[i];
}

static int impl_order(const pt_world *w, const pt_impl *a, const pt_impl *b) {
    if (a->is_derive != b->is_derive) return a->is_derive ? 1 : -1;
    int order = pt_def_order(w, a->def, b->def);
    return order ? order : a->derive < b->derive ? -1 : a->derive > b->derive;
}

static void chain_impl(relinker *x, u32 index) {
    pt_world *w = x->w;
    pt_impl *im = &w->impls.data[index];
    u32 head = pt_relink_head_of(im);
    im->next = PT_NONE;
    if (im->trait == PT_NO_DEF || head == PT_NO_DEF || im->is_negative) return;
    changed_key(x, PT_ASK_IMPLS, head, im->trait);
    /* it must not be found as itself: the chain it joins */
    u32 trait = im->trait;
    im->trait = PT_NO_DEF;
    u32 *slot = impl_slot(w, head, trait);
    im->trait = trait;
    if (!slot) return;
    u32 before = PT_NONE, at = *slot ? *slot - 1 : PT_NONE;
    while (at != PT_NONE && impl_order(w, &w->impls.data[at], im) < 0) before = at, at = w->impls.data[at].next;
    im->next = at;
    if (before == PT_NONE) *slot = index + 1;
    else w->impls.data[before].next = index;
}

static void unchain_impl(relinker *x, u32 index) {
    pt_world *w = x->w;
    pt_impl *im = &w->impls.data[index];
    u32 head = pt_relink_head_of(im);
    if (im->trait == PT_NO_DEF || head == PT_NO_DEF || im->is_negative) return;
    changed_key(x, PT_ASK_IMPLS, head, im->trait);
    u32 *slot = impl_slot(w, head, im->trait);
    if (!slot || !*slot) return;
    u32 before = PT_NONE, at = *slot - 1;
    while (at != PT_NONE && at != index) before = at, at = w->impls.data[at].next;
    if (at == PT_NONE) return;
    if (before != PT_NONE) w->impls.data[before].next = im->next;
    else if (im->next != PT_NONE) *slot = im->next + 1;
    /* else the slot keeps pointing at it: an impl of nothing, passed over */
    im->next = PT_NONE;
}

/* impls_by_head: sorted by (head, index). */
static u32 by_head_place(const pt_world *w, u32 head, u32 index) {
    u32 low = 0, high = w->impls_by_head.count;
    while (low < high) {
        u32 middle = (low + high) / 2, other = w->impls_by_head.data[middle], h = w->impls.data[other].head;
        if (h < head || (h == head && other < index)) low = middle + 1;
        else high = middle;
    }
    return low;
}
static void list_impl(pt_world *w, u32 index) {
    u32 at = by_head_place(w, w->impls.data[index].head, index);
    if (!pt_vec_reserve(&w->impls_by_head, (u64)w->impls_by_head.count + 1)) return;
    memmove(w->impls_by_head.data + at + 1, w->impls_by_head.data + at, (w->impls_by_head.count - at) * sizeof(u32));
    w->impls_by_head.data[at] = index;
    w->impls_by_head.count++;
}
static void unlist_impl(pt_world *w, u32 index) {
    u32 at = by_head_place(w, w->impls.data[index].head, index);
    if (at >= w->impls_by_head.count || w->impls_by_head.data[at] != index) return;
    w->impls_by_head.count--;
    memmove(w->impls_by_head.data + at, w->impls_by_head.data + at + 1, (w->impls_by_head.count - at) * sizeof(u32));
}

void pt_relink_remove_impl(relinker *x, u32 index) {
    unlist_impl(x->w, index);
    unchain_impl(x, index);
    pt_impl *im = &x->w->impls.data[index];
    im->head = im->trait = PT_NO_DEF;
    im->is_blanket = false;
}

static void grow_impl_table(pt_world *w) {
    u32 size = w->impl_table.count * 2;
    if (!pt_vec_reserve(&w->impl_table, size)) return;
    memset(w->impl_table.data, 0, size * sizeof(u32));
    w->impl_table.count = size;
    PT_VEC(u8) inner = {0}; /* those that another one's chain leads to */
    if (!pt_vec_reserve(&inner, (u64)w->impls.count + 1)) return;
    memset(inner.data, 0, w->impls.count + 1);
    for (u32 i = 0; i < w->impls.count; i++)
        if (w->impls.data[i].next != PT_NONE) inner.data[w->impls.data[i].next] = 1;
    for (u32 i = 0; i < w->impls.count; i++) {
        const pt_impl *im = &w->impls.data[i];
        u32 head = pt_relink_head_of(im);
        if (inner.data[i] || im->trait == PT_NO_DEF || head == PT_NO_DEF || im->is_negative) continue;
        u32 at = (u32)pt_hash_u64((u64)head << 32 | im->trait) & (size - 1);
        while (w->impl_table.data[at]) at = (at + 1) & (size - 1);
        w->impl_table.data[at] = i + 1;
    }
    pt_vec_free(&inner);
}

void pt_relink_add_impl(relinker *x, pt_impl im) {
    pt_world *w = x->w;
    u32 index = w->impls.count;
    if (!pt_vec_push(&w->impls, im)) return;
    if (w->impls.count * 2 > w->impl_table.count) {
        w->impls.data[index].trait = PT_NO_DEF; /* not in it yet */
        w->impls.data[index].next = PT_NONE;
        grow_impl_table(w);
    }
    pt_impl_resolve(w, &w->impls.data[index]);
    list_impl(w, index);
    chain_impl(x, index);
    if (im.is_derive) return;
    u32 place = im.def - w->late_def;
    if (!pt_vec_reserve(&w->late_impls, (u64)place + 1)) return;
    while (w->late_impls.count <= place) w->late_impls.data[w->late_impls.count++] = 0;
    w->late_impls.data[place] = index + 1;
}

void pt_relink_drop_derives(relinker *x, u32 def) {
    pt_world *w = x->w;
    u32 count;
    const u32 *list = pt_impls_of_head(w, def, &count);
    PT_VEC(u32) gone = {0};
    for (u32 i = 0; i < count; i++)
        if (w->impls.data[list[i]].is_derive && w->impls.data[list[i]].def == def) pt_vec_push(&gone, list[i]);
    for (u32 i = 0; i < gone.count; i++) pt_relink_remove_impl(x, gone.data[i]);
    pt_vec_free(&gone);
}

void pt_relink_add_derives(relinker *x, u32 def) {
    pt_world *w = x->w;
    const pt_item *t = pt_def_item(w, def);
    for (u32 k = 0; (w->defs.data[def].flags & PT_DEF_ABSENT) == 0 && k < t->derive_count; k++)
        pt_relink_add_impl(x, (pt_impl){.def = def,
                                        .head = def,
                                        .trait = PT_NO_DEF,
                                        .is_derive = true,
                                        .derive = t->first_derive + k,
                                        .has_trait = true,
                                        .next = PT_NONE});
}

/* Members. */

static u32 member_class(const pt_world *w, const pt_member *m) {
    if (pt_def_instance(w, m->def)->call != PT_NO_DEF &&
        w->defs.data[m->def].parent == pt_def_instance(w, m->def)->module)
        return 1; /* made by a macro in its impl or trait */
    return m->impl == PT_NONE ? 2 : 0;
}

static int member_order(const pt_world *w, const pt_member *a, const pt_member *b) {
    u32 x = member_class(w, a), y = member_class(w, b);
    return x != y ? (x < y ? -1 : 1) : pt_def_order(w, a->def, b->def);
}

static u32 *member_slot(pt_world *w, u32 head, u32 name) {
    u32 mask = w->member_table.count - 1, i = (u32)pt_hash_u64((u64)head << 32 | name) & mask;
    for (; w->member_table.data[i]; i = (i + 1) & mask) {
        const pt_member *m = &w->members.data[w->member_table.data[i]];
        if (m->head == head && m->name == name) break;
    }
    return &w->member_table.data[i];
}

static void grow_member_table(pt_world *w) {
    u32 size = w->member_table.count * 2;
    PT_VEC(u8) inner = {0};
    if (!pt_vec_reserve(&w->member_table, size) || !pt_vec_reserve(&inner, (u64)w->members.count + 1)) return;
    memset(w->member_table.data, 0, size * sizeof(u32));
    w->member_table.count = size;
    memset(inner.data, 0, w->members.count + 1);
    for (u32 m = 1; m < w->members.count; m++)
        if (w->members.data[m].next) inner.data[w->members.data[m].next] = 1;
    for (u32 m = 1; m < w->members.count; m++) {
        const pt_member *x = &w->members.data[m];
        if (inner.data[m] || x->head == PT_NO_DEF) continue;
        u32 i = (u32)pt_hash_u64((u64)x->head << 32 | x->name) & (size - 1);
        while (w->member_table.data[i]) i = (i + 1) & (size - 1);
        w->member_table.data[i] = m;
    }
    pt_vec_free(&inner);
}

static void add_member(relinker *x, pt_member m) {
    pt_world *w = x->w;
    if (m.head == PT_NO_DEF) return;
    changed_key(x, PT_ASK_MEMBER, m.head, m.name);
    if ((w->members.count + 1) * 2 > w->member_table.count) grow_member_table(w);
    u32 *slot = member_slot(w, m.head, m.name), index = w->members.count, before = 0, at = *slot;
    while (at && member_order(w, &w->members.data[at], &m) < 0) before = at, at = w->members.data[at].next;
    m.next = at;
    if (!pt_vec_push(&w->members, m)) return;
    if (before) w->members.data[before].next = index;
    else *slot = index;
}

static void remove_member(relinker *x, u32 head, u32 name, u32 def) {
    pt_world *w = x->w;
    if (head == PT_NO_DEF) return;
    changed_key(x, PT_ASK_MEMBER, head, name);
    u32 *slot = member_slot(w, head, name), before = 0, at = *slot;
    while (at && w->members.data[at].def != def) before = at, at = w->members.data[at].next;
    if (!at) return;
    pt_member *m = &w->members.data[at];
    if (before) w->members.data[before].next = m->next;
    else if (m->next) *slot = m->next;
    /* else the slot keeps pointing at it: a member of nothing */
    m->head = PT_NO_DEF;
    m->next = 0;
}

static bool is_member_kind(u8 kind) {
    return kind == PT_KIND_METHOD || kind == PT_KIND_ASSOC_CONST || kind == PT_KIND_ASSOC_TYPE;
}

/* Everything that is found through what a definition is in. */
void pt_relink_member(relinker *x, u32 def, u32 head, bool came) {
    pt_world *w = x->w;
    u32 parent = w->defs.data[def].parent, name = w->defs.data[def].name;
    u8 around = w->defs.data[parent].kind;
    bool top = pt_def_instance(w, def)->call != PT_NO_DEF && pt_def_instance(w, def)->module == parent;
    if (around == PT_KIND_IMPL) {
        if (!top && !is_member_kind(w->defs.data[def].kind)) return;
        u32 impl = pt_impl_of(w, parent);
        if (came && impl != PT_NONE) add_member(x, (pt_member){head, name, def, impl, 0});
        if (!came) remove_member(x, head, name, def);
    } else if (around == PT_KIND_TRAIT) {
        if (came) add_member(x, (pt_member){parent, name, def, PT_NONE, 0});
        else remove_member(x, parent, name, def);
        if (came) add_member(x, (pt_member){PT_TRAIT_HEAD, name, def, PT_NONE, 0});
        else remove_member(x, PT_TRAIT_HEAD, name, def);
    }
}

u32 pt_relink_head_around(const pt_world *w, u32 def) {
    u32 impl = pt_impl_of(w, w->defs.data[def].parent);
    return w->defs.data[w->defs.data[def].parent].kind == PT_KIND_IMPL && impl != PT_NONE
               ? pt_relink_head_of(&w->impls.data[impl])
               : (u32)PT_NO_DEF;
}

/* An impl whose header means something else: its members are another head's. */
static void move_impl(relinker *x, u32 index, const pt_impl *now) {
    pt_world *w = x->w;
    u32 def = w->impls.data[index].def, from = pt_relink_head_of(&w->impls.data[index]), to = pt_relink_head_of(now);
    PT_VEC(u32) members = {0};
    for (u32 m = 1; m < w->members.count; m++)
        if (w->members.data[m].impl == index && w->members.data[m].head == from)
            pt_vec_push(&members, w->members.data[m].def);
    for (u32 i = 0; i < members.count; i++) remove_member(x, from, w->defs.data[members.data[i]].name, members.data[i]);
    unlist_impl(w, index);
    unchain_impl(x, index);
    w->impls.data[index].head = now->head;
    w->impls.data[index].trait = now->trait;
    w->impls.data[index].is_blanket = now->is_blanket;
    w->impls.data[index].of_reference = now->of_reference;
    list_impl(w, index);
    chain_impl(x, index);
    if (from == PT_NO_DEF && to != PT_NO_DEF) whole(x, "an impl's type is known now"); /* its members are not listed */
    for (u32 i = 0; i < members.count; i++)
        add_member(x, (pt_member){to, w->defs.data[members.data[i]].name, members.data[i], index, 0});
    pt_vec_free(&members);
    changed_key(x, PT_ASK_INTERFACE, def, 0);
    pt_vec_push(&x->c->defs,
                (pt_changed_def){def, PT_OTHER_INTERFACE | PT_OTHER_DOC, pt_item_has_body(pt_def_item(w, def))});
    pt_vec_push(&x->c->moved, (pt_moved_impl){def, from});
    const pt_instance *in = pt_def_instance(w, def);
    const pt_facts *f = &w->files.data[in->file].facts;
    for (u32 k = w->defs.data[def].item + 1; k < f->items[w->defs.data[def].item].subtree_end; k++)
        pt_vec_push(&x->c->defs, (pt_changed_def){pt_item_def(in, k), PT_OTHER_INTERFACE | PT_OTHER_DOC,
                                                  pt_item_has_body(&f->items[k])});
}

static void header_asker(void *payload, u32 def, bool own) {
    relinker *x = payload;
    u8 kind = x->w->defs.data[def].kind;
    if (!own || (x->w->defs.data[def].flags & PT_DEF_ABSENT) || has_bit(&x->asking, def)) return;
    put_bit(&x->asking, def); /* each once: an alias asks for itself, too */
    if (kind == PT_KIND_IMPL) pt_vec_push(&x->impls, def);
    else if (kind == PT_KIND_TRAIT) pt_vec_push(&x->traits, def);
    else if (kind == PT_KIND_TYPE_ALIAS) changed_key(x, PT_ASK_INTERFACE, def, 0);
}

static int by_u32(const void *a, const void *b) {
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

/* Impls, traits and type aliases that asked what has another answer now; what aliases stand for is asked for in turn. */
void pt_relink_find_headers(relinker *x, u32 first) {
    for (u32 i = 0; i < first; i++) /* those of earlier rounds have not asked yet */
        if (x->c->defs.data[i].other & PT_DEF_ADDED) header_asker(x, x->c->defs.data[i].def, true);
    for (u32 round = 0; x->c->asked_keys < x->c->keys.count && round < MOST_ROUNDS; round++) {
        u32 count = x->c->keys.count - x->c->asked_keys;
        u32 *keys = pt_malloc(count * sizeof *keys);
        if (!keys) return;
        memcpy(keys, x->c->keys.data + x->c->asked_keys, count * sizeof *keys);
        qsort(keys, count, sizeof *keys, by_u32);
        x->c->asked_keys = x->c->keys.count;
        pt_questions_askers(x->w->questions, keys, count, header_asker, x);
        pt_free(keys);
    }
}

/* Impls whose headers may mean something else, and derives that bear the name of what does. */
void pt_relink_headers(relinker *x) {
    pt_world *w = x->w;
    for (u32 k = 0; k < x->impls.count && !x->c->whole; k++) {
        u32 i = pt_impl_of(w, x->impls.data[k]);
        if (i == PT_NONE) continue;
        pt_impl now = w->impls.data[i];
        const pt_file *f = pt_def_file(w, now.def);
        const pt_item *t = pt_def_item(w, now.def);
        now.trait = now.head = PT_NO_DEF;
        now.is_blanket = false;
        for (u32 c = t->tree ? f->facts.nodes[t->tree].child : 0; c; c = f->facts.nodes[c].next)
            if (f->facts.nodes[c].kind == PT_N_MACRO_CALL) whole(x, "an impl of a type that a macro names");
        pt_impl_resolve(w, &now);
        if (now.head != w->impls.data[i].head || now.trait != w->impls.data[i].trait ||
            now.is_blanket != w->impls.data[i].is_blanket)
            move_impl(x, i, &now);
        else pt_vec_push(&x->c->defs, (pt_changed_def){now.def, PT_OTHER_DOC, false}); /* it may be told otherwise */
    }
    for (u32 i = x->other.count ? 0 : w->impls.count, count = w->impls.count; i < count && !x->c->whole; i++) {
        pt_impl now = w->impls.data[i];
        if (!now.is_derive || now.head == PT_NO_DEF || now.def < w->external_def_count ||
            (w->defs.data[now.def].flags & (PT_DEF_ABSENT | PT_DEF_EXTERNAL)))
            continue;
        const pt_file *f = pt_def_file(w, now.def);
        const pt_derive *d = &f->facts.derives[now.derive];
        bool hit = false;
        for (u32 s = 0; s < d->segment_count && !hit; s++)
            hit = has_bit(&x->other, f->symbols[f->facts.segments[d->first_segment + s]]);
        if (!hit) continue;
        now.trait = PT_NO_DEF;
        pt_impl_resolve(w, &now);
        if (now.trait == w->impls.data[i].trait) continue;
        unchain_impl(x, i);
        w->impls.data[i].trait = now.trait;
        chain_impl(x, i);
        pt_vec_push(&x->c->defs,
                    (pt_changed_def){now.def, PT_OTHER_INTERFACE, pt_item_has_body(pt_def_item(w, now.def))});
    }
}

/* Traits. */

void pt_relink_supertraits(relinker *x) {
    pt_world *w = x->w;
    PT_VEC(u32) again = {0};
    for (u32 i = 0; i < x->c->defs.count; i++) {
        const pt_changed_def *c = &x->c->defs.data[i];
        if (w->defs.data[c->def].kind == PT_KIND_TRAIT && (c->other & (PT_DEF_ADDED | PT_OTHER_INTERFACE)))
            pt_vec_push(&again, c->def);
    }
    for (u32 i = 0; i < x->traits.count; i++) pt_vec_push(&again, x->traits.data[i]);
    for (u32 i = 0; i < again.count; i++) /* and those that extend them */
        for (u32 r = 0; r < w->supertraits.count; r += w->supertraits.data[r + 1] + 2)
            for (u32 k = 1; k < w->supertraits.data[r + 1]; k++) {
                u32 trait = w->supertraits.data[r];
                bool known = w->supertraits.data[r + 2 + k] != again.data[i] || trait == PT_NO_DEF ||
                             trait < w->external_def_count || (w->defs.data[trait].flags & PT_DEF_ABSENT);
                for (u32 n = 0; n < again.count && !known; n++) known = again.data[n] == trait;
                if (!known) pt_vec_push(&again, trait);
            }
    for (u32 i = 0; i < again.count; i++)
        if (pt_supertraits_again(w, again.data[i])) changed_key(x, PT_ASK_SUPERTRAITS, again.data[i], 0);
    pt_vec_free(&again);
}
