/* resolver.h: what one resolving thread knows while it goes through items, and what its parts share.
 *
 * lower.c: syntax of types to types, emitting sites as it goes; signatures; bounds. selection.c: impls of a type,
 * projections, Deref. methods.c: method look-up. bodies.c and its like: expressions. signatures.c: sites of items. */
#ifndef PT_RESOLVER_H
#define PT_RESOLVER_H

#include "resolve/impls.h"
#include "resolve/sites.h"
#include "resolve/types.h"

enum { PT_MAX_EXPRESSIONS = 1500, PT_NO_EMIT = 255, PT_MAX_TYPE_DEPTH = 24 };

/* A tree to read: noted in facts, or of a body just parsed (then names are symbols already). */
typedef struct pt_view {
    const pt_node *nodes;
    const u32 *symbols;        /* facts: string -> symbol; NULL: names are symbols */
    const pt_lexemes *lexemes; /* body: positions are tokens; NULL: byte offsets */
    const pt_file *file;
    const struct pt_expanded *expanded; /* the expansion that was parsed; NULL: the file itself */
} pt_view;

static inline u32 pt_view_name(const pt_view *v, u32 node) {
    return v->symbols ? v->symbols[v->nodes[node].name] : v->nodes[node].name;
}

/* How a method takes its receiver; as a mask, which ways are wanted. */
enum { PT_SELF_VALUE = 1, PT_SELF_REF = 2, PT_SELF_MUT = 4, PT_SELF_POINTER = 8 /* self: Box<Self> and its kin */ };

typedef struct pt_signature {
    u32 def;
    pt_ty result;
    u32 params, count; /* into signature_types */
    bool has_self, is_known;
    u8 self_kind; /* PT_SELF_*, 0 none */
} pt_signature;

/* The workspace's methods, sorted by (name symbol, definition). */
typedef struct pt_method_names {
    PT_VEC(u32) methods;
} pt_method_names;

typedef struct pt_local {
    u32 name, context; /* context: see pt_token_context */
    pt_ty ty;
} pt_local;

/* A variable of the body that is read: what it is bound to, 0 nothing yet; see infer.h. */
typedef struct pt_variable {
    pt_ty ty;
    u8 class;
} pt_variable;

/* When (by the resolver's progress) and from where a projection could not be made out: it need not be tried again. */
typedef struct pt_stuck {
    u32 progress, item;
} pt_stuck;

/* What where-clauses say of types that are no mere parameters. */
typedef struct pt_env_entry {
    pt_ty self, bound;
} pt_env_entry;
typedef struct pt_env_run {
    u32 item, first, count;
} pt_env_run;

typedef struct pt_asked_item {
    u32 def, first, count, own;
} pt_asked_item;

typedef struct pt_resolver {
    pt_world *w;
    const struct pt_method_names *method_names;
    pt_worker_sites *out;
    pt_types types;
    u32 worker;
    /* where we are */
    u32 instance;
    u32 item;        /* definition whose text is read: asserter */
    u32 from;        /* node that the sites belong to */
    u32 scope;       /* definition names are looked up from */
    u32 cfg;         /* symbol of the predicate of the place inside the item */
    u8 rule;         /* pt_rule of what is emitted; 0: told from the site itself */
    bool settled;    /* pt_site.settled of what is emitted */
    u8 via_macro;    /* inside macro arguments: 1 a known macro, 2 an unknown one */
    u32 macro_place; /* inside an expansion: where its call stands + 1, what the macro brings stands there; else 0 */
    u32 std_place;   /* inside the expansion of a macro of std: where its call stands + 1; else 0 */
    u32 depth;
    u32 nesting;                  /* expressions inside each other: beyond PT_MAX_EXPRESSIONS nothing is looked at */
    u32 aliases[16], alias_count; /* being expanded */
    pt_ty self_type;
    pt_ty result_type; /* of the fn */
    /* positions */
    pt_lexemes lexemes;
    u32 line_file;                           /* whose lines they are, + 1 */
    u32 last_line, last_offset, last_column; /* the last place told: columns are counted on from it */
    PT_VEC(u32) lines;
    PT_VEC(pt_local) locals;
    PT_VEC(pt_variable) vars;
    PT_VEC(struct pt_pending) pending;
    PT_VEC(pt_ty) pending_types;
    u32 shallow_depth;
    PT_VEC(pt_stuck) stuck; /* by type: projections that could not be made out */
    u32 progress, tried;    /* bindings made; as many when the queue was last tried */
    pt_tree trees[128];     /* bodies, and macro arguments and expansions inside them */
    u32 tree_depth;
    u32 edition;                   /* of the instance's file */
    struct pt_body_macros *macros; /* expansions inside bodies; made when needed */
    /* caches, emptied with the types */
    PT_VEC(pt_signature) signatures;
    PT_VEC(pt_ty) signature_types;
    PT_VEC(u32) signature_table;
    PT_VEC(u64) item_types; /* see pt_item_type */
    u32 item_type_count;
    bool in_item_type;
    PT_VEC(pt_env_entry) environment; /* runs by item */
    PT_VEC(pt_env_run) environment_runs;
    bool in_environment;
    pt_buffer text;
    struct pt_asked *asked; /* of a world that is kept; and what of it is whose */
    PT_VEC(pt_asked_item) asked_items;
    u32 own_asked; /* how many questions the item asked before its body was read; PT_NONE: it has none */
} pt_resolver;

