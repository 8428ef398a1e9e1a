/* bodies.c: expressions and statements of one body: their types as far as they are known, and the sites in them.
 *
 * A body is parsed again from its range of tokens, walked once, and forgotten. Types flow both ways: the expected one
 * down, the found one up, variables (infer.h) between them. */
#include "resolve/infer.h"

static inline const pt_node *at(const body *b, u32 node) { return node_of_body(b, node); }
static u32 offset_of(const body *b, u32 node) { return pt_view_offset(&b->v, node); }

void pt_push_local(body *b, u32 name, u32 node, pt_ty ty) {
    pt_vec_push(&b->r->locals, (pt_local){name, node ? pt_token_context(b->r, &b->v, node) : 0, ty});
}

const pt_local *pt_find_local(const body *b, u32 name, u32 node) {
    u32 context = node && name != b->r->w->known.self_lower ? pt_token_context(b->r, &b->v, node) : 0;
    for (u32 i = b->r->locals.count; i > b->first_local; i--)
        if (b->r->locals.data[i - 1].name == name && b->r->locals.data[i - 1].context == context)
            return &b->r->locals.data[i - 1];
    return NULL;
}

/* A first type and another of the same place: the first that says something stays. */
static pt_ty joined(body *b, pt_ty have, pt_ty other) {
    u8 kind = type_of_body(b, have).kind;
    if (kind == PT_TY_UNKNOWN || kind == PT_TY_NEVER)
        return type_of_body(b, other).kind == PT_TY_UNKNOWN ? have : other;
    pt_coerce(b, have, other, PT_NONE);
    return have;
}

static pt_ty future_of(body *b, pt_ty output) {
    pt_resolver *r = b->r;
    if (r->w->lang.future == PT_NO_DEF) return 0;
    pt_ty binding = pt_ty_make(&r->types, PT_TY_BINDING, 0, r->w->known.output, &output, 1);
    pt_ty bound = pt_ty_make(&r->types, PT_TY_BOUND, r->w->lang.future, 0, &binding, 1);
    return pt_ty_make(&r->types, PT_TY_OPAQUE, 0, 0, &bound, 1);
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
    pt_ty ty = type ? pt_open(b->r, pt_lower(b->r, &b->v, type, b->owner, PT_EDGE_USES)) : 0;
    if (init) {
        pt_ty made = pt_expr_as(b, init, ty);
        if (!ty) ty = made;
    }
    if (!ty) ty = pt_var(b->r, PT_VAR_ANY);
    if (other) pt_expr(b, other, 0);
    if (pattern) pt_pattern(b, pattern, ty);
}

pt_ty pt_block(body *b, u32 node, pt_ty expected, bool keep_locals) {
    pt_resolver *r = b->r;
    u32 locals = r->locals.count, scope = r->scope;
    pt_ty result = 0, outer_result = r->result_type;
    const pt_node *n = at(b, node);
    if (n->op == PT_BLOCK_ASYNC) expected = r->result_type = pt_var(r, PT_VAR_ANY);
    for (u32 c = n->child; c; c = at(b, c)->next)
        if (pt_kind_is_item(at(b, c)->kind)) { /* a macro call may make some */
            r->scope = pt_block_scope(b, node, scope);
            break;
        }
    bool diverges = false;
    result = unit_of(b);
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
            result = unit_of(b);
            continue;
        }
        bool last = !s->next && !(s->flags & PT_F_SEMI);
        pt_ty ty = !last && s->kind == PT_N_MACRO_CALL ? pt_macro_site(b, c, 0, true)
                   : last                              ? pt_expr_as(b, c, expected)
                                                       : pt_expr(b, c, 0);
        diverges = diverges || type_of_body(b, ty).kind == PT_TY_NEVER;
        result = last ? ty : unit_of(b);
        if (!last && diverges) result = never_of(b);
    }
    if (!keep_locals) r->locals.count = locals;
    r->scope = scope;
    r->result_type = outer_result;
    return n->op == PT_BLOCK_ASYNC ? future_of(b, result) : result;
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
                return primitive_of(b, numbers[i]);
        return pt_var(b->r, n->op == PT_T_INT ? PT_VAR_INT : PT_VAR_FLOAT);
    case PT_T_CHAR: return primitive_of(b, "char");
    case PT_T_BYTE: return primitive_of(b, "u8");
    case PT_T_STRING: return reference_to(b, primitive_of(b, "str"), false);
    case PT_T_BYTE_STRING: {
        pt_ty element = primitive_of(b, "u8");
        return reference_to(b, pt_ty_make(&b->r->types, PT_TY_ARRAY, 0, 0, &element, 1), false);
    }
    case PT_K_TRUE:
    case PT_K_FALSE: return primitive_of(b, "bool");
    default: return 0;
    }
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
    pt_subst s = {0};
    pt_ty self = ty;
    if (fields) {
        pt_instantiate(r, adt, &s);
        self = pt_ty_subst(&r->types, pt_adt_generic(r, adt), &s, 0);
        pt_unify(r, self, ty);
        pt_type want = type_of_body(b, expected);
        if (want.kind == PT_TY_ADT && want.def == adt) pt_unify(r, self, expected);
    }
    for (u32 c = path ? at(b, path)->next : 0; c; c = at(b, c)->next) {
        u32 value_node = at(b, c)->child, field = PT_NO_DEF;
        u32 cfg = r->cfg;
        r->cfg = pt_attribute_cfg(b, value_node, cfg);
        while (value_node && (at(b, value_node)->kind == PT_N_ATTRIBUTE || at(b, value_node)->kind == PT_N_DOC))
            value_node = at(b, value_node)->next;
        pt_ty declared = at(b, c)->kind == PT_N_BASE ? self : 0;
        if (at(b, c)->kind == PT_N_FIELD_INIT && fields) {
            declared = pt_field_type(b, def, self, pt_view_name(&b->v, c), &field);
            if (field != PT_NO_DEF) pt_emit(r, field, PT_EDGE_USES, PT_VIA_NONE, PT_EXACT, offset_of(b, c));
        }
        if (value_node) pt_expr_as(b, value_node, declared);
        r->cfg = cfg;
    }
    return self;
}

