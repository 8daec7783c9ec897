/* Records in any order: https://protobuf.dev/programming-guides/encoding#last-one-wins. Of a scalar
 * the last counts, pieces of a message are one message, elements of a list stand anywhere, and a
 * oneof is its last member, the pieces of which are those behind any other member. The records'
 * places are sorted by field; up to LOCAL_KEYS of them need no memory but the stack. */
#include "gateway/wire_to_json.h"

#include "base/mem.h"

#include <stdlib.h>

#define LOCAL_KEYS 64
#define LOCAL_ONEOFS 16

/* The member that a oneof was left with, and the place of its first piece. */
struct oneof_state {
    uint32_t field; /* index + 1; 0 for none */
    uint32_t start;
};

/* The index of a record's field in the high half, its place in the low. */
struct gathered {
    uint64_t local[LOCAL_KEYS];
    uint64_t *keys;
    size_t count;
};

static uint32_t field_of(uint64_t key)
{
    return (uint32_t)(key >> 32);
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void sort_keys(uint64_t *keys, size_t count)
{
    if (count > LOCAL_KEYS) {
        qsort(keys, count, sizeof *keys, compare_keys);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        uint64_t key = keys[i];
        size_t j = i;
        for (; j > 0 && keys[j - 1] > key; j--) {
            keys[j] = keys[j - 1];
        }
        keys[j] = key;
    }
}

/* Walks the records of `only` (all fields when NULL) and of its oneof; stores their keys where
 * `keys` is not NULL. False when the bytes are damaged. */
static bool walk(const struct gw_message *type, struct base_str wire, const struct gw_field *only,
                 uint64_t *keys, size_t *out_count)
{
    struct gw_wire_reader reader = gw_wire_reader_make(wire);
    size_t count = 0;
    while (!gw_wire_at_end(&reader)) {
        uint64_t place = (uint64_t)(reader.next - (const uint8_t *)wire.data);
        struct gw_wire_record record;
        if (!gw_wire_next(&reader, &record)) {
            return false;
        }
        const struct gw_field *field = gw_message_field_by_number(type, record.number);
        if (field == NULL || !gw_record_fits(field, &record) ||
            (only != NULL && field != only && (only->oneof < 0 || field->oneof != only->oneof))) {
            continue;
        }
        if (keys != NULL) {
            keys[count] = (uint64_t)field->index << 32 | place;
        }
        count++;
    }
    *out_count = count;
    return true;
}

/* Drops, of keys still in wire order, members that a later one of their oneof put out. */
static void settle_oneofs(const struct gw_message *type, struct gathered *all)
{
    struct oneof_state local[LOCAL_ONEOFS] = {{0, 0}};
    struct oneof_state *states =
        type->oneof_count <= LOCAL_ONEOFS ? local : base_calloc(type->oneof_count, sizeof *states);
    for (size_t i = 0; i < all->count; i++) {
        const struct gw_field *field = &type->fields[field_of(all->keys[i])];
        if (field->oneof >= 0 && states[field->oneof].field != field->index + 1) {
            states[field->oneof] = (struct oneof_state){field->index + 1, (uint32_t)all->keys[i]};
        }
    }
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct gw_field *field = &type->fields[field_of(all->keys[i])];
        const struct oneof_state *state = field->oneof < 0 ? NULL : &states[field->oneof];
        if (state == NULL ||
            (state->field == field->index + 1 && (uint32_t)all->keys[i] >= state->start)) {
            all->keys[kept++] = all->keys[i];
        }
    }
    all->count = kept;
    if (states != local) {
        base_free(states);
    }
}

/* Collects and sorts the keys; release them with free_gathered, whatever comes of it. */
static bool gather(struct gw_writer *writer, const struct gw_message *type, struct base_str wire,
                   const struct gw_field *only, struct gathered *all)
{
    all->keys = all->local;
    if (wire.len > UINT32_MAX) {
        return gw_writer_fail(writer, "a %.*s of more than 4 GiB", BASE_STR_ARGS(type->full_name));
    }
    if (!walk(type, wire, only, NULL, &all->count)) {
        return gw_writer_damaged(writer, type);
    }
    if (all->count > LOCAL_KEYS) {
        all->keys = base_calloc(all->count, sizeof *all->keys);
    }
    if (!walk(type, wire, only, all->keys, &all->count)) {
        return gw_writer_damaged(writer, type);
    }
    if (type->oneof_count > 0) {
        settle_oneofs(type, all);
    }
    sort_keys(all->keys, all->count);
    return true;
}

