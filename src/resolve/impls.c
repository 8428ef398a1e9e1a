/* impls.c: whose impl of what: heads of impls, members by (head, name), language items. */
#include "resolve/impls.h"

#include "base/parallel.h"
#include "resolve/questions.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_ALIASES = 16, CHUNK = 256 };

u32 pt_generic_owner(const pt_world *w, u32 def, u32 name) {
    for (u32 d = def; d != PT_NO_DEF; d = w->defs.data[d].parent) {
        u8 kind = w->defs.data[d].kind;
        if (kind == PT_KIND_MODULE || kind == PT_KIND_CRATE) return PT_NO_DEF;
        const pt_item *item = pt_def_item(w, d);
        if (!item || !item->tree) continue;
        pt_ask_of(w, PT_ASK_INTERFACE, d, 0);
        const pt_file *f = pt_def_file(w, d);
        const pt_node *nodes = f->facts.nodes;
        for (u32 c = nodes[item->tree].child; c; c = nodes[c].next) {
            if (nodes[c].kind != PT_N_GENERICS) continue;
            for (u32 g = nodes[c].child; g; g = nodes[g].next)
                if (nodes[g].kind != PT_N_GENERIC_LIFETIME && f->symbols[nodes[g].name] == name) return d;
        }
        if (kind == PT_KIND_FN || (kind == PT_KIND_METHOD && d != def && w->defs.data[def].parent != d)) {
            /* items inside a fn do not see its generics */
            bool nested_item = d != def;
            for (u32 k = def; nested_item && k != d; k = w->defs.data[k].parent)
                if (w->defs.data[k].kind != PT_KIND_BLOCK) return PT_NO_DEF;
        }
    }
    return PT_NO_DEF;
}

u32 pt_tree_path_segments(const pt_file *file, u32 path, u32 *segments, u32 limit) {
    const pt_node *nodes = file->facts.nodes;
    u32 count = 0;
    for (u32 s = nodes[path].child; s && count < limit; s = nodes[s].next)
        if (nodes[s].kind == PT_N_SEGMENT) segments[count++] = file->symbols[nodes[s].name];
    return count;
}

static u32 path_head(pt_world *w, u32 def, const pt_file *file, u32 path, u32 ns_type_depth, bool *blanket);

u32 pt_type_head(pt_world *w, u32 def, const pt_file *file, u32 type, u32 depth, bool *blanket) {
    const pt_node *n = &file->facts.nodes[type];
    if (depth > MAX_ALIASES) return PT_NO_DEF;
    switch (n->kind) {
    case PT_N_TYPE_PATH: return path_head(w, def, file, n->child, depth, blanket);
    case PT_N_TYPE_REF: return pt_primitive(w, "&");
    case PT_N_TYPE_PTR: return pt_primitive(w, "*");
    case PT_N_TYPE_SLICE: return pt_primitive(w, "[]");
    case PT_N_TYPE_ARRAY: return pt_primitive(w, "[;]");
    case PT_N_TYPE_TUPLE: return pt_primitive(w, "()");
    case PT_N_TYPE_FN: return pt_primitive(w, "fn");
    case PT_N_TYPE_NEVER: return pt_primitive(w, "!");
    case PT_N_TYPE_DYN: {
        u32 bounds = n->child, bound = bounds ? file->facts.nodes[bounds].child : 0;
        for (; bound; bound = file->facts.nodes[bound].next)
            if (file->facts.nodes[bound].kind == PT_N_BOUND && file->facts.nodes[bound].child)
                return path_head(w, def, file, file->facts.nodes[bound].child, depth, blanket);
        return PT_NO_DEF;
    }
    default: return PT_NO_DEF;
    }
}

u32 pt_alias_head(pt_world *w, u32 def, u32 depth) {
    while (def != PT_NO_DEF && !pt_def_is_external_path(def) && w->defs.data[def].kind == PT_KIND_TYPE_ALIAS &&
           depth < MAX_ALIASES) {
        const pt_item *item = pt_def_item(w, def);
        const pt_file *file = pt_def_file(w, def);
        u32 type = 0;
        bool blanket = false;
        for (u32 c = item->tree ? file->facts.nodes[item->tree].child : 0; c; c = file->facts.nodes[c].next)
            if (pt_kind_is_type(file->facts.nodes[c].kind)) type = c;
        if (!type) return PT_NO_DEF;
        u32 next = pt_type_head(w, def, file, type, ++depth, &blanket);
        if (blanket || next == def) return PT_NO_DEF;
        def = next;
    }
    return def;
}

