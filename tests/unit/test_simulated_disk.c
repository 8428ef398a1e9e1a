/* The simulated disk itself: what a crash may take, what it must not, and that nothing is left to chance. */
#include "support.h"

#include "simulated_disk.h"

enum { SEEDS = 400 };

static simulated_disk *disk;
static pt_disk *process;
static pt_error error;

static int set_up(void **state) {
    (void)state;
    disk = simulated_disk_new();
    process = simulated_disk_process(disk);
    error = (pt_error){0};
    return 0;
}
static int tear_down(void **state) {
    (void)state;
    assert_int_equal(disk->misuse, 0);
    simulated_disk_free(disk);
    return 0;
}

static int open_file(const char *path, bool make) {
    int file = -1;
    if (process->open(process, &file, path, make, &error)) fail_msg("%s", error.message);
    return file;
}
static void write_at(int file, u64 offset, const void *bytes, u64 size) {
    if (process->write(process, file, offset, bytes, size, &error)) fail_msg("%s", error.message);
}
static void write_text(int file, const char *text) { write_at(file, 0, text, strlen(text)); }
static void sync_file(int file) {
    if (process->sync(process, file, &error)) fail_msg("%s", error.message);
}
static void sync_in(const char *folder) {
    if (process->sync_folder(process, folder, &error)) fail_msg("%s", error.message);
}
static void make_in(const char *folder) {
    if (process->make_folder(process, folder, &error)) fail_msg("%s", error.message);
}
static void move(const char *from, const char *to) {
    if (process->rename(process, from, to, &error)) fail_msg("%s", error.message);
}
/* A new file, its bytes synced, its name not. */
static void make_file(const char *path, const char *text) {
    int file = open_file(path, true);
    write_text(file, text);
    sync_file(file);
    process->close(process, file);
}
static bool holds(simulated_disk *d, const char *path, const char *text) {
    u8 *data;
    u64 size;
    return simulated_disk_bytes(d, path, &data, &size) && size == strlen(text) && !memcmp(data, text, size);
}
/* A copy of the disk after a crash, so that many seeds can be tried on one state. */
static simulated_disk *crashed(u64 seed, simulated_mode mode) {
    simulated_disk *copy = simulated_disk_clone(disk);
    simulated_disk_crash_as(copy, seed, mode);
    return copy;
}
static void count_name(void *payload, const char *name) {
    (void)name;
    ++*(u32 *)payload;
}

static void the_calls(void **state) {
    (void)state;
    int file = -1, lock = -1;
    assert_int_equal(process->open(process, &file, "/db/a", false, &error), PT_ENOTFOUND);
    assert_non_null(strstr(error.message, "/db/a"));
    assert_int_equal(process->open(process, &file, "/db/a", true, &error), PT_ENOTFOUND);
    make_in("/db");
    make_in("/db/");
    file = open_file("/db/a", true);
    assert_int_equal(process->open(process, &lock, "/db/a", true, &error), PT_EIO);
    assert_int_equal(process->open(process, &lock, "/db", false, &error), PT_EIO);
    assert_int_equal(process->make_folder(process, "/db/a", &error), PT_EIO);

    const void *map = process;
    u64 size = 7;
    pt_disk_stamp stamp, later;
    assert_int_equal(process->map(process, &map, &size, &stamp, "/db/a", &error), PT_OK);
    assert_null(map);
    assert_int_equal(size, 0);
    process->unmap(process, NULL, 0);

    write_at(file, 5000, "end", 3);
    write_text(file, "begin");
    assert_int_equal(process->stamp(process, file, &later, &error), PT_OK);
    assert_int_equal(later.device, 1);
    assert_int_equal(later.inode, stamp.inode);
    assert_int_equal(later.size, 5003);
    assert_true(later.modified_ns > stamp.modified_ns && later.changed_ns > stamp.changed_ns);

    assert_int_equal(process->map(process, &map, &size, &stamp, "db//a", &error), PT_OK);
    assert_int_equal((uintptr_t)map % 4096, 0);
    assert_int_equal(size, 5003);
    assert_memory_equal(&stamp, &later, sizeof stamp);
    void *tail;
    u64 tail_size;
    assert_int_equal(process->read(process, &tail, &tail_size, "/db/a", 4999, &error), PT_OK);
    assert_int_equal(tail_size, 4);
    assert_memory_equal(tail, "\0end", 4);
    pt_free(tail);
    assert_int_equal(process->read(process, &tail, &tail_size, "/db/a", 6000, &error), PT_OK);
    assert_null(tail);
    assert_int_equal(process->truncate(process, file, 2, &error), PT_OK);
    assert_int_equal(process->unlink(process, "/db", &error), PT_EIO);
    assert_int_equal(process->remove_folder(process, "/db", &error), PT_EIO);
    assert_int_equal(process->unlink(process, "/db/a", &error), PT_OK);
    assert_int_equal(process->unlink(process, "/db/a", &error), PT_ENOTFOUND);
    assert_memory_equal((const char *)map + 5000, "end", 3);
    process->unmap(process, map, size);
    write_text(file, "an open file outlives its name");
    sync_file(file);
    process->close(process, file);

    make_file("/db/b", "b");
    make_file("/db/c", "c");
    make_in("/db/d");
    assert_int_equal(process->rename(process, "/db/x", "/db/y", &error), PT_ENOTFOUND);
    assert_int_equal(process->rename(process, "/db/b", "/no/b", &error), PT_ENOTFOUND);
    assert_int_equal(process->rename(process, "/db/b", "/db/d", &error), PT_EIO);
    assert_int_equal(process->rename(process, "/db", "/db/d/db", &error), PT_EIO);
    move("/db/b", "/db/b");
    move("/db/b", "/db/c");
    move("/db/d", "/db/e");
    u32 names = 0;
    assert_int_equal(process->list(process, "/db", count_name, &names, &error), PT_OK);
    assert_int_equal(names, 2);
    assert_int_equal(process->list(process, "/db/d", count_name, &names, &error), PT_ENOTFOUND);
    assert_int_equal(process->remove_folder(process, "/db/e", &error), PT_OK);
    assert_true(holds(disk, "/db/c", "b"));
    assert_int_equal(simulated_disk_count(disk, SIMULATED_RENAME), 7);
    assert_true(simulated_disk_count(disk, SIMULATED_ANY) > simulated_disk_count(disk, SIMULATED_MUTATING));
    assert_int_equal(disk->open_file_count + disk->map_count + disk->lock_count, 0);
}

