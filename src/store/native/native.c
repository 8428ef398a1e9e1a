#include "store/native/native.h"

#include "graph/walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What reading a log again may cost: some two milliseconds. Facts are only passed over. */
enum { WORK_CAP = 256 << 10, LOG_CAP = 4 << 20, REOPENINGS = 50, BACKGROUND_RATE = 64 << 20 };

/* Bytes of a batch that have to be worked through. */
static u64 work_of(const void *block) {
    const void *facts;
    u32 count;
    u64 size = ((const pt_block_header *)block)->size;
    if (pt_block_take(&facts, &count, block, PT_SECTION_kept_facts, 8, "batch", NULL)) return size;
    return size - (u64)count * 8;
}

static bool log_is_long(const pt_native_store *s) { return s->log.size > s->log_cap || s->work > s->work_cap; }

/* Base and logs of the manifest into a writer. */
static int open_state(pt_native_store *s, pt_error *error) {
    pt_graph_base base;
    const pt_manifest_file *e;
    if (!pt_manifest_find(&s->manifest, PT_FILE_LOG, 0)) return PT_OK; /* nothing was committed yet */
    int code = pt_native_base_open(&base, s->disk, s->folder, &s->manifest, s->verify, error);
    if (!code) code = pt_graph_writer_create(&s->writer, &base, error);
    s->fingerprint = s->manifest.head.fingerprint;
    for (u32 i = 0; !code && (e = pt_manifest_find(&s->manifest, PT_FILE_LOG, i)); i++) {
        pt_log_view v;
        bool last = !pt_manifest_find(&s->manifest, PT_FILE_LOG, i + 1);
        code = pt_log_read(&v, s->disk, s->folder, s->manifest.head.uuid, e->number, e->size, last, error);
        if (!code && v.generation != pt_graph_writer_latest(s->writer)->info.generation)
            code = pt_fail(error, PT_ECORRUPT, "%s: log %llu does not follow what is before it", s->folder,
                           (unsigned long long)e->number);
        for (u32 k = 0; !code && k < v.count; k++) {
            const void *block = (const char *)v.data + v.records[k].offset;
            const void *info;
            u32 count;
            pt_delta d;
            code = pt_delta_open(&d, block, v.records[k].size, false, error);
            if (!code) code = pt_graph_writer_replay(s->writer, &d, error);
            s->work += code ? 0 : work_of(block);
            if (!code)
                code =
                    pt_block_take(&info, &count, block, PT_SECTION_kept_info, sizeof(pt_kept_info), s->folder, error);
            if (!code && count) s->fingerprint = ((const pt_kept_info *)info)->fingerprint;
        }
        if (!code && last) {
            if (s->writes) code = pt_log_resume(&s->log, &v, s->disk, s->folder, e->number, error);
            else s->log = (pt_log){.file = -1, .number = e->number, .size = v.valid, .chain = v.chain};
        }
        pt_log_view_free(&v);
    }
    return code;
}

static void drop_state(pt_native_store *s) {
    pt_graph_writer_destroy(s->writer);
    s->writer = NULL;
    pt_log_close(&s->log, s->disk);
    pt_manifest_free(&s->manifest);
    s->manifest = (pt_manifest){0};
}

static void highest(void *payload, const char *name) {
    u32 kind, shard;
    u64 number, *most = payload;
    if (pt_native_owns(name, &kind, &shard, &number) && kind && number >= *most) *most = number + 1;
}

static void native_close(pt_store *store) {
    pt_native_store *s = (pt_native_store *)store;
    pt_native_join(s, true);
    const pt_manifest_file *last = NULL, *e;
    for (u32 i = 0; (e = pt_manifest_find(&s->manifest, PT_FILE_LOG, i)); i++) last = e;
    /* so much of the log is sure from now on; if this fails it is merely not known to be */
    pt_error ignored;
    if (s->writes && last && s->log.file >= 0 && !s->log.broken && last->number == s->log.number &&
        last->size != s->log.size && pt_log_sync(&s->log, s->disk, &ignored) == PT_OK) {
        s->manifest.files.data[last - s->manifest.files.data].size = s->log.synced;
        (void)pt_manifest_write(&s->manifest, s->disk, s->folder, &ignored);
    }
    drop_state(s);
    if (s->lock >= 0) s->disk->unlock(s->disk, s->lock);
    pthread_mutex_destroy(&s->mutex);
    pt_free(s->folder);
    pt_free(s);
}

