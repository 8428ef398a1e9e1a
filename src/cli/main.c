/* main.c: the command line. It reads arguments, asks, prints; it knows nothing about graphs. */
#include "cli/ask.h"
#include "cli/print.h"
#include "export/export.h"
#include "live/index.h"
#include "live/prometheus.h"
#include "query/check.h"
#include "query/render.h"
#include "query/request.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef PT_VERSION
#define PT_VERSION "0.1.0"
#endif

typedef struct option {
    const char *name;
    char type; /* b flag, s text, n number */
    size_t offset;
    const char *argument, *help;
} option;

#define AT(field) offsetof(options, field)
static const option known_options[] = {
    {"--workspace", 's', AT(workspace), "DIR", "the workspace (default: the nearest Cargo.toml upwards)"},
    {"--store", 's', AT(store), "URI", "where the index is kept (default: native:.parseltongue/graph there)"},
    {"--json", 'b', AT(json), NULL, "answer as one JSON object"},
    {"--limit", 'n', AT(limit), "N", "at most N rows; 0: all"},
    {"--all", 'b', AT(all), NULL, "answer for every item an ambiguous name may mean"},
    {"--candidates", 'b', AT(candidates), NULL, "also edges that are merely possible"},
    {"--cfg", 's', AT(cfg), "SET", "only what exists under `host`, or under options separated by commas"},
    {"--depth", 'n', AT(depth), "N", "steps of blast-radius (default 3) and neighbourhood (default 1)"},
    {"--level", 's', AT(level), "LEVEL",
     "find-cycles: module, type or call (default module); context: menu, signatures or bodies (default bodies)"},
    {"--budget", 'n', AT(budget), "TOKENS", "context: at most so many tokens (default 4000)"},
    {"--kind", 's', AT(kind), "KIND", "list, search, unused: only this kind (struct, fn, method ...)"},
    {"--cursor", 's', AT(cursor), "CURSOR", "list: go on where an answer ended"},
    {"--format", 's', AT(format), "FORMAT",
     "export: jsonl, dot, graphml, mermaid, scip or sqlite (default jsonl); check: sarif; context, explore: text, "
     "markdown,\n"
     "                             json or compact"},
    {"--engine", 's', AT(engine), "ENGINE",
     "memory, or store: who-implements, blast-radius and find-cycles from the store itself"},
    {"--rebuild", 'b', AT(rebuild), NULL, "index: read everything anew; replace a store that cannot be read"},
    {"--repair", 'b', AT(repair), NULL, "doctor: rebuild the store, from what is whole of it and from the sources"},
    {"--prometheus", 'b', AT(prometheus), NULL, "stats: the daemon's times and sizes, as Prometheus reads them"},
    {"--durability", 's', AT(durability), "LEVEL",
     "index: full (on the disk when it returns) or normal (default: a power cut may take the last commit)"},
    {"--no-dependencies", 'b', AT(no_dependencies), NULL, "index: do not read the sources of dependencies"},
    {"--threads", 'n', AT(threads), "N", "index: threads (default: processors)"},
    {"--std-interface", 's', AT(std_interface), "FILE", "index: interface of std (default: beside the program)"},
    {"--no-daemon", 'b', AT(no_daemon), NULL, "read the store, do not ask the workspace's daemon"},
    {"--wait", 'n', AT(wait), "MS", "how long to wait for saves that the daemon has not taken in yet (default 12)"},
    {"--idle", 'n', AT(idle), "MINUTES", "daemon: ends when nobody asked for so long (default 180; 0: never)"},
    {"--cache", 'n', AT(cache), "N", "daemon: answers it keeps until the next change (default 256; 0: none)"},
    {"--output", 's', AT(output), "FILE", "export --format sqlite: the file to make"},
    {"--port", 'n', AT(port), "N", "serve: the port (default: the workspace's own, or any free one)"},
    {"--address", 's', AT(address), "ADDRESS", "serve: another address than 127.0.0.1; it wants a token"},
    {"--token-file", 's', AT(token_file), "FILE",
     "serve: a file whose first line requests have to bear as their token"},
    {"--stale-ok", 'b', AT(stale_ok), NULL, "do not look whether files changed since the index"},
    {"--color", 's', AT(color), "WHEN", "auto, always or never"},
    {"--quiet", 'b', AT(quiet), NULL, "only the answer"},
    {"--help", 'b', AT(help), NULL, "this help"},
};

