/* graph.h: the interface signature graph as a reader sees it: one snapshot, which never changes.
 *
 * Most of a snapshot is its base: compressed sparse rows in both directions, in shards of 2^20 nodes, mapped from
 * files or built in memory. What was committed since the base was written stands in an overlay (overlay.h) that is
 * looked at first; without one every access is an array's. Nodes are dense u32 ids: in a base that was built anew the
 * workspace's come first, those of a file contiguous, then the external ones; later ones follow in the order of their
 * coming, and ids of removed nodes stay behind as dead ones until the next new base. Ids mean nothing outside of one
 * (store, generation). Lists are sorted by word:
 *
 *     word = kind:4 | inferred:1 | node:27
 *
 * A call all of whose sites have a receiver of known type that takes the trait's own member has a code of its own
 * (PT_CODE_SETTLED_CALLS) in place of the kind: no impl of the trait's member is meant by it. Readers that do not care
 * see the kind `calls`. Edges known only as candidates stand in a second pair of rows. Each out-edge has its sites.
 * Positions are no part of nodes or edges: a site is relative to the item that asserts it, and where items start stands
 * in one table (`anchors`) that a moved line changes alone.
 *
 * Image: a block (block.h) of type PT_BLOCK_IMAGE with the sections of PT_GRAPH_SECTIONS. */
#ifndef PT_GRAPH_H
#define PT_GRAPH_H

#include "graph/block.h"
#include "resolve/sites.h"

enum { PT_NODE_LIMIT = 1 << 27, PT_SHARD_BITS = 20, PT_SHARD_NODES = 1 << PT_SHARD_BITS };
/* Types of blocks, pt_block_header.type. */
enum { PT_BLOCK_IMAGE = 1, PT_BLOCK_OUT, PT_BLOCK_IN, PT_BLOCK_TABLES, PT_BLOCK_FACTS, PT_BLOCK_DELTA };

typedef u32 pt_word;
enum { PT_CODE_SETTLED_CALLS = PT_EDGE_KIND_COUNT, PT_CODE_COUNT };
_Static_assert(PT_CODE_COUNT <= 16, "a code has four bits");
static inline pt_word pt_word_make(u8 code, bool inferred, u32 node) {
    return (u32)code << 28 | (u32)inferred << 27 | node;
}
static inline u8 pt_word_code(pt_word w) { return (u8)(w >> 28); }
static inline u8 pt_word_kind(pt_word w) {
    return w >> 28 == PT_CODE_SETTLED_CALLS ? (u8)PT_EDGE_CALLS : (u8)(w >> 28);
}
static inline bool pt_word_inferred(pt_word w) { return w >> 27 & 1; }
static inline u32 pt_word_node(pt_word w) { return w & (PT_NODE_LIMIT - 1); }
/* The same edge seen from its other end. */
static inline pt_word pt_word_mirror(pt_word w, u32 node) { return (w & ~(pt_word)(PT_NODE_LIMIT - 1)) | node; }

/* Flags of a node. */
enum {
    PT_NODE_EXTERNAL = 1,
    PT_NODE_TEST = 2,
    PT_NODE_HAS_SELF = 4,
    PT_NODE_ASYNC = 8,
    PT_NODE_CONST = 16,
    PT_NODE_UNSAFE = 32,
    PT_NODE_DEPRECATED = 64,
    PT_NODE_MUST_USE = 128,
    PT_NODE_FFI = 256, /* reached from outside: no_mangle, proc macros, lang items, entry points */
    PT_NODE_ALLOW_DEAD = 512,
    PT_NODE_TRAIT_IMPL = 1024, /* impl of a trait, or a member of one */
    PT_NODE_EXPANDED = 2048,
    PT_NODE_ORDINAL = 4096, /* told from an equal sibling only by an ordinal */
    PT_NODE_BLANKET = 8192,
    PT_NODE_EXPORTED = 16384, /* macro_export */
    PT_NODE_PUBLIC = 32768    /* pub all the way up: API of its crate */
};

/* pt_graph_node.kind of an id whose node is gone. */
enum { PT_KIND_DEAD = 255 };

/* Strings are offsets of zero-terminated text in the string section; 0 is "". */
typedef struct pt_graph_node {
    pt_hash128 hash; /* sig_hash: identity */
    u64 interface_hash;
    u32 name, parent;        /* string; node or PT_NONE */
    u32 path;                /* string: own path (crates, impls, externals); 0: parent's path :: name */
    u32 signature, doc, cfg; /* strings */
    u32 file;                /* index into files, PT_NONE external */
    u16 flags;
    u8 kind, visibility; /* pt_kind, pt_visibility */
} pt_graph_node;

