/* dependencies.c: interfaces of what the workspace depends on, each a crate of the world.
 *
 * The way: a requirement means a package (workspace/dependencies.h); its library is read once into an interface file, the
 * segment, with the expansions of the package's own macros; every index maps it. What the workspace depends on is
 * loaded; of what those depend on, what they re-export and whose macros they call between items: no other name of it can
 * be written in the workspace. Then features are closed over (Cargo's unification, all that the workspace may ask for),
 * and the crates are mounted: what a predicate denies is not there. Crates whose macros are programs (proc-macro) are
 * not read.
 *
 * A segment is named by package, version and a key over source checksum and extractor version; it never changes. Its info
 * are lines, fields separated by tabs: version of this form, library name, edition, 1 for a proc-macro crate; then
 * `d, code name, package, requirement, 1 if optional, features` and `f, feature, members`. */
#include "resolve/interface_file.h"
#include "workspace/dependencies.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    INFO_VERSION = 2,
    PATH_SIZE = 4096,
    MAX_DEPENDENCIES = 2000,
    MAX_ROUNDS = 32,
    MAX_FOLDERS = 32,
    MAX_STAMPS = 20000
};

typedef struct crate_link {
    pt_str name, package, requirement, features;
    bool is_optional, is_on;
    u32 target; /* in `crates`; PT_NONE: not loaded */
} crate_link;

typedef struct feature {
    pt_str name, members;
} feature;

typedef struct loaded {
    const pt_source_package *package;
    pt_interface segment;
    pt_str library;
    u32 edition, crate;
    bool is_open;       /* read, and no proc-macro crate */
    pt_buffer features; /* what is on, between commas */
    PT_VEC(crate_link) links;
    PT_VEC(feature) table;
} loaded;

typedef struct loading {
    pt_world *w;
    pt_package_sources *sources;
    const char *cache;
    pt_error *error;
    PT_VEC(loaded) crates;
    u32 read; /* crates [0, read) were read */
} loading;

/* Makes folders on the way to `path` (of a file). */
static void make_folders(const char *path) {
    char part[PATH_SIZE];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        mkdir(part, 0755);
    }
}

static const char *checksum_of(const pt_workspace *ws, const pt_source_package *p) {
    for (u32 i = 0; i < ws->locked.count; i++)
        if (strcmp(ws->locked.data[i].name, p->name) == 0 && strcmp(ws->locked.data[i].version, p->version) == 0)
            return ws->locked.data[i].checksum;
    return "";
}

/* The names, sizes and times of everything in a folder; a sum, as folders are read in any order. */
static u64 stamp_of(const char *folder, u32 depth, u32 *left) {
    char path[PATH_SIZE];
    DIR *open = depth < MAX_FOLDERS ? opendir(folder) : NULL;
    struct dirent *entry;
    u64 sum = 0;
    while (open && *left && (entry = readdir(open))) {
        pt_file_stamp stamp = {0};
        if (entry->d_name[0] == '.' && strcmp(entry->d_name, ".cargo-checksum.json") != 0) continue;
        int n = snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (n < 0 || n >= (int)sizeof path) continue;
        (*left)--;
        if (entry->d_type == DT_DIR) sum += stamp_of(path, depth + 1, left);
        else if (pt_file_stat(&stamp, path)) continue;
        sum += pt_hash_u64(pt_hash_bytes(path, (size_t)n) ^ pt_hash_u64(stamp.size) ^ (u64)stamp.mtime_ns);
    }
    if (open) closedir(open);
    return sum;
}

/* What a cached segment stands for. A checksum of the lock file is taken at its word only for Cargo's own registry
 * folders: what a workspace vendors may say anything of itself, so there the files are looked at. */
static u64 key_of(const pt_workspace *ws, const pt_source_package *p) {
    char text[2 * PATH_SIZE];
    const char *checksum = p->is_registry ? checksum_of(ws, p) : "";
    u32 left = MAX_STAMPS;
    int n = snprintf(text, sizeof text, "%u %u %s %s %llx", INFO_VERSION, PT_EXTRACTOR_VERSION, checksum,
                     *checksum ? "" : p->folder, *checksum ? 0ull : (unsigned long long)stamp_of(p->folder, 0, &left));
    return pt_hash_bytes(text, (size_t)PT_MIN(n, (int)sizeof text - 1));
}

