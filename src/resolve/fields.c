/* fields.c: the fields of structs, tuples and variants, by name and through Deref. */
#include "resolve/infer.h"
#include "resolve/questions.h"

static inline const pt_node *at(const body *b, u32 node) { return node_of_body(b, node); }
static u32 offset_of(const body *b, u32 node) { return pt_view_offset(&b->v, node); }

pt_ty pt_field_type(body *b, u32 owner, pt_ty self, u32 name, u32 *field) {
    pt_world *w = b->r->w;
    pt_ask_of(w, PT_ASK_INTERFACE, owner, 0);
    const pt_item *item = pt_def_item(w, owner);
    *field = PT_NO_DEF;
    if (!item) return 0; /* `crate { x }`: a path may end in a crate */
    const pt_facts *f = &pt_def_file(w, owner)->facts;
    const pt_instance *in = pt_def_instance(w, owner);
    u32 adt = owner;
    if (w->defs.data[owner].kind == PT_KIND_VARIANT) adt = w->defs.data[owner].parent;
    pt_subst s = {0};
    self = pt_shallow(b->r, self);
    if (pt_ty_at(&b->r->types, self)->kind == PT_TY_ADT)
        pt_ty_match(&b->r->types, pt_adt_generic(b->r, adt), self, &s, 0);
    for (u32 k = w->defs.data[owner].item + 1; k < item->subtree_end; k = f->items[k].subtree_end)
        if (f->items[k].kind == PT_KIND_FIELD && w->defs.data[pt_item_def(in, k)].name == name) {
            *field = pt_item_def(in, k);
            return pt_ty_subst(&b->r->types, pt_item_type(b->r, *field), &s, 0);
        }
    u32 tuple = pt_item_tree_child(w, owner, PT_N_TUPLE_FIELDS);
    pt_str text = pt_sym(w, name);
    if (!tuple || !text.length || text.data[0] < '0' || text.data[0] > '9') return 0;
    u32 index = 0;
    for (u32 i = 0; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        index = index * 10 + (u32)(text.data[i] - '0');
    pt_ty types[64];
    u32 count = pt_tuple_fields(b->r, owner, types, PT_COUNT_OF(types));
    return index < count ? pt_ty_subst(&b->r->types, types[index], &s, 0) : 0;
}

u32 pt_tuple_fields(pt_resolver *r, u32 owner, pt_ty *out, u32 limit) {
    u32 tuple = pt_item_tree_child(r->w, owner, PT_N_TUPLE_FIELDS), count = 0;
    if (!tuple || r->depth >= PT_MAX_TYPE_DEPTH) return 0;
    const pt_file *f = pt_def_file(r->w, owner);
    pt_view v = {f->facts.nodes, f->symbols, NULL, f, NULL};
    u32 scope = r->scope;
    r->scope = owner;
    r->depth++;
    for (u32 c = v.nodes[tuple].child; c; c = v.nodes[c].next)
        for (u32 t = v.nodes[c].child; t; t = v.nodes[t].next)
            if (pt_kind_is_type(v.nodes[t].kind) && count < limit) out[count++] = pt_lower(r, &v, t, owner, PT_NO_EMIT);
    r->depth--;
    r->scope = scope;
    return count;
}

/* A field through references and Deref. False: a variable is in the way. */
bool pt_find_field(body *b, pt_ty ty, u32 name, u32 offset, bool mutably, pt_ty *found) {
    pt_resolver *r = b->r;
    *found = 0;
    for (u32 step = 0; ty && step < 10; step++) {
        ty = pt_resolved(r, ty);
        pt_type t = *pt_ty_at(&r->types, ty);
        if (t.kind == PT_TY_VAR) return false;
        if (t.kind == PT_TY_TUPLE) {
            pt_str text = pt_sym(r->w, name);
            u32 index = 0;
            for (u32 i = 0; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++)
                index = index * 10 + (u32)(text.data[i] - '0');
            *found = pt_ty_arg(&r->types, ty, index);
            return true;
        }
        if (t.kind == PT_TY_ADT && !pt_def_is_external_path(t.def)) {
            u32 field;
            *found = pt_field_type(b, t.def, ty, name, &field);
            if (field != PT_NO_DEF) pt_emit(r, field, PT_EDGE_USES, PT_VIA_NONE, PT_EXACT, offset);
            if (field != PT_NO_DEF || *found) return true;
            if (!pt_is_smart_pointer(r->w, t.def) && pt_deref_once(r, ty))
                pt_emit_member(b, mutably ? r->w->lang.deref_mut : r->w->lang.deref, mutably ? "deref_mut" : "deref",
                               ty, PT_VIA_DEREF, offset);
        }
        ty = pt_deref_once(r, ty);
    }
    return true;
}

pt_ty pt_expr_field(body *b, u32 node) {
    u32 receiver = at(b, node)->child, name = pt_view_name(&b->v, node), offset = offset_of(b, node);
    bool written = b->written;
    pt_ty ty = receiver ? pt_expr(b, receiver, 0) : 0, found;
    b->written = false;
    if (pt_find_field(b, ty, name, offset, written, &found)) return found;
    pt_try_pending(b);
    if (pt_find_field(b, ty, name, offset, written, &found)) return found;
    found = pt_var(b->r, PT_VAR_ANY);
    pt_wait(b, (pt_pending){.kind = PT_PENDING_FIELD, .self = ty, .name = name, .result = found, .offset = offset},
            NULL, NULL);
    return found;
}
