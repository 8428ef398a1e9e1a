/* scope.c: which name means what where. The table of scopes, paths, textual macro scope. */
#include "facts/cfg.h"
#include "resolve/questions.h"

#include <stdlib.h>

u32 pt_both_cfgs(pt_world *w, u32 a, u32 b) {
    if (!a || !b || a == b) return a ? a : b;
    pt_buffer both = {0};
    pt_cfg_and(&both, pt_sym(w, a), pt_sym(w, b));
    u32 symbol = pt_intern(w->names, pt_buffer_view(&both));
    pt_buffer_free(&both);
    return symbol;
}

static u64 key_hash(u32 module, u32 name) { return pt_hash_u64((u64)module << 32 | name); }

static pt_scope_entry *find_entry(const pt_world *w, u32 module, u32 name) {
    if (!w->scopes.count) return NULL;
    u32 mask = w->scopes.count - 1;
    for (u32 i = (u32)key_hash(module, name) & mask;; i = (i + 1) & mask) {
        pt_scope_entry *e = &w->scopes.data[i];
        if (e->module == PT_NONE) return NULL;
        if (e->module == module && e->name == name) return e;
    }
}

static bool resize_scopes(pt_world *w, u32 size) {
    pt_scope_entry *old = w->scopes.data, *made = pt_malloc((size_t)size * sizeof *made);
    if (!made) return false;
    memset(made, 0xff, (size_t)size * sizeof *made);
    for (u32 k = 0; k < w->scopes.count; k++) {
        if (old[k].module == PT_NONE) continue;
        u32 i = (u32)key_hash(old[k].module, old[k].name) & (size - 1);
        while (made[i].module != PT_NONE) i = (i + 1) & (size - 1);
        made[i] = old[k];
    }
    pt_free(old);
    w->scopes.data = made;
    w->scopes.count = w->scopes.capacity = size;
    return true;
}

void pt_scope_pack(pt_world *w) {
    u32 size = w->scopes.count;
    while (size > 1 << 12 && (u64)w->scope_count * 4 < (u64)size / 2 * 3) size /= 2;
    if (size < w->scopes.count) (void)resize_scopes(w, size); /* it may as well stay as it is */
}

static pt_scope_entry *make_entry(pt_world *w, u32 module, u32 name) {
    /* half full while it is made, for speed; fuller when it is kept */
    bool full =
        w->late_def ? (u64)w->scope_count * 8 >= (u64)w->scopes.count * 7 : w->scope_count * 2 >= w->scopes.count;
    if (full && !resize_scopes(w, w->scopes.count ? w->scopes.count * 2 : 1 << 12)) return NULL;
    u32 mask = w->scopes.count - 1, i = (u32)key_hash(module, name) & mask;
    while (w->scopes.data[i].module != PT_NONE) {
        if (w->scopes.data[i].module == module && w->scopes.data[i].name == name) return &w->scopes.data[i];
        i = (i + 1) & mask;
    }
    if (w->name_heads.count <= module) {
        if (!pt_vec_reserve(&w->name_heads, (u64)PT_MAX(w->defs.count, module + 1) + 1024)) return NULL;
        memset(w->name_heads.data + w->name_heads.count, 0,
               (w->name_heads.capacity - w->name_heads.count) * sizeof(u32));
        w->name_heads.count = w->name_heads.capacity;
    }
    if (!pt_vec_push(&w->scope_names, (pt_scope_name){name, w->name_heads.data[module]})) return NULL;
    w->name_heads.data[module] = w->scope_names.count;
    w->scopes.data[i] = (pt_scope_entry){module, name, {0, 0, 0}};
    w->scope_count++;
    return &w->scopes.data[i];
}

u32 pt_scope_lookup(const pt_world *w, u32 module, u32 name, u32 ns) {
    pt_ask_of(w, PT_ASK_NAME, module, name);
    const pt_scope_entry *e = find_entry(w, module, name);
    return e ? e->bindings[ns] : 0;
}

/* A name with twins: what was imported from it before may have missed one. */
static void note_twin(pt_world *w, u32 symbol) {
    u32 byte = symbol / 8;
    if (byte >= w->twin_names.count) {
        if (!pt_vec_reserve(&w->twin_names, (u64)byte + 4096)) return;
        memset(w->twin_names.data + w->twin_names.count, 0, byte + 4096 - w->twin_names.count);
        w->twin_names.count = byte + 4096;
    }
    w->twin_names.data[byte] |= (u8)(1u << (symbol % 8));
}

