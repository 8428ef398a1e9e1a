/* calls.c: calls, methods, closures, and the queue of what waits for a type. */
#include "resolve/infer.h"

enum { MAX_ARGUMENTS = 16, MAX_WAITING = 6000, MAX_ROUNDS = 24 };

static inline const pt_node *at(const body *b, u32 node) { return node_of_body(b, node); }
static u32 offset_of(const body *b, u32 node) { return pt_view_offset(&b->v, node); }

void pt_emit_callee(pt_resolver *r, const pt_callee *c, u8 kind, u8 via, u32 offset) {
    u8 type = c->self ? pt_ty_at(&r->types, pt_resolved(r, c->self))->kind : (u8)PT_TY_UNKNOWN;
    r->rule = c->rule;
    r->settled = c->self && !pt_ty_at(&r->types, pt_resolved(r, c->self))->open && c->confidence != PT_CANDIDATE &&
                 c->impl == PT_NONE && type != PT_TY_PARAM && type != PT_TY_OPAQUE && type != PT_TY_DYN &&
                 type != PT_TY_PROJECTION && type != PT_TY_VAR && type != PT_TY_UNKNOWN;
    pt_emit(r, c->def, kind, via, c->confidence, offset);
    for (u32 i = 0; i < c->other_count; i++) pt_emit(r, c->others[i], kind, via, c->confidence, offset);
    r->rule = 0;
    r->settled = false;
}

/* Fn bounds. */

typedef struct callable {
    const pt_world *w;
    pt_ty inputs, output; /* a tuple; 0 not told */
    bool found;
} callable;
static bool is_fn_bound(pt_resolver *r, pt_ty bound, void *payload) {
    callable *q = payload;
    pt_type t = *pt_ty_at(&r->types, bound);
    if (t.kind != PT_TY_BOUND || (t.def != q->w->lang.fn && t.def != q->w->lang.fn_mut && t.def != q->w->lang.fn_once))
        return false;
    for (u32 i = 0; i < t.count; i++) {
        pt_ty arg = pt_ty_arg(&r->types, bound, i);
        if (pt_ty_at(&r->types, arg)->kind == PT_TY_BINDING) q->output = pt_ty_arg(&r->types, arg, 0);
        else q->inputs = arg;
    }
    return q->found = true;
}

static bool same_bound(pt_resolver *r, pt_ty bound, void *payload) {
    pt_ty *wanted = payload; /* [0] the trait as a bound, [1] what was found */
    if (pt_ty_at(&r->types, bound)->def != pt_ty_at(&r->types, wanted[0])->def) return false;
    wanted[1] = bound;
    return true;
}

/* Calling a definition. */

typedef struct call {
    pt_subst s;
    pt_ty params[32], declared[32]; /* with variables for the generic parameters; as declared */
    u32 count;
    pt_ty result;
    u32 def;
} call;

static void bind_explicit(body *b, u32 def, const pt_ty *args, u32 count, pt_subst *s) {
    u32 generics = pt_item_tree_child(b->r->w, def, PT_N_GENERICS), i = 0;
    if (!generics || !count) return;
    const pt_file *f = pt_def_file(b->r->w, def);
    const pt_view v = {f->facts.nodes, f->symbols, NULL, f, NULL};
    for (u32 g = v.nodes[generics].child; g && i < count; g = v.nodes[g].next)
        if (v.nodes[g].kind != PT_N_GENERIC_LIFETIME && !pt_said_before(&v, v.nodes[generics].child, g)) {
            if (args[i]) pt_subst_add(s, def, f->symbols[f->facts.nodes[g].name], pt_open(b->r, args[i]));
            i++;
        }
}

