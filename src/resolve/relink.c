#include "resolve/expand.h"
#include "resolve/relink_internal.h"

#include <stdlib.h>

static bool is_affected(const relinker *x, u32 module, u32 name) {
    if (!x->table.count) return false;
    u32 mask = x->table.count - 1;
    for (u32 at = (u32)pt_hash_u64((u64)module << 32 | name) & mask; x->table.data[at]; at = (at + 1) & mask) {
        const pt_scope_key *k = &x->names.data[x->table.data[at] - 1].key;
        if (k->module == module && k->name == name) return true;
    }
    return false;
}

static void affect(relinker *x, u32 module, u32 name) {
    if (is_affected(x, module, name)) return;
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
    while (x->table.data[at]) at = (at + 1) & mask;
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

bool pt_relink_asked_begin(relinker *x) {
    if (!x->asked && !(x->asked = pt_calloc(1, sizeof *x->asked))) return false;
    x->asked->keys.count = 0;
    pt_asked_begin(x->asked);
    x->w->asked = x->asked;
    return true;
}

bool pt_relink_asked_end(relinker *x, const void *keys) {
    x->w->asked = NULL;
    for (u32 i = 0; i < x->asked->keys.count; i++)
        if (has_bit(keys, x->asked->keys.data[i] & KEY_BITS)) return true;
    return false;
}

/* Does the path of an import go through an affected name? The names are still what they were. */
static bool asks_affected(relinker *x, const pt_import *im) {
    if (!pt_relink_asked_begin(x)) return true;
    pt_import_ask(x->w, im);
    return pt_relink_asked_end(x, &x->keys);
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

static int by_module(const void *a, const void *b) {
    const pt_scope_key *x = a, *y = b;
    return x->module < y->module ? -1 : x->module > y->module;
}

/* What globs bring in, from scopes that are as they were. */
static void make_glob_names(relinker *x) {
    pt_world *w = x->w;
    u32 count = x->names.count;
    pt_scope_key *keys = pt_malloc(((size_t)count + 1) * sizeof *keys);
    if (!keys) return;
    for (u32 k = 0; k < count; k++) keys[k] = x->names.data[k].key;
    qsort(keys, count, sizeof *keys, by_module);
    for (u32 i = 0; i < w->globs.count; i++) {
        const pt_glob g = w->globs.data[i];
        u32 low = 0, high = count;
        if (g.source == PT_NO_DEF) continue;
        while (low < high) {
            u32 middle = (low + high) / 2;
            if (keys[middle].module < g.importer) low = middle + 1;
            else high = middle;
        }
        for (u32 k = low; k < count && keys[k].module == g.importer; k++) {
            u32 name = keys[k].name;
            if (name == w->known.underscore) continue;
            for (u32 ns = 0; ns < PT_NS_COUNT; ns++)
                for (u32 b = pt_scope_lookup(w, g.source, name, ns); b; b = w->bindings.data[b].next) {
                    if (pt_is_visible(w, w->bindings.data[b].visible, g.importer))
                        pt_scope_define(w, g.importer, name, pt_glob_copy(w, b, i + 1));
                }
        }
    }
    pt_free(keys);
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
        /* what changed may have had no name before: a macro that is exported now */
        if (!(x->c->defs.data[i].other & (PT_DEF_ADDED | PT_OTHER_INTERFACE)) ||
            (w->defs.data[def].flags & PT_DEF_ABSENT))
            continue;
        u8 kind = w->defs.data[def].kind;
        if (kind != PT_KIND_USE && kind != PT_KIND_MACRO_CALL && kind != PT_KIND_BLOCK && kind != PT_KIND_IMPL &&
            pt_kind_has_scope(w->defs.data[w->defs.data[def].parent].kind))
            pt_vec_push(&locals, def);
    }
    if (locals.count) qsort_r(locals.data, locals.count, sizeof(u32), by_order, w);
    for (u32 i = 0; i < locals.count; i++)
        if (!i || locals.data[i - 1] != locals.data[i]) pt_world_define_name(w, locals.data[i]);
    pt_vec_free(&locals);
    make_glob_names(x);
    for (u32 i = 0; i < w->named_imports.count; i++) {
        const pt_import *im = &w->named_imports.data[i];
        bool again = x->taken.data[i / 8] >> (i % 8) & 1;
        u32 name = im->name;
        if (again || (has_symbol(x, name) && is_affected(x, im->module, name))) pt_vec_push(&x->imports, i);
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

static bool same_binding(const pt_binding *a, const pt_binding *b) {
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
                bool as_before = at < a->count && same_binding(&x->before.data[a->first + at], &w->bindings.data[b]);
                same = same && as_before;
                macro = macro || (!as_before && ns == PT_NS_MACRO);
            }
        same = same && at == a->count;
        for (u32 k = at; k < a->count; k++) macro = macro || x->before.data[a->first + k].ns == PT_NS_MACRO;
        if (macro) pt_vec_push(&x->bound, a->key.name);
        if (same) continue;
        put_bit(&x->changed, pt_question(PT_ASK_NAME, a->key.module, a->key.name) & KEY_BITS);
        changed_key(x, PT_ASK_NAME, a->key.module, a->key.name);
        put_bit(&x->other, a->key.name);
    }
}

/* Globs. */

static void glob_came(relinker *x, const pt_import *im) {
    pt_world *w = x->w;
    u32 source = pt_glob_source(w, im), visible = pt_import_visibility(w, im);
    if (source == PT_NO_DEF) return; /* of nothing, until its name comes: check_globs */
    for (u32 i = 0; i < w->glob_imports.count; i++) {
        pt_import *own = &w->glob_imports.data[i];
        if (own->instance == im->instance && own->use == im->use) own->target = source, own->visible = visible;
    }
    if (pt_def_is_external_path(source) || (w->defs.data[source].flags & PT_DEF_UNKNOWN_GLOB)) {
        bool is_new = false; /* nobody has asked a module that came just now */
        for (u32 i = 0; i < x->c->defs.count && !is_new; i++)
            is_new = x->c->defs.data[i].def == im->module && (x->c->defs.data[i].other & PT_DEF_ADDED);
        if (!is_new) {
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
    if (!there && pt_vec_push(&w->globs, (pt_glob){source, im->module, visible, im->cfg, w->glob_heads.data[source],
                                                   pt_import_def(w, im)}))
        w->glob_heads.data[source] = w->globs.count;
}

static void glob_went(relinker *x, const pt_gone_glob *gone) {
    pt_world *w = x->w;
    if (gone->source == PT_NO_DEF) return;
    if (pt_def_is_external_path(gone->source)) {
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
        if (!(im->letters & x->letters) || pt_glob_source(w, im) == im->target) continue;
        if (im->target == PT_NO_DEF) pt_vec_push(&x->c->new_globs, *im); /* for the next round */
        else whole(x, "a glob import brings in something else");
    }
}

/* One round: everything that came, went or changed since the last one. */
static void relink(relinker *x, u32 first) {
    pt_world *w = x->w;
    pt_changes *c = x->c;
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
            changed_key(x, PT_ASK_MEMBER, pt_relink_head_around(w, d.def), w->defs.data[d.def].name);
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
    c->new_globs.count = 0;
    check_globs(x);
named:;
    u32 end = c->defs.count;
    for (u32 i = first; i < end && !c->whole; i++) { /* what went first: the same may have come elsewhere */
        const pt_changed_def d = c->defs.data[i];
        if (d.other & PT_OTHER_DERIVES) pt_relink_drop_derives(x, d.def); /* they may be more than its file has now */
        if (!(d.other & PT_DEF_REMOVED)) continue;
        u8 kind = w->defs.data[d.def].kind;
        pt_relink_member(x, d.def, pt_relink_head_around(w, d.def), false);
        if (kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM || kind == PT_KIND_UNION) pt_relink_drop_derives(x, d.def);
    }
    for (u32 i = first; i < end && !c->whole; i++) {
        const pt_changed_def d = c->defs.data[i];
        u32 impl =
            d.other & PT_DEF_REMOVED && w->defs.data[d.def].kind == PT_KIND_IMPL ? pt_impl_of(w, d.def) : PT_NONE;
        if (impl == PT_NONE) continue;
        pt_vec_push(&c->moved, (pt_moved_impl){d.def, pt_relink_head_of(&w->impls.data[impl])});
        pt_relink_remove_impl(x, impl);
    }
    if (!c->whole) pt_relink_find_headers(x, first);
    if (!c->whole) pt_relink_headers(x);
    for (u32 i = first; i < end && !c->whole; i++) {
        const pt_changed_def d = c->defs.data[i];
        u8 kind = w->defs.data[d.def].kind;
        if (w->defs.data[d.def].flags & PT_DEF_ABSENT) continue;
        if (kind == PT_KIND_IMPL && d.other & PT_DEF_ADDED) {
            const pt_file *f = pt_def_file(w, d.def);
            u32 tree = pt_def_item(w, d.def)->tree;
            for (u32 n = tree ? f->facts.nodes[tree].child : 0; n; n = f->facts.nodes[n].next)
                if (f->facts.nodes[n].kind == PT_N_MACRO_CALL) whole(x, "an impl of a type that a macro names");
            pt_relink_add_impl(x, (pt_impl){.def = d.def, .head = PT_NO_DEF, .trait = PT_NO_DEF, .next = PT_NONE});
        }
        bool is_type = kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM || kind == PT_KIND_UNION;
        if (is_type && d.other & (PT_DEF_ADDED | PT_OTHER_DERIVES)) {
            pt_relink_drop_derives(x, d.def); /* told of twice */
            pt_relink_add_derives(x, d.def);
        }
    }
    for (u32 i = first; i < end && !c->whole; i++) {
        const pt_changed_def d = c->defs.data[i];
        if (d.other & PT_DEF_ADDED && !(w->defs.data[d.def].flags & PT_DEF_ABSENT))
            pt_relink_member(x, d.def, pt_relink_head_around(w, d.def), true);
    }
    if (!c->whole) pt_relink_supertraits(x);
    if (!c->whole) pt_relink_calls(x);
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
    pt_vec_free(&x->bound);
    pt_vec_free(&x->changed);
    pt_vec_free(&x->asking);
}

int pt_world_relink(pt_world *w, pt_changes *c) {
    u32 first = c->relinked;
    for (u32 round = 0; round < MOST_ROUNDS && !c->whole && !pt_alloc_failed(); round++) {
        u32 next = c->defs.count, calls = c->calls.count;
        relinker x = {.w = w, .c = c};
        relink(&x, first);
        first = next;
        pt_relink_mount_modules(&x);
        for (u32 i = 0; i < calls && !c->whole; i++) pt_relink_mount_call(&x, c->calls.data[i]);
        if (calls) {
            memmove(c->calls.data, c->calls.data + calls, (c->calls.count - calls) * sizeof(u32));
            c->calls.count -= calls;
        }
        free_relinker(&x);
        bool more = c->calls.count || c->names.count || c->gone_globs.count || c->new_globs.count || c->macros.count;
        for (u32 i = first; i < c->defs.count && !more; i++)
            more = c->defs.data[i].other & (PT_DEF_ADDED | PT_DEF_REMOVED | PT_OTHER_INTERFACE);
        if (more) continue;
        c->relinked = c->defs.count;
        return pt_alloc_failed() ? PT_ENOMEM : PT_OK;
    }
    if (!c->whole && !pt_alloc_failed()) c->whole = "macro calls go on and on";
    return pt_alloc_failed() ? PT_ENOMEM : PT_OK;
}
