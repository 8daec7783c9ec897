/* The look-ups. Symbols stand in one hash table by name; a message finds a field by JSON or proto
 * name through a small table of its own, and by number through a dense array where its numbers are
 * dense, else by bisection. */
#include "gateway/schema.h"

#include "base/mem.h"
#include "gateway/schema_private.h"

#define FIRST_SYMBOLS (size_t)256

static uint64_t hash_of(struct base_str text)
{
    uint64_t hash = text.len * UINT64_C(0x9E3779B97F4A7C15);
    while (text.len >= 8) {
        uint64_t word;
        memcpy(&word, text.data, 8);
        hash = (hash ^ word) * UINT64_C(0xD6E8FEB86659FD93);
        hash ^= hash >> 32;
        text = base_str_make(text.data + 8, text.len - 8);
    }
    uint64_t last = 0;
    for (size_t i = 0; i < text.len; i++) {
        last = last << 8 | (unsigned char)text.data[i];
    }
    hash = (hash ^ last) * UINT64_C(0xD6E8FEB86659FD93);
    return hash ^ hash >> 32;
}

struct gw_schema *gw_schema_create(void)
{
    struct gw_schema *schema = base_calloc(1, sizeof *schema);
    base_arena_init(&schema->arena, GW_SCHEMA_MEMORY_BYTES_MAX);
    return schema;
}

void gw_schema_destroy(struct gw_schema *schema)
{
    if (schema == NULL) {
        return;
    }
    base_arena_dispose(&schema->arena);
    base_free(schema->symbols);
    base_free(schema->methods);
    base_free(schema);
}

bool gw_schema_full(struct base_err *err)
{
    return base_err_set(err, BASE_RESOURCE_EXHAUSTED, "the tables of the schema exceed %zu bytes",
                        GW_SCHEMA_MEMORY_BYTES_MAX);
}

/* The symbol's slot, or the free one where it belongs. */
static struct gw_symbol *slot_of(const struct gw_schema *schema, enum gw_symbol_kind kind,
                                 struct base_str name)
{
    size_t mask = schema->symbol_capacity - 1;
    for (size_t i = hash_of(name) & mask;; i = (i + 1) & mask) {
        struct gw_symbol *symbol = &schema->symbols[i];
        if (symbol->name.data == NULL ||
            (symbol->kind == kind && base_str_eq(symbol->name, name))) {
            return symbol;
        }
    }
}

struct gw_symbol *gw_schema_find(const struct gw_schema *schema, enum gw_symbol_kind kind,
                                 struct base_str name)
{
    if (schema->symbol_capacity == 0) {
        return NULL;
    }
    struct gw_symbol *symbol = slot_of(schema, kind, name);
    return symbol->name.data == NULL ? NULL : symbol;
}

static void grow_symbols(struct gw_schema *schema)
{
    struct gw_symbol *old = schema->symbols;
    size_t old_capacity = schema->symbol_capacity;
    schema->symbol_capacity = old_capacity == 0 ? FIRST_SYMBOLS : old_capacity * 2;
    schema->symbols = base_calloc(schema->symbol_capacity, sizeof *schema->symbols);
    for (size_t i = 0; i < old_capacity; i++) {
        if (old[i].name.data != NULL) {
            *slot_of(schema, old[i].kind, old[i].name) = old[i];
        }
    }
    base_free(old);
}

void gw_schema_define(struct gw_schema *schema, struct gw_symbol symbol)
{
    if (schema->symbol_count * 2 >= schema->symbol_capacity) {
        grow_symbols(schema);
    }
    *slot_of(schema, symbol.kind, symbol.name) = symbol;
    schema->symbol_count++;
}

/* A slot of by_text: the index of a field, and under which of its names it stands there. */
static uint32_t entry_of(uint32_t index, bool is_proto_name)
{
    return (index << 1 | is_proto_name) + 1;
}

/* The field that `text` finds, or NULL with the free slot in `out_slot`. */
static const struct gw_field *probe(const struct gw_message *message,
                                    const struct gw_message_lookup *lookup, struct base_str text,
                                    uint32_t *out_slot)
{
    for (uint32_t i = (uint32_t)hash_of(text) & lookup->by_text_mask;;
         i = (i + 1) & lookup->by_text_mask) {
        uint32_t entry = lookup->by_text[i];
        if (entry == 0) {
            *out_slot = i;
            return NULL;
        }
        const struct gw_field *field = &message->fields[(entry - 1) >> 1];
        if (base_str_eq(((entry - 1) & 1) != 0 ? field->name : field->json_name, text)) {
            return field;
        }
    }
}

static bool fail_alike(const struct gw_message *message, const struct gw_field *one,
                       const struct gw_field *other, const char *what, struct base_err *err)
{
    return base_err_set(err, BASE_INVALID_ARGUMENT,
                        "message %.*s: fields %.*s and %.*s have the same %s",
                        BASE_STR_ARGS(message->full_name), BASE_STR_ARGS(one->name),
                        BASE_STR_ARGS(other->name), what);
}