static void wrong_use_is_counted(void **state) {
    (void)state;
    int file = open_file("/a", true);
    process->close(process, file);
    process->close(process, file);
    assert_int_equal(process->write(process, file, 0, "x", 1, &error), PT_EIO);
    assert_int_equal(process->sync(process, file, &error), PT_EIO);
    process->unmap(process, &file, 4);
    process->unlock(process, 99);
    assert_int_equal(disk->misuse, 5);
    disk->misuse = 0;
    file = open_file("/a", false);
    assert_int_equal(process->write(process, file, UINT64_MAX - 1, "xy", 2, &error), PT_EIO);
    assert_int_equal(process->truncate(process, file, UINT64_MAX, &error), PT_EIO);
}

static void synced_bytes_survive(void **state) {
    (void)state;
    static u8 old[8192], new[8192];
    for (u32 i = 0; i < sizeof old; i++) old[i] = (u8)(i % 100), new[i] = (u8)(100 + i % 100);
    int file = open_file("/a", true);
    write_at(file, 0, old, 8192);
    sync_file(file);
    sync_in("/");
    write_at(file, 1000, new, 3000);
    write_at(file, 3500, new, 100);
    write_at(file, 8192, new, 4000);
    bool seen[2][4000] = {0}, size_old = false, size_new = false, torn = false, zeros = false, garbage = false;
    for (u64 seed = 0; seed < SEEDS; seed++)
        for (u32 mode = SIMULATED_DROP; mode < SIMULATED_MODES; mode++) {
            simulated_disk *after = crashed(seed, (simulated_mode)mode);
            u8 *data;
            u64 size;
            u32 now = 0;
            assert_true(simulated_disk_bytes(after, "/a", &data, &size));
            assert_true(size >= 8192 && size <= 12192);
            assert_memory_equal(data, old, 1000);
            assert_memory_equal(data + 4000, old + 4000, 4192);
            for (u32 i = 1000; i < 4000; i++) {
                bool kept = data[i] != old[i];
                if (kept) assert_true(data[i] == new[i - 1000] || data[i] == new[(i - 3500) % 8192]);
                seen[kept][i] = true;
                now += kept;
            }
            if (mode == SIMULATED_DROP) assert_true(size == 8192 && now == 0);
            size_old |= size == 8192;
            size_new |= size == 12192 && !memcmp(data + 8192, new, 4000);
            torn |= now > 0 && now < 3000;
            zeros |= size == 12192 && !data[12191] && !data[12190] && !data[12189];
            garbage |= size == 12192 && data[12191] > 200;
            simulated_disk_free(after);
        }
    for (u32 i = 1000; i < 4000; i++) assert_true(seen[0][i] && seen[1][i]);
    assert_true(size_old && size_new && torn && zeros && garbage);

    sync_file(file);
    for (u64 seed = 0; seed < SEEDS; seed++) {
        simulated_disk *after = crashed(seed, SIMULATED_HARSH);
        assert_int_equal(simulated_disk_digest(after), simulated_disk_digest(disk));
        simulated_disk_free(after);
    }
    process->close(process, file);
}

