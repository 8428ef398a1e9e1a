#include "cli/print.h"

#include <string.h>

typedef struct style {
    const char *bold, *dim, *green, *yellow, *cyan, *off;
} style;
static const style plain = {"", "", "", "", "", ""};
static const style colored = {"\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[36m", "\033[0m"};

static const char *text_of(const json_t *row, const char *key) {
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}
static long long number_of(const json_t *row, const char *key) {
    return (long long)json_integer_value(json_object_get(row, key));
}

static int width_of(const json_t *rows, const char *key, int limit) {
    size_t i, width = 0;
    json_t *row;
    json_array_foreach(rows, i, row) {
        size_t n = strlen(text_of(row, key));
        if (n > width) width = n;
    }
    return width > (size_t)limit ? limit : (int)width;
}

static void place(FILE *out, const style *s, const json_t *row) {
    const char *file = text_of(row, "file");
    if (*file) fprintf(out, "%s%s:%lld%s", s->cyan, file, number_of(row, "line"), s->off);
    else if (json_is_true(json_object_get(row, "external"))) fprintf(out, "%s(external)%s", s->dim, s->off);
}

static void marks(FILE *out, const style *s, const json_t *row) {
    const char *confidence = text_of(row, "confidence"), *cfg = text_of(row, "cfg");
    if (*confidence && strcmp(confidence, "exact") != 0) fprintf(out, "  %s%s%s", s->yellow, confidence, s->off);
    if (json_is_true(json_object_get(row, "test"))) fprintf(out, "  %stest%s", s->dim, s->off);
    if (*cfg) fprintf(out, "  %scfg(%s)%s", s->dim, cfg, s->off);
}

static void item_rows(FILE *out, const style *s, const json_t *rows) {
    int path = width_of(rows, "path", 72), kind = width_of(rows, "kind", 12);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        fprintf(out, "%s%-*s%s  %s%-*s%s  ", s->bold, path, text_of(row, "path"), s->off, s->green, kind,
                text_of(row, "kind"), s->off);
        place(out, s, row);
        marks(out, s, row);
        fputc('\n', out);
        if (*text_of(row, "signature")) fprintf(out, "    %s%s%s\n", s->dim, text_of(row, "signature"), s->off);
    }
}

static void impl_rows(FILE *out, const style *s, const json_t *rows, const char *key) {
    int name = width_of(rows, key, 64), via = width_of(rows, "via", 8);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        fprintf(out, "%s%-*s%s  %s%-*s%s  ", s->bold, name, text_of(row, key), s->off, s->green, via,
                text_of(row, "via"), s->off);
        place(out, s, row);
        marks(out, s, row);
        fputc('\n', out);
    }
}

static void edge_rows(FILE *out, const style *s, const json_t *rows) {
    int path = width_of(rows, "path", 72);
    size_t i, k;
    json_t *row, *site;
    json_array_foreach(rows, i, row) {
        fprintf(out, "%s%-*s%s  %s%s%s", s->bold, path, text_of(row, "path"), s->off, s->green, text_of(row, "edge"),
                s->off);
        marks(out, s, row);
        fputc('\n', out);
        json_array_foreach(json_object_get(row, "sites"), k, site) {
            fprintf(out, "    %s%s:%lld:%lld%s", s->cyan, text_of(site, "file"), number_of(site, "line"),
                    number_of(site, "col"), s->off);
            if (*text_of(site, "cfg")) fprintf(out, "  %scfg(%s)%s", s->dim, text_of(site, "cfg"), s->off);
            fputc('\n', out);
        }
    }
}

