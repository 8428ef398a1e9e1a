/* paths.h: defining paths of definitions, as design.md spells them. */
#ifndef PT_PATHS_H
#define PT_PATHS_H

#include "resolve/impls.h"

/* Appends the full path of a definition: crate::module::Item, <T as Trait>::member, Type::member. */
void pt_def_path(pt_world *world, pt_buffer *out, u32 def);
/* Appends how an impl is named as a path: `<demo::Parser as core::fmt::Display>`; of an inherent impl the path
 * of its self type, which its members continue. */
void pt_impl_path(pt_world *world, pt_buffer *out, u32 def);
/* Identity of a definition (sig_hash) before ordinals: see docs/decisions/identity.md. */
pt_hash128 pt_def_hash(pt_world *world, u32 def);
/* The same when the hash of the enclosing node is known. */
pt_hash128 pt_def_hash_below(pt_world *world, u32 def, pt_hash128 parent, u32 ordinal);

#endif