/* Emitting. `offset`: byte in the file of the current instance. */
void pt_emit(pt_resolver *r, u32 to, u8 kind, u8 via, u8 confidence, u32 offset);
void pt_emit_from(pt_resolver *r, u32 from, u32 to, u8 kind, u8 via, u8 confidence, u32 offset);
/* An edge to a definition and to the cfg twins that its binding chains. */
void pt_emit_binding(pt_resolver *r, u32 binding, u32 def, u8 kind, u8 via, u8 confidence, u32 offset);
void pt_emit_open(pt_resolver *r, u32 name, u8 reason, u32 offset);
u32 pt_view_offset(const pt_view *v, u32 node);
/* Called once a file: line table of the instance's file. */
void pt_resolver_enter(pt_resolver *r, u32 instance);

/* lower.c */
/* Lowers a type, names looked up from r->scope and generics from `owner`; emits sites of kind `emit` for what
 * it names unless PT_NO_EMIT. */
pt_ty pt_lower(pt_resolver *r, const pt_view *v, u32 node, u32 owner, u8 emit);
pt_ty pt_lower_bound(pt_resolver *r, const pt_view *v, u32 path, u32 owner, u8 emit);
void pt_lower_generics(pt_resolver *r, const pt_view *v, u32 node, u32 owner); /* emits bounds */
/* Generic arguments of a segment node: lowered into `out`, emitted as uses or `emit`. Returns the number. */
u32 pt_lower_args(pt_resolver *r, const pt_view *v, u32 segment, u32 owner, u8 emit, pt_ty *out, u32 limit);
/* The arguments that a BOUND gives its trait, without its bindings. Returns their number. */
u32 pt_bound_args(pt_resolver *r, pt_ty bound, pt_ty *out, u32 limit);
pt_ty pt_self_type(pt_resolver *r, u32 def);
pt_ty pt_type_of_item(pt_resolver *r, u32 def); /* const, static, field, alias, associated type; 0 unknown */
/* The same, made once: as if nothing else were read. */
pt_ty pt_item_type(pt_resolver *r, u32 def);
pt_ty pt_impl_type(pt_resolver *r, u32 impl); /* what an impl (index into impls) is for */
pt_ty pt_adt(pt_resolver *r, u32 def, const pt_ty *args, u32 count);
/* Does a list of generics say a parameter's name before `node`? Then they are cfg twins, one place in the list. */
bool pt_said_before(const pt_view *v, u32 first, u32 node);
/* The parameters an item declares, in order, as types. Returns their number. */
u32 pt_own_params(pt_resolver *r, u32 def, pt_ty *out, u32 limit);
pt_ty pt_adt_generic(pt_resolver *r, u32 def); /* with its own parameters as arguments */
const pt_signature *pt_signature_of(pt_resolver *r, u32 def);
/* Calls visit for each bound (a BOUND type) of a parameter; stops when it returns true. */
bool pt_bounds_of(pt_resolver *r, pt_ty param, bool (*visit)(pt_resolver *, pt_ty bound, void *payload), void *payload);
/* <self as trait<args>>::name; `trait` PT_NONE: of whatever trait has it. A projection where that is not known yet. */
pt_ty pt_project(pt_resolver *r, pt_ty self, u32 trait, u32 name);
pt_ty pt_project_with(pt_resolver *r, pt_ty self, u32 trait, u32 name, const pt_ty *args, u32 count);
/* The same for a projection that was made before, with its self type as far as known now. */
pt_ty pt_project_again(pt_resolver *r, pt_ty projection, pt_ty self);
/* The impl of `trait` for a type: index into impls or PT_NONE; fills `s` with the impl's parameters. */
u32 pt_find_impl(pt_resolver *r, u32 trait, pt_ty self, pt_subst *s);
/* The same for a trait with arguments (0: not told). `several`: what is a variable would have to tell which. */
u32 pt_select_impl(pt_resolver *r, u32 trait, pt_ty self, const pt_ty *args, u32 count, pt_subst *s, bool *several);
/* The trait of an impl block with its arguments, a BOUND; kept like pt_item_type. 0: inherent or derived. */
pt_ty pt_impl_trait(pt_resolver *r, u32 impl);
/* What the where-clauses of the item and around it say of types that are no mere parameters. */
const pt_env_entry *pt_environment(pt_resolver *r, u32 *count);
/* Do they say that a type meets a trait? */
bool pt_environment_has(pt_resolver *r, pt_ty self, u32 trait);
/* Binds the parameters of an impl that only its where-clauses tell: `I::Item: IntoIterator<Item = U>`, `F: Fn() -> T`. */
void pt_solve_parameters(pt_resolver *r, u32 impl_def, pt_subst *s);
/* Is an impl for references, `pattern`, one for this reference: mutable or not, the referent meeting the bounds? */
bool pt_reference_holds(pt_resolver *r, pt_ty pattern, pt_ty self);
/* Do the types that an impl's parameters stand for meet their bounds? What is not known may. */
bool pt_impl_holds(pt_resolver *r, u32 impl, const pt_subst *s);
/* Could the parameter of a blanket impl stand for `self`: does it meet the bounds on the parameter? */
bool pt_blanket_applies(pt_resolver *r, u32 impl, pt_ty self);
bool pt_supertraits(pt_resolver *r, u32 trait, bool (*visit)(pt_resolver *, u32 trait, void *payload), void *payload);
/* Box, Rc, Arc, Pin: what `self` may be wrapped in. */
bool pt_is_smart_pointer(const pt_world *world, u32 def);
pt_ty pt_strip_refs(pt_resolver *r, pt_ty ty);
u32 pt_head_of(pt_resolver *r, pt_ty ty);
pt_ty pt_deref_once(pt_resolver *r, pt_ty ty); /* 0: no deref */
u32 pt_item_tree_child(const pt_world *w, u32 def, u8 kind);

