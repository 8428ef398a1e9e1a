#include "resolve/relink.h"

#include "resolve/expand.h"
#include "resolve/impls.h"
#include "resolve/questions.h"

#include <stdlib.h>

enum { MOST_ROUNDS = 64, MOST_NAMES = 20000, KEY_BITS = (1 << 20) - 1 };

typedef struct affected {
    pt_scope_key key;
    u32 first, count; /* what it meant before: of `before` */
} affected;

typedef struct relinker {
    pt_world *w;
    pt_changes *c;
    PT_VEC(affected) names;
    PT_VEC(u32) table;         /* hash of a name -> its place in names + 1 */
    PT_VEC(pt_binding) before; /* bindings of the names before */
    u64 letters;               /* of the symbols, as pt_import.letters */
    PT_VEC(u8) symbols;        /* bitmap of their symbols */
    PT_VEC(u32) imports;       /* of named_imports: those to resolve again */
    PT_VEC(u8) taken;          /* bitmap of named_imports */
    struct pt_asked *asked;    /* by an import */
    PT_VEC(u8) keys;           /* bitmap, by hash: questions for the affected names */
    PT_VEC(u32) impls, traits; /* whose headers or bounds may mean something else */
    PT_VEC(u8) other;          /* bitmap of symbols: names that mean something else */
} relinker;

static void whole(relinker *x, const char *why) {
    if (!x->c->whole) x->c->whole = why;
}

static void changed_key(relinker *x, pt_question_kind kind, u32 a, u32 b) {
    pt_vec_push(&x->c->keys, pt_question(kind, a, b));
}

typedef PT_VEC(u8) bitmap;
static bool has_bit(const void *map, u32 bit) {
    const bitmap *b = map;
    return bit / 8 < b->count && (b->data[bit / 8] >> (bit % 8) & 1);
}
static void put_bit(void *map, u32 bit) {
    bitmap *b = map;
    if (bit / 8 >= b->count) {
        if (!pt_vec_reserve(b, (u64)bit / 8 + 4096)) return;
        memset(b->data + b->count, 0, b->capacity - b->count);
        b->count = b->capacity;
    }
    b->data[bit / 8] |= (u8)(1u << (bit % 8));
}
static bool has_symbol(const relinker *x, u32 symbol) { return has_bit(&x->symbols, symbol); }

static void affect(relinker *x, u32 module, u32 name) {
    if (x->names.count * 2 >= x->table.count) {
        u32 size = x->table.count ? x->table.count * 2 : 256;
        if (!pt_vec_reserve(&x->table, size)) return;
        memset(x->table.data, 0, size * sizeof(u32));
        x->table.count = size;
        for (u32 i = 0; i < x->names.count; i++) {
            const pt_scope_key *k = &x->names.data[i].key;
            u32 at = (u32)pt_hash_u64((u64)k->module << 32 | k->name) & (size - 1);
            while (x->table.data[at]) at = (at + 1) & (size - 1);
            x->table.data[at] = i + 1;
        }
    }
    u32 mask = x->table.count - 1, at = (u32)pt_hash_u64((u64)module << 32 | name) & mask;
    for (; x->table.data[at]; at = (at + 1) & mask) {
        const pt_scope_key *k = &x->names.data[x->table.data[at] - 1].key;
        if (k->module == module && k->name == name) return;
    }
    if (x->names.count >= MOST_NAMES) {
        whole(x, "too many names mean something else");
        return;
    }
    if (!pt_vec_push(&x->names, (affected){{module, name}, 0, 0})) return;
    x->table.data[at] = x->names.count;
    put_bit(&x->symbols, name);
    x->letters |= pt_macro_bit(name);
    put_bit(&x->keys, pt_question(PT_ASK_NAME, module, name) & KEY_BITS);
}

/* Names. */

static void names_of_def(relinker *x, u32 def) {
    const pt_def *d = &x->w->defs.data[def];
    if (d->kind == PT_KIND_USE || d->kind == PT_KIND_MACRO_CALL || d->kind == PT_KIND_BLOCK || d->kind == PT_KIND_IMPL)
        return;
    if (pt_kind_has_scope(x->w->defs.data[d->parent].kind)) affect(x, d->parent, d->name);
    if (d->kind == PT_KIND_MACRO) affect(x, x->w->crates.data[d->crate].root, d->name); /* where it may be exported */
}

