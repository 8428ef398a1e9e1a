/* bodies.c: expressions and patterns of one body: their types as far as they are known, and the sites in them.
 *
 * A body is parsed again from its range of tokens, walked once, and forgotten. Types flow from the inside out,
 * with the expected type handed down; what stays unknown is counted, never guessed. */
#include "facts/cfg.h"
#include "resolve/bodies.h"

#include <stdio.h>

enum { MAX_ARGUMENTS = 16 };

static inline const pt_node *at(const body *b, u32 node) { return &b->v.nodes[node]; }

static pt_ty unit(body *b) { return pt_ty_make(&b->r->types, PT_TY_TUPLE, 0, 0, NULL, 0); }
static pt_ty never(body *b) { return pt_ty_make(&b->r->types, PT_TY_NEVER, 0, 0, NULL, 0); }
static pt_ty primitive(body *b, const char *name) { return pt_adt(b->r, pt_primitive(b->r->w, name), NULL, 0); }
static pt_ty reference(body *b, pt_ty ty) { return pt_ty_make(&b->r->types, PT_TY_REF, 0, 0, &ty, 1); }
static pt_ty reference_to(body *b, pt_ty ty, bool mutable) {
    return pt_ty_make(&b->r->types, PT_TY_REF, 0, mutable, &ty, 1);
}
static pt_ty lang_adt(body *b, u32 def, const pt_ty *args, u32 count) {
    return def == PT_NO_DEF ? 0 : pt_adt(b->r, def, args, count);
}
static const pt_type *type_at(const body *b, pt_ty ty) { return pt_ty_at(&b->r->types, ty); }
static bool is_known(const body *b, pt_ty ty) {
    u8 kind = type_at(b, ty)->kind;
    return kind != PT_TY_UNKNOWN && kind != PT_TY_NEVER;
}
static pt_ty better(const body *b, pt_ty a, pt_ty other) { return is_known(b, a) ? a : other ? other : a; }

static u32 offset_of(const body *b, u32 node) { return pt_view_offset(&b->v, node); }
/* Position of a node's own name (a method's, a field's), else of its start. */
static u32 name_offset(const body *b, u32 node) { return pt_view_offset(&b->v, node); }

void pt_push_local(body *b, u32 name, pt_ty ty) { pt_vec_push(&b->r->locals, (pt_local){name, ty}); }

static const pt_local *find_local(const body *b, u32 name) {
    for (u32 i = b->r->locals.count; i > b->first_local; i--)
        if (b->r->locals.data[i - 1].name == name) return &b->r->locals.data[i - 1];
    return NULL;
}

/* What projections in a type have become after a substitution. */
static pt_ty normalize(body *b, pt_ty ty, u32 depth) {
    pt_types *t = &b->r->types;
    pt_type x = *pt_ty_at(t, ty);
    if (!x.count || depth > 8) return ty;
    pt_ty args[16];
    bool changed = false;
    for (u32 i = 0; i < x.count && i < 16; i++) {
        pt_ty old = pt_ty_arg(t, ty, i);
        args[i] = normalize(b, old, depth + 1);
        changed = changed || args[i] != old;
    }
    if (x.kind == PT_TY_PROJECTION) {
        u8 kind = pt_ty_at(t, args[0])->kind;
        if (kind != PT_TY_UNKNOWN) {
            pt_ty found = pt_project(b->r, args[0], x.def, x.name);
            if (found && found != ty) return found;
        }
        return kind == PT_TY_PARAM || kind == PT_TY_PROJECTION || kind == PT_TY_OPAQUE
                   ? (changed ? pt_ty_make(t, x.kind, x.def, x.name, args, x.count) : ty)
                   : 0;
    }
    return changed ? pt_ty_make(t, x.kind, x.def, x.name, args, x.count) : ty;
}