typedef struct pt_graph_position {
    u32 line, end_line;
    u32 column;
} pt_graph_position;

typedef struct pt_graph_site {
    u32 anchor; /* which item asserts it */
    u32 line;   /* below the anchor's line; modulo 2^32, a derive stands above it */
    u32 cfg;    /* string */
    u16 column;
    u8 via : 4, rule : 4;
    u8 confidence : 2, settled : 1, reserved : 5; /* settled: pt_site */
} pt_graph_site;

typedef struct pt_graph_anchor {
    u32 file, line;
    u32 node; /* the asserter, or the nearest node around it */
} pt_graph_anchor;

typedef struct pt_graph_file {
    u32 path; /* string */
    u32 lines;
    u64 size;
    i64 mtime_ns;
    pt_hash128 hash;
    u16 edition;
    u8 unreadable, reserved;
    u32 errors;
} pt_graph_file;

typedef struct pt_graph_unresolved {
    u32 name; /* string; sorted by its text */
    u32 from; /* node */
    u32 anchor, line;
    u16 column;
    u8 reason, reserved;
} pt_graph_unresolved;

typedef struct pt_graph_error {
    u32 file, line, column;
    u32 message; /* string */
} pt_graph_error;

typedef struct pt_graph_name {
    u32 name;         /* string; sorted by text, unique */
    u32 first, count; /* run in by_name */
    u32 letters;      /* bit a letter (a-z folded), bit 26 digits, 27 _ */
} pt_graph_name;

/* Numbers of a whole snapshot: of what is alive. */
typedef struct pt_graph_info {
    u64 generation; /* counts the commits of its store */
    u64 source_bytes, source_lines;
    u64 edges, candidates, sites;
    u32 extractor, dump; /* dump: made from a code dump */
    u32 root, std_name;  /* strings: absolute root (not part of any answer), std's version */
    u32 bodies, unread;
    u32 local_nodes, external_nodes, files, unresolved;
} pt_graph_info;

/* name, element type; the id of a section in a block is its place here, from 1. Numbers are on disk: append only. */
/* clang-format off */
#define PT_GRAPH_SECTIONS(X)                                                                                      \
    X(info, pt_graph_info) X(nodes, pt_graph_node) X(positions, pt_graph_position)                                \
    X(out_offsets, u32) X(out, pt_word) X(candidate_out_offsets, u32) X(candidate_out, pt_word)                   \
    X(site_offsets, u32) X(candidate_site_offsets, u32) X(sites, pt_graph_site)                                   \
    X(in_offsets, u32) X(in, pt_word) X(candidate_in_offsets, u32) X(candidate_in, pt_word)                       \
    X(anchors, pt_graph_anchor) X(files, pt_graph_file) X(names, pt_graph_name) X(by_name, u32)                   \
    X(unresolved, pt_graph_unresolved) X(errors, pt_graph_error) X(problems, u32) X(features, u32) X(strings, char) \
    X(walk_flags, u8)
/* clang-format on */
enum {
    PT_SECTION_none,
#define X(name, type) PT_SECTION_##name,
    PT_GRAPH_SECTIONS(X)
#undef X
        PT_SECTION_COUNT
};

typedef enum pt_direction { PT_OUT, PT_IN, PT_CANDIDATE_OUT, PT_CANDIDATE_IN } pt_direction;

/* A run of up to 2^20 nodes of the base. Offsets count from `words` and `sites` of the shard. */
typedef struct pt_shard {
    const pt_graph_node *nodes;
    const pt_graph_position *positions;
    const u32 *offsets[4]; /* by pt_direction; one more than nodes */
    const pt_word *words[4];
    const u32 *site_offsets[2]; /* of PT_OUT and PT_CANDIDATE_OUT: by word, one more than words */
    const pt_graph_site *sites;
    const u8 *
        walk_flags; /* PT_WALK_*, a byte a node: what a walk has to know of those it passes; NULL: look at the records */
    u32 node_count, site_count;
} pt_shard;
enum { PT_WALK_EXTERNAL = 1, PT_WALK_TRAIT_IMPL = 2, PT_WALK_DEAD = 4 };
static inline u8 pt_walk_flags_of(const pt_graph_node *n) {
    return (u8)((n->flags & PT_NODE_EXTERNAL ? PT_WALK_EXTERNAL : 0) |
                (n->flags & PT_NODE_TRAIT_IMPL ? PT_WALK_TRAIT_IMPL : 0) |
                (n->kind == PT_KIND_DEAD ? PT_WALK_DEAD : 0));
}

