/* protocol.h: the Model Context Protocol, a message at a time, whatever carries it (modelcontextprotocol.io, specification).
 *
 * Both eras are spoken. Modern (2026-07-28): every request says in `_meta` which version it speaks and what its client can;
 * nothing is remembered; `server/discover`, `resultType`, `ttlMs`, `cacheScope`, `subscriptions/listen`. Legacy (2025-11-25,
 * 2025-06-18, 2025-03-26, 2024-11-05): `initialize` first, `ping`. A request that says nothing in `_meta` is a legacy one, and
 * refused before `initialize`. */
#ifndef PT_MCP_PROTOCOL_H
#define PT_MCP_PROTOCOL_H

#include "mcp/tools.h"

#define PT_MCP_MODERN "2026-07-28"

/* What a legacy client and we agreed on; a zeroed one is a connection that just began. One thread at a time. */
typedef struct pt_mcp {
    pt_mcp_host host;
    const char *version; /* of the program */
    const char *legacy;  /* what `initialize` settled; NULL: not yet */
} pt_mcp;

/* The reply to one message: a new reference; NULL: none is due (a notification, or a subscription that stays open). Never
 * fails: what is wrong is the reply. */
json_t *pt_mcp_answer(pt_mcp *mcp, const json_t *message);
/* The reply to what is no JSON at all. */
json_t *pt_mcp_not_json(const char *why);
/* Is it a request whose answer asks the host, and may take long? */
bool pt_mcp_asks(const json_t *message);
/* Is it `subscriptions/listen`, well-formed? Then `*acknowledged` is what has to be said at once, and the request stays open
 * until it is cancelled; pt_mcp_closed is the reply that ends it from our side. */
bool pt_mcp_listens(const json_t *message, json_t **acknowledged);
json_t *pt_mcp_closed(const pt_mcp *mcp, const json_t *id);
/* The legacy version that a header names, as pt_mcp.legacy wants it; NULL (no header): 2025-03-26, which had none. NULL: not
 * one we speak. */
const char *pt_mcp_legacy(const char *version);
/* `notifications/cancelled`: the id (borrowed) of the request that nobody waits for; NULL: another message. */
const json_t *pt_mcp_cancels(const json_t *message);

#endif
