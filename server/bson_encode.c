/* A walk over the descriptor: each field is one append, arrays and documents are opened in place,
 * so the document is built once and front to back. */
#include "server/bson_codec.h"

#include "base/utf8.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "server/bson_field.h"

#include <bson/bson.h>
#include <inttypes.h>

/* Seconds of a date: BSON counts milliseconds in 64 bits. */
#define DATE_SECONDS_MAX (INT64_MAX / 1000 - 1)
#define NANOS_PER_MS 1000000
#define NANOS_PER_S 1000000000

struct encoder {
    int depth;
    struct base_err *err;
};

/* One value, wherever it stands: a field, an element, a map's value. */
struct value {
    const ProtobufCFieldDescriptor *field;
    const void *at;
};

static bool encode_fields(struct encoder *self, const struct srv_bson_place *place,
                          const ProtobufCMessage *message, bson_t *out);

static bool refuse(struct encoder *self, const struct srv_bson_place *place, const char *reason)
{
    char path[SRV_BSON_NAME_SIZE];
    srv_bson_place_format(place, path, sizeof path);
    return base_err_set(self->err, BASE_INVALID_ARGUMENT, "%s: %s", path, reason);
}

static bool refuse_size(struct encoder *self, const struct srv_bson_place *place)
{
    char path[SRV_BSON_NAME_SIZE];
    srv_bson_place_format(place, path, sizeof path);
    return base_err_set(self->err, BASE_RESOURCE_EXHAUSTED,
                        "%s: too large, expected at most %zu bytes as BSON", path,
                        SRV_BSON_DOCUMENT_BYTES_MAX);
}

/* Appending fails only where a document would pass libbson's own 2 GiB. */
static bool check_append(struct encoder *self, const struct srv_bson_place *place, bool appended)
{
    return appended || refuse_size(self, place);
}

/* After each element: what is small on the wire can be twenty times as large as BSON. */
static bool check_size(struct encoder *self, const struct srv_bson_place *place, const bson_t *out)
{
    return out->len <= SRV_BSON_DOCUMENT_BYTES_MAX || refuse_size(self, place);
}

static bool enter(struct encoder *self, const struct srv_bson_place *place)
{
    if (self->depth == SRV_BSON_NESTING_MAX) {
        return refuse(self, place, "nested too deeply");
    }
    self->depth++;
    return true;
}

static bool encode_timestamp(struct encoder *self, const struct srv_bson_place *place,
                             const char *key, const Google__Protobuf__Timestamp *time, bson_t *out)
{
    if (time->seconds > DATE_SECONDS_MAX || time->seconds < -DATE_SECONDS_MAX) {
        return refuse(self, place, "the timestamp is out of a date's range");
    }
    if (time->nanos < 0 || time->nanos >= NANOS_PER_S) {
        return refuse(self, place, "nanos must be from 0 to 999999999");
    }
    int64_t ms = time->seconds * 1000 + time->nanos / NANOS_PER_MS;
    int32_t finer = time->nanos % NANOS_PER_MS;
    if (finer == 0) {
        return check_append(self, place, bson_append_date_time(out, key, -1, ms));
    }
    bson_t both;
    return check_append(self, place,
                        bson_append_document_begin(out, key, -1, &both) &&
                            bson_append_date_time(&both, "date", -1, ms) &&
                            bson_append_int32(&both, "nanos", -1, finer) &&
                            bson_append_document_end(out, &both));
}

static bool encode_message(struct encoder *self, const struct srv_bson_place *place,
                           const char *key, const ProtobufCMessage *message, bson_t *out)
{
    if (message->descriptor == &google__protobuf__timestamp__descriptor) {
        return encode_timestamp(self, place, key, (const Google__Protobuf__Timestamp *)message,
                                out);
    }
    bson_t inner;
    bool ok = enter(self, place) &&
              check_append(self, place, bson_append_document_begin(out, key, -1, &inner)) &&
              encode_fields(self, place, message, &inner) &&
              check_append(self, place, bson_append_document_end(out, &inner));
    self->depth--;
    return ok;
}

static bool encode_string(struct encoder *self, const struct srv_bson_place *place, const char *key,
                          const char *text, bson_t *out)
{
    struct base_str s = base_str_of(text);
    if (!base_utf8_valid(s)) {
        return refuse(self, place, "invalid UTF-8");
    }
    return check_append(self, place,
                        s.len <= INT_MAX &&
                            bson_append_utf8(out, key, -1, s.len == 0 ? "" : s.data, (int)s.len));
}

