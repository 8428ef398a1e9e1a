#include "graph/string_table.h"

#include "base/hash.h"

u32 pt_string_add(pt_string_table *t, pt_str text) {
    if (!text.length) return 0;
    if (t->count * 2 >= t->table.count) {
        u32 size = t->table.count ? t->table.count * 2 : 1 << 14;
        pt_string_slot *old = t->table.data, *grown = pt_calloc(size, sizeof *grown);
        u32 old_count = t->table.count;
        if (!grown) return 0;
        for (u32 i = 0; i < old_count; i++) {
            if (!old[i].offset) continue;
            u32 at = old[i].hash & (size - 1);
            while (grown[at].offset) at = (at + 1) & (size - 1);
            grown[at] = old[i];
        }
        pt_free(old);
        t->table.data = grown;
        t->table.count = t->table.capacity = size;
    }
    u32 hash = (u32)pt_hash_bytes(text.data, text.length), mask = t->table.count - 1, at = hash & mask;
    for (; t->table.data[at].offset; at = (at + 1) & mask) {
        const char *s = t->text.data + t->table.data[at].offset;
        if (t->table.data[at].hash == hash && strncmp(s, text.data, text.length) == 0 && s[text.length] == 0)
            return t->table.data[at].offset;
    }
    u32 offset = t->text.count;
    if (!pt_vec_reserve(&t->text, (u64)offset + text.length + 2)) return 0;
    pt_buffer_str(&t->text, text);
    pt_buffer_char(&t->text, 0);
    t->table.data[at] = (pt_string_slot){hash, offset};
    t->count++;
    return offset;
}

/* Facts may hold bytes that are not UTF-8 (rustc refuses such files, we only complain): answers must not. */
u32 pt_string_add_clean(pt_string_table *t, pt_str text) {
    u8 all = 0, zero = 0;
    for (u32 i = 0; i < text.length; i++) all |= (u8)text.data[i], zero |= !text.data[i];
    if (all < 0x80 && !zero) return pt_string_add(t, text);
    pt_buffer out = {0};
    for (u32 i = 0; i < text.length;) {
        u8 c = (u8)text.data[i];
        u32 n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
        bool good = n && i + n <= text.length && c;
        for (u32 k = 1; good && k < n; k++) good = ((u8)text.data[i + k] & 0xc0) == 0x80;
        if (good && n == 3)
            good = !(c == 0xe0 && (u8)text.data[i + 1] < 0xa0) && !(c == 0xed && (u8)text.data[i + 1] >= 0xa0);
        if (good && n == 4)
            good = !(c == 0xf0 && (u8)text.data[i + 1] < 0x90) && !(c == 0xf4 && (u8)text.data[i + 1] >= 0x90);
        if (good) pt_buffer_add(&out, text.data + i, n), i += n;
        else pt_buffer_text(&out, "\xef\xbf\xbd"), i++;
    }
    u32 offset = pt_string_add(t, pt_buffer_view(&out));
    pt_buffer_free(&out);
    return offset;
}
