/* peer.h: what the peers share: options, clock, the graph in memory that they are loaded from, the walk, and the printing.
 * Header-only; a peer is one program. */
#ifndef STORE_PEER_H
#define STORE_PEER_H

#include "generate.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PEER_FIRST = 64, PEER_DEPTHS = 4, PEER_LIMIT = 2000000 };

#define PEER_MIN(a, b) ((a) < (b) ? (a) : (b))

static volatile u64 peer_sink; /* keeps results alive */

_Noreturn static inline void peer_stop(const char *what, const char *why) {
    fprintf(stderr, "peer: %s: %s\n", what, why);
    exit(4);
}

static inline void *peer_alloc(u64 count, u64 size) {
    void *memory = calloc(count ? count : 1, size);
    if (!memory) peer_stop("calloc", "out of memory");
    return memory;
}

static inline u64 peer_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * 1000000000u + (u64)t.tv_nsec;
}

/* A line of /proc/self/status, in bytes. */
static inline u64 peer_status(const char *name) {
    char line[256];
    u64 kilobytes = 0;
    FILE *f = fopen("/proc/self/status", "r");
    if (!f) return 0;
    while (fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0) kilobytes = strtoull(line + strlen(name) + 1, NULL, 10);
    fclose(f);
    return kilobytes * 1024;
}

/* --- options --- */

typedef struct peer_options {
    u64 triplets, seed;
    u32 queries, saves;
    const char *folder; /* where a store goes that is on disk */
} peer_options;

static inline peer_options peer_read_options(int argc, char **argv) {
    peer_options o = {1000000, 1, 1000, 200, "."};
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (value && strcmp(argv[i], "--triplets") == 0) o.triplets = strtoull(value, NULL, 10);
        else if (value && strcmp(argv[i], "--seed") == 0) o.seed = strtoull(value, NULL, 10);
        else if (value && strcmp(argv[i], "--queries") == 0) o.queries = (u32)strtoul(value, NULL, 10);
        else if (value && strcmp(argv[i], "--saves") == 0) o.saves = (u32)strtoul(value, NULL, 10);
        else if (value && strcmp(argv[i], "--folder") == 0) o.folder = value;
        else o.triplets = 0, argc = 0;
    }
    if (!o.triplets || o.triplets > 2000000000u || !o.queries) {
        fprintf(stderr, "usage: %s [--triplets N] [--seed S] [--queries Q] [--saves S] [--folder DIR]\n", argv[0]);
        exit(2);
    }
    return o;
}

/* --- the graph in memory, both ways --- */

typedef struct peer_rows {
    u32 *start; /* nodes + 1 */
    u32 *words;
} peer_rows;

typedef struct peer_graph {
    peer_rows out, in;
    u32 triplets;
} peer_graph;

static inline void peer_free_rows(peer_rows *rows) {
    free(rows->start);
    free(rows->words);
    *rows = (peer_rows){0};
}

static inline void peer_free_graph(peer_graph *graph) {
    peer_free_rows(&graph->out);
    peer_free_rows(&graph->in);
    malloc_trim(0); /* so that what the process has after is the peer's */
}

/* A run of in-edges comes ordered by node; this orders it by kind first and keeps that order inside. */
static inline void peer_order_run(u32 *words, u32 count, u32 **spare, u32 *room) {
    if (count <= 24) {
        for (u32 i = 1; i < count; i++) {
            u32 word = words[i], at = i;
            for (; at && words[at - 1] > word; at--) words[at] = words[at - 1];
            words[at] = word;
        }
        return;
    }
    u32 places[33] = {0};
    if (count > *room) {
        free(*spare);
        *spare = peer_alloc(*room = count, sizeof(u32));
    }
    for (u32 i = 0; i < count; i++) places[(words[i] >> 27) + 1]++;
    for (u32 i = 0; i < 32; i++) places[i + 1] += places[i];
    for (u32 i = 0; i < count; i++) (*spare)[places[words[i] >> 27]++] = words[i];
    memcpy(words, *spare, count * sizeof(u32));
}

