/* render.h: answers for those who pay by the token: as compact text, markdown or JSON, cut to a number of tokens
 * (tokens.h). Whatever is cut is told: `truncated`, and `total` where it is known. */
#ifndef PT_RENDER_H
#define PT_RENDER_H

#include "base/alloc.h"

#include <jansson.h>

/* Places of a row that are shown; tokens that all but the shortest rows of compact JSON take at least. */
enum { PT_SITES_SHOWN = 3, PT_TOKENS_A_COMPACT_ROW = 30 };

typedef enum pt_format { PT_FORMAT_TEXT, PT_FORMAT_MARKDOWN, PT_FORMAT_JSON, PT_FORMAT_COMPACT } pt_format;
/* "text", "markdown", "json" or "compact"; NULL: text. False: none of them. */
bool pt_format_of(pt_format *out, const char *name);

/* The whole answer (pt_query_run), ended by a line end; failures too: the message, and candidates or suggestions. */
void pt_render(pt_buffer *out, const json_t *answer, pt_format format);
/* One row of it, as it stands there; a heading that is its alone included. */
void pt_render_row(pt_buffer *out, const char *query, const json_t *row, pt_format format);
/* The answer as compact JSON (docs/schema/compact.json): a new reference. Places are "file:line", sites and members are
 * texts, what is empty or false is not there. */
json_t *pt_render_compact(const json_t *answer);
/* What stands before the rows, shortened: 1: at most 8 names in each list, a target as long as a line; 2: no lists. What is
 * left out of `stale` is counted (`stale_count`). The answer's lists are replaced, not changed. */
void pt_render_heads(json_t *answer, u32 how);
/* Makes the rows fit for a reader who sees the first ones only: what is of tests last, cycles without all their members. The
 * answer is the caller's, its rows may be shared. */
void pt_render_brief(json_t *answer);
/* The same as pt_render with at most `budget` tokens: heads are shortened and rows go from the end until it fits, `answer` is
 * changed. False: it does not fit without any row; `out` (NULL: the text is not wanted) holds what would be too much. */
bool pt_render_within(pt_buffer *out, json_t *answer, pt_format format, u32 budget);

#endif
