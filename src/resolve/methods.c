/* methods.c: which method `receiver.name()` and which item `Type::name` is.
 *
 * As rustc probes: at each step of autoderef the inherent methods first, then those of traits; at a parameter,
 * an opaque or a trait object the traits of its bounds. Where several traits offer the name, those in scope
 * count; where several remain they are candidates. */
#include "facts/cfg.h"
#include "resolve/infer.h"
#include "resolve/questions.h"

enum { MAX_STEPS = 10 };

typedef struct bound_search {
    u32 name, how;
    u32 found; /* member definition */
    pt_resolver *r;
} bound_search;

static u32 trait_member(const pt_world *w, u32 trait, u32 name) {
    for (u32 m = pt_member_find(w, trait, name); m; m = w->members.data[m].next)
        if (w->members.data[m].impl == PT_NONE) return w->members.data[m].def;
    return PT_NO_DEF;
}

/* Can it be called so? `how`: a mask of PT_SELF_*; 0: by a path, with or without self. */
static bool is_callable(pt_resolver *r, u32 def, u32 how) {
    const pt_item *item = pt_def_item(r->w, def);
    if (!item || item->kind != PT_KIND_METHOD) return false;
    if (!how) return true;
    if (!(item->flags & PT_F_HAS_SELF)) return false;
    const pt_signature *s = pt_signature_of(r, def);
    return s && (s->self_kind & how);
}

static bool super_has(pt_resolver *r, u32 trait, void *payload) {
    bound_search *s = payload;
    u32 member = trait_member(r->w, trait, s->name);
    if (member == PT_NO_DEF || (s->how && !is_callable(r, member, s->how))) return false;
    s->found = member;
    return true;
}
static bool bound_has(pt_resolver *r, pt_ty bound, void *payload) {
    return pt_supertraits(r, pt_ty_at(&r->types, bound)->def, super_has, payload);
}

/* Is the trait nameable where we are: defined here, imported, in the prelude, or the one that is implemented or defined
 * around the place? */
static bool in_scope(const pt_resolver *r, u32 trait) {
    const pt_world *w = r->w;
    if (trait == PT_NO_DEF || pt_def_is_external_path(trait)) return false;
    for (u32 d = r->item; d != PT_NO_DEF; d = w->defs.data[d].parent) {
        u8 kind = w->defs.data[d].kind;
        if (kind == PT_KIND_MODULE || kind == PT_KIND_CRATE) break;
        if (d == trait) return true;
        if (kind != PT_KIND_IMPL) continue;
        u32 impl = pt_impl_of(w, d);
        if (impl != PT_NONE && w->impls.data[impl].trait == trait) return true;
        break;
    }
    u32 s = pt_scope_of(w, r->scope);
    u32 name = w->defs.data[trait].name;
    while (s != PT_NO_DEF) {
        for (u32 b = pt_scope_lookup(w, s, name, PT_NS_TYPE); b; b = w->bindings.data[b].next)
            if (w->bindings.data[b].def == trait) return true;
        for (u32 b = pt_scope_lookup(w, s, w->known.underscore, PT_NS_TYPE); b; b = w->bindings.data[b].next)
            if (w->bindings.data[b].def == trait) return true;
        if (w->defs.data[s].flags & PT_DEF_UNKNOWN_GLOB) return true; /* a dependency's prelude may bring it */
        if (w->defs.data[s].kind != PT_KIND_BLOCK) break;
        s = pt_scope_of(w, w->defs.data[s].parent);
    }
    u32 prelude = w->crates.data[w->defs.data[r->scope].crate].prelude;
    if (prelude != PT_NO_DEF)
        for (u32 b = pt_scope_lookup(w, prelude, name, PT_NS_TYPE); b; b = w->bindings.data[b].next)
            if (w->bindings.data[b].def == trait) return true;
    return false;
}

static void settle(pt_callee *out, u32 def, u32 impl, pt_ty self, u8 confidence) {
    out->def = def;
    out->impl = impl;
    out->self = self;
    out->confidence = confidence;
    out->rule = confidence == PT_EXACT ? PT_RULE_WRITTEN : PT_RULE_BLANKET;
}

/* Is the impl for this very type? A shared reference is no mutable one here. */
static bool is_for(pt_resolver *r, u32 impl, pt_ty ty, pt_subst *s) {
    pt_ty pattern = pt_impl_type(r, impl);
    const pt_type *p = pt_ty_at(&r->types, pattern), *x = pt_ty_at(&r->types, ty);
    if (p->kind == PT_TY_REF && x->kind == PT_TY_REF && !pt_reference_holds(r, pattern, ty)) return false;
    return pt_ty_match(&r->types, pattern, ty, s, 0);
}

