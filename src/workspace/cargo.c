#include "workspace/cargo.h"

#include "workspace/toml.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_FOLDER_DEPTH = 24, PATH_SIZE = 2048 };

const char *pt_target_kind_name(u8 kind) {
    static const char *const names[] = {"lib", "bin", "example", "test", "bench", "build"};
    return kind < PT_COUNT_OF(names) ? names[kind] : "?";
}

typedef struct manifest {
    const char *folder;
    const pt_toml *toml;
    const pt_toml *workspace; /* [workspace] of its root, for inheritance */
    const char *workspace_folder;
} manifest;

typedef struct reader {
    pt_workspace *w;
    pt_source *source;
    PT_VEC(manifest) manifests;
    PT_VEC(char *) folders; /* scratch of walks */
} reader;

static const char *keep(reader *r, const char *text, size_t length) {
    const char *copy = pt_arena_copy(&r->w->arena, text, length);
    return copy ? copy : "";
}
static const char *keep_str(reader *r, pt_str text) { return keep(r, text.data, text.length); }
static const char *code_name(reader *r, pt_str text) {
    char *copy = pt_arena_copy(&r->w->arena, text.data, text.length);
    for (char *c = copy; c && *c; c++)
        if (*c == '-') *c = '_';
    return copy ? copy : "";
}

static void join(char *out, const char *folder, const char *name) {
    if (snprintf(out, PATH_SIZE, "%s/%s", folder, name) >= PATH_SIZE) out[0] = 0;
    pt_path_normalize(out);
}

static void problem(reader *r, const char *text) { pt_vec_push(&r->w->problems, keep(r, text, strlen(text))); }

/* Reads folder/Cargo.toml; NULL when there is none or it is broken (`*code` tells). */
static const pt_toml *read_manifest(reader *r, const char *folder, int *code, pt_error *error) {
    char path[PATH_SIZE], *text;
    u32 length;
    pt_file_stamp stamp;
    pt_toml *toml = NULL;
    join(path, folder, "Cargo.toml");
    *code = pt_source_read(r->source, &text, &length, &stamp, path, error);
    if (*code) return NULL;
    const char *copy = pt_arena_copy(&r->w->arena, text, length);
    pt_free(text);
    if (!copy) {
        *code = pt_fail(error, PT_ENOMEM, "%s: out of memory", path);
        return NULL;
    }
    pt_vec_push(&r->w->manifests, keep(r, path, strlen(path)));
    *code = pt_toml_parse(&toml, &r->w->arena, (pt_str){copy, length}, keep(r, path, strlen(path)), error);
    return *code ? NULL : toml;
}

static bool known_manifest(reader *r, const char *folder) {
    for (u32 i = 0; i < r->manifests.count; i++)
        if (strcmp(r->manifests.data[i].folder, folder) == 0) return true;
    return false;
}

static void add_manifest(reader *r, const char *folder, const pt_toml *toml, const pt_toml *workspace,
                         const char *workspace_folder) {
    manifest m = {keep(r, folder, strlen(folder)), toml, workspace,
                  keep(r, workspace_folder, strlen(workspace_folder))};
    pt_vec_push(&r->manifests, m);
}

static bool add_folder(reader *r, const char *folder, const pt_toml *workspace, const char *workspace_folder) {
    if (known_manifest(r, folder)) return true;
    int code;
    pt_error error = {0};
    const pt_toml *toml = read_manifest(r, folder, &code, &error);
    if (!toml) {
        if (code != PT_ENOTFOUND) problem(r, error.message);
        return false;
    }
    const pt_toml *own = pt_toml_get(toml, "workspace");
    add_manifest(r, folder, toml, own ? own : workspace, own ? folder : workspace_folder);
    return true;
}

/* Folders below `folder` (with `depth` levels left), collected in r->folders. */
typedef struct walk {
    reader *r;
    const char *folder;
    PT_VEC(char *) folders, files;
} walk;

