/* Loads a descriptor set in three steps, since types may refer to types of later files: every
 * message and enum gets its table and its name, then fields are resolved against the names, then
 * what depends on the fields of others is checked and the services are read. */
#include "base/mem.h"
#include "gateway/schema_private.h"
#include "rpc/codec.h"

#include <stdio.h>

static bool is_known(const struct gw_schema_loader *loader, enum gw_symbol_kind kind,
                     const char *package, const char *name)
{
    bool has_package = package != NULL && *package != '\0';
    char full[GW_SCHEMA_NAME_SIZE];
    int len = snprintf(full, sizeof full, "%s%s%s", has_package ? package : "",
                       has_package ? "." : "", name == NULL ? "" : name);
    return len > 0 && (size_t)len < sizeof full &&
           gw_schema_find(loader->schema, kind, base_str_make(full, (size_t)len)) != NULL;
}

/* Whether one of the file's own types is there already. */
static bool has_known_type(const struct gw_schema_loader *loader,
                           const Google__Protobuf__FileDescriptorProto *file)
{
    for (size_t i = 0; i < file->n_message_type; i++) {
        if (is_known(loader, GW_SYMBOL_MESSAGE, file->package, file->message_type[i]->name)) {
            return true;
        }
    }
    for (size_t i = 0; i < file->n_enum_type; i++) {
        if (is_known(loader, GW_SYMBOL_ENUM, file->package, file->enum_type[i]->name)) {
            return true;
        }
    }
    return false;
}

/* Leaves in the set only files that are new, each once; others become NULL. */
static bool register_files(struct gw_schema_loader *loader,
                           Google__Protobuf__FileDescriptorSet *set)
{
    struct gw_schema *schema = loader->schema;
    for (size_t i = 0; i < set->n_file; i++) {
        struct base_str name = base_str_of(set->file[i]->name);
        if (name.len == 0) {
            return base_err_set(loader->err, BASE_INVALID_ARGUMENT, "a file has no name");
        }
        if (gw_schema_find(schema, GW_SYMBOL_FILE, name) != NULL) {
            set->file[i] = NULL;
            continue;
        }
        struct base_str copy = gw_schema_join(schema, name, BASE_STR(""), BASE_STR(""));
        if (copy.data == NULL) {
            return gw_schema_full(loader->err);
        }
        gw_schema_define(schema, (struct gw_symbol){copy, GW_SYMBOL_FILE, NULL});
        if (loader->yields && has_known_type(loader, set->file[i])) {
            set->file[i] = NULL;
        }
    }
    return true;
}

static bool check_imports(struct gw_schema_loader *loader,
                          const Google__Protobuf__FileDescriptorProto *file)
{
    for (size_t i = 0; i < file->n_dependency; i++) {
        struct base_str name = base_str_of(file->dependency[i]);
        if (gw_schema_find(loader->schema, GW_SYMBOL_FILE, name) == NULL) {
            return base_err_set(loader->err, BASE_INVALID_ARGUMENT,
                                "file %.256s imports %.256s, which the set lacks (protoc puts "
                                "it in with --include_imports)",
                                file->name, file->dependency[i]);
        }
    }
    return true;
}

static struct gw_method *append_method(struct gw_schema *schema)
{
    struct gw_method *method = base_arena_calloc(&schema->arena, sizeof *method);
    if (method == NULL) {
        return NULL;
    }
    if (schema->method_count == schema->method_capacity) {
        schema->method_capacity = schema->method_capacity == 0 ? 64 : schema->method_capacity * 2;
        schema->methods =
            base_realloc(schema->methods, schema->method_capacity * sizeof(struct gw_method *));
    }
    schema->methods[schema->method_count++] = method;
    return method;
}