/* False when nothing is known of the callee's signature. */
static bool prepare(body *b, call *c, u32 def, pt_ty self, const pt_ty *explicit_args, u32 explicit_count,
                    bool method) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    c->s.count = c->count = 0;
    c->result = 0;
    c->def = def;
    u8 kind = pt_def_is_external_path(def) || def == PT_NO_DEF ? (u8)PT_KIND_COUNT : w->defs.data[def].kind;
    if (kind == PT_KIND_STRUCT || kind == PT_KIND_VARIANT) {
        u32 adt = kind == PT_KIND_VARIANT ? w->defs.data[def].parent : def;
        c->count = pt_tuple_fields(r, def, c->declared, PT_COUNT_OF(c->declared));
        bind_explicit(b, adt, explicit_args, explicit_count, &c->s);
        pt_instantiate(r, adt, &c->s);
        c->result = pt_ty_subst(&r->types, pt_adt_generic(r, adt), &c->s, 0);
        if (self) pt_unify(r, c->result, self);
    } else {
        const pt_signature *known = kind == PT_KIND_FN || kind == PT_KIND_METHOD ? pt_signature_of(r, def) : NULL;
        if (!known) return false;
        pt_signature g = *known;
        for (u32 i = method && g.has_self ? 1 : 0; i < g.count && c->count < PT_COUNT_OF(c->declared); i++)
            c->declared[c->count++] = r->signature_types.data[g.params + i];
        bind_explicit(b, def, explicit_args, explicit_count, &c->s);
        pt_instantiate(r, def, &c->s);
        if (self) {
            pt_ty pattern = pt_self_type(r, def);
            pt_unify(r, pt_ty_subst(&r->types, pattern, &c->s, 0), self);
            u32 trait = w->defs.data[def].parent;
            u8 self_kind = type_of_body(b, self).kind;
            if (w->defs.data[trait].kind == PT_KIND_TRAIT &&
                (self_kind == PT_TY_PARAM || self_kind == PT_TY_OPAQUE || self_kind == PT_TY_DYN ||
                 self_kind == PT_TY_PROJECTION)) {
                /* the arguments of the trait are those of the bound that brought it */
                pt_ty wanted[2] = {pt_ty_make(&r->types, PT_TY_BOUND, trait, 0, NULL, 0), 0}, params[16];
                pt_bounds_of(r, pt_shallow(r, self), same_bound, wanted);
                u32 n = wanted[1] ? pt_own_params(r, trait, params, PT_COUNT_OF(params)) : 0;
                for (u32 i = 0; i < n && i < pt_ty_at(&r->types, wanted[1])->count; i++) {
                    pt_ty arg = pt_ty_arg(&r->types, wanted[1], i);
                    if (pt_ty_at(&r->types, arg)->kind == PT_TY_BINDING) break;
                    pt_unify(r, pt_ty_subst(&r->types, params[i], &c->s, 0), arg);
                }
            }
        }
        c->result = pt_ty_subst(&r->types, g.result, &c->s, 0);
    }
    for (u32 i = 0; i < c->count; i++) c->params[i] = pt_ty_subst(&r->types, c->declared[i], &c->s, 0);
    return true;
}

/* One bound that a type has to meet: what it binds is the type's own. */
static void owe(body *b, pt_ty self, pt_ty bound, const pt_subst *s) {
    pt_resolver *r = b->r;
    callable q = {r->w, 0, 0, false};
    pt_type t = *pt_ty_at(&r->types, bound);
    if (is_fn_bound(r, bound, &q)) {
        pt_ty inputs = pt_ty_subst(&r->types, q.inputs, s, 0), args[16];
        u32 count = pt_ty_at(&r->types, inputs)->count;
        for (u32 i = 0; i < count && i < 16; i++) args[i] = pt_ty_arg(&r->types, inputs, i);
        pt_wait(b,
                (pt_pending){.kind = PT_PENDING_CALL,
                             .self = self,
                             .result = q.output ? pt_ty_subst(&r->types, q.output, s, 0) : 0,
                             .offset = PT_NONE,
                             .arg_count = PT_MIN(count, 16u)},
                args, NULL);
        return;
    }
    for (u32 i = 0; i < t.count; i++) {
        pt_ty arg = pt_ty_arg(&r->types, bound, i);
        pt_type binding = *pt_ty_at(&r->types, arg);
        if (binding.kind != PT_TY_BINDING) continue;
        pt_wait(b,
                (pt_pending){.kind = PT_PENDING_PROJECTION,
                             .self = self,
                             .trait = t.def,
                             .name = binding.name,
                             .result = pt_ty_subst(&r->types, pt_ty_arg(&r->types, arg, 0), s, 0)},
                NULL, NULL);
    }
}

typedef struct bound_list {
    pt_ty bounds[8];
    u32 count;
} bound_list;
static bool list_bound(pt_resolver *r, pt_ty bound, void *payload) {
    bound_list *l = payload;
    if (pt_ty_at(&r->types, bound)->count && l->count < PT_COUNT_OF(l->bounds)) l->bounds[l->count++] = bound;
    return false;
}

void pt_owe_bounds(body *b, u32 def, const pt_subst *s) {
    pt_resolver *r = b->r;
    u32 item = r->item;
    for (u32 d = def; d != PT_NO_DEF; d = r->w->defs.data[d].parent) {
        u8 kind = r->w->defs.data[d].kind;
        if (kind == PT_KIND_MODULE || kind == PT_KIND_CRATE || kind == PT_KIND_BLOCK) break;
        pt_ty params[16];
        u32 count = pt_own_params(r, d, params, PT_COUNT_OF(params));
        for (u32 i = 0; i < count; i++) {
            bound_list l = {.count = 0};
            r->item = def; /* its where-clauses count, not ours */
            pt_bounds_of(r, params[i], list_bound, &l);
            r->item = item;
            for (u32 k = 0; k < l.count; k++) owe(b, pt_ty_subst(&r->types, params[i], s, 0), l.bounds[k], s);
        }
    }
}