/* The folder's own name has to be on the disk before anything in it counts. */
static int sync_around(pt_disk *disk, const char *folder, pt_error *error) {
    char path[PT_NATIVE_PATH];
    snprintf(path, sizeof path, "%s", folder);
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') path[--n] = 0;
    char *slash = strrchr(path, '/');
    if (!slash) return disk->sync_folder(disk, ".", error);
    slash[slash == path] = 0;
    return disk->sync_folder(disk, path, error);
}

int pt_native_open_on(pt_store **out, pt_disk *disk, const char *folder, int mode, pt_error *error) {
    char path[PT_NATIVE_PATH];
    pt_alloc_clear();
    pt_native_store *s = pt_calloc(1, sizeof *s);
    *out = NULL;
    if (!s || !(s->folder = pt_strndup(folder, strlen(folder))))
        return pt_free(s), pt_fail(error, PT_ENOMEM, "out of memory");
    s->base.engine = &pt_native_engine;
    s->disk = disk;
    s->lock = -1;
    s->log.file = -1;
    s->log_cap = LOG_CAP;
    s->work_cap = WORK_CAP;
    s->full = mode & PT_STORE_FULL;
    s->background = mode & PT_STORE_BACKGROUND;
    s->rate = s->background ? BACKGROUND_RATE : 0;
    s->verify = mode & PT_STORE_WHOLE;
    pthread_mutex_init(&s->mutex, NULL);
    int code = PT_OK;
    if (strlen(folder) + 64 > PT_NATIVE_PATH) code = pt_fail(error, PT_EIO, "%s: too long a path", folder);
    if (!code && mode & PT_STORE_WRITE) {
        pt_native_path_named(path, folder, "lock");
        code = disk->make_folder(disk, folder, error);
        int around = code ? PT_OK : sync_around(disk, folder, error);
        if (!code) code = disk->lock(disk, &s->lock, path, error);
        s->writes = !code;
        if (!code) code = pt_manifest_read(&s->manifest, disk, folder, error);
        if (code == PT_ENOTFOUND && around) code = around; /* one that was there before needs its name no more */
        if (code == PT_ENOTFOUND) {                        /* nothing is in a store before its first commit */
            pt_store_make_uuid(s->manifest.head.uuid);
            s->manifest.head.next_number = 1;
            code = PT_OK;
        }
        /* the manifest that was found may be one whose rename is not on the disk yet */
        if (!code) code = disk->sync_folder(disk, folder, error);
        if (!code) code = disk->list(disk, folder, highest, &s->manifest.head.next_number, error);
        if (!code) code = open_state(s, error);
        if (!code) pt_native_sweep(disk, folder, &s->manifest);
    } else if (!code) {
        for (u32 attempt = 0;; attempt++) {
            u64 before = s->manifest.head.next_number;
            drop_state(s);
            code = pt_manifest_read(&s->manifest, disk, folder, error);
            if (code == PT_ENOTFOUND) {
                code = pt_fail(error, PT_ENOTFOUND, "%s: no store there; run `parseltongue index` first", folder);
                break;
            }
            if (!code) code = open_state(s, error);
            /* a file is gone: the writer put another manifest in place meanwhile */
            if (code != PT_ENOTFOUND || attempt >= REOPENINGS) break;
            if (attempt && before == s->manifest.head.next_number) {
                struct timespec pause = {0, 1000000};
                nanosleep(&pause, NULL);
            }
        }
        if (code == PT_ENOTFOUND && s->manifest.head.next_number)
            code = pt_fail(error, PT_ECORRUPT,
                           "%s: a file of the store is gone; `parseltongue doctor --repair` rebuilds it", folder);
    }
    if (code == PT_ENOTFOUND && s->writes)
        code = pt_fail(error, PT_ECORRUPT,
                       "%s: a file of the store is gone; `parseltongue doctor --repair` rebuilds it", folder);
    if (code) {
        s->writes = false;
        native_close(&s->base);
        size_t n = error ? strlen(error->message) : 0;
        if (n && code == PT_ECORRUPT && !strstr(error->message, "`parseltongue") &&
            !strstr(error->message, "later version"))
            snprintf(error->message + n, sizeof error->message - n,
                     "; `parseltongue doctor --repair` rebuilds the store");
        return code;
    }
    *out = &s->base;
    return PT_OK;
}

