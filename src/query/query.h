/* query.h: every question, one call: options in, one JSON answer out. Front ends only read arguments and print.
 *
 * An answer is the envelope of docs/schema/envelope.json. All questions read the same snapshot (a pt_graph);
 * with `store` set (--engine store) who-implements, blast-radius and find-cycles take their edges from the
 * engine instead, and must answer the same. */
#ifndef PT_QUERY_H
#define PT_QUERY_H

#include "facts/cfg.h"
#include "query/item.h"
#include "graph/walk.h"
#include "store/store.h"

#include <jansson.h>

typedef struct pt_query {
    const pt_graph *graph;
    pt_store *store; /* NULL: the graph answers */
    const char *command;
    const char *target, *second; /* arguments as written (context: one a line; check: the rules' text); NULL: none */
    const char *store_uri;
    const char *uuid;
    const u32 *stale; /* files (indices) that changed since */
    u32 stale_count;
    u64 store_bytes; /* what the store takes on disk */
    u32 limit;       /* rows; 0: all */
    u32 depth;       /* blast-radius (0: 3), neighbourhood (0: 1) */
    bool candidates, all;
    const char *level;  /* find-cycles, context */
    const char *kind;   /* list, search: a node kind */
    const char *cursor; /* list: where the last page ended */
    const char *cfg;    /* NULL: all configurations; "host"; or options separated by commas */
    u32 sites;          /* callers, callees, uses, used-by: places told of a row; 0: all */
    u32 budget;         /* context: tokens; 0: PT_CONTEXT_BUDGET */
    const char *format; /* context: what the tokens are counted of: text, markdown or json; NULL: text */
    /* filled by the call; with keep_walker it is used again by the next one, and freed by the caller */
    pt_walker walker;
    bool keep_walker;
    bool part;    /* context: explore counts the whole */
    bool passing; /* set by the call: the answer looked at files that changed; it is not to be kept */
} pt_query;

enum { PT_LINES = 255, PT_WORDS = 254 };
/* What the commands are: name, what they take, one line of help. */
typedef struct pt_query_info {
    const char *name, *alias;
    const char *arguments; /* "TRAIT", "ITEM", "FROM TO", "" */
    u8 needed, most; /* how many arguments must and may be given; most PT_LINES: any number, one a line of `target`,
                            * PT_WORDS: any number, the words of `target` */
    const char *help;
    int (*run)(pt_query *q, json_t *answer, pt_error *error);
} pt_query_info;

const pt_query_info *pt_query_find(const char *name);
const pt_query_info *pt_query_list(u32 *count);
/* Its place in the list, PT_NONE when there is no such command. */
u32 pt_query_index(const char *name);

/* Runs q->command. `*answer` is a new reference whenever memory allows, also on PT_ENOTFOUND and PT_EAMBIGUOUS
 * (then with "error", and "candidates" or "suggestions"). */
int pt_query_run(pt_query *q, json_t **answer, pt_error *error);

/* Shared by the questions. */
json_t *pt_json_path(const pt_query *q, u32 node);
json_t *pt_row_node(const pt_query *q, u32 node);             /* path, kind, file, line ... */
void pt_row_detail(const pt_query *q, json_t *row, u32 node); /* signature, visibility, end_line, doc */
/* At most `most` (0: all) places of an edge; `*left`: how many more are shown by --cfg. */
json_t *pt_row_sites(const pt_query *q, u32 from, u8 kind, u32 to, bool candidate, u32 most, u32 *left);
void pt_row_path(const pt_query *q, pt_buffer *out,
                 u32 node); /* as rows tell it: an inherent impl's has `impl` before it */
/* Every node of the workspace that is shown and of one of the kinds (a mask, 0: any), in pt_graph_order: appended. */
void pt_query_nodes(const pt_query *q, u32 kinds, pt_node_list *out);
bool pt_node_shown(const pt_query *q, u32 node);             /* by --cfg */
bool pt_cfg_shown(const pt_query *q, const char *predicate); /* by --cfg; "" always */
/* Resolves an argument; on failure fills the answer's candidates or suggestions. */
int pt_query_items(pt_query *q, pt_items *items, const char *text, u32 kinds, json_t *answer, pt_error *error);
/* Counts unresolved sites named like the items into answer["unresolved"]. */
void pt_query_unresolved(pt_query *q, json_t *answer, const pt_items *items);
/* Ends a list of rows: cuts it to the limit and says so. */
void pt_query_results(pt_query *q, json_t *answer, json_t *rows);
/* A text as JSON: what is no UTF-8 (the file system has such names) becomes `?`. */
json_t *pt_json_text(const char *text);

int pt_ask_who_implements(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_traits_of(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_callers(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_callees(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_uses(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_used_by(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_blast_radius(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_path(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_explain(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_find_cycles(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_context(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_explore(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_check(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_neighbourhood(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_modules(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_search(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_list(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_entities_in(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_where_defined(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_overview(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_unused(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_stats(pt_query *q, json_t *answer, pt_error *error);
int pt_ask_doctor(pt_query *q, json_t *answer, pt_error *error);

#endif
