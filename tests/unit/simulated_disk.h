/* simulated_disk.h: a `pt_disk` in memory that can lose power, fail and be altered: for crash tests of a store.
 *
 * Each file has its durable bytes and the writes and truncations since its last sync; each folder its durable names
 * and the makings, renames and removals since its last sync_folder. The running program sees everything applied; a
 * crash decides by a seed what of the rest is left, within what disk.h promises and no more. Same calls, same seeds:
 * same bytes.
 *
 *     simulated_disk *disk = simulated_disk_new();
 *     pt_disk *process = simulated_disk_process(disk);  // hand this to the engine
 *     simulated_disk_crash_at(disk, n);                 // the n-th mutating call is done in part, later ones fail
 *     ... run the engine, close it ...
 *     simulated_disk_crash(disk, seed);                 // what the disk holds afterwards
 *     process = simulated_disk_process(disk);           // after the reboot; the old one gets PT_EIO for ever
 *     simulated_disk_free(disk);
 *
 * Header only, so that tests, benches and fuzzers can include it. Memory comes from malloc, not pt_malloc, so that
 * allocation failures injected into an engine miss the simulator; when malloc fails, it aborts. */
#ifndef PT_SIMULATED_DISK_H
#define PT_SIMULATED_DISK_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "store/native/disk.h"

typedef enum simulated_kind {
    SIMULATED_OPEN, /* of a file that exists; `make` counts as SIMULATED_MAKE */
    SIMULATED_MAKE,
    SIMULATED_WRITE,
    SIMULATED_TRUNCATE,
    SIMULATED_SYNC,
    SIMULATED_STAMP,
    SIMULATED_RENAME,
    SIMULATED_UNLINK,
    SIMULATED_SYNC_FOLDER,
    SIMULATED_MAKE_FOLDER,
    SIMULATED_REMOVE_FOLDER,
    SIMULATED_MAP,
    SIMULATED_READ,
    SIMULATED_LIST,
    SIMULATED_LOCK, /* and a SIMULATED_MAKE when the file is not there yet */
    SIMULATED_KINDS,
    SIMULATED_MUTATING = SIMULATED_KINDS, /* whatever a crash may undo, and the syncs */
    SIMULATED_ANY
} simulated_kind;

typedef enum simulated_mode {
    SIMULATED_KILL,   /* only the processes die: all is still seen, what was not synced is still not safe */
    SIMULATED_DROP,   /* power cut: nothing is left but what was synced */
    SIMULATED_RANDOM, /* power cut: bytes at random, of the operations on names a prefix (a journal) */
    SIMULATED_HARSH,  /* power cut: of the operations on names any subset that leaves a possible state */
    SIMULATED_MODES
} simulated_mode;

/* --- state -------------------------------------------------------------------------------------------------------- */
enum { SIMULATED_SECTOR = 512, SIMULATED_PAGE = 4096, SIMULATED_RULES = 8 };
#define SIMULATED_LARGEST ((u64)1 << 32) /* a longer file is a wrong offset */

typedef struct simulated_bytes {
    u8 *data;
    u64 size, capacity;
} simulated_bytes;

/* A failed sync leaves its bytes doubtful for good, as on Linux: a later one returns success and does not write them.
 * What that later one wrote is certain, but has to wait behind them in the list. */
typedef enum simulated_safety { SIMULATED_PENDING, SIMULATED_DOUBTFUL, SIMULATED_CERTAIN } simulated_safety;

typedef struct simulated_edit {
    simulated_safety safety;
    bool truncate;
    u64 offset, size; /* of a write; the new size of a truncation */
    u8 *data;
} simulated_edit;

typedef struct simulated_inode simulated_inode;
typedef struct simulated_name {
    char *name;
    simulated_inode *inode;
} simulated_name;
typedef struct simulated_names {
    simulated_name *list;
    u32 count, capacity;
} simulated_names;

struct simulated_inode {
    u64 number;
    bool folder;
    /* a file */
    simulated_bytes now, durable;
    bool exposed; /* a test may have altered `now`: it is to be copied to `durable` before the next edit */
    i64 modified, changed, durable_modified, durable_changed;
    simulated_edit *edits;
    u32 edit_count, edit_capacity;
    /* a folder */
    simulated_names names, durable_names;
    /* scratch */
    bool marked, lost;
    u32 limit;
    simulated_inode *twin;
};

/* Something done to names: both sides for a rename, only `to` for a making, only `from` for a removal. */
typedef struct simulated_change {
    simulated_inode *from, *to, *inode;
    char *from_name, *to_name;
    simulated_inode *emptied; /* a folder that went away, so had to be empty */
    bool makes, kept;
} simulated_change;

typedef struct simulated_disk simulated_disk;
typedef struct simulated_process simulated_process;
struct simulated_process {
    pt_disk calls; /* first: the engine holds its address */
    simulated_disk *disk;
    bool alive;
    simulated_process *next;
};
typedef struct simulated_file { /* an open file or a held lock */
    int id;
    simulated_inode *inode;
    simulated_process *process;
} simulated_file;
typedef struct simulated_map {
    void *data;
    u64 size;
    simulated_process *process;
} simulated_map;
typedef struct simulated_rule {
    simulated_kind kind;
    u64 left;
    bool for_ever, spent;
    int code;
    char message[120];
} simulated_rule;

struct simulated_disk {
    /* To read, and to set where it says so. */
    u64 counts[SIMULATED_KINDS]; /* calls of living processes so far; see simulated_disk_count */
    u64 bytes_written;
    u64 failed;                                 /* calls failed by a rule */
    u64 misuse;                                 /* calls on a file, map or lock that is not held: 0 when sound */
    u64 late_calls;                             /* calls that got PT_EIO after the crash point or by a dead process */
    u32 lost_files, lost_maps, lost_locks;      /* that processes held when they died in the last crash or kill */
    u32 open_file_count, lock_count, map_count; /* held now; maps of dead processes too, until they are unmapped */
    bool stopped;                               /* the crash point was met */
    bool harsh;                                 /* set: simulated_disk_crash takes SIMULATED_HARSH too */
    u64 capacity;                               /* set: bytes the disk has room for; 0: no limit */
    i64 clock_step;                             /* set: 0 for a clock too coarse to tell two writes apart */

    simulated_inode **inodes;
    u32 inode_count, inode_capacity;
    simulated_inode *root;
    simulated_change *changes;
    u32 change_count, change_capacity;
    simulated_process *processes;
    simulated_file *files, *locks;
    u32 file_capacity, lock_capacity;
    simulated_map *maps;
    u32 map_capacity;
    simulated_rule rules[SIMULATED_RULES];
    u32 rule_count;
    bool crash_set;
    u64 crash_left;
    u64 random, next_number;
    i64 clock;
    int next_id;
    pthread_mutex_t mutex;
};

/* --- helpers ------------------------------------------------------------------------------------------------------ */
static inline void *simulated_memory(void *memory) {
    if (!memory) abort();
    return memory;
}
static inline void *simulated_more(void *list, u32 *capacity, u32 count, size_t element) {
    if (count < *capacity) return list;
    *capacity = *capacity ? 2 * *capacity : 8;
    return simulated_memory(realloc(list, *capacity * element));
}
static inline char *simulated_text(const char *text) { return text ? simulated_memory(strdup(text)) : NULL; }
static inline u64 simulated_next(u64 *state) { /* splitmix64 */
    u64 z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}
