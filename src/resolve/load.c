/* load.c: reading files in waves, in parallel, along `mod` declarations; crates of a workspace. */
#include "base/parallel.h"
#include "facts/cfg.h"
#include "resolve/world.h"

#include <stdio.h>

enum { PATH_SIZE = 2048, MAX_MODULE_DEPTH = 128, MAX_MOUNTS = 256 };

typedef struct wave {
    pt_world *w;
    const pt_known_facts *known;
    const u32 *files;
    pt_extractor **extractors;
} wave;

static void read_one(void *payload, u32 item, u32 worker) {
    wave *v = payload;
    pt_world *w = v->w;
    pt_file *f = &w->files.data[v->files[item]];
    pt_error error;
    void *block;
    u32 size;
    if (v->known && pt_source_stat(w->source, &f->stamp, f->path) == PT_OK &&
        v->known->find(v->known->payload, f->path, f->edition, &f->stamp, &block, &size)) {
        f->is_cached = true;
        pt_world_add_block(w, f, block, size);
        return;
    }
    f->read_code = pt_source_read(w->source, &f->text, &f->text_length, &f->stamp, f->path, &error);
    if (f->read_code) { /* its size and time all the same: so that a change of it is seen */
        pt_source_stat(w->source, &f->stamp, f->path);
        return;
    }
    f->read_code = pt_extract(&block, &size, v->extractors[worker], f->text, f->text_length, f->edition, PT_TEXT_ITEMS);
    if (!f->read_code) pt_world_add_block(w, f, block, size);
}

static int read_wave(pt_world *w, const pt_known_facts *known, const u32 *files, u32 count) {
    if (pt_alloc_failed()) return PT_ENOMEM;
    for (u32 i = 0; i < count; i++)
        if (files[i] == PT_NONE) return PT_ENOMEM;
    pt_extractor *extractors[64] = {0};
    u32 threads = PT_MIN(w->threads, 64u);
    int code = PT_OK;
    for (u32 i = 0; i < threads; i++)
        if (!(extractors[i] = pt_extractor_create())) code = PT_ENOMEM;
    wave v = {w, known ? known : w->stored, files, extractors};
    if (!code) code = pt_parallel(threads, count, read_one, &v);
    for (u32 i = 0; i < threads; i++) pt_extractor_destroy(extractors[i]);
    for (u32 i = 0; i < count; i++) w->unread_count += w->files.data[files[i]].read_code != 0;
    return code;
}

