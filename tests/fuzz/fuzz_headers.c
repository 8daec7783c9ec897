/* Headers: whatever a request says, what comes of it is metadata that gRPC can carry, says nothing
 * in the gateway's place and is within its limits; and whatever a service answers, what comes of
 * that is headers. Input: lines "name: value", whose names are put in lower case as a front does.
 */
#include "gateway/head.h"
#include "gateway/headers.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <string.h>

#define NAME_SIZE 256
#define ARENA_BYTES ((size_t)1 << 20)

/* As GW_FRONT's library takes, and a few more. */
#define LINES_MAX 128

struct lines {
    struct gw_header_source source;
    struct base_str rest;
    size_t count;
    char name[NAME_SIZE];
};

static bool next(struct gw_header_source *source, struct gw_header *out_header)
{
    struct lines *lines = (struct lines *)source;
    if (lines->rest.len == 0 || lines->count++ == LINES_MAX) {
        return false;
    }
    struct base_str value = fuzz_take_until(&lines->rest, '\n');
    struct base_str name = fuzz_take_until(&value, ':');
    size_t len = name.len < NAME_SIZE ? name.len : NAME_SIZE;
    for (size_t i = 0; i < len; i++) {
        lines->name[i] = (char)tolower((unsigned char)name.data[i]);
    }
    *out_header = (struct gw_header){base_str_make(lines->name, len), base_str_trim(value)};
    return true;
}

/* What only the gateway says. */
static bool is_the_gateways(struct base_str key)
{
    return base_str_starts_with(key, BASE_STR("grpc-")) ||
           base_str_starts_with(key, BASE_STR("x-api-key")) || base_str_eq(key, BASE_STR("te")) ||
           base_str_eq(key, BASE_STR("connection")) || base_str_eq(key, BASE_STR("content-type"));
}

static void check_text(struct base_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        FUZZ_CHECK(text.data[i] >= ' ' && text.data[i] <= '~');
    }
}

static void check_answer(const struct rpc_metadata_entry *entry, bool is_trailer,
                         struct base_arena *arena)
{
    struct base_str name;
    struct base_str value;
    if (gw_headers_from_metadata(entry, is_trailer, arena, &name, &value)) {
        FUZZ_CHECK(name.len >= entry->key.len && base_str_ends_with(name, entry->key));
        FUZZ_CHECK(!is_the_gateways(entry->key) ||
                   base_str_starts_with(entry->key, BASE_STR("x-api-key")));
        check_text(name);
        check_text(value);
    }
}

static void check_timeouts(const struct gw_head *head)
{
    struct base_err err = {0};
    int64_t timeout_ns = -1;
    if (gw_head_timeout(head, &timeout_ns, &err)) {
        FUZZ_CHECK(timeout_ns >= 0 && timeout_ns <= GW_TIMEOUT_MS_MAX * 1000000);
    } else {
        FUZZ_CHECK(err.code == BASE_INVALID_ARGUMENT && err.message[0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lines lines = {.source = {next}, .rest = {(const char *)data, size}};
    const struct gw_hop hop = {.peer = BASE_STR("192.0.2.1"), .authority = BASE_STR("host")};
    struct base_arena arena;
    struct rpc_metadata metadata = {0};
    struct gw_head head;
    struct base_err err = {0};
    base_arena_init(&arena, ARENA_BYTES);
    if (!gw_head_read(&lines.source, &hop, &arena, &metadata, &head, &err)) {
        FUZZ_CHECK(err.code == BASE_INVALID_ARGUMENT || err.code == BASE_RESOURCE_EXHAUSTED);
        FUZZ_CHECK(err.message[0] != '\0');
    }
    FUZZ_CHECK(metadata.count <= RPC_METADATA_ENTRIES_MAX);
    FUZZ_CHECK(metadata.bytes <= RPC_METADATA_BYTES_MAX);
    for (size_t i = 0; i < metadata.count; i++) {
        const struct rpc_metadata_entry *entry = &metadata.entries[i];
        FUZZ_CHECK(!is_the_gateways(entry->key));
        struct rpc_metadata copy = {0};
        FUZZ_CHECK(rpc_metadata_add_borrowed(&copy, &arena, entry->key, entry->value, &err) ||
                   err.code == BASE_RESOURCE_EXHAUSTED);
        check_answer(entry, false, &arena);
        check_answer(entry, true, &arena);
    }
    check_timeouts(&head);
    (void)gw_head_refuses_body(&head, false);
    base_arena_dispose(&arena);
    return 0;
}
