/* parse_expression.c: expressions. */
#include "rust/parser_internal.h"

static u32 finish1(parser *p, u8 kind, u32 start, u8 op, u32 a) {
    u32 node = p_node(p, kind, start);
    list l = {0};
    p_at(p, node)->op = op;
    p_add(p, &l, a);
    return p_close(p, node, l);
}
static u32 finish2(parser *p, u8 kind, u32 start, u8 op, u32 a, u32 b) {
    u32 node = p_node(p, kind, start);
    list l = {0};
    p_at(p, node)->op = op;
    p_add(p, &l, a);
    p_add(p, &l, b);
    return p_close(p, node, l);
}

u32 p_literal_expression(parser *p) {
    u32 start = p->at;
    if (p_eat(p, PT_T_MINUS)) return finish1(p, PT_N_E_UNARY, start, PT_T_MINUS, p_literal_expression(p));
    u32 node = p_node(p, PT_N_E_LITERAL, start);
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
        p_at(p, node)->op = p->kind;
        p_next(p);
        break;
    default: p_error(p, "expected a literal"); p_at(p, node)->kind = PT_N_E_ERROR;
    }
    return p_close(p, node, (list){0});
}

bool p_is_block_like(const pt_node *node) {
    switch (node->kind) {
    case PT_N_BLOCK:
    case PT_N_E_IF:
    case PT_N_E_MATCH:
    case PT_N_E_LOOP:
    case PT_N_E_WHILE:
    case PT_N_E_FOR: return true;
    default: return false;
    }
}

bool p_expression_starts(const parser *p) {
    switch (p->kind) {
    case PT_T_IDENT:
    case PT_T_LIFETIME:
    case PT_T_INT:
    case PT_T_FLOAT:
    case PT_T_CHAR:
    case PT_T_BYTE:
    case PT_T_STRING:
    case PT_T_BYTE_STRING:
    case PT_T_C_STRING:
    case PT_T_UNDERSCORE:
    case PT_T_OPEN_PAREN:
    case PT_T_OPEN_BRACE:
    case PT_T_OPEN_BRACKET:
    case PT_T_POUND:
    case PT_T_BANG:
    case PT_T_MINUS:
    case PT_T_STAR:
    case PT_T_AND:
    case PT_T_AND_AND:
    case PT_T_OR:
    case PT_T_OR_OR:
    case PT_T_LESS:
    case PT_T_SHL:
    case PT_T_COLON_COLON:
    case PT_T_DOT_DOT:
    case PT_T_DOT_DOT_EQ:
    case PT_T_DOT_DOT_DOT:
    case PT_K_ASYNC:
    case PT_K_BOX:
    case PT_K_BREAK:
    case PT_K_CONST:
    case PT_K_CONTINUE:
    case PT_K_CRATE:
    case PT_K_DO:
    case PT_K_FALSE:
    case PT_K_FOR:
    case PT_K_IF:
    case PT_K_LET:
    case PT_K_LOOP:
    case PT_K_MATCH:
    case PT_K_MOVE:
    case PT_K_RETURN:
    case PT_K_SELF_LOWER:
    case PT_K_SELF_UPPER:
    case PT_K_STATIC:
    case PT_K_SUPER:
    case PT_K_TRUE:
    case PT_K_TRY:
    case PT_K_UNSAFE:
    case PT_K_WHILE:
    case PT_K_YIELD: return true;
    case PT_T_DOLLAR: return p_peek(p, 1) == PT_K_CRATE;
    default: return false;
    }
}

/* Binding power of a binary operator, 0 when the token is none. */
static u32 power(u8 kind) {
    switch (kind) {
    case PT_T_STAR:
    case PT_T_SLASH:
    case PT_T_PERCENT: return 11;
    case PT_T_PLUS:
    case PT_T_MINUS: return 10;
    case PT_T_SHL:
    case PT_T_SHR: return 9;
    case PT_T_AND: return 8;
    case PT_T_CARET: return 7;
    case PT_T_OR: return 6;
    case PT_T_EQ_EQ:
    case PT_T_NOT_EQ:
    case PT_T_LESS:
    case PT_T_GREATER:
    case PT_T_LESS_EQ:
    case PT_T_GREATER_EQ: return 5;
    case PT_T_AND_AND: return 4;
    case PT_T_OR_OR: return 3;
    case PT_T_DOT_DOT:
    case PT_T_DOT_DOT_EQ:
    case PT_T_DOT_DOT_DOT: return 2;
    case PT_T_EQ:
    case PT_T_PLUS_EQ:
    case PT_T_MINUS_EQ:
    case PT_T_STAR_EQ:
    case PT_T_SLASH_EQ:
    case PT_T_PERCENT_EQ:
    case PT_T_CARET_EQ:
    case PT_T_AND_EQ:
    case PT_T_OR_EQ:
    case PT_T_SHL_EQ:
    case PT_T_SHR_EQ: return 1;
    case PT_K_AS: return 12;
    default: return 0;
    }
}