static void describe(pt_buffer *out, const pt_package_interface *p) {
    pt_buffer_format(out, "%u\n%s\n%u\n%d\n", INFO_VERSION, p->library, p->edition, p->is_proc_macro);
    for (u32 i = 0; i < p->dependencies.count; i++) {
        const pt_dependency *d = &p->dependencies.data[i];
        pt_buffer_format(out, "d\t%s\t%s\t%s\t%d\t%s\n", d->name, d->package, d->requirement, d->is_optional,
                         d->features);
    }
    for (u32 i = 0; i < p->features.count; i++)
        pt_buffer_format(out, "f\t%s\t%s\n", p->features.data[i].name, p->features.data[i].members);
}

/* Reads a package's library and writes its segment. */
static int make_segment(loading *l, const pt_source_package *p, const char *path) {
    pt_arena arena = {0};
    pt_package_interface info = {0};
    pt_source *source = NULL;
    pt_world *w = NULL;
    pt_buffer text = {0};
    u32 root = PT_NONE;
    pt_error ignored = {0};
    int code = pt_read_interface(&info, &arena, p, &ignored);
    if (!code) code = pt_source_open_folder(&source, p->folder, &ignored);
    if (!code) code = pt_world_create(&w, source, NULL, l->w->threads, &ignored);
    if (!code && !info.is_proc_macro) {
        w->is_segment = true;
        root = pt_world_add_file(w, info.root, info.edition);
        char folder[PATH_SIZE];
        const char *slash = strrchr(info.root, '/');
        snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - info.root) : 1, slash ? info.root : ".");
        const char *kept = pt_arena_copy(&w->arena, folder, strlen(folder));
        code = root == PT_NONE || !kept ? PT_ENOMEM : pt_world_read_closure(w, NULL, &root, &kept, 1);
        u32 name = pt_intern(w->names, pt_str_of(info.library));
        pt_crate c = {.name = name,
                      .label = name,
                      .package = PT_NONE,
                      .target = PT_NONE,
                      .edition = info.edition,
                      .is_external = true,
                      .prelude = PT_NO_DEF};
        for (u32 i = 0; i < info.dependencies.count; i++) {
            pt_str code_name = pt_str_of(info.dependencies.data[i].name);
            pt_crate_add_extern(&c, pt_intern(w->names, code_name), pt_external(w, code_name, PT_KIND_CRATE));
        }
        u32 crate = code ? PT_NONE : pt_world_add_crate(w, c);
        if (crate == PT_NONE) pt_vec_free(&c.externs);
        if (!code && crate != PT_NONE && !w->files.data[root].read_code && w->files.data[root].facts.header) {
            u32 instance = pt_world_mount(w, root, crate, w->crates.data[crate].root, kept, PT_NO_DEF);
            if (instance != PT_NONE) {
                w->defs.data[w->crates.data[crate].root].instance = instance;
                pt_world_mount_modules(w, instance);
            }
            pt_world_expand(w);
        }
    }
    if (!code) {
        describe(&text, &info);
        make_folders(path);
        code = pt_alloc_failed()
                   ? PT_ENOMEM
                   : pt_interface_write(w, &root, root == PT_NONE ? 0 : 1, pt_buffer_view(&text), path, &ignored);
    }
    pt_buffer_free(&text);
    pt_vec_free(&info.dependencies);
    pt_vec_free(&info.features);
    pt_arena_free(&arena);
    pt_world_destroy(w);
    pt_source_close(source);
    return code;
}

static pt_str next_line(pt_str *rest, char end) {
    const char *at = memchr(rest->data, end, rest->length);
    pt_str line = {rest->data, at ? (u32)(at - rest->data) : rest->length};
    u32 used = line.length + (at != NULL);
    *rest = (pt_str){rest->data + used, rest->length - used};
    return line;
}
static u32 number(pt_str text) {
    u32 n = 0;
    for (u32 i = 0; i < text.length && text.data[i] >= '0' && text.data[i] <= '9' && n < 100000; i++)
        n = n * 10 + (u32)(text.data[i] - '0');
    return n;
}

