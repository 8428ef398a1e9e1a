/* sites.h: what resolution says: edges with the place that asserts them, and places that stayed open. */
#ifndef PT_SITES_H
#define PT_SITES_H

#include "resolve/world.h"

/* The numbers are on disk: append only. */
/* clang-format off */
#define PT_EDGE_KINDS(X)                                                                                      \
    X(CONTAINS, "contains") X(IMPLEMENTS, "implements") X(EXTENDS, "extends") X(OVERRIDES, "overrides")        \
    X(CALLS, "calls") X(INSTANTIATES, "instantiates") X(ACCEPTS, "accepts") X(RETURNS, "returns") X(HAS, "has") \
    X(BOUNDS, "bounds") X(EXPANDS, "expands") X(REEXPORTS, "reexports") X(USES, "uses")
/* clang-format on */
typedef enum pt_edge_kind {
#define X(name, text) PT_EDGE_##name,
    PT_EDGE_KINDS(X)
#undef X
        PT_EDGE_KIND_COUNT
} pt_edge_kind;

/* clang-format off */
#define PT_VIAS(X)                                                                                          \
    X(NONE, "") X(PATH, "path") X(METHOD, "method") X(OPERATOR, "operator") X(TRY, "try") X(FOR, "for")      \
    X(INDEX, "index") X(DEREF, "deref") X(MACRO, "macro") X(FORWARDED, "forwarded") X(IMPL, "impl") X(DERIVE, "derive") \
    X(AWAIT, "await")
/* clang-format on */
typedef enum pt_via {
#define X(name, text) PT_VIA_##name,
    PT_VIAS(X)
#undef X
        PT_VIA_COUNT
} pt_via;

typedef enum pt_confidence { PT_EXACT, PT_INFERRED, PT_CANDIDATE } pt_confidence;

/* Why a site stayed open. */
#define PT_REASONS(X)                                                                                     \
    X(UNKNOWN_RECEIVER, "unknown receiver", "the receiver's type is not known")                           \
    X(NO_SUCH_METHOD, "no such method", "the receiver's type is known, no method of that name was found") \
    X(NO_SUCH_NAME, "no such name", "no item of that name is in scope")                                   \
    X(DEPENDENCY, "dependency absent", "the name may come from a dependency that is not loaded")          \
    X(UNKNOWN_MACRO, "unknown macro", "the macro's definition was not found or no rule matched")          \
    X(ASSOCIATED, "associated item", "an associated item of a type that is not known well enough")        \
    X(UNKNOWN_FIELD, "unknown field", "a field of a type that is not known")
typedef enum pt_reason {
#define X(name, text, sentence) PT_REASON_##name,
    PT_REASONS(X)
#undef X
        PT_REASON_COUNT
} pt_reason;

const char *pt_edge_kind_name(u8 kind);
u8 pt_edge_kind_of_name(const char *name); /* PT_EDGE_KIND_COUNT: none */
const char *pt_via_name(u8 via);
const char *pt_confidence_name(u8 confidence);
const char *pt_reason_name(u8 reason);
const char *pt_reason_sentence(u8 reason);

/* One place that asserts one edge. `asserter` is the definition whose text it stands in (also of items that are
 * no nodes: a `use`); its position is relative to that item's first line. */
typedef struct pt_site {
    u32 from, to; /* definitions */
    u32 asserter;
    u32 line;   /* lines below the asserter's first */
    u32 cfg;    /* symbol: predicate of the place inside its item, 0 none */
    u16 column; /* 1-based; 0 when it would not fit */
    u8 kind : 4, via : 4;
    u8 confidence;
} pt_site;
_Static_assert(PT_EDGE_KIND_COUNT <= 16 && PT_VIA_COUNT <= 16, "both fit a site's byte");

typedef struct pt_open_site {
    u32 from, name; /* definition, symbol */
    u32 asserter, line;
    u16 column;
    u8 reason, reserved;
} pt_open_site;

/* What one thread found. */
typedef struct pt_worker_sites {
    PT_VEC(pt_site) sites;
    PT_VEC(pt_open_site) open;
    u64 bodies, bytes;
} pt_worker_sites;

/* The sites of one instance: a run in one worker's vectors, sorted, without repeats. */
typedef struct pt_site_run {
    u32 instance, worker;
    u32 first, count, first_open, open_count;
} pt_site_run;

typedef struct pt_sites {
    pt_worker_sites *workers;
    u32 worker_count;
    PT_VEC(pt_site_run) runs; /* by instance */
    u64 bodies, bytes, site_count, open_count;
} pt_sites;

/* Resolves all signatures and bodies of the workspace's own definitions, in parallel. Run by run the result is
 * the same whatever the number of threads. Freed with pt_sites_free. */
int pt_resolve_world(pt_sites *out, pt_world *world, pt_error *error);
void pt_sites_free(pt_sites *sites);

#endif
