/* fuzz_mcp: lines of a client of the Model Context Protocol: each has one reply or none, which is JSON and bears its id, and no
 * answer of a tool is longer than it was asked to be. */
#include "fuzz_ask.h"
#include "mcp/protocol.h"
#include "query/tokens.h"

static void check(const json_t *message, const json_t *reply) {
    const json_t *result = json_object_get(reply, "result"), *content = json_object_get(result, "content");
    const json_t *params = json_object_get(message, "params"),
                 *most = json_object_get(json_object_get(params, "arguments"), "max_tokens");
    char *text = json_dumps(reply, JSON_COMPACT);
    LAW(text, "a reply that is no JSON");
    LAW(!!result != !!json_object_get(reply, "error"), "%s", text);
    LAW(!result || json_equal(json_object_get(reply, "id"), json_object_get(message, "id")), "%s", text);
    const char *told = json_string_value(json_object_get(json_array_get(content, 0), "text"));
    u32 limit = json_is_integer(most) && json_integer_value(most) >= 100 && json_integer_value(most) < 4000
                    ? (u32)json_integer_value(most)
                    : 4000;
    LAW(!told || pt_tokens_bound(told, strlen(told)) <= limit, "%s", told);
    free(text);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size) {
    static pt_graph *graph;
    if (!graph) graph = fuzz_small_graph();
    pt_mcp mcp = {.host = {.ask = fuzz_ask, .payload = graph}, .version = "0"};
    for (size_t at = 0; at < size;) {
        const u8 *end = memchr(data + at, '\n', size - at);
        size_t length = end ? (size_t)(end - data) - at : size - at;
        json_t *message = json_loadb((const char *)data + at, length, JSON_REJECT_DUPLICATES, NULL), *said = NULL;
        if (message) {
            (void)pt_mcp_cancels(message);
            if (pt_mcp_listens(message, &said)) json_decref(said);
            json_t *reply = pt_mcp_answer(&mcp, message);
            if (reply) check(message, reply);
            json_decref(reply);
        }
        json_decref(message);
        at += length + 1;
    }
    return 0;
}
