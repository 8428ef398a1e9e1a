/* export.h: the whole graph in formats others read.
 *
 * `jsonl` is the canonical form (design.md, "Command line"): a meta line, nodes, edges, sorted; byte-identical
 * for equal states. `dot`, `graphml` and `mermaid` draw items and their edges; `contains` is left out there. `scip` is
 * scip.h's; it reads the sources. */
#ifndef PT_EXPORT_H
#define PT_EXPORT_H

#include "graph/graph.h"

#include <stdio.h>

/* Writes to `out`. `candidates` adds candidate edges. PT_EUSAGE: no such format. PT_EIO: writing failed. */
int pt_export(FILE *out, const pt_graph *graph, const char *format, bool candidates, pt_error *error);

#endif