static u32 binary(parser *p, u32 minimum, u32 restrictions);

static void arguments(parser *p, list *l, u8 close) {
    p_next(p);
    while (p->at < p->end && !p_is(p, close)) {
        u32 before = p->at;
        p_add(p, l, p_expression(p, 0));
        if (!p_eat(p, PT_T_COMMA) && !p_is(p, close)) {
            p_error(p, "expected `,`");
            if (p->at == before || p_is(p, PT_T_SEMICOLON) || !p_expression_starts(p)) p_skip_tree(p);
        }
    }
    p_expect(p, close, "unclosed delimiter");
}

static u32 closure(parser *p, u32 start) {
    u8 op = 0;
    p_for_lifetimes(p);
    for (;; p_next(p)) {
        if (p_is(p, PT_K_ASYNC)) op = 1;
        else if (!p_is(p, PT_K_STATIC) && !p_is(p, PT_K_MOVE) && !p_is(p, PT_K_CONST)) break;
    }
    if (p_is_word(p, 0, "gen")) p_next(p), p_eat(p, PT_K_MOVE);
    u32 node = p_node(p, PT_N_E_CLOSURE, start);
    p_at(p, node)->op = op;
    list l = {0};
    p_add(p, &l, p_params(p, true));
    u32 result = p_return(p, false);
    p_add(p, &l, result);
    if (result && p_is(p, PT_T_OPEN_BRACE)) p_add(p, &l, p_block(p, PT_BLOCK_PLAIN));
    else p_add(p, &l, p_expression(p, 0));
    return p_close(p, node, l);
}

static u32 condition(parser *p) { return p_expression(p, NO_STRUCT); }

static u32 if_expression(parser *p) {
    u32 start = p->at;
    u32 node = p_node(p, PT_N_E_IF, start);
    list l = {0};
    p_next(p);
    p_add(p, &l, condition(p));
    p_add(p, &l, p_block(p, PT_BLOCK_PLAIN));
    if (p_eat(p, PT_K_ELSE)) {
        if (p_is(p, PT_K_IF)) {
            p->depth++;
            if (p_deeper(p)) p_add(p, &l, if_expression(p));
            else p_next(p);
            p->depth--;
        } else {
            p_add(p, &l, p_block(p, PT_BLOCK_PLAIN));
        }
    }
    return p_close(p, node, l);
}

static u32 match_arms(parser *p, u32 start, list l) {
    u32 node = p_node(p, PT_N_E_MATCH, start);
    if (!p_expect(p, PT_T_OPEN_BRACE, "expected `{`")) return p_close(p, node, l);
    list inner = {0};
    p_attributes(p, &inner, true);
    while (p->at < p->end && !p_is(p, PT_T_CLOSE_BRACE)) {
        u32 before = p->at;
        list parts = {0};
        p_attributes(p, &parts, false);
        u32 arm = p_node(p, PT_N_ARM, p->at);
        p_add(p, &parts, p_pattern(p));
        if (p_eat(p, PT_K_IF)) {
            p_at(p, arm)->flags |= PT_F_HAS_GUARD;
            p_add(p, &parts, p_expression(p, 0));
        }
        if (p_expect(p, PT_T_FAT_ARROW, "expected `=>`")) {
            u32 body = p_expression(p, STATEMENT);
            p_add(p, &parts, body);
            p_add(p, &l, p_close(p, arm, parts));
            if (!p_eat(p, PT_T_COMMA) && !p_is(p, PT_T_CLOSE_BRACE) && !p_is_block_like(p_at(p, body)))
                p_error(p, "expected `,` or `}`");
        } else {
            while (p->at < p->end && !p_is(p, PT_T_COMMA) && !p_is(p, PT_T_CLOSE_BRACE)) p_skip_tree(p);
            p_eat(p, PT_T_COMMA);
            p_add(p, &l, p_close(p, arm, parts));
        }
        if (p->at == before) p_skip_tree(p);
    }
    p_expect(p, PT_T_CLOSE_BRACE, "unclosed delimiter");
    return p_close(p, node, l);
}