/* Only the in-edges when `out` is not wanted, which is half the memory. */
static inline peer_graph peer_make_graph(const generator *g, bool out) {
    u32 words[GENERATE_MAX];
    peer_graph made = {0};
    u64 total = 0;
    made.in.start = peer_alloc((u64)g->nodes + 2, sizeof(u32));
    if (out) made.out.start = peer_alloc((u64)g->nodes + 1, sizeof(u32));
    if (out) made.out.words = peer_alloc(g->triplets_target + g->triplets_target / 10 + 1000, sizeof(u32));
    for (u32 n = 0; n < g->nodes; n++) {
        u32 count = generate_out(g, n, words);
        for (u32 i = 0; i < count; i++) made.in.start[generate_node(words[i]) + 2]++;
        if (out) {
            if (total + count > g->triplets_target + g->triplets_target / 10)
                peer_stop("generator", "too many triplets");
            memcpy(made.out.words + total, words, count * sizeof(u32));
            made.out.start[n + 1] = (u32)(total + count);
        }
        total += count;
    }
    made.triplets = (u32)total;
    made.in.words = peer_alloc(total, sizeof(u32));
    for (u32 n = 0; n < g->nodes; n++) made.in.start[n + 2] += made.in.start[n + 1];
    for (u32 n = 0; n < g->nodes; n++) {
        u32 *list = out ? made.out.words + made.out.start[n] : words;
        u32 count = out ? made.out.start[n + 1] - made.out.start[n] : generate_out(g, n, words);
        for (u32 i = 0; i < count; i++)
            made.in.words[made.in.start[generate_node(list[i]) + 1]++] = (list[i] & ~GENERATE_NODE_MASK) | n;
    }
    u32 *spare = NULL, room = 0;
    for (u32 n = 0; n < g->nodes; n++)
        peer_order_run(made.in.words + made.in.start[n], made.in.start[n + 1] - made.in.start[n], &spare, &room);
    free(spare);
    return made;
}

/* --- times --- */

typedef struct peer_series {
    u64 *ns;
    u32 count, room;
} peer_series;

static inline void peer_note(peer_series *s, u64 ns) {
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 1024;
        s->ns = realloc(s->ns, s->room * sizeof(u64));
        if (!s->ns) peer_stop("realloc", "out of memory");
    }
    s->ns[s->count++] = ns;
}

static inline int peer_by_value(const void *a, const void *b) {
    u64 x = *(const u64 *)a, y = *(const u64 *)b;
    return x < y ? -1 : x > y;
}

static inline void peer_sort(peer_series *s) {
    if (s->count) qsort(s->ns, s->count, sizeof(u64), peer_by_value);
}

static inline u64 peer_at(const peer_series *s, u32 percent) {
    return s->count ? s->ns[(u64)(s->count - 1) * percent / 100] : 0;
}

/* Sorts, prints and frees. */
static inline void peer_tell(const char *name, peer_series *s) {
    peer_sort(s);
    printf(",\"%s\":{\"count\":%u,\"p50_ns\":%llu,\"p99_ns\":%llu}", name, s->count, (unsigned long long)peer_at(s, 50),
           (unsigned long long)peer_at(s, 99));
    free(s->ns);
    *s = (peer_series){0};
}

/* --- the walk --- */

typedef struct peer_walk {
    u64 *seen;  /* a bit a node */
    u32 *queue; /* what was seen, and so all that has to be cleared */
    u32 count;
} peer_walk;

static inline peer_walk peer_walk_create(u32 nodes) {
    return (peer_walk){peer_alloc((u64)nodes / 64 + 1, sizeof(u64)), peer_alloc(nodes, sizeof(u32)), 0};
}

static inline void peer_visit(peer_walk *w, u32 node) {
    u64 bit = 1ull << (node & 63);
    if (w->seen[node >> 6] & bit) return;
    w->seen[node >> 6] |= bit;
    w->queue[w->count++] = node;
}

/* Visits the in-neighbours of a node over all kinds but contains. */
typedef void peer_in(void *peer, u32 node, peer_walk *walk);

