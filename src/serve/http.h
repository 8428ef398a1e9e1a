/* http.h: the daemon over HTTP/1.1 (GNU libmicrohttpd, on the server's own loop).
 *
 *   GET  /api/v1                 what can be asked            GET /api/v1/openapi.json   the same as OpenAPI 3.1
 *   GET  /api/v1/COMMAND?target=...     POST the same with a JSON object: an answer as of docs/schema/COMMAND.json
 *   GET  /api/v1/status          docs/schema/daemon-status.json
 *   GET  /api/v1/history         docs/schema/history.json
 *   GET  /                       the dashboard: a page, its script and style (built with PT_DASHBOARD)
 *   GET  /metrics                for Prometheus               GET /events   each batch, as server-sent events
 *   POST /mcp                    the Model Context Protocol, both eras (streamable HTTP, without sessions)
 *
 * Status: 200; 400 wrong parameters; 401 no or another token; 403 another Host or Origin; 404 no such item or path; 405, 413, 503
 * nothing is indexed yet. Errors are JSON with `error`.
 *
 * Safety: 127.0.0.1 unless asked otherwise, and then only with a token (`Authorization: Bearer`). Host has to name this
 * server, Origin (browsers send it) too: no page of elsewhere reads answers, however its name resolves. No CORS. Nothing is
 * served from the file system. Limits: 1 MB a body, 32 KB of headers, 256 connections, 32 streams; 15 s from the first byte to
 * the end of a request, and as long without traffic; a second once its sender went; 60 s for a client to read its answer. */
#ifndef PT_HTTP_H
#define PT_HTTP_H

#include "live/server.h"

/* Parameters of `serve`: `port` (0 or none: the same for a workspace each time when it is free, else any), `address`
 * (127.0.0.1), `token`. It tells `url` and `port`; when it serves already, only the same or no parameters are taken. */
extern const pt_server_front pt_http_front;

#endif