/* Does a crate show another one's names to those who use it, or call its macros between items? */
typedef struct reached {
    u8 *first;  /* a flag a symbol: first segment of a `pub use` or of a macro called between items */
    u8 *called; /* a flag a symbol: last segment of such a call */
    u32 count;
} reached;

static void note_reached(const pt_world *w, reached *r, u32 first_file) {
    for (u32 pass = 0; pass < 2; pass++)
        for (u32 i = first_file; i < w->files.count; i++) {
            const pt_file *f = &w->files.data[i];
            if (f->read_code || !f->facts.header || !f->symbols) continue;
            const pt_facts *facts = &f->facts;
            for (u32 k = 0; k < facts->header->item_count; k++) {
                const pt_item *t = &facts->items[k];
                if (!pass && t->kind == PT_KIND_MACRO_CALL && t->tree) {
                    u32 path = facts->nodes[t->tree].child, first = PT_NONE, last = PT_NONE;
                    while (path && facts->nodes[path].kind != PT_N_PATH) path = facts->nodes[path].next;
                    for (u32 s = path ? facts->nodes[path].child : 0; s; s = facts->nodes[s].next) {
                        if (facts->nodes[s].kind != PT_N_SEGMENT) continue;
                        last = f->symbols[facts->nodes[s].name];
                        if (first == PT_NONE) first = last;
                    }
                    if (last < r->count) r->called[last] = r->first[first] = 1;
                } else if (pass && t->kind == PT_KIND_EXTERN_CRATE) {
                    u32 name = f->symbols[t->name];
                    if (name < r->count && ((t->attributes & PT_ATTR_MACRO_USE) || t->visibility != PT_VIS_PRIVATE))
                        r->first[name] = 1;
                }
                for (u32 u = t->first_use; pass && t->kind == PT_KIND_USE && u < t->first_use + t->use_count; u++) {
                    const pt_use *use = &facts->uses[u];
                    if (!use->segment_count) continue;
                    u32 first = f->symbols[facts->segments[use->first_segment]];
                    u32 last = f->symbols[facts->segments[use->first_segment + use->segment_count - 1u]];
                    bool shown = t->visibility != PT_VIS_PRIVATE;
                    if (first < r->count && (shown || (last < r->count && r->called[last]))) r->first[first] = 1;
                }
            }
        }
}

/* Opens a package's segment, made now if it is not there or not whole. */
static int open_segment(loading *l, pt_interface *out, const pt_source_package *p, const char *prefix) {
    char path[PATH_SIZE], temporary[PATH_SIZE];
    u64 key = key_of(l->w->workspace, p);
    int code = PT_ENOTFOUND;
    if (l->cache) {
        snprintf(path, sizeof path, "%s/%s-%s-%016llx.segment", l->cache, p->name, p->version, (unsigned long long)key);
        code = pt_interface_load(l->w, out, path, prefix, true, NULL);
        if (!code || code == PT_ENOMEM) return code;
        code = make_segment(l, p, path);
        if (!code) return pt_interface_load(l->w, out, path, prefix, true, l->error);
        if (code == PT_ENOMEM) return code;
    }
    /* nothing can be kept: a file that is gone once it is mapped */
    const char *place = getenv("TMPDIR");
    snprintf(temporary, sizeof temporary, "%s/parseltongue-%s-XXXXXX", place && *place ? place : "/tmp", p->name);
    int file = mkstemp(temporary);
    if (file < 0) return PT_EIO;
    close(file);
    code = make_segment(l, p, temporary);
    if (!code) code = pt_interface_load(l->w, out, temporary, prefix, true, l->error);
    unlink(temporary);
    return code;
}

/* The package that a link means, or NULL. */
static const pt_source_package *meant(loading *l, const crate_link *x) {
    char package[256], requirement[256];
    snprintf(package, sizeof package, "%.*s", (int)x->package.length, x->package.data);
    snprintf(requirement, sizeof requirement, "%.*s", (int)x->requirement.length, x->requirement.data);
    return pt_choose_package(l->sources, l->w->workspace, package, requirement);
}