/* The fields of a struct, union or variant. */
static pt_ty field_type(body *b, u32 owner, pt_ty self, u32 name, u32 *field) {
    pt_world *w = b->r->w;
    const pt_item *item = pt_def_item(w, owner);
    const pt_facts *f = &pt_def_file(w, owner)->facts;
    u32 first = pt_def_instance(w, owner)->first_def, adt = owner;
    *field = PT_NO_DEF;
    if (w->defs.data[owner].kind == PT_KIND_VARIANT) adt = w->defs.data[owner].parent;
    pt_subst s = {0};
    if (type_at(b, self)->kind == PT_TY_ADT) pt_ty_match(&b->r->types, pt_adt_generic(b->r, adt), self, &s, 0);
    for (u32 k = w->defs.data[owner].item + 1; k < item->subtree_end; k = f->items[k].subtree_end)
        if (f->items[k].kind == PT_KIND_FIELD && w->defs.data[first + k].name == name) {
            *field = first + k;
            return normalize(b, pt_ty_subst(&b->r->types, pt_type_of_item(b->r, first + k), &s, 0), 0);
        }
    u32 tuple = pt_item_tree_child(w, owner, PT_N_TUPLE_FIELDS);
    pt_str text = pt_sym(w, name);
    if (!tuple || !text.length || text.data[0] < '0' || text.data[0] > '9') return 0;
    u32 index = 0;
    for (u32 i = 0; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        index = index * 10 + (u32)(text.data[i] - '0');
    pt_ty types[64];
    u32 count = pt_tuple_fields(b->r, owner, types, PT_COUNT_OF(types));
    return index < count ? normalize(b, pt_ty_subst(&b->r->types, types[index], &s, 0), 0) : 0;
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

/* Paths in value position. */

static u8 edge_for(const body *b, u32 def, bool called) {
    switch (pt_def_kind(b->r->w, def)) {
    case PT_KIND_FN:
    case PT_KIND_METHOD: return called ? PT_EDGE_CALLS : PT_EDGE_USES;
    case PT_KIND_STRUCT:
    case PT_KIND_VARIANT: return PT_EDGE_INSTANTIATES;
    default: return PT_EDGE_USES;
    }
}

static void emit_callee(body *b, const pt_callee *c, u8 kind, u8 via, u32 offset) {
    pt_emit(b->r, c->def, kind, via, c->confidence, offset);
    for (u32 i = 0; i < c->other_count; i++) pt_emit(b->r, c->others[i], kind, via, c->confidence, offset);
}

static bool is_keyword(const body *b, u32 name) {
    const pt_world *w = b->r->w;
    return name == w->known.self_lower || name == w->known.super || name == w->known.crate ||
           name == w->known.self_upper;
}

/* Resolves a path and emits its sites. `mode`: called, used, or in a pattern. */
enum { CALLED, USED, PATTERN };
static value resolve_value(body *b, u32 path, u32 mode) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    u32 nodes[32] = {0}, names[32] = {0}, count = 0, child = at(b, path)->child, i = 0;
    value out = {.def = PT_NO_DEF};
    pt_ty self = 0;
    u32 trait = PT_NO_DEF;
    if (child && at(b, child)->kind == PT_N_QUALIFIED_SELF) {
        u32 type = at(b, child)->child, of_trait = type ? at(b, type)->next : 0;
        self = type ? pt_lower(r, &b->v, type, b->owner, PT_EDGE_USES) : 0;
        if (of_trait) {
            pt_ty bound = pt_lower_bound(r, &b->v, of_trait, b->owner, PT_EDGE_USES);
            if (bound) trait = type_at(b, bound)->def;
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
                pt_emit(r, out.def, mode == PATTERN ? PT_EDGE_USES : PT_EDGE_INSTANTIATES, PT_VIA_PATH, PT_EXACT,
                        last_offset);
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
        if (p.resolved == count) {
            out.def = p.def;
            out.arg_count = PT_MIN(n, (u32)PT_COUNT_OF(out.args));
            memcpy(out.args, args, out.arg_count * sizeof *args);
            if (pt_def_is_external_path(p.def)) {
                pt_external_evidence(w, p.def, mode == CALLED ? PT_KIND_FN : PT_KIND_CONST);
                pt_emit(r, p.def, mode == CALLED ? PT_EDGE_CALLS : PT_EDGE_USES, PT_VIA_PATH, PT_INFERRED, last_offset);
                return out;
            }
            if (w->defs.data[p.def].kind == PT_KIND_VARIANT && p.resolved >= 2) { /* Enum::<A>::Variant */
                pt_ty own[16];
                u32 m = pt_lower_args(r, &b->v, nodes[p.resolved - 2], b->owner, PT_EDGE_USES, own, 16);
                if (m)
                    out.arg_count = PT_MIN(m, (u32)PT_COUNT_OF(out.args)),
                    memcpy(out.args, own, out.arg_count * sizeof *own);
            }
            u8 kind = mode == PATTERN ? (u8)PT_EDGE_USES : edge_for(b, p.def, mode == CALLED);
            pt_emit_binding(r, p.binding, p.def, kind, PT_VIA_PATH, PT_EXACT, last_offset);
            return out;
        }
        if (!is_keyword(b, names[p.resolved - 1]))
            pt_emit_binding(r, p.binding, p.def, PT_EDGE_USES, PT_VIA_NONE,
                            pt_def_is_external_path(p.def) && pt_def_kind(w, p.def) != PT_KIND_PRIMITIVE ? PT_INFERRED
                                                                                                         : PT_EXACT,
                            offset_of(b, nodes[p.resolved - 1]));
        i = p.resolved;
        if (!pt_def_is_external_path(p.def) && w->defs.data[p.def].kind == PT_KIND_TRAIT)
            trait = p.def; /* Trait::method */
        else self = pt_type_from_def(r, p.def, args, n);
    }
    for (; i + 1 < count; i++) self = pt_project(r, self, trait, names[i]);
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
            pt_emit_binding(r, binding, out.def, mode == PATTERN ? PT_EDGE_USES : PT_EDGE_INSTANTIATES, PT_VIA_PATH,
                            PT_EXACT, last_offset);
            return out;
        }
    }
    pt_callee c = {.def = PT_NO_DEF};
    if (trait != PT_NO_DEF) {
        u32 member = PT_NO_DEF;
        for (u32 m = pt_def_is_external_path(trait) ? 0 : pt_member_find(w, trait, name); m;
             m = w->members.data[m].next)
            if (w->members.data[m].impl == PT_NONE) member = w->members.data[m].def;
        pt_subst s = {0};
        u32 impl = self && is_known(b, self) ? pt_find_impl(r, trait, self, &s) : PT_NONE;
        if (impl != PT_NONE && !w->impls.data[impl].is_derive) {
            u32 key = w->impls.data[impl].is_blanket ? PT_BLANKET_HEAD : w->impls.data[impl].head;
            for (u32 m = pt_member_find(w, key, name); m; m = w->members.data[m].next)
                if (w->members.data[m].impl == impl) member = w->members.data[m].def;
        }
        c.def = member;
        c.confidence = PT_EXACT;
        if (pt_def_is_external_path(trait))
            c.def = pt_external_child(w, trait, name, PT_KIND_METHOD), c.confidence = PT_INFERRED;
    } else if (self) {
        pt_find_associated(r, &c, self, name, PT_NS_VALUE);
        if (c.def == PT_NO_DEF && head != PT_NO_DEF && pt_def_is_external_path(head) &&
            pt_def_kind(w, head) != PT_KIND_PRIMITIVE) {
            c.def = pt_external_child(w, head, name, mode == CALLED ? PT_KIND_METHOD : PT_KIND_CONST);
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
    emit_callee(b, &c, edge_for(b, c.def, mode == CALLED), PT_VIA_PATH, last_offset);
    return out;
}

/* The type of a value that a path names, without being called. */
static pt_ty value_type(body *b, const value *x) {
    pt_world *w = b->r->w;
    if (x->def == PT_NO_DEF || pt_def_is_external_path(x->def)) return 0;
    pt_subst s = {0};
    switch (w->defs.data[x->def].kind) {
    case PT_KIND_CONST:
    case PT_KIND_STATIC: return pt_type_of_item(b->r, x->def);
    case PT_KIND_ASSOC_CONST:
        if (x->ty) pt_ty_match(&b->r->types, pt_self_type(b->r, x->def), x->ty, &s, 0);
        return normalize(b, pt_ty_subst(&b->r->types, pt_type_of_item(b->r, x->def), &s, 0), 0);
    case PT_KIND_VARIANT:
        if (pt_item_tree_child(w, x->def, PT_N_TUPLE_FIELDS))
            return pt_ty_make(&b->r->types, PT_TY_FN, x->def, 0, NULL, 0);
        return x->arg_count ? pt_adt(b->r, w->defs.data[x->def].parent, x->args, x->arg_count)
                            : pt_adt_unknown(b->r, w->defs.data[x->def].parent);
    case PT_KIND_STRUCT:
        if (pt_item_tree_child(w, x->def, PT_N_TUPLE_FIELDS))
            return pt_ty_make(&b->r->types, PT_TY_FN, x->def, 0, NULL, 0);
        return x->ty ? x->ty : pt_adt_unknown(b->r, x->def);
    case PT_KIND_FN:
    case PT_KIND_METHOD: return pt_ty_make(&b->r->types, PT_TY_FN, x->def, 0, x->ty ? &x->ty : NULL, x->ty ? 1 : 0);
    default: return 0;
    }
}

/* Calls. */

typedef struct closure_query {
    const pt_world *w;
    pt_ty inputs, output;
} closure_query;
static bool is_fn_bound(pt_resolver *r, pt_ty bound, void *payload) {
    closure_query *q = payload;
    pt_type t = *pt_ty_at(&r->types, bound);
    if (t.def != q->w->lang.fn && t.def != q->w->lang.fn_mut && t.def != q->w->lang.fn_once) return false;
    for (u32 i = 0; i < t.count; i++) {
        pt_ty arg = pt_ty_arg(&r->types, bound, i);
        if (pt_ty_at(&r->types, arg)->kind == PT_TY_BINDING) q->output = pt_ty_arg(&r->types, arg, 0);
        else q->inputs = arg;
    }
    return true;
}

static pt_ty expr_closure(body *b, u32 node, pt_ty inputs);

/* Evaluates arguments against parameters (already with `s` applied as far as known), closures last. */
static void arguments(body *b, const u32 *args, u32 count, const pt_ty *params, u32 param_count, pt_subst *s) {
    for (u32 pass = 0; pass < 2; pass++)
        for (u32 i = 0; i < count; i++) {
            bool is_closure = at(b, args[i])->kind == PT_N_E_CLOSURE;
            if (is_closure != (pass == 1)) continue;
            pt_ty declared = i < param_count ? params[i] : 0;
            if (!is_closure) {
                pt_ty given =
                    pt_expr(b, args[i], declared ? normalize(b, pt_ty_subst(&b->r->types, declared, s, 0), 0) : 0);
                if (declared) {
                    pt_ty_match(&b->r->types, declared, given, s, 0);
                    closure_query q = {b->r->w, 0, 0}; /* a fn passed by name: its result is known */
                    if (type_at(b, given)->kind == PT_TY_FN && pt_bounds_of(b->r, declared, is_fn_bound, &q) &&
                        q.output) {
                        const pt_signature *g = pt_signature_of(b->r, type_at(b, given)->def);
                        if (g) pt_ty_match(&b->r->types, q.output, g->result, s, 0);
                    }
                }
                continue;
            }
            closure_query q = {b->r->w, 0, 0};
            if (declared) {
                u8 kind = type_at(b, declared)->kind;
                if (kind == PT_TY_FN_PTR || kind == PT_TY_CLOSURE) {
                } else {
                    pt_bounds_of(b->r, declared, is_fn_bound, &q);
                }
            }
            pt_ty inputs = q.inputs ? normalize(b, pt_ty_subst(&b->r->types, q.inputs, s, 0), 0) : 0;
            pt_ty made = expr_closure(b, args[i], inputs);
            const pt_type *m = type_at(b, made);
            if (m->kind == PT_TY_CLOSURE && m->count && q.output)
                pt_ty_match(&b->r->types, q.output, pt_ty_arg(&b->r->types, made, m->count - 1u), s, 0);
            if (declared) pt_ty_match(&b->r->types, declared, made, s, 0);
        }
}

static void bind_explicit(body *b, u32 def, const pt_ty *args, u32 count, pt_subst *s) {
    u32 generics = pt_item_tree_child(b->r->w, def, PT_N_GENERICS), i = 0;
    if (!generics || !count) return;
    const pt_file *f = pt_def_file(b->r->w, def);
    for (u32 g = f->facts.nodes[generics].child; g && i < count; g = f->facts.nodes[g].next)
        if (f->facts.nodes[g].kind != PT_N_GENERIC_LIFETIME) {
            if (args[i]) pt_subst_add(s, def, f->symbols[f->facts.nodes[g].name], args[i]);
            i++;
        }
}

static u32 collect(const body *b, u32 first, u32 *out) {
    u32 count = 0;
    for (u32 c = first; c; c = at(b, c)->next)
        if (count < MAX_ARGUMENTS && at(b, c)->kind != PT_N_GENERIC_ARGS) out[count++] = c;
    return count;
}

/* The result of calling `def` with arguments; `self`: the type a path or receiver names, 0 unknown. */
static pt_ty call_result(body *b, u32 def, pt_ty self, u32 impl, const pt_ty *explicit_args, u32 explicit_count,
                         const u32 *args, u32 count, bool method, pt_ty expected) {
    pt_world *w = b->r->w;
    pt_subst s = {0};
    u8 kind = pt_def_is_external_path(def) || def == PT_NO_DEF ? (u8)PT_KIND_COUNT : w->defs.data[def].kind;
    if (kind == PT_KIND_STRUCT || kind == PT_KIND_VARIANT) {
        u32 adt = kind == PT_KIND_VARIANT ? w->defs.data[def].parent : def;
        pt_ty fields[32], generic = pt_adt_generic(b->r, adt);
        u32 n = pt_tuple_fields(b->r, def, fields, PT_COUNT_OF(fields));
        if (self) pt_ty_match(&b->r->types, generic, self, &s, 0);
        bind_explicit(b, adt, explicit_args, explicit_count, &s);
        arguments(b, args, count, fields, n, &s);
        if (expected) pt_ty_match(&b->r->types, generic, expected, &s, 0);
        return pt_ty_known(b->r, pt_ty_subst(&b->r->types, generic, &s, 0), adt);
    }
    const pt_signature *sig = kind == PT_KIND_FN || kind == PT_KIND_METHOD ? pt_signature_of(b->r, def) : NULL;
    if (!sig) {
        arguments(b, args, count, NULL, 0, &s);
        return 0;
    }
    pt_signature g = *sig;
    pt_ty params[32];
    u32 skip = method && g.has_self ? 1 : 0, n = 0;
    for (u32 i = skip; i < g.count && n < 32; i++) params[n++] = b->r->signature_types.data[g.params + i];
    if (self) {
        pt_ty pattern = pt_self_type(b->r, def);
        pt_ty_match(&b->r->types, pattern, self, &s, 0);
    }
    (void)impl;
    bind_explicit(b, def, explicit_args, explicit_count, &s);
    arguments(b, args, count, params, n, &s);
    pt_ty result = normalize(b, pt_ty_subst(&b->r->types, g.result, &s, 0), 0);
    const pt_type *t = type_at(b, result);
    if (t->kind == PT_TY_PARAM && t->def == def && expected) return expected; /* parse(), collect(), into() */
    return result;
}

static pt_ty expr_call(body *b, u32 node, pt_ty expected) {
    u32 callee = at(b, node)->child, args[MAX_ARGUMENTS];
    u32 count = callee ? collect(b, at(b, callee)->next, args) : 0;
    if (!callee) return 0;
    pt_subst none = {0};
    if (at(b, callee)->kind == PT_N_E_PATH) {
        u32 path = at(b, callee)->child, segment = at(b, path)->child;
        const pt_local *local = NULL;
        if (segment && at(b, segment)->kind == PT_N_SEGMENT && !at(b, segment)->next && !at(b, path)->op)
            local = find_local(b, pt_view_name(&b->v, segment));
        if (local) { /* a closure or fn pointer: no edge */
            pt_ty ty = pt_strip_refs(b->r, local->ty);
            pt_type t = *type_at(b, ty);
            if (t.kind == PT_TY_FN)
                return call_result(b, t.def, pt_ty_arg(&b->r->types, ty, 0), PT_NONE, NULL, 0, args, count, false,
                                   expected);
            arguments(b, args, count, NULL, 0, &none);
            if ((t.kind == PT_TY_CLOSURE || t.kind == PT_TY_FN_PTR) && t.count)
                return pt_ty_arg(&b->r->types, ty, t.count - 1u);
            closure_query q = {b->r->w, 0, 0};
            if (ty && pt_bounds_of(b->r, ty, is_fn_bound, &q)) return q.output;
            return 0;
        }
        value x = resolve_value(b, path, CALLED);
        return call_result(b, x.def, x.ty, PT_NONE, x.args, x.arg_count, args, count, false, expected);
    }
    pt_ty ty = pt_strip_refs(b->r, pt_expr(b, callee, 0));
    arguments(b, args, count, NULL, 0, &none);
    pt_type t = *type_at(b, ty);
    if ((t.kind == PT_TY_CLOSURE || t.kind == PT_TY_FN_PTR) && t.count)
        return pt_ty_arg(&b->r->types, ty, t.count - 1u);
    return 0;
}

static pt_ty expr_method(body *b, u32 node, pt_ty expected) {
    pt_resolver *r = b->r;
    u32 receiver = at(b, node)->child, name = pt_view_name(&b->v, node), args[MAX_ARGUMENTS];
    if (!receiver) return 0;
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
    u32 count = collect(b, rest, args);
    pt_callee c;
    pt_find_method(r, &c, self, name);
    u32 offset = name_offset(b, node);
    if (c.def == PT_NO_DEF) {
        pt_subst none = {0};
        if (r->via_macro != 2 || is_known(b, self)) pt_emit_open(r, name, c.reason, offset);
        u8 reason = c.reason;
        if (reason != PT_REASON_DEPENDENCY) pt_find_by_name(r, &c, name);
        if (c.def != PT_NO_DEF) emit_callee(b, &c, PT_EDGE_CALLS, PT_VIA_METHOD, offset);
        arguments(b, args, count, NULL, 0, &none);
        /* a field that holds a closure is called as (x.f)(): not here */
        return 0;
    }
    emit_callee(b, &c, PT_EDGE_CALLS, PT_VIA_METHOD, offset);
    if (c.confidence == PT_CANDIDATE) c.self = 0;
    return call_result(b, c.def, c.self, c.impl, explicit_args, explicit_count, args, count, true, expected);
}

static pt_ty expr_field(body *b, u32 node) {
    pt_resolver *r = b->r;
    u32 receiver = at(b, node)->child, name = pt_view_name(&b->v, node);
    pt_ty ty = receiver ? pt_expr(b, receiver, 0) : 0;
    for (u32 step = 0; ty && step < 10; step++) {
        pt_type t = *type_at(b, ty);
        if (t.kind == PT_TY_TUPLE) {
            pt_str text = pt_sym(r->w, name);
            u32 index = 0;
            for (u32 i = 0; i < text.length && text.data[i] >= '0' && text.data[i] <= '9'; i++)
                index = index * 10 + (u32)(text.data[i] - '0');
            return pt_ty_arg(&r->types, ty, index);
        }
        if (t.kind == PT_TY_ADT && !pt_def_is_external_path(t.def)) {
            u32 field;
            pt_ty found = field_type(b, t.def, ty, name, &field);
            if (field != PT_NO_DEF) {
                pt_emit(r, field, PT_EDGE_USES, PT_VIA_NONE, PT_EXACT, name_offset(b, node));
                return found;
            }
            if (found) return found;
        }
        ty = pt_deref_once(r, ty);
    }
    return 0;
}

/* Patterns. */

/* Are all references around a type mutable ones? */
static bool all_mutable(const pt_resolver *r, pt_ty ty) {
    for (; pt_ty_at(&r->types, ty)->kind == PT_TY_REF; ty = pt_ty_arg(&r->types, ty, 0))
        if (!pt_ty_at(&r->types, ty)->name) return false;
    return true;
}

void pt_pattern(body *b, u32 node, pt_ty ty) {
    pt_resolver *r = b->r;
    const pt_node *n = at(b, node);
    if (!node || r->depth > 200) return;
    r->depth++;
    /* default binding modes: a reference is looked through by a constructor pattern */
    pt_ty inner =
        n->kind == PT_N_PAT_IDENT || n->kind == PT_N_PAT_REF || n->kind == PT_N_PAT_OR ? ty : pt_strip_refs(r, ty);
    bool through = inner != ty, mutable = through && all_mutable(r, ty);
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
        pt_push_local(b, name, n->op & 1 ? reference_to(b, ty, (n->op & 2) != 0) : ty);
        break;
    }
    case PT_N_PAT_REF:
        if (n->child) pt_pattern(b, n->child, type_at(b, ty)->kind == PT_TY_REF ? pt_ty_arg(&r->types, ty, 0) : 0);
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
                        if (r->locals.data[k].name == r->locals.data[i].name && !r->locals.data[k].ty)
                            r->locals.data[k].ty = r->locals.data[i].ty;
                r->locals.count = before;
            }
        }
        break;
    }
    case PT_N_PAT_TUPLE:
    case PT_N_PAT_SLICE: {
        u32 total = 0, index = 0;
        for (u32 c = n->child; c; c = at(b, c)->next) total++;
        const pt_type *t = type_at(b, inner);
        u32 arity = t->kind == PT_TY_TUPLE ? t->count : 0;
        for (u32 c = n->child; c; c = at(b, c)->next) {
            if (at(b, c)->kind == PT_N_PAT_REST) {
                index = arity > total - 1 - index ? arity - (total - 1 - index) : index;
                continue;
            }
            pt_ty element = n->kind == PT_N_PAT_TUPLE ? (arity ? pt_ty_arg(&r->types, inner, index) : 0)
                                                      : pt_ty_arg(&r->types, inner, 0);
            pt_pattern(b, c, element && through ? reference_to(b, element, mutable) : element);
            index++;
        }
        break;
    }
    case PT_N_PAT_PATH:
        if (n->child) resolve_value(b, n->child, PATTERN);
        break;
    case PT_N_PAT_TUPLE_STRUCT:
    case PT_N_PAT_STRUCT: {
        u32 path = n->child;
        value x = {.def = PT_NO_DEF};
        if (n->kind == PT_N_PAT_TUPLE_STRUCT) {
            x = resolve_value(b, path, PATTERN);
        } else {
            x.def = pt_struct_path(b, path, PT_EDGE_USES, &x.ty);
        }
        u32 def = x.def != PT_NO_DEF && !pt_def_is_external_path(x.def) ? x.def : PT_NO_DEF;
        pt_ty types[64], self = inner;
        u32 count = 0, index = 0, total = 0;
        pt_subst s = {0};
        if (def != PT_NO_DEF) {
            u32 adt = r->w->defs.data[def].kind == PT_KIND_VARIANT ? r->w->defs.data[def].parent : def;
            if (type_at(b, self)->kind != PT_TY_ADT || type_at(b, self)->def != adt)
                self = x.ty ? x.ty : pt_adt_unknown(r, adt);
            pt_ty_match(&r->types, pt_adt_generic(r, adt), self, &s, 0);
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
                if (def != PT_NO_DEF) element = field_type(b, def, self, pt_view_name(&b->v, c), &field);
                if (field != PT_NO_DEF) pt_emit(r, field, PT_EDGE_USES, PT_VIA_NONE, PT_EXACT, offset_of(b, c));
                u32 sub = at(b, c)->child;
                while (sub && !pt_kind_is_pattern(at(b, sub)->kind)) sub = at(b, sub)->next;
                if (sub) {
                    const pt_node *bound = at(b, sub);
                    if (at(b, c)->op == 1 && bound->kind == PT_N_PAT_IDENT) /* shorthand: always a new name */
                        pt_push_local(b, pt_view_name(&b->v, sub),
                                      (element && through) || bound->op & 1
                                          ? reference_to(b, element, mutable || (bound->op & 3) == 3)
                                          : element);
                    else pt_pattern(b, sub, element && through ? reference_to(b, element, mutable) : element);
                }
                continue;
            }
            if (index < count) element = normalize(b, pt_ty_subst(&r->types, types[index], &s, 0), 0);
            pt_pattern(b, c, element && through ? reference_to(b, element, mutable) : element);
            index++;
        }
        break;
    }
    case PT_N_PAT_LITERAL:
    case PT_N_PAT_RANGE:
    case PT_N_PAT_CONST:
        for (u32 c = n->child; c; c = at(b, c)->next) pt_expr(b, c, inner);
        break;
    case PT_N_MACRO_CALL: pt_macro_site(b, node, 0, false); break;
    default: break;
    }
    r->depth--;
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
            *ty = self;
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
        bool external = pt_def_is_external_path(p.def);
        if (external) pt_external_evidence(w, p.def, PT_KIND_STRUCT);
        pt_emit_binding(r, p.binding, p.def, p.resolved == count ? kind : (u8)PT_EDGE_USES, PT_VIA_PATH,
                        external ? PT_INFERRED : PT_EXACT, offset_of(b, nodes[p.resolved - 1]));
        if (external) return p.def;
        self = pt_type_from_def(r, p.def, args, n);
        if (p.resolved == count) {
            *ty = self;
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
            *ty = self;
            return w->bindings.data[binding].def;
        }
    }
    self = pt_project(r, self, PT_NO_DEF, names[i]);
    *ty = self;
    return self ? pt_head_of(r, self) : PT_NO_DEF;
}

