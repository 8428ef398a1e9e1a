/* string_table.h: the strings of a graph that is built: each once, zero-terminated, named by its offset. Offset 0 is "". */
#ifndef PT_STRING_TABLE_H
#define PT_STRING_TABLE_H

#include "base/alloc.h"

typedef struct pt_string_slot {
    u32 hash, offset; /* offset 0: free */
} pt_string_slot;

typedef struct pt_string_table {
    pt_buffer text; /* its first byte is the end of "" */
    PT_VEC(pt_string_slot) table;
    u32 count;
} pt_string_table;

/* The offset of `text`, which is added when new; 0 also when memory is out. */
u32 pt_string_add(pt_string_table *table, pt_str text);
/* The same for bytes that may be no UTF-8: what is not becomes U+FFFD. */
u32 pt_string_add_clean(pt_string_table *table, pt_str text);

#endif