static u32 match_expression(parser *p) {
    u32 start = p->at;
    list l = {0};
    p_next(p);
    p_add(p, &l, p_expression(p, NO_STRUCT));
    return match_arms(p, start, l);
}

static u32 loop_expression(parser *p, u32 start) {
    u32 node;
    list l = {0};
    switch (p->kind) {
    case PT_K_LOOP:
        node = p_node(p, PT_N_E_LOOP, start);
        p_next(p);
        break;
    case PT_K_WHILE:
        node = p_node(p, PT_N_E_WHILE, start);
        p_next(p);
        p_add(p, &l, condition(p));
        break;
    case PT_K_FOR:
        node = p_node(p, PT_N_E_FOR, start);
        p_next(p);
        p_add(p, &l, p_pattern(p));
        p_expect(p, PT_K_IN, "expected `in`");
        p_add(p, &l, p_expression(p, NO_STRUCT));
        break;
    default: return p_block(p, PT_BLOCK_PLAIN);
    }
    p_add(p, &l, p_block(p, PT_BLOCK_PLAIN));
    return p_close(p, node, l);
}

static u32 struct_literal(parser *p, u32 path, u32 start) {
    u32 node = p_node(p, PT_N_E_STRUCT, start);
    list l = {0};
    p_add(p, &l, path);
    p_next(p);
    while (p->at < p->end && !p_is(p, PT_T_CLOSE_BRACE)) {
        u32 before = p->at;
        list parts = {0};
        p_attributes(p, &parts, false);
        if (p_is(p, PT_T_DOT_DOT)) {
            p_next(p);
            u32 base = p_node(p, PT_N_BASE, p->at);
            if (!p_is(p, PT_T_CLOSE_BRACE)) p_add(p, &parts, p_expression(p, 0));
            p_add(p, &l, p_close(p, base, parts));
        } else {
            u32 field = p_node(p, PT_N_FIELD_INIT, p->at);
            p_at(p, field)->name = p->at;
            if ((p_is(p, PT_T_IDENT) || p_is(p, PT_T_INT)) && p_peek(p, 1) == PT_T_COLON) {
                p_next(p);
                p_next(p);
                p_add(p, &parts, p_expression(p, 0));
            } else if (p_is(p, PT_T_IDENT)) {
                p_at(p, field)->op = 1;
                u32 value = p_node(p, PT_N_E_PATH, p->at);
                list one = {0};
                p_add(p, &one, p_path(p, PATH_EXPRESSION));
                p_add(p, &parts, p_close(p, value, one));
            } else {
                p_error(p, "expected a field");
            }
            p_add(p, &l, p_close(p, field, parts));
        }
        if (!p_eat(p, PT_T_COMMA) && !p_is(p, PT_T_CLOSE_BRACE)) p_error(p, "expected `,` or `}`");
        if (p->at == before) p_skip_tree(p);
    }
    p_expect(p, PT_T_CLOSE_BRACE, "unclosed delimiter");
    return p_close(p, node, l);
}

static u32 path_expression(parser *p, u32 restrictions) {
    u32 start = p->at;
    u32 path = p_path(p, PATH_EXPRESSION);
    if (p_is(p, PT_T_BANG) && pt_token_is_open(p_peek(p, 1))) return p_macro_call(p, path, start);
    if (p_is(p, PT_T_OPEN_BRACE) && !(restrictions & NO_STRUCT)) return struct_literal(p, path, start);
    return finish1(p, PT_N_E_PATH, start, 0, path);
}

