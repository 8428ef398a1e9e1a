/* infer.h: the inference context of one body: type variables, unified as the body is read, and what waits for them.
 *
 * A variable stands for a type not known yet; it is a type of kind VAR whose number is its place in the context, its
 * class says whether only integers or floats fit. Unification binds it (union-find without ranks: chains are short).
 * What needs to know a type to go on (a method of an unknown receiver, a projection) waits in a queue that is tried
 * again whenever something asks, and at the end of the body, before and after integers and floats fall back to i32 and
 * f64. What then still waits is told as unresolved. After: rustc's type check of bodies (rustc dev guide, "Type
 * inference" and "Method probing"). */
#ifndef PT_INFER_H
#define PT_INFER_H

#include "resolve/bodies.h"

typedef enum pt_var_class { PT_VAR_ANY, PT_VAR_INT, PT_VAR_FLOAT } pt_var_class;

/* What waits. Types of arguments lie in r->pending_types. */
typedef enum pt_pending_kind {
    PT_PENDING_METHOD,     /* self.name(args): result */
    PT_PENDING_FIELD,      /* self.name: result */
    PT_PENDING_CALL,       /* self(args): result */
    PT_PENDING_PROJECTION, /* <self as trait>::name is result */
    PT_PENDING_MEMBER,     /* <self as trait>::name, called or used: which impl's it is */
    PT_PENDING_OPERATOR,   /* self op args[0]: result; name: token kind, of an E_BINARY, E_ASSIGN or E_UNARY */
    PT_PENDING_INDEX,      /* self[args[0]]: result; name 1: as a place that is written */
    PT_PENDING_TRY,        /* self?: result */
    PT_PENDING_AWAIT,      /* self.await: result */
    PT_PENDING_ELEMENT,    /* for result in self */
    PT_PENDING_FORWARD     /* a call of std that ends in self's impl of trait, for args[0] where there is one */
} pt_pending_kind;

typedef struct pt_pending {
    u8 kind, via_macro, edge, node_kind;
    bool done;
    u32 scope, cfg, offset, macro_place;
    u32 name, trait;
    pt_ty self, result;
    u32 args, arg_count, explicit_count; /* explicit ones stand behind the others */
} pt_pending;

pt_ty pt_var(pt_resolver *r, pt_var_class class);
/* What a type is as far as known: variables followed, a projection at the top made out. */
pt_ty pt_shallow(pt_resolver *r, pt_ty ty);
/* The same all the way down. */
pt_ty pt_resolved(pt_resolver *r, pt_ty ty);
/* Makes two types one where that is possible; false where they differ. Unknown ones fit everything. */
bool pt_unify(pt_resolver *r, pt_ty a, pt_ty b);
/* A value of type `given` where `want` is wanted: unified, references reborrowed and dereferenced on the way. `offset`:
 * where that makes calls of Deref; PT_NONE tells none. */
void pt_coerce(body *b, pt_ty want, pt_ty given, u32 offset);
/* The type with each hole (an argument left out, `_`) a variable. */
pt_ty pt_open(pt_resolver *r, pt_ty ty);
/* Gives each generic parameter of `def` and of what is around it a variable, unless `s` has it. */
void pt_instantiate(pt_resolver *r, u32 def, pt_subst *s);
/* Forgets all variables: a new body begins. */
void pt_infer_reset(pt_resolver *r);
/* Integers and floats that nothing decided become i32 and f64. */
void pt_infer_fallback(pt_resolver *r);

/* Notes that a call of std ends in a workspace type's impl: `x.into()` in From, `s.parse()` in FromStr, `{}` in Display.
 * `other`: the trait's argument, 0 none. */
void pt_forward(body *b, u32 trait, const char *member, pt_ty self, pt_ty other, u32 offset);

#endif