static void blast_rows(FILE *out, const style *s, const json_t *answer, const json_t *rows) {
    const json_t *summary = json_object_get(answer, "summary");
    const char *risk = text_of(summary, "risk");
    fprintf(out, "%s%lld%s affected within %lld steps, %lld of tests, risk %s%s%s\n", s->bold,
            number_of(summary, "affected"), s->off, number_of(summary, "depth"), number_of(summary, "tests"),
            strcmp(risk, "low") == 0 ? s->green : s->yellow, risk, s->off);
    int path = width_of(rows, "path", 72);
    size_t i, k;
    json_t *row, *step;
    json_array_foreach(rows, i, row) {
        fprintf(out, "%2lld  %s%-*s%s  ", number_of(row, "depth"), s->bold, path, text_of(row, "path"), s->off);
        place(out, s, row);
        marks(out, s, row);
        fputc('\n', out);
        const json_t *why = json_object_get(row, "why");
        if (json_array_size(why) > 2) {
            fprintf(out, "      %s", s->dim);
            json_array_foreach(why, k, step) if (k)
                fprintf(out, "%s%s", k > 1 ? " < " : "via ", json_string_value(step));
            fprintf(out, "%s\n", s->off);
        }
    }
    const json_t *modules = json_object_get(summary, "modules");
    if (json_is_true(json_object_get(answer, "truncated"))) {
        fprintf(out, "by module:\n");
        json_array_foreach(modules, i, row)
            fprintf(out, "  %5lld  %s\n", number_of(row, "count"), text_of(row, "module"));
    }
}

static void cycle_rows(FILE *out, const style *s, const json_t *answer, const json_t *rows) {
    size_t i, k;
    json_t *row, *member;
    fprintf(out, "%s%lld%s cycle%s\n", s->bold, number_of(answer, "total"), s->off,
            number_of(answer, "total") == 1 ? "" : "s");
    json_array_foreach(rows, i, row) {
        fprintf(out, "%s%lld %ss%s\n", s->yellow, number_of(row, "size"), text_of(row, "level"), s->off);
        json_array_foreach(json_object_get(row, "members"), k, member) {
            fprintf(out, "  %s%-60s%s  ", s->bold, text_of(member, "path"), s->off);
            place(out, s, member);
            fputc('\n', out);
        }
    }
}

static void neighbour_rows(FILE *out, const style *s, const json_t *answer, const json_t *rows) {
    int path = width_of(rows, "path", 72), kind = width_of(rows, "kind", 12);
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        fprintf(out, "%2lld  %s%-*s%s  %s%-*s%s  ", number_of(row, "depth"), s->bold, path, text_of(row, "path"),
                s->off, s->green, kind, text_of(row, "kind"), s->off);
        place(out, s, row);
        marks(out, s, row);
        fputc('\n', out);
    }
    fprintf(out, "%s%zu%s edges between them\n", s->bold, json_array_size(json_object_get(answer, "edges")), s->off);
}

static void module_rows(FILE *out, const style *s, const json_t *rows) {
    int path = width_of(rows, "path", 72);
    size_t i;
    json_t *row;
    fprintf(out, "%s%7s %7s %7s%s\n", s->dim, "items", "uses", "used by", s->off);
    json_array_foreach(rows, i, row) {
        fprintf(out, "%7lld %7lld %7lld  %s%-*s%s  ", number_of(row, "items"), number_of(row, "uses"),
                number_of(row, "used_by"), s->bold, path, text_of(row, "path"), s->off);
        place(out, s, row);
        marks(out, s, row);
        fputc('\n', out);
    }
}

static void path_rows(FILE *out, const style *s, const json_t *rows) {
    size_t i;
    json_t *row;
    if (!json_array_size(rows)) fputs("no way\n", out);
    json_array_foreach(rows, i, row) {
        if (!i) fprintf(out, "%s%s%s\n", s->bold, text_of(row, "from"), s->off);
        fprintf(out, "  %s%-12s%s %s%s%s  ", s->green, text_of(row, "kind"), s->off, s->bold, text_of(row, "to"),
                s->off);
        place(out, s, row);
        fputc('\n', out);
    }
}

static void explain_rows(FILE *out, const style *s, const json_t *rows) {
    size_t i, k;
    json_t *row, *step;
    if (!json_array_size(rows)) fputs("no edge, and no unresolved site of that name\n", out);
    json_array_foreach(rows, i, row) {
        bool open = *text_of(row, "name");
        fprintf(out, "%s%s:%lld:%lld%s  %s%s%s %s%s%s %s%s%s", s->cyan, text_of(row, "file"), number_of(row, "line"),
                number_of(row, "col"), s->off, s->bold, text_of(row, "from"), s->off, open ? s->yellow : s->green,
                text_of(row, "kind"), s->off, s->bold, open ? text_of(row, "name") : text_of(row, "to"), s->off);
        marks(out, s, row);
        fputc('\n', out);
        json_array_foreach(json_object_get(row, "steps"), k, step)
            fprintf(out, "    %zu. %s\n", k + 1, json_string_value(step));
    }
}

