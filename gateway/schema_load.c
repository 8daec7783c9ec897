/* Loads a descriptor set in three steps, since types may refer to types of later files: every
 * message and enum gets its table and its name, then fields are resolved against the names, then
 * what depends on the fields of others is checked and the services are read. */
#include "base/mem.h"
#include "gateway/schema_private.h"
#include "rpc/codec.h"

#include <stdio.h>
#include <stdlib.h>

/* Bytes of a full name that is put together to be looked for, its NUL included. A longer one is not
 * found. */
#define SEARCHED_NAME_SIZE 1024

bool gw_schema_is_identifier(const char *name)
{
    if (name == NULL || *name == '\0' || (*name >= '0' && *name <= '9')) {
        return false;
    }
    for (; *name != '\0'; name++) {
        char lower = (char)(*name | 0x20);
        if (!((lower >= 'a' && lower <= 'z') || (*name >= '0' && *name <= '9') || *name == '_')) {
            return false;
        }
    }
    return true;
}

struct base_str gw_schema_join(struct gw_schema *schema, struct base_str prefix,
                               struct base_str middle, struct base_str suffix)
{
    size_t len = prefix.len + middle.len + suffix.len;
    char *copy = base_arena_calloc(&schema->arena, len + GW_COPY_BLOCK);
    if (copy == NULL) {
        return (struct base_str){NULL, 0};
    }
    char *next = copy;
    const struct base_str parts[] = {prefix, middle, suffix};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].len > 0) {
            memcpy(next, parts[i].data, parts[i].len);
            next += parts[i].len;
        }
    }
    return base_str_make(copy, len);
}

/* The symbol called `name` in `scope` or in what is around it, from the inside out: what protoc
 * writes is complete (".pkg.Name"), but what some servers tell by reflection is not. */
static const struct gw_symbol *find_relative(struct gw_schema_loader *loader,
                                             enum gw_symbol_kind kind, struct base_str scope,
                                             struct base_str name)
{
    char full[SEARCHED_NAME_SIZE];
    while (name.len > 0 && scope.len + 1 + name.len < sizeof full) {
        int len = snprintf(full, sizeof full, "%.*s%s%.*s", BASE_STR_ARGS(scope),
                           scope.len == 0 ? "" : ".", BASE_STR_ARGS(name));
        const struct gw_symbol *symbol =
            gw_schema_find(loader->schema, kind, base_str_make(full, (size_t)len));
        if (symbol != NULL || scope.len == 0) {
            return symbol;
        }
        const char *dot = memrchr(scope.data, '.', scope.len);
        scope.len = dot == NULL ? 0 : (size_t)(dot - scope.data);
    }
    return NULL;
}

void *gw_schema_resolve(struct gw_schema_loader *loader, enum gw_symbol_kind kind,
                        const char *type_name, struct base_str user)
{
    struct base_str name = base_str_of(type_name);
    bool is_complete = name.len > 0 && name.data[0] == '.';
    if (is_complete) {
        name = base_str_make(name.data + 1, name.len - 1);
    }
    const struct gw_symbol *symbol = is_complete ? gw_schema_find(loader->schema, kind, name)
                                                 : find_relative(loader, kind, user, name);
    if (symbol != NULL) {
        return symbol->object;
    }
    base_err_set(loader->err, BASE_INVALID_ARGUMENT, "%.*s: unknown %s type \"%.*s\"",
                 BASE_STR_ARGS(user), kind == GW_SYMBOL_ENUM ? "enum" : "message",
                 (int)(name.len > 256 ? 256 : name.len), name.data == NULL ? "" : name.data);
    return NULL;
}

/* The full name of `name` inside `scope`, checked and not taken; data is NULL on failure. */
static struct base_str declare(struct gw_schema_loader *loader, struct base_str scope,
                               const char *name, enum gw_symbol_kind kind, void *object)
{
    const struct base_str none = {NULL, 0};
    if (!gw_schema_is_identifier(name)) {
        base_err_set(loader->err, BASE_INVALID_ARGUMENT, "\"%.64s\" in %.*s is not a name",
                     name == NULL ? "" : name, BASE_STR_ARGS(scope));
        return none;
    }
    struct base_str dot = scope.len == 0 ? BASE_STR("") : BASE_STR(".");
    struct base_str full = gw_schema_join(loader->schema, scope, dot, base_str_of(name));
    if (full.data == NULL) {
        gw_schema_full(loader->err);
        return none;
    }
    for (enum gw_symbol_kind k = GW_SYMBOL_MESSAGE; k <= GW_SYMBOL_METHOD; k++) {
        if (gw_schema_find(loader->schema, k, full) != NULL) {
            base_err_set(loader->err, BASE_INVALID_ARGUMENT, "%.*s is defined twice",
                         BASE_STR_ARGS(full));
            return none;
        }
    }
    gw_schema_define(loader->schema, (struct gw_symbol){full, kind, object});
    return full;
}