static void later_bytes_may_come_first(void **state) {
    (void)state;
    int file = open_file("/a", true);
    write_text(file, "....");
    sync_file(file);
    sync_in("/");
    write_at(file, 0, "1", 1);
    write_at(file, 2, "2", 1);
    assert_int_equal(process->truncate(process, file, 3, &error), PT_OK);
    u32 seen = 0;
    bool shuffled = false;
    for (u64 seed = 0; seed < SEEDS; seed++) {
        simulated_disk *after = crashed(seed, SIMULATED_RANDOM);
        seen |= (u32)holds(after, "/a", "1.2.") << 0 | (u32)holds(after, "/a", "..2.") << 1 |
                (u32)holds(after, "/a", "1...") << 2 | (u32)holds(after, "/a", "...") << 3 |
                (u32)holds(after, "/a", "....") << 4 | (u32)holds(after, "/a", "1.2") << 5;
        simulated_disk_free(after);
    }
    assert_int_equal(seen, 63);
    sync_file(file); /* "1.2" */
    write_at(file, 5, "3", 1);
    assert_int_equal(process->truncate(process, file, 1, &error), PT_OK);
    for (u64 seed = 0; seed < SEEDS; seed++) {
        simulated_disk *after = crashed(seed, SIMULATED_RANDOM);
        u8 *data;
        u64 size;
        assert_true(simulated_disk_bytes(after, "/a", &data, &size));
        shuffled |= size == 6 && !memcmp(data, "1\0\0\0\0003", 6);
        simulated_disk_free(after);
    }
    assert_true(shuffled);
    process->close(process, file);
}

static void writes_tear(void **state) {
    (void)state;
    static u8 old[2048], new[2048];
    memset(old, 'o', sizeof old);
    memset(new, 'n', sizeof new);
    int file = open_file("/a", true);
    write_at(file, 0, old, 2048);
    sync_file(file);
    sync_in("/");
    write_at(file, 0, new, 2048);
    bool prefix = false, suffix = false, sectors = false;
    for (u64 seed = 0; seed < SEEDS; seed++) {
        simulated_disk *after = crashed(seed, SIMULATED_RANDOM);
        u8 *data;
        u64 size;
        assert_true(simulated_disk_bytes(after, "/a", &data, &size));
        assert_int_equal(size, 2048);
        if (!data) abort();
        u32 seams = 0, seam = 0;
        for (u32 i = 1; i < 2048; i++)
            if (data[i] != data[i - 1]) seams++, seam = i;
        prefix |= seams == 1 && data[0] == 'n' && seam % 512;
        suffix |= seams == 1 && data[0] == 'o' && seam % 512;
        sectors |= seams > 1;
        assert_true(seams < 2 || seam % 512 == 0);
        simulated_disk_free(after);
    }
    assert_true(prefix && suffix && sectors);
    process->close(process, file);
}

static void names_wait_for_their_folder(void **state) {
    (void)state;
    make_in("/db");
    make_file("/db/a", "a");
    sync_in("/db"); /* the folder itself is not in "/" for good */
    simulated_disk *after = crashed(1, SIMULATED_DROP);
    assert_false(simulated_disk_exists(after, "/db"));
    simulated_disk_free(after);
    sync_in("/");
    make_file("/db/b", "b");
    assert_int_equal(process->unlink(process, "/db/a", &error), PT_OK);
    u32 seen = 0;
    for (u64 seed = 0; seed < SEEDS; seed++) {
        after = crashed(seed, SIMULATED_HARSH);
        bool a = holds(after, "/db/a", "a"), b = holds(after, "/db/b", "b");
        assert_true(a || !simulated_disk_exists(after, "/db/a"));
        assert_true(b || !simulated_disk_exists(after, "/db/b"));
        seen |= 1u << (2 * a + b);
        simulated_disk_free(after);
    }
    assert_int_equal(seen, 15);
    after = crashed(0, SIMULATED_DROP);
    assert_true(holds(after, "/db/a", "a") && !simulated_disk_exists(after, "/db/b"));
    simulated_disk_free(after);
    sync_in("/db");
    for (u64 seed = 0; seed < SEEDS; seed++) {
        after = crashed(seed, (simulated_mode)(seed % SIMULATED_MODES));
        assert_true(!simulated_disk_exists(after, "/db/a") && holds(after, "/db/b", "b"));
        simulated_disk_free(after);
    }
}

