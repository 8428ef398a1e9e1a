/* alloc.h: the one allocator seam, growable vectors and arenas.
 *
 * A failed allocation sets a flag of the calling thread, as errno does; containers then drop what did not
 * fit and stay usable, and the stage that ran asks pt_alloc_failed() once at its end. Tests make the n-th
 * allocation of the process fail with pt_alloc_fail_after(). */
#ifndef PT_ALLOC_H
#define PT_ALLOC_H

#include "base/base.h"

void *pt_malloc(size_t size);
void *pt_calloc(size_t count, size_t size);
void *pt_realloc(void *old, size_t size);
/* For blocks of many megabytes that are filled at once: large pages where the system has them. Freed by pt_free. */
void *pt_malloc_large(size_t size);
void pt_free(void *memory); /* is free(3) */
/* What was freed goes back to the system, as far as the allocator can. */
void pt_alloc_trim(void);
/* For a process that lives long: large blocks are the system's own, so that those that go leave no holes. */
void pt_alloc_settle(void);
/* A terminated copy; NULL when memory is out. */
char *pt_strndup(const char *text, size_t length);

/* True when an allocation failed on this thread since pt_alloc_clear(). */
bool pt_alloc_failed(void);
void pt_alloc_clear(void);
void pt_alloc_set_failed(void);
/* Fault injection: the next `count` allocations succeed, the one after fails, once. Negative: off. */
void pt_alloc_fail_after(i64 count);
/* Did that failure happen, on whichever thread? */
bool pt_alloc_fail_met(void);

/* Vectors: `PT_VEC(T) name = {0}`; freed with pt_vec_free. */
#define PT_VEC(T)            \
    struct {                 \
        T *data;             \
        u32 count, capacity; \
    }

/* Grows `*data` so that `need` elements fit. False (and sticky failure) when memory is out. */
bool pt_vec_grow(void **data, u32 *capacity, u64 need, size_t element_size);

#define pt_vec_reserve(v, need) \
    ((need) <= (v)->capacity || pt_vec_grow((void **)&(v)->data, &(v)->capacity, (need), sizeof *(v)->data))
#define pt_vec_push(v, ...) \
    (pt_vec_reserve((v), (u64)(v)->count + 1) ? ((v)->data[(v)->count++] = (__VA_ARGS__), true) : false)
#define pt_vec_free(v) (pt_free((v)->data), (v)->data = NULL, (v)->count = (v)->capacity = 0)

/* Arena: bump allocation in blocks, freed at once. */
typedef struct pt_arena_block pt_arena_block;
typedef struct pt_arena {
    pt_arena_block *blocks;
    char *at, *end;
    size_t total;
} pt_arena;

/* Zeroed memory aligned to 8; NULL when memory is out. */
void *pt_arena_alloc(pt_arena *arena, size_t size);
char *pt_arena_copy(pt_arena *arena, const char *text, size_t length);
void pt_arena_free(pt_arena *arena);

/* A growing byte buffer, always terminated once anything was added. */
typedef struct pt_buffer {
    char *data;
    u32 count, capacity;
} pt_buffer;

void pt_buffer_add(pt_buffer *buffer, const void *bytes, size_t length);
void pt_buffer_text(pt_buffer *buffer, const char *text);
void pt_buffer_str(pt_buffer *buffer, pt_str text);
void pt_buffer_char(pt_buffer *buffer, char c);
void pt_buffer_format(pt_buffer *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void pt_buffer_clear(pt_buffer *buffer) {
    buffer->count = 0;
    if (buffer->data) buffer->data[0] = 0;
}
static inline pt_str pt_buffer_view(const pt_buffer *buffer) { return (pt_str){buffer->data, buffer->count}; }
#define pt_buffer_free(b) pt_vec_free(b)

#endif
