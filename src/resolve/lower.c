/* lower.c: syntax of types to types; signatures, bounds. */
#include "resolve/infer.h"
#include "resolve/questions.h"

u32 pt_item_tree_child(const pt_world *w, u32 def, u8 kind) {
    pt_ask_of(w, PT_ASK_INTERFACE, def, 0);
    const pt_item *item = pt_def_item(w, def);
    if (!item || !item->tree) return 0;
    const pt_node *nodes = pt_def_file(w, def)->facts.nodes;
    for (u32 c = nodes[item->tree].child; c; c = nodes[c].next)
        if (nodes[c].kind == kind) return c;
    return 0;
}

static pt_view facts_view(const pt_world *w, u32 def) {
    const pt_file *f = pt_def_file(w, def);
    return (pt_view){f->facts.nodes, f->symbols, NULL, f, NULL};
}

pt_ty pt_adt(pt_resolver *r, u32 def, const pt_ty *args, u32 count) {
    return pt_ty_make(&r->types, PT_TY_ADT, def, 0, args, count);
}

bool pt_said_before(const pt_view *v, u32 first, u32 node) {
    for (u32 g = first; g && g != node; g = v->nodes[g].next)
        if (v->nodes[g].kind != PT_N_GENERIC_LIFETIME && v->nodes[g].name == v->nodes[node].name) return true;
    return false;
}

u32 pt_own_params(pt_resolver *r, u32 def, pt_ty *out, u32 limit) {
    u32 generics = pt_item_tree_child(r->w, def, PT_N_GENERICS), count = 0;
    if (!generics) return 0;
    pt_view v = facts_view(r->w, def);
    for (u32 g = v.nodes[generics].child; g && count < limit; g = v.nodes[g].next)
        if (v.nodes[g].kind != PT_N_GENERIC_LIFETIME && !pt_said_before(&v, v.nodes[generics].child, g))
            out[count++] = pt_ty_make(&r->types, PT_TY_PARAM, def, pt_view_name(&v, g), NULL, 0);
    return count;
}

pt_ty pt_adt_generic(pt_resolver *r, u32 def) {
    pt_ty args[16];
    u32 count = pt_def_is_external_path(def) ? 0 : pt_own_params(r, def, args, PT_COUNT_OF(args));
    return pt_adt(r, def, args, count);
}

/* Runs `lower` as if reading `def`: names from its place, nothing emitted. */
typedef struct place {
    u32 scope;
    u32 depth;
} place;

static bool enter(pt_resolver *r, place *p, u32 def) {
    if (r->depth >= PT_MAX_TYPE_DEPTH) return false;
    *p = (place){r->scope, r->depth};
    r->scope = def;
    r->depth++;
    return true;
}
static void leave(pt_resolver *r, const place *p) {
    r->scope = p->scope;
    r->depth = p->depth;
}

static pt_ty lower_child_type(pt_resolver *r, u32 def, u32 tree) {
    pt_view v = facts_view(r->w, def);
    place p;
    if (!tree || !enter(r, &p, def)) return 0;
    pt_ty ty = 0;
    for (u32 c = v.nodes[tree].child; c; c = v.nodes[c].next)
        if (pt_kind_is_type(v.nodes[c].kind)) {
            ty = pt_lower(r, &v, c, def, PT_NO_EMIT);
            break;
        }
    leave(r, &p);
    return ty;
}

pt_ty pt_type_of_item(pt_resolver *r, u32 def) {
    pt_ask_of(r->w, PT_ASK_INTERFACE, def, 0);
    const pt_item *item = pt_def_item(r->w, def);
    return item ? lower_child_type(r, def, item->tree) : 0;
}

enum { MAX_ENVIRONMENTS = 64 };

/* The types of items, kept: hash of definition -> definition + 1: 32 | type: 32. An impl has its trait kept, too. */
enum { TRAIT_OF_IMPL = 0x40000000 };
static u64 *kept_type(pt_resolver *r, u32 def) {
    if ((u64)r->item_type_count * 2 >= r->item_types.count) {
        u32 old_size = r->item_types.count, size = old_size ? old_size * 2 : 1024;
        u64 *old = r->item_types.data, *grown = pt_calloc(size, sizeof *grown);
        if (!grown) return NULL;
        for (u32 k = 0; k < old_size; k++) {
            if (!old[k]) continue;
            u32 i = (u32)pt_hash_u64((u32)(old[k] >> 32) - 1) & (size - 1);
            while (grown[i]) i = (i + 1) & (size - 1);
            grown[i] = old[k];
        }
        pt_free(old);
        r->item_types.data = grown;
        r->item_types.count = r->item_types.capacity = size;
    }
    u32 mask = r->item_types.count - 1, i = (u32)pt_hash_u64(def) & mask;
    while (r->item_types.data[i] && r->item_types.data[i] >> 32 != (u64)def + 1) i = (i + 1) & mask;
    return &r->item_types.data[i];
}