static void usage(FILE *out) {
    u32 count;
    const pt_query_info *list = pt_query_list(&count);
    fputs("usage: parseltongue COMMAND [ARGUMENTS] [OPTIONS]\n\ncommands:\n", out);
    fprintf(out, "  %-26s %s\n", "index [PATH]", "read a workspace, crate, folder or code dump (-: standard input)");
    for (u32 i = 0; i < count; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", list[i].name, list[i].arguments);
        fprintf(out, "  %-26s %s\n", left, list[i].help);
    }
    fprintf(out, "  %-26s %s\n", "export", "the whole graph (--format)");
    fprintf(out, "  %-26s %s\n", "diff REV1 [REV2]",
            "what changed, item by item, and whom it reaches (default: to the files)");
    fprintf(out, "  %-26s %s\n", "migrate FROM-URI TO-URI", "a store into a new one of any engine");
    fprintf(out, "  %-26s %s\n", "verify", "read the store through and hold it against every law");
    fprintf(out, "  %-26s %s\n", "daemon ACTION", "start, stop, status, run, restart: keep the workspace indexed");
    fprintf(out, "  %-26s %s\n", "watch", "each update of the daemon, as it happens");
    fprintf(out, "  %-26s %s\n", "lsp", "answer an editor: Language Server Protocol on standard input and output");
    fprintf(out, "  %-26s %s\n", "serve",
            "the dashboard, and JSON, metrics, events, MCP: HTTP on loopback (--port), through the daemon");
    fprintf(out, "  %-26s %s\n\noptions:\n", "mcp",
            "answer a coding agent: Model Context Protocol on standard input and output");
    for (u32 i = 0; i < PT_COUNT_OF(known_options); i++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", known_options[i].name,
                 known_options[i].argument ? known_options[i].argument : "");
        fprintf(out, "  %-26s %s\n", left, known_options[i].help);
    }
    fputs("\nITEM is a path or any unambiguous end of one (`Parser::new`), `<Type as Trait>::member`, or "
          "FILE:LINE[:COL].\n"
          "exit: 0 answered, 1 internal failure, 2 usage, 3 no such item or ambiguous, 4 input or store unreadable\n",
          out);
}

static int parse(options *o, int argc, char **argv) {
    bool only_arguments = false;
    for (int i = 1; i < argc; i++) {
        const char *a = argv[i];
        if (only_arguments || a[0] != '-' || strcmp(a, "-") == 0) {
            if (!o->command) o->command = a;
            else if (o->argument_count < MOST_ARGUMENTS) o->arguments[o->argument_count++] = a;
            else return fprintf(stderr, "parseltongue: %s: one argument too many\n", a), EXIT_USAGE;
            continue;
        }
        if (strcmp(a, "--") == 0) {
            only_arguments = true;
            continue;
        }
        if (strcmp(a, "-h") == 0) a = "--help";
        if (strcmp(a, "--version") == 0 || strcmp(a, "-V") == 0) {
            o->command = "version";
            continue;
        }
        const char *equals = strchr(a, '=');
        size_t n = equals ? (size_t)(equals - a) : strlen(a);
        const option *found = NULL;
        for (u32 k = 0; k < PT_COUNT_OF(known_options); k++)
            if (strlen(known_options[k].name) == n && strncmp(known_options[k].name, a, n) == 0)
                found = &known_options[k];
        if (!found) return fprintf(stderr, "parseltongue: %s: no such option; see --help\n", a), EXIT_USAGE;
        void *field = (char *)o + found->offset;
        if (found->type == 'b') {
            if (equals) return fprintf(stderr, "parseltongue: %s takes no value\n", found->name), EXIT_USAGE;
            *(bool *)field = true;
            continue;
        }
        const char *value = equals ? equals + 1 : i + 1 < argc ? argv[++i] : NULL;
        if (!value) return fprintf(stderr, "parseltongue: %s wants %s\n", found->name, found->argument), EXIT_USAGE;
        if (found->type == 's') {
            *(const char **)field = value;
        } else {
            char *end;
            errno = 0;
            unsigned long number = strtoul(value, &end, 10);
            if (*end || end == value || errno || number > UINT32_MAX || value[0] == '-')
                return fprintf(stderr, "parseltongue: %s %s: not a number\n", found->name, value), EXIT_USAGE;
            *(u32 *)field = (u32)number;
            if (found->offset == AT(limit)) o->has_limit = true;
            if (found->offset == AT(idle)) o->has_idle = true;
            if (found->offset == AT(cache)) o->has_cache = true;
            if (found->offset == AT(wait)) o->has_wait = true;
        }
    }
    return EXIT_ANSWERED;
}