/* Its place in `crates`, where it waits to be read if it is new; PT_NONE: too many. */
static u32 want_package(loading *l, const pt_source_package *p) {
    for (u32 i = 0; i < l->crates.count; i++)
        if (strcmp(l->crates.data[i].package->name, p->name) == 0 &&
            strcmp(l->crates.data[i].package->version, p->version) == 0)
            return i;
    u32 index = l->crates.count;
    if (index >= MAX_DEPENDENCIES || !pt_vec_push(&l->crates, (loaded){.package = p, .crate = PT_NONE})) return PT_NONE;
    return index;
}

static void read_package(loading *l, u32 index) {
    pt_world *w = l->w;
    const pt_source_package *p = l->crates.data[index].package;
    u32 first_file = w->files.count;
    char prefix[PATH_SIZE];
    loaded c = {.package = p, .crate = PT_NONE};
    snprintf(prefix, sizeof prefix, "%s-%s:/", p->name, p->version);
    if (open_segment(l, &c.segment, p, prefix)) return;
    pt_str info = c.segment.info;
    u32 version = number(next_line(&info, '\n'));
    c.library = next_line(&info, '\n');
    c.edition = number(next_line(&info, '\n'));
    bool proc_macro = number(next_line(&info, '\n')) != 0;
    const pt_file *root = c.segment.roots[0] == PT_NONE ? NULL : &w->files.data[c.segment.roots[0]];
    if (version != INFO_VERSION || proc_macro || !root || root->read_code || !root->facts.header) return;
    c.is_open = true;
    while (info.length) {
        pt_str line = next_line(&info, '\n'), form = next_line(&line, '\t');
        if (pt_str_equal(form, PT_STR("d"))) {
            crate_link x = {.name = next_line(&line, '\t'), .target = PT_NONE};
            x.package = next_line(&line, '\t');
            x.requirement = next_line(&line, '\t');
            x.is_optional = number(next_line(&line, '\t')) != 0;
            x.features = line;
            pt_vec_push(&c.links, x);
        } else if (pt_str_equal(form, PT_STR("f"))) {
            feature f = {.name = next_line(&line, '\t')};
            f.members = line;
            pt_vec_push(&c.table, f);
        }
    }
    l->crates.data[index] = c;
    for (u32 i = 0; i < c.links.count; i++) pt_intern(w->names, c.links.data[i].name);
    reached r = {NULL, NULL, pt_interner_count(w->names)};
    r.first = pt_calloc((size_t)r.count + 1, 1);
    r.called = pt_calloc((size_t)r.count + 1, 1);
    if (r.first && r.called) note_reached(w, &r, first_file);
    for (u32 i = 0; i < c.links.count && r.first && r.called; i++) {
        u32 symbol = pt_intern(w->names, c.links.data[i].name), target = PT_NONE;
        const pt_source_package *other = symbol < r.count && r.first[symbol] ? meant(l, &c.links.data[i]) : NULL;
        if (other) target = want_package(l, other);
        l->crates.data[index].links.data[i].target = target;
    }
    pt_free(r.first);
    pt_free(r.called);
}

/* Reads a package, and those whose names it shows. A list, no recursion: a chain of dependencies may be long. */
static u32 load_package(loading *l, const pt_source_package *p) {
    u32 index = want_package(l, p);
    while (l->read < l->crates.count && !pt_alloc_failed()) read_package(l, l->read++);
    return index;
}

/* Features. */

static bool is_on(const loaded *c, pt_str name) {
    char wanted[256];
    if (name.length > sizeof wanted - 3) return true;
    snprintf(wanted, sizeof wanted, ",%.*s,", (int)name.length, name.data);
    return c->features.count && strstr(c->features.data, wanted);
}

static bool same_code_name(pt_str a, pt_str b) {
    if (a.length != b.length) return false;
    for (u32 i = 0; i < a.length; i++)
        if ((a.data[i] == '-' ? '_' : a.data[i]) != (b.data[i] == '-' ? '_' : b.data[i])) return false;
    return true;
}

static void switch_on(loading *l, u32 index, pt_str name, u32 depth);

