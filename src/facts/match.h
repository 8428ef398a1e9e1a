/* match.h: which item of a file is which after an edit.
 *
 * Siblings are the same item when kind, name, predicate and, of an impl, the header as written are the same, in their order;
 * where several are equal in that, those of the same text first. What is inside follows what is around it. */
#ifndef PT_MATCH_H
#define PT_MATCH_H

#include "facts/facts.h"

/* What of an item is other, bits. Its place is not told. */
enum {
    PT_OTHER_TEXT = 1, /* something in it; its column too */
    PT_OTHER_DOC = 2,  /* the documentation's first line */
    PT_OTHER_INTERFACE =
        4,               /* signature, visibility, attributes, generics, derives, uses, #[path], the name of an alias */
    PT_OTHER_DERIVES = 8 /* with the interface */
};

typedef struct pt_item_match {
    u32 old;   /* the item of the old facts, PT_NONE: it is new */
    u32 other; /* PT_OTHER_* */
} pt_item_match;

/* Fills out[new->header->item_count]. False: out of memory. */
bool pt_facts_match(pt_item_match *out, const pt_facts *old, const pt_facts *new);

#endif