/* Other expressions. */

static pt_ty expr_closure(body *b, u32 node, pt_ty inputs) {
    u32 locals = b->r->locals.count, index = 0, count = 0;
    pt_ty parts[16], result = 0;
    for (u32 c = at(b, node)->child; c; c = at(b, c)->next) {
        const pt_node *n = at(b, c);
        if (n->kind == PT_N_PARAMS) {
            for (u32 p = n->child; p; p = at(b, p)->next, index++) {
                u32 pattern = 0;
                pt_ty ty =
                    inputs && type_at(b, inputs)->kind == PT_TY_TUPLE ? pt_ty_arg(&b->r->types, inputs, index) : 0;
                for (u32 x = at(b, p)->child; x; x = at(b, x)->next) {
                    if (pattern && pt_kind_is_type(at(b, x)->kind))
                        ty = better(b, pt_lower(b->r, &b->v, x, b->owner, PT_EDGE_USES), ty);
                    else if (!pattern && (pt_kind_is_pattern(at(b, x)->kind) || at(b, x)->kind == PT_N_MACRO_CALL))
                        pattern = x;
                }
                if (pattern) pt_pattern(b, pattern, ty);
                if (count < 15) parts[count++] = ty;
            }
        } else if (n->kind == PT_N_RETURN) {
            result = n->child ? pt_lower(b->r, &b->v, n->child, b->owner, PT_EDGE_USES) : 0;
        } else {
            pt_ty outer = b->r->result_type;
            b->r->result_type = result;
            result = better(b, result, pt_expr(b, c, result));
            b->r->result_type = outer;
        }
    }
    if (at(b, node)->op == 1 && b->r->w->lang.future != PT_NO_DEF) { /* async: a future of it */
        pt_ty binding = pt_ty_make(&b->r->types, PT_TY_BINDING, 0, b->r->w->known.output, &result, 1);
        pt_ty bound = pt_ty_make(&b->r->types, PT_TY_BOUND, b->r->w->lang.future, 0, &binding, 1);
        result = pt_ty_make(&b->r->types, PT_TY_OPAQUE, 0, 0, &bound, 1);
    }
    b->r->locals.count = locals;
    parts[count++] = result;
    return pt_ty_make(&b->r->types, PT_TY_CLOSURE, 0, 0, parts, count);
}

