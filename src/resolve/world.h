/* world.h: all crates of one index at once: files, module trees, definitions, scopes, impls.
 *
 * The way of the data: crates are added (std first), their root files mounted; mounting gives every item of a
 * file a definition (an item of a file in one crate: the same file mounted twice has definitions twice).
 * Imports, `mod` declarations and item-position macros are then resolved in one fixpoint (expand.c). After
 * that the world is frozen: bodies and signatures are resolved in parallel against it, reading only.
 *
 * A definition is a u32. Items without facts - those of dependencies that are not loaded, primitive types -
 * are external paths: definitions with PT_EXTERNAL_BIT, numbered by an interner of their own. */
#ifndef PT_WORLD_H
#define PT_WORLD_H

#include "base/cold.h"
#include "base/intern.h"
#include "facts/facts.h"
#include "workspace/cargo.h"

#define PT_EXTERNAL_BIT 0x80000000u
#define PT_NO_DEF PT_NONE
static inline bool pt_def_is_external_path(u32 def) { return (def & PT_EXTERNAL_BIT) && def != PT_NO_DEF; }

/* Namespaces. */
enum { PT_NS_TYPE, PT_NS_VALUE, PT_NS_MACRO, PT_NS_COUNT };

typedef struct pt_file {
    const char *path; /* relative to the workspace root; of an expansion: that of its call */
    char *text;       /* while bodies are resolved; owned */
    char *good_text;  /* of a world that is kept: what its facts were noted from, when it was balanced; owned or cold */
    pt_hash128 stale_hash; /* of what is there instead, when is_stale */
    void *block;           /* owned unless mapped */
    pt_facts facts;
    u32 *symbols; /* of each string of the facts */
    pt_file_stamp stamp;
    u32 text_length, block_size;
    u16 edition;
    u32 mount_crate, mount_count; /* how often the crate (+ 1) mounted last has it as a module */
    bool is_stale;  /* its text is not balanced now: its facts, and good_text, are those of the last one that was */
    bool is_away;   /* in a world that follows: no module's any more, read again before it is one */
    bool is_mapped; /* block belongs to the std interface */
    bool is_expansion;
    bool is_verbatim;                /* expansion: the call's arguments as they are */
    bool is_guess;                   /* see pt_instance */
    bool is_cached;                  /* facts came from a store, text was not read */
    i32 read_code;                   /* why there are no facts */
    struct pt_macro_origin *origins; /* expansion: places of the tokens that its call brought; see places.h */
    u32 origin_count;
} pt_file;

/* A file mounted in a crate. */
typedef struct pt_instance {
    u32 file, crate;
    u32 first_def; /* item i is definition first_def + i, */
    u32 *defs;     /* or, once its file has changed (follow.h), defs[i]; owned */
    u32 module;    /* the definition its top items belong to */
    u32 call;      /* expansion: the macro call's definition, else PT_NO_DEF */
    u32 depth;     /* expansion depth */
    u32 next_of_file;
    bool is_dead;       /* of a world that follows: what it was mounted for is gone */
    bool is_guess;      /* arguments of a macro that is not known, read as items: everything in it is inferred */
    const char *folder; /* where `mod x;` of its top level looks, relative path */
    u32 outermost;      /* expansion: the instance of the call that someone wrote; else PT_NONE */
    u32 spent;          /* outermost: bytes of text made below it, and PT_EXPANSION_COST for each expansion */
    u64 macros;         /* a bit, by pt_macro_bit, for each macro_rules! in it or in what is mounted below it */
} pt_instance;
enum { PT_EXPANSION_COST = 4096 };
static inline u64 pt_macro_bit(u32 name) { return 1ull << (name * 0x9e3779b1u >> 26); }

typedef struct pt_def {
    u32 instance;
    u32 item;   /* index in the file's facts; PT_NONE for a crate's root */
    u32 parent; /* enclosing definition (module, impl, trait, enum, fn, block ...) */
    u32 name;   /* symbol */
    u8 kind;    /* pt_kind */
    u8 flags;
    u16 crate;
} pt_def;
enum {
    PT_DEF_EXTERNAL = 1,     /* of std or a dependency */
    PT_DEF_TEST = 2,         /* test code: below cfg(test), a #[test], or of a test, bench or example target */
    PT_DEF_EXPANDED = 4,     /* made by a macro: positions are those of the call */
    PT_DEF_UNKNOWN_GLOB = 8, /* module: a glob import of something unknown, so a miss proves nothing */
    PT_DEF_ABSENT = 16 /* of std or a dependency: its predicate is false there (facts/cfg.h, pt_cfg_of_reference) */
};