static inline u64 simulated_below(u64 *state, u64 limit) { return simulated_next(state) % limit; }
static inline bool simulated_coin(u64 *state) { return simulated_next(state) & 1; }

static inline void simulated_resize(simulated_bytes *b, u64 size) {
    if (size > b->capacity) {
        b->capacity = PT_MAX(size, 2 * b->capacity);
        b->data = simulated_memory(realloc(b->data, b->capacity));
    }
    if (size > b->size) memset(b->data + b->size, 0, size - b->size);
    b->size = size;
}
static inline void simulated_place(simulated_bytes *b, u64 offset, const u8 *data, u64 size) {
    if (!size) return;
    if (offset + size > b->size) simulated_resize(b, offset + size);
    memcpy(b->data + offset, data, size);
}
static inline void simulated_same(simulated_bytes *to, const simulated_bytes *from) {
    to->size = 0; /* nothing to keep */
    simulated_place(to, 0, from->data, from->size);
}

static inline simulated_inode *simulated_find(const simulated_names *names, const char *name) {
    for (u32 i = 0; i < names->count; i++)
        if (!strcmp(names->list[i].name, name)) return names->list[i].inode;
    return NULL;
}
static inline void simulated_forget(simulated_names *names, const char *name) {
    for (u32 i = 0; i < names->count; i++)
        if (!strcmp(names->list[i].name, name)) {
            free(names->list[i].name);
            names->list[i] = names->list[--names->count];
            return;
        }
}
static inline void simulated_set(simulated_names *names, const char *name, simulated_inode *inode) {
    for (u32 i = 0; i < names->count; i++)
        if (!strcmp(names->list[i].name, name)) {
            names->list[i].inode = inode;
            return;
        }
    names->list = simulated_more(names->list, &names->capacity, names->count, sizeof *names->list);
    names->list[names->count++] = (simulated_name){simulated_text(name), inode};
}
static inline void simulated_names_clear(simulated_names *names) {
    while (names->count) free(names->list[--names->count].name);
}
static inline void simulated_names_free(simulated_names *names) {
    simulated_names_clear(names);
    free(names->list);
}

static inline i64 simulated_tick(simulated_disk *disk) { return disk->clock += disk->clock_step; }

static inline simulated_inode *simulated_inode_new(simulated_disk *disk, bool folder) {
    simulated_inode *inode = simulated_memory(calloc(1, sizeof *inode));
    inode->number = ++disk->next_number;
    inode->folder = folder;
    inode->modified = inode->changed = inode->durable_modified = inode->durable_changed = simulated_tick(disk);
    disk->inodes = simulated_more(disk->inodes, &disk->inode_capacity, disk->inode_count, sizeof *disk->inodes);
    return disk->inodes[disk->inode_count++] = inode;
}
static inline void simulated_edits_clear(simulated_inode *inode) {
    while (inode->edit_count) free(inode->edits[--inode->edit_count].data);
}
static inline void simulated_inode_free(simulated_inode *inode) {
    simulated_edits_clear(inode);
    free(inode->edits);
    free(inode->now.data);
    free(inode->durable.data);
    simulated_names_free(&inode->names);
    simulated_names_free(&inode->durable_names);
    free(inode);
}
static inline void simulated_change_free(simulated_change *change) {
    free(change->from_name);
    free(change->to_name);
}

/* The folder a path is in and the name it has there. False: a folder on the way is missing. */
static inline bool simulated_walk(simulated_disk *disk, const char *path, simulated_inode **folder, char name[256]) {
    simulated_inode *at = disk->root;
    *folder = at;
    name[0] = 0; /* of the root itself */
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        if (n > 255) return false;
        if (n && !(n == 1 && *p == '.')) {
            if (!at || !at->folder) return false;
            *folder = at;
            memcpy(name, p, n);
            name[n] = 0;
            at = simulated_find(&at->names, name);
        }
        p += n + (p[n] == '/');
    }
    return true;
}
static inline simulated_inode *simulated_at(simulated_disk *disk, const char *path) {
    simulated_inode *folder;
    char name[256];
    if (!simulated_walk(disk, path, &folder, name)) return NULL;
    return name[0] ? simulated_find(&folder->names, name) : folder;
}

/* --- which inodes are still needed -------------------------------------------------------------------------------- */
static inline bool simulated_mark(simulated_inode *inode) {
    if (!inode || inode->marked) return false;
    inode->marked = true;
    for (u32 i = 0; i < inode->names.count; i++) simulated_mark(inode->names.list[i].inode);
    for (u32 i = 0; i < inode->durable_names.count; i++) simulated_mark(inode->durable_names.list[i].inode);
    return true;
}
static inline void simulated_collect(simulated_disk *disk) {
    for (u32 i = 0; i < disk->inode_count; i++) disk->inodes[i]->marked = false;
    simulated_mark(disk->root);
    for (bool more = true; more;) {
        more = false;
        for (u32 i = 0; i < disk->change_count; i++) {
            simulated_change *c = &disk->changes[i];
            if (!((c->from && c->from->marked) || (c->to && c->to->marked))) continue;
            simulated_inode *all[] = {c->inode, c->from, c->to, c->emptied};
            for (u32 j = 0; j < PT_COUNT_OF(all); j++)
                if (simulated_mark(all[j])) more = true;
        }
    }
    u32 left = 0;
    for (u32 i = 0; i < disk->change_count; i++) {
        simulated_change *c = &disk->changes[i];
        if ((c->from && c->from->marked) || (c->to && c->to->marked)) disk->changes[left++] = *c;
        else simulated_change_free(c); /* in a folder that cannot come back */
    }
    disk->change_count = left;
    for (u32 i = 0; i < disk->open_file_count; i++) simulated_mark(disk->files[i].inode);
    for (u32 i = 0; i < disk->lock_count; i++) simulated_mark(disk->locks[i].inode);
    left = 0;
    for (u32 i = 0; i < disk->inode_count; i++) {
        if (disk->inodes[i]->marked) disk->inodes[left++] = disk->inodes[i];
        else simulated_inode_free(disk->inodes[i]);
    }
    disk->inode_count = left;
}

/* --- changes of names --------------------------------------------------------------------------------------------- */
/* Applies a change to what the program sees and keeps it for the crash. */
static inline void simulated_change_names(simulated_disk *disk, simulated_change change) {
    if (change.from) simulated_forget(&change.from->names, change.from_name);
    if (change.to) simulated_set(&change.to->names, change.to_name, change.inode);
    change.from_name = simulated_text(change.from_name);
    change.to_name = simulated_text(change.to_name);
    disk->changes = simulated_more(disk->changes, &disk->change_capacity, disk->change_count, sizeof *disk->changes);
    disk->changes[disk->change_count++] = change;
}