static int compare_numbers(const void *a, const void *b)
{
    const struct gw_enum_value *left = *(const struct gw_enum_value *const *)a;
    const struct gw_enum_value *right = *(const struct gw_enum_value *const *)b;
    if (left->number != right->number) {
        return left->number < right->number ? -1 : 1;
    }
    return left < right ? -1 : left > right; /* declared first comes first */
}

static int compare_names(const void *a, const void *b)
{
    const struct gw_enum_value *left = *(const struct gw_enum_value *const *)a;
    const struct gw_enum_value *right = *(const struct gw_enum_value *const *)b;
    size_t common = left->name.len < right->name.len ? left->name.len : right->name.len;
    int order = memcmp(left->name.data, right->name.data, common);
    return order != 0 ? order
                      : (left->name.len > right->name.len) - (left->name.len < right->name.len);
}

static bool sort_values(struct gw_schema_loader *loader, struct gw_enum *enumeration)
{
    size_t count = enumeration->value_count;
    struct base_arena *arena = &loader->schema->arena;
    const struct gw_enum_value **numbers = base_arena_alloc(arena, count * sizeof *numbers);
    const struct gw_enum_value **names = base_arena_alloc(arena, count * sizeof *names);
    if (numbers == NULL || names == NULL) {
        return gw_schema_full(loader->err);
    }
    for (size_t i = 0; i < count; i++) {
        numbers[i] = names[i] = &enumeration->values[i];
    }
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    qsort(names, count, sizeof *names, compare_names);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare_names(&names[i - 1], &names[i]) == 0) {
            return base_err_set(loader->err, BASE_INVALID_ARGUMENT, "enum %.*s: %.*s stands twice",
                                BASE_STR_ARGS(enumeration->full_name),
                                BASE_STR_ARGS(names[i]->name));
        }
        if (kept == 0 || numbers[kept - 1]->number != numbers[i]->number) {
            numbers[kept++] = numbers[i];
        }
    }
    enumeration->by_number = numbers;
    enumeration->number_count = kept;
    enumeration->by_name = names;
    return true;
}

static bool register_enum(struct gw_schema_loader *loader, struct base_str scope,
                          const Google__Protobuf__EnumDescriptorProto *source, bool is_proto3)
{
    struct gw_schema *schema = loader->schema;
    struct gw_enum *enumeration = base_arena_calloc(&schema->arena, sizeof *enumeration);
    struct gw_enum_value *values =
        base_arena_calloc(&schema->arena, source->n_value * sizeof *values);
    if (enumeration == NULL || values == NULL) {
        return gw_schema_full(loader->err);
    }
    enumeration->full_name = declare(loader, scope, source->name, GW_SYMBOL_ENUM, enumeration);
    if (enumeration->full_name.data == NULL) {
        return false;
    }
    if (source->n_value == 0) {
        return base_err_set(loader->err, BASE_INVALID_ARGUMENT, "enum %.*s has no values",
                            BASE_STR_ARGS(enumeration->full_name));
    }
    for (size_t i = 0; i < source->n_value; i++) {
        const char *name = source->value[i]->name;
        if (!gw_schema_is_identifier(name)) {
            return base_err_set(loader->err, BASE_INVALID_ARGUMENT,
                                "enum %.*s: a value has a bad name",
                                BASE_STR_ARGS(enumeration->full_name));
        }
        values[i].json = gw_schema_join(schema, BASE_STR("\""), base_str_of(name), BASE_STR("\""));
        if (values[i].json.data == NULL) {
            return gw_schema_full(loader->err);
        }
        values[i].name = base_str_make(values[i].json.data + 1, values[i].json.len - 2);
        values[i].number = source->value[i]->number;
    }
    enumeration->values = values;
    enumeration->value_count = source->n_value;
    enumeration->is_closed = !is_proto3;
    enumeration->is_null_value =
        base_str_eq(enumeration->full_name, BASE_STR("google.protobuf.NullValue"));
    return sort_values(loader, enumeration);
}

