/* world.c: files and definitions: reading, mounting, identity of places. */
#include "resolve/questions.h"

#include "base/parallel.h"
#include "facts/cfg.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_EXPANSION_DEPTH = 64 };

int pt_world_create(pt_world **out, pt_source *source, pt_workspace *workspace, u32 threads, pt_error *error) {
    pt_world *w = *out = pt_calloc(1, sizeof *w);
    if (!w) return pt_fail(error, PT_ENOMEM, "out of memory");
    w->source = source;
    w->workspace = workspace;
    w->threads = threads;
    w->names = pt_interner_create();
    w->external_paths = pt_interner_create();
    w->external_capacity = 1 << 20;
    w->external_kinds = pt_calloc(w->external_capacity, sizeof(u16)); /* untouched pages cost nothing */
    if (!w->names || !w->external_paths || !w->external_kinds) {
        pt_world_destroy(w);
        *out = NULL;
        return pt_fail(error, PT_ENOMEM, "out of memory");
    }
    pt_vec_push(&w->bindings, (pt_binding){0});
    pt_vec_push(&w->members, (pt_member){0});
/* clang-format off */
#define KNOW(field, text) w->known.field = pt_intern(w->names, PT_STR(text));
    KNOW(self_lower, "self") KNOW(self_upper, "Self") KNOW(super, "super") KNOW(crate, "crate") KNOW(core, "core")
    KNOW(alloc, "alloc") KNOW(std, "std") KNOW(underscore, "_") KNOW(macro_rules, "macro_rules") KNOW(test, "test")
    KNOW(deref, "Deref") KNOW(target, "Target") KNOW(iterator, "Iterator") KNOW(item, "Item") KNOW(into_iterator, "IntoIterator")
    KNOW(into_iter, "IntoIter") KNOW(output, "Output") KNOW(future, "Future") KNOW(next, "next") KNOW(from, "From") KNOW(into, "into")
    KNOW(parse, "parse") KNOW(collect, "collect")
#undef KNOW
        /* clang-format on */
        memset(&w->lang, 0xff, sizeof w->lang);
    if (pt_alloc_failed()) {
        pt_world_destroy(w);
        *out = NULL;
        return pt_fail(error, PT_ENOMEM, "out of memory");
    }
    return PT_OK;
}

void pt_world_destroy(pt_world *w) {
    if (!w) return;
    for (u32 i = 0; i < w->files.count; i++) {
        pt_file *f = &w->files.data[i];
        if (!f->is_mapped) pt_cold_free(w->cold, f->text), pt_cold_free(w->cold, f->block);
        pt_cold_free(w->cold, f->good_text);
        pt_cold_free(w->cold, f->symbols);
        pt_cold_free(w->cold, f->origins);
    }
    pt_cold_destroy(w->cold);
    for (u32 i = 0; i < w->crates.count; i++) {
        pt_vec_free(&w->crates.data[i].externs);
        pt_vec_free(&w->crates.data[i].macro_use);
    }
    for (u32 i = 0; i < w->instances.count; i++) pt_free(w->instances.data[i].defs);
    pt_vec_free(&w->files);
    pt_vec_free(&w->instances);
    pt_vec_free(&w->defs);
    pt_vec_free(&w->crates);
    pt_vec_free(&w->scopes);
    pt_vec_free(&w->bindings);
    pt_vec_free(&w->imports);
    pt_vec_free(&w->globs);
    pt_vec_free(&w->glob_heads);
    pt_vec_free(&w->scope_names);
    pt_vec_free(&w->name_heads);
    pt_vec_free(&w->calls);
    pt_vec_free(&w->call_targets);
    pt_vec_free(&w->expansions);
    pt_vec_free(&w->unmounted);
    pt_extractor_destroy(w->extractor);
    pt_vec_free(&w->expansion_table);
    pt_vec_free(&w->prepared);
    for (u32 i = 0; i < w->maps.count; i++) pt_file_unmap(w->maps.data[i].data, w->maps.data[i].size);
    pt_vec_free(&w->maps);
    pt_vec_free(&w->dependencies);
    pt_vec_free(&w->impls);
    pt_vec_free(&w->impls_by_head);
    pt_vec_free(&w->impl_table);
    pt_vec_free(&w->supertraits);
    pt_vec_free(&w->supertrait_heads);
    pt_vec_free(&w->members);
    pt_vec_free(&w->member_table);
    pt_vec_free(&w->file_table);
    pt_vec_free(&w->line_starts);
    pt_vec_free(&w->twin_names);
    pt_vec_free(&w->cfg_of_def);
    pt_free(w->twin_ranks);
    pt_vec_free(&w->named_imports);
    pt_vec_free(&w->glob_imports);
    pt_vec_free(&w->late_impls);
    pt_vec_free(&w->loaded);
    pt_vec_free(&w->instance_heads);
    pt_vec_free(&w->macro_names);
    pt_arena_free(&w->arena);
    pt_interner_destroy(w->names);
    pt_interner_destroy(w->external_paths);
    pt_free(w->external_kinds);
    if (w->questions) pt_questions_free(w->questions);
    pt_free(w->questions);
    pt_free(w);
}

