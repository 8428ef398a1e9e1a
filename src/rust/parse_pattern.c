/* Patterns. */
#include "rust/parser_internal.h"

static u32 range_end(parser *p) {
    if (p_path_starts(p)) {
        u32 node = p_node(p, PT_N_E_PATH, p->at);
        list l = {0};
        p_add(p, &l, p_path(p, PATH_EXPRESSION));
        return p_close(p, node, l);
    }
    if (p_is(p, PT_K_CONST)) return p_next(p), p_block(p, PT_BLOCK_CONST);
    return p_literal_expression(p);
}

static bool range_end_starts(const parser *p) {
    switch (p->kind) {
    case PT_T_INT:
    case PT_T_FLOAT:
    case PT_T_CHAR:
    case PT_T_BYTE:
    case PT_T_STRING:
    case PT_T_BYTE_STRING:
    case PT_T_MINUS: return true;
    case PT_K_CONST: return p_peek(p, 1) == PT_T_OPEN_BRACE;
    default: return p_path_starts(p);
    }
}

static bool is_range(const parser *p) {
    return p_is(p, PT_T_DOT_DOT) || p_is(p, PT_T_DOT_DOT_EQ) || p_is(p, PT_T_DOT_DOT_DOT);
}

static u32 finish_range(parser *p, u32 low, u32 start) {
    u32 node = p_node(p, PT_N_PAT_RANGE, start);
    list l = {0};
    p_add(p, &l, low);
    p_next(p);
    if (range_end_starts(p)) p_add(p, &l, range_end(p));
    return p_close(p, node, l);
}

static void pattern_list(parser *p, list *l, u8 close) {
    while (p->at < p->end && !p_is(p, close)) {
        u32 before = p->at;
        list ignored = {0};
        p_attributes(p, &ignored, false);
        p_add(p, l, p_pattern(p));
        if (!p_eat(p, PT_T_COMMA) && !p_is(p, close)) p_error(p, "expected `,`");
        if (p->at == before) p_skip_tree(p);
    }
    p_expect(p, close, "unclosed pattern");
}

static void field_patterns(parser *p, list *l) {
    while (p->at < p->end && !p_is(p, PT_T_CLOSE_BRACE)) {
        u32 before = p->at;
        list parts = {0};
        p_attributes(p, &parts, false);
        if (p_eat(p, PT_T_DOT_DOT)) {
        } else {
            u32 field = p_node(p, PT_N_PAT_FIELD, p->at);
            if ((p_is(p, PT_T_IDENT) || p_is(p, PT_T_INT)) && p_peek(p, 1) == PT_T_COLON) {
                p_at(p, field)->name = p->at;
                p_next(p);
                p_next(p);
                p_add(p, &parts, p_pattern(p));
            } else {
                u32 binding = p_pattern_single(p); /* [box] [ref] [mut] name */
                u32 named = p_at(p, binding)->kind == PT_N_PAT_BOX ? p_at(p, binding)->child : binding;
                p_at(p, field)->op = 1;
                p_at(p, field)->name =
                    named && p_at(p, named)->kind == PT_N_PAT_IDENT ? p_at(p, named)->name : p_at(p, binding)->token;
                p_add(p, &parts, binding);
            }
            p_add(p, l, p_close(p, field, parts));
        }
        if (!p_eat(p, PT_T_COMMA) && !p_is(p, PT_T_CLOSE_BRACE)) p_error(p, "expected `,` or `}`");
        if (p->at == before) p_skip_tree(p);
    }
    p_expect(p, PT_T_CLOSE_BRACE, "expected `}`");
}

static u32 path_pattern(parser *p) {
    u32 start = p->at;
    list l = {0};
    u32 path = p_path(p, PATH_EXPRESSION);
    u32 node;
    if (p_is(p, PT_T_BANG) && pt_token_is_open(p_peek(p, 1))) return p_macro_call(p, path, start);
    if (p_is(p, PT_T_OPEN_PAREN)) {
        node = p_node(p, PT_N_PAT_TUPLE_STRUCT, start);
        p_add(p, &l, path);
        p_next(p);
        pattern_list(p, &l, PT_T_CLOSE_PAREN);
        return p_close(p, node, l);
    }
    if (p_is(p, PT_T_OPEN_BRACE)) {
        node = p_node(p, PT_N_PAT_STRUCT, start);
        p_add(p, &l, path);
        p_next(p);
        field_patterns(p, &l);
        return p_close(p, node, l);
    }
    if (is_range(p)) {
        u32 low = p_node(p, PT_N_E_PATH, start);
        p_add(p, &l, path);
        return finish_range(p, p_close(p, low, l), start);
    }
    node = p_node(p, PT_N_PAT_PATH, start);
    p_add(p, &l, path);
    return p_close(p, node, l);
}

