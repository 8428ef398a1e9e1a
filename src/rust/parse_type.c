/* Paths, types, generics, bounds and where-clauses. */
#include "rust/parser_internal.h"

bool p_path_starts(const parser *p) {
    switch (p->kind) {
    case PT_T_IDENT:
    case PT_T_COLON_COLON:
    case PT_T_LESS:
    case PT_T_SHL:
    case PT_K_SELF_LOWER:
    case PT_K_SELF_UPPER:
    case PT_K_SUPER:
    case PT_K_CRATE: return true;
    case PT_T_DOLLAR: return p_peek(p, 1) == PT_K_CRATE;
    default: return false;
    }
}

void p_for_lifetimes(parser *p) {
    if (!p_is(p, PT_K_FOR) || (p_peek(p, 1) != PT_T_LESS)) return;
    p_next(p);
    p_generics(p);
}

static bool literal_starts(const parser *p) {
    switch (p->kind) {
    case PT_T_INT:
    case PT_T_FLOAT:
    case PT_T_CHAR:
    case PT_T_BYTE:
    case PT_T_STRING:
    case PT_T_BYTE_STRING:
    case PT_T_C_STRING:
    case PT_K_TRUE:
    case PT_K_FALSE:
    case PT_T_MINUS: return true;
    default: return false;
    }
}

static u32 const_argument(parser *p) {
    u32 node = p_node(p, PT_N_ARG_CONST, p->at);
    list l = {0};
    if (p_is(p, PT_T_OPEN_BRACE)) p_add(p, &l, p_block(p, PT_BLOCK_CONST));
    else if (p_is(p, PT_K_CONST)) p_next(p), p_add(p, &l, p_block(p, PT_BLOCK_CONST));
    else p_add(p, &l, p_literal_expression(p));
    return p_close(p, node, l);
}

/* Generic arguments; the current token is `<` (or a token that starts with it). */
static u32 generic_args(parser *p) {
    u32 node = p_node(p, PT_N_GENERIC_ARGS, p->at);
    list l = {0};
    p_eat_split(p, PT_T_LESS);
    while (p->at < p->end && !p_is_split(p, PT_T_GREATER)) {
        u32 before = p->at;
        u8 kind_before = p->kind;
        if (p_is(p, PT_T_LIFETIME)) {
            p_next(p);
        } else if (literal_starts(p) || p_is(p, PT_T_OPEN_BRACE) ||
                   (p_is(p, PT_K_CONST) && p_peek(p, 1) == PT_T_OPEN_BRACE)) {
            p_add(p, &l, const_argument(p));
        } else {
            u32 type = p_type(p, true);
            if (p_is(p, PT_T_EQ) || p_is(p, PT_T_COLON)) { /* Name = T, Name<A> = T, Name: Bounds */
                u32 assoc = p_node(p, PT_N_ARG_ASSOC, p_at(p, type)->token);
                list parts = {0};
                u32 path = p_at(p, type)->child;
                u32 segment = path ? p_at(p, path)->child : 0;
                if (p_at(p, type)->kind == PT_N_TYPE_PATH && segment && p_at(p, segment)->kind == PT_N_SEGMENT) {
                    p_at(p, assoc)->name = p_at(p, segment)->name;
                    if (p_at(p, segment)->child) p_add(p, &parts, p_at(p, segment)->child);
                } else {
                    p_error(p, "expected the name of an associated item");
                }
                if (p_eat(p, PT_T_COLON)) p_add(p, &parts, p_bounds(p));
                else {
                    p_next(p);
                    if (literal_starts(p) || p_is(p, PT_T_OPEN_BRACE)) p_add(p, &parts, const_argument(p));
                    else p_add(p, &parts, p_type(p, true));
                }
                type = p_close(p, assoc, parts);
            }
            p_add(p, &l, type);
        }
        if (p_is_split(p, PT_T_GREATER)) break;
        if (!p_eat(p, PT_T_COMMA)) {
            p_error(p, "expected `,` or `>`");
            if (p->at == before && p->kind == kind_before) break;
            if (!p_is(p, PT_T_IDENT) && !p_is(p, PT_T_LIFETIME)) break;
        }
    }
    if (!p_eat_split(p, PT_T_GREATER)) p_error(p, "expected `>`");
    return p_close(p, node, l);
}

