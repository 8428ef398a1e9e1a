/* expand.h: single macro calls and imports, outside of the fixpoint. */
#ifndef PT_EXPAND_H
#define PT_EXPAND_H

#include "resolve/world.h"

typedef struct pt_expansion_text {
    char *text; /* PT_TEXT_SLACK readable bytes behind its end */
    u32 length;
    void *block; /* facts of it */
    u32 size;
    struct pt_macro_origin *origins;
    u32 origin_count;
} pt_expansion_text;
/* What a call expands to by the macro `target`; PT_NO_DEF: nobody knows the macro, its arguments are read as items.
 * PT_ENOTFOUND: nothing, or nothing with items in it; PT_EIO: a text can't be read, or is not the one that was noted. Freed
 * with pt_expansion_text_free, also after a failure. */
int pt_expand_call(pt_world *world, pt_expansion_text *out, u32 call, u32 target);
void pt_expansion_text_free(pt_expansion_text *expansion);
/* Which macro a call means; PT_NO_DEF: unknown. */
u32 pt_call_target(pt_world *world, u32 call);

/* Mounts what a call expands to. */
u32 pt_mount_expansion(pt_world *world, u32 call, u32 file);
/* Imports: one is tried, true when it changed anything (`again`: it was before, only what is new counts); what a glob brings in all of, PT_NO_DEF: not known; from where the
 * names it brings are seen. */
bool pt_import_resolve(pt_world *world, pt_import *import, bool again);
u32 pt_glob_source(pt_world *world, const pt_import *import);
/* Asks what an import's path means, for who notes questions; nothing changes. */
void pt_import_ask(pt_world *world, const pt_import *import);
u32 pt_import_visibility(const pt_world *world, const pt_import *import);

#endif