/* Of paths outside it is the name that tells, not what else is known of them just now. */
static bool is_module_of_std(const pt_world *w, u32 def, const char *primitive) {
    static const char *crates[] = {"std::", "core::", "alloc::"};
    pt_str path = pt_external_path(w, def);
    for (u32 i = 0; i < PT_COUNT_OF(crates); i++) {
        u32 n = (u32)strlen(crates[i]);
        if (pt_str_starts(path, pt_str_of(crates[i])) &&
            pt_str_equal((pt_str){path.data + n, path.length - n}, pt_str_of(primitive)))
            return true;
    }
    return false;
}

void pt_primitive_not_module(pt_world *w, pt_path_result *found, const u32 *segments, u32 count) {
    if (count != 1 || found->resolved != 1 || found->def == PT_NO_DEF) return;
    pt_str name = pt_sym(w, segments[0]);
    char text[8];
    if (!pt_is_primitive_name(name)) return;
    memcpy(text, name.data, name.length);
    text[name.length] = 0;
    if (!(pt_def_is_external_path(found->def) ? is_module_of_std(w, found->def, text)
                                              : w->defs.data[found->def].kind == PT_KIND_MODULE))
        return;
    found->def = pt_primitive(w, text);
    found->binding = 0;
}

static u32 path_head(pt_world *w, u32 def, const pt_file *file, u32 path, u32 depth, bool *blanket) {
    const pt_node *nodes = file->facts.nodes;
    u32 segments[32] = {0};
    if (!path || (nodes[path].child && nodes[nodes[path].child].kind == PT_N_QUALIFIED_SELF)) return PT_NO_DEF;
    u32 count = pt_tree_path_segments(file, path, segments, PT_COUNT_OF(segments));
    if (count == 1 &&
        segments[0] == w->known.self_upper) { /* inside an impl header: no meaning; inside bounds: the trait */
        for (u32 d = w->defs.data[def].parent; d != PT_NO_DEF; d = w->defs.data[d].parent)
            if (w->defs.data[d].kind == PT_KIND_TRAIT) return d;
        return PT_NO_DEF;
    }
    if (count == 1 && !nodes[path].op && pt_generic_owner(w, def, segments[0]) != PT_NO_DEF) {
        *blanket = true;
        return PT_NO_DEF;
    }
    pt_path_result r = {0};
    pt_resolve_path(w, &r, w->defs.data[def].parent == PT_NO_DEF ? def : w->defs.data[def].parent, segments, count,
                    nodes[path].op, PT_NS_TYPE);
    pt_primitive_not_module(w, &r, segments, count);
    if (r.def == PT_NO_DEF || r.resolved < count) return PT_NO_DEF;
    return pt_alias_head(w, r.def, depth);
}

static u32 find(pt_world *w, u32 crate, const char *path, u32 ns) {
    u32 segments[8] = {0}, count = 0;
    for (const char *at = path; *at && count < PT_COUNT_OF(segments);) {
        const char *end = strstr(at, "::");
        u32 n = end ? (u32)(end - at) : (u32)strlen(at);
        segments[count++] = pt_intern(w->names, (pt_str){at, n});
        at += n + (end ? 2 : 0);
    }
    pt_path_result r = {0};
    pt_resolve_path(w, &r, w->crates.data[crate].root, segments, count, false, ns);
    return r.resolved == count ? r.def : PT_NO_DEF;
}