static u32 single_inner(parser *p) {
    u32 start = p->at, node;
    list l = {0};
    switch (p->kind) {
    case PT_T_UNDERSCORE:
    case PT_T_BANG:
        node = p_node(p, PT_N_PAT_WILD, start);
        p_next(p);
        return p_close(p, node, l);
    case PT_T_DOT_DOT:
    case PT_T_DOT_DOT_EQ:
    case PT_T_DOT_DOT_DOT:
        if (p_is(p, PT_T_DOT_DOT)) {
            node = p_node(p, PT_N_PAT_REST, start);
            p_next(p);
            if (!range_end_starts(p)) return p_close(p, node, l);
            p_at(p, node)->kind = PT_N_PAT_RANGE;
            p_add(p, &l, range_end(p));
            return p_close(p, node, l);
        }
        return finish_range(p, 0, start);
    case PT_T_AND:
    case PT_T_AND_AND:
        node = p_node(p, PT_N_PAT_REF, start);
        p_eat_split(p, PT_T_AND);
        if (p_eat(p, PT_K_MUT)) p_at(p, node)->op = 1;
        p_add(p, &l, p_pattern_single(p));
        return p_close(p, node, l);
    case PT_T_OPEN_PAREN: {
        node = p_node(p, PT_N_PAT_TUPLE, start);
        p_next(p);
        u32 before_close = p->at;
        pattern_list(p, &l, PT_T_CLOSE_PAREN);
        bool comma = p->at >= 2 && p->at - 2 >= before_close && p->tokens[p->at - 2].kind == PT_T_COMMA;
        if (l.first && l.first == l.last && !comma && p_at(p, l.first)->kind != PT_N_PAT_REST) return l.first;
        return p_close(p, node, l);
    }
    case PT_T_OPEN_BRACKET:
        node = p_node(p, PT_N_PAT_SLICE, start);
        p_next(p);
        pattern_list(p, &l, PT_T_CLOSE_BRACKET);
        return p_close(p, node, l);
    case PT_K_BOX:
        node = p_node(p, PT_N_PAT_BOX, start);
        p_next(p);
        p_add(p, &l, p_pattern_single(p));
        return p_close(p, node, l);
    case PT_K_CONST:
        node = p_node(p, PT_N_PAT_CONST, start);
        p_next(p);
        p_add(p, &l, p_block(p, PT_BLOCK_CONST));
        p_close(p, node, l);
        return is_range(p) ? finish_range(p, node, start) : node;
    case PT_K_REF:
    case PT_K_MUT:
        node = p_node(p, PT_N_PAT_IDENT, start);
        if (p_eat(p, PT_K_MUT)) { /* `mut ref x` is experimental */
            p_at(p, node)->op = 2;
        }
        if (p_eat(p, PT_K_REF)) {
            p_at(p, node)->op |= 1;
            if (p_eat(p, PT_K_MUT)) p_at(p, node)->op |= 2;
        }
        p_at(p, node)->name = p->at;
        if (p_is(p, PT_K_SELF_LOWER)) p_next(p);
        else p_expect(p, PT_T_IDENT, "expected a name");
        if (p_eat(p, PT_T_AT)) p_add(p, &l, p_pattern_single(p));
        return p_close(p, node, l);
    case PT_T_INT:
    case PT_T_FLOAT:
    case PT_T_CHAR:
    case PT_T_BYTE:
    case PT_T_STRING:
    case PT_T_BYTE_STRING:
    case PT_T_C_STRING:
    case PT_T_MINUS:
    case PT_K_TRUE:
    case PT_K_FALSE: {
        u32 literal = p_literal_expression(p);
        if (is_range(p)) return finish_range(p, literal, start);
        node = p_node(p, PT_N_PAT_LITERAL, start);
        p_add(p, &l, literal);
        return p_close(p, node, l);
    }
    case PT_T_IDENT: {
        u8 after = p_peek(p, 1);
        if (after == PT_T_COLON_COLON || after == PT_T_OPEN_PAREN || after == PT_T_OPEN_BRACE ||
            after == PT_T_DOT_DOT || after == PT_T_DOT_DOT_EQ || after == PT_T_DOT_DOT_DOT ||
            (after == PT_T_BANG && pt_token_is_open(p_peek(p, 2))))
            return path_pattern(p);
        node = p_node(p, PT_N_PAT_IDENT, start);
        p_at(p, node)->name = start;
        p_next(p);
        if (p_eat(p, PT_T_AT)) p_add(p, &l, p_pattern_single(p));
        return p_close(p, node, l);
    }
    default: break;
    }
    if (p_path_starts(p)) return path_pattern(p);
    p_error(p, "expected a pattern");
    node = p_node(p, PT_N_PAT_ERROR, start);
    return p_close(p, node, l);
}

u32 p_pattern_single(parser *p) {
    p->depth++;
    u32 node;
    if (p_deeper(p)) node = single_inner(p);
    else {
        node = p_node(p, PT_N_PAT_ERROR, p->at);
        p_skip_tree(p);
    }
    p->depth--;
    return node;
}

u32 p_pattern(parser *p) {
    u32 start = p->at;
    p_eat(p, PT_T_OR);
    u32 first = p_pattern_single(p);
    if (!p_is(p, PT_T_OR)) return first;
    u32 node = p_node(p, PT_N_PAT_OR, start);
    list l = {0};
    p_add(p, &l, first);
    while (p_eat(p, PT_T_OR)) p_add(p, &l, p_pattern_single(p));
    return p_close(p, node, l);
}