static void free_gathered(struct gathered *all)
{
    if (all->keys != all->local) {
        base_free(all->keys);
    }
}

/* Puts the pieces of a message together, which is how they merge, and writes it. */
static bool write_merged(struct gw_writer *writer, const struct gw_field *field,
                         struct gw_records records)
{
    size_t bytes = 0;
    struct gw_wire_record record;
    for (struct gw_records r = records; gw_records_next(&r, &record);) {
        bytes += record.bytes.len;
    }
    char *merged = base_alloc(bytes);
    size_t len = 0;
    while (gw_records_next(&records, &record)) {
        memcpy(merged + len, record.bytes.data, record.bytes.len);
        len += record.bytes.len;
    }
    bool ok = gw_write_message(writer, field->message, base_str_make(merged, len));
    base_free(merged);
    return ok;
}

/* Writes the value of a field whose `count` keys stand at `keys`. out_shown: there is something to
 * show, which an empty list or a zero without presence is not. */
static bool write_group(struct gw_writer *writer, const struct gw_field *field,
                        struct base_str wire, const uint64_t *keys, size_t count, bool *out_shown)
{
    struct gw_records records = {.number = field->number,
                                 .reader = gw_wire_reader_make(wire),
                                 .keys = keys,
                                 .left = count,
                                 .wire = wire.data};
    *out_shown = true;
    if (field->is_repeated) {
        size_t elements = 0;
        bool ok = field->is_map ? gw_write_map(writer, field, &records, &elements)
                                : gw_write_list(writer, field, &records, &elements);
        *out_shown = elements > 0;
        return ok;
    }
    if (field->message != NULL && count > 1) {
        return write_merged(writer, field, records);
    }
    struct gw_wire_record record;
    records.keys = keys + count - 1;
    records.left = 1;
    if (!gw_records_next(&records, &record)) {
        return gw_writer_damaged(writer, field->parent);
    }
    *out_shown = !gw_record_is_zero(field, &record);
    return gw_write_value(writer, field, &record);
}

static bool write_member(struct gw_writer *writer, const struct gw_field *field,
                         struct base_str wire, const uint64_t *keys, size_t count)
{
    size_t before = writer->out->len;
    bool is_shown;
    if (!gw_writer_key(writer, field) ||
        !write_group(writer, field, wire, keys, count, &is_shown)) {
        return false;
    }
    if (!is_shown && !writer->options->print_defaults) {
        writer->out->len = before;
        return true;
    }
    return gw_writer_text(writer, BASE_STR(","));
}

static bool write_all(struct gw_writer *writer, const struct gw_message *type, struct base_str wire,
                      const struct gathered *all)
{
    bool print_defaults = writer->options->print_defaults;
    uint32_t next = 0;
    for (size_t i = 0; i < all->count;) {
        uint32_t index = field_of(all->keys[i]);
        size_t first = i;
        while (i < all->count && field_of(all->keys[i]) == index) {
            i++;
        }
        for (; print_defaults && next < index; next++) {
            if (!gw_write_unset(writer, &type->fields[next])) {
                return false;
            }
        }
        next = index + 1;
        if (!write_member(writer, &type->fields[index], wire, all->keys + first, i - first)) {
            return false;
        }
    }
    for (; print_defaults && next < type->field_count; next++) {
        if (!gw_write_unset(writer, &type->fields[next])) {
            return false;
        }
    }
    return true;
}

bool gw_write_gathered(struct gw_writer *writer, const struct gw_message *type,
                       struct base_str wire)
{
    struct gathered all = {.count = 0};
    bool ok = gather(writer, type, wire, NULL, &all) && write_all(writer, type, wire, &all);
    free_gathered(&all);
    return ok;
}

bool gw_write_field_of(struct gw_writer *writer, const struct gw_field *field, struct base_str wire,
                       bool *out_is_set)
{
    struct gathered all = {.count = 0};
    bool ok = gather(writer, field->parent, wire, field, &all);
    if (ok) {
        size_t first = 0;
        while (first < all.count && field_of(all.keys[first]) < field->index) {
            first++;
        }
        size_t count = 0;
        while (first + count < all.count && field_of(all.keys[first + count]) == field->index) {
            count++;
        }
        bool is_shown;
        *out_is_set = count > 0;
        ok = count == 0 || write_group(writer, field, wire, all.keys + first, count, &is_shown);
    }
    free_gathered(&all);
    return ok;
}