/* Does the path of an import go through an affected name? The names are still what they were. */
static bool asks_affected(relinker *x, const pt_import *im) {
    if (!x->asked && !(x->asked = pt_calloc(1, sizeof *x->asked))) return true;
    x->asked->keys.count = 0;
    pt_asked_begin(x->asked);
    x->w->asked = x->asked;
    pt_import_ask(x->w, im);
    x->w->asked = NULL;
    for (u32 i = 0; i < x->asked->keys.count; i++)
        if (has_bit(&x->keys, x->asked->keys.data[i] & KEY_BITS)) return true;
    return false;
}

/* Whatever may see an affected name under another: globs, imports. */
static void close_names(relinker *x) {
    pt_world *w = x->w;
    u32 seen = 0;
    for (u32 round = 0; seen < x->names.count && round < MOST_ROUNDS && !x->c->whole && !pt_alloc_failed(); round++) {
        for (; seen < x->names.count && !x->c->whole; seen++) {
            pt_scope_key k = x->names.data[seen].key;
            if (k.name == w->known.underscore) continue;
            for (u32 g = k.module < w->glob_heads.count ? w->glob_heads.data[k.module] : 0; g;
                 g = w->globs.data[g - 1].next)
                affect(x, w->globs.data[g - 1].importer, k.name);
        }
        for (u32 i = 0; i < w->named_imports.count && !x->c->whole; i++) {
            const pt_import *im = &w->named_imports.data[i];
            if (!(im->letters & x->letters) || x->taken.data[i / 8] >> (i % 8) & 1) continue;
            const pt_file *f = &w->files.data[w->instances.data[im->instance].file];
            const pt_use *use = &f->facts.uses[im->use];
            bool hit = false;
            for (u32 s = 0; s < use->segment_count && !hit; s++)
                hit = has_symbol(x, f->symbols[f->facts.segments[use->first_segment + s]]);
            if (!hit || !asks_affected(x, im)) continue;
            x->taken.data[i / 8] |= (u8)(1u << (i % 8));
            affect(x, im->module, im->name);
        }
    }
    if (seen < x->names.count) whole(x, "names go round in circles");
}

static pt_scope_entry *entry_of(pt_world *w, u32 module, u32 name) {
    if (!w->scopes.count) return NULL;
    u32 mask = w->scopes.count - 1;
    for (u32 i = (u32)pt_hash_u64((u64)module << 32 | name) & mask;; i = (i + 1) & mask) {
        pt_scope_entry *e = &w->scopes.data[i];
        if (e->module == PT_NONE) return NULL;
        if (e->module == module && e->name == name) return e;
    }
}

static int by_order(const void *a, const void *b, void *world) {
    return pt_def_order(world, *(const u32 *)a, *(const u32 *)b);
}