/* Applies a change to the durable names. Earlier ones may be missing, so what it finds there need not fit. */
static inline void simulated_change_durable(simulated_disk *disk, const simulated_change *c) {
    simulated_inode *there = c->to ? simulated_find(&c->to->durable_names, c->to_name)
                                   : simulated_find(&c->from->durable_names, c->from_name);
    if (!c->to) {
        if (there == c->inode && !there->durable_names.count) simulated_forget(&c->from->durable_names, c->from_name);
        return;
    }
    if (there && there != c->inode && there->durable_names.count) return;
    /* There are no hard links: the name it has by another change goes. */
    for (u32 i = 0; i < disk->inode_count; i++) {
        simulated_names *names = &disk->inodes[i]->durable_names;
        for (u32 j = names->count; j-- > 0;)
            if (names->list[j].inode == c->inode) {
                free(names->list[j].name);
                names->list[j] = names->list[--names->count];
            }
    }
    simulated_set(&c->to->durable_names, c->to_name, c->inode);
}
/* Makes those with `kept` durable, in order, and takes them off the list. */
static inline void simulated_changes_apply(simulated_disk *disk) {
    u32 left = 0;
    for (u32 i = 0; i < disk->change_count; i++) {
        simulated_change c = disk->changes[i];
        if (c.kept) {
            simulated_change_durable(disk, &c);
            simulated_change_free(&c);
        } else disk->changes[left++] = c;
    }
    disk->change_count = left;
}

static inline bool simulated_touches(const simulated_change *c, const simulated_inode *folder) {
    return folder && (c->from == folder || c->to == folder);
}
static inline bool simulated_touches_name(const simulated_change *c, const simulated_inode *folder, const char *name) {
    return folder &&
           ((c->from == folder && !strcmp(c->from_name, name)) || (c->to == folder && !strcmp(c->to_name, name)));
}
/* Must `earlier` be on the disk for `later` to be there? */
static inline bool simulated_needs(const simulated_change *later, const simulated_change *earlier) {
    return simulated_touches_name(earlier, later->from, later->from_name) ||
           simulated_touches_name(earlier, later->to, later->to_name) || simulated_touches(earlier, later->emptied) ||
           /* a move to another folder must not lose the file together with that folder */
           (later->from && later->to && later->from != later->to && earlier->inode == later->to);
}
/* Durable afterwards: what was done in this folder, what that rests on, and nothing else; not even its own name. */
static inline void simulated_settle_folder(simulated_disk *disk, const simulated_inode *folder) {
    for (u32 i = disk->change_count; i-- > 0;) {
        simulated_change *c = &disk->changes[i];
        c->kept = simulated_touches(c, folder);
        for (u32 j = i + 1; j < disk->change_count && !c->kept; j++)
            c->kept = disk->changes[j].kept && simulated_needs(&disk->changes[j], c);
    }
    simulated_changes_apply(disk);
}

/* What a seed means for one inode does not depend on what else there is. */
static inline u64 simulated_random_of(const simulated_inode *inode, u64 seed) {
    return seed ^ (inode->number * 0x9fb21c651e98df25u);
}
static inline void simulated_crash_names(simulated_disk *disk, u64 seed, simulated_mode mode) {
    u64 of_all = seed, *random = &of_all;
    u32 count = disk->change_count;
    bool one_journal = simulated_coin(random);
    u64 chance = 1 + simulated_below(random, 7);
    u32 common = (u32)simulated_below(random, (u64)count + 1);
    for (u32 i = 0; i < disk->inode_count; i++) {
        simulated_inode *inode = disk->inodes[i];
        inode->lost = false;
        u64 of_one = simulated_random_of(inode, seed);
        inode->limit = one_journal ? common : (u32)simulated_below(&of_one, (u64)count + 1);
        if (mode == SIMULATED_DROP) inode->limit = 0;
    }
    for (u32 i = 0; i < count; i++) {
        simulated_change *c = &disk->changes[i];
        if (mode == SIMULATED_HARSH) c->kept = simulated_below(random, 8) < chance;
        else c->kept = (!c->from || i < c->from->limit) && (!c->to || i < c->to->limit);
        if (c->from && c->to && c->to->lost && !c->from->lost) c->kept = false; /* see simulated_needs */
        if (!c->kept) {
            if (c->from) c->from->limit = 0;
            if (c->to) c->to->limit = 0;
        }
        if (c->to && c->kept) c->inode->lost = c->to->lost;
        else if (c->makes) c->inode->lost = true;
    }
    simulated_changes_apply(disk);
    while (disk->change_count) simulated_change_free(&disk->changes[--disk->change_count]);
    for (u32 i = 0; i < disk->inode_count; i++) {
        simulated_inode *inode = disk->inodes[i];
        simulated_names_clear(&inode->names);
        for (u32 j = 0; j < inode->durable_names.count; j++)
            simulated_set(&inode->names, inode->durable_names.list[j].name, inode->durable_names.list[j].inode);
    }
}

/* --- changes of bytes --------------------------------------------------------------------------------------------- */
static inline void simulated_edit_apply(simulated_bytes *bytes, const simulated_edit *e) {
    if (e->truncate) simulated_resize(bytes, e->size);
    else simulated_place(bytes, e->offset, e->data, e->size);
}
/* A test may have altered the bytes in place: those are what the disk holds. */
static inline void simulated_unexpose(simulated_inode *inode) {
    if (inode->exposed) simulated_same(&inode->durable, &inode->now);
    inode->exposed = false;
}
static inline void simulated_edit_add(simulated_disk *disk, simulated_inode *inode, bool truncate, u64 offset,
                                      const void *bytes, u64 size) {
    simulated_unexpose(inode);
    simulated_edit e = {.truncate = truncate, .offset = offset, .size = size};
    if (!truncate) {
        e.data = simulated_memory(malloc(size));
        memcpy(e.data, bytes, size);
        disk->bytes_written += size;
    }
    simulated_edit_apply(&inode->now, &e);
    inode->edits = simulated_more(inode->edits, &inode->edit_capacity, inode->edit_count, sizeof *inode->edits);
    inode->edits[inode->edit_count++] = e;
    inode->modified = inode->changed = simulated_tick(disk);
}
static inline void simulated_sync_bytes(simulated_inode *inode) {
    simulated_unexpose(inode);
    inode->durable_modified = inode->modified;
    inode->durable_changed = inode->changed;
    bool doubt = inode->edit_count && inode->edits[0].safety == SIMULATED_DOUBTFUL; /* the first one if any */
    for (u32 i = 0; i < inode->edit_count; i++) {
        simulated_edit *e = &inode->edits[i];
        if (!doubt) simulated_edit_apply(&inode->durable, e);
        else if (e->safety == SIMULATED_PENDING) e->safety = SIMULATED_CERTAIN;
    }
    if (!doubt) simulated_edits_clear(inode);
}
static inline void simulated_settle_bytes(simulated_inode *inode) {
    simulated_edits_clear(inode);
    simulated_same(&inode->durable, &inode->now);
    inode->durable_modified = inode->modified;
    inode->durable_changed = inode->changed;
    inode->exposed = false;
}

/* Lets a write reach the disk in part: by `how` a prefix, a suffix, some sectors or nothing. */
static inline void simulated_tear(simulated_bytes *bytes, const simulated_edit *e, u64 how, u64 *random) {
    u64 end = e->offset + e->size, grown = bytes->size;
    /* The size may be on the disk though the bytes are not. */
    u64 fill = simulated_below(random, 3);
    if (fill && end > grown) {
        simulated_resize(bytes, end);
        if (fill == 2)
            for (u64 i = grown; i < end; i++) bytes->data[i] = (u8)simulated_next(random);
    }
    u64 cut = simulated_below(random, e->size + 1);
    if (how == 0) simulated_place(bytes, e->offset, e->data, cut);
    if (how == 1) simulated_place(bytes, e->offset + cut, e->data + cut, e->size - cut);
    if (how == 2)
        for (u64 at = e->offset; at < end;) {
            u64 next = PT_MIN(end, (at / SIMULATED_SECTOR + 1) * SIMULATED_SECTOR);
            if (simulated_coin(random)) simulated_place(bytes, at, e->data + (at - e->offset), next - at);
            at = next;
        }
}

