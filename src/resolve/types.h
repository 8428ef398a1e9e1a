/* types.h: types of one resolving thread, interned: equal types have equal numbers. */
#ifndef PT_TYPES_H
#define PT_TYPES_H

#include "base/alloc.h"

typedef enum pt_type_kind {
    PT_TY_UNKNOWN, /* number 0 */
    PT_TY_NEVER,
    PT_TY_ADT, /* def, arguments: struct, enum, union, primitive, external path */
    PT_TY_REF, /* one argument; name 1: &mut */
    PT_TY_PTR, /* name 1: *mut */
    PT_TY_SLICE,
    PT_TY_ARRAY,
    PT_TY_TUPLE,
    PT_TY_FN,         /* def, arguments: a fn item, or a tuple constructor */
    PT_TY_FN_PTR,     /* arguments: parameters, then the result */
    PT_TY_CLOSURE,    /* as FN_PTR */
    PT_TY_PARAM,      /* def: the owner (item, impl or trait), name; `Self` of a trait: owner the trait */
    PT_TY_DYN,        /* def: trait, arguments */
    PT_TY_OPAQUE,     /* impl Trait: one argument a bound, each of kind BOUND */
    PT_TY_BOUND,      /* def: trait; arguments: its own, then BINDINGs */
    PT_TY_BINDING,    /* name = argument 0 */
    PT_TY_PROJECTION, /* <self as trait>::name: the self type, then the trait's arguments; def: trait or PT_NONE */
    PT_TY_INT,
    PT_TY_FLOAT, /* literals without suffix, once nothing told more */
    PT_TY_VAR    /* name: number in the body's inference context (infer.h) */
} pt_type_kind;

typedef u32 pt_ty;
typedef struct pt_type {
    u8 kind;
    u8 count;
    bool open; /* a variable or a projection is in it */
    u8 reserved;
    u32 def, name;
    u32 args; /* into the pool */
} pt_type;

typedef struct pt_types {
    PT_VEC(pt_type) types;
    PT_VEC(pt_ty) pool;
    PT_VEC(u32) table;
    u32 steps; /* of PT_MAX_STEPS, for the item that is read */
} pt_types;

/* Types share parts, aliases and projections lead to further ones: what is small as text may be without end as a tree.
 * So each item has a number of steps; when they are spent, what is not known by then stays unknown. What is kept for
 * others (a signature, an impl's type) has steps of its own: it must not depend on who asked first. */
enum { PT_MAX_STEPS = 2 << 20, PT_MAX_STEPS_KEPT = 1 << 18 };
static inline bool pt_step(pt_types *t) {
    if (t->steps >= PT_MAX_STEPS) return false;
    t->steps++;
    return true;
}

void pt_types_reset(pt_types *types);
void pt_types_free(pt_types *types);
pt_ty pt_ty_make(pt_types *types, u8 kind, u32 def, u32 name, const pt_ty *args, u32 count);
static inline const pt_type *pt_ty_at(const pt_types *t, pt_ty ty) { return &t->types.data[ty]; }
static inline pt_ty pt_ty_arg(const pt_types *t, pt_ty ty, u32 i) {
    return i < t->types.data[ty].count ? t->pool.data[t->types.data[ty].args + i] : 0;
}

/* A substitution: what generic parameters stand for. */
typedef struct pt_subst_entry {
    u32 owner, name;
    pt_ty ty;
} pt_subst_entry;
typedef struct pt_subst {
    pt_subst_entry entries[24];
    u32 count;
} pt_subst;

void pt_subst_add(pt_subst *s, u32 owner, u32 name, pt_ty ty);
pt_ty pt_subst_find(const pt_subst *s, u32 owner, u32 name);
pt_ty pt_ty_subst(pt_types *types, pt_ty ty, const pt_subst *s, u32 depth);
/* Matches `pattern` (with parameters) against `ty`, adding to `s`. False when heads differ; unknown matches, and a
 * variable; `&mut T` matches the pattern `&T`, not the other way round. */
bool pt_ty_match(pt_types *types, pt_ty pattern, pt_ty ty, pt_subst *s, u32 depth);

#endif