static int native_open(pt_store **out, const char *location, int mode, pt_error *error) {
    return pt_native_open_on(out, pt_disk_real(), location, mode, error);
}

int pt_native_reset_on(pt_disk *disk, const char *folder, pt_error *error) {
    static const char *const names[] = {"manifest", "lock"}; /* the manifest first: without it there is no store */
    pt_manifest nothing = {0};
    char path[PT_NATIVE_PATH];
    pt_error why;
    int lock = -1;
    pt_native_path_named(path, folder, "lock");
    int code = disk->lock(disk, &lock, path, &why); /* not under a writer's feet */
    if (code) return code == PT_ENOTFOUND ? PT_OK : pt_fail(error, code, "%s", why.message);
    for (u32 i = 0; !code && i < PT_COUNT_OF(names); i++) {
        pt_native_path_named(path, folder, names[i]);
        code = disk->unlink(disk, path, &why);
        if (code && code != PT_ENOTFOUND) code = pt_fail(error, code, "%s", why.message);
        else code = PT_OK;
        if (!i && !code) pt_native_sweep(disk, folder, &nothing);
    }
    disk->unlock(disk, lock);
    if (code) return code;
    (void)disk->remove_folder(disk, folder, &why); /* stays when something else is in it */
    return PT_OK;
}
static int native_reset(const char *location, pt_error *error) {
    return pt_native_reset_on(pt_disk_real(), location, error);
}

/* A file that the manifest names is gone: damage, unless the writer put another manifest in place meanwhile. */
int pt_native_gone(const pt_native_store *s, pt_error *error) {
    pt_manifest now = {0};
    bool other = !s->writes && pt_manifest_read(&now, s->disk, s->folder, NULL) == PT_OK &&
                 now.head.next_number != s->manifest.head.next_number;
    pt_manifest_free(&now);
    if (other) return pt_fail(error, PT_EBUSY, "%s: it was changed while it was read: ask again", s->folder);
    return pt_fail(error, PT_ECORRUPT, "%s: a file of the store is gone; `parseltongue doctor --repair` rebuilds it",
                   s->folder);
}

/* What is kept as of the state in memory: the last log may hold more by now, or a batch that was given up. */
int pt_native_load_kept(pt_kept_table *table, const pt_native_store *s, pt_error *error) {
    pt_manifest exact;
    *table = (pt_kept_table){0};
    int code = pt_manifest_copy(&exact, &s->manifest, error);
    for (u32 i = 0; !code && i < exact.files.count; i++)
        if (exact.files.data[i].kind == PT_FILE_LOG && exact.files.data[i].number == s->log.number)
            exact.files.data[i].size = s->log.size;
    if (!code) code = pt_kept_load(table, s->disk, s->folder, &exact, true, error);
    pt_manifest_free(&exact);
    if (code == PT_ENOTFOUND) code = pt_native_gone(s, error);
    return code;
}

/* Which kept files differ from what the store has. */
static int put_kept(pt_kept_parts *parts, pt_native_store *s, const pt_batch *b, pt_error *error) {
    pt_kept_table table;
    int code = pt_native_load_kept(&table, s, error);
    for (u32 i = 0, k = 0; !code && (i < b->file_count || k < table.entries.count);) {
        const pt_kept_file *new = i < b->file_count ? &b->files[i] : NULL;
        const pt_kept_file *old = k < table.entries.count ? &table.entries.data[k].file : NULL;
        int order = new &&old ? strcmp(new->path, old->path) : new ? -1 : 1;
        if (!order) order = new->edition < old->edition ? -1 : new->edition > old->edition;
        if (order > 0 && old) {
            pt_kept_file gone = {.path = old->path, .edition = old->edition};
            code = pt_kept_put(parts, &gone, error);
            s->rows++;
        } else if (new && (order < 0 || !new->unchanged || new->stamp.size != old->stamp.size ||
                           new->stamp.mtime_ns != old->stamp.mtime_ns || !pt_hash128_equal(new->hash, old->hash))) {
            code = pt_kept_put(parts, new, error);
            s->rows++;
        }
        i += order <= 0;
        k += order >= 0;
    }
    if (!code) code = pt_kept_end(parts, b->fingerprint, error);
    pt_kept_free(&table); /* paths of what is gone were copied */
    return code;
}

