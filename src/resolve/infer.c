/* infer.c: variables, unification, coercion. */
#include "resolve/infer.h"

enum { MAX_DEPTH = 20, MAX_VARS = 60000 };

pt_ty pt_var(pt_resolver *r, pt_var_class class) {
    u32 number = r->vars.count;
    if (number >= MAX_VARS || !pt_vec_push(&r->vars, (pt_variable){0, (u8) class})) return 0;
    return pt_ty_make(&r->types, PT_TY_VAR, 0, number, NULL, 0);
}

void pt_infer_reset(pt_resolver *r) { r->vars.count = r->pending.count = r->pending_types.count = 0; }

void pt_infer_fallback(pt_resolver *r) {
    for (u32 i = 0; i < r->vars.count; i++) {
        pt_variable *v = &r->vars.data[i];
        if (!v->ty && v->class != PT_VAR_ANY)
            v->ty = pt_adt(r, pt_primitive(r->w, v->class == PT_VAR_INT ? "i32" : "f64"), NULL, 0);
    }
}

/* A variable followed to its end; a long way there is made short for the next. */
static pt_ty follow(pt_resolver *r, pt_ty ty) {
    pt_ty first = ty;
    u32 hops = 0;
    for (; hops < MAX_VARS; hops++) {
        const pt_type *t = pt_ty_at(&r->types, ty);
        if (t->kind != PT_TY_VAR || t->name >= r->vars.count || !r->vars.data[t->name].ty) break;
        ty = r->vars.data[t->name].ty;
    }
    for (; hops > 1 && first != ty; hops--) {
        pt_variable *v = &r->vars.data[pt_ty_at(&r->types, first)->name];
        first = v->ty;
        v->ty = ty;
    }
    return ty;
}

/* A projection of a projection of ..: without a note each would be tried again for all those around it. */
static bool is_stuck(const pt_resolver *r, pt_ty ty) {
    return ty < r->stuck.count && r->stuck.data[ty].progress == r->progress && r->stuck.data[ty].item == r->item;
}
static void note_stuck(pt_resolver *r, pt_ty ty) {
    if (ty >= r->stuck.count) {
        if (!pt_vec_reserve(&r->stuck, (u64)ty + 1)) return;
        memset(r->stuck.data + r->stuck.count, 0, (ty + 1 - r->stuck.count) * sizeof *r->stuck.data);
        r->stuck.count = ty + 1;
    }
    r->stuck.data[ty] = (pt_stuck){r->progress, r->item};
}

pt_ty pt_shallow(pt_resolver *r, pt_ty ty) {
    ty = follow(r, ty);
    for (u32 i = 0; i < 8; i++) {
        const pt_type t = *pt_ty_at(&r->types, ty);
        if (t.kind != PT_TY_PROJECTION || !t.open || r->depth > PT_MAX_TYPE_DEPTH || r->shallow_depth > MAX_DEPTH ||
            is_stuck(r, ty))
            break;
        r->shallow_depth++;
        pt_ty self = pt_resolved(r, pt_ty_arg(&r->types, ty, 0));
        r->shallow_depth--;
        u8 kind = pt_ty_at(&r->types, self)->kind;
        bool open = kind == PT_TY_VAR || kind == PT_TY_UNKNOWN;
        r->depth++;
        pt_ty found = open ? 0 : follow(r, pt_project_again(r, ty, self));
        r->depth--;
        if (!found || found == ty) {
            note_stuck(r, ty);
            break;
        }
        ty = found;
    }
    return ty;
}

static pt_ty resolved(pt_resolver *r, pt_ty ty, u32 depth) {
    if (!pt_ty_at(&r->types, ty)->open) return ty;
    ty = pt_shallow(r, ty);
    const pt_type t = *pt_ty_at(&r->types, ty);
    if (!t.open || !t.count) return ty;
    if (depth > MAX_DEPTH || !pt_step(&r->types)) return 0; /* a type inside itself */
    pt_ty args[16];
    bool changed = false;
    for (u32 i = 0; i < t.count && i < 16; i++) {
        pt_ty old = pt_ty_arg(&r->types, ty, i);
        args[i] = resolved(r, old, depth + 1);
        changed = changed || args[i] != old;
    }
    return changed ? pt_ty_make(&r->types, t.kind, t.def, t.name, args, t.count) : ty;
}
pt_ty pt_resolved(pt_resolver *r, pt_ty ty) { return resolved(r, ty, 0); }