/* Files. */

static u64 file_hash(const char *path, u16 edition) { return pt_hash_bytes(path, strlen(path)) + edition; }

u32 pt_world_file(pt_world *w, const char *path, u16 edition) {
    if (!w->file_table.count) return PT_NONE;
    u32 mask = w->file_table.count - 1;
    for (u32 i = (u32)file_hash(path, edition) & mask; w->file_table.data[i]; i = (i + 1) & mask) {
        const pt_file *f = &w->files.data[w->file_table.data[i] - 1];
        if (f->edition == edition && strcmp(f->path, path) == 0) return w->file_table.data[i] - 1;
    }
    return PT_NONE;
}

u32 pt_world_add_file(pt_world *w, const char *path, u16 edition) {
    u32 index = w->files.count;
    const char *copy = pt_arena_copy(&w->arena, path, strlen(path));
    if (!copy || !pt_vec_push(&w->files, (pt_file){.path = copy, .edition = edition})) return PT_NONE;
    if (w->files.count * 2 > w->file_table.count) {
        u32 size = w->file_table.count ? w->file_table.count * 4 : 1024;
        if (!pt_vec_reserve(&w->file_table, size)) return PT_NONE;
        memset(w->file_table.data, 0, size * sizeof(u32));
        w->file_table.count = size;
        for (u32 i = 0; i < index; i++) {
            if (w->files.data[i].is_expansion || !w->files.data[i].path[0]) continue; /* no names of their own */
            u32 at = (u32)file_hash(w->files.data[i].path, w->files.data[i].edition) & (size - 1);
            while (w->file_table.data[at]) at = (at + 1) & (size - 1);
            w->file_table.data[at] = i + 1;
        }
    }
    u32 mask = w->file_table.count - 1, at = (u32)file_hash(path, edition) & mask;
    while (w->file_table.data[at]) at = (at + 1) & mask;
    w->file_table.data[at] = index + 1;
    return index;
}

int pt_world_bind_symbols(pt_world *w, pt_file *file) {
    u32 count = file->facts.header->string_count;
    file->symbols = pt_malloc((size_t)count * sizeof(u32));
    if (!file->symbols) return PT_ENOMEM;
    for (u32 i = 0; i < count; i++) file->symbols[i] = PT_NONE;
    /* Only names become symbols: signatures and documentation stay strings of the file. */
    const pt_facts *f = &file->facts;
#define BIND(id) \
    if (file->symbols[id] == PT_NONE) file->symbols[id] = pt_intern(w->names, pt_facts_string(f, (id)))
    BIND(0);
    for (u32 i = 0; i < f->header->item_count; i++) {
        BIND(f->items[i].name);
        BIND(f->items[i].cfg);
        if (f->items[i].kind == PT_KIND_EXTERN_CRATE) BIND(f->items[i].extra);
    }
    for (u32 i = 1; i < f->header->node_count; i++)
        if (pt_node_is_named[f->nodes[i].kind]) BIND(f->nodes[i].name);
    for (u32 i = 0; i < f->header->segment_count; i++) BIND(f->segments[i]);
    for (u32 i = 0; i < f->header->use_count; i++) BIND(f->uses[i].name);
    for (u32 i = 0; i < f->header->derive_count; i++) BIND(f->derives[i].cfg);
    BIND(f->header->cfg);
#undef BIND
    return PT_OK;
}

void pt_world_add_block(pt_world *w, pt_file *file, void *block, u32 size) {
    file->block = block;
    file->block_size = size;
    pt_error error;
    file->read_code = pt_facts_open(&file->facts, block, size, false, &error);
    if (!file->read_code) file->read_code = pt_world_bind_symbols(w, file);
}

