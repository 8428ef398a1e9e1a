#include "query/cache.h"

#include "base/hash.h"

#include <pthread.h>
#include <stdlib.h>

typedef struct entry {
    char *key; /* command and params, sorted */
    json_t *answer;
    u64 hash;
    u32 rows;
    struct entry *next;          /* of its bucket */
    struct entry *newer, *older; /* by use */
} entry;

struct pt_cache {
    pthread_mutex_t mutex;
    u64 generation, hits, misses;
    u32 most_entries, most_rows, entries, rows, buckets;
    entry **table;
    entry *newest, *oldest;
};

pt_cache *pt_cache_create(u32 entries, u32 rows) {
    pt_cache *c = pt_calloc(1, sizeof *c);
    u32 buckets = 16;
    while (buckets < entries * 2) buckets *= 2;
    if (!c || !(c->table = pt_calloc(buckets, sizeof *c->table))) return pt_free(c), NULL;
    c->buckets = buckets;
    c->most_entries = entries;
    c->most_rows = rows;
    pthread_mutex_init(&c->mutex, NULL);
    return c;
}

static void unlink_use(pt_cache *c, entry *e) {
    if (e->newer) e->newer->older = e->older;
    else c->newest = e->older;
    if (e->older) e->older->newer = e->newer;
    else c->oldest = e->newer;
}
static void link_newest(pt_cache *c, entry *e) {
    e->newer = NULL;
    e->older = c->newest;
    if (e->older) e->older->newer = e;
    else c->oldest = e;
    c->newest = e;
}
static void drop(pt_cache *c, entry *e) {
    entry **at = &c->table[e->hash & (c->buckets - 1)];
    while (*at != e) at = &(*at)->next;
    *at = e->next;
    unlink_use(c, e);
    c->entries--;
    c->rows -= e->rows;
    json_decref(e->answer);
    free(e->key);
    pt_free(e);
}

void pt_cache_destroy(pt_cache *c) {
    if (!c) return;
    while (c->oldest) drop(c, c->oldest);
    pthread_mutex_destroy(&c->mutex);
    pt_free(c->table);
    pt_free(c);
}

/* The question as one text: freed with free. */
static char *key_of(u64 *hash, const char *command, const json_t *params) {
    json_t *both = json_pack("[s, O?]", command, params);
    char *key = both ? json_dumps(both, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(both);
    if (key) *hash = pt_hash_bytes(key, strlen(key));
    return key;
}

static entry *find(const pt_cache *c, u64 hash, const char *key) {
    entry *e = c->table[hash & (c->buckets - 1)];
    while (e && (e->hash != hash || strcmp(e->key, key) != 0)) e = e->next;
    return e;
}

/* The mutex is held. False: the question is of an older generation. */
static bool of_now(pt_cache *c, u64 generation) {
    if (generation > c->generation) {
        while (c->oldest) drop(c, c->oldest);
        c->generation = generation;
    }
    return generation == c->generation;
}

json_t *pt_cache_get(pt_cache *c, u64 generation, const char *command, const json_t *params) {
    u64 hash;
    char *key = key_of(&hash, command, params);
    json_t *answer = NULL;
    if (!key) return NULL;
    pthread_mutex_lock(&c->mutex);
    entry *e = of_now(c, generation) ? find(c, hash, key) : NULL;
    if (e) {
        unlink_use(c, e);
        link_newest(c, e);
        answer = json_copy(e->answer);
        c->hits++;
    } else {
        c->misses++;
    }
    pthread_mutex_unlock(&c->mutex);
    free(key);
    return answer;
}

void pt_cache_put(pt_cache *c, u64 generation, const char *command, const json_t *params, json_t *answer) {
    u64 hash;
    size_t rows = json_array_size(json_object_get(answer, "results")) + 1;
    if (rows > c->most_rows / 4 || !c->most_entries) return;
    char *key = key_of(&hash, command, params);
    json_t *copy = json_copy(answer);
    entry *e = pt_calloc(1, sizeof *e);
    pthread_mutex_lock(&c->mutex);
    bool keep = key && copy && e && of_now(c, generation) && !find(c, hash, key);
    if (keep) {
        *e = (entry){key, copy, hash, (u32)rows, c->table[hash & (c->buckets - 1)], NULL, NULL};
        c->table[hash & (c->buckets - 1)] = e;
        link_newest(c, e);
        c->entries++;
        c->rows += e->rows;
        while (c->entries > c->most_entries || c->rows > c->most_rows) drop(c, c->oldest);
    }
    pthread_mutex_unlock(&c->mutex);
    if (keep) return;
    free(key);
    json_decref(copy);
    pt_free(e);
}

void pt_cache_stats_of(pt_cache *c, pt_cache_stats *out) {
    pthread_mutex_lock(&c->mutex);
    *out = (pt_cache_stats){c->hits, c->misses, c->entries, c->rows};
    pthread_mutex_unlock(&c->mutex);
}