static u32 parenthesized(parser *p) {
    u32 start = p->at;
    list l = {0};
    bool comma = false;
    p_next(p);
    list ignored = {0};
    p_attributes(p, &ignored, true);
    while (p->at < p->end && !p_is(p, PT_T_CLOSE_PAREN)) {
        u32 before = p->at;
        p_add(p, &l, p_expression(p, 0));
        if (p_eat(p, PT_T_COMMA)) comma = true;
        else if (!p_is(p, PT_T_CLOSE_PAREN)) {
            p_error(p, "expected `,` or `)`");
            if (p->at == before || !p_expression_starts(p)) p_skip_tree(p);
        }
    }
    p_expect(p, PT_T_CLOSE_PAREN, "unclosed delimiter");
    u32 node = p_node(p, l.first && l.first == l.last && !comma ? PT_N_E_PAREN : PT_N_E_TUPLE, start);
    return p_close(p, node, l);
}

static u32 bracketed(parser *p) {
    u32 start = p->at;
    u32 node = p_node(p, PT_N_E_ARRAY, start);
    list l = {0};
    p_next(p);
    while (p->at < p->end && !p_is(p, PT_T_CLOSE_BRACKET)) {
        u32 before = p->at;
        p_add(p, &l, p_expression(p, 0));
        if (p_eat(p, PT_T_SEMICOLON)) p_at(p, node)->kind = PT_N_E_REPEAT;
        else if (!p_eat(p, PT_T_COMMA) && !p_is(p, PT_T_CLOSE_BRACKET)) {
            p_error(p, "expected `,` or `]`");
            if (p->at == before || !p_expression_starts(p)) p_skip_tree(p);
        }
    }
    p_expect(p, PT_T_CLOSE_BRACKET, "unclosed delimiter");
    return p_close(p, node, l);
}

/* return, break, yield, become ...: an operand may follow. */
static u32 jump(parser *p, u8 kind, u32 restrictions) {
    u32 start = p->at;
    u32 node = p_node(p, kind, start);
    list l = {0};
    p_next(p);
    if (kind != PT_N_E_RETURN && p_is(p, PT_T_LIFETIME) && p_peek(p, 1) != PT_T_COLON) p_next(p);
    bool brace = p_is(p, PT_T_OPEN_BRACE) && (restrictions & NO_STRUCT);
    if (kind != PT_N_E_CONTINUE && p_expression_starts(p) && !brace)
        p_add(p, &l, p_expression(p, restrictions & NO_STRUCT));
    return p_close(p, node, l);
}

static u32 block_with_keyword(parser *p, u32 tokens, u8 block_kind) {
    while (tokens--) p_next(p);
    return p_block(p, block_kind);
}

