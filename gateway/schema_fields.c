/* A message's fields: from the descriptor's loose form into a sorted array whose tags, JSON keys
 * and presence are worked out once, here, so that the transcoder only copies and compares. */
#include "gateway/json_writer.h"
#include "gateway/scalar.h"
#include "gateway/schema_private.h"
#include "gateway/well_known.h"
#include "gateway/wire_field.h"

#include <stdlib.h>

#define NUMBER_MAX ((1 << 29) - 1)

/* The largest number of a field of `message`. */
static int32_t number_max(const struct gw_message *message)
{
    return message->is_message_set ? GW_ITEM_NUMBER_MAX : NUMBER_MAX;
}

/* What a byte of a name becomes at most in JSON: \u001f. */
#define JSON_ESCAPE_BYTES 6

bool gw_schema_bad_field(struct gw_schema_loader *loader, const struct gw_message *message,
                         const char *name, const char *reason)
{
    return base_err_set(loader->err, BASE_INVALID_ARGUMENT, "message %.*s, field %.64s: %s",
                        BASE_STR_ARGS(message->full_name), name == NULL ? "" : name, reason);
}

/* The lowerCamelCase that protoc derives: letters behind underscores go up, underscores go. */
static struct base_str derive_json_name(struct gw_schema *schema, struct base_str name)
{
    struct base_str copy = gw_schema_join(schema, name, BASE_STR(""), BASE_STR(""));
    if (copy.data == NULL) {
        return copy;
    }
    char *out = (char *)(uintptr_t)copy.data;
    size_t len = 0;
    bool is_up = false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (c == '_') {
            is_up = true;
            continue;
        }
        out[len++] = is_up && c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
        is_up = false;
    }
    return base_str_make(out, len);
}

/* `name`, which is UTF-8 as all strings of a set are, as a key in JSON: in quotes with a colon. Its
 * data is NULL when the schema is full. */
static struct base_str make_json_key(struct gw_schema *schema, struct base_str name)
{
    struct base_str key = {NULL, 0};
    struct base_buf quoted;
    base_buf_init(&quoted, GW_SCHEMA_SET_BYTES_MAX * JSON_ESCAPE_BYTES);
    if (gw_append_quoted(&quoted, name) == GW_TEXT_OK) {
        key = gw_schema_join(schema, base_buf_str(&quoted), BASE_STR(":"), BASE_STR(""));
    }
    base_buf_dispose(&quoted);
    return key;
}

/* The name inside its key; a copy of its own where JSON escapes some of it. */
static struct base_str name_in_key(struct gw_schema *schema, struct base_str key,
                                   struct base_str name)
{
    bool is_escaped = key.len != name.len + 3;
    return is_escaped ? gw_schema_join(schema, name, BASE_STR(""), BASE_STR(""))
                      : base_str_make(key.data + 1, name.len);
}

static bool load_names(struct gw_schema_loader *loader, struct gw_field *field,
                       const Google__Protobuf__FieldDescriptorProto *source)
{
    if (!gw_schema_is_identifier(source->name)) {
        return gw_schema_bad_field(loader, field->parent, source->name, "not a name");
    }
    struct gw_schema *schema = loader->schema;
    struct base_str name = base_str_of(source->name);
    struct base_str json_name =
        source->json_name == NULL ? derive_json_name(schema, name) : base_str_of(source->json_name);
    field->proto_key = gw_schema_join(schema, BASE_STR("\""), name, BASE_STR("\":"));
    field->json_key = make_json_key(schema, json_name);
    if (field->proto_key.data == NULL || field->json_key.data == NULL) {
        return gw_schema_full(loader->err);
    }
    field->name = base_str_make(field->proto_key.data + 1, name.len);
    field->json_name = name_in_key(schema, field->json_key, json_name);
    return field->json_name.data != NULL || gw_schema_full(loader->err);
}

static bool load_type(struct gw_schema_loader *loader, struct gw_field *field,
                      const Google__Protobuf__FieldDescriptorProto *source)
{
    if (!source->has_type || (int)source->type < GW_DOUBLE || (int)source->type > GW_SINT64) {
        return gw_schema_bad_field(loader, field->parent, source->name, "no such type");
    }
    field->type = (enum gw_type)source->type;
    if (field->type == GW_MESSAGE || field->type == GW_GROUP) {
        field->message = gw_schema_resolve(loader, GW_SYMBOL_MESSAGE, source->type_name,
                                           field->parent->full_name);
        return field->message != NULL;
    }
    if (field->type == GW_ENUM) {
        field->enumeration =
            gw_schema_resolve(loader, GW_SYMBOL_ENUM, source->type_name, field->parent->full_name);
        return field->enumeration != NULL;
    }
    return true;
}

