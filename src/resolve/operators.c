/* operators.c: what is sugar for calls: operators, indexing, `?`, `.await`, `for`. */
#include "resolve/infer.h"

static inline const pt_node *at(const body *b, u32 node) { return node_of_body(b, node); }

/* The trait and the member that stand behind an operator. */
typedef struct operator_trait {
    u8 token;
    bool compares;
    const char *trait, *member;
} operator_trait;
static const operator_trait binary_traits[] = {
    {PT_T_PLUS, false, "Add", "add"},         {PT_T_MINUS, false, "Sub", "sub"},
    {PT_T_STAR, false, "Mul", "mul"},         {PT_T_SLASH, false, "Div", "div"},
    {PT_T_PERCENT, false, "Rem", "rem"},      {PT_T_AND, false, "BitAnd", "bitand"},
    {PT_T_OR, false, "BitOr", "bitor"},       {PT_T_CARET, false, "BitXor", "bitxor"},
    {PT_T_SHL, false, "Shl", "shl"},          {PT_T_SHR, false, "Shr", "shr"},
    {PT_T_EQ_EQ, true, "PartialEq", "eq"},    {PT_T_NOT_EQ, true, "PartialEq", "ne"},
    {PT_T_LESS, true, "PartialOrd", "lt"},    {PT_T_LESS_EQ, true, "PartialOrd", "le"},
    {PT_T_GREATER, true, "PartialOrd", "gt"}, {PT_T_GREATER_EQ, true, "PartialOrd", "ge"}};
static const operator_trait assign_traits[] = {
    {PT_T_PLUS_EQ, false, "AddAssign", "add_assign"},    {PT_T_MINUS_EQ, false, "SubAssign", "sub_assign"},
    {PT_T_STAR_EQ, false, "MulAssign", "mul_assign"},    {PT_T_SLASH_EQ, false, "DivAssign", "div_assign"},
    {PT_T_PERCENT_EQ, false, "RemAssign", "rem_assign"}, {PT_T_AND_EQ, false, "BitAndAssign", "bitand_assign"},
    {PT_T_OR_EQ, false, "BitOrAssign", "bitor_assign"},  {PT_T_CARET_EQ, false, "BitXorAssign", "bitxor_assign"},
    {PT_T_SHL_EQ, false, "ShlAssign", "shl_assign"},     {PT_T_SHR_EQ, false, "ShrAssign", "shr_assign"}};
static const operator_trait unary_traits[] = {{PT_T_BANG, false, "Not", "not"}, {PT_T_MINUS, false, "Neg", "neg"}};

static const operator_trait *trait_behind(u8 node_kind, u32 token) {
    const operator_trait *list = node_kind == PT_N_E_BINARY   ? binary_traits
                                 : node_kind == PT_N_E_ASSIGN ? assign_traits
                                                              : unary_traits;
    u32 count = (u32)(node_kind == PT_N_E_BINARY   ? PT_COUNT_OF(binary_traits)
                      : node_kind == PT_N_E_ASSIGN ? PT_COUNT_OF(assign_traits)
                                                   : PT_COUNT_OF(unary_traits));
    for (u32 i = 0; i < count; i++)
        if (list[i].token == token) return &list[i];
    return NULL;
}

static u32 std_trait(pt_resolver *r, const char *module, const char *name) {
    if (r->w->std_crate_count < 1) return PT_NO_DEF;
    u32 segments[2] = {pt_intern(r->w->names, pt_str_of(module)), pt_intern(r->w->names, pt_str_of(name))};
    pt_path_result p = {0};
    pt_resolve_path(r->w, &p, r->w->crates.data[0].root, segments, 2, false, PT_NS_TYPE);
    return p.resolved == 2 && p.def != PT_NO_DEF && !pt_def_is_external_path(p.def) ? p.def : PT_NO_DEF;
}

