/* ignore.h: what git ignores, by libgit2, loaded only when a work tree has ignore rules at all. */
#ifndef PT_IGNORE_H
#define PT_IGNORE_H

#include "base/base.h"

typedef struct pt_ignore pt_ignore;

/* NULL when `root` is in no git work tree or libgit2 is not on the machine: then nothing is ignored. */
pt_ignore *pt_ignore_open(const char *root);
void pt_ignore_close(pt_ignore *ignore);
/* Is this absolute path ignored? Folders end with `/`. Not for several threads at once. */
bool pt_ignore_matches(pt_ignore *ignore, const char *path);

#endif
