/* tree.h: the syntax tree, one flat array of equal nodes.
 *
 * A node is named by its index; 0 is "no node". Children hang on `child` and are chained by `next`, in
 * source order. The same nodes serve twice: straight from the parser (positions are token indices, names
 * are token indices) and noted in facts (positions are byte offsets, names are strings of the file; see
 * facts/facts.h), so that signatures are lowered by one piece of code wherever they come from.
 *
 * What a node of each kind holds, children in this order, [x] optional, x* any number:
 *   items (all start with ATTRIBUTE* [VISIBILITY]; `token` is the first token after those, `attributes`
 *   before it are children only):
 *     MODULE name [ITEM_LIST]                  STRUCT/UNION name [GENERICS] [FIELDS|TUPLE_FIELDS] [WHERE]
 *     ENUM name [GENERICS] [WHERE] VARIANT*    VARIANT name [FIELDS|TUPLE_FIELDS] [expression]
 *     TRAIT name [GENERICS] [BOUNDS] [WHERE] ITEM_LIST     TRAIT_ALIAS name [GENERICS] BOUNDS [WHERE]
 *     IMPL [GENERICS] [IMPL_TRAIT(path)] type [WHERE] ITEM_LIST
 *     FN name [GENERICS] PARAMS [RETURN] [WHERE] [BLOCK]   CONST/STATIC name [type] [expression]
 *     TYPE_ALIAS name [GENERICS] [BOUNDS] [WHERE] [type] [WHERE]
 *     (FN, CONST, STATIC: `extra` is the first token of the body or value)
 *     MACRO_RULES name, MACRO_DEF name: `extra` is the token of the body's opening delimiter
 *     USE USE_TREE     USE_TREE [PATH] USE_TREE* : op says simple, glob or list; name is the `as` name
 *     EXTERN_CRATE name (`extra`: the `as` name's token or 0)      EXTERN_BLOCK ITEM_LIST
 *     MACRO_CALL PATH: `extra` is the token of the opening delimiter; as item, expression, type or pattern
 *   paths: PATH [QUALIFIED_SELF(type [PATH])] SEGMENT*   SEGMENT name [GENERIC_ARGS]
 *     GENERIC_ARGS (types | ARG_CONST(expression) | ARG_ASSOC name [GENERIC_ARGS] (type|BOUNDS|ARG_CONST))*
 *     or, with op 1, the sugar Fn(A) -> B: TYPE_TUPLE [RETURN]
 *   generics: GENERICS (GENERIC_LIFETIME name | GENERIC_TYPE name [BOUNDS] [type] | GENERIC_CONST name type [ARG_CONST])*
 *     WHERE PREDICATE(type BOUNDS)*    BOUNDS (BOUND(PATH) | BOUND_LIFETIME)*   BOUND's op: '?' or '~' or 0
 *   types, patterns, expressions: as listed by the enumeration's comments below. */
#ifndef PT_TREE_H
#define PT_TREE_H

#include "rust/lexer.h"