static void walk_entry(void *payload, const char *name, bool is_folder) {
    walk *w = payload;
    char path[PATH_SIZE];
    join(path, w->folder, name);
    char *copy = pt_strndup(path, strlen(path));
    if (!copy) return;
    bool kept = is_folder ? pt_vec_push(&w->folders, copy) : pt_vec_push(&w->files, copy);
    if (!kept) pt_free(copy);
}
static void list_folder(walk *w, reader *r, const char *folder) {
    *w = (walk){.r = r, .folder = folder};
    pt_source_list(r->source, folder, walk_entry, w);
}
static void end_walk(walk *w) {
    for (u32 i = 0; i < w->folders.count; i++) pt_free(w->folders.data[i]);
    for (u32 i = 0; i < w->files.count; i++) pt_free(w->files.data[i]);
    pt_vec_free(&w->folders);
    pt_vec_free(&w->files);
}

static bool excluded(const pt_toml *workspace, const char *root, const char *folder) {
    const pt_toml *list = pt_toml_get(workspace, "exclude");
    char path[PATH_SIZE];
    for (const pt_toml *e = list && list->type == PT_TOML_ARRAY ? list->child : NULL; e; e = e->next) {
        char name[PATH_SIZE];
        snprintf(name, sizeof name, "%.*s", (int)e->text.length, e->text.data);
        join(path, root, name);
        size_t n = strlen(path);
        if (strncmp(folder, path, n) == 0 && (folder[n] == 0 || folder[n] == '/')) return true;
    }
    return false;
}

/* Members named by a pattern: component by component, `*` within one. */
static void add_members(reader *r, const pt_toml *workspace, const char *root, const char *folder,
                        const char *pattern) {
    while (pattern[0] == '.' && pattern[1] == '/') pattern += 2;
    const char *slash = strchr(pattern, '/');
    char part[PATH_SIZE], path[PATH_SIZE];
    snprintf(part, sizeof part, "%.*s", slash ? (int)(slash - pattern) : (int)strlen(pattern), pattern);
    const char *rest = slash ? slash + 1 : NULL;
    while (rest && *rest == '/') rest++;
    if (rest && !*rest) rest = NULL;
    if (!strpbrk(part, "*?[")) {
        join(path, folder, part);
        if (rest) add_members(r, workspace, root, path, rest);
        else if (!excluded(workspace, root, path) && !add_folder(r, path, workspace, root)) {
            char text[PATH_SIZE * 2];
            snprintf(text, sizeof text, "workspace member %s has no readable Cargo.toml", path);
            problem(r, text);
        }
        return;
    }
    walk w;
    list_folder(&w, r, folder);
    for (u32 i = 0; i < w.folders.count; i++) {
        const char *name = strrchr(w.folders.data[i], '/');
        name = name ? name + 1 : w.folders.data[i];
        if (fnmatch(part, name, FNM_PERIOD) != 0) continue;
        if (rest) add_members(r, workspace, root, w.folders.data[i], rest);
        else if (!excluded(workspace, root, w.folders.data[i])) add_folder(r, w.folders.data[i], workspace, root);
    }
    end_walk(&w);
}

/* Every folder with a manifest below `folder`; every .rs file when `loose`. */
static void find_below(reader *r, const char *folder, u32 depth, bool loose) {
    walk w;
    if (depth > MAX_FOLDER_DEPTH) return;
    list_folder(&w, r, folder);
    for (u32 i = 0; i < w.files.count; i++) {
        const char *file = w.files.data[i];
        size_t n = strlen(file);
        bool is_manifest = n >= 10 && strcmp(file + n - 10, "Cargo.toml") == 0 && (n == 10 || file[n - 11] == '/');
        if (!loose && is_manifest) add_folder(r, folder, NULL, ".");
        if (loose && n > 3 && strcmp(file + n - 3, ".rs") == 0) pt_vec_push(&r->w->loose, keep(r, file, n));
    }
    for (u32 i = 0; i < w.folders.count; i++) find_below(r, w.folders.data[i], depth + 1, loose);
    end_walk(&w);
}