typedef struct pt_extern_name {
    u32 name; /* symbol */
    u32 root; /* definition of the crate's root, or an external path */
} pt_extern_name;

typedef struct pt_crate {
    u32 name;            /* symbol: as code names it */
    u32 label;           /* symbol: first segment of its paths, e.g. tokio or tokio[test:fs] */
    u32 root;            /* definition */
    u32 package, target; /* of the workspace, PT_NONE for std */
    u16 edition;
    bool is_external, is_test, is_proc_macro, no_std;
    u32 prelude;     /* module definition, or PT_NO_DEF */
    pt_hash128 hash; /* identity */
    PT_VEC(pt_extern_name) externs;
    const char *features;  /* between commas; of a dependency: what is on; of the workspace's: what usually is */
    PT_VEC(u32) macro_use; /* roots of crates that #[macro_use] brings in */
} pt_crate;

typedef struct pt_binding {
    u32 def;
    u32 next;    /* another of the same name, module and namespace (cfg twins), 0 none */
    u32 visible; /* module definition within which it is visible, PT_NO_DEF everywhere */
    u32 cfg;     /* symbol of the predicate under which it exists */
    u32 glob;    /* 1 + index of the glob that brought it, 0: it stands there or is imported by name */
    u32 use;     /* definition of the `use` that named it, 0 none */
    u32 source;  /* the binding that it was imported from, 0 none */
    u8 ns;
    bool is_import;
    bool is_shared; /* other globs bring it, too */
} pt_binding;

typedef struct pt_scope_entry {
    u32 module, name;
    u32 bindings[PT_NS_COUNT]; /* 0 none */
} pt_scope_entry;

typedef struct pt_scope_name {
    u32 name, next;
} pt_scope_name;

typedef struct pt_import {
    u32 module, instance, use; /* use: index in the facts; PT_NONE for extern crates (then item) */
    u32 item;
    u32 cfg;
    u32 target; /* glob: its module once known */
    u8 done;    /* bit a namespace */
    bool is_glob;
    u32 visible; /* glob, in a world that follows: from where it is seen */
    u32 name;    /* what a named one binds */
    u64 letters; /* a bit, by pt_macro_bit, for each segment of its path */
} pt_import;

/* `name` in module `importer` also means what it means in `source`. */
typedef struct pt_glob {
    u32 source, importer, visible, cfg, next;
    u32 use; /* definition of its `use` */
} pt_glob;

typedef struct pt_impl {
    u32 def;
    u32 head;          /* definition of the self type's head, PT_NO_DEF unknown */
    u32 trait;         /* definition, PT_NO_DEF inherent */
    bool is_blanket;   /* the self type is a generic parameter */
    bool of_reference; /* the self type is a reference or pointer */
    bool is_derive;    /* def is the type, `derive` the index in its facts */
    u32 derive;
    bool is_negative; /* impl !Trait for T */
    bool has_trait;   /* a trait impl, its trait known or not */
    u32 next;         /* the next impl of the same trait for the same head, in order; PT_NONE at the end */
} pt_impl;

/* Members by (head, name): methods, consts and types of inherent and trait impls, and of traits. */
typedef struct pt_member {
    u32 head, name, def, impl; /* impl: index into impls, PT_NONE for a trait's own member */
    u32 next;
} pt_member;

/* An expansion known beforehand: the call that is `item` of `file` expands to file `expansion`. */
typedef struct pt_prepared {
    u32 file, item, expansion, target_file, target_item;
} pt_prepared;

typedef struct pt_mapped_file {
    const void *data;
    u64 size;
} pt_mapped_file;

/* A dependency whose interface is loaded. */
typedef struct pt_loaded_dependency {
    const char *package, *version;
    u32 crate; /* PT_NONE: it could not be read */
} pt_loaded_dependency;

