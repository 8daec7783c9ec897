/* Extensions of proto2: what the schema makes of them, both ways between wire and JSON, and the
 * declarations that are refused. */
#include "tests/gateway/transcode_fixture.h"

#include "google/protobuf/descriptor.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct gw_transcode_options lenient = {.ignore_unknown_fields = true};
static const struct gw_transcode_options with_defaults = {.print_defaults = true};
static const struct gw_transcode_options proto_names = {.print_proto_names = true};

/* One that holds both ways. */
struct equal_row {
    const char *rule;
    const char *json;
    const char *hex;
};

static const struct equal_row equal_rows[] = {
    {"a scalar", "{\"[test.ext.rank]\":7}", "a00607"},
    {"its zero is set", "{\"[test.ext.rank]\":0}", "a00600"},
    {"a list", "{\"[test.ext.labels]\":[\"a\",\"b\"]}", "aa060161aa060162"},
    {"a message", "{\"[test.ext.strict]\":{\"id\":1}}", "b206020801"},
    {"a group", "{\"[test.ext.extra]\":{\"size\":1}}", "bb060801bc06"},
    {"a packed list", "{\"[test.ext.tight]\":[1,2]}", "c206020102"},
    {"a closed enum", "{\"[test.ext.mood]\":\"SECOND\"}", "c80602"},
    {"declared inside a message", "{\"[test.ext.Scope.scoped]\":{\"text\":\"x\"}}", "f206030a0178"},
    {"the last number", "{\"[test.ext.far]\":\"x\"}", "faffffff0f0178"},
    {"among fields, by number", "{\"number\":1,\"[test.ext.rank]\":2}", "0801a00602"},
};

/* The same of a MessageSet, whose numbers go further. */
static const struct equal_row set_rows[] = {
    {"an item", "{\"[test.ext.Scope.in_set]\":{\"text\":\"x\"}}", "0b10c8011a030a01780c"},
    {"an empty one", "{\"[test.ext.Scope.in_set]\":{}}", "0b10c8011a000c"},
    {"two", "{\"[test.ext.Scope.in_set]\":{},\"[test.ext.of_set]\":{\"id\":1}}",
     "0b10c8011a000c0b10c9011a0208010c"},
    {"the last number", "{\"[test.ext.far_in_set]\":{\"id\":1}}", "0b10feffffff071a0208010c"},
    {"one in another", "{\"[test.ext.Scope.in_set]\":{\"set\":{\"[test.ext.of_set]\":{\"id\":1}}}}",
     "0b10c8011a0b12090b10c9011a0208010c0c"},
};

static void check_both_ways(const char *type, const struct equal_row *row)
{
    print_message("  %s\n", row->rule);
    assert_string_equal(json_to_hex(type, row->json, plain), row->hex);
    assert_string_equal(hex_to_json(type, row->hex, plain), row->json);
}

static void sets_go_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof set_rows / sizeof *set_rows; i++) {
        check_both_ways("test.v2.OldSet", &set_rows[i]);
        assert_string_equal(hex_to_normal("test.v2.OldSet", set_rows[i].hex, NULL),
                            set_rows[i].hex);
    }
}

static void goes_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof equal_rows / sizeof *equal_rows; i++) {
        check_both_ways("test.v2.Legacy", &equal_rows[i]);
        assert_string_equal(hex_to_json("test.v2.Legacy", equal_rows[i].hex, proto_names),
                            equal_rows[i].json);
    }
}

