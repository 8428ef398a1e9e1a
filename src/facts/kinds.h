/* kinds.h: the kinds of nodes, as design, JSON and stores spell them. The numbers are on disk: append only. */
#ifndef PT_KINDS_H
#define PT_KINDS_H

#include "base/base.h"

/* clang-format off */
#define PT_NODE_KIND_LIST(X)                                                                                    \
    X(CRATE, "crate") X(MODULE, "module") X(STRUCT, "struct") X(ENUM, "enum") X(UNION, "union")                  \
    X(VARIANT, "variant") X(FIELD, "field") X(TRAIT, "trait") X(TRAIT_ALIAS, "trait_alias") X(IMPL, "impl")      \
    X(FN, "fn") X(METHOD, "method") X(CONST, "const") X(STATIC, "static") X(TYPE_ALIAS, "type_alias")            \
    X(ASSOC_TYPE, "assoc_type") X(ASSOC_CONST, "assoc_const") X(MACRO, "macro")                                  \
    X(PRIMITIVE, "primitive") /* u8, &T, (A, B), [T], fn(): external heads of impls */                           \
    /* items that are no nodes */                                                                                \
    X(USE, "use") X(EXTERN_CRATE, "extern_crate") X(MACRO_CALL, "macro_call") X(BLOCK, "block")
/* clang-format on */

typedef enum pt_kind {
#define X(name, text) PT_KIND_##name,
    PT_NODE_KIND_LIST(X)
#undef X
        PT_KIND_COUNT
} pt_kind;

static inline bool pt_kind_is_node(u8 kind) { return kind <= PT_KIND_PRIMITIVE; }
const char *pt_kind_name(u8 kind);
/* The kind of that name, or PT_KIND_COUNT. */
u8 pt_kind_of_name(const char *name);

#endif
