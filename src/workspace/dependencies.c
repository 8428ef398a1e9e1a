#include "workspace/dependencies.h"

#include "workspace/toml.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, MAX_MANIFEST = 4 << 20, MAX_LINKS = 2000, MAX_FEATURES = 4000 };

/* Versions. */

typedef struct version {
    unsigned long part[3];
    u32 count;       /* parts that are written */
    const char *pre; /* behind the `-`, "" none */
} version;

static version parse_version(const char *text) {
    version v = {{0, 0, 0}, 0, ""};
    while (*text == ' ') text++;
    while (v.count < 3 && isdigit((unsigned char)*text)) {
        char *end;
        v.part[v.count++] = strtoul(text, &end, 10);
        text = end;
        if (*text != '.') break;
        text++;
    }
    if (v.count == 3 && *text == '-') v.pre = text + 1;
    return v;
}

static size_t pre_length(const char *pre) { return strcspn(pre, "+ ,"); }

static int compare_pre(const char *a, const char *b) {
    size_t n = pre_length(a), m = pre_length(b);
    if (!n || !m) return n == m ? 0 : n ? -1 : 1; /* a pre-release is before its release */
    while (n && m) {
        size_t x = strcspn(a, ".+ ,"), y = strcspn(b, ".+ ,");
        bool number = strspn(a, "0123456789") >= x, other = strspn(b, "0123456789") >= y;
        int order = number && other ? (x != y ? (x < y ? -1 : 1) : strncmp(a, b, x))
                    : number        ? -1
                    : other         ? 1
                                    : strncmp(a, b, PT_MAX(x, y));
        if (order) return order;
        x += a[x] == '.', y += b[y] == '.';
        a += x, n -= PT_MIN(x, n);
        b += y, m -= PT_MIN(y, m);
    }
    return n ? 1 : m ? -1 : 0;
}

static int compare(const version *a, const version *b) {
    for (u32 i = 0; i < 3; i++)
        if (a->part[i] != b->part[i]) return a->part[i] < b->part[i] ? -1 : 1;
    return compare_pre(a->pre, b->pre);
}

int pt_version_compare(const char *a, const char *b) {
    version x = parse_version(a), y = parse_version(b);
    return compare(&x, &y);
}

static bool same_parts(const version *a, const version *b, u32 count) {
    for (u32 i = 0; i < count; i++)
        if (a->part[i] != b->part[i]) return false;
    return true;
}

/* One comparator of a requirement. */
static bool meets(const char *text, const version *v) {
    static const char *const operators[] = {">=", "<=", ">", "<", "=", "^", "~"};
    const char *op = "^";
    while (*text == ' ') text++;
    for (u32 i = 0; i < PT_COUNT_OF(operators); i++)
        if (strncmp(text, operators[i], strlen(operators[i])) == 0) {
            op = operators[i];
            text += strlen(op);
            break;
        }
    version r = parse_version(text);
    const char *rest = text;
    while (*rest == ' ' || isdigit((unsigned char)*rest) || *rest == '.') rest++;
    bool wild = *rest == '*' || *rest == 'x' || *rest == 'X';
    if (*v->pre && !(*r.pre && same_parts(&r, v, 3))) return false; /* pre-releases only where one is asked for */
    if (!r.count) return true;
    if (wild) return same_parts(&r, v, r.count);
    int order = compare(v, &r);
    bool equal = same_parts(&r, v, r.count);
    switch (op[0]) {
    case '>': return op[1] ? order >= 0 : order > 0 && !(r.count < 3 && equal);
    case '<': return op[1] ? order <= 0 || (r.count < 3 && equal) : order < 0;
    case '=': return equal && (r.count < 3 || order == 0);
    case '~': return order >= 0 && same_parts(&r, v, PT_MIN(r.count, 2u));
    default: { /* the same up to the first part that is not 0 */
        u32 fixed = 1;
        while (fixed < r.count && !r.part[fixed - 1]) fixed++;
        return order >= 0 && same_parts(&r, v, fixed);
    }
    }
}

bool pt_version_matches(const char *requirement, const char *text) {
    version v = parse_version(text);
    for (const char *at = requirement; at; at = strchr(at, ',')) {
        if (*at == ',') at++;
        if (!meets(at, &v)) return false;
    }
    return true;
}