static inline void simulated_crash_bytes(simulated_inode *inode, u64 seed, simulated_mode mode) {
    u64 of_one = simulated_random_of(inode, seed), *random = &of_one;
    simulated_unexpose(inode);
    u32 count = inode->edit_count, first = 0;
    u64 style = simulated_below(random, 4); /* all kept, all lost, or a mix */
    u64 chance = 1 + simulated_below(random, 7);
    bool shuffled = style > 1 && simulated_coin(random);
    while (first < count && inode->edits[first].safety != SIMULATED_PENDING) first++;
    for (u32 i = count; shuffled && i-- > first + 1;) {
        u32 j = first + (u32)simulated_below(random, i - first + 1);
        simulated_edit e = inode->edits[i];
        inode->edits[i] = inode->edits[j];
        inode->edits[j] = e;
    }
    for (u32 i = 0; i < count; i++) {
        const simulated_edit *e = &inode->edits[i];
        bool whole;
        if (e->safety == SIMULATED_CERTAIN) whole = true;
        else if (mode == SIMULATED_DROP) continue;
        else if (e->safety == SIMULATED_PENDING && style == 0) whole = true;
        else if (e->safety == SIMULATED_PENDING && style == 1) continue;
        else whole = simulated_below(random, 8) < chance;
        if (whole) simulated_edit_apply(&inode->durable, e);
        else if (!e->truncate) simulated_tear(&inode->durable, e, simulated_below(random, 5), random);
    }
    if (count && mode != SIMULATED_DROP && simulated_coin(random)) { /* times are flushed on their own */
        inode->durable_modified = inode->modified;
        inode->durable_changed = inode->changed;
    }
    inode->modified = inode->durable_modified;
    inode->changed = inode->durable_changed;
    simulated_edits_clear(inode);
    simulated_same(&inode->now, &inode->durable);
}

/* --- the vtable --------------------------------------------------------------------------------------------------- */
/* What is to become of a call: done; not at all (the process is dead); failed by a rule; the crash point. */
typedef enum simulated_verdict { SIMULATED_GO, SIMULATED_REFUSED, SIMULATED_FAILED, SIMULATED_CUT } simulated_verdict;

static inline bool simulated_mutates(simulated_kind kind) {
    switch (kind) {
    case SIMULATED_MAKE:
    case SIMULATED_WRITE:
    case SIMULATED_TRUNCATE:
    case SIMULATED_SYNC:
    case SIMULATED_RENAME:
    case SIMULATED_UNLINK:
    case SIMULATED_SYNC_FOLDER:
    case SIMULATED_MAKE_FOLDER:
    case SIMULATED_REMOVE_FOLDER: return true;
    default: return false;
    }
}
static inline bool simulated_matches(simulated_kind kind, simulated_kind wanted) {
    return wanted == kind || wanted == SIMULATED_ANY || (wanted == SIMULATED_MUTATING && simulated_mutates(kind));
}
static inline simulated_process *simulated_enter(pt_disk *calls) {
    simulated_process *process = (void *)calls;
    pthread_mutex_lock(&process->disk->mutex);
    return process;
}
static inline int simulated_leave(simulated_process *process, int code) {
    pthread_mutex_unlock(&process->disk->mutex);
    return code;
}
static inline int simulated_begin(simulated_process *process, simulated_kind kind, const char *path,
                                  simulated_verdict *verdict, pt_error *error) {
    simulated_disk *disk = process->disk;
    *verdict = SIMULATED_REFUSED;
    if (!process->alive || disk->stopped) {
        disk->late_calls++;
        return pt_fail(error, PT_EIO, "%s: simulated disk: the power is cut", path);
    }
    disk->counts[kind]++;
    if (disk->crash_set && simulated_mutates(kind) && disk->crash_left-- == 0) {
        disk->crash_set = false;
        disk->stopped = true;
        *verdict = SIMULATED_CUT;
        return pt_fail(error, PT_EIO, "%s: simulated disk: the power went in the middle of a call", path);
    }
    const simulated_rule *hit = NULL;
    for (u32 i = 0; i < disk->rule_count; i++) { /* all of them, so that each counts on its own */
        simulated_rule *r = &disk->rules[i];
        if (r->spent || !simulated_matches(kind, r->kind)) continue;
        if (r->left) {
            r->left--;
            continue;
        }
        r->spent = !r->for_ever;
        hit = r;
    }
    if (hit) {
        disk->failed++;
        *verdict = SIMULATED_FAILED;
        return pt_fail(error, hit->code, "%s: simulated disk: %s", path, hit->message);
    }
    *verdict = SIMULATED_GO;
    return PT_OK;
}
/* A change of one name either happens or does not, also at the crash point. */
static inline bool simulated_happens(simulated_disk *disk, simulated_verdict verdict) {
    return verdict == SIMULATED_GO || (verdict == SIMULATED_CUT && simulated_coin(&disk->random));
}
static inline int simulated_missing(const char *path, pt_error *error) {
    return pt_fail(error, PT_ENOTFOUND, "%s: simulated disk: no such file or folder", path);
}

static inline int simulated_keep(simulated_file **list, u32 *count, u32 *capacity, simulated_process *process,
                                 simulated_inode *inode) {
    *list = simulated_more(*list, capacity, *count, sizeof **list);
    (*list)[(*count)++] = (simulated_file){++process->disk->next_id, inode, process};
    return process->disk->next_id;
}
static inline simulated_file *simulated_held(simulated_file *list, u32 count, simulated_process *process, int id) {
    for (u32 i = 0; i < count; i++)
        if (list[i].id == id && list[i].process == process) return &list[i];
    return NULL;
}
/* The inode of an open file, and a name for messages. */
static inline simulated_inode *simulated_file_inode(simulated_process *process, int id, char name[48]) {
    const simulated_file *file = simulated_held(process->disk->files, process->disk->open_file_count, process, id);
    snprintf(name, 48, "open file %d (inode %llu)", id, file ? (unsigned long long)file->inode->number : 0);
    return file ? file->inode : NULL;
}
static inline int simulated_not_open(simulated_process *process, const char *name, pt_error *error) {
    process->disk->misuse++;
    return pt_fail(error, PT_EIO, "%s: simulated disk: not open", name);
}