static bool is_number(const pt_resolver *r, const pt_type *t, u8 class) {
    if (t->kind == PT_TY_VAR) return true;
    if (t->kind != PT_TY_ADT || !pt_def_is_external_path(t->def) || t->count) return t->kind != PT_TY_ADT;
    pt_str name = pt_external_path(r->w, t->def);
    if (class == PT_VAR_FLOAT) return name.length && name.data[0] == 'f';
    return name.length && (name.data[0] == 'i' || name.data[0] == 'u');
}

/* Is the variable inside the type? Bound so, it would have no end. */
static bool occurs(pt_resolver *r, pt_ty var, pt_ty ty, u32 depth) {
    ty = follow(r, ty);
    if (ty == var || !pt_step(&r->types)) return true;
    const pt_type *t = pt_ty_at(&r->types, ty);
    if (!t->open || depth > MAX_DEPTH) return t->open && depth > MAX_DEPTH;
    for (u32 i = 0; i < t->count; i++)
        if (occurs(r, var, pt_ty_arg(&r->types, ty, i), depth + 1)) return true;
    return false;
}

static bool bind(pt_resolver *r, pt_ty var, pt_ty ty) {
    u32 number = pt_ty_at(&r->types, var)->name;
    if (number >= r->vars.count) return true;
    if (occurs(r, var, ty, 0)) return true;
    pt_variable *v = &r->vars.data[number];
    const pt_type *t = pt_ty_at(&r->types, ty);
    if (t->kind == PT_TY_VAR && t->name < r->vars.count) {
        pt_variable *other = &r->vars.data[t->name];
        if (other->class == PT_VAR_ANY) other->class = v->class;
    } else if (v->class != PT_VAR_ANY) {
        if (t->kind == PT_TY_REF || !is_number(r, t, v->class)) return false;
    }
    v->ty = ty;
    r->progress++;
    return true;
}

static bool unify(pt_resolver *r, pt_ty a, pt_ty b, u32 depth) {
    if (depth > MAX_DEPTH || !pt_step(&r->types)) return true;
    a = pt_shallow(r, a);
    b = pt_shallow(r, b);
    if (a == b || !a || !b) return true;
    const pt_type x = *pt_ty_at(&r->types, a), y = *pt_ty_at(&r->types, b);
    if (x.kind == PT_TY_VAR) return y.kind == PT_TY_NEVER || bind(r, a, b);
    if (y.kind == PT_TY_VAR) return x.kind == PT_TY_NEVER || bind(r, b, a);
    if (x.kind == PT_TY_NEVER || y.kind == PT_TY_NEVER || x.kind == PT_TY_PROJECTION || y.kind == PT_TY_PROJECTION)
        return true;
    bool callable_x = x.kind == PT_TY_FN_PTR || x.kind == PT_TY_CLOSURE,
         callable_y = y.kind == PT_TY_FN_PTR || y.kind == PT_TY_CLOSURE;
    if (callable_x && callable_y) {
        if (x.count != y.count) return false;
    } else if (x.kind != y.kind || x.def != y.def ||
               ((x.kind == PT_TY_PARAM || x.kind == PT_TY_BINDING) && x.name != y.name)) {
        return false;
    }
    if (x.kind == PT_TY_TUPLE && x.count != y.count) return false;
    bool same = true;
    for (u32 i = 0; i < x.count && i < y.count; i++)
        same &= unify(r, pt_ty_arg(&r->types, a, i), pt_ty_arg(&r->types, b, i), depth + 1);
    return same;
}
bool pt_unify(pt_resolver *r, pt_ty a, pt_ty b) { return unify(r, a, b, 0); }