/* A delta and what is kept of files as one record of the log. Both are freed. */
static int put_record(pt_native_store *s, pt_delta_builder *builder, pt_kept_parts *kept, int code, pt_error *error) {
    PT_VEC(pt_block_part) parts = {0};
    void *block = NULL;
    u64 size = 0;
    if (!code && pt_vec_reserve(&parts, PT_DELTA_SECTION_COUNT - 1 + kept->parts.count) && parts.data) {
        pt_delta_parts(parts.data, builder);
        memcpy(parts.data + PT_DELTA_SECTION_COUNT - 1, kept->parts.data, kept->parts.count * sizeof(pt_block_part));
        parts.count = PT_DELTA_SECTION_COUNT - 1 + kept->parts.count;
    }
    if (!code && pt_alloc_failed()) code = pt_fail(error, PT_ENOMEM, "out of memory");
    if (!code) code = pt_block_make(&block, &size, PT_BLOCK_DELTA, parts.data, parts.count, error);
    pt_delta_builder_free(builder);
    pt_kept_parts_free(kept);
    pt_vec_free(&parts);
    if (!code) code = pt_native_append(s, block, size, error);
    pt_free(block);
    return code;
}

/* PT_ELIMIT: a new base is due. */
static int commit_delta(pt_native_store *s, const pt_batch *b, pt_error *error) {
    pt_delta_builder builder = {0};
    pt_kept_parts kept = {0};
    u64 changed = 0;
    const pt_graph *latest = pt_graph_writer_latest(s->writer);
    int code = pt_delta_between(&builder, &changed, latest, b->graph, b->graph->info.generation, error);
    if (!code && changed > (u64)latest->node_count / 2 + 64)
        code = PT_ELIMIT; /* as dear as a new base, and that is compact */
    if (!code) code = put_kept(&kept, s, b, error);
    if (!code) s->rows += changed;
    code = put_record(s, &builder, &kept, code, error);
    if (!code) s->fingerprint = b->fingerprint;
    return code;
}

int pt_native_append(pt_native_store *s, const void *block, u64 size, pt_error *error) {
    pt_delta delta;
    int code = pt_delta_open(&delta, block, size, false, error);
    if (!code) code = pt_graph_writer_prepare(s->writer, &delta, error);
    if (!code) code = pt_log_append(&s->log, s->disk, block, size, s->full, error);
    if (code) pt_graph_writer_discard(s->writer);
    else pt_graph_writer_publish(s->writer), s->work += work_of(block);
    return code;
}

/* No checkpoint runs when this returns. The mutex is held, but for a moment. */
static void stop_checkpoint(pt_native_store *s) {
    if (!__atomic_load_n(&s->running, __ATOMIC_ACQUIRE)) return;
    pthread_mutex_unlock(&s->mutex);
    pt_native_join(s, true);
    pthread_mutex_lock(&s->mutex);
}

static int begin_commit(pt_native_store *s, pt_error *error) {
    s->rows = 0;
    if (!s->writes) return pt_fail(error, PT_EUSAGE, "%s: opened for reading", s->folder);
    pthread_mutex_lock(&s->mutex);
    pt_alloc_clear();
    if (!s->lost) return PT_OK;
    pthread_mutex_unlock(&s->mutex);
    return pt_fail(error, PT_EIO, "%s: an earlier failure left memory behind the disk: open it again", s->folder);
}

/* A log that failed is given up: into new files, first of all. */
static int mend_log(pt_native_store *s, pt_error *error) {
    if (!s->log.broken) return PT_OK;
    stop_checkpoint(s);
    return pt_native_checkpoint_held(s, error);
}