static inline int simulated_make_file(simulated_process *process, const char *path, simulated_inode **out,
                                      pt_error *error) {
    simulated_disk *disk = process->disk;
    simulated_verdict verdict;
    simulated_inode *folder;
    char name[256];
    int code = simulated_begin(process, SIMULATED_MAKE, path, &verdict, error);
    if (!simulated_happens(disk, verdict)) return code;
    if (!simulated_walk(disk, path, &folder, name)) return code ? code : simulated_missing(path, error);
    if (!name[0] || simulated_find(&folder->names, name))
        return code ? code : pt_fail(error, PT_EIO, "%s: simulated disk: there already", path);
    *out = simulated_inode_new(disk, false);
    simulated_change_names(disk, (simulated_change){.to = folder, .to_name = name, .inode = *out, .makes = true});
    return code;
}
static inline int simulated_open(pt_disk *calls, int *file, const char *path, bool make, pt_error *error) {
    simulated_process *process = simulated_enter(calls);
    simulated_disk *disk = process->disk;
    simulated_inode *inode = NULL;
    int code;
    if (make) code = simulated_make_file(process, path, &inode, error);
    else {
        simulated_verdict verdict;
        code = simulated_begin(process, SIMULATED_OPEN, path, &verdict, error);
        if (!code && !(inode = simulated_at(disk, path))) code = simulated_missing(path, error);
        if (!code && inode->folder) code = pt_fail(error, PT_EIO, "%s: simulated disk: a folder", path);
    }
    if (!code) *file = simulated_keep(&disk->files, &disk->open_file_count, &disk->file_capacity, process, inode);
    return simulated_leave(process, code);
}
static inline int simulated_write(pt_disk *calls, int file, u64 offset, const void *bytes, u64 size, pt_error *error) {
    simulated_process *process = simulated_enter(calls);
    simulated_disk *disk = process->disk;
    simulated_verdict verdict;
    char name[48];
    simulated_inode *inode = simulated_file_inode(process, file, name);
    int code = simulated_begin(process, SIMULATED_WRITE, name, &verdict, error);
    if (verdict == SIMULATED_REFUSED) return simulated_leave(process, code);
    if (!inode) return simulated_leave(process, simulated_not_open(process, name, error));
    if (offset > SIMULATED_LARGEST || size > SIMULATED_LARGEST - offset)
        return simulated_leave(process, pt_fail(error, PT_EIO, "%s: simulated disk: file too large", name));
    u64 part = verdict == SIMULATED_GO ? size : simulated_below(&disk->random, size + 1);
    if (disk->capacity && offset + part > inode->now.size) {
        u64 used = 0;
        for (u32 i = 0; i < disk->inode_count; i++) used += disk->inodes[i]->now.size;
        u64 room = disk->capacity > used ? disk->capacity - used : 0;
        if (offset + part - inode->now.size > room) {
            u64 end = inode->now.size + room;
            part = end > offset ? end - offset : 0;
            if (!code) code = pt_fail(error, PT_EIO, "%s: simulated disk: no space left", name);
        }
    }
    if (part) simulated_edit_add(disk, inode, false, offset, bytes, part);
    return simulated_leave(process, code);
}
static inline int simulated_truncate(pt_disk *calls, int file, u64 size, pt_error *error) {
    simulated_process *process = simulated_enter(calls);
    simulated_verdict verdict;
    char name[48];
    simulated_inode *inode = simulated_file_inode(process, file, name);
    int code = simulated_begin(process, SIMULATED_TRUNCATE, name, &verdict, error);
    if (verdict == SIMULATED_REFUSED) return simulated_leave(process, code);
    if (!inode) return simulated_leave(process, simulated_not_open(process, name, error));
    if (size > SIMULATED_LARGEST)
        return simulated_leave(process, pt_fail(error, PT_EIO, "%s: simulated disk: file too large", name));
    if (simulated_happens(process->disk, verdict)) simulated_edit_add(process->disk, inode, true, 0, NULL, size);
    return simulated_leave(process, code);
}
static inline int simulated_sync(pt_disk *calls, int file, pt_error *error) {
    simulated_process *process = simulated_enter(calls);
    simulated_verdict verdict;
    char name[48];
    simulated_inode *inode = simulated_file_inode(process, file, name);
    int code = simulated_begin(process, SIMULATED_SYNC, name, &verdict, error);
    if (verdict == SIMULATED_REFUSED) return simulated_leave(process, code);
    if (!inode) return simulated_leave(process, simulated_not_open(process, name, error));
    if (simulated_happens(process->disk, verdict)) simulated_sync_bytes(inode);
    else if (verdict == SIMULATED_FAILED)
        for (u32 i = 0; i < inode->edit_count; i++)
            if (inode->edits[i].safety == SIMULATED_PENDING) inode->edits[i].safety = SIMULATED_DOUBTFUL;
    return simulated_leave(process, code);
}
static inline pt_disk_stamp simulated_stamp_of(const simulated_inode *inode) {
    return (pt_disk_stamp){1, inode->number, inode->now.size, inode->modified, inode->changed};
}
static inline int simulated_stamp(pt_disk *calls, int file, pt_disk_stamp *out, pt_error *error) {
    simulated_process *process = simulated_enter(calls);
    simulated_verdict verdict;
    char name[48];
    simulated_inode *inode = simulated_file_inode(process, file, name);
    int code = simulated_begin(process, SIMULATED_STAMP, name, &verdict, error);
    if (!code && !inode) code = simulated_not_open(process, name, error);
    if (!code) *out = simulated_stamp_of(inode);
    return simulated_leave(process, code);
}
static inline void simulated_let_go(simulated_process *process, simulated_file *list, u32 *count, int id) {
    simulated_file *held = simulated_held(list, *count, process, id);
    if (held) {
        *held = list[--*count];
        simulated_collect(process->disk);
    } else if (process->alive) process->disk->misuse++; /* a dead one tears down what is gone */
}
static inline void simulated_close(pt_disk *calls, int file) {
    simulated_process *process = simulated_enter(calls);
    simulated_let_go(process, process->disk->files, &process->disk->open_file_count, file);
    simulated_leave(process, PT_OK);
}
static inline bool simulated_inside(const simulated_inode *folder, const simulated_inode *outer) {
    if (folder == outer) return true;
    for (u32 i = 0; i < outer->names.count; i++)
        if (simulated_inside(folder, outer->names.list[i].inode)) return true;
    return false;
}
static inline int simulated_rename(pt_disk *calls, const char *from, const char *to, pt_error *error) {
    simulated_process *process = simulated_enter(calls);
    simulated_disk *disk = process->disk;
    simulated_verdict verdict;
    simulated_inode *source, *target, *inode = NULL, *there = NULL;
    char source_name[256], target_name[256];
    int code = simulated_begin(process, SIMULATED_RENAME, from, &verdict, error);
    if (!simulated_happens(disk, verdict)) return simulated_leave(process, code);
    if (simulated_walk(disk, from, &source, source_name)) inode = simulated_find(&source->names, source_name);
    if (!inode) return simulated_leave(process, code ? code : simulated_missing(from, error));
    if (!simulated_walk(disk, to, &target, target_name))
        return simulated_leave(process, code ? code : simulated_missing(to, error));
    there = target_name[0] ? simulated_find(&target->names, target_name) : target;
    if (there == inode) return simulated_leave(process, code);
    if (simulated_inside(target, inode) ||
        (there && (there->folder != inode->folder || there->names.count || there == disk->root)))
        return simulated_leave(process, code ? code : pt_fail(error, PT_EIO, "%s: simulated disk: in the way", to));
    simulated_change_names(disk, (simulated_change){.from = source,
                                                    .from_name = source_name,
                                                    .to = target,
                                                    .to_name = target_name,
                                                    .inode = inode,
                                                    .emptied = there});
    inode->changed = simulated_tick(disk);
    simulated_collect(disk);
    return simulated_leave(process, code);
}
static inline int simulated_remove(pt_disk *calls, const char *path, simulated_kind kind, pt_error *error) {
    simulated_process *process = simulated_enter(calls);
    simulated_disk *disk = process->disk;
    simulated_verdict verdict;
    simulated_inode *folder, *inode = NULL;
    char name[256];
    int code = simulated_begin(process, kind, path, &verdict, error);
    if (!simulated_happens(disk, verdict)) return simulated_leave(process, code);
    if (simulated_walk(disk, path, &folder, name)) inode = simulated_find(&folder->names, name);
    if (!inode) return simulated_leave(process, code ? code : simulated_missing(path, error));
    if (inode->folder != (kind == SIMULATED_REMOVE_FOLDER) || inode->names.count)
        return simulated_leave(process, code ? code
                                             : pt_fail(error, PT_EIO, "%s: simulated disk: %s", path,
                                                       inode->names.count ? "not empty" : "not of this kind"));
    simulated_change_names(
        disk,
        (simulated_change){.from = folder, .from_name = name, .inode = inode, .emptied = inode->folder ? inode : NULL});
    simulated_collect(disk);
    return simulated_leave(process, code);
}
static inline int simulated_unlink(pt_disk *calls, const char *path, pt_error *error) {
    return simulated_remove(calls, path, SIMULATED_UNLINK, error);
}
static inline int simulated_remove_folder(pt_disk *calls, const char *path, pt_error *error) {
    return simulated_remove(calls, path, SIMULATED_REMOVE_FOLDER, error);
}
static inline int simulated_sync_folder(pt_disk *calls, const char *path, pt_error *error) {
    simulated_process *process = simulated_enter(calls);
    simulated_disk *disk = process->disk;
    simulated_verdict verdict;
    int code = simulated_begin(process, SIMULATED_SYNC_FOLDER, path, &verdict, error);
    if (!simulated_happens(disk, verdict)) return simulated_leave(process, code);
    simulated_inode *folder = simulated_at(disk, path);
    if (!folder) return simulated_leave(process, code ? code : simulated_missing(path, error));
    if (!folder->folder)
        return simulated_leave(process, code ? code : pt_fail(error, PT_EIO, "%s: simulated disk: no folder", path));
    simulated_settle_folder(disk, folder);
    simulated_collect(disk);
    return simulated_leave(process, code);
}
static inline int simulated_make_folder(pt_disk *calls, const char *path, pt_error *error) {
    simulated_process *process = simulated_enter(calls);
    simulated_disk *disk = process->disk;
    simulated_verdict verdict;
    simulated_inode *folder;
    char name[256];
    int code = simulated_begin(process, SIMULATED_MAKE_FOLDER, path, &verdict, error);
    if (!simulated_happens(disk, verdict)) return simulated_leave(process, code);
    if (!simulated_walk(disk, path, &folder, name))
        return simulated_leave(process, code ? code : simulated_missing(path, error));
    simulated_inode *there = name[0] ? simulated_find(&folder->names, name) : folder;
    if (there) {
        if (!there->folder && !code) code = pt_fail(error, PT_EIO, "%s: simulated disk: a file is there", path);
        return simulated_leave(process, code);
    }
    simulated_change_names(
        disk,
        (simulated_change){.to = folder, .to_name = name, .inode = simulated_inode_new(disk, true), .makes = true});
    return simulated_leave(process, code);
}
static inline int simulated_load(pt_disk *calls, void **data, u64 *size, pt_disk_stamp *stamp, const char *path,
                                 u64 offset, simulated_kind kind, pt_error *error) {
    simulated_process *process = simulated_enter(calls);
    simulated_disk *disk = process->disk;
    simulated_verdict verdict;
    simulated_inode *inode = NULL;
    *data = NULL;
    *size = 0;
    int code = simulated_begin(process, kind, path, &verdict, error);
    if (!code && !(inode = simulated_at(disk, path))) code = simulated_missing(path, error);
    if (!code && inode->folder) code = pt_fail(error, PT_EIO, "%s: simulated disk: a folder", path);
    if (code) return simulated_leave(process, code);
    if (stamp) *stamp = simulated_stamp_of(inode);
    if (offset >= inode->now.size) return simulated_leave(process, PT_OK);
    *size = inode->now.size - offset;
    /* Not a byte more than the file has, so that a sanitizer sees a read behind its end. */
    if (kind == SIMULATED_READ) *data = simulated_memory(malloc(*size));
    else if (posix_memalign(data, SIMULATED_PAGE, *size)) abort();
    memcpy(*data, inode->now.data + offset, *size);
    if (kind == SIMULATED_MAP) {
        disk->maps = simulated_more(disk->maps, &disk->map_capacity, disk->map_count, sizeof *disk->maps);
        disk->maps[disk->map_count++] = (simulated_map){*data, *size, process};
    }
    return simulated_leave(process, PT_OK);
}
static inline int simulated_map_file(pt_disk *calls, const void **data, u64 *size, pt_disk_stamp *stamp,
                                     const char *path, pt_error *error) {
    void *bytes;
    int code = simulated_load(calls, &bytes, size, stamp, path, 0, SIMULATED_MAP, error);
    *data = bytes;
    return code;
}
static inline void simulated_unmap(pt_disk *calls, const void *data, u64 size) {
    simulated_process *process = simulated_enter(calls);
    simulated_disk *disk = process->disk;
    u32 i = 0;
    while (i < disk->map_count && disk->maps[i].data != data) i++;
    if (i < disk->map_count) {
        if (disk->maps[i].size != size) disk->misuse++;
        free(disk->maps[i].data);
        disk->maps[i] = disk->maps[--disk->map_count];
    } else if (data) disk->misuse++;
    simulated_leave(process, PT_OK);
}
static inline int simulated_read(pt_disk *calls, void **data, u64 *size, const char *path, u64 offset,
                                 pt_error *error) {
    return simulated_load(calls, data, size, NULL, path, offset, SIMULATED_READ, error);
}
static inline int simulated_list(pt_disk *calls, const char *path, void (*visit)(void *payload, const char *name),
                                 void *payload, pt_error *error) {
    simulated_process *process = simulated_enter(calls);
    simulated_disk *disk = process->disk;
    simulated_verdict verdict;
    simulated_inode *folder = NULL;
    int code = simulated_begin(process, SIMULATED_LIST, path, &verdict, error);
    if (!code && !(folder = simulated_at(disk, path))) code = simulated_missing(path, error);
    if (!code && !folder->folder) code = pt_fail(error, PT_EIO, "%s: simulated disk: no folder", path);
    if (code || !folder->names.count) return simulated_leave(process, code);
    /* Copies, so that the visitor may call the disk; starting anywhere, so that nobody relies on an order. */
    u32 count = folder->names.count, start = (u32)(disk->counts[SIMULATED_LIST] % count);
    char **names = simulated_memory(malloc(count * sizeof *names));
    for (u32 i = 0; i < count; i++) names[i] = simulated_text(folder->names.list[(start + i) % count].name);
    simulated_leave(process, PT_OK);
    for (u32 i = 0; i < count; i++) {
        visit(payload, names[i]);
        free(names[i]);
    }
    free(names);
    return PT_OK;
}
/* Makes the file when it is not there; the lock is on the file, not on its name, as flock has it. */
static inline int simulated_lock(pt_disk *calls, int *lock, const char *path, pt_error *error) {
    simulated_process *process = simulated_enter(calls);
    simulated_disk *disk = process->disk;
    simulated_verdict verdict;
    simulated_inode *inode = NULL;
    int code = simulated_begin(process, SIMULATED_LOCK, path, &verdict, error);
    if (!code && !(inode = simulated_at(disk, path))) code = simulated_make_file(process, path, &inode, error);
    for (u32 i = 0; i < disk->lock_count && !code; i++)
        if (disk->locks[i].inode == inode)
            code = pt_fail(error, PT_EBUSY, "%s: simulated disk: another process holds the lock", path);
    if (!code) *lock = simulated_keep(&disk->locks, &disk->lock_count, &disk->lock_capacity, process, inode);
    return simulated_leave(process, code);
}
static inline void simulated_unlock(pt_disk *calls, int lock) {
    simulated_process *process = simulated_enter(calls);
    simulated_let_go(process, process->disk->locks, &process->disk->lock_count, lock);
    simulated_leave(process, PT_OK);
}