static void a_journal_keeps_a_prefix(void **state) {
    (void)state;
    char path[] = "/0";
    for (char c = '0'; c <= '9'; c++) path[1] = c, make_file(path, path);
    bool lengths[11] = {0}, gap = false;
    for (u64 seed = 0; seed < SEEDS; seed++)
        for (u32 mode = SIMULATED_RANDOM; mode <= SIMULATED_HARSH; mode++) {
            simulated_disk *after = crashed(seed, (simulated_mode)mode);
            u32 count = 0, last = 0;
            for (char c = '0'; c <= '9'; c++) {
                path[1] = c;
                if (!simulated_disk_exists(after, path)) continue;
                assert_true(holds(after, path, path));
                count++;
                last = (u32)(c - '0') + 1;
            }
            if (mode == SIMULATED_RANDOM) assert_int_equal(count, last);
            if (mode == SIMULATED_RANDOM) lengths[count] = true;
            gap |= count != last;
            simulated_disk_free(after);
        }
    for (u32 i = 0; i <= 10; i++) assert_true(lengths[i]);
    assert_true(gap);
}

static void a_move_is_in_both_journals(void **state) {
    (void)state;
    make_in("/p");
    make_in("/q");
    sync_in("/");
    make_file("/p/0", "0");
    move("/p/0", "/q/0");
    make_file("/p/1", "1");
    make_file("/q/1", "1");
    u32 seen = 0;
    for (u64 seed = 0; seed < SEEDS; seed++) {
        simulated_disk *after = crashed(seed, SIMULATED_RANDOM);
        bool before = holds(after, "/p/0", "0"), moved = holds(after, "/q/0", "0");
        bool p = simulated_disk_exists(after, "/p/1"), q = simulated_disk_exists(after, "/q/1");
        assert_false(before && moved);
        if (p || q) assert_true(moved);
        seen |= 1u << (before + 2 * moved + p + 2 * q);
        simulated_disk_free(after);
    }
    assert_int_equal(seen, 1 << 0 | 1 << 1 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 5);
}

static void renames_are_whole(void **state) {
    (void)state;
    make_in("/db");
    make_in("/other");
    make_file("/db/head", "old");
    make_file("/db/moved", "moved");
    sync_in("/");
    sync_in("/db");
    make_file("/db/head.new", "new");
    move("/db/head.new", "/db/head");
    move("/db/moved", "/other/moved");
    make_in("/db/deep");
    make_file("/db/deep/x", "x");
    move("/db/deep/x", "/other/x");
    move("/other/moved", "/db/deep/moved");
    bool old = false, new = false, here = false, there = false, deep = false;
    for (u64 seed = 0; seed < SEEDS; seed++)
        for (u32 mode = SIMULATED_DROP; mode < SIMULATED_MODES; mode++) {
            simulated_disk *after = crashed(seed, (simulated_mode)mode);
            bool is_old = holds(after, "/db/head", "old"), is_new = holds(after, "/db/head", "new");
            assert_true(is_old != is_new);
            assert_false(is_new && simulated_disk_exists(after, "/db/head.new"));
            old |= is_old, new |= is_new;
            bool a = holds(after, "/db/moved", "moved"), b = holds(after, "/other/moved", "moved"),
                 c = holds(after, "/db/deep/moved", "moved");
            assert_int_equal(a + b + c, 1);
            here |= a, there |= b, deep |= c;
            simulated_disk_free(after);
        }
    assert_true(old && new &&here &&there &&deep);
    sync_in("/other");
    simulated_disk *after = crashed(1, SIMULATED_DROP);
    assert_true(holds(after, "/other/x", "x"));
    assert_true(holds(after, "/db/deep/moved", "moved"));
    assert_true(holds(after, "/db/head", "old"));
    simulated_disk_free(after);
    for (u64 seed = 0; seed < SEEDS; seed++) {
        after = crashed(seed, SIMULATED_HARSH);
        assert_true(holds(after, "/other/x", "x") && holds(after, "/db/deep/moved", "moved"));
        simulated_disk_free(after);
    }
}

static void a_folder_goes_and_comes_back(void **state) {
    (void)state;
    make_in("/db");
    make_file("/db/a", "a");
    sync_in("/");
    sync_in("/db");
    assert_int_equal(process->unlink(process, "/db/a", &error), PT_OK);
    assert_int_equal(process->remove_folder(process, "/db", &error), PT_OK);
    simulated_disk *after = crashed(3, SIMULATED_DROP);
    assert_true(holds(after, "/db/a", "a"));
    simulated_disk_free(after);
    for (u64 seed = 0; seed < SEEDS; seed++) { /* never a file without its folder, nor gone with a folder that stays */
        after = crashed(seed, SIMULATED_HARSH);
        if (simulated_disk_exists(after, "/db/a")) assert_true(holds(after, "/db/a", "a"));
        simulated_disk_free(after);
    }
    sync_in("/");
    after = crashed(3, SIMULATED_DROP);
    assert_false(simulated_disk_exists(after, "/db"));
    simulated_disk_free(after);
    assert_int_equal(disk->inode_count, 1);
    assert_int_equal(disk->change_count, 0);
}