static bool load_method(struct gw_schema_loader *loader, struct base_str service,
                        const Google__Protobuf__MethodDescriptorProto *source)
{
    struct gw_schema *schema = loader->schema;
    struct gw_method *method = append_method(schema);
    if (method == NULL) {
        return gw_schema_full(loader->err);
    }
    struct base_str full_name =
        gw_schema_declare(loader, service, source->name, GW_SYMBOL_METHOD, method);
    if (full_name.data == NULL) {
        return false;
    }
    struct base_str host = gw_schema_join(schema, BASE_STR("/"), service, BASE_STR("/"));
    struct base_str path = gw_schema_join(schema, host, base_str_of(source->name), BASE_STR(""));
    if (path.data == NULL) {
        return gw_schema_full(loader->err);
    }
    method->full_name = full_name;
    method->path = path.data;
    method->input = gw_schema_resolve(loader, GW_SYMBOL_MESSAGE, source->input_type, full_name);
    method->output = method->input == NULL ? NULL
                                           : gw_schema_resolve(loader, GW_SYMBOL_MESSAGE,
                                                               source->output_type, full_name);
    method->client_streaming = source->client_streaming;
    method->server_streaming = source->server_streaming;
    return method->output != NULL && gw_schema_load_options(loader, source->options, method);
}

static bool load_services(struct gw_schema_loader *loader,
                          const Google__Protobuf__FileDescriptorProto *file)
{
    for (size_t i = 0; i < file->n_service; i++) {
        const Google__Protobuf__ServiceDescriptorProto *service = file->service[i];
        struct base_str full_name = gw_schema_declare(loader, base_str_of(file->package),
                                                      service->name, GW_SYMBOL_SERVICE, NULL);
        if (full_name.data == NULL) {
            return false;
        }
        for (size_t j = 0; j < service->n_method; j++) {
            if (!load_method(loader, full_name, service->method[j])) {
                return false;
            }
        }
    }
    return true;
}

static bool load(struct gw_schema_loader *loader, Google__Protobuf__FileDescriptorSet *set)
{
    if (!register_files(loader, set)) {
        return false;
    }
    for (size_t i = 0; i < set->n_file; i++) {
        if (set->file[i] != NULL && (!check_imports(loader, set->file[i]) ||
                                     !gw_schema_register_types(loader, set->file[i]))) {
            return false;
        }
    }
    for (struct gw_pending_message *p = loader->pending; p != NULL; p = p->next) {
        if (!gw_schema_load_fields(loader, p)) {
            return false;
        }
    }
    if (!gw_schema_load_extensions(loader)) {
        return false;
    }
    for (struct gw_pending_message *p = loader->pending; p != NULL; p = p->next) {
        if (!gw_schema_check_message(p->message, loader->err)) {
            return false;
        }
    }
    for (size_t i = 0; i < set->n_file; i++) {
        if (set->file[i] != NULL && !load_services(loader, set->file[i])) {
            return false;
        }
    }
    return true;
}

static bool add(struct gw_schema *schema, struct base_str descriptor_set, bool yields,
                struct base_err *err)
{
    if (descriptor_set.len > GW_SCHEMA_SET_BYTES_MAX) {
        return base_err_set(err, BASE_INVALID_ARGUMENT,
                            "the descriptor set has %zu bytes, more than %zu", descriptor_set.len,
                            GW_SCHEMA_SET_BYTES_MAX);
    }
    struct base_arena scratch;
    base_arena_init(&scratch, GW_SCHEMA_MEMORY_BYTES_MAX);
    ProtobufCMessage *set;
    struct gw_schema_loader loader = {
        .schema = schema, .scratch = &scratch, .yields = yields, .err = err};
    bool ok = rpc_codec_unpack(&google__protobuf__file_descriptor_set__descriptor, descriptor_set,
                               &scratch, &set, err)
                  ? load(&loader, (Google__Protobuf__FileDescriptorSet *)set)
                  : base_err_wrap(err, "not a google.protobuf.FileDescriptorSet");
    base_arena_dispose(&scratch);
    return ok;
}

bool gw_schema_add(struct gw_schema *schema, struct base_str descriptor_set, struct base_err *err)
{
    return add(schema, descriptor_set, false, err);
}

bool gw_schema_add_missing(struct gw_schema *schema, struct base_str descriptor_set,
                           struct base_err *err)
{
    return add(schema, descriptor_set, true, err);
}
