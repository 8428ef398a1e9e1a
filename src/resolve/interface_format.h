/* interface_format.h: the bytes of an interface file, for what writes and reads it and for what damages it on purpose.
 *
 * Format, little-endian, everything aligned to 8:
 *   header   {magic "PTSI", version, extractor version, file count, prepared count, 3 x root file (PT_NONE none),
 *             info offset u64, info length u32, reserved u32, total size u64, XXH3-64 of all behind the header}
 *   records  file count x {path offset u64, path length u32, edition u32, block offset u64, block size u32, text length u32,
 *            text offset u64 (0: no text), is_expansion u32, reserved u32}
 *   prepared count x pt_prepared
 *   bytes    info, paths, facts blocks (facts.h), texts of files that define or call macros between items
 * File numbers (roots, pt_prepared) are places in the records; when the file is loaded they move by the number of
 * files that the world had. */
#ifndef PT_INTERFACE_FORMAT_H
#define PT_INTERFACE_FORMAT_H

#include "resolve/interface_file.h"

typedef struct pt_interface_header {
    u32 magic, version, extractor, file_count, prepared_count, roots[PT_INTERFACE_ROOTS];
    u64 info;
    u32 info_length, reserved;
    u64 size, checksum;
} pt_interface_header;
typedef struct pt_interface_record {
    u64 path;
    u32 path_length, edition;
    u64 block;
    u32 block_size, text_length;
    u64 text;
    u32 is_expansion, reserved;
} pt_interface_record;

#endif
