#include "base/parallel.h"

#include "base/alloc.h"

#include <pthread.h>
#include <sched.h>

typedef struct job {
    void (*run)(void *, u32, u32);
    void *payload;
    u32 items, next;
    bool failed;
} job;

typedef struct worker {
    job *job;
    u32 number;
    pthread_t thread;
} worker;

enum { WORKER_STACK = 64 << 20, MAX_WORKERS = 64 };

static void *work(void *argument) {
    worker *w = argument;
    job *j = w->job;
    for (u32 item; (item = __atomic_fetch_add(&j->next, 1, __ATOMIC_RELAXED)) < j->items;)
        j->run(j->payload, item, w->number);
    if (pt_alloc_failed()) __atomic_store_n(&j->failed, true, __ATOMIC_RELAXED);
    return NULL;
}

int pt_parallel(u32 threads, u32 items, void (*run)(void *, u32, u32), void *payload) {
    job j = {run, payload, items, 0, false};
    worker workers[MAX_WORKERS] = {{&j, 0, 0}};
    u32 started = 1;
    threads = PT_MIN(PT_MIN(threads, items), (u32)MAX_WORKERS);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, WORKER_STACK);
    for (u32 i = 1; i < threads; i++) {
        workers[started] = (worker){&j, started, 0};
        if (pthread_create(&workers[started].thread, &attributes, work, &workers[started]) == 0) started++;
    }
    pthread_attr_destroy(&attributes);
    work(&workers[0]);
    for (u32 i = 1; i < started; i++) pthread_join(workers[i].thread, NULL);
    if (j.failed) pt_alloc_set_failed(); /* sticky for the stage, whichever thread it was */
    return j.failed ? PT_ENOMEM : PT_OK;
}

u32 pt_processor_count(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : (u32)count;
}