/* The nodes reached backwards, without the first. */
static inline u32 peer_blast(peer_walk *w, peer_in *in, void *peer, u32 node, u32 depth) {
    w->count = 0;
    peer_visit(w, node);
    for (u32 level = 0, from = 0; level < depth && w->count < PEER_LIMIT; level++) {
        u32 end = w->count;
        for (; from < end && w->count < PEER_LIMIT; from++) in(peer, w->queue[from], w);
    }
    u32 reached = w->count - 1;
    for (u32 i = 0; i < w->count; i++) w->seen[w->queue[i] >> 6] = 0;
    return reached;
}

/* --- the questions --- */

typedef u32 peer_who(void *peer, u32 trait, u32 *ids);
/* Another way to walk, for a peer that has no rows to look at. */
typedef u32 peer_reach(void *peer, u32 node, u32 depth);

static inline void peer_ask(const generator *g, const peer_options *o, void *peer, peer_who *who, peer_in *in,
                            peer_reach *reach) {
    u32 ids[PEER_FIRST];
    u64 random = generate_mix(o->seed ^ 0x7175657279u), traits = random, found = 0, check = 0;
    peer_series times = {0};
    /* The same traits twice: on memory that nothing has read since the store was opened, and again. */
    for (u32 again = 0; again < 2; again++) {
        random = traits;
        for (u32 i = 0; i < o->queries; i++) {
            u32 trait = generate_below(&random, g->traits) * GENERATE_TRAIT_STEP;
            u64 start = peer_now();
            u32 count = who(peer, trait, ids);
            peer_note(&times, peer_now() - start);
            found += count;
            /* Which 64 come first is the peer's matter. */
            for (u32 k = 0; k < count && count < PEER_FIRST; k++) check += ids[k];
        }
        peer_tell(again ? "who_implements" : "who_implements_first", &times);
    }
    printf(",\"who_found\":%llu,\"who_check\":%llu", (unsigned long long)found, (unsigned long long)check);
    peer_walk walk = {0};
    if (!reach) walk = peer_walk_create(g->nodes);
    for (u32 depth = 1; depth <= PEER_DEPTHS; depth++) {
        /* The largest walks are the longest by far: fewer of them are enough. */
        u32 rounds = depth < PEER_DEPTHS ? o->queries : (o->queries + 3) / 4;
        u64 visited = 0, took = 0;
        char name[16];
        for (u32 i = 0; i < rounds; i++) {
            u32 node = generate_below(&random, g->nodes);
            u64 start = peer_now();
            visited += reach ? reach(peer, node, depth) : peer_blast(&walk, in, peer, node, depth);
            u64 ns = peer_now() - start;
            peer_note(&times, ns);
            took += ns;
        }
        snprintf(name, sizeof name, "blast_%u", depth);
        printf(",\"%s_nodes\":%llu,\"%s_ns_a_node\":%.2f", name, (unsigned long long)visited, name,
               visited ? (double)took / (double)visited : 0.0);
        peer_tell(name, &times);
    }
    free(walk.seen);
    free(walk.queue);
}

/* --- saves --- */

typedef struct peer_edge {
    u32 node, word;
} peer_edge;

typedef struct peer_edges {
    peer_edge *data;
    u32 count, room;
} peer_edges;

typedef struct peer_save {
    u32 file, first, end; /* its nodes */
    peer_edges old, new;  /* by (node, word) */
} peer_save;

typedef struct peer_saver {
    const generator *g;
    u16 *rounds; /* a file */
    u64 random;
    peer_save next;
} peer_saver;

static inline void peer_push(peer_edges *edges, u32 node, u32 word) {
    if (edges->count == edges->room) {
        edges->room = edges->room ? 2 * edges->room : 1024;
        edges->data = realloc(edges->data, edges->room * sizeof(peer_edge));
        if (!edges->data) peer_stop("realloc", "out of memory");
    }
    edges->data[edges->count++] = (peer_edge){node, word};
}

static inline peer_saver peer_saver_create(const generator *g, const peer_options *o) {
    return (peer_saver){.g = g, .rounds = peer_alloc(g->files, sizeof(u16)), .random = generate_mix(o->seed)};
}

