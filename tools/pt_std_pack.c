/* pt_std_pack: makes std's interface file. usage: pt-std-pack LIBRARY_FOLDER SUPPLEMENT OUT
 *
 * SUPPLEMENT (data/std_supplement.rs) is laid over the sources before they are read; its opening comment has the form. */
#include "base/parallel.h"
#include "resolve/world.h"

#include <stdio.h>

/* A file of the library with what the supplement adds to it. */
typedef struct patched {
    const char *path;
    pt_buffer text;
} patched;

static patched *patched_file(pt_source *source, patched *list, u32 *count, u32 limit, const char *path,
                             pt_error *error) {
    for (u32 i = 0; i < *count; i++)
        if (strcmp(list[i].path, path) == 0) return &list[i];
    char *text;
    u32 length;
    pt_file_stamp stamp;
    if (*count == limit || pt_source_read(source, &text, &length, &stamp, path, error)) return NULL;
    patched *p = &list[(*count)++];
    *p = (patched){pt_strndup(path, strlen(path)), {0}};
    pt_buffer_add(&p->text, text, length);
    pt_free(text);
    return p;
}

/* Puts `added` behind the first line that equals `line`. */
static bool insert(pt_buffer *text, pt_str line, pt_str added) {
    for (u32 at = 0; at < text->count;) {
        const char *end = memchr(text->data + at, '\n', text->count - at);
        u32 next = end ? (u32)(end - text->data) + 1 : text->count;
        if (pt_str_equal(pt_str_trim((pt_str){text->data + at, next - at}), line)) {
            pt_buffer made = {0};
            pt_buffer_add(&made, text->data, next);
            pt_buffer_str(&made, added);
            pt_buffer_add(&made, text->data + next, text->count - next);
            pt_buffer_free(text);
            *text = made;
            return true;
        }
        at = next;
    }
    return false;
}

static int lay_over(pt_source *source, const char *name, pt_error *error) {
    enum { LIMIT = 1000 };
    static patched files[LIMIT];
    u32 count = 0, length;
    char *supplement, path[512];
    int code = pt_file_read(&supplement, &length, name, 64 << 20, error);
    if (code) return code;
    const char *at = strstr(supplement, "\n//@ ");
    while (at && !code) {
        at += 5;
        const char *end = strchr(at, '\n'), *next = strstr(at, "\n//@ ");
        if (!end) break;
        pt_str line = {at, (u32)(end - at)},
               section = {end + 1, (u32)((next ? next + 1 : supplement + length) - end - 1)};
        const char *colon = strstr(at, ": ");
        bool inside = pt_str_starts(line, PT_STR("inside ")) && colon && colon < end;
        const char *start = at + 7; /* both words are as long */
        snprintf(path, sizeof path, "%.*s", (int)((inside ? colon : end) - start), start);
        patched *p = patched_file(source, files, &count, LIMIT, path, error);
        if (!p) {
            code = PT_ENOTFOUND;
        } else if (!inside) {
            pt_buffer_char(&p->text, '\n');
            pt_buffer_str(&p->text, section);
        } else if (!insert(&p->text, pt_str_trim((pt_str){colon + 2, (u32)(end - colon - 2)}), section)) {
            code = pt_fail(error, PT_ENOTFOUND, "%s: %.*s: no such line in the library", name, (int)line.length,
                           line.data);
        }
        at = next;
    }
    for (u32 i = 0; i < count; i++) {
        if (!code) code = pt_source_overlay(source, files[i].path, pt_buffer_view(&files[i].text), error);
        pt_free((void *)(uintptr_t)files[i].path);
        pt_buffer_free(&files[i].text);
    }
    pt_free(supplement);
    return code;
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "usage: pt-std-pack LIBRARY_FOLDER SUPPLEMENT OUT\n"), 2;
    pt_error error = {0};
    pt_source *source = NULL;
    pt_world *world = NULL;
    u64 start = pt_now_us();
    int code = pt_source_open_folder(&source, argv[1], &error);
    if (!code) code = lay_over(source, argv[2], &error);
    if (!code) code = pt_world_create(&world, source, NULL, pt_processor_count(), &error);
    if (!code) code = pt_world_make_std(world, argv[3], &error);
    if (code) fprintf(stderr, "pt-std-pack: %s\n", error.message);
    else
        printf("%s: %u files, %u definitions, %u expansions, %u open calls, %.0f ms\n", argv[3], world->files.count,
               world->defs.count, world->expansions.count, world->calls.count, (double)(pt_now_us() - start) / 1000);
    pt_world_destroy(world);
    pt_source_close(source);
    return code ? 1 : 0;
}
