/* selection.c: which impl is for a type, what its associated types are, where Deref leads. */
#include "resolve/infer.h"
#include "resolve/questions.h"

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

/* Do the arguments of the trait that an impl names fit those that are asked for? */
static bool arguments_fit(pt_resolver *r, u32 impl, const pt_ty *args, u32 count, pt_subst *s) {
    pt_ty named = count ? pt_impl_trait(r, impl) : 0, own[16];
    if (!count) return true;
    u32 n = named ? pt_bound_args(r, named, own, PT_COUNT_OF(own)) : 0;
    for (u32 i = 0; i < count; i++) {
        if (!args[i]) continue;
        pt_ty pattern = i < n ? own[i] : i == 0 ? pt_impl_type(r, impl) : 0; /* Add<Rhs = Self> and its like */
        if (pattern && !pt_ty_match(&r->types, pattern, pt_resolved(r, args[i]), s, 0)) return false;
    }
    return true;
}

u32 pt_select_impl(pt_resolver *r, u32 trait, pt_ty self, const pt_ty *args, u32 count, pt_subst *s, bool *several) {
    *several = false;
    if (trait == PT_NO_DEF || !self || r->depth > PT_MAX_TYPE_DEPTH || !pt_step(&r->types)) return PT_NONE;
    self = pt_resolved(r, self);
    u32 heads[2] = {pt_head_of(r, self), PT_BLANKET_HEAD}, found = PT_NONE, vague = 0;
    bool found_holds = false;
    for (u32 i = 0; i < count; i++) vague += args[i] && pt_ty_at(&r->types, pt_resolved(r, args[i]))->kind == PT_TY_VAR;
    for (u32 k = 0; k < 2 && found == PT_NONE; k++) {
        if (heads[k] == PT_NO_DEF) continue;
        for (u32 impl = pt_first_impl(r->w, heads[k], trait); impl != PT_NONE; impl = r->w->impls.data[impl].next) {
            pt_subst trial = {0};
            if (!pt_impl_known(r, impl) || (k && !pt_blanket_applies(r, impl, self))) continue;
            pt_ty pattern = pt_impl_type(r, impl);
            if (!pt_ty_match(&r->types, pattern, self, &trial, 0) || !arguments_fit(r, impl, args, count, &trial))
                continue;
            if (pt_ty_at(&r->types, pattern)->kind == PT_TY_REF && !pt_reference_holds(r, pattern, self)) continue;
            if (found == PT_NONE) {
                found = impl;
                *s = trial;
                continue;
            }
            /* two fit by their heads: bounds may tell */
            if (!found_holds && !k) {
                found_holds = pt_impl_holds(r, found, s);
                if (!found_holds) {
                    found = impl;
                    *s = trial;
                    continue;
                }
            }
            if (!k && !pt_impl_holds(r, impl, &trial)) continue;
            *several = vague != 0 || (!k && !count);
            break;
        }
    }
    return found;
}

u32 pt_find_impl(pt_resolver *r, u32 trait, pt_ty self, pt_subst *s) {
    bool several;
    return pt_select_impl(r, trait, self, NULL, 0, s, &several);
}

/* Traits that are met without an impl: auto traits, Sized; and Fn by what is called. */
static bool met_by_itself(const pt_resolver *r, u32 trait, u8 kind) {
    const pt_world *w = r->w;
    if (pt_def_is_external_path(trait)) return true; /* a dependency's: nobody knows */
    pt_ask_of(w, PT_ASK_INTERFACE, trait, 0);
    const pt_item *item = pt_def_item(w, trait);
    if (item && (item->flags & PT_F_AUTO)) return true;
    static const char *const built_in[] = {"Sized", "Destruct", "DiscriminantKind", "Pointee"};
    for (u32 i = 0; i < PT_COUNT_OF(built_in); i++)
        if (pt_str_equal(pt_sym(w, w->defs.data[trait].name), pt_str_of(built_in[i]))) return true;
    if (kind == PT_TY_NEVER) return true;
    bool callable = kind == PT_TY_CLOSURE || kind == PT_TY_FN || kind == PT_TY_FN_PTR;
    if (callable && (trait == w->lang.fn || trait == w->lang.fn_mut || trait == w->lang.fn_once)) return true;
    /* the compiler's own: of parts that are, or of captures */
    bool copied = trait == w->lang.clone || pt_str_equal(pt_sym(w, w->defs.data[trait].name), PT_STR("Copy"));
    return copied && (callable || kind == PT_TY_TUPLE || kind == PT_TY_ARRAY || kind == PT_TY_PTR);
}

