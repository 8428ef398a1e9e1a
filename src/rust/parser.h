/* parser.h: tokens to a syntax tree, by recursive descent, never giving up.
 *
 * Broken input: an error is noted where it stands and parsing goes on inside the item; an item that is whole
 * is always found. Nesting deeper than PT_MAX_NESTING is an error, not a crash.
 * Reference: The Rust Reference; rustc's parser where the reference is silent. */
#ifndef PT_PARSER_H
#define PT_PARSER_H

#include "rust/tree.h"

enum { PT_MAX_NESTING = 400 };

/* What the tokens are to be read as. */
typedef enum pt_parse_as {
    PT_PARSE_FILE,         /* items */
    PT_PARSE_STATEMENTS,   /* the inside of a block: the root's child is a BLOCK */
    PT_PARSE_EXPRESSIONS,  /* macro arguments: expressions split by `,` `;` or `=>`; see below */
    PT_PARSE_ITEMS_IN_IMPL /* items of an impl or trait */
} pt_parse_as;

/* A macro of std that makes no items, by its name alone: most calls in bodies are of these. */
bool pt_macro_makes_no_items(pt_str name);

/* Parses tokens [first, end) of `lexemes` into `tree`, which is emptied first and keeps its memory. The
 * root is node 1, of kind FILE (for STATEMENTS its only child is a BLOCK). The tree borrows `lexemes`.
 * `edition` as in pt_lex. Returns PT_OK, or PT_ENOMEM. Errors in the text are in tree->errors. */
int pt_parse(pt_tree *tree, const pt_lexemes *lexemes, u32 first, u32 end, pt_parse_as as, u32 edition);

/* Where a macro fragment (`expr`, `ty`, `item`, `pat`, `path`, `stmt`, `meta` ...) that starts at token `at`
 * ends, or PT_NONE when none starts there or it has errors. `tree` is scratch. `*rest` is the kind of what is left of the
 * token there when the fragment took its first half (`>` of `>>`), else PT_T_END. */
u32 pt_fragment_end(pt_tree *tree, u8 *rest, const pt_lexemes *lexemes, u32 at, u32 end, pt_str kind, u32 edition);

#endif
