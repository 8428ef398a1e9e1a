/* pt_frontend: the front end alone, for judges and benches.
 *   pt-frontend items [--edition N] FILE... | @LIST     every item as a JSON line
 *   pt-frontend check [--max-mb N] PATH...              syntax errors of all .rs files below
 *   pt-frontend bench [--edition N] @LIST               time of lexing, parsing, noting, one thread */
#include "base/alloc.h"
#include "base/file.h"
#include "facts/facts.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

static struct { PT_VEC(char *) paths; } state;

static int visit(const char *path, const struct stat *status, int type, struct FTW *ftw) {
    (void)status, (void)ftw;
    size_t n = strlen(path);
    if (type == FTW_F && n > 3 && strcmp(path + n - 3, ".rs") == 0) pt_vec_push(&state.paths, pt_strndup(path, n));
    return 0;
}

static void add_list(const char *file) {
    FILE *in = fopen(file, "r");
    char line[8192];
    while (in && fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = 0;
        if (line[0]) pt_vec_push(&state.paths, pt_strndup(line, strlen(line)));
    }
    if (in) fclose(in);
}

static void print_json_string(pt_str text) {
    putchar('"');
    for (u32 i = 0; i < text.length; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == '"' || c == '\\') printf("\\%c", c);
        else if (c < ' ') printf("\\u%04x", c);
        else putchar(c);
    }
    putchar('"');
}

static void print_items(const char *path, const pt_facts *f) {
    for (u32 i = 0; i < f->header->item_count; i++) {
        const pt_item *t = &f->items[i];
        if (t->kind == PT_KIND_BLOCK) continue;
        printf("{\"file\":");
        print_json_string(pt_str_of(path));
        printf(",\"kind\":\"%s\",\"name\":", pt_kind_name(t->kind));
        print_json_string(pt_facts_string(f, t->name));
        printf(",\"line\":%u,\"end_line\":%u}\n", t->line, t->end_line);
    }
}

int main(int argc, char **argv) {
    if (argc < 3) return fprintf(stderr, "usage: pt-frontend items|check|bench [--edition N] PATH...|@LIST\n"), 2;
    u32 edition = 2021;
    u64 max_bytes = UINT64_MAX, bytes = 0, errors = 0, items = 0;
    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--edition") == 0 && i + 1 < argc) edition = (u32)atoi(argv[++i]);
        else if (strcmp(argv[i], "--max-mb") == 0 && i + 1 < argc) max_bytes = (u64)atoll(argv[++i]) << 20;
        else if (argv[i][0] == '@') add_list(argv[i] + 1);
        else if (strcmp(argv[1], "check") == 0) nftw(argv[i], visit, 32, FTW_PHYS);
        else pt_vec_push(&state.paths, pt_strndup(argv[i], strlen(argv[i])));
    }
    pt_extractor *x = pt_extractor_create();
    u64 start = pt_now_ns(), spent = 0;
    u32 files = 0;
    for (u32 i = 0; i < state.paths.count && bytes < max_bytes; i++) {
        char *text;
        u32 length, size;
        void *block;
        pt_error error = {0};
        pt_facts facts;
        if (pt_file_read(&text, &length, state.paths.data[i], 1u << 30, &error)) {
            fprintf(stderr, "pt-frontend: %s\n", error.message);
            continue;
        }
        bytes += length;
        files++;
        u64 before = pt_now_ns();
        int code = pt_extract(&block, &size, x, text, length, edition, PT_TEXT_ITEMS);
        spent += pt_now_ns() - before;
        if (code == PT_OK && pt_facts_open(&facts, block, size, strcmp(argv[1], "check") == 0, &error) == PT_OK) {
            items += facts.header->item_count;
            if (strcmp(argv[1], "items") == 0) print_items(state.paths.data[i], &facts);
            errors += facts.header->error_count != 0;
            if (strcmp(argv[1], "check") == 0)
                for (u32 e = 0; e < facts.header->error_count; e++) {
                    pt_str message = pt_facts_string(&facts, facts.errors[e].message);
                    printf("error %s:%u:%u: %.*s\n", state.paths.data[i], facts.errors[e].line, facts.errors[e].column,
                           (int)message.length, message.data);
                }
        } else {
            fprintf(stderr, "pt-frontend: %s: %s\n", state.paths.data[i],
                    error.message[0] ? error.message : pt_error_text(code));
        }
        pt_free(block);
        pt_free(text);
    }
    u64 lex, parse, note;
    pt_extractor_times(x, &lex, &parse, &note);
    if (strcmp(argv[1], "bench") == 0)
        printf("{\"files\":%u,\"bytes\":%llu,\"lex_ms\":%.2f,\"parse_ms\":%.2f,\"facts_ms\":%.2f,\"total_ms\":%.2f,"
               "\"mb_per_s\":%.1f}\n",
               files, (unsigned long long)bytes, (double)lex / 1e6, (double)parse / 1e6, (double)note / 1e6,
               (double)spent / 1e6, (double)bytes / ((double)spent / 1e9) / 1e6);
    else if (strcmp(argv[1], "check") == 0)
        printf("%u files, %.1f MB, %llu items, %llu files with errors, %.0f ms\n", files, (double)bytes / 1e6,
               (unsigned long long)items, (unsigned long long)errors, (double)(pt_now_ns() - start) / 1e6);
    pt_extractor_destroy(x);
    for (u32 i = 0; i < state.paths.count; i++) pt_free(state.paths.data[i]);
    pt_vec_free(&state.paths);
    return 0;
}
