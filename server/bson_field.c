#include "server/bson_field.h"

#include <stdio.h>

void srv_bson_place_format(const struct srv_bson_place *place, char *out, size_t size)
{
    if (place == NULL) {
        snprintf(out, size, "document");
    } else if (place->outer == NULL) {
        snprintf(out, size, "%s", place->name);
    } else {
        srv_bson_place_format(place->outer, out, size);
        size_t len = strlen(out);
        snprintf(out + len, size - len, ".%s", place->name);
    }
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

bool srv_bson_is_map(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE) {
        return false;
    }
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    size_t outer = strlen(type->name);
    return entry->n_fields == 2 && entry->fields[0].id == 1 && entry->fields[1].id == 2 &&
           strcmp(entry->fields[0].name, "key") == 0 &&
           strcmp(entry->fields[1].name, "value") == 0 &&
           strncmp(entry->name, type->name, outer) == 0 && entry->name[outer] == '.' &&
           is_entry_name(entry->name + outer + 1, field->name);
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

size_t srv_bson_unescape_key(const char *escaped, char *out)
{
    size_t len = 0;
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
        out[len++] = c;
        escaped++;
    }
    out[len] = '\0';
    return len;
}
