/* interface_file.h: the facts of a crate, or of several that belong together, as one mapped file.
 *
 * std's interface (std_interface.c) and those of dependencies (dependencies.c) are such files: made once, mapped by
 * every index, their pages shared. The format stands at the top of interface_format.h. */
#ifndef PT_INTERFACE_FILE_H
#define PT_INTERFACE_FILE_H

#include "resolve/world.h"

enum { PT_INTERFACE_ROOTS = 3 };

typedef struct pt_interface {
    u32 first_file;                /* its files are first_file .. in the world */
    u32 roots[PT_INTERFACE_ROOTS]; /* files of the world; PT_NONE none */
    pt_str info;                   /* what its maker noted; borrowed from the map */
} pt_interface;

/* Writes all files of the world, and their expansions, whole or not at all. */
int pt_interface_write(pt_world *world, const u32 *roots, u32 root_count, pt_str info, const char *path,
                       pt_error *error);
/* Maps a file and adds its files to the world, their paths behind `prefix`. `check`: every byte and reference too. The
 * map lives as long as the world. PT_ENOTFOUND; PT_ECORRUPT: of another version or damaged: make it again; then the
 * world has not changed. */
int pt_interface_load(pt_world *world, pt_interface *out, const char *path, const char *prefix, bool check,
                      pt_error *error);

#endif
