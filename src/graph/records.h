/* records.h: what a node's record says of a definition: for a graph that is built anew, or for single nodes. */
#ifndef PT_RECORDS_H
#define PT_RECORDS_H

#include "graph/graph.h"
#include "graph/string_table.h"
#include "resolve/world.h"

typedef struct pt_records {
    pt_world *w;
    pt_string_table strings;
    pt_buffer scratch;
    u32 *cfg_of;    /* definition -> its full predicate, a string; PT_NONE: not asked for yet */
    u32 *symbol_of; /* symbol -> string; PT_NONE: not asked for yet */
    u32 defs, symbols;
} pt_records;

/* For all of a world: what was asked is kept. False: out of memory; end it all the same. */
bool pt_records_begin(pt_records *records, pt_world *world);
/* For few: nothing is kept but the strings. */
void pt_records_begin_few(pt_records *records, pt_world *world);
void pt_records_end(pt_records *records);

typedef struct pt_record {
    pt_graph_node node; /* strings are of records->strings; parent and file are left to the caller, the hash of what is
                         * neither a crate nor external too */
    pt_graph_position position;
    u32 parent, file; /* definition, or PT_NO_DEF; file of the world, or PT_NONE */
} pt_record;
void pt_records_node(pt_records *records, pt_record *out, u32 def, bool is_local);
u32 pt_records_symbol(pt_records *records, u32 symbol);
/* Two predicates that both hold; strings. */
u32 pt_records_both(pt_records *records, u32 one, u32 other);
/* The predicate of a definition and all around it, as pt_def_cfg says it. */
u32 pt_records_cfg(pt_records *records, u32 def);

#endif
