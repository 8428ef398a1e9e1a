/* fuzz_interface: an interface file from outside, its checksums made right: what is taken for valid can be mounted,
 * expanded and used by a crate. Seeds are segments (~/.cache/parseltongue/segments); Rust text becomes one. */
#include "resolve/interface_format.h"

#include "fuzz_image.h"

typedef pt_interface_header header;
typedef pt_interface_record record;

static u32 magic, version; /* of the files that are written now */
static u32 sum;            /* keeps reads alive */

static pt_source *empty_source(void) {
    static const char dump[] = "FILE: x\n";
    char path[64];
    pt_error error = {0};
    pt_source *source = NULL;
    int fd = fuzz_file(path, sizeof path, dump, sizeof dump - 1);
    if (pt_source_open_dump(&source, path, &error)) abort();
    close(fd);
    return source;
}

/* Writes a world, reads it back; freed with free. */
static u8 *written(pt_world *w, const u32 *roots, u32 count, size_t *size) {
    char path[64];
    pt_error error = {0};
    snprintf(path, sizeof path, "/tmp/fuzz-interface-%d", (int)getpid());
    LAW(pt_interface_write(w, roots, count, PT_STR("2\ndemo\n2021\n0\n"), path, &error) == PT_OK, "%s", error.message);
    FILE *in = fopen(path, "rb");
    if (!in) abort();
    (void)fseek(in, 0, SEEK_END);
    *size = (size_t)ftell(in);
    rewind(in);
    u8 *bytes = malloc(*size);
    if (!bytes || fread(bytes, 1, *size, in) != *size) abort();
    (void)fclose(in);
    unlink(path);
    return bytes;
}

static void learn(void) {
    pt_world *w = NULL;
    pt_error error = {0};
    size_t size;
    if (magic) return;
    if (pt_world_create(&w, NULL, NULL, 1, &error)) abort();
    u8 *bytes = written(w, NULL, 0, &size);
    const header *h = (const void *)bytes;
    magic = h->magic, version = h->version;
    free(bytes);
    pt_world_destroy(w);
}

static u32 mount(pt_world *w, u32 root, pt_str name, u32 edition) {
    pt_crate c = {.name = pt_intern(w->names, name),
                  .label = pt_intern(w->names, name),
                  .package = PT_NONE,
                  .target = PT_NONE,
                  .edition = (u16)edition,
                  .is_external = true,
                  .prelude = PT_NO_DEF,
                  .features = w->is_segment ? NULL : ",default,std,",
                  .hash = pt_crate_identity("dep", "1.0.0", "lib", "")};
    u32 crate = pt_world_add_crate(w, c);
    if (crate == PT_NONE) return PT_NONE;
    const pt_file *f = &w->files.data[root];
    const char *slash = strrchr(f->path, '/');
    size_t length = slash ? (size_t)(slash - f->path) : 0;
    u32 instance = pt_world_mount(w, root, crate, w->crates.data[crate].root, pt_arena_copy(&w->arena, f->path, length),
                                  PT_NO_DEF);
    if (instance == PT_NONE) return crate;
    w->defs.data[w->crates.data[crate].root].instance = instance;
    pt_world_mount_modules(w, instance);
    return crate;
}

/* Rust text as a segment of one file. */
static u8 *segment_of(const u8 *data, size_t size, size_t *made) {
    static const char head[] = "FILE: src/lib.rs\n";
    char path[64];
    pt_error error = {0};
    pt_source *source = NULL;
    pt_world *w = NULL;
    char *dump = malloc(sizeof head + size);
    if (!dump) abort();
    memcpy(dump, head, sizeof head - 1);
    if (size) memcpy(dump + sizeof head - 1, data, size);
    int fd = fuzz_file(path, sizeof path, dump, sizeof head - 1 + size);
    free(dump);
    if (pt_source_open_dump(&source, path, &error) || pt_world_create(&w, source, NULL, 1, &error)) abort();
    close(fd);
    w->is_segment = true;
    u32 root = pt_world_add_file(w, "src/lib.rs", 2021);
    const char *folder = "src";
    if (pt_world_read_closure(w, NULL, &root, &folder, 1)) abort();
    if (!w->files.data[root].read_code) {
        (void)mount(w, root, PT_STR("demo"), 2021);
        pt_world_expand(w);
    }
    u8 *bytes = written(w, &root, 1, made);
    pt_world_destroy(w);
    pt_source_close(source);
    return bytes;
}