static void value_rows(FILE *out, const style *s, const json_t *rows) {
    size_t i;
    json_t *row;
    int name = width_of(rows, "name", 40);
    json_array_foreach(rows, i, row)
        fprintf(out, "%-*s  %s%12lld%s\n", name, text_of(row, "name"), s->bold, number_of(row, "value"), s->off);
}

void pt_print_triggers(FILE *out, const json_t *triggers, bool color) {
    const style *s = color ? &colored : &plain;
    size_t i;
    json_t *t;
    json_array_foreach(triggers, i, t) fprintf(out, "%swarning    %s: %.1f ms, the limit is %.1f%s\n           %s\n",
                                               s->yellow, text_of(t, "what"), (double)number_of(t, "p99_us") / 1000,
                                               (double)number_of(t, "limit_us") / 1000, s->off, text_of(t, "advice"));
}

static void doctor_rows(FILE *out, const style *s, const json_t *rows) {
    size_t i, k;
    json_t *row, *example;
    json_array_foreach(rows, i, row) {
        long long count = number_of(row, "count");
        if (count) fprintf(out, "%s%8lld%s  ", s->bold, count, s->off);
        else fprintf(out, "%8s  ", "");
        fprintf(out, "%s%s%s%s%s\n", s->yellow, text_of(row, "reason"), s->off, *text_of(row, "means") ? ": " : "",
                text_of(row, "means"));
        json_array_foreach(json_object_get(row, "examples"), k, example) {
            fprintf(out, "            ");
            if (*text_of(example, "file")) {
                fprintf(out, "%s%s", s->cyan, text_of(example, "file"));
                if (number_of(example, "line"))
                    fprintf(out, ":%lld:%lld", number_of(example, "line"), number_of(example, "col"));
                fprintf(out, "%s  ", s->off);
            }
            fprintf(out, "%s\n", text_of(example, "text"));
        }
    }
}

static void overview_rows(FILE *out, const style *s, const json_t *rows) {
    static const char *const counts[] = {"items", "implementations", "references"};
    const char *section = "";
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        if (strcmp(section, text_of(row, "section")) != 0) {
            section = text_of(row, "section");
            fprintf(out, "%s%s%s\n", s->yellow, section, s->off);
        }
        for (u32 k = 0; k < PT_COUNT_OF(counts); k++)
            if (json_object_get(row, counts[k])) fprintf(out, "%8lld %-15s ", number_of(row, counts[k]), counts[k]);
        fprintf(out, "%s%s%s  ", s->bold, text_of(row, "path"), s->off);
        place(out, s, row);
        fputc('\n', out);
    }
}

static void check_rows(FILE *out, const style *s, const json_t *answer, const json_t *rows) {
    const json_t *summary = json_object_get(answer, "summary");
    const char *rule = "";
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        if (strcmp(rule, text_of(row, "rule")) != 0)
            fprintf(out, "%s%s%s\n", s->yellow, rule = text_of(row, "rule"), s->off);
        fprintf(out, "  ");
        place(out, s, row);
        fprintf(out, "  %s", text_of(row, "message"));
        if (number_of(row, "sites")) fprintf(out, " (%lld places)", number_of(row, "sites"));
        fputc('\n', out);
    }
    fprintf(out, "%s%lld rule%s, %lld broken place%s%s\n", s->bold, number_of(summary, "rules"),
            number_of(summary, "rules") == 1 ? "" : "s", number_of(summary, "violations"),
            number_of(summary, "violations") == 1 ? "" : "s", s->off);
}

