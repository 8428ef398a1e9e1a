#include "resolve/questions.h"

enum { TABLE = 1 << 11, FULL = TABLE / 2, RECENT_HEADS = 1 << 14 };

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
    pt_vec_free(&q->starts);
    pt_vec_free(&q->askers);
    pt_vec_free(&q->recent);
    pt_vec_free(&q->recent_heads);
    pt_vec_free(&q->recent_keys);
}

static void compact(pt_questions *q) {
    u32 *kept = pt_malloc(((size_t)(q->cold_count + q->keys.count - q->dead) + 1) * sizeof *kept), count = 0;
    if (!kept) return;
    for (u32 i = 0; i < q->runs.count; i++) {
        pt_asked_run *r = &q->runs.data[i];
        if (r->count) memcpy(kept + count, pt_asked_keys(q, *r), r->count * sizeof *kept);
        r->first = count;
        count += r->count;
    }
    pt_free(q->keys.data);
    q->keys.data = kept;
    q->keys.count = count;
    q->keys.capacity = count + 1;
    q->cold_count = q->dead = 0;
}

/* Among those that the index does not have. */
static void list_recent(pt_questions *q, u32 run, const u32 *keys, u32 count) {
    if (!q->recent_heads.count) {
        if (!pt_vec_reserve(&q->recent_heads, RECENT_HEADS)) return;
        memset(q->recent_heads.data, 0, RECENT_HEADS * sizeof(u32));
        q->recent_heads.count = RECENT_HEADS;
    }
    for (u32 k = 0; k < count; k++) {
        u32 *head = &q->recent_heads.data[keys[k] & (RECENT_HEADS - 1)];
        if (pt_vec_push(&q->recent_keys, (pt_recent_key){run, *head})) *head = q->recent_keys.count;
    }
    pt_vec_push(&q->recent, run);
}

void pt_questions_set(pt_questions *q, u32 def, const u32 *keys, u32 count, u32 own) {
    u32 index = def - q->first_def;
    if (!pt_vec_reserve(&q->runs, (u64)index + 1)) return;
    while (q->runs.count <= index) q->runs.data[q->runs.count++] = (pt_asked_run){0};
    q->dead += q->runs.data[index].count;
    q->runs.data[index] = (pt_asked_run){0};
    if (q->dead > (q->cold_count + q->keys.count) / 2 + 4096) compact(q);
    if (q->bits) list_recent(q, index, keys, count);
    if (!count || !pt_vec_reserve(&q->keys, (u64)q->keys.count + count)) return;
    q->runs.data[index] = (pt_asked_run){q->cold_count + q->keys.count, count, own};
    memcpy(q->keys.data + q->keys.count, keys, count * sizeof *keys);
    q->keys.count += count;
}

/* Runs by the lowest bits of what they asked. */
static void make_index(pt_questions *q) {
    u32 bits = 12, live = q->cold_count + q->keys.count - q->dead;
    while (bits < 24 && live >> bits > 8) bits++;
    u32 size = 1u << bits, mask = size - 1;
    q->starts.count = q->askers.count = q->recent.count = q->recent_keys.count = q->recent_heads.count = q->bits = 0;
    if (!pt_vec_reserve(&q->starts, (u64)size + 2) || !pt_vec_reserve(&q->askers, (u64)live + 1)) return;
    memset(q->starts.data, 0, ((size_t)size + 2) * sizeof(u32));
    u32 *at = q->starts.data + 1; /* one behind: filling moves them to their places */
    for (u32 i = 0; i < q->runs.count; i++) {
        const u32 *keys = pt_asked_keys(q, q->runs.data[i]);
        for (u32 k = 0; k < q->runs.data[i].count; k++) at[(keys[k] & mask) + 1]++;
    }
    for (u32 b = 0; b < size; b++) at[b + 1] += at[b];
    for (u32 i = 0; i < q->runs.count; i++) {
        const u32 *keys = pt_asked_keys(q, q->runs.data[i]);
        for (u32 k = 0; k < q->runs.data[i].count; k++) q->askers.data[at[keys[k] & mask]++] = i;
    }
    q->asker_list = q->askers.data;
    q->starts.count = size + 1;
    q->askers.count = live;
    q->bits = bits;
}

/* Did a run ask the key? 0: no; 1: in its body; 2: where others see it. */
static u32 asked(const pt_questions *q, u32 run, u32 key) {
    const pt_asked_run r = q->runs.data[run];
    const u32 *keys = pt_asked_keys(q, r);
    for (u32 k = 0; k < r.count; k++)
        if (keys[k] == key) return k < r.own ? 2 : 1;
    return 0;
}

void pt_questions_askers(pt_questions *q, const u32 *keys, u32 count, void (*visit)(void *payload, u32 def, bool own),
                         void *payload) {
    if (!q->bits || q->recent.count > q->runs.count / 8 + 1024 ||
        q->recent_keys.count > q->starts.count / 2 + (1 << 16))
        make_index(q);
    if (!q->bits) return; /* memory is out: told by the flag */
    u32 mask = (1u << q->bits) - 1;
    for (u32 i = 0; i < count; i++) {
        u32 bucket = keys[i] & mask;
        for (u32 a = q->starts.data[bucket]; a < q->starts.data[bucket + 1]; a++) {
            u32 how = asked(q, q->asker_list[a], keys[i]);
            if (how) visit(payload, q->first_def + q->asker_list[a], how == 2);
        }
        for (u32 a = q->recent_heads.count ? q->recent_heads.data[keys[i] & (RECENT_HEADS - 1)] : 0; a;) {
            pt_recent_key r = q->recent_keys.data[a - 1];
            u32 how = asked(q, r.run, keys[i]);
            if (how) visit(payload, q->first_def + r.run, how == 2);
            a = r.next;
        }
    }
}

static void found(void *payload, u32 def, bool own) {
    (void)def;
    (void)own;
    *(bool *)payload = true;
}

bool pt_questions_any(pt_questions *q, u32 key) {
    bool any = false;
    pt_questions_askers(q, &key, 1, found, &any);
    return any;
}