pt_ty pt_item_type(pt_resolver *r, u32 def) {
    if (pt_def_is_external_path(def)) return 0;
    pt_ask_of(r->w, PT_ASK_INTERFACE, def, 0);
    if (r->in_item_type) { /* one is being made: what is kept must not depend on who asked first */
        r->depth++;
        pt_ty ty = pt_type_of_item(r, def);
        r->depth--;
        return ty;
    }
    u64 *slot = kept_type(r, def);
    if (!slot) return 0;
    if (*slot) return (pt_ty)*slot;
    u32 depth = r->depth, item = r->item, aliases = r->alias_count, steps = r->types.steps;
    r->depth = r->alias_count = 0;
    r->types.steps = PT_MAX_STEPS - PT_MAX_STEPS_KEPT;
    r->item = def;
    r->in_item_type = true;
    struct pt_asked *asked = r->w->asked; /* kept: asked by the item itself, not by whoever comes first */
    r->w->asked = NULL;
    pt_ty ty = pt_type_of_item(r, def);
    r->w->asked = asked;
    r->in_item_type = false;
    r->depth = depth;
    r->item = item;
    r->alias_count = aliases;
    r->types.steps = steps;
    slot = kept_type(r, def);
    if (slot && !*slot) *slot = ((u64)def + 1) << 32 | ty, r->item_type_count++;
    return ty;
}

pt_ty pt_impl_trait(pt_resolver *r, u32 impl) {
    const pt_impl *im = &r->w->impls.data[impl];
    if (im->is_derive || !im->has_trait || im->trait == PT_NO_DEF) return 0;
    pt_ask_of(r->w, PT_ASK_INTERFACE, im->def, 0);
    u64 *slot = r->in_item_type ? NULL : kept_type(r, im->def | TRAIT_OF_IMPL);
    if (slot && *slot) return (pt_ty)*slot;
    u32 path = pt_item_tree_child(r->w, im->def, PT_N_IMPL_TRAIT);
    pt_view v = facts_view(r->w, im->def);
    if (!path || !v.nodes[path].child) return 0;
    u32 depth = r->depth, item = r->item, aliases = r->alias_count, steps = r->types.steps, scope = r->scope;
    bool kept = !r->in_item_type;
    r->depth = r->alias_count = 0;
    r->types.steps = PT_MAX_STEPS - PT_MAX_STEPS_KEPT;
    r->item = r->scope = im->def;
    r->in_item_type = true;
    struct pt_asked *asked = r->w->asked;
    r->w->asked = NULL;
    pt_ty ty = pt_lower_bound(r, &v, v.nodes[path].child, im->def, PT_NO_EMIT);
    r->w->asked = asked;
    r->in_item_type = !kept;
    r->depth = depth;
    r->item = item;
    r->scope = scope;
    r->alias_count = aliases;
    r->types.steps = steps;
    slot = kept ? kept_type(r, im->def | TRAIT_OF_IMPL) : NULL;
    if (slot && !*slot) *slot = ((u64)(im->def | TRAIT_OF_IMPL) + 1) << 32 | ty, r->item_type_count++;
    return ty;
}

pt_ty pt_impl_type(pt_resolver *r, u32 impl) {
    const pt_impl *im = &r->w->impls.data[impl];
    return im->is_derive ? pt_adt_generic(r, im->def) : pt_item_type(r, im->def);
}

pt_ty pt_self_type(pt_resolver *r, u32 def) {
    for (u32 d = def; d != PT_NO_DEF; d = r->w->defs.data[d].parent) {
        u8 kind = r->w->defs.data[d].kind;
        if (kind == PT_KIND_IMPL) return pt_item_type(r, d);
        if (kind == PT_KIND_TRAIT) return pt_ty_make(&r->types, PT_TY_PARAM, d, r->w->known.self_upper, NULL, 0);
        if (kind == PT_KIND_STRUCT || kind == PT_KIND_ENUM || kind == PT_KIND_UNION) return pt_adt_generic(r, d);
        if (kind == PT_KIND_MODULE || kind == PT_KIND_CRATE) return 0;
    }
    return 0;
}

/* What a constant expression in a signature names: a length, a const argument. */
static void emit_constants(pt_resolver *r, const pt_view *v, u32 node, u32 owner) {
    if (r->depth >= PT_MAX_TYPE_DEPTH) return;
    r->depth++;
    for (u32 c = node; c; c = v->nodes[c].next) {
        u32 path = v->nodes[c].kind == PT_N_E_PATH ? v->nodes[c].child : 0, names[16] = {0}, count = 0, last = 0;
        if (!path) {
            emit_constants(r, v, v->nodes[c].child, owner);
            continue;
        }
        for (u32 s = v->nodes[path].child; s && count < PT_COUNT_OF(names); s = v->nodes[s].next)
            if (v->nodes[s].kind == PT_N_SEGMENT) names[count++] = pt_view_name(v, s), last = s;
        if (!count || (count == 1 && pt_generic_owner(r->w, owner, names[0]) != PT_NO_DEF)) continue;
        pt_path_result p = {0};
        pt_resolve_path(r->w, &p, r->scope, names, count, v->nodes[path].op, PT_NS_VALUE);
        if (p.def != PT_NO_DEF && p.resolved == count)
            pt_emit_binding(r, p.binding, p.def, PT_EDGE_USES, PT_VIA_PATH,
                            pt_def_is_external_path(p.def) ? PT_INFERRED : PT_EXACT, pt_view_offset(v, last));
    }
    r->depth--;
}

