/* How fast tree-sitter-rust parses: reads the files of a list into memory, then parses one after the other on one thread.
 * Reading is not part of the time. Prints one JSON line. Built by bench.py from the sources of the npm packages. */
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <tree_sitter/api.h>

const TSLanguage *tree_sitter_rust(void);

typedef struct {
    char *text;
    uint32_t length;
} File;

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int read_file(const char *path, File *file) {
    FILE *in = fopen(path, "rb");
    if (!in) return 0;
    fseek(in, 0, SEEK_END);
    long size = ftell(in);
    rewind(in);
    file->text = malloc((size_t)size + 1);
    file->length = (uint32_t)fread(file->text, 1, (size_t)size, in);
    fclose(in);
    return 1;
}

int main(int argc, char **argv) {
    if (argc != 2 || argv[1][0] != '@') {
        fprintf(stderr, "usage: tree_sitter_bench @LIST\n");
        return 2;
    }
    FILE *list = fopen(argv[1] + 1, "r");
    if (!list) {
        perror(argv[1] + 1);
        return 2;
    }
    File *files = NULL;
    size_t count = 0, room = 0;
    uint64_t bytes = 0;
    char *line = NULL;
    size_t line_room = 0;
    ssize_t length;
    while ((length = getline(&line, &line_room, list)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == '\0') continue;
        if (count == room) {
            room = room ? room * 2 : 1024;
            files = realloc(files, room * sizeof *files);
        }
        if (!read_file(line, &files[count])) {
            perror(line);
            return 4;
        }
        bytes += files[count++].length;
    }
    fclose(list);

    TSParser *parser = ts_parser_new();
    if (!ts_parser_set_language(parser, tree_sitter_rust())) {
        fprintf(stderr, "the grammar does not fit the library\n");
        return 1;
    }
    size_t with_errors = 0;
    double start = now_ms();
    for (size_t i = 0; i < count; i++) {
        TSTree *tree = ts_parser_parse_string(parser, NULL, files[i].text, files[i].length);
        with_errors += ts_node_has_error(ts_tree_root_node(tree));
        ts_tree_delete(tree);
    }
    double spent = now_ms() - start;
    printf("{\"files\":%zu,\"bytes\":%llu,\"with_errors\":%zu,\"parse_ms\":%.3f,\"mb_per_s\":%.2f}\n", count,
           (unsigned long long)bytes, with_errors, spent, (double)bytes / 1e3 / spent);
    return 0;
}