/* The trait a derive implements. std's derives name a macro whose trait may not be in scope. */
static u32 derive_trait(pt_world *w, u32 def, const pt_file *file, const pt_derive *d) {
    static const struct {
        const char *name, *path;
    } standard[] = {{"Clone", "clone::Clone"},
                    {"Copy", "marker::Copy"},
                    {"Debug", "fmt::Debug"},
                    {"Default", "default::Default"},
                    {"Eq", "cmp::Eq"},
                    {"Hash", "hash::Hash"},
                    {"Ord", "cmp::Ord"},
                    {"PartialEq", "cmp::PartialEq"},
                    {"PartialOrd", "cmp::PartialOrd"}};
    u32 segments[16] = {0}, count = PT_MIN(d->segment_count, 16u), scope = w->defs.data[def].parent;
    for (u32 i = 0; i < count; i++) segments[i] = file->symbols[file->facts.segments[d->first_segment + i]];
    pt_path_result macro = {0}, type = {0};
    pt_resolve_path(w, &macro, scope, segments, count, d->is_global, PT_NS_MACRO);
    bool foreign = macro.def != PT_NO_DEF && macro.resolved == count &&
                   (pt_def_is_external_path(macro.def) || !(w->defs.data[macro.def].flags & PT_DEF_EXTERNAL));
    pt_str name = pt_sym(w, segments[count - 1]);
    for (u32 i = 0; !foreign && i < PT_COUNT_OF(standard); i++)
        if (pt_str_equal(name, pt_str_of(standard[i].name))) {
            if (!w->std_crate_count) {
                char path[64];
                snprintf(path, sizeof path, "core::%s", standard[i].path);
                return pt_external(w, pt_str_of(path), PT_KIND_TRAIT);
            }
            return find(w, 0, standard[i].path, PT_NS_TYPE);
        }
    pt_resolve_path(w, &type, scope, segments, count, d->is_global, PT_NS_TYPE);
    u32 trait = type.def != PT_NO_DEF && type.resolved == count ? type.def
                : foreign && pt_def_is_external_path(macro.def) ? macro.def
                                                                : PT_NO_DEF;
    if (trait != PT_NO_DEF && !pt_def_is_external_path(trait) && w->defs.data[trait].kind != PT_KIND_TRAIT)
        return PT_NO_DEF;
    if (trait != PT_NO_DEF) pt_external_evidence(w, trait, PT_KIND_TRAIT);
    return trait;
}

void pt_impl_resolve(pt_world *w, pt_impl *im) {
    const pt_item *item = pt_def_item(w, im->def);
    const pt_file *file = pt_def_file(w, im->def);
    if (im->is_derive) {
        im->trait = derive_trait(w, im->def, file, &file->facts.derives[im->derive]);
        return;
    }
    const pt_node *nodes = file->facts.nodes;
    im->is_negative = item->flags & PT_F_NEGATIVE;
    for (u32 c = item->tree ? nodes[item->tree].child : 0; c; c = nodes[c].next) {
        bool blanket = false;
        if (nodes[c].kind == PT_N_IMPL_TRAIT && nodes[c].child) {
            im->trait = path_head(w, im->def, file, nodes[c].child, 0, &blanket);
            if (im->trait != PT_NO_DEF) pt_external_evidence(w, im->trait, PT_KIND_TRAIT);
            im->has_trait = true;
        } else if (nodes[c].kind == PT_N_MACRO_CALL) {
            continue; /* told before, by header_macros */
        } else if (pt_kind_is_type(nodes[c].kind)) {
            im->head = pt_type_head(w, im->def, file, c, 0, &im->is_blanket);
            im->of_reference = nodes[c].kind == PT_N_TYPE_REF || nodes[c].kind == PT_N_TYPE_PTR;
        }
    }
}

static void resolve_chunk(void *payload, u32 chunk, u32 worker) {
    pt_world *w = payload;
    (void)worker;
    for (u32 i = chunk * CHUNK; i < w->impls.count && i < (chunk + 1) * CHUNK; i++)
        pt_impl_resolve(w, &w->impls.data[i]);
}

u32 pt_impl_of(const pt_world *w, u32 def) {
    if (w->late_def && def >= w->late_def)
        return def - w->late_def < w->late_impls.count ? w->late_impls.data[def - w->late_def] - 1 : PT_NONE;
    for (u32 low = 0, high = w->written_impls; low < high;) { /* in the order of definitions; derives stand behind */
        u32 middle = (low + high) / 2;
        if (w->impls.data[middle].def == def) return middle;
        if (w->impls.data[middle].def < def) low = middle + 1;
        else high = middle;
    }
    return PT_NONE;
}

