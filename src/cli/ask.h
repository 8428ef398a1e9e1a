/* ask.h: one question, answered by the workspace's daemon or, without one, from its store. */
#ifndef PT_CLI_ASK_H
#define PT_CLI_ASK_H

#include "cli/cli.h"
#include "query/query.h"

#include <limits.h>

/* A store opened for reading, with its snapshot and what changed on disk since. */
typedef struct pt_cli_store {
    char uri[PATH_MAX + 64];
    pt_store *store;
    pt_graph *graph;
    pt_store_stats stats;
    pt_index_list stale; /* empty with --stale-ok */
} pt_cli_store;
int pt_cli_open(pt_cli_store *out, const options *o, const char *workspace, pt_error *error);
void pt_cli_close(pt_cli_store *opened);

/* `asked`: what is asked, without what answers it. As pt_query_run; PT_EIO when there is nothing to ask. `*us` (may be NULL):
 * what the answer took. */
int pt_cli_ask(const options *o, const char *workspace, const pt_query *asked, json_t **answer, u64 *us,
               pt_error *error);

#endif
