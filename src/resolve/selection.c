/* selection.c: which impl is for a type, what its associated types are, where Deref leads. */
#include "resolve/infer.h"

pt_ty pt_strip_refs(pt_resolver *r, pt_ty ty) {
    ty = pt_shallow(r, ty);
    for (u32 i = 0; i < 16 && pt_ty_at(&r->types, ty)->kind == PT_TY_REF; i++)
        ty = pt_shallow(r, pt_ty_arg(&r->types, ty, 0));
    return ty;
}

u32 pt_head_of(pt_resolver *r, pt_ty ty) {
    const pt_type *t = pt_ty_at(&r->types, pt_shallow(r, ty));
    switch (t->kind) {
    case PT_TY_ADT:
    case PT_TY_DYN: return t->def;
    case PT_TY_REF: return pt_primitive(r->w, "&");
    case PT_TY_PTR: return pt_primitive(r->w, "*");
    case PT_TY_SLICE: return pt_primitive(r->w, "[]");
    case PT_TY_ARRAY: return pt_primitive(r->w, "[;]");
    case PT_TY_TUPLE: return pt_primitive(r->w, "()");
    case PT_TY_FN_PTR: return pt_primitive(r->w, "fn");
    case PT_TY_INT: return pt_primitive(r->w, "i32");
    case PT_TY_FLOAT: return pt_primitive(r->w, "f64");
    default: return PT_NO_DEF;
    }
}

typedef struct implements_query {
    u32 trait;
    bool found;
} implements_query;
static bool same_trait(pt_resolver *r, u32 trait, void *payload) {
    implements_query *q = payload;
    (void)r;
    return q->found = trait == q->trait;
}
static bool bound_has_trait(pt_resolver *r, pt_ty bound, void *payload) {
    return pt_supertraits(r, pt_ty_at(&r->types, bound)->def, same_trait, payload);
}

typedef struct applies_query {
    pt_ty self;
    bool fails;
} applies_query;
static bool bound_fails(pt_resolver *r, pt_ty bound, void *payload);

/* `impl<I: Iterator> Iterator for &mut I` is there for every mutable reference, and holds for few. */
bool pt_reference_holds(pt_resolver *r, pt_ty pattern, pt_ty self) {
    if (pt_ty_at(&r->types, pattern)->name != pt_ty_at(&r->types, self)->name) return false;
    pt_ty inner = pt_ty_arg(&r->types, pattern, 0);
    applies_query q = {pt_ty_arg(&r->types, self, 0), false};
    if (pt_ty_at(&r->types, inner)->kind != PT_TY_PARAM || !q.self || r->depth + 4 > PT_MAX_TYPE_DEPTH) return true;
    u8 kind = pt_ty_at(&r->types, q.self)->kind;
    if (kind == PT_TY_VAR || kind == PT_TY_PROJECTION) return true;
    r->depth += 4;
    pt_bounds_of(r, inner, bound_fails, &q);
    r->depth -= 4;
    return !q.fails;
}

u32 pt_find_impl(pt_resolver *r, u32 trait, pt_ty self, pt_subst *s) {
    if (trait == PT_NO_DEF || !self || r->depth > PT_MAX_TYPE_DEPTH || !pt_step(&r->types)) return PT_NONE;
    self = pt_resolved(r, self);
    u32 head = pt_head_of(r, self), impl;
    for (impl = pt_first_impl(r->w, head, trait); impl != PT_NONE; impl = r->w->impls.data[impl].next) {
        pt_subst trial = {0};
        pt_ty pattern = pt_impl_type(r, impl);
        if (!pt_impl_known(r, impl) || !pt_ty_match(&r->types, pattern, self, &trial, 0)) continue;
        if (pt_ty_at(&r->types, pattern)->kind == PT_TY_REF && !pt_reference_holds(r, pattern, self)) continue;
        *s = trial;
        return impl;
    }
    for (impl = pt_first_impl(r->w, PT_BLANKET_HEAD, trait); impl != PT_NONE; impl = r->w->impls.data[impl].next) {
        if (!pt_blanket_applies(r, impl, self)) continue;
        pt_subst trial = {0};
        pt_ty_match(&r->types, pt_impl_type(r, impl), self, &trial, 0);
        *s = trial;
        return impl;
    }
    return PT_NONE;
}

