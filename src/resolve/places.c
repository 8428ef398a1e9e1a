#include "resolve/places.h"

#include "resolve/macro.h"

/* Byte of the call's file that a byte of an expansion stands for; PT_NONE: the macro's definition brought it. */
static u32 one_step(const pt_file *made, const pt_item *call, u32 offset) {
    if (made->is_verbatim) return call->body_start + 1 + offset;
    u32 low = 0, high = made->origin_count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (made->origins[middle].at < offset) low = middle + 1;
        else high = middle;
    }
    if (low == made->origin_count || made->origins[low].at != offset) return PT_NONE;
    return call->body_start + made->origins[low].from;
}

u32 pt_written_place(const pt_world *w, u32 instance, u32 *offset, bool *brought) {
    if (brought) *brought = true;
    for (;;) {
        const pt_instance *in = &w->instances.data[instance];
        const pt_file *f = &w->files.data[in->file];
        if (in->call == PT_NO_DEF || !f->is_expansion) return in->file;
        const pt_item *call = pt_def_item(w, in->call);
        u32 outer = one_step(f, call, *offset);
        if (outer == PT_NONE && brought) *brought = false;
        *offset = outer == PT_NONE ? call->start : outer;
        instance = w->defs.data[in->call].instance;
    }
}

/* Lines of one file, kept until another is asked for: expansions of one file follow each other. */
static bool line_starts(pt_world *w, u32 file) {
    if (!pt_world_has_text(w, file)) return false; /* of a kept world it is read again */
    const pt_file *f = &w->files.data[file];
    if (w->line_file == file + 1) return true;
    w->line_file = 0;
    w->line_starts.count = 0;
    if (!pt_vec_push(&w->line_starts, 0)) return false;
    for (const char *at = f->text, *end = f->text + f->text_length; (at = memchr(at, '\n', (size_t)(end - at)));)
        if (!pt_vec_push(&w->line_starts, (u32)(++at - f->text))) return false;
    w->line_file = file + 1;
    return true;
}

static u32 line_of(const pt_world *w, u32 offset) {
    u32 low = 0, high = w->line_starts.count;
    while (high - low > 1) {
        u32 middle = (low + high) / 2;
        if (w->line_starts.data[middle] <= offset) low = middle;
        else high = middle;
    }
    return low;
}

/* A block of its own that can be written. */
static bool warm(pt_file *f) {
    pt_error ignored;
    void *block = pt_malloc(f->block_size);
    if (!block) return false;
    memcpy(block, f->block, f->block_size);
    f->block = block;
    return pt_facts_open(&f->facts, block, f->block_size, false, &ignored) == PT_OK;
}

void pt_place_items(pt_world *w, u32 instance) {
    const pt_instance in = w->instances.data[instance];
    pt_file *f = &w->files.data[in.file];
    /* of std and dependencies nobody asks for places, and their facts are kept as they are */
    if (in.call == PT_NO_DEF || !f->is_expansion || (w->defs.data[in.call].flags & PT_DEF_EXTERNAL)) return;
    const pt_item call = *pt_def_item(w, in.call);
    /* the block is this expansion's alone */
    if (pt_cold_has(w->cold, f->block) && !warm(f)) return;
    pt_item *items = (pt_item *)(uintptr_t)f->facts.items;
    u32 outer = w->defs.data[in.call].instance;
    for (u32 i = 0; i < f->facts.header->item_count; i++) {
        pt_item *t = &items[i];
        u32 start = one_step(f, &call, t->start), end = one_step(f, &call, t->end ? t->end - 1 : 0), first = PT_NONE;
        t->written = 0;
        t->line = call.line;
        t->column = call.column;
        t->end_line = call.end_line;
        if (start != PT_NONE) {
            u32 file = pt_written_place(w, outer, &start, NULL);
            first = start;
            if (!line_starts(w, file)) continue;
            u32 line = line_of(w, start), column = 1;
            for (u32 k = w->line_starts.data[line]; k < start && k < w->files.data[file].text_length; k++)
                column += ((u8)w->files.data[file].text[k] & 0xc0) != 0x80;
            t->line = line + 1;
            t->column = column;
        }
        if (end == PT_NONE) continue;
        u32 file = pt_written_place(w, outer, &end, NULL);
        if (!line_starts(w, file)) continue;
        t->end_line = line_of(w, end) + 1;
        /* what an edit of comments or blanks between its tokens changes */
        if (first <= end && end < w->files.data[file].text_length)
            t->written = (u32)pt_hash_bytes(w->files.data[file].text + first, end + 1 - first);

        if (t->end_line < t->line) t->end_line = t->line;
    }
}
