/* context.h: what a reader must know to edit some items: the items with their text, and what they call, are called by, are
 * made of, in an order of importance, within a number of tokens that the answer never exceeds.
 *
 * Rank: every edge between what is asked for and an item gives it weight, by kind and direction (the tables of context.c);
 * an item two steps away gets a half of the product of both; what the whole code base refers to is damped by the logarithm of
 * how much does; tests and what is external count less. Ties: pt_graph_order. Then, while tokens last: what is asked for with
 * its text, then lines with signatures in the order of rank, then texts in place of signatures, then further lines. */
#ifndef PT_CONTEXT_H
#define PT_CONTEXT_H

#include "query/query.h"
#include "query/source.h"

/* Relations of an item to what was asked for, in the order they are told. */
/* clang-format off */
#define PT_RELATIONS(X)                                                                                           \
    X(TARGET, "target") X(PARENT, "inside of") X(CALLER, "callers") X(IMPLEMENTOR, "implemented by")              \
    X(OVERRIDER, "overridden by") X(OVERRIDDEN, "overrides") X(SIGNATURE, "types it speaks of")                   \
    X(CALLEE, "calls") X(TRAIT, "implements") X(MEMBER, "members") X(USED, "uses") X(USER, "used by")             \
    X(SIBLING, "beside it") X(FURTHER, "two steps away") X(TEST, "tests")
/* clang-format on */
typedef enum pt_relation {
#define X(name, text) PT_RELATION_##name,
    PT_RELATIONS(X)
#undef X
        PT_RELATION_COUNT
} pt_relation;
const char *pt_relation_name(u32 relation);

typedef struct pt_related {
    u32 node, score;
    u32 of; /* the item between it and what was asked for, when it is two steps away; else PT_NONE */
    u8 relation;
    u16 target; /* which of those asked for */
} pt_related;
typedef PT_VEC(pt_related) pt_related_list;

enum { PT_CONTEXT_BUDGET = 4000, PT_CONTEXT_LEAST = 100, PT_CONTEXT_MOST = 1000000 };
typedef enum pt_context_level { PT_LEVEL_MENU, PT_LEVEL_SIGNATURES, PT_LEVEL_BODIES } pt_context_level;

/* What the items are related to, best first; the items themselves are not in it. PT_ENOMEM. */
int pt_context_gather(pt_related_list *out, const pt_query *q, const u32 *targets, u32 count, pt_error *error);

#endif