int pt_world_read_text(pt_world *w, pt_file *file) {
    if (file->text) return PT_OK;
    pt_file_stamp stamp;
    pt_error error;
    int code = pt_source_read(w->source, &file->text, &file->text_length, &stamp, file->path, &error);
    if (code) return code;
    if (w->late_def) pt_vec_push(&w->loaded, (u32)(file - w->files.data));
    pt_hash128 hash = pt_hash128_bytes(file->text, file->text_length);
    if (file->is_stale && pt_hash128_equal(hash, file->stale_hash)) {
        pt_free(file->text);
        file->text_length = file->facts.header->text_length;
        file->text = pt_malloc((size_t)file->text_length + PT_TEXT_SLACK);
        if (!file->text) return PT_ENOMEM;
        memcpy(file->text, file->good_text, (size_t)file->text_length + PT_TEXT_SLACK);
        return PT_OK;
    }
    if (!pt_hash128_equal(hash, file->facts.header->text_hash)) { /* saved since: its facts do not fit its bytes */
        pt_free(file->text);
        file->text = NULL;
        return PT_EIO;
    }
    return PT_OK;
}

bool pt_world_has_text(pt_world *w, u32 file) {
    if (w->files.data[file].text) return true;
    if (!w->is_kept || w->is_frozen) return false;
    if (pt_world_read_text(w, &w->files.data[file]) == PT_OK) return true;
    w->lacks_text = true;
    w->lacking = file;
    return false;
}

/* A text that nobody reads now; one that was noted whole is kept, for when the file is not. */
static void drop_text(const pt_world *w, u32 file) {
    pt_file *f = &w->files.data[file];
    bool good = w->is_kept && file >= w->external_file_count && !f->is_expansion && !f->good_text && !f->read_code &&
                f->facts.header && f->facts.header->balanced;
    if (good) f->good_text = f->text;
    else pt_free(f->text);
    f->text = NULL;
}

void pt_world_drop_texts(pt_world *w) {
    for (u32 i = 0; w->late_def && i < w->loaded.count; i++) drop_text(w, w->loaded.data[i]);
    w->loaded.count = 0;
    if (w->late_def) return;
    for (u32 i = 0; i < w->files.count; i++) {
        if (w->files.data[i].is_mapped || (w->is_kept && w->files.data[i].is_expansion)) continue;
        drop_text(w, i);
    }
    pt_world_forget_pages(w);
}

void pt_world_drop_names(pt_world *w) {
    if (w->is_kept) return;
    pt_vec_free(&w->scopes);
    pt_vec_free(&w->scope_names);
    pt_vec_free(&w->name_heads);
    pt_vec_free(&w->bindings);
    pt_vec_free(&w->globs);
    pt_vec_free(&w->glob_heads);
    pt_vec_free(&w->imports);
    pt_vec_free(&w->named_imports);
    pt_vec_free(&w->glob_imports);
    pt_vec_free(&w->members);
    pt_vec_free(&w->member_table);
    pt_vec_free(&w->impl_table);
    w->scope_count = 0;
}

/* Definitions. */

u8 pt_def_kind(const pt_world *w, u32 def) {
    if (def == PT_NO_DEF) return PT_KIND_COUNT;
    if (!pt_def_is_external_path(def)) return w->defs.data[def].kind;
    u16 bits = __atomic_load_n(&w->external_kinds[def & ~PT_EXTERNAL_BIT], __ATOMIC_RELAXED);
    /* the strongest evidence first */
    static const u8 order[] = {PT_KIND_PRIMITIVE, PT_KIND_CRATE, PT_KIND_TRAIT, PT_KIND_METHOD, PT_KIND_STRUCT,
                               PT_KIND_MACRO,     PT_KIND_FN,    PT_KIND_CONST, PT_KIND_MODULE};
    static const u16 masks[] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
    for (u32 i = 0; i < PT_COUNT_OF(order); i++)
        if (bits & masks[i]) return order[i];
    return PT_KIND_MODULE;
}

static u16 evidence_bit(u8 kind) {
    switch (kind) {
    case PT_KIND_PRIMITIVE: return 1;
    case PT_KIND_CRATE: return 2;
    case PT_KIND_TRAIT: return 4;
    case PT_KIND_METHOD: return 8;
    case PT_KIND_STRUCT:
    case PT_KIND_ENUM:
    case PT_KIND_UNION: return 16;
    case PT_KIND_MACRO: return 32;
    case PT_KIND_FN: return 64;
    case PT_KIND_CONST:
    case PT_KIND_STATIC: return 128;
    case PT_KIND_MODULE: return 256;
    default: return 0;
    }
}

void pt_world_forget_kinds(pt_world *w) {
    for (u32 i = 0, count = pt_interner_count(w->external_paths); i < count && i < w->external_capacity; i++)
        w->external_kinds[i] &= 3; /* primitive types and crates are what they are */
}

