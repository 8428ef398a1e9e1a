#include "base/alloc.h"

#include <stdio.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <stdlib.h>
#include <sys/mman.h>

static _Thread_local bool allocation_failed; /* like errno: state of a thread, not of the program */
static i64 fail_countdown = -1;              /* tests only; set before threads start */

static bool injected_failure(void) {
    if (__atomic_load_n(&fail_countdown, __ATOMIC_RELAXED) < 0) return false;
    return __atomic_fetch_sub(&fail_countdown, 1, __ATOMIC_RELAXED) == 0;
}

void pt_alloc_fail_after(i64 count) { __atomic_store_n(&fail_countdown, count, __ATOMIC_RELAXED); }
bool pt_alloc_fail_met(void) { return __atomic_load_n(&fail_countdown, __ATOMIC_RELAXED) < 0; }
bool pt_alloc_failed(void) { return allocation_failed; }
void pt_alloc_clear(void) { allocation_failed = false; }
void pt_alloc_set_failed(void) { allocation_failed = true; }

static void *checked(void *memory) {
    if (!memory) allocation_failed = true;
    return memory;
}

void *pt_malloc(size_t size) { return checked(injected_failure() ? NULL : malloc(size ? size : 1)); }
void *pt_calloc(size_t count, size_t size) {
    return checked(injected_failure() ? NULL : calloc(count ? count : 1, size ? size : 1));
}
void *pt_realloc(void *old, size_t size) { return checked(injected_failure() ? NULL : realloc(old, size ? size : 1)); }
void *pt_malloc_large(size_t size) {
    enum { LARGE_PAGE = 2 << 20 };
    if (size < 2 * (size_t)LARGE_PAGE) return pt_malloc(size);
    size_t rounded = (size + LARGE_PAGE - 1) & ~(size_t)(LARGE_PAGE - 1);
    void *memory = checked(injected_failure() ? NULL : aligned_alloc(LARGE_PAGE, rounded));
    if (memory) madvise(memory, rounded, MADV_HUGEPAGE); /* only advice */
    return memory;
}
void pt_free(void *memory) { free(memory); }
void pt_alloc_trim(void) {
#ifdef __GLIBC__
    malloc_trim(0);
#endif
}
void pt_alloc_settle(void) {
#ifdef __GLIBC__
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 16 << 20);
#endif
}

char *pt_strndup(const char *text, size_t length) {
    char *copy = pt_malloc(length + 1);
    if (!copy) return NULL;
    if (length) memcpy(copy, text, length);
    copy[length] = 0;
    return copy;
}

bool pt_vec_grow(void **data, u32 *capacity, u64 need, size_t element_size) {
    if (need > UINT32_MAX - 1) return allocation_failed = true, false;
    u64 grown = *capacity < 8 ? 8 : (u64)*capacity + *capacity / 2;
    if (grown < need) grown = need;
    if (grown > UINT32_MAX - 1) grown = UINT32_MAX - 1;
    void *memory = pt_realloc(*data, (size_t)grown * element_size);
    if (!memory) return false;
    *data = memory;
    *capacity = (u32)grown;
    return true;
}

struct pt_arena_block {
    pt_arena_block *next;
    char bytes[];
};

void *pt_arena_alloc(pt_arena *arena, size_t size) {
    size = (size + 7) & ~(size_t)7;
    if ((size_t)(arena->end - arena->at) < size || !arena->at) {
        size_t block_size = PT_MAX(size, PT_MIN(PT_MAX(arena->total, (size_t)4096), (size_t)1 << 20));
        pt_arena_block *block = pt_calloc(1, sizeof *block + block_size);
        if (!block) return NULL;
        block->next = arena->blocks;
        arena->blocks = block;
        arena->at = block->bytes;
        arena->end = block->bytes + block_size;
        arena->total += block_size;
    }
    void *memory = arena->at;
    arena->at += size;
    return memory;
}

char *pt_arena_copy(pt_arena *arena, const char *text, size_t length) {
    char *copy = pt_arena_alloc(arena, length + 1);
    if (copy && length) memcpy(copy, text, length);
    return copy;
}

void pt_arena_free(pt_arena *arena) {
    while (arena->blocks) {
        pt_arena_block *next = arena->blocks->next;
        pt_free(arena->blocks);
        arena->blocks = next;
    }
    *arena = (pt_arena){0};
}

void pt_buffer_add(pt_buffer *buffer, const void *bytes, size_t length) {
    if (!pt_vec_reserve(buffer, (u64)buffer->count + length + 1)) return;
    if (length) memcpy(buffer->data + buffer->count, bytes, length);
    buffer->count += (u32)length;
    buffer->data[buffer->count] = 0;
}

void pt_buffer_text(pt_buffer *buffer, const char *text) { pt_buffer_add(buffer, text, strlen(text)); }
void pt_buffer_str(pt_buffer *buffer, pt_str text) { pt_buffer_add(buffer, text.data, text.length); }
void pt_buffer_char(pt_buffer *buffer, char c) { pt_buffer_add(buffer, &c, 1); }

void pt_buffer_format(pt_buffer *buffer, const char *format, ...) {
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length >= 0 && pt_vec_reserve(buffer, (u64)buffer->count + (u64)length + 1)) {
        vsnprintf(buffer->data + buffer->count, (size_t)length + 1, format, again);
        buffer->count += (u32)length;
    }
    va_end(again);
}
