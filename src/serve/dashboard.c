#include "serve/dashboard.h"

#include "dashboard_assets.h" /* generated: assets[], ended by one without a path */

#include <string.h>

const pt_asset *pt_dashboard_asset(const char *path) {
    for (const pt_asset *a = assets; a->path; a++)
        if (strcmp(a->path, path) == 0) return a;
    return NULL;
}