void pt_world_unsay_kinds(pt_world *w, const u32 *keys, u32 count) {
    for (u32 i = 1, end = pt_interner_count(w->external_paths); i < end && i < w->external_capacity; i++)
        for (u16 bit = 4; bit <= 256; bit = (u16)(bit << 1)) {
            u32 key = pt_question(PT_SAY_KIND, i | PT_EXTERNAL_BIT, bit), low = 0, high = count;
            if (!(w->external_kinds[i] & bit)) continue;
            while (low < high) {
                u32 middle = (low + high) / 2;
                if (keys[middle] < key) low = middle + 1;
                else high = middle;
            }
            if (low < count && keys[low] == key && !pt_questions_any(w->questions, key))
                w->external_kinds[i] &= (u16)~bit;
        }
}

void pt_external_evidence(pt_world *w, u32 def, u8 kind) {
    if (!pt_def_is_external_path(def)) return;
    u16 *kinds = &w->external_kinds[def & ~PT_EXTERNAL_BIT], bit = evidence_bit(kind);
    if (bit > 2 && w->says_nothing) return;
    if (bit > 2) pt_ask(w, PT_SAY_KIND, def, bit);
    /* read first: almost always it is known, and threads that write share the cache line */
    if (!(__atomic_load_n(kinds, __ATOMIC_RELAXED) & bit)) __atomic_fetch_or(kinds, bit, __ATOMIC_RELAXED);
}

u32 pt_external(pt_world *w, pt_str path, u8 kind) {
    u32 symbol = pt_intern(w->external_paths, path);
    if (symbol == 0 || symbol >= w->external_capacity) return PT_NO_DEF;
    u32 def = symbol | PT_EXTERNAL_BIT;
    pt_external_evidence(w, def, kind);
    return def;
}

pt_str pt_external_path(const pt_world *w, u32 def) {
    return pt_symbol_text(w->external_paths, def & ~PT_EXTERNAL_BIT);
}

u32 pt_external_child(pt_world *w, u32 parent, u32 name, u8 kind) {
    char path[1024];
    pt_str head = pt_external_path(w, parent), tail = pt_sym(w, name);
    if (head.length + tail.length + 3 > sizeof path) return PT_NO_DEF;
    memcpy(path, head.data, head.length);
    memcpy(path + head.length, "::", 2);
    memcpy(path + head.length + 2, tail.data, tail.length);
    return pt_external(w, (pt_str){path, head.length + 2 + tail.length}, kind);
}

u32 pt_primitive(pt_world *w, const char *name) { return pt_external(w, pt_str_of(name), PT_KIND_PRIMITIVE); }

bool pt_is_primitive_name(pt_str n) {
    static const char *const names[] = {"bool", "char", "str", "u8",   "u16",   "u32", "u64", "u128", "usize", "i8",
                                        "i16",  "i32",  "i64", "i128", "isize", "f32", "f64", "f16",  "f128"};
    for (u32 i = 0; i < PT_COUNT_OF(names); i++)
        if (pt_str_equal(n, pt_str_of(names[i]))) return true;
    return false;
}

u32 pt_scope_of(const pt_world *w, u32 def) {
    while (def != PT_NO_DEF) {
        u8 kind = w->defs.data[def].kind;
        if (kind == PT_KIND_MODULE || kind == PT_KIND_CRATE || kind == PT_KIND_BLOCK) return def;
        def = w->defs.data[def].parent;
    }
    return PT_NO_DEF;
}

u32 pt_module_of(const pt_world *w, u32 def) {
    while (def != PT_NO_DEF && w->defs.data[def].kind != PT_KIND_MODULE && w->defs.data[def].kind != PT_KIND_CRATE)
        def = w->defs.data[def].parent;
    return def;
}

u32 pt_parent_module(const pt_world *w, u32 module) {
    u32 parent = w->defs.data[module].parent;
    return parent == PT_NO_DEF ? PT_NO_DEF : pt_module_of(w, parent);
}

bool pt_is_within(const pt_world *w, u32 def, u32 ancestor) {
    for (; def != PT_NO_DEF; def = w->defs.data[def].parent)
        if (def == ancestor) return true;
    return false;
}

/* The instance around an instance: of its call or of its module; PT_NONE: it is a crate's root file. */
static u32 outer_instance(const pt_world *w, u32 instance) {
    const pt_instance *in = &w->instances.data[instance];
    u32 around = in->call != PT_NO_DEF ? in->call : in->module;
    return w->defs.data[around].item == PT_NONE ? PT_NONE : w->defs.data[around].instance;
}

