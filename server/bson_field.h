/* BSON fields: what fields and map keys are called in a document, and how protobuf-c lays fields
 * out.
 *
 * Shared by the two halves of server/bson_codec.h. Pure; any thread.
 */
#ifndef SERVER_BSON_FIELD_H
#define SERVER_BSON_FIELD_H

#include "base/str.h"
#include "server/bson_codec.h"

/* A map key escaped: three bytes for one at the most, and a NUL. */
#define SRV_BSON_MAP_KEY_SIZE (3 * SRV_BSON_MAP_KEY_BYTES_MAX + 1)

/* The store's own fields of a document. */
#define SRV_BSON_ID "_id"
#define SRV_BSON_VERSION "_version"

/* Where in a message the codec stands, for its errors: a list from the innermost outwards. */
struct srv_bson_place {
    const struct srv_bson_place *outer;
    const char *name;
};

/* Writes "books.0.isbn" and so on; cut where it does not fit, or is not UTF-8. "document" for the
 * outermost. */
void srv_bson_place_format(const struct srv_bson_place *place, char *out, size_t size);

/* Writes the lowerCamelCase of a proto name: "note_id" becomes "noteId". False when it does not
 * fit. */
bool srv_bson_field_name(const char *proto_name, char out[SRV_BSON_NAME_SIZE]);

/* The field of `type` that `name` (lowerCamelCase) stands for, or NULL. */
const ProtobufCFieldDescriptor *srv_bson_find_field(const ProtobufCMessageDescriptor *type,
                                                    const char *name);

/* Whether `field` of `type` is a map: protobuf-c shows it as a repeated entry message. */
bool srv_bson_is_map(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field);

/* Whether a singular field is to be written: it has presence and is there, or has none. */
bool srv_bson_is_set(const ProtobufCFieldDescriptor *field, const ProtobufCMessage *message);

/* Notes that a singular field now has a value. */
void srv_bson_mark_set(const ProtobufCFieldDescriptor *field, ProtobufCMessage *message);

/* Bytes of one value of `type` in a protobuf-c struct or array. */
size_t srv_bson_value_size(ProtobufCType type);

/* Escapes a map key; false when it is too long. */
bool srv_bson_escape_key(struct base_str key, char out[SRV_BSON_MAP_KEY_SIZE]);

/* The reverse, into `out` of at least strlen(escaped) + 1 bytes; what is not an escape stays. */
void srv_bson_unescape_key(const char *escaped, char *out);

#endif
