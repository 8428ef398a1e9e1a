/* parse_statement.c: statements, blocks, and what stands in the parentheses of a macro. */
#include "rust/parser_internal.h"

static u32 let_statement(parser *p, list attributes) {
    u32 node = p_node(p, PT_N_LET, p->at);
    list l = attributes;
    p_next(p);
    p_add(p, &l, p_pattern(p));
    if (p_eat(p, PT_T_COLON)) {
        p_at(p, node)->flags |= PT_F_HAS_TYPE;
        p_add(p, &l, p_type(p, true));
    }
    if (p_eat(p, PT_T_EQ)) {
        p_at(p, node)->flags |= PT_F_HAS_INIT;
        p_add(p, &l, p_expression(p, 0));
        if (p_eat(p, PT_K_ELSE)) {
            p_at(p, node)->flags |= PT_F_HAS_ELSE;
            p_add(p, &l, p_block(p, PT_BLOCK_PLAIN));
        }
    }
    if (!p_eat(p, PT_T_SEMICOLON) && p->at < p->end) p_error(p, "expected `;`");
    return p_close(p, node, l);
}

u32 p_statements(parser *p, u32 stop, u32 start, u8 block_kind) {
    u32 node = p_node(p, PT_N_BLOCK, start);
    p_at(p, node)->op = block_kind;
    list l = {0}, ignored = {0};
    p_attributes(p, &ignored, true);
    while (p->at < stop) {
        u32 before = p->at;
        if (p_eat(p, PT_T_SEMICOLON)) continue;
        list attributes = {0};
        p_attributes(p, &attributes, false);
        if (p->at >= stop) {
            p_add(p, &l, attributes.first);
            break;
        }
        if (p_is(p, PT_K_LET)) {
            p_add(p, &l, let_statement(p, attributes));
            continue;
        }
        u32 item = p_item_starts(p) ? p_item(p, attributes, true) : 0;
        if (item) {
            p_add(p, &l, item);
            continue;
        }
        u32 expression_start = p->at;
        u32 expression = p_expression(p, STATEMENT);
        bool braced_macro = p_at(p, expression)->kind == PT_N_MACRO_CALL &&
                            p->tokens[p_at(p, expression)->extra].kind == PT_T_OPEN_BRACE;
        if (attributes.first) {
            u32 wrapper = p_node(p, PT_N_E_ATTRIBUTED, p_at(p, attributes.first)->token);
            list w = attributes;
            p_add(p, &w, expression);
            expression = p_close(p, wrapper, w);
        }
        p_add(p, &l, expression);
        if (p_eat(p, PT_T_SEMICOLON)) p_at(p, expression)->flags |= PT_F_SEMI;
        else if (p->at < stop) {
            const pt_node *n = p_at(p, expression);
            if (!p_is_block_like(n) && !braced_macro && n->kind != PT_N_E_ATTRIBUTED) {
                p_error(p, "expected `;` or `}`");
                if (p->at == expression_start) p_skip_tree(p);
            }
        }
        if (p->at == before) p_skip_tree(p);
    }
    /* where delimiters do not balance, what is inside may have read past it: going back would read it again and again */
    return p_close(p, node, l);
}

u32 p_block(parser *p, u8 block_kind) {
    u32 start = p->at;
    if (!p_is(p, PT_T_OPEN_BRACE)) {
        p_error(p, "expected `{`");
        return p_node(p, PT_N_E_ERROR, start);
    }
    u32 close = p_partner(p);
    p->depth++;
    u32 node;
    if (p_deeper(p)) {
        p_next(p);
        node = p_statements(p, close, start, block_kind);
        if (p->at < p->end && p_is(p, PT_T_CLOSE_BRACE)) p_next(p);
        p_at(p, node)->end = p->at;
    } else {
        node = p_node(p, PT_N_E_ERROR, start);
        p_skip_tree(p);
    }
    p->depth--;
    return node;
}

/* Arguments of macros that nobody knows: whatever reads as an expression between separators, with nested
 * braces as blocks. What does not parse is passed over: rustc would not see it as an expression either. */
void p_macro_arguments(parser *p, list *out) {
    while (p->at < p->end) {
        u32 before = p->at;
        list ignored = {0};
        p_attributes(p, &ignored, false);
        if (p_is(p, PT_K_LET)) {
            p_add(p, out, let_statement(p, (list){0}));
        } else if (p_is(p, PT_T_IDENT) && p_peek(p, 1) == PT_T_EQ) {
            p_next(p); /* name = value, as format macros take it */
            p_next(p);
            continue;
        } else if (p_expression_starts(p)) {
            p_add(p, out, p_expression(p, 0));
        }
        if (p->at == before ||
            (p->at < p->end && !p_is(p, PT_T_COMMA) && !p_is(p, PT_T_SEMICOLON) && !p_is(p, PT_T_FAT_ARROW))) {
            if (p->at < p->end && p->at == before) p_next(p);
            else if (p_is(p, PT_T_EQ) || p_is(p, PT_T_COLON) || p_is(p, PT_K_AS) || p_is(p, PT_K_IN)) p_next(p);
        } else {
            p_next(p);
        }
    }
}
