/* A walk over the document: each BSON field finds its protobuf field by name. Arrays are counted
 * first, so that each becomes one allocation in the arena. libbson's iterator checks lengths as it
 * goes; what it finds damaged ends the walk with err_off set, provided that the document ends in a
 * zero byte, which bson_init_static checks: see open_document. */
#include "server/bson_codec.h"

#include "base/utf8.h"
#include "google/protobuf/timestamp.pb-c.h"
#include "server/bson_field.h"
#include "server/bson_number.h"

#include <bson/bson.h>
#include <float.h>
#include <math.h>

#define NANOS_PER_MS 1000000

struct decoder {
    struct base_arena *arena;
    bool keep_unknown;
    int depth;
    struct base_err *err;
};

static ProtobufCMessage *decode_fields(struct decoder *self, const struct srv_bson_place *place,
                                       const ProtobufCMessageDescriptor *type, bson_iter_t *iter);

static bool refuse(struct decoder *self, const struct srv_bson_place *place, const char *reason)
{
    char path[SRV_BSON_NAME_SIZE];
    srv_bson_place_format(place, path, sizeof path);
    return base_err_set(self->err, BASE_DATA_LOSS, "%s: %s", path, reason);
}

static void *allocate(struct decoder *self, size_t size)
{
    void *out = base_arena_calloc(self->arena, size);
    if (out == NULL) {
        base_err_set(self->err, BASE_RESOURCE_EXHAUSTED, "the document is too large to decode");
    }
    return out;
}

static bool decode_string(struct decoder *self, const struct srv_bson_place *place,
                          const bson_iter_t *iter, char **out)
{
    if (!BSON_ITER_HOLDS_UTF8(iter)) {
        return refuse(self, place, "expected a string");
    }
    uint32_t len;
    const char *text = bson_iter_utf8(iter, &len);
    if (memchr(text, '\0', len) != NULL || !base_utf8_valid(base_str_make(text, len))) {
        return refuse(self, place, "expected UTF-8 without NUL");
    }
    char *copy = allocate(self, (size_t)len + 1);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, text, len);
    *out = copy;
    return true;
}

static bool decode_bytes(struct decoder *self, const struct srv_bson_place *place,
                         const bson_iter_t *iter, ProtobufCBinaryData *out)
{
    if (!BSON_ITER_HOLDS_BINARY(iter)) {
        return refuse(self, place, "expected binary data");
    }
    bson_subtype_t subtype;
    uint32_t len;
    const uint8_t *data;
    bson_iter_binary(iter, &subtype, &len, &data);
    uint8_t *copy = allocate(self, len);
    if (copy == NULL) {
        return false;
    }
    memcpy(copy, data, len);
    *out = (ProtobufCBinaryData){len, copy};
    return true;
}

static bool decode_signed(struct decoder *self, const struct srv_bson_place *place,
                          const bson_iter_t *iter, int64_t max, int64_t *out)
{
    return srv_bson_signed(iter, max, out) ||
           refuse(self, place,
                  max == INT32_MAX ? "expected a 32-bit integer" : "expected a 64-bit integer");
}

static bool decode_unsigned(struct decoder *self, const struct srv_bson_place *place,
                            const bson_iter_t *iter, uint64_t max, uint64_t *out)
{
    return srv_bson_unsigned(iter, max, out) ||
           refuse(self, place,
                  max == UINT32_MAX ? "expected an unsigned 32-bit integer"
                                    : "expected an unsigned 64-bit integer");
}

static bool decode_float(struct decoder *self, const struct srv_bson_place *place,
                         const bson_iter_t *iter, float *out)
{
    double real;
    if (!srv_bson_real(iter, &real)) {
        return refuse(self, place, "expected a number");
    }
    if (isfinite(real) && fabs(real) > (double)FLT_MAX) {
        return refuse(self, place, "out of a float's range");
    }
    *out = (float)real;
    return true;
}

static bool decode_enum(struct decoder *self, const struct srv_bson_place *place,
                        const ProtobufCEnumDescriptor *type, const bson_iter_t *iter, int32_t *out)
{
    if (!BSON_ITER_HOLDS_UTF8(iter)) {
        int64_t number;
        if (!srv_bson_signed(iter, INT32_MAX, &number)) {
            return refuse(self, place, "expected a name of the enum, or a 32-bit integer");
        }
        *out = (int32_t)number;
        return true;
    }
    uint32_t len;
    const char *name = bson_iter_utf8(iter, &len);
    const ProtobufCEnumValue *value =
        strlen(name) == len ? protobuf_c_enum_descriptor_get_value_by_name(type, name) : NULL;
    if (value == NULL) {
        return refuse(self, place, "a name that the enum does not have");
    }
    *out = value->value;
    return true;
}