static u64 member_hash(u32 head, u32 name) { return pt_hash_u64((u64)head << 32 | name); }

u32 pt_member_find(const pt_world *w, u32 head, u32 name) {
    u32 mask = w->member_table.count - 1;
    pt_ask(w, PT_ASK_MEMBER, head, name);
    if (!w->member_table.count) return 0;
    for (u32 i = (u32)member_hash(head, name) & mask; w->member_table.data[i]; i = (i + 1) & mask) {
        u32 m = w->member_table.data[i];
        if (w->members.data[m].head == head && w->members.data[m].name == name) return m;
    }
    return 0;
}

static void build_table(pt_world *w) {
    u32 size = 1024;
    while (size < w->members.count * 2) size *= 2;
    if (!pt_vec_reserve(&w->member_table, size)) return;
    memset(w->member_table.data, 0, size * sizeof(u32));
    w->member_table.count = size;
    for (u32 m = w->members.count; m-- > 1;) { /* backwards, so that chains run in order */
        pt_member *x = &w->members.data[m];
        u32 i = (u32)member_hash(x->head, x->name) & (size - 1);
        for (; w->member_table.data[i]; i = (i + 1) & (size - 1)) {
            pt_member *y = &w->members.data[w->member_table.data[i]];
            if (y->head == x->head && y->name == x->name) break;
        }
        x->next = w->member_table.data[i];
        w->member_table.data[i] = m;
    }
}

typedef struct keyed {
    u32 key, index;
} keyed;
static int by_key(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : x->index < y->index ? -1 : x->index > y->index;
}

static void sort_impls(pt_world *w) {
    PT_VEC(keyed) all = {0};
    if (!pt_vec_reserve(&w->impls_by_head, (u64)w->impls.count + 1)) return;
    for (u32 i = 0; i < w->impls.count; i++) pt_vec_push(&all, (keyed){w->impls.data[i].head, i});
    if (all.count) qsort(all.data, all.count, sizeof(keyed), by_key);
    for (u32 i = 0; i < all.count; i++) w->impls_by_head.data[i] = all.data[i].index;
    w->impls_by_head.count = all.count;
    pt_vec_free(&all);
}

static u32 implementing_head(const pt_impl *im) { return im->is_blanket ? PT_BLANKET_HEAD : im->head; }

u32 pt_first_impl(const pt_world *w, u32 head, u32 trait) {
    u32 mask = w->impl_table.count - 1;
    pt_ask(w, PT_ASK_IMPLS, head, trait);
    if (!w->impl_table.count) return PT_NONE;
    for (u32 i = (u32)member_hash(head, trait) & mask; w->impl_table.data[i]; i = (i + 1) & mask) {
        const pt_impl *im = &w->impls.data[w->impl_table.data[i] - 1];
        if (im->trait == trait && implementing_head(im) == head) return w->impl_table.data[i] - 1;
    }
    return PT_NONE;
}

static void build_impl_table(pt_world *w) {
    u32 size = 1024;
    while (size < w->impls.count * 2) size *= 2;
    if (!pt_vec_reserve(&w->impl_table, size)) return;
    memset(w->impl_table.data, 0, size * sizeof(u32));
    w->impl_table.count = size;
    for (u32 k = w->impls.count; k-- > 0;) { /* backwards, so that chains run in order */
        pt_impl *im = &w->impls.data[k];
        u32 head = implementing_head(im), i = (u32)member_hash(head, im->trait) & (size - 1);
        im->next = PT_NONE;
        if (im->trait == PT_NO_DEF || head == PT_NO_DEF) continue;
        if (im->is_negative) continue; /* impl !Clone for &mut T */
        for (; w->impl_table.data[i]; i = (i + 1) & (size - 1)) {
            const pt_impl *other = &w->impls.data[w->impl_table.data[i] - 1];
            if (other->trait == im->trait && implementing_head(other) == head) break;
        }
        if (w->impl_table.data[i]) im->next = w->impl_table.data[i] - 1;
        w->impl_table.data[i] = k + 1;
    }
}