u32 pt_lower_args(pt_resolver *r, const pt_view *v, u32 segment, u32 owner, u8 emit, pt_ty *out, u32 limit) {
    u32 args = v->nodes[segment].child, count = 0;
    if (!args || v->nodes[args].kind != PT_N_GENERIC_ARGS) return 0;
    for (u32 a = v->nodes[args].child; a; a = v->nodes[a].next) {
        const pt_node *n = &v->nodes[a];
        if (n->kind == PT_N_RETURN) {
            pt_ty result = n->child ? pt_lower(r, v, n->child, owner, emit) : 0;
            pt_ty binding =
                pt_ty_make(&r->types, PT_TY_BINDING, 0, pt_intern(r->w->names, PT_STR("Output")), &result, 1);
            if (count < limit) out[count++] = binding;
        } else if (n->kind == PT_N_ARG_ASSOC) {
            pt_ty bound = 0;
            for (u32 c = n->child; c; c = v->nodes[c].next) {
                if (pt_kind_is_type(v->nodes[c].kind)) bound = pt_lower(r, v, c, owner, emit);
                else if (v->nodes[c].kind == PT_N_BOUNDS) {
                    pt_ty bounds[8];
                    u32 n_bounds = 0;
                    for (u32 b = v->nodes[c].child; b; b = v->nodes[b].next)
                        if (v->nodes[b].kind == PT_N_BOUND && v->nodes[b].child && n_bounds < 8)
                            bounds[n_bounds++] = pt_lower_bound(r, v, v->nodes[b].child, owner, emit);
                    bound = pt_ty_make(&r->types, PT_TY_OPAQUE, 0, 0, bounds, n_bounds);
                }
            }
            if (count < limit) out[count++] = pt_ty_make(&r->types, PT_TY_BINDING, 0, pt_view_name(v, a), &bound, 1);
        } else if (pt_kind_is_type(n->kind)) {
            pt_ty ty = pt_lower(r, v, a, owner, emit);
            if (count < limit) out[count++] = ty;
        } else if (n->kind == PT_N_ARG_CONST) {
            if (emit != PT_NO_EMIT && !v->lexemes) emit_constants(r, v, n->child, owner);
            if (count < limit) out[count++] = 0;
        }
    }
    return count;
}

static bool keyword_segment(const pt_resolver *r, u32 name) {
    return name == r->w->known.self_lower || name == r->w->known.super || name == r->w->known.crate ||
           name == r->w->known.self_upper || pt_str_starts(pt_sym(r->w, name), PT_STR("__crate_of_"));
}

/* Emits `uses` of the segments before the last and the given kind for the last. */
static void emit_path(pt_resolver *r, const pt_view *v, const u32 *nodes, const u32 *names, const pt_path_result *p,
                      u8 kind) {
    for (u32 i = 0; i + 1 < p->resolved && i < PT_COUNT_OF(p->prefix); i++)
        if (!keyword_segment(r, names[i]) && p->prefix[i] != PT_NO_DEF) {
            u8 confidence = pt_def_is_external_path(p->prefix[i]) ? PT_INFERRED : PT_EXACT;
            pt_emit(r, p->prefix[i], PT_EDGE_USES, PT_VIA_NONE, confidence, pt_view_offset(v, nodes[i]));
        }
    if (!p->resolved || keyword_segment(r, names[p->resolved - 1])) return;
    bool external = pt_def_is_external_path(p->def) && pt_def_kind(r->w, p->def) != PT_KIND_PRIMITIVE;
    pt_emit_binding(r, p->binding, p->def, kind, PT_VIA_NONE, external ? PT_INFERRED : PT_EXACT,
                    pt_view_offset(v, nodes[p->resolved - 1]));
}

static pt_ty expand_alias(pt_resolver *r, u32 def, const pt_ty *args, u32 count) {
    for (u32 i = 0; i < r->alias_count; i++)
        if (r->aliases[i] == def) return 0; /* type A = (A, A): no type */
    if (r->alias_count == PT_COUNT_OF(r->aliases)) return 0;
    r->aliases[r->alias_count++] = def;
    pt_subst s = {0};
    pt_ty params[16];
    u32 n = pt_own_params(r, def, params, PT_COUNT_OF(params));
    for (u32 i = 0; i < n && i < count; i++) pt_subst_add(&s, def, pt_ty_at(&r->types, params[i])->name, args[i]);
    pt_ty ty = pt_ty_subst(&r->types, pt_type_of_item(r, def), &s, 0);
    r->alias_count--;
    return ty;
}

pt_ty pt_type_from_def(pt_resolver *r, u32 def, const pt_ty *args, u32 count) {
    if (def == PT_NO_DEF) return 0;
    if (pt_def_is_external_path(def)) {
        if (pt_def_kind(r->w, def) != PT_KIND_PRIMITIVE) pt_external_evidence(r->w, def, PT_KIND_STRUCT);
        return pt_adt(r, def, args, count);
    }
    switch (r->w->defs.data[def].kind) {
    case PT_KIND_STRUCT:
    case PT_KIND_ENUM:
    case PT_KIND_UNION: {
        pt_ty full[16];
        u32 n =
            pt_own_params(r, def, full, PT_COUNT_OF(full)); /* missing arguments (defaults, inference) are unknown */
        for (u32 i = 0; i < n; i++) full[i] = i < count ? args[i] : 0;
        return pt_adt(r, def, full, n);
    }
    case PT_KIND_TYPE_ALIAS: return expand_alias(r, def, args, count);
    case PT_KIND_TRAIT: return pt_ty_make(&r->types, PT_TY_DYN, def, 0, args, count);
    case PT_KIND_VARIANT: return pt_type_from_def(r, r->w->defs.data[def].parent, args, count);
    default: return 0;
    }
}