/* Expansions are mounted after what they are in, those in bodies after others, and files after both. */
static u32 mounting_class(const pt_world *w, u32 instance) {
    u32 depth = 0, call = w->instances.data[instance].call;
    for (u32 i = instance; i != PT_NONE; i = outer_instance(w, i)) depth += w->instances.data[i].call != PT_NO_DEF;
    return depth * 4 + (call == PT_NO_DEF ? 2 : pt_def_item(w, call)->extra ? 1 : 0);
}

static int instance_order(const pt_world *w, u32 a, u32 b) {
    if (a == b) return 0;
    if (w->instances.data[a].crate != w->instances.data[b].crate)
        return w->instances.data[a].crate < w->instances.data[b].crate ? -1 : 1;
    u32 x = mounting_class(w, a), y = mounting_class(w, b);
    if (x != y) return x < y ? -1 : 1;
    if (x % 4 != 2) return pt_def_order(w, w->instances.data[a].call, w->instances.data[b].call);
    u32 left[128], right[128], m = 0, n = 0; /* what is around them, from the inside out */
    for (u32 i = a; i != PT_NONE && m < PT_COUNT_OF(left); i = outer_instance(w, i)) left[m++] = i;
    for (u32 i = b; i != PT_NONE && n < PT_COUNT_OF(right); i = outer_instance(w, i)) right[n++] = i;
    while (m && n && left[m - 1] == right[n - 1]) m--, n--;
    if (!m || !n) return m ? 1 : -1; /* one is around the other */
    const pt_instance *p = &w->instances.data[left[m - 1]], *q = &w->instances.data[right[n - 1]];
    u32 i = p->call != PT_NO_DEF ? p->call : p->module, k = q->call != PT_NO_DEF ? q->call : q->module;
    return w->defs.data[i].item < w->defs.data[k].item ? -1 : 1;
}

int pt_def_order(const pt_world *w, u32 a, u32 b) {
    if (a == b) return 0;
    if (pt_def_is_external_path(a) || pt_def_is_external_path(b)) {
        if (pt_def_is_external_path(a) != pt_def_is_external_path(b)) return pt_def_is_external_path(a) ? 1 : -1;
        return pt_str_compare(pt_external_path(w, a), pt_external_path(w, b));
    }
    bool own = !(w->defs.data[a].flags & PT_DEF_EXTERNAL), other = !(w->defs.data[b].flags & PT_DEF_EXTERNAL);
    if (own != other) return own ? 1 : -1;
    u32 x = w->defs.data[a].instance, y = w->defs.data[b].instance;
    if (!own || x == PT_NONE || y == PT_NONE || w->defs.data[a].item == PT_NONE || w->defs.data[b].item == PT_NONE)
        return a < b ? -1 : 1;
    int order = instance_order(w, x, y);
    return order ? order : w->defs.data[a].item < w->defs.data[b].item ? -1 : 1;
}

bool pt_is_visible(const pt_world *w, u32 visible, u32 from) {
    return visible == PT_NO_DEF || pt_is_within(w, from, visible);
}

void pt_def_cfg(const pt_world *w, pt_buffer *out, u32 def) {
    pt_buffer sum = {0}, next = {0};
    for (u32 d = def; d != PT_NO_DEF; d = pt_around(w, d)) {
        const pt_item *item = pt_def_item(w, d);
        pt_str own[2] = {{0}, {0}};
        if (!item) break; /* a crate's root */
        if (item->cfg) own[0] = pt_facts_string(&pt_def_file(w, d)->facts, item->cfg);
        const pt_instance *in = pt_def_instance(w, d);
        const pt_facts *f = &w->files.data[in->file].facts;
        /* a file's own #![cfg] holds for what is in it: counted at its top items */
        if (item->parent == PT_NONE && f->header->cfg) own[1] = pt_facts_string(f, f->header->cfg);
        for (u32 i = 0; i < 2; i++) {
            if (!own[i].length) continue;
            pt_buffer_clear(&next);
            pt_cfg_and(&next, pt_buffer_view(&sum), own[i]);
            pt_buffer swap = sum;
            sum = next;
            next = swap;
        }
    }
    if (sum.count) pt_buffer_str(out, pt_buffer_view(&sum));
    pt_buffer_free(&sum);
    pt_buffer_free(&next);
}

