/* cache.h: answers that were given, by (store uuid, generation, question): the least recently used one goes first. What it
 * saves is making the rows: finding them takes microseconds in any engine of ours. Any thread. */
#ifndef PT_CACHE_H
#define PT_CACHE_H

#include "base/alloc.h"

#include <jansson.h>

typedef struct pt_cache pt_cache;
typedef struct pt_cache_stats {
    u64 hits, misses;
    u32 entries, rows;
} pt_cache_stats;

/* At most `entries` answers with `rows` rows in all; an answer of more than a quarter of them is not kept. NULL: no memory. */
pt_cache *pt_cache_create(u32 entries, u32 rows);
void pt_cache_destroy(pt_cache *cache);
/* A new reference to a copy whose top level is the caller's own and whose rows are shared: they must not be changed. NULL:
 * not there. `params` is the question's object (NULL: none). A greater generation than before empties the cache. */
json_t *pt_cache_get(pt_cache *cache, u64 generation, const char *command, const json_t *params);
void pt_cache_put(pt_cache *cache, u64 generation, const char *command, const json_t *params, json_t *answer);
void pt_cache_stats_of(pt_cache *cache, pt_cache_stats *out);

#endif