pt_binding pt_glob_copy(pt_world *w, u32 binding, u32 glob) {
    const pt_glob *g = &w->globs.data[glob - 1];
    const pt_binding *b = &w->bindings.data[binding];
    return (pt_binding){.def = b->def,
                        .visible = g->visible,
                        .cfg = pt_both_cfgs(w, g->cfg, b->cfg),
                        .glob = glob,
                        .source = binding,
                        .ns = b->ns,
                        .is_import = true};
}

/* What `module` has no longer, for an explicit name stands in front of it: those who glob it have it no longer, either.
 * It ends, also where modules glob each other: each step takes a binding out first. */
static void retract(pt_world *w, u32 module, u32 name, u32 ns, u32 def) {
    for (u32 g = module < w->glob_heads.count ? w->glob_heads.data[module] : 0; g; g = w->globs.data[g - 1].next) {
        u32 importer = w->globs.data[g - 1].importer, before = 0;
        pt_scope_entry *e = find_entry(w, importer, name);
        u32 b = e ? e->bindings[ns] : 0;
        while (b && (w->bindings.data[b].glob != g || w->bindings.data[b].def != def))
            before = b, b = w->bindings.data[b].next;
        if (!b) continue;
        if (before) w->bindings.data[before].next = w->bindings.data[b].next;
        else e->bindings[ns] = w->bindings.data[b].next;
        retract(w, importer, name, ns, def);
        for (u32 i = 0; w->bindings.data[b].is_shared && i < w->globs.count; i++) { /* another one may bring it */
            const pt_glob *other = &w->globs.data[i];
            if (other->importer != importer || other->source == PT_NO_DEF) continue;
            u32 theirs = pt_scope_lookup(w, other->source, name, ns);
            while (theirs && w->bindings.data[theirs].def != def) theirs = w->bindings.data[theirs].next;
            if (theirs && pt_is_visible(w, w->bindings.data[theirs].visible, importer))
                pt_scope_define(w, importer, name, pt_glob_copy(w, theirs, i + 1));
        }
    }
}

bool pt_scope_define(pt_world *w, u32 module, u32 name, pt_binding binding) {
    pt_scope_entry *e = make_entry(w, module, name);
    if (!e) return false;
    u32 first = e->bindings[binding.ns], last = 0, own = PT_NONE;
    if (first && binding.glob && !w->bindings.data[first].glob) return false; /* explicit names shadow globs */
    if (first && !binding.glob && w->bindings.data[first].glob) {             /* ... whenever they come */
        e->bindings[binding.ns] = 0;
        for (u32 b = first; b; b = w->bindings.data[b].next)
            retract(w, module, name, binding.ns, w->bindings.data[b].def);
        if (!(e = make_entry(w, module, name))) return false; /* it may have moved */
        first = 0;
    }
    for (u32 b = first; b; b = w->bindings.data[b].next) {
        pt_binding *have = &w->bindings.data[b];
        if (have->def == binding.def) {
            have->is_shared = have->is_shared || have->glob != binding.glob;
            bool wider = have->visible != PT_NO_DEF &&
                         (binding.visible == PT_NO_DEF || pt_is_within(w, have->visible, binding.visible)) &&
                         have->visible != binding.visible;
            if (!wider) return false;
            have->visible = binding.visible; /* pub use of what was imported privately too */
            own = b;
            last = PT_NONE;
            break;
        }
        last = b;
    }
    if (last != PT_NONE) {
        own = w->bindings.count;
        if (!pt_vec_push(&w->bindings, binding)) return false;
        if (last) w->bindings.data[last].next = own, note_twin(w, name);
        else e->bindings[binding.ns] = own;
    }
    for (u32 g = module < w->glob_heads.count ? w->glob_heads.data[module] : 0; g; g = w->globs.data[g - 1].next) {
        pt_glob glob = w->globs.data[g - 1];
        if (!pt_is_visible(w, binding.visible, glob.importer) || name == w->known.underscore) continue;
        pt_scope_define(w, glob.importer, name, pt_glob_copy(w, own, g));
    }
    return true;
}