static void load_tag(struct gw_field *field, bool in_oneof)
{
    uint8_t tag[BASE_VARINT_BYTES_MAX];
    enum base_wire_type type = field->is_packed ? BASE_WIRE_LEN : gw_wire_type_of(field->type);
    uint8_t *end = field->parent->is_message_set
                       ? gw_wire_put_item_tag(tag, field->number)
                       : base_wire_put_varint(tag, (uint64_t)field->number << 3 | type);
    field->tag_len = (uint8_t)(end - tag);
    memcpy(field->tag, tag, field->tag_len);
    bool is_plain = field->tag_len == 1 && !field->is_repeated && !in_oneof &&
                    field->type != GW_GROUP &&
                    !(field->type == GW_ENUM && field->enumeration->is_closed);
    field->bytes_tag = is_plain && type == BASE_WIRE_LEN ? field->tag[0] : BASE_WIRE_NO_TAG;
    field->number_tag = is_plain && type != BASE_WIRE_LEN ? field->tag[0] : BASE_WIRE_NO_TAG;
}

bool gw_schema_load_field(struct gw_schema_loader *loader, struct gw_field *field,
                          const Google__Protobuf__FieldDescriptorProto *source, bool is_proto3)
{
    if ((!field->is_extension && !load_names(loader, field, source)) ||
        !load_type(loader, field, source)) {
        return false;
    }
    field->default_value = gw_schema_join(loader->schema, base_str_of(source->default_value),
                                          BASE_STR(""), BASE_STR(""));
    if (field->default_value.data == NULL) {
        return gw_schema_full(loader->err);
    }
    if (source->number < 1 || source->number > number_max(field->parent)) {
        return gw_schema_bad_field(loader, field->parent, source->name,
                                   "the number is out of range");
    }
    field->number = (uint32_t)source->number;
    field->is_repeated =
        source->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REPEATED;
    field->is_required =
        source->label == GOOGLE__PROTOBUF__FIELD_DESCRIPTOR_PROTO__LABEL__LABEL_REQUIRED;
    field->is_map = field->is_repeated && field->type == GW_MESSAGE && field->message->is_map_entry;
    bool says_packed = source->options != NULL && source->options->has_packed;
    field->is_packed = field->is_repeated && gw_type_has_bits(field->type) &&
                       (says_packed ? source->options->packed : is_proto3);
    field->checks_utf8 = is_proto3 && field->type == GW_STRING;
    field->has_presence =
        !field->is_repeated && (!is_proto3 || source->proto3_optional || source->has_oneof_index ||
                                field->message != NULL || field->is_extension);
    load_tag(field, source->has_oneof_index && !source->proto3_optional);
    return true;
}

static int compare_fields(const void *a, const void *b)
{
    uint32_t left = ((const struct gw_field *)a)->number;
    uint32_t right = ((const struct gw_field *)b)->number;
    return (left > right) - (left < right);
}

/* Numbers the real oneofs, those that some field not proto3_optional belongs to, in order of
 * declaration. Fields still hold the declared index. */
static bool load_oneofs(struct gw_schema_loader *loader, struct gw_message *message,
                        struct gw_field *fields, size_t declared)
{
    int32_t *real = base_arena_calloc(loader->scratch, declared * sizeof *real);
    if (real == NULL) {
        return gw_schema_full(loader->err);
    }
    for (uint32_t i = 0; i < message->field_count; i++) {
        if (fields[i].oneof >= (int32_t)declared) {
            return base_err_set(loader->err, BASE_INVALID_ARGUMENT,
                                "message %.*s: a field's oneof does not exist",
                                BASE_STR_ARGS(message->full_name));
        }
        if (fields[i].oneof >= 0) {
            real[fields[i].oneof] = 1;
        }
    }
    for (size_t i = 0; i < declared; i++) {
        real[i] = real[i] == 0 ? -1 : (int32_t)message->oneof_count++;
    }
    for (uint32_t i = 0; i < message->field_count; i++) {
        fields[i].oneof = fields[i].oneof < 0 ? -1 : real[fields[i].oneof];
    }
    return true;
}