/* --- what tests call ---------------------------------------------------------------------------------------------- */
/* An empty disk with the folder "/". Paths without a first slash start there too. */
static inline simulated_disk *simulated_disk_new(void) {
    simulated_disk *disk = simulated_memory(calloc(1, sizeof *disk));
    disk->clock = 1000000000;
    disk->clock_step = 1;
    disk->random = 20240607;
    disk->root = simulated_inode_new(disk, true);
    if (pthread_mutex_init(&disk->mutex, NULL)) abort();
    return disk;
}
/* Processes and maps go with the disk: close the engine before. */
static inline void simulated_disk_free(simulated_disk *disk) {
    if (!disk) return;
    for (u32 i = 0; i < disk->inode_count; i++) simulated_inode_free(disk->inodes[i]);
    for (u32 i = 0; i < disk->change_count; i++) simulated_change_free(&disk->changes[i]);
    for (u32 i = 0; i < disk->map_count; i++) free(disk->maps[i].data);
    while (disk->processes) {
        simulated_process *next = disk->processes->next;
        free(disk->processes);
        disk->processes = next;
    }
    free(disk->inodes);
    free(disk->changes);
    free(disk->maps);
    free(disk->files);
    free(disk->locks);
    pthread_mutex_destroy(&disk->mutex);
    free(disk);
}

