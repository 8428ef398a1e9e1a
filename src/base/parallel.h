/* parallel.h: run one function over many independent items on a fixed number of threads. */
#ifndef PT_PARALLEL_H
#define PT_PARALLEL_H

#include "base/base.h"

/* Calls run(payload, item, worker) for each item in [0, items), in any order, from `threads` workers
 * (numbered from 0; worker 0 is the caller). Returns 0, or PT_ENOMEM when an allocation failed on any
 * worker. Where threads can't be had it runs with fewer. */
int pt_parallel(u32 threads, u32 items, void (*run)(void *payload, u32 item, u32 worker), void *payload);
/* Processors this process may use, at least 1. */
u32 pt_processor_count(void);

#endif