/* clang-format off */
/* name, 1 when `name` names something */
#define PT_NODE_KINDS(X)                                                                                         \
    X(NONE, 0) X(FILE, 0)                                                                                        \
    X(MODULE, 1) X(STRUCT, 1) X(ENUM, 1) X(UNION, 1) X(VARIANT, 1) X(FIELD, 1) X(TUPLE_FIELD, 0) X(TRAIT, 1)      \
    X(TRAIT_ALIAS, 1) X(IMPL, 0) X(FN, 1) X(CONST, 1) X(STATIC, 1) X(TYPE_ALIAS, 1) X(MACRO_RULES, 1)             \
    X(MACRO_DEF, 1) X(USE, 0) X(EXTERN_CRATE, 1) X(EXTERN_BLOCK, 0) X(MACRO_CALL, 0)                              \
    X(ATTRIBUTE, 0) /* op 1: inner; token..end: the tokens between the brackets */                               \
    X(DOC, 0)       /* op 1: inner */                                                                            \
    X(VISIBILITY, 0) /* op: pt_visibility; [PATH] */                                                             \
    X(ITEM_LIST, 0) X(FIELDS, 0) X(TUPLE_FIELDS, 0) X(PARAMS, 0)                                                  \
    X(SELF_PARAM, 0) /* ATTRIBUTE* [type]; op: 0 by value, 1 &self, 2 &mut self */                               \
    X(PARAM, 0)      /* ATTRIBUTE* [pattern] type */                                                             \
    X(VARIADIC, 0) X(RETURN, 0) X(GENERICS, 0) X(GENERIC_LIFETIME, 1) X(GENERIC_TYPE, 1) X(GENERIC_CONST, 1)      \
    X(WHERE, 0) X(PREDICATE, 0) X(BOUNDS, 0) X(BOUND, 0) X(BOUND_LIFETIME, 0) X(IMPL_TRAIT, 0) X(USE_TREE, 1)     \
    X(PATH, 0) /* op 1: starts with :: */                                                                        \
    X(QUALIFIED_SELF, 0) X(SEGMENT, 1) X(GENERIC_ARGS, 0) X(ARG_CONST, 0) X(ARG_ASSOC, 1)                         \
    X(TYPE_PATH, 0) X(TYPE_REF, 0) /* op 1: mut */ X(TYPE_PTR, 0) X(TYPE_SLICE, 0) X(TYPE_ARRAY, 0)               \
    X(TYPE_TUPLE, 0) X(TYPE_FN, 0) /* (PARAM)* [RETURN] */ X(TYPE_DYN, 0) X(TYPE_IMPL, 0) X(TYPE_NEVER, 0)        \
    X(TYPE_INFER, 0) X(TYPE_ERROR, 0)                                                                            \
    X(PAT_IDENT, 1) /* op bit 1 ref, bit 2 mut; [pattern] */                                                     \
    X(PAT_WILD, 0) X(PAT_REST, 0) X(PAT_PATH, 0) X(PAT_TUPLE_STRUCT, 0) X(PAT_STRUCT, 0)                          \
    X(PAT_FIELD, 1) /* ATTRIBUTE* pattern; op 1: shorthand */                                                    \
    X(PAT_TUPLE, 0) X(PAT_SLICE, 0) X(PAT_REF, 0) X(PAT_OR, 0) X(PAT_LITERAL, 0) X(PAT_RANGE, 0) X(PAT_BOX, 0)    \
    X(PAT_CONST, 0) X(PAT_ERROR, 0)                                                                              \
    X(BLOCK, 0) /* statements: items, LET, expressions (flag SEMI); op: pt_block_kind */                         \
    X(LET, 0)   /* ATTRIBUTE* pattern [type] [expression] [BLOCK]: see flags HAS_TYPE, HAS_INIT, HAS_ELSE */     \
    X(E_LITERAL, 0) /* op: token kind */ X(E_PATH, 0)                                                             \
    X(E_UNARY, 0)   /* op: token kind BANG, MINUS, STAR */                                                       \
    X(E_BINARY, 0) X(E_ASSIGN, 0) /* op: token kind */                                                           \
    X(E_CALL, 0) X(E_METHOD, 1) /* receiver [GENERIC_ARGS] arguments */                                          \
    X(E_FIELD, 1)   /* op 1, 2: first or second half of a float token (x.0.1) */                                 \
    X(E_INDEX, 0) X(E_RANGE, 0) /* [low] [high]; op bit 1 has low, 2 has high, 4 inclusive */                    \
    X(E_REF, 0)     /* op bit 1 mut, bit 2 raw */                                                                \
    X(E_CAST, 0) X(E_TRY, 0) X(E_AWAIT, 0) X(E_IF, 0) X(E_LET, 0) X(E_MATCH, 0)                                   \
    X(ARM, 0)       /* ATTRIBUTE* pattern [guard] body; flag HAS_GUARD */                                        \
    X(E_LOOP, 0) X(E_WHILE, 0) X(E_FOR, 0) X(E_CLOSURE, 0) /* PARAMS [RETURN] body; op 1: async */               \
    X(E_RETURN, 0) X(E_BREAK, 0) X(E_CONTINUE, 0) X(E_YIELD, 0) X(E_STRUCT, 0) /* PATH FIELD_INIT* [BASE] */     \
    X(FIELD_INIT, 1) /* ATTRIBUTE* expression; op 1: shorthand */                                                \
    X(BASE, 0) X(E_TUPLE, 0) X(E_ARRAY, 0) X(E_REPEAT, 0) X(E_PAREN, 0) X(E_UNDERSCORE, 0)                        \
    X(E_ATTRIBUTED, 0) /* ATTRIBUTE* expression */ X(E_ERROR, 0)
