/* request.h: a question as a JSON object, between front ends in two processes. Its keys are the options of the command
 * line: target, second, limit, depth, candidates, all, level, kind, cursor, cfg. */
#ifndef PT_REQUEST_H
#define PT_REQUEST_H

#include "query/query.h"

/* Fills the fields of a question; texts point into `params`, which has to outlive it. PT_EUSAGE: an unknown key, a value of
 * another type, an argument that is missing or one too many. */
int pt_request_read(pt_query *q, const char *command, const json_t *params, pt_error *error);
/* A parameter from text, as a URL has it: PT_EUSAGE when there is no such parameter, or the text is not of its type. */
int pt_request_set(json_t *params, const char *key, const char *text, pt_error *error);
/* The parameters there are, and `wait` of the front ends: name and type (s text, n number, b flag); NULL after the last. */
const char *pt_request_parameter(u32 index, char *type);
/* The object for a question: a new reference, NULL when memory is out or a text is no UTF-8. */
json_t *pt_request_write(const pt_query *q);

#endif