/* The names as they are made anew: what stands in the scope itself, then globs, then imports until nothing changes. */
static void make_names(relinker *x) {
    pt_world *w = x->w;
    PT_VEC(u32) locals = {0};
    for (u32 i = 0; i < x->names.count; i++) {
        affected *a = &x->names.data[i];
        pt_scope_entry *e = entry_of(w, a->key.module, a->key.name);
        a->first = x->before.count;
        for (u32 ns = 0; e && ns < PT_NS_COUNT; ns++) {
            for (u32 b = e->bindings[ns]; b; b = w->bindings.data[b].next) {
                const pt_binding *x_ = &w->bindings.data[b];
                pt_vec_push(&x->before, *x_);
                if (!x_->is_import && !pt_def_is_external_path(x_->def) &&
                    !(w->defs.data[x_->def].flags & PT_DEF_ABSENT))
                    pt_vec_push(&locals, x_->def);
            }
            e->bindings[ns] = 0;
        }
        a->count = x->before.count - a->first;
    }
    for (u32 i = 0; i < x->c->defs.count; i++) {
        u32 def = x->c->defs.data[i].def;
        if (!(x->c->defs.data[i].other & PT_DEF_ADDED) || (w->defs.data[def].flags & PT_DEF_ABSENT)) continue;
        u8 kind = w->defs.data[def].kind;
        if (kind != PT_KIND_USE && kind != PT_KIND_MACRO_CALL && kind != PT_KIND_BLOCK && kind != PT_KIND_IMPL &&
            pt_kind_has_scope(w->defs.data[w->defs.data[def].parent].kind))
            pt_vec_push(&locals, def);
    }
    if (locals.count) qsort_r(locals.data, locals.count, sizeof(u32), by_order, w);
    for (u32 i = 0; i < locals.count; i++)
        if (!i || locals.data[i - 1] != locals.data[i]) pt_world_define_name(w, locals.data[i]);
    pt_vec_free(&locals);
    for (u32 i = 0; i < w->globs.count; i++) { /* from scopes that are as they were */
        const pt_glob g = w->globs.data[i];
        if (g.source == PT_NO_DEF) continue;
        for (u32 k = 0; k < x->names.count; k++) {
            if (x->names.data[k].key.module != g.importer) continue;
            u32 name = x->names.data[k].key.name;
            if (name == w->known.underscore) continue;
            for (u32 ns = 0; ns < PT_NS_COUNT; ns++)
                for (u32 b = pt_scope_lookup(w, g.source, name, ns); b; b = w->bindings.data[b].next) {
                    pt_binding copy = w->bindings.data[b];
                    if (!pt_is_visible(w, copy.visible, g.importer)) continue;
                    copy.next = 0;
                    copy.from_glob = copy.is_import = true;
                    copy.visible = g.visible;
                    copy.cfg = pt_both_cfgs(w, g.cfg, copy.cfg);
                    pt_scope_define(w, g.importer, name, copy);
                }
        }
    }
    for (u32 i = 0; i < w->named_imports.count; i++) {
        const pt_import *im = &w->named_imports.data[i];
        bool again = x->taken.data[i / 8] >> (i % 8) & 1;
        u32 name = im->name;
        if (!again && has_symbol(x, name))
            for (u32 k = 0; k < x->names.count && !again; k++)
                again = x->names.data[k].key.module == im->module && x->names.data[k].key.name == name;
        if (again) pt_vec_push(&x->imports, i);
    }
    pt_import *list = pt_malloc(((size_t)x->imports.count + 1) * sizeof *list);
    for (u32 i = 0; list && i < x->imports.count; i++) {
        list[i] = w->named_imports.data[x->imports.data[i]];
        list[i].done = 0;
        list[i].target = PT_NO_DEF;
    }
    bool again = list != NULL;
    for (u32 round = 0; again && round < MOST_ROUNDS; round++) {
        again = false;
        for (u32 pass = 0; pass < 2 && !again; pass++) /* first those that found nothing, as a world made anew does */
            for (u32 i = 0; i < x->imports.count; i++)
                if (list[i].done != 7 && (list[i].done != 0) == (pass == 1))
                    again |= pt_import_resolve(w, &list[i], false);
    }
    again = list != NULL; /* cfg twins that came after their name was imported */
    for (u32 round = 0; again && round < MOST_ROUNDS; round++) {
        again = false;
        for (u32 i = 0; i < x->imports.count; i++) {
            list[i].done = 0;
            again |= pt_import_resolve(w, &list[i], true);
        }
    }
    pt_free(list);
}

static bool same_binding(const pt_world *w, const pt_binding *a, const pt_binding *b) {
    (void)w;
    return a->def == b->def && a->visible == b->visible && a->cfg == b->cfg && a->ns == b->ns;
}

/* Which names mean something else. */
static void compare_names(relinker *x) {
    pt_world *w = x->w;
    for (u32 i = 0; i < x->names.count; i++) {
        const affected *a = &x->names.data[i];
        u32 at = 0;
        bool same = true, macro = false;
        for (u32 ns = 0; ns < PT_NS_COUNT; ns++)
            for (u32 b = pt_scope_lookup(w, a->key.module, a->key.name, ns); b; b = w->bindings.data[b].next, at++) {
                bool as_before = at < a->count && same_binding(w, &x->before.data[a->first + at], &w->bindings.data[b]);
                same = same && as_before;
                macro = macro || (!as_before && ns == PT_NS_MACRO);
            }
        same = same && at == a->count;
        for (u32 k = at; k < a->count; k++) macro = macro || x->before.data[a->first + k].ns == PT_NS_MACRO;
        if (macro) pt_vec_push(&x->c->macros, a->key.name);
        if (same) continue;
        changed_key(x, PT_ASK_NAME, a->key.module, a->key.name);
        put_bit(&x->other, a->key.name);
    }
}

/* Globs. */