typedef struct pt_world {
    pt_interner *names;
    pt_interner *external_paths;
    u16 *external_kinds; /* evidence, a bit a pt_kind; grown between phases, see world.c */
    u32 external_capacity;
    pt_source *source;
    pt_workspace *workspace;
    const struct pt_known_facts *stored; /* facts of a store, while files are loaded; may be NULL */
    u32 threads;

    PT_VEC(pt_file) files;
    PT_VEC(pt_instance) instances;
    PT_VEC(pt_def) defs;
    PT_VEC(pt_crate) crates;
    PT_VEC(pt_scope_entry) scopes; /* hash table */
    u32 scope_count;
    PT_VEC(pt_binding) bindings; /* [0] none */
    PT_VEC(pt_import) imports;
    PT_VEC(pt_glob) globs;
    PT_VEC(u32) glob_heads;            /* by source module: first glob + 1 (grown with defs) */
    PT_VEC(pt_scope_name) scope_names; /* the names of each module, chained */
    PT_VEC(u32) name_heads;            /* by module: first of its names + 1 (grown with defs) */
    PT_VEC(u32) calls;                 /* item-position macro calls not yet expanded: definitions */
    PT_VEC(u32) call_targets;          /* pairs: call definition, macro definition; sorted by call */
    PT_VEC(u32) expansions;            /* instances that are expansions */
    PT_VEC(u32) unmounted;             /* ... whose modules are not mounted yet */
    struct pt_extractor *extractor;    /* for texts made by macros */
    PT_VEC(u32) expansion_table;       /* hash of call definition -> instance + 1 */
    PT_VEC(pt_prepared) prepared;      /* std's expansions made at build time, sorted by (file, item) */
    PT_VEC(pt_mapped_file) maps;       /* interface files */
    bool has_std;                      /* std's interface is loaded */
    /* While one thread builds the world it keeps what it found of predicates; threads then only look. */
    bool is_frozen;
    bool is_kept;        /* it will follow its files (follow.h): nothing of it may be let go of */
    bool says_nothing;   /* of a world that follows: what is looked up between resolutions is no evidence of kinds */
    bool mounts_quietly; /* mounting gives no names: whoever mounts does (relink.c) */

    PT_VEC(u32) late_impls; /* impls of definitions from late_def on, impl + 1; 0: none */
    u32 late_def;
    pt_cold *cold;                  /* what was put aside, see pt_world_chill; NULL: nothing */
    struct pt_questions *questions; /* of a world that is kept: what every item asked */
    struct pt_asked *asked;         /* where questions are noted, see questions.h; NULL: nowhere */
    u32 lacking;                    /* which file's */
    PT_VEC(u32) loaded;             /* files whose text was read while following */
    PT_VEC(u32) instance_heads;     /* while following: by file, its last instance + 1; then pt_instance.next_of_file */
    bool lacks_text;                /* a text was needed while following and is not the one that was noted */
    PT_VEC(u32) cfg_of_def;         /* 0 unknown, 1 none, else symbol + 2 */
    struct pt_twin_rank *twin_ranks; /* scope.c */
    bool is_growing;                 /* dependencies still gain names: what one lacks may come */
    bool is_segment;                 /* a dependency's own expansions are made, nothing else: see dependencies.c */
    PT_VEC(pt_loaded_dependency) dependencies;
    PT_VEC(pt_impl) impls;
    u32 written_impls;            /* impl blocks; derives stand behind them */
    PT_VEC(u32) impls_by_head;    /* indices into impls, sorted by (head, index) */
    PT_VEC(u32) impl_table;       /* hash of (head, trait) -> first such impl + 1 */
    PT_VEC(u32) supertraits;      /* records, see pt_supertraits_of */
    PT_VEC(u32) supertrait_heads; /* hash of trait -> place in supertraits + 1 of a record: trait, count, traits */
    PT_VEC(pt_member) members;
    PT_VEC(u32) member_table;
    PT_VEC(u32) file_table;  /* hash of path -> file + 1 */
    PT_VEC(u32) line_starts; /* of the file line_file - 1; see places.c */
    u32 line_file;
    PT_VEC(u8) twin_names;           /* bitmap of symbols that name cfg twins somewhere */
    PT_VEC(pt_import) named_imports; /* of the workspace, not globs: twins may be added to what they name */
    PT_VEC(pt_import) glob_imports;  /* of the workspace */
    PT_VEC(u8) macro_names;          /* bitmap of symbols that name a textual macro */
    pt_arena arena;
    u32 std_crate_count;
    u32 external_file_count, external_def_count; /* of std and dependencies: they come first */
    u32 unread_count;

    /* Symbols the resolver knows. */
    struct {
        u32 self_lower, self_upper, super, crate, core, alloc, std, underscore, macro_rules, test, dollar_crate;
        u32 deref, target, iterator, item, into_iterator, into_iter, output, future, next, from, into, parse, collect;
    } known;
    /* Definitions of std the language itself refers to; PT_NO_DEF without std. */
    struct {
        u32 deref, deref_mut, index, index_mut, iterator, into_iterator, into_iter, next, future, into_future, fn_once,
            fn_mut, fn, from, into, add, clone, drop, option, result, some, ok, err, string, vec, box, rc, arc, range,
            range_inclusive, range_from, range_to, display, to_string, from_str, parse, from_iterator, collect,
            ordering, partial_eq, partial_ord, not, neg, poll, pin, range_full, range_to_inclusive, try_trait,
            from_residual, debug;
    } lang;
} pt_world;

