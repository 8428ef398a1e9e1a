/* values.c: paths in value position, and those that name a struct. */
#include "resolve/infer.h"

static inline const pt_node *at(const body *b, u32 node) { return node_of_body(b, node); }
static u32 offset_of(const body *b, u32 node) { return pt_view_offset(&b->v, node); }

static u8 edge_for(const body *b, u32 def, bool called) {
    switch (pt_def_kind(b->r->w, def)) {
    case PT_KIND_FN:
    case PT_KIND_METHOD: return called ? PT_EDGE_CALLS : PT_EDGE_USES;
    case PT_KIND_STRUCT:
    case PT_KIND_VARIANT: return PT_EDGE_INSTANTIATES;
    default: return PT_EDGE_USES;
    }
}

static bool is_keyword(const body *b, u32 name) {
    const pt_world *w = b->r->w;
    return name == w->known.self_lower || name == w->known.super || name == w->known.crate ||
           name == w->known.self_upper;
}

/* Resolves a path and emits its sites. */
value pt_value_of(body *b, u32 path, u32 mode) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    u32 nodes[32] = {0}, names[32] = {0}, count = 0, child = at(b, path)->child, i = 0;
    value out = {.def = PT_NO_DEF, .trait = PT_NO_DEF};
    pt_ty self = 0;
    u32 trait = PT_NO_DEF, trait_count = 0;
    pt_ty trait_args[8];
    if (child && at(b, child)->kind == PT_N_QUALIFIED_SELF) {
        u32 type = at(b, child)->child, of_trait = type ? at(b, type)->next : 0;
        self = type ? pt_open(r, pt_lower(r, &b->v, type, b->owner, PT_EDGE_USES)) : 0;
        if (of_trait) {
            pt_ty bound = pt_lower_bound(r, &b->v, of_trait, b->owner, PT_EDGE_USES);
            if (bound) trait = pt_ty_at(&r->types, bound)->def, trait_count = pt_bound_args(r, bound, trait_args, 8);
        }
        child = at(b, child)->next;
        i = PT_NONE;
    }
    for (u32 s = child; s && count < 32; s = at(b, s)->next)
        if (at(b, s)->kind == PT_N_SEGMENT) nodes[count] = s, names[count++] = pt_view_name(&b->v, s);
    if (!count) return out;
    u32 last = count - 1, last_offset = offset_of(b, nodes[last]);
    if (i == PT_NONE) {
        i = 0;
    } else if (names[0] == w->known.self_upper) {
        self = r->self_type;
        i = 1;
        if (count == 1) { /* Self(..), Self */
            out.ty = self;
            out.def = pt_head_of(r, self);
            if (out.def != PT_NO_DEF)
                pt_emit(r, out.def, mode == PT_VALUE_PATTERN ? PT_EDGE_USES : PT_EDGE_INSTANTIATES, PT_VIA_PATH,
                        PT_EXACT, last_offset);
            return out;
        }
    } else if (!at(b, path)->op) {
        u32 declared = pt_generic_owner(w, b->owner, names[0]);
        if (declared != PT_NO_DEF) {
            self = pt_ty_make(&r->types, PT_TY_PARAM, declared, names[0], NULL, 0);
            i = 1;
            if (count == 1) return out.ty = 0, out; /* a const parameter */
        }
    }
    if (!self && !(i == 0 && trait != PT_NO_DEF)) {
        pt_path_result p = {0};
        pt_resolve_path(w, &p, r->scope, names, count, at(b, path)->op, PT_NS_VALUE);
        if (p.def == PT_NO_DEF) {
            pt_ty ignored[16];
            for (u32 k = 0; k < count; k++) pt_lower_args(r, &b->v, nodes[k], b->owner, PT_EDGE_USES, ignored, 16);
            if (r->via_macro != 2)
                pt_emit_open(r, names[last], p.unknown ? PT_REASON_DEPENDENCY : PT_REASON_NO_SUCH_NAME, last_offset);
            out.open = true;
            return out;
        }
        for (u32 k = 0; k + 1 < p.resolved && k < PT_COUNT_OF(p.prefix); k++)
            if (!is_keyword(b, names[k]))
                pt_emit(r, p.prefix[k], PT_EDGE_USES, PT_VIA_NONE,
                        pt_def_is_external_path(p.prefix[k]) ? PT_INFERRED : PT_EXACT, offset_of(b, nodes[k]));
        pt_ty args[16];
        u32 n = pt_lower_args(r, &b->v, nodes[p.resolved - 1], b->owner, PT_EDGE_USES, args, 16);
        u32 parent = pt_def_is_external_path(p.def) ? PT_NO_DEF : w->defs.data[p.def].parent;
        if (p.resolved == count && count > 1 && parent != PT_NO_DEF && w->defs.data[parent].kind == PT_KIND_TRAIT) {
            trait = parent; /* Trait::method: found in the trait, but whose it is the type tells */
            i = last;
        } else if (p.resolved == count) {
            out.def = p.def;
            out.arg_count = PT_MIN(n, (u32)PT_COUNT_OF(out.args));
            memcpy(out.args, args, out.arg_count * sizeof *args);
            if (pt_def_is_external_path(p.def)) {
                pt_external_evidence(w, p.def, mode == PT_VALUE_CALLED ? PT_KIND_FN : PT_KIND_CONST);
                pt_emit(r, p.def, mode == PT_VALUE_CALLED ? PT_EDGE_CALLS : PT_EDGE_USES, PT_VIA_PATH, PT_INFERRED,
                        last_offset);
                return out;
            }
            if (w->defs.data[p.def].kind == PT_KIND_VARIANT && p.resolved >= 2) { /* Enum::<A>::Variant */
                pt_ty own[16];
                u32 m = pt_lower_args(r, &b->v, nodes[p.resolved - 2], b->owner, PT_EDGE_USES, own, 16);
                if (m)
                    out.arg_count = PT_MIN(m, (u32)PT_COUNT_OF(out.args)),
                    memcpy(out.args, own, out.arg_count * sizeof *own);
            }
            u8 kind = mode == PT_VALUE_PATTERN ? (u8)PT_EDGE_USES : edge_for(b, p.def, mode == PT_VALUE_CALLED);
            pt_emit_binding(r, p.binding, p.def, kind, PT_VIA_PATH, PT_EXACT, last_offset);
            return out;
        }
        if (trait == PT_NO_DEF) {
            if (!is_keyword(b, names[p.resolved - 1]))
                pt_emit_binding(r, p.binding, p.def, PT_EDGE_USES, PT_VIA_NONE,
                                pt_def_is_external_path(p.def) && pt_def_kind(w, p.def) != PT_KIND_PRIMITIVE
                                    ? PT_INFERRED
                                    : PT_EXACT,
                                offset_of(b, nodes[p.resolved - 1]));
            i = p.resolved;
            if (!pt_def_is_external_path(p.def) && w->defs.data[p.def].kind == PT_KIND_TRAIT)
                trait = p.def; /* Trait::method */
            else self = pt_open(r, pt_type_from_def(r, p.def, args, n));
        }
    }
    for (; i + 1 < count; i++) { /* <T as Trait>::Assoc::name is a name of the associated type */
        self = pt_project_with(r, self, trait, names[i], trait_args, trait_count);
        trait = PT_NO_DEF;
        trait_count = 0;
    }
    u32 name = names[last];
    pt_ty args[16];
    u32 n = pt_lower_args(r, &b->v, nodes[last], b->owner, PT_EDGE_USES, args, 16);
    out.arg_count = PT_MIN(n, (u32)PT_COUNT_OF(out.args));
    memcpy(out.args, args, out.arg_count * sizeof *args);
    out.ty = self;
    u32 head = self ? pt_head_of(r, self) : PT_NO_DEF;
    if (head != PT_NO_DEF && !pt_def_is_external_path(head) &&
        w->defs.data[head].kind == PT_KIND_ENUM) { /* alias or Self of an enum */
        u32 binding = pt_scope_lookup(w, head, name, PT_NS_VALUE);
        if (binding) {
            out.def = w->bindings.data[binding].def;
            pt_emit_binding(r, binding, out.def, mode == PT_VALUE_PATTERN ? PT_EDGE_USES : PT_EDGE_INSTANTIATES,
                            PT_VIA_PATH, PT_EXACT, last_offset);
            return out;
        }
    }
    pt_callee c = {.def = PT_NO_DEF};
    if (trait != PT_NO_DEF && !pt_def_is_external_path(trait)) { /* which impl's it is, the type will tell */
        for (u32 m = pt_member_find(w, trait, name); m; m = w->members.data[m].next)
            if (w->members.data[m].impl == PT_NONE) c.def = w->members.data[m].def;
        if (c.def != PT_NO_DEF) {
            out.def = c.def;
            out.is_member = true;
            out.trait = trait;
            if (!self) out.ty = self = pt_var(r, PT_VAR_ANY);
            pt_wait(b,
                    (pt_pending){.kind = PT_PENDING_MEMBER,
                                 .self = self,
                                 .trait = trait,
                                 .name = name,
                                 .edge = edge_for(b, c.def, mode == PT_VALUE_CALLED),
                                 .offset = last_offset},
                    NULL, NULL);
            return out;
        }
    } else if (trait != PT_NO_DEF) {
        c.def = pt_external_child(w, trait, name, PT_KIND_METHOD), c.confidence = PT_INFERRED;
    } else if (self) {
        pt_find_associated(r, &c, self, name, PT_NS_VALUE);
        if (c.def == PT_NO_DEF && head != PT_NO_DEF && pt_def_is_external_path(head) &&
            pt_def_kind(w, head) != PT_KIND_PRIMITIVE) {
            c.def = pt_external_child(w, head, name, mode == PT_VALUE_CALLED ? PT_KIND_METHOD : PT_KIND_CONST);
            c.confidence = PT_INFERRED;
        }
    }
    if (c.def == PT_NO_DEF) {
        if (r->via_macro != 2) pt_emit_open(r, name, PT_REASON_ASSOCIATED, last_offset);
        out.open = true;
        return out;
    }
    out.def = c.def;
    out.is_member = true;
    if (c.confidence == PT_CANDIDATE && c.other_count && mode == PT_VALUE_CALLED) {
        out.choice = c;
        out.offset = last_offset;
        return out;
    }
    pt_emit_callee(r, &c, edge_for(b, c.def, mode == PT_VALUE_CALLED), PT_VIA_PATH, last_offset);
    return out;
}