bool gw_schema_set_fields(struct gw_schema_loader *loader, struct gw_message *message,
                          struct gw_field *fields, size_t count)
{
    message->fields = fields;
    message->field_count = (uint32_t)count;
    qsort(fields, count, sizeof *fields, compare_fields);
    for (uint32_t i = 0; i < message->field_count; i++) {
        fields[i].index = i;
        if (i > 0 && fields[i - 1].number == fields[i].number) {
            return base_err_set(loader->err, BASE_INVALID_ARGUMENT,
                                "message %.*s: fields %.*s and %.*s have the same number",
                                BASE_STR_ARGS(message->full_name),
                                BASE_STR_ARGS(fields[i - 1].name), BASE_STR_ARGS(fields[i].name));
        }
    }
    return gw_schema_index_message(loader->schema, message, loader->err);
}

static int compare_ranges(const void *a, const void *b)
{
    const struct gw_number_range *left = a;
    const struct gw_number_range *right = b;
    return (left->first > right->first) - (left->first < right->first);
}

/* Sorts ranges and makes one of those that overlap; returns how many are left. */
static size_t merge_ranges(struct gw_number_range *ranges, size_t count)
{
    size_t kept = 0;
    qsort(ranges, count, sizeof *ranges, compare_ranges);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || ranges[i].first > ranges[kept - 1].last) {
            ranges[kept++] = ranges[i];
        } else if (ranges[i].last > ranges[kept - 1].last) {
            ranges[kept - 1].last = ranges[i].last;
        }
    }
    return kept;
}

/* The ranges of field numbers that are left to extensions. */
static bool load_ranges(struct gw_schema_loader *loader, struct gw_message *message,
                        const Google__Protobuf__DescriptorProto *source)
{
    size_t declared = source->n_extension_range;
    size_t count = 0;
    struct gw_number_range *ranges =
        base_arena_calloc(&loader->schema->arena, declared * sizeof *ranges);
    if (ranges == NULL) {
        return gw_schema_full(loader->err);
    }
    for (size_t i = 0; i < declared; i++) {
        int32_t first = source->extension_range[i]->start;
        int32_t end = source->extension_range[i]->end;
        /* An empty one, which holds nothing, is what protobufjs makes of a range of one number. */
        if (first < 1 || end < first || end - 1 > number_max(message)) {
            return base_err_set(loader->err, BASE_INVALID_ARGUMENT,
                                "message %.*s: a bad range of extensions",
                                BASE_STR_ARGS(message->full_name));
        }
        if (end > first) {
            ranges[count++] = (struct gw_number_range){(uint32_t)first, (uint32_t)end - 1};
        }
    }
    message->extension_ranges = ranges;
    message->extension_range_count = merge_ranges(ranges, count);
    return true;
}

bool gw_schema_load_fields(struct gw_schema_loader *loader,
                           const struct gw_pending_message *pending)
{
    struct gw_message *message = pending->message;
    const Google__Protobuf__DescriptorProto *source = pending->source;
    if (message->is_message_set && source->n_field > 0) {
        return gw_schema_bad_field(loader, message, source->field[0]->name,
                                   "a MessageSet has only extensions");
    }
    if (source->n_field + source->n_oneof_decl > GW_MESSAGE_FIELDS_MAX) {
        return base_err_set(loader->err, BASE_INVALID_ARGUMENT,
                            "message %.*s has more than %d fields and oneofs",
                            BASE_STR_ARGS(message->full_name), GW_MESSAGE_FIELDS_MAX);
    }
    struct gw_field *fields =
        base_arena_calloc(&loader->schema->arena, source->n_field * sizeof *fields);
    if (fields == NULL) {
        return gw_schema_full(loader->err);
    }
    for (size_t i = 0; i < source->n_field; i++) {
        const Google__Protobuf__FieldDescriptorProto *from = source->field[i];
        fields[i].parent = message;
        if (!gw_schema_load_field(loader, &fields[i], from, pending->is_proto3)) {
            return false;
        }
        bool in_oneof = from->has_oneof_index && !from->proto3_optional;
        if (in_oneof && (from->oneof_index < 0 || fields[i].is_repeated)) {
            return gw_schema_bad_field(loader, message, from->name, "cannot stand in its oneof");
        }
        fields[i].oneof = in_oneof ? from->oneof_index : -1;
        message->has_required |= fields[i].is_required;
    }
    return load_ranges(loader, message, source) &&
           gw_schema_set_fields(loader, message, fields, source->n_field) &&
           load_oneofs(loader, message, fields, source->n_oneof_decl);
}

