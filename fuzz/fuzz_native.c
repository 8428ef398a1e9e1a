/* fuzz_native: a native store some of whose bytes somebody else made, every checksum right: what opens can be asked
 * everything, what does not says why, and what is salvaged is whole.
 *
 * Input: edits over a small valid store: file (1 byte), place (2 bytes, in units of 4 bytes), length - 1 (1 byte, its lowest
 * six bits; the top bit: cut the file there), then the bytes. The first byte of all chooses the store and how it is opened. */
#include "fuzz.h"

#include "../tests/unit/native_damage.h"

enum { WHOLE = 8 }; /* everything is read through before it is believed */
static damage_store stores[2];

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    if (!stores[0].disk) {
        damage_make(&stores[0], false);
        damage_make(&stores[1], true);
    }
    if (size < 2) return 0;
    u32 wrong = 0;
    u8 how = *data++;
    size--;
    damage_store *d = &stores[how & 1];
    u8 *changed[DAMAGE_FILES] = {NULL};
    u64 sizes[DAMAGE_FILES];
    while (size >= 5) {
        u32 file = data[0] % d->count;
        u64 at = (u64)(data[1] | data[2] << 8) * 4, length = (data[3] & 63u) + 1u;
        bool cut = data[3] & 128;
        data += 4, size -= 4;
        damage_file *f = &d->files[file];
        if (!changed[file]) {
            changed[file] = simulated_memory(malloc(f->size + 1));
            if (f->size) memcpy(changed[file], f->data, f->size);
            sizes[file] = f->size;
        }
        at = sizes[file] ? at % sizes[file] : 0;
        length = PT_MIN(length, PT_MIN((u64)size, sizes[file] - at));
        if (cut) sizes[file] = at;
        else if (length) memcpy(changed[file] + at, data, length);
        data += length, size -= length;
    }
    simulated_disk *disk = simulated_disk_clone(d->disk);
    for (u32 pass = 0; pass < 2; pass++) /* the manifest first: the others put their checksums into it */
        for (u32 i = 0; i < d->count; i++) {
            if (changed[i] && d->files[i].kind != 100 && (d->files[i].kind == 0) == !pass)
                damage_put_mended(disk, &d->files[i], changed[i], sizes[i]);
        }
    pt_alloc_clear();
    (void)damage_survive(disk, (how & 2 ? PT_STORE_WRITE : PT_STORE_READ) | (how & 4 ? WHOLE : 0), how >> 3, &wrong);
    LAW(!wrong, "%u", wrong);
    LAW(!disk->misuse && !disk->map_count && !disk->open_file_count && !disk->lock_count, "something was left open");
    simulated_disk_free(disk);
    for (u32 i = 0; i < d->count; i++) free(changed[i]);
    return 0;
}

/* Mostly one edit of a few words that keeps the rest as it is. */
size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t most, unsigned seed) {
    u32 state = seed;
    if (!stores[0].disk || fuzz_random(&state) % 4 == 0 || size < 2) return LLVMFuzzerMutate(data, size, most);
    if (fuzz_random(&state) % 3 == 0 || size > 60) size = 1;
    if (fuzz_random(&state) % 4 == 0) data[0] = (u8)fuzz_random(&state);
    damage_store *d = &stores[data[0] & 1];
    u32 file = fuzz_random(&state) % d->count;
    const damage_file *f = &d->files[file];
    if (f->size < 8 || size + 8 > most) return size;
    u32 at = fuzz_random(&state) % (u32)(f->size / 4), value;
    memcpy(&value, f->data + (size_t)at * 4, 4);
    switch (fuzz_random(&state) % 5) {
    case 0: value += fuzz_random(&state) % 9 - 4; break;
    case 1: value = fuzz_random(&state) % 64; break;
    case 2: value = UINT32_MAX - fuzz_random(&state) % 3; break;
    case 3: value ^= 1u << fuzz_random(&state) % 32; break;
    default: value = 1u << fuzz_random(&state) % 32;
    }
    u8 edit[8] = {(u8)file, (u8)at, (u8)(at >> 8), 3};
    memcpy(edit + 4, &value, 4);
    memcpy(data + size, edit, sizeof edit);
    return size + sizeof edit;
}