static u32 member_of_trait(const pt_world *w, u32 trait, u32 name) {
    for (u32 m = pt_member_find(w, trait, name); m; m = w->members.data[m].next)
        if (w->members.data[m].impl == PT_NONE) return w->members.data[m].def;
    return PT_NO_DEF;
}
static u32 member_of_impl(const pt_world *w, u32 impl, u32 name) {
    u32 head = w->impls.data[impl].is_blanket ? PT_BLANKET_HEAD : w->impls.data[impl].head;
    for (u32 m = w->impls.data[impl].is_derive ? 0 : pt_member_find(w, head, name); m; m = w->members.data[m].next)
        if (w->members.data[m].impl == impl) return w->members.data[m].def;
    return PT_NO_DEF;
}

void pt_emit_member(body *b, u32 trait, const char *name, pt_ty self, u8 via, u32 offset) {
    pt_resolver *r = b->r;
    if (trait == PT_NO_DEF || pt_def_is_external_path(trait)) return;
    u32 symbol = pt_intern(r->w->names, pt_str_of(name)), member = member_of_trait(r->w, trait, symbol);
    pt_subst s = {0};
    u32 impl = is_known(b, self) ? pt_find_impl(r, trait, self, &s) : PT_NONE, own = PT_NO_DEF;
    if (impl != PT_NONE) own = member_of_impl(r->w, impl, symbol);
    pt_emit(r, own != PT_NO_DEF ? own : member, PT_EDGE_CALLS, via, PT_EXACT, offset);
}

/* The impl of an operator's trait for both operands. `several`: the other operand would have to tell. */
static u32 select_impl(pt_resolver *r, u32 trait, pt_ty self, pt_ty other, pt_subst *s, bool *several) {
    return pt_select_impl(r, trait, self, &other, other != 0, s, several);
}

/* The impl's associated type Output, or the trait's projection. */
static pt_ty output_of(pt_resolver *r, u32 impl, const pt_subst *s, u32 trait, pt_ty self) {
    u32 member = impl == PT_NONE ? PT_NO_DEF : member_of_impl(r->w, impl, r->w->known.output);
    if (member == PT_NO_DEF) return pt_project(r, self, trait, r->w->known.output);
    pt_subst full = *s;
    pt_solve_parameters(r, r->w->impls.data[impl].def, &full);
    return pt_ty_subst(&r->types, pt_item_type(r, member), &full, 0);
}

/* Numbers, bool, char and what else the language itself computes with. */
static bool is_builtin(const pt_resolver *r, pt_ty ty) {
    const pt_type *t = pt_ty_at(&r->types, ty);
    if (t->kind == PT_TY_VAR) return t->name < r->vars.count && r->vars.data[t->name].class != PT_VAR_ANY;
    if (t->kind == PT_TY_PTR || t->kind == PT_TY_FN_PTR || t->kind == PT_TY_NEVER) return true;
    return t->kind == PT_TY_ADT && pt_def_is_external_path(t->def) && pt_def_kind(r->w, t->def) == PT_KIND_PRIMITIVE &&
           !pt_str_equal(pt_external_path(r->w, t->def), PT_STR("str"));
}

static void emit_chosen(body *b, u32 impl, u32 trait, const char *name, u8 via, u32 offset) {
    pt_resolver *r = b->r;
    u32 symbol = pt_intern(r->w->names, pt_str_of(name));
    u32 member = impl == PT_NONE ? PT_NO_DEF : member_of_impl(r->w, impl, symbol);
    if (member == PT_NO_DEF) member = member_of_trait(r->w, trait, symbol);
    pt_emit(r, member, PT_EDGE_CALLS, via, PT_EXACT, offset);
}

/* Operators on values that are no references themselves, or references to numbers: what std's impls for `&i32` do. */
static pt_ty number_behind(body *b, pt_ty ty) {
    pt_ty bare = pt_strip_refs(b->r, ty);
    return is_builtin(b->r, bare) ? bare : ty;
}

