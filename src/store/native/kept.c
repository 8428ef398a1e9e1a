/* kept.c: what the store keeps of files besides the graph: their stamps and facts. */
#include "store/native/native.h"

#include <stdlib.h>

int pt_kept_add(pt_kept_table *t, const void *block, u32 order, const char *name, pt_error *error) {
    const void *records, *text, *facts;
    u32 count, text_count, fact_count;
    int code = pt_block_take(&records, &count, block, PT_SECTION_kept, sizeof(pt_kept_record), name, error);
    if (!code) code = pt_block_take(&text, &text_count, block, PT_SECTION_kept_text, 1, name, error);
    if (!code) code = pt_block_take(&facts, &fact_count, block, PT_SECTION_kept_facts, 8, name, error);
    if (code) return code;
    if (count && (!text_count || ((const char *)text)[text_count - 1] != 0))
        return pt_fail(error, PT_ECORRUPT, "%s: its kept files do not fit each other", name);
    u32 before = t->entries.count;
    for (u32 i = 0; i < count; i++) {
        const pt_kept_record *r = (const pt_kept_record *)records + i;
        if (r->path >= text_count || r->offset % 8 || r->offset > (u64)fact_count * 8 ||
            r->facts_size > (u64)fact_count * 8 - r->offset)
            return t->entries.count = before, pt_fail(error, PT_ECORRUPT, "%s: kept file %u lies outside", name, i);
        pt_kept_entry e = {{(const char *)text + r->path,
                            r->edition,
                            {r->size, r->mtime_ns},
                            r->hash,
                            (const char *)facts + r->offset,
                            r->facts_size,
                            true},
                           order,
                           r->removed != 0};
        if (!pt_vec_push(&t->entries, e)) return t->entries.count = before, pt_fail(error, PT_ENOMEM, "out of memory");
    }
    return PT_OK;
}

static int by_path(const void *a, const void *b) {
    const pt_kept_entry *x = a, *y = b;
    int order = strcmp(x->file.path, y->file.path);
    if (order) return order;
    if (x->file.edition != y->file.edition) return x->file.edition < y->file.edition ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

void pt_kept_finish(pt_kept_table *t) {
    pt_kept_entry *list = t->entries.data;
    u32 kept = 0, count = t->entries.count;
    if (!list) return;
    qsort(list, count, sizeof *list, by_path);
    for (u32 i = 0; i < count; i++) {
        const pt_kept_entry e = list[i];
        bool replaced = i + 1 < count && list[i + 1].file.edition == e.file.edition &&
                        strcmp(list[i + 1].file.path, e.file.path) == 0;
        if (replaced || e.removed) t->dead += e.file.facts_size;
        else list[kept++] = e;
    }
    t->entries.count = kept;
}

int pt_kept_load(pt_kept_table *t, pt_disk *disk, const char *folder, const pt_manifest *m, bool exact,
                 pt_error *error) {
    int code = PT_OK;
    u32 order = 0;
    char path[PT_NATIVE_PATH];
    const pt_manifest_file *e;
    *t = (pt_kept_table){0};
    for (u32 i = 0; !code && (e = pt_manifest_find(m, PT_FILE_FACTS, i)); i++) {
        pt_native_file *f;
        code = pt_native_map(&f, disk, folder, e, PT_BLOCK_FACTS, false, error);
        if (code) break;
        if (!pt_vec_push(&t->files, f)) {
            pt_native_unmap(f);
            code = pt_fail(error, PT_ENOMEM, "out of memory");
            break;
        }
        pt_native_path(path, folder, PT_FILE_FACTS, 0, e->number);
        code = pt_kept_add(t, f->data, order++, path, error);
    }
    for (u32 i = 0; !code && (e = pt_manifest_find(m, PT_FILE_LOG, i)); i++) {
        pt_log_view v;
        bool last = !exact && !pt_manifest_find(m, PT_FILE_LOG, i + 1);
        code = pt_log_read(&v, disk, folder, m->head.uuid, e->number, e->size, last, error);
        if (!pt_vec_push(&t->logs, v)) {
            pt_log_view_free(&v);
            code = pt_fail(error, PT_ENOMEM, "out of memory");
        }
        for (u32 k = 0; !code && k < v.count; k++)
            code = pt_kept_add(t, (const char *)v.data + v.records[k].offset, order++, "the log", error);
    }
    if (!code) pt_kept_finish(t);
    return code;
}

void pt_kept_free(pt_kept_table *t) {
    for (u32 i = 0; i < t->files.count; i++) pt_native_unmap(t->files.data[i]);
    for (u32 i = 0; i < t->logs.count; i++) pt_log_view_free(&t->logs.data[i]);
    pt_vec_free(&t->files);
    pt_vec_free(&t->logs);
    pt_vec_free(&t->entries);
}

int pt_kept_put(pt_kept_parts *p, const pt_kept_file *f, pt_error *error) {
    u64 offset = p->records.count ? p->records.data[p->records.count - 1].offset +
                                        ((p->records.data[p->records.count - 1].facts_size + 7ull) & ~7ull)
                                  : 0;
    pt_kept_record r = {p->text.count, f->edition, f->stamp.size, f->stamp.mtime_ns,
                        f->hash,       offset,     f->facts_size, f->facts == NULL};
    pt_buffer_add(&p->text, f->path, strlen(f->path) + 1);
    pt_vec_push(&p->records, r);
    u32 tail = f->facts ? f->facts_size % 8 : 0;
    u64 last = 0;
    if (tail) memcpy(&last, (const char *)f->facts + (f->facts_size - tail), tail);
    if (f->facts_size / 8)
        pt_vec_push(&p->pieces, (pt_block_part){PT_SECTION_kept_facts, 8, f->facts, f->facts_size / 8});
    if (tail) { /* the piece is pointed at its bytes when they stay where they are */
        pt_vec_push(&p->tails, last);
        pt_vec_push(&p->pieces, (pt_block_part){PT_SECTION_kept_facts, 8, NULL, 1});
    }
    return pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory") : PT_OK;
}

int pt_kept_end(pt_kept_parts *p, u64 fingerprint, pt_error *error) {
    p->info = (pt_kept_info){fingerprint};
    pt_vec_push(&p->parts, (pt_block_part){PT_SECTION_kept_info, sizeof p->info, &p->info, 1});
    pt_vec_push(&p->parts, (pt_block_part){PT_SECTION_kept, sizeof(pt_kept_record), p->records.data, p->records.count});
    pt_vec_push(&p->parts, (pt_block_part){PT_SECTION_kept_text, 1, p->text.data, p->text.count});
    pt_vec_push(&p->parts, (pt_block_part){PT_SECTION_kept_facts, 8, NULL, 0});
    u32 tail = 0;
    for (u32 i = 0; i < p->pieces.count; i++) {
        pt_block_part part = p->pieces.data[i];
        if (!part.data) part.data = &p->tails.data[tail++];
        pt_vec_push(&p->parts, part);
    }
    return pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory") : PT_OK;
}

void pt_kept_parts_free(pt_kept_parts *p) {
    pt_vec_free(&p->records);
    pt_buffer_free(&p->text);
    pt_vec_free(&p->pieces);
    pt_vec_free(&p->tails);
    pt_vec_free(&p->parts);
}
