/* slab.h: memory of the overlay. One thread allocates and frees; chunks are touched when they are taken, so that no
 * commit waits for the kernel to find pages, and kept: what was freed serves the next batch.
 *
 * An edit is one batch in the making. What it replaces is retired, not freed, because readers may still see it; what it
 * makes is remembered, so that a batch that fails can be undone. */
#ifndef PT_SLAB_H
#define PT_SLAB_H

#include "base/alloc.h"

enum { PT_SLAB_CLASSES = 48, PT_SLAB_LARGEST = 32768 };

typedef struct pt_slab_chunk pt_slab_chunk;
typedef struct pt_slab_large pt_slab_large;
typedef struct pt_slab {
    void *free[PT_SLAB_CLASSES];
    pt_slab_chunk *chunks;
    pt_slab_large *large; /* blocks above PT_SLAB_LARGEST */
    char *at, *end;
    u64 held, used; /* bytes: taken from the system, in use */
} pt_slab;

/* Memory aligned to 16, not zeroed; NULL when there is none. Above PT_SLAB_LARGEST it is the allocator's own. */
void *pt_slab_alloc(pt_slab *slab, size_t size);
/* `size` as it was asked for. */
void pt_slab_free(pt_slab *slab, void *memory, size_t size);
/* Frees everything. */
void pt_slab_destroy(pt_slab *slab);

typedef struct pt_piece {
    void *memory;
    size_t size;
} pt_piece;
typedef struct pt_edit {
    pt_slab *slab;
    u32 batch; /* number of the batch: what bears it was made by it and may be changed in place */
    bool
        alone; /* nobody can see the state, and failing means to throw all of it away: nothing is remembered or retired */
    PT_VEC(pt_piece) made, retired;
} pt_edit;

void *pt_edit_alloc(pt_edit *edit, size_t size);
/* No longer part of the state after this batch. */
void pt_edit_retire(pt_edit *edit, void *memory, size_t size);
/* Undoes a batch: frees what it made. */
void pt_edit_undo(pt_edit *edit);

#endif