/* Facts of a file known from a store: used instead of reading it when size and time of `path` still match. */
typedef struct pt_known_facts {
    bool (*find)(void *payload, const char *path, u32 edition, pt_file_stamp *stamp, void **block, u32 *size);
    void *payload;
} pt_known_facts;

int pt_world_create(pt_world **out, pt_source *source, pt_workspace *workspace, u32 threads, pt_error *error);
void pt_world_destroy(pt_world *world);

/* Loads std's interface (facts of core, alloc, std made at build time) as crates 0 to 2; see std_interface.c. */
int pt_world_load_std(pt_world *world, const char *path, pt_error *error);
/* Reads std from its sources (a `library` folder, the world's source) and writes the interface file. */
int pt_world_make_std(pt_world *world, const char *out_path, pt_error *error);
/* Reads the files that `mod` items of `file` name, and theirs; `folder` as of an instance. */
int pt_world_read_closure(pt_world *world, const pt_known_facts *known, const u32 *files, const char *const *folders,
                          u32 count);
u32 pt_world_prelude(pt_world *world, u16 edition, bool no_std);
/* Facts of text made in memory (expansions), as a file without a name of its own; takes `text` over. */
u32 pt_world_add_text(pt_world *world, const char *path, char *text, u32 length, u16 edition, pt_text_kind kind);
/* The same when it was noted already: `code` and `block` as of pt_extract; text and block are taken. */
u32 pt_world_add_noted(pt_world *world, const char *path, char *text, u32 length, u16 edition, int code, void *block,
                       u32 size);
/* The type that a macro call of a signature stands for, as the item `type T = ..;` of a file made for it; the call is
 * `node` of the facts of `file`, looked up as at the definition `def`. PT_NONE: nobody knows. */
u32 pt_world_expand_type(pt_world *world, u32 def, u32 file, u32 node);
/* Reads and notes all files of all targets, in parallel, following `mod` declarations; then mounts them and
 * runs the fixpoint. */
int pt_world_load(pt_world *world, const pt_known_facts *known, pt_error *error);

/* Files. */
u32 pt_world_file(pt_world *world, const char *path, u16 edition); /* index, PT_NONE unknown */
u32 pt_world_add_file(pt_world *world, const char *path, u16 edition);
void pt_world_add_block(pt_world *world, pt_file *file, void *block, u32 size);
int pt_world_bind_symbols(pt_world *world, pt_file *file);
int pt_world_read_text(pt_world *world, pt_file *file); /* text, when it is not held */
/* The same where it may be missing: a world that follows its files reads it now. False: it is not to be had. */
bool pt_world_has_text(pt_world *world, u32 file);
/* Frees all texts that are held: after resolution only facts are read. In a world that is kept those of expansions stay, and
 * good texts. */
void pt_world_drop_texts(pt_world *world);
/* Lets go of scopes, imports and members: after it no path can be resolved. */
void pt_world_drop_names(pt_world *world);

/* Puts facts, symbols and origins of files, texts of expansions and questions aside, into a file without a name in `folder`:
 * between two batches of a world that follows. After a failure it is as before. */
int pt_world_chill(pt_world *world, const char *folder, pt_error *error);
/* Bytes that would be put aside. */
u64 pt_world_warm_bytes(const pt_world *world);
/* What is mapped need not stay in memory. */
void pt_world_forget_pages(const pt_world *world);