/* Fn(A, B) -> C */
static u32 sugared_args(parser *p) {
    u32 node = p_node(p, PT_N_GENERIC_ARGS, p->at);
    p_at(p, node)->op = 1;
    list l = {0}, inputs = {0};
    u32 tuple = p_node(p, PT_N_TYPE_TUPLE, p->at);
    p_next(p);
    while (p->at < p->end && !p_is(p, PT_T_CLOSE_PAREN)) {
        u32 before = p->at;
        if (p_is(p, PT_T_DOT_DOT)) p_next(p);
        else p_add(p, &inputs, p_type(p, true));
        if (!p_eat(p, PT_T_COMMA) && !p_is(p, PT_T_CLOSE_PAREN)) p_error(p, "expected `,` or `)`");
        if (p->at == before) p_skip_tree(p);
    }
    p_expect(p, PT_T_CLOSE_PAREN, "expected `)`");
    p_add(p, &l, p_close(p, tuple, inputs));
    p_add(p, &l, p_return(p, false));
    return p_close(p, node, l);
}

static u32 segment(parser *p, path_style style) {
    u32 node = p_node(p, PT_N_SEGMENT, p->at);
    if (p_is(p, PT_T_DOLLAR)) p_next(p);
    p_at(p, node)->name = p->at;
    p_next(p);
    list l = {0};
    if (style == PATH_TYPE) {
        if (p_is(p, PT_T_LESS) || p_is(p, PT_T_SHL)) p_add(p, &l, generic_args(p));
        else if (p_is(p, PT_T_COLON_COLON) && (p_peek(p, 1) == PT_T_LESS || p_peek(p, 1) == PT_T_SHL))
            p_next(p), p_add(p, &l, generic_args(p));
        else if (p_is(p, PT_T_OPEN_PAREN)) p_add(p, &l, sugared_args(p));
        else if (p_is(p, PT_T_COLON_COLON) && p_peek(p, 1) == PT_T_OPEN_PAREN) p_next(p), p_add(p, &l, sugared_args(p));
    } else if (style == PATH_EXPRESSION && p_is(p, PT_T_COLON_COLON) &&
               (p_peek(p, 1) == PT_T_LESS || p_peek(p, 1) == PT_T_SHL)) {
        p_next(p);
        p_add(p, &l, generic_args(p));
    }
    return p_close(p, node, l);
}

static bool segment_starts(const parser *p, u32 ahead) {
    u8 kind = ahead ? p_peek(p, ahead) : p->kind;
    return kind == PT_T_IDENT || kind == PT_K_SELF_LOWER || kind == PT_K_SELF_UPPER || kind == PT_K_SUPER ||
           kind == PT_K_CRATE || (kind == PT_T_DOLLAR && p_peek(p, ahead + 1) == PT_K_CRATE);
}

u32 p_path(parser *p, path_style style) {
    u32 node = p_node(p, PT_N_PATH, p->at);
    list l = {0};
    p->depth++;
    if (p_deeper(p) && (p_is(p, PT_T_LESS) || p_is(p, PT_T_SHL))) {
        u32 qualified = p_node(p, PT_N_QUALIFIED_SELF, p->at);
        list parts = {0};
        p_eat_split(p, PT_T_LESS);
        p_add(p, &parts, p_type(p, true));
        if (p_eat(p, PT_K_AS)) p_add(p, &parts, p_path(p, PATH_TYPE));
        if (!p_eat_split(p, PT_T_GREATER)) p_error(p, "expected `>`");
        p_add(p, &l, p_close(p, qualified, parts));
        p_expect(p, PT_T_COLON_COLON, "expected `::`");
    } else if (p_eat(p, PT_T_COLON_COLON)) {
        p_at(p, node)->op = 1;
    }
    if (!segment_starts(p, 0)) p_error(p, "expected a path");
    while (segment_starts(p, 0)) {
        p_add(p, &l, segment(p, style));
        if (!p_is(p, PT_T_COLON_COLON) || !segment_starts(p, 1)) break;
        p_next(p);
    }
    p->depth--;
    return p_close(p, node, l);
}