static bool try_binary(body *b, pt_pending *p, bool last) {
    pt_resolver *r = b->r;
    const operator_trait *o = trait_behind(p->node_kind, p->name);
    pt_ty self = pt_resolved(r, p->self), other = p->arg_count ? pt_resolved(r, r->pending_types.data[p->args]) : 0;
    u8 kind = pt_ty_at(&r->types, self)->kind, other_kind = pt_ty_at(&r->types, other)->kind;
    bool shift = p->name == PT_T_SHL || p->name == PT_T_SHR || p->name == PT_T_SHL_EQ || p->name == PT_T_SHR_EQ;
    if (!o || kind == PT_TY_UNKNOWN) return true;
    pt_ty bare = number_behind(b, self), second = p->arg_count ? number_behind(b, other) : 0;
    if (is_builtin(r, bare) && (bare != self || second != other)) { /* a reference to a number: std's impl */
        u32 of_std = std_trait(r, o->compares ? "cmp" : "ops", o->trait);
        pt_emit_member(b, of_std, o->member, self, PT_VIA_OPERATOR, p->offset);
        if (is_builtin(r, second)) pt_unify(r, bare, second);
        if (!o->compares && p->node_kind != PT_N_E_ASSIGN) pt_unify(r, p->result, bare);
        return true;
    }
    bool own_type = other_kind == PT_TY_ADT && !is_builtin(r, other);
    if (is_builtin(r, self) && kind != PT_TY_VAR && !own_type && other_kind != PT_TY_REF) {
        if (p->arg_count && other_kind == PT_TY_VAR && !is_builtin(r, other) && !last) return false;
        if (p->arg_count && !shift) pt_unify(r, self, other);
        if (!o->compares) pt_unify(r, p->result, self);
        return true;
    }
    if (is_builtin(r, self) && (!p->arg_count || is_builtin(r, other))) {
        if (p->arg_count && !shift) pt_unify(r, self, other);
        if (!o->compares) pt_unify(r, p->result, self);
        return true;
    }
    if (kind == PT_TY_VAR && !(last && is_builtin(r, self))) {
        if (is_builtin(r, self) && other_kind == PT_TY_REF) { /* 1 + &x */
            if (!o->compares) pt_unify(r, p->result, pt_strip_refs(r, other));
            pt_unify(r, self, pt_strip_refs(r, other));
            return true;
        }
        return last;
    }
    u32 trait = std_trait(r, o->compares ? "cmp" : "ops", o->trait);
    if (trait == PT_NO_DEF) return true;
    if (kind == PT_TY_PARAM || kind == PT_TY_OPAQUE || kind == PT_TY_PROJECTION) {
        emit_chosen(b, PT_NONE, trait, o->member, PT_VIA_OPERATOR, p->offset);
        if (!o->compares) pt_unify(r, p->result, pt_project(r, self, trait, r->w->known.output));
        return true;
    }
    pt_subst s = {0};
    bool several;
    u32 impl = select_impl(r, trait, self, other, &s, &several);
    if (several && !last) return false;
    emit_chosen(b, impl, trait, o->member, PT_VIA_OPERATOR, p->offset);
    if (!o->compares && p->node_kind != PT_N_E_ASSIGN) {
        pt_ty output = impl == PT_NONE ? 0 : output_of(r, impl, &s, trait, self);
        pt_unify(r, p->result, output);
    }
    return true;
}

static pt_ty operate(body *b, u8 node_kind, u32 token, pt_ty self, pt_ty other, bool has_other, u32 offset) {
    pt_resolver *r = b->r;
    const operator_trait *o = trait_behind(node_kind, token);
    pt_ty result = node_kind == PT_N_E_ASSIGN ? unit_of(b)
                   : o && o->compares         ? primitive_of(b, "bool")
                                              : pt_var(r, PT_VAR_ANY);
    pt_wait(b,
            (pt_pending){.kind = PT_PENDING_OPERATOR,
                         .node_kind = node_kind,
                         .self = self,
                         .name = token,
                         .result = result,
                         .offset = offset,
                         .arg_count = has_other},
            &other, NULL);
    if (!r->pending.count) return result;
    pt_pending p = r->pending.data[r->pending.count - 1]; /* a copy, as in go_through */
    if (p.kind == PT_PENDING_OPERATOR && p.result == result && try_binary(b, &p, false)) {
        r->pending_types.count = p.args;
        r->pending.count--;
    }
    return result;
}