int pt_exit_code(int code) {
    switch (code) {
    case PT_OK: return EXIT_ANSWERED;
    case PT_EUSAGE: return EXIT_USAGE;
    case PT_ENOTFOUND:
    case PT_EAMBIGUOUS: return EXIT_NO_ITEM;
    case PT_ECORRUPT:
    case PT_EIO:
    case PT_EBUSY:
    case PT_ELIMIT: return EXIT_UNREADABLE;
    default: return EXIT_INTERNAL;
    }
}

static bool has_workspace_table(const char *manifest) {
    char *text;
    u32 length;
    if (pt_file_read(&text, &length, manifest, 16 << 20, NULL)) return false;
    bool found = strstr(text, "[workspace]") != NULL || strstr(text, "[workspace.") != NULL;
    pt_free(text);
    return found;
}

/* The workspace: what was asked for; else, upwards, the nearest folder with an index; else the nearest manifest with
 * a [workspace] table; else the nearest manifest. */
void pt_find_workspace(char *out, size_t size, const options *o) {
    char path[PATH_MAX], probe[PATH_MAX + 32];
    if (o->workspace || !getcwd(path, sizeof path)) {
        char *absolute = realpath(o->workspace ? o->workspace : ".", NULL);
        snprintf(out, size, "%s", absolute ? absolute : o->workspace ? o->workspace : ".");
        free(absolute);
        return;
    }
    snprintf(out, size, "%s", path);
    bool have_manifest = false, have_table = false;
    for (char *end = path + strlen(path); end; end = strrchr(path, '/')) {
        *end = 0;
        struct stat status;
        snprintf(probe, sizeof probe, "%s/.parseltongue", path);
        if (stat(probe, &status) == 0 && S_ISDIR(status.st_mode)) {
            snprintf(out, size, "%s", path[0] ? path : "/");
            return;
        }
        snprintf(probe, sizeof probe, "%s/Cargo.toml", path);
        if (!have_table && access(probe, F_OK) == 0) {
            have_table = has_workspace_table(probe);
            if (!have_manifest || have_table) snprintf(out, size, "%s", path[0] ? path : "/");
            have_manifest = true;
        }
        if (!path[0]) return;
    }
}

/* A tree that cannot be written keeps its store under the cache folder. */
void pt_default_store(char *out, size_t size, const char *workspace, bool dump, const char *dump_path) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct stat status;
    char folder[PATH_MAX + 32];
    snprintf(folder, sizeof folder, "%s/.parseltongue", workspace);
    bool here = stat(folder, &status) == 0 || access(workspace, W_OK) == 0;
    if (!dump && here) {
        snprintf(out, size, "native:%s/graph", folder);
        return;
    }
    const char *key = dump ? dump_path : workspace;
    char base[PATH_MAX];
    snprintf(base, sizeof base, "%s%s",
             cache && *cache ? cache
             : home          ? home
                             : "/tmp",
             cache && *cache ? "" : "/.cache");
    mkdir(base, 0700);
    snprintf(folder, sizeof folder, "%s/parseltongue", base);
    mkdir(folder, 0700);
    snprintf(out, size, "native:%s/%016llx", folder, (unsigned long long)pt_hash_bytes(key, strlen(key)));
}

/* Beside the program, or in ../share/parseltongue. */
bool pt_find_std(char *out, size_t size, const options *o) {
    if (o->std_interface) {
        snprintf(out, size, "%s", o->std_interface);
        return true;
    }
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0) return false;
    self[n] = 0;
    char *slash = strrchr(self, '/');
    if (!slash) return false;
    *slash = 0;
    snprintf(out, size, "%s/std-interface.bin", self);
    if (access(out, R_OK) == 0) return true;
    snprintf(out, size, "%s/../share/parseltongue/std-interface.bin", self);
    return access(out, R_OK) == 0;
}