/* A method of a trait needs the trait in scope; by a path it does not. */
static bool is_reachable(const pt_resolver *r, u32 trait, u32 how) { return !how || in_scope(r, trait); }

/* May a member of an inherent impl be named from `from`? */
static bool is_visible_member(const pt_world *w, u32 member, u32 from) {
    u32 module = pt_module_of(w, w->defs.data[member].parent);
    switch (pt_def_item(w, member)->visibility) {
    case PT_VIS_PUB: return true;
    case PT_VIS_CRATE:
    case PT_VIS_IN: return w->defs.data[member].crate == w->defs.data[from].crate;
    case PT_VIS_SUPER: {
        u32 up = pt_parent_module(w, module);
        return pt_is_within(w, from, up == PT_NO_DEF ? module : up);
    }
    default: return pt_is_within(w, from, module);
    }
}

/* Does no configuration have both definitions? */
static bool exclude_each_other(const pt_world *w, u32 a, u32 b) {
    pt_buffer x = {0}, y = {0};
    pt_def_cfg(w, &x, a);
    pt_def_cfg(w, &y, b);
    bool exclusive = x.count && y.count && pt_cfg_exclusive(pt_buffer_view(&x), pt_buffer_view(&y));
    pt_buffer_free(&x);
    pt_buffer_free(&y);
    return exclusive;
}

/* At one type with a known head. True when something was found. */
static bool at_head(pt_resolver *r, pt_callee *out, pt_ty ty, u32 head, u32 name, u8 ns, u32 how) {
    const pt_world *w = r->w;
    u32 found[16], impls[16], count = 0;
    bool inherent = false;
    for (u32 m = pt_member_find(w, head, name); m; m = w->members.data[m].next) {
        const pt_member *x = &w->members.data[m];
        u8 kind = w->defs.data[x->def].kind;
        if (x->impl == PT_NONE || !pt_impl_known(r, x->impl)) continue; /* a trait's own: only by dyn */
        bool fits = ns == PT_NS_TYPE         ? kind == PT_KIND_ASSOC_TYPE
                    : kind == PT_KIND_METHOD ? is_callable(r, x->def, how)
                                             : !how && kind == PT_KIND_ASSOC_CONST;
        if (!fits) continue;
        const pt_impl *im = &w->impls.data[x->impl];
        bool own = !im->has_trait;
        if (inherent && !own) continue;
        if (own && !is_visible_member(w, x->def, r->scope)) continue; /* rustc passes over what is private */
        pt_subst s = {0};
        if (!own && (im->trait == PT_NO_DEF || !is_reachable(r, im->trait, how))) continue;
        if (!is_for(r, x->impl, ty, &s)) continue;
        if (!own && !pt_impl_holds(r, x->impl, &s) && !pt_environment_has(r, ty, im->trait)) continue;
        if (own && !inherent) count = 0, inherent = true; /* inherent before trait */
        if (count < PT_COUNT_OF(found)) found[count] = x->def, impls[count++] = x->impl;
    }
    if (count > 1 && !inherent) { /* several traits: those in scope */
        u32 kept = 0;
        for (u32 i = 0; i < count; i++)
            if (in_scope(r, w->impls.data[impls[i]].trait)) found[kept] = found[i], impls[kept++] = impls[i];
        if (kept) count = kept;
    }
    if (count) {
        settle(out, found[0], impls[0], ty, PT_EXACT);
        /* cfg twins and impls for several arguments of one trait stay alternatives */
        for (u32 i = 1; i < count && out->other_count < PT_COUNT_OF(out->others); i++) {
            out->others[out->other_count++] = found[i];
            bool same_name_twin = w->defs.data[found[i]].parent == w->defs.data[found[0]].parent || inherent ||
                                  exclude_each_other(w, found[0], found[i]);
            if (!same_name_twin) out->confidence = PT_CANDIDATE, out->rule = PT_RULE_SEVERAL;
        }
        return true;
    }
    /* default members of the traits it implements, derives included */
    u32 best = PT_NO_DEF;
    for (u32 m = pt_member_find(w, PT_TRAIT_HEAD, name); m; m = w->members.data[m].next) {
        u32 member = w->members.data[m].def, trait = w->defs.data[member].parent;
        if (how && !is_callable(r, member, how)) continue;
        u32 impl = pt_first_impl(w, head, trait);
        if (impl == PT_NONE || !is_reachable(r, trait, how)) continue;
        for (pt_subst s = {0}; impl != PT_NONE; s.count = 0, impl = w->impls.data[impl].next)
            if (pt_impl_known(r, impl) && is_for(r, impl, ty, &s) && pt_impl_holds(r, impl, &s)) break;
        if (impl == PT_NONE) continue;
        if (best != PT_NO_DEF && (w->defs.data[best].parent == trait || !in_scope(r, trait))) continue;
        best = member;
        settle(out, member, PT_NONE, ty, PT_EXACT);
    }
    if (best != PT_NO_DEF) return true;
    for (u32 m = pt_member_find(w, PT_BLANKET_HEAD, name); m; m = w->members.data[m].next) {
        const pt_member *x = &w->members.data[m];
        if (how && !is_callable(r, x->def, how)) continue;
        u32 trait = w->impls.data[x->impl].trait;
        if (trait == PT_NO_DEF || !in_scope(r, trait) || !pt_blanket_applies(r, x->impl, ty)) continue;
        settle(out, x->def, x->impl, ty, PT_INFERRED);
        return true;
    }
    return false;
}