/* Stands `out` before the first element of the document or array that `iter` is on. */
static bool open_document(struct decoder *self, const struct srv_bson_place *place,
                          const bson_iter_t *iter, bson_iter_t *out)
{
    uint32_t len = 0;
    const uint8_t *data = NULL;
    bson_t document;
    if (BSON_ITER_HOLDS_ARRAY(iter)) {
        bson_iter_array(iter, &len, &data);
    } else {
        bson_iter_document(iter, &len, &data);
    }
    return (data != NULL && bson_init_static(&document, data, len) &&
            bson_iter_init(out, &document)) ||
           refuse(self, place, "damaged");
}

static bool enter(struct decoder *self, const struct srv_bson_place *place)
{
    if (self->depth == SRV_BSON_NESTING_MAX) {
        return refuse(self, place, "nested too deeply");
    }
    self->depth++;
    return true;
}

static void set_time(Google__Protobuf__Timestamp *time, int64_t ms, int32_t finer)
{
    int64_t rest = ms % 1000;
    time->seconds = ms / 1000 - (rest < 0 ? 1 : 0);
    time->nanos = (int32_t)(rest < 0 ? rest + 1000 : rest) * NANOS_PER_MS + finer;
}

static bool decode_fine_timestamp(struct decoder *self, const struct srv_bson_place *place,
                                  const bson_iter_t *iter, Google__Protobuf__Timestamp *out)
{
    bson_iter_t date;
    bson_iter_t nanos;
    int64_t finer;
    if (!open_document(self, place, iter, &date) || !open_document(self, place, iter, &nanos)) {
        return false;
    }
    if (!bson_iter_find(&date, "date") || !BSON_ITER_HOLDS_DATE_TIME(&date) ||
        !bson_iter_find(&nanos, "nanos") || !srv_bson_signed(&nanos, NANOS_PER_MS - 1, &finer) ||
        finer < 0) {
        return refuse(self, place, "expected a date, or a date and nanos from 0 to 999999");
    }
    set_time(out, bson_iter_date_time(&date), (int32_t)finer);
    return true;
}

static bool decode_timestamp(struct decoder *self, const struct srv_bson_place *place,
                             const bson_iter_t *iter, ProtobufCMessage **out)
{
    Google__Protobuf__Timestamp *time = allocate(self, sizeof *time);
    if (time == NULL) {
        return false;
    }
    google__protobuf__timestamp__init(time);
    *out = &time->base;
    if (BSON_ITER_HOLDS_DATE_TIME(iter)) {
        set_time(time, bson_iter_date_time(iter), 0);
        return true;
    }
    return BSON_ITER_HOLDS_DOCUMENT(iter) ? decode_fine_timestamp(self, place, iter, time)
                                          : refuse(self, place, "expected a date");
}

static bool decode_message(struct decoder *self, const struct srv_bson_place *place,
                           const ProtobufCMessageDescriptor *type, const bson_iter_t *iter,
                           ProtobufCMessage **out)
{
    if (type == &google__protobuf__timestamp__descriptor) {
        return decode_timestamp(self, place, iter, out);
    }
    bson_iter_t inner;
    if (!BSON_ITER_HOLDS_DOCUMENT(iter)) {
        return refuse(self, place, "expected a document");
    }
    if (!enter(self, place) || !open_document(self, place, iter, &inner)) {
        return false;
    }
    *out = decode_fields(self, place, type, &inner);
    self->depth--;
    return *out != NULL;
}

/* A flat table of the types. Stores one value at `out`. */
static bool decode_value(struct decoder *self, const struct srv_bson_place *place,
                         const ProtobufCFieldDescriptor *field, const bson_iter_t *iter, void *out)
{
    int64_t number = 0;
    uint64_t natural = 0;
    bool ok = false;
    switch (field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        return decode_message(self, place, field->descriptor, iter, out);
    case PROTOBUF_C_TYPE_STRING:
        return decode_string(self, place, iter, out);
    case PROTOBUF_C_TYPE_BYTES:
        return decode_bytes(self, place, iter, out);
    case PROTOBUF_C_TYPE_ENUM:
        return decode_enum(self, place, field->descriptor, iter, out);
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)out = bson_iter_bool(iter);
        return BSON_ITER_HOLDS_BOOL(iter) || refuse(self, place, "expected true or false");
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        ok = decode_signed(self, place, iter, INT32_MAX, &number);
        *(int32_t *)out = (int32_t)number;
        return ok;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return decode_signed(self, place, iter, INT64_MAX, out);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        ok = decode_unsigned(self, place, iter, UINT32_MAX, &natural);
        *(uint32_t *)out = (uint32_t)natural;
        return ok;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return decode_unsigned(self, place, iter, UINT64_MAX, out);
    case PROTOBUF_C_TYPE_FLOAT:
        return decode_float(self, place, iter, out);
    case PROTOBUF_C_TYPE_DOUBLE:
        return srv_bson_real(iter, out) || refuse(self, place, "expected a number");
    }
    return refuse(self, place, "a type that has no BSON form");
}