static u32 crate_marker(const pt_world *w, u32 symbol, u32 own_root) {
    pt_str text = pt_sym(w, symbol);
    if (!pt_str_starts(text, PT_STR("__crate_of_"))) return PT_NO_DEF;
    if (text.length > 11 && text.data[11] == 's') return own_root;
    u32 number = (u32)atoi(text.data + 11);
    return number < w->crates.count ? w->crates.data[number].root : PT_NO_DEF;
}

static u32 extern_root(const pt_world *w, u32 crate, u32 name) {
    const pt_crate *c = &w->crates.data[crate];
    for (u32 i = 0; i < c->externs.count; i++)
        if (c->externs.data[i].name == name) return c->externs.data[i].root;
    return PT_NO_DEF;
}

/* Of cfg twins the one that is meant where nothing else tells: one that the place does not exclude and that exists on the
 * reference target with the crate's usual features; edges go to all of them (pt_emit_binding). */
typedef struct pt_twin_rank {
    u32 here, own, its, crate;
    u32 rank; /* 1 + the rank; 0: empty */
} pt_twin_rank;
enum { TWIN_RANKS = 4096 };

/* 0: the place excludes it, 1: it may be meant, 2: it is there in the usual configuration. */
static u32 rank_of(pt_str here, pt_str own, pt_str its, const char *features) {
    if (here.length && (pt_cfg_exclusive(here, own) || pt_cfg_exclusive(here, its))) return 0;
    return pt_cfg_of_reference(own, features) && pt_cfg_of_reference(its, features) ? 2 : 1;
}

static pt_str predicate_of(pt_world *w, pt_buffer *scratch, u32 def, u32 symbol) {
    if (symbol != PT_NONE) return symbol ? pt_sym(w, symbol) : (pt_str){"", 0};
    pt_buffer_clear(scratch);
    pt_def_cfg(w, scratch, def);
    return pt_buffer_view(scratch);
}

/* Which of two bindings of one name stands first: where they stand, be that a `use`, or where the `use` that brought both
 * found them, and so on. */
static int binding_order(const pt_world *w, u32 a, u32 b) {
    const pt_binding *x = &w->bindings.data[a], *y = &w->bindings.data[b];
    for (u32 hops = 0; hops < 64; hops++) {
        u32 left = x->glob ? w->globs.data[x->glob - 1].use : x->use ? x->use : x->def;
        u32 right = y->glob ? w->globs.data[y->glob - 1].use : y->use ? y->use : y->def;
        if (left != right) return pt_def_order(w, left, right);
        if (!x->source || !y->source) break;
        x = &w->bindings.data[x->source];
        y = &w->bindings.data[y->source];
    }
    return pt_def_order(w, w->bindings.data[a].def, w->bindings.data[b].def);
}

static u32 preferred(pt_world *w, u32 binding, u32 place) {
    u32 best = binding, rank = 0;
    if (!w->bindings.data[binding].next) return w->bindings.data[best].def;
    if (!w->twin_ranks && !w->is_frozen) w->twin_ranks = pt_calloc(TWIN_RANKS, sizeof *w->twin_ranks);
    pt_buffer here = {0}, there = {0};
    u32 crate = w->defs.data[place].crate, around = pt_def_cfg_symbol(w, place);
    for (u32 b = binding, hops = 0; b && hops < 64; b = w->bindings.data[b].next, hops++) {
        u32 target = w->bindings.data[b].def, own = w->bindings.data[b].cfg, its = pt_def_cfg_symbol(w, target);
        bool keep = w->twin_ranks && around != PT_NONE && its != PT_NONE;
        u32 slot = (u32)pt_hash_u64(((u64)around << 32 | own) ^ pt_hash_u64((u64)its << 32 | crate)) % TWIN_RANKS;
        pt_twin_rank *known = keep ? &w->twin_ranks[slot] : NULL;
        u32 found;
        if (known && known->rank && known->here == around && known->own == own && known->its == its &&
            known->crate == crate) {
            found = known->rank - 1;
        } else {
            found = rank_of(predicate_of(w, &here, place, around), own ? pt_sym(w, own) : (pt_str){"", 0},
                            predicate_of(w, &there, target, its), w->crates.data[crate].features);
            if (known && !w->is_frozen) *known = (pt_twin_rank){around, own, its, crate, found + 1};
        }
        /* of two that may be meant alike, the one that stands first: not the one that was found first */
        if (found > rank || (found == rank && binding_order(w, b, best) < 0)) rank = found, best = b;
    }
    pt_buffer_free(&here);
    pt_buffer_free(&there);
    return w->bindings.data[best].def;
}

