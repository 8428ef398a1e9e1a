/* lexer.h: Rust source to tokens, and tokens to token trees.
 *
 * All of Rust up to edition 2024. Punctuation is glued as rustc's parser sees it (`>>=` is one token; the
 * parser splits where the grammar wants it). White space and plain comments leave no token, doc comments do.
 * Every delimiter knows its partner, so that a token tree is skipped in one step; where delimiters do not
 * balance, each still gets a partner and the lexeme says so in `balanced`.
 * Reference: The Rust Reference, chapters "Lexical structure" and "Macros by example". */
#ifndef PT_LEXER_H
#define PT_LEXER_H

#include "base/alloc.h"

/* Bytes behind a text's end that readers may look at, whatever they hold: words are read eight bytes at a time. */
enum { PT_TEXT_SLACK = 16 };

/* name, spelling */
/* clang-format off */
#define PT_TOKEN_PUNCTUATION(X)                                                                                   \
    X(SEMICOLON, ";") X(COMMA, ",") X(DOT, ".") X(DOT_DOT, "..") X(DOT_DOT_DOT, "...") X(DOT_DOT_EQ, "..=")        \
    X(OPEN_PAREN, "(") X(CLOSE_PAREN, ")") X(OPEN_BRACE, "{") X(CLOSE_BRACE, "}") X(OPEN_BRACKET, "[")             \
    X(CLOSE_BRACKET, "]") X(AT, "@") X(POUND, "#") X(TILDE, "~") X(QUESTION, "?") X(COLON, ":") X(COLON_COLON, "::") \
    X(DOLLAR, "$") X(EQ, "=") X(EQ_EQ, "==") X(FAT_ARROW, "=>") X(BANG, "!") X(NOT_EQ, "!=") X(LESS, "<")          \
    X(LESS_EQ, "<=") X(SHL, "<<") X(SHL_EQ, "<<=") X(GREATER, ">") X(GREATER_EQ, ">=") X(SHR, ">>")                \
    X(SHR_EQ, ">>=") X(MINUS, "-") X(ARROW, "->") X(MINUS_EQ, "-=") X(AND, "&") X(AND_AND, "&&") X(AND_EQ, "&=")   \
    X(OR, "|") X(OR_OR, "||") X(OR_EQ, "|=") X(PLUS, "+") X(PLUS_EQ, "+=") X(STAR, "*") X(STAR_EQ, "*=")           \
    X(SLASH, "/") X(SLASH_EQ, "/=") X(CARET, "^") X(CARET_EQ, "^=") X(PERCENT, "%") X(PERCENT_EQ, "%=")
/* clang-format on */

/* clang-format off */
#define PT_TOKEN_KEYWORDS(X)                                                                                    \
    X(AS, "as") X(ASYNC, "async") X(AWAIT, "await") X(BOX, "box") X(BREAK, "break") X(CONST, "const")            \
    X(CONTINUE, "continue") X(CRATE, "crate") X(DO, "do") X(DYN, "dyn") X(ELSE, "else") X(ENUM, "enum")          \
    X(EXTERN, "extern") X(FALSE, "false") X(FN, "fn") X(FOR, "for") X(IF, "if") X(IMPL, "impl") X(IN, "in")      \
    X(LET, "let") X(LOOP, "loop") X(MACRO, "macro") X(MATCH, "match") X(MOD, "mod") X(MOVE, "move")              \
    X(MUT, "mut") X(PUB, "pub") X(REF, "ref") X(RETURN, "return") X(SELF_LOWER, "self") X(SELF_UPPER, "Self")    \
    X(STATIC, "static") X(STRUCT, "struct") X(SUPER, "super") X(TRAIT, "trait") X(TRUE, "true") X(TRY, "try")    \
    X(TYPE, "type") X(UNSAFE, "unsafe") X(USE, "use") X(WHERE, "where") X(WHILE, "while") X(YIELD, "yield")
/* clang-format on */