/* Can the item we are in know an impl: of its own crate, of std, of a library? What a test or a program implements
 * for a library's type is nothing to that library. */
static inline bool pt_impl_known(const pt_resolver *r, u32 impl) {
    const pt_world *w = r->w;
    u32 own = w->defs.data[w->impls.data[impl].def].crate;
    const pt_crate *c = &w->crates.data[own];
    return own == w->defs.data[r->item].crate || c->is_external || c->target == PT_NONE ||
           w->workspace->targets.data[c->target].kind == PT_TARGET_LIB;
}

/* methods.c */
enum { PT_NAMESAKES = 8 }; /* more methods of one name, where nothing else is known, are none */
typedef struct pt_callee {
    u32 def;  /* PT_NO_DEF: none */
    u32 impl; /* index into impls or PT_NONE */
    u8 confidence, rule;
    pt_ty self; /* the type at the step where it was found */
    u8 reason;
    u32 others[PT_NAMESAKES]; /* further candidates, when confidence is CANDIDATE */
    u32 other_count;
    bool waits;      /* not found because a variable is in the way */
    pt_ty derefs[4]; /* the types whose Deref was gone through */
    u32 deref_count;
    bool mutably;
} pt_callee;
void pt_find_method(pt_resolver *r, pt_callee *out, pt_ty receiver, u32 name);
/* Type-relative: Type::name. */
void pt_find_associated(pt_resolver *r, pt_callee *out, pt_ty self, u32 name, u8 ns);
/* When nothing is known of the receiver: the workspace's methods of that name, if they are few. */
void pt_find_by_name(pt_resolver *r, pt_callee *out, u32 name);

/* The byte of the file that a byte of an expansion stands for: its own, brought by the call, or the call's. */
u32 pt_expanded_offset(const struct pt_expanded *expanded, u32 offset);
/* A type that a macro call stands for; 0: nobody knows. */
pt_ty pt_lower_macro(pt_resolver *r, const pt_view *v, u32 node, u32 owner, u8 emit);
/* Whose a name is: 0 the body's own text, else a number of the expansion that brought it. */
u32 pt_token_context(const pt_resolver *r, const pt_view *v, u32 node);
/* The instance whose items an expansion's are; PT_NONE: it made none. */
u32 pt_expanded_instance(const struct pt_expanded *expanded);
void pt_body_macros_destroy(struct pt_body_macros *macros);

/* bodies.c */
void pt_resolve_body(pt_resolver *r, const pt_file *file, u32 def);

/* signatures.c */
void pt_resolve_item(pt_resolver *r, u32 def);

#endif