/* Places. */

/* NAME-1.2.3: where the version starts, or NULL. */
static const char *version_in(const char *folder) {
    for (const char *at = folder; (at = strchr(at, '-')); at++) {
        const char *p = at + 1;
        u32 parts = 0;
        while (isdigit((unsigned char)*p)) {
            while (isdigit((unsigned char)*p)) p++;
            parts++;
            if (parts == 3 || *p != '.') break;
            p++;
        }
        if (parts == 3) return at + 1;
    }
    return NULL;
}

/* Only what Cargo allows: names and versions become parts of paths. */
static bool is_plain(const char *text) {
    return strspn(text, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-+.") == strlen(text);
}

static void list_place(pt_package_sources *s, const char *place, bool named_versions, bool is_registry) {
    DIR *folder = opendir(place);
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        const char *name = entry->d_name, *at = version_in(name);
        char path[PATH_SIZE];
        if (name[0] == '.' || (named_versions && !at) || !is_plain(name)) continue;
        int n = snprintf(path, sizeof path, "%s/%s", place, name);
        if (n < 0 || n >= (int)sizeof path) continue;
        pt_source_package p = {pt_arena_copy(&s->arena, name, at ? (size_t)(at - name) - 1 : strlen(name)),
                               pt_arena_copy(&s->arena, path, (size_t)n),
                               at ? pt_arena_copy(&s->arena, at, strlen(at)) : NULL, is_registry};
        if (p.name && p.folder) pt_vec_push(&s->packages, p);
    }
    if (folder) closedir(folder);
}

static int by_name(const void *a, const void *b) {
    const pt_source_package *x = a, *y = b;
    int order = strcmp(x->name, y->name);
    return order ? order : strcmp(x->folder, y->folder);
}

/* What was listed last, in an order that no folder's own order changes. */
static void sort_from(pt_package_sources *s, u32 first) {
    if (s->packages.count > first)
        qsort(s->packages.data + first, s->packages.count - first, sizeof(pt_source_package), by_name);
}

static void list_configured(pt_package_sources *s, pt_workspace *w, pt_source *source) {
    static const char *const files[] = {".cargo/config.toml", ".cargo/config"};
    char path[PATH_SIZE];
    for (u32 i = 0; i < PT_COUNT_OF(files); i++) {
        char *text;
        u32 length;
        pt_file_stamp stamp;
        pt_toml *toml;
        if (pt_source_read(source, &text, &length, &stamp, files[i], NULL)) continue;
        const char *copy = pt_arena_copy(&w->arena, text, length);
        pt_free(text);
        if (!copy || pt_toml_parse(&toml, &w->arena, (pt_str){copy, length}, files[i], NULL)) continue;
        const pt_toml *all = pt_toml_get(toml, "source");
        for (const pt_toml *t = all && all->type == PT_TOML_TABLE ? all->child : NULL; t; t = t->next) {
            pt_str named = pt_toml_string(t, "directory", (pt_str){"", 0});
            if (!named.length) continue;
            if (named.data[0] == '/') snprintf(path, sizeof path, "%.*s", (int)named.length, named.data);
            else snprintf(path, sizeof path, "%s/%.*s", pt_source_root(source), (int)named.length, named.data);
            list_place(s, path, false, false);
        }
        break;
    }
    snprintf(path, sizeof path, "%s/vendor", pt_source_root(source));
    list_place(s, path, false, false);
}

static void list_registries(pt_package_sources *s) {
    char path[PATH_SIZE], place[PATH_SIZE];
    const char *home = getenv("CARGO_HOME"), *user = getenv("HOME");
    if (home && *home) snprintf(path, sizeof path, "%s/registry/src", home);
    else if (user && *user) snprintf(path, sizeof path, "%s/.cargo/registry/src", user);
    else return;
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.' && snprintf(place, sizeof place, "%s/%s", path, entry->d_name) < (int)sizeof place)
            list_place(s, place, true, true);
    if (folder) closedir(folder);
}

