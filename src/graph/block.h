/* block.h: sections in one position-independent run of bytes: the form of every file of the native store but manifest and
 * log, of the graph image in SQLite, and of a batch in the log. Little-endian:
 *
 *   pt_block_header
 *   pt_block_section sections[section_count]    ascending by id
 *   the sections, each aligned to 8, zeros between them, in the order of the table
 *
 * A reader takes the sections it knows by id and checks their element size; one that is not there is empty. */
#ifndef PT_BLOCK_H
#define PT_BLOCK_H

#include "base/alloc.h"
#include "base/hash.h"

enum { PT_BLOCK_MAGIC = 0x4b425450 /* "PTBK" */, PT_BLOCK_VERSION = 1, PT_BLOCK_SECTIONS = 64 };

typedef struct pt_block_header {
    u32 magic;
    u16 version, type; /* type: what it holds, given by whoever writes it */
    u64 size;          /* of the whole block, bytes */
    u64 checksum;      /* XXH3-64 of everything behind this header */
    u32 section_count, reserved;
} pt_block_header;

typedef struct pt_block_section {
    u32 id, element_size; /* bytes */
    u64 offset, count;    /* bytes from the block's start; elements */
} pt_block_section;

/* A section to write: `data` may come in several pieces (a gather list), one after the other. */
typedef struct pt_block_part {
    u32 id, element_size;
    const void *data;
    u64 count;
} pt_block_part;

/* Where a block goes: called with its bytes in order. */
typedef int (*pt_block_sink)(void *payload, const void *bytes, u64 size, pt_error *error);

/* Writes a block. Parts ascend by id; neighbours of one id are pieces of one section. `*size` and `*checksum` may be NULL.
 * Two passes over the parts: their checksum first. */
int pt_block_write(u64 *size, u64 *checksum, u16 type, const pt_block_part *parts, u32 count, pt_block_sink sink,
                   void *payload, pt_error *error);
/* The same into fresh memory, freed with pt_free. */
int pt_block_make(void **out, u64 *size, u16 type, const pt_block_part *parts, u32 count, pt_error *error);

/* Does `data` hold a sound block of that type: header, table, bounds; with `check` the checksum. `name` stands in messages. */
int pt_block_open(const void *data, u64 size, u16 type, bool check, const char *name, pt_error *error);
/* A section of an opened block: its elements and their number (0 when it is not there). PT_ECORRUPT: it is there, with
 * elements of another size, or more than 2^32 - 2 of them. */
int pt_block_take(const void **out, u32 *count, const void *data, u32 id, u32 element_size, const char *name,
                  pt_error *error);

#endif