static void a_killed_process_loses_nothing_yet(void **state) {
    (void)state;
    int file = open_file("/a", true);
    write_text(file, "unsynced");
    simulated_disk_crash_as(disk, 5, SIMULATED_KILL);
    assert_int_equal(process->write(process, file, 0, "dead", 4, &error), PT_EIO);
    assert_true(simulated_disk_exists(disk, "/a"));
    process = simulated_disk_process(disk);
    void *data;
    u64 size;
    assert_int_equal(process->read(process, &data, &size, "/a", 0, &error), PT_OK);
    assert_int_equal(size, 8);
    pt_free(data);
    simulated_disk_crash_as(disk, 5, SIMULATED_DROP);
    assert_false(simulated_disk_exists(disk, "/a"));
}

static void processes_die(void **state) {
    (void)state;
    int lock = -1, second = -1;
    pt_disk *other = simulated_disk_process(disk);
    assert_int_equal(process->lock(process, &lock, "/lock", &error), PT_OK);
    assert_int_equal(other->lock(other, &second, "/lock", &error), PT_EBUSY);
    assert_int_equal(process->lock(process, &second, "/lock", &error), PT_EBUSY);
    process->unlock(process, lock);
    assert_int_equal(other->lock(other, &second, "/lock", &error), PT_OK);
    simulated_disk_kill(disk, other);
    assert_int_equal(disk->lost_locks, 1);
    assert_int_equal(process->lock(process, &lock, "/lock", &error), PT_OK);

    make_file("/a", "text");
    sync_in("/");
    int file = open_file("/a", false);
    const void *map;
    u64 size;
    pt_disk_stamp stamp;
    assert_int_equal(process->map(process, &map, &size, &stamp, "/a", &error), PT_OK);
    simulated_disk_crash(disk, 1);
    assert_int_equal(disk->lost_files, 1);
    assert_int_equal(disk->lost_locks, 1);
    assert_int_equal(disk->lost_maps, 1);
    assert_memory_equal(map, "text", 4);
    u64 before = simulated_disk_count(disk, SIMULATED_ANY), digest = simulated_disk_digest(disk);
    const void *again;
    u32 names = 0;
    assert_int_equal(process->write(process, file, 0, "dead", 4, &error), PT_EIO);
    assert_int_equal(process->unlink(process, "/a", &error), PT_EIO);
    assert_int_equal(process->map(process, &again, &size, &stamp, "/a", &error), PT_EIO);
    assert_int_equal(process->list(process, "/", count_name, &names, &error), PT_EIO);
    process->close(process, file);
    process->unlock(process, lock);
    process->unmap(process, map, 4);
    assert_int_equal(disk->map_count, 0);
    assert_int_equal(disk->late_calls, 4);
    assert_int_equal(simulated_disk_count(disk, SIMULATED_ANY), before);
    assert_int_equal(simulated_disk_digest(disk), digest);
    process = simulated_disk_process(disk);
    assert_int_equal(process->lock(process, &lock, "/lock", &error), PT_OK);
    process->unlock(process, lock);
}

/* How a careful program replaces a file; `careful` false: without syncing the bytes. Stops at the first failure. */
static int replace(pt_disk *p, const char *text, bool careful) {
    int file, code = p->open(p, &file, "/head.new", true, &error);
    if (code) return code;
    if ((code = p->write(p, file, 0, text, strlen(text), &error)) == PT_OK && careful) code = p->sync(p, file, &error);
    p->close(p, file);
    if (!code) code = p->rename(p, "/head.new", "/head", &error);
    if (!code) code = p->sync_folder(p, "/", &error);
    return code;
}
static void a_crash_point_stops(void **state) {
    (void)state;
    make_file("/head", "first state");
    sync_in("/");
    simulated_disk *whole = simulated_disk_clone(disk);
    u64 from = simulated_disk_count(whole, SIMULATED_MUTATING);
    assert_int_equal(replace(simulated_disk_process(whole), "second state", true), PT_OK);
    u64 total = simulated_disk_count(whole, SIMULATED_MUTATING) - from;
    assert_int_equal(total, 5);
    simulated_disk_free(whole);
    bool caught = false, first = false, second = false;
    for (u32 careful = 0; careful < 2; careful++)
        for (u64 n = 0; n <= total - !careful; n++)
            for (u64 seed = 0; seed < SEEDS; seed++) {
                simulated_disk *copy = simulated_disk_clone(disk);
                pt_disk *p = simulated_disk_process(copy);
                copy->harsh = true;
                simulated_disk_seed(copy, seed);
                simulated_disk_crash_at(copy, n);
                int code = replace(p, "second state", careful);
                assert_int_equal(code, n < total - !careful ? PT_EIO : PT_OK);
                assert_int_equal(copy->stopped, code != PT_OK);
                if (code) {
                    void *data;
                    u64 size;
                    assert_int_equal(p->read(p, &data, &size, "/head", 0, &error), PT_EIO);
                    assert_int_equal(p->make_folder(p, "/late", &error), PT_EIO);
                    assert_int_equal(copy->counts[SIMULATED_MAKE_FOLDER], 0);
                }
                simulated_disk_crash(copy, seed);
                assert_false(copy->stopped);
                bool is_first = holds(copy, "/head", "first state"), is_second = holds(copy, "/head", "second state");
                if (careful) {
                    assert_true(is_first != is_second);
                    if (!code) assert_true(is_second);
                    first |= is_first, second |= is_second;
                } else caught |= !is_first && !is_second;
                p = simulated_disk_process(copy);
                assert_int_equal(p->make_folder(p, "/alive", &error), PT_OK);
                assert_int_equal(copy->misuse, 0);
                simulated_disk_free(copy);
            }
    assert_true(first && second && caught);
}