/* Traits that are met without an impl: auto traits, Sized; and Fn by what is called. */
static bool met_by_itself(const pt_resolver *r, u32 trait, u8 kind) {
    const pt_world *w = r->w;
    if (pt_def_is_external_path(trait)) return true; /* a dependency's: nobody knows */
    const pt_item *item = pt_def_item(w, trait);
    if (item && (item->flags & PT_F_AUTO)) return true;
    static const char *const built_in[] = {"Sized", "Destruct", "DiscriminantKind", "Pointee"};
    for (u32 i = 0; i < PT_COUNT_OF(built_in); i++)
        if (pt_str_equal(pt_sym(w, w->defs.data[trait].name), pt_str_of(built_in[i]))) return true;
    bool callable = kind == PT_TY_CLOSURE || kind == PT_TY_FN || kind == PT_TY_FN_PTR;
    return callable || kind == PT_TY_TUPLE || kind == PT_TY_ARRAY || kind == PT_TY_NEVER || kind == PT_TY_PTR;
}

static bool bound_fails(pt_resolver *r, pt_ty bound, void *payload) {
    applies_query *q = payload;
    u32 trait = pt_ty_at(&r->types, bound)->def;
    const pt_type self = *pt_ty_at(&r->types, q->self);
    u8 kind = self.kind;
    if (met_by_itself(r, trait, kind) || kind == PT_TY_VAR || kind == PT_TY_UNKNOWN) return false;
    if (kind == PT_TY_ADT && pt_def_is_external_path(self.def) && pt_def_kind(r->w, self.def) != PT_KIND_PRIMITIVE)
        return false;
    if (kind == PT_TY_PARAM || kind == PT_TY_OPAQUE || kind == PT_TY_DYN || kind == PT_TY_PROJECTION) {
        implements_query has = {trait, false};
        pt_bounds_of(r, q->self, bound_has_trait, &has);
        if (has.found) return false;
        if (kind == PT_TY_PROJECTION) return q->fails = false;
        pt_subst none = {0};
        return q->fails = pt_find_impl(r, trait, q->self, &none) == PT_NONE;
    }
    pt_subst s = {0};
    return q->fails = pt_find_impl(r, trait, q->self, &s) == PT_NONE;
}

bool pt_impl_holds(pt_resolver *r, u32 impl, const pt_subst *s) {
    u32 def = r->w->impls.data[impl].def;
    if (r->w->impls.data[impl].is_derive || r->depth + 6 > PT_MAX_TYPE_DEPTH || !pt_step(&r->types)) return true;
    applies_query q = {0, false};
    r->depth += 6;
    for (u32 i = 0; i < s->count && !q.fails; i++) {
        if (s->entries[i].owner != def || !s->entries[i].ty) continue;
        q.self = pt_resolved(r, s->entries[i].ty);
        if (pt_ty_at(&r->types, q.self)->open) continue; /* what is not known yet may well do */
        pt_bounds_of(r, pt_ty_make(&r->types, PT_TY_PARAM, def, s->entries[i].name, NULL, 0), bound_fails, &q);
    }
    r->depth -= 6;
    return !q.fails;
}

bool pt_blanket_applies(pt_resolver *r, u32 impl, pt_ty self) {
    if (r->depth + 4 > PT_MAX_TYPE_DEPTH || !pt_impl_known(r, impl) || !pt_step(&r->types)) return false;
    r->depth += 4;
    pt_ty pattern = pt_impl_type(r, impl);
    applies_query q = {self, false};
    if (pt_ty_at(&r->types, pattern)->kind == PT_TY_PARAM) pt_bounds_of(r, pattern, bound_fails, &q);
    r->depth -= 4;
    return !q.fails;
}