static u16 edition_of(pt_str text, u16 fallback) {
    static const u16 known[] = {2015, 2018, 2021, 2024};
    for (u32 i = 0; i < PT_COUNT_OF(known); i++) {
        char year[8];
        snprintf(year, sizeof year, "%u", known[i]);
        if (pt_str_equal(text, pt_str_of(year))) return known[i];
    }
    return fallback;
}

/* A [package] value, or that of [workspace.package] when it says workspace = true. */
static const pt_toml *inherited(const manifest *m, const pt_toml *package, const char *key) {
    const pt_toml *v = pt_toml_get(package, key);
    if (v && v->type == PT_TOML_TABLE && pt_toml_boolean(v, "workspace", false))
        return pt_toml_get(pt_toml_get(m->workspace, "package"), key);
    return v;
}

static void add_target(reader *r, u32 package, u8 kind, const char *name, const char *path, u16 edition,
                       bool proc_macro) {
    for (u32 i = 0; i < r->w->targets.count; i++) {
        const pt_target *t = &r->w->targets.data[i];
        if (t->package == package && t->kind == kind && strcmp(t->name, name) == 0) return;
    }
    if (!pt_source_is_file(r->source, path)) return;
    pt_target t = {name, keep(r, path, strlen(path)), package, kind, proc_macro, edition};
    pt_vec_push(&r->w->targets, t);
}

static const char *stem(reader *r, const char *file) {
    const char *slash = strrchr(file, '/');
    slash = slash ? slash + 1 : file;
    const char *dot = strrchr(slash, '.');
    return code_name(r, (pt_str){slash, (u32)(dot ? dot - slash : (long)strlen(slash))});
}

/* The targets found by place: *.rs and */ /*main.rs in one folder. */
static void found_targets(reader *r, u32 package, u8 kind, const char *folder, const char *place, u16 edition) {
    char path[PATH_SIZE], main_file[PATH_SIZE];
    walk w;
    join(path, folder, place);
    list_folder(&w, r, path);
    for (u32 i = 0; i < w.files.count; i++) {
        size_t n = strlen(w.files.data[i]);
        if (n > 3 && strcmp(w.files.data[i] + n - 3, ".rs") == 0)
            add_target(r, package, kind, stem(r, w.files.data[i]), w.files.data[i], edition, false);
    }
    for (u32 i = 0; i < w.folders.count; i++) {
        join(main_file, w.folders.data[i], "main.rs");
        if (pt_source_is_file(r->source, main_file))
            add_target(r, package, kind, stem(r, w.folders.data[i]), main_file, edition, false);
    }
    end_walk(&w);
}

static void named_targets(reader *r, u32 package, const manifest *m, u8 kind, const char *key, const char *place,
                          u16 edition) {
    const pt_toml *list = pt_toml_get(m->toml, key);
    for (const pt_toml *t = list && list->type == PT_TOML_ARRAY ? list->child : NULL; t; t = t->next) {
        char path[PATH_SIZE], relative[PATH_SIZE];
        pt_str name = pt_toml_string(t, "name", (pt_str){"", 0}), given = pt_toml_string(t, "path", (pt_str){"", 0});
        u16 own = edition_of(pt_toml_string(t, "edition", (pt_str){"", 0}), edition);
        const char *as = code_name(r, name);
        if (given.length) {
            snprintf(relative, sizeof relative, "%.*s", (int)given.length, given.data);
            join(path, m->folder, relative);
            add_target(r, package, kind, as, path, own, pt_toml_boolean(t, "proc-macro", false));
            continue;
        }
        const char *const forms[] = {"%s/%.*s.rs", "%s/%.*s/main.rs"};
        for (u32 i = 0; i < PT_COUNT_OF(forms); i++) {
            snprintf(relative, sizeof relative, i ? "%s/%.*s/main.rs" : "%s/%.*s.rs", place, (int)name.length,
                     name.data);
            join(path, m->folder, relative);
            add_target(r, package, kind, as, path, own, false);
        }
        if (kind == PT_TARGET_BIN) {
            join(path, m->folder, "src/main.rs");
            add_target(r, package, kind, as, path, own, false);
        }
    }
}