/* Appends what `trait` names as its own bounds, seen from inside it. */
static u32 direct_supertraits(pt_world *w, u32 trait, u32 *queue, u32 count, u32 limit) {
    const pt_item *item = pt_def_item(w, trait);
    const pt_file *file = pt_def_file(w, trait);
    const pt_node *nodes = file->facts.nodes;
    u32 bounds = item->tree ? nodes[item->tree].child : 0;
    while (bounds && nodes[bounds].kind != PT_N_BOUNDS) bounds = nodes[bounds].next;
    for (u32 b = bounds ? nodes[bounds].child : 0; b; b = nodes[b].next) {
        u32 segments[32] = {0};
        if (nodes[b].kind != PT_N_BOUND || !nodes[b].child) continue;
        u32 n = pt_tree_path_segments(file, nodes[b].child, segments, PT_COUNT_OF(segments));
        pt_path_result r = {0};
        if (n) pt_resolve_path(w, &r, trait, segments, n, nodes[nodes[b].child].op, PT_NS_TYPE);
        if (!n || r.def == PT_NO_DEF || r.resolved < n) continue;
        pt_external_evidence(w, r.def, PT_KIND_TRAIT);
        bool seen = false;
        for (u32 k = 0; k < count; k++) seen = seen || queue[k] == r.def;
        if (!seen && count < limit) queue[count++] = r.def;
    }
    return count;
}

static u32 supertraits_now(pt_world *w, u32 trait, u32 *queue, u32 limit) {
    u32 count = 1;
    queue[0] = trait;
    for (u32 i = 0; i < count; i++)
        if (!pt_def_is_external_path(queue[i]) && w->defs.data[queue[i]].kind == PT_KIND_TRAIT)
            count = direct_supertraits(w, queue[i], queue, count, limit);
    return count;
}

static void find_supertraits(pt_world *w) {
    u32 traits = 0, size = 1024;
    for (u32 d = 0; d < w->defs.count; d++) traits += w->defs.data[d].kind == PT_KIND_TRAIT;
    while (size < traits * 2) size *= 2;
    if (!pt_vec_reserve(&w->supertrait_heads, size)) return;
    memset(w->supertrait_heads.data, 0, size * sizeof(u32));
    w->supertrait_heads.count = size;
    w->supertraits.count = 0;
    for (u32 d = 0; d < w->defs.count; d++) {
        u32 queue[64];
        if (w->defs.data[d].kind != PT_KIND_TRAIT) continue;
        u32 count = supertraits_now(w, d, queue, PT_COUNT_OF(queue));
        u32 at = w->supertraits.count, i = (u32)pt_hash_u64(d) & (size - 1);
        if (!pt_vec_reserve(&w->supertraits, (u64)at + count + 2)) return;
        w->supertraits.data[at] = d;
        w->supertraits.data[at + 1] = count;
        memcpy(w->supertraits.data + at + 2, queue, count * sizeof(u32));
        w->supertraits.count += count + 2;
        while (w->supertrait_heads.data[i]) i = (i + 1) & (size - 1);
        w->supertrait_heads.data[i] = at + 1;
    }
}

