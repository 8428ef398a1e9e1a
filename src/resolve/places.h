/* places.h: where the text of an expansion stands in a file that someone wrote.
 *
 * A token that a macro call brought keeps its own place; what the macro's definition brought stands at the call. The
 * items of an expansion are given their lines when it is mounted, so that nobody asks again. */
#ifndef PT_PLACES_H
#define PT_PLACES_H

#include "resolve/world.h"

/* Follows `*offset` of an instance's file outwards to the file that was written; returns that file's index. `*brought`
 * (may be NULL) tells whether the token was written there, or stands for a macro's own. */
u32 pt_written_place(const pt_world *world, u32 instance, u32 *offset, bool *brought);
/* Gives the items of a freshly mounted expansion the lines and columns of that file. */
void pt_place_items(pt_world *world, u32 instance);

#endif
