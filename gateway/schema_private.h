/* What the files that load a schema share; nobody else includes this.
 *
 *   schema.c             look-ups
 *   schema_load.c        files and services; the order of it all
 *   schema_names.c       names: declared, and found
 *   schema_types.c       messages and enums, registered by name
 *   schema_fields.c      a message's fields
 *   schema_extensions.c  those that others add
 *   schema_options.c     a method's options
 */
#ifndef GATEWAY_SCHEMA_PRIVATE_H
#define GATEWAY_SCHEMA_PRIVATE_H

#include "base/arena.h"
#include "gateway/schema.h"

#include "google/protobuf/descriptor.pb-c.h"

/* Bytes of a full name that is put together to be looked for, its NUL included. A longer one is not
 * found. */
#define GW_SCHEMA_NAME_SIZE 1024

enum gw_symbol_kind {
    GW_SYMBOL_FILE,
    GW_SYMBOL_MESSAGE,
    GW_SYMBOL_ENUM,
    GW_SYMBOL_SERVICE,
    GW_SYMBOL_METHOD,
};

struct gw_symbol {
    struct base_str name; /* data is NULL in a free slot */
    enum gw_symbol_kind kind;
    void *object; /* of a message, an enum or a method */
};

struct gw_schema {
    struct base_arena arena; /* everything the tables point to */
    struct gw_symbol *symbols;
    size_t symbol_count;
    size_t symbol_capacity; /* a power of two, or 0 */
    struct gw_method **methods;
    size_t method_count;
    size_t method_capacity;
};

/* How a message finds its fields. */
struct gw_message_lookup {
    const uint32_t *by_text; /* open addressing; 0 is a free slot */
    uint32_t by_text_mask;
    uint32_t dense_count;      /* numbers below this one stand in by_number */
    const uint32_t *by_number; /* index + 1 of a field, 0 for none; NULL: search the fields */
};

/* A message between its registration and the resolution of its fields. */
struct gw_pending_message {
    struct gw_pending_message *next;
    struct gw_message *message;
    const Google__Protobuf__DescriptorProto *source;
    bool is_proto3;
};

/* An extension between its registration and its resolution. */
struct gw_pending_extension {
    struct gw_pending_extension *next;
    struct gw_message *extendee; /* NULL before it is resolved */
    struct base_str scope;
    const Google__Protobuf__FieldDescriptorProto *source;
    bool is_proto3;
};

/* One gw_schema_add. */
struct gw_schema_loader {
    struct gw_schema *schema;
    struct base_arena *scratch; /* until the end of the load */
    struct gw_pending_message *pending;
    struct gw_pending_extension *extensions;
    size_t extension_count;
    bool yields; /* to types that are there already (gw_schema_add_missing) */
    struct base_err *err;
};

/* The symbol of that name and kind, or NULL. */
struct gw_symbol *gw_schema_find(const struct gw_schema *schema, enum gw_symbol_kind kind,
                                 struct base_str name);

/* Adds a symbol whose name lives as long as the schema. */
void gw_schema_define(struct gw_schema *schema, struct gw_symbol symbol);

/* Makes `message->lookup` from its fields, which are complete and sorted. INVALID_ARGUMENT when two
 * names or JSON names are alike. */
bool gw_schema_index_message(struct gw_schema *schema, struct gw_message *message,
                             struct base_err *err) BASE_MUST_CHECK;

/* Sets `err` to RESOURCE_EXHAUSTED: the schema's memory is full. Returns false. */
bool gw_schema_full(struct base_err *err);

/* Whether `name` is an identifier, [A-Za-z_][A-Za-z0-9_]*. */
bool gw_schema_is_identifier(const char *name);

/* Copies `prefix`, `middle` and `suffix` one behind the other, readable GW_COPY_BLOCK bytes past
 * any of its bytes; the result's data is NULL when the schema is full. */
struct base_str gw_schema_join(struct gw_schema *schema, struct base_str prefix,
                               struct base_str middle, struct base_str suffix);

/* Gives `object` the name that `name` is in `scope`, a package, a message or a service; returns the
 * full name, which lives as long as the schema. Its data is NULL, with the reason, when it is no
 * identifier or taken. */
struct base_str gw_schema_declare(struct gw_schema_loader *loader, struct base_str scope,
                                  const char *name, enum gw_symbol_kind kind, void *object);

/* The type ".pkg.Name" of that kind, or "Name" as `user`, a full name, sees it; NULL with the
 * reason. */
void *gw_schema_resolve(struct gw_schema_loader *loader, enum gw_symbol_kind kind,
                        const char *type_name, struct base_str user);

/* Registers the messages, enums and extensions of a file; the fields of messages are pending. */
bool gw_schema_register_types(struct gw_schema_loader *loader,
                              const Google__Protobuf__FileDescriptorProto *file) BASE_MUST_CHECK;

/* Fills the fields, oneofs and look-up of a registered message. */
bool gw_schema_load_fields(struct gw_schema_loader *loader,
                           const struct gw_pending_message *pending) BASE_MUST_CHECK;

/* Sets `err` to INVALID_ARGUMENT: the message's field of that name is bad. Returns false. */
bool gw_schema_bad_field(struct gw_schema_loader *loader, const struct gw_message *message,
                         const char *name, const char *reason);

/* Fills a field from its descriptor, all but its oneof: its parent is set already, and of an
 * extension also its names. */
bool gw_schema_load_field(struct gw_schema_loader *loader, struct gw_field *field,
                          const Google__Protobuf__FieldDescriptorProto *source,
                          bool is_proto3) BASE_MUST_CHECK;

/* Makes `fields` those of the message: sorts, numbers and indexes them. */
bool gw_schema_set_fields(struct gw_schema_loader *loader, struct gw_message *message,
                          struct gw_field *fields, size_t count) BASE_MUST_CHECK;

/* Remembers an extension declared in `scope`, a package or a message. */
bool gw_schema_register_extension(struct gw_schema_loader *loader, struct base_str scope,
                                  const Google__Protobuf__FieldDescriptorProto *source,
                                  bool is_proto3) BASE_MUST_CHECK;

/* Adds the registered extensions to the messages they extend, whose fields are loaded. */
bool gw_schema_load_extensions(struct gw_schema_loader *loader) BASE_MUST_CHECK;

/* Checks what a map entry or a well-known type must look like, and marks the latter. */
bool gw_schema_check_message(struct gw_message *message, struct base_err *err) BASE_MUST_CHECK;

/* Reads google.api.http and tollgate.method out of a method's options, which may be NULL. */
bool gw_schema_load_options(struct gw_schema_loader *loader,
                            const Google__Protobuf__MethodOptions *options,
                            struct gw_method *method) BASE_MUST_CHECK;

#endif
