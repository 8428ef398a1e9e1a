/* pt_std_pack: makes std's interface file. usage: pt-std-pack LIBRARY_FOLDER OUT */
#include "base/parallel.h"
#include "resolve/world.h"

#include <stdio.h>

int main(int argc, char **argv) {
    if (argc != 3) return fprintf(stderr, "usage: pt-std-pack LIBRARY_FOLDER OUT\n"), 2;
    pt_error error = {0};
    pt_source *source = NULL;
    pt_world *world = NULL;
    u64 start = pt_now_us();
    int code = pt_source_open_folder(&source, argv[1], &error);
    if (!code) code = pt_world_create(&world, source, NULL, pt_processor_count(), &error);
    if (!code) code = pt_world_make_std(world, argv[2], &error);
    if (code) fprintf(stderr, "pt-std-pack: %s\n", error.message);
    else
        printf("%s: %u files, %u definitions, %u expansions, %u open calls, %.0f ms\n", argv[2], world->files.count,
               world->defs.count, world->expansions.count, world->calls.count, (double)(pt_now_us() - start) / 1000);
    pt_world_destroy(world);
    pt_source_close(source);
    return code ? 1 : 0;
}
