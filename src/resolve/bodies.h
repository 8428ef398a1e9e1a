/* bodies.h: what the parts of body resolution share: expressions (bodies.c), macros and entry (macro_sites.c). */
#ifndef PT_BODIES_H
#define PT_BODIES_H

#include "resolve/resolver.h"

typedef struct body {
    pt_resolver *r;
    pt_view v;
    u32 owner;       /* definition: generics are looked up from it */
    u32 first_local; /* locals of this body start here */
    pt_ty loop;      /* what `break` with a value gives, 0 outside a loop */
    bool written;    /* the place expression that is read is assigned or borrowed mutably */
} body;

/* What a path in value position names. */
typedef struct value {
    u32 def;
    pt_ty ty; /* of `Type::name`: the type; of `Self`: itself */
    u32 arg_count;
    u32 flags;
    pt_ty args[8]; /* turbofish */
    bool is_member, open;
    u32 offset;
    pt_callee choice; /* several impls of one trait offer it: the arguments will tell which */
    u32 trait;        /* of `Trait::name` and `<T as Trait>::name`, else PT_NO_DEF: its edge waits for the type */
} value;

/* Small helpers of all parts. */
static inline const pt_node *node_of_body(const body *b, u32 node) { return &b->v.nodes[node]; }
pt_ty pt_shallow(pt_resolver *r, pt_ty ty);
static inline pt_type type_of_body(const body *b, pt_ty ty) { return *pt_ty_at(&b->r->types, pt_shallow(b->r, ty)); }
/* An argument of a type as far as known. */
static inline pt_ty arg_of(const body *b, pt_ty ty, u32 i) { return pt_ty_arg(&b->r->types, pt_shallow(b->r, ty), i); }
static inline bool is_known(const body *b, pt_ty ty) {
    u8 kind = type_of_body(b, ty).kind;
    return kind != PT_TY_UNKNOWN && kind != PT_TY_NEVER && kind != PT_TY_VAR;
}
static inline pt_ty unit_of(const body *b) { return pt_ty_make(&b->r->types, PT_TY_TUPLE, 0, 0, NULL, 0); }
static inline pt_ty never_of(const body *b) { return pt_ty_make(&b->r->types, PT_TY_NEVER, 0, 0, NULL, 0); }
static inline pt_ty primitive_of(const body *b, const char *name) {
    return pt_adt(b->r, pt_primitive(b->r->w, name), NULL, 0);
}
static inline pt_ty reference_to(const body *b, pt_ty ty, bool mutable) {
    return pt_ty_make(&b->r->types, PT_TY_REF, 0, mutable, &ty, 1);
}

pt_ty pt_expr(body *b, u32 node, pt_ty expected);
/* The same, then coerced to what is expected. */
pt_ty pt_expr_as(body *b, u32 node, pt_ty expected);
void pt_pattern(body *b, u32 node, pt_ty ty);
/* Names that a macro brings are its own: `node` is the token that says the name, 0 one of the body's text. */
void pt_push_local(body *b, u32 name, u32 node, pt_ty ty);
const pt_local *pt_find_local(const body *b, u32 name, u32 node);
u32 pt_struct_path(body *b, u32 path, u8 kind, pt_ty *ty);
u32 pt_tuple_fields(pt_resolver *r, u32 owner, pt_ty *out, u32 limit);
pt_ty pt_type_from_def(pt_resolver *r, u32 def, const pt_ty *args, u32 count);
/* An ADT whose arguments are unknown. */
pt_ty pt_adt_unknown(pt_resolver *r, u32 def);
/* A field of a struct, union or variant that is (part of) `self`; *field PT_NO_DEF when it is none by name. */
pt_ty pt_field_type(body *b, u32 owner, pt_ty self, u32 name, u32 *field);
/* A field of a value by its name, through Deref as far as that takes: its type in *found, 0 where it has none. False: a
 * type is still to be told. Emits the use of the field and the Derefs on the way. */
bool pt_find_field(body *b, pt_ty ty, u32 name, u32 offset, bool mutably, pt_ty *found);

