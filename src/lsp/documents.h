/* documents.h: files as an editor sees them: what is open and not saved lies over what is on disk; positions in the client's
 * encoding against ours (lines from 1, columns from 1 in characters).
 *
 * The graph is of saved text. Where unsaved text differs, lines before the first and behind the last changed one are told apart
 * by number alone; a position inside of the change means nothing to the graph. */
#ifndef PT_LSP_DOCUMENTS_H
#define PT_LSP_DOCUMENTS_H

#include "base/alloc.h"

#include <jansson.h>

typedef struct pt_document {
    char *path; /* relative to the workspace */
    char *text;
} pt_document;
typedef struct pt_documents {
    const char *root; /* absolute, without `/` at its end */
    bool utf16;       /* else utf-32 */
    PT_VEC(pt_document) open;
} pt_documents;

void pt_documents_free(pt_documents *documents);
/* The path below the root that a file: URI names; false: it is none of the workspace's. */
bool pt_document_path(char *out, size_t size, const pt_documents *documents, const char *uri);
/* The URI of a path: a new reference. */
json_t *pt_document_uri(const pt_documents *documents, const char *path);
void pt_document_set(pt_documents *documents, const char *path, const char *text); /* NULL: closed */

/* A text that lives until the next call; "" when there is none. */
typedef struct pt_document_view {
    char *text, *saved; /* what the client sees; what the graph is of */
    u32 lines, saved_lines, same_before, same_behind;
} pt_document_view;
void pt_document_look(pt_document_view *out, const pt_documents *documents, const char *path);
void pt_document_forget(pt_document_view *view);
/* The graph's line of a client's (from 0), 0: inside of a change; and back (a line that is no more: where it was). */
u32 pt_document_saved_line(const pt_document_view *view, u32 line);
u32 pt_document_shown_line(const pt_document_view *view, u32 saved_line);
/* Columns in a line of the shown text (from 0): the client's to characters, and back. */
u32 pt_document_characters(const pt_documents *documents, const pt_document_view *view, u32 line, u32 column);
u32 pt_document_column(const pt_documents *documents, const pt_document_view *view, u32 line, u32 characters);
/* The first word in a line (from 0) from `from` characters on that is `name`: its characters; else the line's first word. */
void pt_document_word(const pt_document_view *view, u32 line, u32 from, const char *name, u32 *first, u32 *end);
/* The word around a place: from and to, in characters; false: none. */
bool pt_document_word_at(const pt_document_view *view, u32 line, u32 characters, u32 *first, u32 *end);

#endif