static void reads(void **state)
{
    (void)state;
    static const struct {
        const char *rule;
        const char *json;
        const char *hex; /* or the error */
    } rows[] = {
        {"null leaves it unset", "{\"[test.ext.rank]\":null}", ""},
        {"twice is once too often", "{\"[test.ext.rank]\":1,\"[test.ext.rank]\":2}",
         "body at byte 21, [test.ext.rank]: duplicate field"},
        {"a name without brackets is a field's", "{\"test.ext.rank\":1}",
         "body at byte 1: unknown field \"test.ext.rank\""},
        {"an extension nobody declared", "{\"[test.ext.none]\":1}",
         "body at byte 1: unknown field \"[test.ext.none]\""},
        {"one of another message", "{\"[test.ext.Scope.in_set]\":{}}",
         "body at byte 1: unknown field \"[test.ext.Scope.in_set]\""},
        {"its type is checked", "{\"[test.ext.rank]\":\"x\"}",
         "body at byte 19, [test.ext.rank]: expected an int32, found \"x\""},
        {"its required fields too", "{\"[test.ext.strict]\":{}}",
         "body at byte 21, [test.ext.strict]: the required field \"id\" is missing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        print_message("  %s\n", rows[i].rule);
        assert_string_equal(json_to_hex("test.v2.Legacy", rows[i].json, plain), rows[i].hex);
    }
    assert_string_equal(json_to_hex("test.v2.Legacy", "{\"[a.b]\":1,\"number\":1}", lenient),
                        "0801");
}

static void writes(void **state)
{
    (void)state;
    static const struct transcode_row rows[] = {
        {"the last of a scalar counts", "test.v2.Legacy", "a00601 a00602",
         "{\"[test.ext.rank]\":2}"},
        {"pieces of a message are merged", "test.v2.Legacy", "b206020801 b206031201 61",
         "{\"[test.ext.strict]\":{\"id\":1,\"name\":\"a\"}}"},
        {"before the fields on the wire, behind them in JSON", "test.v2.Legacy", "a00602 0801",
         "{\"number\":1,\"[test.ext.rank]\":2}"},
        {"a value the closed enum lacks is unknown", "test.v2.Legacy", "c80609", "{}"},
        {"of a MessageSet, in the common form", "test.v2.OldSet", "c20c00",
         "{\"[test.ext.Scope.in_set]\":{}}"},
        {"an item's message before its number", "test.v2.OldSet", "0b 1a030a0178 10c801 0c",
         "{\"[test.ext.Scope.in_set]\":{\"text\":\"x\"}}"},
        {"what else stands in an item is unknown", "test.v2.OldSet", "0b 2001 10c801 1a00 0c",
         "{\"[test.ext.Scope.in_set]\":{}}"},
        {"items of one number are merged", "test.v2.OldSet",
         "0b10c9011a0208010c 0b10c9011a031201610c",
         "{\"[test.ext.of_set]\":{\"id\":1,\"name\":\"a\"}}"},
        {"items in any order", "test.v2.OldSet", "0b10c9011a0208010c 0b10c8011a000c",
         "{\"[test.ext.Scope.in_set]\":{},\"[test.ext.of_set]\":{\"id\":1}}"},
        {"an item of an unknown number", "test.v2.OldSet", "0b10ca011a000c", "{}"},
        {"an item without a message", "test.v2.OldSet", "0b10c8010c", "{}"},
        {"an item without a number", "test.v2.OldSet", "0b1a000c", "{}"},
        {"an item numbered past 31 bits", "test.v2.OldSet", "0b10c880808008 1a000c", "{}"},
    };
    CHECK_ROWS(rows, hex_to_json, plain);
    /* A message does not show what others may add to it. */
    assert_string_equal(hex_to_json("test.v2.Legacy", "", with_defaults),
                        "{\"many\":[],\"loose\":[],\"tight\":[],\"item\":[],\"closedByName\":{}}");
}

/* A file with a message that leaves 10 to 20 to extensions, and an extension of it, which each row
 * below spoils. */
struct set {
    Google__Protobuf__FileDescriptorSet set;
    Google__Protobuf__FileDescriptorProto file[2];
    Google__Protobuf__DescriptorProto message;
    Google__Protobuf__DescriptorProto__ExtensionRange range;
    Google__Protobuf__FieldDescriptorProto field;
    Google__Protobuf__FieldDescriptorProto extension[2];
    Google__Protobuf__FileDescriptorProto *files[2];
    Google__Protobuf__DescriptorProto *messages[1];
    Google__Protobuf__DescriptorProto__ExtensionRange *ranges[1];
    Google__Protobuf__FieldDescriptorProto *fields[1];
    Google__Protobuf__FieldDescriptorProto *extensions[2];
};

static void make_field(Google__Protobuf__FieldDescriptorProto *field, char *name, int32_t number)
{
    google__protobuf__field_descriptor_proto__init(field);
    field->name = name;
    field->has_number = field->has_type = field->has_label = true;
    field->number = number;
    field->type = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32;
    field->label = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_OPTIONAL;
}

static void make_set(struct set *s)
{
    google__protobuf__file_descriptor_set__init(&s->set);
    for (int i = 0; i < 2; i++) {
        google__protobuf__file_descriptor_proto__init(&s->file[i]);
        s->file[i].name = i == 0 ? "message.proto" : "extension.proto";
        s->file[i].package = i == 0 ? "p" : "q";
        s->files[i] = &s->file[i];
        make_field(&s->extension[i], i == 0 ? "a" : "b", 10 + i);
        s->extension[i].extendee = ".p.M";
        s->extensions[i] = &s->extension[i];
    }
    google__protobuf__descriptor_proto__init(&s->message);
    google__protobuf__descriptor_proto__extension_range__init(&s->range);
    make_field(&s->field, "own", 1);
    s->fields[0] = &s->field;
    s->range.has_start = s->range.has_end = true;
    s->range.start = 10;
    s->range.end = 21;
    s->ranges[0] = &s->range;
    s->message.name = "M";
    s->message.n_field = s->message.n_extension_range = 1;
    s->message.field = s->fields;
    s->message.extension_range = s->ranges;
    s->messages[0] = &s->message;
    s->file[0].n_message_type = 1;
    s->file[0].message_type = s->messages;
    s->file[1].n_extension = 2;
    s->file[1].extension = s->extensions;
    s->set.n_file = 2;
    s->set.file = s->files;
}

static bool load(const Google__Protobuf__FileDescriptorSet *set, struct gw_schema *schema,
                 struct base_err *err)
{
    static uint8_t bytes[1024];
    assert_true(google__protobuf__file_descriptor_set__get_packed_size(set) <= sizeof bytes);
    size_t len = google__protobuf__file_descriptor_set__pack(set, bytes);
    return gw_schema_add(schema, base_str_make((const char *)bytes, len), err);
}

static void spoil_nothing(struct set *s)
{
    (void)s;
}

static void spoil_extendee(struct set *s)
{
    s->extension[0].extendee = ".p.N";
}

static void spoil_name(struct set *s)
{
    s->extension[0].name = "a]";
}

static void spoil_number(struct set *s)
{
    s->extension[0].number = 21;
}

static void spoil_number_negative(struct set *s)
{
    s->extension[0].number = -1;
}

static void spoil_number_twice(struct set *s)
{
    s->extension[0].number = 11;
}

static void spoil_type(struct set *s)
{
    s->extension[0].has_type = false;
}

static void spoil_required(struct set *s)
{
    s->extension[0].label = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED;
}

static void spoil_range_start(struct set *s)
{
    s->range.start = 0;
}

static void spoil_range_end(struct set *s)
{
    s->range.end = 9;
}

/* Nothing is left then, which is no damage in itself. */
static void spoil_range_empty(struct set *s)
{
    s->range.end = 10;
}

static void spoil_range_past_the_last(struct set *s)
{
    s->range.end = (1 << 29) + 1;
}

static void spoil_own_field(struct set *s)
{
    s->field.number = 10;
}

static void make_message_set(struct set *s)
{
    static Google__Protobuf__MessageOptions options;
    google__protobuf__message_options__init(&options);
    options.has_message_set_wire_format = options.message_set_wire_format = true;
    s->message.options = &options;
    s->message.n_field = 0;
    s->range.end = INT32_MAX;
    for (size_t i = 0; i < 2; i++) {
        s->extension[i].type = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_MESSAGE;
        s->extension[i].type_name = ".p.M";
    }
}

static void make_message_set_of_far_numbers(struct set *s)
{
    make_message_set(s);
    s->extension[0].number = INT32_MAX - 1;
}

static void spoil_set_by_a_field(struct set *s)
{
    make_message_set(s);
    s->message.n_field = 1;
}

static void spoil_set_by_a_scalar(struct set *s)
{
    make_message_set(s);
    s->extension[0].type = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__TYPE__TYPE_INT32;
}

static void spoil_set_by_a_list(struct set *s)
{
    make_message_set(s);
    s->extension[0].label = GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        void (*spoil)(struct set *s);
        const char *error; /* NULL: it loads */
    } rows[] = {
        {spoil_nothing, NULL},
        {spoil_extendee, "q: unknown message type \"p.N\""},
        {spoil_name, "message p.M, field a]: not a name"},
        {spoil_number, "message p.M, field a: the number is not left to extensions"},
        {spoil_number_negative, "message p.M, field a: the number is not left to extensions"},
        {spoil_number_twice, "message p.M: fields [q.b] and [q.a] have the same number"},
        {spoil_type, "message p.M, field a: no such type"},
        {spoil_required, "message p.M, field a: no extension can be that"},
        {spoil_range_start, "message p.M: a bad range of extensions"},
        {spoil_range_end, "message p.M: a bad range of extensions"},
        {spoil_range_empty, "message p.M, field b: the number is not left to extensions"},
        {spoil_range_past_the_last, "message p.M: a bad range of extensions"},
        {make_message_set, NULL},
        {make_message_set_of_far_numbers, NULL},
        {spoil_set_by_a_field, "message p.M, field own: a MessageSet has only extensions"},
        {spoil_set_by_a_scalar,
         "message p.M, field a: an extension of a MessageSet is one message"},
        {spoil_set_by_a_list, "message p.M, field a: an extension of a MessageSet is one message"},
        {spoil_own_field, "message p.M: fields own and [q.a] have the same number"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct set s;
        struct base_err err = {.message = "none"};
        struct gw_schema *schema = gw_schema_create();
        make_set(&s);
        rows[i].spoil(&s);
        bool ok = load(&s.set, schema, &err);
        gw_schema_destroy(schema);
        assert_int_equal(ok, rows[i].error == NULL);
        if (!ok) {
            assert_string_equal(err.message, rows[i].error);
            assert_int_equal(err.code, BASE_INVALID_ARGUMENT);
        }
    }
}

/* Ranges may stand in any order, overlap and be empty. */
static void knows_ranges(void **state)
{
    (void)state;
    static const int32_t bounds[][2] = {{30, 31}, {10, 21}, {11, 12}, {15, 23}, {40, 40}};
    static const struct {
        int32_t number;
        bool is_left;
    } rows[] = {{9, false},  {10, true}, {12, true},  {22, true}, {23, false},
                {29, false}, {30, true}, {31, false}, {40, false}};
    enum { RANGES = sizeof bounds / sizeof *bounds };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Google__Protobuf__DescriptorProto__ExtensionRange range[RANGES];
        Google__Protobuf__DescriptorProto__ExtensionRange *ranges[RANGES];
        struct set s;
        struct base_err err;
        struct gw_schema *schema = gw_schema_create();
        make_set(&s);
        for (int j = 0; j < RANGES; j++) {
            range[j] = s.range;
            range[j].start = bounds[j][0];
            range[j].end = bounds[j][1];
            ranges[j] = &range[j];
        }
        s.message.n_extension_range = RANGES;
        s.message.extension_range = ranges;
        s.extension[0].number = rows[i].number;
        assert_int_equal(load(&s.set, schema, &err), rows[i].is_left);
        gw_schema_destroy(schema);
    }
}