/* What a parameter says of a closure given for it: a closure type with its inputs and output, or 0. */
static pt_ty closure_expectation(body *b, const call *c, u32 index) {
    pt_resolver *r = b->r;
    if (index >= c->count) return 0;
    pt_type t = *pt_ty_at(&r->types, c->declared[index]);
    if (t.kind == PT_TY_FN_PTR || t.kind == PT_TY_CLOSURE) return c->params[index];
    pt_ty declared = c->declared[index];
    if (t.kind == PT_TY_ADT && t.count) declared = pt_ty_arg(&r->types, declared, 0); /* Box<dyn Fn()>, Option<F> */
    callable q = {r->w, 0, 0, false};
    u32 item = r->item;
    if (c->def != PT_NO_DEF && !pt_def_is_external_path(c->def)) r->item = c->def;
    pt_bounds_of(r, declared, is_fn_bound, &q);
    r->item = item;
    if (!q.found) return 0;
    pt_ty parts[16], inputs = pt_ty_subst(&r->types, q.inputs, &c->s, 0);
    u32 count = PT_MIN((u32)pt_ty_at(&r->types, inputs)->count, 15u);
    for (u32 i = 0; i < count; i++) parts[i] = pt_ty_arg(&r->types, inputs, i);
    parts[count] = q.output ? pt_ty_subst(&r->types, q.output, &c->s, 0) : 0;
    return pt_ty_make(&r->types, PT_TY_CLOSURE, 0, 0, parts, count + 1);
}

static void give(body *b, const call *c, u32 index, pt_ty given, u32 offset) {
    if (index >= c->count) return;
    pt_type declared = *pt_ty_at(&b->r->types, c->declared[index]);
    if (declared.kind == PT_TY_OPAQUE) {
        for (u32 i = 0; i < declared.count; i++) owe(b, given, pt_ty_arg(&b->r->types, c->declared[index], i), &c->s);
        return;
    }
    pt_coerce(b, c->params[index], given, offset);
}

/* Evaluates arguments against the parameters of a call, closures last: by then more is known of what they get. */
static void evaluate(body *b, const call *c, const u32 *args, u32 count) {
    bool closures = false;
    for (u32 i = 0; i < count; i++) {
        if (at(b, args[i])->kind == PT_N_E_CLOSURE) closures = true;
        else give(b, c, i, pt_expr(b, args[i], i < c->count ? c->params[i] : 0), offset_of(b, args[i]));
    }
    if (!closures) return;
    pt_try_pending(b);
    for (u32 i = 0; i < count; i++)
        if (at(b, args[i])->kind == PT_N_E_CLOSURE)
            give(b, c, i, pt_expr_closure(b, args[i], closure_expectation(b, c, i)), PT_NONE);
}

static const call nothing_known = {.def = PT_NO_DEF};

/* Does a definition take values of these types? 2: by what is written, 1: it takes anything there, 0: no. */
static u32 takes(body *b, u32 def, pt_ty self, const pt_ty *given, u32 count, bool method) {
    call c;
    pt_subst s = {0};
    if (!prepare(b, &c, def, self, NULL, 0, method) || c.count < count) return 0;
    u32 best = 1;
    for (u32 i = 0; i < count; i++) {
        pt_ty have = pt_resolved(b->r, given[i]), want = c.declared[i];
        pt_type h = *pt_ty_at(&b->r->types, have), x = *pt_ty_at(&b->r->types, want);
        if (h.kind == PT_TY_VAR && h.name < b->r->vars.count && b->r->vars.data[h.name].class != PT_VAR_ANY &&
            (x.kind == PT_TY_REF || (x.kind == PT_TY_ADT && !pt_def_is_external_path(x.def))))
            return 0; /* a number */
        if (!pt_ty_match(&b->r->types, want, have, &s, 0)) {
            pt_ty inner =
                h.kind == PT_TY_REF && x.kind == PT_TY_REF ? pt_deref_once(b->r, pt_ty_arg(&b->r->types, have, 0)) : 0;
            if (!inner || !pt_ty_match(&b->r->types, pt_ty_arg(&b->r->types, want, 0), pt_resolved(b->r, inner), &s, 0))
                return 0;
        }
        pt_type bare = *pt_ty_at(&b->r->types, pt_strip_refs(b->r, want));
        if (bare.kind != PT_TY_PARAM && bare.kind != PT_TY_OPAQUE) best = 2;
    }
    return best;
}

/* Of impls of one trait for several arguments, the one that the call's arguments tell. */
static void choose(body *b, pt_callee *c, const pt_ty *given, u32 count, bool method) {
    u32 best = 0, found = PT_NO_DEF, ties = 0;
    for (u32 i = 0; i <= c->other_count; i++) {
        u32 def = i ? c->others[i - 1] : c->def, fit = takes(b, def, 0, given, count, method);
        if (fit > best) best = fit, found = def, ties = 0;
        else if (fit && fit == best) ties++;
    }
    if (!best || ties) return;
    c->def = found;
    c->other_count = 0;
    c->confidence = PT_EXACT;
    c->rule = PT_RULE_WRITTEN;
}