/* An unqualified name, from the inside out: blocks, module, extern crates, prelude, primitive types. */
static u32 lexical(pt_world *w, pt_path_result *out, u32 scope, u32 name, u32 ns) {
    u32 s = pt_scope_of(w, scope), crate = w->defs.data[scope].crate;
    while (s != PT_NO_DEF) {
        u32 b = pt_scope_lookup(w, s, name, ns);
        if (b) return out->binding = b, preferred(w, b, scope);
        if (w->defs.data[s].flags & PT_DEF_UNKNOWN_GLOB) out->unknown = true;
        if (w->defs.data[s].kind != PT_KIND_BLOCK) break;
        s = pt_scope_of(w, w->defs.data[s].parent);
    }
    if (ns == PT_NS_TYPE) {
        u32 root = extern_root(w, crate, name);
        if (root != PT_NO_DEF) return root;
    }
    u32 prelude = w->crates.data[crate].prelude;
    if (prelude != PT_NO_DEF) {
        u32 b = pt_scope_lookup(w, prelude, name, ns);
        if (b) return out->binding = b, w->bindings.data[b].def;
    }
    if (ns == PT_NS_MACRO)
        for (u32 k = 0; k < w->crates.data[crate].macro_use.count; k++) { /* #[macro_use] extern crate */
            u32 b = pt_scope_lookup(w, w->crates.data[crate].macro_use.data[k], name, ns);
            if (b && w->bindings.data[b].visible == PT_NO_DEF) return out->binding = b, w->bindings.data[b].def;
        }
    if (ns == PT_NS_MACRO)
        for (u32 c = w->std_crate_count; c-- > 0;) { /* std's exported macros are in scope everywhere */
            u32 b = pt_scope_lookup(w, w->crates.data[c].root, name, ns);
            if (b && w->bindings.data[b].visible == PT_NO_DEF) return out->binding = b, w->bindings.data[b].def;
        }
    if (ns == PT_NS_TYPE && pt_is_primitive_name(pt_sym(w, name))) {
        char text[8];
        pt_str t = pt_sym(w, name);
        memcpy(text, t.data, t.length);
        text[t.length] = 0;
        return pt_primitive(w, text);
    }
    return PT_NO_DEF;
}

/* A name that an interface does not have in any namespace: newer than std's, left out of it (core::arch), or made by
 * what a dependency's build ran. Its path is taken as written. */
static u32 not_in_interface(pt_world *w, u32 module, u32 name) {
    const pt_def *d = &w->defs.data[module];
    if (!w->has_std || w->is_growing || !(d->flags & PT_DEF_EXTERNAL) ||
        (d->kind != PT_KIND_MODULE && d->kind != PT_KIND_CRATE))
        return PT_NO_DEF;
    for (u32 ns = 0; ns < PT_NS_COUNT; ns++)
        if (pt_scope_lookup(w, module, name, ns)) return PT_NO_DEF;
    char path[1024];
    u32 chain[32], depth = 0;
    size_t n = 0;
    for (u32 m = module; m != PT_NO_DEF && depth < PT_COUNT_OF(chain); m = w->defs.data[m].parent) chain[depth++] = m;
    while (depth) {
        pt_str part = pt_sym(w, w->defs.data[chain[--depth]].name);
        if (n + part.length + 3 > sizeof path) return PT_NO_DEF;
        memcpy(path + n, part.data, part.length);
        memcpy(path + n + part.length, "::", 2);
        n += part.length + 2;
    }
    pt_str last = pt_sym(w, name);
    if (n + last.length > sizeof path) return PT_NO_DEF;
    memcpy(path + n, last.data, last.length);
    return pt_external(w, (pt_str){path, (u32)(n + last.length)}, PT_KIND_COUNT);
}

static bool enters(const pt_world *w, u32 def) {
    return pt_def_is_external_path(def) ? pt_def_kind(w, def) != PT_KIND_PRIMITIVE
                                        : pt_kind_has_scope(w->defs.data[def].kind);
}