/* Opens an array or a map's document and counts what stands in it. */
static bool open_and_count(struct decoder *self, const struct srv_bson_place *place,
                           const bson_iter_t *iter, bson_iter_t *out_inner, size_t *out_count)
{
    bson_iter_t counter;
    *out_count = 0;
    if (!enter(self, place) || !open_document(self, place, iter, out_inner) ||
        !open_document(self, place, iter, &counter)) {
        return false;
    }
    while (bson_iter_next(&counter)) {
        ++*out_count;
    }
    return counter.err_off == 0 || refuse(self, place, "damaged");
}

static bool decode_array(struct decoder *self, const struct srv_bson_place *place,
                         const ProtobufCFieldDescriptor *field, const bson_iter_t *iter,
                         ProtobufCMessage *message)
{
    if (!BSON_ITER_HOLDS_ARRAY(iter)) {
        return refuse(self, place, "expected an array");
    }
    bson_iter_t inner;
    size_t count;
    if (!open_and_count(self, place, iter, &inner, &count)) {
        return false;
    }
    size_t size = srv_bson_value_size(field->type);
    char *elements = allocate(self, count * size);
    if (elements == NULL) {
        return false;
    }
    for (size_t i = 0; bson_iter_next(&inner); i++) {
        struct srv_bson_place here = {place, bson_iter_key(&inner)};
        if (!decode_value(self, &here, field, &inner, elements + i * size)) {
            return false;
        }
    }
    self->depth--;
    *(size_t *)((char *)message + field->quantifier_offset) = count;
    *(void **)((char *)message + field->offset) = elements;
    return true;
}

/* Stores a map's key, which stands as text, at `out`. */
static bool decode_map_key(struct decoder *self, const struct srv_bson_place *place,
                           const ProtobufCFieldDescriptor *field, const char *text, void *out)
{
    int64_t number = 0;
    uint64_t natural = 0;
    bool ok = false;
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING: {
        char *copy = allocate(self, strlen(text) + 1);
        if (copy == NULL) {
            return false;
        }
        srv_bson_unescape_key(text, copy);
        *(char **)out = copy;
        return base_utf8_valid(base_str_of(copy)) || refuse(self, place, "expected UTF-8");
    }
    case PROTOBUF_C_TYPE_BOOL:
        *(protobuf_c_boolean *)out = strcmp(text, "true") == 0;
        ok = strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        ok = srv_bson_unsigned_text(text, UINT32_MAX, &natural);
        *(uint32_t *)out = (uint32_t)natural;
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        ok = srv_bson_unsigned_text(text, UINT64_MAX, out);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        ok = srv_bson_signed_text(text, INT64_MAX, out);
        break;
    default:
        ok = srv_bson_signed_text(text, INT32_MAX, &number);
        *(int32_t *)out = (int32_t)number;
        break;
    }
    return ok || refuse(self, place, "a name that is no key of the map");
}

static ProtobufCMessage *decode_entry(struct decoder *self, const struct srv_bson_place *place,
                                      const ProtobufCMessageDescriptor *type,
                                      const bson_iter_t *iter)
{
    ProtobufCMessage *entry = allocate(self, type->sizeof_message);
    if (entry == NULL) {
        return NULL;
    }
    protobuf_c_message_init(type, entry);
    char *base = (char *)entry;
    srv_bson_mark_set(&type->fields[0], entry);
    srv_bson_mark_set(&type->fields[1], entry);
    bool ok = decode_map_key(self, place, &type->fields[0], bson_iter_key(iter),
                             base + type->fields[0].offset) &&
              decode_value(self, place, &type->fields[1], iter, base + type->fields[1].offset);
    return ok ? entry : NULL;
}

static bool decode_map(struct decoder *self, const struct srv_bson_place *place,
                       const ProtobufCFieldDescriptor *field, const bson_iter_t *iter,
                       ProtobufCMessage *message)
{
    if (!BSON_ITER_HOLDS_DOCUMENT(iter)) {
        return refuse(self, place, "expected a document");
    }
    bson_iter_t inner;
    size_t count;
    if (!open_and_count(self, place, iter, &inner, &count)) {
        return false;
    }
    ProtobufCMessage **entries = allocate(self, count * sizeof *entries);
    if (entries == NULL) {
        return false;
    }
    for (size_t i = 0; bson_iter_next(&inner); i++) {
        struct srv_bson_place here = {place, bson_iter_key(&inner)};
        entries[i] = decode_entry(self, &here, field->descriptor, &inner);
        if (entries[i] == NULL) {
            return false;
        }
    }
    self->depth--;
    *(size_t *)((char *)message + field->quantifier_offset) = count;
    *(void **)((char *)message + field->offset) = entries;
    return true;
}