bool pt_macro_makes_no_items(pt_str name) {
    static const char *const names[] = {"assert",
                                        "assert_eq",
                                        "assert_ne",
                                        "cfg",
                                        "column",
                                        "compile_error",
                                        "concat",
                                        "dbg",
                                        "debug_assert",
                                        "debug_assert_eq",
                                        "debug_assert_ne",
                                        "env",
                                        "eprint",
                                        "eprintln",
                                        "file",
                                        "format",
                                        "format_args",
                                        "include_bytes",
                                        "include_str",
                                        "line",
                                        "matches",
                                        "module_path",
                                        "option_env",
                                        "panic",
                                        "print",
                                        "println",
                                        "stringify",
                                        "todo",
                                        "unimplemented",
                                        "unreachable",
                                        "vec",
                                        "write",
                                        "writeln"};
    u32 low = 0, high = PT_COUNT_OF(names);
    while (low < high) {
        u32 middle = (low + high) / 2;
        int order = pt_str_compare(pt_str_of(names[middle]), name);
        if (!order) return true;
        if (order < 0) low = middle + 1;
        else high = middle;
    }
    return false;
}

u32 p_macro_call(parser *p, u32 path, u32 start) {
    u32 node = p_node(p, PT_N_MACRO_CALL, start);
    p_next(p); /* ! */
    p_at(p, node)->extra = p->at;
    list l = {0};
    p_add(p, &l, path);
    if (!pt_macro_makes_no_items(pt_token_text(p->text, &p->tokens[p_at(p, path)->end - 1]))) p->block_items++;
    if (pt_token_is_open(p->kind)) p_skip_tree(p);
    else p_error(p, "expected a macro's arguments");
    return p_close(p, node, l);
}

u32 p_return(parser *p, bool plus_allowed) {
    if (!p_is(p, PT_T_ARROW)) return 0;
    u32 node = p_node(p, PT_N_RETURN, p->at);
    list l = {0};
    p_next(p);
    p_add(p, &l, p_type(p, plus_allowed));
    return p_close(p, node, l);
}

static u32 bound(parser *p) {
    if (p_is(p, PT_T_LIFETIME)) {
        u32 node = p_node(p, PT_N_BOUND_LIFETIME, p->at);
        p_next(p);
        return p_close(p, node, (list){0});
    }
    u32 node = p_node(p, PT_N_BOUND, p->at);
    list l = {0};
    if (p_is(p, PT_K_USE)) { /* use<'a, T>: precise captures name nothing new */
        p_next(p);
        p_at(p, node)->kind = PT_N_BOUND_LIFETIME;
        if (p_is(p, PT_T_LESS)) generic_args(p);
        return p_close(p, node, l);
    }
    u32 parenthesis = 0;
    if (p_is(p, PT_T_OPEN_PAREN)) parenthesis = 1, p_next(p);
    p_for_lifetimes(p);
    if (p_is(p, PT_T_QUESTION)) p_at(p, node)->op = '?', p_next(p);
    else if (p_is(p, PT_T_BANG)) p_at(p, node)->op = '!', p_next(p);
    else if (p_is(p, PT_T_TILDE)) p_at(p, node)->op = '~', p_next(p), p_eat(p, PT_K_CONST);
    else if (p_is(p, PT_T_OPEN_BRACKET) && p_peek(p, 1) == PT_K_CONST) p_at(p, node)->op = '~', p_skip_tree(p);
    else if (p_is(p, PT_K_CONST) || p_is(p, PT_K_ASYNC)) p_next(p);
    p_for_lifetimes(p);
    if (p_path_starts(p)) p_add(p, &l, p_path(p, PATH_TYPE));
    else p_error(p, "expected a bound");
    if (parenthesis) p_expect(p, PT_T_CLOSE_PAREN, "expected `)`");
    return p_close(p, node, l);
}

static bool bound_starts(const parser *p) {
    return p_is(p, PT_T_LIFETIME) || p_is(p, PT_T_QUESTION) || p_is(p, PT_T_TILDE) || p_is(p, PT_T_BANG) ||
           p_is(p, PT_T_OPEN_PAREN) || (p_is(p, PT_K_FOR) && p_peek(p, 1) == PT_T_LESS) || p_is(p, PT_K_USE) ||
           (p_is(p, PT_K_CONST) && p_peek(p, 1) != PT_T_OPEN_BRACE) || p_is(p, PT_K_ASYNC) ||
           (p_is(p, PT_T_OPEN_BRACKET) && p_peek(p, 1) == PT_K_CONST) || p_path_starts(p);
}

