/* questions.h: what the resolution of an item asked of the world, found and not found alike, as 32-bit keys.
 *
 * A key stands for one question: a name in a scope, members of a head by name, impls of a trait for a head, the interface of
 * a definition ... Two questions may share a key: then somebody is resolved again for nothing. Definitions and symbols keep
 * their numbers while a world follows its files, so keys are made of those; nothing outside of it knows them. */
#ifndef PT_QUESTIONS_H
#define PT_QUESTIONS_H

#include "resolve/world.h"

typedef enum pt_question_kind {
    PT_ASK_NAME = 1,    /* scope, name: what it means, in every namespace */
    PT_ASK_MEMBER,      /* head, name */
    PT_ASK_IMPLS,       /* head, trait */
    PT_ASK_INTERFACE,   /* definition: its signature as it is resolved, fields and variants, the text of a macro */
    PT_ASK_MACRO,       /* name: textual macros */
    PT_ASK_SUPERTRAITS, /* trait */
    PT_ASK_NAMESAKES,   /* name: all methods of the workspace */
    PT_SAY_KIND         /* external path, evidence bit: not asked but said, see pt_external_evidence */
} pt_question_kind;

static inline u32 pt_question(pt_question_kind kind, u32 a, u32 b) {
    return (u32)(pt_hash_u64(((u64)a << 32 | b) + (u64)kind * 0x9e3779b97f4a7c15u) >> 32);
}

/* Of one thread, for one item after the other. */
struct pt_asked {
    PT_VEC(u32) keys; /* of all items so far, each of an item once or seldom twice */
    u32 first;        /* of the current item */
    u32 stamp, held;
    u64 table[1 << 11]; /* stamp << 32 | key */
};
void pt_asked_begin(struct pt_asked *asked);
void pt_asked_free(struct pt_asked *asked);
void pt_ask_key(struct pt_asked *asked, u32 key);
/* Of std and dependencies nothing changes: who asks for their own is not noted. */
static inline void pt_ask_of(const pt_world *w, pt_question_kind kind, u32 def, u32 b) {
    if (w->asked && def >= w->external_def_count && !pt_def_is_external_path(def))
        pt_ask_key(w->asked, pt_question(kind, def, b));
}
static inline void pt_ask(const pt_world *w, pt_question_kind kind, u32 a, u32 b) {
    if (w->asked) pt_ask_key(w->asked, pt_question(kind, a, b));
}

/* What every item asked. */
typedef struct pt_asked_run {
    u32 first, count;
    u32 own; /* so many of the first ones were asked by what others see of the item, not by its body */
} pt_asked_run;
typedef struct pt_recent_key {
    u32 run, next;
} pt_recent_key;
typedef struct pt_questions {
    const u32 *cold_keys; /* the first `cold_count` keys, in cold memory */
    u32 cold_count;
    PT_VEC(u32) keys;          /* those behind them */
    PT_VEC(pt_asked_run) runs; /* by definition less `first_def` */
    u32 first_def;
    u32 dead; /* keys that no run has any more */
    /* who may have asked a key: runs by its lowest bits, as of the last indexing, and those that changed since */
    PT_VEC(u32) starts, askers, recent;
    PT_VEC(u32) recent_heads; /* by the keys' lowest bits: first of recent_keys + 1 */
    PT_VEC(pt_recent_key) recent_keys;
    const u32 *asker_list; /* askers, or those in cold memory */
    u32 bits;
} pt_questions;
static inline const u32 *pt_asked_keys(const pt_questions *q, pt_asked_run run) {
    if (!run.count) return NULL;
    return run.first < q->cold_count ? q->cold_keys + run.first : q->keys.data + (run.first - q->cold_count);
}
void pt_questions_free(pt_questions *questions);
/* Replaces what a definition asked. */
void pt_questions_set(pt_questions *questions, u32 def, const u32 *keys, u32 count, u32 own);
/* Did anybody ask it? */
bool pt_questions_any(pt_questions *questions, u32 key);
/* Definitions that asked one of the keys: calls visit(payload, definition, by its interface), for some more than once. */
void pt_questions_askers(pt_questions *questions, const u32 *keys, u32 count,
                         void (*visit)(void *payload, u32 def, bool own), void *payload);

#endif