static pt_ty call_nodes(body *b, u32 def, pt_ty self, const pt_ty *explicit_args, u32 explicit_count, const u32 *args,
                        u32 count, bool method, pt_ty expected) {
    call c;
    if (!prepare(b, &c, def, self, explicit_args, explicit_count, method)) {
        evaluate(b, &nothing_known, args, count);
        return pt_var(b->r, PT_VAR_ANY);
    }
    /* what is expected may tell the parameters: Some(|x| ..), Vec::new() */
    pt_type want = type_of_body(b, expected), made = type_of_body(b, c.result);
    if (want.kind == PT_TY_ADT && made.kind == PT_TY_ADT && want.def == made.def) pt_unify(b->r, c.result, expected);
    u8 kind = b->r->w->defs.data[def].kind;
    if (kind == PT_KIND_FN || kind == PT_KIND_METHOD) pt_owe_bounds(b, def, &c.s);
    evaluate(b, &c, args, count);
    return c.result;
}

pt_ty pt_call_with(body *b, u32 def, pt_ty self, const pt_ty *explicit_args, u32 explicit_count, const pt_ty *given,
                   u32 count, bool method, u32 offset) {
    call c;
    if (!prepare(b, &c, def, self, explicit_args, explicit_count, method)) return 0;
    u8 kind = b->r->w->defs.data[def].kind;
    if (kind == PT_KIND_FN || kind == PT_KIND_METHOD) pt_owe_bounds(b, def, &c.s);
    for (u32 i = 0; i < count; i++) give(b, &c, i, given[i], offset);
    return c.result;
}

bool pt_call_value(body *b, pt_ty callee, const pt_ty *given, u32 count, u32 offset, pt_ty *result) {
    pt_resolver *r = b->r;
    *result = 0;
    for (u32 step = 0; step < 6; step++) {
        callee = pt_strip_refs(r, callee);
        pt_type t = *pt_ty_at(&r->types, callee);
        switch (t.kind) {
        case PT_TY_VAR: return false;
        case PT_TY_FN: {
            pt_ty explicit_args[8];
            u32 n = 0;
            for (u32 i = 1; i < t.count && n < 8; i++) explicit_args[n++] = pt_ty_arg(&r->types, callee, i);
            *result =
                pt_call_with(b, t.def, pt_ty_arg(&r->types, callee, 0), explicit_args, n, given, count, false, offset);
            return true;
        }
        case PT_TY_CLOSURE:
        case PT_TY_FN_PTR:
            for (u32 i = 0; i < count && i + 1 < t.count; i++)
                pt_coerce(b, pt_ty_arg(&r->types, callee, i), given[i], offset);
            if (t.count) *result = pt_ty_arg(&r->types, callee, t.count - 1u);
            return true;
        case PT_TY_PARAM:
        case PT_TY_OPAQUE:
        case PT_TY_DYN: {
            callable q = {r->w, 0, 0, false};
            if (pt_bounds_of(r, callee, is_fn_bound, &q)) {
                for (u32 i = 0; i < count && i < pt_ty_at(&r->types, q.inputs)->count; i++)
                    pt_coerce(b, pt_ty_arg(&r->types, q.inputs, i), given[i], offset);
                *result = q.output ? q.output : unit_of(b);
            }
            return true;
        }
        case PT_TY_ADT:
            if (!pt_is_smart_pointer(r->w, t.def)) return true;
            callee = pt_ty_arg(&r->types, callee, 0);
            break;
        default: return true;
        }
    }
    return true;
}

static u32 collect(const body *b, u32 first, u32 *out) {
    u32 count = 0;
    for (u32 c = first; c; c = at(b, c)->next)
        if (count < MAX_ARGUMENTS && at(b, c)->kind != PT_N_GENERIC_ARGS) out[count++] = c;
    return count;
}

static u32 given_types(body *b, const u32 *args, u32 count, pt_ty *out) {
    for (u32 i = 0; i < count; i++) out[i] = pt_expr(b, args[i], 0);
    return count;
}

/* A value that is called: a closure, a fn pointer: no edge. */
static pt_ty call_of_value(body *b, pt_ty callee, const u32 *args, u32 count) {
    pt_ty given[MAX_ARGUMENTS], result;
    callee = pt_strip_refs(b->r, callee);
    pt_type t = *pt_ty_at(&b->r->types, callee);
    if (t.kind == PT_TY_CLOSURE || t.kind == PT_TY_FN_PTR)
        for (u32 i = 0; i < count; i++) given[i] = pt_expr(b, args[i], i + 1 < t.count ? arg_of(b, callee, i) : 0);
    else given_types(b, args, count, given);
    u32 offset = count ? offset_of(b, args[0]) : PT_NONE;
    if (pt_call_value(b, callee, given, count, offset, &result)) return result;
    result = pt_var(b->r, PT_VAR_ANY);
    pt_wait(
        b,
        (pt_pending){.kind = PT_PENDING_CALL, .self = callee, .result = result, .arg_count = count, .offset = offset},
        given, NULL);
    return result;
}

