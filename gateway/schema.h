/* Schema: the descriptor tables everything in the gateway reads.
 *
 * Built from google.protobuf.FileDescriptorSet bytes, compiled in or read from a file: messages,
 * fields, enums and methods as flat arrays with the look-ups the transcoder needs on its hot path.
 * Constant once loaded, so any thread may read it; everything lives until gw_schema_destroy. Sets
 * are hostile input: a broken one is refused with the reason.
 */
#ifndef GATEWAY_SCHEMA_H
#define GATEWAY_SCHEMA_H

#include "base/err.h"
#include "base/str.h"

#include <stdint.h>

/* Bytes of one descriptor set, and of all the names and tables made from the sets of one schema. */
#define GW_SCHEMA_SET_BYTES_MAX (size_t)(64 * 1024 * 1024)
#define GW_SCHEMA_MEMORY_BYTES_MAX (size_t)(512 * 1024 * 1024)

/* Fields and oneofs of one message together. */
#define GW_MESSAGE_FIELDS_MAX 8192

/* Ready-made JSON is copied in blocks of this size, past its end. */
#define GW_COPY_BLOCK 16

/* google.protobuf.FieldDescriptorProto.Type: the numbers are the descriptor's. */
enum gw_type {
    GW_DOUBLE = 1,
    GW_FLOAT = 2,
    GW_INT64 = 3,
    GW_UINT64 = 4,
    GW_INT32 = 5,
    GW_FIXED64 = 6,
    GW_FIXED32 = 7,
    GW_BOOL = 8,
    GW_STRING = 9,
    GW_GROUP = 10,
    GW_MESSAGE = 11,
    GW_BYTES = 12,
    GW_UINT32 = 13,
    GW_ENUM = 14,
    GW_SFIXED32 = 15,
    GW_SFIXED64 = 16,
    GW_SINT32 = 17,
    GW_SINT64 = 18,
};

/* Message types that ProtoJSON writes in a way of their own. */
enum gw_well_known {
    GW_PLAIN_MESSAGE,
    GW_ANY,
    GW_DURATION,
    GW_FIELD_MASK,
    GW_LIST_VALUE,
    GW_STRUCT,
    GW_TIMESTAMP,
    GW_VALUE,
    GW_WRAPPER, /* google.protobuf.*Value: the bare value of field 1 */
};

struct gw_enum_value {
    struct base_str name;
    struct base_str json; /* the name in quotes, ready to copy in blocks like a json_key */
    int32_t number;
};

struct gw_enum {
    struct base_str full_name;
    const struct gw_enum_value *values;     /* in order of declaration */
    const struct gw_enum_value **by_number; /* sorted; the first declared of each number */
    const struct gw_enum_value **by_name;   /* sorted */
    size_t value_count;
    size_t number_count;
    bool is_closed;     /* proto2 */
    bool is_null_value; /* google.protobuf.NullValue */
};

/* A field, or an extension of proto2: that is one more field of the message it extends, named
 * "[its.full.name]" in descriptors and JSON alike. */
struct gw_field {
    struct base_str name;
    struct base_str json_name;
    /* The JSON name in quotes, escaped, with a colon, ready to copy; GW_COPY_BLOCK bytes may be
     * read at every offset inside it. */
    struct base_str json_key;
    struct base_str proto_key; /* the proto name likewise */
    const struct gw_message *parent;
    const struct gw_message *message;  /* of GW_MESSAGE and GW_GROUP, else NULL */
    const struct gw_enum *enumeration; /* of GW_ENUM, else NULL */
    struct base_str default_value;     /* proto2: as the descriptor writes it; empty when none */
    uint32_t number;
    uint32_t index; /* in parent->fields */
    enum gw_type type;
    int32_t oneof;    /* index of the real oneof it belongs to, or -1 */
    bool is_repeated; /* maps too */
    bool is_map;
    bool is_packed;    /* how we write it; both are read */
    bool is_required;  /* proto2 */
    bool is_extension; /* proto2 */
    bool has_presence; /* absence differs from the default */
    bool checks_utf8;
    /* The tag of strings, bytes and messages, and that of numbers, if it has one byte and every
     * value counts: not repeated, not in a oneof, no group, no closed enum; else BASE_WIRE_NO_TAG.
     */
    uint16_t bytes_tag;
    uint16_t number_tag;
    uint8_t tag_len; /* of tag[], the field's key on the wire as we write it */
    uint8_t tag[8];  /* in a MessageSet all that stands before the length (wire_field.h) */
};