/* Default methods of traits with a blanket impl that applies: `iter.by_ref()` of `impl<I: Iterator> ...`. */
static bool blanket_default(pt_resolver *r, pt_callee *out, pt_ty ty, u32 name, u32 how) {
    const pt_world *w = r->w;
    if (r->method_names == NULL) return false;
    for (u32 m = pt_member_find(w, PT_TRAIT_HEAD, name); m; m = w->members.data[m].next) {
        u32 member = w->members.data[m].def, trait = w->defs.data[member].parent;
        u32 impl = pt_first_impl(w, PT_BLANKET_HEAD, trait);
        if (impl == PT_NONE || !is_callable(r, member, how) || !in_scope(r, trait)) continue;
        while (impl != PT_NONE && !pt_blanket_applies(r, impl, ty)) impl = w->impls.data[impl].next;
        if (impl == PT_NONE) continue;
        settle(out, member, PT_NONE, ty, PT_INFERRED);
        return true;
    }
    return false;
}

static bool at_type(pt_resolver *r, pt_callee *out, pt_ty ty, u32 name, u8 ns, u32 how) {
    u8 kind = pt_ty_at(&r->types, ty)->kind;
    if (kind == PT_TY_PARAM || kind == PT_TY_OPAQUE || kind == PT_TY_DYN || kind == PT_TY_PROJECTION) {
        bound_search s = {name, how, PT_NO_DEF, r};
        if (kind == PT_TY_DYN) {
            u32 head = pt_ty_at(&r->types, ty)->def;
            if (!pt_def_is_external_path(head) && at_head(r, out, ty, head, name, ns, how)) return true;
        }
        pt_bounds_of(r, ty, bound_has, &s);
        if (s.found != PT_NO_DEF) return settle(out, s.found, PT_NONE, ty, PT_EXACT), true;
        for (u32 m = pt_member_find(r->w, PT_BLANKET_HEAD, name); m; m = r->w->members.data[m].next) {
            const pt_member *x = &r->w->members.data[m];
            u32 trait = r->w->impls.data[x->impl].trait;
            if (trait == PT_NO_DEF || !in_scope(r, trait) || (how && !is_callable(r, x->def, how)) ||
                !pt_blanket_applies(r, x->impl, ty))
                continue;
            u32 member = trait_member(r->w, trait, name); /* a generic receiver: the trait's member */
            settle(out, member == PT_NO_DEF ? x->def : member, PT_NONE, ty, PT_INFERRED);
            return true;
        }
        return how && blanket_default(r, out, ty, name, how);
    }
    u32 head = pt_head_of(r, ty);
    if (head == PT_NO_DEF) return false;
    if (pt_def_is_external_path(head) && pt_def_kind(r->w, head) != PT_KIND_PRIMITIVE) {
        /* a dependency's type: our traits for it are known, what it has itself is not */
        if (!at_head(r, out, ty, head, name, ns, how)) return false;
        if (out->confidence == PT_EXACT) out->confidence = PT_INFERRED, out->rule = PT_RULE_EXTENSION;
        return true;
    }
    return at_head(r, out, ty, head, name, ns, how) ||
           (how && (kind != PT_TY_REF || how == PT_SELF_VALUE) && blanket_default(r, out, ty, name, how));
}