static void let_statement(body *b, u32 node) {
    const pt_node *n = at(b, node);
    u32 pattern = 0, type = 0, init = 0, other = 0;
    for (u32 c = n->child; c; c = at(b, c)->next) {
        u8 kind = at(b, c)->kind;
        if (kind == PT_N_ATTRIBUTE || kind == PT_N_DOC) continue;
        if (!pattern) pattern = c;
        else if (!type && (n->flags & PT_F_HAS_TYPE)) type = c;
        else if (!init && (n->flags & PT_F_HAS_INIT)) init = c;
        else other = c;
    }
    pt_ty ty = type ? pt_lower(b->r, &b->v, type, b->owner, PT_EDGE_USES) : 0;
    if (init) {
        pt_ty made = pt_expr(b, init, ty);
        /* an annotation with holes (Vec<_>) is filled by the initialiser */
        if (!is_known(b, ty)) ty = made;
        else if (type_at(b, ty)->kind == PT_TY_ADT && is_known(b, made) && type_at(b, made)->kind == PT_TY_ADT &&
                 type_at(b, made)->def == type_at(b, ty)->def) {
            bool hole = false;
            for (u32 i = 0; i < type_at(b, ty)->count; i++) hole = hole || !pt_ty_arg(&b->r->types, ty, i);
            if (hole) ty = made;
        }
    }
    if (other) pt_expr(b, other, 0);
    if (pattern) pt_pattern(b, pattern, ty);
}

