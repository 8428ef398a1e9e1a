/* follow.h: a world that was built follows its files.
 *
 * Definitions keep their numbers as long as facts/match.h says that an item is the same; new items get new ones, those
 * that went leave theirs unused. A call of a macro whose text changed is expanded again, and what it expands to is followed
 * as a file is. One thread; texts of files whose facts came from a store are read when they are needed. */
#ifndef PT_FOLLOW_H
#define PT_FOLLOW_H

#include "facts/match.h"
#include "resolve/world.h"

/* Bits of pt_changed_def.other besides PT_OTHER_*. */
enum { PT_DEF_ADDED = 0x100, PT_DEF_REMOVED = 0x200 };

typedef struct pt_changed_def {
    u32 def, other;
    bool had_body; /* it was counted as a body */
} pt_changed_def;

typedef struct pt_changed_file {
    u32 file;
    pt_facts old; /* kept until pt_changes_free */
    void *block;  /* of them */
    u32 *symbols;
    pt_file_stamp stamp;
} pt_changed_file;

typedef struct pt_scope_key {
    u32 module, name;
} pt_scope_key;
typedef struct pt_gone_glob {
    u32 module, source, visible;
} pt_gone_glob;
/* An impl and the head it was of. */
typedef struct pt_moved_impl {
    u32 def, head;
} pt_moved_impl;

typedef struct pt_changes {
    PT_VEC(pt_changed_def) defs;
    PT_VEC(pt_changed_file) files; /* with facts of their own: no expansions */
    PT_VEC(u32) instances;         /* where places moved, those around before those inside */
    PT_VEC(void *) blocks;
    /* for relink.c, and what it found */
    PT_VEC(pt_scope_key) names; /* of imports that went */
    PT_VEC(pt_gone_glob) gone_globs;
    PT_VEC(pt_import) new_globs;
    PT_VEC(u32) calls;                 /* that came */
    PT_VEC(u32) modules;               /* in files of their own, to be mounted */
    PT_VEC(u32) new_files, gone_files; /* of the world: that have a module now, or have none any more */
    PT_VEC(u32) macros;                /* names that may mean another macro, or one of another text */
    PT_VEC(u32) macro_defs;            /* macros of another text */
    PT_VEC(u32) keys;                  /* questions (questions.h) whose answer is another */
    PT_VEC(pt_moved_impl) moved;
    PT_VEC(u32) kinds;   /* external paths that are thought to be something else now */
    u32 asked_keys;      /* so many of `keys` were looked for among impls, traits and aliases */
    u32 relinked;        /* so many of `defs` are linked already */
    u32 expanded;        /* calls that were expanded again */
    const pt_cold *cold; /* the world's: what is in it is not freed */
    const char *whole;   /* why the world has to be made anew; NULL: it follows */
} pt_changes;
void pt_changes_free(pt_changes *changes);

/* A world after pt_resolve_world, from now on for one thread. */
int pt_world_begin_following(pt_world *world);
/* A file (`file` of the world) has this text now: text and block (facts of it) are taken. When `whole` is set afterwards the
 * world is good for nothing but pt_world_destroy. PT_ENOMEM. */
int pt_world_follow(pt_world *world, pt_changes *changes, u32 file, char *text, u32 length, pt_file_stamp stamp,
                    void *block, u32 size);
/* An item came: its definition is there, not its names. */
void pt_item_came(pt_world *world, pt_changes *changes, u32 def);
/* A call whose text, or whose macro, is another: what it expands to now, in place of what it did. */
void pt_follow_call(pt_world *world, pt_changes *changes, u32 call);
/* A file that is not there any more. */
void pt_world_file_went(pt_world *world, pt_changes *changes, u32 file);
/* Modules that want a file that came; false: nobody does. */
bool pt_world_file_came(pt_world *world, pt_changes *changes, const char *path);
/* Would this item's text be read as a body? */
bool pt_item_has_body(const pt_item *item);

#endif