static void closing(FILE *out, const style *s, const json_t *answer, u64 microseconds) {
    size_t count = json_array_size(json_object_get(answer, "results"));
    const json_t *stale = json_object_get(answer, "stale"), *open = json_object_get(answer, "unresolved");
    const char *key;
    json_t *value;
    fprintf(out, "%s%zu answered in %llu us", s->dim, count, (unsigned long long)microseconds);
    if (json_is_true(json_object_get(answer, "truncated")))
        fprintf(out, ", more with --limit%s", number_of(answer, "total") ? "" : " or --cursor");
    fprintf(out, "%s\n", s->off);
    long long sum = 0;
    json_object_foreach((json_t *)(uintptr_t)open, key, value) sum += (long long)json_integer_value(value);
    if (sum) {
        fprintf(out, "%snot known: %lld site%s of that name stayed unresolved", s->yellow, sum, sum == 1 ? "" : "s");
        json_object_foreach((json_t *)(uintptr_t)open, key, value)
            fprintf(out, "; %s %lld", key, (long long)json_integer_value(value));
        fprintf(out, "%s\n", s->off);
    }
    const json_t *unbalanced = json_object_get(answer, "unbalanced");
    json_int_t pending = json_integer_value(json_object_get(answer, "pending"));
    if (pending) { /* a daemon's: they are on their way */
        const char *first = json_string_value(json_array_get(stale, 0));
        fprintf(out, "%snot in it yet: %lld saved file%s%s%s; --wait MS waits longer%s\n", s->yellow,
                (long long)pending, pending == 1 ? "" : "s", first ? ": " : "", first ? first : "", s->off);
    } else if (json_array_size(unbalanced)) { /* as well */
        fprintf(out, "%sits brackets are not balanced: %s%s; until they are, what it said before counts%s\n", s->yellow,
                json_string_value(json_array_get(unbalanced, 0)), json_array_size(unbalanced) > 1 ? " ..." : "",
                s->off);
    } else if (json_array_size(stale)) {
        fprintf(out, "%sstale: %zu file%s changed since the index: %s%s; run `parseltongue index`%s\n", s->yellow,
                json_array_size(stale), json_array_size(stale) == 1 ? "" : "s",
                json_string_value(json_array_get(stale, 0)), json_array_size(stale) > 1 ? " ..." : "", s->off);
    }
}

void pt_print_answer(FILE *out, const json_t *answer, u64 microseconds, bool color, bool quiet) {
    const style *s = color ? &colored : &plain;
    const char *query = text_of(answer, "query");
    const json_t *rows = json_object_get(answer, "results");
    if (strcmp(query, "who-implements") == 0) impl_rows(out, s, rows, "type");
    else if (strcmp(query, "traits-of") == 0) impl_rows(out, s, rows, "trait");
    else if (strcmp(query, "callers") == 0 || strcmp(query, "callees") == 0 || strcmp(query, "uses") == 0 ||
             strcmp(query, "used-by") == 0)
        edge_rows(out, s, rows);
    else if (strcmp(query, "blast-radius") == 0) blast_rows(out, s, answer, rows);
    else if (strcmp(query, "find-cycles") == 0) cycle_rows(out, s, answer, rows);
    else if (strcmp(query, "neighbourhood") == 0) neighbour_rows(out, s, answer, rows);
    else if (strcmp(query, "modules") == 0) module_rows(out, s, rows);
    else if (strcmp(query, "path") == 0) path_rows(out, s, rows);
    else if (strcmp(query, "explain") == 0) explain_rows(out, s, rows);
    else if (strcmp(query, "stats") == 0) {
        value_rows(out, s, rows);
        pt_print_triggers(out, json_object_get(answer, "triggers"), s == &colored);
    } else if (strcmp(query, "doctor") == 0) doctor_rows(out, s, rows);
    else if (strcmp(query, "overview") == 0) overview_rows(out, s, rows);
    else if (strcmp(query, "check") == 0) check_rows(out, s, answer, rows);
    else item_rows(out, s, rows);
    if (!quiet) closing(out, s, answer, microseconds);
}

void pt_print_failure(FILE *err, const json_t *answer, const char *message, bool color) {
    const style *s = color ? &colored : &plain;
    const json_t *candidates = json_object_get(answer, "candidates"),
                 *suggestions = json_object_get(answer, "suggestions");
    const json_t *rows = json_array_size(candidates) ? candidates : suggestions;
    fprintf(err, "parseltongue: %s\n", message);
    if (json_array_size(rows)) {
        fprintf(err, "%s\n", rows == candidates ? "which one? (--all answers for each)" : "did you mean");
        item_rows(err, s, rows);
    }
}