static inline void peer_saver_free(peer_saver *s) {
    free(s->rounds);
    free(s->next.old.data);
    free(s->next.new.data);
}

/* A random file, what it has, and what it has after one more save; made before the clock runs. */
static inline const peer_save *peer_next_save(peer_saver *s) {
    u32 words[GENERATE_MAX];
    peer_save *save = &s->next;
    save->file = generate_below(&s->random, s->g->files);
    save->first = generate_first(s->g, save->file);
    save->end = generate_end(s->g, save->file);
    for (u32 new = 0; new < 2; new ++) {
        peer_edges *edges = new ? &save->new : &save->old;
        edges->count = 0;
        s->rounds[save->file] = (u16)(s->rounds[save->file] + new);
        for (u32 n = save->first; n < save->end; n++) {
            u32 count = generate_changed(s->g, save->file, s->rounds[save->file], n, words);
            for (u32 i = 0; i < count; i++) peer_push(edges, n, words[i]);
        }
    }
    return save;
}

static inline bool peer_same(const peer_edges *a, const peer_edges *b) {
    return a->count == b->count && (!a->count || memcmp(a->data, b->data, a->count * sizeof(peer_edge)) == 0);
}

/* The edge as it stands in the rows of its target. */
static inline peer_edge peer_turned(peer_edge e) {
    return (peer_edge){generate_node(e.word), (e.word & ~GENERATE_NODE_MASK) | e.node};
}

static inline int peer_compare(peer_edge a, peer_edge b) {
    u64 x = (u64)a.node << 32 | a.word, y = (u64)b.node << 32 | b.word;
    return x < y ? -1 : x > y;
}

/* Calls `drop` and `add` for what is in one list and not in the other, or for all of both when `whole`. */
typedef void peer_change(void *peer, peer_edge edge);
static inline void peer_apply(void *peer, const peer_edges *old, const peer_edges *new, bool whole, peer_change *drop,
                              peer_change *add) {
    for (u32 i = 0; whole && i < old->count; i++) drop(peer, old->data[i]);
    for (u32 i = 0; whole && i < new->count; i++) add(peer, new->data[i]);
    for (u32 i = 0, j = 0; !whole && (i < old->count || j < new->count);) {
        int order = i == old->count ? 1 : j == new->count ? -1 : peer_compare(old->data[i], new->data[j]);
        if (order < 0) drop(peer, old->data[i]);
        if (order > 0) add(peer, new->data[j]);
        i += order <= 0;
        j += order >= 0;
    }
}

/* One of the array `saves`; sorts, prints and frees. */
static inline void peer_tell_save(bool first, const char *what, const char *durable, peer_series *s) {
    peer_sort(s);
    printf("%s{\"what\":\"%s\",\"survives\":\"%s\",\"count\":%u,\"p50_ns\":%llu,\"p99_ns\":%llu}",
           first ? ",\"saves\":[" : ",", what, durable, s->count, (unsigned long long)peer_at(s, 50),
           (unsigned long long)peer_at(s, 99));
    free(s->ns);
    *s = (peer_series){0};
}

/* --- the object --- */

static inline void peer_begin(const char *name, const peer_options *o, const generator *g, const peer_graph *graph) {
    u64 start = peer_now();
    for (u32 i = 0; i < 10000; i++) peer_sink += peer_now();
    double clock_ns = (double)(peer_now() - start) / 10000;
    printf("{\"peer\":\"%s\",\"seed\":%llu,\"nodes\":%u,\"files\":%u,\"triplets\":%u,\"clock_ns\":%.1f", name,
           (unsigned long long)o->seed, g->nodes, g->files, graph->triplets, clock_ns);
}

static inline void peer_tell_memory(const char *when) {
    printf(",\"rss_%s\":%llu,\"rss_anonymous_%s\":%llu", when, (unsigned long long)peer_status("VmRSS"), when,
           (unsigned long long)peer_status("RssAnon"));
}

static inline int peer_end(void) {
    puts("}");
    return fflush(stdout) != 0;
}

#endif
