/* cli.h: what the files of the command line share. */
#ifndef PT_CLI_H
#define PT_CLI_H

#include "live/index.h"

#include <jansson.h>
#include <stdio.h>

enum { EXIT_ANSWERED, EXIT_INTERNAL, EXIT_USAGE, EXIT_NO_ITEM, EXIT_UNREADABLE };

enum { MOST_ARGUMENTS = 64 };
typedef struct options {
    const char *command, *arguments[MOST_ARGUMENTS];
    u32 argument_count;
    const char *workspace, *store, *cfg, *color, *engine, *level, *kind, *format, *cursor, *std_interface;
    u32 limit, depth, threads, budget, port;
    const char *address, *token_file, *output;
    const char *durability;
    u32 idle, wait, cache;
    bool has_limit, has_idle, has_cache, has_wait, no_daemon, json, candidates, stale_ok, quiet, all, rebuild,
        no_dependencies, repair, prometheus, help;
} options;

int pt_exit_code(int code);
/* Says why, as text or JSON; the exit code. */
int pt_cli_fail(const options *o, int code, const char *message);
/* The workspace that is meant, an absolute path; its store's URI; std's interface, if there is one. */
void pt_find_workspace(char *out, size_t size, const options *o);
void pt_default_store(char *out, size_t size, const char *workspace, bool dump, const char *dump_path);
bool pt_find_std(char *out, size_t size, const options *o);
bool pt_use_color(const options *o, FILE *stream);
int pt_print_json(const json_t *answer);

/* daemon start|stop|status|run|restart; watch. */
int pt_cli_daemon(const options *o);
int pt_cli_watch(const options *o);
/* Starts the workspace's daemon and waits until it answers; `*ran` (may be NULL): there was one already. Prints nothing. */
int pt_cli_start_daemon(const options *o, const char *workspace, bool *ran, pt_error *error);
/* What changed between two revisions, or since one, and whom it reaches. */
int pt_cli_diff(const options *o);
/* A store into another engine, or into a SQLite file. */
int pt_cli_migrate(const options *o);
/* Opens HTTP in the daemon and says where. */
int pt_cli_serve(const options *o);
/* The Model Context Protocol over standard input and output. */
int pt_cli_mcp(const options *o);
/* The Language Server Protocol over standard input and output. */
int pt_cli_lsp(const options *o);
/* Asks the workspace's daemon. False: there is none, or it is not the one to ask. `*code` and `*answer` as of pt_query_run. */
bool pt_cli_ask_daemon(const options *o, const char *workspace, const char *method, json_t *params, int *code,
                       json_t **answer, pt_error *error);

#endif
