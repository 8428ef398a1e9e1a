/* checkpoint.c: from base and log to a new base. */
#include "store/native/native.h"

enum { FACTS_FILES = 8 };

/* What the facts files of the next manifest are: those there are and one for what the logs say, or, when too much in them
 * is dead, one for everything. */
static int write_facts(pt_manifest *next, const pt_native_store *s, const pt_manifest *logs,
                       const pt_throttle *throttle, pt_error *error) {
    pt_kept_table table = {0};
    pt_kept_parts parts = {0};
    u32 files = 0;
    u64 live = 0;
    int code = pt_kept_load(&table, s->disk, s->folder, logs, true, error);
    for (u32 i = 0; i < table.entries.count; i++) live += table.entries.data[i].file.facts_size;
    while (pt_manifest_find(logs, PT_FILE_FACTS, files)) files++;
    bool merge = files >= FACTS_FILES || table.dead > live / 2 + (1 << 20);
    if (!code && !merge) {
        for (u32 i = 0; !code && i < files; i++)
            if (!pt_vec_push(&next->files, *pt_manifest_find(logs, PT_FILE_FACTS, i)))
                code = pt_fail(error, PT_ENOMEM, "out of memory");
        /* of the logs alone, removals too */
        pt_kept_table log = {0};
        u32 order = 0;
        for (u32 i = 0; !code && i < table.logs.count; i++)
            for (u32 k = 0; !code && k < table.logs.data[i].count; k++)
                code = pt_kept_add(&log, (const char *)table.logs.data[i].data + table.logs.data[i].records[k].offset,
                                   order++, "the log", error);
        for (u32 i = 0; !code && i < log.entries.count; i++) {
            pt_kept_file f = log.entries.data[i].file;
            if (log.entries.data[i].removed) f.facts = NULL, f.facts_size = 0;
            code = pt_kept_put(&parts, &f, error);
        }
        pt_kept_free(&log);
    } else {
        for (u32 i = 0; !code && i < table.entries.count; i++)
            code = pt_kept_put(&parts, &table.entries.data[i].file, error);
    }
    if (!code) code = pt_kept_end(&parts, logs->head.fingerprint, error);
    if (!code && (parts.records.count || !pt_manifest_find(next, PT_FILE_FACTS, 0))) {
        pt_manifest_file e = {.kind = PT_FILE_FACTS, .number = next->head.next_number++};
        code = pt_native_write_block(&e, s->disk, s->folder, PT_BLOCK_FACTS, parts.parts.data, parts.parts.count,
                                     throttle, error);
        if (!code && !pt_vec_push(&next->files, e)) code = pt_fail(error, PT_ENOMEM, "out of memory");
    }
    pt_kept_parts_free(&parts);
    pt_kept_free(&table);
    return code;
}

static int add_log(pt_manifest *m, const pt_log *log, pt_error *error) {
    pt_manifest_file e = {.kind = PT_FILE_LOG, .number = log->number, .size = log->synced};
    return pt_vec_push(&m->files, e) ? PT_OK : pt_fail(error, PT_ENOMEM, "out of memory");
}

/* The base that the manifest names now goes below the snapshot, with the batches of the last log. The state stays what it
 * is, so a failure costs memory only. */
static void rebase(pt_native_store *s) {
    pt_graph_base base;
    pt_log_view view = {0};
    pt_error ignored;
    PT_VEC(pt_delta) deltas = {0};
    if (pt_native_base_open(&base, s->disk, s->folder, &s->manifest, false, &ignored)) return;
    int code = pt_log_read(&view, s->disk, s->folder, s->manifest.head.uuid, s->log.number, 0, true, &ignored);
    for (u32 i = 0; !code && i < view.count; i++) {
        pt_delta d;
        code = pt_delta_open(&d, (char *)view.data + view.records[i].offset, view.records[i].size, false, &ignored);
        if (!code && !pt_vec_push(&deltas, d)) code = PT_ENOMEM;
    }
    if (!code && view.chain != s->log.chain) code = PT_EIO; /* not all of it can be read back */
    if (code) base.release(base.payload);
    else (void)pt_graph_writer_rebase(s->writer, &base, deltas.data, deltas.count, &ignored);
    pt_vec_free(&deltas);
    pt_log_view_free(&view);
    pt_alloc_clear();
}

