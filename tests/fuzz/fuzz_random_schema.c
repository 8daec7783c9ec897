/* JSON and wire bytes of schemas that the input draws: every type, label and kind of field that can
 * be declared, and messages that hold themselves.
 *
 * Input: a byte, the number of fields; four bytes a field; a byte for the options; JSON or, with
 * the highest bit of the options, wire bytes. */
#include "google/protobuf/descriptor.pb-c.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/round_trip.h"

#include <string.h>

#define IS_WIRE 0x80
#define IGNORES_UNKNOWN 0x40
#define PRINTS_DEFAULTS 0x20
#define IS_PROTO2 0x10

#define FIELDS_MAX 40
#define FIELD_BYTES 4
#define SET_BYTES_MAX 16384

#define LABEL(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_##name
#define TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name

/* A file of one message, an enum and an entry type for its maps. */
struct drawn {
    Google__Protobuf__FieldDescriptorProto fields[FIELDS_MAX];
    Google__Protobuf__FieldDescriptorProto *field_list[FIELDS_MAX];
    char names[FIELDS_MAX][16];
    Google__Protobuf__FieldDescriptorProto entry_fields[2];
    Google__Protobuf__FieldDescriptorProto *entry_field_list[2];
    Google__Protobuf__MessageOptions entry_options;
    Google__Protobuf__DescriptorProto entry;
    Google__Protobuf__DescriptorProto *nested[1];
    Google__Protobuf__OneofDescriptorProto oneof;
    Google__Protobuf__OneofDescriptorProto *oneofs[1];
    Google__Protobuf__EnumValueDescriptorProto values[3];
    Google__Protobuf__EnumValueDescriptorProto *value_list[3];
    Google__Protobuf__EnumDescriptorProto enumeration;
    Google__Protobuf__EnumDescriptorProto *enums[1];
    Google__Protobuf__DescriptorProto message;
    Google__Protobuf__DescriptorProto *messages[1];
    Google__Protobuf__FileDescriptorProto file;
    Google__Protobuf__FileDescriptorProto *files[1];
    Google__Protobuf__FileDescriptorSet set;
};

static void set_type(Google__Protobuf__FieldDescriptorProto *field, unsigned choice, bool is_proto2)
{
    unsigned type = choice % 18 + 1; /* descriptor.proto numbers them from 1 */
    if (type == TYPE(GROUP) && !is_proto2) {
        type = TYPE(MESSAGE);
    }
    field->has_type = 1;
    field->type = (Google__Protobuf__FieldDescriptorProto__Type)type;
    field->type_name = type == TYPE(MESSAGE) || type == TYPE(GROUP) ? ".p.M"
                       : type == TYPE(ENUM)                         ? ".p.E"
                                                                    : NULL;
}

/* The types a map's key can be of are those that are not refused; the others are the loader's to
 * refuse. */
static void draw_entry(struct drawn *drawn, const uint8_t *bytes)
{
    static char *names[] = {"key", "value"};
    google__protobuf__descriptor_proto__init(&drawn->entry);
    google__protobuf__message_options__init(&drawn->entry_options);
    drawn->entry_options.has_map_entry = drawn->entry_options.map_entry = 1;
    drawn->entry.name = "Entry";
    drawn->entry.options = &drawn->entry_options;
    drawn->entry.n_field = 2;
    drawn->entry.field = drawn->entry_field_list;
    for (int i = 0; i < 2; i++) {
        Google__Protobuf__FieldDescriptorProto *field = &drawn->entry_fields[i];
        google__protobuf__field_descriptor_proto__init(field);
        field->name = names[i];
        field->has_number = field->has_label = 1;
        field->number = i + 1;
        field->label = LABEL(OPTIONAL);
        set_type(field, bytes[i], false);
        drawn->entry_field_list[i] = field;
    }
    drawn->nested[0] = &drawn->entry;
}

static void draw_field(struct drawn *drawn, size_t index, const uint8_t *bytes, bool is_proto2)
{
    static const Google__Protobuf__FieldDescriptorProto__Label labels[] = {
        LABEL(OPTIONAL), LABEL(OPTIONAL), LABEL(REPEATED), LABEL(REQUIRED)};
    Google__Protobuf__FieldDescriptorProto *field = &drawn->fields[index];
    google__protobuf__field_descriptor_proto__init(field);
    (void)snprintf(drawn->names[index], sizeof drawn->names[index], "f_%c%zu", 'a' + bytes[0] % 26,
                   index);
    field->name = drawn->names[index];
    field->has_number = field->has_label = 1;
    field->number = (int32_t)(index + 1 + (size_t)bytes[1] * FIELDS_MAX);
    field->label = labels[bytes[2] % (is_proto2 ? 4 : 3)];
    set_type(field, bytes[3], is_proto2);
    if ((bytes[2] & 0xF0) == 0x10) {
        field->label = LABEL(REPEATED);
        field->type = TYPE(MESSAGE);
        field->type_name = ".p.M.Entry";
    } else if ((bytes[2] & 0xF0) == 0x20) {
        field->label = LABEL(OPTIONAL);
        field->has_oneof_index = 1;
        drawn->message.n_oneof_decl = 1;
    }
    drawn->field_list[index] = field;
}