void pt_resolve_path(pt_world *w, pt_path_result *out, u32 scope, const u32 *segments, u32 count, bool is_global,
                     u32 ns) {
    u32 module = pt_module_of(w, scope), crate = w->defs.data[scope].crate, root = w->crates.data[crate].root;
    out->binding = 0;
    out->def = PT_NO_DEF;
    out->resolved = 0;
    out->unknown = false;
    if (!count) {
        if (is_global) out->def = root;
        return;
    }
    u32 def = PT_NO_DEF, i = 0;
    if (is_global) {
        def = w->crates.data[crate].edition >= 2018 ? extern_root(w, crate, segments[0]) : PT_NO_DEF;
        if (def == PT_NO_DEF) {
            u32 b = pt_scope_lookup(w, root, segments[0], count == 1 ? ns : (u32)PT_NS_TYPE);
            out->binding = b;
            def = b ? preferred(w, b, scope) : extern_root(w, crate, segments[0]);
        }
        i = 1;
    } else if (segments[0] == w->known.crate) {
        def = root;
        i = 1;
    } else if (segments[0] == w->known.self_lower && (count > 1 || ns == PT_NS_TYPE)) {
        def = module;
        i = 1;
    } else if (segments[0] == w->known.super) {
        def = module;
        while (i < count && segments[i] == w->known.super && def != PT_NO_DEF) {
            def = pt_parent_module(w, def);
            if (i < PT_COUNT_OF(out->prefix)) out->prefix[i] = def;
            i++;
        }
    } else if ((def = crate_marker(w, segments[0], root)) != PT_NO_DEF) {
        i = 1;
    } else {
        def = lexical(w, out, scope, segments[0], count == 1 ? ns : (u32)PT_NS_TYPE);
        i = 1;
    }
    if (def == PT_NO_DEF) return;
    out->resolved = i;
    out->def = def;
    if (i && i <= PT_COUNT_OF(out->prefix)) out->prefix[i - 1] = def;
    while (i < count && enters(w, def)) {
        u32 want = i + 1 == count ? ns : (u32)PT_NS_TYPE, next;
        if (pt_def_is_external_path(def)) {
            /* dependencies that are not loaded: their paths are taken as written */
            next = pt_external_child(w, def, segments[i], want == PT_NS_MACRO ? PT_KIND_MACRO : PT_KIND_COUNT);
            out->binding = 0;
        } else {
            if (segments[i] == w->known.self_lower && i == 0) {
                i++;
                continue;
            }
            if (segments[i] == w->known.super &&
                (w->defs.data[def].kind == PT_KIND_MODULE || w->defs.data[def].kind == PT_KIND_CRATE)) {
                next = pt_parent_module(w, def);
                if (next == PT_NO_DEF) return;
            } else {
                u32 b = pt_scope_lookup(w, def, segments[i], want);
                if (!b) {
                    u8 kind = w->defs.data[def].kind;
                    if (kind == PT_KIND_ENUM || kind == PT_KIND_TRAIT) return; /* an associated item: type-relative */
                    if (w->defs.data[scope].crate >= w->std_crate_count &&
                        w->defs.data[scope].crate != w->defs.data[def].crate &&
                        (next = not_in_interface(w, def, segments[i])) != PT_NO_DEF) {
                        out->binding = 0;
                        goto entered;
                    }
                    out->def = PT_NO_DEF;
                    out->unknown = (w->defs.data[def].flags & PT_DEF_UNKNOWN_GLOB) != 0;
                    return;
                }
                out->binding = b;
                next = preferred(w, b, scope);
            }
        }
        if (next == PT_NO_DEF) {
            out->def = PT_NO_DEF;
            return;
        }
    entered:
        def = next;
        out->def = def;
        out->resolved = ++i;
        if (i <= PT_COUNT_OF(out->prefix)) out->prefix[i - 1] = def;
    }
}

/* Textual scope: a macro_rules! is known behind its definition, in its module and the modules inside; what
 * #[macro_use] modules and earlier macro calls define is known behind them. */
static u32 last_definition(const pt_world *w, u32 instance, u32 from, u32 end, u32 name, u32 depth);

static u32 in_module(const pt_world *w, u32 module, u32 name, u32 depth) {
    const pt_item *item = pt_def_item(w, module);
    if (item && (item->flags & PT_F_HAS_BODY)) {
        const pt_def *d = &w->defs.data[module];
        return last_definition(w, d->instance, d->item + 1, item->subtree_end, name, depth + 1);
    }
    for (u32 i = w->defs.data[module].instance + 1; i < w->instances.count; i++) /* mounted after its declaration */
        if (w->instances.data[i].module == module && w->instances.data[i].call == PT_NO_DEF) {
            const pt_facts *f = &w->files.data[w->instances.data[i].file].facts;
            return last_definition(w, i, 0, f->header->item_count, name, depth + 1);
        }
    return PT_NO_DEF;
}

