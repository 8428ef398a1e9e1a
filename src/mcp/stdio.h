/* stdio.h: MCP over standard input and output: a message a line.
 *
 * One thread reads and answers what needs no question; another answers the questions, in order. A request that is cancelled while it waits is dropped; one in work is not told.
 * With a progress token, a request that takes long is told to be under way, each second. The end of the input ends it, once
 * what was asked is answered. Limits: a message of 4 MB, 1,024 requests that wait (the next one is refused). */
#ifndef PT_MCP_STDIO_H
#define PT_MCP_STDIO_H

#include "mcp/protocol.h"

/* Serves until the input ends or nobody reads the output. `doing` says what a long request waits for. */
int pt_mcp_stdio(const pt_mcp *mcp, int in, int out, const char *doing, pt_error *error);

#endif
