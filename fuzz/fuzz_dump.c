/* fuzz_dump: any bytes as a code dump: every entry that is listed can be read, and manifests in it are parsed. */
#include "fuzz.h"
#include "workspace/cargo.h"

typedef struct walk_state {
    pt_source *source;
    char path[4096];
    u32 length, depth, left;
} walk_state;

static void visit(void *payload, const char *name, bool is_folder) {
    walk_state *w = payload;
    size_t n = strlen(name);
    LAW(n && !strchr(name, '/') && strcmp(name, "..") != 0, "name `%s`", name);
    if (!w->left || w->length + n + 2 > sizeof w->path || w->depth > 40) return;
    w->left--;
    u32 before = w->length;
    if (before) w->path[w->length++] = '/';
    memcpy(w->path + w->length, name, n + 1);
    w->length += (u32)n;
    w->depth++;
    if (is_folder) {
        char folder[4096];
        memcpy(folder, w->path, w->length + 1);
        pt_source_list(w->source, folder, visit, w);
    } else {
        char *text;
        u32 length;
        pt_file_stamp stamp;
        pt_error error = {0};
        int code = pt_source_read(w->source, &text, &length, &stamp, w->path, &error);
        LAW((code == PT_OK) == pt_source_is_file(w->source, w->path), "%s: %s", w->path, error.message);
        if (code == PT_OK) {
            for (u32 i = 0; i < 16; i++) LAW(text[length + i] == 0, "%s is not terminated", w->path);
            pt_free(text);
        }
    }
    w->depth--;
    w->length = before;
    w->path[before] = 0;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    char path[64];
    pt_error error = {0};
    pt_source *source = NULL;
    pt_workspace *workspace = NULL;
    pt_alloc_clear();
    int fd = fuzz_file(path, sizeof path, data, size);
    int code = pt_source_open_dump(&source, path, &error);
    LAW(code == PT_OK || (!source && error.message[0]), "code %d", code);
    if (code == PT_OK) {
        walk_state w = {.source = source, .left = 2000};
        pt_source_list(source, ".", visit, &w);
        (void)pt_source_skipped(source);
        code = pt_workspace_read(&workspace, source, &error);
        LAW(code == PT_OK || error.message[0], "code %d", code);
        if (code == PT_OK) pt_workspace_destroy(workspace);
        pt_source_close(source);
    }
    close(fd);
    return 0;
}