pt_ty pt_expr_call(body *b, u32 node, pt_ty expected) {
    u32 callee = at(b, node)->child, args[MAX_ARGUMENTS];
    u32 count = callee ? collect(b, at(b, callee)->next, args) : 0;
    if (!callee) return 0;
    if (at(b, callee)->kind != PT_N_E_PATH) return call_of_value(b, pt_expr(b, callee, 0), args, count);
    u32 path = at(b, callee)->child, segment = at(b, path)->child;
    if (segment && at(b, segment)->kind == PT_N_SEGMENT && !at(b, segment)->next && !at(b, path)->op) {
        const pt_local *local = pt_find_local(b, pt_view_name(&b->v, segment), segment);
        if (local) return call_of_value(b, local->ty, args, count);
    }
    value x = pt_value_of(b, path, PT_VALUE_CALLED);
    if (x.choice.other_count) { /* From for several types: what is given tells */
        pt_ty given[MAX_ARGUMENTS];
        given_types(b, args, count, given);
        choose(b, &x.choice, given, count, false);
        pt_emit_callee(b->r, &x.choice, PT_EDGE_CALLS, PT_VIA_PATH, x.offset);
        pt_ty result = pt_call_with(b, x.choice.def, x.ty, x.args, x.arg_count, given, count, false, x.offset);
        return x.choice.other_count ? x.ty : result;
    }
    u8 kind = x.def == PT_NO_DEF ? (u8)PT_KIND_COUNT : pt_def_kind(b->r->w, x.def);
    if (kind == PT_KIND_CONST || kind == PT_KIND_STATIC || kind == PT_KIND_ASSOC_CONST) /* a fn pointer in a constant */
        return call_of_value(b, pt_value_type(b, &x), args, count);
    return call_nodes(b, x.def, x.ty, x.args, x.arg_count, args, count, false, expected);
}

static void emit_derefs(body *b, const pt_callee *c, u32 offset) {
    for (u32 i = 0; i < c->deref_count; i++)
        pt_emit_member(b, c->mutably ? b->r->w->lang.deref_mut : b->r->w->lang.deref,
                       c->mutably ? "deref_mut" : "deref", c->derefs[i], PT_VIA_DEREF, offset);
}

/* The place that a method borrows mutably was indexed and dereferenced mutably: its last sites say so. */
static void make_mutable(body *b, u32 node, u32 before) {
    pt_resolver *r = b->r;
    const pt_world *w = r->w;
    u32 i = r->out->sites.count;
    for (;; node = at(b, node)->child) {
        u8 kind = at(b, node)->kind;
        bool place = kind == PT_N_E_INDEX || (kind == PT_N_E_UNARY && at(b, node)->op == PT_T_STAR);
        if (!place && kind != PT_N_E_FIELD && kind != PT_N_E_PAREN) return;
        u8 via = kind == PT_N_E_INDEX ? PT_VIA_INDEX : PT_VIA_DEREF;
        while (i > before && r->out->sites.data[i - 1].kind == PT_EDGE_USES) i--;
        if (i <= before || r->out->sites.data[i - 1].via != via) {
            if (place) return;
            continue;
        }
        pt_site *site = &r->out->sites.data[--i];
        u32 from = via == PT_VIA_INDEX ? w->lang.index : w->lang.deref,
            to = via == PT_VIA_INDEX ? w->lang.index_mut : w->lang.deref_mut,
            name = pt_intern(w->names, via == PT_VIA_INDEX ? PT_STR("index_mut") : PT_STR("deref_mut"));
        if (to == PT_NO_DEF || pt_def_is_external_path(site->to)) return;
        u32 owner = w->defs.data[site->to].parent, head = to;
        if (owner == PT_NO_DEF) return;
        if (owner != from) { /* an impl's: that of the same type for the mutable trait */
            u32 impl = pt_impl_of(w, owner);
            head = impl == PT_NONE ? PT_NO_DEF : w->impls.data[impl].head;
        }
        for (u32 m = pt_member_find(w, head, name); m; m = w->members.data[m].next) {
            const pt_member *x = &w->members.data[m];
            if (owner == from ? x->impl == PT_NONE : x->impl != PT_NONE && w->impls.data[x->impl].trait == to) {
                site->to = x->def;
                break;
            }
        }
    }
}