static bool encode_bytes(struct encoder *self, const struct srv_bson_place *place, const char *key,
                         const ProtobufCBinaryData *bytes, bson_t *out)
{
    return check_append(self, place,
                        bytes->len <= INT_MAX &&
                            bson_append_binary(out, key, -1, BSON_SUBTYPE_BINARY, bytes->data,
                                               (uint32_t)bytes->len));
}

static bool append_uint64(bson_t *out, const char *key, uint64_t number)
{
    if (number <= INT64_MAX) {
        return bson_append_int64(out, key, -1, (int64_t)number);
    }
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    bson_decimal128_t decimal;
    return bson_decimal128_from_string(text, &decimal) &&
           bson_append_decimal128(out, key, -1, &decimal);
}

static bool append_enum(bson_t *out, const char *key, const ProtobufCEnumDescriptor *type,
                        int32_t number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);
    return value == NULL ? bson_append_int32(out, key, -1, number)
                         : bson_append_utf8(out, key, -1, value->name, -1);
}

/* A flat table of the types. */
static bool encode_value(struct encoder *self, const struct srv_bson_place *place, const char *key,
                         struct value value, bson_t *out)
{
    const void *at = value.at;
    bool appended = false;
    switch (value.field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return encode_message(self, place, key, *(ProtobufCMessage *const *)at, out);
    case PROTOBUF_C_TYPE_STRING:
        return encode_string(self, place, key, *(const char *const *)at, out);
    case PROTOBUF_C_TYPE_BYTES:
        return encode_bytes(self, place, key, at, out);
    case PROTOBUF_C_TYPE_ENUM:
        appended = append_enum(out, key, value.field->descriptor, *(const int32_t *)at);
        break;
    case PROTOBUF_C_TYPE_BOOL:
        appended = bson_append_bool(out, key, -1, *(const protobuf_c_boolean *)at != 0);
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        appended = bson_append_int32(out, key, -1, *(const int32_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        appended = bson_append_int64(out, key, -1, *(const uint32_t *)at);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        appended = bson_append_int64(out, key, -1, *(const int64_t *)at);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        appended = append_uint64(out, key, *(const uint64_t *)at);
        break;
    case PROTOBUF_C_TYPE_FLOAT:
        appended = bson_append_double(out, key, -1, (double)*(const float *)at);
        break;
    case PROTOBUF_C_TYPE_DOUBLE:
        appended = bson_append_double(out, key, -1, *(const double *)at);
        break;
    }
    return check_append(self, place, appended);
}

static bool encode_array(struct encoder *self, const struct srv_bson_place *place, const char *key,
                         const ProtobufCFieldDescriptor *field, const char *elements, size_t count,
                         bson_t *out)
{
    bson_t array;
    if (!enter(self, place) ||
        !check_append(self, place, bson_append_array_begin(out, key, -1, &array))) {
        return false;
    }
    size_t size = srv_bson_value_size(field->type);
    for (size_t i = 0; i < count; i++) {
        char buffer[16];
        const char *index;
        bson_uint32_to_string((uint32_t)i, &index, buffer, sizeof buffer);
        struct srv_bson_place here = {place, index};
        struct value value = {field, elements + i * size};
        if (!encode_value(self, &here, index, value, &array) || !check_size(self, place, &array)) {
            return false;
        }
    }
    self->depth--;
    return check_append(self, place, bson_append_array_end(out, &array));
}

static bool format_text_key(struct encoder *self, const struct srv_bson_place *place,
                            struct base_str key, char out[SRV_BSON_MAP_KEY_SIZE])
{
    if (!base_utf8_valid(key)) {
        return refuse(self, place, "a map key with invalid UTF-8");
    }
    return srv_bson_escape_key(key, out) || refuse(self, place, "a map key is too long");
}

/* Writes a map's key as text, as ProtoJSON has it. */
static bool format_map_key(struct encoder *self, const struct srv_bson_place *place,
                           const ProtobufCFieldDescriptor *field, const void *at,
                           char out[SRV_BSON_MAP_KEY_SIZE])
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        return format_text_key(self, place, base_str_of(*(const char *const *)at), out);
    case PROTOBUF_C_TYPE_BOOL:
        snprintf(out, SRV_BSON_MAP_KEY_SIZE, "%s",
                 *(const protobuf_c_boolean *)at ? "true" : "false");
        return true;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        snprintf(out, SRV_BSON_MAP_KEY_SIZE, "%" PRIu32, *(const uint32_t *)at);
        return true;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        snprintf(out, SRV_BSON_MAP_KEY_SIZE, "%" PRIu64, *(const uint64_t *)at);
        return true;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        snprintf(out, SRV_BSON_MAP_KEY_SIZE, "%" PRId64, *(const int64_t *)at);
        return true;
    default:
        snprintf(out, SRV_BSON_MAP_KEY_SIZE, "%" PRId32, *(const int32_t *)at);
        return true;
    }
}