/* One row a well-known type: its fields are numbered from 1 in this order of types. */
static const struct {
    struct base_str name;
    enum gw_well_known kind;
    size_t field_count;
    enum gw_type types[6];
    bool is_repeated;
} well_known_types[] = {
#define WELL_KNOWN(name, kind, count, is_repeated, ...)                                            \
    {                                                                                              \
        {"google.protobuf." name, sizeof("google.protobuf." name) - 1}, kind, count,               \
            {__VA_ARGS__}, is_repeated                                                             \
    }
    WELL_KNOWN("Any", GW_ANY, 2, false, GW_STRING, GW_BYTES),
    WELL_KNOWN("BoolValue", GW_WRAPPER, 1, false, GW_BOOL),
    WELL_KNOWN("BytesValue", GW_WRAPPER, 1, false, GW_BYTES),
    WELL_KNOWN("DoubleValue", GW_WRAPPER, 1, false, GW_DOUBLE),
    WELL_KNOWN("Duration", GW_DURATION, 2, false, GW_INT64, GW_INT32),
    WELL_KNOWN("FieldMask", GW_FIELD_MASK, 1, true, GW_STRING),
    WELL_KNOWN("FloatValue", GW_WRAPPER, 1, false, GW_FLOAT),
    WELL_KNOWN("Int32Value", GW_WRAPPER, 1, false, GW_INT32),
    WELL_KNOWN("Int64Value", GW_WRAPPER, 1, false, GW_INT64),
    WELL_KNOWN("ListValue", GW_LIST_VALUE, 1, true, GW_MESSAGE),
    WELL_KNOWN("StringValue", GW_WRAPPER, 1, false, GW_STRING),
    WELL_KNOWN("Struct", GW_STRUCT, 1, true, GW_MESSAGE),
    WELL_KNOWN("Timestamp", GW_TIMESTAMP, 2, false, GW_INT64, GW_INT32),
    WELL_KNOWN("UInt32Value", GW_WRAPPER, 1, false, GW_UINT32),
    WELL_KNOWN("UInt64Value", GW_WRAPPER, 1, false, GW_UINT64),
    WELL_KNOWN("Value", GW_VALUE, 6, false, GW_ENUM, GW_DOUBLE, GW_STRING, GW_BOOL, GW_MESSAGE,
               GW_MESSAGE),
#undef WELL_KNOWN
};

static bool is_called(const struct gw_message *message, const char *full_name)
{
    return base_str_eq(message->full_name, base_str_of(full_name));
}

/* Whether what a Value nests opens a bracket of JSON, as a Struct and a ListValue do: a Value right
 * inside a Value would be read and written without end, as no bracket counts how deep it goes. */
static bool has_kinds_of_value(const struct gw_message *value)
{
    return is_called(value->fields[GW_VALUE_STRUCT].message, "google.protobuf.Struct") &&
           is_called(value->fields[GW_VALUE_LIST].message, "google.protobuf.ListValue");
}

static bool check_well_known(struct gw_message *message, struct base_err *err)
{
    for (size_t i = 0; i < sizeof well_known_types / sizeof *well_known_types; i++) {
        if (!base_str_eq(message->full_name, well_known_types[i].name)) {
            continue;
        }
        bool fits = message->field_count == well_known_types[i].field_count;
        int32_t oneof = well_known_types[i].kind == GW_VALUE ? 0 : -1;
        for (uint32_t j = 0; fits && j < message->field_count; j++) {
            fits = message->fields[j].number == j + 1 &&
                   message->fields[j].type == well_known_types[i].types[j] &&
                   message->fields[j].is_repeated == well_known_types[i].is_repeated &&
                   message->fields[j].oneof == oneof;
        }
        fits = fits && (well_known_types[i].kind != GW_VALUE || has_kinds_of_value(message));
        message->well_known = well_known_types[i].kind;
        return fits ||
               base_err_set(err, BASE_INVALID_ARGUMENT, "%.*s has not the fields it is known for",
                            BASE_STR_ARGS(message->full_name));
    }
    return true;
}

static bool is_map_key(enum gw_type type)
{
    return type != GW_DOUBLE && type != GW_FLOAT && type != GW_BYTES && type != GW_ENUM &&
           type != GW_MESSAGE && type != GW_GROUP;
}

bool gw_schema_check_message(struct gw_message *message, struct base_err *err)
{
    const struct gw_field *fields = message->fields;
    if (message->is_map_entry &&
        (message->field_count != 2 || fields[0].number != 1 || fields[1].number != 2 ||
         fields[0].is_repeated || fields[1].is_repeated || fields[1].type == GW_GROUP ||
         message->oneof_count > 0 || !is_map_key(fields[0].type))) {
        return base_err_set(err, BASE_INVALID_ARGUMENT, "%.*s is not the entry of a map",
                            BASE_STR_ARGS(message->full_name));
    }
    return check_well_known(message, err);
}