/* JSON names go in first: where one field's JSON name is another's proto name, JSON wins. */
static bool index_names(struct gw_schema *schema, const struct gw_message *message,
                        struct gw_message_lookup *lookup, struct base_err *err)
{
    uint32_t capacity = 4;
    while (capacity < message->field_count * 4) {
        capacity *= 2;
    }
    uint32_t *slots = base_arena_calloc(&schema->arena, capacity * sizeof *slots);
    if (slots == NULL) {
        return gw_schema_full(err);
    }
    lookup->by_text = slots;
    lookup->by_text_mask = capacity - 1;
    uint32_t slot;
    for (uint32_t i = 0; i < message->field_count; i++) {
        const struct gw_field *field = &message->fields[i];
        const struct gw_field *other = probe(message, lookup, field->json_name, &slot);
        if (other != NULL) {
            return fail_alike(message, other, field, "JSON name", err);
        }
        slots[slot] = entry_of(i, false);
    }
    for (uint32_t i = 0; i < message->field_count; i++) {
        const struct gw_field *field = &message->fields[i];
        const struct gw_field *other = probe(message, lookup, field->name, &slot);
        if (other == NULL) {
            slots[slot] = entry_of(i, true);
        } else if (other != field && base_str_eq(other->name, field->name)) {
            return fail_alike(message, other, field, "name", err);
        }
    }
    return true;
}

static bool index_numbers(struct gw_schema *schema, const struct gw_message *message,
                          struct gw_message_lookup *lookup, struct base_err *err)
{
    uint32_t last =
        message->field_count == 0 ? 0 : message->fields[message->field_count - 1].number;
    if (last > 64 + 8 * message->field_count) {
        return true;
    }
    uint32_t *numbers = base_arena_calloc(&schema->arena, (last + 1) * sizeof *numbers);
    if (numbers == NULL) {
        return gw_schema_full(err);
    }
    for (uint32_t i = 0; i < message->field_count; i++) {
        numbers[message->fields[i].number] = i + 1;
    }
    lookup->by_number = numbers;
    lookup->dense_count = last + 1;
    return true;
}

bool gw_schema_index_message(struct gw_schema *schema, struct gw_message *message,
                             struct base_err *err)
{
    struct gw_message_lookup *lookup = base_arena_calloc(&schema->arena, sizeof *lookup);
    if (lookup == NULL) {
        return gw_schema_full(err);
    }
    message->lookup = lookup;
    return index_names(schema, message, lookup, err) && index_numbers(schema, message, lookup, err);
}

const struct gw_message *gw_schema_message(const struct gw_schema *schema,
                                           struct base_str full_name)
{
    const struct gw_symbol *symbol = gw_schema_find(schema, GW_SYMBOL_MESSAGE, full_name);
    return symbol == NULL ? NULL : symbol->object;
}

const struct gw_enum *gw_schema_enum(const struct gw_schema *schema, struct base_str full_name)
{
    const struct gw_symbol *symbol = gw_schema_find(schema, GW_SYMBOL_ENUM, full_name);
    return symbol == NULL ? NULL : symbol->object;
}

size_t gw_schema_method_count(const struct gw_schema *schema)
{
    return schema->method_count;
}

const struct gw_method *gw_schema_method(const struct gw_schema *schema, size_t index)
{
    return schema->methods[index];
}

const struct gw_field *gw_message_field_by_text(const struct gw_message *message,
                                                struct base_str name)
{
    uint32_t slot;
    return probe(message, message->lookup, name, &slot);
}

const struct gw_field *gw_message_field_by_name(const struct gw_message *message,
                                                struct base_str name)
{
    for (uint32_t i = 0; i < message->field_count; i++) {
        if (base_str_eq(message->fields[i].name, name)) {
            return &message->fields[i];
        }
    }
    return NULL;
}

const struct gw_field *gw_message_field_by_number(const struct gw_message *message, uint32_t number)
{
    const struct gw_message_lookup *lookup = message->lookup;
    if (lookup->by_number != NULL) {
        uint32_t entry = number < lookup->dense_count ? lookup->by_number[number] : 0;
        return entry == 0 ? NULL : &message->fields[entry - 1];
    }
    size_t low = 0;
    size_t high = message->field_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (message->fields[middle].number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < message->field_count && message->fields[low].number == number;
    return found ? &message->fields[low] : NULL;
}

const struct gw_enum_value *gw_enum_by_number(const struct gw_enum *enumeration, int32_t number)
{
    size_t count = enumeration->number_count;
    /* Most enums count from 0 without a gap. */
    if (number >= 0 && (size_t)number < count && enumeration->by_number[number]->number == number) {
        return enumeration->by_number[number];
    }
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (enumeration->by_number[middle]->number < number) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool found = low < count && enumeration->by_number[low]->number == number;
    return found ? enumeration->by_number[low] : NULL;
}

static int compare(struct base_str a, struct base_str b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);
    if (order != 0 || a.len == b.len) {
        return order;
    }
    return a.len < b.len ? -1 : 1;
}

const struct gw_enum_value *gw_enum_by_name(const struct gw_enum *enumeration, struct base_str name)
{
    size_t low = 0;
    size_t high = enumeration->value_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(enumeration->by_name[middle]->name, name);
        if (order == 0) {
            return enumeration->by_name[middle];
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
