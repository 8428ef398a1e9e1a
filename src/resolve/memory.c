#include "resolve/memory.h"

#include "resolve/macro.h"
#include "resolve/questions.h"

#define HELD(v) ((u64)(v).capacity * sizeof *(v).data)

void pt_world_memory(const pt_world *w, pt_memory_row *rows) {
    u64 facts = 0, expanded = 0, texts = 0, symbols = 0, places = 0;
    for (u32 i = 0; i < w->files.count; i++) {
        const pt_file *f = &w->files.data[i];
        if (f->block && !f->is_mapped && !pt_cold_has(w->cold, f->block))
            *(f->is_expansion ? &expanded : &facts) += f->block_size;
        if (f->text && !f->is_mapped && !pt_cold_has(w->cold, f->text)) texts += f->text_length;
        if (f->good_text && !pt_cold_has(w->cold, f->good_text)) texts += f->text_length;
        /* a look at what is cold would warm it */
        if (f->symbols && !pt_cold_has(w->cold, f->symbols))
            symbols += (u64)f->facts.header->string_count * sizeof(u32);
        if (!pt_cold_has(w->cold, f->origins)) places += (u64)f->origin_count * sizeof(struct pt_macro_origin);
    }
    u64 numbers = 0;
    for (u32 i = 0; i < w->instances.count; i++)
        if (w->instances.data[i].defs && !pt_cold_has(w->cold, w->files.data[w->instances.data[i].file].block))
            numbers += (u64)w->files.data[w->instances.data[i].file].facts.header->item_count * sizeof(u32);
    const pt_questions *q = w->questions;
    pt_memory_row made[PT_WORLD_MEMORY_ROWS] = {
        {"facts of files", facts},
        {"facts of expansions", expanded + places},
        {"texts", texts},
        {"symbols of files", symbols},
        {"definitions", HELD(w->defs) + HELD(w->cfg_of_def) + HELD(w->instances) + HELD(w->instance_heads) +
                            HELD(w->files) + HELD(w->file_table) + numbers},
        {"scopes", HELD(w->scopes) + HELD(w->bindings) + HELD(w->scope_names) + HELD(w->name_heads) + HELD(w->globs) +
                       HELD(w->glob_heads) + HELD(w->imports) + HELD(w->named_imports) + HELD(w->glob_imports)},
        {"impls", HELD(w->impls) + HELD(w->impls_by_head) + HELD(w->impl_table) + HELD(w->supertraits) +
                      HELD(w->supertrait_heads) + HELD(w->members) + HELD(w->member_table) + HELD(w->late_impls)},
        {"macro calls",
         HELD(w->calls) + HELD(w->call_targets) + HELD(w->expansions) + HELD(w->expansion_table) + HELD(w->prepared)},
        {"names", pt_interner_bytes(w->names) + pt_interner_bytes(w->external_paths) + w->arena.total},
        {"put aside, on disk", pt_cold_size(w->cold)},
        {"questions", q ? HELD(q->keys) + HELD(q->runs) + HELD(q->starts) + HELD(q->askers) + HELD(q->recent) +
                              HELD(q->recent_heads) + HELD(q->recent_keys)
                        : 0},
    };
    memcpy(rows, made, sizeof made);
}