static pt_ty lower_path(pt_resolver *r, const pt_view *v, u32 path, u32 owner, u8 emit) {
    u32 nodes[32] = {0}, names[32] = {0}, count = 0;
    u32 child = v->nodes[path].child;
    pt_ty self = 0;
    u32 at = 0;
    if (child && v->nodes[child].kind == PT_N_QUALIFIED_SELF) {
        u32 type = v->nodes[child].child, of_trait = type ? v->nodes[type].next : 0;
        u32 trait = PT_NO_DEF, n = 0;
        pt_ty args[16];
        self = type ? pt_lower(r, v, type, owner, emit == PT_NO_EMIT ? (u8)PT_NO_EMIT : (u8)PT_EDGE_USES) : 0;
        if (of_trait) {
            pt_ty bound = pt_lower_bound(r, v, of_trait, owner, emit == PT_NO_EMIT ? (u8)PT_NO_EMIT : (u8)PT_EDGE_USES);
            if (bound) trait = pt_ty_at(&r->types, bound)->def, n = pt_bound_args(r, bound, args, PT_COUNT_OF(args));
        }
        u32 s = v->nodes[child].next;
        if (!s) return self;
        if (emit != PT_NO_EMIT && trait != PT_NO_DEF && !pt_def_is_external_path(trait))
            for (u32 m = pt_member_find(r->w, trait, pt_view_name(v, s)); m; m = r->w->members.data[m].next)
                if (r->w->members.data[m].impl == PT_NONE)
                    pt_emit(r, r->w->members.data[m].def, PT_EDGE_USES, PT_VIA_NONE, PT_EXACT, pt_view_offset(v, s));
        return pt_project_with(r, self, trait, pt_view_name(v, s), args, n);
    }
    for (u32 s = child; s && count < 32; s = v->nodes[s].next)
        if (v->nodes[s].kind == PT_N_SEGMENT) nodes[count] = s, names[count++] = pt_view_name(v, s);
    if (!count) return 0;
    if (names[0] == r->w->known.self_upper) {
        self = pt_self_type(r, owner);
        if (emit != PT_NO_EMIT && self && emit != PT_EDGE_USES) { /* `Self` is its type */
            u32 head = pt_head_of(r, self);
            if (head != PT_NO_DEF && count == 1)
                pt_emit(r, head, emit, PT_VIA_NONE, PT_EXACT, pt_view_offset(v, nodes[0]));
        }
        at = 1;
    } else if (!v->nodes[path].op) {
        u32 declared = pt_generic_owner(r->w, owner, names[0]);
        if (declared != PT_NO_DEF) {
            self = pt_ty_make(&r->types, PT_TY_PARAM, declared, names[0], NULL, 0);
            at = 1;
        }
    }
    pt_ty args[16];
    if (!at) {
        pt_path_result p = {0};
        pt_resolve_path(r->w, &p, r->scope, names, count, v->nodes[path].op, PT_NS_TYPE);
        pt_primitive_not_module(r->w, &p, names, count);
        if (p.def == PT_NO_DEF) {
            if (emit != PT_NO_EMIT) {
                pt_emit_open(r, names[count - 1], p.unknown ? PT_REASON_DEPENDENCY : PT_REASON_NO_SUCH_NAME,
                             pt_view_offset(v, nodes[count - 1]));
                for (u32 i = 0; i < count; i++) pt_lower_args(r, v, nodes[i], owner, emit, args, PT_COUNT_OF(args));
            }
            return 0;
        }
        if (pt_def_is_external_path(p.def) && pt_def_kind(r->w, p.def) != PT_KIND_PRIMITIVE)
            pt_external_evidence(r->w, p.def, PT_KIND_STRUCT);
        if (emit != PT_NO_EMIT) emit_path(r, v, nodes, names, &p, p.resolved == count ? emit : (u8)PT_EDGE_USES);
        u32 n = pt_lower_args(r, v, nodes[p.resolved - 1], owner, emit, args, PT_COUNT_OF(args));
        self = pt_type_from_def(r, p.def, args, n);
        at = p.resolved;
    }
    for (; at < count; at++) {
        self = pt_project(r, self, PT_NO_DEF, names[at]);
        pt_lower_args(r, v, nodes[at], owner, emit, args, PT_COUNT_OF(args));
    }
    return self;
}

pt_ty pt_lower_bound(pt_resolver *r, const pt_view *v, u32 path, u32 owner, u8 emit) {
    u32 nodes[32] = {0}, names[32] = {0}, count = 0;
    for (u32 s = v->nodes[path].child; s && count < 32; s = v->nodes[s].next)
        if (v->nodes[s].kind == PT_N_SEGMENT) nodes[count] = s, names[count++] = pt_view_name(v, s);
    if (!count) return 0;
    pt_path_result p = {0};
    pt_resolve_path(r->w, &p, r->scope, names, count, v->nodes[path].op, PT_NS_TYPE);
    pt_ty args[16];
    if (p.def == PT_NO_DEF || p.resolved < count) {
        if (emit != PT_NO_EMIT)
            pt_emit_open(r, names[count - 1], p.unknown ? PT_REASON_DEPENDENCY : PT_REASON_NO_SUCH_NAME,
                         pt_view_offset(v, nodes[count - 1]));
        pt_lower_args(r, v, nodes[count - 1], owner, emit, args, PT_COUNT_OF(args));
        return 0;
    }
    pt_external_evidence(r->w, p.def, PT_KIND_TRAIT);
    if (emit != PT_NO_EMIT) emit_path(r, v, nodes, names, &p, emit);
    u32 n = pt_lower_args(r, v, nodes[count - 1], owner, emit, args, PT_COUNT_OF(args));
    return pt_ty_make(&r->types, PT_TY_BOUND, p.def, 0, args, n);
}

