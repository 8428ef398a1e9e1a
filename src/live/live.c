#include "live/live.h"

#include "graph/writer.h"
#include "live/monitor.h"
#include "live/watch.h"
#include "query/cache.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { CACHED_ROWS = 100000 };
enum {
    KINDS = 64,
    GIT_LOCK_MS = 2000,
    QUIET_MS = 3,
    STREAM_MS = 100,
    REST_SOON_MS = 1000,
    REST_MS = 3000,
    REST_SOON_BATCHES = 16,
    REST_BATCHES = 2000,
    REST_BYTES = 64 << 10,
    STALE_SHOWN = 20,
    PENDING_MOST = 4096
};

typedef struct pending_path {
    char *path; /* NULL: anything */
    u64 ticket;
} pending_path;

typedef struct asker {
    pt_reader *reader;
    pt_walker walker;
} asker;

enum { STAGE_QUEUE, STAGE_WAIT, STAGE_READ, STAGE_RESOLVE, STAGE_GRAPH, STAGE_COMMIT, STAGE_WHOLE, STAGES };
static const char *const stage_names[STAGES] = {"queue",  "event to index",   "read", "resolve", "graph",
                                                "commit", "event to snapshot"};

struct pt_live {
    pt_live_options options;
    char *root;
    pt_watch *watch;
    pt_store *store;
    pt_session *session;     /* of the indexing thread; NULL: the next batch makes everything anew */
    pt_graph_writer *writer; /* the store's or own */
    bool own_writer;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    bool started, closing, failed, busy;
    bool streaming;       /* saves came while the last batch ran */
    u64 noticed, covered; /* tickets: given, and in the latest snapshot */
    u64 since_us;         /* the first event that no batch has taken yet */
    PT_VEC(pending_path) pending;
    PT_VEC(char *) stale; /* files that count as they last were when they were balanced */
    PT_VEC(asker) askers; /* idle ones */
    pt_cache *cache;
    u64 batches, failures, started_us;
    u64 followed;   /* batches that cost what they changed */
    char why[256];  /* the last one that did not: why */
    bool rested;    /* nothing happened since the last rest */
    bool rest_soon; /* a session was made: much of it is not needed at once */
    u32 since_rest; /* batches */
    bool warmed;    /* a session was made, or tried, since the last batch */
    pt_timing stages[STAGES], questions[KINDS], waits;
    u64 incomplete; /* answers that were not of the state that their question should see */
    pt_error error;
    char uuid[40];
    u64 bytes;              /* of the store */
    pt_index_report report; /* of the last batch that succeeded */
    pt_reader *reader;      /* of the indexing thread */
    pt_graph_info info;     /* of the latest snapshot */
};

/* A base of its own for engines that keep no snapshots: the graph as it was built. */
static int show_graph(pt_live *l, pt_graph *g, pt_error *error) {
    pt_graph_base base = pt_graph_base_of(g);
    if (l->writer) return pt_graph_writer_rebase(l->writer, &base, NULL, 0, error);
    pt_graph_writer *made;
    int code = pt_graph_writer_create(&made, &base, error);
    pthread_mutex_lock(&l->mutex);
    if (!code) l->writer = made;
    pthread_mutex_unlock(&l->mutex);
    return code;
}

/* Of the indexing thread, or before it runs. */
static void look_at_store(pt_live *l) {
    pt_store_stats stats;
    pt_error ignored;
    if (l->store->engine->stats(l->store, &stats, &ignored)) return;
    pthread_mutex_lock(&l->mutex);
    if (!l->uuid[0]) snprintf(l->uuid, sizeof l->uuid, "%s", stats.uuid);
    l->bytes = stats.bytes;
    pthread_mutex_unlock(&l->mutex);
}