static void read_targets(reader *r, u32 index, const manifest *m, const pt_toml *package) {
    u16 edition = r->w->packages.data[index].edition;
    const char *name = r->w->packages.data[index].name, *own_name = code_name(r, pt_str_of(name));
    char path[PATH_SIZE], relative[PATH_SIZE];
    const pt_toml *lib = pt_toml_get(m->toml, "lib");
    pt_str given = pt_toml_string(lib, "path", PT_STR("src/lib.rs"));
    pt_str lib_name = pt_toml_string(lib, "name", pt_str_of(own_name));
    snprintf(relative, sizeof relative, "%.*s", (int)given.length, given.data);
    join(path, m->folder, relative);
    bool proc_macro = pt_toml_boolean(lib, "proc-macro", pt_toml_boolean(lib, "proc_macro", false));
    if (lib || pt_toml_boolean(package, "autolib", true)) {
        u32 before = r->w->targets.count;
        add_target(r, index, PT_TARGET_LIB, code_name(r, lib_name), path,
                   edition_of(pt_toml_string(lib, "edition", (pt_str){"", 0}), edition), proc_macro);
        if (r->w->targets.count > before) r->w->packages.data[index].library = before;
    }
    named_targets(r, index, m, PT_TARGET_BIN, "bin", "src/bin", edition);
    if (pt_toml_boolean(package, "autobins", true)) {
        join(path, m->folder, "src/main.rs");
        bool mounted = false;
        for (u32 i = 0; i < r->w->targets.count; i++)
            mounted =
                mounted || (r->w->targets.data[i].package == index && strcmp(r->w->targets.data[i].path, path) == 0);
        if (!mounted) add_target(r, index, PT_TARGET_BIN, own_name, path, edition, false);
        found_targets(r, index, PT_TARGET_BIN, m->folder, "src/bin", edition);
    }
    named_targets(r, index, m, PT_TARGET_EXAMPLE, "example", "examples", edition);
    if (pt_toml_boolean(package, "autoexamples", true))
        found_targets(r, index, PT_TARGET_EXAMPLE, m->folder, "examples", edition);
    named_targets(r, index, m, PT_TARGET_TEST, "test", "tests", edition);
    if (pt_toml_boolean(package, "autotests", true))
        found_targets(r, index, PT_TARGET_TEST, m->folder, "tests", edition);
    named_targets(r, index, m, PT_TARGET_BENCH, "bench", "benches", edition);
    if (pt_toml_boolean(package, "autobenches", true))
        found_targets(r, index, PT_TARGET_BENCH, m->folder, "benches", edition);
    const pt_toml *build = pt_toml_get(package, "build");
    if (!build || build->type == PT_TOML_STRING) {
        snprintf(relative, sizeof relative, "%.*s", build ? (int)build->text.length : 8,
                 build ? build->text.data : "build.rs");
        join(path, m->folder, relative);
        add_target(r, index, PT_TARGET_BUILD, "build_script_build", path, edition, false);
    }
}

const char *pt_asked_features(pt_arena *arena, const pt_toml *entry, const pt_toml *from) {
    pt_buffer out = {0};
    bool defaults = pt_toml_boolean(entry, "default-features", pt_toml_boolean(entry, "default_features", true)) &&
                    pt_toml_boolean(from, "default-features", pt_toml_boolean(from, "default_features", true));
    if (defaults) pt_buffer_text(&out, "default,");
    for (u32 i = 0; i < 2; i++) {
        const pt_toml *list = pt_toml_get(i ? from : entry, "features");
        for (const pt_toml *f = list && list->type == PT_TOML_ARRAY ? list->child : NULL; f; f = f->next) {
            pt_buffer_str(&out, f->text);
            pt_buffer_char(&out, ',');
        }
    }
    const char *kept = pt_arena_copy(arena, out.data ? out.data : "", out.count);
    pt_buffer_free(&out);
    return kept ? kept : "";
}

