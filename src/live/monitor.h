/* monitor.h: how long things take, and when that should worry somebody. */
#ifndef PT_MONITOR_H
#define PT_MONITOR_H

#include "base/base.h"

#include <jansson.h>

/* The last durations of one kind, and what became of each of the last minutes in which there were any. */
enum { PT_TIMING_SAMPLES = 1024, PT_TIMING_MINUTES = 60 };
typedef struct pt_minute {
    u32 minute, count, p50_us, p99_us; /* percentiles of the last PT_TIMING_SAMPLES of that minute */
} pt_minute;
typedef struct pt_timing {
    u32 us[PT_TIMING_SAMPLES];
    u32 at_s[PT_TIMING_SAMPLES];          /* of the clock that pt_now_us has */
    u64 count, sum_us;                    /* of all there were */
    pt_minute minutes[PT_TIMING_MINUTES]; /* whole ones, at minute % PT_TIMING_MINUTES */
    u32 minute;                           /* of the last one */
    u64 minute_from;                      /* what `count` was when it began */
} pt_timing;
void pt_timing_note(pt_timing *timing, u64 us);
/* The same at a time of the caller's, in seconds. */
void pt_timing_note_at(pt_timing *timing, u64 us, u32 now_s);
/* The given permille of what is kept and at most `window_s` old (0: however old), in microseconds; `*n`: of so many. */
u32 pt_timing_permille(const pt_timing *timing, u32 permille, u32 window_s, u32 *n);
/* count, sum, p50, p99, p999 of what is kept: a new object. */
json_t *pt_timing_json(const pt_timing *timing);
/* The last hour, minute by minute, the oldest first; minutes without any are not told: a new list. */
json_t *pt_timing_history(const pt_timing *timing, u32 now_s);

/* What says that a store, or the way it is used, does not keep up any more: the 99th percentile over the last ten minutes,
 * of at least PT_TRIGGER_LEAST times. */
enum { PT_TRIGGER_WINDOW_S = 600, PT_TRIGGER_LEAST = 20 };
typedef struct pt_trigger {
    const char *name, *what;
    u32 limit_us;
} pt_trigger;
enum { PT_TRIGGER_BLAST_RADIUS, PT_TRIGGER_WRITE_QUEUE, PT_TRIGGERS };
const pt_trigger *pt_trigger_at(u32 trigger);
/* Is it beyond its limit? `*p99_us`: where it stands; 0 while there are too few. */
bool pt_trigger_is_on(u32 trigger, const pt_timing *timing, u32 *p99_us);

/* Memory of this process in bytes, as the system counts it; 0 where it does not say. */
void pt_process_memory(u64 *resident, u64 *anonymous);

#endif
