/* note_internal.h: what the noting of facts shares among its files: note.c the items, attributes.c what stands before them. */
#ifndef PT_NOTE_INTERNAL_H
#define PT_NOTE_INTERNAL_H

#include "facts/facts.h"

struct pt_extractor {
    pt_lexemes lexemes;
    pt_tree tree;
    PT_VEC(pt_item) items;
    PT_VEC(pt_node) nodes;
    PT_VEC(pt_use) uses;
    PT_VEC(pt_derive) derives;
    PT_VEC(u32) segments;
    PT_VEC(u32) string_ends;
    PT_VEC(u32) string_hashes;
    pt_buffer bytes;
    PT_VEC(pt_noted_error) errors;
    PT_VEC(u32) lines; /* byte offset of each line */
    PT_VEC(u32) table; /* hash table of strings: id + 1 */
    pt_buffer scratch, cfg, other;
    u32 line_hint;
    u32 nesting; /* of the recursion over a tree: chains of calls may be long */
    u64 lex_ns, parse_ns, note_ns;
};

static inline const pt_token *token(const pt_extractor *x, u32 index) { return &x->lexemes.tokens.data[index]; }
static inline pt_str token_text(const pt_extractor *x, u32 index) {
    return pt_token_text(x->lexemes.text, token(x, index));
}
static inline const pt_node *node_at(const pt_extractor *x, u32 node) { return &x->tree.nodes.data[node]; }

/* The string id of `text`, made when new; the text of an id, until the next one is made. */
u32 pt_note_string(pt_extractor *x, pt_str text);
pt_str pt_note_text(const pt_extractor *x, u32 id);
static inline u32 token_string(pt_extractor *x, u32 index) { return pt_note_string(x, token_text(x, index)); }

/* What attributes say of an item; strings are ids. */
typedef struct noted_attributes {
    u32 flags;
    u32 doc, path, cfg;
    u32 first_derive, derive_count;
} noted_attributes;

/* The string id of a predicate that both must hold for; `a` is an id, 0 always holds. */
u32 pt_note_and_cfg(pt_extractor *x, u32 a, pt_str b);
/* The attributes among a node's children; inner ones when `inner`, else outer ones. */
void pt_note_attributes(pt_extractor *x, noted_attributes *out, u32 node, bool inner);

#endif
