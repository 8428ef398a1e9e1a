/* patterns.c: patterns of a body: the names they bind with their types, and the sites in them. */
#include "resolve/infer.h"

static inline const pt_node *at(const body *b, u32 node) { return node_of_body(b, node); }
static u32 offset_of(const body *b, u32 node) { return pt_view_offset(&b->v, node); }

/* Are all references around a type mutable ones? */
static bool all_mutable(const body *b, pt_ty ty) {
    for (; type_of_body(b, ty).kind == PT_TY_REF; ty = arg_of(b, ty, 0))
        if (!type_of_body(b, ty).name) return false;
    return true;
}

void pt_pattern(body *b, u32 node, pt_ty ty) {
    pt_resolver *r = b->r;
    const pt_node *n = at(b, node);
    if (!node || r->depth > 200) return;
    r->depth++;
    ty = pt_shallow(r, ty);
    /* default binding modes: a reference is looked through by a constructor pattern */
    pt_ty inner =
        n->kind == PT_N_PAT_IDENT || n->kind == PT_N_PAT_REF || n->kind == PT_N_PAT_OR ? ty : pt_strip_refs(r, ty);
    bool through = inner != ty, mutable = through && all_mutable(b, ty);
    switch (n->kind) {
    case PT_N_PAT_IDENT: {
        u32 name = pt_view_name(&b->v, node);
        if (!n->op && !n->child) { /* a constant, unit struct or variant, or a new name */
            pt_path_result p = {0};
            pt_resolve_path(r->w, &p, r->scope, &name, 1, false, PT_NS_VALUE);
            u8 kind = p.def == PT_NO_DEF ? (u8)PT_KIND_COUNT : pt_def_kind(r->w, p.def);
            bool is_value = kind == PT_KIND_CONST || kind == PT_KIND_VARIANT || kind == PT_KIND_STATIC ||
                            (kind == PT_KIND_STRUCT && !pt_def_is_external_path(p.def) &&
                             !pt_item_tree_child(r->w, p.def, PT_N_TUPLE_FIELDS) &&
                             pt_def_item(r->w, p.def)->subtree_end == r->w->defs.data[p.def].item + 1);
            pt_str text = pt_sym(r->w, name);
            if (is_value && !pt_def_is_external_path(p.def) && text.data[0] >= 'A' && text.data[0] <= 'Z') {
                pt_emit_binding(r, p.binding, p.def, PT_EDGE_USES, PT_VIA_PATH, PT_EXACT, offset_of(b, node));
                break;
            }
        }
        if (n->child) pt_pattern(b, n->child, ty);
        pt_push_local(b, name, node, n->op & 1 ? reference_to(b, ty, (n->op & 2) != 0) : ty);
        break;
    }
    case PT_N_PAT_REF:
        if (type_of_body(b, ty).kind == PT_TY_VAR) pt_unify(r, ty, reference_to(b, pt_var(r, PT_VAR_ANY), n->op & 1));
        if (n->child) pt_pattern(b, n->child, type_of_body(b, ty).kind == PT_TY_REF ? arg_of(b, ty, 0) : 0);
        break;
    case PT_N_PAT_BOX:
        if (n->child) pt_pattern(b, n->child, pt_deref_once(r, ty));
        break;
    case PT_N_PAT_OR: {
        u32 locals = r->locals.count;
        for (u32 c = n->child; c; c = at(b, c)->next) { /* all alternatives bind the same names: the best known stay */
            u32 before = r->locals.count;
            pt_pattern(b, c, ty);
            if (c != n->child) {
                for (u32 i = before; i < r->locals.count; i++)
                    for (u32 k = locals; k < before; k++)
                        if (r->locals.data[k].name == r->locals.data[i].name)
                            pt_unify(r, r->locals.data[k].ty, r->locals.data[i].ty);
                r->locals.count = before;
            }
        }
        break;
    }
    case PT_N_PAT_TUPLE:
    case PT_N_PAT_SLICE: {
        u32 total = 0, index = 0;
        bool rest = false;
        for (u32 c = n->child; c; c = at(b, c)->next) total++, rest = rest || at(b, c)->kind == PT_N_PAT_REST;
        if (type_of_body(b, inner).kind == PT_TY_VAR && n->kind == PT_N_PAT_TUPLE && !rest && total <= 16) {
            pt_ty parts[16];
            for (u32 i = 0; i < total; i++) parts[i] = pt_var(r, PT_VAR_ANY);
            pt_unify(r, inner, pt_ty_make(&r->types, PT_TY_TUPLE, 0, 0, parts, total));
        }
        const pt_type t = type_of_body(b, inner);
        u32 arity = t.kind == PT_TY_TUPLE ? t.count : 0;
        for (u32 c = n->child; c; c = at(b, c)->next) {
            if (at(b, c)->kind == PT_N_PAT_REST) {
                index = arity > total - 1 - index ? arity - (total - 1 - index) : index;
                continue;
            }
            pt_ty element = n->kind == PT_N_PAT_TUPLE ? (arity ? arg_of(b, inner, index) : 0) : arg_of(b, inner, 0);
            u32 rest_of = at(b, c)->kind == PT_N_PAT_IDENT ? at(b, c)->child : 0;
            if (n->kind == PT_N_PAT_SLICE && element && rest_of && at(b, rest_of)->kind == PT_N_PAT_REST)
                element = pt_ty_make(&r->types, PT_TY_SLICE, 0, 0, &element, 1); /* rest @ .. */
            pt_pattern(b, c, element && through ? reference_to(b, element, mutable) : element);
            index++;
        }
        break;
    }
    case PT_N_PAT_PATH:
        if (n->child) pt_value_of(b, n->child, PT_VALUE_PATTERN);
        break;
    case PT_N_PAT_TUPLE_STRUCT:
    case PT_N_PAT_STRUCT: {
        u32 path = n->child;
        value x = {.def = PT_NO_DEF};
        if (n->kind == PT_N_PAT_TUPLE_STRUCT) {
            x = pt_value_of(b, path, PT_VALUE_PATTERN);
        } else {
            x.def = pt_struct_path(b, path, PT_EDGE_USES, &x.ty);
        }
        u32 def = x.def != PT_NO_DEF && !pt_def_is_external_path(x.def) ? x.def : PT_NO_DEF;
        pt_ty types[64], self = inner;
        u32 count = 0, index = 0, total = 0;
        pt_subst s = {0};
        if (def != PT_NO_DEF) {
            u32 adt = r->w->defs.data[def].kind == PT_KIND_VARIANT ? r->w->defs.data[def].parent : def;
            pt_instantiate(r, adt, &s);
            pt_ty generic = pt_ty_subst(&r->types, pt_adt_generic(r, adt), &s, 0);
            if (x.ty) pt_unify(r, generic, x.ty);
            pt_unify(r, generic, self);
            self = generic;
            if (n->kind == PT_N_PAT_TUPLE_STRUCT) count = pt_tuple_fields(r, def, types, PT_COUNT_OF(types));
        }
        for (u32 c = at(b, path)->next; c; c = at(b, c)->next) total++;
        for (u32 c = at(b, path)->next; c; c = at(b, c)->next) {
            pt_ty element = 0;
            if (at(b, c)->kind == PT_N_PAT_REST) {
                index = count > total - 1 - index ? count - (total - 1 - index) : index;
                continue;
            }
            if (at(b, c)->kind == PT_N_PAT_FIELD) {
                u32 field = PT_NO_DEF;
                if (def != PT_NO_DEF) element = pt_field_type(b, def, self, pt_view_name(&b->v, c), &field);
                if (field != PT_NO_DEF) pt_emit(r, field, PT_EDGE_USES, PT_VIA_NONE, PT_EXACT, offset_of(b, c));
                u32 sub = at(b, c)->child;
                while (sub && !pt_kind_is_pattern(at(b, sub)->kind)) sub = at(b, sub)->next;
                if (sub) {
                    const pt_node *bound = at(b, sub);
                    if (at(b, c)->op == 1 && bound->kind == PT_N_PAT_IDENT) /* shorthand: always a new name */
                        pt_push_local(b, pt_view_name(&b->v, sub), sub,
                                      (element && through) || bound->op & 1
                                          ? reference_to(b, element, mutable || (bound->op & 3) == 3)
                                          : element);
                    else pt_pattern(b, sub, element && through ? reference_to(b, element, mutable) : element);
                }
                continue;
            }
            if (index < count) element = pt_ty_subst(&r->types, types[index], &s, 0);
            pt_pattern(b, c, element && through ? reference_to(b, element, mutable) : element);
            index++;
        }
        break;
    }
    case PT_N_PAT_LITERAL:
    case PT_N_PAT_RANGE:
    case PT_N_PAT_CONST:
        for (u32 c = n->child; c; c = at(b, c)->next) pt_expr_as(b, c, inner);
        break;
    case PT_N_MACRO_CALL: pt_macro_pattern(b, node, ty); break;
    default: break;
    }
    r->depth--;
}