/* Recursion ends with the nesting that rpc_codec_unpack lets through. */
static bool register_message(struct gw_schema_loader *loader, struct base_str scope,
                             const Google__Protobuf__DescriptorProto *source, bool is_proto3)
{
    struct gw_message *message = base_arena_calloc(&loader->schema->arena, sizeof *message);
    struct gw_pending_message *pending = base_arena_alloc(loader->scratch, sizeof *pending);
    if (message == NULL || pending == NULL) {
        return gw_schema_full(loader->err);
    }
    struct base_str full_name = declare(loader, scope, source->name, GW_SYMBOL_MESSAGE, message);
    if (full_name.data == NULL) {
        return false;
    }
    message->full_name = full_name;
    message->is_map_entry = source->options != NULL && source->options->map_entry;
    message->is_message_set = source->options != NULL && source->options->message_set_wire_format;
    *pending = (struct gw_pending_message){loader->pending, message, source, is_proto3};
    loader->pending = pending;
    for (size_t i = 0; i < source->n_enum_type; i++) {
        if (!register_enum(loader, full_name, source->enum_type[i], is_proto3)) {
            return false;
        }
    }
    for (size_t i = 0; i < source->n_nested_type; i++) {
        if (!register_message(loader, full_name, source->nested_type[i], is_proto3)) {
            return false;
        }
    }
    for (size_t i = 0; i < source->n_extension; i++) {
        if (!gw_schema_register_extension(loader, full_name, source->extension[i], is_proto3)) {
            return false;
        }
    }
    return true;
}

static bool is_package(const char *package)
{
    char part[256];
    for (size_t len; *package != '\0'; package += len + (package[len] == '.')) {
        len = strcspn(package, ".");
        if (len >= sizeof part) {
            return false;
        }
        memcpy(part, package, len);
        part[len] = '\0';
        if (!gw_schema_is_identifier(part) || strcmp(package + len, ".") == 0) {
            return false;
        }
    }
    return true;
}

static bool register_types(struct gw_schema_loader *loader,
                           const Google__Protobuf__FileDescriptorProto *file)
{
    const char *syntax = file->syntax == NULL ? "proto2" : file->syntax;
    bool is_proto3 = strcmp(syntax, "proto3") == 0;
    if (!is_proto3 && strcmp(syntax, "proto2") != 0) {
        return base_err_set(loader->err, BASE_INVALID_ARGUMENT,
                            "file %.256s: syntax \"%.64s\" is neither proto2 nor proto3",
                            file->name, syntax);
    }
    struct base_str package = base_str_of(file->package);
    if (package.len > 0 && !is_package(file->package)) {
        return base_err_set(loader->err, BASE_INVALID_ARGUMENT, "file %.256s: bad package name",
                            file->name);
    }
    for (size_t i = 0; i < file->n_message_type; i++) {
        if (!register_message(loader, package, file->message_type[i], is_proto3)) {
            return false;
        }
    }
    for (size_t i = 0; i < file->n_enum_type; i++) {
        if (!register_enum(loader, package, file->enum_type[i], is_proto3)) {
            return false;
        }
    }
    for (size_t i = 0; i < file->n_extension; i++) {
        if (!gw_schema_register_extension(loader, package, file->extension[i], is_proto3)) {
            return false;
        }
    }
    return true;
}

static bool is_known(const struct gw_schema_loader *loader, enum gw_symbol_kind kind,
                     const char *package, const char *name)
{
    bool has_package = package != NULL && *package != '\0';
    char full[SEARCHED_NAME_SIZE];
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
    struct base_str full_name = declare(loader, service, source->name, GW_SYMBOL_METHOD, method);
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
        struct base_str full_name =
            declare(loader, base_str_of(file->package), service->name, GW_SYMBOL_SERVICE, NULL);
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
        if (set->file[i] != NULL &&
            (!check_imports(loader, set->file[i]) || !register_types(loader, set->file[i]))) {
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