u32 pt_def_cfg_symbol(pt_world *w, u32 def) {
    if (pt_def_is_external_path(def)) return 0;
    if (def < w->cfg_of_def.count && w->cfg_of_def.data[def])
        return w->cfg_of_def.data[def] == 1 ? 0 : w->cfg_of_def.data[def] - 2;
    if (w->is_frozen) return PT_NONE;
    if (def >= w->cfg_of_def.count) {
        u32 count = w->defs.count;
        if (!pt_vec_reserve(&w->cfg_of_def, count)) return PT_NONE;
        memset(w->cfg_of_def.data + w->cfg_of_def.count, 0, (count - w->cfg_of_def.count) * sizeof(u32));
        w->cfg_of_def.count = count;
    }
    pt_buffer sum = {0};
    pt_def_cfg(w, &sum, def);
    u32 symbol = sum.count ? pt_intern(w->names, pt_buffer_view(&sum)) : 0;
    pt_buffer_free(&sum);
    w->cfg_of_def.data[def] = symbol ? symbol + 2 : 1;
    return symbol;
}

bool pt_def_impossible(pt_world *w, u32 def) {
    u32 symbol = pt_def_cfg_symbol(w, def);
    if (symbol != PT_NONE) return symbol && pt_cfg_impossible(pt_sym(w, symbol));
    pt_buffer sum = {0};
    pt_def_cfg(w, &sum, def);
    bool impossible = sum.count && pt_cfg_impossible(pt_buffer_view(&sum));
    pt_buffer_free(&sum);
    return impossible;
}

u32 pt_world_add_crate(pt_world *w, pt_crate crate) {
    u32 index = w->crates.count;
    if (!pt_vec_reserve(&w->crates, (u64)index + 1) || !pt_vec_reserve(&w->defs, (u64)w->defs.count + 1))
        return PT_NONE;
    crate.root = w->defs.count;
    pt_def root = {.instance = PT_NONE,
                   .item = PT_NONE,
                   .parent = PT_NO_DEF,
                   .name = crate.name,
                   .kind = PT_KIND_CRATE,
                   .flags = (u8)((crate.is_external ? PT_DEF_EXTERNAL : 0) | (crate.is_test ? PT_DEF_TEST : 0)),
                   .crate = (u16)index};
    pt_vec_push(&w->crates, crate);
    pt_vec_push(&w->defs, root);
    return index;
}

static u32 visibility_of(const pt_world *w, const pt_item *item, u32 def) {
    u32 module = pt_module_of(w, w->defs.data[def].parent);
    u8 parent_kind = w->defs.data[w->defs.data[def].parent].kind;
    if (parent_kind == PT_KIND_BLOCK) return w->defs.data[def].parent;
    if (item->kind == PT_KIND_VARIANT || parent_kind == PT_KIND_TRAIT) return PT_NO_DEF;
    switch (item->visibility) {
    case PT_VIS_PUB: return PT_NO_DEF;
    case PT_VIS_CRATE: return w->crates.data[w->defs.data[def].crate].root;
    case PT_VIS_SUPER: {
        u32 up = pt_parent_module(w, module);
        return up == PT_NO_DEF ? module : up;
    }
    case PT_VIS_IN: return w->crates.data[w->defs.data[def].crate].root;
    default: return module;
    }
}

static bool is_unit_or_tuple(const pt_file *file, const pt_item *item) {
    const pt_node *nodes = file->facts.nodes;
    if (item->subtree_end > (u32)(item - file->facts.items) + 1) return false; /* named fields are items */
    for (u32 c = nodes[item->tree].child; c; c = nodes[c].next)
        if (nodes[c].kind == PT_N_TUPLE_FIELDS) return true;
    /* `struct A {}` and `struct A;` look alike here: the text between tells */
    return true;
}

static void note_macro_name(pt_world *w, u32 symbol) {
    u32 byte = symbol / 8;
    if (byte >= w->macro_names.count) {
        if (!pt_vec_reserve(&w->macro_names, (u64)byte + 4096)) return;
        memset(w->macro_names.data + w->macro_names.count, 0, byte + 4096 - w->macro_names.count);
        w->macro_names.count = byte + 4096;
    }
    w->macro_names.data[byte] |= (u8)(1u << (symbol % 8));
}