pt_ty pt_expr_binary(body *b, u32 node, pt_ty expected) {
    const pt_node *n = at(b, node);
    u32 child = n->child, right_node = child ? at(b, child)->next : 0;
    (void)expected;
    if (n->op == PT_T_AND_AND || n->op == PT_T_OR_OR) {
        if (child) pt_expr(b, child, 0);
        if (right_node) pt_expr(b, right_node, 0);
        return primitive_of(b, "bool");
    }
    pt_ty left = child ? pt_expr(b, child, 0) : 0, right = right_node ? pt_expr(b, right_node, 0) : 0;
    return operate(b, PT_N_E_BINARY, n->op, left, right, true, pt_view_offset(&b->v, node));
}

pt_ty pt_expr_assign(body *b, u32 node) {
    const pt_node *n = at(b, node);
    u32 child = n->child, right_node = child ? at(b, child)->next : 0;
    if (n->op == PT_T_EQ) {
        b->written = true;
        pt_ty left = child ? pt_expr(b, child, 0) : 0;
        b->written = false;
        if (right_node) pt_expr_as(b, right_node, left);
        return unit_of(b);
    }
    b->written = true;
    pt_ty left = child ? pt_expr(b, child, 0) : 0;
    b->written = false;
    pt_ty right = right_node ? pt_expr(b, right_node, 0) : 0;
    return operate(b, PT_N_E_ASSIGN, n->op, left, right, true, pt_view_offset(&b->v, node));
}

pt_ty pt_expr_unary(body *b, u32 node, pt_ty expected) {
    const pt_node *n = at(b, node);
    pt_resolver *r = b->r;
    bool written = b->written;
    if (n->op != PT_T_STAR) b->written = false;
    pt_ty ty = n->child ? pt_expr(b, n->child, n->op == PT_T_STAR ? 0 : expected) : 0;
    b->written = false;
    if (n->op == PT_K_BOX) return 0;
    if (n->op != PT_T_STAR) return operate(b, PT_N_E_UNARY, n->op, ty, 0, false, pt_view_offset(&b->v, node));
    ty = pt_resolved(r, ty);
    pt_type t = *pt_ty_at(&r->types, ty);
    if (t.kind == PT_TY_VAR) pt_try_pending(b), ty = pt_resolved(r, ty), t = *pt_ty_at(&r->types, ty);
    if (t.kind == PT_TY_VAR) { /* most often a reference */
        pt_ty inner = pt_var(r, PT_VAR_ANY);
        pt_unify(r, ty, reference_to(b, inner, false));
        return inner;
    }
    if ((t.kind == PT_TY_ADT && t.def != r->w->lang.box) || t.kind == PT_TY_PARAM)
        pt_emit_member(b, written ? r->w->lang.deref_mut : r->w->lang.deref, written ? "deref_mut" : "deref", ty,
                       PT_VIA_DEREF, pt_view_offset(&b->v, node));
    return pt_deref_once(r, ty);
}

/* Indexing. */

static bool is_range(const pt_resolver *r, pt_ty ty) {
    const pt_type *t = pt_ty_at(&r->types, ty);
    if (t->kind != PT_TY_ADT || pt_def_is_external_path(t->def)) return false;
    return t->def == r->w->lang.range || t->def == r->w->lang.range_inclusive || t->def == r->w->lang.range_from ||
           t->def == r->w->lang.range_to || t->def == r->w->lang.range_full || t->def == r->w->lang.range_to_inclusive;
}

/* Deref that was gone through on the way to what has the index. */
static void emit_passed(body *b, const pt_ty *passed, u32 count, bool mutably, u32 offset) {
    u32 trait = mutably ? b->r->w->lang.deref_mut : b->r->w->lang.deref;
    for (u32 i = 0; i < count; i++)
        pt_emit_member(b, trait, mutably ? "deref_mut" : "deref", passed[i], PT_VIA_DEREF, offset);
}