/* Puts `next` in place of the store's manifest. */
static int install(pt_native_store *s, pt_manifest *next, pt_error *error) {
    int code = s->disk->sync_folder(s->disk, s->folder, error);
    if (!code) code = pt_manifest_write(next, s->disk, s->folder, error);
    s->manifest.head.next_number = next->head.next_number; /* never given twice */
    if (code) return code;
    pt_manifest_free(&s->manifest);
    s->manifest = *next;
    *next = (pt_manifest){0};
    return PT_OK;
}

/* A manifest that failed may be in place all the same: nothing may be appended to a log before one is for certain. */
static void doubt(pt_native_store *s) { s->log.broken = true; }

/* The log that takes batches from now on, named behind the old ones. */
static int switch_logs(pt_native_store *s, pt_error *error) {
    pt_manifest middle;
    pt_log log = {.file = -1};
    int code = pt_log_sync(&s->log, s->disk, error);
    if (code) return code;
    code = pt_manifest_copy(&middle, &s->manifest, error);
    for (u32 i = 0; !code && i < middle.files.count; i++)
        if (middle.files.data[i].kind == PT_FILE_LOG && middle.files.data[i].number == s->log.number)
            middle.files.data[i].size = s->log.size;
    if (!code)
        code = pt_log_make(&log, s->disk, s->folder, middle.head.uuid, middle.head.next_number++,
                           pt_graph_writer_latest(s->writer)->info.generation, error);
    if (!code) code = add_log(&middle, &log, error);
    if (!code) {
        code = install(s, &middle, error);
        if (code) doubt(s);
    }
    pt_manifest_free(&middle);
    if (code) {
        pt_log_close(&log, s->disk);
        return code;
    }
    pt_log_close(&s->log, s->disk);
    s->log = log;
    s->work = 0;
    return PT_OK;
}

/* `concurrent`: commits go on while the files are written; else the mutex stays held. */
static int checkpoint(pt_native_store *s, bool concurrent, pt_error *error) {
    pt_manifest next = {0}, logs = {0};
    pt_log log = {.file = -1};
    pt_reader *reader = NULL;
    pt_throttle throttle = {s->rate, &s->stop};
    pt_alloc_clear();
    if (!s->writer) return PT_OK;
    bool two_phases = concurrent && !s->log.broken;
    int code = pt_reader_open(&reader, s->writer, error);
    if (!code && two_phases) code = switch_logs(s, error);
    if (!code) code = pt_manifest_copy(&logs, &s->manifest, error);
    const pt_graph *g = code ? NULL : pt_reader_enter(reader);
    logs.head.fingerprint = s->fingerprint;
    if (!code && two_phases) { /* the last log holds what comes after the snapshot */
        for (u32 i = 0, kept = 0, count = logs.files.count; i < count; i++) {
            if (logs.files.data[i].kind == PT_FILE_LOG && logs.files.data[i].number == s->log.number)
                logs.files.count--;
            else logs.files.data[kept++] = logs.files.data[i];
        }
        pthread_mutex_unlock(&s->mutex);
    } else if (!code) { /* what the log holds that counts */
        for (u32 i = 0; i < logs.files.count; i++)
            if (logs.files.data[i].kind == PT_FILE_LOG && logs.files.data[i].number == s->log.number)
                logs.files.data[i].size = s->log.size;
    }
    if (!code) {
        next.head = logs.head;
        code = pt_native_base_write(&next, s->disk, s->folder, g, &logs, two_phases ? &throttle : NULL, error);
    }
    if (!code) code = write_facts(&next, s, &logs, two_phases ? &throttle : NULL, error);
    if (g) pt_reader_leave(reader);
    if (two_phases && g) pthread_mutex_lock(&s->mutex);
    pt_reader_close(reader);
    if (!code && !two_phases)
        code =
            pt_log_make(&log, s->disk, s->folder, next.head.uuid, next.head.next_number++, next.head.generation, error);
    if (!code && two_phases) code = pt_log_sync(&s->log, s->disk, error);
    if (!code) code = add_log(&next, two_phases ? &s->log : &log, error);
    if (!code) {
        code = install(s, &next, error);
        if (code) doubt(s);
        else if (!two_phases) {
            pt_log_close(&s->log, s->disk);
            s->log = log;
            log.file = -1;
        }
    }
    pt_log_close(&log, s->disk);
    if (next.head.next_number > s->manifest.head.next_number) s->manifest.head.next_number = next.head.next_number;
    if (!code && !two_phases) s->work = 0; /* else it counts what came since the logs were switched */
    if (!code) rebase(s);
    /* after a failure the names of both manifests may be needed, unless the one in place is known */
    if (!code || !s->log.broken) pt_native_sweep(s->disk, s->folder, &s->manifest);
    pt_manifest_free(&next);
    pt_manifest_free(&logs);
    return code;
}

