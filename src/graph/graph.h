/* graph.h: the interface signature graph, immutable once built.
 *
 * A graph is one position-independent image: built in memory from a resolved world, kept by a store as it is,
 * opened by pointing into it. Nodes are dense u32 ids: the workspace's first, those of a file contiguous, then
 * the external ones. Edges stand in compressed sparse rows, both directions, each list sorted by
 * (kind, inferred, node):
 *
 *     word = kind:4 | inferred:1 | node:27
 *
 * `settled` has a bit for each word of `in`: all sites of that call have a receiver whose type is known and takes the
 * trait's own member, so no impl of the trait member is meant by it.
 * Edges known only as candidates stand in a second pair of rows. Each out-edge has its sites. Positions are no
 * part of nodes or edges: a site is relative to the item that asserts it, and where items start stands in one
 * table (`anchors`) that a moved line changes alone.
 *
 * Image, little-endian: pt_graph_header, then the sections in the order of PT_GRAPH_SECTIONS, each aligned to 8. */
#ifndef PT_GRAPH_H
#define PT_GRAPH_H

#include "resolve/sites.h"

enum { PT_GRAPH_MAGIC = 0x52475450 /* "PTGR" */, PT_GRAPH_VERSION = 2, PT_NODE_LIMIT = 1 << 27 };

typedef u32 pt_word;
static inline pt_word pt_word_make(u8 kind, bool inferred, u32 node) {
    return (u32)kind << 28 | (u32)inferred << 27 | node;
}
static inline u8 pt_word_kind(pt_word w) { return (u8)(w >> 28); }
static inline bool pt_word_inferred(pt_word w) { return w >> 27 & 1; }
static inline u32 pt_word_node(pt_word w) { return w & (PT_NODE_LIMIT - 1); }

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
    u32 line;   /* below the anchor's line */
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

/* name, element type */
/* clang-format off */
#define PT_GRAPH_SECTIONS(X)                                                                                     \
    X(nodes, pt_graph_node) X(positions, pt_graph_position) X(out_offsets, u32) X(out, pt_word) X(in_offsets, u32) \
    X(in, pt_word) X(settled, u64) X(candidate_out_offsets, u32) X(candidate_out, pt_word) X(candidate_in_offsets, u32)           \
    X(candidate_in, pt_word) X(site_offsets, u32) X(candidate_site_offsets, u32) X(sites, pt_graph_site)          \
    X(anchors, pt_graph_anchor) X(files, pt_graph_file) X(names, pt_graph_name) X(by_name, u32)                   \
    X(unresolved, pt_graph_unresolved) X(errors, pt_graph_error) X(problems, u32) X(features, u32) X(strings, char)
/* clang-format on */

enum {
#define X(name, type) PT_SECTION_##name,
    PT_GRAPH_SECTIONS(X)
#undef X
        PT_SECTION_COUNT
};

typedef struct pt_graph_header {
    u32 magic, version;
    u64 size;     /* of the whole image */
    u64 checksum; /* XXH3-64 of everything behind the header */
    u64 generation;
    u32 extractor, dump; /* dump: made from a code dump */
    u32 local_nodes;     /* nodes [0, local_nodes) are the workspace's */
    u32 root, std_name;  /* strings: absolute root (not part of any answer), std's version */
    u32 bodies, unread, reserved;
    u64 source_bytes, source_lines;
    u64 offsets[PT_SECTION_COUNT];
    u32 counts[PT_SECTION_COUNT];
} pt_graph_header;

typedef struct pt_graph {
    const pt_graph_header *header;
#define X(name, type) const type *name;
    PT_GRAPH_SECTIONS(X)
#undef X
    u32 node_count;
    void *owned; /* image to free, or NULL */
} pt_graph;

/* Builds the image of a resolved world. `generation` counts the commits of its store. `sites` is emptied. */
int pt_graph_build(pt_graph **out, pt_world *world, pt_sites *sites, u64 generation, pt_error *error);
/* Opens an image. `take` frees it with the graph. `check`: checksum and all references. */
int pt_graph_open(pt_graph **out, void *image, u64 size, bool take, bool check, pt_error *error);
void pt_graph_close(pt_graph *graph);
/* Every internal law: sorted lists, mirror equality of both directions, references. Tests, fuzzers and verify. */
int pt_graph_validate(const pt_graph *graph, pt_error *error);

/* The bit of one word of `in`, by its index in the section. */
static inline bool pt_graph_settled(const pt_graph *g, u32 index) { return g->settled[index / 64] >> index % 64 & 1; }
static inline const char *pt_graph_string(const pt_graph *g, u32 offset) { return g->strings + offset; }
/* The run of one kind in a list sorted by kind. */
typedef struct pt_run {
    const pt_word *words;
    u32 count;
    u32 first; /* index of words[0] in its section: names its sites */
} pt_run;
typedef enum pt_direction { PT_OUT, PT_IN, PT_CANDIDATE_OUT, PT_CANDIDATE_IN } pt_direction;
pt_run pt_graph_list(const pt_graph *g, u32 node, pt_direction direction);
pt_run pt_graph_kind(const pt_graph *g, u32 node, pt_direction direction, u8 kind);
/* Sites of the edge from -> to of a kind, candidate or not. */
const pt_graph_site *pt_graph_sites(const pt_graph *g, u32 from, u8 kind, u32 to, bool candidate, u32 *count);
/* The unresolved sites of a name (a string): the first's index and how many. */
u32 pt_graph_unresolved_of(const pt_graph *g, u32 name, u32 *count);
u32 pt_graph_site_line(const pt_graph *g, const pt_graph_site *site);
/* Appends the path of a node. */
void pt_graph_path(const pt_graph *g, pt_buffer *out, u32 node);
/* Which letters a name has, as pt_graph_name.letters: a name can only fit a pattern whose letters it has. */
#define PT_LETTER_UNDERSCORE (1u << 27)
u32 pt_graph_letters(const char *name);
/* The nearest enclosing module or crate. */
u32 pt_graph_module(const pt_graph *g, u32 node);

#endif
