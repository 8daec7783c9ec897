/* Descriptor sets: which are refused and why, and what becomes of files that come twice. */
#include "base/wire.h"
#include "tests/gateway/transcode_fixture.h"

#include "google/protobuf/descriptor.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static bool is(struct base_str text, const char *want)
{
    return base_str_eq(text, base_str_of(want));
}

/* A small good file, which each row below spoils in one way. */
struct set {
    Google__Protobuf__FileDescriptorSet set;
    Google__Protobuf__FileDescriptorProto file;
    Google__Protobuf__DescriptorProto message;
    Google__Protobuf__FieldDescriptorProto field[2];
    Google__Protobuf__EnumDescriptorProto enumeration;
    Google__Protobuf__EnumValueDescriptorProto value[2];
    Google__Protobuf__ServiceDescriptorProto service;
    Google__Protobuf__MethodDescriptorProto method;
    Google__Protobuf__MethodOptions method_options;
    ProtobufCMessageUnknownField unknown;
    Google__Protobuf__MessageOptions message_options;
    Google__Protobuf__FileDescriptorProto *files[2];
    Google__Protobuf__DescriptorProto *messages[2];
    Google__Protobuf__FieldDescriptorProto *fields[2];
    Google__Protobuf__EnumDescriptorProto *enums[1];
    Google__Protobuf__EnumValueDescriptorProto *values[2];
    Google__Protobuf__ServiceDescriptorProto *services[1];
    Google__Protobuf__MethodDescriptorProto *methods[2];
    char *dependency[1];
};

#define TYPE(name) GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_##name

static void make_types(struct set *s)
{
    google__protobuf__descriptor_proto__init(&s->message);
    google__protobuf__enum_descriptor_proto__init(&s->enumeration);
    for (int i = 0; i < 2; i++) {
        google__protobuf__field_descriptor_proto__init(&s->field[i]);
        s->field[i].name = i == 0 ? "a" : "b_c";
        s->field[i].has_number = true;
        s->field[i].number = i + 1;
        s->field[i].has_type = true;
        s->field[i].type = i == 0 ? TYPE(INT32) : TYPE(STRING);
        s->fields[i] = &s->field[i];
        google__protobuf__enum_value_descriptor_proto__init(&s->value[i]);
        s->value[i].name = i == 0 ? "ZERO" : "ONE";
        s->value[i].has_number = true;
        s->value[i].number = i;
        s->values[i] = &s->value[i];
    }
    s->message.name = "M";
    s->message.n_field = 2;
    s->message.field = s->fields;
    s->messages[0] = s->messages[1] = &s->message;
    s->enumeration.name = "E";
    s->enumeration.n_value = 2;
    s->enumeration.value = s->values;
    s->enums[0] = &s->enumeration;
}

static void make_set(struct set *s)
{
    make_types(s);
    google__protobuf__file_descriptor_set__init(&s->set);
    google__protobuf__file_descriptor_proto__init(&s->file);
    google__protobuf__service_descriptor_proto__init(&s->service);
    google__protobuf__method_descriptor_proto__init(&s->method);
    google__protobuf__method_options__init(&s->method_options);
    google__protobuf__message_options__init(&s->message_options);
    s->method.name = "Do";
    s->method.input_type = s->method.output_type = ".p.M";
    s->methods[0] = &s->method;
    s->service.name = "S";
    s->service.n_method = 1;
    s->service.method = s->methods;
    s->services[0] = &s->service;
    s->file.name = "f.proto";
    s->file.package = "p";
    s->file.syntax = "proto3";
    s->file.n_message_type = s->file.n_enum_type = s->file.n_service = 1;
    s->file.message_type = s->messages;
    s->file.enum_type = s->enums;
    s->file.service = s->services;
    s->files[0] = s->files[1] = &s->file;
    s->set.n_file = 1;
    s->set.file = s->files;
}

static void spoil_nothing(struct set *s)
{
    (void)s;
}

static void spoil_syntax(struct set *s)
{
    s->file.syntax = "editions";
}

static void spoil_file_name(struct set *s)
{
    s->file.name = NULL;
}

static void spoil_package(struct set *s)
{
    s->file.package = "p..q";
}

static void spoil_import(struct set *s)
{
    s->dependency[0] = "other.proto";
    s->file.dependency = s->dependency;
    s->file.n_dependency = 1;
}

static void spoil_message_name(struct set *s)
{
    s->message.name = "M\"";
}

static void spoil_message_twice(struct set *s)
{
    s->file.n_message_type = 2;
}

static void spoil_enum_named_as_message(struct set *s)
{
    s->enumeration.name = "M";
}