/* The type of a value that a path names, without being called. */
pt_ty pt_value_type(body *b, const value *x) {
    pt_world *w = b->r->w;
    if (x->def == PT_NO_DEF || pt_def_is_external_path(x->def)) return 0;
    pt_subst s = {0};
    switch (w->defs.data[x->def].kind) {
    case PT_KIND_CONST:
    case PT_KIND_STATIC: return pt_item_type(b->r, x->def);
    case PT_KIND_ASSOC_CONST:
        pt_instantiate(b->r, x->def, &s);
        if (x->ty) pt_unify(b->r, pt_ty_subst(&b->r->types, pt_self_type(b->r, x->def), &s, 0), x->ty);
        return pt_ty_subst(&b->r->types, pt_item_type(b->r, x->def), &s, 0);
    case PT_KIND_VARIANT:
        if (pt_item_tree_child(w, x->def, PT_N_TUPLE_FIELDS)) break;
        if (x->ty) return x->ty;
        return pt_open(b->r, x->arg_count ? pt_adt(b->r, w->defs.data[x->def].parent, x->args, x->arg_count)
                                          : pt_adt_unknown(b->r, w->defs.data[x->def].parent));
    case PT_KIND_STRUCT:
        if (pt_item_tree_child(w, x->def, PT_N_TUPLE_FIELDS)) break;
        return x->ty ? x->ty : pt_open(b->r, pt_adt_unknown(b->r, x->def));
    case PT_KIND_FN:
    case PT_KIND_METHOD: break;
    default: return 0;
    }
    /* a function as a value: its self type, then what stands in the turbofish */
    pt_ty parts[9] = {x->ty};
    for (u32 i = 0; i < x->arg_count; i++) parts[i + 1] = x->args[i];
    return pt_ty_make(&b->r->types, PT_TY_FN, x->def, 0, parts, x->arg_count + 1);
}

