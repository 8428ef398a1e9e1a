#include "graph/slab.h"

enum { FIRST_CHUNK = 64 << 10, MOST_CHUNK = 1 << 20 };

struct pt_slab_chunk {
    pt_slab_chunk *next;
    size_t size;
    char bytes[] __attribute__((aligned(16)));
};

struct pt_slab_large {
    pt_slab_large *before, *after;
    size_t size;
    char bytes[] __attribute__((aligned(16)));
};

/* Classes: 16 .. 128 by 16, then four to a doubling. */
static u32 class_of(size_t size) {
    if (size <= 128) return size ? (u32)((size - 1) / 16) : 0;
    u32 top = 63u - (u32)__builtin_clzll(size - 1);
    return 8 + (top - 7) * 4 + (u32)((size - 1) >> (top - 2) & 3);
}
static size_t class_size(u32 class) {
    if (class < 8) return ((size_t) class + 1) * 16;
    u32 top = (class - 8) / 4 + 7;
    return ((size_t)1 << top) + (((size_t)(class - 8) % 4 + 1) << (top - 2));
}

void *pt_slab_alloc(pt_slab *s, size_t size) {
    if (size > PT_SLAB_LARGEST) {
        pt_slab_large *large = pt_malloc(sizeof *large + size);
        if (!large) return NULL;
        *large = (pt_slab_large){NULL, s->large, size};
        if (s->large) s->large->before = large;
        s->large = large;
        s->used += size, s->held += size;
        return large->bytes;
    }
    u32 class = class_of(size);
    size_t need = class_size(class);
    void *memory = s->free[class];
    if (memory) {
        s->free[class] = *(void **)memory;
    } else {
        if ((size_t)(s->end - s->at) < need) {
            size_t chunk = s->held < FIRST_CHUNK ? FIRST_CHUNK : MOST_CHUNK;
            if (chunk < need) chunk = MOST_CHUNK;
            pt_slab_chunk *c = pt_malloc(sizeof *c + chunk);
            if (!c) return NULL;
            memset(c, 0, sizeof *c + chunk); /* touched now, by this thread */
            c->next = s->chunks;
            c->size = chunk;
            s->chunks = c;
            s->held += chunk;
            s->at = c->bytes;
            s->end = c->bytes + chunk;
        }
        memory = s->at;
        s->at += need;
    }
    s->used += need;
    return memory;
}

void pt_slab_free(pt_slab *s, void *memory, size_t size) {
    if (!memory) return;
    if (size > PT_SLAB_LARGEST) {
        pt_slab_large *large = (void *)((char *)memory - offsetof(pt_slab_large, bytes));
        if (large->before) large->before->after = large->after;
        else s->large = large->after;
        if (large->after) large->after->before = large->before;
        pt_free(large);
        s->used -= size;
        s->held -= size;
        return;
    }
    u32 class = class_of(size);
    *(void **)memory = s->free[class];
    s->free[class] = memory;
    s->used -= class_size(class);
}

void pt_slab_destroy(pt_slab *s) {
    while (s->large) {
        pt_slab_large *after = s->large->after;
        pt_free(s->large);
        s->large = after;
    }
    while (s->chunks) {
        pt_slab_chunk *next = s->chunks->next;
        pt_free(s->chunks);
        s->chunks = next;
    }
    *s = (pt_slab){0};
}

void *pt_edit_alloc(pt_edit *e, size_t size) {
    void *memory = pt_slab_alloc(e->slab, size);
    if (memory && !e->alone && !pt_vec_push(&e->made, (pt_piece){memory, size})) {
        pt_slab_free(e->slab, memory, size);
        return NULL;
    }
    return memory;
}

void pt_edit_retire(pt_edit *e, void *memory, size_t size) {
    /* when this list cannot grow, the piece is lost until the slab goes: the batch fails anyway, by the sticky flag */
    if (e->alone) pt_slab_free(e->slab, memory, size);
    else if (memory) pt_vec_push(&e->retired, (pt_piece){memory, size});
}

void pt_edit_undo(pt_edit *e) {
    for (u32 i = 0; i < e->made.count; i++) pt_slab_free(e->slab, e->made.data[i].memory, e->made.data[i].size);
    e->made.count = e->retired.count = 0;
}