static u32 primary(parser *p, u32 restrictions) {
    u32 start = p->at, node;
    u8 next = p_peek(p, 1);
    switch (p->kind) {
    case PT_T_INT:
    case PT_T_FLOAT:
    case PT_T_CHAR:
    case PT_T_BYTE:
    case PT_T_STRING:
    case PT_T_BYTE_STRING:
    case PT_T_C_STRING:
    case PT_K_TRUE:
    case PT_K_FALSE: return p_literal_expression(p);
    case PT_T_UNDERSCORE:
        node = p_node(p, PT_N_E_UNDERSCORE, start);
        p_next(p);
        return p_close(p, node, (list){0});
    case PT_T_OPEN_PAREN: return parenthesized(p);
    case PT_T_OPEN_BRACKET: return bracketed(p);
    case PT_T_OPEN_BRACE: return p_block(p, PT_BLOCK_PLAIN);
    case PT_T_OR:
    case PT_T_OR_OR:
    case PT_K_MOVE: return closure(p, start);
    case PT_K_STATIC: return closure(p, start);
    case PT_K_FOR: return next == PT_T_LESS ? closure(p, start) : loop_expression(p, start);
    case PT_K_ASYNC:
        if (next == PT_T_OPEN_BRACE) return block_with_keyword(p, 1, PT_BLOCK_ASYNC);
        if (next == PT_K_MOVE && p_peek(p, 2) == PT_T_OPEN_BRACE) return block_with_keyword(p, 2, PT_BLOCK_ASYNC);
        if (p_is_word(p, 1, "gen") && p_peek(p, 2) == PT_T_OPEN_BRACE) return block_with_keyword(p, 2, PT_BLOCK_GEN);
        if (p_is_word(p, 1, "gen") && p_peek(p, 2) == PT_K_MOVE && p_peek(p, 3) == PT_T_OPEN_BRACE)
            return block_with_keyword(p, 3, PT_BLOCK_GEN);
        return closure(p, start);
    case PT_K_UNSAFE: return block_with_keyword(p, 1, PT_BLOCK_UNSAFE);
    case PT_K_CONST:
        if (next == PT_T_OPEN_BRACE) return block_with_keyword(p, 1, PT_BLOCK_CONST);
        return closure(p, start);
    case PT_T_DOT_DOT:
    case PT_T_DOT_DOT_EQ:
    case PT_T_DOT_DOT_DOT: return binary(p, 12, restrictions); /* `&..` */
    case PT_K_TRY:
        if (next == PT_T_BANG) { /* the old macro, whose name is a keyword now */
            u32 path = p_node(p, PT_N_PATH, start), segment = p_node(p, PT_N_SEGMENT, start);
            list one = {0};
            p_at(p, segment)->name = start;
            p_next(p);
            p_add(p, &one, p_close(p, segment, (list){0}));
            return p_macro_call(p, p_close(p, path, one), start);
        }
        return block_with_keyword(p, 1, PT_BLOCK_TRY);
    case PT_K_DO: /* do catch, do yeet: an operand follows */
        p_next(p);
        if (p_is(p, PT_T_IDENT)) p_next(p);
        node = p_node(p, PT_N_E_RETURN, start);
        {
            list l = {0};
            if (p_expression_starts(p)) p_add(p, &l, p_expression(p, restrictions & NO_STRUCT));
            return p_close(p, node, l);
        }
    case PT_K_IF: return if_expression(p);
    case PT_K_MATCH: return match_expression(p);
    case PT_K_LOOP:
    case PT_K_WHILE: return loop_expression(p, start);
    case PT_T_LIFETIME:
        p_next(p);
        p_expect(p, PT_T_COLON, "expected `:` after a label");
        return loop_expression(p, start);
    case PT_K_RETURN: return jump(p, PT_N_E_RETURN, restrictions);
    case PT_K_BREAK: return jump(p, PT_N_E_BREAK, restrictions);
    case PT_K_CONTINUE: return jump(p, PT_N_E_CONTINUE, restrictions);
    case PT_K_YIELD: return jump(p, PT_N_E_YIELD, restrictions);
    case PT_K_LET: {
        node = p_node(p, PT_N_E_LET, start);
        list l = {0};
        p_next(p);
        p_add(p, &l, p_pattern(p));
        p_expect(p, PT_T_EQ, "expected `=`");
        p_add(p, &l, binary(p, 5, restrictions & NO_STRUCT));
        return p_close(p, node, l);
    }
    default: break;
    }
    if (p->kind == PT_T_IDENT && p->edition >= 2024 && p_is_word(p, 0, "gen") &&
        (next == PT_T_OPEN_BRACE || (next == PT_K_MOVE && p_peek(p, 2) == PT_T_OPEN_BRACE)))
        return block_with_keyword(p, next == PT_K_MOVE ? 2 : 1, PT_BLOCK_GEN);
    if (p_is_word(p, 0, "become") && (next == PT_T_IDENT || next == PT_K_SELF_LOWER || next == PT_K_SELF_UPPER))
        return jump(p, PT_N_E_RETURN, restrictions);
    if (p->kind == PT_T_IDENT && next == PT_T_POUND && p_is_word(p, 0, "builtin")) {
        p_next(p); /* builtin # name(...): a compiler intrinsic of the library itself */
        p_next(p);
        p_next(p);
        node = p_node(p, PT_N_E_ERROR, start);
        p_skip_tree(p);
        return p_close(p, node, (list){0});
    }
    if (p_path_starts(p)) return path_expression(p, restrictions);
    if (p->kind == PT_K_TRY) { /* r#try in 2015 code read as 2018 */
        node = p_node(p, PT_N_E_ERROR, start);
        p_error(p, "expected an expression");
        p_next(p);
        return p_close(p, node, (list){0});
    }
    p_error(p, "expected an expression");
    node = p_node(p, PT_N_E_ERROR, start);
    if (p->at < p->end && !pt_token_is_close(p->kind) && !p_is(p, PT_T_SEMICOLON) && !p_is(p, PT_T_COMMA) &&
        !p_is(p, PT_T_FAT_ARROW) && !p_item_starts(p))
        p_skip_tree(p);
    return p_close(p, node, (list){0});
}