static void read_dependencies(reader *r, u32 index, const manifest *m, const pt_toml *table, u8 kind) {
    for (const pt_toml *d = table && table->type == PT_TOML_TABLE ? table->child : NULL; d; d = d->next) {
        const pt_toml *from = d;
        const char *folder = m->folder;
        if (d->type == PT_TOML_TABLE && pt_toml_boolean(d, "workspace", false)) {
            from = pt_toml_get_str(pt_toml_get(m->workspace, "dependencies"), d->key);
            folder = m->workspace_folder;
        }
        pt_str package = pt_toml_string(from, "package", d->key), path = pt_toml_string(from, "path", (pt_str){"", 0});
        if (pt_str_starts(package, PT_STR("rustc-std-workspace-")))
            continue; /* how std itself builds a crate: never here */
        pt_str requirement =
            from && from->type == PT_TOML_STRING ? from->text : pt_toml_string(from, "version", PT_STR("*"));
        pt_dependency out = {.name = code_name(r, d->key),
                             .package = keep_str(r, package),
                             .kind = kind,
                             .target_package = PT_NONE,
                             .requirement = keep_str(r, requirement),
                             .features = pt_asked_features(&r->w->arena, d, from == d ? NULL : from),
                             .is_optional = pt_toml_boolean(d, "optional", false)};
        if (path.length) {
            char relative[PATH_SIZE], full[PATH_SIZE];
            snprintf(relative, sizeof relative, "%.*s", (int)path.length, path.data);
            join(full, folder, relative);
            out.path = keep(r, full, strlen(full));
        }
        pt_vec_push(&r->w->packages.data[index].dependencies, out);
    }
}

/* Default features and what they switch on, transitively, as `feature = "x"` option names. */
static void read_features(reader *r, u32 index, const manifest *m) {
    const pt_toml *features = pt_toml_get(m->toml, "features");
    pt_package *p = &r->w->packages.data[index];
    for (const pt_toml *f = features && features->type == PT_TOML_TABLE ? features->child : NULL; f; f = f->next)
        for (const pt_toml *x = f->type == PT_TOML_ARRAY ? f->child : NULL; x; x = x->next)
            if (x->text.length && memchr(x->text.data, '/', x->text.length))
                pt_vec_push(&p->asked, keep_str(r, x->text));
    pt_buffer usual = {0};
    const pt_toml *defaults = pt_toml_get(features, "default");
    if (defaults && defaults->type == PT_TOML_ARRAY && !defaults->child) defaults = NULL;
    if (pt_toml_get(features, "default")) pt_vec_push(&p->features, "default");
    for (u32 i = 0; i < p->features.count; i++) {
        const pt_toml *list = pt_toml_get(features, p->features.data[i]);
        for (const pt_toml *f = list && list->type == PT_TOML_ARRAY ? list->child : NULL; f; f = f->next) {
            pt_str name = f->text;
            if (memchr(name.data, '/', name.length) && !memchr(name.data, '?', name.length)) continue;
            if (pt_str_starts(name, PT_STR("dep:"))) continue;
            bool seen = false;
            for (u32 k = 0; k < p->features.count; k++)
                seen = seen || pt_str_equal(pt_str_of(p->features.data[k]), name);
            if (!seen) pt_vec_push(&p->features, keep_str(r, name));
        }
    }
    pt_buffer_char(&usual, ',');
    for (u32 i = 0; defaults && i < p->features.count; i++) pt_buffer_format(&usual, "%s,", p->features.data[i]);
    if (defaults) p->usual = keep(r, usual.data ? usual.data : ",", PT_MAX(usual.count, 1u));
    pt_buffer_free(&usual);
}

static int by_dependency(const void *a, const void *b) {
    const pt_dependency *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : (int)x->kind - (int)y->kind;
}