static pt_ty expr_path(body *b, u32 node) {
    u32 path = at(b, node)->child, segment = path ? at(b, path)->child : 0;
    if (!segment) return 0;
    if (at(b, segment)->kind == PT_N_SEGMENT && !at(b, segment)->next && !at(b, path)->op) {
        const pt_local *local = pt_find_local(b, pt_view_name(&b->v, segment), segment);
        if (local) return local->ty;
    }
    value x = pt_value_of(b, path, PT_VALUE_USED);
    if (x.ty && !x.is_member && !x.open && (x.def == PT_NO_DEF || pt_def_kind(b->r->w, x.def) != PT_KIND_VARIANT)) {
        pt_ty own = pt_value_type(b, &x);
        return own ? own : x.ty;
    }
    pt_ty ty = pt_value_type(b, &x);
    return ty ? ty : pt_var(b->r, PT_VAR_ANY);
}

static pt_ty expr_inner(body *b, u32 node, pt_ty expected) {
    pt_resolver *r = b->r;
    pt_world *w = r->w;
    const pt_node *n = at(b, node);
    u32 child = n->child;
    switch (n->kind) {
    case PT_N_E_LITERAL: return literal(b, node);
    case PT_N_E_PATH: return expr_path(b, node);
    case PT_N_E_CALL: return pt_expr_call(b, node, expected);
    case PT_N_E_METHOD: return pt_expr_method(b, node, expected);
    case PT_N_E_FIELD: return pt_expr_field(b, node);
    case PT_N_E_INDEX: return pt_expr_index(b, node);
    case PT_N_E_STRUCT: return expr_struct(b, node, expected);
    case PT_N_E_CLOSURE: return pt_expr_closure(b, node, expected);
    case PT_N_BLOCK: return pt_block(b, node, expected, false);
    case PT_N_MACRO_CALL: return pt_macro_site(b, node, expected, false);
    case PT_N_E_PAREN: return child ? pt_expr(b, child, expected) : 0;
    case PT_N_E_UNARY: return pt_expr_unary(b, node, expected);
    case PT_N_E_BINARY: return pt_expr_binary(b, node, expected);
    case PT_N_E_ASSIGN: return pt_expr_assign(b, node);
    case PT_N_E_REF: {
        pt_ty inner = type_of_body(b, expected).kind == PT_TY_REF ? arg_of(b, expected, 0) : 0;
        /* what is expected may be what a coercion makes of it: [T] of an array, str of a String */
        u8 kind = type_of_body(b, inner).kind;
        if (kind == PT_TY_SLICE || kind == PT_TY_DYN) inner = 0;
        b->written = n->op & 1;
        pt_ty ty = child ? pt_expr(b, child, inner) : 0;
        b->written = false;
        return n->op & 2 ? pt_ty_make(&r->types, PT_TY_PTR, 0, n->op & 1, &ty, 1) : reference_to(b, ty, n->op & 1);
    }
    case PT_N_E_CAST: {
        u32 type = child ? at(b, child)->next : 0;
        if (child) pt_expr(b, child, 0);
        return type ? pt_open(r, pt_lower(r, &b->v, type, b->owner, PT_EDGE_USES)) : 0;
    }
    case PT_N_E_TRY: return pt_expr_try(b, node);
    case PT_N_E_AWAIT: return pt_expr_await(b, node);
    case PT_N_E_IF: {
        u32 locals = r->locals.count, then = child ? at(b, child)->next : 0, other = then ? at(b, then)->next : 0;
        if (child) pt_expr(b, child, 0);
        pt_ty a = then ? pt_expr_as(b, then, expected) : 0;
        r->locals.count = locals;
        pt_ty c = other ? pt_expr_as(b, other, expected) : 0;
        return other ? joined(b, a, c) : unit_of(b);
    }
    case PT_N_E_LET: {
        u32 value_node = child ? at(b, child)->next : 0;
        pt_ty ty = value_node ? pt_expr(b, value_node, 0) : 0;
        if (child) pt_pattern(b, child, ty); /* its names live until the if or while ends */
        return primitive_of(b, "bool");
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
                pt_ty ty = is_body ? pt_expr_as(b, part, expected) : pt_expr(b, part, 0);
                if (is_body) result = joined(b, result, ty);
            }
            r->locals.count = locals;
            r->cfg = cfg;
        }
        return result;
    }
    case PT_N_E_LOOP: {
        pt_ty outer = b->loop, result = b->loop = pt_var(r, PT_VAR_ANY);
        if (expected) pt_unify(r, result, expected);
        children(b, node);
        b->loop = outer;
        return result;
    }
    case PT_N_E_WHILE: {
        u32 locals = r->locals.count;
        children(b, node);
        r->locals.count = locals;
        return unit_of(b);
    }
    case PT_N_E_FOR: {
        u32 locals = r->locals.count, over = child ? at(b, child)->next : 0, body_node = over ? at(b, over)->next : 0;
        pt_ty ty = over ? pt_expr(b, over, 0) : 0;
        pt_ty element = pt_element_of(b, ty, over ? offset_of(b, over) : 0);
        if (child) pt_pattern(b, child, element);
        if (body_node) pt_expr(b, body_node, 0);
        r->locals.count = locals;
        return unit_of(b);
    }
    case PT_N_E_RETURN:
        if (child) pt_expr_as(b, child, r->result_type);
        return never_of(b);
    case PT_N_E_BREAK:
        if (child) {
            pt_ty given = pt_expr(b, child, 0);
            if (b->loop) pt_coerce(b, b->loop, given, offset_of(b, child));
        } else if (b->loop) {
            pt_unify(r, b->loop, unit_of(b));
        }
        return never_of(b);
    case PT_N_E_CONTINUE:
    case PT_N_E_YIELD:
        if (child) pt_expr(b, child, 0);
        return never_of(b);
    case PT_N_E_TUPLE: {
        pt_ty parts[16];
        u32 count = 0;
        for (u32 c = child; c; c = at(b, c)->next) {
            pt_ty want = type_of_body(b, expected).kind == PT_TY_TUPLE ? arg_of(b, expected, count) : 0;
            pt_ty ty = pt_expr(b, c, want);
            if (count < 16) parts[count++] = ty;
        }
        return pt_ty_make(&r->types, PT_TY_TUPLE, 0, 0, parts, count);
    }
    case PT_N_E_ARRAY:
    case PT_N_E_REPEAT: {
        u8 kind = type_of_body(b, expected).kind;
        pt_ty element = kind == PT_TY_ARRAY || kind == PT_TY_SLICE ? arg_of(b, expected, 0) : 0;
        if (!element) element = pt_var(r, PT_VAR_ANY);
        for (u32 c = child; c; c = at(b, c)->next) {
            if (n->kind == PT_N_E_ARRAY || c == child) pt_expr_as(b, c, element);
            else pt_expr(b, c, primitive_of(b, "usize"));
        }
        return pt_ty_make(&r->types, PT_TY_ARRAY, 0, 0, &element, 1);
    }
    case PT_N_E_RANGE: {
        pt_ty element = pt_var(r, PT_VAR_ANY);
        for (u32 c = child; c; c = at(b, c)->next) pt_expr_as(b, c, element);
        u32 ends = n->op & 3u;
        u32 def = ends == 3   ? (n->op & 4 ? w->lang.range_inclusive : w->lang.range)
                  : ends == 1 ? w->lang.range_from
                  : ends == 2 ? (n->op & 4 ? w->lang.range_to_inclusive : w->lang.range_to)
                              : w->lang.range_full;
        return def == PT_NO_DEF ? 0 : pt_adt(r, def, &element, ends ? 1 : 0);
    }
    case PT_N_E_ATTRIBUTED: {
        u32 cfg = r->cfg, last = child;
        r->cfg = pt_attribute_cfg(b, child, cfg);
        while (last && at(b, last)->next) last = at(b, last)->next;
        pt_ty ty = last && at(b, last)->kind != PT_N_ATTRIBUTE ? pt_expr(b, last, expected) : 0;
        r->cfg = cfg;
        return ty;
    }
    case PT_N_LET: let_statement(b, node); return unit_of(b);
    default: return children(b, node);
    }
}

pt_ty pt_expr(body *b, u32 node, pt_ty expected) {
    if (!node || b->r->nesting >= PT_MAX_EXPRESSIONS) return 0;
    b->r->nesting++;
    u32 depth = b->r->depth;
    b->r->depth = 0; /* the limit of type look-ups is per expression; nesting is limited by the parser */
    u8 kind = at(b, node)->kind;
    if (kind != PT_N_E_INDEX && kind != PT_N_E_FIELD && kind != PT_N_E_UNARY && kind != PT_N_E_PAREN)
        b->written = false;
    pt_ty ty = expr_inner(b, node, expected);
    b->r->depth = depth;
    b->r->nesting--;
    return ty;
}

pt_ty pt_expr_as(body *b, u32 node, pt_ty expected) {
    pt_ty ty = pt_expr(b, node, expected);
    if (expected) pt_coerce(b, expected, ty, node ? pt_view_offset(&b->v, node) : PT_NONE);
    return ty;
}