/* Bounds joined by +; may be empty. */
u32 p_bounds(parser *p) {
    u32 node = p_node(p, PT_N_BOUNDS, p->at);
    list l = {0};
    while (bound_starts(p)) {
        p_add(p, &l, bound(p));
        if (!p_eat_split(p, PT_T_PLUS)) break;
    }
    return p_close(p, node, l);
}

u32 p_generics(parser *p) {
    if (!p_is(p, PT_T_LESS)) return 0;
    u32 node = p_node(p, PT_N_GENERICS, p->at);
    list l = {0};
    p_next(p);
    while (p->at < p->end && !p_is_split(p, PT_T_GREATER)) {
        u32 before = p->at;
        list parts = {0}, ignored = {0};
        p_attributes(p, &ignored, false);
        u32 parameter;
        if (p_is(p, PT_T_LIFETIME)) {
            parameter = p_node(p, PT_N_GENERIC_LIFETIME, p->at);
            p_at(p, parameter)->name = p->at;
            p_next(p);
            if (p_eat(p, PT_T_COLON)) p_bounds(p);
        } else if (p_is(p, PT_K_CONST)) {
            parameter = p_node(p, PT_N_GENERIC_CONST, p->at);
            p_next(p);
            p_at(p, parameter)->name = p->at;
            p_expect(p, PT_T_IDENT, "expected a name");
            if (p_expect(p, PT_T_COLON, "expected `:`")) p_add(p, &parts, p_type(p, false));
            if (p_eat(p, PT_T_EQ)) {
                if (literal_starts(p) || p_is(p, PT_T_OPEN_BRACE)) p_add(p, &parts, const_argument(p));
                else p_type(p, false);
            }
        } else {
            parameter = p_node(p, PT_N_GENERIC_TYPE, p->at);
            p_at(p, parameter)->name = p->at;
            if (!p_expect(p, PT_T_IDENT, "expected a generic parameter")) {
                if (!p_is(p, PT_T_COMMA)) break;
            }
            if (p_eat(p, PT_T_COLON)) p_add(p, &parts, p_bounds(p));
            if (p_eat(p, PT_T_EQ)) p_add(p, &parts, p_type(p, true));
        }
        p_add(p, &l, p_close(p, parameter, parts));
        if (!p_eat(p, PT_T_COMMA) && !p_is_split(p, PT_T_GREATER)) {
            p_error(p, "expected `,` or `>`");
            if (p->at == before) break;
        }
    }
    if (!p_eat_split(p, PT_T_GREATER)) p_error(p, "expected `>`");
    return p_close(p, node, l);
}

u32 p_where(parser *p) {
    if (!p_is(p, PT_K_WHERE)) return 0;
    u32 node = p_node(p, PT_N_WHERE, p->at);
    list l = {0};
    p_next(p);
    while (p->at < p->end && !p_is(p, PT_T_OPEN_BRACE) && !p_is(p, PT_T_SEMICOLON) && !p_is(p, PT_T_EQ)) {
        u32 before = p->at;
        list ignored = {0};
        p_attributes(p, &ignored, false);
        if (p_is(p, PT_T_LIFETIME)) {
            p_next(p);
            if (p_expect(p, PT_T_COLON, "expected `:`")) p_bounds(p);
        } else {
            u32 predicate = p_node(p, PT_N_PREDICATE, p->at);
            list parts = {0};
            p_for_lifetimes(p);
            p_add(p, &parts, p_type(p, false));
            if (p_eat(p, PT_T_COLON)) p_add(p, &parts, p_bounds(p));
            else if (p_is(p, PT_T_EQ) || p_is(p, PT_T_EQ_EQ)) p_next(p), p_type(p, false);
            else p_error(p, "expected `:`");
            p_add(p, &l, p_close(p, predicate, parts));
        }
        if (p->at == before) break;
        if (!p_eat(p, PT_T_COMMA)) break;
    }
    return p_close(p, node, l);
}

