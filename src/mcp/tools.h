/* tools.h: the tools that a model sees: few, each one question of query/ or `explore`, which chooses the question.
 *
 * Every tool takes `max_tokens` (default 4,000, at least 100): neither the text nor the structured content of an answer is
 * longer (query/tokens.h). A client shows its model one of the two. Answers tell their generation and what is stale. */
#ifndef PT_MCP_TOOLS_H
#define PT_MCP_TOOLS_H

#include "query/query.h"

/* Who answers: one call, `params` as of query/request.h (taken); `diff` (diff/diff.h) is asked too. As pt_query_run: `*answer`
 * may be there on failure. */
typedef struct pt_mcp_host {
    int (*ask)(void *payload, const char *command, json_t *params, json_t **answer, pt_error *error);
    void *payload;
    /* A whole tool elsewhere, as pt_mcp_call; NULL: what `ask` answers is cut here. */
    int (*call)(void *payload, const char *name, const json_t *arguments, json_t **result, pt_error *error);
} pt_mcp_host;

/* The array of `tools/list`: a new reference; always the same. */
json_t *pt_mcp_tools(void);
/* PT_ENOTFOUND: no such tool. Else `*result` is the result of `tools/call` (a new reference), also for arguments that do not
 * fit and questions that fail: they are told to the model (`isError`). */
int pt_mcp_call(const pt_mcp_host *host, const char *name, const json_t *arguments, json_t **result, pt_error *error);

#endif