static void folder_of(char *out, const char *path) {
    const char *slash = strrchr(path, '/');
    snprintf(out, PATH_SIZE, "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
}

static void append(char *path, const char *part) {
    size_t n = strlen(path);
    snprintf(path + n, PATH_SIZE - n, "/%s", part);
    pt_path_normalize(path);
}

/* Vendor intrinsics of std (tens of thousands of generated fns behind nested globs) are left out of its interface:
 * names below core::arch are told as not loaded. */
static bool left_out(const char *path) { return strstr(path, "stdarch/") != NULL; }

/* Where the file of a `mod` item is. `folder`: where its own modules are looked for. False: nowhere. */
static bool module_file(pt_world *w, char *path, char *folder, const pt_file *file, const char *instance_folder,
                        u32 item) {
    const pt_facts *f = &file->facts;
    const pt_item *t = &f->items[item];
    u32 chain[MAX_MODULE_DEPTH], depth = 0;
    for (u32 p = t->parent; p != PT_NONE && depth < MAX_MODULE_DEPTH; p = f->items[p].parent)
        if (f->items[p].kind == PT_KIND_MODULE) chain[depth++] = p;
    snprintf(folder, PATH_SIZE, "%s", instance_folder);
    bool inlined = depth != 0;
    while (depth) {
        const pt_item *m = &f->items[chain[--depth]];
        pt_str name = pt_facts_string(f, m->extra ? m->extra : m->name);
        char text[PATH_SIZE];
        snprintf(text, sizeof text, "%.*s", (int)name.length, name.data);
        append(folder, text);
    }
    pt_str name = pt_facts_string(f, t->name);
    char text[PATH_SIZE];
    if (t->extra) {
        pt_str given = pt_facts_string(f, t->extra);
        snprintf(text, sizeof text, "%.*s", (int)given.length, given.data);
        if (inlined) snprintf(path, PATH_SIZE, "%s", folder);
        else folder_of(path, file->path);
        append(path, text);
        folder_of(folder, path);
        return true;
    }
    snprintf(text, sizeof text, "%.*s.rs", (int)name.length, name.data);
    snprintf(path, PATH_SIZE, "%s", folder);
    append(path, text);
    text[name.length] = 0;
    if (pt_world_file(w, path, file->edition) != PT_NONE || pt_source_is_file(w->source, path)) {
        append(folder, text);
        return true;
    }
    append(folder, text);
    snprintf(path, PATH_SIZE, "%s", folder);
    append(path, "mod.rs");
    return pt_world_file(w, path, file->edition) != PT_NONE || pt_source_is_file(w->source, path);
}

typedef struct pending {
    u32 file;
    const char *folder;
} pending;

/* Is a module of a dependency there on the reference target, by its own predicate and those around it in the file? */
static bool of_reference(const pt_facts *f, u32 item) {
    for (u32 i = item; i != PT_NONE; i = f->items[i].parent)
        if (f->items[i].cfg && !pt_cfg_of_reference(pt_facts_string(f, f->items[i].cfg), NULL)) return false;
    return !f->header->cfg || pt_cfg_of_reference(pt_facts_string(f, f->header->cfg), NULL);
}

/* Reads the files named by `mod` items of the pending ones, and theirs, wave by wave. */
static int read_closure(pt_world *w, const pt_known_facts *known, const pending *start, u32 start_count) {
    PT_VEC(pending) now = {0};
    PT_VEC(u32) next = {0};
    PT_VEC(const char *) folders = {0};
    int code = PT_OK;
    for (u32 i = 0; i < start_count; i++) pt_vec_push(&now, start[i]);
    while (now.count && !code) {
        next.count = folders.count = 0;
        for (u32 i = 0; i < now.count; i++) {
            const pt_facts facts = w->files.data[now.data[i].file].facts; /* files move as they are added */
            if (w->files.data[now.data[i].file].read_code || !facts.header) continue;
            for (u32 k = 0; k < facts.header->item_count; k++) {
                const pt_item *t = &facts.items[k];
                char path[PATH_SIZE], folder[PATH_SIZE];
                if (t->kind != PT_KIND_MODULE || (t->flags & PT_F_HAS_BODY)) continue;
                if (w->is_segment && !of_reference(&facts, k)) continue;
                if (!module_file(w, path, folder, &w->files.data[now.data[i].file], now.data[i].folder, k)) continue;
                u16 edition = w->files.data[now.data[i].file].edition;
                if (pt_world_file(w, path, edition) != PT_NONE || !pt_source_is_file(w->source, path) || left_out(path))
                    continue;
                u32 file = pt_world_add_file(w, path, edition);
                pt_vec_push(&next, file);
                pt_vec_push(&folders, pt_arena_copy(&w->arena, folder, strlen(folder)));
            }
        }
        code = read_wave(w, known, next.data, next.count);
        now.count = 0;
        for (u32 i = 0; !code && i < next.count; i++) pt_vec_push(&now, (pending){next.data[i], folders.data[i]});
    }
    pt_vec_free(&now);
    pt_vec_free(&next);
    pt_vec_free(&folders);
    return code;
}

int pt_world_read_closure(pt_world *w, const pt_known_facts *known, const u32 *files, const char *const *folders,
                          u32 count) {
    PT_VEC(pending) start = {0};
    int code = read_wave(w, known, files, count);
    for (u32 i = 0; i < count; i++) pt_vec_push(&start, (pending){files[i], folders[i]});
    if (!code) code = read_closure(w, known, start.data, start.count);
    pt_vec_free(&start);
    return code;
}

u32 pt_world_add_text(pt_world *w, const char *path, char *text, u32 length, u16 edition, pt_text_kind kind) {
    if (!w->extractor) w->extractor = pt_extractor_create();
    void *block = NULL;
    u32 size = 0;
    int code = w->extractor ? pt_extract(&block, &size, w->extractor, text, length, edition, kind) : PT_ENOMEM;
    return pt_world_add_noted(w, path, text, length, edition, code, block, size);
}

u32 pt_world_add_noted(pt_world *w, const char *path, char *text, u32 length, u16 edition, int code, void *block,
                       u32 size) {
    u32 index = w->files.count;
    pt_file f = {
        .path = path, .text = text, .text_length = length, .edition = edition, .is_expansion = true, .read_code = code};
    if (code || !pt_vec_push(&w->files, f)) {
        pt_free(block);
        pt_free(text);
        return PT_NONE;
    }
    pt_world_add_block(w, &w->files.data[index], block, size);
    return w->files.data[index].read_code ? PT_NONE : index;
}

/* Where the module of an item of an instance is to be read from; false: it is none, or nowhere. */
static bool wanted_module(pt_world *w, char *path, char *folder, u32 instance, u32 item) {
    pt_instance in = w->instances.data[instance];
    const pt_file *f = &w->files.data[in.file];
    const pt_item *t = &f->facts.items[item];
    u8 flags = w->defs.data[pt_item_def(&in, item)].flags;
    if (t->kind != PT_KIND_MODULE || (t->flags & PT_F_HAS_BODY)) return false;
    if (flags & PT_DEF_ABSENT) return false;
    if (!module_file(w, path, folder, f, in.folder, item)) return false;
    return !pt_def_impossible(w, pt_item_def(&in, item)); /* cfg_x! { mod m; } inside what needs not(x) */
}

void pt_world_mount_modules_of(pt_world *w, const u32 *instances, u32 count) {
    PT_VEC(pending) unread = {0};
    char path[PATH_SIZE], folder[PATH_SIZE];
    for (u32 i = 0; i < count; i++) {
        pt_instance in = w->instances.data[instances[i]];
        bool read = true;
        for (u32 k = 0; read && k < w->files.data[in.file].facts.header->item_count; k++)
            if (wanted_module(w, path, folder, instances[i], k) && !left_out(path))
                read = pt_world_file(w, path, w->files.data[in.file].edition) != PT_NONE;
        if (!read) pt_vec_push(&unread, (pending){in.file, in.folder});
    }
    if (unread.count) read_closure(w, NULL, unread.data, unread.count);
    pt_vec_free(&unread);
    for (u32 i = 0; i < count; i++) pt_world_mount_modules(w, instances[i]);
}

void pt_world_mount_modules(pt_world *w, u32 instance) {
    if (instance == PT_NONE) return;
    u32 file_index = w->instances.data[instance].file;
    u32 count = w->files.data[file_index].facts.header->item_count;
    bool read = false;
    for (u32 k = 0; k < count; k++) {
        char path[PATH_SIZE], folder[PATH_SIZE];
        if (!wanted_module(w, path, folder, instance, k)) continue;
        const pt_file *f = &w->files.data[file_index];
        pt_instance in = w->instances.data[instance];
        if (left_out(path)) {
            w->defs.data[pt_item_def(&in, k)].flags |= PT_DEF_UNKNOWN_GLOB;
            continue;
        }
        u32 file = pt_world_file(w, path, f->edition);
        if (file == PT_NONE && !read) { /* modules that a macro made: read now, all of this file's */
            pending p = {file_index, in.folder};
            read = true;
            read_closure(w, NULL, &p, 1);
            file = pt_world_file(w, path, f->edition);
        }
        if (file == PT_NONE || w->files.data[file].read_code || !w->files.data[file].facts.header) continue;
        u32 module = pt_item_def(&in, k), depth = 0;
        bool cyclic = false;
        for (u32 m = module; m != PT_NO_DEF; m = w->defs.data[m].parent, depth++)
            cyclic = cyclic || (w->defs.data[m].item != PT_NONE && pt_def_instance(w, m)->file == file);
        pt_file *mounted = &w->files.data[file];
        if (mounted->mount_crate != in.crate + 1) mounted->mount_crate = in.crate + 1, mounted->mount_count = 0;
        /* files that name each other by #[path] would be mounted in every order there is */
        if (depth > MAX_MODULE_DEPTH || cyclic || mounted->mount_count++ >= MAX_MOUNTS) {
            w->defs.data[module].flags |= PT_DEF_UNKNOWN_GLOB;
            continue;
        }
        u32 made =
            pt_world_mount(w, file, in.crate, module, pt_arena_copy(&w->arena, folder, strlen(folder)), PT_NO_DEF);
        if (made != PT_NONE) pt_world_mount_modules(w, made);
    }
}

/* Could a module of this name be read from the path, NAME.rs or NAME/mod.rs? Without a look at the disk. */
static bool fits_name(pt_str name, const char *path) {
    const char *base = strrchr(path, '/'), *end;
    base = base ? base + 1 : path;
    if (strcmp(base, "mod.rs") == 0 && base > path) {
        end = base - 1;
        for (base = end; base > path && base[-1] != '/';) base--;
    } else {
        end = base + strlen(base);
        if (end - base > 3 && strcmp(end - 3, ".rs") == 0) end -= 3;
    }
    return (size_t)(end - base) == name.length && memcmp(base, name.data, name.length) == 0;
}

bool pt_world_module_is(pt_world *w, u32 module, const char *path) {
    char wanted[PATH_SIZE], folder[PATH_SIZE];
    const pt_def *d = &w->defs.data[module];
    if (d->item == PT_NONE) return false;
    const pt_facts *f = &w->files.data[w->instances.data[d->instance].file].facts;
    const pt_item *t = &f->items[d->item];
    if (!t->extra && !fits_name(pt_facts_string(f, t->name), path)) return false;
    return wanted_module(w, wanted, folder, d->instance, d->item) && strcmp(wanted, path) == 0;
}

int pt_world_mount_module(pt_world *w, u32 *out, u32 module) {
    char path[PATH_SIZE], folder[PATH_SIZE];
    const pt_def d = w->defs.data[module];
    const pt_instance in = w->instances.data[d.instance];
    u16 edition = w->files.data[in.file].edition;
    *out = PT_NONE;
    if (!wanted_module(w, path, folder, d.instance, d.item)) return PT_OK;
    u32 file = pt_world_file(w, path, edition);
    if (file != PT_NONE && w->files.data[file].is_away) { /* whatever it was when it went */
        pt_file *f = &w->files.data[file];
        pt_free(f->text);
        pt_cold_free(w->cold, f->good_text);
        pt_cold_free(w->cold, f->block);
        pt_cold_free(w->cold, f->symbols);
        *f = (pt_file){.path = f->path, .edition = f->edition, .read_code = PT_EIO};
    }
    if (file == PT_NONE || w->files.data[file].read_code) {
        if (!pt_source_is_file(w->source, path)) return PT_OK;
        if (file == PT_NONE) file = pt_world_add_file(w, path, edition);
        if (file == PT_NONE) return PT_ENOMEM;
        w->files.data[file].read_code = PT_OK;
        if (read_wave(w, NULL, &file, 1)) return PT_ENOMEM;
        pt_vec_push(&w->loaded, file);
    }
    if (w->files.data[file].read_code || !w->files.data[file].facts.header) return PT_EIO;
    u32 depth = 0, mounts = 0;
    for (u32 m = module; m != PT_NO_DEF; m = w->defs.data[m].parent, depth++)
        if (w->defs.data[m].item != PT_NONE && pt_def_instance(w, m)->file == file) return PT_EIO;
    for (u32 i = 0; i < w->instances.count; i++)
        mounts += w->instances.data[i].file == file && !w->instances.data[i].is_dead &&
                  w->instances.data[i].crate == in.crate;
    if (depth > MAX_MODULE_DEPTH || mounts >= MAX_MOUNTS) return PT_EIO;
    w->mounts_quietly = true;
    *out = pt_world_mount(w, file, in.crate, module, pt_arena_copy(&w->arena, folder, strlen(folder)), PT_NO_DEF);
    w->mounts_quietly = false;
    return *out == PT_NONE ? PT_EIO : PT_OK;
}

u32 pt_world_prelude(pt_world *w, u16 edition, bool no_std) {
    if (!w->std_crate_count) return PT_NO_DEF;
    char name[16];
    snprintf(name, sizeof name, "rust_%u", edition >= 2024 ? 2021 : edition);
    u32 segments[2] = {pt_intern(w->names, PT_STR("prelude")), pt_intern(w->names, pt_str_of(name))};
    pt_path_result r = {0};
    u32 crate = no_std ? 0 : w->std_crate_count - 1;
    pt_resolve_path(w, &r, w->crates.data[crate].root, segments, 2, false, PT_NS_TYPE);
    if (r.def == PT_NO_DEF) {
        segments[1] = pt_intern(w->names, PT_STR("v1"));
        pt_resolve_path(w, &r, w->crates.data[crate].root, segments, 2, false, PT_NS_TYPE);
    }
    return r.def;
}

pt_hash128 pt_crate_identity(const char *package, const char *version, const char *kind, const char *name) {
    char major[64], identity[1024];
    u32 a = 0, b = 0, c = 0;
    sscanf(version, "%u.%u.%u", &a, &b, &c);
    if (a) snprintf(major, sizeof major, "%u", a);
    else if (b) snprintf(major, sizeof major, "0.%u", b);
    else snprintf(major, sizeof major, "0.0.%u", c);
    int n = snprintf(identity, sizeof identity, "pt1\n%s\n%s\n%s\n%s", package, major, kind, name);
    return pt_hash128_bytes(identity, (size_t)PT_MIN(n, (int)sizeof identity - 1));
}

static void add_target_crate(pt_world *w, u32 target_index) {
    const pt_target *t = &w->workspace->targets.data[target_index];
    const pt_package *p = &w->workspace->packages.data[t->package];
    char label[512];
    if (t->kind == PT_TARGET_LIB) snprintf(label, sizeof label, "%s", t->name);
    else if (t->kind == PT_TARGET_BUILD) snprintf(label, sizeof label, "%s[build]", p->name);
    else snprintf(label, sizeof label, "%s[%s:%s]", p->name, pt_target_kind_name(t->kind), t->name);
    for (char *c = label; t->kind != PT_TARGET_LIB && *c && *c != '['; c++)
        if (*c == '-') *c = '_';
    pt_crate c = {.name = pt_intern(w->names, pt_str_of(t->name)),
                  .label = pt_intern(w->names, pt_str_of(label)),
                  .package = t->package,
                  .target = target_index,
                  .edition = t->edition,
                  .is_test = t->kind == PT_TARGET_TEST || t->kind == PT_TARGET_BENCH || t->kind == PT_TARGET_EXAMPLE,
                  .is_proc_macro = t->is_proc_macro,
                  .prelude = PT_NO_DEF,
                  .features = p->usual,
                  .hash = pt_crate_identity(p->name, p->version, pt_target_kind_name(t->kind),
                                            t->kind == PT_TARGET_LIB || t->kind == PT_TARGET_BUILD ? "" : t->name)};
    pt_world_add_crate(w, c);
}

void pt_crate_add_extern(pt_crate *c, u32 name, u32 root) {
    for (u32 i = 0; i < c->externs.count; i++)
        if (c->externs.data[i].name == name) return;
    pt_vec_push(&c->externs, (pt_extern_name){name, root});
}

static u32 library_root(const pt_world *w, u32 package, u32 first_crate) {
    for (u32 i = first_crate; i < w->crates.count; i++) {
        const pt_crate *c = &w->crates.data[i];
        if (c->package == package && w->workspace->targets.data[c->target].kind == PT_TARGET_LIB) return c->root;
    }
    return PT_NO_DEF;
}

static void link_externs(pt_world *w, u32 index, u32 first_crate) {
    pt_crate *c = &w->crates.data[index];
    const pt_target *t = c->target == PT_NONE ? NULL : &w->workspace->targets.data[c->target];
    const pt_package *p = t ? &w->workspace->packages.data[c->package] : NULL;
    if (t && t->kind != PT_TARGET_LIB && t->kind != PT_TARGET_BUILD && p->library != PT_NONE)
        pt_crate_add_extern(c, pt_intern(w->names, pt_str_of(w->workspace->targets.data[p->library].name)),
                            library_root(w, c->package, first_crate));
    for (u32 i = 0; p && i < p->dependencies.count; i++) {
        const pt_dependency *d = &p->dependencies.data[i];
        bool build = t->kind == PT_TARGET_BUILD;
        if ((d->kind == PT_DEPENDENCY_BUILD) != build) continue;
        u32 name = pt_intern(w->names, pt_str_of(d->name)), root = PT_NO_DEF;
        if (d->target_package != PT_NONE) {
            root = library_root(w, d->target_package, first_crate);
            const pt_package *other = &w->workspace->packages.data[d->target_package];
            char code_name[256]; /* not renamed: the library's own name counts */
            snprintf(code_name, sizeof code_name, "%s", other->name);
            for (char *k = code_name; *k; k++)
                if (*k == '-') *k = '_';
            if (root != PT_NO_DEF && strcmp(code_name, d->name) == 0)
                name = w->crates.data[w->defs.data[root].crate].name;
        }
        if (root == PT_NO_DEF) {
            char path[256];
            snprintf(path, sizeof path, "%s", d->package);
            for (char *k = path; *k; k++)
                if (*k == '-') *k = '_';
            root = d->version ? pt_dependency_root(w, d->package, d->version) : PT_NO_DEF;
            if (root == PT_NO_DEF) root = pt_external(w, pt_str_of(path), PT_KIND_CRATE);
        }
        pt_crate_add_extern(c, name, root);
    }
    for (u32 i = 0; i < w->std_crate_count; i++) {
        if (w->crates.data[i].name == w->known.alloc) continue;
        pt_crate_add_extern(c, w->crates.data[i].name, w->crates.data[i].root);
    }
    if (!w->std_crate_count)
        for (u32 i = 0; i < 2; i++)
            pt_crate_add_extern(c, i ? w->known.std : w->known.core,
                                pt_external(w, i ? PT_STR("std") : PT_STR("core"), PT_KIND_CRATE));
    if (c->is_proc_macro || (t && t->kind != PT_TARGET_BUILD))
        pt_crate_add_extern(c, pt_intern(w->names, PT_STR("proc_macro")),
                            pt_external(w, PT_STR("proc_macro"), PT_KIND_CRATE));
}

/* Loose files: each that no other names as its module is a crate of its own. */
static int load_loose(pt_world *w, const pt_known_facts *known, u32 first_crate) {
    PT_VEC(u32) files = {0};
    (void)first_crate;
    for (u32 i = 0; i < w->workspace->loose.count; i++)
        pt_vec_push(&files, pt_world_add_file(w, w->workspace->loose.data[i], 2021));
    int code = read_wave(w, known, files.data, files.count);
    u8 *child = pt_calloc(w->files.count, 1);
    if (!child) code = PT_ENOMEM;
    for (u32 pass = 0; pass < 2 && !code; pass++)
        for (u32 i = 0; i < files.count; i++) {
            const pt_file *f = &w->files.data[files.data[i]];
            char own[PATH_SIZE], path[PATH_SIZE], folder[PATH_SIZE];
            const char *base = strrchr(f->path, '/');
            base = base ? base + 1 : f->path;
            bool is_root_name =
                strcmp(base, "lib.rs") == 0 || strcmp(base, "main.rs") == 0 || strcmp(base, "mod.rs") == 0;
            for (u32 k = 0; f->facts.header && k < f->facts.header->item_count; k++) {
                if (f->facts.items[k].kind != PT_KIND_MODULE || (f->facts.items[k].flags & PT_F_HAS_BODY)) continue;
                folder_of(own, f->path);
                if (pass && !is_root_name) { /* name.rs: its modules are in name/ */
                    char stem[PATH_SIZE];
                    snprintf(stem, sizeof stem, "%.*s", (int)strlen(base) - 3, base);
                    append(own, stem);
                }
                if (!module_file(w, path, folder, f, own, k)) continue;
                u32 to = pt_world_file(w, path, f->edition);
                if (to != PT_NONE && to != files.data[i]) child[to] = 1;
            }
        }
    for (u32 i = 0; i < files.count && !code; i++) {
        const pt_file *f = &w->files.data[files.data[i]];
        if (child[files.data[i]] || f->read_code) continue;
        char label[PATH_SIZE], folder[PATH_SIZE], identity[PATH_SIZE + 32];
        snprintf(label, sizeof label, "%.*s", (int)strlen(f->path) - 3, f->path);
        for (char *c = label; *c; c++)
            if (*c == '/' || *c == '-' || *c == '.') *c = '_';
        snprintf(identity, sizeof identity, "pt1\nloose\n%s", f->path);
        pt_crate c = {.name = pt_intern(w->names, pt_str_of(label)),
                      .label = pt_intern(w->names, pt_str_of(label)),
                      .package = PT_NONE,
                      .target = PT_NONE,
                      .edition = 2021,
                      .prelude = PT_NO_DEF,
                      .hash = pt_hash128_bytes(identity, strlen(identity))};
        u32 crate = pt_world_add_crate(w, c);
        if (crate == PT_NONE) break; /* told by the caller, as all that is sticky */
        folder_of(folder, f->path);
        link_externs(w, crate, crate);
        w->crates.data[crate].prelude = pt_world_prelude(w, 2021, false);
        u32 instance = pt_world_mount(w, files.data[i], crate, w->crates.data[crate].root,
                                      pt_arena_copy(&w->arena, folder, strlen(folder)), PT_NO_DEF);
        if (instance != PT_NONE) {
            w->defs.data[w->crates.data[crate].root].instance = instance;
            pt_world_mount_modules(w, instance);
        }
    }
    pt_free(child);
    pt_vec_free(&files);
    return code;
}

int pt_world_load(pt_world *w, const pt_known_facts *known, pt_error *error) {
    const pt_workspace *ws = w->workspace;
    PT_VEC(pending) roots = {0};
    PT_VEC(u32) files = {0};
    u32 first_crate = w->crates.count;
    w->stored = known;
    for (u32 i = 0; i < ws->targets.count; i++) {
        const pt_target *t = &ws->targets.data[i];
        char folder[PATH_SIZE];
        folder_of(folder, t->path);
        u32 file = pt_world_file(w, t->path, t->edition);
        if (file == PT_NONE) {
            file = pt_world_add_file(w, t->path, t->edition);
            pt_vec_push(&files, file);
        }
        pt_vec_push(&roots, (pending){file, pt_arena_copy(&w->arena, folder, strlen(folder))});
    }
    int code = read_wave(w, known, files.data, files.count);
    if (!code) code = read_closure(w, known, roots.data, roots.count);
    if (pt_alloc_failed()) code = PT_ENOMEM;
    for (u32 i = 0; i < ws->targets.count && !code; i++) add_target_crate(w, i);
    if (w->crates.count != first_crate + ws->targets.count || w->defs.count < w->crates.count)
        code = code ? code : PT_ENOMEM;
    for (u32 i = 0; i < ws->targets.count && !code; i++) {
        u32 crate = first_crate + i;
        const pt_file *f = &w->files.data[roots.data[i].file];
        link_externs(w, crate, first_crate);
        if (f->read_code || !f->facts.header) continue;
        w->crates.data[crate].no_std = (f->facts.header->attributes & PT_ATTR_NO_STD) != 0;
        w->crates.data[crate].prelude =
            pt_world_prelude(w, w->crates.data[crate].edition, w->crates.data[crate].no_std);
        u32 instance =
            pt_world_mount(w, roots.data[i].file, crate, w->crates.data[crate].root, roots.data[i].folder, PT_NO_DEF);
        if (instance == PT_NONE) continue;
        w->defs.data[w->crates.data[crate].root].instance = instance;
        pt_world_mount_modules(w, instance);
    }
    if (!code && ws->loose.count) code = load_loose(w, known, first_crate);
    pt_vec_free(&roots);
    pt_vec_free(&files);
    if (code || pt_alloc_failed()) return pt_fail(error, PT_ENOMEM, "out of memory while reading the workspace");
    pt_world_expand(w);
    pt_world_find_lang(w);
    pt_world_index_impls(w);
    return pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory while linking modules") : PT_OK;
}
