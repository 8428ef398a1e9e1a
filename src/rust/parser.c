#include "rust/parser_internal.h"

const u8 pt_node_is_named[PT_N_KIND_COUNT] = {
#define X(name, named) [PT_N_##name] = named,
    PT_NODE_KINDS(X)
#undef X
};
const char *const pt_node_kind_names[PT_N_KIND_COUNT] = {
#define X(name, named) [PT_N_##name] = #name,
    PT_NODE_KINDS(X)
#undef X
};

void pt_tree_free(pt_tree *tree) {
    pt_vec_free(&tree->nodes);
    pt_vec_free(&tree->errors);
}

u32 pt_tree_child(const pt_tree *tree, u32 node, u8 kind) {
    for (u32 c = tree->nodes.data[node].child; c; c = tree->nodes.data[c].next)
        if (tree->nodes.data[c].kind == kind) return c;
    return 0;
}

u32 p_node(parser *p, u8 kind, u32 token) {
    u32 index = p->tree->nodes.count;
    if (!pt_vec_push(&p->tree->nodes, (pt_node){kind, 0, 0, token, token, 0, 0, 0, 0})) return 0;
    return index;
}

void p_add(parser *p, list *l, u32 node) {
    if (!node) return;
    if (l->last) p_at(p, l->last)->next = node;
    else l->first = node;
    while (p_at(p, node)->next) node = p_at(p, node)->next;
    l->last = node;
}

u32 p_close(parser *p, u32 node, list l) {
    p_at(p, node)->child = l.first;
    p_at(p, node)->end = p->at;
    return node;
}

void p_error(parser *p, const char *message) {
    if (p->last_error == p->at + 1) return;
    p->last_error = p->at + 1;
    if (p->tree->errors.count >= PT_MAX_SYNTAX_ERRORS) return;
    u32 offset = p->tokens[p->at].start;
    pt_vec_push(&p->tree->errors, (pt_syntax_error){offset, message});
}

bool p_deeper(parser *p) {
    if (p->depth < PT_MAX_NESTING) return true;
    p_error(p, "nested too deeply");
    return false;
}

bool p_expect(parser *p, u8 kind, const char *message) {
    if (p_eat(p, kind)) return true;
    p_error(p, message);
    return false;
}

static u8 rest_after_split(u8 glued, u8 kind) {
    switch (kind) {
    case PT_T_GREATER:
        return glued == PT_T_SHR          ? PT_T_GREATER
               : glued == PT_T_SHR_EQ     ? PT_T_GREATER_EQ
               : glued == PT_T_GREATER_EQ ? PT_T_EQ
                                          : PT_T_END;
    case PT_T_LESS:
        return glued == PT_T_SHL       ? PT_T_LESS
               : glued == PT_T_SHL_EQ  ? PT_T_LESS_EQ
               : glued == PT_T_LESS_EQ ? PT_T_EQ
                                       : PT_T_END;
    case PT_T_AND: return glued == PT_T_AND_AND ? PT_T_AND : glued == PT_T_AND_EQ ? PT_T_EQ : PT_T_END;
    case PT_T_OR: return glued == PT_T_OR_OR ? PT_T_OR : glued == PT_T_OR_EQ ? PT_T_EQ : PT_T_END;
    case PT_T_PLUS: return glued == PT_T_PLUS_EQ ? PT_T_EQ : PT_T_END;
    default: return PT_T_END;
    }
}

bool p_is_split(const parser *p, u8 kind) {
    return p->kind == kind || (p->kind > PT_T_ERROR && rest_after_split(p->kind, kind) != PT_T_END);
}

bool p_eat_split(parser *p, u8 kind) {
    if (p->kind == kind) return p_next(p), true;
    u8 rest = rest_after_split(p->kind, kind);
    if (rest == PT_T_END) return false;
    p->kind = rest; /* the token stays current; what is left of it is its kind now */
    return true;
}

bool p_is_word(const parser *p, u32 ahead, const char *word) {
    if (p->at + ahead >= p->end) return false;
    const pt_token *t = &p->tokens[p->at + ahead];
    size_t n = strlen(word);
    return t->kind == PT_T_IDENT && !(t->flags & PT_TOKEN_RAW) && t->extent == n &&
           memcmp(p->text + t->start, word, n) == 0;
}

void p_skip_tree(parser *p) {
    if (p->at < p->end && pt_token_is_open(p->tokens[p->at].kind)) p->at = p_partner(p);
    p_next(p);
}