pt_ty pt_block(body *b, u32 node, pt_ty expected, bool keep_locals) {
    pt_resolver *r = b->r;
    u32 locals = r->locals.count, scope = r->scope;
    pt_ty result = 0;
    const pt_node *n = at(b, node);
    for (u32 c = n->child; c; c = at(b, c)->next)
        if (pt_kind_is_item(at(b, c)->kind) && at(b, c)->kind != PT_N_MACRO_CALL) {
            r->scope = pt_block_scope(r, offset_of(b, node), scope);
            break;
        }
    bool diverges = false;
    result = unit(b);
    for (u32 c = n->child; c; c = at(b, c)->next) {
        const pt_node *s = at(b, c);
        if (s->kind == PT_N_ATTRIBUTE || s->kind == PT_N_DOC ||
            (pt_kind_is_item(s->kind) && s->kind != PT_N_MACRO_CALL))
            continue;
        if (s->kind == PT_N_LET) {
            u32 cfg = r->cfg;
            r->cfg = pt_attribute_cfg(b, s->child, cfg);
            let_statement(b, c);
            r->cfg = cfg;
            result = unit(b);
            continue;
        }
        bool last = !s->next && !(s->flags & PT_F_SEMI);
        pt_ty ty =
            !last && s->kind == PT_N_MACRO_CALL ? pt_macro_site(b, c, 0, true) : pt_expr(b, c, last ? expected : 0);
        diverges = diverges || type_at(b, ty)->kind == PT_TY_NEVER;
        result = last ? ty : unit(b);
        if (!last && diverges) result = never(b);
    }
    if (!keep_locals) r->locals.count = locals;
    r->scope = scope;
    if (n->op == PT_BLOCK_ASYNC && r->w->lang.future != PT_NO_DEF) {
        pt_ty binding = pt_ty_make(&r->types, PT_TY_BINDING, 0, r->w->known.output, &result, 1);
        pt_ty bound = pt_ty_make(&r->types, PT_TY_BOUND, r->w->lang.future, 0, &binding, 1);
        result = pt_ty_make(&r->types, PT_TY_OPAQUE, 0, 0, &bound, 1);
    }
    return result;
}

