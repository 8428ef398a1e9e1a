/* local.h: who answers MCP inside of the daemon: its own snapshot, and git for `diff`. */
#ifndef PT_MCP_LOCAL_H
#define PT_MCP_LOCAL_H

#include "live/live.h"
#include "mcp/tools.h"

typedef struct pt_mcp_local {
    pt_live *live;
    u64 ticket;
} pt_mcp_local;

pt_mcp_host pt_mcp_local_host(pt_mcp_local *local);
/* As pt_server_options.tool. */
int pt_mcp_local_call(pt_live *live, u64 ticket, const char *name, const json_t *arguments, json_t **result,
                      pt_error *error);

#endif