u32 pt_bound_args(pt_resolver *r, pt_ty bound, pt_ty *out, u32 limit) {
    u32 count = 0;
    for (u32 i = 0; i < pt_ty_at(&r->types, bound)->count && count < limit; i++) {
        pt_ty arg = pt_ty_arg(&r->types, bound, i);
        if (pt_ty_at(&r->types, arg)->kind == PT_TY_BINDING) break; /* they stand behind */
        out[count++] = arg;
    }
    return count;
}

static u32 lower_bounds(pt_resolver *r, const pt_view *v, u32 bounds, u32 owner, u8 emit, pt_ty *out, u32 limit) {
    u32 count = 0;
    for (u32 b = bounds ? v->nodes[bounds].child : 0; b; b = v->nodes[b].next) {
        if (v->nodes[b].kind != PT_N_BOUND || !v->nodes[b].child) continue;
        pt_ty bound = pt_lower_bound(r, v, v->nodes[b].child, owner, emit);
        if (bound && v->nodes[b].op != '?' && count < limit) out[count++] = bound;
    }
    return count;
}

pt_ty pt_lower(pt_resolver *r, const pt_view *v, u32 node, u32 owner, u8 emit) {
    const pt_node *n = &v->nodes[node];
    pt_ty args[16] = {0};
    u32 count = 0;
    if (r->depth > PT_MAX_TYPE_DEPTH * 2 || (!pt_step(&r->types) && emit == PT_NO_EMIT)) return 0;
    switch (n->kind) {
    case PT_N_TYPE_PATH: return n->child ? lower_path(r, v, n->child, owner, emit) : 0;
    case PT_N_TYPE_REF:
    case PT_N_TYPE_PTR:
    case PT_N_TYPE_SLICE:
    case PT_N_TYPE_ARRAY:
        args[0] = n->child ? pt_lower(r, v, n->child, owner, emit) : 0;
        if (n->kind == PT_N_TYPE_ARRAY && n->child && emit != PT_NO_EMIT && !v->lexemes)
            emit_constants(r, v, v->nodes[n->child].next, owner);
        return pt_ty_make(&r->types,
                          n->kind == PT_N_TYPE_REF     ? PT_TY_REF
                          : n->kind == PT_N_TYPE_PTR   ? PT_TY_PTR
                          : n->kind == PT_N_TYPE_SLICE ? PT_TY_SLICE
                                                       : PT_TY_ARRAY,
                          0, n->kind == PT_N_TYPE_PTR || n->kind == PT_N_TYPE_REF ? n->op : 0, args, 1);
    case PT_N_TYPE_TUPLE:
        for (u32 c = n->child; c; c = v->nodes[c].next) {
            pt_ty ty = pt_lower(r, v, c, owner, emit);
            if (count < 16) args[count++] = ty;
        }
        return pt_ty_make(&r->types, PT_TY_TUPLE, 0, 0, args, count);
    case PT_N_TYPE_FN:
        for (u32 c = n->child; c; c = v->nodes[c].next) {
            if (v->nodes[c].kind == PT_N_RETURN) continue;
            pt_ty ty = v->nodes[c].child ? pt_lower(r, v, v->nodes[c].child, owner, emit) : 0;
            if (count < 15) args[count++] = ty;
        }
        {
            pt_ty result = pt_ty_make(&r->types, PT_TY_TUPLE, 0, 0, NULL, 0);
            for (u32 c = n->child; c; c = v->nodes[c].next)
                if (v->nodes[c].kind == PT_N_RETURN && v->nodes[c].child)
                    result = pt_lower(r, v, v->nodes[c].child, owner, emit);
            args[count++] = result;
        }
        return pt_ty_make(&r->types, PT_TY_FN_PTR, 0, 0, args, count);
    case PT_N_TYPE_DYN:
    case PT_N_TYPE_IMPL:
        count = lower_bounds(r, v, n->child, owner, emit, args, 8);
        if (n->kind == PT_N_TYPE_IMPL) return pt_ty_make(&r->types, PT_TY_OPAQUE, 0, 0, args, count);
        if (!count) return 0;
        {
            pt_type b = *pt_ty_at(&r->types, args[0]);
            pt_ty own[16];
            for (u32 i = 0; i < b.count; i++) own[i] = pt_ty_arg(&r->types, args[0], i);
            return pt_ty_make(&r->types, PT_TY_DYN, b.def, 0, own, b.count);
        }
    case PT_N_TYPE_NEVER: return pt_ty_make(&r->types, PT_TY_NEVER, 0, 0, NULL, 0);
    case PT_N_MACRO_CALL: return pt_lower_macro(r, v, node, owner, emit);
    default: return 0;
    }
}

void pt_lower_generics(pt_resolver *r, const pt_view *v, u32 node, u32 owner) {
    pt_ty ignored[16];
    for (u32 g = v->nodes[node].child; g; g = v->nodes[g].next) {
        const pt_node *n = &v->nodes[g];
        for (u32 c = n->child; c; c = v->nodes[c].next) {
            if (v->nodes[c].kind == PT_N_BOUNDS) lower_bounds(r, v, c, owner, PT_EDGE_BOUNDS, ignored, 16);
            else if (pt_kind_is_type(v->nodes[c].kind)) pt_lower(r, v, c, owner, PT_EDGE_USES);
        }
    }
}

