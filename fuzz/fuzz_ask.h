/* fuzz_ask.h: the host that the front ends' fuzzers ask: a small graph, without a store. */
#ifndef PT_FUZZ_ASK_H
#define PT_FUZZ_ASK_H

#include "fuzz_image.h"
#include "query/request.h"

static const char fuzz_source[] =
    "pub trait Shape { fn area(&self) -> f64; }\npub struct Circle(f64);\n"
    "impl Shape for Circle { fn area(&self) -> f64 { self.0 } }\n"
    "pub fn total(shapes: &[&dyn Shape]) -> f64 { shapes.iter().map(|s| s.area()).sum() }\n"
    "mod a { pub fn f() { super::b::g() } }\nmod b { pub fn g() { super::a::f() } }\n";

/* `payload`: the graph. */
static inline int fuzz_ask(void *payload, const char *command, json_t *params, json_t **answer, pt_error *error) {
    pt_query q = {.graph = payload, .store_uri = "fuzz:", .uuid = "fuzz"};
    pt_alloc_clear();
    int code = pt_request_read(&q, command, params, error);
    if (!code) code = pt_query_run(&q, answer, error);
    json_decref(params);
    return code;
}

static inline pt_graph *fuzz_small_graph(void) {
    pt_graph *graph = fuzz_graph_of((const u8 *)fuzz_source, sizeof fuzz_source - 1, 1);
    if (!graph) abort();
    return graph;
}

#endif
