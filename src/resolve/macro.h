/* macro.h: macro_rules! as a pure function from tokens to text.
 *
 * The expansion is text, lexed and parsed like any file. `$crate` becomes the identifier `__crate_of_N`, N
 * being the crate of the macro, which path resolution knows; N is `self` for crate PT_NONE: that of the place. Matching is greedy as rustc's is; fragments are
 * read by the parser. Limits: PT_MACRO_MAX_TEXT bytes out. Reference: The Rust Reference, "Macros by example". */
#ifndef PT_MACRO_H
#define PT_MACRO_H

#include "facts/facts.h"

enum { PT_MACRO_MAX_TEXT = 4 << 20, PT_MACRO_MAX_DEPTH = 64, PT_MACRO_MAX_RECURSION = 512 };

/* Where a token of an expansion stands in the call: those that the call brought, ascending by `at`. */
typedef struct pt_macro_origin {
    u32 at;   /* byte in the expansion */
    u32 from; /* byte in the call's text */
} pt_macro_origin;
typedef struct pt_macro_origins {
    PT_VEC(pt_macro_origin) all;
} pt_macro_origins;

/* Added to a form: the macros that the expansion calls by their name alone are those of the macro's crate. */
enum { PT_MACRO_LOCAL_INNER = 8 };

/* `rules`: lexemes of the definition's body with its delimiters, as its definition stands (form 0:
 * macro_rules { (..) => {..}; }, 1: macro m { (..) => {..} }, 2: macro m(..) {..}). `call`: lexemes of the
 * arguments with their delimiters. Appends the expansion to `out`. Returns 0; PT_ENOTFOUND when no rule
 * matches; PT_ELIMIT when it grows too large; PT_ENOMEM. With `origins` they are noted, and expressions of
 * several tokens come in parentheses: a fragment stays one operand. */
int pt_macro_expand(pt_buffer *out, pt_macro_origins *origins, const pt_lexemes *rules, u32 form,
                    const pt_lexemes *call, u32 crate, u32 edition);
/* The same, and on while the expansion is one call of the same macro `name`, as macros do that take their arguments token
 * by token: at most PT_MACRO_MAX_RECURSION times, what is between them is never seen. */
int pt_macro_expand_through(pt_buffer *out, pt_macro_origins *origins, const pt_lexemes *rules, u32 form,
                            const pt_lexemes *call, u32 crate, u32 edition, pt_str name);

/* What the above want to know of a definition. */
static inline u32 pt_macro_form(const pt_item *macro) {
    return macro->extra | (macro->attributes & PT_ATTR_LOCAL_INNER ? (u32)PT_MACRO_LOCAL_INNER : 0);
}

#endif
