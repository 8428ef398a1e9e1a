#include "live/monitor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_us(const void *a, const void *b) {
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

static u32 sorted(u32 out[PT_TIMING_SAMPLES], const pt_timing *t, u32 window_s) {
    u32 kept = (u32)PT_MIN(t->count, (u64)PT_TIMING_SAMPLES), n = 0, now = (u32)(pt_now_us() / 1000000);
    for (u32 i = 0; i < kept; i++)
        if (!window_s || now - t->at_s[i] <= window_s) out[n++] = t->us[i];
    qsort(out, n, sizeof(u32), by_us);
    return n;
}

static u32 permille_of(const u32 *list, u32 n, u32 permille) { return n ? list[(u64)(n - 1) * permille / 1000] : 0; }

/* The minute that runs, so far. */
static pt_minute running_minute(const pt_timing *t) {
    u32 list[PT_TIMING_SAMPLES], n = 0;
    u64 first = PT_MAX(t->minute_from, t->count > PT_TIMING_SAMPLES ? t->count - PT_TIMING_SAMPLES : 0);
    for (u64 i = first; i < t->count; i++) list[n++] = t->us[i % PT_TIMING_SAMPLES];
    if (n) qsort(list, n, sizeof(u32), by_us);
    return (pt_minute){t->minute, (u32)PT_MIN(t->count - t->minute_from, (u64)UINT32_MAX), permille_of(list, n, 500),
                       permille_of(list, n, 990)};
}

void pt_timing_note_at(pt_timing *t, u64 us, u32 now_s) {
    if (now_s / 60 != t->minute) {
        if (t->count > t->minute_from) t->minutes[t->minute % PT_TIMING_MINUTES] = running_minute(t);
        t->minute = now_s / 60;
        t->minute_from = t->count;
    }
    u32 at = (u32)(t->count++ % PT_TIMING_SAMPLES);
    t->us[at] = (u32)PT_MIN(us, (u64)UINT32_MAX);
    t->at_s[at] = now_s;
    t->sum_us += us;
}

void pt_timing_note(pt_timing *t, u64 us) { pt_timing_note_at(t, us, (u32)(pt_now_us() / 1000000)); }

json_t *pt_timing_history(const pt_timing *t, u32 now_s) {
    u32 now = now_s / 60;
    json_t *out = json_array();
    for (u32 ago = PT_TIMING_MINUTES; ago-- > 0;) {
        u32 minute = now - ago;
        pt_minute m = t->minutes[minute % PT_TIMING_MINUTES];
        if (t->minute == minute && t->count > t->minute_from) m = running_minute(t);
        if (now < ago || m.minute != minute || !m.count) continue;
        json_array_append_new(out, json_pack("{s:I, s:I, s:I, s:I}", "minutes_ago", (json_int_t)ago, "count",
                                             (json_int_t)m.count, "p50_us", (json_int_t)m.p50_us, "p99_us",
                                             (json_int_t)m.p99_us));
    }
    return out;
}

u32 pt_timing_permille(const pt_timing *t, u32 permille, u32 window_s, u32 *n) {
    u32 list[PT_TIMING_SAMPLES];
    *n = sorted(list, t, window_s);
    return permille_of(list, *n, permille);
}

json_t *pt_timing_json(const pt_timing *t) {
    u32 list[PT_TIMING_SAMPLES], n = sorted(list, t, 0);
    json_t *out = json_object();
    json_object_set_new_nocheck(out, "count", json_integer((json_int_t)t->count));
    json_object_set_new_nocheck(out, "sum_us", json_integer((json_int_t)t->sum_us));
    json_object_set_new_nocheck(out, "p50_us", json_integer(permille_of(list, n, 500)));
    json_object_set_new_nocheck(out, "p99_us", json_integer(permille_of(list, n, 990)));
    json_object_set_new_nocheck(out, "p999_us", json_integer(permille_of(list, n, 999)));
    return out;
}

static const pt_trigger triggers[PT_TRIGGERS] = {
    {"blast radius", "p99 of blast-radius questions", 2000},
    {"write queue", "p99 of how long a save waits for the batch before it", 5000},
};

const pt_trigger *pt_trigger_at(u32 trigger) { return &triggers[trigger]; }

bool pt_trigger_is_on(u32 trigger, const pt_timing *t, u32 *p99_us) {
    u32 n;
    *p99_us = pt_timing_permille(t, 990, PT_TRIGGER_WINDOW_S, &n);
    if (n < PT_TRIGGER_LEAST) *p99_us = 0;
    return *p99_us > triggers[trigger].limit_us;
}

void pt_process_memory(u64 *resident, u64 *anonymous) {
    unsigned long long size, pages = 0, shared = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (!f || fscanf(f, "%llu %llu %llu", &size, &pages, &shared) != 3) pages = shared = 0;
    if (f) fclose(f);
    u64 page = (u64)sysconf(_SC_PAGESIZE);
    *resident = pages * page;
    *anonymous = (pages - PT_MIN(pages, shared)) * page;
}