/* A new process: its files, maps and locks are its own. It lives until the next crash. */
static inline pt_disk *simulated_disk_process(simulated_disk *disk) {
    simulated_process *process = simulated_memory(calloc(1, sizeof *process));
    process->calls = (pt_disk){.open = simulated_open,
                               .write = simulated_write,
                               .truncate = simulated_truncate,
                               .sync = simulated_sync,
                               .stamp = simulated_stamp,
                               .close = simulated_close,
                               .rename = simulated_rename,
                               .unlink = simulated_unlink,
                               .sync_folder = simulated_sync_folder,
                               .make_folder = simulated_make_folder,
                               .remove_folder = simulated_remove_folder,
                               .map = simulated_map_file,
                               .unmap = simulated_unmap,
                               .read = simulated_read,
                               .list = simulated_list,
                               .lock = simulated_lock,
                               .unlock = simulated_unlock};
    process->disk = disk;
    process->alive = true;
    pthread_mutex_lock(&disk->mutex);
    process->next = disk->processes;
    disk->processes = process;
    pthread_mutex_unlock(&disk->mutex);
    return &process->calls;
}

/* Ends all processes, or the one given. */
static inline void simulated_end(simulated_disk *disk, const simulated_process *only) {
    u32 left = 0;
    disk->lost_files = disk->lost_maps = disk->lost_locks = 0;
    for (u32 i = 0; i < disk->map_count; i++)
        disk->lost_maps += disk->maps[i].process->alive && (!only || disk->maps[i].process == only);
    for (simulated_process *p = disk->processes; p; p = p->next)
        if (!only || p == only) p->alive = false;
    for (u32 i = 0; i < disk->open_file_count; i++)
        if (disk->files[i].process->alive) disk->files[left++] = disk->files[i];
    disk->lost_files = disk->open_file_count - left;
    disk->open_file_count = left;
    left = 0;
    for (u32 i = 0; i < disk->lock_count; i++)
        if (disk->locks[i].process->alive) disk->locks[left++] = disk->locks[i];
    disk->lost_locks = disk->lock_count - left;
    disk->lock_count = left;
    simulated_collect(disk);
}
/* Ends one process, as kill -9 does: nothing on the disk changes. */
static inline void simulated_disk_kill(simulated_disk *disk, pt_disk *process) {
    pthread_mutex_lock(&disk->mutex);
    simulated_end(disk, (void *)process);
    pthread_mutex_unlock(&disk->mutex);
}
/* A crash of the wanted kind. All processes are dead afterwards; rules of simulated_disk_fail stay. */
static inline void simulated_disk_crash_as(simulated_disk *disk, u64 seed, simulated_mode mode) {
    pthread_mutex_lock(&disk->mutex);
    if (mode != SIMULATED_KILL) {
        simulated_crash_names(disk, seed, mode);
        for (u32 i = 0; i < disk->inode_count; i++)
            if (!disk->inodes[i]->folder) simulated_crash_bytes(disk->inodes[i], seed, mode);
    }
    simulated_end(disk, NULL);
    disk->stopped = disk->crash_set = false;
    pthread_mutex_unlock(&disk->mutex);
}
/* A crash of a kind the seed chooses; tells which. */
static inline simulated_mode simulated_disk_crash(simulated_disk *disk, u64 seed) {
    u64 random = seed ^ 0x5bd1e995u;
    u64 pick = simulated_below(&random, 8);
    simulated_mode mode = pick == 0                  ? SIMULATED_KILL
                          : pick == 1                ? SIMULATED_DROP
                          : disk->harsh && pick >= 5 ? SIMULATED_HARSH
                                                     : SIMULATED_RANDOM;
    simulated_disk_crash_as(disk, seed, mode);
    return mode;
}
/* The mutating call number `n` from now (0: the next one) is done in part: a write is cut, others are done or not. It
 * and all later calls return PT_EIO until simulated_disk_crash. */
static inline void simulated_disk_crash_at(simulated_disk *disk, u64 n) {
    pthread_mutex_lock(&disk->mutex);
    disk->crash_set = true;
    disk->crash_left = n;
    pthread_mutex_unlock(&disk->mutex);
}
/* What is left of the call a crash point or a rule hits follows from this number and the calls so far. */
static inline void simulated_disk_seed(simulated_disk *disk, u64 seed) { disk->random = seed; }

/* The call number `n` from now of a kind (0: the next one) fails with this code: once, or it and all after it. A failed
 * write leaves a prefix of its bytes, a failed sync leaves them doubtful; other failed calls do nothing. Read-only
 * disk: SIMULATED_MUTATING, 0, true. Full disk: set `capacity`, or SIMULATED_WRITE for ever. Up to eight rules. */
static inline void simulated_disk_fail(simulated_disk *disk, simulated_kind kind, u64 n, bool for_ever, int code,
                                       const char *message) {
    pthread_mutex_lock(&disk->mutex);
    u32 at = 0;
    while (at < disk->rule_count && !disk->rules[at].spent) at++;
    if (at == SIMULATED_RULES) abort();
    if (at == disk->rule_count) disk->rule_count++;
    simulated_rule *rule = &disk->rules[at];
    *rule = (simulated_rule){.kind = kind, .left = n, .for_ever = for_ever, .code = code};
    snprintf(rule->message, sizeof rule->message, "%s", message);
    pthread_mutex_unlock(&disk->mutex);
}
static inline void simulated_disk_heal(simulated_disk *disk) { disk->rule_count = 0; }