/* clang-format on */

typedef enum pt_node_kind {
#define X(name, named) PT_N_##name,
    PT_NODE_KINDS(X)
#undef X
        PT_N_KIND_COUNT
} pt_node_kind;

typedef enum pt_block_kind {
    PT_BLOCK_PLAIN,
    PT_BLOCK_UNSAFE,
    PT_BLOCK_ASYNC,
    PT_BLOCK_CONST,
    PT_BLOCK_TRY,
    PT_BLOCK_GEN
} pt_block_kind;

typedef enum pt_visibility {
    PT_VIS_PRIVATE,
    PT_VIS_PUB,
    PT_VIS_CRATE,
    PT_VIS_SUPER,
    PT_VIS_SELF,
    PT_VIS_IN
} pt_visibility;

enum { PT_USE_SIMPLE, PT_USE_GLOB, PT_USE_LIST };

/* Flags of a node; what they mean depends on its kind. */
enum {
    PT_F_SEMI = 1,      /* expression statement that ends with a semicolon */
    PT_F_HAS_TYPE = 2,  /* LET */
    PT_F_HAS_INIT = 4,  /* LET */
    PT_F_HAS_ELSE = 8,  /* LET */
    PT_F_HAS_GUARD = 2, /* ARM */
    PT_F_ASYNC = 1,     /* FN ... */
    PT_F_CONST = 2,
    PT_F_UNSAFE = 4,
    PT_F_EXTERN = 8,
    PT_F_DEFAULT = 16,
    PT_F_HAS_SELF = 32,
    PT_F_NEGATIVE = 64,     /* IMPL */
    PT_F_AUTO = 128,        /* TRAIT */
    PT_F_MUT = 256,         /* STATIC */
    PT_F_HAS_BODY = 512,    /* FN, MODULE, CONST: a body, a value, an item list */
    PT_F_BLOCK_ITEMS = 1024 /* an item: blocks inside it hold items */
};

typedef struct pt_node {
    u8 kind; /* pt_node_kind */
    u8 op;
    u16 flags;
    u32 token; /* first token (in facts: byte offset) */
    u32 end;   /* one past the last token (in facts: byte offset of the end) */
    u32 name;  /* token that names it (in facts: string id); of a USE_TREE 0: none */
    u32 extra; /* see the kinds */
    u32 child, next;
} pt_node;

typedef struct pt_tree {
    const pt_lexemes *lexemes;
    PT_VEC(pt_node) nodes; /* [0] is no node, [1] the root */
    PT_VEC(pt_syntax_error) errors;
} pt_tree;

extern const u8 pt_node_is_named[PT_N_KIND_COUNT];
extern const char *const pt_node_kind_names[PT_N_KIND_COUNT];

void pt_tree_free(pt_tree *tree);
/* First child of one kind, or 0. */
u32 pt_tree_child(const pt_tree *tree, u32 node, u8 kind);
/* The text of a node's name token. */
static inline pt_str pt_tree_name(const pt_tree *tree, u32 node) {
    return pt_token_text(tree->lexemes->text, &tree->lexemes->tokens.data[tree->nodes.data[node].name]);
}

static inline bool pt_kind_is_item(u8 kind) { return kind >= PT_N_MODULE && kind <= PT_N_MACRO_CALL; }
static inline bool pt_kind_is_type(u8 kind) {
    return (kind >= PT_N_TYPE_PATH && kind <= PT_N_TYPE_ERROR) || kind == PT_N_MACRO_CALL;
}
static inline bool pt_kind_is_pattern(u8 kind) { return kind >= PT_N_PAT_IDENT && kind <= PT_N_PAT_ERROR; }

#endif