typedef struct pt_overlay pt_overlay;
typedef struct pt_graph pt_graph;
struct pt_graph {
    pt_graph_info info;
    const pt_shard *shards;             /* of the base */
    const char *strings, *more_strings; /* more_strings: those from base_strings on */
    const pt_graph_anchor *anchors;
    const pt_graph_file *files;
    const pt_graph_name *names;
    const u32 *by_name;
    const pt_graph_unresolved *unresolved; /* of the base */
    const pt_graph_error *errors;
    const u32 *problems, *features;
    u32 node_count, base_nodes, shard_count; /* node ids [0, node_count), dead ones too */
    u32 string_count, base_strings;          /* bytes */
    u32 anchor_count, base_anchors, file_count, base_files;
    u32 name_count, by_name_count, unresolved_count; /* of the base */
    u32 error_count, problem_count, feature_count;
    const pt_overlay *overlay; /* NULL: everything stands in the base */
    const void *image;         /* what it was opened from, or NULL */
    void *owned;               /* the same when it is freed with the graph */
    pt_shard *owned_shards;
};

/* The image a graph was opened from, NULL when it has none (a snapshot of several parts). */
const void *pt_graph_image(const pt_graph *graph, u64 *size);
/* Opens an image. `take` frees it with the graph. `check`: checksum and all references. */
int pt_graph_open(pt_graph **out, void *image, u64 size, bool take, bool check, pt_error *error);
/* Frees a graph that pt_graph_open gave. */
void pt_graph_close(pt_graph *graph);
/* The sections of one block into a shard or the tables of a graph, without looking into them: for whoever keeps the base
 * in several blocks. */
int pt_shard_take_out(pt_shard *shard, const void *block, const char *name, pt_error *error);
int pt_shard_take_in(pt_shard *shard, const void *block, const char *name, pt_error *error);
int pt_graph_take_tables(pt_graph *graph, const void *block, const char *name, pt_error *error);
/* Every internal law: sorted lists, mirror equality of both directions, references, numbers. */
int pt_graph_validate(const pt_graph *graph, pt_error *error);
/* Only that nothing refers outside, so that whatever is asked stays inside: for bytes that somebody else may have made. */
int pt_graph_check(const pt_graph *graph, pt_error *error);

/* What the overlay says of an id, NULL when the base holds. */
const pt_graph_node *pt_overlay_node(const pt_overlay *overlay, u32 node);
const pt_graph_position *pt_overlay_position(const pt_overlay *overlay, u32 node);
const pt_graph_anchor *pt_overlay_anchor(const pt_overlay *overlay, u32 anchor);
const pt_graph_file *pt_overlay_file(const pt_overlay *overlay, u32 file);

void pt_overlay_prefetch(const pt_overlay *overlay, u32 node);

static inline const char *pt_graph_string(const pt_graph *g, u32 offset) {
    return offset < g->base_strings ? g->strings + offset : g->more_strings + (offset - g->base_strings);
}
static inline const pt_graph_node *pt_node_at(const pt_graph *g, u32 node) {
    const pt_graph_node *changed = g->overlay ? pt_overlay_node(g->overlay, node) : NULL;
    return changed ? changed : &g->shards[node >> PT_SHARD_BITS].nodes[node & (PT_SHARD_NODES - 1)];
}
static inline u8 pt_walk_flags_at(const pt_graph *g, u32 node) {
    const pt_graph_node *changed = g->overlay ? pt_overlay_node(g->overlay, node) : NULL;
    if (changed) return pt_walk_flags_of(changed);
    const pt_shard *s = &g->shards[node >> PT_SHARD_BITS];
    u32 at = node & (PT_SHARD_NODES - 1);
    return s->walk_flags ? s->walk_flags[at] : pt_walk_flags_of(&s->nodes[at]);
}
static inline bool pt_node_alive(const pt_graph *g, u32 node) { return !(pt_walk_flags_at(g, node) & PT_WALK_DEAD); }
static inline const pt_graph_position *pt_position_at(const pt_graph *g, u32 node) {
    const pt_graph_position *changed = g->overlay ? pt_overlay_position(g->overlay, node) : NULL;
    return changed ? changed : &g->shards[node >> PT_SHARD_BITS].positions[node & (PT_SHARD_NODES - 1)];
}
static inline const pt_graph_anchor *pt_anchor_at(const pt_graph *g, u32 anchor) {
    const pt_graph_anchor *changed = g->overlay ? pt_overlay_anchor(g->overlay, anchor) : NULL;
    return changed ? changed : &g->anchors[anchor];
}
/* A file; `path` 0: it is gone. */
static inline const pt_graph_file *pt_file_at(const pt_graph *g, u32 file) {
    const pt_graph_file *changed = g->overlay ? pt_overlay_file(g->overlay, file) : NULL;
    return changed ? changed : &g->files[file];
}
static inline bool pt_same_text(const pt_graph *g, u32 a, u32 b) {
    return a == b || strcmp(pt_graph_string(g, a), pt_graph_string(g, b)) == 0;
}
/* Alive and the workspace's. */
static inline bool pt_node_local(const pt_graph *g, u32 node) {
    const pt_graph_node *n = pt_node_at(g, node);
    return n->kind != PT_KIND_DEAD && !(n->flags & PT_NODE_EXTERNAL);
}