/* A member of a feature: another one, `dep:x`, `x/f` or `x?/f`. */
static void follow(loading *l, u32 index, pt_str member, u32 depth) {
    const char *slash = memchr(member.data, '/', member.length);
    pt_str name = member, of = {0};
    if (slash) {
        name = (pt_str){member.data, (u32)(slash - member.data)};
        of = (pt_str){slash + 1, member.length - name.length - 1};
        bool weak = name.length && name.data[name.length - 1] == '?';
        if (weak) name.length--;
        for (u32 i = 0; i < l->crates.data[index].links.count; i++) {
            crate_link *x = &l->crates.data[index].links.data[i];
            if (!same_code_name(x->name, name)) continue;
            x->is_on = x->is_on || !weak;
            u32 target = x->target;
            if (target != PT_NONE && (x->is_on || !x->is_optional)) switch_on(l, target, of, depth + 1);
        }
        return;
    }
    bool dependency = pt_str_starts(name, PT_STR("dep:"));
    if (dependency) name = (pt_str){name.data + 4, name.length - 4};
    for (u32 i = 0; i < l->crates.data[index].links.count; i++)
        if (same_code_name(l->crates.data[index].links.data[i].name, name))
            l->crates.data[index].links.data[i].is_on = true;
    if (!dependency) switch_on(l, index, name, depth + 1);
}

static void switch_on(loading *l, u32 index, pt_str name, u32 depth) {
    loaded *c = &l->crates.data[index];
    if (!name.length || depth > MAX_ROUNDS || is_on(c, name)) return;
    if (!c->features.count) pt_buffer_char(&c->features, ',');
    pt_buffer_str(&c->features, name);
    pt_buffer_char(&c->features, ',');
    for (u32 i = 0; i < c->links.count; i++)
        if (same_code_name(c->links.data[i].name, name)) c->links.data[i].is_on = true;
    for (u32 i = 0; i < c->table.count; i++) {
        if (!pt_str_equal(c->table.data[i].name, name)) continue;
        pt_str members = c->table.data[i].members;
        while (members.length) follow(l, index, next_line(&members, ','), depth + 1);
    }
}

static void ask_for(loading *l, u32 index, pt_str features) {
    while (features.length) switch_on(l, index, next_line(&features, ','), 0);
}

/* What crates ask of each other, until nothing is added. */
static void close_features(loading *l) {
    for (u32 round = 0, size = 0, before = PT_NONE; round < MAX_ROUNDS && size != before; round++) {
        before = size;
        size = 0;
        for (u32 i = 0; i < l->crates.count; i++) {
            for (u32 k = 0; k < l->crates.data[i].links.count; k++) {
                const crate_link x = l->crates.data[i].links.data[k];
                if (x.target != PT_NONE && (x.is_on || !x.is_optional)) ask_for(l, x.target, x.features);
            }
            size += l->crates.data[i].features.count;
        }
    }
}

/* Makes a crate of what was read. */
static void mount(loading *l, u32 index) {
    pt_world *w = l->w;
    loaded *c = &l->crates.data[index];
    const pt_file *root = &w->files.data[c->segment.roots[0]];
    bool no_std = (root->facts.header->attributes & PT_ATTR_NO_STD) != 0;
    u32 name = pt_intern(w->names, c->library);
    pt_crate made = {
        .name = name,
        .label = name,
        .package = PT_NONE,
        .target = PT_NONE,
        .edition = (u16)c->edition,
        .is_external = true,
        .no_std = no_std,
        .prelude = pt_world_prelude(w, (u16)c->edition, no_std),
        .features = pt_arena_copy(&w->arena, c->features.data ? c->features.data : ",", PT_MAX(c->features.count, 1u)),
        .hash = pt_crate_identity(c->package->name, c->package->version, "lib", "")};
    char folder[PATH_SIZE];
    const char *slash = strrchr(root->path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash ? (int)(slash - root->path) : 0, root->path);
    const char *kept = pt_arena_copy(&w->arena, folder, strlen(folder));
    u32 crate = made.features && kept ? pt_world_add_crate(w, made) : PT_NONE;
    if (crate == PT_NONE) return;
    u32 instance = pt_world_mount(w, c->segment.roots[0], crate, w->crates.data[crate].root, kept, PT_NO_DEF);
    if (instance == PT_NONE) return;
    w->defs.data[w->crates.data[crate].root].instance = instance;
    pt_world_mount_modules(w, instance);
    c->crate = crate;
    pt_loaded_dependency d = {pt_arena_copy(&w->arena, c->package->name, strlen(c->package->name)),
                              pt_arena_copy(&w->arena, c->package->version, strlen(c->package->version)), crate};
    if (d.package && d.version) pt_vec_push(&w->dependencies, d);
}

