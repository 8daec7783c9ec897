#include "tests/fuzz/round_trip.h"

#include "gateway/wire_normal.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define OUTPUT_BYTES_MAX ((size_t)1 << 24)

struct texts {
    struct base_buf wire;
    struct base_buf json;
    struct base_buf wire_again;
    struct base_buf json_again;
};

static void init(struct texts *texts)
{
    base_buf_init(&texts->wire, OUTPUT_BYTES_MAX);
    base_buf_init(&texts->json, OUTPUT_BYTES_MAX);
    base_buf_init(&texts->wire_again, OUTPUT_BYTES_MAX);
    base_buf_init(&texts->json_again, OUTPUT_BYTES_MAX);
}

static void dispose(struct texts *texts)
{
    base_buf_dispose(&texts->wire);
    base_buf_dispose(&texts->json);
    base_buf_dispose(&texts->wire_again);
    base_buf_dispose(&texts->json_again);
}

/* What was printed is read, and from then on nothing changes any more. Bytes may lack a required
 * field, which only reading JSON refuses. */
static void check_printed(const struct gw_message *type, const struct gw_transcode_options *options,
                          struct texts *texts)
{
    struct base_err err = {0};
    struct base_str json = base_buf_str(&texts->json);
    if (!gw_json_to_wire(type, json, options, &texts->wire_again, &err)) {
        FUZZ_CHECK(strstr(err.message, "the required field") != NULL);
        return;
    }
    FUZZ_CHECK(
        gw_wire_to_json(type, base_buf_str(&texts->wire_again), options, &texts->json_again, &err));
    FUZZ_CHECK(base_str_eq(json, base_buf_str(&texts->json_again)));
}

static void check_json(const struct gw_message *type, const struct gw_transcode_options *options,
                       struct base_str json, struct texts *texts)
{
    struct base_err err = {0};
    FUZZ_CHECK(base_buf_append_char(&texts->wire, '>'));
    if (!gw_json_to_wire(type, json, options, &texts->wire, &err)) {
        FUZZ_CHECK(err.code == BASE_INVALID_ARGUMENT || err.code == BASE_RESOURCE_EXHAUSTED);
        FUZZ_CHECK(err.message[0] != '\0');
        FUZZ_CHECK(texts->wire.len == 1 && texts->wire.data[0] == '>');
        return;
    }
    struct base_str wire = base_str_make(texts->wire.data + 1, texts->wire.len - 1);
    FUZZ_CHECK(gw_wire_to_json(type, wire, options, &texts->json, &err));
    check_printed(type, options, texts);
}

void round_trip_json(const struct gw_message *type, const struct gw_transcode_options *options,
                     struct base_str json)
{
    struct texts texts;
    init(&texts);
    check_json(type, options, json, &texts);
    dispose(&texts);
}

/* The normal form prints as the bytes do and is its own. There is none where something is damaged
 * that JSON does not show, such as an entry of a map that a later one of its key replaces. */
static void check_normal(const struct gw_message *type, const struct gw_transcode_options *options,
                         struct base_str wire, struct base_str json)
{
    struct texts texts;
    struct base_err err = {0};
    init(&texts);
    if (gw_wire_normalize(type, wire, options->schema, &texts.wire, &err)) {
        struct base_str normal = base_buf_str(&texts.wire);
        FUZZ_CHECK(normal.len <= GW_WIRE_NORMAL_BYTES_MAX(wire.len));
        FUZZ_CHECK(gw_wire_to_json(type, normal, options, &texts.json, &err));
        FUZZ_CHECK(base_str_eq(json, base_buf_str(&texts.json)));
        FUZZ_CHECK(gw_wire_normalize(type, normal, options->schema, &texts.wire_again, &err));
        FUZZ_CHECK(base_str_eq(normal, base_buf_str(&texts.wire_again)));
    } else {
        FUZZ_CHECK(err.code == BASE_INTERNAL || err.code == BASE_RESOURCE_EXHAUSTED);
        FUZZ_CHECK(texts.wire.len == 0);
    }
    dispose(&texts);
}

void round_trip_wire(const struct gw_message *type, const struct gw_transcode_options *options,
                     struct base_str wire)
{
    struct texts texts;
    struct base_err err = {0};
    init(&texts);
    if (gw_wire_to_json(type, wire, options, &texts.json, &err)) {
        check_normal(type, options, wire, base_buf_str(&texts.json));
        check_printed(type, options, &texts);
    } else {
        FUZZ_CHECK(err.code == BASE_INTERNAL || err.code == BASE_RESOURCE_EXHAUSTED);
        FUZZ_CHECK(err.message[0] != '\0' && texts.json.len == 0);
    }
    dispose(&texts);
}