/* Calls of a kind so far, also of SIMULATED_MUTATING and SIMULATED_ANY. */
static inline u64 simulated_disk_count(const simulated_disk *disk, simulated_kind kind) {
    u64 sum = 0;
    for (u32 k = 0; k < SIMULATED_KINDS; k++)
        if (simulated_matches((simulated_kind)k, kind)) sum += disk->counts[k];
    return sum;
}

/* The bytes of a file, to alter in place until the next call of anything; whatever was written is durable then.
 * False: no such file. */
static inline bool simulated_disk_bytes(simulated_disk *disk, const char *path, u8 **data, u64 *size) {
    simulated_inode *inode = simulated_at(disk, path);
    *data = NULL;
    *size = 0;
    if (!inode || inode->folder) return false;
    simulated_settle_bytes(inode);
    inode->exposed = true;
    *data = inode->now.data;
    *size = inode->now.size;
    return true;
}
static inline void simulated_each(simulated_inode *folder, const char *path,
                                  void (*visit)(void *payload, const char *path, u8 *data, u64 size), void *payload) {
    for (u32 i = 0; i < folder->names.count; i++) {
        simulated_inode *inode = folder->names.list[i].inode;
        size_t room = strlen(path) + strlen(folder->names.list[i].name) + 2;
        char *below = simulated_memory(malloc(room));
        snprintf(below, room, "%s/%s", path, folder->names.list[i].name);
        if (inode->folder) simulated_each(inode, below, visit, payload);
        else {
            simulated_settle_bytes(inode);
            inode->exposed = true;
            visit(payload, below, inode->now.data, inode->now.size);
        }
        free(below);
    }
}
/* Visits all files, the same way. The visitor changes bytes, not files. */
static inline void simulated_disk_each(simulated_disk *disk,
                                       void (*visit)(void *payload, const char *path, u8 *data, u64 size),
                                       void *payload) {
    simulated_each(disk->root, "", visit, payload);
}
/* Makes everything durable, as after a clean shutdown. */
static inline void simulated_disk_settle(simulated_disk *disk) {
    for (u32 i = 0; i < disk->change_count; i++) disk->changes[i].kept = true;
    simulated_changes_apply(disk);
    for (u32 i = 0; i < disk->inode_count; i++) simulated_settle_bytes(disk->inodes[i]);
    simulated_collect(disk);
}
/* Puts a durable file there, with the folders on its way: for damaged files of any length. Not counted as calls. */
static inline void simulated_disk_put(simulated_disk *disk, const char *path, const void *bytes, u64 size) {
    simulated_inode *at = disk->root;
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        bool last = !p[n];
        if (n) {
            char name[256] = {0};
            if (n > 255 || !at->folder) abort();
            memcpy(name, p, n);
            simulated_inode *below = simulated_find(&at->names, name);
            if (!below) simulated_set(&at->names, name, below = simulated_inode_new(disk, !last));
            simulated_change_durable(disk, &(simulated_change){.to = at, .to_name = name, .inode = below});
            at = below;
        }
        p += n + !last;
    }
    if (at->folder) abort();
    at->now.size = 0;
    simulated_place(&at->now, 0, (const u8 *)bytes, size);
    at->modified = at->changed = simulated_tick(disk);
    simulated_settle_bytes(at);
}
static inline bool simulated_disk_exists(simulated_disk *disk, const char *path) {
    return simulated_at(disk, path) != NULL;
}
static inline u64 simulated_digest(const simulated_inode *folder, u64 seed) {
    u64 sum = 0; /* of all entries, so that their order does not matter */
    for (u32 i = 0; i < folder->names.count; i++) {
        const simulated_inode *inode = folder->names.list[i].inode;
        u64 h = seed ^ (inode->folder ? 0xf01de5u : inode->now.size);
        for (const char *p = folder->names.list[i].name; *p; p++) h = (h ^ (u8)*p) * 0x100000001b3u;
        for (u64 j = 0; j < inode->now.size; j++) h = (h ^ inode->now.data[j]) * 0x100000001b3u;
        sum += simulated_next(&h);
        if (inode->folder) sum += simulated_digest(inode, h);
    }
    return sum;
}
/* A number over all paths and bytes: equal for disks that hold the same. */
static inline u64 simulated_disk_digest(const simulated_disk *disk) { return simulated_digest(disk->root, 1); }

static inline void simulated_names_clone(simulated_names *to, const simulated_names *from) {
    for (u32 i = 0; i < from->count; i++) simulated_set(to, from->list[i].name, from->list[i].inode->twin);
}
/* A copy of what is on the disk, seen and durable, with its counters and settings; without processes, rules and crash
 * point. Same seeds do the same to both. */
static inline simulated_disk *simulated_disk_clone(simulated_disk *disk) {
    simulated_disk *copy = simulated_memory(calloc(1, sizeof *copy));
    pthread_mutex_lock(&disk->mutex);
    memcpy(copy->counts, disk->counts, sizeof copy->counts);
    copy->bytes_written = disk->bytes_written;
    copy->harsh = disk->harsh;
    copy->capacity = disk->capacity;
    copy->clock_step = disk->clock_step;
    copy->random = disk->random;
    copy->next_number = disk->next_number;
    copy->clock = disk->clock;
    copy->inode_count = copy->inode_capacity = disk->inode_count;
    copy->inodes = simulated_memory(calloc(disk->inode_count, sizeof *copy->inodes));
    for (u32 i = 0; i < disk->inode_count; i++) {
        simulated_inode *from = disk->inodes[i];
        simulated_inode *to = simulated_memory(calloc(1, sizeof *to));
        simulated_unexpose(from);
        copy->inodes[i] = from->twin = to;
        to->number = from->number;
        to->folder = from->folder;
        to->modified = from->modified;
        to->changed = from->changed;
        to->durable_modified = from->durable_modified;
        to->durable_changed = from->durable_changed;
        simulated_same(&to->now, &from->now);
        simulated_same(&to->durable, &from->durable);
        to->edit_count = to->edit_capacity = from->edit_count;
        if (from->edit_count) to->edits = simulated_memory(malloc(from->edit_count * sizeof *to->edits));
        for (u32 j = 0; j < from->edit_count; j++) {
            to->edits[j] = from->edits[j];
            if (!from->edits[j].data) continue;
            to->edits[j].data = simulated_memory(malloc(from->edits[j].size));
            memcpy(to->edits[j].data, from->edits[j].data, from->edits[j].size);
        }
    }
    for (u32 i = 0; i < disk->inode_count; i++) {
        simulated_names_clone(&copy->inodes[i]->names, &disk->inodes[i]->names);
        simulated_names_clone(&copy->inodes[i]->durable_names, &disk->inodes[i]->durable_names);
    }
    copy->root = disk->root->twin;
    copy->change_count = copy->change_capacity = disk->change_count;
    if (disk->change_count) copy->changes = simulated_memory(malloc(disk->change_count * sizeof *copy->changes));
    for (u32 i = 0; i < disk->change_count; i++) {
        simulated_change c = disk->changes[i];
        if (c.from) c.from = c.from->twin;
        if (c.to) c.to = c.to->twin;
        if (c.emptied) c.emptied = c.emptied->twin;
        c.inode = c.inode->twin;
        c.from_name = simulated_text(c.from_name);
        c.to_name = simulated_text(c.to_name);
        copy->changes[i] = c;
    }
    pthread_mutex_unlock(&disk->mutex);
    if (pthread_mutex_init(&copy->mutex, NULL)) abort();
    simulated_collect(copy); /* what only open files hold is not copied */
    return copy;
}

#endif