static void glob_came(relinker *x, const pt_import *im) {
    pt_world *w = x->w;
    u32 source = pt_glob_source(w, im), visible = pt_import_visibility(w, im);
    if (source == PT_NO_DEF || pt_def_is_external_path(source) || (w->defs.data[source].flags & PT_DEF_UNKNOWN_GLOB)) {
        bool is_new = false; /* nobody has asked a module that came just now */
        for (u32 i = 0; i < x->c->defs.count && !is_new; i++)
            is_new = x->c->defs.data[i].def == im->module && (x->c->defs.data[i].other & PT_DEF_ADDED);
        if (!is_new || source == PT_NO_DEF) {
            whole(x, "a glob import of something unknown came");
            return;
        }
        w->defs.data[im->module].flags |= PT_DEF_UNKNOWN_GLOB;
        if (pt_def_is_external_path(source)) return;
    }
    for (u32 k = source < w->name_heads.count ? w->name_heads.data[source] : 0; k; k = w->scope_names.data[k - 1].next)
        affect(x, im->module, w->scope_names.data[k - 1].name);
    bool there = source == im->module;
    if (w->glob_heads.count < w->defs.count) {
        if (!pt_vec_reserve(&w->glob_heads, (u64)w->defs.count + 1024)) return;
        memset(w->glob_heads.data + w->glob_heads.count, 0,
               (w->glob_heads.capacity - w->glob_heads.count) * sizeof(u32));
        w->glob_heads.count = w->glob_heads.capacity;
    }
    for (u32 g = w->glob_heads.data[source]; g && !there; g = w->globs.data[g - 1].next)
        there = w->globs.data[g - 1].importer == im->module && w->globs.data[g - 1].visible == visible;
    if (!there && pt_vec_push(&w->globs, (pt_glob){source, im->module, visible, im->cfg, w->glob_heads.data[source]}))
        w->glob_heads.data[source] = w->globs.count;
}

static void glob_went(relinker *x, const pt_gone_glob *gone) {
    pt_world *w = x->w;
    if (gone->source == PT_NO_DEF || pt_def_is_external_path(gone->source)) {
        whole(x, "a glob import of something unknown went");
        return;
    }
    for (u32 k = gone->source < w->name_heads.count ? w->name_heads.data[gone->source] : 0; k;
         k = w->scope_names.data[k - 1].next)
        affect(x, gone->module, w->scope_names.data[k - 1].name);
    for (u32 i = 0; i < w->glob_imports.count; i++) { /* another one says the same */
        const pt_import *im = &w->glob_imports.data[i];
        if (im->module == gone->module && im->target == gone->source && im->visible == gone->visible) return;
    }
    u32 before = 0;
    for (u32 g = gone->source < w->glob_heads.count ? w->glob_heads.data[gone->source] : 0; g;
         before = g, g = w->globs.data[g - 1].next) {
        pt_glob *glob = &w->globs.data[g - 1];
        if (glob->importer != gone->module || glob->visible != gone->visible) continue;
        if (before) w->globs.data[before - 1].next = glob->next;
        else w->glob_heads.data[gone->source] = glob->next;
        glob->source = glob->importer = PT_NO_DEF;
        return;
    }
}

/* Do all globs still bring in what they did? */
static void check_globs(relinker *x) {
    pt_world *w = x->w;
    for (u32 i = 0; i < w->glob_imports.count; i++) {
        const pt_import *im = &w->glob_imports.data[i];
        if ((im->letters & x->letters) && pt_glob_source(w, im) != im->target)
            whole(x, "a glob import brings in something else");
    }
}

/* Impls. */

static u32 head_of(const pt_impl *im) { return im->is_blanket ? PT_BLANKET_HEAD : im->head; }

static u32 *impl_slot(pt_world *w, u32 head, u32 trait) {
    if (w->impls.count * 2 > w->impl_table.count) return NULL; /* grown elsewhere */
    u32 mask = w->impl_table.count - 1, i = (u32)pt_hash_u64((u64)head << 32 | trait) & mask;
    for (; w->impl_table.data[i]; i = (i + 1) & mask) {
        const pt_impl *im = &w->impls.data[w->impl_table.data[i] - 1];
        if (im->trait == trait && head_of(im) == head) break;
    }
    return &w->impl_table.data[i];
}

static bool is_negative(const pt_world *w, const pt_impl *im) {
    return !im->is_derive && (pt_def_item(w, im->def)->flags & PT_F_NEGATIVE);
}

static int impl_order(const pt_world *w, const pt_impl *a, const pt_impl *b) {
    if (a->is_derive != b->is_derive) return a->is_derive ? 1 : -1;
    int order = pt_def_order(w, a->def, b->def);
    return order ? order : a->derive < b->derive ? -1 : a->derive > b->derive;
}

