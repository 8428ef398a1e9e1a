/* parser_internal.h: what the parser's parts (items, types, patterns, expressions) share. */
#ifndef PT_PARSER_INTERNAL_H
#define PT_PARSER_INTERNAL_H

#include "rust/parser.h"

typedef struct pt_parser {
    pt_tree *tree;
    const pt_token *tokens;
    const char *text;
    u32 at, end;
    u32 depth;
    u32 edition;
    u32 block_items; /* items seen inside blocks, so that a body without any need not be searched */
    u32 last_error;  /* token of the last error, so that one place gives one error */
    u8 kind;         /* kind of the current token; after a split, of what is left of it */
} parser;

/* Lists under construction: the chain of children of one node. */
typedef struct pt_list {
    u32 first, last;
} list;

u32 p_node(parser *p, u8 kind, u32 token);
void p_add(parser *p, list *l, u32 node);
/* Finishes a node: children and the end token. */
u32 p_close(parser *p, u32 node, list l);
void p_error(parser *p, const char *message);
bool p_deeper(parser *p);

static inline void p_sync(parser *p) { p->kind = p->at < p->end ? p->tokens[p->at].kind : (u8)PT_T_END; }
static inline void p_next(parser *p) {
    if (p->at < p->end) p->at++;
    p_sync(p);
}
static inline u8 p_peek(const parser *p, u32 ahead) {
    return p->at + ahead < p->end ? p->tokens[p->at + ahead].kind : (u8)PT_T_END;
}
static inline bool p_is(const parser *p, u8 kind) { return p->kind == kind; }
static inline bool p_eat(parser *p, u8 kind) { return p->kind == kind ? (p_next(p), true) : false; }
bool p_expect(parser *p, u8 kind, const char *message);
/* Takes the first character of a glued token: `>` of `>>`, `&` of `&&`, `|` of `||`, `<` of `<<`. */
bool p_eat_split(parser *p, u8 kind);
bool p_is_split(const parser *p, u8 kind);
/* The identifier `word` at `ahead`, not raw. */
bool p_is_word(const parser *p, u32 ahead, const char *word);
/* Skips one token, or a whole token tree when it opens one. */
void p_skip_tree(parser *p);
static inline u32 p_partner(const parser *p) {
    u32 partner = p->tokens[p->at].extent;
    return partner < p->end ? partner : p->end;
}
static inline pt_node *p_at(parser *p, u32 node) { return &p->tree->nodes.data[node]; }

/* parse_type.c */
u32 p_type(parser *p, bool plus_allowed);
typedef enum { PATH_TYPE, PATH_EXPRESSION, PATH_PLAIN } path_style;
u32 p_path(parser *p, path_style style);
u32 p_generics(parser *p);
u32 p_where(parser *p);
u32 p_bounds(parser *p);
u32 p_return(parser *p, bool plus_allowed);
void p_for_lifetimes(parser *p);
bool p_path_starts(const parser *p);
/* A macro call whose PATH was read and whose `!` is the current token. */
u32 p_macro_call(parser *p, u32 path, u32 start);

/* parse_pattern.c */
u32 p_pattern(parser *p); /* with leading and inner | */
u32 p_pattern_single(parser *p);

/* parse_expression.c */
enum { NO_STRUCT = 1, STATEMENT = 2 };
u32 p_expression(parser *p, u32 restrictions);
u32 p_block(parser *p, u8 block_kind);
u32 p_statements(parser *p, u32 stop, u32 start, u8 block_kind);
u32 p_literal_expression(parser *p);
bool p_expression_starts(const parser *p);
/* An expression that ends a statement without a semicolon: a block, an if, a match ... */
bool p_is_block_like(const pt_node *node);
/* Macro arguments as expressions (parse_statement.c, as p_statements and p_block). */
void p_macro_arguments(parser *p, list *out);

/* parse_item.c */
void p_attributes(parser *p, list *out, bool inner);
bool p_item_starts(const parser *p);
/* One item, or 0 when none starts here; `attributes` were read before. */
u32 p_item(parser *p, list attributes, bool in_block);
u32 p_params(parser *p, bool of_closure);

#endif