bool pt_supertraits_again(pt_world *w, u32 trait) {
    u32 queue[64], before, count = supertraits_now(w, trait, queue, PT_COUNT_OF(queue));
    const u32 *known = pt_supertraits_of(w, trait, &before);
    if (known && before == count && memcmp(known, queue, count * sizeof(u32)) == 0) return false;
    if (!w->supertrait_heads.data) return true;
    u32 at = w->supertraits.count, mask = w->supertrait_heads.count - 1, i = (u32)pt_hash_u64(trait) & mask, used = 0;
    if (!pt_vec_reserve(&w->supertraits, (u64)at + count + 2) || !w->supertraits.data) return true;
    w->supertraits.data[at] = trait;
    w->supertraits.data[at + 1] = count;
    memcpy(w->supertraits.data + at + 2, queue, count * sizeof(u32));
    w->supertraits.count += count + 2;
    for (; w->supertrait_heads.data[i]; i = (i + 1) & mask) {
        u32 *record = w->supertraits.data + w->supertrait_heads.data[i] - 1;
        if (*record == trait) {
            *record = PT_NO_DEF; /* left behind */
            break;
        }
    }
    bool is_new = !w->supertrait_heads.data[i];
    w->supertrait_heads.data[i] = at + 1;
    if (!is_new) return true;
    for (u32 k = 0; k < w->supertrait_heads.count; k++) used += w->supertrait_heads.data[k] != 0;
    if (used * 2 <= w->supertrait_heads.count) return true;
    u32 size = w->supertrait_heads.count * 2;
    if (!pt_vec_reserve(&w->supertrait_heads, size)) return true;
    memset(w->supertrait_heads.data, 0, size * sizeof(u32));
    w->supertrait_heads.count = size;
    for (u32 r = 0; r < w->supertraits.count; r += w->supertraits.data[r + 1] + 2) {
        if (w->supertraits.data[r] == PT_NO_DEF) continue;
        u32 k = (u32)pt_hash_u64(w->supertraits.data[r]) & (size - 1);
        while (w->supertrait_heads.data[k]) k = (k + 1) & (size - 1);
        w->supertrait_heads.data[k] = r + 1;
    }
    return true;
}

const u32 *pt_supertraits_of(const pt_world *w, u32 trait, u32 *count) {
    u32 mask = w->supertrait_heads.count - 1;
    pt_ask_of(w, PT_ASK_SUPERTRAITS, trait, 0);
    *count = 0;
    if (!w->supertrait_heads.count) return NULL;
    for (u32 i = (u32)pt_hash_u64(trait) & mask; w->supertrait_heads.data[i]; i = (i + 1) & mask) {
        const u32 *record = w->supertraits.data + w->supertrait_heads.data[i] - 1;
        if (record[0] != trait) continue;
        *count = record[1];
        return record + 2;
    }
    return NULL;
}

/* Impls whose type a macro names: `impl Value for type_of!(x)`. They make files, so one thread does them. */
static void header_macros(pt_world *w) {
    for (u32 i = 0; i < w->impls.count && !w->impls.data[i].is_derive && !pt_alloc_failed(); i++) {
        u32 def = w->impls.data[i].def, file = pt_def_instance(w, def)->file, tree = pt_def_item(w, def)->tree;
        for (u32 c = tree ? w->files.data[file].facts.nodes[tree].child : 0; c;
             c = w->files.data[file].facts.nodes[c].next) {
            if (w->files.data[file].facts.nodes[c].kind != PT_N_MACRO_CALL) continue;
            u32 made = pt_world_expand_type(w, def, file, c);
            if (made == PT_NONE) continue;
            const pt_file *f = &w->files.data[made];
            for (u32 t = f->facts.nodes[f->facts.items[0].tree].child; t; t = f->facts.nodes[t].next)
                if (pt_kind_is_type(f->facts.nodes[t].kind)) {
                    u8 kind = f->facts.nodes[t].kind;
                    w->impls.data[i].head = pt_type_head(w, def, f, t, 0, &w->impls.data[i].is_blanket);
                    w->impls.data[i].of_reference = kind == PT_N_TYPE_REF || kind == PT_N_TYPE_PTR;
                }
        }
    }
}