static void end_commit(pt_native_store *s, int code) {
    if (!code && log_is_long(s)) {
        /* what is committed is committed: a checkpoint that fails is tried again by the next commit */
        if (s->background) pt_native_start_checkpoint(s);
        else s->checkpoint_code = pt_native_checkpoint_held(s, &s->checkpoint_error);
    }
    pt_alloc_clear();
    pthread_mutex_unlock(&s->mutex);
}

static int native_append(pt_store *store, const pt_append *b, pt_error *error) {
    pt_native_store *s = (pt_native_store *)store;
    int code = begin_commit(s, error);
    if (code) return code;
    pt_delta_builder builder = {0};
    pt_kept_parts kept = {0};
    if (!s->writer) code = pt_fail(error, PT_ENOTFOUND, "%s: an empty store", s->folder);
    if (!code) code = mend_log(s, error);
    if (!code) code = b->make(b->payload, &builder, pt_graph_writer_latest(s->writer), error);
    for (u32 i = 0; !code && i < b->file_count; i++) code = pt_kept_put(&kept, &b->files[i], error);
    if (!code) code = pt_kept_end(&kept, s->fingerprint, error);
    s->rows = builder.nodes.count + (u64)builder.rows.count + b->file_count;
    code = put_record(s, &builder, &kept, code, error);
    end_commit(s, code);
    return code;
}

static int native_commit(pt_store *store, const pt_batch *b, pt_error *error) {
    pt_native_store *s = (pt_native_store *)store;
    int code = begin_commit(s, error);
    if (code) return code;
    if (s->writer && b->graph->info.generation <= pt_graph_writer_latest(s->writer)->info.generation)
        code = pt_fail(error, PT_EUSAGE, "%s: generation %llu is there already", s->folder,
                       (unsigned long long)b->graph->info.generation);
    else if (!s->writer || !b->previous) {
        code = PT_ELIMIT;
    } else {
        code = mend_log(s, error);
        if (!code) code = commit_delta(s, b, error);
        /* a graph that was built anew counts, whatever does not fit what is there: it becomes the base */
        if (code == PT_ECORRUPT) code = PT_ELIMIT;
    }
    if (code == PT_ELIMIT) {
        stop_checkpoint(s); /* it writes what is about to be replaced */
        code = pt_native_replace(s, b, error);
        if (!code) s->rows = b->file_count + (u64)b->graph->node_count;
        pt_alloc_clear();
        pthread_mutex_unlock(&s->mutex);
        return code;
    }
    end_commit(s, code);
    return code;
}

static int native_load_graph(pt_store *store, pt_graph **out, pt_error *error) {
    pt_native_store *s = (pt_native_store *)store;
    *out = NULL;
    if (!s->writer)
        return pt_fail(error, PT_ENOTFOUND, "%s: an empty store; run `parseltongue index` first", s->folder);
    pt_graph *g = pt_malloc(sizeof *g);
    if (!g) return pt_fail(error, PT_ENOMEM, "out of memory");
    pt_native_join(s,
                   false); /* what it shows stays until the next commit, and no checkpoint may take it away meanwhile */
    *g = *pt_graph_writer_latest(s->writer);
    g->owned = NULL; /* all of it is the store's */
    g->owned_shards = NULL;
    *out = g;
    return PT_OK;
}

static int native_each_file(pt_store *store, bool with_facts, int (*visit)(void *, const pt_kept_file *), void *payload,
                            pt_error *error) {
    pt_native_store *s = (pt_native_store *)store;
    pt_kept_table table;
    pthread_mutex_lock(&s->mutex); /* a checkpoint may put another manifest in place */
    int code = pt_native_load_kept(&table, s, error);
    pthread_mutex_unlock(&s->mutex);
    for (u32 i = 0; !code && i < table.entries.count; i++) {
        pt_kept_file f = table.entries.data[i].file;
        if (!with_facts) f.facts = NULL, f.facts_size = 0;
        code = visit(payload, &f);
    }
    pt_kept_free(&table);
    return code;
}