static void a_failed_sync_leaves_doubt(void **state) {
    (void)state;
    int file = open_file("/a", true);
    write_text(file, "........");
    sync_file(file);
    sync_in("/");
    write_at(file, 0, "AAAA", 4);
    simulated_disk_fail(disk, SIMULATED_SYNC, 0, false, PT_EIO, "bad sector");
    assert_int_equal(process->sync(process, file, &error), PT_EIO);
    assert_non_null(strstr(error.message, "bad sector"));
    write_at(file, 4, "BB", 2);
    sync_file(file); /* says all is well */
    write_at(file, 6, "C", 1);
    sync_file(file);
    simulated_disk *after = crashed(1, SIMULATED_DROP);
    assert_true(holds(after, "/a", "....BBC."));
    simulated_disk_free(after);
    after = crashed(1, SIMULATED_KILL);
    assert_true(holds(after, "/a", "AAAABBC."));
    simulated_disk_free(after);
    bool kept = false, lost = false;
    for (u64 seed = 0; seed < SEEDS; seed++) {
        after = crashed(seed, SIMULATED_RANDOM);
        u8 *data;
        u64 size;
        assert_true(simulated_disk_bytes(after, "/a", &data, &size));
        assert_int_equal(size, 8);
        if (!data) abort();
        assert_memory_equal(data + 4, "BBC.", 4);
        kept |= !memcmp(data, "AAAA", 4);
        lost |= !memcmp(data, "....", 4);
        simulated_disk_free(after);
    }
    assert_true(kept && lost);
    process->close(process, file);
}

static void calls_fail_as_told(void **state) {
    (void)state;
    int file = open_file("/a", true), other = -1;
    simulated_disk_fail(disk, SIMULATED_WRITE, 2, false, PT_ELIMIT, "quota");
    write_text(file, "0");
    sync_file(file);
    write_text(file, "1");
    assert_int_equal(process->write(process, file, 0, "xxx", 3, &error), PT_ELIMIT);
    write_text(file, "012");
    assert_int_equal(disk->failed, 1);

    /* full: as many bytes as there is room for */
    disk->capacity = 10;
    write_text(file, "0123456789");
    assert_int_equal(process->write(process, file, 8, "abcdef", 6, &error), PT_EIO);
    assert_true(holds(disk, "/a", "01234567ab"));
    assert_int_equal(process->write(process, file, 20, "g", 1, &error), PT_EIO);
    write_at(file, 0, "X", 1);
    assert_int_equal(process->truncate(process, file, 1, &error), PT_OK);
    disk->capacity = 0;

    /* full, for any byte: a part of the write stands there */
    simulated_disk_fail(disk, SIMULATED_WRITE, 0, true, PT_EIO, "no space left");
    u32 parts = 0;
    for (u32 i = 0; i < 50; i++) {
        assert_int_equal(process->truncate(process, file, 0, &error), PT_OK);
        assert_int_equal(process->write(process, file, 0, "abcd", 4, &error), PT_EIO);
        pt_disk_stamp stamp;
        assert_int_equal(process->stamp(process, file, &stamp, &error), PT_OK);
        parts |= 1u << stamp.size;
    }
    assert_int_equal(parts, 31);
    simulated_disk_heal(disk);

    /* read-only */
    u64 digest = simulated_disk_digest(disk);
    simulated_disk_fail(disk, SIMULATED_MUTATING, 0, true, PT_EIO, "read-only file system");
    assert_int_equal(process->truncate(process, file, 9, &error), PT_EIO);
    assert_int_equal(process->open(process, &other, "/b", true, &error), PT_EIO);
    assert_int_equal(process->make_folder(process, "/b", &error), PT_EIO);
    assert_int_equal(process->rename(process, "/a", "/b", &error), PT_EIO);
    assert_int_equal(process->unlink(process, "/a", &error), PT_EIO);
    assert_int_equal(process->sync(process, file, &error), PT_EIO);
    assert_int_equal(process->sync_folder(process, "/", &error), PT_EIO);
    assert_int_equal(process->lock(process, &other, "/lock", &error), PT_EIO);
    assert_int_equal(simulated_disk_digest(disk), digest);
    assert_int_equal(process->open(process, &other, "/a", false, &error), PT_OK);
    process->close(process, other);
    simulated_disk_heal(disk);

    for (u32 kind = 0; kind < SIMULATED_KINDS; kind++)
        if (kind == SIMULATED_MAP || kind == SIMULATED_READ || kind == SIMULATED_LIST || kind == SIMULATED_LOCK)
            simulated_disk_fail(disk, (simulated_kind)kind, 0, false, PT_EIO, "device");
    const void *map;
    void *data;
    u64 size;
    u32 names = 0;
    assert_int_equal(process->map(process, &map, &size, NULL, "/a", &error), PT_EIO);
    assert_int_equal(process->read(process, &data, &size, "/a", 0, &error), PT_EIO);
    assert_int_equal(process->list(process, "/", count_name, &names, &error), PT_EIO);
    assert_int_equal(process->lock(process, &other, "/a", &error), PT_EIO);
    simulated_disk_fail(disk, SIMULATED_ANY, 1, true, PT_EIO, "device");
    assert_int_equal(process->list(process, "/", count_name, &names, &error), PT_OK);
    assert_int_equal(process->list(process, "/", count_name, &names, &error), PT_EIO);
    process->close(process, file);
}