static void read_package(reader *r, const manifest *m) {
    const pt_toml *package = pt_toml_get(m->toml, "package");
    if (!package) package = pt_toml_get(m->toml, "project");
    if (!package) return;
    pt_str name = pt_toml_string(package, "name", (pt_str){"", 0});
    if (!name.length) {
        char text[PATH_SIZE * 2];
        snprintf(text, sizeof text, "%s/Cargo.toml: the package has no name", m->folder);
        problem(r, text);
        return;
    }
    const pt_toml *version = inherited(m, package, "version"), *edition = inherited(m, package, "edition");
    pt_package p = {.name = keep_str(r, name),
                    .version = version && version->type == PT_TOML_STRING ? keep_str(r, version->text) : "0.0.0",
                    .folder = m->folder,
                    .edition = 2015,
                    .is_member = true,
                    .library = PT_NONE};
    if (edition && edition->type == PT_TOML_STRING) p.edition = edition_of(edition->text, 2024);
    u32 index = r->w->packages.count;
    if (!pt_vec_push(&r->w->packages, p)) return;
    static const char *const keys[][3] = {{"dependencies", "dependencies", "dependencies"},
                                          {"dev-dependencies", "dev_dependencies", "dev-dependencies"},
                                          {"build-dependencies", "build_dependencies", "build-dependencies"}};
    for (u8 kind = 0; kind < 3; kind++) {
        const pt_toml *table = pt_toml_get(m->toml, keys[kind][0]);
        read_dependencies(r, index, m, table ? table : pt_toml_get(m->toml, keys[kind][1]), kind);
        const pt_toml *targets = pt_toml_get(m->toml, "target");
        for (const pt_toml *t = targets && targets->type == PT_TOML_TABLE ? targets->child : NULL; t; t = t->next)
            read_dependencies(r, index, m, pt_toml_get(t, keys[kind][0]), kind);
    }
    read_features(r, index, m);
    read_targets(r, index, m, package);
}

static int by_folder(const void *a, const void *b) {
    return strcmp(((const manifest *)a)->folder, ((const manifest *)b)->folder);
}
static int by_locked(const void *a, const void *b) {
    const pt_locked *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strverscmp(x->version, y->version);
}

static void read_lock(reader *r) {
    char *text;
    u32 length;
    pt_file_stamp stamp;
    pt_error error = {0};
    if (pt_source_read(r->source, &text, &length, &stamp, "Cargo.lock", &error)) return;
    const char *copy = pt_arena_copy(&r->w->arena, text, length);
    pt_free(text);
    if (!copy) return;
    pt_vec_push(&r->w->manifests, "Cargo.lock");
    pt_toml *toml;
    if (pt_toml_parse(&toml, &r->w->arena, (pt_str){copy, length}, "Cargo.lock", &error)) {
        problem(r, error.message);
        return;
    }
    const pt_toml *packages = pt_toml_get(toml, "package");
    for (const pt_toml *p = packages && packages->type == PT_TOML_ARRAY ? packages->child : NULL; p; p = p->next) {
        pt_locked l = {keep_str(r, pt_toml_string(p, "name", (pt_str){"", 0})),
                       keep_str(r, pt_toml_string(p, "version", (pt_str){"", 0})),
                       keep_str(r, pt_toml_string(p, "checksum", (pt_str){"", 0}))};
        pt_vec_push(&r->w->locked, l);
    }
    if (r->w->locked.count) qsort(r->w->locked.data, r->w->locked.count, sizeof(pt_locked), by_locked);
}

const char *pt_workspace_locked_version(const pt_workspace *w, const char *name) {
    const char *found = NULL;
    for (u32 i = 0; i < w->locked.count; i++)
        if (strcmp(w->locked.data[i].name, name) == 0) found = w->locked.data[i].version;
    return found;
}

static void link_dependencies(pt_workspace *w) {
    for (u32 i = 0; i < w->packages.count; i++) {
        pt_package *p = &w->packages.data[i];
        for (u32 d = 0; d < p->dependencies.count; d++) {
            pt_dependency *dep = &p->dependencies.data[d];
            for (u32 k = 0; dep->path && k < w->packages.count; k++)
                if (strcmp(w->packages.data[k].folder, dep->path) == 0 &&
                    strcmp(w->packages.data[k].name, dep->package) == 0)
                    dep->target_package = k;
        }
        if (p->dependencies.count)
            qsort(p->dependencies.data, p->dependencies.count, sizeof(pt_dependency), by_dependency);
    }
}

