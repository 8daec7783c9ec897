/* Extensions: fields that a message is given by others, maybe by another file or a later set. Each
 * extended message gets one new array of fields, so that to the transcoder an extension is a field
 * like any other. */
#include "gateway/schema_private.h"

#include <stdlib.h>

bool gw_schema_register_extension(struct gw_schema_loader *loader, struct base_str scope,
                                  const Google__Protobuf__FieldDescriptorProto *source,
                                  bool is_proto3)
{
    struct gw_pending_extension *pending = base_arena_alloc(loader->scratch, sizeof *pending);
    if (pending == NULL) {
        return gw_schema_full(loader->err);
    }
    *pending = (struct gw_pending_extension){
        .next = loader->extensions, .scope = scope, .source = source, .is_proto3 = is_proto3};
    loader->extensions = pending;
    loader->extension_count++;
    return true;
}

/* Extensions of one message side by side, which the later sort of its fields puts in order. */
static int compare_extendees(const void *a, const void *b)
{
    uintptr_t left = (uintptr_t)(*(struct gw_pending_extension *const *)a)->extendee;
    uintptr_t right = (uintptr_t)(*(struct gw_pending_extension *const *)b)->extendee;
    return (left > right) - (left < right);
}

static int compare_to_range(const void *key, const void *element)
{
    uint32_t number = *(const uint32_t *)key;
    const struct gw_number_range *range = element;
    return number < range->first ? -1 : number > range->last;
}

static bool is_left_to_extensions(const struct gw_message *message, int32_t number)
{
    const uint32_t key = (uint32_t)number; /* one below 0 is past all ranges */
    return message->extension_range_count > 0 &&
           bsearch(&key, message->extension_ranges, message->extension_range_count,
                   sizeof *message->extension_ranges, compare_to_range) != NULL;
}

/* "[full.name]", the name in descriptors, in JSON and in errors. */
static bool load_name(struct gw_schema_loader *loader, struct gw_field *field,
                      const struct gw_pending_extension *pending)
{
    struct gw_schema *schema = loader->schema;
    struct base_str name = base_str_of(pending->source->name);
    struct base_str dot = pending->scope.len == 0 ? BASE_STR("") : BASE_STR(".");
    struct base_str full_name = gw_schema_join(schema, pending->scope, dot, name);
    if (full_name.data != NULL) {
        field->json_key = gw_schema_join(schema, BASE_STR("\"["), full_name, BASE_STR("]\":"));
    }
    if (full_name.data == NULL || field->json_key.data == NULL) {
        return gw_schema_full(loader->err);
    }
    field->proto_key = field->json_key;
    field->name = base_str_make(field->json_key.data + 1, field->json_key.len - 3);
    field->json_name = field->name;
    return true;
}

static bool load_extension(struct gw_schema_loader *loader, struct gw_field *field,
                           const struct gw_pending_extension *pending)
{
    const Google__Protobuf__FieldDescriptorProto *source = pending->source;
    const struct gw_message *extendee = pending->extendee;
    *field = (struct gw_field){.parent = extendee, .oneof = -1, .is_extension = true};
    if (!gw_schema_is_identifier(source->name)) {
        return gw_schema_bad_field(loader, extendee, source->name, "not a name");
    }
    if (!is_left_to_extensions(extendee, source->number)) {
        return gw_schema_bad_field(loader, extendee, source->name,
                                   "the number is not left to extensions");
    }
    if (!load_name(loader, field, pending) ||
        !gw_schema_load_field(loader, field, source, pending->is_proto3)) {
        return false;
    }
    if (extendee->is_message_set && (field->type != GW_MESSAGE || field->is_repeated)) {
        return gw_schema_bad_field(loader, extendee, source->name,
                                   "an extension of a MessageSet is one message");
    }
    return !(field->is_required || field->is_map) ||
           gw_schema_bad_field(loader, extendee, source->name, "no extension can be that");
}

/* Gives a message its `count` extensions. */
static bool extend(struct gw_schema_loader *loader, struct gw_message *message,
                   struct gw_pending_extension *const *extensions, size_t count)
{
    size_t own = message->field_count;
    if (own + message->oneof_count + count > GW_MESSAGE_FIELDS_MAX) {
        return base_err_set(loader->err, BASE_INVALID_ARGUMENT,
                            "message %.*s has more than %d fields and oneofs",
                            BASE_STR_ARGS(message->full_name), GW_MESSAGE_FIELDS_MAX);
    }
    struct gw_field *fields =
        base_arena_calloc(&loader->schema->arena, (own + count) * sizeof *fields);
    if (fields == NULL) {
        return gw_schema_full(loader->err);
    }
    if (own > 0) {
        memcpy(fields, message->fields, own * sizeof *fields);
    }
    for (size_t i = 0; i < count; i++) {
        if (!load_extension(loader, &fields[own + i], extensions[i])) {
            return false;
        }
    }
    return gw_schema_set_fields(loader, message, fields, own + count);
}

bool gw_schema_load_extensions(struct gw_schema_loader *loader)
{
    size_t count = 0;
    struct gw_pending_extension **all =
        base_arena_alloc(loader->scratch, loader->extension_count * sizeof(void *));
    if (all == NULL) {
        return gw_schema_full(loader->err);
    }
    for (struct gw_pending_extension *p = loader->extensions; p != NULL; p = p->next) {
        p->extendee = gw_schema_resolve(loader, GW_SYMBOL_MESSAGE, p->source->extendee, p->scope);
        if (p->extendee == NULL) {
            return false;
        }
        all[count++] = p;
    }
    qsort(all, count, sizeof *all, compare_extendees);
    for (size_t first = 0, end; first < count; first = end) {
        struct gw_message *message = all[first]->extendee;
        for (end = first + 1; end < count && all[end]->extendee == message;) {
            end++;
        }
        if (!extend(loader, message, all + first, end - first)) {
            return false;
        }
    }
    return true;
}
