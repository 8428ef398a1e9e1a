/* cold.h: bytes that are seldom read: written to a file without a name, mapped, and gone with the process.
 *
 * The system keeps in memory what of it is read and may take it back when memory is short; pt_cold_forget gives it back at
 * once. First everything is added, then it is mapped, read-only; after that it never changes. */
#ifndef PT_COLD_H
#define PT_COLD_H

#include "base/alloc.h"

typedef struct pt_cold pt_cold;

/* A file in `folder` that has no name. PT_EIO: none can be made there. */
int pt_cold_create(pt_cold **out, const char *folder, pt_error *error);
void pt_cold_destroy(pt_cold *cold);
/* Adds `length` bytes and at least `slack` zero bytes; returns their offset, a multiple of 8. A failure is told by pt_cold_map. */
u64 pt_cold_add(pt_cold *cold, const void *bytes, u64 length, u32 slack);
/* Ends adding. PT_EIO: the disk is full, or worse; PT_ENOMEM. */
int pt_cold_map(pt_cold *cold, pt_error *error);
const void *pt_cold_at(const pt_cold *cold, u64 offset);
u64 pt_cold_size(const pt_cold *cold);
/* Is a pointer into it? `cold` may be NULL: then it has nothing. */
bool pt_cold_has(const pt_cold *cold, const void *memory);
/* pt_free for what may be in it: then nothing is done. */
void pt_cold_free(const pt_cold *cold, void *memory);
void pt_cold_forget(const pt_cold *cold);

#endif