int pt_workspace_read(pt_workspace **out, pt_source *source, pt_error *error) {
    *out = NULL;
    pt_workspace *w = pt_calloc(1, sizeof *w);
    if (!w) return pt_fail(error, PT_ENOMEM, "out of memory");
    reader r = {.w = w, .source = source};
    int code;
    const pt_toml *root = read_manifest(&r, ".", &code, error);
    if (!root && code != PT_ENOTFOUND) {
        pt_workspace_destroy(w);
        return code;
    }
    code = PT_OK;
    if (root) {
        const pt_toml *workspace = pt_toml_get(root, "workspace");
        add_manifest(&r, ".", root, workspace, ".");
        const pt_toml *members = pt_toml_get(workspace, "members");
        for (const pt_toml *m = members && members->type == PT_TOML_ARRAY ? members->child : NULL; m; m = m->next) {
            char pattern[PATH_SIZE];
            snprintf(pattern, sizeof pattern, "%.*s", (int)m->text.length, m->text.data);
            add_members(&r, workspace, ".", ".", pattern);
        }
    } else {
        find_below(&r, ".", 0, false);
        if (!r.manifests.count) find_below(&r, ".", 0, true);
    }
    /* path dependencies below the root are members too (Cargo), and theirs */
    for (u32 i = 0; i < r.manifests.count && root; i++) {
        manifest m = r.manifests.data[i];
        static const char *const keys[] = {"dependencies", "dev-dependencies", "build-dependencies"};
        for (u32 k = 0; k < PT_COUNT_OF(keys); k++) {
            const pt_toml *table = pt_toml_get(m.toml, keys[k]);
            for (const pt_toml *d = table && table->type == PT_TOML_TABLE ? table->child : NULL; d; d = d->next) {
                const pt_toml *from = d;
                const char *folder = m.folder;
                if (d->type == PT_TOML_TABLE && pt_toml_boolean(d, "workspace", false))
                    from = pt_toml_get_str(pt_toml_get(m.workspace, "dependencies"), d->key),
                    folder = m.workspace_folder;
                pt_str path = pt_toml_string(from, "path", (pt_str){"", 0});
                char relative[PATH_SIZE], full[PATH_SIZE];
                if (!path.length) continue;
                snprintf(relative, sizeof relative, "%.*s", (int)path.length, path.data);
                join(full, folder, relative);
                if (full[0] && strncmp(full, "..", 2) != 0 && full[0] != '/' && !excluded(m.workspace, ".", full))
                    add_folder(&r, full, m.workspace, m.workspace_folder);
            }
        }
    }
    if (r.manifests.count) qsort(r.manifests.data, r.manifests.count, sizeof(manifest), by_folder);
    for (u32 i = 0; i < r.manifests.count; i++) read_package(&r, &r.manifests.data[i]);
    read_lock(&r);
    link_dependencies(w);
    pt_vec_free(&r.manifests);
    if (pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "%s: out of memory", pt_source_root(source));
    if (code) return pt_workspace_destroy(w), code;
    *out = w;
    return PT_OK;
}

void pt_workspace_destroy(pt_workspace *w) {
    if (!w) return;
    for (u32 i = 0; i < w->packages.count; i++) {
        pt_vec_free(&w->packages.data[i].dependencies);
        pt_vec_free(&w->packages.data[i].features);
        pt_vec_free(&w->packages.data[i].asked);
    }
    pt_vec_free(&w->packages);
    pt_vec_free(&w->targets);
    pt_vec_free(&w->locked);
    pt_vec_free(&w->manifests);
    pt_vec_free(&w->problems);
    pt_vec_free(&w->loose);
    pt_arena_free(&w->arena);
    pt_free(w);
}
