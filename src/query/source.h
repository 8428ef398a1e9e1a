/* source.h: the text of items, as an answer quotes it: from the file itself, read whole, and only when its bytes are those
 * that the snapshot was made of. */
#ifndef PT_QUERY_SOURCE_H
#define PT_QUERY_SOURCE_H

#include "graph/graph.h"

/* Files that one answer looked into; a zeroed one is empty. */
typedef struct pt_quoted_file {
    u32 file;
    char *text; /* NULL: not readable, or another text than the snapshot's */
    u32 length;
    u32 *lines; /* where each begins; one more than there are */
    u32 line_count;
} pt_quoted_file;
typedef struct pt_quotes {
    PT_VEC(pt_quoted_file) files;
} pt_quotes;

void pt_quotes_free(pt_quotes *quotes);
/* Lines first .. last (from 1, both with) of a file; the last one with its end. Empty: it cannot be quoted. The text lives as
 * long as `quotes`. */
pt_str pt_quote(pt_quotes *quotes, const pt_graph *graph, u32 file, u32 first, u32 last);

#endif
