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
#define PT_VIAS(X)                                                                    \
    X(NONE, "", "")                                                                   \
    X(PATH, "path", "a path names it")                                                \
    X(METHOD, "method", "a method call")                                              \
    X(OPERATOR, "operator", "an operator is a call of its trait's member")            \
    X(TRY, "try", "`?` calls branch and from_residual, which converts by From")       \
    X(FOR, "for", "`for` calls into_iter and next")                                   \
    X(INDEX, "index", "an index expression is a call of index or index_mut")          \
    X(DEREF, "deref", "the way to the target goes through this Deref")                \
    X(MACRO, "macro", "a macro's definition wrote the call")                          \
    X(FORWARDED, "forwarded", "a call of std ends in this impl")                      \
    X(IMPL, "impl", "an impl says so")                                                \
    X(DERIVE, "derive", "a derive says so")                                           \
    X(AWAIT, "await", "`.await` calls into_future and poll")
/* clang-format on */
typedef enum pt_via {
#define X(name, text, sentence) PT_VIA_##name,
    PT_VIAS(X)
#undef X
        PT_VIA_COUNT
} pt_via;

typedef enum pt_confidence { PT_EXACT, PT_INFERRED, PT_CANDIDATE } pt_confidence;

/* By what rule a site's target was told: the first is rustc's own way, each other one is a rule of ours whose measured
 * precision stands in docs/accuracy.md. The numbers are on disk: append only. */
#define PT_RULES(X)                                                                                     \
    X(WRITTEN, "written", "the text names it, looked up as rustc does")                                 \
    X(OUTSIDE, "outside", "the path leads into a crate whose source was not read")                      \
    X(DERIVE, "derive", "a derive implements the trait of its name; what its macro writes was not run") \
    X(BLANKET, "blanket", "a blanket impl's bounds hold, as far as they are known")                     \
    X(EXTENSION, "extension", "the workspace's trait for a type of a crate that was not read")          \
    X(FORWARDED, "forwarded", "std's body, which was not read, calls this impl")                        \
    X(ARGUMENTS, "macro arguments", "the arguments of a macro that is not known, read as Rust")         \
    X(QUOTE, "quote", "an interpolation of quote! calls to_tokens")                                     \
    X(NAMESAKE, "namesake", "nothing is known of the receiver: a method of that name")                  \
    X(SEVERAL, "several", "several impls hold for the type, what would choose between them is not known")
typedef enum pt_rule {
#define X(name, text, sentence) PT_RULE_##name,
    PT_RULES(X)
#undef X
        PT_RULE_COUNT
} pt_rule;

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
const char *pt_via_sentence(u8 via);
const char *pt_confidence_name(u8 confidence);
const char *pt_rule_name(u8 rule);
const char *pt_rule_sentence(u8 rule);
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
    u8 confidence : 2, rule : 4;
    u8 settled : 1; /* a call of a trait's member by a receiver whose type is known: no other type's impl is meant */
    u8 reserved : 1;
} pt_site;
_Static_assert(PT_EDGE_KIND_COUNT <= 16 && PT_VIA_COUNT <= 16 && PT_RULE_COUNT <= 16, "each fits its four bits");

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

/* Single items of a world that follows its files. */
typedef struct pt_item_resolver pt_item_resolver;
int pt_item_resolver_create(pt_item_resolver **out, pt_world *world, pt_error *error);
void pt_item_resolver_destroy(pt_item_resolver *resolver);
/* A method came, went, or is to be looked at again: whose name is looked for when nothing else is known. True: what is found
 * by that name (question PT_ASK_NAMESAKES) may be something else now. */
bool pt_item_resolver_method(pt_item_resolver *resolver, u32 def);
typedef struct pt_item_run {
    u32 def, first, count, first_open, open_count, bodies;
} pt_item_run;
typedef struct pt_item_sites {
    pt_worker_sites found;
    PT_VEC(pt_item_run) items;
} pt_item_sites;
/* What the definitions assert now: those of one instance follow each other. Appends. PT_EBUSY: a text that is needed is not
 * the one that was noted: a save nobody told of yet. */
int pt_resolve_items(pt_item_sites *out, pt_item_resolver *resolver, const u32 *defs, u32 count, pt_error *error);
void pt_item_sites_free(pt_item_sites *sites);

#endif