static void progress(void *payload, const char *stage, u32 done, u32 total) {
    (void)payload, (void)done, (void)total;
    fprintf(stderr, "\r\033[K%s ...", stage);
    fflush(stderr);
}

/* jansson hands its text over in pieces of a few bytes. */
static int into_buffer(const char *text, size_t size, void *payload) {
    pt_buffer *out = payload;
    pt_buffer_add(out, text, size);
    if (out->count < 1 << 16) return 0;
    bool failed = fwrite(out->data, 1, out->count, stdout) != out->count;
    pt_buffer_clear(out);
    return failed ? -1 : 0;
}

int pt_print_json(const json_t *answer) {
    pt_buffer out = {0};
    bool failed = json_dump_callback(answer, into_buffer, &out, JSON_COMPACT) != 0 || pt_alloc_failed();
    if (out.count) failed = fwrite(out.data, 1, out.count, stdout) != out.count || failed;
    pt_buffer_free(&out);
    putchar('\n');
    return failed ? PT_EIO : PT_OK;
}

static void print_report(const pt_index_report *r, const char *store, bool json) {
    double ms = (double)r->total_us / 1000;
    if (json) {
        json_t *report = pt_index_report_json(r, store);
        (void)pt_print_json(report);
        json_decref(report);
        return;
    }
    if (r->up_to_date) {
        printf("up to date: %u files, %llu nodes, %llu edges (%.1f ms)\n", r->files, (unsigned long long)r->nodes,
               (unsigned long long)r->edges, ms);
        return;
    }
    printf("%u files (%u read), %llu lines: %llu nodes, %llu edges, %llu candidates, %llu sites unresolved\n", r->files,
           r->files_read, (unsigned long long)r->lines, (unsigned long long)r->nodes, (unsigned long long)r->edges,
           (unsigned long long)r->candidates, (unsigned long long)r->unresolved);
    printf("%.1f ms: discover %.1f, dependencies %.1f, read %.1f, resolve %.1f, graph %.1f, commit %.1f\n", ms,
           (double)r->discover_us / 1000, (double)r->dependencies_us / 1000, (double)r->read_us / 1000,
           (double)r->resolve_us / 1000, (double)r->graph_us / 1000, (double)r->commit_us / 1000);
    if (r->dependencies_absent)
        printf("%u dependencies read, the sources of %u not found: see `parseltongue doctor`\n", r->dependencies,
               r->dependencies_absent);
    if (r->problems || r->unread)
        printf("%u problems with manifests, %u files not read: see `parseltongue doctor`\n", r->problems, r->unread);
}

int pt_cli_fail(const options *o, int code, const char *message) {
    if (o->json) {
        json_t *e = json_pack("{s:s?, s:s}", "query", o->command, "error", message);
        char *text = e ? json_dumps(e, JSON_COMPACT) : NULL;
        if (text) puts(text);
        free(text);
        json_decref(e);
    } else {
        fprintf(stderr, "parseltongue: %s\n", message);
    }
    return pt_exit_code(code);
}

bool pt_use_color(const options *o, FILE *stream) {
    if (o->color && strcmp(o->color, "always") == 0) return true;
    if (o->color && strcmp(o->color, "never") == 0) return false;
    return isatty(fileno(stream)) && !getenv("NO_COLOR");
}