/* The value of a map's entry. A message that is missing there is an empty one: its key counts. */
static bool encode_entry_value(struct encoder *self, const struct srv_bson_place *place,
                               const char *key, const ProtobufCMessage *entry, bson_t *out)
{
    const ProtobufCFieldDescriptor *field = &entry->descriptor->fields[1];
    const void *at = (const char *)entry + field->offset;
    if (field->type != PROTOBUF_C_TYPE_MESSAGE || *(void *const *)at != NULL) {
        return encode_value(self, place, key, (struct value){field, at}, out);
    }
    if (field->descriptor == &google__protobuf__timestamp__descriptor) {
        return check_append(self, place, bson_append_date_time(out, key, -1, 0));
    }
    bson_t empty;
    return check_append(self, place,
                        bson_append_document_begin(out, key, -1, &empty) &&
                            bson_append_document_end(out, &empty));
}

static bool encode_map(struct encoder *self, const struct srv_bson_place *place, const char *key,
                       const ProtobufCFieldDescriptor *field, ProtobufCMessage *const *entries,
                       size_t count, bson_t *out)
{
    const ProtobufCMessageDescriptor *type = field->descriptor;
    bson_t map;
    if (!enter(self, place) ||
        !check_append(self, place, bson_append_document_begin(out, key, -1, &map))) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        char name[SRV_BSON_MAP_KEY_SIZE];
        const void *key_at = (const char *)entries[i] + type->fields[0].offset;
        struct srv_bson_place here = {place, name};
        if (!format_map_key(self, place, &type->fields[0], key_at, name) ||
            !encode_entry_value(self, &here, name, entries[i], &map) ||
            !check_size(self, place, &map)) {
            return false;
        }
    }
    self->depth--;
    return check_append(self, place, bson_append_document_end(out, &map));
}

static bool encode_field(struct encoder *self, const struct srv_bson_place *outer,
                         const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                         bson_t *out)
{
    const char *base = (const char *)message;
    char name[SRV_BSON_NAME_SIZE];
    struct srv_bson_place place = {outer, name};
    if (!srv_bson_field_name(field->name, name)) {
        return refuse(self, outer, "a field's name is too long");
    }
    if (field->label != PROTOBUF_C_LABEL_REPEATED) {
        struct value value = {field, base + field->offset};
        return !srv_bson_is_set(field, message) || encode_value(self, &place, name, value, out);
    }
    size_t count = *(const size_t *)(base + field->quantifier_offset);
    const void *elements = *(void *const *)(base + field->offset);
    return srv_bson_is_map(message->descriptor, field)
               ? encode_map(self, &place, name, field, elements, count, out)
               : encode_array(self, &place, name, field, elements, count, out);
}

/* Writes back the BSON fields that decoding hung on the message. */
static bool encode_unknown(struct encoder *self, const struct srv_bson_place *place,
                           const ProtobufCMessage *message, bson_t *out)
{
    for (unsigned i = 0; i < message->n_unknown_fields; i++) {
        const ProtobufCMessageUnknownField *field = &message->unknown_fields[i];
        bson_t kept;
        bson_iter_t iter;
        if ((int)field->wire_type != SRV_BSON_UNKNOWN_WIRE_TYPE) {
            continue;
        }
        if (!bson_init_static(&kept, field->data, field->len) || !bson_iter_init(&iter, &kept)) {
            return refuse(self, place, "a kept field is damaged");
        }
        while (bson_iter_next(&iter)) {
            if (!check_append(self, place, bson_append_iter(out, NULL, 0, &iter))) {
                return false;
            }
        }
    }
    return true;
}

static bool encode_fields(struct encoder *self, const struct srv_bson_place *place,
                          const ProtobufCMessage *message, bson_t *out)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (!encode_field(self, place, message, &type->fields[i], out)) {
            return false;
        }
    }
    return encode_unknown(self, place, message, out);
}

bool srv_bson_encode(const ProtobufCMessage *message, bson_t *out, struct base_err *err)
{
    struct encoder encoder = {.err = err};
    return encode_fields(&encoder, NULL, message, out) && check_size(&encoder, NULL, out);
}