typedef enum pt_token_kind {
    PT_T_END,
    PT_T_IDENT,
    PT_T_LIFETIME,
    PT_T_INT,
    PT_T_FLOAT,
    PT_T_CHAR,
    PT_T_BYTE,
    PT_T_STRING,
    PT_T_BYTE_STRING,
    PT_T_C_STRING,
    PT_T_DOC_OUTER,
    PT_T_DOC_INNER,
    PT_T_UNDERSCORE,
    PT_T_ERROR,
#define X(name, text) PT_T_##name,
    PT_TOKEN_PUNCTUATION(X)
#undef X
        PT_T_FIRST_KEYWORD,
#define X(name, text) PT_K_##name,
    PT_TOKEN_KEYWORDS(X)
#undef X
        PT_T_KIND_COUNT
} pt_token_kind;

enum {
    PT_TOKEN_RAW = 1,      /* a raw identifier: the text without r# is the name */
    PT_TOKEN_SPACED = 2,   /* white space, a comment or the start stands before it */
    PT_TOKEN_NEWLINE = 4,  /* a line break stands between it and its predecessor */
    PT_TOKEN_NO_EXPAND = 8 /* from a macro's definition: `$crate` marks and the like */
};

typedef struct pt_token {
    u32 start;  /* byte offset of its first byte (a raw identifier's: of the name after r#) */
    u32 extent; /* length in bytes; of a delimiter: the index of its partner */
    u8 kind;    /* pt_token_kind */
    u8 flags;
    u16 origin; /* unused by the lexer; macro expansion keeps its own table */
} pt_token;

typedef struct pt_syntax_error {
    u32 offset;
    const char *message; /* static text */
} pt_syntax_error;

enum { PT_MAX_SYNTAX_ERRORS = 64 };

/* The tokens of one text. Reused from file to file: pt_lex empties it first. */
typedef struct pt_lexemes {
    const char *text; /* borrowed */
    u32 length;
    PT_VEC(pt_token) tokens;        /* ends with PT_T_END at `length` */
    PT_VEC(pt_syntax_error) errors; /* the first PT_MAX_SYNTAX_ERRORS */
    PT_VEC(u32) open;               /* scratch */
    bool balanced;                  /* every delimiter has its true partner */
} pt_lexemes;

/* Rust editions by year: 2015, 2018, 2021, 2024. `text` must have PT_TEXT_SLACK readable bytes behind its end. */
void pt_lex(pt_lexemes *out, const char *text, u32 length, u32 edition);
void pt_lexemes_free(pt_lexemes *lexemes);
/* Adds an error, keeping the first PT_MAX_SYNTAX_ERRORS. */
void pt_lexemes_error(pt_lexemes *lexemes, u32 offset, const char *message);
/* Pairs delimiters of tokens made elsewhere (macro expansion) and sets `balanced`. */
void pt_pair_delimiters(pt_lexemes *lexemes);

static inline bool pt_token_is_delimiter(u8 kind) { return kind >= PT_T_OPEN_PAREN && kind <= PT_T_CLOSE_BRACKET; }
static inline bool pt_token_is_open(u8 kind) {
    return kind == PT_T_OPEN_PAREN || kind == PT_T_OPEN_BRACE || kind == PT_T_OPEN_BRACKET;
}
static inline bool pt_token_is_close(u8 kind) {
    return kind == PT_T_CLOSE_PAREN || kind == PT_T_CLOSE_BRACE || kind == PT_T_CLOSE_BRACKET;
}
static inline u32 pt_token_end(const pt_token *token) {
    return token->start + (pt_token_is_delimiter(token->kind) ? 1 : token->extent);
}
static inline pt_str pt_token_text(const char *text, const pt_token *token) {
    return (pt_str){text + token->start, pt_token_is_delimiter(token->kind) ? 1 : token->extent};
}
/* The spelling of a punctuation or keyword kind, else "". */
const char *pt_token_spelling(u8 kind);

#endif