/* Signatures. */

bool pt_is_smart_pointer(const pt_world *w, u32 def) {
    return def != PT_NO_DEF && (def == w->lang.box || def == w->lang.rc || def == w->lang.arc || def == w->lang.pin);
}

const pt_signature *pt_signature_of(pt_resolver *r, u32 def) {
    if (def == PT_NO_DEF || pt_def_is_external_path(def)) return NULL;
    pt_ask_of(r->w, PT_ASK_INTERFACE, def, 0);
    if (r->signatures.count * 2 >= r->signature_table.count) {
        u32 size = r->signature_table.count ? r->signature_table.count * 2 : 1024;
        if (!pt_vec_reserve(&r->signature_table, size)) return NULL;
        memset(r->signature_table.data, 0, size * sizeof(u32));
        r->signature_table.count = size;
        for (u32 i = 0; i < r->signatures.count; i++) {
            u32 k = (u32)pt_hash_u64(r->signatures.data[i].def) & (size - 1);
            while (r->signature_table.data[k]) k = (k + 1) & (size - 1);
            r->signature_table.data[k] = i + 1;
        }
    }
    u32 mask = r->signature_table.count - 1, k = (u32)pt_hash_u64(def) & mask;
    for (; r->signature_table.data[k]; k = (k + 1) & mask)
        if (r->signatures.data[r->signature_table.data[k] - 1].def == def)
            return &r->signatures.data[r->signature_table.data[k] - 1];
    pt_signature s = {.def = def, .is_known = true};
    const pt_item *item = pt_def_item(r->w, def);
    pt_view v = facts_view(r->w, def);
    if (!item || !item->tree) return NULL;
    /* read as if nothing else were: what is kept must not depend on who asked first */
    place p = {r->scope, r->depth};
    u32 asked_from = r->item, steps = r->types.steps;
    struct pt_asked *asked = r->w->asked;
    r->w->asked = NULL;
    r->scope = r->item = def;
    r->depth = 0;
    r->types.steps = PT_MAX_STEPS - PT_MAX_STEPS_KEPT;
    s.has_self = item->flags & PT_F_HAS_SELF;
    pt_ty params[32];
    u32 count = 0;
    s.result = pt_ty_make(&r->types, PT_TY_TUPLE, 0, 0, NULL, 0);
    for (u32 c = v.nodes[item->tree].child; c; c = v.nodes[c].next) {
        if (v.nodes[c].kind == PT_N_PARAMS) {
            for (u32 a = v.nodes[c].child; a; a = v.nodes[a].next) {
                pt_ty ty = 0;
                for (u32 t = v.nodes[a].child; t; t = v.nodes[t].next)
                    if (pt_kind_is_type(v.nodes[t].kind) && (v.nodes[t].kind != PT_N_MACRO_CALL || !v.nodes[t].next))
                        ty = pt_lower(r, &v, t, def, PT_NO_EMIT);
                if (v.nodes[a].kind == PT_N_SELF_PARAM) {
                    u8 op = v.nodes[a].op, kind = pt_ty_at(&r->types, ty)->kind;
                    s.self_kind = op == 2 ? PT_SELF_MUT : op == 1 ? PT_SELF_REF : PT_SELF_VALUE;
                    if (kind == PT_TY_REF) s.self_kind = pt_ty_at(&r->types, ty)->name ? PT_SELF_MUT : PT_SELF_REF;
                    else if (kind == PT_TY_ADT && pt_is_smart_pointer(r->w, pt_ty_at(&r->types, ty)->def))
                        s.self_kind = PT_SELF_POINTER;
                    if (!ty) {
                        ty = pt_self_type(r, def);
                        if (op) ty = pt_ty_make(&r->types, PT_TY_REF, 0, op == 2, &ty, 1);
                    }
                }
                if (count < PT_COUNT_OF(params)) params[count++] = ty;
            }
        } else if (v.nodes[c].kind == PT_N_RETURN && v.nodes[c].child) {
            s.result = pt_lower(r, &v, v.nodes[c].child, def, PT_NO_EMIT);
        }
    }
    leave(r, &p);
    r->w->asked = asked;
    r->item = asked_from;
    r->types.steps = steps;
    if (item->flags & PT_F_ASYNC) { /* async fn: a future of the written result */
        u32 future = r->w->lang.future;
        pt_ty binding = pt_ty_make(&r->types, PT_TY_BINDING, 0, r->w->known.output, &s.result, 1);
        if (future != PT_NO_DEF) {
            pt_ty bound = pt_ty_make(&r->types, PT_TY_BOUND, future, 0, &binding, 1);
            s.result = pt_ty_make(&r->types, PT_TY_OPAQUE, 0, 0, &bound, 1);
        }
    }
    s.params = r->signature_types.count;
    s.count = count;
    if (!pt_vec_reserve(&r->signature_types, (u64)s.params + count)) return NULL;
    for (u32 i = 0; i < count; i++) pt_vec_push(&r->signature_types, params[i]);
    u32 index = r->signatures.count;
    if (!pt_vec_push(&r->signatures, s)) return NULL;
    mask = r->signature_table.count - 1; /* the table may have grown meanwhile */
    k = (u32)pt_hash_u64(def) & mask;
    while (r->signature_table.data[k]) k = (k + 1) & mask;
    r->signature_table.data[k] = index + 1;
    return &r->signatures.data[index];
}