static bool try_index(body *b, pt_pending *p, bool last) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    pt_ty by = pt_resolved(r, r->pending_types.data[p->args]), ty = p->self;
    u32 trait = p->name ? w->lang.index_mut : w->lang.index;
    const char *member = p->name ? "index_mut" : "index";
    u8 by_kind = pt_ty_at(&r->types, by)->kind;
    pt_ty passed[4];
    u32 count = 0;
    for (u32 step = 0; step < 8 && ty; step++) {
        ty = pt_resolved(r, ty);
        pt_type t = *pt_ty_at(&r->types, ty);
        if (t.kind == PT_TY_VAR) return last;
        if (t.kind == PT_TY_SLICE || t.kind == PT_TY_ARRAY) {
            pt_ty element = pt_ty_arg(&r->types, ty, 0);
            if (by_kind == PT_TY_VAR && !is_builtin(r, by) && !last) return false;
            emit_passed(b, passed, count, p->name != 0, p->offset);
            if (is_range(r, by)) {
                pt_emit_member(b, trait, member, ty, PT_VIA_INDEX, p->offset);
                element = pt_ty_make(&r->types, PT_TY_SLICE, 0, 0, &element, 1);
            } else if (by_kind == PT_TY_VAR) {
                pt_unify(r, by, primitive_of(b, "usize"));
            }
            pt_unify(r, p->result, element);
            return true;
        }
        if (t.kind == PT_TY_PARAM || t.kind == PT_TY_OPAQUE) {
            pt_emit_member(b, trait, member, ty, PT_VIA_INDEX, p->offset);
            pt_unify(r, p->result, pt_project(r, ty, w->lang.index, w->known.output));
            return true;
        }
        if (t.kind == PT_TY_ADT) {
            if (pt_def_is_external_path(t.def) && pt_def_kind(w, t.def) != PT_KIND_PRIMITIVE) return true;
            pt_subst s = {0};
            bool several;
            u32 impl = select_impl(r, w->lang.index, ty, by, &s, &several);
            if (several && !last) return false;
            if (impl != PT_NONE) {
                emit_passed(b, passed, count, p->name != 0, p->offset);
                u32 chosen = impl;
                pt_subst ignored = {0};
                if (p->name) chosen = select_impl(r, trait, ty, by, &ignored, &several);
                emit_chosen(b, chosen, trait, member, PT_VIA_INDEX, p->offset);
                pt_ty element = t.count ? pt_ty_arg(&r->types, ty, 0) : 0;
                if (t.def == w->lang.vec) { /* its Output is SliceIndex's, which the index tells */
                    if (is_range(r, by)) element = pt_ty_make(&r->types, PT_TY_SLICE, 0, 0, &element, 1);
                    else if (by_kind == PT_TY_VAR) pt_unify(r, by, primitive_of(b, "usize"));
                    pt_unify(r, p->result, element);
                } else if (t.def == w->lang.string || pt_def_is_external_path(t.def)) {
                    pt_unify(r, p->result, primitive_of(b, "str"));
                } else {
                    pt_unify(r, p->result, output_of(r, impl, &s, w->lang.index, ty));
                }
                return true;
            }
        }
        if (t.kind == PT_TY_ADT && t.def != w->lang.box && count < PT_COUNT_OF(passed)) passed[count++] = ty;
        ty = pt_deref_once(r, ty);
    }
    return true;
}

/* `?`, `.await`, `for`. */