typedef struct projection_query {
    u32 name;
    pt_ty found;
} projection_query;
static bool find_binding(pt_resolver *r, pt_ty bound, void *payload) {
    projection_query *q = payload;
    pt_type b = *pt_ty_at(&r->types, bound);
    for (u32 i = 0; i < b.count; i++) {
        pt_ty arg = pt_ty_arg(&r->types, bound, i);
        if (pt_ty_at(&r->types, arg)->kind == PT_TY_BINDING && pt_ty_at(&r->types, arg)->name == q->name) {
            q->found = pt_ty_arg(&r->types, arg, 0);
            return true;
        }
    }
    return false;
}

typedef struct member_query {
    u32 name, trait;
} member_query;
static bool trait_with_member(pt_resolver *r, u32 trait, void *payload) {
    member_query *q = payload;
    for (u32 m = pt_member_find(r->w, trait, q->name); m; m = r->w->members.data[m].next)
        if (r->w->members.data[m].impl == PT_NONE) return q->trait = trait, true;
    return false;
}
static bool bound_with_member(pt_resolver *r, pt_ty bound, void *payload) {
    return pt_supertraits(r, pt_ty_at(&r->types, bound)->def, trait_with_member, payload);
}

typedef struct output_query {
    pt_ty result;
    pt_subst *s;
} output_query;
static bool match_output(pt_resolver *r, pt_ty bound, void *payload) {
    output_query *q = payload;
    pt_type t = *pt_ty_at(&r->types, bound);
    if (t.def != r->w->lang.fn && t.def != r->w->lang.fn_mut && t.def != r->w->lang.fn_once) return false;
    for (u32 i = 0; i < t.count; i++) {
        pt_ty arg = pt_ty_arg(&r->types, bound, i);
        if (pt_ty_at(&r->types, arg)->kind == PT_TY_BINDING)
            pt_ty_match(&r->types, pt_ty_arg(&r->types, arg, 0), q->result, q->s, 0);
    }
    return false;
}

/* `impl<B, I, F: FnMut(I::Item) -> B> Iterator for Map<I, F>`: what the closure gives tells B. */
static void match_outputs(pt_resolver *r, u32 impl_def, pt_subst *s) {
    pt_ty params[16];
    u32 count = pt_own_params(r, impl_def, params, PT_COUNT_OF(params));
    if (r->depth + 2 > PT_MAX_TYPE_DEPTH || !pt_step(&r->types)) return;
    for (u32 i = 0; i < count; i++) {
        pt_ty given = pt_shallow(r, pt_subst_find(s, impl_def, pt_ty_at(&r->types, params[i])->name));
        pt_type t = *pt_ty_at(&r->types, given);
        output_query q = {0, s};
        if ((t.kind == PT_TY_CLOSURE || t.kind == PT_TY_FN_PTR) && t.count)
            q.result = pt_resolved(r, pt_ty_arg(&r->types, given, t.count - 1u));
        else if (t.kind == PT_TY_FN) {
            const pt_signature *g = pt_signature_of(r, t.def);
            if (g) q.result = g->result;
        }
        if (q.result) pt_bounds_of(r, params[i], match_output, &q);
    }
}