static void define_item(pt_world *w, u32 def, const pt_file *file, const pt_item *item, u32 call_cfg) {
    u32 parent = w->defs.data[def].parent, name = w->defs.data[def].name;
    u8 parent_kind = w->defs.data[parent].kind;
    if (!pt_kind_has_scope(parent_kind)) return;
    bool type = false, value = false;
    switch (item->kind) {
    case PT_KIND_MODULE:
    case PT_KIND_ENUM:
    case PT_KIND_UNION:
    case PT_KIND_TRAIT:
    case PT_KIND_TRAIT_ALIAS:
    case PT_KIND_TYPE_ALIAS:
    case PT_KIND_ASSOC_TYPE: type = true; break;
    case PT_KIND_STRUCT: type = true, value = is_unit_or_tuple(file, item); break;
    case PT_KIND_VARIANT: type = value = true; break;
    case PT_KIND_FN:
    case PT_KIND_METHOD:
    case PT_KIND_CONST:
    case PT_KIND_STATIC:
    case PT_KIND_ASSOC_CONST: value = true; break;
    default: break;
    }
    pt_binding b = {
        .def = def, .visible = visibility_of(w, item, def), .cfg = pt_both_cfgs(w, call_cfg, file->symbols[item->cfg])};
    if (name == w->known.underscore) return;
    if (type) b.ns = PT_NS_TYPE, pt_scope_define(w, parent, name, b);
    if (value) b.ns = PT_NS_VALUE, pt_scope_define(w, parent, name, b);
    if (item->kind == PT_KIND_FN && (item->attributes & PT_ATTR_PROC_MACRO))
        b.ns = PT_NS_MACRO, pt_scope_define(w, parent, name, b);
    if (item->kind == PT_KIND_MACRO) {
        note_macro_name(w, name);
        b.ns = PT_NS_MACRO;
        if (item->extra) { /* macro 2.0: an ordinary item */
            pt_scope_define(w, parent, name, b);
        } else if (item->attributes & PT_ATTR_MACRO_EXPORT) {
            b.visible = PT_NO_DEF;
            pt_scope_define(w, w->crates.data[w->defs.data[def].crate].root, name, b);
        } else if (item->attributes & PT_ATTR_BUILTIN_MACRO) {
            b.visible = PT_NO_DEF;
            pt_scope_define(w, parent, name, b);
        }
    }
}

static void queue_imports(pt_world *w, u32 instance, u32 def, const pt_file *file, const pt_item *item, u32 call_cfg) {
    u32 scope = pt_scope_of(w, w->defs.data[def].parent), cfg = pt_both_cfgs(w, call_cfg, file->symbols[item->cfg]);
    if (item->kind == PT_KIND_EXTERN_CRATE) {
        pt_vec_push(&w->imports, (pt_import){scope, instance, PT_NONE, item ? (u32)(item - file->facts.items) : 0, cfg,
                                             PT_NO_DEF, 0, false, PT_NO_DEF, 0, 0});
        return;
    }
    bool own = !(w->defs.data[def].flags & PT_DEF_EXTERNAL);
    for (u32 u = item->first_use; u < item->first_use + item->use_count; u++) {
        pt_import im = {scope,     instance,
                        u,         (u32)(item - file->facts.items),
                        cfg,       PT_NO_DEF,
                        0,         file->facts.uses[u].is_glob,
                        PT_NO_DEF, file->symbols[file->facts.uses[u].name],
                        0};
        const pt_use *use = &file->facts.uses[u];
        for (u32 s = 0; own && s < use->segment_count; s++)
            im.letters |= pt_macro_bit(file->symbols[file->facts.segments[use->first_segment + s]]);
        pt_vec_push(&w->imports, im);
        if (own && im.is_glob) pt_vec_push(&w->glob_imports, im);
        else if (own) pt_vec_push(&w->named_imports, im);
    }
}

/* From where a macro is defined up to where the walk of textual scopes starts. */
static void note_macro(pt_world *w, u32 instance, u64 bit) {
    while (!(w->instances.data[instance].macros & bit)) {
        pt_instance *in = &w->instances.data[instance];
        in->macros |= bit;
        u32 above = in->call != PT_NO_DEF ? in->call : in->module;
        if (above == PT_NO_DEF || w->defs.data[above].instance == PT_NONE) return;
        instance = w->defs.data[above].instance;
    }
}

