/* generate.h: synthetic interface graphs. The out-edges of a node are a pure function of (seed, node), so that any part of
 * a graph of any size can be made at any time, in any order, by several programs, without memory.
 *
 * Edges are words `kind:4 | inferred:1 | node:27`, as in pt_graph.
 *
 *   files       `nodes_per_file` consecutive nodes, such that a file has about 50 triplets
 *   contains    from the first node of a file to each other one: 28 % of all triplets at 1M, 18 % at 10M, 12 % at 100M,
 *               8 % at 1B. All others are drawn; how many a node has follows sixteen weights from 0 to 5.6 times the mean,
 *               one by the node's hash
 *   implements  7 to 8 % of all triplets; targets are traits (node % 50 == 0), the trait by the power law
 *   the rest    calls 70 %, accepts 15 %, uses 15 %. With contains, 66 % of all triplets are local at 1M, 53 % at 1B
 *               60 % are local: a third of the candidates in the file, the others at most WINDOW nodes away; of
 *               four the one with most out-edges is taken, as what does much is used much
 *               40 % go anywhere, calls to all nodes, accepts and uses to types (node % 10 == 1): half by the power law,
 *               half evenly (calls: the better of two), so that the long tail is no desert
 *   power law   a rank is drawn by octaves: each doubling of the rank is as likely as the one before, evenly inside (density
 *               about 1/rank). The first octaves are left out, which keeps the greatest in-degree at a few thousandths of
 *               all triplets
 *   inferred    3 % of what is drawn
 *
 * A save (generate_changed) draws every eighth drawn edge of a file again, about 10 % of all its edges; what saves before did
 * stays. An edge that a node has already is drawn again, so that a change may also move a later edge.
 *
 * generate_stats.c measures all of this. */
#ifndef STORE_GENERATE_H
#define STORE_GENERATE_H

#include <stdbool.h>
#include <stdint.h>

typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

enum {
    GENERATE_MAX = 4096, /* out-edges of a node */
    GENERATE_CONTAINS = 0,
    GENERATE_IMPLEMENTS = 1,
    GENERATE_CALLS = 4,
    GENERATE_ACCEPTS = 6,
    GENERATE_USES = 12,
    GENERATE_TRAIT_STEP = 50,
    GENERATE_TYPE_STEP = 10,
    GENERATE_WINDOW = 200,
};

#define GENERATE_INFERRED (1u << 27)
#define GENERATE_NODE_MASK (GENERATE_INFERRED - 1)

typedef struct generator {
    u32 nodes;
    u64 triplets_target;
    u64 seed;
    u32 nodes_per_file, files, traits, types;
    u64 degree;       /* drawn edges a node, the mean, in 1/65536 */
    u32 implementing; /* of the drawn edges, in 1/65536 */
} generator;

static inline u32 generate_kind(u32 word) { return word >> 28; }
static inline u32 generate_node(u32 word) { return word & GENERATE_NODE_MASK; }
static inline bool generate_is_trait(const generator *g, u32 node) {
    return node < g->nodes && node % GENERATE_TRAIT_STEP == 0;
}
static inline u32 generate_file(const generator *g, u32 node) { return node / g->nodes_per_file; }
static inline u32 generate_first(const generator *g, u32 file) { return file * g->nodes_per_file; }
/* One past the last node of a file. */
static inline u32 generate_end(const generator *g, u32 file) {
    u64 end = ((u64)file + 1) * g->nodes_per_file;
    return end < g->nodes ? (u32)end : g->nodes;
}

/* The nodes that belong to a number of triplets: larger graphs are denser, as more of what is called is known. */
static inline u32 generate_nodes_for(u64 triplets) {
    static const u64 sizes[][2] = {
        {1000000, 300000}, {10000000, 2000000}, {100000000, 14000000}, {1000000000, 100000000}};
    for (u32 i = 0; i < 4; i++)
        if (triplets <= sizes[i][0] || i == 3) {
            u64 nodes = triplets * sizes[i][1] / sizes[i][0];
            return nodes < 1000 ? 1000 : nodes > GENERATE_NODE_MASK ? GENERATE_NODE_MASK : (u32)nodes;
        }
    return 0;
}

static inline void generator_init(generator *g, u32 nodes, u64 triplets, u64 seed) {
    u64 in_file = (50 * (u64)nodes + triplets / 2) / triplets;
    *g = (generator){.nodes = nodes, .triplets_target = triplets, .seed = seed};
    g->nodes_per_file = in_file < 5 ? 5 : in_file > 1000 ? 1000 : (u32)in_file;
    g->files = (nodes + g->nodes_per_file - 1) / g->nodes_per_file;
    g->traits = (nodes + GENERATE_TRAIT_STEP - 1) / GENERATE_TRAIT_STEP;
    g->types = (nodes + GENERATE_TYPE_STEP - 2) / GENERATE_TYPE_STEP;
    u64 contained = nodes - g->files;
    u64 drawn = triplets > contained ? triplets - contained : 0;
    g->degree = (drawn << 16) / nodes;
    if (g->degree > (400ull << 16)) g->degree = 400ull << 16;
    g->implementing = drawn ? (u32)(triplets * 7 / 100 * 65536 / drawn) : 0;
}