u32 pt_expansion_of(const pt_world *w, u32 call) {
    u32 mask = w->expansion_table.count - 1;
    if (!w->expansion_table.count) return PT_NONE;
    for (u32 i = (u32)pt_hash_u64(call) & mask; w->expansion_table.data[i]; i = (i + 1) & mask)
        if (w->instances.data[w->expansion_table.data[i] - 1].call == call &&
            !w->instances.data[w->expansion_table.data[i] - 1].is_dead)
            return w->expansion_table.data[i] - 1;
    return PT_NONE;
}

static void put_expansion(pt_world *w, u32 instance) {
    u32 mask = w->expansion_table.count - 1, i = (u32)pt_hash_u64(w->instances.data[instance].call) & mask;
    while (w->expansion_table.data[i]) i = (i + 1) & mask;
    w->expansion_table.data[i] = instance + 1;
}

void pt_expansion_add(pt_world *w, u32 instance) {
    if (!pt_vec_push(&w->expansions, instance)) return;
    if (w->expansions.count * 2 <= w->expansion_table.count) {
        put_expansion(w, instance);
        return;
    }
    u32 size = w->expansion_table.count ? w->expansion_table.count * 4 : 1024;
    if (!pt_vec_reserve(&w->expansion_table, size)) return;
    memset(w->expansion_table.data, 0, size * sizeof(u32));
    w->expansion_table.count = size;
    for (u32 k = 0; k < w->expansions.count; k++) put_expansion(w, w->expansions.data[k]);
}

static u32 in_expansion(const pt_world *w, u32 call, u32 name, u32 depth) {
    u32 instance = pt_expansion_of(w, call);
    if (instance == PT_NONE || !(w->instances.data[instance].macros & pt_macro_bit(name))) return PT_NO_DEF;
    return last_definition(w, instance, 0, w->files.data[w->instances.data[instance].file].facts.header->item_count,
                           name, depth + 1);
}

static u32 last_definition(const pt_world *w, u32 instance, u32 from, u32 end, u32 name, u32 depth) {
    const pt_instance *in = &w->instances.data[instance];
    const pt_item *items = w->files.data[in->file].facts.items;
    u32 found = PT_NO_DEF;
    if (depth > 24) return found;
    for (u32 i = from; i < end; i = items[i].subtree_end) {
        u32 def = pt_item_def(in, i), inner = PT_NO_DEF;
        if (w->defs.data[def].flags & PT_DEF_ABSENT) continue;
        if (items[i].kind == PT_KIND_MACRO && !items[i].extra && w->defs.data[def].name == name) inner = def;
        else if (items[i].kind == PT_KIND_MODULE && (items[i].attributes & PT_ATTR_MACRO_USE))
            inner = in_module(w, def, name, depth);
        else if (items[i].kind == PT_KIND_MACRO_CALL) inner = in_expansion(w, def, name, depth);
        if (inner != PT_NO_DEF) found = inner;
    }
    return found;
}

u32 pt_resolve_macro(pt_world *w, u32 scope, u32 at_def, u32 name) {
    pt_ask(w, PT_ASK_MACRO, name, 0);
    bool textual = name / 8 < w->macro_names.count && (w->macro_names.data[name / 8] >> (name % 8) & 1);
    for (u32 at = at_def; textual && at != PT_NO_DEF;) {
        const pt_def *d = &w->defs.data[at];
        u32 found = PT_NO_DEF;
        if (d->item != PT_NONE) {
            const pt_instance *in = &w->instances.data[d->instance];
            const pt_item *items = w->files.data[in->file].facts.items;
            u32 parent = items[d->item].parent, from = parent == PT_NONE ? 0 : parent + 1;
            found = last_definition(w, d->instance, from, d->item, name, 0);
            if (found != PT_NO_DEF) return found;
            if (parent == PT_NONE && in->call != PT_NO_DEF) {
                at = in->call; /* what stood before the call is known inside its expansion */
                continue;
            }
        }
        at = d->parent;
    }
    pt_path_result r = {0};
    pt_resolve_path(w, &r, scope, &name, 1, false, PT_NS_MACRO);
    return r.def;
}
