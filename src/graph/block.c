#include "graph/block.h"

static u64 aligned(u64 size) { return (size + 7) & ~(u64)7; }

typedef struct sections {
    pt_block_section table[PT_BLOCK_SECTIONS];
    u32 count;
    u64 size;
} sections;

static void lay_out(sections *s, const pt_block_part *parts, u32 count) {
    s->count = 0;
    for (u32 i = 0; i < count; i++) {
        pt_block_section *last = s->count ? &s->table[s->count - 1] : NULL;
        if (last && last->id == parts[i].id) last->count += parts[i].count;
        else s->table[s->count++] = (pt_block_section){parts[i].id, parts[i].element_size, 0, parts[i].count};
    }
    s->size = sizeof(pt_block_header) + s->count * sizeof(pt_block_section);
    for (u32 i = 0; i < s->count; i++) {
        s->size = aligned(s->size);
        s->table[i].offset = s->size;
        s->size += s->table[i].count * s->table[i].element_size;
    }
    s->size = aligned(s->size);
}

/* Every byte behind the header, in order. */
static int each_piece(const sections *s, const pt_block_part *parts, u32 count, pt_block_sink sink, void *payload,
                      pt_error *error) {
    static const u64 zeros = 0;
    u64 at = sizeof(pt_block_header) + s->count * sizeof(pt_block_section);
    int code = sink(payload, s->table, s->count * sizeof(pt_block_section), error);
    u32 section = PT_NONE;
    for (u32 i = 0; !code && i < count; i++) {
        if (section == PT_NONE || s->table[section].id != parts[i].id) {
            section++;
            if (at != s->table[section].offset) code = sink(payload, &zeros, s->table[section].offset - at, error);
            at = s->table[section].offset;
        }
        u64 bytes = parts[i].count * parts[i].element_size;
        if (!code && bytes) code = sink(payload, parts[i].data, bytes, error);
        at += bytes;
    }
    if (!code && at != s->size) code = sink(payload, &zeros, s->size - at, error);
    return code;
}

static int into_hash(void *payload, const void *bytes, u64 size, pt_error *error) {
    (void)error;
    XXH3_64bits_update(payload, bytes, (size_t)size);
    return PT_OK;
}

int pt_block_write(u64 *size, u64 *checksum, u16 type, const pt_block_part *parts, u32 count, pt_block_sink sink,
                   void *payload, pt_error *error) {
    sections s;
    XXH3_state_t state;
    lay_out(&s, parts, count);
    XXH3_64bits_reset(&state);
    each_piece(&s, parts, count, into_hash, &state, error);
    pt_block_header h = {PT_BLOCK_MAGIC, PT_BLOCK_VERSION, type, s.size, XXH3_64bits_digest(&state), s.count, 0};
    if (size) *size = h.size;
    if (checksum) *checksum = h.checksum;
    int code = sink(payload, &h, sizeof h, error);
    return code ? code : each_piece(&s, parts, count, sink, payload, error);
}

static int into_memory(void *payload, const void *bytes, u64 size, pt_error *error) {
    char **at = payload;
    (void)error;
    memcpy(*at, bytes, (size_t)size);
    *at += size;
    return PT_OK;
}

int pt_block_make(void **out, u64 *size, u16 type, const pt_block_part *parts, u32 count, pt_error *error) {
    sections s;
    lay_out(&s, parts, count);
    char *memory = *out = pt_malloc_large((size_t)s.size), *at = memory;
    if (!memory) return pt_fail(error, PT_ENOMEM, "out of memory");
    at += sizeof(pt_block_header);
    each_piece(&s, parts, count, into_memory, &at, error);
    pt_block_header h = {PT_BLOCK_MAGIC, PT_BLOCK_VERSION, type, s.size, 0, s.count, 0};
    h.checksum = pt_hash_bytes(memory + sizeof h, (size_t)(s.size - sizeof h));
    memcpy(memory, &h, sizeof h);
    *size = s.size;
    return PT_OK;
}

int pt_block_open(const void *data, u64 size, u16 type, bool check, const char *name, pt_error *error) {
    const pt_block_header *h = data;
    if (size < sizeof *h || h->magic != PT_BLOCK_MAGIC) return pt_fail(error, PT_ECORRUPT, "%s: not a block", name);
    if (h->version > PT_BLOCK_VERSION)
        return pt_fail(error, PT_ECORRUPT, "%s: of version %u, this program reads up to %u", name, h->version,
                       PT_BLOCK_VERSION);
    if (h->version != PT_BLOCK_VERSION || h->type != type)
        return pt_fail(error, PT_ECORRUPT, "%s: not a block of type %u", name, type);
    if (h->size != size || h->section_count > PT_BLOCK_SECTIONS ||
        sizeof *h + h->section_count * sizeof(pt_block_section) > size)
        return pt_fail(error, PT_ECORRUPT, "%s: %llu bytes where its header says %llu", name, (unsigned long long)size,
                       (unsigned long long)h->size);
    if (check && pt_hash_bytes((const char *)data + sizeof *h, (size_t)(size - sizeof *h)) != h->checksum)
        return pt_fail(error, PT_ECORRUPT, "%s: its checksum does not match", name);
    const pt_block_section *s = (const void *)(h + 1);
    /* the header is not under the checksum: the table ends where the first section begins */
    if (h->reserved || (h->section_count ? s[0].offset : size) != sizeof *h + h->section_count * sizeof *s)
        return pt_fail(error, PT_ECORRUPT, "%s: its table of sections is damaged", name);
    for (u32 i = 0; i < h->section_count; i++)
        if (s[i].offset % 8 || s[i].offset > size || !s[i].element_size ||
            s[i].count > (size - s[i].offset) / s[i].element_size || (i && s[i - 1].id >= s[i].id))
            return pt_fail(error, PT_ECORRUPT, "%s: section %u lies outside", name, s[i].id);
    return PT_OK;
}

int pt_block_take(const void **out, u32 *count, const void *data, u32 id, u32 element_size, const char *name,
                  pt_error *error) {
    const pt_block_header *h = data;
    const pt_block_section *s = (const void *)(h + 1);
    *out = h + 1; /* something to point to: of no elements */
    *count = 0;
    for (u32 i = 0; i < h->section_count; i++) {
        if (s[i].id != id) continue;
        if (s[i].element_size != element_size || s[i].count >= PT_NONE)
            return pt_fail(error, PT_ECORRUPT, "%s: section %u has elements of another size", name, id);
        *out = (const char *)data + s[i].offset;
        *count = (u32)s[i].count;
    }
    return PT_OK;
}