static void draw_enum(struct drawn *drawn)
{
    static char *names[] = {"NONE", "SOME", "FAR"};
    static const int32_t numbers[] = {0, 1, -7};
    google__protobuf__enum_descriptor_proto__init(&drawn->enumeration);
    drawn->enumeration.name = "E";
    drawn->enumeration.n_value = 3;
    drawn->enumeration.value = drawn->value_list;
    for (int i = 0; i < 3; i++) {
        google__protobuf__enum_value_descriptor_proto__init(&drawn->values[i]);
        drawn->values[i].name = names[i];
        drawn->values[i].has_number = 1;
        drawn->values[i].number = numbers[i];
        drawn->value_list[i] = &drawn->values[i];
    }
    drawn->enums[0] = &drawn->enumeration;
}

static void draw(struct drawn *drawn, const uint8_t *bytes, size_t count, bool is_proto2)
{
    google__protobuf__descriptor_proto__init(&drawn->message);
    google__protobuf__oneof_descriptor_proto__init(&drawn->oneof);
    google__protobuf__file_descriptor_proto__init(&drawn->file);
    google__protobuf__file_descriptor_set__init(&drawn->set);
    drawn->oneof.name = "choice";
    drawn->oneofs[0] = &drawn->oneof;
    for (size_t i = 0; i < count; i++) {
        draw_field(drawn, i, bytes + i * FIELD_BYTES, is_proto2);
    }
    draw_entry(drawn, bytes);
    draw_enum(drawn);
    drawn->message.name = "M";
    drawn->message.n_field = count;
    drawn->message.field = drawn->field_list;
    drawn->message.n_nested_type = 1;
    drawn->message.nested_type = drawn->nested;
    drawn->message.oneof_decl = drawn->oneofs;
    drawn->messages[0] = &drawn->message;
    drawn->file.name = "drawn.proto";
    drawn->file.package = "p";
    drawn->file.syntax = is_proto2 ? "proto2" : "proto3";
    drawn->file.n_message_type = drawn->file.n_enum_type = 1;
    drawn->file.message_type = drawn->messages;
    drawn->file.enum_type = drawn->enums;
    drawn->files[0] = &drawn->file;
    drawn->set.n_file = 1;
    drawn->set.file = drawn->files;
}

static void transcode(const struct gw_schema *schema, unsigned flags, struct base_str input)
{
    const struct gw_message *type = gw_schema_message(schema, BASE_STR("p.M"));
    const struct gw_transcode_options options = {
        .schema = schema,
        .ignore_unknown_fields = (flags & IGNORES_UNKNOWN) != 0,
        .print_defaults = (flags & PRINTS_DEFAULTS) != 0,
    };
    FUZZ_CHECK(type != NULL);
    if ((flags & IS_WIRE) != 0) {
        round_trip_wire(type, &options, input);
    } else {
        round_trip_json(type, &options, input);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct drawn drawn;
    static uint8_t set[SET_BYTES_MAX];
    size_t count = size == 0 ? 0 : data[0] % (FIELDS_MAX + 1);
    if (count == 0 || size < 1 + count * FIELD_BYTES + 1) {
        return 0;
    }
    unsigned flags = data[1 + count * FIELD_BYTES];
    draw(&drawn, data + 1, count, (flags & IS_PROTO2) != 0);
    FUZZ_CHECK(google__protobuf__file_descriptor_set__get_packed_size(&drawn.set) <= sizeof set);
    size_t len = google__protobuf__file_descriptor_set__pack(&drawn.set, set);
    struct base_err err = {0};
    struct gw_schema *schema = gw_schema_create();
    if (gw_schema_add(schema, base_str_make((const char *)set, len), &err)) {
        size_t at = 1 + count * FIELD_BYTES + 1;
        transcode(schema, flags, base_str_make((const char *)data + at, size - at));
    } else {
        FUZZ_CHECK(err.code == BASE_INVALID_ARGUMENT && err.message[0] != '\0');
    }
    gw_schema_destroy(schema);
    return 0;
}
