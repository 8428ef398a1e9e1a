/* json_text.h: JSON values as compact text, the same bytes as json_dumps(value, JSON_COMPACT): for answers, whose rows are told by
 * the thousand. Jansson's writer calls back for each character that it escapes and each mark, and keeps a table of what it is in. */
#ifndef PT_JSON_TEXT_H
#define PT_JSON_TEXT_H

#include "base/alloc.h"

#include <jansson.h>

/* Appends the text. False: memory is out, or a text of it is no UTF-8; then nothing is appended. */
bool pt_json_write(pt_buffer *out, const json_t *value);
/* The same as a new text, freed with free(); NULL on failure. It has room for one character more in place of its end. */
char *pt_json_dump(const json_t *value);

#endif