static void spoil_enum_empty(struct set *s)
{
    s->enumeration.n_value = 0;
}

static void spoil_value_twice(struct set *s)
{
    s->value[1].name = "ZERO";
}

static void spoil_value_name(struct set *s)
{
    s->value[1].name = "";
}

static void spoil_field_name(struct set *s)
{
    s->field[0].name = "1a";
}

static void spoil_json_names_alike(struct set *s)
{
    s->field[0].json_name = "bC";
}

static void spoil_number_zero(struct set *s)
{
    s->field[0].number = 0;
}

static void spoil_number_large(struct set *s)
{
    s->field[0].number = 1 << 29;
}

static void spoil_number_twice(struct set *s)
{
    s->field[0].number = 2;
}

static void spoil_no_type(struct set *s)
{
    s->field[0].has_type = false;
}

static void spoil_unknown_type(struct set *s)
{
    s->field[0].type = TYPE(MESSAGE);
    s->field[0].type_name = ".p.N";
}

static void spoil_enum_as_message(struct set *s)
{
    s->field[0].type = TYPE(MESSAGE);
    s->field[0].type_name = ".p.E";
}

static void spoil_relative_type(struct set *s)
{
    s->field[0].type = TYPE(ENUM);
    s->field[0].type_name = "E";
}

static void spoil_relative_type_unknown(struct set *s)
{
    spoil_relative_type(s);
    s->field[0].type_name = "p.p.E";
}

static void spoil_oneof(struct set *s)
{
    s->field[0].has_oneof_index = true;
    s->field[0].oneof_index = 3;
}

static void spoil_negative_oneof(struct set *s)
{
    s->field[0].has_oneof_index = true;
    s->field[0].oneof_index = -1;
}

static void spoil_map_entry(struct set *s)
{
    s->message_options.has_map_entry = s->message_options.map_entry = true;
    s->message.options = &s->message_options;
    s->field[0].type = TYPE(DOUBLE);
}

static void spoil_well_known(struct set *s)
{
    s->file.package = "google.protobuf";
    s->message.name = "Timestamp";
    s->method.input_type = s->method.output_type = ".google.protobuf.Timestamp";
}

/* A Duration, but for the oneof its fields stand in. */
static void spoil_well_known_oneof(struct set *s)
{
    static Google__Protobuf__OneofDescriptorProto oneof;
    static Google__Protobuf__OneofDescriptorProto *oneofs[] = {&oneof};
    google__protobuf__oneof_descriptor_proto__init(&oneof);
    oneof.name = "which";
    s->message.n_oneof_decl = 1;
    s->message.oneof_decl = oneofs;
    s->file.package = "google.protobuf";
    s->message.name = "Duration";
    s->method.input_type = s->method.output_type = ".google.protobuf.Duration";
    s->field[0].type = TYPE(INT64);
    s->field[1].type = TYPE(INT32);
    for (int i = 0; i < 2; i++) {
        s->field[i].has_oneof_index = true;
        s->field[i].oneof_index = 0;
    }
}

/* A Value, but for what it nests: itself, which would never end. */
static void spoil_value_in_value(struct set *s)
{
    static const Google__Protobuf__FieldDescriptorProto__Type types[] = {
        TYPE(ENUM), TYPE(DOUBLE), TYPE(STRING), TYPE(BOOL), TYPE(MESSAGE), TYPE(MESSAGE)};
    static char names[][2] = {"a", "b", "c", "d", "e", "f"};
    static Google__Protobuf__OneofDescriptorProto oneof;
    static Google__Protobuf__OneofDescriptorProto *oneofs[] = {&oneof};
    static Google__Protobuf__FieldDescriptorProto kind[6];
    static Google__Protobuf__FieldDescriptorProto *kinds[6];
    google__protobuf__oneof_descriptor_proto__init(&oneof);
    oneof.name = "kind";
    for (int i = 0; i < 6; i++) {
        kind[i] = s->field[0];
        kind[i].name = names[i];
        kind[i].number = i + 1;
        kind[i].type = types[i];
        kind[i].has_oneof_index = true;
        kinds[i] = &kind[i];
    }
    kind[0].type_name = ".google.protobuf.E";
    kind[4].type_name = kind[5].type_name = ".google.protobuf.Value";
    s->message.n_field = 6;
    s->message.field = kinds;
    s->message.n_oneof_decl = 1;
    s->message.oneof_decl = oneofs;
    s->file.package = "google.protobuf";
    s->message.name = "Value";
    s->method.input_type = s->method.output_type = ".google.protobuf.Value";
}

static void spoil_method_name(struct set *s)
{
    s->method.name = "Do/It";
}

