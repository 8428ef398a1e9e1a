/* The native store under crashes, failures of the disk and of memory: what it promises of commits is what is found. */
#include "support.h"

#include "native_crash.h"

static crash_counts counts;
static int fresh_counts(void **state) {
    (void)state;
    counts = (crash_counts){0};
    return 0;
}
static int no_violations(void **state) {
    (void)state;
    assert_int_equal(counts.violations, 0);
    assert_int_equal(counts.lost_acknowledged, 0);
    return 0;
}
static void tell_counts(const char *what) {
    printf("%s: %llu runs, %llu crashes (%llu before, %llu at, %llu in flight), %llu commits, %llu checkpoints\n", what,
           (unsigned long long)counts.runs, (unsigned long long)counts.crashes, (unsigned long long)counts.before,
           (unsigned long long)counts.at, (unsigned long long)counts.in_flight, (unsigned long long)counts.commits,
           (unsigned long long)counts.checkpoints);
}

static void begin(crash_run *r, const char *name, bool full, bool background, u64 log_cap) {
    crash_begin(r, &counts, full, background, log_cap);
    r->process = simulated_disk_process(r->disk);
    snprintf(r->name, sizeof r->name, "%s (%s, log_cap %llu%s)", name, full ? "full" : "normal",
             (unsigned long long)log_cap, background ? ", background" : "");
}
static void open_it(crash_run *r) {
    pt_error error = {0};
    if (crash_open(r, &error)) fail_msg("%s: %s", r->name, error.message);
}
static void commit_it(crash_run *r, u32 version, bool anew) {
    pt_error error = {0};
    if (crash_commit_version(r, version, anew, &error)) fail_msg("%s: %s", r->name, error.message);
}

/* --- without any failure ------------------------------------------------------------------------------------------ */
static void every_version_after_every_other(void **state) {
    (void)state;
    for (u32 variant = 0; variant < 6; variant++) {
        crash_run r;
        begin(&r, "versions", variant & 1, variant == 3, variant < 2 ? 1 << 30 : variant < 4 ? 1 : 12000);
        open_it(&r);
        for (u32 i = 0; i < 60; i++) {
            commit_it(&r, (i * 7 + i / 20) % CRASH_VERSIONS, i % 17 == 16);
            crash_join(&r);
            crash_holds(&r, &r.store->base, &r.history[r.current], "after a commit");
            if (i % 9 == 8) {
                crash_close(&r);
                open_it(&r);
                crash_holds(&r, &r.store->base, &r.history[r.current], "opened again");
            }
        }
        crash_end(&r);
    }
    tell_counts("versions");
}

/* --- crashes ------------------------------------------------------------------------------------------------------ */
/* The same steps, cut at one mutating call after the other. */
static void at_every_point(void **state) {
    (void)state;
    static const struct {
        bool full, background, harsh;
        u64 log_cap;
    } all[] = {{false, false, false, 1}, {true, false, true, 9000}, {false, true, true, 1}, {true, true, false, 9000}};
    u64 seed = seed_of_run("at_every_point");
    for (u32 c = 0; c < PT_COUNT_OF(all); c++) {
        u64 total = 400;
        for (u64 n = 0; n < total; n += 3) {
            u64 random = seed + c;
            crash_run r;
            begin(&r, "every point", all[c].full, all[c].background, all[c].log_cap);
            snprintf(r.name + strlen(r.name), sizeof r.name - strlen(r.name), " at %llu", (unsigned long long)n);
            r.disk->harsh = all[c].harsh;
            simulated_disk_seed(r.disk, n);
            (void)crash_once(&r, &random, n, 24, (int)(n / 3 % SIMULATED_MODES));
            crash_end(&r);
        }
    }
    tell_counts("every point");
}

static void several_in_a_row(void **state) {
    (void)state;
    u64 random = seed_of_run("several_in_a_row");
    for (u32 i = 0; i < 120; i++) crash_random_run(&counts, next_random(&random), 3);
    tell_counts("in a row");
    assert_true(counts.before > 0 && counts.in_flight > 0);
}