static void chain_impl(relinker *x, u32 index) {
    pt_world *w = x->w;
    pt_impl *im = &w->impls.data[index];
    u32 head = head_of(im);
    im->next = PT_NONE;
    if (im->trait == PT_NO_DEF || head == PT_NO_DEF || is_negative(w, im)) return;
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
    u32 head = head_of(im);
    if (im->trait == PT_NO_DEF || head == PT_NO_DEF || is_negative(w, im)) return;
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

static void remove_impl(relinker *x, u32 index) {
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
        u32 head = head_of(im);
        if (inner.data[i] || im->trait == PT_NO_DEF || head == PT_NO_DEF || is_negative(w, im)) continue;
        u32 at = (u32)pt_hash_u64((u64)head << 32 | im->trait) & (size - 1);
        while (w->impl_table.data[at]) at = (at + 1) & (size - 1);
        w->impl_table.data[at] = i + 1;
    }
    pt_vec_free(&inner);
}

static void add_impl(relinker *x, pt_impl im) {
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

static void derive_impls(relinker *x, u32 def, bool went) {
    pt_world *w = x->w;
    u32 count;
    const u32 *list = pt_impls_of_head(w, def, &count);
    PT_VEC(u32) gone = {0};
    for (u32 i = 0; went && i < count; i++)
        if (w->impls.data[list[i]].is_derive && w->impls.data[list[i]].def == def) pt_vec_push(&gone, list[i]);
    for (u32 i = 0; i < gone.count; i++) remove_impl(x, gone.data[i]);
    pt_vec_free(&gone);
    const pt_item *t = pt_def_item(w, def);
    for (u32 k = 0; (w->defs.data[def].flags & PT_DEF_ABSENT) == 0 && k < t->derive_count; k++)
        add_impl(x, (pt_impl){.def = def,
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
static void member_came_or_went(relinker *x, u32 def, u32 head, bool came) {
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

static u32 head_around(const pt_world *w, u32 def) {
    u32 impl = pt_impl_of(w, w->defs.data[def].parent);
    return w->defs.data[w->defs.data[def].parent].kind == PT_KIND_IMPL && impl != PT_NONE
               ? head_of(&w->impls.data[impl])
               : (u32)PT_NO_DEF;
}

/* An impl whose header means something else: its members are another head's. */
static void move_impl(relinker *x, u32 index, const pt_impl *now) {
    pt_world *w = x->w;
    u32 def = w->impls.data[index].def, from = head_of(&w->impls.data[index]), to = head_of(now);
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
    if (!own || (x->w->defs.data[def].flags & PT_DEF_ABSENT)) return;
    if (kind == PT_KIND_IMPL) pt_vec_push(&x->impls, def);
    else if (kind == PT_KIND_TRAIT) pt_vec_push(&x->traits, def);
    else if (kind == PT_KIND_TYPE_ALIAS) changed_key(x, PT_ASK_INTERFACE, def, 0);
}

static int by_u32(const void *a, const void *b) {
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

/* Impls, traits and type aliases that asked what has another answer now; what aliases stand for is asked for in turn. */
static void find_headers(relinker *x) {
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
static void check_headers(relinker *x) {
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

static void check_supertraits(relinker *x) {
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

/* Calls that came. */

static u32 target_of(const pt_world *w, u32 call) {
    u32 low = 0, high = w->call_targets.count / 2;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (w->call_targets.data[middle * 2] < call) low = middle + 1;
        else high = middle;
    }
    return low * 2 < w->call_targets.count && w->call_targets.data[low * 2] == call ? w->call_targets.data[low * 2 + 1]
                                                                                    : (u32)PT_NO_DEF;
}

/* call_targets: pairs, sorted by call. */
static void put_target(pt_world *w, u32 call, u32 target) {
    u32 low = 0, high = w->call_targets.count / 2;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (w->call_targets.data[middle * 2] < call) low = middle + 1;
        else high = middle;
    }
    u32 *pair = w->call_targets.data + (size_t)low * 2;
    if (low * 2 < w->call_targets.count && pair[0] == call) {
        pair[1] = target;
        return;
    }
    if (!pt_vec_reserve(&w->call_targets, (u64)w->call_targets.count + 2)) return;
    pair = w->call_targets.data + (size_t)low * 2;
    memmove(pair + 2, pair, (w->call_targets.count - low * 2) * sizeof(u32));
    pair[0] = call;
    pair[1] = target;
    w->call_targets.count += 2;
}

static void mount_call(relinker *x, u32 call) {
    pt_world *w = x->w;
    bool in_body = pt_def_item(w, call)->extra != 0;
    if (pt_def_impossible(w, call)) return;
    u32 target = pt_call_target(w, call);
    if (target == PT_NO_DEF) {
        if (!in_body) whole(x, "a call of an unknown macro came");
        return;
    }
    bool unknown = pt_def_is_external_path(target);
    if (!in_body) put_target(w, call, target);
    if (unknown && in_body) return;
    if (!unknown && w->defs.data[target].kind != PT_KIND_MACRO) return;
    if (!unknown && (pt_def_item(w, target)->attributes & PT_ATTR_BUILTIN_MACRO)) {
        if (pt_str_equal(pt_sym(w, w->defs.data[call].name), PT_STR("include"))) whole(x, "an include! came");
        return;
    }
    pt_expansion_text e;
    int code = pt_expand_call(w, &e, call, unknown ? (u32)PT_NO_DEF : target);
    if (code) {
        pt_expansion_text_free(&e);
        if (code != PT_ENOTFOUND) whole(x, "a macro's text can't be read");
        return;
    }
    const pt_facts_header *h = e.block;
    if (unknown && (h->error_count || !h->item_count)) {
        pt_expansion_text_free(&e);
        return;
    }
    const pt_file *to = &w->files.data[pt_def_instance(w, call)->file];
    u32 file = pt_world_add_noted(w, to->path, e.text, e.length, to->edition, PT_OK, e.block, e.size);
    if (file == PT_NONE) {
        pt_free(e.origins);
        return;
    }
    w->files.data[file].origins = e.origins;
    w->files.data[file].origin_count = e.origin_count;
    w->files.data[file].is_guess = w->files.data[file].is_verbatim = unknown;
    w->mounts_quietly = true;
    u32 instance = pt_mount_expansion(w, call, file);
    w->mounts_quietly = false;
    w->unmounted.count = 0;
    if (instance == PT_NONE) return;
    x->c->expanded++;
    pt_vec_push(&x->c->instances, instance);
    const pt_facts *f = &w->files.data[file].facts;
    for (u32 i = 0; i < f->header->item_count; i++) pt_item_came(w, x->c, pt_item_def(&w->instances.data[instance], i));
}

/* Calls by a name that may mean another macro, or one of another text. */
static void check_calls(relinker *x) {
    pt_world *w = x->w;
    PT_VEC(u8) named = {0};
    u32 most = 0;
    for (u32 i = 0; i < x->c->macros.count; i++) most = PT_MAX(most, x->c->macros.data[i]);
    if (!x->c->macros.count || !pt_vec_reserve(&named, (u64)most / 8 + 1)) return;
    memset(named.data, 0, most / 8 + 1);
    for (u32 i = 0; i < x->c->macros.count; i++) {
        u32 name = x->c->macros.data[i];
        named.data[name / 8] |= (u8)(1u << (name % 8));
        changed_key(x, PT_ASK_MACRO, name, 0);
    }
    for (u32 d = w->external_def_count, end = w->defs.count; d < end && !x->c->whole; d++) {
        const pt_def *call = &w->defs.data[d];
        if (call->kind != PT_KIND_MACRO_CALL || call->name > most ||
            !(named.data[call->name / 8] >> (call->name % 8) & 1) || (call->flags & (PT_DEF_ABSENT | PT_DEF_EXTERNAL)))
            continue;
        bool coming = false; /* told of already */
        for (u32 i = 0; i < x->c->calls.count && !coming; i++) coming = x->c->calls.data[i] == d;
        if (coming) continue;
        u32 target = pt_call_target(w, d);
        bool in_body = pt_def_item(w, d)->extra != 0, other = in_body || target != target_of(w, d);
        for (u32 i = 0; i < x->c->macro_defs.count && !other; i++) other = x->c->macro_defs.data[i] == target;
        if (!other) continue;
        if (!in_body) {
            if (target != PT_NO_DEF) put_target(w, d, target);
            else whole(x, "a macro that is called is no more");
            pt_vec_push(&x->c->defs, (pt_changed_def){d, PT_OTHER_TEXT, false});
        }
        pt_follow_call(w, x->c, d);
    }
    x->c->macros.count = x->c->macro_defs.count = 0;
    pt_vec_free(&named);
}

/* One round: everything that came, went or changed since the last one. */
static void relink(relinker *x, u32 first) {
    pt_world *w = x->w;
    pt_changes *c = x->c;
    u32 first_glob = w->glob_imports.count;
    for (u32 i = 0; i < c->names.count; i++) affect(x, c->names.data[i].module, c->names.data[i].name);
    c->names.count = 0;
    for (u32 i = first; i < c->defs.count; i++) {
        const pt_changed_def d = c->defs.data[i];
        u8 kind = w->defs.data[d.def].kind, around = w->defs.data[w->defs.data[d.def].parent].kind;
        if (!(d.other & (PT_DEF_ADDED | PT_DEF_REMOVED | PT_OTHER_INTERFACE))) continue;
        names_of_def(x, d.def);
        if (kind == PT_KIND_USE && (d.other & PT_DEF_ADDED)) {
            u32 named = w->named_imports.count, globs = w->glob_imports.count;
            pt_world_define(w, d.def);
            for (u32 k = named; k < w->named_imports.count; k++) {
                const pt_import *im = &w->named_imports.data[k];
                affect(x, im->module, im->name);
            }
            for (u32 k = globs; k < w->glob_imports.count; k++) pt_vec_push(&c->new_globs, w->glob_imports.data[k]);
        }
        if (d.other & PT_OTHER_INTERFACE) changed_key(x, PT_ASK_INTERFACE, d.def, 0);
        if (kind == PT_KIND_MACRO && d.other & PT_DEF_ADDED) pt_world_note_macro(w, d.def);
        if (kind == PT_KIND_FIELD || kind == PT_KIND_VARIANT)
            changed_key(x, PT_ASK_INTERFACE, w->defs.data[d.def].parent, 0);
        if (d.other & PT_OTHER_INTERFACE && around == PT_KIND_TRAIT) {
            changed_key(x, PT_ASK_MEMBER, w->defs.data[d.def].parent, w->defs.data[d.def].name);
            changed_key(x, PT_ASK_MEMBER, PT_TRAIT_HEAD, w->defs.data[d.def].name);
        }
        if (d.other & PT_OTHER_INTERFACE && around == PT_KIND_IMPL)
            changed_key(x, PT_ASK_MEMBER, head_around(w, d.def), w->defs.data[d.def].name);
        if (kind == PT_KIND_METHOD) changed_key(x, PT_ASK_NAMESAKES, w->defs.data[d.def].name, 0);
    }
    w->imports.count = 0;
    bool names = x->names.count || c->gone_globs.count || c->new_globs.count;
    if (!names) goto named; /* an edit of bodies */
    if (!pt_vec_reserve(&x->taken, (u64)w->named_imports.count / 8 + 1)) return;
    x->taken.count = w->named_imports.count / 8 + 1;
    memset(x->taken.data, 0, x->taken.count);
    for (u32 i = 0; i < c->gone_globs.count; i++) glob_went(x, &c->gone_globs.data[i]);
    close_names(x);
    for (u32 i = 0; i < c->new_globs.count && !c->whole; i++) glob_came(x, &c->new_globs.data[i]);
    close_names(x);
    c->gone_globs.count = 0;
    if (!c->whole && !pt_alloc_failed()) make_names(x);
    if (!c->whole && !pt_alloc_failed()) compare_names(x);
    for (u32 i = first_glob; i < w->glob_imports.count; i++) {
        w->glob_imports.data[i].target = pt_glob_source(w, &w->glob_imports.data[i]);
        w->glob_imports.data[i].visible = pt_import_visibility(w, &w->glob_imports.data[i]);
    }
    c->new_globs.count = 0;
    check_globs(x);
named:;
    u32 end = c->defs.count;
    for (u32 i = first; i < end && !c->whole; i++) { /* what went first: the same may have come elsewhere */
        const pt_changed_def d = c->defs.data[i];
        if (!(d.other & PT_DEF_REMOVED)) continue;
        u8 kind = w->defs.data[d.def].kind;
        member_came_or_went(x, d.def, head_around(w, d.def), false);
        if (kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM || kind == PT_KIND_UNION) derive_impls(x, d.def, true);
    }
    for (u32 i = first; i < end && !c->whole; i++) {
        const pt_changed_def d = c->defs.data[i];
        u32 impl =
            d.other & PT_DEF_REMOVED && w->defs.data[d.def].kind == PT_KIND_IMPL ? pt_impl_of(w, d.def) : PT_NONE;
        if (impl == PT_NONE) continue;
        pt_vec_push(&c->moved, (pt_moved_impl){d.def, head_of(&w->impls.data[impl])});
        remove_impl(x, impl);
    }
    if (!c->whole) find_headers(x);
    if (!c->whole) check_headers(x);
    for (u32 i = first; i < end && !c->whole; i++) {
        const pt_changed_def d = c->defs.data[i];
        u8 kind = w->defs.data[d.def].kind;
        if (w->defs.data[d.def].flags & PT_DEF_ABSENT) continue;
        if (kind == PT_KIND_IMPL && d.other & PT_DEF_ADDED) {
            const pt_file *f = pt_def_file(w, d.def);
            u32 tree = pt_def_item(w, d.def)->tree;
            for (u32 n = tree ? f->facts.nodes[tree].child : 0; n; n = f->facts.nodes[n].next)
                if (f->facts.nodes[n].kind == PT_N_MACRO_CALL) whole(x, "an impl of a type that a macro names");
            add_impl(x, (pt_impl){.def = d.def, .head = PT_NO_DEF, .trait = PT_NO_DEF, .next = PT_NONE});
        }
        bool is_type = kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM || kind == PT_KIND_UNION;
        if (is_type && d.other & (PT_DEF_ADDED | PT_OTHER_DERIVES)) derive_impls(x, d.def, !(d.other & PT_DEF_ADDED));
    }
    for (u32 i = first; i < end && !c->whole; i++) {
        const pt_changed_def d = c->defs.data[i];
        if (d.other & PT_DEF_ADDED && !(w->defs.data[d.def].flags & PT_DEF_ABSENT))
            member_came_or_went(x, d.def, head_around(w, d.def), true);
    }
    if (!c->whole) check_supertraits(x);
    if (!c->whole) check_calls(x);
}

/* Modules in files of their own: those that came, and those whose file came. */
static void mount_modules(relinker *x) {
    pt_world *w = x->w;
    pt_changes *c = x->c;
    for (u32 i = 0; i < c->modules.count && !c->whole; i++) {
        u32 module = c->modules.data[i];
        bool there = (w->defs.data[module].flags & PT_DEF_ABSENT) != 0;
        for (u32 k = 0; k < w->instances.count && !there; k++) /* told of twice: by its item and by its file */
            there = w->instances.data[k].module == module && w->instances.data[k].call == PT_NO_DEF &&
                    !w->instances.data[k].is_dead && k != w->defs.data[module].instance;
        if (there) continue;
        u32 files = w->files.count, instance = PT_NONE;
        int code = pt_world_mount_module(w, &instance, module);
        if (code) whole(x, "a module's file can't be read, or is a module of itself");
        if (code || instance == PT_NONE) continue;
        u32 file = w->instances.data[instance].file;
        bool known = file < files;
        for (u32 k = 0; k < c->new_files.count; k++) known = known || c->new_files.data[k] == file;
        if (known) { /* it may have been a file of the world, of no module since */
            known = false;
            for (u32 k = 0; k < w->instances.count && !known; k++)
                known = k != instance && w->instances.data[k].file == file && !w->instances.data[k].is_dead;
        }
        if (!known) pt_vec_push(&c->new_files, file);
        pt_vec_push(&c->instances, instance);
        const pt_facts *f = &w->files.data[file].facts;
        for (u32 k = 0; k < f->header->item_count; k++)
            pt_item_came(w, c, pt_item_def(&w->instances.data[instance], k));
    }
    c->modules.count = 0;
}

static void free_relinker(relinker *x) {
    pt_vec_free(&x->names);
    pt_vec_free(&x->table);
    pt_vec_free(&x->before);
    pt_vec_free(&x->symbols);
    pt_vec_free(&x->imports);
    pt_vec_free(&x->taken);
    pt_asked_free(x->asked);
    pt_free(x->asked);
    pt_vec_free(&x->keys);
    pt_vec_free(&x->impls);
    pt_vec_free(&x->traits);
    pt_vec_free(&x->other);
}

int pt_world_relink(pt_world *w, pt_changes *c) {
    u32 first = c->relinked;
    for (u32 round = 0; round < MOST_ROUNDS && !c->whole && !pt_alloc_failed(); round++) {
        u32 next = c->defs.count, calls = c->calls.count;
        relinker x = {.w = w, .c = c};
        relink(&x, first);
        first = next;
        mount_modules(&x);
        for (u32 i = 0; i < calls && !c->whole; i++) mount_call(&x, c->calls.data[i]);
        if (calls) {
            memmove(c->calls.data, c->calls.data + calls, (c->calls.count - calls) * sizeof(u32));
            c->calls.count -= calls;
        }
        free_relinker(&x);
        bool more = c->calls.count || c->names.count || c->gone_globs.count || c->macros.count;
        for (u32 i = first; i < c->defs.count && !more; i++)
            more = c->defs.data[i].other & (PT_DEF_ADDED | PT_DEF_REMOVED | PT_OTHER_INTERFACE);
        if (more) continue;
        c->relinked = c->defs.count;
        return pt_alloc_failed() ? PT_ENOMEM : PT_OK;
    }
    if (!c->whole && !pt_alloc_failed()) c->whole = "macro calls go on and on";
    return pt_alloc_failed() ? PT_ENOMEM : PT_OK;
}
