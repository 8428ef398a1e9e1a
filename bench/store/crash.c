/* crash.c: many crashes of the native store on a simulated disk, each held against what the store promises.
 *
 *     crash --crashes 10000 --seed 1
 *
 * Prints counts as JSON; exit code 1 when any promise was broken. */
#include "../../tests/unit/native_crash.h"

int main(int argc, char **argv) {
    u64 crashes = 10000, seed = 1;
    bool single = false;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 < argc && strcmp(argv[i], "--crashes") == 0) crashes = strtoull(argv[i + 1], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--seed") == 0) seed = strtoull(argv[i + 1], NULL, 10);
        else if (i + 1 < argc && strcmp(argv[i], "--run") == 0) seed = strtoull(argv[i + 1], NULL, 10), single = true;
        else return fprintf(stderr, "usage: crash [--crashes N] [--seed S] [--run SEED]\n"), 2;
    }
    crash_counts c = {0};
    u64 start = pt_now_us(), state = seed;
    if (single) crash_random_run(&c, seed, 4);
    while (!single && c.crashes < crashes && c.violations < 20) crash_random_run(&c, simulated_next(&state), 4);
    printf("{\"crashes\":%llu,\"runs\":%llu,\"seed\":%llu,\"commits\":%llu,\"checkpoints\":%llu,\"mutations\":%llu,"
           "\"found\":{\"before\":%llu,\"at\":%llu,\"in_flight\":%llu},\"lost_acknowledged\":%llu,\"violations\":%llu,"
           "\"modes\":{\"kill\":%llu,\"drop\":%llu,\"random\":%llu,\"harsh\":%llu},\"seconds\":%.1f}\n",
           (unsigned long long)c.crashes, (unsigned long long)c.runs, (unsigned long long)seed,
           (unsigned long long)c.commits, (unsigned long long)c.checkpoints, (unsigned long long)c.mutations,
           (unsigned long long)c.before, (unsigned long long)c.at, (unsigned long long)c.in_flight,
           (unsigned long long)c.lost_acknowledged, (unsigned long long)c.violations,
           (unsigned long long)c.modes[SIMULATED_KILL], (unsigned long long)c.modes[SIMULATED_DROP],
           (unsigned long long)c.modes[SIMULATED_RANDOM], (unsigned long long)c.modes[SIMULATED_HARSH],
           (double)(pt_now_us() - start) / 1e6);
    crash_free_versions();
    return c.violations != 0;
}
