#include "live/prometheus.h"

#include "live/monitor.h"

static double number(const json_t *object, const char *key) {
    const json_t *v = json_object_get(object, key);
    return json_is_boolean(v) ? json_is_true(v) : json_number_value(v);
}

static void head(FILE *out, const char *name, const char *type, const char *help) {
    fprintf(out, "# HELP parseltongue_%s %s\n# TYPE parseltongue_%s %s\n", name, help, name, type);
}

static void one(FILE *out, const json_t *status, const char *key, const char *name, const char *type,
                const char *help) {
    if (!json_object_get(status, key)) return;
    head(out, name, type, help);
    fprintf(out, "parseltongue_%s %.17g\n", name, number(status, key));
}

static void summary(FILE *out, const char *name, const char *label, const char *value, const json_t *t) {
    static const char *const keys[] = {"p50_us", "p99_us", "p999_us"}, *const quantiles[] = {"0.5", "0.99", "0.999"};
    char where[128] = "";
    if (label) snprintf(where, sizeof where, "%s=\"%s\"", label, value);
    for (u32 i = 0; i < PT_COUNT_OF(keys); i++)
        fprintf(out, "parseltongue_%s{%s%squantile=\"%s\"} %.9g\n", name, where, label ? "," : "", quantiles[i],
                number(t, keys[i]) / 1e6);
    fprintf(out, "parseltongue_%s_sum%s%s%s %.9g\nparseltongue_%s_count%s%s%s %.17g\n", name, label ? "{" : "", where,
            label ? "}" : "", number(t, "sum_us") / 1e6, name, label ? "{" : "", where, label ? "}" : "",
            number(t, "count"));
}

static void summaries(FILE *out, const json_t *timings, const char *name, const char *label, const char *help) {
    const char *value;
    json_t *t;
    if (!json_object_size(timings)) return;
    head(out, name, "summary", help);
    json_object_foreach((json_t *)(uintptr_t)timings, value, t) summary(out, name, label, value, t);
}

void pt_prometheus(FILE *out, const json_t *status) {
    const json_t *memory = json_object_get(status, "memory"), *cache = json_object_get(status, "cache"),
                 *session = json_object_get(memory, "session"), *triggers = json_object_get(status, "triggers"), *v;
    const char *what;
    size_t i;
    static const char *const gauges[][2] = {
        {"generation", "Number of the store's last batch."},
        {"nodes", "Nodes of the graph."},
        {"edges", "Edges of the graph."},
        {"files", "Files of the workspace in the graph."},
        {"store_bytes", "Size of the store on disk."},
        {"pending", "Changes that are not in the snapshot yet."},
        {"complete", "1: everything that was noticed is in the snapshot that answers."},
        {"indexing", "1: a batch is in work."},
        {"folders_watched", "Folders with a watch."},
        {"folders_unwatched", "Folders beyond the system's limit of watches."},
        {"connections", "Open connections."},
        {"uptime_s", "Seconds since the daemon began."}};
    head(out, "up", "gauge", "1: the daemon runs.");
    fprintf(out, "parseltongue_up %d\n", status != NULL);
    for (i = 0; i < PT_COUNT_OF(gauges); i++) one(out, status, gauges[i][0], gauges[i][0], "gauge", gauges[i][1]);
    one(out, status, "batches", "batches_total", "counter", "Batches, failed ones among them.");
    one(out, status, "batches_incremental", "batches_incremental_total", "counter",
        "Batches that cost what they changed.");
    one(out, status, "batches_failed", "batches_failed_total", "counter", "Batches that failed.");
    one(out, status, "answers_incomplete", "answers_incomplete_total", "counter",
        "Answers that did not show everything saved before the question.");
    one(out, cache, "hits", "cache_hits_total", "counter", "Answers that were kept.");
    one(out, cache, "misses", "cache_misses_total", "counter", "Answers that were not.");
    one(out, memory, "resident", "resident_bytes", "gauge", "Memory of the process, mapped files among it.");
    one(out, memory, "anonymous", "anonymous_bytes", "gauge", "Memory of the process that is no file's.");
    if (json_object_size(session)) {
        head(out, "session_bytes", "gauge", "What the next batch goes on from, by what it is.");
        json_object_foreach((json_t *)(uintptr_t)session, what, v)
            fprintf(out, "parseltongue_session_bytes{what=\"%s\"} %.17g\n", what, json_number_value(v));
    }
    summaries(out, json_object_get(status, "stages"), "batch_seconds", "stage",
              "Durations of the last batches, by stage.");
    summaries(out, json_object_get(status, "questions"), "question_seconds", "command",
              "Durations of the last questions, by command, without what they waited.");
    if (json_object_get(status, "waits")) {
        head(out, "wait_seconds", "summary", "How long questions waited for saves before them.");
        summary(out, "wait_seconds", NULL, NULL, json_object_get(status, "waits"));
    }
    if (!status) return;
    head(out, "trigger", "gauge", "1: beyond its limit over the last ten minutes; see `parseltongue daemon status`.");
    for (u32 k = 0; k < PT_TRIGGERS; k++) {
        bool on = false;
        json_array_foreach(triggers, i, v) on =
            on || strcmp(json_string_value(json_object_get(v, "name")), pt_trigger_at(k)->name) == 0;
        fprintf(out, "parseltongue_trigger{name=\"%s\"} %d\n", pt_trigger_at(k)->name, on);
    }
}
