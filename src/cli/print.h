/* print.h: answers for people: aligned, coloured on a terminal, places as file:line. */
#ifndef PT_CLI_PRINT_H
#define PT_CLI_PRINT_H

#include "base/base.h"

#include <jansson.h>
#include <stdio.h>

/* Prints an answer of query/query.h. `microseconds`: what finding it took. `quiet` leaves the closing line out. */
void pt_print_answer(FILE *out, const json_t *answer, u64 microseconds, bool color, bool quiet);
/* Prints why there is no answer, with candidates or suggestions, to `err`. */
void pt_print_failure(FILE *err, const json_t *answer, const char *message, bool color);

/* What of the daemon is beyond its limit, with advice. */
void pt_print_triggers(FILE *out, const json_t *triggers, bool color);
/* What the daemon's `status` says, as metrics; NULL: no daemon runs. See prometheus.c. */

#endif