void pt_world_index_impls(pt_world *w) {
    w->impls.count = 0;
    for (u32 d = 0; d < w->defs.count; d++)
        if (w->defs.data[d].kind == PT_KIND_IMPL && !(w->defs.data[d].flags & PT_DEF_ABSENT))
            pt_vec_push(&w->impls, (pt_impl){.def = d, .head = PT_NO_DEF, .trait = PT_NO_DEF});
    for (u32 d = 0; d < w->defs.count; d++) {
        u8 kind = w->defs.data[d].kind;
        if ((kind != PT_KIND_STRUCT && kind != PT_KIND_ENUM && kind != PT_KIND_UNION) ||
            (w->defs.data[d].flags & PT_DEF_ABSENT))
            continue;
        const pt_item *item = pt_def_item(w, d);
        for (u32 k = 0; k < item->derive_count; k++)
            pt_vec_push(&w->impls, (pt_impl){.def = d,
                                             .head = d,
                                             .trait = PT_NO_DEF,
                                             .is_derive = true,
                                             .derive = item->first_derive + k,
                                             .has_trait = true});
    }
    header_macros(w);
    w->is_frozen = true; /* threads from here on */
    pt_parallel(w->threads, (w->impls.count + CHUNK - 1) / CHUNK, resolve_chunk, w);
    w->members.count = 1;
    u32 written = 0; /* impl blocks, in the order of definitions; derives stand behind them */
    while (written < w->impls.count && !w->impls.data[written].is_derive) written++;
    w->written_impls = written;
    for (u32 i = 0; i < written; i++) {
        const pt_impl *im = &w->impls.data[i];
        const pt_item *item = pt_def_item(w, im->def);
        const pt_facts *f = &pt_def_file(w, im->def)->facts;
        const pt_instance *in = pt_def_instance(w, im->def);
        u32 own = w->defs.data[im->def].item;
        u32 head = im->is_blanket ? PT_BLANKET_HEAD : im->head;
        if (head == PT_NO_DEF) continue;
        for (u32 k = own + 1; k < item->subtree_end; k = f->items[k].subtree_end)
            if ((f->items[k].kind == PT_KIND_METHOD || f->items[k].kind == PT_KIND_ASSOC_CONST ||
                 f->items[k].kind == PT_KIND_ASSOC_TYPE) &&
                !(w->defs.data[pt_item_def(in, k)].flags & PT_DEF_ABSENT))
                pt_vec_push(&w->members,
                            (pt_member){head, w->defs.data[pt_item_def(in, k)].name, pt_item_def(in, k), i, 0});
        /* members that macros made: their parent is the impl, their place another file */
    }
    for (u32 e = 0; e < w->expansions.count; e++) {
        const pt_instance *in = &w->instances.data[w->expansions.data[e]];
        u32 owner = in->module;
        u8 kind = w->defs.data[owner].kind;
        if (kind != PT_KIND_IMPL && kind != PT_KIND_TRAIT) continue;
        u32 impl = PT_NONE, head = owner;
        if (kind == PT_KIND_IMPL) {
            impl = pt_impl_of(w, owner);
            if (impl == PT_NONE) continue;
            head = w->impls.data[impl].is_blanket ? PT_BLANKET_HEAD : w->impls.data[impl].head;
        }
        const pt_facts *f = &w->files.data[in->file].facts;
        for (u32 k = 0; k < f->header->item_count; k = f->items[k].subtree_end) {
            u32 def = pt_item_def(in, k);
            if (w->defs.data[def].flags & PT_DEF_ABSENT) continue;
            pt_vec_push(&w->members, (pt_member){head, w->defs.data[def].name, def, impl, 0});
            if (impl == PT_NONE)
                pt_vec_push(&w->members, (pt_member){PT_TRAIT_HEAD, w->defs.data[def].name, def, PT_NONE, 0});
        }
    }
    for (u32 d = 0; d < w->defs.count; d++) {
        if (w->defs.data[d].kind != PT_KIND_TRAIT || (w->defs.data[d].flags & PT_DEF_ABSENT)) continue;
        const pt_item *item = pt_def_item(w, d);
        const pt_facts *f = &pt_def_file(w, d)->facts;
        const pt_instance *in = pt_def_instance(w, d);
        for (u32 k = w->defs.data[d].item + 1; k < item->subtree_end; k = f->items[k].subtree_end) {
            u32 def = pt_item_def(in, k);
            pt_vec_push(&w->members, (pt_member){d, w->defs.data[def].name, def, PT_NONE, 0});
            pt_vec_push(&w->members, (pt_member){PT_TRAIT_HEAD, w->defs.data[def].name, def, PT_NONE, 0});
        }
    }
    build_table(w);
    build_impl_table(w);
    find_supertraits(w);
    sort_impls(w);
}