/* Could two heads be of one type? */
static bool compatible(pt_resolver *r, pt_ty a, pt_ty b) {
    const pt_type x = *pt_ty_at(&r->types, pt_shallow(r, a)), y = *pt_ty_at(&r->types, pt_shallow(r, b));
    if (x.kind == PT_TY_VAR || y.kind == PT_TY_VAR || !x.kind || !y.kind) return true;
    if (x.kind == PT_TY_PARAM) return y.kind == PT_TY_PARAM && x.def == y.def && x.name == y.name;
    return x.kind == y.kind && x.def == y.def;
}

void pt_coerce(body *b, pt_ty want, pt_ty given, u32 offset) {
    pt_resolver *r = b->r;
    want = pt_shallow(r, want);
    given = pt_shallow(r, given);
    const pt_type x = *pt_ty_at(&r->types, want), y = *pt_ty_at(&r->types, given);
    if (x.kind != PT_TY_REF || y.kind != PT_TY_REF) {
        if (x.kind == PT_TY_PTR && (y.kind == PT_TY_REF || y.kind == PT_TY_PTR))
            pt_unify(r, pt_ty_arg(&r->types, want, 0), pt_ty_arg(&r->types, given, 0));
        else pt_unify(r, want, given);
        return;
    }
    pt_ty inner = pt_ty_arg(&r->types, want, 0), from = pt_ty_arg(&r->types, given, 0), passed[4];
    u32 count = 0;
    for (u32 step = 0; step < 8 && from; step++) { /* &String where &str is wanted, &&T where &T */
        if (compatible(r, inner, from)) {
            for (u32 i = 0; i < count && offset != PT_NONE; i++)
                pt_emit_member(b, x.name ? r->w->lang.deref_mut : r->w->lang.deref, x.name ? "deref_mut" : "deref",
                               passed[i], PT_VIA_DEREF, offset);
            pt_unify(r, inner, from);
            return;
        }
        const pt_type t = *pt_ty_at(&r->types, pt_shallow(r, from));
        if (t.kind == PT_TY_ARRAY && pt_ty_at(&r->types, pt_shallow(r, inner))->kind == PT_TY_SLICE) {
            pt_unify(r, pt_ty_arg(&r->types, pt_shallow(r, inner), 0), pt_ty_arg(&r->types, pt_shallow(r, from), 0));
            return;
        }
        if (((t.kind == PT_TY_ADT && t.def != r->w->lang.box) || t.kind == PT_TY_PARAM) && count < PT_COUNT_OF(passed))
            passed[count++] = pt_resolved(r, from);
        from = pt_deref_once(r, pt_resolved(r, from));
    }
}

pt_ty pt_open(pt_resolver *r, pt_ty ty) {
    const pt_type t = *pt_ty_at(&r->types, ty);
    if (!t.count || t.count > 16 || !pt_step(&r->types)) return ty;
    pt_ty args[16];
    bool changed = false;
    for (u32 i = 0; i < t.count; i++) {
        pt_ty old = pt_ty_arg(&r->types, ty, i);
        args[i] = old ? pt_open(r, old) : pt_var(r, PT_VAR_ANY);
        changed = changed || args[i] != old;
    }
    return changed ? pt_ty_make(&r->types, t.kind, t.def, t.name, args, t.count) : ty;
}

static void add_params(pt_resolver *r, u32 def, pt_subst *s) {
    pt_ty params[16];
    u32 count = pt_own_params(r, def, params, PT_COUNT_OF(params));
    for (u32 i = 0; i < count; i++) {
        u32 name = pt_ty_at(&r->types, params[i])->name;
        if (!pt_subst_find(s, def, name)) pt_subst_add(s, def, name, pt_var(r, PT_VAR_ANY));
    }
}

void pt_instantiate(pt_resolver *r, u32 def, pt_subst *s) {
    for (u32 d = def; d != PT_NO_DEF; d = r->w->defs.data[d].parent) {
        u8 kind = r->w->defs.data[d].kind;
        if (kind == PT_KIND_MODULE || kind == PT_KIND_CRATE || kind == PT_KIND_BLOCK) break;
        add_params(r, d, s);
        if (kind == PT_KIND_TRAIT && !pt_subst_find(s, d, r->w->known.self_upper))
            pt_subst_add(s, d, r->w->known.self_upper, pt_var(r, PT_VAR_ANY));
    }
}
