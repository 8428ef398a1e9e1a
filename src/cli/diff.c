/* diff.c: `parseltongue diff`: for people, as markdown for a pull request, as JSON. */
#include "cli/cli.h"
#include "diff/diff.h"
#include "query/render.h"

#include <limits.h>
#include <stdio.h>

enum { ROWS = 100, TESTS_TOLD = 20 };

static const char *text_of(const json_t *row, const char *key) {
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}
static long long number_of(const json_t *row, const char *key) {
    return (long long)json_integer_value(json_object_get(row, key));
}

static void headline(FILE *out, const json_t *answer, bool markdown, const char *bold, const char *off) {
    const json_t *s = json_object_get(answer, "summary");
    fprintf(out, markdown ? "## What changed: %s to %s\n\n" : "%s to %s: ", text_of(answer, "from"),
            text_of(answer, "to"));
    fprintf(
        out,
        "%lld files; %lld added, %lld removed, %lld with another contract, %lld with another body; %s%lld breaking%s\n",
        number_of(s, "files"), number_of(s, "added"), number_of(s, "removed"), number_of(s, "contract"),
        number_of(s, "body"), markdown ? "**" : bold, number_of(s, "breaking"), markdown ? "**" : off);
    fprintf(out, "%s%lld items affected, %lld tests, risk %s%s%s\n", markdown ? "\n" : "", number_of(s, "affected"),
            number_of(s, "tests"), markdown ? "**" : bold, text_of(s, "risk"), markdown ? "**" : off);
}

static void markdown_rows(FILE *out, const json_t *answer) {
    size_t i;
    json_t *row;
    if (!json_array_size(json_object_get(answer, "results"))) return;
    fputs("\n| change | item | place | affected |\n|---|---|---|---|\n", out);
    json_array_foreach(json_object_get(answer, "results"), i, row) {
        fprintf(out, "| %s%s | `%s` %s | %s:%lld | %lld, %lld tests |\n", text_of(row, "change"),
                json_object_get(row, "breaking") ? ", **breaking**" : "", text_of(row, "path"), text_of(row, "kind"),
                text_of(row, "file"), number_of(row, "line"), number_of(row, "affected"), number_of(row, "tests"));
    }
    bool any = false;
    json_array_foreach(json_object_get(answer, "results"), i, row) {
        if (!json_object_get(row, "before")) continue;
        fprintf(out, "%s- %s\n+ %s\n", any ? "" : "\n```diff\n", text_of(row, "before"), text_of(row, "signature"));
        any = true;
    }
    if (any) fputs("```\n", out);
}

static void text_rows(FILE *out, const json_t *answer, bool color) {
    const char *bold = color ? "\033[1m" : "", *yellow = color ? "\033[33m" : "", *cyan = color ? "\033[36m" : "",
               *off = color ? "\033[0m" : "";
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(answer, "results"), i, row) {
        bool breaking = json_object_get(row, "breaking");
        fprintf(out, "%s%-8s%s  %s%s%s  %s%s:%lld%s", breaking ? yellow : "", text_of(row, "change"), off, bold,
                text_of(row, "path"), off, cyan, text_of(row, "file"), number_of(row, "line"), off);
        if (breaking) fprintf(out, "  %sbreaking%s", yellow, off);
        if (number_of(row, "affected") || number_of(row, "tests"))
            fprintf(out, "  %lld affected, %lld tests", number_of(row, "affected"), number_of(row, "tests"));
        fputc('\n', out);
        if (json_object_get(row, "before"))
            fprintf(out, "          - %s\n          + %s\n", text_of(row, "before"), text_of(row, "signature"));
    }
}

static void tests_and_rest(FILE *out, const json_t *answer, bool markdown) {
    const json_t *tests = json_object_get(answer, "tests");
    size_t i, count = json_array_size(tests);
    json_t *test;
    if (json_is_true(json_object_get(answer, "truncated")))
        fprintf(out, "%s%lld changes in all; --limit 0 tells them\n", markdown ? "\n" : "", number_of(answer, "total"));
    if (count) fprintf(out, markdown ? "\n<details><summary>Tests to run</summary>\n\n" : "tests to run:\n");
    json_array_foreach(tests, i, test) {
        if (i == TESTS_TOLD && !markdown) break;
        fprintf(out, markdown ? "- `%s`\n" : "  %s\n", json_string_value(test));
    }
    if (i < count) fprintf(out, "  and %zu more (--json tells all)\n", count - i);
    if (count && markdown) fputs("\n</details>\n", out);
}

int pt_cli_diff(const options *o) {
    char workspace[PATH_MAX], std_path[PATH_MAX + 64];
    pt_error error = {0};
    json_t *answer = NULL;
    pt_format format = PT_FORMAT_TEXT;
    if (o->argument_count < 1 || o->argument_count > 2)
        return fprintf(stderr, "parseltongue: usage: parseltongue diff REV1 [REV2]\n"), EXIT_USAGE;
    if (!pt_format_of(&format, o->json ? "json" : o->format) || format == PT_FORMAT_COMPACT)
        return pt_cli_fail(o, PT_EUSAGE, "--format: it is text, markdown or json");
    pt_find_workspace(workspace, sizeof workspace, o);
    bool has_std = pt_find_std(std_path, sizeof std_path, o);
    pt_diff_options wanted = {.workspace = workspace,
                              .std_interface = has_std ? std_path : NULL,
                              .from = o->arguments[0],
                              .to = o->argument_count > 1 ? o->arguments[1] : NULL,
                              .depth = o->depth,
                              .limit = o->has_limit               ? o->limit
                                       : format == PT_FORMAT_JSON ? 0
                                                                  : ROWS};
    int code = pt_diff(&answer, &wanted, &error);
    if (code) return pt_cli_fail(o, code, error.message);
    bool color = pt_use_color(o, stdout);
    if (format == PT_FORMAT_JSON) {
        code = pt_print_json(answer);
    } else {
        bool markdown = format == PT_FORMAT_MARKDOWN;
        headline(stdout, answer, markdown, color ? "\033[1m" : "", color ? "\033[0m" : "");
        if (markdown) markdown_rows(stdout, answer);
        else text_rows(stdout, answer, color);
        tests_and_rest(stdout, answer, markdown);
    }
    json_decref(answer);
    return fflush(stdout) != 0 ? EXIT_INTERNAL : pt_exit_code(code);
}