/* Does a where-clause say that a type that is no mere parameter meets a trait? */
bool pt_environment_has(pt_resolver *r, pt_ty self, u32 trait) {
    u32 count;
    (void)pt_environment(r, &count);
    for (u32 i = 0; i < count; i++) {
        const pt_env_entry e = pt_environment(r, &count)[i];
        implements_query has = {trait, false};
        if (e.self == self && bound_has_trait(r, e.bound, &has)) return true;
    }
    return false;
}

static bool mentions_parameter(const pt_resolver *r, pt_ty ty, u32 depth) {
    const pt_type *t = pt_ty_at(&r->types, ty);
    if (t->kind == PT_TY_PARAM || depth > 8) return true;
    for (u32 i = 0; i < t->count; i++)
        if (mentions_parameter(r, pt_ty_arg(&r->types, ty, i), depth + 1)) return true;
    return false;
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
    if (pt_environment_has(r, q->self, trait)) return false;
    pt_subst s = {0};
    pt_ty args[8];
    u32 count = pt_bound_args(r, bound, args, PT_COUNT_OF(args));
    for (u32 i = 0; i < count; i++) /* of the impl that is tried: not known here */
        if (pt_ty_at(&r->types, args[i])->open || mentions_parameter(r, args[i], 0)) args[i] = 0;
    bool several;
    return q->fails = pt_select_impl(r, trait, q->self, args, count, &s, &several) == PT_NONE;
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
static bool bound_of_trait(pt_resolver *r, pt_ty bound, void *payload) {
    pt_ty *wanted = payload; /* [0] the trait as a bound, [1] what was found */
    if (pt_ty_at(&r->types, bound)->def != pt_ty_at(&r->types, wanted[0])->def) return false;
    wanted[1] = bound;
    return true;
}
static bool bound_with_member(pt_resolver *r, pt_ty bound, void *payload) {
    return pt_supertraits(r, pt_ty_at(&r->types, bound)->def, trait_with_member, payload);
}

/* One bound of an impl's own parameters or predicates, with the type it is of. */
typedef struct owed_bounds {
    pt_env_entry all[24];
    u32 count;
    pt_ty self;
} owed_bounds;
static bool collect_owed(pt_resolver *r, pt_ty bound, void *payload) {
    owed_bounds *o = payload;
    if (pt_ty_at(&r->types, bound)->count && o->count < PT_COUNT_OF(o->all))
        o->all[o->count++] = (pt_env_entry){o->self, bound};
    return false;
}

/* What a value gives when it is called, as far as known. */
static pt_ty output_of_callable(pt_resolver *r, pt_ty callable) {
    callable = pt_shallow(r, callable);
    pt_type t = *pt_ty_at(&r->types, callable);
    if ((t.kind == PT_TY_CLOSURE || t.kind == PT_TY_FN_PTR) && t.count)
        return pt_resolved(r, pt_ty_arg(&r->types, callable, t.count - 1u));
    const pt_signature *g = t.kind == PT_TY_FN ? pt_signature_of(r, t.def) : NULL;
    return g ? g->result : 0;
}

void pt_solve_parameters(pt_resolver *r, u32 impl_def, pt_subst *s) {
    pt_ty params[16];
    u32 count = pt_own_params(r, impl_def, params, PT_COUNT_OF(params));
    bool open = false;
    for (u32 i = 0; i < count; i++) open = open || !pt_subst_find(s, impl_def, pt_ty_at(&r->types, params[i])->name);
    if (!open || r->depth + 3 > PT_MAX_TYPE_DEPTH || !pt_step(&r->types)) return;
    owed_bounds o = {.count = 0};
    u32 item = r->item;
    r->item = impl_def; /* its where-clauses count, not ours */
    r->depth += 2;
    for (u32 i = 0; i < count; i++) {
        o.self = params[i];
        pt_bounds_of(r, params[i], collect_owed, &o);
    }
    u32 n;
    (void)pt_environment(r, &n);
    for (u32 i = 0; i < n; i++) {
        const pt_env_entry e = pt_environment(r, &n)[i];
        o.self = e.self;
        collect_owed(r, e.bound, &o);
    }
    r->item = item;
    for (u32 i = 0; i < o.count; i++) {
        pt_type bound = *pt_ty_at(&r->types, o.all[i].bound);
        bool called = bound.def == r->w->lang.fn || bound.def == r->w->lang.fn_mut || bound.def == r->w->lang.fn_once;
        for (u32 k = 0; k < bound.count; k++) {
            pt_ty arg = pt_ty_arg(&r->types, o.all[i].bound, k);
            if (pt_ty_at(&r->types, arg)->kind != PT_TY_BINDING) continue;
            pt_ty pattern = pt_ty_arg(&r->types, arg, 0);
            if (!mentions_parameter(r, pattern, 0)) continue;
            pt_ty self = pt_resolved(r, pt_ty_subst(&r->types, o.all[i].self, s, 0));
            u8 kind = pt_ty_at(&r->types, self)->kind;
            if (kind == PT_TY_VAR || kind == PT_TY_UNKNOWN) continue;
            pt_ty given = called ? output_of_callable(r, self)
                                 : pt_shallow(r, pt_project(r, self, bound.def, pt_ty_at(&r->types, arg)->name));
            kind = pt_ty_at(&r->types, given)->kind;
            if (kind != PT_TY_UNKNOWN && kind != PT_TY_VAR) pt_ty_match(&r->types, pattern, given, s, 0);
        }
    }
    r->depth -= 2;
}

/* What a bound or where-clause says of a projection; 0: nothing. Leaves in `*trait` and `args` whose it is. */
static pt_ty told_by_bounds(pt_resolver *r, pt_ty self, u32 *trait, u32 name, pt_ty *args, u32 *count) {
    projection_query q = {name, 0};
    member_query has = {name, PT_NO_DEF};
    r->depth++;
    pt_bounds_of(r, self, find_binding, &q);
    if (!q.found && *trait == PT_NO_DEF) {
        pt_bounds_of(r, self, bound_with_member, &has);
        *trait = has.trait;
    }
    if (!q.found && !*count && *trait != PT_NO_DEF) { /* the arguments that the bound gives its trait */
        pt_ty wanted[2] = {pt_ty_make(&r->types, PT_TY_BOUND, *trait, 0, NULL, 0), 0};
        pt_bounds_of(r, self, bound_of_trait, wanted);
        if (wanted[1]) *count = pt_bound_args(r, wanted[1], args, 8);
    }
    r->depth--;
    return q.found;
}

static pt_ty stuck(pt_resolver *r, pt_ty self, u32 trait, u32 name, const pt_ty *args, u32 count) {
    pt_ty parts[9] = {self};
    for (u32 i = 0; i < count && i < 8; i++) parts[i + 1] = args[i];
    return pt_ty_make(&r->types, PT_TY_PROJECTION, trait, name, parts, PT_MIN(count, 8u) + 1);
}

/* The member of an impl, or the trait's default for it. */
static u32 member_for(pt_resolver *r, u32 impl, u32 trait, u32 name) {
    const pt_world *w = r->w;
    u32 head = w->impls.data[impl].is_blanket ? PT_BLANKET_HEAD : w->impls.data[impl].head;
    for (u32 m = w->impls.data[impl].is_derive ? 0 : pt_member_find(w, head, name); m; m = w->members.data[m].next)
        if (w->members.data[m].impl == impl) return w->members.data[m].def;
    (void)trait;
    return PT_NO_DEF;
}

pt_ty pt_project_with(pt_resolver *r, pt_ty self, u32 trait, u32 name, const pt_ty *given, u32 given_count) {
    if (!self || r->depth > PT_MAX_TYPE_DEPTH || !pt_step(&r->types)) return 0;
    pt_ty args[8];
    u32 count = PT_MIN(given_count, 8u);
    if (count) memcpy(args, given, count * sizeof *args);
    self = pt_resolved(r, self);
    u8 kind = pt_ty_at(&r->types, self)->kind;
    if (kind == PT_TY_VAR) return stuck(r, self, trait, name, args, count);
    if (kind == PT_TY_PARAM || kind == PT_TY_OPAQUE || kind == PT_TY_DYN || kind == PT_TY_PROJECTION) {
        pt_ty found = told_by_bounds(r, self, &trait, name, args, &count);
        if (found) return found;
        /* an impl for every type may have it: <T as Into<U>>, IntoIterator of an iterator */
        pt_subst s = {0};
        bool several;
        u32 impl = trait == PT_NO_DEF || (kind == PT_TY_PROJECTION && pt_ty_at(&r->types, self)->open)
                       ? PT_NONE
                       : pt_select_impl(r, trait, self, args, count, &s, &several);
        bool bounded = false;
        if (impl != PT_NONE) {
            implements_query has = {trait, false};
            pt_bounds_of(r, self, bound_has_trait, &has); /* where-clauses beat impls */
            bounded = has.found;
        }
        if (impl == PT_NONE || bounded || !r->w->impls.data[impl].is_blanket)
            return stuck(r, self, trait, name, args, count);
    }
    u32 env_count;
    (void)pt_environment(r, &env_count);
    for (u32 i = 0; i < env_count; i++) { /* where-clauses beat impls */
        const pt_env_entry e = pt_environment(r, &env_count)[i];
        projection_query q = {name, 0};
        if (e.self == self && (trait == PT_NO_DEF || pt_ty_at(&r->types, e.bound)->def == trait) &&
            find_binding(r, e.bound, &q))
            return q.found;
    }
    pt_subst s = {0};
    u32 member = PT_NO_DEF, impl = PT_NONE;
    if (trait != PT_NO_DEF) {
        bool several;
        impl = pt_select_impl(r, trait, self, args, count, &s, &several);
        if (impl == PT_NONE) return pt_environment_has(r, self, trait) ? stuck(r, self, trait, name, args, count) : 0;
        member = member_for(r, impl, trait, name);
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
            impl = x->impl;
            break;
        }
    }
    if (member == PT_NO_DEF) return 0;
    r->depth++;
    pt_solve_parameters(r, r->w->impls.data[impl].def, &s);
    pt_ty ty = pt_ty_subst(&r->types, pt_item_type(r, member), &s, 0);
    /* what the member's type projects may be known now */
    if (ty && pt_ty_at(&r->types, ty)->kind == PT_TY_PROJECTION) {
        pt_ty inner = pt_ty_arg(&r->types, ty, 0);
        u8 k = pt_ty_at(&r->types, inner)->kind;
        if (k != PT_TY_PARAM && k != PT_TY_PROJECTION && k != PT_TY_OPAQUE) ty = pt_project_again(r, ty, inner);
    }
    r->depth--;
    return ty;
}

pt_ty pt_project(pt_resolver *r, pt_ty self, u32 trait, u32 name) {
    return pt_project_with(r, self, trait, name, NULL, 0);
}

pt_ty pt_project_again(pt_resolver *r, pt_ty projection, pt_ty self) {
    const pt_type t = *pt_ty_at(&r->types, projection);
    pt_ty args[8];
    u32 count = 0;
    for (u32 i = 1; i < t.count && count < 8; i++) args[count++] = pt_ty_arg(&r->types, projection, i);
    return pt_project_with(r, self, t.def, t.name, args, count);
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