static void flip(void *payload, const char *path, u8 *data, u64 size) {
    ++*(u32 *)payload;
    assert_true(path[0] == '/' && size > 0);
    data[0] ^= 1;
}
static void bytes_can_be_altered(void **state) {
    (void)state;
    u8 *data;
    u64 size;
    simulated_disk_put(disk, "/x/y/a", "abc", 3);
    simulated_disk_put(disk, "/x/b", "bcd", 3);
    simulated_disk_put(disk, "/x/b", "bc", 2);
    assert_false(simulated_disk_bytes(disk, "/x", &data, &size));
    assert_false(simulated_disk_bytes(disk, "/z", &data, &size));
    assert_true(simulated_disk_bytes(disk, "/x/b", &data, &size));
    if (!data) abort();
    data[1] = 'X';
    simulated_disk *copy = simulated_disk_clone(disk);
    simulated_disk_crash_as(copy, 1, SIMULATED_DROP);
    assert_true(holds(copy, "/x/b", "bX") && holds(copy, "/x/y/a", "abc"));
    simulated_disk_free(copy);
    u32 files = 0;
    simulated_disk_each(disk, flip, &files);
    assert_int_equal(files, 2);
    int file = open_file("/x/y/a", false);
    write_at(file, 1, "?", 1);
    simulated_disk_crash_as(disk, 1, SIMULATED_DROP);
    assert_true(holds(disk, "/x/y/a", "`bc") && holds(disk, "/x/b", "cX"));
    process = simulated_disk_process(disk);
    make_file("/x/new", "new");
    simulated_disk_settle(disk);
    simulated_disk_crash_as(disk, 1, SIMULATED_DROP);
    assert_true(holds(disk, "/x/new", "new"));
}

static void allocation_failures_miss_it(void **state) {
    (void)state;
    pt_alloc_fail_after(0);
    make_file("/a", "a");
    void *data;
    u64 size;
    assert_int_equal(process->read(process, &data, &size, "/a", 0, &error), PT_OK);
    simulated_disk_free(simulated_disk_clone(disk));
    simulated_disk_crash(disk, 3);
    assert_false(pt_alloc_fail_met());
    pt_alloc_fail_after(-1);
    pt_free(data);
}

