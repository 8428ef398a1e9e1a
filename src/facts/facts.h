/* facts.h: what is kept of a file once its syntax is thrown away.
 *
 * Facts are a pure function of (bytes, edition, extractor version): no path, crate or configuration inside,
 * so revisions, worktrees, dumps and dependencies share them. They are one flat, position-independent block,
 * kept in memory, in a store or mapped from a file as it is. Its layout, all little-endian, each section
 * aligned to 8 and following the one before:
 *
 *   pt_facts_header
 *   pt_item     items[item_count]        preorder: an item's descendants are (i, subtree_end)
 *   pt_node     nodes[node_count]        signature trees (rust/tree.h); `token` and `end` are byte offsets,
 *                                        `name` a string; node 0 is no node
 *   pt_use      uses[use_count]          leaves of `use` trees, in source order
 *   pt_derive   derives[derive_count]    in source order
 *   u32         segments[segment_count]  path segments (strings) that uses and derives point into
 *   u32         string_ends[string_count] string i is bytes [string_ends[i - 1], string_ends[i]); string 0 is ""
 *   char        string_bytes[]
 *   pt_noted_error errors[error_count]
 */
#ifndef PT_FACTS_H
#define PT_FACTS_H

#include "base/hash.h"
#include "facts/kinds.h"
#include "rust/parser.h"

enum { PT_FACTS_MAGIC = 0x53465450 /* "PTFS" */, PT_EXTRACTOR_VERSION = 11 };

/* Attributes that matter, in pt_item.attributes. */
enum {
    PT_ATTR_TEST = 1, /* #[test] and its kin, #[bench] */
    PT_ATTR_DEPRECATED = 2,
    PT_ATTR_MUST_USE = 4,
    PT_ATTR_MACRO_EXPORT = 8,
    PT_ATTR_MACRO_USE = 16,
    PT_ATTR_FFI_EXPORT = 32, /* no_mangle, export_name, and what the linker or runtime calls */
    PT_ATTR_PROC_MACRO = 64, /* proc_macro, proc_macro_derive, proc_macro_attribute */
    PT_ATTR_DOC_HIDDEN = 128,
    PT_ATTR_ENTRY = 256,  /* tokio::main and the like: called by something unseen */
    PT_ATTR_NO_STD = 512, /* on the file: #![no_std], #![no_core] */
    PT_ATTR_ALLOW_DEAD = 1024,
    PT_ATTR_BUILTIN_MACRO = 2048,
    PT_ATTR_OTHER_MACRO = 4096, /* an attribute that is not rustc's own: perhaps a macro that rewrites the item */
    PT_ATTR_IN_EXTERN = 8192,   /* declared in an extern block */
    PT_ATTR_LOCAL_INNER = 16384 /* macro_export(local_inner_macros): the macros it calls are its crate's */
};

typedef struct pt_item {
    u8 kind;        /* pt_kind */
    u8 visibility;  /* pt_visibility */
    u16 flags;      /* PT_F_*: async, const, unsafe, default, has self, negative, auto, mut, has body */
    u32 attributes; /* PT_ATTR_* */
    u32 name;       /* string */
    u32 parent;     /* item, PT_NONE at the file's top */
    u32 subtree_end;
    u32 signature;              /* string: one line, as written */
    u32 doc;                    /* string: first line of the documentation */
    u32 cfg;                    /* string: canonical predicate of the item itself */
    u32 start, end;             /* bytes: first token after attributes and doc comments; end of the last */
    u32 line, column, end_line; /* 1-based; columns count characters */
    u32 body_start, body_end;   /* bytes: body, value, macro body or arguments with delimiters; 0, 0: none */
    u32 tree;                   /* signature tree: node, 0 none; its root has the item's kind of tree.h */
    u32 extra; /* module: string of #[path]; extern crate: `as` name; macro: 1 for `macro`, 0 macro_rules;
                       macro call: 1 in a body (only those that may make items are noted there);
                       use, struct, enum: see first/count below */
    u32 first_use, use_count;       /* use: its leaves */
    u32 first_derive, derive_count; /* struct, enum, union */
    u32 written;                    /* of an expansion: a hash of the text it was written as, 0 unknown (places.c) */
    u64 hash; /* content of the item's own text, from its first derive on, and that one's column */
} pt_item;

typedef struct pt_use {
    u32 item;          /* the use item */
    u32 first_segment; /* path */
    u16 segment_count;
    u8 is_global; /* starts with :: */
    u8 is_glob;
    u32 name;      /* string it is bound to; "_" binds nothing; 0 for globs */
    u32 only_type; /* `self` at the end of a list: the type namespace only */
    u32 offset;    /* byte offset of the last segment (of `*` for globs) */
} pt_use;

typedef struct pt_derive {
    u32 item;
    u32 first_segment, segment_count;
    u32 offset;
    u32 cfg; /* string: from cfg_attr */
    u32 is_global;
} pt_derive;

typedef struct pt_noted_error {
    u32 offset, line, column;
    u32 message; /* string */
} pt_noted_error;

typedef struct pt_facts_header {
    u32 magic, version;
    u32 size; /* of the whole block, bytes */
    u16 edition;
    u8 balanced;
    u8 reserved;
    u32 attributes; /* inner attributes of the file */
    u32 cfg;        /* string: inner #![cfg] */
    u32 item_count, node_count, use_count, derive_count, segment_count, string_count, string_bytes, error_count;
    u32 line_count;
    u32 text_length;
    pt_hash128 text_hash;
    u64 checksum; /* XXH3-64 of everything behind the header */
} pt_facts_header;

/* Facts to read: pointers into the block. */
typedef struct pt_facts {
    const pt_facts_header *header;
    const pt_item *items;
    const pt_node *nodes;
    const pt_use *uses;
    const pt_derive *derives;
    const u32 *segments;
    const u32 *string_ends;
    const char *string_bytes;
    const pt_noted_error *errors;
} pt_facts;

/* Opens a block of `size` bytes; verifies its checksum and every reference when `check` is set (bytes from
 * outside). PT_ECORRUPT says what is wrong. The block must be aligned to 8 and outlive `out`. */
int pt_facts_open(pt_facts *out, const void *block, u64 size, bool check, pt_error *error);

static inline pt_str pt_facts_string(const pt_facts *facts, u32 id) {
    u32 start = id ? facts->string_ends[id - 1] : 0;
    return (pt_str){facts->string_bytes + start, facts->string_ends[id] - start};
}

/* Scratch of one extracting thread, reused from file to file. */
typedef struct pt_extractor pt_extractor;
pt_extractor *pt_extractor_create(void);
void pt_extractor_destroy(pt_extractor *extractor);
/* What a text is: that of a file, or what a macro call stands for among the members of an impl or trait (methods are
 * methods then) or among statements. */
typedef enum pt_text_kind { PT_TEXT_ITEMS, PT_TEXT_MEMBERS, PT_TEXT_STATEMENTS } pt_text_kind;
/* Lexes, parses and notes one text (PT_TEXT_SLACK readable bytes behind its end). `*block` is fresh memory, freed with
 * pt_free. Errors in the text are noted, not returned. PT_ENOMEM, PT_ELIMIT (above 256 MB). */
int pt_extract(void **block, u32 *size, pt_extractor *extractor, const char *text, u32 length, u32 edition,
               pt_text_kind kind);
/* Nanoseconds spent so far by this extractor in lexing, parsing, noting. */
void pt_extractor_times(const pt_extractor *extractor, u64 *lex, u64 *parse, u64 *note);

#endif