const u32 *pt_impls_of_head(const pt_world *w, u32 head, u32 *count) {
    const u32 *order = w->impls_by_head.data;
    u32 low = 0, high = w->impls_by_head.count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (w->impls.data[order[middle]].head < head) low = middle + 1;
        else high = middle;
    }
    u32 end = low;
    while (end < w->impls_by_head.count && w->impls.data[order[end]].head == head) end++;
    *count = end - low;
    return order + low;
}

void pt_world_find_lang(pt_world *w) {
    if (w->std_crate_count < 3) return;
/* clang-format off */
#define LANG(field, crate, path, ns) w->lang.field = find(w, crate, path, ns);
    LANG(deref, 0, "ops::Deref", PT_NS_TYPE) LANG(deref_mut, 0, "ops::DerefMut", PT_NS_TYPE) LANG(index, 0, "ops::Index", PT_NS_TYPE)
    LANG(index_mut, 0, "ops::IndexMut", PT_NS_TYPE) LANG(iterator, 0, "iter::Iterator", PT_NS_TYPE)
    LANG(into_iterator, 0, "iter::IntoIterator", PT_NS_TYPE) LANG(future, 0, "future::Future", PT_NS_TYPE)
    LANG(into_future, 0, "future::IntoFuture", PT_NS_TYPE) LANG(fn_once, 0, "ops::FnOnce", PT_NS_TYPE) LANG(fn_mut, 0, "ops::FnMut", PT_NS_TYPE)
    LANG(fn, 0, "ops::Fn", PT_NS_TYPE) LANG(from, 0, "convert::From", PT_NS_TYPE) LANG(into, 0, "convert::Into", PT_NS_TYPE)
    LANG(clone, 0, "clone::Clone", PT_NS_TYPE) LANG(drop, 0, "ops::Drop", PT_NS_TYPE) LANG(option, 0, "option::Option", PT_NS_TYPE)
    LANG(result, 0, "result::Result", PT_NS_TYPE) LANG(some, 0, "option::Option::Some", PT_NS_VALUE) LANG(ok, 0, "result::Result::Ok", PT_NS_VALUE)
    LANG(err, 0, "result::Result::Err", PT_NS_VALUE) LANG(string, 1, "string::String", PT_NS_TYPE) LANG(vec, 1, "vec::Vec", PT_NS_TYPE)
    LANG(box, 1, "boxed::Box", PT_NS_TYPE) LANG(rc, 1, "rc::Rc", PT_NS_TYPE) LANG(arc, 1, "sync::Arc", PT_NS_TYPE) LANG(pin, 0, "pin::Pin", PT_NS_TYPE) LANG(range_full, 0, "ops::RangeFull", PT_NS_TYPE)
    LANG(range_to_inclusive, 0, "ops::RangeToInclusive", PT_NS_TYPE) LANG(try_trait, 0, "ops::Try", PT_NS_TYPE)
    LANG(from_residual, 0, "ops::FromResidual", PT_NS_TYPE)
    LANG(debug, 0, "fmt::Debug", PT_NS_TYPE)
    LANG(range, 0, "ops::Range", PT_NS_TYPE) LANG(range_inclusive, 0, "ops::RangeInclusive", PT_NS_TYPE)
    LANG(range_from, 0, "ops::RangeFrom", PT_NS_TYPE) LANG(range_to, 0, "ops::RangeTo", PT_NS_TYPE) LANG(display, 0, "fmt::Display", PT_NS_TYPE)
    LANG(to_string, 1, "string::ToString", PT_NS_TYPE) LANG(from_str, 0, "str::FromStr", PT_NS_TYPE)
    LANG(from_iterator, 0, "iter::FromIterator", PT_NS_TYPE) LANG(ordering, 0, "cmp::Ordering", PT_NS_TYPE)
    LANG(partial_eq, 0, "cmp::PartialEq", PT_NS_TYPE) LANG(partial_ord, 0, "cmp::PartialOrd", PT_NS_TYPE) LANG(not, 0, "ops::Not", PT_NS_TYPE)
    LANG(neg, 0, "ops::Neg", PT_NS_TYPE) LANG(add, 0, "ops::Add", PT_NS_TYPE)
#undef LANG
    /* clang-format on */
}