static pt_ty literal(body *b, u32 node) {
    const pt_node *n = at(b, node);
    if (!b->v.lexemes) return 0; /* a parameter's pattern, from facts */
    pt_str text = pt_token_text(b->v.lexemes->text, &b->v.lexemes->tokens.data[n->token]);
    static const char *const numbers[] = {"u8",  "u16", "u32", "u64",  "u128",  "usize", "i8",
                                          "i16", "i32", "i64", "i128", "isize", "f32",   "f64"};
    switch (n->op) {
    case PT_T_INT:
    case PT_T_FLOAT:
        for (u32 i = 0; i < PT_COUNT_OF(numbers); i++)
            if (pt_str_ends(text, pt_str_of(numbers[i])) &&
                !(pt_str_starts(text, PT_STR("0x")) && numbers[i][0] == 'f'))
                return primitive(b, numbers[i]);
        return pt_ty_make(&b->r->types, n->op == PT_T_INT ? PT_TY_INT : PT_TY_FLOAT, 0, 0, NULL, 0);
    case PT_T_CHAR: return primitive(b, "char");
    case PT_T_BYTE: return primitive(b, "u8");
    case PT_T_STRING: return reference(b, primitive(b, "str"));
    case PT_T_BYTE_STRING: {
        pt_ty element = primitive(b, "u8");
        return reference(b, pt_ty_make(&b->r->types, PT_TY_ARRAY, 0, 0, &element, 1));
    }
    case PT_K_TRUE:
    case PT_K_FALSE: return primitive(b, "bool");
    default: return 0;
    }
}

/* What `for` yields. */
static pt_ty element_of(body *b, pt_ty ty) {
    pt_world *w = b->r->w;
    if (!is_known(b, ty) || w->lang.iterator == PT_NO_DEF) return 0;
    pt_ty item = pt_project(b->r, ty, w->lang.iterator, w->known.item);
    if (is_known(b, item) && type_at(b, item)->kind != PT_TY_PROJECTION) return item;
    pt_ty made = pt_project(b->r, ty, w->lang.into_iterator, w->known.item);
    if (made && type_at(b, made)->kind == PT_TY_PROJECTION) {
        pt_ty into = pt_project(b->r, ty, w->lang.into_iterator, w->known.into_iter);
        if (into && type_at(b, into)->kind != PT_TY_PROJECTION)
            made = pt_project(b->r, into, w->lang.iterator, w->known.item);
    }
    return better(b, made, item);
}

static pt_ty expr_index(body *b, u32 node) {
    u32 base = at(b, node)->child, index = base ? at(b, base)->next : 0;
    pt_ty ty = base ? pt_expr(b, base, 0) : 0;
    pt_ty by = index ? pt_expr(b, index, 0) : 0;
    pt_world *w = b->r->w;
    const pt_type *i = type_at(b, by);
    bool range = i->kind == PT_TY_ADT && (i->def == w->lang.range || i->def == w->lang.range_inclusive ||
                                          i->def == w->lang.range_from || i->def == w->lang.range_to);
    for (u32 step = 0; ty && step < 8; step++) {
        pt_type t = *type_at(b, ty);
        if (t.kind == PT_TY_SLICE || t.kind == PT_TY_ARRAY || (t.kind == PT_TY_ADT && t.def == w->lang.vec)) {
            pt_ty element = pt_ty_arg(&b->r->types, ty, 0);
            return range ? pt_ty_make(&b->r->types, PT_TY_SLICE, 0, 0, &element, 1) : element;
        }
        if (t.kind == PT_TY_ADT && !pt_def_is_external_path(t.def)) {
            pt_ty output = pt_project(b->r, ty, w->lang.index, w->known.output);
            if (output) return output;
        }
        if (range && t.kind == PT_TY_ADT && (t.def == w->lang.string || pt_def_is_external_path(t.def)))
            return primitive(b, "str");
        ty = pt_deref_once(b->r, ty);
    }
    return 0;
}

