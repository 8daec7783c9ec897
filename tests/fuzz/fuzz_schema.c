/* Hostile descriptor sets: a set is refused with a reason, or every type it brought finds its own
 * fields and values, and one of them transcodes. Time and memory are libFuzzer's to watch.
 *
 * Input: two bytes, the length of the set; the set; a byte that chooses the type; one for the
 * options; JSON or, with the highest bit of the options, wire bytes. */
#include "google/protobuf/descriptor.pb-c.h"
#include "rpc/codec.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/round_trip.h"

#include <string.h>

#define IS_WIRE 0x80
#define IGNORES_UNKNOWN 0x40
#define PRINTS_DEFAULTS 0x20
#define PRINTS_PROTO_NAMES 0x10

#define TYPES_MAX 64
#define NAME_BYTES_MAX 512

struct types {
    const struct gw_schema *schema;
    const struct gw_message *found[TYPES_MAX];
    size_t count;
    bool are_clear; /* no field's JSON name is another's proto name */
};

static void check_fields(struct types *types, const struct gw_message *message)
{
    for (uint32_t i = 0; i < message->field_count; i++) {
        const struct gw_field *field = &message->fields[i];
        FUZZ_CHECK(field->index == i && field->parent == message);
        FUZZ_CHECK(gw_message_field_by_number(message, field->number) == field);
        FUZZ_CHECK(gw_message_field_by_text(message, field->json_name) == field);
        types->are_clear &= gw_message_field_by_text(message, field->name) == field;
        if (field->enumeration != NULL) {
            const struct gw_enum_value *value = &field->enumeration->values[0];
            FUZZ_CHECK(gw_enum_by_name(field->enumeration, value->name) == value);
            FUZZ_CHECK(gw_enum_by_number(field->enumeration, value->number) == value);
        }
    }
}

/* Takes the message `scope`.NAME and those inside it. */
static void add_message(struct types *types, const char *scope,
                        const Google__Protobuf__DescriptorProto *source)
{
    char name[NAME_BYTES_MAX];
    int len =
        snprintf(name, sizeof name, "%s%s%s", scope, scope[0] == '\0' ? "" : ".", source->name);
    if (len < 0 || (size_t)len >= sizeof name) {
        return;
    }
    const struct gw_message *message = gw_schema_message(types->schema, base_str_of(name));
    FUZZ_CHECK(message != NULL);
    check_fields(types, message);
    if (types->count < TYPES_MAX && !message->is_map_entry) {
        types->found[types->count++] = message;
    }
    for (size_t i = 0; i < source->n_nested_type; i++) {
        add_message(types, name, source->nested_type[i]);
    }
}

/* Whether one before it in the set has the name of file `i`: the later one is not loaded. */
static bool is_passed_over(const Google__Protobuf__FileDescriptorSet *files, size_t i)
{
    size_t first = 0;
    while (strcmp(files->file[first]->name, files->file[i]->name) != 0) {
        first++;
    }
    return first < i;
}

static void find_types(struct types *types, struct base_str set)
{
    struct base_arena arena;
    struct base_err err;
    ProtobufCMessage *message;
    base_arena_init(&arena, GW_SCHEMA_MEMORY_BYTES_MAX);
    FUZZ_CHECK(rpc_codec_unpack(&google__protobuf__file_descriptor_set__descriptor, set, &arena,
                                &message, &err));
    const Google__Protobuf__FileDescriptorSet *files = (const void *)message;
    for (size_t i = 0; i < files->n_file; i++) {
        const Google__Protobuf__FileDescriptorProto *file = files->file[i];
        for (size_t j = 0; j < file->n_message_type && !is_passed_over(files, i); j++) {
            add_message(types, file->package == NULL ? "" : file->package, file->message_type[j]);
        }
    }
    base_arena_dispose(&arena);
}

static void transcode(const struct types *types, struct base_str rest)
{
    if (types->count == 0 || rest.len < 2) {
        return;
    }
    const struct gw_message *type = types->found[(uint8_t)rest.data[0] % types->count];
    unsigned flags = (uint8_t)rest.data[1];
    const struct gw_transcode_options options = {
        .schema = types->schema,
        .ignore_unknown_fields = (flags & IGNORES_UNKNOWN) != 0,
        .print_defaults = (flags & PRINTS_DEFAULTS) != 0,
        .print_proto_names = (flags & PRINTS_PROTO_NAMES) != 0 && types->are_clear,
    };
    struct base_str input = base_str_make(rest.data + 2, rest.len - 2);
    if ((flags & IS_WIRE) != 0) {
        round_trip_wire(type, &options, input);
    } else {
        round_trip_json(type, &options, input);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    size_t len = (size_t)data[0] | (size_t)data[1] << 8;
    len = len > size - 2 ? size - 2 : len;
    struct base_str set = base_str_make((const char *)data + 2, len);
    struct base_err err = {0};
    struct gw_schema *schema = gw_schema_create();
    if (gw_schema_add(schema, set, &err)) {
        struct types types = {.schema = schema, .are_clear = true};
        find_types(&types, set);
        transcode(&types, base_str_make((const char *)data + 2 + len, size - 2 - len));
    } else {
        FUZZ_CHECK(err.code == BASE_INVALID_ARGUMENT || err.code == BASE_RESOURCE_EXHAUSTED);
        FUZZ_CHECK(err.message[0] != '\0');
    }
    gw_schema_destroy(schema);
    return 0;
}