static int run_index(const options *o) {
    char workspace[PATH_MAX], store[PATH_MAX + 64], std_path[PATH_MAX + 64];
    pt_error error = {0};
    const char *path = o->argument_count ? o->arguments[0] : NULL;
    struct stat status;
    bool dump = path && (strcmp(path, "-") == 0 || (stat(path, &status) == 0 && S_ISREG(status.st_mode)));
    options local = *o;
    if (path && !dump) local.workspace = path;
    pt_find_workspace(workspace, sizeof workspace, &local);
    /* a dump is asked later with the same --workspace, or with its --store */
    if (dump && o->workspace) pt_default_store(store, sizeof store, workspace, false, NULL);
    else pt_default_store(store, sizeof store, workspace, dump, path);
    if (o->store) snprintf(store, sizeof store, "%s", o->store);
    if (o->durability && strcmp(o->durability, "full") != 0 && strcmp(o->durability, "normal") != 0)
        return pt_cli_fail(o, PT_EUSAGE, "--durability: it is full or normal");
    bool has_std = pt_find_std(std_path, sizeof std_path, o);
    bool terminal = !o->quiet && !o->json && isatty(STDERR_FILENO);
    pt_index_options index = {.path = dump ? path : workspace,
                              .store = store,
                              .std_interface = has_std ? std_path : NULL,
                              .threads = o->threads,
                              .rebuild = o->rebuild,
                              .repair = o->repair,
                              .full = o->durability && strcmp(o->durability, "full") == 0,
                              .no_dependencies = o->no_dependencies,
                              .progress = terminal ? progress : NULL};
    pt_index_report report;
    if (!dump && !o->rebuild && !o->repair) { /* the daemon writes this store: it indexes */
        json_t *answer = NULL;
        int asked;
        if (pt_cli_ask_daemon(o, workspace, "index", NULL, &asked, &answer, &error)) {
            if (asked) return json_decref(answer), pt_cli_fail(o, asked, error.message);
            if (o->json) asked = pt_exit_code(pt_print_json(answer));
            else if (!o->quiet)
                printf("the daemon keeps it indexed: generation %lld, %lld files, %lld nodes, %lld edges\n",
                       (long long)json_integer_value(json_object_get(answer, "generation")),
                       (long long)json_integer_value(json_object_get(answer, "files")),
                       (long long)json_integer_value(json_object_get(answer, "nodes")),
                       (long long)json_integer_value(json_object_get(answer, "edges")));
            json_decref(answer);
            return asked;
        }
    }
    int code = pt_index(NULL, &report, &index, &error);
    if (terminal) fputs("\r\033[K", stderr);
    if (code) return pt_cli_fail(o, code == PT_ENOTFOUND ? PT_EIO : code, error.message);
    if (!o->quiet || o->json) print_report(&report, store, o->json);
    if (o->repair && !o->quiet && !o->json)
        printf("the store was rebuilt; what it knew of %u of %u files was whole\n", report.salvaged, report.files);
    if (!has_std && !o->quiet && !o->json)
        fputs("note: no std interface found: std's items are taken as written (see --std-interface)\n", stderr);
    if (dump && !o->store && !o->workspace && !o->quiet && !o->json) printf("ask with --store %s\n", store);
    return EXIT_ANSWERED;
}

static void tell_sound(void *payload, const char *what, u64 count) {
    json_t *rows = payload, *row = json_object();
    json_object_set_new_nocheck(row, "what", json_string(what));
    json_object_set_new_nocheck(row, "count", json_integer((json_int_t)count));
    json_array_append_new(rows, row);
}

static int run_verify(const options *o) {
    char workspace[PATH_MAX], store_uri[PATH_MAX + 64];
    pt_error error = {0};
    pt_store *store = NULL;
    pt_store_stats stats = {0};
    if (o->argument_count) return fprintf(stderr, "parseltongue: usage: parseltongue verify\n"), EXIT_USAGE;
    pt_find_workspace(workspace, sizeof workspace, o);
    pt_default_store(store_uri, sizeof store_uri, workspace, false, NULL);
    if (o->store) snprintf(store_uri, sizeof store_uri, "%s", o->store);
    json_t *rows = json_array();
    u64 start = pt_now_us();
    int code = pt_store_open(&store, store_uri, PT_STORE_READ | PT_STORE_WHOLE, &error);
    if (!code) code = store->engine->stats(store, &stats, &error);
    if (!code) code = store->engine->verify(store, tell_sound, rows, &error);
    for (u32 again = 0; code == PT_EBUSY && again < 50; again++) { /* a writer put another base in place meanwhile */
        pt_store_close(store);
        store = NULL;
        json_array_clear(rows);
        code = pt_store_open(&store, store_uri, PT_STORE_READ | PT_STORE_WHOLE, &error);
        if (!code) code = store->engine->stats(store, &stats, &error);
        if (!code) code = store->engine->verify(store, tell_sound, rows, &error);
    }
    double ms = (double)(pt_now_us() - start) / 1000;
    if (o->json) {
        json_t *answer = json_pack("{s:s, s:s, s:I, s:b, s:s?, s:O}", "query", "verify", "store", stats.uuid,
                                   "generation", (json_int_t)stats.generation, "sound", !code, "error",
                                   code ? error.message : NULL, "results", rows);
        if (!answer || json_dumpf(answer, stdout, JSON_COMPACT) != 0) code = PT_EIO;
        putchar('\n');
        json_decref(answer);
    } else {
        size_t i;
        json_t *row;
        json_array_foreach(rows, i, row)
            printf("%10lld  %s\n", (long long)json_integer_value(json_object_get(row, "count")),
                   json_string_value(json_object_get(row, "what")));
        if (code) fprintf(stderr, "parseltongue: %s\n", error.message);
        else if (!o->quiet) printf("sound: generation %llu (%.1f ms)\n", (unsigned long long)stats.generation, ms);
    }
    json_decref(rows);
    pt_store_close(store);
    return pt_exit_code(code == PT_ENOTFOUND ? PT_EIO : code);
}

