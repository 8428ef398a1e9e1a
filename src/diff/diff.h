/* diff.h: what changed between two states of a workspace, item by item, and whom that reaches.
 *
 * Items are matched by their identity (sig_hash), so that what merely moved within its module is no change. Kinds of change:
 *   added, removed   what lies inside of an item that came or went is not listed again
 *   contract         the signature as resolved or as written is another one
 *   body             the tokens are others, comments and white space aside
 * Breaking: an item that is public all the way up was removed or has another contract; a variant was added to a public enum; a
 * member without a default to a public trait. Affected: blast radius (graph/walk.h) in the state after; of what was removed in
 * the state before. */
#ifndef PT_DIFF_H
#define PT_DIFF_H

#include "base/base.h"

#include <jansson.h>

typedef struct pt_diff_options {
    const char *workspace, *std_interface;
    const char *from, *to; /* revisions; `to` NULL: the working tree */
    u32 depth;             /* of the blast radius; 0: 3 */
    u32 limit;             /* rows; 0: all */
} pt_diff_options;

/* The same with parameters as front ends have them: target, second, depth, limit (taken). */
int pt_diff_ask(json_t **answer, const char *workspace, const char *std_interface, json_t *params, pt_error *error);
/* `*answer` (docs/schema/diff.json) is a new reference. PT_EUSAGE: no such revision. */
int pt_diff(json_t **answer, const pt_diff_options *options, pt_error *error);

#endif
