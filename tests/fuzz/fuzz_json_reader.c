/* JSON and wire bytes of schemas that have one of everything. Input: a byte that chooses the type
 * and the options, then JSON; with the highest bit, wire bytes. */
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/round_trip.h"
#include "tests/gateway/descriptor_file.h"

#define IS_WIRE 0x80
#define IGNORES_UNKNOWN 0x40
#define PRINTS_DEFAULTS 0x20
#define TYPE_BITS 0x1F

static struct gw_schema *schema;

/* Once; lives as long as the program. */
static const struct gw_message *choose_type(unsigned choice)
{
    static const char *const names[] = {
        "test.v1.Scalars",   "test.v1.Lists", "test.v1.Maps",   "test.v1.Choices", "test.v1.Nested",
        "test.v1.WellKnown", "test.v1.Wide",  "test.v2.Legacy", "test.v2.OldSet",
    };
    if (schema == NULL) {
        schema = descriptor_file_schema(TRANSCODE_DESCRIPTOR_SET);
    }
    const char *name = names[choice % (sizeof names / sizeof *names)];
    const struct gw_message *type = gw_schema_message(schema, base_str_of(name));
    FUZZ_CHECK(type != NULL);
    return type;
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
    if ((data[0] & IS_WIRE) != 0) {
        round_trip_wire(type, &options, input);
    } else {
        round_trip_json(type, &options, input);
    }
    return 0;
}