/* Bounds. */

static bool visit_bounds(pt_resolver *r, const pt_view *v, u32 bounds, u32 owner,
                         bool (*visit)(pt_resolver *, pt_ty, void *), void *payload) {
    for (u32 b = v->nodes[bounds].child; b; b = v->nodes[b].next) {
        if (v->nodes[b].kind != PT_N_BOUND || !v->nodes[b].child || v->nodes[b].op == '?') continue;
        pt_ty bound = pt_lower_bound(r, v, v->nodes[b].child, owner, PT_NO_EMIT);
        if (bound && visit(r, bound, payload)) return true;
    }
    return false;
}

static bool predicate_is_about(pt_resolver *r, const pt_view *v, u32 predicate, u32 name) {
    u32 type = v->nodes[predicate].child, segments = 0, last = 0;
    (void)r;
    if (!type || v->nodes[type].kind != PT_N_TYPE_PATH || !v->nodes[type].child) return false;
    for (u32 s = v->nodes[v->nodes[type].child].child; s; s = v->nodes[s].next) segments++, last = s;
    return segments == 1 && v->nodes[last].kind == PT_N_SEGMENT && pt_view_name(v, last) == name;
}

static bool bounds_in(pt_resolver *r, u32 def, u32 name, bool (*visit)(pt_resolver *, pt_ty, void *), void *payload) {
    pt_ask_of(r->w, PT_ASK_INTERFACE, def, 0);
    const pt_item *item = pt_def_item(r->w, def);
    if (!item || !item->tree) return false;
    pt_view v = facts_view(r->w, def);
    place p;
    bool stop = false;
    if (!enter(r, &p, def)) return false;
    for (u32 c = v.nodes[item->tree].child; c && !stop; c = v.nodes[c].next) {
        if (v.nodes[c].kind == PT_N_GENERICS) {
            for (u32 g = v.nodes[c].child; g && !stop; g = v.nodes[g].next)
                if (v.nodes[g].kind == PT_N_GENERIC_TYPE && pt_view_name(&v, g) == name)
                    for (u32 b = v.nodes[g].child; b && !stop; b = v.nodes[b].next)
                        if (v.nodes[b].kind == PT_N_BOUNDS) stop = visit_bounds(r, &v, b, def, visit, payload);
        } else if (v.nodes[c].kind == PT_N_WHERE) {
            for (u32 q = v.nodes[c].child; q && !stop; q = v.nodes[q].next)
                if (predicate_is_about(r, &v, q, name))
                    for (u32 b = v.nodes[q].child; b && !stop; b = v.nodes[b].next)
                        if (v.nodes[b].kind == PT_N_BOUNDS) stop = visit_bounds(r, &v, b, def, visit, payload);
        }
    }
    leave(r, &p);
    return stop;
}

typedef struct collected {
    pt_ty bounds[16];
    u32 count;
} collected;
static bool collect_bound(pt_resolver *r, pt_ty bound, void *payload) {
    collected *c = payload;
    (void)r;
    if (c->count < PT_COUNT_OF(c->bounds)) c->bounds[c->count++] = bound;
    return false;
}

/* Bounds of <T as Trait>::Name: those the trait declares, and those of where-clauses about it. */
static bool projection_bounds(pt_resolver *r, pt_ty projection, bool (*visit)(pt_resolver *, pt_ty, void *),
                              void *payload) {
    pt_type t = *pt_ty_at(&r->types, projection);
    pt_world *w = r->w;
    u32 member = PT_NO_DEF;
    collected c = {.count = 0};
    if (r->depth + 2 > PT_MAX_TYPE_DEPTH) return false;
    if (t.def != PT_NO_DEF && !pt_def_is_external_path(t.def))
        for (u32 m = pt_member_find(w, t.def, t.name); m; m = w->members.data[m].next)
            if (w->members.data[m].impl == PT_NONE) member = w->members.data[m].def;
    u32 bounds = member == PT_NO_DEF ? 0 : pt_item_tree_child(w, member, PT_N_BOUNDS);
    place p;
    if (bounds && enter(r, &p, member)) {
        pt_view v = facts_view(w, member);
        visit_bounds(r, &v, bounds, member, collect_bound, &c);
        leave(r, &p);
        pt_subst s = {0};
        pt_subst_add(&s, t.def, w->known.self_upper, pt_ty_arg(&r->types, projection, 0));
        for (u32 i = 0; i < c.count; i++)
            if (visit(r, pt_ty_subst(&r->types, c.bounds[i], &s, 0), payload)) return true;
    }
    u32 count;
    (void)pt_environment(r, &count);
    for (u32 i = 0; i < count; i++) { /* asked for each time: what is visited may make others */
        const pt_env_entry e = pt_environment(r, &count)[i];
        if (e.self == projection && visit(r, e.bound, payload)) return true;
    }
    return false;
}