static bool is_file(const u8 *data, size_t size) {
    learn();
    return size >= sizeof(header) && memcmp(data, &magic, sizeof magic) == 0;
}

static bool inside(u64 at, u64 length, u64 size) { return at <= size && length <= size - at; }

static record *record_of(u8 *file, size_t size, u32 i) {
    u64 at = sizeof(header) + (u64)i * sizeof(record);
    return i < ((header *)(void *)file)->file_count && inside(at, sizeof(record), size) ? (record *)(void *)(file + at)
                                                                                        : NULL;
}

/* Versions, sizes and checksums, of the file and of every block of facts that lies in it. */
static void repair(u8 *file, size_t size) {
    header *h = (void *)file;
    record *r;
    h->magic = magic;
    h->version = version;
    h->extractor = PT_EXTRACTOR_VERSION;
    h->size = size;
    for (u32 i = 0; (r = record_of(file, size, i)); i++) {
        if (!inside(r->block, r->block_size, size) || r->block % 8 || r->block_size < sizeof(pt_facts_header)) continue;
        pt_facts_header *f = (void *)(file + r->block);
        f->magic = PT_FACTS_MAGIC;
        f->version = PT_EXTRACTOR_VERSION;
        f->size = r->block_size;
        f->checksum = pt_hash_bytes(file + r->block + sizeof *f, r->block_size - sizeof *f);
    }
    h->checksum = pt_hash_bytes(file + sizeof *h, size - sizeof *h);
}

/* A crate that uses what the file tells of: `pub use dep::*`, its macros called, its types with methods called. */
static void write_user(pt_buffer *out, const pt_world *w) {
    pt_buffer_text(out, "FILE: Cargo.toml\n[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2021\"\n"
                        "[dependencies]\ndep = \"1\"\nFILE: src/lib.rs\npub use dep::*;\n");
    u32 told = 0;
    for (u32 i = 0; i < w->files.count; i++) {
        const pt_facts *f = &w->files.data[i].facts;
        for (u32 k = 0; !w->files.data[i].read_code && f->header && k < f->header->item_count && told < 24; k++) {
            pt_str name = pt_facts_string(f, f->items[k].name);
            int n = (int)name.length;
            if (!n || n > 64) continue;
            told++;
            switch (f->items[k].kind) {
            case PT_KIND_MACRO:
                pt_buffer_format(out, "dep::%.*s! { a, b; pub struct S%u { x: u8 } }\n", n, name.data, k);
                pt_buffer_format(out, "fn m%u_%u(t: dep::%.*s!(u8)) { let x = dep::%.*s!(1, t); x.clone() }\n", i, k, n,
                                 name.data, n, name.data);
                break;
            case PT_KIND_TRAIT:
                pt_buffer_format(out, "fn t%u_%u<T: %.*s>(t: T) { t.clone().next().unwrap() }\n", i, k, n, name.data);
                break;
            case PT_KIND_FN:
                pt_buffer_format(out, "fn f%u_%u() { let x = %.*s(1); x.len().clone() }\n", i, k, n, name.data);
                break;
            case PT_KIND_METHOD:
                pt_buffer_format(out, "fn n%u_%u<T>(t: T) { t.%.*s(); T::%.*s(t).x }\n", i, k, n, name.data, n,
                                 name.data);
                break;
            case PT_KIND_STRUCT:
            case PT_KIND_ENUM:
            case PT_KIND_TYPE_ALIAS:
                pt_buffer_format(out, "fn s%u_%u(t: &%.*s) { for x in t.clone().iter() { x.get()?; } *t + t[0] }\n", i,
                                 k, n, name.data);
                break;
            default: told--;
            }
        }
    }
}

