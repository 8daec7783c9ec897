#include "server/bson_field.h"

#include "base/utf8.h"

#include <stdio.h>

/* Writes the path at `out` and returns its length. */
static size_t format_path(const struct srv_bson_place *place, char *out, size_t size)
{
    size_t len = 0;
    if (place->outer != NULL) {
        len = format_path(place->outer, out, size);
        len += len + 1 < size ? (size_t)snprintf(out + len, size - len, ".") : 0;
    }
    snprintf(out + len, size - len, "%s", place->name);
    return len + strlen(out + len);
}

void srv_bson_place_format(const struct srv_bson_place *place, char *out, size_t size)
{
    if (place == NULL) {
        snprintf(out, size, "document");
        return;
    }
    size_t len = format_path(place, out, size);
    out[base_utf8_valid_len(base_str_make(out, len))] = '\0';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

/* Steps through `proto_name` as protoc's ToJsonName does: an underscore goes and lifts the letter
 * behind it. Returns the next character of the JSON name, NUL at the end. */
static char next_json_character(const char **at)
{
    bool lift = false;
    while (**at == '_') {
        lift = true;
        ++*at;
    }
    char c = **at;
    if (c == '\0') {
        return '\0';
    }
    ++*at;
    return lift && is_lower(c) ? (char)(c - 'a' + 'A') : c;
}

bool srv_bson_field_name(const char *proto_name, char out[SRV_BSON_NAME_SIZE])
{
    for (size_t len = 0; len < SRV_BSON_NAME_SIZE; len++) {
        out[len] = next_json_character(&proto_name);
        if (out[len] == '\0') {
            return true;
        }
    }
    return false;
}

static bool names_field(const char *name, const char *proto_name)
{
    for (;; name++) {
        char c = next_json_character(&proto_name);
        if (c != *name) {
            return false;
        }
        if (c == '\0') {
            return true;
        }
    }
}

const ProtobufCFieldDescriptor *srv_bson_find_field(const ProtobufCMessageDescriptor *type,
                                                    const char *name)
{
    for (unsigned i = 0; i < type->n_fields; i++) {
        if (names_field(name, type->fields[i].name)) {
            return &type->fields[i];
        }
    }
    return NULL;
}

/* Whether `entry` is what protoc calls the entries of map `field`: its name in CamelCase and
 * "Entry". */
static bool is_entry_name(const char *entry, const char *field)
{
    for (bool lift = true; *field != '\0'; field++) {
        if (*field == '_') {
            lift = true;
            continue;
        }
        char c = lift && is_lower(*field) ? (char)(*field - 'a' + 'A') : *field;
        lift = false;
        if (*entry++ != c) {
            return false;
        }
    }
    return strcmp(entry, "Entry") == 0;
}

static bool is_map_key(const ProtobufCFieldDescriptor *field)
{
    return field->id == 1 && strcmp(field->name, "key") == 0 &&
           field->label != PROTOBUF_C_LABEL_REPEATED && field->type != PROTOBUF_C_TYPE_MESSAGE &&
           field->type != PROTOBUF_C_TYPE_BYTES && field->type != PROTOBUF_C_TYPE_ENUM &&
           field->type != PROTOBUF_C_TYPE_FLOAT && field->type != PROTOBUF_C_TYPE_DOUBLE;
}

static bool is_map_value(const ProtobufCFieldDescriptor *field)
{
    return field->id == 2 && strcmp(field->name, "value") == 0 &&
           field->label != PROTOBUF_C_LABEL_REPEATED;
}

bool srv_bson_is_map(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return false;
    }
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    size_t outer = strlen(type->name);
    return entry->n_fields == 2 && is_map_key(&entry->fields[0]) &&
           is_map_value(&entry->fields[1]) && strncmp(entry->name, type->name, outer) == 0 &&
           entry->name[outer] == '.' && is_entry_name(entry->name + outer + 1, field->name);
}

bool srv_bson_is_set(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message)
{
    const char *base = (const char *)message;
    const void *at = base + field->offset;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0 &&
        *(const uint32_t *)(base + field->quantifier_offset) != field->id) {
        return false;
    }
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        return *(void *const *)at != NULL;
    }
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        return true;
    }
    if (field->label == PROTOBUF_C_LABEL_NONE || field->label == PROTOBUF_C_LABEL_REQUIRED) {
        return true;
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) { /* unset it points to the default */
        return *(void *const *)at != NULL && *(void *const *)at != field->default_value;
    }
    return *(const protobuf_c_boolean *)(base + field->quantifier_offset) != 0;
}

void srv_bson_mark_set(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message)
{
    char *quantifier = (char *)message + field->quantifier_offset;
    if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0) {
        *(uint32_t *)quantifier = field->id;
    } else if (field->label == PROTOBUF_C_LABEL_OPTIONAL &&
               field->type != PROTOBUF_C_TYPE_MESSAGE && field->type != PROTOBUF_C_TYPE_STRING) {
        *(protobuf_c_boolean *)quantifier = true;
    }
}

size_t srv_bson_value_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return sizeof(int64_t);
    default:
        return sizeof(int32_t);
    }
}

bool srv_bson_escape_key(struct base_str key, char out[SRV_BSON_MAP_KEY_SIZE])
{
    if (key.len > SRV_BSON_MAP_KEY_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < key.len; i++) {
        char c = key.data[i];
        if (c == '%' || c == '.' || c == '$') {
            out += snprintf(out, 4, "%%%02X", (unsigned)c);
        } else {
            *out++ = c;
        }
    }
    *out = '\0';
    return true;
}

void srv_bson_unescape_key(const char *escaped, char *out)
{
    while (*escaped != '\0') {
        char c = *escaped;
        if (c == '%') {
            bool known = true;
            if (strncmp(escaped, "%25", 3) == 0) {
                c = '%';
            } else if (strncmp(escaped, "%2E", 3) == 0) {
                c = '.';
            } else if (strncmp(escaped, "%24", 3) == 0) {
                c = '$';
            } else {
                known = false;
            }
            escaped += known ? 2 : 0;
        }
        *out++ = c;
        escaped++;
    }
    *out = '\0';
}
