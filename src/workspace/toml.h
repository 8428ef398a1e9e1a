/* toml.h: a reader of TOML 1.0, as much as Cargo's files need and nothing less than the syntax.
 *
 * Everything is kept as a tree of values over one arena. Dates and numbers keep their text. Errors name the
 * line. Hostile input ends in an error: nesting is limited to 64. Reference: toml.io, version 1.0.0. */
#ifndef PT_TOML_H
#define PT_TOML_H

#include "base/alloc.h"

typedef enum pt_toml_type {
    PT_TOML_TABLE,
    PT_TOML_ARRAY,
    PT_TOML_STRING,
    PT_TOML_BOOLEAN,
    PT_TOML_SCALAR
} pt_toml_type;

typedef struct pt_toml pt_toml;
struct pt_toml {
    u8 type;    /* pt_toml_type */
    u8 defined; /* table: a header or value defined it already */
    bool boolean;
    u32 line;
    pt_str key;  /* in a table */
    pt_str text; /* string (escapes resolved) or scalar as written */
    pt_toml *child, *last, *next;
    u32 count; /* of children: at most 10,000 keys in a table */
};

/* Parses `text`; *root is a table living in `arena`. PT_ECORRUPT with `name:line: what`. */
int pt_toml_parse(pt_toml **root, pt_arena *arena, pt_str text, const char *name, pt_error *error);
/* Member of a table by key; NULL when absent or when `table` is NULL or no table. */
const pt_toml *pt_toml_get(const pt_toml *table, const char *key);
const pt_toml *pt_toml_get_str(const pt_toml *table, pt_str key);
/* The text of a string member, or `fallback`. */
pt_str pt_toml_string(const pt_toml *table, const char *key, pt_str fallback);
bool pt_toml_boolean(const pt_toml *table, const char *key, bool fallback);

#endif
