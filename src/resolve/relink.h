/* relink.h: names, members and impls of a world after items came, went and changed, and which questions have another answer
 * now. What is looked at again is what bears an affected name; see docs/incremental.md. */
#ifndef PT_RELINK_H
#define PT_RELINK_H

#include "resolve/follow.h"

/* After pt_world_follow of all files of a batch: appends to changes->keys, and to changes->defs what turned out to mean
 * something else. What calls of macros that came expand to is mounted. `changes->whole` as there. PT_ENOMEM. */
int pt_world_relink(pt_world *world, pt_changes *changes);

#endif