static u32 fn_type(parser *p) {
    u32 node = p_node(p, PT_N_TYPE_FN, p->at);
    list l = {0};
    if (p_eat(p, PT_K_UNSAFE) || (p_is_word(p, 0, "safe") && (p_next(p), true))) {}
    if (p_eat(p, PT_K_EXTERN)) p_eat(p, PT_T_STRING);
    p_expect(p, PT_K_FN, "expected `fn`");
    if (p_expect(p, PT_T_OPEN_PAREN, "expected `(`")) {
        while (p->at < p->end && !p_is(p, PT_T_CLOSE_PAREN)) {
            u32 before = p->at;
            list ignored = {0};
            p_attributes(p, &ignored, false);
            if (p_is(p, PT_T_DOT_DOT_DOT)) p_next(p);
            else {
                u32 parameter = p_node(p, PT_N_PARAM, p->at);
                list parts = {0};
                if ((p_is(p, PT_T_IDENT) || p_is(p, PT_T_UNDERSCORE) || p_is(p, PT_K_SELF_LOWER)) &&
                    p_peek(p, 1) == PT_T_COLON) {
                    p_next(p);
                    p_next(p);
                } else if (p_is(p, PT_K_MUT) && p_peek(p, 2) == PT_T_COLON) {
                    p_next(p), p_next(p), p_next(p);
                }
                if (p_is(p, PT_T_DOT_DOT_DOT)) p_next(p);
                else p_add(p, &parts, p_type(p, true));
                p_add(p, &l, p_close(p, parameter, parts));
            }
            if (!p_eat(p, PT_T_COMMA) && !p_is(p, PT_T_CLOSE_PAREN)) p_error(p, "expected `,` or `)`");
            if (p->at == before) p_skip_tree(p);
        }
        p_expect(p, PT_T_CLOSE_PAREN, "expected `)`");
    }
    p_add(p, &l, p_return(p, false));
    return p_close(p, node, l);
}

/* `A + B` without dyn (editions before 2021): the bound read first is `first`. */
static u32 bare_trait_object(parser *p, u32 node, u32 first_path) {
    u32 bounds = p_node(p, PT_N_BOUNDS, p_at(p, node)->token);
    u32 one = p_node(p, PT_N_BOUND, p_at(p, node)->token);
    list l = {0}, all = {0}, whole = {0};
    p_add(p, &l, first_path);
    p_add(p, &all, p_close(p, one, l));
    while (p_eat_split(p, PT_T_PLUS) && bound_starts(p)) p_add(p, &all, bound(p));
    p_add(p, &whole, p_close(p, bounds, all));
    p_at(p, node)->kind = PT_N_TYPE_DYN;
    return p_close(p, node, whole);
}