int pt_parse(pt_tree *tree, const pt_lexemes *lexemes, u32 first, u32 end, pt_parse_as as, u32 edition) {
    parser p = {.tree = tree,
                .tokens = lexemes->tokens.data,
                .text = lexemes->text,
                .at = first,
                .end = end,
                .edition = edition};
    tree->lexemes = lexemes;
    tree->nodes.count = 0;
    tree->errors.count = 0;
    if (!lexemes->tokens.count) return PT_ENOMEM;
    p.end = PT_MIN(end, lexemes->tokens.count - 1);
    if (!pt_vec_reserve(&tree->nodes, (u64)(p.end - PT_MIN(first, p.end)) + 16)) return PT_ENOMEM;
    p_sync(&p);
    p_node(&p, PT_N_NONE, 0);
    u32 root = p_node(&p, PT_N_FILE, first);
    list children = {0};
    if (as == PT_PARSE_STATEMENTS) {
        p_add(&p, &children, p_statements(&p, p.end, first, PT_BLOCK_PLAIN));
    } else if (as == PT_PARSE_EXPRESSIONS) {
        p_macro_arguments(&p, &children);
    } else {
        p_attributes(&p, &children, true);
        while (p.at < p.end) {
            u32 before = p.at;
            list attributes = {0};
            p_attributes(&p, &attributes, false);
            u32 start = p.at, item = p_item(&p, attributes, false);
            if (item) p_add(&p, &children, item);
            else if (p.at < p.end && p.at == start && !p_eat(&p, PT_T_SEMICOLON)) {
                p_error(&p, "expected an item");
                p_skip_tree(&p);
            }
            if (p.at == before) p_next(&p);
        }
    }
    p_close(&p, root, children);
    return pt_alloc_failed() ? PT_ENOMEM : PT_OK;
}

u32 pt_fragment_end(pt_tree *tree, u8 *rest, const pt_lexemes *lexemes, u32 at, u32 end, pt_str kind, u32 edition) {
    *rest = PT_T_END;
    parser p = {
        .tree = tree, .tokens = lexemes->tokens.data, .text = lexemes->text, .at = at, .end = end, .edition = edition};
    tree->lexemes = lexemes;
    tree->nodes.count = tree->errors.count = 0;
    p_sync(&p);
    p_node(&p, PT_N_NONE, 0);
    p_node(&p, PT_N_FILE, at);
    bool is_item = pt_str_equal(kind, PT_STR("item")), is_statement = pt_str_equal(kind, PT_STR("stmt"));
    if (pt_str_equal(kind, PT_STR("expr")) || pt_str_equal(kind, PT_STR("expr_2021"))) {
        if (p_is(&p, PT_K_LET)) return PT_NONE;
        p_expression(&p, 0);
    } else if (pt_str_equal(kind, PT_STR("ty"))) {
        p_type(&p, false);
    } else if (pt_str_equal(kind, PT_STR("path"))) {
        if (!p_path_starts(&p)) return PT_NONE;
        p_path(&p, PATH_TYPE);
    } else if (pt_str_equal(kind, PT_STR("pat"))) {
        if (edition >= 2021) p_pattern(&p);
        else p_pattern_single(&p);
    } else if (pt_str_equal(kind, PT_STR("pat_param"))) {
        p_pattern_single(&p);
    } else if (pt_str_equal(kind, PT_STR("meta"))) {
        if (p_is(&p, PT_K_UNSAFE) && p_peek(&p, 1) == PT_T_OPEN_PAREN)
            return PT_MIN(p.tokens[p.at + 1].extent + 1, end);
        if (!p_path_starts(&p)) return PT_NONE;
        p_path(&p, PATH_PLAIN);
        if (pt_token_is_open(p.kind)) p_skip_tree(&p);
        else if (p_eat(&p, PT_T_EQ)) p_expression(&p, 0);
    } else if (is_item || is_statement) {
        list attributes = {0};
        p_attributes(&p, &attributes, false);
        u32 item = p_item_starts(&p) || is_item ? p_item(&p, attributes, is_statement) : 0;
        if (!item && is_item) return PT_NONE;
        if (!item && p_eat(&p, PT_K_LET)) {
            p_pattern(&p);
            if (p_eat(&p, PT_T_COLON)) p_type(&p, true);
            if (p_eat(&p, PT_T_EQ)) p_expression(&p, 0);
        } else if (!item) {
            p_expression(&p, STATEMENT);
        }
    } else {
        return PT_NONE;
    }
    if (tree->errors.count || p.at > end || (p.at == at && p.kind == p.tokens[at].kind)) return PT_NONE;
    if (p.at < end && p.kind != p.tokens[p.at].kind) *rest = p.kind;
    return p.at;
}