/* Gives a crate the names of what it depends on. */
static void link_names(loading *l, const loaded *c) {
    pt_world *w = l->w;
    for (u32 i = 0; i < c->links.count; i++) {
        const crate_link *x = &c->links.data[i];
        const pt_source_package *p = meant(l, x);
        u32 root = p ? pt_dependency_root(w, p->name, p->version) : PT_NO_DEF;
        if (root == PT_NO_DEF) {
            char path[256];
            snprintf(path, sizeof path, "%.*s", (int)x->package.length, x->package.data);
            for (char *at = path; *at; at++)
                if (*at == '-') *at = '_';
            root = pt_external(w, pt_str_of(path), PT_KIND_CRATE);
        }
        pt_crate_add_extern(&w->crates.data[c->crate], pt_intern(w->names, x->name), root);
    }
    for (u32 i = 0; i < w->std_crate_count; i++)
        pt_crate_add_extern(&w->crates.data[c->crate], w->crates.data[i].name, w->crates.data[i].root);
}

u32 pt_dependency_root(const pt_world *w, const char *package, const char *version) {
    for (u32 i = 0; i < w->dependencies.count; i++)
        if (w->dependencies.data[i].crate != PT_NONE && strcmp(w->dependencies.data[i].package, package) == 0 &&
            strcmp(w->dependencies.data[i].version, version) == 0)
            return w->crates.data[w->dependencies.data[i].crate].root;
    return PT_NO_DEF;
}

int pt_world_load_dependencies(pt_world *w, struct pt_package_sources *sources, const char *cache, pt_error *error) {
    loading l = {.w = w, .sources = sources, .cache = cache, .error = error};
    const pt_workspace *ws = w->workspace;
    for (u32 i = 0; i < ws->packages.count && !pt_alloc_failed(); i++) {
        const pt_package *package = &ws->packages.data[i];
        for (u32 k = 0; k < package->dependencies.count; k++) {
            const pt_dependency *d = &package->dependencies.data[k];
            const pt_source_package *p = d->version ? pt_choose_package(sources, ws, d->package, d->requirement) : NULL;
            u32 index = p ? load_package(&l, p) : PT_NONE;
            if (index != PT_NONE) ask_for(&l, index, pt_str_of(d->features));
            for (u32 f = 0; index != PT_NONE && f < package->asked.count; f++) {
                const char *text = package->asked.data[f], *slash = strchr(text, '/');
                u32 length = (u32)(slash - text);
                if (length && text[length - 1] == '?') length--;
                if (same_code_name((pt_str){text, length}, pt_str_of(d->name)))
                    switch_on(&l, index, pt_str_of(slash + 1), 0);
            }
        }
    }
    close_features(&l);
    for (u32 i = 0; i < l.crates.count && !pt_alloc_failed(); i++)
        if (l.crates.data[i].is_open) mount(&l, i);
    for (u32 i = 0; i < l.crates.count && !pt_alloc_failed(); i++)
        if (l.crates.data[i].crate != PT_NONE) link_names(&l, &l.crates.data[i]);
    w->is_growing = true;
    if (w->dependencies.count && !pt_alloc_failed()) pt_world_expand(w);
    w->is_growing = false;
    for (u32 i = 0; i < l.crates.count; i++) {
        pt_buffer_free(&l.crates.data[i].features);
        pt_vec_free(&l.crates.data[i].links);
        pt_vec_free(&l.crates.data[i].table);
    }
    pt_vec_free(&l.crates);
    w->imports.count = 0; /* what a dependency could not resolve is none of the workspace's concern */
    w->calls.count = 0;
    w->call_targets.count = 0;
    w->external_file_count = w->files.count;
    w->external_def_count = w->defs.count;
    return pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory while reading dependencies") : PT_OK;
}