/* A killed writer's manifest may not be on the disk yet; what the next one builds on it must not go with it. */
static void killed_then_cut(void **state) {
    (void)state;
    for (u32 n = 0; n < 60; n++)
        for (u32 mode = SIMULATED_DROP; mode < SIMULATED_MODES; mode++) {
            pt_error error = {0};
            crash_run r;
            begin(&r, "killed, then cut", true, false, 1);
            snprintf(r.name + strlen(r.name), sizeof r.name - strlen(r.name), " at %u, mode %u", n, mode);
            open_it(&r);
            commit_it(&r, 1, false);
            simulated_disk_crash_at(r.disk, n);
            for (u32 i = 0; i < 3 && !crash_stopped(&r); i++) (void)crash_commit_version(&r, 2 + i, i == 1, &error);
            if (!crash_stopped(&r)) simulated_disk_crash_at(r.disk, 0);
            crash_close(&r);
            simulated_disk_crash_as(r.disk, n, SIMULATED_KILL);
            r.process = simulated_disk_process(r.disk);
            if (crash_recover(&r, r.current, false)) {
                r.log_cap = 1 << 20; /* only the log grows */
                crash_settings(&r, &r.store->base);
                commit_it(&r, 7, false);
                simulated_disk_crash_at(r.disk, 0);
                crash_close(&r);
                simulated_disk_crash_as(r.disk, n * 5 + mode, (simulated_mode)mode);
                r.process = simulated_disk_process(r.disk);
                (void)crash_recover(&r, r.floor, true);
            }
            crash_end(&r);
        }
}

/* --- failures without a crash --------------------------------------------------------------------------------------- */
static u64 failed_of(crash_run *r) {
    pthread_mutex_lock(&r->disk->mutex);
    u64 failed = r->disk->failed;
    pthread_mutex_unlock(&r->disk->mutex);
    return failed;
}
/* Some work under failures: whatever fails says why, memory shows what was acknowledged last. */
static void work(crash_run *r, u32 round) {
    for (u32 i = 0; i < 6; i++) {
        pt_error error = {0};
        u64 failed = failed_of(r);
        int code = PT_OK;
        switch ((i + round) % 6) {
        case 4:
            crash_join(r);
            crash_close(r);
            break;
        case 5: code = r->store ? pt_native_checkpoint(r->store, &error) : PT_OK; break;
        default:
            if (r->store && !r->store->lost)
                code = crash_commit_version(r, (i * 5 + round) % CRASH_VERSIONS, i == 3, &error);
        }
        if (code && !error.message[0]) crash_violated(r, "step %u: code %d without a word", i, code);
        if (code && code != PT_EIO && code != PT_EBUSY && code != PT_ECORRUPT)
            crash_violated(r, "step %u: code %d: %s", i, code, error.message);
        if (code && failed_of(r) == failed && !r->disk->capacity && !r->store->log.broken)
            crash_violated(r, "step %u: %s, but the disk did what it was asked", i, error.message);
        if (!r->store && (code = crash_open(r, &error)) != PT_OK && !error.message[0])
            crash_violated(r, "step %u: opening: code %d without a word", i, code);
    }
}
static void after_failures(crash_run *r, bool close_first) {
    pt_error error = {0};
    if (close_first) crash_close(r);
    crash_join(r);
    simulated_disk_heal(r->disk);
    r->disk->capacity = 0;
    if (r->store && r->store->lost) crash_close(r);
    if (!r->store) { /* whatever was acknowledged, or under way behind it */
        if (crash_open(r, &error)) {
            crash_violated(r, "cannot be opened afterwards: %s", error.message);
            return;
        }
        int found = crash_which(r, &r->store->base);
        if (found < (int)r->current) crash_violated(r, "entry %d found, %u was acknowledged", found, r->current);
        else crash_settle(r, (u32)found);
    }
    crash_holds(r, &r->store->base, &r->history[r->current], "after a failure");
    for (u32 i = 0; i < 2; i++) {
        if (crash_commit_version(r, 11 + i, false, &error)) crash_violated(r, "commit when healed: %s", error.message);
        crash_join(r);
        crash_holds(r, &r->store->base, &r->history[r->current], "healed");
    }
    if (pt_native_verify(&r->store->base, crash_tell, NULL, &error)) crash_violated(r, "verify: %s", error.message);
    crash_close(r);
    if (crash_open(r, &error)) crash_violated(r, "opened again: %s", error.message);
    else crash_holds(r, &r->store->base, &r->history[r->current], "opened again");
}