static u32 dot(parser *p, u32 receiver, u32 start) {
    p_next(p);
    list l = {0};
    p_add(p, &l, receiver);
    if (p_is(p, PT_K_AWAIT)) {
        u32 node = p_node(p, PT_N_E_AWAIT, p->at);
        p_next(p);
        return p_close(p, node, l);
    }
    if (p_is(p, PT_K_MATCH)) { /* postfix match, unstable */
        p_next(p);
        return match_arms(p, start, l);
    }
    if (p_is(p, PT_T_FLOAT)) { /* x.0.1 is lexed as x . 0.1 */
        u32 first = p_node(p, PT_N_E_FIELD, p->at);
        p_at(p, first)->name = p->at;
        p_at(p, first)->op = 1;
        pt_str text = pt_token_text(p->text, &p->tokens[p->at]);
        bool two = text.length && text.data[text.length - 1] != '.';
        p_next(p);
        p_close(p, first, l);
        if (!two)
            return p_is(p, PT_T_IDENT) || p_is(p, PT_T_INT) || p_is(p, PT_K_AWAIT)
                       ? (p->at--, p_sync(p), dot(p, first, start))
                       : first;
        list m = {0};
        u32 second = p_node(p, PT_N_E_FIELD, p->at - 1);
        p_at(p, second)->name = p->at - 1;
        p_at(p, second)->op = 2;
        p_add(p, &m, first);
        return p_close(p, second, m);
    }
    if (!p_is(p, PT_T_IDENT) && !p_is(p, PT_T_INT) && !p_is(p, PT_K_SELF_LOWER)) {
        p_error(p, "expected a field or method name");
        u32 node = p_node(p, PT_N_E_FIELD, start);
        p_at(p, node)->name = p->at ? p->at - 1 : 0;
        return p_close(p, node, l);
    }
    u32 name = p->at;
    bool is_number = p_is(p, PT_T_INT);
    p_next(p);
    u32 node = p_node(p, PT_N_E_FIELD, name);
    p_at(p, node)->name = name;
    if (!is_number && p_is(p, PT_T_COLON_COLON) && (p_peek(p, 1) == PT_T_LESS || p_peek(p, 1) == PT_T_SHL)) {
        /* turbofish: parsed as the arguments of a segment named by the same token */
        p->at--;
        p_sync(p);
        u32 path = p_path(p, PATH_EXPRESSION);
        u32 segment = p_at(p, path)->child;
        if (segment) p_add(p, &l, p_at(p, segment)->child);
    }
    if (!is_number && p_is(p, PT_T_OPEN_PAREN)) {
        p_at(p, node)->kind = PT_N_E_METHOD;
        arguments(p, &l, PT_T_CLOSE_PAREN);
    }
    return p_close(p, node, l);
}

static u32 postfix(parser *p, u32 node, u32 start) {
    for (;;) {
        switch (p->kind) {
        case PT_T_QUESTION:
            p_next(p);
            node = finish1(p, PT_N_E_TRY, p->at - 1, 0, node);
            break;
        case PT_T_OPEN_PAREN: {
            u32 call = p_node(p, PT_N_E_CALL, start);
            list l = {0};
            p_add(p, &l, node);
            arguments(p, &l, PT_T_CLOSE_PAREN);
            node = p_close(p, call, l);
            break;
        }
        case PT_T_OPEN_BRACKET: {
            u32 index = p_node(p, PT_N_E_INDEX, start);
            list l = {0};
            p_add(p, &l, node);
            arguments(p, &l, PT_T_CLOSE_BRACKET);
            node = p_close(p, index, l);
            break;
        }
        case PT_T_DOT: node = dot(p, node, start); break;
        default: return node;
        }
    }
}