/* What is asked, without what answers it. */
static pt_query question_of(const options *o) {
    return (pt_query){.target = o->arguments[0],
                      .second = o->arguments[1],
                      .limit = o->has_limit && o->limit == 0 ? UINT32_MAX : o->limit,
                      .depth = o->depth,
                      .candidates = o->candidates,
                      .all = o->all,
                      .level = o->level,
                      .kind = o->kind,
                      .cursor = o->cursor,
                      .cfg = o->cfg,
                      .budget = o->budget,
                      .format = o->json ? "json" : o->format};
}

/* The code, or that printing failed. */
static int print_outcome(const options *o, const json_t *answer, int code, const pt_error *error, u64 took) {
    pt_format format;
    bool counted = json_object_get(answer, "budget") != NULL;
    if (counted && !code && pt_format_of(&format, o->json ? "json" : o->format)) {
        /* what a daemon added since it was counted counts too */
        pt_buffer out = {0};
        (void)pt_render_within(&out, (json_t *)(uintptr_t)answer, format,
                               (u32)json_integer_value(json_object_get(answer, "budget")));
        bool failed = pt_alloc_failed() || fwrite(out.data ? out.data : "", 1, out.count, stdout) != out.count;
        pt_buffer_free(&out);
        return failed ? PT_EIO : PT_OK;
    }
    if (o->json && answer) return pt_print_json(answer) ? PT_EIO : code;
    if (code) pt_print_failure(stderr, answer, error->message, pt_use_color(o, stderr));
    else pt_print_answer(stdout, answer, took, pt_use_color(o, stdout), o->quiet);
    return code;
}