static pt_ty children(body *b, u32 node) {
    pt_ty last = 0;
    for (u32 c = at(b, node)->child; c; c = at(b, c)->next) last = pt_expr(b, c, 0);
    return last;
}

static pt_ty expr_struct(body *b, u32 node, pt_ty expected) {
    pt_resolver *r = b->r;
    u32 path = at(b, node)->child;
    pt_ty ty = 0;
    u32 def = path ? pt_struct_path(b, path, PT_EDGE_INSTANTIATES, &ty) : PT_NO_DEF;
    bool local = def != PT_NO_DEF && !pt_def_is_external_path(def);
    u8 kind = local ? r->w->defs.data[def].kind : (u8)PT_KIND_COUNT;
    bool fields = kind == PT_KIND_STRUCT || kind == PT_KIND_VARIANT || kind == PT_KIND_UNION;
    u32 adt = kind == PT_KIND_VARIANT ? r->w->defs.data[def].parent : def;
    pt_ty generic = fields ? pt_adt_generic(r, adt) : 0;
    pt_subst s = {0};
    if (fields && ty) pt_ty_match(&r->types, generic, ty, &s, 0);
    if (fields && expected) pt_ty_match(&r->types, generic, expected, &s, 0);
    for (u32 c = path ? at(b, path)->next : 0; c; c = at(b, c)->next) {
        u32 value_node = at(b, c)->child, field = PT_NO_DEF;
        u32 cfg = r->cfg;
        r->cfg = pt_attribute_cfg(b, value_node, cfg);
        while (value_node && (at(b, value_node)->kind == PT_N_ATTRIBUTE || at(b, value_node)->kind == PT_N_DOC))
            value_node = at(b, value_node)->next;
        pt_ty declared = 0;
        if (at(b, c)->kind == PT_N_FIELD_INIT && fields) {
            declared = field_type(b, def, generic, pt_view_name(&b->v, c), &field);
            if (field != PT_NO_DEF) pt_emit(r, field, PT_EDGE_USES, PT_VIA_NONE, PT_EXACT, offset_of(b, c));
        }
        pt_ty given = value_node ? pt_expr(b, value_node, declared ? pt_ty_subst(&r->types, declared, &s, 0) : 0) : 0;
        if (declared) pt_ty_match(&r->types, declared, given, &s, 0);
        r->cfg = cfg;
    }
    return fields ? pt_ty_known(r, pt_ty_subst(&r->types, generic, &s, 0), adt) : ty;
}

static pt_ty expr_path(body *b, u32 node) {
    u32 path = at(b, node)->child, segment = path ? at(b, path)->child : 0;
    if (!segment) return 0;
    if (at(b, segment)->kind == PT_N_SEGMENT && !at(b, segment)->next && !at(b, path)->op) {
        const pt_local *local = find_local(b, pt_view_name(&b->v, segment));
        if (local) return local->ty;
    }
    value x = resolve_value(b, path, USED);
    if (x.ty && !x.is_member && !x.open && (x.def == PT_NO_DEF || pt_def_kind(b->r->w, x.def) != PT_KIND_VARIANT)) {
        pt_ty own = value_type(b, &x);
        return own ? own : x.ty;
    }
    return value_type(b, &x);
}

static pt_ty try_result(body *b, pt_ty ty) {
    pt_type t = *type_at(b, ty);
    pt_world *w = b->r->w;
    if (t.kind == PT_TY_ADT && (t.def == w->lang.result || t.def == w->lang.option))
        return pt_ty_arg(&b->r->types, ty, 0);
    return 0;
}