static void spoil_method_twice(struct set *s)
{
    s->methods[1] = &s->method;
    s->service.n_method = 2;
}

static void spoil_method_type(struct set *s)
{
    s->method.output_type = NULL;
}

/* Gives the method an extension of its options. */
static void add_option(struct set *s, uint32_t number, const char *wire, size_t len)
{
    static uint8_t data[64];
    data[0] = (uint8_t)len;
    memcpy(data + 1, wire, len);
    s->unknown =
        (ProtobufCMessageUnknownField){number, PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, len + 1, data};
    s->method_options.base.n_unknown_fields = 1;
    s->method_options.base.unknown_fields = &s->unknown;
    s->method.options = &s->method_options;
}

static void spoil_rule_empty(struct set *s)
{
    add_option(s, 72295728, "", 0);
}

static void spoil_rule_nested(struct set *s)
{
    add_option(s, 72295728, "\x12\x02/a\x5a\x0a\x12\x02/b\x5a\x04\x12\x02/c", 16);
}

static void spoil_status(struct set *s)
{
    add_option(s, 51870, "\x10\xac\x02", 3);
}

static const struct {
    void (*spoil)(struct set *s);
    const char *error; /* NULL: it loads */
} bad_sets[] = {
    {spoil_nothing, NULL},
    {spoil_syntax, "file f.proto: syntax \"editions\" is neither proto2 nor proto3"},
    {spoil_file_name, "a file has no name"},
    {spoil_package, "file f.proto: bad package name"},
    {spoil_import, "file f.proto imports other.proto, which the set lacks "
                   "(protoc puts it in with --include_imports)"},
    {spoil_message_name, "\"M\"\" in p is not a name"},
    {spoil_message_twice, "p.M is defined twice"},
    {spoil_enum_named_as_message, "p.M is defined twice"},
    {spoil_enum_empty, "enum p.E has no values"},
    {spoil_value_twice, "enum p.E: ZERO stands twice"},
    {spoil_value_name, "enum p.E: a value has a bad name"},
    {spoil_field_name, "message p.M, field 1a: not a name"},
    {spoil_json_names_alike, "message p.M: fields a and b_c have the same JSON name"},
    {spoil_number_zero, "message p.M, field a: the number is out of range"},
    {spoil_number_large, "message p.M, field a: the number is out of range"},
    {spoil_number_twice, "message p.M: fields a and b_c have the same number"},
    {spoil_no_type, "message p.M, field a: no such type"},
    {spoil_unknown_type, "p.M: unknown message type \"p.N\""},
    {spoil_enum_as_message, "p.M: unknown message type \"p.E\""},
    {spoil_relative_type, NULL},
    {spoil_relative_type_unknown, "p.M: unknown enum type \"p.p.E\""},
    {spoil_oneof, "message p.M: a field's oneof does not exist"},
    {spoil_negative_oneof, "message p.M, field a: cannot stand in its oneof"},
    {spoil_map_entry, "p.M is not the entry of a map"},
    {spoil_well_known, "google.protobuf.Timestamp has not the fields it is known for"},
    {spoil_well_known_oneof, "google.protobuf.Duration has not the fields it is known for"},
    {spoil_value_in_value, "google.protobuf.Value has not the fields it is known for"},
    {spoil_method_name, "\"Do/It\" in p.S is not a name"},
    {spoil_method_twice, "p.S.Do is defined twice"},
    {spoil_method_type, "p.S.Do: unknown message type \"\""},
    {spoil_rule_empty, "method p.S.Do: an HTTP rule has no pattern"},
    {spoil_rule_nested, "method p.S.Do: additional_bindings stand inside each other"},
    {spoil_status, "method p.S.Do: success_status is not from 200 to 299"},
};

/* Loads what a set packs to. */
static bool load(const Google__Protobuf__FileDescriptorSet *set, struct gw_schema *schema,
                 struct base_err *err)
{
    static uint8_t bytes[4096];
    assert_true(google__protobuf__file_descriptor_set__get_packed_size(set) <= sizeof bytes);
    size_t len = google__protobuf__file_descriptor_set__pack(set, bytes);
    return gw_schema_add(schema, base_str_make((const char *)bytes, len), err);
}

static void refuses_bad_sets(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_sets / sizeof *bad_sets; i++) {
        struct set s;
        struct base_err err;
        struct gw_schema *schema = gw_schema_create();
        make_set(&s);
        bad_sets[i].spoil(&s);
        bool ok = load(&s.set, schema, &err);
        gw_schema_destroy(schema);
        assert_int_equal(ok, bad_sets[i].error == NULL);
        if (!ok) {
            assert_string_equal(err.message, bad_sets[i].error);
            assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
        }
    }
}