static bool try_try(body *b, pt_pending *p, bool last) {
    pt_resolver *r = b->r;
    pt_ty self = pt_resolved(r, p->self);
    pt_type t = *pt_ty_at(&r->types, self);
    if (t.kind == PT_TY_VAR) return last;
    if (t.kind != PT_TY_ADT) return true;
    bool of_result = t.def == r->w->lang.result, of_option = t.def == r->w->lang.option;
    if (of_result || of_option) {
        pt_unify(r, p->result, pt_ty_arg(&r->types, self, 0));
        pt_emit_member(b, r->w->lang.try_trait, "branch", self, PT_VIA_TRY, p->offset);
        pt_emit_member(b, r->w->lang.from_residual, "from_residual", self, PT_VIA_TRY, p->offset);
        pt_ty returned = p->arg_count ? pt_resolved(r, r->pending_types.data[p->args]) : 0;
        const pt_type *x = pt_ty_at(&r->types, returned);
        if (of_result && x->kind == PT_TY_ADT && x->def == t.def) { /* Err(From::from(e)) */
            pt_ty error = pt_ty_arg(&r->types, self, 1), wanted = pt_ty_arg(&r->types, returned, 1);
            if (error != wanted) pt_forward(b, r->w->lang.from, "from", wanted, error, p->offset);
        }
    } else if (pt_def_is_external_path(t.def)) {
        return true;
    } else {
        pt_unify(r, p->result, pt_project(r, self, r->w->lang.try_trait, r->w->known.output));
    }
    return true;
}

static bool try_await(body *b, pt_pending *p, bool last) {
    pt_resolver *r = b->r;
    pt_ty self = pt_resolved(r, p->self);
    u8 kind = pt_ty_at(&r->types, self)->kind;
    if (kind == PT_TY_VAR) return last;
    if (kind == PT_TY_UNKNOWN) return true;
    pt_ty output = pt_shallow(r, pt_project(r, self, r->w->lang.future, r->w->known.output));
    u8 found = pt_ty_at(&r->types, output)->kind;
    pt_subst ignored = {0};
    bool no_future =
        kind != PT_TY_PARAM && kind != PT_TY_OPAQUE && pt_find_impl(r, r->w->lang.future, self, &ignored) == PT_NONE;
    if (found == PT_TY_UNKNOWN || (found == PT_TY_PROJECTION && no_future))
        output = pt_project(r, self, r->w->lang.into_future, r->w->known.output);
    else if (kind == PT_TY_ADT) pt_emit_member(b, r->w->lang.future, "poll", self, PT_VIA_AWAIT, p->offset);
    pt_emit_member(b, r->w->lang.into_future, "into_future", self, PT_VIA_AWAIT, p->offset);
    pt_unify(r, p->result, output);
    return true;
}

static bool try_element(body *b, pt_pending *p, bool last) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    pt_ty self = pt_resolved(r, p->self);
    u8 kind = pt_ty_at(&r->types, self)->kind;
    if (kind == PT_TY_VAR) return last;
    if (kind == PT_TY_UNKNOWN || w->lang.iterator == PT_NO_DEF) return true;
    pt_ty iterator = pt_shallow(r, pt_project(r, self, w->lang.into_iterator, w->known.into_iter));
    u8 made = pt_ty_at(&r->types, iterator)->kind;
    pt_ty item = pt_shallow(r, pt_project(r, self, w->lang.iterator, w->known.item));
    u8 item_kind = pt_ty_at(&r->types, item)->kind;
    bool itself = item_kind != PT_TY_UNKNOWN &&
                  (item_kind != PT_TY_PROJECTION || made == PT_TY_UNKNOWN || made == PT_TY_PROJECTION);
    if (!itself) item = pt_shallow(r, pt_project(r, self, w->lang.into_iterator, w->known.item));
    if (!itself && (pt_ty_at(&r->types, item)->kind == PT_TY_PROJECTION || !item) && made != PT_TY_UNKNOWN)
        item = pt_project(r, iterator, w->lang.iterator, w->known.item);
    pt_emit_member(b, w->lang.into_iterator, "into_iter", self, PT_VIA_FOR, p->offset);
    pt_emit_member(b, w->lang.iterator, "next", itself ? self : iterator, PT_VIA_FOR, p->offset);
    pt_unify(r, p->result, item);
    return true;
}