static const struct {
    simulated_kind kind;
    const char *name;
} kinds[] = {{SIMULATED_OPEN, "open"},
             {SIMULATED_MAKE, "make"},
             {SIMULATED_WRITE, "write"},
             {SIMULATED_TRUNCATE, "truncate"},
             {SIMULATED_SYNC, "sync"},
             {SIMULATED_STAMP, "stamp"},
             {SIMULATED_RENAME, "rename"},
             {SIMULATED_UNLINK, "unlink"},
             {SIMULATED_SYNC_FOLDER, "sync_folder"},
             {SIMULATED_MAKE_FOLDER, "make_folder"},
             {SIMULATED_MAP, "map"},
             {SIMULATED_READ, "read"},
             {SIMULATED_LIST, "list"},
             {SIMULATED_LOCK, "lock"},
             {SIMULATED_MUTATING, "mutating"},
             {SIMULATED_ANY, "any"}};

static void failures(void **state) {
    (void)state;
    for (u32 k = 0; k < PT_COUNT_OF(kinds); k++)
        for (u32 n = 0; n < 40; n += n < 12 ? 1 : 3)
            for (u32 variant = 0; variant < 4; variant++) {
                bool for_ever = variant & 1, full = (n + variant) & 1, background = n % 5 == 4;
                crash_run r;
                begin(&r, kinds[k].name, full, background, n % 3 ? 1 : 1 << 20);
                snprintf(r.name + strlen(r.name), sizeof r.name - strlen(r.name), " at %u%s%s", n,
                         for_ever ? ", for ever" : "", variant & 2 ? ", closed first" : "");
                simulated_disk_seed(r.disk, n * 31 + variant);
                if (n % 4) { /* else the first commit fails too */
                    open_it(&r);
                    commit_it(&r, 0, false);
                    commit_it(&r, 1, false);
                    crash_join(&r);
                }
                simulated_disk_fail(r.disk, kinds[k].kind, n, for_ever, PT_EIO, "a failure was asked for");
                if (!r.store) (void)crash_open(&r, &(pt_error){0});
                work(&r, n);
                after_failures(&r, variant & 2);
                crash_end(&r);
            }
    tell_counts("failures");
}

/* A write that fails and cannot be cut away either; a sync that fails: the log is given up, nothing is lost. */
static void two_failures(void **state) {
    (void)state;
    for (u32 variant = 0; variant < 96; variant++) {
        crash_run r;
        begin(&r, "two failures", variant & 1, false, 1 << 20);
        snprintf(r.name + strlen(r.name), sizeof r.name - strlen(r.name), " variant %u", variant);
        simulated_disk_seed(r.disk, variant);
        open_it(&r);
        commit_it(&r, 0, false);
        commit_it(&r, 1, false);
        simulated_disk_fail(r.disk, variant & 2 ? SIMULATED_SYNC : SIMULATED_WRITE, 0, variant & 8, PT_EIO, "first");
        simulated_disk_fail(r.disk, SIMULATED_TRUNCATE, 0, variant & 16, PT_EIO, "second");
        pt_error error = {0};
        int code = crash_commit_version(&r, 2, false, &error);
        if (code) {
            if (!(variant & 8)) { /* what fails for ever fails for whoever asks, too */
                crash_holds(&r, &r.store->base, &r.history[r.current], "after both");
                pt_store *reader = NULL;
                if (pt_native_open_on(&reader, r.process, "/w/store", PT_STORE_READ, &error))
                    crash_violated(&r, "reading: %s", error.message);
                else {
                    int found = crash_which(&r, reader);
                    if (found < (int)r.current) crash_violated(&r, "reading: entry %d found", found);
                    else crash_holds(&r, reader, &r.history[found], "reading after both");
                    pt_store_close(reader);
                }
            }
        } else if (variant & 2 && r.full) crash_violated(&r, "a commit that was not synced was acknowledged");
        if (variant & 4) {
            (void)crash_commit_version(&r, 3, false, &error);
            (void)crash_commit_version(&r, 4, false, &error);
        }
        if (variant % 3 == 0) { /* and then the power goes */
            simulated_disk_heal(r.disk);
            simulated_disk_crash_at(r.disk, 0);
            crash_close(&r);
            simulated_disk_crash_as(r.disk, variant * 77, SIMULATED_RANDOM);
            r.process = simulated_disk_process(r.disk);
            (void)crash_recover(&r, r.floor, true);
        } else after_failures(&r, variant & 32);
        crash_end(&r);
    }
}

