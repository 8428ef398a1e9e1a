/* cfg.h: conditional compilation predicates in one canonical spelling.
 *
 * `all` and `any` are flattened, their operands sorted and made unique; `not(not(x))` is x; options are
 * `name` or `name = "value"`. The empty text is "always". Reference: The Rust Reference, "Conditional
 * compilation". */
#ifndef PT_CFG_H
#define PT_CFG_H

#include "rust/lexer.h"

/* Appends to `out` the canonical form of the predicate in tokens [first, end), e.g. the inside of cfg(...). */
void pt_cfg_canonical(pt_buffer *out, const pt_lexemes *lexemes, u32 first, u32 end);
/* Appends all(a, b), canonical, of two canonical predicates; either may be empty. */
void pt_cfg_and(pt_buffer *out, pt_str a, pt_str b);
/* True when a predicate contradicts itself: no configuration satisfies it (as far as pt_cfg_exclusive sees). */
bool pt_cfg_impossible(pt_str predicate);
/* True when no configuration satisfies both: one requires what the other denies, or two values of an option
 * that has only one (target_os, target_arch ...). False means "not known to exclude each other". */
bool pt_cfg_exclusive(pt_str a, pt_str b);

typedef struct pt_cfg_set {
    const pt_str *options; /* canonical atoms that hold: `unix`, `feature = "std"` */
    u32 count;
} pt_cfg_set;
/* Evaluates a canonical predicate. */
bool pt_cfg_holds(pt_str predicate, const pt_cfg_set *set);
/* May it hold on x86_64-unknown-linux-gnu, outside tests and documentation? The target is fixed, so that what is left
 * out does not depend on the machine. `features`: names of those that are on, each between commas (",std,alloc,");
 * NULL: whatever they are. */
bool pt_cfg_of_reference(pt_str predicate, const char *features);
/* Does the predicate require the option (as conjunct)? */
bool pt_cfg_requires(pt_str predicate, pt_str option);

#endif