static u32 type_inner(parser *p, bool plus_allowed) {
    u32 start = p->at;
    u32 node;
    list l = {0};
    switch (p->kind) {
    case PT_T_BANG:
        node = p_node(p, PT_N_TYPE_NEVER, start);
        p_next(p);
        return p_close(p, node, l);
    case PT_T_UNDERSCORE:
        node = p_node(p, PT_N_TYPE_INFER, start);
        p_next(p);
        return p_close(p, node, l);
    case PT_T_AND:
    case PT_T_AND_AND:
        node = p_node(p, PT_N_TYPE_REF, start);
        p_eat_split(p, PT_T_AND);
        if (p_is(p, PT_T_LIFETIME)) p_next(p);
        if (p_is_word(p, 0, "pin") && (p_peek(p, 1) == PT_K_MUT || p_peek(p, 1) == PT_K_CONST))
            p_next(p), p_eat(p, PT_K_CONST);
        if (p_eat(p, PT_K_MUT)) p_at(p, node)->op = 1;
        p_add(p, &l, p_type(p, false));
        return p_close(p, node, l);
    case PT_T_STAR:
        node = p_node(p, PT_N_TYPE_PTR, start);
        p_next(p);
        if (p_eat(p, PT_K_MUT)) p_at(p, node)->op = 1;
        else p_expect(p, PT_K_CONST, "expected `mut` or `const`");
        p_add(p, &l, p_type(p, false));
        return p_close(p, node, l);
    case PT_T_OPEN_BRACKET:
        node = p_node(p, PT_N_TYPE_SLICE, start);
        p_next(p);
        p_add(p, &l, p_type(p, true));
        if (p_eat(p, PT_T_SEMICOLON)) {
            p_at(p, node)->kind = PT_N_TYPE_ARRAY;
            p_add(p, &l, p_expression(p, 0));
        }
        p_expect(p, PT_T_CLOSE_BRACKET, "expected `]`");
        return p_close(p, node, l);
    case PT_T_OPEN_PAREN: {
        u32 close = p_partner(p);
        bool comma = false;
        u32 count = 0;
        node = p_node(p, PT_N_TYPE_TUPLE, start);
        p_next(p);
        while (p->at < p->end && !p_is(p, PT_T_CLOSE_PAREN)) {
            u32 before = p->at;
            p_add(p, &l, p_type(p, true));
            count++;
            if (p_eat(p, PT_T_COMMA)) comma = true;
            else if (!p_is(p, PT_T_CLOSE_PAREN)) {
                p_error(p, "expected `,` or `)`");
                if (p->at == before) p_skip_tree(p);
            }
            if (p->at > close) break;
        }
        p_expect(p, PT_T_CLOSE_PAREN, "expected `)`");
        if (count == 1 && !comma) {
            if (plus_allowed && p_is_split(p, PT_T_PLUS) && p_at(p, l.first)->kind == PT_N_TYPE_PATH)
                return bare_trait_object(p, node, p_at(p, l.first)->child);
            return l.first; /* only parentheses */
        }
        return p_close(p, node, l);
    }
    case PT_K_IMPL:
    case PT_K_DYN:
        node = p_node(p, p_is(p, PT_K_IMPL) ? PT_N_TYPE_IMPL : PT_N_TYPE_DYN, start);
        p_next(p);
        p_eat(p, PT_T_STAR); /* dyn*, while it was unstable */
        if (plus_allowed) p_add(p, &l, p_bounds(p));
        else {
            u32 bounds = p_node(p, PT_N_BOUNDS, p->at);
            list one = {0};
            p_add(p, &one, bound(p));
            if (p_is(p, PT_T_PLUS)) /* `&dyn A + B` is an error in rustc; read all the same */
                while (p_eat(p, PT_T_PLUS) && bound_starts(p)) p_add(p, &one, bound(p));
            p_add(p, &l, p_close(p, bounds, one));
        }
        return p_close(p, node, l);
    case PT_K_FN:
    case PT_K_UNSAFE:
    case PT_K_EXTERN: return fn_type(p);
    case PT_K_FOR:
        p_for_lifetimes(p);
        if (p_is(p, PT_K_FN) || p_is(p, PT_K_UNSAFE) || p_is(p, PT_K_EXTERN)) return fn_type(p);
        node = p_node(p, PT_N_TYPE_DYN, start);
        if (p_is(p, PT_K_DYN)) p_next(p);
        return bare_trait_object(p, node, p_path(p, PATH_TYPE));
    case PT_T_QUESTION:
    case PT_T_LIFETIME:
        node = p_node(p, PT_N_TYPE_DYN, start);
        p_add(p, &l, p_bounds(p));
        return p_close(p, node, l);
    case PT_K_TYPE: /* `type` as a generic argument's name is no type */
    default: break;
    }
    if (p_is_word(p, 0, "dyn") && p->edition < 2018 &&
        (p_peek(p, 1) == PT_T_IDENT || p_peek(p, 1) == PT_T_LIFETIME || p_peek(p, 1) == PT_K_FOR ||
         p_peek(p, 1) == PT_T_QUESTION || p_peek(p, 1) == PT_T_OPEN_PAREN || p_peek(p, 1) == PT_K_CRATE ||
         p_peek(p, 1) == PT_K_SELF_LOWER || p_peek(p, 1) == PT_K_SUPER)) {
        node = p_node(p, PT_N_TYPE_DYN, start);
        p_next(p);
        p_add(p, &l, p_bounds(p));
        return p_close(p, node, l);
    }
    if (p_path_starts(p)) {
        node = p_node(p, PT_N_TYPE_PATH, start);
        u32 path = p_path(p, PATH_TYPE);
        if (p_is(p, PT_T_BANG) &&
            (p_peek(p, 1) == PT_T_OPEN_PAREN || p_peek(p, 1) == PT_T_OPEN_BRACE || p_peek(p, 1) == PT_T_OPEN_BRACKET))
            return p_macro_call(p, path, start);
        if (plus_allowed && p_is_split(p, PT_T_PLUS)) return bare_trait_object(p, node, path);
        p_add(p, &l, path);
        return p_close(p, node, l);
    }
    p_error(p, "expected a type");
    node = p_node(p, PT_N_TYPE_ERROR, start);
    return p_close(p, node, l);
}

u32 p_type(parser *p, bool plus_allowed) {
    p->depth++;
    u32 node;
    if (p_deeper(p)) node = type_inner(p, plus_allowed);
    else {
        node = p_node(p, PT_N_TYPE_ERROR, p->at);
        p_skip_tree(p);
    }
    p->depth--;
    return node;
}