static void escapes_json_names(void **state)
{
    (void)state;
    struct set s;
    struct base_err err;
    struct gw_schema *schema = gw_schema_create();
    make_set(&s);
    s.field[0].json_name = "say \"a\"\n";
    assert_true(load(&s.set, schema, &err));
    const struct gw_message *message = gw_schema_message(schema, BASE_STR("p.M"));
    const struct gw_field *field = gw_message_field_by_text(message, BASE_STR("say \"a\"\n"));
    assert_non_null(field);
    assert_true(base_str_eq(field->json_key, BASE_STR("\"say \\\"a\\\"\\n\":")));
    gw_schema_destroy(schema);
}

static void takes_a_file_once(void **state)
{
    (void)state;
    struct set s;
    struct base_err err;
    struct gw_schema *schema = gw_schema_create();
    make_set(&s);
    s.set.n_file = 2; /* twice in one set */
    assert_true(load(&s.set, schema, &err));
    assert_true(load(&s.set, schema, &err)); /* and in another */
    assert_int_equal(gw_schema_method_count(schema), 1);
    assert_true(
        is(gw_schema_message(schema, BASE_STR("p.M"))->fields[1].json_name, "bC")); /* derived */
    gw_schema_destroy(schema);
}

/* A file under another name, with a type that is there: passed over, but there to be imported. */
static void yields_to_known_types(void **state)
{
    (void)state;
    struct set s;
    uint8_t bytes[512];
    struct base_err err;
    struct gw_schema *schema = gw_schema_create();
    make_set(&s);
    assert_true(load(&s.set, schema, &err));
    s.file.name = "vendored.proto";
    size_t len = google__protobuf__file_descriptor_set__pack(&s.set, bytes);
    assert_true(gw_schema_add_missing(schema, base_str_make((const char *)bytes, len), &err));
    Google__Protobuf__FileDescriptorProto importing = GOOGLE__PROTOBUF__FILE_DESCRIPTOR_PROTO__INIT;
    importing.name = "g.proto";
    importing.n_dependency = 1;
    importing.dependency = &s.file.name;
    s.files[0] = &importing;
    assert_true(load(&s.set, schema, &err));
    gw_schema_destroy(schema);
}

/* Cuts and bit flips of a real set: refused or loaded, never a crash. */
static void survives_damage(void **state)
{
    (void)state;
    struct set s;
    uint8_t bytes[512];
    make_set(&s);
    size_t len = google__protobuf__file_descriptor_set__pack(&s.set, bytes);
    assert_true(len < sizeof bytes);
    for (size_t i = 0; i < len * 8; i++) {
        struct base_err err = {0};
        struct gw_schema *schema = gw_schema_create();
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        bool ok = gw_schema_add(schema, base_str_make((const char *)bytes, len), &err);
        assert_true(ok || err.message[0] != '\0');
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        gw_schema_destroy(schema);
    }
    for (size_t cut = 0; cut < len; cut++) {
        struct base_err err = {0};
        struct gw_schema *schema = gw_schema_create();
        bool ok = gw_schema_add(schema, base_str_make((const char *)bytes, cut), &err);
        assert_int_equal(ok, cut == 0);
        gw_schema_destroy(schema);
    }
}

/* A message type in a message type, and so on: 10,000 levels. */
static void refuses_deep_types(void **state)
{
    (void)state;
    enum { LEVELS = 10000 };
    struct base_buf wire;
    base_buf_init(&wire, 1 << 20);
    static uint8_t lengths[LEVELS][1 + BASE_VARINT_BYTES_MAX];
    size_t sizes[LEVELS];
    size_t inside = 0;
    for (int i = 0; i < LEVELS; i++) {
        uint8_t tag = i == LEVELS - 1 ? 0x0A : i == LEVELS - 2 ? 0x22 : 0x1A;
        lengths[i][0] = tag; /* file, message_type, nested_type */
        sizes[i] = (size_t)(base_wire_put_varint(lengths[i] + 1, inside) - lengths[i]);
        inside += sizes[i];
    }
    for (int i = LEVELS - 1; i >= 0; i--) {
        assert_true(base_buf_append(&wire, lengths[i], sizes[i]));
    }
    struct base_err err;
    struct gw_schema *schema = gw_schema_create();
    assert_false(gw_schema_add(schema, base_buf_str(&wire), &err));
    gw_schema_destroy(schema);
    base_buf_dispose(&wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_bad_sets),      cmocka_unit_test(takes_a_file_once),
        cmocka_unit_test(yields_to_known_types), cmocka_unit_test(survives_damage),
        cmocka_unit_test(refuses_deep_types),    cmocka_unit_test(escapes_json_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
