/* relink_internal.h: what the parts of relink.c share. */
#ifndef PT_RELINK_INTERNAL_H
#define PT_RELINK_INTERNAL_H

#include "resolve/impls.h"
#include "resolve/questions.h"
#include "resolve/relink.h"

enum { MOST_ROUNDS = 64, MOST_NAMES = 20000, KEY_BITS = (1 << 20) - 1 };

typedef struct affected {
    pt_scope_key key;
    u32 first, count; /* what it meant before: of `before` */
} affected;

typedef struct relinker {
    pt_world *w;
    pt_changes *c;
    PT_VEC(affected) names;
    PT_VEC(u32) table;         /* hash of a name -> its place in names + 1 */
    PT_VEC(pt_binding) before; /* bindings of the names before */
    u64 letters;               /* of the symbols, as pt_import.letters */
    PT_VEC(u8) symbols;        /* bitmap of their symbols */
    PT_VEC(u32) imports;       /* of named_imports: those to resolve again */
    PT_VEC(u8) taken;          /* bitmap of named_imports */
    struct pt_asked *asked;    /* by an import */
    PT_VEC(u8) keys;           /* bitmap, by hash: questions for the affected names */
    PT_VEC(u8) asking;         /* bitmap of definitions: impls, traits and aliases that asked */
    PT_VEC(u32) impls, traits; /* whose headers or bounds may mean something else */
    PT_VEC(u8) other;          /* bitmap of symbols: names that mean something else */
    PT_VEC(u32) bound;         /* names that mean another macro in some scope; */
    PT_VEC(u8) changed;        /* bitmap, by hash: questions for names in scopes that mean something else */
} relinker;

static inline void whole(relinker *x, const char *why) {
    if (!x->c->whole) x->c->whole = why;
}

static inline void changed_key(relinker *x, pt_question_kind kind, u32 a, u32 b) {
    pt_vec_push(&x->c->keys, pt_question(kind, a, b));
}

typedef PT_VEC(u8) bitmap;
static inline bool has_bit(const void *map, u32 bit) {
    const bitmap *b = map;
    return bit / 8 < b->count && (b->data[bit / 8] >> (bit % 8) & 1);
}
static inline void put_bit(void *map, u32 bit) {
    bitmap *b = map;
    if (bit / 8 >= b->count) {
        if (!pt_vec_reserve(b, (u64)bit / 8 + 4096) || !b->data) return;
        memset(b->data + b->count, 0, b->capacity - b->count);
        b->count = b->capacity;
    }
    b->data[bit / 8] |= (u8)(1u << (bit % 8));
}
static inline bool has_symbol(const relinker *x, u32 symbol) { return has_bit(&x->symbols, symbol); }

static inline u32 pt_relink_head_of(const pt_impl *im) { return im->is_blanket ? PT_BLANKET_HEAD : im->head; }

void pt_relink_remove_impl(relinker *x, u32 index);
/* Impls: tables by head and trait. */
void pt_relink_add_impl(relinker *x, pt_impl im);
void pt_relink_drop_derives(relinker *x, u32 def);
void pt_relink_add_derives(relinker *x, u32 def);
/* Members: what is found through the impl or trait that a definition is in; `head`: of the impl. */
void pt_relink_member(relinker *x, u32 def, u32 head, bool came);
u32 pt_relink_head_around(const pt_world *w, u32 def);
/* Impls, traits and type aliases that asked what has another answer now; then what became of them. */
void pt_relink_find_headers(relinker *x, u32 first); /* first: changed definitions of earlier rounds */
void pt_relink_headers(relinker *x);
/* What is asked until pt_relink_asked_end is noted; does any of it lie in a bitmap of KEY_BITS? */
bool pt_relink_asked_begin(relinker *x);
bool pt_relink_asked_end(relinker *x, const void *keys);
void pt_relink_supertraits(relinker *x);
/* Macro calls: one that came; those by a name that may mean another macro, or one of another text. */
void pt_relink_mount_call(relinker *x, u32 call);
void pt_relink_calls(relinker *x);
/* Modules in files of their own: those that came, and those whose file came. */
void pt_relink_mount_modules(relinker *x);

#endif
