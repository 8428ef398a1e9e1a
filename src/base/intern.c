#include "base/intern.h"

#include "base/alloc.h"
#include "base/hash.h"

#include <pthread.h>

/* Texts live in chunks of pointers that never move, so a reader needs no lock to follow a symbol. The hash
 * table holds {hash:32, symbol+1:32}; a growing table is replaced, the old one kept until the end because a
 * reader may still probe it (a miss there is repeated under the lock). */
enum { CHUNK_BITS = 14, CHUNK_SIZE = 1 << CHUNK_BITS, MAX_CHUNKS = 1 << 14 };

typedef struct table {
    struct table *older;
    u64 mask;
    u64 slots[];
} table;

struct pt_interner {
    table *current;
    u32 count;
    pthread_mutex_t lock;
    pt_arena arena;
    pt_str *chunks[MAX_CHUNKS];
};

static table *table_create(u64 size, table *older) {
    table *t = pt_calloc(1, sizeof *t + size * sizeof(u64));
    if (t) t->mask = size - 1, t->older = older;
    return t;
}

pt_interner *pt_interner_create(void) {
    pt_interner *interner = pt_calloc(1, sizeof *interner);
    if (!interner) return NULL;
    pthread_mutex_init(&interner->lock, NULL);
    interner->current = table_create(1 << 14, NULL);
    if (!interner->current) return pt_interner_destroy(interner), NULL;
    bool was_failed = pt_alloc_failed();
    pt_intern(interner, PT_STR(""));
    if (interner->count == 0) return pt_interner_destroy(interner), NULL;
    (void)was_failed;
    return interner;
}

void pt_interner_destroy(pt_interner *interner) {
    if (!interner) return;
    for (table *t = interner->current, *older; t; t = older) older = t->older, pt_free(t);
    for (u32 i = 0; i < MAX_CHUNKS; i++) pt_free(interner->chunks[i]);
    pt_arena_free(&interner->arena);
    pthread_mutex_destroy(&interner->lock);
    pt_free(interner);
}

pt_str pt_symbol_text(const pt_interner *interner, u32 symbol) {
    return interner->chunks[symbol >> CHUNK_BITS][symbol & (CHUNK_SIZE - 1)];
}

u32 pt_interner_count(const pt_interner *interner) { return __atomic_load_n(&interner->count, __ATOMIC_ACQUIRE); }

u64 pt_interner_bytes(const pt_interner *interner) {
    u64 bytes = sizeof *interner + interner->arena.total;
    for (const table *t = interner->current; t; t = t->older) bytes += sizeof *t + (t->mask + 1) * sizeof(u64);
    for (u32 i = 0; i < MAX_CHUNKS && interner->chunks[i]; i++) bytes += CHUNK_SIZE * sizeof(pt_str);
    return bytes;
}

static u32 probe(const pt_interner *interner, const table *t, pt_str text, u64 hash) {
    for (u64 i = hash & t->mask;; i = (i + 1) & t->mask) {
        u64 slot = __atomic_load_n(&t->slots[i], __ATOMIC_ACQUIRE);
        if (!slot) return PT_NONE;
        if (slot >> 32 != hash >> 32) continue;
        u32 symbol = (u32)slot - 1;
        if (pt_str_equal(pt_symbol_text(interner, symbol), text)) return symbol;
    }
}

u32 pt_intern_find(const pt_interner *interner, pt_str text) {
    const table *t = __atomic_load_n(&interner->current, __ATOMIC_ACQUIRE);
    return probe(interner, t, text, pt_hash_bytes(text.data, text.length));
}

static void put(table *t, u64 slot, u64 position) {
    u64 i = position & t->mask;
    while (t->slots[i]) i = (i + 1) & t->mask;
    __atomic_store_n(&t->slots[i], slot, __ATOMIC_RELEASE);
}

static u32 insert(pt_interner *interner, pt_str text, u64 hash) {
    table *t = interner->current;
    u32 symbol = interner->count;
    if ((u64)symbol * 2 > t->mask) {
        table *grown = table_create((t->mask + 1) * 4, t);
        if (!grown) return 0;
        for (u32 i = 0; i < symbol; i++) {
            pt_str known = pt_symbol_text(interner, i);
            u64 h = pt_hash_bytes(known.data, known.length);
            put(grown, (h >> 32 << 32) | (i + 1), h);
        }
        __atomic_store_n(&interner->current, grown, __ATOMIC_RELEASE);
        t = grown;
    }
    u32 chunk = symbol >> CHUNK_BITS;
    if (chunk >= MAX_CHUNKS) return pt_alloc_set_failed(), 0;
    if (!interner->chunks[chunk]) {
        interner->chunks[chunk] = pt_calloc(CHUNK_SIZE, sizeof(pt_str));
        if (!interner->chunks[chunk]) return 0;
    }
    const char *copy = pt_arena_copy(&interner->arena, text.data, text.length);
    if (!copy) return 0;
    interner->chunks[chunk][symbol & (CHUNK_SIZE - 1)] = (pt_str){copy, text.length};
    __atomic_store_n(&interner->count, symbol + 1, __ATOMIC_RELEASE);
    put(t, (hash >> 32 << 32) | (symbol + 1), hash);
    return symbol;
}

u32 pt_intern(pt_interner *interner, pt_str text) {
    u64 hash = pt_hash_bytes(text.data, text.length);
    u32 symbol = probe(interner, __atomic_load_n(&interner->current, __ATOMIC_ACQUIRE), text, hash);
    if (symbol != PT_NONE) return symbol;
    pthread_mutex_lock(&interner->lock);
    symbol = probe(interner, interner->current, text, hash);
    if (symbol == PT_NONE) symbol = insert(interner, text, hash);
    pthread_mutex_unlock(&interner->lock);
    return symbol;
}