/* values.c: resolves a path and emits its sites. */
enum { PT_VALUE_CALLED, PT_VALUE_USED, PT_VALUE_PATTERN };
value pt_value_of(body *b, u32 path, u32 mode);
pt_ty pt_value_type(body *b, const value *x);

/* calls.c */
pt_ty pt_expr_call(body *b, u32 node, pt_ty expected);
pt_ty pt_expr_method(body *b, u32 node, pt_ty expected);
pt_ty pt_expr_field(body *b, u32 node);
pt_ty pt_expr_closure(body *b, u32 node, pt_ty expected);
void pt_emit_callee(pt_resolver *r, const pt_callee *c, u8 kind, u8 via, u32 offset);
/* The result of calling `def` with values of types `given`; `self`: the type a path or receiver names, 0 unknown. */
pt_ty pt_call_with(body *b, u32 def, pt_ty self, const pt_ty *explicit_args, u32 explicit_count, const pt_ty *given,
                   u32 count, bool method, u32 offset);
/* The result of calling a value, `offset` as for pt_coerce. False: nothing is known of it yet. */
bool pt_call_value(body *b, pt_ty callee, const pt_ty *given, u32 count, u32 offset, pt_ty *result);
/* The bounds of a definition's parameters hold: what they bind is unified, now or later. */
void pt_owe_bounds(body *b, u32 def, const pt_subst *s);
/* Puts something into the queue of what waits; tries the queue; at the end tells what stayed open. */
void pt_wait(body *b, struct pt_pending p, const pt_ty *args, const pt_ty *explicit_args);
void pt_try_pending(body *b);
void pt_end_pending(body *b);

/* operators.c: what is sugar for calls. Each returns the result's type. */
pt_ty pt_expr_binary(body *b, u32 node, pt_ty expected);
pt_ty pt_expr_assign(body *b, u32 node);
pt_ty pt_expr_unary(body *b, u32 node, pt_ty expected);
pt_ty pt_expr_index(body *b, u32 node);
pt_ty pt_expr_try(body *b, u32 node);
pt_ty pt_expr_await(body *b, u32 node);
/* What `for` over a value yields. */
pt_ty pt_element_of(body *b, pt_ty ty, u32 offset);
/* One that waited; false: it has to wait on. */
bool pt_try_operator(body *b, struct pt_pending *p);
/* A call of a trait's member on a type: the impl's member where the type is known and the impl has one. */
void pt_emit_member(body *b, u32 trait, const char *name, pt_ty self, u8 via, u32 offset);

/* Binds the parameters of a fn. */
void pt_param_locals(body *b, u32 def, const pt_signature *signature);

pt_ty pt_block(body *b, u32 node, pt_ty expected, bool keep_locals);
/* Parses tokens [first, end); released by setting r->tree_depth back. NULL: nested too deeply, or out of memory. */
pt_tree *pt_parse_in_body(pt_resolver *r, const pt_lexemes *lexemes, u32 first, u32 end, pt_parse_as as);
/* A call of the macro_rules! `def`, read as what it expands to; a statement's names stay. False: it does not. */
bool pt_expand_in_body(body *b, u32 node, u32 def, u32 call, bool statement, pt_ty expected, pt_ty *result);
/* The same in pattern position. */
bool pt_expand_pattern(body *b, u32 node, u32 def, pt_ty ty);
/* The definition of a macro call in a body where it was noted as an item; else PT_NO_DEF. */
u32 pt_noted_call(const body *b, u32 node);

/* A macro call in expression, statement, pattern or type position: its `expands` edge and its arguments. */
pt_ty pt_macro_site(body *b, u32 node, pt_ty expected, bool statement);
/* The same in pattern position, against a value's type. */
void pt_macro_pattern(body *b, u32 node, pt_ty ty);
/* The predicate of attributes among siblings from `first`, joined with `outer`. */
u32 pt_attribute_cfg(body *b, u32 first, u32 outer);
/* The scope of a block that holds items, or `fallback`. */
u32 pt_block_scope(const body *b, u32 node, u32 fallback);

#endif