static bool has_plain_name(const char *path) {
    size_t n = strlen(path);
    return n > 3 && strcmp(path + n - 3, ".rs") == 0;
}
/* Files that the watch would not tell: of other names, outside, in hidden folders. The mutex is held. */
static void watch_odd_files(pt_live *l, const pt_graph *g) {
    for (u32 i = 0; i < g->file_count; i++) {
        const pt_graph_file *f = pt_file_at(g, i);
        if (!f->path) continue;
        const char *path = pt_graph_string(g, f->path);
        bool far = path[0] == '/' || path[0] == '.' || strstr(path, "/.");
        if (far || !has_plain_name(path)) pt_watch_also(l->watch, path, f->size, f->mtime_ns, far);
    }
}

/* As a reader, for a checkpoint beside us may put another base below the snapshot. */
static void look_at_graph(pt_live *l, bool look_for_files) {
    pt_error ignored;
    if (!l->reader && pt_reader_open(&l->reader, l->writer, &ignored)) return;
    const pt_graph *g = pt_reader_enter(l->reader);
    l->info = g->info;
    if (look_for_files) watch_odd_files(l, g);
    pt_reader_leave(l->reader);
}

static bool git_is_busy(const pt_live *l) {
    char path[4200];
    snprintf(path, sizeof path, "%s/.git/index.lock", l->root);
    return access(path, F_OK) == 0;
}

static void forget_pending(pt_live *l, u64 ticket) {
    u32 kept = 0;
    for (u32 i = 0; i < l->pending.count; i++) {
        if (l->pending.data[i].ticket > ticket) l->pending.data[kept++] = l->pending.data[i];
        else pt_free(l->pending.data[i].path);
    }
    l->pending.count = kept;
}

