/* impls.h: heads of types and impls, over a world whose names are resolved. */
#ifndef PT_IMPLS_H
#define PT_IMPLS_H

#include "resolve/world.h"

/* The head under which members of blanket impls (`impl<T: Bound> Trait for T`) are kept. */
#define PT_BLANKET_HEAD 0xfffffffeu
/* The head under which all traits' own members are kept, by name: which traits have a `len`? */
#define PT_TRAIT_HEAD 0xfffffffdu

/* The item among `def` and what encloses it whose generics declare the type or const parameter `name`. */
u32 pt_generic_owner(const pt_world *world, u32 def, u32 name);
/* Segments (symbols) of a PATH node of a file's facts; generic arguments are passed over. */
u32 pt_tree_path_segments(const pt_file *file, u32 path, u32 *segments, u32 limit);
/* Head of a type in a file's facts, aliases followed, as seen from `def`: a definition, a primitive ("&" for
 * references, "[]", "()" ...), or PT_NO_DEF; *blanket is set when it is a generic parameter. */
u32 pt_type_head(pt_world *world, u32 def, const pt_file *file, u32 type, u32 depth, bool *blanket);
/* A type by the name of a primitive that `use std::str;` made a module's: the type is meant. */
void pt_primitive_not_module(pt_world *world, pt_path_result *found, const u32 *segments, u32 count);
/* Follows type aliases to the head they stand for. */
u32 pt_alias_head(pt_world *world, u32 def, u32 depth);
/* What an impl block or derive is of: fills head and trait. */
void pt_impl_resolve(pt_world *world, pt_impl *impl);
/* The index of an impl block; PT_NONE: not an impl. */
u32 pt_impl_of(const pt_world *world, u32 def);
/* Impls with this head: indices into world->impls, ascending. */
const u32 *pt_impls_of_head(const pt_world *world, u32 head, u32 *count);
/* The first impl of a trait for a head (PT_BLANKET_HEAD: for a parameter), or PT_NONE; then pt_impl.next. */
u32 pt_first_impl(const pt_world *world, u32 head, u32 trait);
/* A trait and all it extends, breadth first, itself included; NULL for what is no trait of the world. */
const u32 *pt_supertraits_of(const pt_world *world, u32 trait, u32 *count);
/* Makes that list of one trait anew; true: it is another. */
bool pt_supertraits_again(pt_world *world, u32 trait);

#endif