/* The predicates of one item about types that are no mere parameters. */
static void own_predicates(pt_resolver *r, u32 def) {
    u32 where = pt_item_tree_child(r->w, def, PT_N_WHERE);
    pt_view v = facts_view(r->w, def);
    place p;
    for (u32 q = where ? v.nodes[where].child : 0; q; q = v.nodes[q].next) {
        u32 type = v.nodes[q].child, segments = 0;
        if (!type || !pt_kind_is_type(v.nodes[type].kind)) continue;
        if (v.nodes[type].kind == PT_N_TYPE_PATH && v.nodes[type].child) {
            u32 first = v.nodes[v.nodes[type].child].child;
            for (u32 s = first; s; s = v.nodes[s].next) segments++;
            if (segments == 1 && v.nodes[first].kind == PT_N_SEGMENT && !v.nodes[first].child &&
                (pt_view_name(&v, first) == r->w->known.self_upper ||
                 pt_generic_owner(r->w, def, pt_view_name(&v, first)) != PT_NO_DEF))
                continue;
        }
        if (!enter(r, &p, def)) return;
        pt_ty self = pt_lower(r, &v, type, def, PT_NO_EMIT);
        collected c = {.count = 0};
        for (u32 b = v.nodes[q].child; b && self; b = v.nodes[b].next)
            if (v.nodes[b].kind == PT_N_BOUNDS) visit_bounds(r, &v, b, def, collect_bound, &c);
        leave(r, &p);
        for (u32 i = 0; i < c.count; i++) pt_vec_push(&r->environment, (pt_env_entry){self, c.bounds[i]});
    }
}

const pt_env_entry *pt_environment(pt_resolver *r, u32 *count) {
    *count = 0;
    for (u32 d = r->item; r->w->asked && d != PT_NO_DEF && !pt_def_is_external_path(d); d = r->w->defs.data[d].parent) {
        u8 kind = r->w->defs.data[d].kind;
        if (kind == PT_KIND_MODULE || kind == PT_KIND_CRATE) break;
        pt_ask_of(r->w, PT_ASK_INTERFACE, d, 0);
    }
    for (u32 i = r->environment_runs.count; i-- > 0;)
        if (r->environment_runs.data[i].item == r->item) {
            *count = r->environment_runs.data[i].count;
            return *count ? r->environment.data + r->environment_runs.data[i].first : NULL;
        }
    if (r->in_environment || r->item == PT_NO_DEF || pt_def_is_external_path(r->item)) return NULL;
    if (r->environment_runs.count > MAX_ENVIRONMENTS) r->environment.count = r->environment_runs.count = 0;
    pt_env_run run = {r->item, r->environment.count, 0};
    u32 depth = r->depth, steps = r->types.steps;
    r->in_environment = true;
    r->depth = 0;
    r->types.steps = PT_MAX_STEPS - PT_MAX_STEPS_KEPT;
    struct pt_asked *asked = r->w->asked;
    r->w->asked = NULL;
    for (u32 d = r->item; d != PT_NO_DEF; d = r->w->defs.data[d].parent) {
        u8 kind = r->w->defs.data[d].kind;
        if (kind == PT_KIND_MODULE || kind == PT_KIND_CRATE) break;
        own_predicates(r, d);
    }
    r->w->asked = asked;
    r->in_environment = false;
    r->depth = depth;
    r->types.steps = steps;
    run.count = r->environment.count - run.first;
    if (!pt_vec_push(&r->environment_runs, run)) return NULL;
    *count = run.count;
    return run.count ? r->environment.data + run.first : NULL;
}

bool pt_bounds_of(pt_resolver *r, pt_ty param, bool (*visit)(pt_resolver *, pt_ty, void *), void *payload) {
    pt_type t = *pt_ty_at(&r->types, param);
    if (!pt_step(&r->types)) return false;
    if (t.kind == PT_TY_PROJECTION) return projection_bounds(r, param, visit, payload);
    if (t.kind == PT_TY_OPAQUE) {
        for (u32 i = 0; i < t.count; i++)
            if (visit(r, pt_ty_arg(&r->types, param, i), payload)) return true;
        return false;
    }
    if (t.kind == PT_TY_DYN) {
        pt_ty own[16];
        for (u32 i = 0; i < t.count; i++) own[i] = pt_ty_arg(&r->types, param, i);
        return visit(r, pt_ty_make(&r->types, PT_TY_BOUND, t.def, 0, own, t.count), payload);
    }
    if (t.kind != PT_TY_PARAM) return false;
    if (t.name == r->w->known.self_upper) { /* the trait itself, then its where-clauses and supertraits */
        if (visit(r, pt_ty_make(&r->types, PT_TY_BOUND, t.def, 0, NULL, 0), payload)) return true;
    } else if (bounds_in(r, t.def, t.name, visit, payload)) {
        return true;
    }
    /* where-clauses of the method may bound parameters of its impl */
    for (u32 d = r->item; d != PT_NO_DEF && d != t.def; d = r->w->defs.data[d].parent) {
        u8 kind = r->w->defs.data[d].kind;
        if (kind == PT_KIND_MODULE || kind == PT_KIND_CRATE) break;
        if ((kind == PT_KIND_METHOD || kind == PT_KIND_FN) && bounds_in(r, d, t.name, visit, payload)) return true;
    }
    return false;
}

bool pt_supertraits(pt_resolver *r, u32 trait, bool (*visit)(pt_resolver *, u32, void *), void *payload) {
    u32 count;
    const u32 *all = pt_supertraits_of(r->w, trait, &count);
    if (!all) return visit(r, trait, payload);
    for (u32 i = 0; i < count; i++)
        if (visit(r, all[i], payload)) return true;
    return false;
}