/* Any calls in any order, with crashes and failures: the same seed does the same, and the state stays sound. */
static u64 live(u64 seed) {
    static const char *paths[] = {"/a", "/b", "/d", "/d/a", "/d/b", "/e", "/e/a", "/e/f", "/e/f/a", "/e/f/b"};
    simulated_disk *d = simulated_disk_new();
    pt_disk *p = simulated_disk_process(d);
    u64 random = seed, digest = 0;
    int files[64], locks[8];
    u32 file_count = 0, lock_count = 0;
    u8 bytes[1500];
    d->harsh = true;
    simulated_disk_seed(d, seed);
    for (u32 step = 0; step < 600; step++) {
        const char *path = paths[simulated_below(&random, PT_COUNT_OF(paths))];
        const char *to = paths[simulated_below(&random, PT_COUNT_OF(paths))];
        int file = file_count ? files[simulated_below(&random, file_count)] : -1;
        memset(bytes, (int)(step & 0xff), sizeof bytes);
        switch (simulated_below(&random, 20)) {
        case 0:
        case 1: p->make_folder(p, path, &error); break;
        case 2:
        case 3:
        case 4:
            if (file_count < 64 && !p->open(p, &files[file_count], path, simulated_coin(&random), &error)) file_count++;
            break;
        case 5:
        case 6:
        case 7:
            if (file >= 0)
                p->write(p, file, simulated_below(&random, 3000), bytes, simulated_below(&random, 1500), &error);
            break;
        case 8:
            if (file >= 0) p->truncate(p, file, simulated_below(&random, 4000), &error);
            break;
        case 9:
            if (file >= 0) p->sync(p, file, &error);
            break;
        case 10:
        case 11: p->sync_folder(p, path, &error); break;
        case 12:
        case 13: p->rename(p, path, to, &error); break;
        case 14: p->unlink(p, path, &error); break;
        case 15: p->remove_folder(p, path, &error); break;
        case 16:
            if (lock_count < 8 && !p->lock(p, &locks[lock_count], path, &error)) lock_count++;
            else if (lock_count) p->unlock(p, locks[--lock_count]);
            break;
        case 17:
            if (file_count) p->close(p, files[--file_count]);
            break;
        case 18: simulated_disk_fail(d, SIMULATED_ANY, 1, false, PT_EIO, "now and then"); break;
        default: {
            if (simulated_below(&random, 4)) break;
            simulated_disk *copy = simulated_disk_clone(d);
            assert_int_equal(simulated_disk_digest(copy), simulated_disk_digest(d));
            if (simulated_coin(&random)) {
                simulated_disk_crash_at(d, 0);
                p->sync_folder(p, "/", &error);
            }
            simulated_disk_free(copy);
            copy = simulated_disk_clone(d);
            u64 how = simulated_next(&random);
            assert_int_equal(simulated_disk_crash(d, how), simulated_disk_crash(copy, how));
            assert_int_equal(simulated_disk_digest(copy), simulated_disk_digest(d));
            digest = digest * 31 + simulated_disk_digest(d);
            for (u32 i = 0; i < d->inode_count; i++) { /* one name each */
                u32 names = 0;
                for (u32 j = 0; j < d->inode_count; j++)
                    for (u32 k = 0; k < d->inodes[j]->durable_names.count; k++)
                        names += d->inodes[j]->durable_names.list[k].inode == d->inodes[i];
                assert_true(names <= 1);
            }
            simulated_disk_free(copy);
            simulated_disk_heal(d);
            p = simulated_disk_process(d);
            file_count = lock_count = 0;
        }
        }
        if (d->rule_count == SIMULATED_RULES) simulated_disk_heal(d);
    }
    assert_int_equal(d->misuse, 0);
    digest += simulated_disk_digest(d);
    simulated_disk_free(d);
    return digest;
}
static void seeds_repeat_exactly(void **state) {
    (void)state;
    u64 seed = seed_of_run("simulated disk"), last = 0;
    for (u32 i = 0; i < 100; i++, seed++) {
        u64 digest = live(seed);
        assert_int_equal(digest, live(seed));
        assert_int_not_equal(digest, last);
        last = digest;
    }
    /* each kind of crash is met, the harsh one when allowed */
    u32 modes[2] = {0};
    for (u64 s = 0; s < 100; s++)
        for (u32 harsh = 0; harsh < 2; harsh++) {
            disk->harsh = harsh;
            modes[harsh] |= 1u << simulated_disk_crash(disk, s);
        }
    assert_int_equal(modes[0], 7);
    assert_int_equal(modes[1], 15);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(the_calls),
        T(wrong_use_is_counted),
        T(synced_bytes_survive),
        T(later_bytes_may_come_first),
        T(writes_tear),
        T(names_wait_for_their_folder),
        T(a_journal_keeps_a_prefix),
        T(a_move_is_in_both_journals),
        T(renames_are_whole),
        T(a_folder_goes_and_comes_back),
        T(a_killed_process_loses_nothing_yet),
        T(processes_die),
        T(a_crash_point_stops),
        T(a_failed_sync_leaves_doubt),
        T(calls_fail_as_told),
        T(bytes_can_be_altered),
        T(allocation_failures_miss_it),
        T(seeds_repeat_exactly),
    };
    return cmocka_run_group_tests_name("simulated disk", tests, NULL, NULL);
}
