#include "resolve/questions.h"

#include <stdlib.h>

enum { TABLE = 1 << 11, FULL = TABLE / 2 };

void pt_asked_begin(struct pt_asked *a) {
    a->first = a->keys.count;
    a->held = 0;
    if (!++a->stamp) { /* once in four thousand million items */
        memset(a->table, 0, sizeof a->table);
        a->stamp = 1;
    }
}

void pt_asked_free(struct pt_asked *a) {
    if (a) pt_vec_free(&a->keys);
}

void pt_ask_key(struct pt_asked *a, u32 key) {
    u64 entry = (u64)a->stamp << 32 | key;
    u32 at = key & (TABLE - 1);
    for (; (u32)(a->table[at] >> 32) == a->stamp; at = (at + 1) & (TABLE - 1))
        if (a->table[at] == entry) return;
    if (a->held < FULL) { /* beyond it some are noted twice */
        a->table[at] = entry;
        a->held++;
    }
    pt_vec_push(&a->keys, key);
}

void pt_questions_free(pt_questions *q) {
    pt_vec_free(&q->keys);
    pt_vec_free(&q->runs);
}

static void compact(pt_questions *q) {
    u32 *kept = pt_malloc(((size_t)(q->keys.count - q->dead) + 1) * sizeof *kept), count = 0;
    if (!kept) return;
    for (u32 i = 0; i < q->runs.count; i++) {
        pt_asked_run *r = &q->runs.data[i];
        memcpy(kept + count, q->keys.data + r->first, r->count * sizeof *kept);
        r->first = count;
        count += r->count;
    }
    pt_free(q->keys.data);
    q->keys.data = kept;
    q->keys.count = count;
    q->keys.capacity = count + 1;
    q->dead = 0;
}

void pt_questions_set(pt_questions *q, u32 def, const u32 *keys, u32 count, u32 own) {
    u32 index = def - q->first_def;
    if (!pt_vec_reserve(&q->runs, (u64)index + 1)) return;
    while (q->runs.count <= index) q->runs.data[q->runs.count++] = (pt_asked_run){0};
    q->dead += q->runs.data[index].count;
    q->runs.data[index] = (pt_asked_run){0};
    if (q->dead > q->keys.count / 2 + 4096) compact(q);
    if (!count || !pt_vec_reserve(&q->keys, (u64)q->keys.count + count)) return;
    q->runs.data[index] = (pt_asked_run){q->keys.count, count, own};
    memcpy(q->keys.data + q->keys.count, keys, count * sizeof *keys);
    q->keys.count += count;
}

static int by_key(const void *a, const void *b) {
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

void pt_questions_askers(pt_questions *q, const u32 *keys, u32 count, void (*visit)(void *payload, u32 def, bool own),
                         void *payload) {
    enum { BITS = 1 << 16 };
    u64 *filter = pt_calloc(BITS / 64, sizeof *filter); /* most keys are none of these: eight kilobytes tell */
    for (u32 i = 0; filter && i < count; i++) filter[keys[i] % BITS / 64] |= 1ull << (keys[i] % 64);
    for (u32 i = 0; filter && i < q->runs.count; i++) {
        const pt_asked_run r = q->runs.data[i];
        bool own = false, any = false;
        for (u32 k = 0; k < r.count && !own; k++) {
            u32 key = q->keys.data[r.first + k];
            if (!(filter[key % BITS / 64] >> (key % 64) & 1) || (any && k >= r.own)) continue;
            if (!bsearch(&key, keys, count, sizeof key, by_key)) continue;
            any = true;
            own = k < r.own;
        }
        if (any) visit(payload, q->first_def + i, own);
    }
    pt_free(filter);
}

bool pt_questions_any(const pt_questions *q, u32 key) {
    for (u32 i = 0; i < q->runs.count; i++) {
        const pt_asked_run r = q->runs.data[i];
        for (u32 k = 0; k < r.count; k++)
            if (q->keys.data[r.first + k] == key) return true;
    }
    return false;
}