/* Forwarded calls: `x.into()` is T::from(x), `s.parse()` is T::from_str(s), `{}` of x is its Display. */
static void emit_forwarded(body *b, u32 def, pt_ty self, pt_ty result, u32 offset) {
    const pt_world *w = b->r->w;
    if (pt_def_is_external_path(def) || !(w->defs.data[def].flags & PT_DEF_EXTERNAL)) return;
    u32 name = w->defs.data[def].name, parent = w->defs.data[def].parent, impl = pt_impl_of(w, parent);
    u32 trait = impl == PT_NONE ? parent : w->impls.data[impl].trait;
    if (name == w->known.into && trait == w->lang.into) pt_forward(b, w->lang.from, "from", result, self, offset);
    else if (trait == w->lang.to_string && trait != PT_NO_DEF) pt_forward(b, w->lang.display, "fmt", self, 0, offset);
    else if (trait == w->lang.iterator && name == w->known.collect)
        pt_forward(b, w->lang.from_iterator, "from_iter", result, 0, offset);
    else if (impl != PT_NONE && trait == PT_NO_DEF && name == w->known.parse)
        pt_forward(b, w->lang.from_str, "from_str", arg_of(b, result, 0), 0, offset);
}

pt_ty pt_expr_method(body *b, u32 node, pt_ty expected) {
    pt_resolver *r = b->r;
    u32 receiver = at(b, node)->child, name = pt_view_name(&b->v, node), args[MAX_ARGUMENTS];
    if (!receiver) return 0;
    u32 before = r->out->sites.count;
    pt_ty self = pt_expr(b, receiver, 0), explicit_args[8];
    u32 rest = at(b, receiver)->next, explicit_count = 0;
    if (rest && at(b, rest)->kind == PT_N_GENERIC_ARGS) {
        for (u32 a = at(b, rest)->child; a; a = at(b, a)->next)
            if (pt_kind_is_type(at(b, a)->kind)) {
                pt_ty ty = pt_lower(r, &b->v, a, b->owner, PT_EDGE_USES);
                if (explicit_count < 8) explicit_args[explicit_count++] = ty;
            }
        rest = at(b, rest)->next;
    }
    u32 count = collect(b, rest, args), offset = offset_of(b, node);
    pt_callee c;
    pt_find_method(r, &c, self, name);
    if (c.def == PT_NO_DEF && c.waits) {
        pt_try_pending(b);
        pt_find_method(r, &c, self, name);
    }
    if (c.def == PT_NO_DEF && c.waits) {
        pt_ty given[MAX_ARGUMENTS], result = pt_var(r, PT_VAR_ANY);
        given_types(b, args, count, given);
        pt_wait(b,
                (pt_pending){.kind = PT_PENDING_METHOD,
                             .self = self,
                             .name = name,
                             .result = result,
                             .offset = offset,
                             .arg_count = count,
                             .explicit_count = explicit_count},
                given, explicit_args);
        return result;
    }
    if (c.def == PT_NO_DEF) {
        if (r->via_macro != 2 || is_known(b, self)) pt_emit_open(r, name, c.reason, offset);
        u8 reason = c.reason;
        if (reason != PT_REASON_DEPENDENCY) pt_find_by_name(r, &c, name);
        if (c.def != PT_NO_DEF) pt_emit_callee(r, &c, PT_EDGE_CALLS, PT_VIA_METHOD, offset);
        evaluate(b, &nothing_known, args, count);
        return pt_var(r, PT_VAR_ANY);
    }
    if (c.mutably && type_of_body(b, self).kind != PT_TY_REF) make_mutable(b, receiver, before);
    if (c.confidence == PT_CANDIDATE && c.other_count) {
        pt_ty given[MAX_ARGUMENTS];
        given_types(b, args, count, given);
        choose(b, &c, given, count, true);
        pt_emit_callee(r, &c, PT_EDGE_CALLS, PT_VIA_METHOD, offset);
        emit_derefs(b, &c, offset);
        if (c.confidence == PT_CANDIDATE) c.self = 0;
        return pt_call_with(b, c.def, c.self, explicit_args, explicit_count, given, count, true, offset);
    }
    pt_emit_callee(r, &c, PT_EDGE_CALLS, PT_VIA_METHOD, offset);
    emit_derefs(b, &c, offset);
    pt_ty result = call_nodes(b, c.def, c.self, explicit_args, explicit_count, args, count, true, expected);
    emit_forwarded(b, c.def, c.self, result, offset);
    return result;
}

/* Closures. */

