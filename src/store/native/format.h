/* format.h: the native store on disk, byte by byte. Version 1. Little-endian.
 *
 * A store is a folder:
 *
 *   lock                 locked (flock) by the one process that writes; never removed
 *   manifest             what belongs to the store; replaced whole: manifest.new, sync, rename, sync of the folder
 *   tables-N             block of type PT_BLOCK_TABLES: info, anchors, files, names, by_name, unresolved, errors,
 *                        problems, features, strings (ids and elements: PT_GRAPH_SECTIONS)
 *   out-S-N, in-S-N      blocks of types PT_BLOCK_OUT and PT_BLOCK_IN: nodes [S * 2^20, (S + 1) * 2^20): their records,
 *                        positions, out-edges, candidates and sites; their in-edges and candidates
 *   facts-N              block of type PT_BLOCK_FACTS: what was read of files (PT_KEPT_SECTIONS)
 *   log-N                batches since the base (tables, out, in) was written
 *
 * N is a number that the store never gives twice; S and N are decimal. A file that a manifest ever named is never
 * written to again but the last log, which grows; it is removed when no manifest names it. What no manifest names is
 * what a crash left behind: the next writer removes it. Every file and the folder are synced before the manifest that
 * names them is written.
 *
 * Blocks: graph/block.h. Manifest: pt_manifest_header, then pt_manifest_file[file_count], logs in their order, facts in
 * theirs (a later one replaces what an earlier says of a path). Log: pt_log_header, then records:
 *
 *   pt_log_record
 *   payload, `size` bytes: a block of type PT_BLOCK_DELTA (graph/delta.h) with the sections PT_KEPT_SECTIONS behind
 *   zeros up to a multiple of 8
 *
 * The chain of a record is XXH3-64 of its payload with the chain of the record before as seed; of the first, with the
 * header's salt. A record counts when its chain is right and all before it count. The last log may end in anything that
 * is no record: what was being written when the power went. The records of a log that is not the last, and the first
 * `sure` bytes of any log, were synced before the manifest: damage there is damage.
 *
 * Two logs are named while a checkpoint is under way: the base, then the records of the first, then those of the second
 * are the state. */
#ifndef PT_NATIVE_FORMAT_H
#define PT_NATIVE_FORMAT_H

#include "graph/delta.h"

enum {
    PT_MANIFEST_MAGIC = 0x464d5450, /* "PTMF" */
    PT_LOG_MAGIC = 0x474c5450,      /* "PTLG" */
    PT_RECORD_MAGIC = 0x43525450,   /* "PTRC" */
    PT_NATIVE_VERSION = 1
};

typedef enum pt_native_kind {
    PT_FILE_TABLES = 1,
    PT_FILE_OUT,
    PT_FILE_IN,
    PT_FILE_FACTS,
    PT_FILE_LOG,
} pt_native_kind;

typedef struct pt_manifest_file {
    u32 kind, shard;
    u64 number;
    u64 size, checksum; /* of the block's header; log: bytes that are sure, 0 */
    /* who the file was when it was written; a file that is the same still is not read through on opening */
    u64 device, inode;
    i64 modified_ns, changed_ns;
} pt_manifest_file;

typedef struct pt_manifest_header {
    u32 magic;
    u16 version, reserved;
    u64 size;     /* of the whole file */
    u64 checksum; /* XXH3-64 of everything behind these 24 bytes */
    char uuid[40];
    u64 generation;  /* of the base */
    u64 next_number; /* the first N not given yet */
    u64 fingerprint; /* of the workspace, as of the base */
    u32 node_count, file_count;
} pt_manifest_header;

typedef struct pt_log_header {
    u32 magic;
    u16 version, reserved;
    u64 generation; /* of the state the first record follows */
    u64 salt;
    char uuid[32]; /* of the store, its first 31 characters */
    u64 checksum;  /* XXH3-64 of what stands before */
} pt_log_header;

typedef struct pt_log_record {
    u32 magic, reserved;
    u64 size, chain;
} pt_log_record;

/* What is kept of files. */
typedef struct pt_kept_info {
    u64 fingerprint;
} pt_kept_info;
typedef struct pt_kept_record {
    u32 path; /* offset in kept_text, zero-terminated */
    u32 edition;
    u64 size;
    i64 mtime_ns;
    pt_hash128 hash;
    u64 offset; /* in kept_facts, a multiple of 8 */
    u32 facts_size, removed;
} pt_kept_record;

/* clang-format off */
#define PT_KEPT_SECTIONS(X) X(kept_info, pt_kept_info) X(kept, pt_kept_record) X(kept_text, char) X(kept_facts, u64)
/* clang-format on */
enum {
    PT_KEPT_SECTION_first = 32, /* behind those of a delta */
#define X(name, type) PT_SECTION_##name,
    PT_KEPT_SECTIONS(X)
#undef X
};

/* docs/format.md gives these sizes. */
_Static_assert(sizeof(pt_block_header) == 32 && sizeof(pt_block_section) == 24, "blocks");
_Static_assert(sizeof(pt_graph_info) == 88 && sizeof(pt_graph_node) == 56 && sizeof(pt_graph_position) == 12 &&
                   sizeof(pt_graph_site) == 16 && sizeof(pt_graph_anchor) == 12 && sizeof(pt_graph_file) == 48 &&
                   sizeof(pt_graph_name) == 16 && sizeof(pt_graph_unresolved) == 20 && sizeof(pt_graph_error) == 16,
               "sections of the graph");
_Static_assert(sizeof(pt_manifest_header) == 96 && sizeof(pt_manifest_file) == 64 && sizeof(pt_log_header) == 64 &&
                   sizeof(pt_log_record) == 24 && sizeof(pt_kept_record) == 56,
               "manifest, log, kept files");

#endif