/* A path that names a struct, union or variant with braces. */
u32 pt_struct_path(body *b, u32 path, u8 kind, pt_ty *ty) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    u32 nodes[32] = {0}, names[32] = {0}, count = 0;
    for (u32 s = at(b, path)->child; s && count < 32; s = at(b, s)->next)
        if (at(b, s)->kind == PT_N_SEGMENT) nodes[count] = s, names[count++] = pt_view_name(&b->v, s);
    *ty = 0;
    if (!count) return PT_NO_DEF;
    pt_ty args[16], self = 0;
    u32 i = 0, last_offset = offset_of(b, nodes[count - 1]);
    if (names[0] == w->known.self_upper) {
        self = r->self_type;
        i = 1;
        if (count == 1) {
            *ty = pt_open(r, self);
            u32 head = pt_head_of(r, self);
            if (head != PT_NO_DEF) pt_emit(r, head, kind, PT_VIA_PATH, PT_EXACT, last_offset);
            return head;
        }
    } else {
        pt_path_result p = {0};
        pt_resolve_path(w, &p, r->scope, names, count, at(b, path)->op, PT_NS_TYPE);
        if (p.def == PT_NO_DEF) {
            if (r->via_macro != 2)
                pt_emit_open(r, names[count - 1], p.unknown ? PT_REASON_DEPENDENCY : PT_REASON_NO_SUCH_NAME,
                             last_offset);
            return PT_NO_DEF;
        }
        for (u32 k = 0; k + 1 < p.resolved && k < PT_COUNT_OF(p.prefix); k++)
            if (!is_keyword(b, names[k]))
                pt_emit(r, p.prefix[k], PT_EDGE_USES, PT_VIA_NONE,
                        pt_def_is_external_path(p.prefix[k]) ? PT_INFERRED : PT_EXACT, offset_of(b, nodes[k]));
        u32 n = pt_lower_args(r, &b->v, nodes[p.resolved - 1], b->owner, PT_EDGE_USES, args, 16);
        if (!n && p.resolved >= 2 && pt_def_kind(w, p.def) == PT_KIND_VARIANT) /* Enum::<A>::Variant */
            n = pt_lower_args(r, &b->v, nodes[p.resolved - 2], b->owner, PT_EDGE_USES, args, 16);
        bool external = pt_def_is_external_path(p.def);
        if (external) pt_external_evidence(w, p.def, PT_KIND_STRUCT);
        pt_emit_binding(r, p.binding, p.def, p.resolved == count ? kind : (u8)PT_EDGE_USES, PT_VIA_PATH,
                        external ? PT_INFERRED : PT_EXACT, offset_of(b, nodes[p.resolved - 1]));
        if (external) return p.def;
        self = pt_type_from_def(r, p.def, args, n);
        if (p.resolved == count) {
            *ty = pt_open(r, self);
            return w->defs.data[p.def].kind == PT_KIND_TYPE_ALIAS ? pt_head_of(r, self) : p.def;
        }
        i = p.resolved;
    }
    u32 head = self ? pt_head_of(r, self) : PT_NO_DEF;
    if (i + 1 == count && head != PT_NO_DEF && !pt_def_is_external_path(head) &&
        w->defs.data[head].kind == PT_KIND_ENUM) {
        u32 binding = pt_scope_lookup(w, head, names[i], PT_NS_TYPE);
        if (binding) {
            pt_emit_binding(r, binding, w->bindings.data[binding].def, kind, PT_VIA_PATH, PT_EXACT, last_offset);
            *ty = pt_open(r, self);
            return w->bindings.data[binding].def;
        }
    }
    self = pt_project(r, self, PT_NO_DEF, names[i]);
    *ty = pt_open(r, self);
    return self ? pt_head_of(r, self) : PT_NO_DEF;
}