static pt_ty expr_inner(body *b, u32 node, pt_ty expected) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    const pt_node *n = at(b, node);
    u32 child = n->child;
    switch (n->kind) {
    case PT_N_E_LITERAL: return literal(b, node);
    case PT_N_E_PATH: return expr_path(b, node);
    case PT_N_E_CALL: return expr_call(b, node, expected);
    case PT_N_E_METHOD: return expr_method(b, node, expected);
    case PT_N_E_FIELD: return expr_field(b, node);
    case PT_N_E_INDEX: return expr_index(b, node);
    case PT_N_E_STRUCT: return expr_struct(b, node, expected);
    case PT_N_E_CLOSURE: {
        pt_type t = *type_at(b, expected);
        pt_ty inputs = 0;
        if (t.kind == PT_TY_FN_PTR && t.count) {
            pt_ty parts[16];
            for (u32 i = 0; i + 1 < t.count; i++) parts[i] = pt_ty_arg(&r->types, expected, i);
            inputs = pt_ty_make(&r->types, PT_TY_TUPLE, 0, 0, parts, t.count - 1u);
        }
        return expr_closure(b, node, inputs);
    }
    case PT_N_BLOCK: return pt_block(b, node, expected, false);
    case PT_N_MACRO_CALL: return pt_macro_site(b, node, expected, false);
    case PT_N_E_PAREN: return child ? pt_expr(b, child, expected) : 0;
    case PT_N_E_UNARY: {
        pt_ty ty = child ? pt_expr(b, child, 0) : 0;
        if (n->op == PT_T_STAR) return pt_deref_once(r, ty);
        return n->op == PT_K_BOX ? 0 : pt_strip_refs(r, ty);
    }
    case PT_N_E_REF: {
        pt_ty inner = expected && type_at(b, expected)->kind == PT_TY_REF ? pt_ty_arg(&r->types, expected, 0) : 0;
        pt_ty ty = child ? pt_expr(b, child, inner) : 0;
        return n->op & 2 ? pt_ty_make(&r->types, PT_TY_PTR, 0, n->op & 1, &ty, 1) : reference_to(b, ty, n->op & 1);
    }
    case PT_N_E_BINARY: {
        pt_ty left = child ? pt_expr(b, child, 0) : 0;
        u32 right_node = child ? at(b, child)->next : 0;
        pt_ty right = right_node ? pt_expr(b, right_node, 0) : 0;
        switch (n->op) {
        case PT_T_EQ_EQ:
        case PT_T_NOT_EQ:
        case PT_T_LESS:
        case PT_T_LESS_EQ:
        case PT_T_GREATER:
        case PT_T_GREATER_EQ:
        case PT_T_AND_AND:
        case PT_T_OR_OR: return primitive(b, "bool");
        default: break;
        }
        left = pt_strip_refs(r, left);
        right = pt_strip_refs(r, right);
        return type_at(b, left)->kind == PT_TY_INT || type_at(b, left)->kind == PT_TY_FLOAT ? better(b, right, left)
                                                                                            : left;
    }
    case PT_N_E_ASSIGN: {
        pt_ty left = child ? pt_expr(b, child, 0) : 0;
        u32 right = child ? at(b, child)->next : 0;
        if (right) pt_expr(b, right, left);
        return unit(b);
    }
    case PT_N_E_CAST: {
        u32 type = child ? at(b, child)->next : 0;
        if (child) pt_expr(b, child, 0);
        return type ? pt_lower(r, &b->v, type, b->owner, PT_EDGE_USES) : 0;
    }
    case PT_N_E_TRY: return try_result(b, child ? pt_expr(b, child, 0) : 0);
    case PT_N_E_AWAIT: {
        pt_ty ty = child ? pt_expr(b, child, 0) : 0;
        pt_ty output = ty ? pt_project(r, ty, w->lang.future, w->known.output) : 0;
        if (!is_known(b, output) && ty) output = pt_project(r, ty, w->lang.into_future, w->known.output);
        return output;
    }
    case PT_N_E_IF: {
        u32 locals = r->locals.count, then = child ? at(b, child)->next : 0, other = then ? at(b, then)->next : 0;
        if (child) pt_expr(b, child, 0);
        pt_ty a = then ? pt_expr(b, then, expected) : 0;
        r->locals.count = locals;
        pt_ty c = other ? pt_expr(b, other, expected) : 0;
        return other ? better(b, a, c) : unit(b);
    }
    case PT_N_E_LET: {
        u32 value_node = child ? at(b, child)->next : 0;
        pt_ty ty = value_node ? pt_expr(b, value_node, 0) : 0;
        if (child) pt_pattern(b, child, ty); /* its names live until the if or while ends */
        return primitive(b, "bool");
    }
    case PT_N_E_MATCH: {
        pt_ty subject = child ? pt_expr(b, child, 0) : 0, result = 0;
        for (u32 arm = child ? at(b, child)->next : 0; arm; arm = at(b, arm)->next) {
            if (at(b, arm)->kind != PT_N_ARM) continue;
            u32 locals = r->locals.count, part = at(b, arm)->child, cfg = r->cfg;
            r->cfg = pt_attribute_cfg(b, part, cfg);
            while (part && (at(b, part)->kind == PT_N_ATTRIBUTE || at(b, part)->kind == PT_N_DOC))
                part = at(b, part)->next;
            if (part) pt_pattern(b, part, subject);
            for (part = part ? at(b, part)->next : 0; part; part = at(b, part)->next) {
                bool is_body = !at(b, part)->next;
                pt_ty ty = pt_expr(b, part, is_body ? expected : 0);
                if (is_body) result = better(b, result, ty);
            }
            r->locals.count = locals;
            r->cfg = cfg;
        }
        return result;
    }
    case PT_N_E_LOOP: children(b, node); return expected;
    case PT_N_E_WHILE: {
        u32 locals = r->locals.count;
        children(b, node);
        r->locals.count = locals;
        return unit(b);
    }
    case PT_N_E_FOR: {
        u32 locals = r->locals.count, over = child ? at(b, child)->next : 0, body_node = over ? at(b, over)->next : 0;
        pt_ty ty = over ? pt_expr(b, over, 0) : 0;
        if (child) pt_pattern(b, child, element_of(b, ty));
        if (body_node) pt_expr(b, body_node, 0);
        r->locals.count = locals;
        return unit(b);
    }
    case PT_N_E_RETURN:
        if (child) pt_expr(b, child, r->result_type);
        return never(b);
    case PT_N_E_BREAK:
    case PT_N_E_CONTINUE:
    case PT_N_E_YIELD:
        if (child) pt_expr(b, child, 0);
        return never(b);
    case PT_N_E_TUPLE: {
        pt_ty parts[16];
        u32 count = 0;
        for (u32 c = child; c; c = at(b, c)->next) {
            pt_ty want = type_at(b, expected)->kind == PT_TY_TUPLE ? pt_ty_arg(&r->types, expected, count) : 0;
            pt_ty ty = pt_expr(b, c, want);
            if (count < 16) parts[count++] = ty;
        }
        return pt_ty_make(&r->types, PT_TY_TUPLE, 0, 0, parts, count);
    }
    case PT_N_E_ARRAY:
    case PT_N_E_REPEAT: {
        pt_ty element = 0;
        for (u32 c = child; c; c = at(b, c)->next) {
            pt_ty ty = pt_expr(b, c, 0);
            if (n->kind == PT_N_E_ARRAY || c == child) element = better(b, element, ty);
        }
        return pt_ty_make(&r->types, PT_TY_ARRAY, 0, 0, &element, 1);
    }
    case PT_N_E_RANGE: {
        pt_ty element = 0;
        for (u32 c = child; c; c = at(b, c)->next) element = better(b, element, pt_expr(b, c, 0));
        u32 def = (n->op & 3) == 3 ? (n->op & 4 ? w->lang.range_inclusive : w->lang.range)
                  : n->op & 1      ? w->lang.range_from
                                   : w->lang.range_to;
        if (type_at(b, element)->kind == PT_TY_INT) element = primitive(b, "i32");
        return lang_adt(b, def, &element, (n->op & 3) ? 1 : 0);
    }
    case PT_N_E_ATTRIBUTED: {
        u32 cfg = r->cfg, last = child;
        r->cfg = pt_attribute_cfg(b, child, cfg);
        while (last && at(b, last)->next) last = at(b, last)->next;
        pt_ty ty = last && at(b, last)->kind != PT_N_ATTRIBUTE ? pt_expr(b, last, expected) : 0;
        r->cfg = cfg;
        return ty;
    }
    case PT_N_LET: let_statement(b, node); return unit(b);
    default: return children(b, node);
    }
}

pt_ty pt_expr(body *b, u32 node, pt_ty expected) {
    if (!node || b->r->nesting >= PT_MAX_EXPRESSIONS) return 0;
    b->r->nesting++;
    u32 depth = b->r->depth;
    b->r->depth = 0; /* the limit of type look-ups is per expression; nesting is limited by the parser */
    pt_ty ty = expr_inner(b, node, expected);
    b->r->depth = depth;
    b->r->nesting--;
    return ty;
}
