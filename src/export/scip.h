/* scip.h: the graph as an index of the SCIP protocol (github.com/sourcegraph/scip, scip.proto; protocol buffers): a document a
 * file, with occurrences of definitions and references, symbols with what they implement, and the external symbols referred to.
 *
 * A symbol is `parseltongue cargo CRATE . ` and a descriptor for each step down: modules `a/`, types, traits, variants, impls
 * (by their header) `T#`, fns and methods `f().`, fields, consts and statics `c.`, macros `m!`. What would be the same symbol
 * (cfg twins, impls alike) is told apart by a number in the order of file and line. `is_implementation`: from a type to its
 * traits (derives included), from an impl's member to the trait's. Positions are UTF-8 bytes. */
#ifndef PT_SCIP_H
#define PT_SCIP_H

#include "graph/graph.h"

#include <stdio.h>

/* PT_EBUSY: files changed since; names them. Of a code dump there is no text, and names' lengths are the items'. */
int pt_export_scip(FILE *out, const pt_graph *graph, const char *version, pt_error *error);

#endif