pt_def pt_item_as_def(const pt_world *w, u32 instance, u32 i) {
    const pt_instance *in = &w->instances.data[instance];
    const pt_file *file = &w->files.data[in->file];
    const pt_item *item = &file->facts.items[i];
    u32 parent = item->parent == PT_NONE ? in->module : pt_item_def(in, item->parent);
    u8 flags = (u8)(w->defs.data[parent].flags & ~PT_DEF_UNKNOWN_GLOB);
    if (item->parent == PT_NONE) {
        flags &= PT_DEF_EXTERNAL | PT_DEF_TEST | PT_DEF_ABSENT;
        if (in->call != PT_NO_DEF)
            flags |= PT_DEF_EXPANDED | (w->defs.data[in->call].flags & (PT_DEF_TEST | PT_DEF_ABSENT));
    }
    if (item->attributes & PT_ATTR_TEST) flags |= PT_DEF_TEST;
    if (item->cfg && pt_str_equal(pt_facts_string(&file->facts, item->cfg), PT_STR("test"))) flags |= PT_DEF_TEST;
    if ((flags & PT_DEF_EXTERNAL) && item->cfg &&
        !pt_cfg_of_reference(pt_facts_string(&file->facts, item->cfg), w->crates.data[in->crate].features))
        flags |= PT_DEF_ABSENT;
    return (pt_def){instance, i, parent, file->symbols[item->name], item->kind, flags, (u16)in->crate};
}

/* Of the calls that an instance comes from. */
static u32 cfg_of_calls(pt_world *w, u32 instance) {
    u32 cfg = 0;
    for (u32 c = w->instances.data[instance].call; c != PT_NO_DEF; c = pt_def_instance(w, c)->call)
        cfg = pt_both_cfgs(w, cfg, pt_def_file(w, c)->symbols[pt_def_item(w, c)->cfg]);
    return cfg;
}

void pt_world_define_name(pt_world *w, u32 def) {
    define_item(w, def, pt_def_file(w, def), pt_def_item(w, def), cfg_of_calls(w, w->defs.data[def].instance));
}

void pt_world_note_macro(pt_world *w, u32 def) {
    note_macro(w, w->defs.data[def].instance, pt_macro_bit(w->defs.data[def].name));
}

void pt_world_define(pt_world *w, u32 def) {
    u32 instance = w->defs.data[def].instance;
    const pt_file *file = pt_def_file(w, def);
    const pt_item *item = pt_def_item(w, def);
    u32 call_cfg = cfg_of_calls(w, instance);
    define_item(w, def, file, item, call_cfg);
    if (item->kind == PT_KIND_USE || item->kind == PT_KIND_EXTERN_CRATE)
        queue_imports(w, instance, def, file, item, call_cfg);
    else if (item->kind == PT_KIND_MACRO_CALL) pt_vec_push(&w->calls, def);
    else if (item->kind == PT_KIND_MACRO) note_macro(w, instance, pt_macro_bit(file->symbols[item->name]));
}

void pt_world_list_instance(pt_world *w, u32 instance) {
    u32 file = w->instances.data[instance].file;
    if (!pt_vec_reserve(&w->instance_heads, (u64)file + 1)) return;
    while (w->instance_heads.count <= file) w->instance_heads.data[w->instance_heads.count++] = 0;
    w->instances.data[instance].next_of_file = w->instance_heads.data[file];
    w->instance_heads.data[file] = instance + 1;
}

u32 pt_world_mount(pt_world *w, u32 file_index, u32 crate, u32 module, const char *folder, u32 call) {
    pt_file *file = &w->files.data[file_index];
    u32 index = w->instances.count, count = file->facts.header->item_count;
    u32 depth = call == PT_NO_DEF ? 0 : pt_def_instance(w, call)->depth + 1;
    if (w->defs.count + (u64)count >= PT_EXTERNAL_BIT - 1 || depth > MAX_EXPANSION_DEPTH) return PT_NONE;
    bool guess = file->is_guess || (call != PT_NO_DEF && pt_def_instance(w, call)->is_guess);
    pt_instance in = {.file = file_index,
                      .crate = crate,
                      .first_def = w->defs.count,
                      .module = module,
                      .call = call,
                      .depth = depth,
                      .is_guess = guess,
                      .folder = folder,
                      .outermost = PT_NONE};
    if (call != PT_NO_DEF && file->is_expansion) {
        u32 outer = pt_def_instance(w, call)->outermost;
        in.outermost = outer == PT_NONE ? index : outer;
        if (outer == PT_NONE) in.spent = file->text_length;
        else w->instances.data[outer].spent += file->text_length + PT_EXPANSION_COST;
    }
    if (!pt_vec_reserve(&w->defs, (u64)w->defs.count + count) || !pt_vec_push(&w->instances, in)) return PT_NONE;
    if (w->late_def) pt_world_list_instance(w, index);
    for (u32 i = 0; i < count; i++) {
        u32 def = in.first_def + i;
        w->defs.data[w->defs.count++] = pt_item_as_def(w, index, i);
        if (!(w->defs.data[def].flags & PT_DEF_ABSENT) && !w->mounts_quietly) pt_world_define(w, def);
    }
    return index;
}