static int by_package(const void *a, const void *b, void *base) {
    const pt_source_package *all = base, *x = &all[*(const u32 *)a], *y = &all[*(const u32 *)b];
    int order = strcmp(x->name, y->name);
    return order ? order : *(const u32 *)a < *(const u32 *)b ? -1 : 1;
}

/* Sorts by name and keeps the order of places among equal ones. */
static void sort_packages(pt_package_sources *s) {
    u32 count = s->packages.count;
    u32 *order = pt_malloc(((size_t)count + 1) * sizeof *order);
    pt_source_package *sorted = pt_malloc(((size_t)count + 1) * sizeof *sorted);
    if (order && sorted && count) {
        for (u32 i = 0; i < count; i++) order[i] = i;
        qsort_r(order, count, sizeof *order, by_package, s->packages.data);
        for (u32 i = 0; i < count; i++) sorted[i] = s->packages.data[order[i]];
        memcpy(s->packages.data, sorted, count * sizeof *sorted);
    }
    pt_free(order);
    pt_free(sorted);
}

static pt_toml *read_toml(pt_arena *arena, const char *folder, pt_error *error) {
    char path[PATH_SIZE], *text;
    u32 length;
    pt_toml *toml = NULL;
    snprintf(path, sizeof path, "%s/Cargo.toml", folder);
    if (pt_file_read(&text, &length, path, MAX_MANIFEST, error)) return NULL;
    const char *copy = pt_arena_copy(arena, text, length);
    pt_free(text);
    if (!copy) return pt_set_error(error, PT_ENOMEM, "%s: out of memory", path), NULL;
    return pt_toml_parse(&toml, arena, (pt_str){copy, length}, path, error) ? NULL : toml;
}

static const char *keep(pt_arena *arena, pt_str text) {
    const char *copy = pt_arena_copy(arena, text.data, text.length);
    return copy ? copy : "";
}
static const char *code_name(pt_arena *arena, pt_str text) {
    char *copy = pt_arena_copy(arena, text.data, text.length);
    for (char *c = copy; c && *c; c++)
        if (*c == '-') *c = '_';
    return copy ? copy : "";
}

/* A vendored package says its version in its manifest. */
static const char *version_of(pt_package_sources *s, pt_source_package *p) {
    if (p->version) return p->version;
    const pt_toml *toml = read_toml(&s->arena, p->folder, NULL), *package = pt_toml_get(toml, "package");
    const char *written = keep(&s->arena, pt_toml_string(package, "version", (pt_str){"", 0}));
    return p->version = is_plain(written) ? written : "";
}

const pt_source_package *pt_choose_package(pt_package_sources *s, const pt_workspace *w, const char *name,
                                           const char *requirement) {
    const char *locked = NULL;
    for (u32 i = 0; i < w->locked.count; i++) /* sorted by name and version */
        if (strcmp(w->locked.data[i].name, name) == 0 && pt_version_matches(requirement, w->locked.data[i].version))
            locked = w->locked.data[i].version;
    u32 low = 0, high = s->packages.count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (strcmp(s->packages.data[middle].name, name) < 0) low = middle + 1;
        else high = middle;
    }
    pt_source_package *best = NULL;
    for (; low < s->packages.count && strcmp(s->packages.data[low].name, name) == 0; low++) {
        pt_source_package *p = &s->packages.data[low];
        const char *v = version_of(s, p);
        if (!*v || (locked ? strcmp(v, locked) != 0 : !pt_version_matches(requirement, v))) continue;
        if (!best || pt_version_compare(best->version, v) < 0) best = p;
    }
    return best;
}

int pt_find_packages(pt_package_sources *out, pt_workspace *w, pt_source *source, pt_error *error) {
    *out = (pt_package_sources){0};
    bool wanted = false;
    for (u32 i = 0; i < w->packages.count; i++)
        for (u32 d = 0; d < w->packages.data[i].dependencies.count; d++)
            wanted = wanted || w->packages.data[i].dependencies.data[d].target_package == PT_NONE;
    if (!wanted) return PT_OK;
    if (!pt_source_is_dump(source)) list_configured(out, w, source);
    sort_from(out, 0);
    u32 first = out->packages.count;
    list_registries(out);
    sort_from(out, first);
    first = out->packages.count;
    list_place(out, "/usr/share/cargo/registry", true, false);
    sort_from(out, first);
    sort_packages(out);
    for (u32 i = 0; i < w->packages.count; i++)
        for (u32 k = 0; k < w->packages.data[i].dependencies.count; k++) {
            pt_dependency *d = &w->packages.data[i].dependencies.data[k];
            const pt_source_package *p =
                d->target_package == PT_NONE ? pt_choose_package(out, w, d->package, d->requirement) : NULL;
            if (p) d->version = p->version, d->folder = p->folder;
        }
    return pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "out of memory while looking for dependencies") : PT_OK;
}