pt_ty pt_expr_closure(body *b, u32 node, pt_ty expected) {
    pt_resolver *r = b->r;
    u32 locals = r->locals.count, index = 0, count = 0;
    pt_ty parts[16], result = 0;
    pt_type want = type_of_body(b, expected);
    bool told = want.kind == PT_TY_CLOSURE || want.kind == PT_TY_FN_PTR;
    if (told && want.count) result = arg_of(b, expected, want.count - 1u);
    bool is_async = at(b, node)->op == 1;
    if (!result || is_async) result = pt_var(r, PT_VAR_ANY);
    for (u32 c = at(b, node)->child; c; c = at(b, c)->next) {
        const pt_node *n = at(b, c);
        if (n->kind == PT_N_PARAMS) {
            for (u32 p = n->child; p; p = at(b, p)->next, index++) {
                u32 pattern = 0;
                pt_ty ty = told && index + 1 < want.count ? arg_of(b, expected, index) : 0;
                if (!ty) ty = pt_var(r, PT_VAR_ANY);
                for (u32 x = at(b, p)->child; x; x = at(b, x)->next) {
                    if (pattern && pt_kind_is_type(at(b, x)->kind)) {
                        pt_ty written = pt_open(r, pt_lower(r, &b->v, x, b->owner, PT_EDGE_USES));
                        pt_unify(r, ty, written);
                        if (written && !is_known(b, ty)) ty = written;
                    } else if (!pattern && (pt_kind_is_pattern(at(b, x)->kind) || at(b, x)->kind == PT_N_MACRO_CALL)) {
                        pattern = x;
                    }
                }
                if (pattern) pt_pattern(b, pattern, ty);
                if (count < 15) parts[count++] = ty;
            }
        } else if (n->kind == PT_N_RETURN) {
            pt_ty written = n->child ? pt_open(r, pt_lower(r, &b->v, n->child, b->owner, PT_EDGE_USES)) : 0;
            pt_unify(r, result, written);
        } else {
            pt_ty outer = r->result_type, loop = b->loop;
            r->result_type = result;
            b->loop = 0;
            pt_expr_as(b, c, result);
            b->loop = loop;
            r->result_type = outer;
        }
    }
    if (is_async && r->w->lang.future != PT_NO_DEF) { /* a future of it */
        pt_ty binding = pt_ty_make(&r->types, PT_TY_BINDING, 0, r->w->known.output, &result, 1);
        pt_ty bound = pt_ty_make(&r->types, PT_TY_BOUND, r->w->lang.future, 0, &binding, 1);
        result = pt_ty_make(&r->types, PT_TY_OPAQUE, 0, 0, &bound, 1);
    }
    r->locals.count = locals;
    parts[count++] = result;
    return pt_ty_make(&r->types, PT_TY_CLOSURE, 0, 0, parts, count);
}

/* The queue. */

void pt_wait(body *b, pt_pending p, const pt_ty *args, const pt_ty *explicit_args) {
    pt_resolver *r = b->r;
    if (r->pending.count >= MAX_WAITING) return;
    p.scope = r->scope;
    p.cfg = r->cfg;
    p.via_macro = r->via_macro;
    p.macro_place = r->macro_place;
    p.args = r->pending_types.count;
    for (u32 i = 0; i < p.arg_count; i++) pt_vec_push(&r->pending_types, args[i]);
    for (u32 i = 0; i < p.explicit_count; i++) pt_vec_push(&r->pending_types, explicit_args[i]);
    if (r->pending_types.count != p.args + p.arg_count + p.explicit_count) return;
    pt_vec_push(&r->pending, p);
    r->progress++; /* it has not been tried yet */
}

/* The member of a trait for a type: an impl's own, or the trait's. False: the type is not known yet. */
static bool try_member(body *b, const pt_pending *p, bool last) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    pt_ty self = pt_resolved(r, p->self);
    if (p->node_kind) self = pt_strip_refs(r, self);
    if (p->node_kind ==
        PT_VIA_FOR) { /* in a repetition of quote!: what the variable yields, if it is no single value */
        pt_type t = *pt_ty_at(&r->types, self);
        bool holds = t.kind == PT_TY_SLICE || t.kind == PT_TY_ARRAY || t.def == w->lang.vec || t.def == w->lang.option;
        pt_ty item = holds ? pt_ty_arg(&r->types, self, 0) : pt_project(r, self, w->lang.iterator, w->known.item);
        if (holds || (item && pt_ty_at(&r->types, item)->kind != PT_TY_PROJECTION))
            self = pt_strip_refs(r, pt_resolved(r, item));
    }
    u8 kind = pt_ty_at(&r->types, self)->kind;
    if (kind == PT_TY_VAR && !last) return false;
    u32 member = PT_NO_DEF;
    for (u32 m = pt_member_find(w, p->trait, p->name); m; m = w->members.data[m].next)
        if (w->members.data[m].impl == PT_NONE) member = w->members.data[m].def;
    pt_subst s = {0};
    u32 impl = is_known(b, self) ? pt_find_impl(r, p->trait, self, &s) : PT_NONE;
    if (impl != PT_NONE && !w->impls.data[impl].is_derive) {
        u32 key = w->impls.data[impl].is_blanket ? PT_BLANKET_HEAD : w->impls.data[impl].head;
        for (u32 m = pt_member_find(w, key, p->name); m; m = w->members.data[m].next)
            if (w->members.data[m].impl == impl) member = w->members.data[m].def;
    }
    bool quoted = p->node_kind != 0; /* quote!: read by a rule of ours, through references */
    pt_emit(r, member, p->edge, quoted ? (u8)PT_VIA_MACRO : (u8)PT_VIA_PATH, quoted ? PT_INFERRED : PT_EXACT,
            p->offset);
    return true;
}