static int native_stats(pt_store *store, pt_store_stats *out, pt_error *error) {
    pt_native_store *s = (pt_native_store *)store;
    (void)error;
    pthread_mutex_lock(&s->mutex);
    *out = (pt_store_stats){.rows_written = s->rows, .fingerprint = s->fingerprint};
    snprintf(out->uuid, sizeof out->uuid, "%s", s->manifest.head.uuid);
    for (u32 i = 0; i < s->manifest.files.count; i++)
        if (s->manifest.files.data[i].kind != PT_FILE_LOG || s->manifest.files.data[i].number != s->log.number)
            out->bytes += s->manifest.files.data[i].size;
    out->bytes += s->log.size;
    pt_graph_info none = {0}, *info = &none;
    if (s->writer) none = pt_graph_writer_latest(s->writer)->info;
    pthread_mutex_unlock(&s->mutex);
    out->generation = info->generation;
    out->nodes = (u64)info->local_nodes + info->external_nodes;
    out->edges = info->edges;
    out->files = info->files;
    return PT_OK;
}

static int native_edges(pt_store *store, u32 node, pt_direction d, int kind, int (*visit)(void *, pt_word),
                        void *payload, pt_error *error) {
    pt_native_store *s = (pt_native_store *)store;
    const pt_graph *g = s->writer ? pt_graph_writer_latest(s->writer) : NULL;
    if (!g || node >= g->node_count) return pt_fail(error, PT_ENOTFOUND, "%s: no node %u", s->folder, node);
    int code = PT_OK;
    for (pt_run run = kind < 0 ? pt_graph_list(g, node, d) : pt_graph_kind(g, node, d, (u8)kind);
         !code && pt_run_next(&run);)
        for (u32 i = 0; !code && i < run.count; i++) code = visit(payload, run.words[i]);
    return code;
}

static int native_reach(pt_store *store, u32 node, u32 depth, int (*visit)(void *, u32, u32), void *payload,
                        pt_error *error) {
    pt_native_store *s = (pt_native_store *)store;
    const pt_graph *g = s->writer ? pt_graph_writer_latest(s->writer) : NULL;
    pt_walker walker;
    if (!g || node >= g->node_count) return pt_fail(error, PT_ENOTFOUND, "%s: no node %u", s->folder, node);
    if (pt_walker_create(&walker, g)) return pt_fail(error, PT_ENOMEM, "out of memory");
    pt_walk_blast(&walker, g, node, depth, false);
    int code = PT_OK;
    for (u32 i = 1; !code && i < walker.count; i++) code = visit(payload, walker.queue[i], walker.depth[i]);
    pt_walker_free(&walker);
    return code;
}

static int native_checkpoint(pt_store *store, pt_error *error) {
    pt_native_store *s = (pt_native_store *)store;
    /* what the log holds is read in a moment: only a long one is worth new files */
    return s->writes && !s->background && log_is_long(s) ? pt_native_checkpoint(s, error) : PT_OK;
}

static void native_relax(pt_store *store) {
    pt_native_store *s = (pt_native_store *)store;
    pthread_mutex_lock(&s->mutex);
    if (s->writer) pt_native_base_relax(pt_graph_writer_base(s->writer));
    pthread_mutex_unlock(&s->mutex);
}

static pt_graph_writer *native_writer(pt_store *store) { return ((pt_native_store *)store)->writer; }

static int native_salvage(const char *location, int (*visit)(void *, const pt_kept_file *), void *payload,
                          pt_error *error) {
    return pt_native_salvage_on(pt_disk_real(), location, visit, payload, error);
}

const pt_store_engine pt_native_engine = {.magic = PT_STORE_MAGIC,
                                          .abi = PT_STORE_ABI,
                                          .name = "native",
                                          .open = native_open,
                                          .close = native_close,
                                          .commit = native_commit,
                                          .load_graph = native_load_graph,
                                          .each_file = native_each_file,
                                          .stats = native_stats,
                                          .reset = native_reset,
                                          .edges = native_edges,
                                          .reach = native_reach,
                                          .checkpoint = native_checkpoint,
                                          .append = native_append,
                                          .verify = pt_native_verify,
                                          .writer = native_writer,
                                          .relax = native_relax,
                                          .salvage = native_salvage};