/* The mutex is held. */
static void look_at_stale(pt_live *l) {
    const char *paths[STALE_SHOWN];
    u32 count = l->session ? pt_session_stale(l->session, paths, STALE_SHOWN) : 0;
    for (u32 i = 0; i < l->stale.count; i++) pt_free(l->stale.data[i]);
    l->stale.count = 0;
    for (u32 i = 0; i < count; i++) {
        char *copy = pt_strndup(paths[i], strlen(paths[i]));
        if (copy && !pt_vec_push(&l->stale, copy)) pt_free(copy);
    }
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* A batch that goes on from the one before. */
static int follow(pt_live *l, pt_index_report *report, const pt_index_options *o, pt_error *error) {
    pt_session_report r;
    int code = pt_session_batch(l->session, &r, l->store, o->changed, o->changed_count, error);
    *report = (pt_index_report){.files = l->report.files,
                                .files_read = r.files,
                                .items = r.items,
                                .bodies = r.bodies,
                                .sites = r.sites,
                                .nodes = (u32)r.nodes,
                                .edges = r.edges,
                                .read_us = r.read_us,
                                .resolve_us = r.relink_us + r.resolve_us,
                                .commit_us = r.commit_us,
                                .total_us = r.read_us + r.relink_us + r.resolve_us + r.commit_us,
                                .generation = r.generation};
    return code;
}

/* One batch. The mutex is held on entry and exit, not while it indexes. */
static void batch(pt_live *l) {
    pt_index_report report;
    pt_error error = {0};
    pt_graph *built = NULL;
    char first[256] = "";
    u64 start = pt_now_us(), since = l->since_us ? l->since_us : start, ticket;
    for (u32 waited = 0; waited < GIT_LOCK_MS && !l->closing; waited += 5) { /* a checkout is one batch */
        pthread_mutex_unlock(&l->mutex);
        bool held = git_is_busy(l);
        struct timespec pause = {0, 5000000};
        if (held) nanosleep(&pause, NULL);
        pthread_mutex_lock(&l->mutex);
        if (!held) break;
    }
    /* saves that came while the batch before ran are a stream: those of a checkout are a few batches, a lone one waits for none */
    for (u32 waited = 0; l->streaming && waited < STREAM_MS && !l->closing; waited += QUIET_MS) {
        u64 before = l->noticed;
        struct timespec pause = {0, QUIET_MS * 1000000};
        pthread_mutex_unlock(&l->mutex);
        nanosleep(&pause, NULL);
        pthread_mutex_lock(&l->mutex);
        if (l->noticed == before) break;
    }
    ticket = l->noticed;
    u32 files = l->pending.count;
    bool any = l->batches > 0;
    if (files && l->pending.data[0].path) snprintf(first, sizeof first, "%s", l->pending.data[0].path);
    PT_VEC(char *) names = {0};
    bool nameless = l->pending.count >= PENDING_MOST; /* events were lost, or too many to tell */
    for (u32 i = 0; i < l->pending.count; i++) {
        nameless = nameless || !l->pending.data[i].path;
        char *copy =
            l->pending.data[i].path ? pt_strndup(l->pending.data[i].path, strlen(l->pending.data[i].path)) : NULL;
        if (copy && !pt_vec_push(&names, copy)) pt_free(copy);
    }
    if (names.count) qsort(names.data, names.count, sizeof(char *), by_text);
    l->since_us = 0;
    l->busy = true;
    l->warmed = l->rested = false;
    l->since_rest++;
    pthread_mutex_unlock(&l->mutex);
    pt_index_options o = l->options.index;
    o.opened = l->store;
    o.changed = (const char *const *)names.data;
    o.changed_count = names.count;
    o.doubt_all = nameless;
    o.force = any && files; /* without a file that is known to have changed it looks first */
    u64 begun = pt_now_us();
    bool follows = l->session && any && files && !nameless;
    int code = follows ? follow(l, &report, &o, &error) : PT_ELIMIT;
    char whole[256] = "";
    if (code) {
        snprintf(whole, sizeof whole, "%s",
                 follows                     ? error.message
                 : !any                      ? "the first batch"
                 : nameless                  ? "events were lost, or too many"
                 : !files                    ? "asked to look at everything"
                 : !l->store->engine->append ? "the engine takes whole states only"
                                             : "nothing to go on from");
        pt_session_destroy(l->session);
        l->session = NULL;
        o.session = &l->session;
        error = (pt_error){0};
        code = pt_index(l->own_writer ? &built : NULL, &report, &o, &error);
        l->rest_soon = true;
    }
    if (!code && built) {
        if (report.up_to_date && l->writer) pt_graph_close(built);
        else code = show_graph(l, built, &error);
        pt_alloc_clear();
    }
    for (u32 i = 0; i < names.count; i++) pt_free(names.data[i]);
    pt_vec_free(&names);
    look_at_store(l);
    pthread_mutex_lock(&l->mutex);
    if (!whole[0]) l->followed++;
    else if (follows) snprintf(l->why, sizeof l->why, "%s", whole);
    if (!code) l->report = report;
    if (!code && !l->own_writer) l->writer = l->store->engine->writer(l->store);
    if (!code && l->writer) look_at_graph(l, !follows || report.files_read != files);
    look_at_stale(l);
    l->busy = false;
    l->covered = ticket;
    l->streaming = l->noticed > ticket;
    l->failed = code != PT_OK;
    l->error = error;
    forget_pending(l, ticket);
    u64 end = pt_now_us();
    l->batches++;
    l->failures += code != PT_OK;
    if (!code && any) {
        pt_timing_note(&l->stages[STAGE_QUEUE], start - since);
        pt_timing_note(&l->stages[STAGE_WAIT], begun - since);
        pt_timing_note(&l->stages[STAGE_READ], report.discover_us + report.dependencies_us + report.read_us);
        pt_timing_note(&l->stages[STAGE_RESOLVE], report.resolve_us);
        pt_timing_note(&l->stages[STAGE_GRAPH], report.graph_us);
        pt_timing_note(&l->stages[STAGE_COMMIT], report.commit_us);
        pt_timing_note(&l->stages[STAGE_WHOLE], end - since);
    }
    pt_live_update update = {.generation = report.generation,
                             .nodes = report.nodes,
                             .edges = report.edges,
                             .us = end - since,
                             .files = files,
                             .read = report.files_read,
                             .resolved = (u32)report.items,
                             .whole = whole,
                             .first = first,
                             .code = code,
                             .message = error.message};
    pthread_mutex_unlock(&l->mutex);
    if (l->options.updated) l->options.updated(l->options.payload, &update);
    pthread_mutex_lock(&l->mutex);
}

/* Nothing is to be done, and saves will come: what a batch goes on from is made beforehand. */
static void warm_up(pt_live *l) {
    pt_index_report report;
    pt_error ignored;
    pt_index_options o = l->options.index;
    o.opened = l->store;
    o.session = &l->session;
    o.only_session = true;
    l->warmed = l->busy = l->rest_soon = true;
    l->rested = false;
    pthread_mutex_unlock(&l->mutex);
    (void)pt_index(NULL, &report, &o, &ignored);
    pthread_mutex_lock(&l->mutex);
    l->busy = false;
}

/* Nobody saves: what is not needed at once goes from memory. */
static void rest(pt_live *l) {
    char folder[4200];
    const char *location = strchr(l->options.index.store, ':');
    snprintf(folder, sizeof folder, "%s", location ? location + 1 : l->options.index.store);
    char *slash = strrchr(folder, '/');
    if (slash && slash != folder) *slash = 0;
    l->busy = true;
    pthread_mutex_unlock(&l->mutex);
    bool fresh = !l->session || pt_session_rest(l->session, folder, REST_BYTES);
    if (!fresh) pt_session_destroy(l->session);
    if (l->store->engine->relax) l->store->engine->relax(l->store);
    pt_alloc_trim();
    pthread_mutex_lock(&l->mutex);
    l->busy = false;
    l->rested = true;
    l->rest_soon = false;
    l->since_rest = 0;
    if (!fresh) l->session = NULL, l->warmed = false;
}

/* Waits until something happens, or, false, for a time. */
static bool happens(pt_live *l, u32 ms) {
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / 1000;
    until.tv_nsec += (long)(ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) until.tv_sec++, until.tv_nsec -= 1000000000;
    return pthread_cond_timedwait(&l->changed, &l->mutex, &until) == 0;
}

static void *keep_up(void *payload) {
    pt_live *l = payload;
    pthread_mutex_lock(&l->mutex);
    while (!l->closing) {
        if (l->covered < l->noticed) batch(l);
        else if (!l->session && !l->warmed && !l->failed && l->writer && l->store->engine->append) warm_up(l);
        else if (l->rested) pthread_cond_wait(&l->changed, &l->mutex);
        else if (l->since_rest >= (l->rest_soon ? REST_SOON_BATCHES : REST_BATCHES) ||
                 !happens(l, l->rest_soon ? REST_SOON_MS : REST_MS))
            rest(l);
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

int pt_live_open(pt_live **out, const pt_live_options *options, pt_error *error) {
    pt_alloc_settle();
    pt_live *l = pt_calloc(1, sizeof *l);
    *out = NULL;
    if (!l || !(l->root = pt_strndup(options->index.path, strlen(options->index.path))))
        return pt_free(l), pt_fail(error, PT_ENOMEM, "out of memory");
    l->options = *options;
    l->started_us = pt_now_us();
    if (options->cache) l->cache = pt_cache_create(options->cache, CACHED_ROWS);
    l->noticed = 1; /* what changed while nobody looked */
    pthread_mutex_init(&l->mutex, NULL);
    pthread_condattr_t clock;
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&l->changed, &clock);
    pthread_condattr_destroy(&clock);
    pt_graph *g = NULL;
    int code = pt_index_prepare_folder(options->index.store, error);
    /* watched first: what is saved from here on is noticed */
    if (!code) code = pt_watch_open(&l->watch, l->root, error);
    if (!code)
        code = pt_store_open(&l->store, options->index.store,
                             PT_STORE_WRITE | PT_STORE_BACKGROUND | (options->index.full ? PT_STORE_FULL : 0), error);
    if (!code) {
        look_at_store(l);
        l->own_writer = l->store->engine->writer == NULL;
        if (!l->own_writer) l->writer = l->store->engine->writer(l->store);
        else if (l->store->engine->load_graph(l->store, &g, error) == PT_OK) code = show_graph(l, g, error);
        if (!code && l->writer) look_at_graph(l, true);
    }
    if (!code) {
        l->started = pthread_create(&l->thread, NULL, keep_up, l) == 0;
        if (!l->started) code = pt_fail(error, PT_EIO, "no thread can be had");
    }
    if (code) {
        pt_live_close(l);
        return code;
    }
    *out = l;
    return PT_OK;
}

void pt_live_close(pt_live *l) {
    if (!l) return;
    pthread_mutex_lock(&l->mutex);
    l->closing = true;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
    if (l->started) pthread_join(l->thread, NULL);
    for (u32 i = 0; i < l->askers.count; i++) {
        pt_reader_close(l->askers.data[i].reader);
        pt_walker_free(&l->askers.data[i].walker);
    }
    pt_vec_free(&l->askers);
    pt_reader_close(l->reader);
    if (l->own_writer) pt_graph_writer_destroy(l->writer);
    pt_session_destroy(l->session);
    pt_store_close(l->store);
    pt_watch_close(l->watch);
    pt_cache_destroy(l->cache);
    forget_pending(l, UINT64_MAX);
    pt_vec_free(&l->pending);
    for (u32 i = 0; i < l->stale.count; i++) pt_free(l->stale.data[i]);
    pt_vec_free(&l->stale);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->mutex);
    pt_free(l->root);
    pt_free(l);
}

/* The mutex is held. */
static void changed(void *payload, const char *path) {
    pt_live *l = payload;
    u64 ticket = ++l->noticed;
    if (!l->since_us) l->since_us = pt_now_us();
    for (u32 i = 0; l->pending.count < PENDING_MOST && i < l->pending.count; i++) {
        pending_path *p = &l->pending.data[i];
        if ((!path && !p->path) || (path && p->path && strcmp(path, p->path) == 0)) {
            p->ticket = ticket;
            return;
        }
    }
    if (path && l->pending.count >= PENDING_MOST) { /* a checkout of everything: the rest goes without names */
        pending_path *last = &l->pending.data[l->pending.count - 1];
        last->ticket = ticket;
        return;
    }
    char *copy = path ? pt_strndup(path, strlen(path)) : NULL;
    if (!pt_vec_push(&l->pending, (pending_path){copy, ticket})) pt_free(copy);
}

int pt_live_descriptor(const pt_live *l) { return pt_watch_descriptor(l->watch); }

void pt_live_notice(pt_live *l) {
    pthread_mutex_lock(&l->mutex);
    u64 before = l->noticed;
    pt_watch_read(l->watch, changed, l);
    if (l->noticed != before) pt_watch_look(l->watch, changed, l); /* a link to what changed is another file */
    if (l->noticed != before) pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
}

void pt_live_look(pt_live *l) {
    pthread_mutex_lock(&l->mutex);
    u64 before = l->noticed;
    pt_watch_look(l->watch, changed, l);
    if (pt_watch_unwatched(l->watch)) l->noticed++;
    if (l->noticed != before) pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
}

const pt_index_options *pt_live_index(const pt_live *l) { return &l->options.index; }

u64 pt_live_ticket(pt_live *l) {
    pthread_mutex_lock(&l->mutex);
    u64 ticket = l->noticed;
    pthread_mutex_unlock(&l->mutex);
    return ticket;
}

bool pt_live_covers(pt_live *l, u64 ticket) {
    pthread_mutex_lock(&l->mutex);
    bool covers = l->covered >= ticket;
    pthread_mutex_unlock(&l->mutex);
    return covers;
}

u64 pt_live_refresh(pt_live *l) {
    pthread_mutex_lock(&l->mutex);
    u64 ticket = ++l->noticed;
    pthread_cond_broadcast(&l->changed);
    pthread_mutex_unlock(&l->mutex);
    return ticket;
}

/* What of an answer depends on the moment: the mutex is held, and the snapshot is not chosen yet: one that comes between
 * makes the answer fresher than it says, never the other way round. */
static json_t *freshness(const pt_live *l, u64 ticket) {
    json_t *answer = json_object(), *stale = json_array();
    u32 count = 0;
    for (u32 i = 0; i < l->pending.count; i++) {
        if (l->pending.data[i].ticket > ticket) continue; /* came later: not this question's matter */
        if (l->pending.data[i].path && count++ < STALE_SHOWN)
            json_array_append_new(stale, pt_json_text(l->pending.data[i].path));
    }
    json_t *unbalanced = json_array();
    for (u32 i = 0; i < l->stale.count; i++) {
        bool waits = false; /* it was saved again: listed already */
        for (u32 k = 0; k < l->pending.count && !waits; k++)
            waits = l->pending.data[k].ticket <= ticket && l->pending.data[k].path &&
                    strcmp(l->pending.data[k].path, l->stale.data[i]) == 0;
        if (waits) continue;
        json_array_append_new(stale, pt_json_text(l->stale.data[i]));
        json_array_append_new(unbalanced, pt_json_text(l->stale.data[i]));
    }
    if (json_array_size(unbalanced)) json_object_set_nocheck(answer, "unbalanced", unbalanced);
    json_decref(unbalanced);
    json_object_set_new_nocheck(answer, "complete",
                                json_boolean(l->covered >= ticket && !l->failed && !l->stale.count));
    json_object_set_new_nocheck(answer, "pending", json_integer(count));
    json_object_set_new_nocheck(answer, "stale", stale);
    return answer;
}

int pt_live_ask(pt_live *l, const char *command, const json_t *params, u64 ticket, json_t **answer, pt_error *error) {
    asker a = {0};
    pt_query q = {.store_uri = l->options.index.store, .uuid = l->uuid};
    json_t *fresh = NULL;
    u64 start = pt_now_us();
    *answer = NULL;
    int code = pt_request_read(&q, command, params, error);
    if (code) return code;
    pthread_mutex_lock(&l->mutex);
    pt_graph_writer *writer = l->writer;
    q.store_bytes = l->bytes;
    if (writer) fresh = freshness(l, ticket);
    if (writer && l->askers.count) a = l->askers.data[--l->askers.count];
    pthread_mutex_unlock(&l->mutex);
    if (!writer) return pt_fail(error, PT_ENOTFOUND, "nothing is indexed yet: the first index is under way");
    pt_alloc_clear();
    if (!a.reader) code = pt_reader_open(&a.reader, writer, error);
    if (!code) {
        q.graph = pt_reader_enter(a.reader);
        q.walker = a.walker;
        q.keep_walker = true;
        u64 generation = q.graph->info.generation;
        /* an answer that quotes files is of their text when it was made: not while one of them waits or does not balance */
        bool quotes = strcmp(q.command, "context") == 0 || strcmp(q.command, "explore") == 0;
        bool keeps = l->cache && !(quotes && json_array_size(json_object_get(fresh, "stale")));
        *answer = keeps ? pt_cache_get(l->cache, generation, q.command, params) : NULL;
        if (!*answer) {
            code = pt_query_run(&q, answer, error);
            if (!code && keeps && *answer && !q.passing) pt_cache_put(l->cache, generation, q.command, params, *answer);
        }
        a.walker = q.walker;
        pt_reader_leave(a.reader);
    }
    if (*answer) json_object_update(*answer, fresh);
    json_decref(fresh);
    u32 kind = pt_query_index(command);
    bool complete = !*answer || json_is_true(json_object_get(*answer, "complete"));
    if (*answer && strcmp(command, "stats") == 0) json_object_set_new_nocheck(*answer, "triggers", pt_live_triggers(l));
    pthread_mutex_lock(&l->mutex);
    l->incomplete += !complete;
    if (kind < KINDS) pt_timing_note(&l->questions[kind], pt_now_us() - start);
    if (a.reader && !pt_vec_push(&l->askers, a)) {
        pt_reader_close(a.reader);
        pt_walker_free(&a.walker);
    }
    pthread_mutex_unlock(&l->mutex);
    return code;
}

json_t *pt_live_report(pt_live *l, pt_error *error) {
    pthread_mutex_lock(&l->mutex);
    pt_index_report report = l->report;
    int code = l->failed ? pt_fail(error, l->error.code ? l->error.code : PT_EIO, "%s", l->error.message) : PT_OK;
    pthread_mutex_unlock(&l->mutex);
    return code ? NULL : pt_index_report_json(&report, l->options.index.store);
}

/* The mutex is held. */
static const pt_timing *timing_of(const pt_live *l, u32 trigger) {
    return trigger == PT_TRIGGER_BLAST_RADIUS ? &l->questions[pt_query_index("blast-radius")] : &l->stages[STAGE_QUEUE];
}

static void advise(const pt_live *l, u32 trigger, char *out, size_t size) {
    if (trigger == PT_TRIGGER_BLAST_RADIUS) {
        snprintf(out, size,
                 "ask with a smaller --depth or --limit; `parseltongue overview` names what much depends on");
        return;
    }
    u32 slowest = STAGE_READ, most = 0, n;
    for (u32 i = STAGE_READ; i < STAGE_WHOLE; i++) {
        u32 p99 = pt_timing_permille(&l->stages[i], 990, PT_TRIGGER_WINDOW_S, &n);
        if (p99 > most) most = p99, slowest = i;
    }
    int at = snprintf(out, size, "batches take longest to %s (p99 %.1f ms)", stage_names[slowest], most / 1000.0);
    if (l->why[0] && at > 0 && (size_t)at < size)
        snprintf(out + at, size - (size_t)at, "; %llu of %llu made everything anew, the last one because %s",
                 (unsigned long long)(l->batches - l->followed), (unsigned long long)l->batches, l->why);
    else if (!l->store->engine->append && at > 0 && (size_t)at < size)
        snprintf(out + at, size - (size_t)at, "; %s takes whole states only: `--store native:DIR` keeps up with saves",
                 l->store->engine->name);
}

static json_t *triggers_json(const pt_live *l) {
    json_t *out = json_array();
    for (u32 i = 0; i < PT_TRIGGERS; i++) {
        char advice[512];
        u32 p99;
        const pt_trigger *t = pt_trigger_at(i);
        if (!pt_trigger_is_on(i, timing_of(l, i), &p99)) continue;
        advise(l, i, advice, sizeof advice);
        json_array_append_new(out, json_pack("{s:s, s:s, s:i, s:i, s:o}", "name", t->name, "what", t->what, "p99_us",
                                             (int)PT_MIN(p99, (u32)INT32_MAX), "limit_us", (int)t->limit_us, "advice",
                                             pt_json_text(advice)));
    }
    return out;
}

json_t *pt_live_triggers(pt_live *l) {
    pthread_mutex_lock(&l->mutex);
    json_t *out = triggers_json(l);
    pthread_mutex_unlock(&l->mutex);
    return out;
}

void pt_live_waited(pt_live *l, u64 us) {
    pthread_mutex_lock(&l->mutex);
    pt_timing_note(&l->waits, us);
    pthread_mutex_unlock(&l->mutex);
}

json_t *pt_live_status(pt_live *l) {
    json_t *out = json_object(), *stages = json_object(), *questions = json_object(), *memory = json_object();
    pt_reader *reader = NULL;
    pthread_mutex_lock(&l->mutex);
    pt_graph_info info = l->info;
    /* a commit shows its snapshot before the batch is over: what a question saw is not taken back */
    if (l->writer && pt_reader_open(&reader, l->writer, NULL) == PT_OK) {
        info = pt_reader_enter(reader)->info;
        pt_reader_close(reader);
    }
    json_object_set_new(out, "workspace", pt_json_text(l->root));
    json_object_set_new(out, "store", pt_json_text(l->options.index.store));
    json_object_set_new(out, "uuid", json_string(l->uuid));
    json_object_set_new_nocheck(out, "complete", json_boolean(l->covered >= l->noticed && !l->failed));
    json_object_set_new_nocheck(out, "indexing", json_boolean(l->busy));
    json_object_set_new_nocheck(out, "pending", json_integer(l->pending.count));
    json_t *stale = json_array();
    for (u32 i = 0; i < l->stale.count; i++) json_array_append_new(stale, pt_json_text(l->stale.data[i]));
    json_object_set_new_nocheck(out, "stale", stale);
    json_object_set_new(out, "error", l->failed ? pt_json_text(l->error.message) : json_null());
    json_object_set_new_nocheck(out, "generation", json_integer((json_int_t)info.generation));
    json_object_set_new_nocheck(out, "nodes", json_integer((json_int_t)info.local_nodes + info.external_nodes));
    json_object_set_new_nocheck(out, "edges", json_integer((json_int_t)info.edges));
    json_object_set_new_nocheck(out, "files", json_integer(info.files));
    json_object_set_new_nocheck(out, "store_bytes", json_integer((json_int_t)l->bytes));
    json_object_set_new_nocheck(out, "folders_watched", json_integer(pt_watch_folders(l->watch)));
    json_object_set_new_nocheck(out, "folders_unwatched", json_integer(pt_watch_unwatched(l->watch)));
    json_object_set_new_nocheck(out, "batches", json_integer((json_int_t)l->batches));
    json_object_set_new_nocheck(out, "batches_incremental", json_integer((json_int_t)l->followed));
    json_object_set_new(out, "whole", l->why[0] ? pt_json_text(l->why) : json_null());
    json_object_set_new_nocheck(out, "batches_failed", json_integer((json_int_t)l->failures));
    json_object_set_new_nocheck(out, "uptime_s", json_integer((json_int_t)((pt_now_us() - l->started_us) / 1000000)));
    json_object_set_new_nocheck(out, "pid", json_integer(getpid()));
    if (!l->busy && l->session) { /* the indexing thread waits for the mutex */
        pt_memory_row rows[PT_WORLD_MEMORY_ROWS + 1];
        pt_session_memory(l->session, rows);
        for (u32 i = 0; i < PT_COUNT_OF(rows); i++)
            json_object_set_new_nocheck(memory, rows[i].what, json_integer((json_int_t)rows[i].bytes));
    }
    for (u32 i = 0; i < STAGES; i++)
        if (l->stages[i].count) json_object_set_new_nocheck(stages, stage_names[i], pt_timing_json(&l->stages[i]));
    json_object_set_new_nocheck(out, "triggers", triggers_json(l));
    json_object_set_new_nocheck(out, "waits", pt_timing_json(&l->waits));
    json_object_set_new_nocheck(out, "answers_incomplete", json_integer((json_int_t)l->incomplete));
    u32 count;
    const pt_query_info *list = pt_query_list(&count);
    for (u32 i = 0; i < count && i < KINDS; i++)
        if (l->questions[i].count)
            json_object_set_new_nocheck(questions, list[i].name, pt_timing_json(&l->questions[i]));
    pthread_mutex_unlock(&l->mutex);
    if (l->cache) {
        pt_cache_stats cached;
        pt_cache_stats_of(l->cache, &cached);
        json_object_set_new_nocheck(out, "cache",
                                    json_pack("{s:I, s:I, s:i, s:i}", "hits", (json_int_t)cached.hits, "misses",
                                              (json_int_t)cached.misses, "answers", (int)cached.entries, "rows",
                                              (int)cached.rows));
    }
    u64 resident, anonymous;
    pt_process_memory(&resident, &anonymous);
    json_object_set_new_nocheck(out, "memory",
                                json_pack("{s:I, s:I, s:o}", "resident", (json_int_t)resident, "anonymous",
                                          (json_int_t)anonymous, "session", memory));
    json_object_set_new_nocheck(out, "stages", stages);
    json_object_set_new_nocheck(out, "questions", questions);
    return out;
}

json_t *pt_live_history(pt_live *l) {
    json_t *stages = json_object(), *questions = json_object();
    u32 count, now = (u32)(pt_now_us() / 1000000);
    const pt_query_info *list = pt_query_list(&count);
    pthread_mutex_lock(&l->mutex);
    for (u32 i = 0; i < STAGES; i++)
        json_object_set_new_nocheck(stages, stage_names[i], pt_timing_history(&l->stages[i], now));
    for (u32 i = 0; i < count && i < KINDS; i++)
        if (l->questions[i].count)
            json_object_set_new_nocheck(questions, list[i].name, pt_timing_history(&l->questions[i], now));
    pthread_mutex_unlock(&l->mutex);
    return json_pack("{s:i, s:o, s:o}", "minutes", PT_TIMING_MINUTES, "stages", stages, "questions", questions);
}