static inline u64 generate_mix(u64 x) {
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}
/* The next number of a stream. */
static inline u64 generate_next(u64 *state) { return generate_mix(*state += 0xd1342543de82ef95u); }
static inline u32 generate_below(u64 *state, u32 limit) { return (u32)(((generate_next(state) >> 32) * limit) >> 32); }

static inline u64 generate_hash(const generator *g, u32 node) { return generate_mix(generate_mix(g->seed) ^ node); }
static inline u32 generate_weight(u64 hash) {
    static const unsigned char eighths[16] = {0, 0, 1, 1, 2, 2, 3, 4, 4, 6, 6, 8, 10, 14, 22, 45};
    return eighths[hash >> 60];
}

/* One of `count`, by the power law; its first octave is 2^first ranks wide. */
static inline u32 generate_power(u64 *state, u32 count, u32 first) {
    u32 octaves = first + 1;
    while (octaves < 31 && (1u << octaves) < count) octaves++;
    u32 octave = first + generate_below(state, octaves - first);
    u32 rank = (1u << octave) + generate_below(state, 1u << octave) - (1u << first);
    if (rank >= count) rank = generate_below(state, count);
    return (u32)(((u64)rank * 2654435761u + count / 3) % count); /* a prime: ranks are spread, none twice */
}

static inline u32 generate_near(const generator *g, u32 node, u64 *state) {
    if (generate_below(state, 3) == 0) {
        u32 first = generate_first(g, generate_file(g, node)), end = generate_end(g, generate_file(g, node));
        return first + generate_below(state, end - first);
    }
    u32 target = node + generate_below(state, 2 * GENERATE_WINDOW + 1);
    if (target < GENERATE_WINDOW) target = 2 * GENERATE_WINDOW - target;
    target -= GENERATE_WINDOW;
    return target < g->nodes ? target : 2 * (g->nodes - 1) - target;
}

static inline u32 generate_draw(const generator *g, u32 node, u64 *state) {
    u64 dice = generate_next(state);
    u32 kind = GENERATE_IMPLEMENTS, target;
    if ((dice & 0xffff) < g->implementing) {
        target = generate_power(state, g->traits, 1) * GENERATE_TRAIT_STEP;
    } else {
        u32 which = (u32)((dice >> 16 & 0xffff) * 100 >> 16);
        kind = which < 70 ? GENERATE_CALLS : which < 85 ? GENERATE_ACCEPTS : GENERATE_USES;
        if ((dice >> 32 & 0xff) < 154) {
            u32 best = 0;
            target = node;
            for (u32 i = 0; i < 4; i++) {
                u32 other = generate_near(g, node, state), weight = generate_weight(generate_hash(g, other)) + 1;
                if (weight > best) best = weight, target = other;
            }
        } else {
            bool even = (dice >> 40 & 0xff) < 128, call = kind == GENERATE_CALLS;
            u32 count = call ? g->nodes : g->types;
            target = even ? generate_below(state, count) : generate_power(state, count, call ? 2 : 1);
            if (!call) target = target * GENERATE_TYPE_STEP + 1;
            if (call && even) {
                u32 other = generate_below(state, count);
                if (generate_weight(generate_hash(g, other)) > generate_weight(generate_hash(g, target)))
                    target = other;
            }
        }
    }
    return kind << 28 | ((dice >> 48 & 0xff) < 9 ? GENERATE_INFERRED : 0) | target;
}

/* The out-edges of a node after its file was saved `round` times; sorted, unique. Returns how many. */
static inline u32 generate_changed(const generator *g, u32 file, u32 round, u32 node, u32 *words) {
    u32 first = generate_first(g, file), end = generate_end(g, file), count = 0;
    if (node == first)
        for (u32 n = first + 1; n < end; n++) words[count++] = (u32)GENERATE_CONTAINS << 28 | n;
    u32 contained = count;
    u64 hash = generate_hash(g, node);
    u32 wanted = (u32)((g->degree * generate_weight(hash) / 8 + (hash & 0xffff)) >> 16);
    for (u32 slot = 0; slot < wanted; slot++) {
        /* The last save that drew this slot again; 0: none did. */
        u32 turn = (u32)(hash >> 16 & 0xff) + slot, last = 0;
        if (round) {
            u32 back = (round + turn) % 8;
            last = back < round ? round - back : 0;
        }
        u64 state = hash ^ generate_mix((u64)slot << 32 | last);
        for (u32 attempt = 0; attempt < 8; attempt++) {
            u32 word = generate_draw(g, node, &state), at = count;
            bool taken = generate_node(word) == node;
            for (u32 i = contained; i < count && !taken; i++) taken = ((words[i] ^ word) & ~GENERATE_INFERRED) == 0;
            if (taken) continue;
            for (; at > contained && words[at - 1] > word; at--) words[at] = words[at - 1];
            words[at] = word;
            count++;
            break;
        }
    }
    return count;
}

/* The out-edges of a node as it was first: `words` has room for GENERATE_MAX. */
static inline u32 generate_out(const generator *g, u32 node, u32 *words) {
    return generate_changed(g, generate_file(g, node), 0, node, words);
}

#endif