static void a_full_disk(void **state) {
    (void)state;
    for (u32 room = 0; room < 60; room++) {
        crash_run r;
        begin(&r, "full disk", room & 1, room % 4 == 3, room % 3 ? 1 : 1 << 20);
        snprintf(r.name + strlen(r.name), sizeof r.name - strlen(r.name), " room %u", room);
        open_it(&r);
        commit_it(&r, 0, false);
        crash_join(&r);
        u64 used = 0;
        for (u32 i = 0; i < r.disk->inode_count; i++) used += r.disk->inodes[i]->now.size;
        r.disk->capacity = used + room * room * 40;
        work(&r, room);
        after_failures(&r, room % 5 == 0);
        crash_end(&r);
    }
}

static void a_read_only_disk(void **state) {
    (void)state;
    pt_error error = {0};
    crash_run r;
    begin(&r, "read only", false, false, 1 << 20);
    open_it(&r);
    commit_it(&r, 3, false);
    commit_it(&r, 4, false);
    crash_close(&r);
    simulated_disk_fail(r.disk, SIMULATED_MUTATING, 0, true, PT_EIO, "read-only");
    u64 digest = simulated_disk_digest(r.disk), mutations = simulated_disk_count(r.disk, SIMULATED_MUTATING);
    pt_store *reader = NULL;
    assert_int_equal(pt_native_open_on(&reader, r.process, "/w/store", PT_STORE_READ, &error), PT_OK);
    crash_holds(&r, reader, &r.history[r.current], "read-only");
    assert_int_equal(pt_native_verify(reader, crash_tell, NULL, &error), PT_OK);
    pt_batch batch = {.graph = crash_versions[0].graph};
    assert_int_not_equal(reader->engine->commit(reader, &batch, &error), PT_OK);
    pt_store_close(reader);
    assert_int_equal(simulated_disk_count(r.disk, SIMULATED_MUTATING), mutations); /* a reader does not even try */
    assert_int_not_equal(crash_open(&r, &error), PT_OK);
    assert_true(error.message[0]);
    assert_int_equal(simulated_disk_digest(r.disk), digest);
    simulated_disk_heal(r.disk);
    open_it(&r);
    crash_end(&r);
}

static u64 count_of(crash_run *r, simulated_kind kind) {
    pthread_mutex_lock(&r->disk->mutex);
    u64 count = simulated_disk_count(r->disk, kind);
    pthread_mutex_unlock(&r->disk->mutex);
    return count;
}
/* A log that fails while a checkpoint runs in the background. */
static void the_log_fails_during_a_checkpoint(void **state) {
    (void)state;
    for (u32 variant = 0; variant < 8; variant++) {
        crash_run r;
        begin(&r, "log fails during a checkpoint", variant & 1, true, 1);
        snprintf(r.name + strlen(r.name), sizeof r.name - strlen(r.name), " variant %u", variant);
        open_it(&r);
        commit_it(&r, 0, false);
        crash_join(&r);
        r.store->rate = 1000000; /* slow enough to be met at work */
        u64 made = count_of(&r, SIMULATED_MAKE);
        commit_it(&r, 1, false);
        for (u32 i = 0; i < 2000 && count_of(&r, SIMULATED_MAKE) < made + 3; i++)
            usleep(100); /* a log, a manifest, tables */
        simulated_disk_fail(r.disk, variant & 2 ? SIMULATED_SYNC : SIMULATED_WRITE, 0, false, PT_EIO, "first");
        simulated_disk_fail(r.disk, SIMULATED_TRUNCATE, 0, false, PT_EIO, "second");
        pt_error error = {0};
        u32 tries = 0; /* the checkpoint may meet the failure in the commit's place */
        while (crash_commit_version(&r, 2, false, &error) == PT_OK && ++tries < 3) continue;
        crash_heal(&r);
        if (crash_commit_version(&r, 3, variant & 4, &error))
            crash_violated(&r, "commit when healed: %s", error.message);
        after_failures(&r, variant & 4);
        crash_end(&r);
    }
}