static void use(const u8 *file, size_t size) {
    char path[64], dump[64];
    pt_error error = {0};
    pt_interface loaded;
    pt_world *w = NULL;
    pt_source *source = empty_source();
    int fd = fuzz_file(path, sizeof path, file, size);
    pt_buffer text = {0};
    if (pt_world_create(&w, source, NULL, 1, &error)) abort();
    int code = pt_interface_load(w, &loaded, path, "dep-1.0.0:/", true, &error);
    LAW(code == PT_OK || error.message[0], "code %d", code);
    if (code == PT_ECORRUPT)
        LAW(!w->files.count && !w->prepared.count, "a file that is refused leaves %u files", w->files.count);
    if (!code) {
        for (u32 i = 0; i <= loaded.info.length; i++) sum += (u8)loaded.info.data[i];
        write_user(&text, w);
    }
    pt_world_destroy(w);
    pt_source_close(source);
    w = NULL;
    u32 root = code ? PT_NONE : loaded.roots[0];
    if (root == PT_NONE) goto end;

    pt_workspace *workspace = NULL;
    pt_graph *graph = NULL;
    pt_sites sites = {0};
    int lib = fuzz_file(dump, sizeof dump, text.data, text.count);
    if (pt_source_open_dump(&source, dump, &error) || pt_workspace_read(&workspace, source, &error)) abort();
    close(lib);
    for (u32 i = 0; i < workspace->packages.data[0].dependencies.count; i++)
        workspace->packages.data[0].dependencies.data[i].version = "1.0.0";
    if (pt_world_create(&w, source, workspace, 1, &error)) abort();
    LAW(pt_interface_load(w, &loaded, path, "dep-1.0.0:/", true, &error) == PT_OK, "the second time: %s",
        error.message);
    const pt_file *f = &w->files.data[root];
    if (!f->read_code && f->facts.header) {
        u32 crate = mount(w, root, PT_STR("dep"), f->edition);
        if (crate != PT_NONE) pt_vec_push(&w->dependencies, (pt_loaded_dependency){"dep", "1.0.0", crate});
        w->is_growing = true;
        pt_world_expand(w);
        w->is_growing = false;
        w->imports.count = w->calls.count = w->call_targets.count = 0;
        w->external_file_count = w->files.count;
        w->external_def_count = w->defs.count;
        code = pt_world_load(w, NULL, &error);
        if (!code) code = pt_resolve_world(&sites, w, &error);
        if (!code) {
            pt_world_drop_texts(w);
            code = pt_graph_build(&graph, NULL, w, &sites, 1, &error);
        }
        LAW(code == PT_OK || error.message[0], "code %d", code);
        if (!code) LAW(pt_graph_validate(graph, &error) == PT_OK, "%s", error.message);
    }
    pt_sites_free(&sites);
    pt_graph_close(graph);
    pt_world_destroy(w);
    pt_workspace_destroy(workspace);
    pt_source_close(source);
end:
    pt_buffer_free(&text);
    close(fd);
}

/* A part of the file: header and records, what is prepared, info and paths, facts, a text. */
static void pick(const u8 *file, size_t size, u32 *state, size_t *from, size_t *to) {
    const header *h = (const void *)file;
    const record *r = h->file_count ? record_of((u8 *)(uintptr_t)file, size, fuzz_random(state) % h->file_count) : NULL;
    u64 at = 8, end = size, records = sizeof *h + (u64)h->file_count * sizeof *r;
    switch (fuzz_random(state) % 6) {
    case 0: end = PT_MIN(records, size); break;
    case 1:
        at = records;
        end = records + (u64)h->prepared_count * sizeof(pt_prepared);
        break;
    case 2:
        at = h->info;
        end = at + h->info_length;
        break;
    case 3:
        if (r) at = r->text, end = at + r->text_length;
        break;
    default:
        if (r) at = r->block, end = at + r->block_size;
    }
    if (!inside(at, 8, size) || end > size || end < at + 8) at = 8, end = size;
    *from = at;
    *to = end;
}

size_t LLVMFuzzerCustomMutator(u8 *data, size_t size, size_t most, unsigned seed) {
    u32 state = seed;
    if (!is_file(data, size)) {
        pt_alloc_clear();
        size_t made = 0;
        u8 *file = segment_of(data, size, &made);
        if (made <= most) memcpy(data, file, size = made);
        else size = LLVMFuzzerMutate(data, size / 2, most);
        free(file);
        return size;
    }
    if (fuzz_random(&state) % 16 == 0) return LLVMFuzzerMutate(data, size, most);
    size_t from, to;
    pick(data, size, &state, &from, &to);
    if (fuzz_random(&state) % 8 == 0) (void)LLVMFuzzerMutate(data + from, to - from, to - from);
    else fuzz_change_words(data + from, to - from, 0, fuzz_random(&state));
    return size;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    pt_alloc_clear();
    if (!is_file(data, size)) {
        size_t made;
        u8 *file = segment_of(data, size, &made);
        use(file, made);
        free(file);
        return 0;
    }
    u8 *file = malloc(size);
    if (!file) abort();
    memcpy(file, data, size);
    repair(file, size);
    use(file, size);
    free(file);
    return 0;
}
