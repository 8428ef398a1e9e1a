/* generate_stats.c: what a generated graph is like, as one JSON object.
 *   generate_stats [--triplets N] [--seed S] [--queries Q]
 * Blast radius: nodes reached backwards over all kinds but contains from random nodes; a walk stops at 2M. */
#include "peer.h"

static void in_edges(void *peer, u32 node, peer_walk *walk) {
    const peer_rows *in = peer;
    for (u32 i = in->start[node]; i < in->start[node + 1]; i++)
        if (generate_kind(in->words[i]) != GENERATE_CONTAINS) peer_visit(walk, generate_node(in->words[i]));
}

int main(int argc, char **argv) {
    peer_options o = peer_read_options(argc, argv);
    generator g;
    generator_init(&g, generate_nodes_for(o.triplets), o.triplets, o.seed);
    u64 start = peer_now();
    peer_graph graph = peer_make_graph(&g, false);
    u64 took = peer_now() - start;
    u64 kinds[16] = {0}, local = 0, inferred = 0, changed = 0, out_most = 0;
    u32 words[GENERATE_MAX], again[GENERATE_MAX], in_most = 0;
    /* Shares by every 16th file: the whole was already made twice. */
    u32 sampled = 0;
    for (u32 file = 0; file < g.files; file += 16)
        for (u32 n = generate_first(&g, file); n < generate_end(&g, file); n++) {
            u32 count = generate_out(&g, n, words), more = generate_changed(&g, file, 1, n, again);
            for (u32 i = 0; i < count; i++) {
                u32 target = generate_node(words[i]), away = target > n ? target - n : n - target;
                if (target >= g.nodes || target == n || (i && words[i - 1] >= words[i]))
                    peer_stop("generator", "bad edges");
                kinds[generate_kind(words[i])]++;
                local += generate_file(&g, target) == file || away <= GENERATE_WINDOW;
                inferred += (words[i] & GENERATE_INFERRED) != 0;
            }
            for (u32 i = 0, j = 0; i < count; i++) {
                while (j < more && again[j] < words[i]) j++;
                changed += j == more || again[j] != words[i];
            }
            if (count > out_most) out_most = count;
            sampled += count;
        }
    u64 trait_total = 0;
    peer_series traits = {0}, degrees = {0};
    for (u32 n = 0; n < g.nodes; n++) {
        u32 from = graph.in.start[n], count = graph.in.start[n + 1] - from, implementers = 0;
        if (count > in_most) in_most = count;
        if (n % 7 == 0) peer_note(&degrees, count);
        if (!generate_is_trait(&g, n)) continue;
        for (u32 i = 0; i < count; i++) implementers += generate_kind(graph.in.words[from + i]) == GENERATE_IMPLEMENTS;
        trait_total += implementers;
        peer_note(&traits, implementers);
    }
    peer_sort(&traits);
    peer_sort(&degrees);
    double all = (double)graph.triplets, part = (double)sampled;
    printf("{\"seed\":%llu,\"nodes\":%u,\"files\":%u,\"nodes_per_file\":%u,\"triplets\":%u,\"off_target\":%.4f,"
           "\"triplets_a_file\":%.1f,\"ns_a_triplet\":%.1f",
           (unsigned long long)o.seed, g.nodes, g.files, g.nodes_per_file, graph.triplets, all / (double)o.triplets - 1,
           all / g.files, (double)took / all);
    printf(",\"local\":%.3f,\"inferred\":%.3f,\"contains\":%.3f,\"implements\":%.3f,\"calls\":%.3f,\"accepts\":%.3f,"
           "\"uses\":%.3f,\"changed_by_a_save\":%.3f",
           (double)local / part, (double)inferred / part, (double)kinds[GENERATE_CONTAINS] / part,
           (double)kinds[GENERATE_IMPLEMENTS] / part, (double)kinds[GENERATE_CALLS] / part,
           (double)kinds[GENERATE_ACCEPTS] / part, (double)kinds[GENERATE_USES] / part, (double)changed / part);
    printf(",\"out_most\":%llu,\"in_most\":%u,\"in_most_share\":%.5f,\"in_p50\":%llu,\"in_p99\":%llu",
           (unsigned long long)out_most, in_most, in_most / all, (unsigned long long)peer_at(&degrees, 50),
           (unsigned long long)peer_at(&degrees, 99));
    printf(",\"traits\":%u,\"implementers_mean\":%.1f,\"implementers_p50\":%llu,\"implementers_p99\":%llu,"
           "\"implementers_most\":%llu",
           g.traits, (double)trait_total / g.traits, (unsigned long long)peer_at(&traits, 50),
           (unsigned long long)peer_at(&traits, 99), (unsigned long long)peer_at(&traits, 100));
    peer_walk walk = peer_walk_create(g.nodes);
    u64 random = generate_mix(o.seed + 1);
    for (u32 depth = 1; depth <= PEER_DEPTHS; depth++) {
        peer_series sizes = {0};
        u64 total = 0;
        start = peer_now();
        for (u32 i = 0; i < o.queries; i++) {
            u32 reached = peer_blast(&walk, in_edges, &graph.in, generate_below(&random, g.nodes), depth);
            total += reached;
            peer_note(&sizes, reached);
        }
        took = peer_now() - start;
        peer_sort(&sizes);
        printf(",\"blast_%u\":{\"mean\":%.1f,\"p50\":%llu,\"p90\":%llu,\"p99\":%llu,\"ns_a_node\":%.1f}", depth,
               (double)total / o.queries, (unsigned long long)peer_at(&sizes, 50),
               (unsigned long long)peer_at(&sizes, 90), (unsigned long long)peer_at(&sizes, 99),
               total ? (double)took / (double)total : 0.0);
        free(sizes.ns);
    }
    free(walk.seen);
    free(walk.queue);
    free(traits.ns);
    free(degrees.ns);
    peer_free_rows(&graph.in);
    return peer_end();
}