/* A later set extends what an earlier one brought. */
static void extends_what_is_there(void **state)
{
    (void)state;
    struct set s;
    struct base_err err;
    struct gw_schema *schema = gw_schema_create();
    make_set(&s);
    s.set.n_file = 1;
    assert_true(load(&s.set, schema, &err));
    const struct gw_message *type = gw_schema_message(schema, BASE_STR("p.M"));
    assert_int_equal(type->field_count, 1);
    s.set.n_file = 2;
    assert_true(load(&s.set, schema, &err));
    assert_int_equal(type->field_count, 3);
    const struct gw_field *field = gw_message_field_by_number(type, 11);
    assert_true(base_str_eq(field->name, BASE_STR("[q.b]")));
    assert_true(field->is_extension && field->has_presence);
    assert_ptr_equal(field, gw_message_field_by_text(type, BASE_STR("[q.b]")));
    assert_ptr_equal(field, &type->fields[field->index]);
    assert_int_equal(gw_message_field_by_number(type, 1)->index, 0);
    gw_schema_destroy(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_both_ways),
        cmocka_unit_test(sets_go_both_ways),
        cmocka_unit_test(reads),
        cmocka_unit_test(writes),
        cmocka_unit_test(refuses),
        cmocka_unit_test(knows_ranges),
        cmocka_unit_test(extends_what_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
