#include "graph/radix.h"

static size_t leaf_size(u32 capacity) { return sizeof(pt_radix_leaf) + capacity * sizeof(void *); }

static pt_radix_inner *own_inner(pt_edit *e, void **slot) {
    pt_radix_inner *old = *slot;
    if (old && old->batch == e->batch) return old;
    pt_radix_inner *new = pt_edit_alloc(e, sizeof *new);
    if (!new) return NULL;
    if (old) *new = *old;
    else memset(new, 0, sizeof *new);
    new->batch = e->batch;
    pt_edit_retire(e, old, sizeof *old);
    return *slot = new;
}

/* With room for one item more unless the one at `at` is there. */
static pt_radix_leaf *own_leaf(pt_edit *e, void **slot, u32 at) {
    pt_radix_leaf *old = *slot;
    u32 count = old ? old->count : 0;
    bool there = old && old->mask[at / 64] >> at % 64 & 1;
    if (old && old->batch == e->batch && (there || count < old->capacity)) return old;
    u32 capacity = count < 4 ? 4u : PT_MIN(count + count / 2 + 1, (u32)PT_RADIX_WIDTH);
    pt_radix_leaf *new = pt_edit_alloc(e, leaf_size(capacity));
    if (!new) return NULL;
    if (old) memcpy(new, old, leaf_size(count));
    else memset(new, 0, leaf_size(0));
    new->batch = e->batch;
    new->capacity = (u16)capacity;
    if (old) pt_edit_retire(e, old, leaf_size(old->capacity));
    return *slot = new;
}

void **pt_radix_put(pt_edit *e, pt_radix_inner **root, u32 id) {
    u32 at = id & (PT_RADIX_WIDTH - 1);
    pt_radix_inner *top = own_inner(e, (void **)root);
    pt_radix_inner *middle = top ? own_inner(e, &top->below[id >> 2 * PT_RADIX_BITS]) : NULL;
    pt_radix_leaf *leaf = middle ? own_leaf(e, &middle->below[id >> PT_RADIX_BITS & (PT_RADIX_WIDTH - 1)], at) : NULL;
    if (!leaf) return NULL;
    u64 bit = 1ull << at % 64;
    u32 index = leaf->rank[at / 64] + (u32)__builtin_popcountll(leaf->mask[at / 64] & (bit - 1));
    if (!(leaf->mask[at / 64] & bit)) {
        memmove(leaf->items + index + 1, leaf->items + index, (leaf->count - index) * sizeof(void *));
        leaf->items[index] = NULL;
        leaf->count++;
        leaf->mask[at / 64] |= bit;
        for (u32 w = at / 64 + 1; w < PT_RADIX_WORDS; w++) leaf->rank[w]++;
    }
    return &leaf->items[index];
}

int pt_radix_each(const pt_radix_inner *root, int (*visit)(void *, u32, void *), void *payload) {
    int code = PT_OK;
    for (u32 i = 0; root && !code && i < PT_RADIX_WIDTH; i++) {
        const pt_radix_inner *middle = root->below[i];
        for (u32 k = 0; middle && !code && k < PT_RADIX_WIDTH; k++) {
            const pt_radix_leaf *leaf = middle->below[k];
            u32 item = 0;
            for (u32 w = 0; leaf && !code && w < PT_RADIX_WORDS; w++)
                for (u64 mask = leaf->mask[w]; mask && !code; mask &= mask - 1) {
                    u32 at = w * 64 + (u32)__builtin_ctzll(mask);
                    code = visit(payload, (i << PT_RADIX_BITS | k) << PT_RADIX_BITS | at, leaf->items[item++]);
                }
        }
    }
    return code;
}