pt_ty pt_project(pt_resolver *r, pt_ty self, u32 trait, u32 name) {
    if (!self || r->depth > PT_MAX_TYPE_DEPTH || !pt_step(&r->types)) return 0;
    self = pt_resolved(r, self);
    u8 kind = pt_ty_at(&r->types, self)->kind;
    if (kind == PT_TY_VAR) return pt_ty_make(&r->types, PT_TY_PROJECTION, trait, name, &self, 1);
    if (kind == PT_TY_PARAM || kind == PT_TY_OPAQUE || kind == PT_TY_DYN || kind == PT_TY_PROJECTION) {
        projection_query q = {name, 0};
        r->depth++;
        pt_bounds_of(r, self, find_binding, &q);
        r->depth--;
        if (q.found) return q.found;
        if (trait == PT_NO_DEF) {
            member_query has = {name, PT_NO_DEF};
            r->depth++;
            pt_bounds_of(r, self, bound_with_member, &has);
            r->depth--;
            trait = has.trait;
        }
        return pt_ty_make(&r->types, PT_TY_PROJECTION, trait, name, &self, 1);
    }
    pt_subst s = {0};
    u32 member = PT_NO_DEF;
    if (trait != PT_NO_DEF) {
        u32 impl = pt_find_impl(r, trait, self, &s);
        if (impl == PT_NONE) return 0;
        if (!r->w->impls.data[impl].is_derive) match_outputs(r, r->w->impls.data[impl].def, &s);
        u32 head = r->w->impls.data[impl].is_blanket ? PT_BLANKET_HEAD : r->w->impls.data[impl].head;
        for (u32 m = pt_member_find(r->w, head, name); m; m = r->w->members.data[m].next)
            if (r->w->members.data[m].impl == impl) member = r->w->members.data[m].def;
    } else {
        u32 head = pt_head_of(r, self);
        if (head == PT_NO_DEF) return 0;
        if (!pt_def_is_external_path(head) && r->w->defs.data[head].kind == PT_KIND_ENUM) {
            u32 b = pt_scope_lookup(r->w, head, name, PT_NS_TYPE);
            if (b) return self; /* a variant: its type is the enum */
        }
        for (u32 m = pt_member_find(r->w, head, name); m; m = r->w->members.data[m].next) {
            const pt_member *x = &r->w->members.data[m];
            if (r->w->defs.data[x->def].kind != PT_KIND_ASSOC_TYPE || x->impl == PT_NONE || !pt_impl_known(r, x->impl))
                continue;
            pt_subst trial = {0};
            if (!pt_ty_match(&r->types, pt_impl_type(r, x->impl), self, &trial, 0)) continue;
            s = trial;
            member = x->def;
            break;
        }
    }
    if (member == PT_NO_DEF) return 0;
    r->depth++;
    pt_ty ty = pt_ty_subst(&r->types, pt_item_type(r, member), &s, 0);
    /* what the member's type projects may be known now */
    if (ty && pt_ty_at(&r->types, ty)->kind == PT_TY_PROJECTION) {
        pt_type t = *pt_ty_at(&r->types, ty);
        pt_ty inner = pt_ty_arg(&r->types, ty, 0);
        u8 k = pt_ty_at(&r->types, inner)->kind;
        if (k != PT_TY_PARAM && k != PT_TY_PROJECTION && k != PT_TY_OPAQUE) ty = pt_project(r, inner, t.def, t.name);
    }
    r->depth--;
    return ty;
}

pt_ty pt_deref_once(pt_resolver *r, pt_ty ty) {
    ty = pt_shallow(r, ty);
    const pt_type *t = pt_ty_at(&r->types, ty);
    switch (t->kind) {
    case PT_TY_REF:
    case PT_TY_PTR: return pt_ty_arg(&r->types, ty, 0);
    case PT_TY_ARRAY: {
        pt_ty element = pt_ty_arg(&r->types, ty, 0);
        return pt_ty_make(&r->types, PT_TY_SLICE, 0, 0, &element, 1);
    }
    case PT_TY_ADT:
        if (pt_def_is_external_path(t->def)) return 0;
        if (t->def == r->w->lang.box || t->def == r->w->lang.rc || t->def == r->w->lang.arc)
            return pt_ty_arg(&r->types, ty, 0);
        return pt_project(r, ty, r->w->lang.deref, r->w->known.target);
    case PT_TY_PARAM:
    case PT_TY_PROJECTION:
    case PT_TY_OPAQUE: {
        implements_query q = {r->w->lang.deref, false};
        if (q.trait == PT_NO_DEF) return 0;
        pt_bounds_of(r, ty, bound_has_trait, &q);
        return q.found ? pt_project(r, ty, q.trait, r->w->known.target) : 0;
    }
    default: return 0;
    }
}