static u32 unary(parser *p, u32 restrictions) {
    u32 start = p->at;
    u8 kind = p->kind;
    u32 node;
    p->depth++;
    if (!p_deeper(p)) {
        node = p_node(p, PT_N_E_ERROR, start);
        p_skip_tree(p);
        p->depth--;
        return node;
    }
    switch (kind) {
    case PT_T_BANG:
    case PT_T_MINUS:
    case PT_T_STAR:
        p_next(p);
        node = finish1(p, PT_N_E_UNARY, start, kind, unary(p, restrictions & NO_STRUCT));
        break;
    case PT_T_AND:
    case PT_T_AND_AND: {
        u8 op = 0;
        p_eat_split(p, PT_T_AND);
        if (p_is_word(p, 0, "raw") && (p_peek(p, 1) == PT_K_MUT || p_peek(p, 1) == PT_K_CONST))
            op = 2, p_next(p), p_eat(p, PT_K_CONST);
        if (p_is_word(p, 0, "pin") && (p_peek(p, 1) == PT_K_MUT || p_peek(p, 1) == PT_K_CONST))
            p_next(p), p_eat(p, PT_K_CONST);
        if (p_eat(p, PT_K_MUT)) op |= 1;
        node = finish1(p, PT_N_E_REF, start, op, unary(p, restrictions & NO_STRUCT));
        break;
    }
    case PT_K_BOX:
        p_next(p);
        node = finish1(p, PT_N_E_UNARY, start, kind, unary(p, restrictions & NO_STRUCT));
        break;
    case PT_T_POUND: {
        list l = {0};
        p_attributes(p, &l, false);
        u32 wrapper = p_node(p, PT_N_E_ATTRIBUTED, start);
        p_add(p, &l, unary(p, restrictions & NO_STRUCT));
        node = p_close(p, wrapper, l);
        break;
    }
    default:
        node = primary(p, restrictions);
        if ((restrictions & STATEMENT) && p_is_block_like(p_at(p, node))) {
            if (p_is(p, PT_T_QUESTION) || (p_is(p, PT_T_DOT))) node = postfix(p, node, start);
        } else {
            node = postfix(p, node, start);
        }
    }
    p->depth--;
    return node;
}

static u32 binary(parser *p, u32 minimum, u32 restrictions) {
    u32 start = p->at;
    u32 left;
    if (p_is(p, PT_T_DOT_DOT) || p_is(p, PT_T_DOT_DOT_EQ) || p_is(p, PT_T_DOT_DOT_DOT)) {
        u8 op = p_is(p, PT_T_DOT_DOT) ? 0 : 4;
        p_next(p);
        u32 node = p_node(p, PT_N_E_RANGE, start);
        list l = {0};
        bool brace = p_is(p, PT_T_OPEN_BRACE) && (restrictions & NO_STRUCT);
        if (p_expression_starts(p) && !brace && p->depth < PT_MAX_NESTING) {
            op |= 2;
            p->depth++;
            p_add(p, &l, binary(p, 3, restrictions & NO_STRUCT));
            p->depth--;
        }
        p_at(p, node)->op = op;
        left = p_close(p, node, l);
    } else {
        left = unary(p, restrictions);
        if ((restrictions & STATEMENT) && p_is_block_like(p_at(p, left))) return left;
    }
    for (;;) {
        u8 kind = p->kind;
        u32 strength = power(kind);
        if (!strength || strength < minimum) return left;
        restrictions &= NO_STRUCT;
        if (kind == PT_K_AS) {
            p_next(p);
            left = finish2(p, PT_N_E_CAST, start, 0, left, p_type(p, false));
        } else if (strength == 2) {
            p_next(p);
            u32 node = p_node(p, PT_N_E_RANGE, start);
            u8 op = kind == PT_T_DOT_DOT ? 1 : 5;
            list l = {0};
            p_add(p, &l, left);
            bool brace = p_is(p, PT_T_OPEN_BRACE) && (restrictions & NO_STRUCT);
            if (p_expression_starts(p) && !brace) op |= 2, p_add(p, &l, binary(p, 3, restrictions));
            p_at(p, node)->op = op;
            left = p_close(p, node, l);
        } else {
            p_next(p);
            p->depth += 1;
            u32 right;
            if (p_deeper(p)) right = binary(p, strength == 1 ? 1 : strength + 1, restrictions);
            else right = p_node(p, PT_N_E_ERROR, p->at), p_skip_tree(p);
            p->depth -= 1;
            left = finish2(p, strength == 1 ? PT_N_E_ASSIGN : PT_N_E_BINARY, start, kind, left, right);
        }
    }
}

u32 p_expression(parser *p, u32 restrictions) {
    p->depth++;
    u32 node;
    if (p_deeper(p)) node = binary(p, 1, restrictions);
    else {
        node = p_node(p, PT_N_E_ERROR, p->at);
        p_skip_tree(p);
    }
    p->depth--;
    return node;
}