/* --- allocation failures -------------------------------------------------------------------------------------------- */
typedef enum action {
    OPEN_WRITE,
    OPEN_READ,
    COMMIT,
    COMMIT_ANEW,
    FIRST_COMMIT,
    CHECKPOINT,
    LOAD,
    FILES,
    VERIFY,
    CLOSE,
    ACTIONS
} action;
static int count_file(void *payload, const pt_kept_file *f) {
    (void)f;
    ++*(u32 *)payload;
    return PT_OK;
}
static void out_of_memory(void **state) {
    (void)state;
    for (int a = 0; a < ACTIONS; a++) {
        u32 n = 0;
        for (bool met = true; met; n++) {
            pt_error error = {0};
            pt_store *reader = NULL;
            pt_graph *graph = NULL;
            u32 files = 0;
            crash_run r;
            begin(&r, "out of memory", n & 1, false, 1 << 20);
            snprintf(r.name + strlen(r.name), sizeof r.name - strlen(r.name), " action %d, allocation %u", a, n);
            open_it(&r);
            if (a != FIRST_COMMIT) {
                commit_it(&r, 0, false);
                commit_it(&r, 1, false);
                commit_it(&r, 2, false);
            }
            if (a == OPEN_WRITE || a == OPEN_READ) crash_close(&r);
            if (n % 3 == 0 && r.store) r.store->log_cap = 1;
            int code = PT_OK;
            pt_alloc_clear();
            pt_alloc_fail_after(n);
            switch (a) {
            case OPEN_WRITE: code = crash_open(&r, &error); break;
            case OPEN_READ: code = pt_native_open_on(&reader, r.process, "/w/store", PT_STORE_READ, &error); break;
            case COMMIT: code = crash_commit_version(&r, 5, false, &error); break;
            case FIRST_COMMIT:
            case COMMIT_ANEW: code = crash_commit_version(&r, 6, true, &error); break;
            case CHECKPOINT: code = pt_native_checkpoint(r.store, &error); break;
            case LOAD: code = r.store->base.engine->load_graph(&r.store->base, &graph, &error); break;
            case FILES: code = r.store->base.engine->each_file(&r.store->base, true, count_file, &files, &error); break;
            case VERIFY: code = pt_native_verify(&r.store->base, crash_tell, NULL, &error); break;
            default: crash_close(&r);
            }
            met = pt_alloc_fail_met();
            pt_alloc_fail_after(-1);
            if (code && code != PT_ENOMEM) crash_violated(&r, "code %d: %s", code, error.message);
            if (code && !error.message[0]) crash_violated(&r, "code %d without a word", code);
            if (code && !met) crash_violated(&r, "code %d, but memory was there", code);
            if (!code && a == LOAD && graph) crash_holds_graph(&r, graph, &r.history[r.current], "loaded");
            pt_graph_close(graph);
            if (reader) {
                pt_alloc_clear();
                crash_holds(&r, reader, &r.history[r.current], "reading");
                pt_store_close(reader);
            }
            /* nobody has to clear the thread's flag for the store: its calls may fail for one failure, not for ever */
            if (code && a == OPEN_READ) {
                code = pt_native_open_on(&reader, r.process, "/w/store", PT_STORE_READ, &error);
                if (code) crash_violated(&r, "once more: %s", error.message);
                else pt_store_close(reader);
            }
            after_failures(&r, n % 2);
            crash_end(&r);
            if (n > 5000) fail_msg("no end of allocations");
        }
        printf("action %d: %u allocations\n", a, n - 1);
    }
}

int main(void) {
    crash_make_versions();
#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh_counts, no_violations)
    const struct CMUnitTest tests[] = {CASE(every_version_after_every_other),
                                       CASE(at_every_point),
                                       CASE(several_in_a_row),
                                       CASE(killed_then_cut),
                                       CASE(failures),
                                       CASE(two_failures),
                                       CASE(a_full_disk),
                                       CASE(a_read_only_disk),
                                       CASE(the_log_fails_during_a_checkpoint),
                                       CASE(out_of_memory)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    crash_free_versions();
    return failed;
}