int pt_native_checkpoint(pt_native_store *s, pt_error *error) {
    pt_native_join(s, false);
    pthread_mutex_lock(&s->mutex);
    int code = checkpoint(s, false, error);
    pthread_mutex_unlock(&s->mutex);
    return code;
}

int pt_native_checkpoint_held(pt_native_store *s, pt_error *error) { return checkpoint(s, false, error); }

static void *in_background(void *payload) {
    pt_native_store *s = payload;
    pthread_mutex_lock(&s->mutex);
    s->checkpoint_code = checkpoint(s, true, &s->checkpoint_error);
    __atomic_store_n(&s->running, false, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&s->mutex);
    return NULL;
}

void pt_native_start_checkpoint(pt_native_store *s) {
    if (__atomic_load_n(&s->running, __ATOMIC_ACQUIRE)) return;
    if (s->started) pthread_join(s->thread, NULL);
    s->running = true;
    s->stop = false;
    s->started = pthread_create(&s->thread, NULL, in_background, s) == 0;
    if (!s->started) s->running = false;
}

void pt_native_join(pt_native_store *s, bool stop) {
    if (!s->started) return;
    __atomic_store_n(&s->stop, stop, __ATOMIC_RELAXED);
    pthread_join(s->thread, NULL);
    s->started = false;
    s->stop = false;
}

int pt_native_replace(pt_native_store *s, const pt_batch *b, pt_error *error) {
    pt_manifest next = {.head = s->manifest.head};
    pt_kept_parts parts = {0};
    pt_log log = {.file = -1};
    pt_graph_base base;
    pt_alloc_clear();
    next.head.fingerprint = b->fingerprint;
    int code = pt_native_base_write(&next, s->disk, s->folder, b->graph, NULL, NULL, error);
    for (u32 i = 0; !code && i < b->file_count; i++) code = pt_kept_put(&parts, &b->files[i], error);
    if (!code) code = pt_kept_end(&parts, b->fingerprint, error);
    if (!code) {
        pt_manifest_file e = {.kind = PT_FILE_FACTS, .number = next.head.next_number++};
        code = pt_native_write_block(&e, s->disk, s->folder, PT_BLOCK_FACTS, parts.parts.data, parts.parts.count, NULL,
                                     error);
        if (!code && !pt_vec_push(&next.files, e)) code = pt_fail(error, PT_ENOMEM, "out of memory");
    }
    pt_kept_parts_free(&parts);
    if (!code)
        code =
            pt_log_make(&log, s->disk, s->folder, next.head.uuid, next.head.next_number++, next.head.generation, error);
    if (!code) code = add_log(&next, &log, error);
    /* opened before it is named: when this fails, nothing happened */
    if (!code) code = pt_native_base_open(&base, s->disk, s->folder, &next, false, error);
    if (!code) {
        code = install(s, &next, error);
        if (code) {
            doubt(s);
            base.release(base.payload);
        } else {
            pt_log_close(&s->log, s->disk);
            s->log = log;
            s->work = 0;
            log.file = -1;
            s->fingerprint = b->fingerprint;
            code = s->writer ? pt_graph_writer_rebase(s->writer, &base, NULL, 0, error)
                             : pt_graph_writer_create(&s->writer, &base, error);
            if (code) s->lost = true; /* it is on the disk, and memory does not show it */
        }
    }
    pt_log_close(&log, s->disk);
    if (next.head.next_number > s->manifest.head.next_number) s->manifest.head.next_number = next.head.next_number;
    if (!code || !s->log.broken) pt_native_sweep(s->disk, s->folder, &s->manifest);
    pt_manifest_free(&next);
    return code;
}