/* Mounting: definitions for all items of a file. Returns the instance or PT_NONE. */
u32 pt_world_mount(pt_world *world, u32 file, u32 crate, u32 module, const char *folder, u32 call);
void pt_world_list_instance(pt_world *world, u32 instance); /* while following */
/* The definition that an item of an instance is; those around it are there already. */
pt_def pt_item_as_def(const pt_world *world, u32 instance, u32 item);
/* Gives it its names, and what it asks for its place in a queue: imports, macro calls. */
void pt_world_define(pt_world *world, u32 def);
void pt_world_define_name(pt_world *world, u32 def); /* its names alone */
void pt_world_note_macro(pt_world *world, u32 def);  /* a textual macro: what the walk of textual scopes looks for */
u32 pt_world_add_crate(pt_world *world, pt_crate crate); /* PT_NONE: out of memory */
/* Identity of a crate by its package, that one's major version as semver compares it (1.2.3: 1, 0.4.2: 0.4, 0.0.7: 0.0.7),
 * the kind of target and, where a package has several, its name. */
pt_hash128 pt_crate_identity(const char *package, const char *version, const char *kind, const char *name);
/* Adds a name to the extern prelude; the first of a name counts. */
void pt_crate_add_extern(pt_crate *crate, u32 name, u32 root);
void pt_world_mount_modules(pt_world *world, u32 instance);
/* One module in a file of its own, without names (relink.c). `*instance` PT_NONE: its file is not there. PT_EIO: it can't be
 * read, or is around itself. */
int pt_world_mount_module(pt_world *world, u32 *instance, u32 module);
/* Is this where the file of a module would be? */
bool pt_world_module_is(pt_world *world, u32 module, const char *path);
/* The same for several instances, whose files are read in common waves. */
void pt_world_mount_modules_of(pt_world *world, const u32 *instances, u32 count);
/* The fixpoint: imports, modules, macros. */
void pt_world_expand(pt_world *world);
/* Resolves the headers of all impls and builds the member tables. */
void pt_world_index_impls(pt_world *world);
void pt_world_find_lang(pt_world *world);

/* Loads the interfaces of what the workspace depends on, as far as their sources are there; see dependencies.c.
 * `cache`: folder for what was read once, or NULL. Called by pt_world_load's caller before it, with the packages found
 * (workspace/dependencies.h). */
struct pt_package_sources;
int pt_world_load_dependencies(pt_world *world, struct pt_package_sources *sources, const char *cache, pt_error *error);
/* The crate's root of a loaded dependency, or PT_NO_DEF. */
u32 pt_dependency_root(const pt_world *world, const char *package, const char *version);

/* Looking at definitions. */
static inline const pt_def *pt_def_at(const pt_world *w, u32 def) { return &w->defs.data[def]; }
static inline const pt_instance *pt_def_instance(const pt_world *w, u32 def) {
    return &w->instances.data[w->defs.data[def].instance];
}
/* The definition of an item of an instance. */
static inline u32 pt_item_def(const pt_instance *in, u32 item) {
    return in->defs ? in->defs[item] : in->first_def + item;
}
static inline const pt_file *pt_def_file(const pt_world *w, u32 def) {
    return &w->files.data[pt_def_instance(w, def)->file];
}
/* Its predicate as a symbol, 0 none; PT_NONE: not kept, ask pt_def_cfg. */
u32 pt_def_cfg_symbol(pt_world *world, u32 def);
/* Does it stand in std, core or alloc, whose source was read? */
static inline bool pt_def_is_std(const pt_world *w, u32 def) {
    return !pt_def_is_external_path(def) && def != PT_NO_DEF && w->defs.data[def].crate < w->std_crate_count;
}
static inline const pt_item *pt_def_item(const pt_world *w, u32 def) {
    const pt_def *d = pt_def_at(w, def);
    return d->item == PT_NONE ? NULL : &pt_def_file(w, def)->facts.items[d->item];
}
u8 pt_def_kind(const pt_world *world, u32 def);
static inline pt_str pt_sym(const pt_world *w, u32 symbol) { return pt_symbol_text(w->names, symbol); }
/* Nearest enclosing definition that is a module, crate root or block with items (a scope of names). */
u32 pt_scope_of(const pt_world *world, u32 def);
/* Nearest enclosing module or crate root (not a block). */
u32 pt_module_of(const pt_world *world, u32 def);
/* The module above a module. */
u32 pt_parent_module(const pt_world *world, u32 module);
bool pt_is_within(const pt_world *world, u32 def, u32 ancestor);
/* Does this enum-like definition hold names of its own: module, crate, enum, trait? */
static inline bool pt_kind_has_scope(u8 kind) {
    return kind == PT_KIND_MODULE || kind == PT_KIND_CRATE || kind == PT_KIND_ENUM || kind == PT_KIND_TRAIT ||
           kind == PT_KIND_BLOCK;
}
/* What is around a definition for its predicate: at the top of an expansion the call, else the parent. */
static inline u32 pt_around(const pt_world *w, u32 def) {
    const pt_def *d = &w->defs.data[def];
    if (d->instance == PT_NONE || d->item == PT_NONE) return d->parent;
    const pt_instance *in = &w->instances.data[d->instance];
    bool top = w->files.data[in->file].facts.items[d->item].parent == PT_NONE;
    return top && in->call != PT_NO_DEF ? in->call : d->parent;
}
/* Predicate of a definition: its own and those of all that enclose it, canonical, appended to `out`. */
void pt_def_cfg(const pt_world *world, pt_buffer *out, u32 def);
/* Is the definition in no configuration at all: does its predicate contradict itself? */
bool pt_def_impossible(pt_world *world, u32 def);