static int ask(const options *o) {
    char workspace[PATH_MAX];
    pt_error error = {0};
    const pt_query_info *info = pt_query_find(o->command);
    bool exporting = strcmp(o->command, "export") == 0, lines = info && info->most >= PT_WORDS;
    if (!info && !exporting)
        return fprintf(stderr, "parseltongue: %s: no such command; see --help\n", o->command), EXIT_USAGE;
    if (info && (o->argument_count < info->needed || (!lines && o->argument_count > info->most)))
        return fprintf(stderr, "parseltongue: usage: parseltongue %s %s\n", info->name, info->arguments), EXIT_USAGE;
    if (exporting && o->argument_count)
        return fprintf(stderr, "parseltongue: usage: parseltongue export [--format FORMAT]\n"), EXIT_USAGE;
    if (o->engine && strcmp(o->engine, "memory") != 0 && strcmp(o->engine, "store") != 0)
        return pt_cli_fail(o, PT_EUSAGE, "--engine: it is memory or store");
    pt_find_workspace(workspace, sizeof workspace, o);
    int code;
    if (o->prometheus && strcmp(o->command, "stats") != 0)
        return pt_cli_fail(o, PT_EUSAGE, "--prometheus: of stats alone");
    if (o->prometheus) {
        json_t *status = NULL;
        if (pt_cli_ask_daemon(o, workspace, "status", NULL, &code, &status, &error) && code)
            return pt_cli_fail(o, code, error.message);
        pt_prometheus(stdout, status);
        json_decref(status);
        return fflush(stdout) != 0 ? EXIT_INTERNAL : EXIT_ANSWERED;
    }
    if (exporting) {
        pt_cli_store opened;
        bool sqlite = o->format && strcmp(o->format, "sqlite") == 0;
        if (sqlite != (o->output != NULL))
            return pt_cli_fail(o, PT_EUSAGE, "--output FILE goes with --format sqlite; others go to standard output");
        code = pt_cli_open(&opened, o, workspace, &error);
        if (!code && sqlite) {
            char uri[PATH_MAX + 16];
            snprintf(uri, sizeof uri, "sqlite:%s", o->output);
            code = pt_store_copy(opened.store, uri, &error);
            if (code) code = pt_cli_fail(o, code, error.message);
            pt_cli_close(&opened);
            return code;
        }
        if (!code) code = pt_export(stdout, opened.graph, o->format ? o->format : "jsonl", o->candidates, &error);
        if (code) code = pt_cli_fail(o, code, error.message);
        pt_cli_close(&opened);
        return fflush(stdout) != 0 ? EXIT_INTERNAL : code;
    }
    pt_query asked = question_of(o);
    asked.command = info->name;
    char *rules = NULL;
    bool checks = strcmp(info->name, "check") == 0;
    if (checks) { /* its argument is a file, the question is the text */
        u32 length;
        code = pt_file_read(&rules, &length, o->arguments[0], 1 << 20, &error);
        if (code) return pt_cli_fail(o, PT_EIO, error.message);
        asked.target = rules;
        asked.format = NULL;
    }
    json_t *answer = NULL;
    u64 took = 0;
    code = pt_cli_ask(o, workspace, &asked, &answer, &took, &error);
    pt_free(rules);
    if (code && !answer) return pt_cli_fail(o, code, error.message);
    if (checks && !code && o->format && strcmp(o->format, "sarif") == 0) {
        json_t *sarif = pt_check_sarif(answer, PT_VERSION);
        code = pt_print_json(sarif);
        json_decref(sarif);
    } else {
        code = print_outcome(o, answer, code, &error, took);
    }
    bool broken = checks && !code && json_array_size(json_object_get(answer, "results"));
    code = broken ? EXIT_INTERNAL : pt_exit_code(code);
    json_decref(answer);
    return fflush(stdout) != 0 ? EXIT_INTERNAL : code;
}

/* Of a command that takes any number of arguments they are the lines, or the words, of one. */
static int run_query(options *o) {
    const pt_query_info *info = pt_query_find(o->command);
    pt_buffer lines = {0};
    if (info && info->most >= PT_WORDS && o->argument_count) {
        for (u32 i = 0; i < o->argument_count; i++) {
            if (i) pt_buffer_char(&lines, info->most == PT_LINES ? '\n' : ' ');
            pt_buffer_text(&lines, o->arguments[i]);
        }
        o->arguments[0] = lines.data;
        o->arguments[1] = NULL;
        o->argument_count = 1;
        if (!lines.data) return pt_cli_fail(o, PT_ENOMEM, "out of memory");
    }
    int code = ask(o);
    pt_buffer_free(&lines);
    return code;
}

int main(int argc, char **argv) {
    options o = {0};
    int code = parse(&o, argc, argv);
    if (code) return code;
    if (o.help || (o.command && strcmp(o.command, "help") == 0)) return usage(stdout), EXIT_ANSWERED;
    if (!o.command) return usage(stderr), EXIT_USAGE;
    if (strcmp(o.command, "version") == 0) return printf("parseltongue %s\n", PT_VERSION), EXIT_ANSWERED;
    if (strcmp(o.command, "index") == 0) return run_index(&o);
    if (strcmp(o.command, "verify") == 0) return run_verify(&o);
    if (strcmp(o.command, "daemon") == 0) return pt_cli_daemon(&o);
    if (strcmp(o.command, "watch") == 0) return pt_cli_watch(&o);
    if (strcmp(o.command, "migrate") == 0) return pt_cli_migrate(&o);
    if (strcmp(o.command, "diff") == 0) return pt_cli_diff(&o);
    if (strcmp(o.command, "serve") == 0) return pt_cli_serve(&o);
    if (strcmp(o.command, "lsp") == 0) return pt_cli_lsp(&o);
    if (strcmp(o.command, "mcp") == 0) return pt_cli_mcp(&o);
    if (strcmp(o.command, "doctor") == 0 && o.repair) return run_index(&o);
    return run_query(&o);
}
