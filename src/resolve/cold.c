/* cold.c: what a world that follows its files seldom reads, put aside. */
#include "base/file.h"
#include "resolve/macro.h"
#include "resolve/questions.h"

typedef struct place {
    u64 block, text, good_text, symbols, origins;
} place;

static bool owns_block(const pt_file *f) { return f->block && !f->is_mapped; }
static bool owns_text(const pt_file *f) { return f->text && f->is_expansion && !f->is_mapped; }

static u64 bytes_of(const pt_file *f) {
    u64 bytes = (u64)f->origin_count * sizeof(pt_macro_origin);
    if (owns_block(f)) bytes += f->block_size;
    if (owns_text(f) || f->good_text) bytes += f->text_length;
    return f->symbols ? bytes + (u64)f->facts.header->string_count * sizeof(u32) : bytes;
}

u64 pt_world_warm_bytes(const pt_world *w) {
    const pt_questions *q = w->questions;
    u64 bytes = q ? ((u64)q->keys.count + q->askers.count) * sizeof(u32) : 0;
    for (u32 i = 0; i < w->files.count; i++) {
        const pt_file *f = &w->files.data[i];
        if (f->symbols && !pt_cold_has(w->cold, f->symbols)) bytes += bytes_of(f);
        else if (owns_block(f) && !pt_cold_has(w->cold, f->block)) bytes += f->block_size; /* see places.c */
        else if (f->good_text && !pt_cold_has(w->cold, f->good_text)) bytes += f->text_length;
    }
    return bytes;
}

/* The keys of all questions, without those that nobody asks any more, and who asked them. */
static void add_questions(pt_cold *cold, const pt_questions *q, u64 *keys, u64 *askers) {
    *keys = pt_cold_size(cold);
    for (u32 i = 0; i < q->runs.count; i++) /* an odd number of keys has one behind it that is none */
        pt_cold_add(cold, pt_asked_keys(q, q->runs.data[i]), (u64)q->runs.data[i].count * sizeof(u32), 0);
    *askers = pt_cold_add(cold, q->asker_list, q->bits ? (u64)q->starts.data[1u << q->bits] * sizeof(u32) : 0, 0);
}

static void move_questions(pt_questions *q, const pt_cold *cold, u64 keys, u64 askers) {
    u32 at = 0;
    for (u32 i = 0; i < q->runs.count; i++) {
        q->runs.data[i].first = at;
        at += (q->runs.data[i].count + 1) & ~1u;
    }
    q->cold_keys = pt_cold_at(cold, keys);
    q->cold_count = at;
    q->dead = 0;
    q->asker_list = pt_cold_at(cold, askers);
    pt_vec_free(&q->keys);
    pt_vec_free(&q->askers);
}

int pt_world_chill(pt_world *w, const char *folder, pt_error *error) {
    pt_cold *cold;
    place *places = pt_calloc((size_t)w->files.count + 1, sizeof *places);
    u64 keys = 0, askers = 0;
    int code = places ? pt_cold_create(&cold, folder, error) : pt_fail(error, PT_ENOMEM, "out of memory");
    if (code) return pt_free(places), code;
    for (u32 i = 0; i < w->files.count; i++) {
        const pt_file *f = &w->files.data[i];
        place *p = &places[i];
        if (owns_block(f)) p->block = pt_cold_add(cold, f->block, f->block_size, 0);
        if (owns_text(f)) p->text = pt_cold_add(cold, f->text, f->text_length, PT_TEXT_SLACK);
        if (f->good_text) p->good_text = pt_cold_add(cold, f->good_text, f->text_length, PT_TEXT_SLACK);
        if (f->symbols) p->symbols = pt_cold_add(cold, f->symbols, (u64)f->facts.header->string_count * sizeof(u32), 0);
        if (f->origins) p->origins = pt_cold_add(cold, f->origins, (u64)f->origin_count * sizeof(pt_macro_origin), 0);
    }
    if (w->questions) add_questions(cold, w->questions, &keys, &askers);
    code = pt_cold_map(cold, error);
    if (code) return pt_cold_destroy(cold), pt_free(places), code;
#define MOVE(field)                                                      \
    do {                                                                 \
        pt_cold_free(w->cold, f->field);                                 \
        f->field = (void *)(uintptr_t)pt_cold_at(cold, places[i].field); \
    } while (0)
    for (u32 i = 0; i < w->files.count; i++) {
        pt_file *f = &w->files.data[i];
        pt_error ignored;
        if (owns_text(f)) MOVE(text);
        if (f->good_text) MOVE(good_text);
        if (f->symbols) MOVE(symbols);
        if (f->origins) MOVE(origins);
        if (!owns_block(f)) continue;
        MOVE(block);
        if (f->facts.header) (void)pt_facts_open(&f->facts, f->block, f->block_size, false, &ignored);
    }
#undef MOVE
    if (w->questions) move_questions(w->questions, cold, keys, askers);
    pt_cold_destroy(w->cold);
    w->cold = cold;
    pt_free(places);
    return PT_OK;
}

void pt_world_forget_pages(const pt_world *w) {
    for (u32 i = 0; i < w->maps.count; i++) pt_file_forget(w->maps.data[i].data, w->maps.data[i].size);
    pt_cold_forget(w->cold);
}