/* Only a workspace type's own impl is told: what std does with its own types is nobody's question. */
static bool try_forward(body *b, pt_pending *p, bool last) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    pt_ty self = pt_strip_refs(r, pt_resolved(r, p->self)), other = 0;
    if (p->arg_count) other = pt_resolved(r, r->pending_types.data[p->args]);
    u8 kind = pt_ty_at(&r->types, self)->kind;
    if (kind == PT_TY_VAR) return last;
    if (kind != PT_TY_ADT || (other && pt_ty_at(&r->types, other)->kind == PT_TY_VAR && !last))
        return kind != PT_TY_ADT;
    pt_subst s = {0};
    bool several = false;
    u32 impl = other ? select_impl(r, p->trait, self, other, &s, &several) : pt_find_impl(r, p->trait, self, &s);
    if (impl == PT_NONE || several || (w->defs.data[w->impls.data[impl].def].flags & PT_DEF_EXTERNAL)) return true;
    pt_emit(r, member_of_impl(w, impl, p->name), PT_EDGE_CALLS, PT_VIA_FORWARDED, PT_INFERRED, p->offset);
    return true;
}

static bool try_it(body *b, pt_pending *p, bool last) {
    switch (p->kind) {
    case PT_PENDING_FORWARD: return try_forward(b, p, last);
    case PT_PENDING_OPERATOR: return try_binary(b, p, last);
    case PT_PENDING_INDEX: return try_index(b, p, last);
    case PT_PENDING_TRY: return try_try(b, p, last);
    case PT_PENDING_AWAIT: return try_await(b, p, last);
    case PT_PENDING_ELEMENT: return try_element(b, p, last);
    default: return true;
    }
}
bool pt_try_operator(body *b, pt_pending *p) { return try_it(b, p, false); }

/* Tries at once, then with what others may tell, then waits. */
static pt_ty now_or_later(body *b, pt_pending p, pt_ty argument) {
    pt_resolver *r = b->r;
    p.result = pt_var(r, PT_VAR_ANY);
    p.args = r->pending_types.count;
    if (p.arg_count && !pt_vec_push(&r->pending_types, argument)) return 0;
    bool done = try_it(b, &p, false);
    r->pending_types.count = p.args;
    if (!done) pt_wait(b, p, &argument, NULL);
    return p.result;
}

pt_ty pt_expr_index(body *b, u32 node) {
    u32 base = at(b, node)->child, index = base ? at(b, base)->next : 0;
    bool written = b->written;
    pt_ty ty = base ? pt_expr(b, base, 0) : 0;
    b->written = false;
    pt_ty by = index ? pt_expr(b, index, 0) : 0;
    return now_or_later(b,
                        (pt_pending){.kind = PT_PENDING_INDEX,
                                     .self = ty,
                                     .name = written,
                                     .arg_count = 1,
                                     .offset = pt_view_offset(&b->v, node)},
                        by);
}

pt_ty pt_expr_try(body *b, u32 node) {
    u32 child = at(b, node)->child;
    pt_ty ty = child ? pt_expr(b, child, 0) : 0;
    if (type_of_body(b, ty).kind == PT_TY_VAR) pt_try_pending(b);
    pt_ty returned = b->r->result_type;
    return now_or_later(
        b,
        (pt_pending){
            .kind = PT_PENDING_TRY, .self = ty, .offset = pt_view_offset(&b->v, node), .arg_count = returned != 0},
        returned);
}

pt_ty pt_expr_await(body *b, u32 node) {
    u32 child = at(b, node)->child;
    pt_ty ty = child ? pt_expr(b, child, 0) : 0;
    if (type_of_body(b, ty).kind == PT_TY_VAR) pt_try_pending(b);
    return now_or_later(b, (pt_pending){.kind = PT_PENDING_AWAIT, .self = ty, .offset = pt_view_offset(&b->v, node)},
                        0);
}

pt_ty pt_element_of(body *b, pt_ty ty, u32 offset) {
    if (type_of_body(b, ty).kind == PT_TY_VAR) pt_try_pending(b);
    return now_or_later(b, (pt_pending){.kind = PT_PENDING_ELEMENT, .self = ty, .offset = offset}, 0);
}
