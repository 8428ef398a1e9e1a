/* prometheus.h: the daemon's state in the text format that Prometheus reads (exposition formats, version 0.0.4). */
#ifndef PT_PROMETHEUS_H
#define PT_PROMETHEUS_H

#include <jansson.h>
#include <stdio.h>

/* `status`: as of the method `status`; NULL: no daemon runs. */
void pt_prometheus(FILE *out, const json_t *status);

#endif