void pt_package_sources_free(pt_package_sources *s) {
    pt_vec_free(&s->packages);
    pt_arena_free(&s->arena);
}

static void read_table(pt_package_interface *out, pt_arena *arena, const pt_toml *table) {
    for (const pt_toml *d = table && table->type == PT_TOML_TABLE ? table->child : NULL; d; d = d->next) {
        if (out->dependencies.count > MAX_LINKS) return;
        pt_str requirement = d->type == PT_TOML_STRING ? d->text : pt_toml_string(d, "version", PT_STR("*"));
        pt_dependency x = {.name = code_name(arena, d->key),
                           .package = keep(arena, pt_toml_string(d, "package", d->key)),
                           .requirement = keep(arena, requirement),
                           .features = pt_asked_features(arena, d, NULL),
                           .is_optional = pt_toml_boolean(d, "optional", false),
                           .target_package = PT_NONE};
        bool seen = false;
        for (u32 i = 0; i < out->dependencies.count; i++)
            seen = seen || strcmp(out->dependencies.data[i].name, x.name) == 0;
        if (!seen) pt_vec_push(&out->dependencies, x);
    }
}

int pt_read_interface(pt_package_interface *out, pt_arena *arena, const pt_source_package *p, pt_error *error) {
    *out = (pt_package_interface){.name = p->name, .version = p->version, .edition = 2015};
    const pt_toml *toml = read_toml(arena, p->folder, error);
    if (!toml) return error && error->code ? error->code : PT_ECORRUPT;
    const pt_toml *package = pt_toml_get(toml, "package"), *lib = pt_toml_get(toml, "lib");
    pt_str edition = pt_toml_string(package, "edition", PT_STR("2015"));
    for (u32 year = 2018; year <= 2024; year += 3)
        if (edition.length == 4 && (u32)atoi(edition.data) == year) out->edition = (u16)year;
    out->library = code_name(arena, pt_toml_string(lib, "name", pt_str_of(p->name)));
    out->root = keep(arena, pt_toml_string(lib, "path", PT_STR("src/lib.rs")));
    out->is_proc_macro = pt_toml_boolean(lib, "proc-macro", pt_toml_boolean(lib, "proc_macro", false));
    read_table(out, arena, pt_toml_get(toml, "dependencies"));
    const pt_toml *targets = pt_toml_get(toml, "target");
    for (const pt_toml *t = targets && targets->type == PT_TOML_TABLE ? targets->child : NULL; t; t = t->next)
        read_table(out, arena, pt_toml_get(t, "dependencies"));
    const pt_toml *features = pt_toml_get(toml, "features");
    for (const pt_toml *f = features && features->type == PT_TOML_TABLE ? features->child : NULL; f; f = f->next) {
        pt_buffer members = {0};
        for (const pt_toml *m = f->type == PT_TOML_ARRAY ? f->child : NULL; m; m = m->next) {
            pt_buffer_str(&members, m->text);
            pt_buffer_char(&members, ',');
        }
        pt_feature x = {keep(arena, f->key), keep(arena, (pt_str){members.data ? members.data : "", members.count})};
        pt_vec_push(&out->features, x);
        pt_buffer_free(&members);
        if (out->features.count > MAX_FEATURES) break;
    }
    if (out->dependencies.count > MAX_LINKS || out->features.count > MAX_FEATURES)
        return pt_fail(error, PT_ELIMIT, "%s: more than %d dependencies or %d features: not read", p->folder, MAX_LINKS,
                       MAX_FEATURES);
    return pt_alloc_failed() ? pt_fail(error, PT_ENOMEM, "%s: out of memory", p->folder) : PT_OK;
}