void pt_forward(body *b, u32 trait, const char *member, pt_ty self, pt_ty other, u32 offset) {
    if (trait == PT_NO_DEF || pt_def_is_external_path(trait) || !self) return;
    pt_wait(b,
            (pt_pending){.kind = PT_PENDING_FORWARD,
                         .self = self,
                         .trait = trait,
                         .name = pt_intern(b->r->w->names, pt_str_of(member)),
                         .offset = offset,
                         .arg_count = other != 0},
            &other, NULL);
}

static bool try_one(body *b, pt_pending *p, bool last) {
    pt_resolver *r = b->r;
    pt_ty given[MAX_ARGUMENTS], explicit_args[8], result;
    u32 count = PT_MIN(p->arg_count, (u32)MAX_ARGUMENTS), explicit_count = PT_MIN(p->explicit_count, 8u);
    for (u32 i = 0; i < count; i++) given[i] = r->pending_types.data[p->args + i];
    for (u32 i = 0; i < explicit_count; i++) explicit_args[i] = r->pending_types.data[p->args + p->arg_count + i];
    switch (p->kind) {
    case PT_PENDING_METHOD: {
        pt_callee c;
        pt_find_method(r, &c, p->self, p->name);
        if (c.def == PT_NO_DEF && c.waits && !last) return false;
        if (c.def == PT_NO_DEF) {
            if (r->via_macro != 2 || is_known(b, p->self)) pt_emit_open(r, p->name, c.reason, p->offset);
            u8 reason = c.reason;
            if (reason != PT_REASON_DEPENDENCY) pt_find_by_name(r, &c, p->name);
            if (c.def != PT_NO_DEF) pt_emit_callee(r, &c, PT_EDGE_CALLS, PT_VIA_METHOD, p->offset);
            return true;
        }
        if (c.confidence == PT_CANDIDATE && c.other_count) choose(b, &c, given, count, true);
        pt_emit_callee(r, &c, PT_EDGE_CALLS, PT_VIA_METHOD, p->offset);
        emit_derefs(b, &c, p->offset);
        if (c.confidence == PT_CANDIDATE) c.self = 0;
        result = pt_call_with(b, c.def, c.self, explicit_args, explicit_count, given, count, true, p->offset);
        pt_unify(r, p->result, result);
        emit_forwarded(b, c.def, c.self, p->result, p->offset);
        return true;
    }
    case PT_PENDING_FIELD:
        if (!pt_find_field(b, p->self, p->name, p->offset, false, &result)) return false;
        pt_unify(r, p->result, result);
        return true;
    case PT_PENDING_CALL:
        if (!pt_call_value(b, p->self, given, count, p->offset, &result)) return false;
        if (p->result) pt_unify(r, p->result, result);
        return true;
    case PT_PENDING_PROJECTION: {
        pt_ty self = pt_resolved(r, p->self);
        u8 kind = pt_ty_at(&r->types, self)->kind;
        if (kind == PT_TY_VAR) return false;
        if (kind == PT_TY_UNKNOWN) return true;
        result = pt_shallow(r, pt_project(r, self, p->trait, p->name));
        if (pt_ty_at(&r->types, result)->kind == PT_TY_UNKNOWN) return true;
        pt_unify(r, p->result, result);
        return true;
    }
    case PT_PENDING_MEMBER: return try_member(b, p, last);
    default: return pt_try_operator(b, p);
    }
}

static void go_through(body *b, bool last) {
    pt_resolver *r = b->r;
    u32 scope = r->scope, cfg = r->cfg, kept = 0;
    u32 macro_place = r->macro_place;
    u8 via = r->via_macro;
    for (u32 i = 0; i < r->pending.count; i++) { /* what is tried may add to it */
        pt_pending p = r->pending.data[i];
        if (p.done) continue;
        r->scope = p.scope;
        r->cfg = p.cfg;
        r->via_macro = p.via_macro;
        r->macro_place = p.macro_place;
        r->depth = 0;
        if (try_one(b, &p, last)) r->pending.data[i].done = true, r->progress++;
    }
    for (u32 i = 0; i < r->pending.count; i++)
        if (!r->pending.data[i].done) r->pending.data[kept++] = r->pending.data[i];
    r->pending.count = kept;
    if (!kept) r->pending_types.count = 0;
    r->scope = scope;
    r->cfg = cfg;
    r->via_macro = via;
    r->macro_place = macro_place;
}

void pt_try_pending(body *b) {
    pt_resolver *r = b->r;
    u32 depth = r->depth;
    for (u32 round = 0; r->pending.count && round < MAX_ROUNDS && r->tried != r->progress; round++) {
        r->tried = r->progress;
        go_through(b, false);
    }
    r->depth = depth;
}

void pt_end_pending(body *b) {
    pt_try_pending(b);
    pt_infer_fallback(b->r);
    b->r->progress++;
    pt_try_pending(b);
    go_through(b, true);
    b->r->pending.count = b->r->pending_types.count = 0;
}