/* External paths: "serde::Serialize"; `kind` is evidence of what it is. */
u32 pt_external(pt_world *world, pt_str path, u8 kind);
u32 pt_external_child(pt_world *world, u32 parent, u32 name, u8 kind);
void pt_external_evidence(pt_world *world, u32 def, u8 kind);
/* Evidence is what the items say that are resolved, all of them: none before, and, in a world that follows, none that nobody
 * says any more (`keys`, sorted: questions of kind PT_SAY_KIND that somebody stopped saying, among others). */
void pt_world_forget_kinds(pt_world *world);
void pt_world_unsay_kinds(pt_world *world, const u32 *keys, u32 count);
pt_str pt_external_path(const pt_world *world, u32 def);
/* A primitive type's definition: "u8", "&", "()" ... */
u32 pt_primitive(pt_world *world, const char *name);
bool pt_is_primitive_name(pt_str name);

/* scope.c */
u32 pt_scope_lookup(const pt_world *world, u32 module, u32 name, u32 ns); /* binding, 0 none */
void pt_scope_pack(pt_world *world); /* its table takes no more room than it needs: for a world that is kept */
bool pt_scope_define(pt_world *world, u32 module, u32 name, pt_binding binding); /* true when new */
/* What `glob`, 1 + its index, makes of a binding of its source. */
pt_binding pt_glob_copy(pt_world *world, u32 binding, u32 glob);
u32 pt_import_def(const pt_world *world, const pt_import *import); /* its `use` */
/* The symbol of all(a, b); either may be 0. */
u32 pt_both_cfgs(pt_world *world, u32 a, u32 b);

typedef struct pt_path_result {
    u32 binding;    /* of the last resolved segment when it came from a scope (twins chain on), else 0 */
    u32 def;        /* PT_NO_DEF: not found */
    u32 resolved;   /* segments consumed */
    bool unknown;   /* not found, but a glob of something unknown might have it */
    u32 prefix[16]; /* definitions of the segments before the last resolved one */
} pt_path_result;

/* Resolves `count` segments (symbols) from inside `scope` (a definition). The last segment is looked up in
 * namespace `ns`, the others as types. Stops early at a type: then `resolved < count` and the rest is for
 * type-relative look-up. `is_global`: starts with `::`. Generic parameters and `Self` are the caller's. */
void pt_resolve_path(pt_world *world, pt_path_result *out, u32 scope, const u32 *segments, u32 count, bool is_global,
                     u32 ns);
/* The order in which a world made anew would number them; external paths behind, by their text. */
int pt_def_order(const pt_world *world, u32 a, u32 b);
bool pt_is_visible(const pt_world *world, u32 visible, u32 from);
/* A macro by its unqualified name at a place: textual scope first, then paths. PT_NO_DEF when unknown. */
u32 pt_resolve_macro(pt_world *world, u32 scope, u32 at_def, u32 name);

/* The expansion of a macro call: its instance, or PT_NONE. */
u32 pt_expansion_of(const pt_world *world, u32 call);
void pt_expansion_add(pt_world *world, u32 instance);

/* First member (index into members, 0 none) of a head with a name; chained by `next`. */
u32 pt_member_find(const pt_world *world, u32 head, u32 name);

#endif
