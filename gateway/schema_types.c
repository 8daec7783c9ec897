/* Registers the messages, enums and extensions of a file: each gets its table and its name, so that
 * the fields of any can refer to it afterwards. Enums are complete then. */
#include "gateway/schema_private.h"

#include <stdlib.h>

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
    enumeration->full_name =
        gw_schema_declare(loader, scope, source->name, GW_SYMBOL_ENUM, enumeration);
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
    struct base_str full_name =
        gw_schema_declare(loader, scope, source->name, GW_SYMBOL_MESSAGE, message);
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

bool gw_schema_register_types(struct gw_schema_loader *loader,
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