/* Field numbers that are left to extensions; the last is one of them. */
struct gw_number_range {
    uint32_t first;
    uint32_t last;
};

struct gw_message {
    struct base_str full_name;
    const struct gw_field *fields; /* sorted by number */
    uint32_t field_count;
    uint32_t oneof_count; /* real ones: a proto3 optional makes none */
    enum gw_well_known well_known;
    bool is_map_entry;
    bool is_message_set; /* an old wire format, of extensions alone (wire_field.h) */
    bool has_required;   /* some field is_required */
    const struct gw_number_range *extension_ranges; /* sorted, apart from each other */
    size_t extension_range_count;
    const void *lookup; /* private to schema.c */
};

struct gw_http_rule {
    struct base_str http_method; /* "GET", or what custom.kind says; "*" is any */
    struct base_str path_template;
    struct base_str body;          /* "", "*" or a field's name */
    struct base_str response_body; /* "" or a field's name */
    struct base_str origin;        /* "rules.yaml:12"; empty for an annotation */
};

struct gw_method {
    struct base_str full_name; /* "notes.v1.Notes.GetNote" */
    const char *path;          /* "/notes.v1.Notes/GetNote", NUL-terminated */
    const struct gw_message *input;
    const struct gw_message *output;
    const struct gw_http_rule
        *rules; /* the rule and its additional_bindings; none without annotation */
    size_t rule_count;
    bool client_streaming;
    bool server_streaming;
    bool api_key_required;  /* tollgate.method */
    int32_t success_status; /* 200 to 299 */
};

struct gw_schema;

/* Returns owned an empty schema. */
struct gw_schema *gw_schema_create(void);
void gw_schema_destroy(struct gw_schema *schema);

/* Adds the files of a packed FileDescriptorSet; one that an earlier set brought is not added twice.
 * On failure (INVALID_ARGUMENT: damaged, a missing import, an unknown type, a bad number, two
 * names alike ...) the schema can only be destroyed. Fields of messages that the set extends move:
 * no pointer to a field may be held across the call. */
bool gw_schema_add(struct gw_schema *schema, struct base_str descriptor_set,
                   struct base_err *err) BASE_MUST_CHECK;

/* As gw_schema_add, but passes over the files of which a type is there already, under whatever name
 * its file had. */
bool gw_schema_add_missing(struct gw_schema *schema, struct base_str descriptor_set,
                           struct base_err *err) BASE_MUST_CHECK;

/* Gives the method of that full name copies of `rules`, in the place of what it has.
 * INVALID_ARGUMENT when there is no such method. */
bool gw_schema_set_rules(struct gw_schema *schema, struct base_str method,
                         const struct gw_http_rule *rules, size_t count,
                         struct base_err *err) BASE_MUST_CHECK;

/* Look-ups by full name without a leading dot; NULL when there is none. */
const struct gw_message *gw_schema_message(const struct gw_schema *schema,
                                           struct base_str full_name);
const struct gw_enum *gw_schema_enum(const struct gw_schema *schema, struct base_str full_name);

/* All methods of all services, in order of addition. */
size_t gw_schema_method_count(const struct gw_schema *schema);
const struct gw_method *gw_schema_method(const struct gw_schema *schema, size_t index);

/* A field of `message` by its JSON name or its proto name, as ProtoJSON reads them;
 * NULL when none. */
const struct gw_field *gw_message_field_by_text(const struct gw_message *message,
                                                struct base_str name);

/* A field by its proto name only. */
const struct gw_field *gw_message_field_by_name(const struct gw_message *message,
                                                struct base_str name);

/* A field by number. */
const struct gw_field *gw_message_field_by_number(const struct gw_message *message,
                                                  uint32_t number);

/* The value with this number or name; NULL when none. */
const struct gw_enum_value *gw_enum_by_number(const struct gw_enum *enumeration, int32_t number);
const struct gw_enum_value *gw_enum_by_name(const struct gw_enum *enumeration,
                                            struct base_str name);

#endif
