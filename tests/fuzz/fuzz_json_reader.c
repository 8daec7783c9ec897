/* JSON that is read gives wire bytes that print as JSON that is read to the same bytes again; JSON
 * that is refused says why and leaves the buffer alone. Input: a byte that chooses the type and the
 * options, then JSON; with the highest bit, wire bytes, which print or are refused as damaged. */
#include "gateway/transcode.h"
#include "tests/fuzz/fuzz.h"
#include "tests/gateway/descriptor_file.h"

#include <string.h>

#define OUTPUT_BYTES_MAX ((size_t)1 << 24)
#define IS_WIRE 0x80
#define IGNORES_UNKNOWN 0x40
#define PRINTS_DEFAULTS 0x20
#define TYPE_BITS 0x1F

static struct gw_schema *schema;

/* Once; lives as long as the program. */
static const struct gw_message *choose_type(unsigned choice)
{
    static const char *const names[] = {
        "test.v1.Scalars", "test.v1.Lists",     "test.v1.Maps", "test.v1.Choices",
        "test.v1.Nested",  "test.v1.WellKnown", "test.v1.Wide", "test.v2.Legacy",
    };
    if (schema == NULL) {
        schema = descriptor_file_schema(TRANSCODE_DESCRIPTOR_SET);
    }
    const char *name = names[choice % (sizeof names / sizeof *names)];
    const struct gw_message *type = gw_schema_message(schema, base_str_of(name));
    FUZZ_CHECK(type != NULL);
    return type;
}

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

/* What was printed is read, and from then on nothing changes any more. */
static void check_printed(const struct gw_message *type, const struct gw_transcode_options *options,
                          struct texts *texts)
{
    struct base_err err = {0};
    struct base_str json = base_buf_str(&texts->json);
    FUZZ_CHECK(gw_json_to_wire(type, json, options, &texts->wire_again, &err));
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

static void check_wire(const struct gw_message *type, const struct gw_transcode_options *options,
                       struct base_str wire, struct texts *texts)
{
    struct base_err err = {0};
    if (!gw_wire_to_json(type, wire, options, &texts->json, &err)) {
        FUZZ_CHECK(err.code == BASE_INTERNAL || err.code == BASE_RESOURCE_EXHAUSTED);
        FUZZ_CHECK(err.message[0] != '\0' && texts->json.len == 0);
        return;
    }
    check_printed(type, options, texts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const struct gw_message *type = choose_type(data[0] & TYPE_BITS);
    const struct gw_transcode_options options = {
        .schema = schema,
        .ignore_unknown_fields = (data[0] & IGNORES_UNKNOWN) != 0,
        .print_defaults = (data[0] & PRINTS_DEFAULTS) != 0,
    };
    struct base_str input = base_str_make((const char *)data + 1, size - 1);
    struct texts texts;
    init(&texts);
    if ((data[0] & IS_WIRE) != 0) {
        check_wire(type, &options, input, &texts);
    } else {
        check_json(type, &options, input, &texts);
    }
    dispose(&texts);
    return 0;
}