static bool decode_field(struct decoder *self, const struct srv_bson_place *place,
                         const ProtobufCFieldDescriptor *field, const bson_iter_t *iter,
                         ProtobufCMessage *message)
{
    char *base = (char *)message;
    if (BSON_ITER_HOLDS_NULL(iter)) {
        return true; /* unset, as ProtoJSON has it */
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        return srv_bson_is_map(message->descriptor, field)
                   ? decode_map(self, place, field, iter, message)
                   : decode_array(self, place, field, iter, message);
    }
    if (!decode_value(self, place, field, iter, base + field->offset)) {
        return false;
    }
    srv_bson_mark_set(field, message);
    return true;
}

/* Collects the fields a message type does not have; NULL until there is one. */
static bool collect_unknown(struct decoder *self, const struct srv_bson_place *place,
                            bson_t **collected, const bson_iter_t *iter)
{
    if (*collected == NULL) {
        *collected = bson_new();
    }
    return bson_append_iter(*collected, NULL, 0, iter) || refuse(self, place, "damaged");
}

/* Hangs what was collected on the message, in the arena. */
static bool hang_unknown(struct decoder *self, const bson_t *collected, ProtobufCMessage *message)
{
    ProtobufCMessageUnknownField *field = allocate(self, sizeof *field);
    uint8_t *data = allocate(self, collected->len);
    if (field == NULL || data == NULL) {
        return false;
    }
    memcpy(data, bson_get_data(collected), collected->len);
    *field = (ProtobufCMessageUnknownField){
        .tag = 1,
        .wire_type = (ProtobufCWireType)SRV_BSON_UNKNOWN_WIRE_TYPE,
        .len = collected->len,
        .data = data,
    };
    message->unknown_fields = field;
    message->n_unknown_fields = 1;
    return true;
}

static bool is_the_stores(const char *name)
{
    return strcmp(name, SRV_BSON_ID) == 0 || strcmp(name, SRV_BSON_VERSION) == 0;
}

/* Decodes what `iter` walks into `message`, collecting what is unknown. */
static bool walk_fields(struct decoder *self, const struct srv_bson_place *outer,
                        ProtobufCMessage *message, bson_iter_t *iter, bson_t **unknown)
{
    while (bson_iter_next(iter)) {
        const char *name = bson_iter_key(iter);
        struct srv_bson_place place = {outer, name};
        if (outer == NULL && is_the_stores(name)) {
            continue;
        }
        const ProtobufCFieldDescriptor *field = srv_bson_find_field(message->descriptor, name);
        if (field != NULL) {
            if (!decode_field(self, &place, field, iter, message)) {
                return false;
            }
        } else if (self->keep_unknown && !collect_unknown(self, &place, unknown, iter)) {
            return false;
        }
    }
    return iter->err_off == 0 || refuse(self, outer, "damaged");
}

static ProtobufCMessage *decode_fields(struct decoder *self, const struct srv_bson_place *place,
                                       const ProtobufCMessageDescriptor *type, bson_iter_t *iter)
{
    ProtobufCMessage *message = allocate(self, type->sizeof_message);
    if (message == NULL) {
        return NULL;
    }
    protobuf_c_message_init(type, message);
    bson_t *unknown = NULL;
    bool ok = walk_fields(self, place, message, iter, &unknown) &&
              (unknown == NULL || hang_unknown(self, unknown, message));
    bson_destroy(unknown);
    return ok ? message : NULL;
}

bool srv_bson_decode(const ProtobufCMessageDescriptor *type, const bson_t *document,
                     bool keep_unknown, struct base_arena *arena, ProtobufCMessage **out_message,
                     struct base_err *err)
{
    struct decoder decoder = {.arena = arena, .keep_unknown = keep_unknown, .err = err};
    bson_iter_t iter;
    bson_t whole;
    if (!bson_init_static(&whole, bson_get_data(document), document->len) ||
        !bson_iter_init(&iter, &whole)) {
        return refuse(&decoder, NULL, "damaged");
    }
    ProtobufCMessage *message = decode_fields(&decoder, NULL, type, &iter);
    if (message == NULL) {
        return false;
    }
    *out_message = message;
    return true;
}
