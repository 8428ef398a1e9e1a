/* lsp.h: the Language Server Protocol (microsoft.github.io/language-server-protocol, 3.17) over standard input and output, beside
 * a language server of the language: what the graph knows and such a server computes slowly or not at all.
 *
 * workspace/symbol, textDocument/documentSymbol, definition, references, implementation, call and type hierarchy, code lenses
 * ("N callers, blast radius M"; the numbers when they are asked for). Unsaved text lies over its file for this client
 * (documents.h). Positions are UTF-32 where the client takes that, else UTF-16. Limits: a message of 16 MB. */
#ifndef PT_LSP_H
#define PT_LSP_H

#include "base/base.h"

#include <jansson.h>

/* Who answers: as pt_mcp_host. */
typedef struct pt_lsp_host {
    int (*ask)(void *payload, const char *command, json_t *params, json_t **answer, pt_error *error);
    void *payload;
    const char *root, *version; /* the workspace's absolute path; of the program */
} pt_lsp_host;

/* Serves until `exit` or the end of the input. `*clean`: `shutdown` came before. */
int pt_lsp_serve(const pt_lsp_host *host, int in, int out, bool *clean, pt_error *error);

#endif
