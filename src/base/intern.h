/* intern.h: one table of names for a whole world, safe for many threads.
 *
 * A symbol is a dense u32; equal text gives an equal symbol. Which number a text gets depends on the order
 * of arrival, so symbols never reach an answer or a sort key. Look-ups take no lock; insertion locks. */
#ifndef PT_INTERN_H
#define PT_INTERN_H

#include "base/base.h"

typedef struct pt_interner pt_interner;

/* NULL when memory is out. Symbol 0 is the empty text. */
pt_interner *pt_interner_create(void);
void pt_interner_destroy(pt_interner *interner);
/* The symbol of `text`; 0 with the thread's sticky failure when memory is out. */
u32 pt_intern(pt_interner *interner, pt_str text);
/* The symbol of `text` when it was seen, else PT_NONE. */
u32 pt_intern_find(const pt_interner *interner, pt_str text);
/* The text of a symbol; valid (and terminated) while the interner lives. */
pt_str pt_symbol_text(const pt_interner *interner, u32 symbol);
u32 pt_interner_count(const pt_interner *interner);
/* Bytes it holds. */
u64 pt_interner_bytes(const pt_interner *interner);

#endif