/* One step of autoderef: the receiver by value, then borrowed, then borrowed mutably (rustc's probe order). */
static bool at_step(pt_resolver *r, pt_callee *out, pt_ty ty, u32 name) {
    const pt_type *t = pt_ty_at(&r->types, ty);
    if (t->kind == PT_TY_REF) { /* a reference as it is: what takes &self or &mut self of the referent */
        u32 how = t->name ? PT_SELF_MUT : PT_SELF_REF;
        if (at_type(r, out, pt_ty_arg(&r->types, ty, 0), name, PT_NS_VALUE, how)) return true;
    } else if (t->kind == PT_TY_ADT && t->count && pt_is_smart_pointer(r->w, t->def)) {
        pt_ty inner = pt_shallow(r, pt_ty_arg(&r->types, ty, 0)); /* Box<Self>, and Pin of a pointer to Self */
        const pt_type *held = pt_ty_at(&r->types, inner);
        if (t->def == r->w->lang.pin &&
            (held->kind == PT_TY_REF || (held->kind == PT_TY_ADT && pt_is_smart_pointer(r->w, held->def))))
            inner = pt_shallow(r, pt_ty_arg(&r->types, inner, 0));
        if (at_type(r, out, inner, name, PT_NS_VALUE, PT_SELF_POINTER)) return true;
    }
    return at_type(r, out, ty, name, PT_NS_VALUE, PT_SELF_VALUE) ||
           at_type(r, out, ty, name, PT_NS_VALUE, PT_SELF_REF) || at_type(r, out, ty, name, PT_NS_VALUE, PT_SELF_MUT);
}

static u8 behind_references(pt_resolver *r, pt_ty ty) { return pt_ty_at(&r->types, pt_strip_refs(r, ty))->kind; }

void pt_find_method(pt_resolver *r, pt_callee *out, pt_ty receiver, u32 name) {
    *out = (pt_callee){.def = PT_NO_DEF, .impl = PT_NONE, .reason = PT_REASON_UNKNOWN_RECEIVER};
    pt_ty ty = pt_resolved(r, receiver);
    for (u32 step = 0; ty && step < MAX_STEPS && pt_step(&r->types); step++) {
        pt_type t = *pt_ty_at(&r->types, ty);
        if (t.kind == PT_TY_VAR || (t.kind == PT_TY_REF && behind_references(r, ty) == PT_TY_VAR)) {
            out->reason = PT_REASON_UNKNOWN_RECEIVER;
            out->waits = true;
            return;
        }
        if (t.kind == PT_TY_ADT && pt_def_is_external_path(t.def) && pt_def_kind(r->w, t.def) != PT_KIND_PRIMITIVE) {
            out->reason = PT_REASON_DEPENDENCY;
            (void)at_step(r, out, ty, name);
            return;
        }
        if (at_step(r, out, ty, name)) {
            const pt_signature *s = pt_signature_of(r, out->def);
            out->mutably = s && s->self_kind == PT_SELF_MUT;
            return;
        }
        out->waits = t.kind == PT_TY_PROJECTION && t.open;
        out->reason = t.kind == PT_TY_PROJECTION || t.kind == PT_TY_UNKNOWN ? PT_REASON_UNKNOWN_RECEIVER
                                                                            : PT_REASON_NO_SUCH_METHOD;
        if (t.kind == PT_TY_PTR) return; /* no autoderef through a raw pointer */
        bool overloaded = (t.kind == PT_TY_ADT && t.def != r->w->lang.box) || t.kind == PT_TY_PARAM;
        pt_ty from = ty;
        ty = pt_resolved(r, pt_deref_once(r, ty));
        if (ty && overloaded && out->deref_count < PT_COUNT_OF(out->derefs)) out->derefs[out->deref_count++] = from;
    }
}

void pt_find_associated(pt_resolver *r, pt_callee *out, pt_ty self, u32 name, u8 ns) {
    *out = (pt_callee){.def = PT_NO_DEF, .impl = PT_NONE, .reason = PT_REASON_ASSOCIATED};
    if (self) at_type(r, out, pt_resolved(r, self), name, ns, 0);
}

void pt_find_by_name(pt_resolver *r, pt_callee *out, u32 name) {
    const pt_method_names *all = r->method_names;
    pt_ask(r->w, PT_ASK_NAMESAKES, name, 0);
    u32 low = 0, high = all->methods.count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (r->w->defs.data[all->methods.data[middle]].name < name) low = middle + 1;
        else high = middle;
    }
    u32 end = low;
    while (end < all->methods.count && r->w->defs.data[all->methods.data[end]].name == name) end++;
    if (end == low || end - low > PT_NAMESAKES) return;
    out->def = all->methods.data[low];
    out->confidence = PT_CANDIDATE;
    out->rule = PT_RULE_NAMESAKE;
    out->other_count = 0;
    for (u32 i = low + 1; i < end; i++) out->others[out->other_count++] = all->methods.data[i];
}