/* Words of a list, one contiguous piece after the other:
 *     for (pt_run run = pt_graph_list(...); pt_run_next(&run);)
 *         for (u32 i = 0; i < run.count; i++) ... run.words[i] ...
 * Most lists are one piece; those of hubs that were edited are several, and calls are two. The order is ascending inside
 * of each code. */
typedef struct pt_slice {
    const pt_word *words;
    u32 count, capacity; /* capacity 0: the words belong to the base */
} pt_slice;
typedef struct pt_run {
    const pt_word *words;
    u32 count;
    u32 next, pieces; /* of the slices, or of the only one */
    const pt_slice *slices;
    pt_slice only;
    pt_word first, last;               /* what lies in this range, */
    pt_word second_first, second_last; /* and then, where second_last is not 0, in this one */
} pt_run;
bool pt_run_more(pt_run *run);
static inline bool pt_run_next(pt_run *run) {
    if (run->next < run->pieces || run->second_last) return pt_run_more(run);
    return false;
}
/* All words of a node; those of one kind; those of one code. */
pt_run pt_graph_list(const pt_graph *g, u32 node, pt_direction direction);
pt_run pt_graph_kind(const pt_graph *g, u32 node, pt_direction direction, u8 kind);
pt_run pt_graph_code(const pt_graph *g, u32 node, pt_direction direction, u8 code);
/* How many. */
u32 pt_graph_degree(const pt_graph *g, u32 node, pt_direction direction);
u32 pt_graph_kind_count(const pt_graph *g, u32 node, pt_direction direction, u8 kind);

/* The out-edges of a node with their sites: those of words[i] are sites[site_offsets[i] .. site_offsets[i + 1]). */
typedef struct pt_row {
    const pt_word *words;
    const u32 *site_offsets;
    const pt_graph_site *sites;
    u32 count;
} pt_row;
pt_row pt_graph_row(const pt_graph *g, u32 node, bool candidates);
/* Sites of the edge from -> to of a kind, candidate or not. */
const pt_graph_site *pt_graph_sites(const pt_graph *g, u32 from, u8 kind, u32 to, bool candidate, u32 *count);

typedef PT_VEC(u32) pt_node_list;
/* Nodes alive of a name, ascending, without repetition: appended. */
void pt_graph_named(const pt_graph *g, const char *name, pt_node_list *out);
/* Every name of the graph once, with which letters it has; a name may have lost its last node. Stops when `visit` says
 * false. */
void pt_graph_each_name(const pt_graph *g, bool (*visit)(void *payload, u32 name, u32 letters), void *payload);
typedef PT_VEC(pt_graph_unresolved) pt_unresolved_list;
/* Unresolved sites of a name, or (NULL) all: appended, in an order that does not depend on ids; or in any order. */
void pt_graph_open_sites(const pt_graph *g, const char *name, pt_unresolved_list *out);
void pt_graph_open_sites_unsorted(const pt_graph *g, const char *name, pt_unresolved_list *out);

static inline u32 pt_graph_site_line(const pt_graph *g, const pt_graph_site *site) {
    return pt_anchor_at(g, site->anchor)->line + site->line;
}
static inline const char *pt_graph_file_path(const pt_graph *g, u32 file) {
    return pt_graph_string(g, pt_file_at(g, file)->path);
}
/* Appends the path of a node. */
void pt_graph_path(const pt_graph *g, pt_buffer *out, u32 node);
/* Which letters a name has, as pt_graph_name.letters: a name can only fit a pattern whose letters it has. */
#define PT_LETTER_UNDERSCORE (1u << 27)
u32 pt_graph_letters(const char *name);
/* The nearest enclosing module or crate. */
u32 pt_graph_module(const pt_graph *g, u32 node);
/* An order of nodes that does not depend on ids: the workspace's first, by file, line, column; then by path and identity. */
int pt_graph_order(const pt_graph *g, u32 a, u32 b);

#endif
