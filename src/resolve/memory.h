/* memory.h: what a world holds, by what it is for. */
#ifndef PT_MEMORY_H
#define PT_MEMORY_H

#include "resolve/world.h"

typedef struct pt_memory_row {
    const char *what;
    u64 bytes; /* on the heap; what the allocator adds is not in it */
} pt_memory_row;
enum { PT_WORLD_MEMORY_ROWS = 11 };

/* Fills PT_WORLD_MEMORY_ROWS rows. Mapped files (std, dependencies, facts in a store) are nobody's: the system may drop them. */
void pt_world_memory(const pt_world *world, pt_memory_row *rows);

#endif
