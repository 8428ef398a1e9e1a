#include "serve/dashboard.h"

#include "dashboard_assets.h" /* generated: assets[], asset_count */

#include <string.h>

const pt_asset *pt_dashboard_asset(const char *path) {
    for (size_t i = 0; i < asset_count; i++)
        if (strcmp(assets[i].path, path) == 0) return &assets[i];
    return NULL;
}
