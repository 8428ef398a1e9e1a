/* bodies.h: what the parts of body resolution share: expressions (bodies.c), macros and entry (macro_sites.c). */
#ifndef PT_BODIES_H
#define PT_BODIES_H

#include "resolve/resolver.h"

typedef struct body {
    pt_resolver *r;
    pt_view v;
    u32 owner;       /* definition: generics are looked up from it */
    u32 first_local; /* locals of this body start here */
} body;

/* What a path in value position names. */
typedef struct value {
    u32 def;
    pt_ty ty; /* of `Type::name`: the type; of `Self`: itself */
    u32 arg_count;
    u32 flags;
    pt_ty args[8]; /* turbofish */
    bool is_member, open;
} value;

pt_ty pt_expr(body *b, u32 node, pt_ty expected);
void pt_pattern(body *b, u32 node, pt_ty ty);
void pt_push_local(body *b, u32 name, pt_ty ty);
u32 pt_struct_path(body *b, u32 path, u8 kind, pt_ty *ty);
u32 pt_tuple_fields(pt_resolver *r, u32 owner, pt_ty *out, u32 limit);
pt_ty pt_type_from_def(pt_resolver *r, u32 def, const pt_ty *args, u32 count);
/* An ADT whose arguments are unknown. */
pt_ty pt_adt_unknown(pt_resolver *r, u32 def);
/* The same type with parameters of `owner` that stayed open made unknown. */
pt_ty pt_ty_known(pt_resolver *r, pt_ty ty, u32 owner);

/* Binds the parameters of a fn. */
void pt_param_locals(body *b, u32 def, const pt_signature *signature);

pt_ty pt_block(body *b, u32 node, pt_ty expected, bool keep_locals);
/* Parses tokens [first, end); released by setting r->tree_depth back. NULL: nested too deeply, or out of memory. */
pt_tree *pt_parse_in_body(pt_resolver *r, const pt_lexemes *lexemes, u32 first, u32 end, pt_parse_as as);
/* A call of the macro_rules! `def`, read as what it expands to; a statement's names stay. False: it does not. */
bool pt_expand_in_body(body *b, u32 node, u32 def, bool statement, pt_ty expected, pt_ty *result);

/* A macro call in expression, statement, pattern or type position: its `expands` edge and its arguments. */
pt_ty pt_macro_site(body *b, u32 node, pt_ty expected, bool statement);
/* The predicate of attributes among siblings from `first`, joined with `outer`. */
u32 pt_attribute_cfg(body *b, u32 first, u32 outer);
/* The scope of the block that starts at a byte offset, or `fallback`. */
u32 pt_block_scope(pt_resolver *r, u32 offset, u32 fallback);

#endif
