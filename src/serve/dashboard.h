/* dashboard.h: the page at `/` and what it loads: files made by dashboard/build.mjs, in the program itself. */
#ifndef PT_DASHBOARD_H
#define PT_DASHBOARD_H

#include "base/base.h"

typedef struct pt_asset {
    const char *path, *type;
    const unsigned char *data;
    size_t size;
} pt_asset;

/* NULL: there is no such file, or the program was built without the dashboard. */
const pt_asset *pt_dashboard_asset(const char *path);

#endif
