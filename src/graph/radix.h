/* radix.h: a persistent map from ids (< 2^27) to pointers: a trie of three levels of 512, copied along the way of what a
 * batch changes, in place where this batch copied already. A reader's root never changes. */
#ifndef PT_RADIX_H
#define PT_RADIX_H

#include "graph/slab.h"

enum { PT_RADIX_BITS = 9, PT_RADIX_WIDTH = 1 << PT_RADIX_BITS, PT_RADIX_WORDS = PT_RADIX_WIDTH / 64 };

/* 512 ids; items stand one after the other, those that are there. */
typedef struct pt_radix_leaf {
    u64 mask[PT_RADIX_WORDS];
    u16 rank[PT_RADIX_WORDS]; /* items before mask[i] */
    u32 batch;
    u16 count, capacity;
    void *items[];
} pt_radix_leaf;
typedef struct pt_radix_inner {
    u32 batch, reserved;
    void *below[PT_RADIX_WIDTH];
} pt_radix_inner;

static inline pt_radix_leaf *pt_radix_leaf_of(const pt_radix_inner *root, u32 id) {
    const pt_radix_inner *middle = root ? root->below[id >> 2 * PT_RADIX_BITS] : NULL;
    return middle ? middle->below[id >> PT_RADIX_BITS & (PT_RADIX_WIDTH - 1)] : NULL;
}
static inline void *pt_radix_get(const pt_radix_inner *root, u32 id) {
    const pt_radix_leaf *leaf = pt_radix_leaf_of(root, id);
    if (!leaf) return NULL;
    u32 at = id & (PT_RADIX_WIDTH - 1);
    u64 mask = leaf->mask[at / 64], bit = 1ull << at % 64;
    if (!(mask & bit)) return NULL;
    return leaf->items[leaf->rank[at / 64] + (u32)__builtin_popcountll(mask & (bit - 1))];
}
/* Where the item of an id is kept, for this batch to write to: made, with NULL in it, when there was none. NULL: out of
 * memory. `id` < 2^27. */
void **pt_radix_put(pt_edit *edit, pt_radix_inner **root, u32 id);
/* Every id and its item, ascending; stops when `visit` says a code other than 0, which is returned. */
int pt_radix_each(const pt_radix_inner *root, int (*visit)(void *payload, u32 id, void *item), void *payload);

#endif
